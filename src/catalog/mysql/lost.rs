//! What MariaDB's `information_schema` loses: it keeps expressions and defaults as texts of at most three bytes a character. An
//! expression stands as it was written in the statement of its table; the default of a literal does so nowhere, and is asked
//! for as a value.

use super::expression::literal;
use super::read::Found;
use crate::catalog::model::{Check, Column, Table};
use crate::db::{DbError, Dialect, Row, Session};
use crate::sql::Rules;

/// What stands in an expression for one character of four bytes.
const LOST: &str = "????";

/// Whether the statement of a table tells more.
pub(super) fn is_in(table: &Table) -> bool {
    table.columns.iter().any(|column| expression(column).is_some()) || table.checks.iter().any(is_lost)
}

fn is_lost(check: &Check) -> bool {
    check.expression.contains(LOST)
}

/// Of a column, an expression with characters that are lost.
fn expression(column: &Column) -> Option<&str> {
    let generated = column.generated.as_ref().map(|generated| generated.expression.as_str());
    let expression = generated.or_else(|| column.default.as_deref().filter(|default| !is_literal(default)));
    expression.filter(|expression| expression.contains(LOST))
}

fn is_literal(default: &str) -> bool {
    default.starts_with('\'')
}

/// Whether a default may have been another text. A question mark may also be just that; those in the values of an ENUM are lost
/// with the type.
fn is_unsure(column: &Column) -> bool {
    let is_chosen = matches!(column.type_name.split('(').next(), Some("enum" | "set"));
    !is_chosen && column.default.as_deref().is_some_and(|default| is_literal(default) && default.contains('?'))
}

fn is_bytes(column: &Column) -> bool {
    let word = column.type_name.split('(').next().unwrap_or_default();
    word.ends_with("binary") || word.ends_with("blob")
}

/// Puts the expressions of a table right, from the statement that makes it. `false`: not all of them stand there.
pub(super) fn restore(table: &mut Table, statement: &str) -> bool {
    let mut all = true;
    for column in &mut table.columns {
        let Some(lost) = expression(column).map(str::to_owned) else { continue };
        let start = format!("  `{}` ", column.name.replace('`', "``"));
        let line = statement.lines().find(|line| line.starts_with(&start));
        match (line.and_then(|line| whole(&line[start.len()..], &lost)), &mut column.generated) {
            (Some(found), Some(generated)) => generated.expression = found,
            (Some(found), None) => column.default = Some(found),
            (None, _) => all = false,
        }
    }
    for check in table.checks.iter_mut().filter(|check| is_lost(check)) {
        let found = whole(statement, &format!("CHECK ({})", check.expression));
        match found.as_deref().and_then(|found| found.strip_prefix("CHECK (")?.strip_suffix(')')) {
            Some(expression) => expression.clone_into(&mut check.expression),
            None => all = false,
        }
    }
    all
}

/// The part of a text that is another one but for what that has lost.
fn whole(text: &str, lost: &str) -> Option<String> {
    text.char_indices().find_map(|(start, _)| {
        let mut lost = lost;
        let mut characters = text[start..].char_indices();
        while !lost.is_empty() {
            let (_, found) = characters.next()?;
            let rest = if found.len_utf8() == 4 { lost.strip_prefix(LOST) } else { lost.strip_prefix(found) };
            match rest {
                Some(rest) => lost = rest,
                None => return None,
            }
        }
        let end = characters.next().map_or(text.len(), |(at, _)| start + at);
        Some(text[start..end].to_owned())
    })
}

