//! Tables whose engine has no transactions, as `MyISAM` and Aria: what is changed there stays, whatever is rolled back.

use super::subject::Subject;
use crate::db::AnyConnection;
use crate::error::{Code, Error, Result};

/// A table that no rollback reaches.
#[derive(Debug, Clone)]
pub struct Lasting {
    table: String,
    /// As SQL, for the command that gives it another engine.
    quoted: String,
    engine: String,
}

impl Subject<'_> {
    /// Whether the table is such a one.
    pub fn lasting(&self, connection: &mut AnyConnection) -> Result<Option<Lasting>> {
        let Some(engine) = self.table.and_then(|table| table.options.get("engine")) else { return Ok(None) };
        let rolls_back = connection
            .engine_rolls_back(engine)
            .map_err(|error| error.into_error(format!("cannot tell whether `{engine}` has transactions")))?;
        let lasting = || Lasting { table: self.name.to_string(), quoted: self.quoted(), engine: engine.clone() };
        Ok((!rolls_back).then(lasting))
    }
}

impl Lasting {
    /// Refuses to try out what could not be taken back.
    pub fn check(&self, dry_run: bool) -> Result<()> {
        if !dry_run {
            return Ok(());
        }
        let Self { table, quoted, engine } = self;
        let message = format!("`--dry-run` would change `{table}`: its engine {engine} has no transactions");
        Err(Error::new(Code::Refused, message)
            .note("nothing was done")
            .hint(format!("`ALTER TABLE {quoted} ENGINE = InnoDB` gives it one that has; else leave out `--dry-run`")))
    }

    /// The error of a change whose first rows are in all the same. `rows`: how many, `done`: what became of them.
    #[must_use]
    pub fn told(&self, error: Error, rows: u64, done: &str) -> Error {
        match rows {
            0 => error,
            1 => self.stay(error, &format!("1 row of `{}` was {done} before it, and stays", self.table)),
            _ => self.stay(error, &format!("{rows} rows of `{}` were {done} before it, and stay", self.table)),
        }
    }

    /// The same of one statement, which does not tell how far it came.
    #[must_use]
    pub fn told_of_some(&self, error: Error, done: &str) -> Error {
        self.stay(error, &format!("rows of `{}` that were {done} before it stay", self.table))
    }

    fn stay(&self, error: Error, what: &str) -> Error {
        error
            .without_note("nothing was done")
            .note(format!("{what}: its engine {} has no transactions", self.engine))
            .hint(format!("`dbtool data list {}` shows what is there", self.table))
    }
}
