//! A diagram in the words of Mermaid's `erDiagram`, which documents show without a program.
//!
//! Its grammar takes few characters in a name, and some words mean something else: what cannot stand as it is gets a name
//! that can, and its own behind it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Diagram, Reference};
use crate::catalog::{Column, Name, Table};
use crate::inspect::parts;

/// Words of the grammar, with which no name may begin.
const WORDS: &[&str] = &[
    "erdiagram",
    "title",
    "acctitle",
    "accdescr",
    "direction",
    "style",
    "class",
    "classdef",
    "subgraph",
    "end",
    "one",
    "many",
    "zero",
    "only",
    "to",
    "optionally",
    "u",
    "o",
];

/// The marks of columns, which no column or type may be called.
const MARKS: &[&str] = &["pk", "fk", "uk"];

/// The whole text.
#[must_use]
pub fn mermaid(diagram: &Diagram<'_>) -> String {
    let ids = ids(diagram);
    let id = |table: &Table| ids.get(&table.name).map(String::as_str).unwrap_or_default();
    let mut text = "erDiagram\n".to_owned();
    for table in &diagram.tables {
        let (id, name) = (id(table), table.name.to_string());
        let alias = if id == name { String::new() } else { format!("[\"{}\"]", escaped(&name)) };
        if table.columns.is_empty() {
            text.extend(["    ", id, &alias, "\n"]);
            continue;
        }
        text.extend(["    ", id, &alias, " {\n"]);
        for column in &table.columns {
            text.extend(["        ", &attribute(table, column), "\n"]);
        }
        text.push_str("    }\n");
    }
    for reference in &diagram.references {
        let label = escaped(&reference.key.columns.join(", "));
        let (to, from) = (id(reference.to), id(reference.from));
        text.push_str("    ");
        text.extend([to, " ", &ends(reference), " ", from, " : \"", &label, "\"\n"]);
    }
    text
}

/// A name for each table that the grammar takes, and no other has.
fn ids<'c>(diagram: &Diagram<'c>) -> BTreeMap<&'c Name, String> {
    let mut ids = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for table in &diagram.tables {
        let first = word(&table.name.to_string(), WORDS);
        let numbered = (2..).map(|number| format!("{first}_{number}"));
        // There is always another number.
        let free = std::iter::once(first.clone()).chain(numbered).find(|id| !taken.contains(id));
        let id = free.unwrap_or(first);
        taken.insert(id.clone());
        ids.insert(&table.name, id);
    }
    ids
}

/// Type, name, marks, comment.
fn attribute(table: &Table, column: &Column) -> String {
    let name = word(&column.name, MARKS);
    let mut parts = vec![type_name(&column.type_name), name.clone()];
    let marks = parts::marks(table, &column.name);
    if !marks.is_empty() {
        parts.push(marks.join(", "));
    }
    let own = (name != column.name).then_some(column.name.as_str());
    let comment: Vec<&str> = own.into_iter().chain(column.comment.as_deref()).collect();
    if !comment.is_empty() {
        parts.push(format!("\"{}\"", escaped(&comment.join(": "))));
    }
    parts.join(" ")
}

/// A type as one word: `numeric(12_2)`. What stands in quotes is too much of a diagram: `enum`.
fn type_name(type_name: &str) -> String {
    // `text /*M!100301 COMPRESSED*/`
    let type_name = type_name.split("/*").next().unwrap_or_default().trim();
    let short =
        if type_name.contains(['\'', '"']) { type_name.split('(').next().unwrap_or_default() } else { type_name };
    let mut text = String::new();
    for c in short.trim().chars() {
        match c {
            ',' if text.contains('(') => text.push('_'),
            ' ' if text.ends_with('_') => {}
            '(' | ')' | '[' | ']' if !text.is_empty() => text.push(c),
            c => text.push(if is_plain(c) { c } else { '_' }),
        }
    }
    if text.is_empty() { "any".to_owned() } else { guarded(text, MARKS) }
}

/// A name as one word.
fn word(name: &str, words: &[&str]) -> String {
    let text: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    guarded(text, words)
}

/// Letters and digits; of those beyond ASCII, what the grammar knows.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || (c >= '\u{c0}' && c.is_alphanumeric())
}

/// Not to be taken for a number, or for one of these words, which ends where no ASCII letter follows.
fn guarded(text: String, words: &[&str]) -> String {
    let first = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let taken = words.contains(&first.to_ascii_lowercase().as_str());
    if taken || text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) { format!("_{text}") } else { text }
}

/// Text in quotes: what means something to Mermaid or to HTML stands there by its number.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            c if c.is_control() => escaped.push(' '),
            c if c.is_alphanumeric() || " _-.,:()[]'/+*=?!".contains(c) => escaped.push(c),
            c => escaped.extend(["#", &u32::from(c).to_string(), ";"]),
        }
    }
    escaped
}

/// The line from the table that is referred to: how many of its rows one row has, and how many rows have the same.
fn ends(reference: &Reference<'_>) -> String {
    let to = if reference.optional { "|o" } else { "||" };
    let from = if reference.single { "o|" } else { "o{" };
    let line = if reference.identifying { "--" } else { ".." };
    format!("{to}{line}{from}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::samples;

    #[test]
    fn the_shop() {
        let catalog = samples::catalog();
        assert_eq!(
            mermaid(&Diagram::around(&catalog, &Name::of(None, "users"), 1)),
            r#"erDiagram
    orders {
        bigint id PK
        bigint user_id FK
        numeric(12_2) total "with tax"
        text note
    }
    users {
        bigint id PK
        text email UK
        bigint manager_id FK
    }
    audit_events["audit.events"] {
        bigint id PK
        bigint user_id FK, UK
    }
    users ||..o{ orders : "user_id"
    users |o..o{ users : "manager_id"
    users ||..o| audit_events : "user_id"
"#
        );
    }

    #[test]
    fn types_are_one_word() {
        for (written, word) in [
            ("character varying(255)", "character_varying(255)"),
            ("numeric(10, 2)", "numeric(10_2)"),
            ("timestamp(6) with time zone", "timestamp(6)_with_time_zone"),
            ("integer[]", "integer[]"),
            ("enum('a','b c')", "enum"),
            ("\"char\"", "_char_"),
            ("", "any"),
            ("pk", "_pk"),
            ("2d", "_2d"),
            ("text /*M!100301 COMPRESSED*/", "text"),
        ] {
            assert_eq!(type_name(written), word);
        }
    }

    #[test]
    fn names_are_words_and_no_two_the_same() {
        let names = ["a b", "a_b", "a-b", "end", "toé", "2026", "日本", ""];
        let mut catalog = samples::catalog();
        catalog.tables = names.map(|name| samples::table(name, &[])).to_vec();
        let diagram = Diagram::of(&catalog);
        let ids = ids(&diagram);
        let ids: Vec<_> = diagram.tables.iter().map(|table| ids[&table.name].as_str()).collect();
        assert_eq!(ids, ["a_b", "a_b_2", "a_b_3", "_end", "_toé", "_2026", "日本", "_"]);
        assert_eq!(escaped("a \"b\" <c> #1;\n%%{"), "a #34;b#34; #60;c#62; #35;1#59; #37;#37;#123;");
    }
}
