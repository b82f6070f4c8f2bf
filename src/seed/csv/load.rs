//! A file on its way into a table: the one that it is for, or the temporary one.

use std::time::{Duration, Instant};

use super::rows::Rows;
use super::{CsvSeed, LINE, Wanted};
use crate::db::Dialect;
use crate::db::bulk::{self, Fault, Form, Source as _, Target, Watch};
use crate::error::{Error, Result};
use crate::observer::Event;
use crate::seed::apply::OnError;
use crate::seed::columns::Column;
use crate::seed::database::{Database, cannot};
use crate::seed::report::{Counts, Reject};
use crate::text;

/// One file on its way.
pub struct Load<'l, 'c> {
    pub seed: &'l CsvSeed<'c>,
    pub dialect: &'static dyn Dialect,
    pub wanted: Wanted<'l>,
    pub lines: u64,
    pub rejects: &'l mut Vec<Reject>,
    pub written: u64,
    pub started: Instant,
    pub told: u64,
}

impl Load<'_, '_> {
    /// Into an empty table: there is nothing to compare.
    pub fn at_once(&mut self, database: &mut Database<'_>) -> Result<Counts> {
        let table = database.quoted(&self.seed.table);
        if self.wanted.plan {
            let mut rows = Rows::open(self.seed, self.dialect, false, self.wanted.on_error)?;
            let mut inserted = 0;
            while rows.advance()? {
                inserted += 1;
            }
            return Ok(Counts { inserted, ..Counts::default() });
        }
        let before = self.rejects.len();
        let inserted = self.load(database, table, false)?;
        Ok(Counts { inserted, rejected: (self.rejects.len() - before) as u64, ..Counts::default() })
    }

    pub fn load(&mut self, database: &mut Database<'_>, table: String, with_line: bool) -> Result<u64> {
        let form = |column: &Column<'_>| bulk::Column { name: column.name().to_owned(), form: column.form() };
        let mut columns: Vec<_> = self.seed.columns.iter().map(form).collect();
        if with_line {
            columns.push(bulk::Column { name: LINE.to_owned(), form: Form::Integer });
        }
        let mut rows = Rows::open(self.seed, self.dialect, with_line, self.wanted.on_error)?;
        let loaded = bulk::load(database.connection, &Target { table, columns }, &mut rows, self)?;
        rows.rejected.iter().for_each(|error| self.reject(error));
        Ok(loaded)
    }

    /// Makes the temporary table, with all rows of the file in it.
    pub fn stage(&mut self, database: &mut Database<'_>) -> Result<String> {
        let stage = self.dialect.identifier("__dbtool_stage");
        let names: Vec<_> = self.seed.columns.iter().map(|column| self.dialect.identifier(column.name())).collect();
        let query =
            format!("SELECT {}, 0 AS {LINE} FROM {} WHERE 1 = 0", names.join(", "), database.quoted(&self.seed.table));
        self.change(database, &format!("CREATE TEMPORARY TABLE {stage} AS {query}"))?;
        self.load(database, stage.clone(), true)?;
        Ok(stage)
    }

    pub fn drop_stage(&self, database: &mut Database<'_>, stage: &str) -> Result<()> {
        self.change(database, &self.dialect.drop_temporary(stage)).map(|_| ())
    }

    pub fn change(&self, database: &mut Database<'_>, sql: &str) -> Result<u64> {
        database.connection.change(sql, &[]).map_err(|error| cannot("compare the file with", &self.seed.table, error))
    }

    pub fn count(&self, database: &mut Database<'_>, sql: &str) -> Result<u64> {
        let rows = database.connection.select(sql, &[]);
        let rows = rows.map_err(|error| cannot("compare the file with", &self.seed.table, error))?;
        Ok(rows.first().and_then(|row| row.first()?.as_int()).and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    pub fn reject(&mut self, error: &Error) {
        self.rejects.push(error.into());
    }
}

impl Watch for Load<'_, '_> {
    fn wrote(&mut self, rows: u64) -> Result<()> {
        crate::fault::point();
        self.written += rows;
        let took = self.started.elapsed().as_secs();
        if took > self.told {
            self.told = took;
            let speed = self.written / took.max(1);
            let left = self.lines.saturating_sub(self.written) / speed.max(1);
            let progress = format!(
                "{} rows, {} a second, {} left",
                text::thousands(self.written),
                text::thousands(speed),
                text::duration(Duration::from_secs(left))
            );
            self.wanted.observer.on(Event::Progress { label: self.seed.name.clone(), progress });
        }
        Ok(())
    }

    fn refused(&mut self, fault: Fault) -> Result<()> {
        let value = fault.value.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let column = fault.column.as_deref().map(|name| (name, value));
        let error = self.seed.refused(fault.line, column, fault.error);
        if self.wanted.on_error == OnError::Stop {
            return Err(error);
        }
        self.reject(&error);
        Ok(())
    }
}
