//! SQLite: inserts of many rows. Numbers are bound as numbers, for SQLite would keep any text in a column of numbers.

use std::ops::Range;

use diesel::{Connection as _, SqliteConnection};

use super::block::Block;
use super::failure::{Failed, Refused};
use super::insert::{self, Bind, Insert};
use super::{Form, Loader, Target};
use crate::backend::Backend;
use crate::db::error::{DbError, Kind};

/// So many rows in one statement; more are no faster.
const ROWS: usize = 100;
/// So many values; SQLite takes 32,766.
const VALUES: usize = 30_000;

pub struct Inserts<'a> {
    into: &'a Target,
    head: String,
    row: String,
    /// For as many rows as one statement has.
    full: String,
    rows: usize,
}

impl<'a> Inserts<'a> {
    pub fn new(into: &'a Target) -> Self {
        let columns = into.columns.len();
        let names = into.listed(Backend::Sqlite, |name, _| name);
        let head = format!("INSERT INTO {} ({names}) VALUES ", into.table);
        let row = format!("({})", vec!["?"; columns].join(", "));
        let rows = ROWS.min(VALUES / columns.max(1)).max(1);
        let full = insert::text(&head, &row, rows);
        Self { into, head, row, full, rows }
    }

    fn bind<'f>(&self, column: usize, field: &'f [u8]) -> Result<Bind<'f>, Refused> {
        let form = self.into.columns[column].form;
        if form == Form::Bytes {
            return Ok(Bind::Bytes(field));
        }
        let refuse = |rule: &str| Refused { column: Some(column), error: DbError::new(Kind::Data, rule) };
        let text = std::str::from_utf8(field).map_err(|_| refuse("the text is not UTF-8"))?;
        match form {
            Form::Integer => text.parse().map(Bind::Integer).map_err(|_| refuse("not a whole number of 64 bits")),
            Form::Boolean => truth(text).map(Bind::Integer).ok_or_else(|| refuse("neither true nor false")),
            Form::Real | Form::Single => match text.parse::<f64>() {
                // SQLite would store NULL.
                Ok(number) if !number.is_nan() => Ok(Bind::Real(number)),
                _ => Err(refuse("not a number")),
            },
            // SQLite reads the last digits of a text less well.
            Form::Decimal => match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(number), _) => Ok(Bind::Integer(number)),
                (_, Ok(number)) if is_decimal(text) => Ok(Bind::Real(number)),
                _ => Err(refuse("not a number")),
            },
            Form::Any => Ok(any(text)),
            Form::Text | Form::Bits | Form::Bytes => Ok(Bind::Text(text)),
        }
    }
}

/// A number where it is written as SQLite would write it.
fn any(text: &str) -> Bind<'_> {
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(number), _) if number.to_string() == text => Bind::Integer(number),
        (Err(_), Ok(number)) if format!("{number:?}") == text && number.is_finite() => Bind::Real(number),
        _ => Bind::Text(text),
    }
}

/// The number for the words of a boolean.
pub(super) fn truth(text: &str) -> Option<i64> {
    match text {
        "1" | "t" | "true" | "TRUE" | "True" => Some(1),
        "0" | "f" | "false" | "FALSE" | "False" => Some(0),
        // Where booleans are numbers, there are others.
        _ => text.parse().ok(),
    }
}

/// Whether it is a number in decimal digits, with an exponent or without.
fn is_decimal(text: &str) -> bool {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let unsigned = number.strip_prefix(['+', '-']).unwrap_or(number);
    let (whole, rest) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    whole.len() + rest.len() > 0 && digits(whole) && digits(rest) && exponent.parse::<i32>().is_ok()
}

impl Loader for Inserts<'_> {
    type Connection = SqliteConnection;

    fn write(&mut self, connection: &mut SqliteConnection, block: &Block, range: Range<usize>) -> Result<(), Failed> {
        let mut from = range.start;
        while from < range.end {
            let rows = self.rows.min(range.end - from);
            let shorter;
            let sql = if rows == self.rows {
                &self.full
            } else {
                shorter = insert::text(&self.head, &self.row, rows);
                &shorter
            };
            let bind = |column, field| self.bind(column, field);
            let insert = Insert::new(sql, block, from..from + rows, self.into.columns.len(), bind);
            let insert = insert.map_err(Failed::Refused)?;
            let inserted = connection.execute_returning_count(&insert);
            inserted.map_err(|error| Failed::Refused(Refused::of(error, self.into)))?;
            from += rows;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_told_from_words() {
        let numbers = ["0", "-1", "+1.5", ".5", "5.", "1e10", "12345678901234567890.123456789"];
        assert!(numbers.into_iter().all(is_decimal));
        let words = ["", ".", "-", "abc", "1a", "1e", "0x10", "NaN", "Infinity", " 1"];
        assert!(!words.into_iter().any(is_decimal));
    }
}
