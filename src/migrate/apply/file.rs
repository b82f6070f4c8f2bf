//! One file on its way: how far it has come, what is noted of that, and how it ends.

use std::time::Instant;

use super::runner::Runner;
use super::work::{Broken, Work, now, unknown, what};
use crate::db::{Around, DbError, Effect, Failure, Kind, Purpose, Row, Session};
use crate::error::{Code, Error, Result};
use crate::exit_code::ExitCode;
use crate::migrate::half::reached;
use crate::migrate::journal::{self, Action, Closing, outcome};
use crate::migrate::script::Prepared;
use crate::sql::Statement;

/// Why a file is run, and from where.
pub(super) struct Why<'a> {
    pub(super) action: Action,
    pub(super) reason: Option<&'a str>,
    /// The statements that are in already, from an earlier run.
    pub(super) done: usize,
    /// A later one that a person takes as done, while those before it were rolled back with it.
    pub(super) skip: Option<usize>,
}

impl Why<'_> {
    /// A run from the beginning.
    pub(super) const RUN: Why<'static> = Why { action: Action::Run, reason: None, done: 0, skip: None };
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The last statement that was begun, from 1; 0: none.
    pub(super) started: usize,
    /// The last statement that is in.
    pub(super) done: usize,
    /// The file has begun a transaction of its own.
    pub(super) own_transaction: bool,
    /// The statement that failed.
    pub(super) failed: Option<usize>,
    /// Statements have run in it, so that the journal alone knows how far the file has come.
    pub(super) within: bool,
    /// The statement that failed has left nothing.
    pub(super) clean: bool,
    /// A rollback has left rows in tables without transactions.
    pub(super) stayed: bool,
    /// The file has locked tables, and reaches no others.
    pub(super) locked_tables: bool,
    /// Ledger and journal are written.
    pub(super) finished: bool,
}

/// Statements that are in together, or not at all.
pub(super) struct Group {
    pub(super) first: usize,
    pub(super) last: usize,
    /// Where the one that ran last begins: a byte offset.
    pub(super) at: usize,
    /// None of those that ran counts on what a rollback leaves.
    pub(super) repeatable: bool,
}

/// One file on its way.
pub(super) struct File<'f, 'w> {
    pub(super) runner: &'f Runner<'f>,
    pub(super) work: &'f mut Work<'w>,
    pub(super) prepared: &'f Prepared,
    pub(super) around: Around,
    /// The number of its row in the journal.
    pub(super) id: i64,
    pub(super) started: Instant,
    pub(super) progress: Progress,
    /// Nothing of it was in before this run.
    pub(super) fresh: bool,
    pub(super) skip: Option<usize>,
    /// The statement that this run begins with.
    pub(super) first: usize,
    /// The transaction that statements share with what is noted about them.
    pub(super) group: Option<Group>,
    /// Where the journal is written while the file has locked tables.
    pub(super) aside: Option<Session>,
}

/// Writes the row that says that it has begun, and gives its number.
pub(super) fn open(
    runner: &Runner<'_>,
    work: &mut Work<'_>,
    prepared: &Prepared,
    why: &Why<'_>,
) -> Result<i64, DbError> {
    let at = now();
    let row = journal::Row {
        statement_started: why.done,
        statement_done: why.done,
        action: why.action,
        reason: why.reason,
        ..work.row(prepared, &at)
    };
    let insert = row.insert(work.dialect, &work.home);
    work.session.execute(&insert)?;
    let find = journal::find(work.dialect, &work.home, runner.run_id, &prepared.step.migration.version);
    let id = work.session.query(&find)?.first().and_then(|row| row.number(0));
    id.ok_or_else(|| DbError::new(Kind::Other, "the journal does not give back what was written to it"))
}

/// From the row that [`journal::state`] asks for: the last statement that was begun, and the last that is in.
fn progress_of(rows: &[Row]) -> Option<(usize, usize)> {
    let number = |column| usize::try_from(rows.first()?.number(column)?).ok();
    Some((number(1)?, number(2)?))
}

