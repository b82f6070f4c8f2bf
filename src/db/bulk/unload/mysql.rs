//! MySQL and MariaDB: as text, row by row as they come.

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
        let cells = row.iter().zip(&from.columns).map(|(value, column)| match value {
            None => Cell::Null,
            Some(bytes) if column.form == Form::Bytes => Cell::Bytes(bytes),
            Some(text) if column.form == Form::Single => single(text).map_or(Cell::Text(text), Cell::Float),
            Some(text) => Cell::Text(text),
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
