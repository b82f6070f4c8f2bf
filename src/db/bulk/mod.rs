//! Many rows into a table, and the rows of a query out of it, at the speed of the server's own tools and in constant memory:
//! PostgreSQL's COPY, MySQL's LOAD DATA, and inserts of many rows where there is neither.
//!
//! Rows are taken a block at a time. A block that is refused is rolled back to where it began and halved until the row is found
//! that is at fault, whatever the server tells of it. One thread reads the rows of the next block while this one is written.

mod block;
mod failure;
mod insert;
mod mysql;
mod postgres;
mod sqlite;
mod unload;

use std::ops::Range;
use std::sync::mpsc;

use block::Block;
pub use failure::Fault;
use failure::{Failed, Refused};
pub use unload::{Cell, unload};

use super::connection::AnyConnection;
use super::dialect::of as dialect_of;
use crate::backend::Backend;
use crate::error::Result;

/// A table, and columns of it: what rows are loaded into, or come from.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name as SQL, quoted.
    pub table: String,
    /// The columns that rows have values of, in the order of their fields.
    pub columns: Vec<Column>,
}

/// A column by its plain name, and the form in which its values come.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub form: Form,
}

/// What the bytes of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text as the database reads it into the column's type.
    Text,
    /// A whole number in decimal digits.
    Integer,
    /// A number with a binary exponent; `Infinity` and `NaN` where the database has them.
    Real,
    /// Of single precision.
    Single,
    /// A number in decimal digits, exact.
    Decimal,
    /// `true`, `t`, `1`, `false`, `f` or `0`.
    Boolean,
    /// Zeros and ones.
    Bits,
    /// Not text but the bytes themselves.
    Bytes,
    /// Whatever is put in: on SQLite a number is stored as one.
    Any,
}