impl File<'_, '_> {
    pub(super) fn note(&mut self, started: usize, done: usize) -> Result<(), DbError> {
        (self.progress.started, self.progress.done) = (started, done);
        let note = journal::progress(self.work.dialect, &self.work.home, self.id, started, done);
        if !self.progress.locked_tables {
            return self.work.session.execute(&note);
        }
        if self.work.session.in_transaction(false) {
            // What is not committed must not be noted elsewhere.
            self.progress.within = true;
            return Ok(());
        }
        if self.aside.is_none() {
            let mut session = self.runner.connector.open(Purpose::Write)?;
            self.work.dialect.ready(&mut session, &self.runner.timeouts)?;
            self.aside = Some(session);
        }
        self.aside.as_mut().map_or(Ok(()), |aside| aside.execute(&note))
    }

    pub(super) fn follow(&mut self, statement: &Statement<'_>) {
        if statement.is_transaction_control() {
            let begins = matches!(statement.head().first().map(String::as_str), Some("BEGIN" | "START"));
            self.progress.own_transaction = begins || statement.has("CHAIN");
        }
        match self.work.dialect.effect(statement) {
            Effect::LocksTables => self.progress.locked_tables = true,
            Effect::UnlocksTables => self.progress.locked_tables = false,
            Effect::None | Effect::Setting | Effect::Temporary | Effect::State => {}
        }
    }

    pub(super) fn failed(&self, statement: &Statement<'_>, error: DbError) -> Broken {
        let failure = Failure::of(statement, error);
        self.runner.failed(self.work, self.prepared, std::slice::from_ref(statement), failure)
    }

    /// What ends the file in ledger and journal.
    pub(super) fn ending(&self) -> [String; 2] {
        let (dialect, version) = (self.work.dialect, &self.prepared.step.migration.version);
        let duration_ms = self.started.elapsed().as_millis();
        let closing = Closing { outcome: outcome::DONE, duration_ms, error: None, failed: None };
        [
            journal::record(dialect, &self.work.home, self.prepared.step.direction, &[version]),
            journal::close(dialect, &self.work.home, (self.id, version), &closing),
        ]
    }

    /// Writes ledger and journal, when every statement is in.
    pub(super) fn finish(&mut self) -> Result<(), Broken> {
        if self.progress.finished {
            return Ok(());
        }
        let dialect = self.work.dialect;
        self.work.held.check()?;
        dialect.begin(&mut self.work.session, &self.runner.timeouts, self.runner.observer)?;
        dialect.before_commit(&mut self.work.session, &self.around, true)?;
        self.runner.check_rows(self.work, self.prepared)?;
        let written = self.work.session.execute(&format!("{}; COMMIT", self.ending().join("; ")));
        written.map_err(|error| self.runner.refused(self.work, self.prepared, error))
    }

    /// Closes the journal's row after a failure, and completes the error with what is in.
    pub(super) fn close(&mut self, error: Error) -> Error {
        self.roll_back();
        self.unlock_tables();
        self.read_back();
        let Progress { started, done, failed, .. } = self.progress;
        // What only changed the connection went with it.
        let clean =
            self.fresh && done <= self.prepared.found.idle && (started == done || started <= self.prepared.found.idle);
        let error = if clean {
            error.note("nothing of it is in the database").hint(self.runner.way_on())
        } else {
            self.tell(error)
        };
        self.runner.log(&error, self.prepared);
        let outcome = if clean { outcome::ROLLED_BACK } else { outcome::FAILED };
        let cause = error.cause().map_or_else(|| error.to_string(), str::to_owned);
        let (dialect, home) = (self.work.dialect, &self.work.home);
        let row = (self.id, &self.prepared.step.migration.version);
        let duration_ms = self.started.elapsed().as_millis();
        let closing = Closing { outcome, duration_ms, error: Some(&cause), failed };
        let rows =
            [journal::progress(dialect, home, self.id, started, done), journal::close(dialect, home, row, &closing)];
        // Whatever the file has made of commits.
        let rows = format!("BEGIN; {}; COMMIT", rows.join("; "));
        let Err(first) = self.work.session.execute(&rows) else { return error };
        // The file may have made the connection useless: another one is not.
        tracing::debug!(error = %first, "the failure could not be written on the same connection");
        self.work.rollback();
        let other = self.runner.connector.open(Purpose::Write);
        match other.and_then(|mut session| session.execute(&rows)) {
            Ok(()) => error,
            Err(why) => error.note(format!("this could not be written to the journal: {why}")),
        }
    }