/// Puts the defaults right that are literals, and names what stays lost.
pub(super) fn read(session: &mut Session, dialect: &dyn Dialect, found: &mut Found) -> Result<(), DbError> {
    let mut unseen = Vec::new();
    for (name, table) in &mut found.tables {
        let mut unsure: Vec<&mut Column> = table.columns.iter_mut().filter(|column| is_unsure(column)).collect();
        if unsure.is_empty() {
            continue;
        }
        let values = values(session, dialect, name, &unsure)?;
        for (column, value) in unsure.iter_mut().zip(values) {
            match value.and_then(|digits| written(&digits, is_bytes(column))) {
                Some(default) => column.default = Some(default),
                None => unseen.push(("bytes in the default of the column", format!("{name}.{}", column.name))),
            }
        }
    }
    for (name, table) in found.tables.iter().filter(|(name, _)| !found.restored.contains(*name)) {
        let columns = table.columns.iter().filter(|column| expression(column).is_some());
        let what = "characters in the expressions of the column";
        unseen.extend(columns.map(|column| (what, format!("{name}.{}", column.name))));
        let checks = table.checks.iter().filter(|check| is_lost(check)).filter_map(|check| check.name.as_ref());
        unseen.extend(checks.map(|check| ("characters in the check", format!("{name}.{check}"))));
    }
    for (kind, name) in unseen {
        found.unseen(kind, &name);
    }
    Ok(())
}

/// The values of defaults, in hexadecimal digits. That of a column which is never NULL the server tells only of a row that is there:
/// where there is none, one stands in a temporary table.
fn values(
    session: &mut Session,
    dialect: &dyn Dialect,
    table: &str,
    columns: &[&mut Column],
) -> Result<Vec<Option<String>>, DbError> {
    let table = dialect.identifier(table);
    let names: Vec<String> = columns.iter().map(|column| dialect.identifier(&column.name)).collect();
    let digits = |of: fn(&str) -> String| {
        let one = |(column, name): (&&mut Column, &String)| {
            if is_bytes(column) {
                format!("HEX({})", of(name))
            } else {
                format!("HEX(CONVERT({} USING utf8mb4))", of(name))
            }
        };
        columns.iter().zip(&names).map(one).collect::<Vec<_>>().join(", ")
    };
    let of_table = digits(|name| format!("DEFAULT(t.{name})"));
    let answers = session
        .query_each(&[format!("SELECT {of_table} FROM (SELECT 1) AS one LEFT JOIN {table} AS t ON TRUE LIMIT 1")]);
    let values = told(answers, 0, columns.len())?;
    if values.iter().all(Option::is_some) {
        return Ok(values);
    }
    let answers = session.query_each(&[
        format!(
            "CREATE OR REPLACE TEMPORARY TABLE __dbtool_defaults AS SELECT {} FROM {table} LIMIT 0",
            names.join(", ")
        ),
        "INSERT INTO __dbtool_defaults () VALUES ()".to_owned(),
        format!("SELECT {} FROM __dbtool_defaults", digits(str::to_owned)),
        "DROP TEMPORARY TABLE __dbtool_defaults".to_owned(),
    ]);
    told(answers, 2, columns.len())
}

/// What stands in the only row of an answer. To ask may need a right that this user has not.
fn told(answers: Result<Vec<Vec<Row>>, DbError>, at: usize, columns: usize) -> Result<Vec<Option<String>>, DbError> {
    match answers {
        Ok(answers) => {
            let row = answers.get(at).and_then(|rows| rows.first());
            Ok((0..columns).map(|column| row.and_then(|row| row.optional(column)).map(str::to_owned)).collect())
        }
        Err(error) if error.errno.is_some() => Ok(vec![None; columns]),
        Err(error) => Err(error),
    }
}

/// What would stand behind DEFAULT.
fn written(digits: &str, is_bytes: bool) -> Option<String> {
    if is_bytes {
        return Some(if digits.is_empty() { "''".to_owned() } else { format!("0x{}", digits.to_lowercase()) });
    }
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    Some(literal(&String::from_utf8(bytes?).ok()?, &Rules::MYSQL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_is_found_in_the_statement() {
        let statement = "  `e` varchar(20) DEFAULT concat('😀','?') CHECK (`e` <> '😀😀????x'),";
        assert_eq!(whole(statement, "concat('????','?')").as_deref(), Some("concat('😀','?')"));
        assert_eq!(whole(statement, "`e` <> '????????????x'").as_deref(), Some("`e` <> '😀😀????x'"));
        assert_eq!(whole(statement, "`e` <> '????'"), None);
    }

    #[test]
    fn a_value_is_a_literal_or_bytes() {
        assert_eq!(written("F09F9880275C", false).as_deref(), Some("'😀''\\\\'"));
        assert_eq!(written("00FF", true).as_deref(), Some("0x00ff"));
        assert_eq!(written("FF", false), None);
    }
}
