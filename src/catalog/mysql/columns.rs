//! Columns of tables and views.

use super::expression::{literal, plain, without_database};
use super::read::Found;
use super::types::neutral;
use super::{Server, some};
use crate::catalog::model::{Column, Generated, Identity};
use crate::db::Row;

pub(super) fn query(server: &Server<'_>) -> &'static str {
    if server.maria {
        "SELECT table_name, ordinal_position, column_name, column_type, is_nullable, column_default, extra, collation_name, \
         column_comment, generation_expression, NULL FROM information_schema.columns WHERE table_schema = DATABASE()"
    } else {
        "SELECT table_name, ordinal_position, column_name, column_type, is_nullable, column_default, extra, collation_name, \
         column_comment, generation_expression, srs_id FROM information_schema.columns WHERE table_schema = DATABASE()"
    }
}

pub(super) fn read(rows: &[Row], server: &Server<'_>, found: &mut Found) {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| row.number(1));
    for row in rows {
        if let Some(table) = found.tables.get_mut(row.text(0)) {
            let collation = table.options.get("collation").map_or("", String::as_str);
            table.columns.push(column(row, collation, server));
        } else if let Some(view) = found.views.get_mut(row.text(0)) {
            let mut column = column(row, &server.collation, server);
            // What a row gets is the table's to say.
            column.default = None;
            column.on_update = None;
            column.identity = None;
            column.options.clear();
            view.columns.push(column);
        }
    }
}

fn column(row: &Row, usual_collation: &str, server: &Server<'_>) -> Column {
    let type_name = row.text(3);
    let extra = row.text(6).to_lowercase();
    let mut column = Column::new(row.text(2), type_name, neutral(type_name));
    column.nullable = row.text(4) == "YES";
    column.collation = some(row.text(7)).filter(|collation| collation != usual_collation);
    column.comment = some(row.text(8));
    column.identity = extra.contains("auto_increment").then_some(Identity::AutoIncrement);
    column.on_update = extra.find("on update ").map(|at| now(&extra[at + "on update ".len()..]));
    column.generated = some(row.text(9)).map(|expression| Generated {
        expression: plain(&expression, server),
        stored: extra.contains("stored generated"),
    });
    if column.generated.is_none() {
        column.default = default(row.optional(5), type_name, &extra, server);
    }
    for (word, option) in [("invisible", "invisible"), ("without system versioning", "without_system_versioning")] {
        if extra.contains(word) {
            column.options.insert(option.to_owned(), "yes".to_owned());
        }
    }
    column.options.extend(some(row.text(10)).map(|srid| ("srid".to_owned(), srid)));
    column
}

/// `current_timestamp(6)`: the servers write it in many ways.
fn now(text: &str) -> String {
    let lower = text.to_lowercase();
    let word = lower.split(',').next().unwrap_or_default().trim();
    word.strip_suffix("()").unwrap_or(word).to_owned()
}

fn is_now(text: &str) -> bool {
    let rest = text.get(.."current_timestamp".len()).filter(|head| head.eq_ignore_ascii_case("current_timestamp"));
    rest.is_some() && text["current_timestamp".len()..].chars().all(|c| c.is_ascii_digit() || "()".contains(c))
}

/// What would stand behind DEFAULT. MariaDB gives that; MySQL gives the value of a literal, and says where it is an
/// expression.
fn default(given: Option<&str>, type_name: &str, extra: &str, server: &Server<'_>) -> Option<String> {
    let given = given?;
    if server.maria {
        return match given {
            "NULL" => None,
            given if is_now(given) => Some(now(given)),
            // A sequence that it counts with has the database's name before its own.
            given => Some(without_database(given, server)),
        };
    }
    if extra.contains("default_generated") {
        if is_now(given) {
            return Some(now(given));
        }
        return Some(format!("({})", plain(given, server)));
    }
    let word = type_name.split(['(', ' ']).next().unwrap_or_default();
    Some(match word {
        "binary" | "varbinary" if given == "0x" => "''".to_owned(),
        "binary" | "varbinary" if given.starts_with("0x") => given.to_owned(),
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" | "bit" | "year" => {
            given.to_owned()
        }
        _ => literal(given, server.rules),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Rules;

    #[test]
    fn defaults_of_both_servers_are_expressions() {
        let server = |maria| Server {
            maria,
            sql_mode: String::new(),
            collation: String::new(),
            database: "d",
            rules: &Rules::MYSQL,
        };
        for (type_name, maria, mysql, extra, expected) in [
            ("varchar(20)", "'it''s'", "it's", "", Some("'it''s'")),
            ("varchar(20)", "'NULL'", "NULL", "", Some("'NULL'")),
            ("varchar(20)", r"'a\\b'", r"a\b", "", Some(r"'a\\b'")),
            ("varchar(20)", "'current_timestamp'", "current_timestamp", "", Some("'current_timestamp'")),
            ("int(11)", "-5", "-5", "", Some("-5")),
            ("bit(3)", "b'101'", "b'101'", "", Some("b'101'")),
            (
                "datetime(6)",
                "current_timestamp(6)",
                "CURRENT_TIMESTAMP(6)",
                "default_generated",
                Some("current_timestamp(6)"),
            ),
            ("timestamp", "current_timestamp()", "CURRENT_TIMESTAMP", "default_generated", Some("current_timestamp")),
            ("int", "(1 + 2)", "(1 + 2)", "default_generated", Some("(1 + 2)")),
        ] {
            assert_eq!(default(Some(maria), type_name, extra, &server(true)).as_deref(), expected, "{maria}");
            assert_eq!(default(Some(mysql), type_name, extra, &server(false)).as_deref(), expected, "{mysql}");
        }
        assert_eq!(default(Some("NULL"), "text", "", &server(true)), None);
        assert_eq!(default(None, "text", "", &server(false)), None);
        let generated = default(Some(r"concat(_utf8mb4\'a\')"), "text", "default_generated", &server(false));
        assert_eq!(generated.as_deref(), Some("(concat('a'))"));
        assert_eq!(default(Some("nextval(`d`.`s`)"), "int", "", &server(true)).as_deref(), Some("nextval(`s`)"));
    }
}
