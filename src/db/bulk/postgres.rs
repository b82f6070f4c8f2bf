//! PostgreSQL: COPY in its text format, through Diesel's connection.

use std::cell::RefCell;
use std::io::Write;
use std::ops::Range;

use diesel::connection::SimpleConnection as _;
use diesel::pg::{CopyTarget, Pg};
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use diesel::{Connection as _, ExecuteCopyFromDsl as _, PgConnection};

use super::block::Block;
use super::failure::{Failed, Refused};
use super::{Form, Loader, Target};
use crate::backend::Backend;
use crate::db::dialect;

/// Where single values are tried.
const PROBE: &str = "pg_temp.__dbtool_probe";

/// So much is handed to libpq at once.
const PIECE: usize = 64 << 10;

diesel::table! {
    /// Diesel wants a table that it knows.
    some_table (id) { id -> Integer, }
}

thread_local! {
    /// What the COPY of this thread is into or out of: Diesel asks the type of a target for it, not the target.
    pub(super) static INTO: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A table and columns that are known when it runs.
pub(super) struct Named;

impl CopyTarget for Named {
    type Table = some_table::table;
    type SqlType = diesel::sql_types::Integer;

    fn walk_target(mut pass: AstPass<'_, '_, Pg>) -> QueryResult<()> {
        INTO.with_borrow(|into| pass.push_sql(into));
        Ok(())
    }
}

pub struct Copy<'a> {
    into: &'a Target,
    target: String,
}

impl<'a> Copy<'a> {
    pub fn new(into: &'a Target) -> Self {
        let target = format!("{} ({})", into.table, into.listed(Backend::Postgres, |name, _| name));
        Self { into, target }
    }

    /// Copies rows, or some columns of them, into a table.
    fn copy(
        connection: &mut PgConnection,
        target: &str,
        columns: &[(usize, Form)],
        block: &Block,
        range: &Range<usize>,
    ) -> Result<(), Failure> {
        INTO.set(target.to_owned());
        let rows = |out: &mut dyn Write| {
            let mut piece = Vec::with_capacity(PIECE + PIECE / 4);
            for row in range.clone() {
                write_row(&mut piece, block, row, columns);
                if piece.len() >= PIECE {
                    out.write_all(&piece).map_err(Failure::io)?;
                    piece.clear();
                }
            }
            out.write_all(&piece).map_err(Failure::io)
        };
        diesel::copy_from(some_table::table).from_raw_data(Named, rows).execute(connection).map(|_| ())
    }

    fn columns(&self) -> Vec<(usize, Form)> {
        self.into.columns.iter().map(|column| column.form).enumerate().collect()
    }
}

/// What ends a COPY.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Failure(#[from] diesel::result::Error);

impl Failure {
    fn io(error: std::io::Error) -> Self {
        Self(diesel::result::Error::SerializationError(Box::new(error)))
    }
}

fn write_row(out: &mut Vec<u8>, block: &Block, row: usize, columns: &[(usize, Form)]) {
    for (number, (column, form)) in columns.iter().enumerate() {
        if number > 0 {
            out.push(b'\t');
        }
        match block.field(row, *column) {
            None => out.extend_from_slice(b"\\N"),
            Some(field) if *form == Form::Bytes => {
                out.extend_from_slice(b"\\\\x");
                super::write_hex(out, field);
            }
            Some(field) => super::write_escaped(out, field),
        }
    }
    out.push(b'\n');
}

impl Loader for Copy<'_> {
    type Connection = PgConnection;

    fn write(&mut self, connection: &mut PgConnection, block: &Block, range: Range<usize>) -> Result<(), Failed> {
        let copied = Self::copy(connection, &self.target, &self.columns(), block, &range);
        copied.map_err(|Failure(error)| Failed::Refused(Refused::of(error, self.into)))
    }

    /// Tries each value by itself in a table of the same types without constraints, which is gone afterwards.
    fn blame(&mut self, connection: &mut PgConnection, block: &Block, row: usize, refused: &Refused) -> Option<usize> {
        if refused.error.constraint.is_some() {
            return None;
        }
        let names = self.into.columns.iter().map(|column| dialect::of(Backend::Postgres).identifier(&column.name));
        let names: Vec<_> = names.collect();
        let make = format!("CREATE TABLE {PROBE} AS SELECT {} FROM {} WITH NO DATA", names.join(", "), self.into.table);
        let mut found = None;
        // An error always, so that it is rolled back.
        let _ = connection.transaction::<(), diesel::result::Error, _>(|connection| {
            connection.batch_execute(&make)?;
            for (column, named) in self.into.columns.iter().enumerate() {
                let target = format!("{PROBE} ({})", names[column]);
                let tried = connection.transaction(|connection| {
                    Self::copy(connection, &target, &[(column, named.form)], block, &(row..row + 1))
                });
                if tried.is_err() {
                    found = Some(column);
                    break;
                }
            }
            Err(diesel::result::Error::RollbackTransaction)
        });
        found
    }
}
