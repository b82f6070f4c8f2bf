//! The rows of a table or query, one by one, lent to whoever writes them: nothing of them is kept.

mod mysql;
mod postgres;
mod sqlite;

use diesel::result::Error as DieselError;

use super::Target;
use crate::db::connection::AnyConnection;
use crate::db::error::DbError;
use crate::error::{Code, Error, Result};

/// A value of a row, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    Null,
    Int(i64),
    Float(f64),
    /// As the server writes it: UTF-8, but for what SQLite lets into a text.
    Text(&'a [u8]),
    Bytes(&'a [u8]),
}

/// Hands over the rows of a table, and gives their number. `rest` is what stands behind the table: a WHERE, an ORDER BY.
pub fn unload(
    connection: &mut AnyConnection,
    from: &Target,
    rest: &str,
    each: &mut dyn FnMut(&[Cell<'_>]) -> Result<()>,
) -> Result<u64> {
    let mut count = 0;
    let mut counted = |row: &[Cell<'_>]| {
        count += 1;
        each(row).map_err(Failed::Ours)
    };
    let done = match connection {
        AnyConnection::Postgres(connection) => postgres::unload(connection, from, rest, &mut counted),
        AnyConnection::Mysql(connection) => mysql::unload(connection, from, rest, &mut counted),
        AnyConnection::Sqlite(connection) => sqlite::unload(connection, from, rest, &mut counted),
    };
    let what = || format!("cannot read the rows of {}", from.table);
    match done {
        Ok(()) => Ok(count),
        Err(Failed::Ours(error)) => Err(error),
        Err(Failed::Diesel(error)) => Err(DbError::from(error).into_error(what())),
        Err(Failed::Early(cause)) => {
            let error = Error::new(Code::Database, what()).because(cause);
            Err(error.note(format!("{count} rows had come before")))
        }
    }
}

type Each<'a> = dyn FnMut(&[Cell<'_>]) -> Result<(), Failed> + 'a;

/// Why rows end before their end.
#[derive(Debug)]
enum Failed {
    Diesel(DieselError),
    /// The server gave up in the middle of them.
    Early(String),
    /// Whoever takes them has enough.
    Ours(Error),
}

impl From<DieselError> for Failed {
    fn from(error: DieselError) -> Self {
        Failed::Diesel(error)
    }
}