    pub(super) fn roll_back(&mut self) {
        self.progress.stayed |= !self.work.rollback();
    }

    /// Reads how far the file has come, where it had a transaction of its own.
    pub(super) fn read_back(&mut self) {
        if !self.progress.within {
            return;
        }
        let state = journal::state(self.work.dialect, &self.work.home, self.id);
        let own = self.work.session.query(&state).ok().as_deref().and_then(progress_of);
        // The file may have made the connection useless: another one is not.
        let read = own.or_else(|| {
            let mut other = self.runner.connector.open(Purpose::Read).ok()?;
            other.query(&state).ok().as_deref().and_then(progress_of)
        });
        // Where nothing is known, all that was begun is in doubt.
        let (started, done) = read.unwrap_or((self.progress.started.max(1), 0));
        self.progress.started = if self.progress.clean && read.is_some() { done } else { started };
        self.progress.done = done;
        if let (true, Some(failed)) = (self.progress.stayed, self.progress.failed) {
            self.progress.started = failed;
        }
    }

    /// The journal is among the tables that a file may have locked out.
    pub(super) fn unlock_tables(&mut self) {
        if self.progress.locked_tables
            && let Err(error) = self.work.session.execute("UNLOCK TABLES")
        {
            tracing::debug!(%error, "the tables could not be unlocked");
        }
    }

    /// The connection broke: what is in stands in the journal, and is read on another one.
    pub(super) fn find_out(&mut self, lost: Error) -> Result<bool> {
        let migration = &self.prepared.step.migration;
        self.work.transaction = None;
        self.runner.settle(self.work, self.prepared)?;
        let rows = self.work.session.query(&journal::state(self.work.dialect, &self.work.home, self.id));
        let rows =
            rows.map_err(|error| unknown(self.prepared).because(error.into_error("the journal cannot be read")))?;
        if rows.first().is_some_and(|row| row.text(0) == outcome::DONE) {
            let warning = format!("the connection broke while {} was being committed; it is in", what(self.prepared));
            self.runner.observer.warn(warning);
            tracing::info!(version = %migration.version, "the outcome was found in the journal");
            return Ok(true);
        }
        let (started, done) = progress_of(&rows).unwrap_or((0, 0));
        self.progress = Progress { started, done, failed: self.progress.failed, ..Progress::default() };
        Err(self.close(lost))
    }

    /// What is in, and what is in doubt. Half a migration is that, whatever stopped it.
    pub(super) fn tell(&self, error: Error) -> Error {
        let Progress { started, done, failed, .. } = self.progress;
        let (direction, count) = (self.prepared.step.direction, self.prepared.found.count);
        let mut told = reached(direction, count, done, failed.filter(|_| started <= done));
        if started > done {
            let which = if started > done + 1 { format!("statements {} to", done + 1) } else { "statement".to_owned() };
            told = format!("{told}; {which} {started} may have left something behind");
        }
        let error = if error.exit_code() == ExitCode::Failed { error } else { error.with_code(Code::MigrationFailed) };
        error.note(told).hint("`dbtool migrate status` tells how to go on; nothing runs until this is settled")
    }
}
