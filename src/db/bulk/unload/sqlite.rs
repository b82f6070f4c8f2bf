//! SQLite: row by row, each value as it is stored.

use diesel::connection::{DefaultLoadingMode, LoadConnection};
use diesel::row::{Field as _, Row as _};
use diesel::sqlite::{SqliteConnection, SqliteType};

use super::{Cell, Each, Failed};
use crate::backend::Backend;
use crate::db::bulk::Target;

pub fn unload(connection: &mut SqliteConnection, from: &Target, rest: &str, each: &mut Each<'_>) -> Result<(), Failed> {
    let sql = format!("SELECT {} FROM {}{rest}", from.listed(Backend::Sqlite, |name, _| name), from.table);
    let rows = LoadConnection::<DefaultLoadingMode>::load(connection, diesel::sql_query(sql))?;
    for row in rows {
        let row = row?;
        let fields: Vec<_> = (0..from.columns.len()).map(|column| row.get(column)).collect();
        let mut values: Vec<_> = fields.iter().map(|field| field.as_ref().and_then(|field| field.value())).collect();
        let cells = values.iter_mut().map(|value| {
            let Some(value) = value else { return Cell::Null };
            match value.value_type() {
                None => Cell::Null,
                Some(SqliteType::Binary) => Cell::Bytes(value.read_blob()),
                Some(SqliteType::Float | SqliteType::Double) => Cell::Float(value.read_double()),
                Some(SqliteType::Text) => Cell::Text(value.read_text().as_bytes()),
                Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => Cell::Int(value.read_long()),
            }
        });
        each(&cells.collect::<Vec<_>>())?;
    }
    Ok(())
}
