//! A schema as a file of SQL: the same text for the same schema, whenever it is made.

use super::list;
use crate::catalog::{self, Catalog, Frame, Name, Object};
use crate::db::Dialect;

/// What may end a statement with a `;` in it, for clients that look for nothing else. The first that it does not hold.
const DELIMITERS: [&str; 4] = ["$$", "//", ";;", "$end$"];

/// The statements that make it, with a heading that says what it is, and what is not in it.
#[must_use]
pub fn dump(catalog: &Catalog, dialect: &dyn Dialect) -> String {
    let Frame { before, after } = catalog::frame(catalog, dialect);
    let heading = format!("{}{}", heading(catalog), block(&before));
    let text = written(&heading, &catalog::ddl(catalog, dialect), dialect.rules().delimiter_lines);
    format!("{text}{}", block(&after))
}

/// Statements of a line each.
fn block(statements: &[String]) -> String {
    let lines: String = statements.iter().map(|statement| format!("{statement};\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// What is known, and cannot be written: an index that is not valid was given up while it was made. That of a partitioned table
/// only waits for those of its partitions.
#[must_use]
pub fn left_out(catalog: &Catalog) -> Vec<Object> {
    let tables = catalog.tables.iter().filter(|table| table.partition_by.is_none());
    let of_tables = tables.map(|table| (&table.name, &table.indexes));
    let of_views = catalog.views.iter().map(|view| (&view.name, &view.indexes));
    let invalid = of_tables.chain(of_views).flat_map(|(on, indexes)| {
        let own = move |name: &str| Name { schema: on.schema.clone(), name: name.to_owned() };
        indexes.iter().filter(|index| !index.valid).map(move |index| own(&index.name))
    });
    invalid.map(|name| Object::new("invalid index", name)).collect()
}

fn heading(catalog: &Catalog) -> String {
    let server = catalog.server.as_ref().map_or(catalog.backend.title(), |server| &server.name);
    let mut heading = format!("-- A schema of {server}\n-- Fingerprint: {}\n", catalog.fingerprint);
    let missing: Vec<Object> = catalog.not_modelled.iter().cloned().chain(left_out(catalog)).collect();
    for (what, objects) in [("Not in this file", &missing), ("Not seen", &catalog.not_seen)] {
        if !objects.is_empty() {
            heading.push_str(&comment(&format!("{what}: {}", all(objects))));
        }
    }
    heading
}

/// One by one, however many: a file has room.
fn all(objects: &[Object]) -> String {
    objects.chunks(1).map(list::objects).collect::<Vec<_>>().join(", ")
}

/// A comment of one line: no name ends it.
fn comment(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("-- {text}\n")
}

fn written(heading: &str, statements: &[String], delimiter_lines: bool) -> String {
    let mut text = heading.to_owned();
    let mut current = ";";
    for statement in statements {
        let statement = statement.trim();
        let needed = if delimiter_lines && statement.contains(';') {
            DELIMITERS.into_iter().find(|delimiter| !statement.contains(delimiter)).unwrap_or(";")
        } else {
            ";"
        };
        text.push('\n');
        if needed != current {
            text.extend(["DELIMITER ", needed, "\n\n"]);
            current = needed;
        }
        text.push_str(statement);
        // A comment at the end would swallow it.
        let last = statement.lines().next_back().unwrap_or_default();
        if last.contains("--") || last.contains('#') {
            text.push('\n');
        }
        text.extend([current, "\n"]);
    }
    if current != ";" {
        text.push_str("\nDELIMITER ;\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::samples;
    use crate::sql::{Rules, split};

    fn texts(statements: &[&str]) -> Vec<String> {
        statements.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_body_is_ended_as_clients_of_mysql_need_it() {
        let statements = texts(&[
            "CREATE TABLE a (b INT COMMENT '$$')",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; SET @b = 2; END",
            "CREATE TRIGGER u BEFORE UPDATE ON a FOR EACH ROW BEGIN SET @a = '$$'; END",
            "CREATE VIEW v AS SELECT 1 # one",
        ]);
        let text = written("-- x\n", &statements, true);
        assert_eq!(
            text,
            "-- x\n\nCREATE TABLE a (b INT COMMENT '$$');\n\nDELIMITER $$\n\n\
             CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; SET @b = 2; END$$\n\nDELIMITER //\n\n\
             CREATE TRIGGER u BEFORE UPDATE ON a FOR EACH ROW BEGIN SET @a = '$$'; END//\n\nDELIMITER ;\n\n\
             CREATE VIEW v AS SELECT 1 # one\n;\n"
        );
        let read: Vec<_> = split(&text, &Rules::MYSQL).unwrap().iter().map(|statement| statement.text).collect();
        assert_eq!(read[..3], statements[..3]);
        assert_eq!(read.len(), 4);
    }

    #[test]
    fn elsewhere_a_semicolon_is_enough() {
        let statements = texts(&["CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END", "CREATE TABLE b (c INT)"]);
        let text = written("", &statements, false);
        let read: Vec<_> = split(&text, &Rules::SQLITE).unwrap().iter().map(|statement| statement.text).collect();
        assert_eq!(read, statements);
    }

    #[test]
    fn the_heading_names_what_is_missing_and_no_name_ends_it() {
        let mut catalog = samples::catalog();
        for name in ["news\nDROP TABLE a;", "b", "c", "d", "e", "f"] {
            catalog.not_modelled.push(Object::new("publication", Name::of(None, name)));
        }
        assert_eq!(
            heading(&catalog),
            "-- A schema of PostgreSQL\n-- Fingerprint: 0123456789abcdef\n\
             -- Not in this file: publication `news DROP TABLE a;`, publication `b`, publication `c`, publication `d`, \
             publication `e`, publication `f`\n"
        );
    }
}
