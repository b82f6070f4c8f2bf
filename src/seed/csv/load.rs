//! A file on its way into a table: the one that it is for, or the temporary one.

use super::rows::Rows;
use super::sieve::Sieve;
use super::sift::{Sifted, Wants};
use super::{CsvSeed, LINE, Wanted};
use crate::db::Dialect;
use crate::db::bulk::{self, Fault, Form, Watch};
use crate::error::{Error, Result};
use crate::observer::{Event, Observer, Pace};
use crate::seed::apply::OnError;
use crate::seed::database::{Database, cannot};
use crate::seed::report::{Counts, Reject};

/// One file on its way.
pub struct Load<'l, 'c> {
    pub seed: &'l CsvSeed<'c>,
    pub dialect: &'static dyn Dialect,
    pub wanted: Wanted<'l>,
    pub lines: u64,
    pub rejects: &'l mut Vec<Reject>,
    /// Why nothing is written.
    pub faults: Vec<Error>,
    /// Tells how many rows were written; none: whoever reads them tells it.
    pub pace: Option<Pace<&'l dyn Observer>>,
}

impl<'l, 'c> Load<'l, 'c> {
    pub fn new(
        seed: &'l CsvSeed<'c>,
        dialect: &'static dyn Dialect,
        wanted: Wanted<'l>,
        lines: u64,
        rejects: &'l mut Vec<Reject>,
    ) -> Self {
        Self { seed, dialect, wanted, lines, rejects, faults: Vec::new(), pace: None }
    }

    /// Tells how far the file has come.
    pub fn paced(&self, done: &'static str) -> Pace<&'l dyn Observer> {
        // The first line is the header.
        Pace::new(self.wanted.observer, self.seed.name.as_str(), done, Some(self.lines.saturating_sub(1)))
    }

    /// Tells what the database is at: how far it has come it does not say.
    pub fn at(&self, what: &str) {
        self.wanted.observer.on(Event::Progress { label: self.seed.name.clone(), progress: what.to_owned() });
    }

    /// Into an empty table: there is nothing to compare.
    pub fn at_once(&mut self, database: &mut Database<'_>, same: bool, first: bool) -> Result<Counts> {
        let is_circular = self.wanted.on_error == OnError::Quarantine && !self.seed.circular(self.dialect).is_empty();
        if self.wanted.plan.is_some() || is_circular {
            return self.by_set(database, None, same, first);
        }
        let mut rows = Rows::open(self.seed, self.dialect, false, self.wanted.on_error)?;
        if self.wanted.on_error == OnError::Stop {
            self.pace = Some(self.paced("loaded"));
            let loaded = self.straight(database, &mut rows, |_| false)?;
            return match loaded.filter(|_| rows.rejected.is_empty()) {
                Some(inserted) => Ok(Counts { inserted, ..Counts::default() }),
                // What is wrong with the rows is found and told by set.
                None => self.by_set(database, None, same, first),
            };
        }
        let (table, before) = (database.quoted(&self.seed.table), self.rejects.len());
        self.pace = Some(self.paced("loaded"));
        let inserted = bulk::load(database.connection, &self.seed.target(table), &mut rows, self)?;
        self.leave_out(rows.rejected)?;
        self.settle()?;
        Ok(Counts { inserted, rejected: (self.rejects.len() - before) as u64, ..Counts::default() })
    }

    /// Works with a temporary table that has rows of the file: all of them, or those that are wanted.
    pub fn staged<T>(
        &mut self,
        database: &mut Database<'_>,
        sieve: Option<(&mut Sieve, Wants)>,
        work: impl FnOnce(&mut Self, &mut Database<'_>, &str) -> Result<T>,
    ) -> Result<T> {
        let stage = self.dialect.identifier("__dbtool_stage");
        let worked = self.stage(database, &stage, sieve).and_then(|()| work(self, database, &stage));
        let worked = worked.and_then(|worked| self.settle().map(|()| worked));
        // After an error, too: MySQL keeps it when the transaction is rolled back.
        let dropped = self.change(database, &self.dialect.drop_temporary(&stage));
        let worked = worked?;
        dropped.map(|_| worked)
    }

    fn stage(&mut self, database: &mut Database<'_>, stage: &str, sieve: Option<(&mut Sieve, Wants)>) -> Result<()> {
        let names: Vec<_> = self.seed.columns.iter().map(|column| self.dialect.identifier(column.name())).collect();
        let query =
            format!("SELECT {}, 0 AS {LINE} FROM {} WHERE 1 = 0", names.join(", "), database.quoted(&self.seed.table));
        self.change(database, &format!("CREATE TEMPORARY TABLE {stage} AS {query}"))?;
        let mut into = self.seed.target(stage.to_owned());
        into.columns.push(bulk::Column { name: LINE.to_owned(), form: Form::Integer });
        let mut rows = Rows::open(self.seed, self.dialect, true, self.wanted.on_error)?;
        let rejected = match sieve {
            None => {
                self.pace = Some(self.paced("copied"));
                bulk::load(database.connection, &into, &mut rows, self)?;
                rows.rejected
            }
            Some((sieve, wants)) => {
                self.pace = None;
                let mut sifted = Sifted::again(rows, sieve, wants, self.paced("compared"));
                bulk::load(database.connection, &into, &mut sifted, self)?;
                sifted.rows.rejected
            }
        };
        self.leave_out(rejected)
    }

    pub fn change(&self, database: &mut Database<'_>, sql: &str) -> Result<u64> {
        database.connection.change(sql, &[]).map_err(|error| cannot("compare the file with", &self.seed.table, error))
    }

    pub fn count(&self, database: &mut Database<'_>, sql: &str) -> Result<u64> {
        let rows = database.connection.select(sql, &[]);
        let rows = rows.map_err(|error| cannot("compare the file with", &self.seed.table, error))?;
        Ok(rows.first().and_then(|row| row.first()?.as_int()).and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// Rows that break a rule of their model, behind those that the database refuses.
    pub fn leave_out(&mut self, rows: Vec<Error>) -> Result<()> {
        rows.into_iter().try_for_each(|error| self.refuse(error))
    }
}

impl Watch for Load<'_, '_> {
    fn wrote(&mut self, rows: u64) -> Result<()> {
        crate::fault::point();
        if let Some(pace) = &mut self.pace {
            pace.went(rows);
        }
        Ok(())
    }

    fn refused(&mut self, fault: Fault) -> Result<()> {
        let error = self.seed.refused(fault.line, fault.column.as_deref(), fault.error);
        self.refuse(error)
    }
}