impl Target {
    /// Its columns as SQL, each by its quoted name and its form.
    fn listed(&self, backend: Backend, write: impl Fn(String, Form) -> String) -> String {
        let names = self.columns.iter().map(|column| write(dialect_of(backend).identifier(&column.name), column.form));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// Where rows come from: a cursor over them, which lends its current row's fields.
pub trait Source: Send {
    /// Moves to the next row. `false`: there is none. An error ends the loading.
    fn advance(&mut self) -> Result<bool>;

    /// A field of the current row, by the target's columns; `None` is NULL.
    fn field(&self, column: usize) -> Option<&[u8]>;

    /// What names the current row to a person: the line of its file.
    fn line(&self) -> u64;
}

/// Who is told how the loading goes, and may end it.
pub trait Watch {
    /// So many more rows are in the table.
    fn wrote(&mut self, rows: u64) -> Result<()>;

    /// The database refused a row. `Ok`: it is left out, and the loading goes on.
    fn refused(&mut self, fault: Fault) -> Result<()>;

    /// Whether nothing takes back what a block has written before it is refused. Then each row goes by itself, for a second
    /// attempt would store some of them twice.
    fn lasts(&self) -> bool {
        false
    }
}

/// Loads all rows of a source, and gives their number. All or nothing: in a transaction of its own, or in a savepoint of the one
/// that is open.
pub fn load(
    connection: &mut AnyConnection,
    into: &Target,
    source: &mut dyn Source,
    watch: &mut dyn Watch,
) -> Result<u64> {
    match connection {
        AnyConnection::Postgres(connection) => run(connection, &mut postgres::Copy::new(into), into, source, watch),
        AnyConnection::Mysql(connection) => run(connection, &mut mysql::LoadData::new(into), into, source, watch),
        AnyConnection::Sqlite(connection) => run(connection, &mut sqlite::Inserts::new(into), into, source, watch),
    }
}

/// How a backend writes rows.
trait Loader {
    type Connection: diesel::Connection;

    /// Writes rows of a block. What it has written when it fails is rolled back by the caller.
    fn write(&mut self, connection: &mut Self::Connection, rows: &Block, range: Range<usize>) -> Result<(), Failed>;

    /// Which column of a row it was that was refused, where the error does not say.
    fn blame(&mut self, _: &mut Self::Connection, _: &Block, _row: usize, _: &Refused) -> Option<usize> {
        None
    }
}

fn run<L: Loader>(
    connection: &mut L::Connection,
    loader: &mut L,
    into: &Target,
    source: &mut dyn Source,
    watch: &mut dyn Watch,
) -> Result<u64> {
    let mut work = Work { loader, into, watch };
    let done = diesel::Connection::transaction(connection, |connection| {
        std::thread::scope(|scope| {
            let (full, written) = mpsc::sync_channel(1);
            let (emptied, empty) = mpsc::channel();
            // Two of them: one is filled while the other is written.
            let _ = emptied.send(Block::new(into.columns.len()));
            let _ = emptied.send(Block::new(into.columns.len()));
            scope.spawn(move || {
                let mut bytes = block::FIRST;
                while let Ok(mut block) = empty.recv() {
                    let more = block.fill(source, bytes);
                    bytes = bytes.saturating_mul(4);
                    if full.send(block).is_err() || !more {
                        break;
                    }
                }
            });
            let mut count = 0;
            while let Ok(mut block) = written.recv() {
                count += work.write(connection, &block, 0..block.rows())?;
                if let Some(error) = block.take_error() {
                    return Err(Failed::Ours(error));
                }
                // Nobody is there to take it after the last one.
                let _ = emptied.send(block);
            }
            Ok(count)
        })
    });
    done.map_err(|failed: Failed| failed.into_error(into))
}

struct Work<'a, L> {
    loader: &'a mut L,
    into: &'a Target,
    watch: &'a mut dyn Watch,
}

impl<L: Loader> Work<'_, L> {
    /// Writes rows, all of them at once or, when some are refused, half by half.
    fn write(&mut self, connection: &mut L::Connection, block: &Block, rows: Range<usize>) -> Result<u64, Failed> {
        if rows.is_empty() {
            return Ok(0);
        }
        if rows.len() > 1 && self.watch.lasts() {
            return rows.map(|row| self.write(connection, block, row..row + 1)).sum();
        }
        let attempt = diesel::Connection::transaction(connection, |connection| {
            self.loader.write(connection, block, rows.clone())
        });
        let refused = match attempt {
            Ok(()) => {
                let count = rows.len() as u64;
                self.watch.wrote(count).map_err(Failed::Ours)?;
                return Ok(count);
            }
            Err(Failed::Refused(refused)) if refused.is_of_a_row() => refused,
            Err(other) => return Err(other),
        };
        if rows.len() > 1 {
            let middle = rows.start + rows.len() / 2;
            return Ok(
                self.write(connection, block, rows.start..middle)? + self.write(connection, block, middle..rows.end)?
            );
        }
        let row = rows.start;
        let column = refused.column.or_else(|| self.loader.blame(connection, block, row, &refused));
        let column = column.and_then(|column| self.into.columns.get(column).map(|named| (column, named)));
        let named = self.into.columns.iter().enumerate();
        let named = named.map(|(at, column)| (column.name.clone(), block.field(row, at).map(<[u8]>::to_vec)));
        let fault = Fault {
            line: block.line(row),
            column: column.map(|(_, named)| named.name.clone()),
            value: column.and_then(|(column, _)| block.field(row, column)).map(<[u8]>::to_vec),
            row: named.collect(),
            error: refused.error,
        };
        self.watch.refused(fault).map_err(Failed::Ours)?;
        Ok(0)
    }
}

/// Text as COPY and LOAD DATA read it: what they give a meaning to is written with a backslash.
fn write_escaped(out: &mut Vec<u8>, field: &[u8]) {
    let mut from = 0;
    for (at, byte) in field.iter().enumerate() {
        let escaped = match byte {
            b'\\' => b'\\',
            b'\t' => b't',
            b'\n' => b'n',
            b'\r' => b'r',
            _ => continue,
        };
        out.extend_from_slice(&field[from..at]);
        out.extend_from_slice(&[b'\\', escaped]);
        from = at + 1;
    }
    out.extend_from_slice(&field[from..]);
}

fn write_hex(out: &mut Vec<u8>, field: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(field.len() * 2);
    for byte in field {
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}
