//! MySQL and MariaDB: as text, row by row as they come.

use mysql::Value;

use super::{Cell, Each, Failed};
use crate::backend::Backend;
use crate::db::bulk::{Form, Target};
use crate::db::mysql::MysqlConnection;

pub fn unload(connection: &mut MysqlConnection, from: &Target, rest: &str, each: &mut Each<'_>) -> Result<(), Failed> {
    let read = |name: String, form| match form {
        // As text a FLOAT has six digits.
        Form::Single => format!("{name} + 0E0"),
        Form::Bits => format!("CAST({name} AS UNSIGNED)"),
        _ => name,
    };
    let sql = format!("SELECT {} FROM {}{rest}", from.listed(Backend::Mysql, read), from.table);
    let mut failed = Ok(());
    connection.each_as_text(&sql, &mut |row| {
        let cells = from.columns.iter().enumerate().map(|(at, column)| match (row.as_ref(at), column.form) {
            (Some(Value::Bytes(bytes)), Form::Bytes) => Cell::Bytes(bytes),
            (Some(Value::Bytes(text)), Form::Single) => single(text).map_or(Cell::Text(text), Cell::Float),
            (Some(Value::Bytes(text)), _) => Cell::Text(text),
            // As text, every other value is bytes.
            _ => Cell::Null,
        });
        failed = each(&cells.collect::<Vec<_>>());
        failed.is_ok()
    })?;
    failed
}

/// A number of single precision as the double that is written like it: `0.1` rather than `0.10000000149011612`.
fn single(text: &[u8]) -> Option<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "it is one, widened by the server")]
    let number = std::str::from_utf8(text).ok()?.parse::<f64>().ok()? as f32;
    number.to_string().parse().ok()
}
