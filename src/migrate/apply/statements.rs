//! One migration statement by statement, each noted in the journal before and after.

use std::time::Instant;

use super::runner::Runner;
use super::work::{Broken, Work, now, unknown, what};
use crate::db::{Around, Backoff, DbError, Failure, Kind, Script};
use crate::error::{Code, Error, Result};
use crate::exit_code::ExitCode;
use crate::migrate::journal::{self, Action, outcome};
use crate::migrate::script::Prepared;
use crate::observer::Event;
use crate::sql::Statement;

/// Why a file is run.
pub(super) struct Why<'a> {
    pub(super) action: Action,
    pub(super) reason: Option<&'a str>,
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    /// The last statement that was begun, from 1; 0: none.
    started: usize,
    /// The last statement that is in.
    done: usize,
    /// The file has begun a transaction of its own.
    own_transaction: bool,
}

/// One file on its way.
struct File<'f, 'w> {
    runner: &'f Runner<'f>,
    work: &'f mut Work<'w>,
    prepared: &'f Prepared,
    around: Around,
    /// The number of its row in the journal.
    id: i64,
    started: Instant,
    progress: Progress,
    /// Nothing of it was in before this run.
    fresh: bool,
}

impl Runner<'_> {
    /// One migration, statement by statement, each noted before and after. `from` are the statements that are in already,
    /// from an earlier run. `false`: it was already done.
    pub(super) fn by_statements(
        &self,
        work: &mut Work<'_>,
        prepared: &Prepared,
        from: usize,
        why: &Why<'_>,
    ) -> Result<bool> {
        let dialect = work.dialect;
        let refused = |work: &Work<'_>, error: DbError| self.refused(work, prepared, error).error;
        if dialect.looks_again() && work.is_done(prepared).map_err(|error| refused(work, error))? {
            return Ok(false);
        }
        let statements = prepared.statements(dialect);
        let script = Script { file: &prepared.file.path, source: &prepared.file.text, statements: &statements };
        let around = dialect.before(&mut work.session, &script, false).map_err(|error| refused(work, error))?;
        let id = open(self, work, prepared, from, why).map_err(|error| refused(work, error))?;
        let progress = Progress { started: from, done: from, own_transaction: false };
        let started = Instant::now();
        let mut file =
            File { runner: self, work, prepared, around, id, started, progress, fresh: why.action == Action::Run };
        let result = file.all(&statements).and_then(|()| file.finish());
        let result = match result {
            Ok(()) => Ok(true),
            Err(broken) if broken.kind == Some(Kind::Lost) => file.find_out(broken.error),
            Err(broken) => Err(file.close(broken.error)),
        };
        let undone = dialect.after(&mut file.work.session, &file.around);
        if let Err(error) = undone {
            tracing::debug!(%error, "the connection's settings could not be put back");
        }
        result
    }
}

/// Writes the row that says that it has begun, and gives its number.
fn open(
    runner: &Runner<'_>,
    work: &mut Work<'_>,
    prepared: &Prepared,
    from: usize,
    why: &Why<'_>,
) -> Result<i64, DbError> {
    let at = now();
    let row = journal::Row {
        statement_started: from,
        statement_done: from,
        action: why.action,
        reason: why.reason,
        ..work.row(prepared, &at)
    };
    let insert = row.insert(work.dialect, &work.home);
    work.session.execute(&insert)?;
    let find = journal::find(work.dialect, &work.home, runner.run_id, &prepared.step.migration.version);
    Ok(work.session.query(&find)?.first().and_then(|row| row.number(0)).unwrap_or(0))
}

