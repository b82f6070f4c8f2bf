//! A diagram in Graphviz's DOT: each table a small table, its foreign keys lines between them.

use super::{Diagram, Reference};
use crate::catalog::{Column, Table};
use crate::inspect::parts;

/// The whole text.
#[must_use]
pub fn dot(diagram: &Diagram<'_>) -> String {
    let mut text =
        "digraph schema {\n    graph [rankdir=LR];\n    node [shape=plaintext, fontname=\"Helvetica\"];\n    \
                    edge [dir=both, fontname=\"Helvetica\", fontsize=10];\n\n"
            .to_owned();
    for table in &diagram.tables {
        text.extend(["    ", &quoted(&table.name.to_string()), " [label=<\n", &label(table), "    >];\n"]);
    }
    if !diagram.references.is_empty() {
        text.push('\n');
    }
    for reference in &diagram.references {
        text.extend(["    ", &edge(reference), "\n"]);
    }
    text.push_str("}\n");
    text
}

/// Graphviz's own kind of HTML.
fn label(table: &Table) -> String {
    let mut rows = vec![format!(
        "        <tr><td colspan=\"3\" bgcolor=\"lightgrey\"><b>{}</b></td></tr>",
        html(&table.name.to_string())
    )];
    rows.extend(table.columns.iter().enumerate().map(|(at, column)| row(table, at, column)));
    format!(
        "        <table border=\"0\" cellborder=\"1\" cellspacing=\"0\" cellpadding=\"4\">\n{}\n        </table>\n",
        rows.join("\n")
    )
}

fn row(table: &Table, at: usize, column: &Column) -> String {
    let null = if column.nullable { "" } else { " not null" };
    format!(
        "        <tr><td align=\"left\" port=\"to{at}\">{}</td><td align=\"left\">{}{null}</td><td align=\"left\" port=\"from{at}\">{}</td></tr>",
        html(&column.name),
        html(&column.type_name),
        parts::marks(table, &column.name).join(" "),
    )
}

/// From the first column of the key to the first that it refers to; several are named at the line.
fn edge(reference: &Reference<'_>) -> String {
    let end = |table: &Table, columns: &[String], port: &str| {
        let first = columns.first().and_then(|first| table.columns.iter().position(|column| column.name == *first));
        let port = first.map(|at| format!(":{port}{at}")).unwrap_or_default();
        format!("{}{port}", quoted(&table.name.to_string()))
    };
    let key = reference.key;
    let (from, to) = (end(reference.from, &key.columns, "from"), end(reference.to, &key.to_columns, "to"));
    let head = if reference.optional { "teeodot" } else { "teetee" };
    let tail = if reference.single { "teeodot" } else { "crowodot" };
    let style = if reference.identifying { "solid" } else { "dashed" };
    let label =
        if key.columns.len() > 1 { format!(", label={}", quoted(&key.columns.join(", "))) } else { String::new() };
    format!("{from} -> {to} [arrowhead={head}, arrowtail={tail}, style={style}{label}];")
}

/// A string of DOT. A backslash before the closing quote would take it away.
fn quoted(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}

fn html(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // There is no such thing in XML.
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::samples;

    #[test]
    fn what_means_something_to_graphviz_is_escaped() {
        assert_eq!(quoted("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
        assert_eq!(html("a<b> & \"c\"\n"), "a&lt;b&gt; &amp; &quot;c&quot; ");
    }

    #[test]
    fn a_line_leads_from_column_to_column() {
        let catalog = samples::catalog();
        let diagram = Diagram::of(&catalog);
        let edges: Vec<_> = diagram.references.iter().map(edge).collect();
        assert_eq!(
            edges,
            [
                "\"order_items\":from0 -> \"orders\":to0 [arrowhead=teetee, arrowtail=crowodot, style=solid];",
                "\"orders\":from1 -> \"users\":to0 [arrowhead=teetee, arrowtail=crowodot, style=dashed];",
                "\"users\":from2 -> \"users\":to0 [arrowhead=teeodot, arrowtail=crowodot, style=dashed];",
                "\"audit.events\":from1 -> \"users\":to0 [arrowhead=teetee, arrowtail=teeodot, style=dashed];",
            ]
        );
    }
}