impl File<'_, '_> {
    /// Runs the statements that are not in yet.
    fn all(&mut self, statements: &[Statement<'_>]) -> Result<(), Broken> {
        let dialect = self.work.dialect;
        let (past, rest) = statements.split_at(self.progress.done.min(statements.len()));
        // What the earlier statements set for their connection, the later ones may count on.
        let settings =
            past.iter().filter(|one| dialect.sets_the_session(one) && !self.around.outside.contains(&one.number));
        for statement in settings {
            self.work.session.execute(statement.whole).map_err(|error| self.failed(statement, error))?;
        }
        for (at, statement) in rest.iter().enumerate() {
            self.work.held.check()?;
            if self.around.outside.contains(&statement.number) {
                // Done before the first statement.
                self.note(statement.number, statement.number).map_err(|error| self.failed(statement, error))?;
            } else if self.in_own_transaction() {
                self.in_their_transaction(statement)?;
            } else if dialect.can_join_journal(statement) {
                // A table that is being rebuilt is back before the file is through.
                let later = &rest[at + 1..];
                let through = !later.iter().any(|one| {
                    one.begins(&["ALTER", "TABLE"])
                        || one.begins(&["CREATE"])
                        || one.begins(&["DROP"])
                        || one.begins(&["DELETE"])
                });
                self.with_its_note(statement, through)?;
            } else {
                self.by_itself(statement)?;
            }
        }
        if self.in_own_transaction() {
            let error = Error::new(Code::MigrationFailed, format!("{} leaves a transaction open", what(self.prepared)));
            return Err(error.hint("end it with COMMIT").into());
        }
        Ok(())
    }

    fn in_own_transaction(&self) -> bool {
        self.work.session.in_transaction(self.progress.own_transaction)
    }

    /// In the file's own transaction: what we noted would be rolled back with it, so it is noted when that ends.
    fn in_their_transaction(&mut self, statement: &Statement<'_>) -> Result<(), Broken> {
        if statement.is_transaction_control() {
            self.work.dialect.before_commit(&mut self.work.session, &self.around, true)?;
        }
        self.work.session.execute(statement.whole).map_err(|error| self.failed(statement, error))?;
        self.follow(statement);
        // COMMIT AND CHAIN ends a transaction, too, and begins the next.
        if statement.is_transaction_control() {
            self.note(statement.number, statement.number).map_err(|error| self.failed(statement, error))?;
        }
        Ok(())
    }

    /// In a transaction with its note: it is in, or it is not, and there is no doubt. What can pass is tried again.
    fn with_its_note(&mut self, statement: &Statement<'_>, through: bool) -> Result<(), Broken> {
        let mut backoff = Backoff::new(self.runner.connector.retry());
        loop {
            let broken = match self.join(statement, through) {
                Ok(()) => return Ok(()),
                Err(broken) => broken,
            };
            if broken.kind.is_none_or(|kind| !kind.is_transient()) {
                return Err(broken);
            }
            let Some(delay) = backoff.next_pause() else { return Err(broken) };
            self.work.rollback();
            let label = self.prepared.step.migration.label();
            let reason = format!("`{label}`: {}", broken.error.cause().unwrap_or_default());
            self.runner.observer.on(Event::Retrying { reason, delay });
            std::thread::sleep(delay);
        }
    }

    fn join(&mut self, statement: &Statement<'_>, through: bool) -> Result<(), Broken> {
        let (dialect, number) = (self.work.dialect, statement.number);
        dialect.begin(&mut self.work.session, &self.runner.timeouts, self.runner.observer)?;
        self.work.session.execute(statement.whole).map_err(|error| self.failed(statement, error))?;
        dialect.before_commit(&mut self.work.session, &self.around, through)?;
        let note = journal::progress(dialect, &self.work.home, self.id, number, number);
        let noted = self.work.session.execute(&format!("{note}; COMMIT"));
        noted.map_err(|error| self.failed(statement, error))?;
        (self.progress.started, self.progress.done) = (number, number);
        Ok(())
    }

    /// Outside of any transaction: between the note before and the note after, it is in doubt.
    fn by_itself(&mut self, statement: &Statement<'_>) -> Result<(), Broken> {
        let (dialect, number, done) = (self.work.dialect, statement.number, self.progress.done);
        let set = dialect.set_timeouts(&mut self.work.session, statement, &self.runner.timeouts);
        set.map_err(|error| self.failed(statement, error))?;
        self.note(number, done).map_err(|error| self.failed(statement, error))?;
        if let Err(error) = self.work.session.execute(statement.whole) {
            if error.kind != Kind::Lost && !dialect.may_leave_traces(statement) {
                self.progress.started = done;
            }
            return Err(self.failed(statement, error));
        }
        self.follow(statement);
        if self.in_own_transaction() {
            // It was their BEGIN.
            self.progress.started = done;
            return Ok(());
        }
        self.progress.done = number;
        self.note(number, number).map_err(|error| self.failed(statement, error))
    }

    fn note(&mut self, started: usize, done: usize) -> Result<(), DbError> {
        (self.progress.started, self.progress.done) = (started, done);
        let note = journal::progress(self.work.dialect, &self.work.home, self.id, started, done);
        self.work.session.execute(&note)
    }

    fn follow(&mut self, statement: &Statement<'_>) {
        if statement.is_transaction_control() {
            let begins = matches!(statement.head().first().map(String::as_str), Some("BEGIN" | "START"));
            self.progress.own_transaction = begins || statement.has("CHAIN");
        }
    }

    fn failed(&self, statement: &Statement<'_>, error: DbError) -> Broken {
        let failure = Failure::of(statement, error);
        self.runner.failed(self.work, self.prepared, std::slice::from_ref(statement), failure)
    }

    /// Writes ledger and journal, when every statement is in.
    fn finish(&mut self) -> Result<(), Broken> {
        let dialect = self.work.dialect;
        let version = &self.prepared.step.migration.version;
        self.work.held.check()?;
        dialect.begin(&mut self.work.session, &self.runner.timeouts, self.runner.observer)?;
        dialect.before_commit(&mut self.work.session, &self.around, true)?;
        let took = self.started.elapsed().as_millis();
        let rows = [
            journal::record(dialect, &self.work.home, self.prepared.step.direction, version),
            journal::close(dialect, &self.work.home, (self.id, version), outcome::DONE, took, None),
            "COMMIT".to_owned(),
        ];
        let written = self.work.session.execute(&rows.join("; "));
        written.map_err(|error| self.runner.refused(self.work, self.prepared, error))
    }

    /// Closes the journal's row after a failure, and completes the error with what is in.
    fn close(&mut self, error: Error) -> Error {
        self.work.rollback();
        let Progress { started, done, .. } = self.progress;
        let clean = self.fresh && done == 0 && started == 0;
        let error = if clean { error.note("nothing of it is in the database") } else { self.tell(error) };
        self.runner.log(&error, self.prepared);
        let outcome = if clean { outcome::ROLLED_BACK } else { outcome::FAILED };
        let cause = error.cause().unwrap_or_default().to_owned();
        let (dialect, home) = (self.work.dialect, &self.work.home);
        let row = (self.id, &self.prepared.step.migration.version);
        let close = [
            journal::progress(dialect, home, self.id, started, done),
            journal::close(dialect, home, row, outcome, self.started.elapsed().as_millis(), Some(&cause)),
        ];
        if let Err(error) = close.iter().try_for_each(|sql| self.work.session.execute(sql)) {
            tracing::debug!(%error, "the failure could not be written to the journal");
        }
        error
    }

    /// The connection broke: what is in stands in the journal, and is read on another one.
    fn find_out(&mut self, lost: Error) -> Result<bool> {
        let migration = &self.prepared.step.migration;
        self.work.transaction = None;
        self.runner.settle(self.work, self.prepared)?;
        let rows = self.work.session.query(&journal::state(self.work.dialect, &self.work.home, self.id));
        let rows =
            rows.map_err(|error| unknown(self.prepared).because(error.into_error("the journal cannot be read")))?;
        let number = |column| rows.first().and_then(|row| row.number(column)).and_then(|n| usize::try_from(n).ok());
        if rows.first().is_some_and(|row| row.text(0) == outcome::DONE) {
            let warning = format!("the connection broke while {} was being committed; it is in", what(self.prepared));
            self.runner.observer.warn(warning);
            tracing::info!(version = %migration.version, "the outcome was found in the journal");
            return Ok(true);
        }
        let (started, done) = (number(1).unwrap_or(0), number(2).unwrap_or(0));
        self.progress = Progress { started, done, own_transaction: false };
        Err(self.close(lost))
    }

    /// What is in, and what is in doubt. Half a migration is that, whatever stopped it.
    fn tell(&self, error: Error) -> Error {
        let total = self.prepared.count;
        let is_in = match self.progress.done {
            0 => "none of its statements is known to be in".to_owned(),
            1 => format!("statement 1 of {total} is in the database"),
            done => format!("statements 1 to {done} of {total} are in the database"),
        };
        let doubt = if self.progress.started > self.progress.done {
            format!("; statement {} may have left something behind", self.progress.started)
        } else {
            String::new()
        };
        let error = if error.exit_code() == ExitCode::Failed { error } else { error.with_code(Code::MigrationFailed) };
        error
            .note(format!("{is_in}{doubt}"))
            .hint("`dbtool migrate status` tells how to go on; nothing runs until this is settled")
    }
}
