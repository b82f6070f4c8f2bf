//! One migration statement by statement, each noted in the journal before and after.

use std::time::Instant;

use super::runner::Runner;
use super::work::{Broken, Work, now, unknown, what};
use crate::db::{Around, Backoff, DbError, Dialect, Effect, Failure, Kind, Purpose, Row, Script, Session};
use crate::error::{Code, Error, Result};
use crate::exit_code::ExitCode;
use crate::migrate::journal::{self, Action, Closing, outcome};
use crate::migrate::script::Prepared;
use crate::observer::Event;
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
struct Progress {
    /// The last statement that was begun, from 1; 0: none.
    started: usize,
    /// The last statement that is in.
    done: usize,
    /// The file has begun a transaction of its own.
    own_transaction: bool,
    /// The statement that failed.
    failed: Option<usize>,
    /// Statements have run in it, so that the journal alone knows how far the file has come.
    within: bool,
    /// The statement that failed has left nothing.
    clean: bool,
    /// The file has locked tables, and reaches no others.
    locked_tables: bool,
    /// Ledger and journal are written.
    finished: bool,
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
    skip: Option<usize>,
    /// Where the journal is written while the file has locked tables.
    aside: Option<Session>,
}

impl Runner<'_> {
    /// One migration, statement by statement, each noted before and after. `false`: it was already done.
    pub(super) fn by_statements(&self, work: &mut Work<'_>, prepared: &Prepared, why: &Why<'_>) -> Result<bool> {
        let dialect = work.dialect;
        let refused = |work: &Work<'_>, error: DbError| self.refused(work, prepared, error).error;
        if dialect.looks_again() && work.is_done(prepared).map_err(|error| refused(work, error))? {
            return Ok(false);
        }
        let statements = prepared.statements(dialect);
        let script = Script { file: &prepared.file.path, source: &prepared.file.text, statements: &statements };
        let around = dialect.before(&mut work.session, &script, false).map_err(|error| refused(work, error))?;
        let id = open(self, work, prepared, why).map_err(|error| refused(work, error))?;
        let progress = Progress { started: why.done, done: why.done, ..Progress::default() };
        let started = Instant::now();
        let fresh = why.action == Action::Run;
        let mut file =
            File { runner: self, work, prepared, around, id, started, progress, fresh, skip: why.skip, aside: None };
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
fn open(runner: &Runner<'_>, work: &mut Work<'_>, prepared: &Prepared, why: &Why<'_>) -> Result<i64, DbError> {
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
    Ok(work.session.query(&find)?.first().and_then(|row| row.number(0)).unwrap_or(0))
}

/// From the row that [`journal::state`] asks for: the last statement that was begun, and the last that is in.
fn progress_of(rows: &[Row]) -> Option<(usize, usize)> {
    let number = |column| usize::try_from(rows.first()?.number(column)?).ok();
    Some((number(1)?, number(2)?))
}

/// What an earlier statement set for its connection, and the later ones may count on.
fn is_setting(dialect: &dyn Dialect, statement: &Statement<'_>) -> bool {
    matches!(dialect.effect(statement), Effect::Setting | Effect::LocksTables | Effect::UnlocksTables)
}

impl File<'_, '_> {
    /// Runs the statements that are not in yet.
    fn all(&mut self, statements: &[Statement<'_>]) -> Result<(), Broken> {
        let dialect = self.work.dialect;
        let (past, rest) = statements.split_at(self.progress.done.min(statements.len()));
        // What the earlier statements set for their connection, the later ones may count on.
        for statement in past {
            if !is_setting(dialect, statement) || self.around.outside.contains(&statement.number) {
                continue;
            }
            self.work.session.execute(dialect.text(statement)).map_err(|error| self.failed(statement, error))?;
            self.follow(statement);
        }
        let mut at = 0;
        while let Some(statement) = rest.get(at) {
            self.work.held.check()?;
            let mut count = 1;
            if self.around.outside.contains(&statement.number) {
                // Done before the first statement.
                self.note(statement.number, statement.number).map_err(|error| self.failed(statement, error))?;
            } else if self.in_own_transaction() {
                self.in_their_transaction(statement)?;
            } else if self.joins(statement) {
                if self.prepared.groups {
                    count = rest[at..].iter().take_while(|one| self.joins(one)).count();
                }
                let (group, later) = rest[at..].split_at(count);
                self.with_its_note(group, later)?;
            } else if self.skip == Some(statement.number) {
                self.note(statement.number, statement.number).map_err(|error| self.failed(statement, error))?;
            } else {
                self.by_itself(statement)?;
            }
            at += count;
        }
        if self.progress.locked_tables {
            let error = Error::new(Code::MigrationFailed, format!("{} leaves tables locked", what(self.prepared)));
            return Err(error.hint("end it with UNLOCK TABLES").into());
        }
        if self.in_own_transaction() {
            let error = Error::new(Code::MigrationFailed, format!("{} leaves a transaction open", what(self.prepared)));
            return Err(error.hint("end it with COMMIT").into());
        }
        Ok(())
    }

    /// Whether a statement can share a transaction with what is noted about it.
    fn joins(&self, statement: &Statement<'_>) -> bool {
        !self.around.by_itself
            && !self.progress.locked_tables
            && !self.around.outside.contains(&statement.number)
            && self.work.dialect.can_join_journal(statement)
    }

    fn in_own_transaction(&self) -> bool {
        self.work.session.in_transaction(self.progress.own_transaction)
    }

    /// In the file's own transaction: what is noted goes with it, whatever becomes of it. Where the schema cannot be changed
    /// in one, a statement may commit it, and fail afterwards.
    fn in_their_transaction(&mut self, statement: &Statement<'_>) -> Result<(), Broken> {
        let (dialect, number, done) = (self.work.dialect, statement.number, self.progress.done);
        let control = statement.is_transaction_control();
        // A commit is noted in what it commits.
        let commits = statement.begins(&["COMMIT"]) || statement.begins(&["END"]);
        self.progress.within = true;
        if control {
            dialect.before_commit(&mut self.work.session, &self.around, true)?;
        }
        if commits {
            self.note(number, number).map_err(|error| self.failed(statement, error))?;
        } else if !control && !dialect.backend().transactional_ddl() && !dialect.can_join_journal(statement) {
            self.note(number, done).map_err(|error| self.failed(statement, error))?;
        }
        let skipped = self.skip == Some(number);
        if !skipped && let Err(error) = self.work.session.execute(dialect.text(statement)) {
            self.progress.failed = Some(number);
            self.progress.clean = error.kind != Kind::Lost && !dialect.may_leave_traces(statement, &error);
            return Err(self.failed(statement, error));
        }
        self.follow(statement);
        if commits { Ok(()) } else { self.note(number, number).map_err(|error| self.failed(statement, error)) }
    }

    /// One statement, or several, in a transaction with what is noted about them: they are in, or they are not, and there
    /// is no doubt. What can pass is tried again. With the last of the file goes what ends it.
    fn with_its_note(&mut self, group: &[Statement<'_>], later: &[Statement<'_>]) -> Result<(), Broken> {
        let mut backoff = Backoff::new(self.runner.connector.retry());
        loop {
            let broken = match self.join(group, later) {
                Ok(()) => return Ok(()),
                Err(broken) => broken,
            };
            self.pause(broken, &mut backoff)?;
            self.work.rollback();
        }
    }

    /// Waits before another attempt; what cannot pass comes back.
    fn pause(&self, broken: Broken, backoff: &mut Backoff) -> Result<(), Broken> {
        if broken.kind.is_none_or(|kind| !kind.is_transient()) {
            return Err(broken);
        }
        let Some(delay) = backoff.next_pause() else { return Err(broken) };
        let label = self.prepared.step.migration.label();
        let reason = format!("`{label}`: {}", broken.error.cause().unwrap_or_default());
        self.runner.observer.on(Event::Retrying { reason, delay });
        std::thread::sleep(delay);
        Ok(())
    }

    fn join(&mut self, group: &[Statement<'_>], later: &[Statement<'_>]) -> Result<(), Broken> {
        let (dialect, Some(last)) = (self.work.dialect, group.last()) else { return Ok(()) };
        dialect.begin(&mut self.work.session, &self.runner.timeouts, self.runner.observer)?;
        let skip = self.skip;
        for statement in group.iter().filter(|one| skip != Some(one.number)) {
            let done = self.work.session.execute(dialect.text(statement));
            if let Err(error) = done {
                self.progress.failed = Some(statement.number);
                return Err(self.failed(statement, error));
            }
            if !self.in_transaction() {
                // It has committed, and what stood before it with it.
                self.note(statement.number, statement.number).map_err(|error| self.failed(statement, error))?;
                dialect.begin(&mut self.work.session, &self.runner.timeouts, self.runner.observer)?;
            }
        }
        // A table that is being rebuilt is back before the file is through.
        let through = !later.iter().any(|one| {
            one.begins(&["ALTER", "TABLE"])
                || one.begins(&["CREATE"])
                || one.begins(&["DROP"])
                || one.begins(&["DELETE"])
        });
        dialect.before_commit(&mut self.work.session, &self.around, through)?;
        let number = last.number;
        let mut notes = vec![journal::progress(dialect, &self.work.home, self.id, number, number)];
        let finishes = self.prepared.groups && later.is_empty();
        if finishes {
            notes.extend(self.ending());
        }
        notes.push("COMMIT".to_owned());
        self.work.held.check()?;
        let noted = self.work.session.execute(&notes.join("; "));
        noted.map_err(|error| self.failed(last, error))?;
        (self.progress.started, self.progress.done, self.progress.finished) = (number, number, finishes);
        Ok(())
    }

    fn in_transaction(&self) -> bool {
        self.work.session.in_transaction(true)
    }

    /// Outside of any transaction: between the note before and the note after, it is in doubt.
    fn by_itself(&mut self, statement: &Statement<'_>) -> Result<(), Broken> {
        let (dialect, number, done) = (self.work.dialect, statement.number, self.progress.done);
        let set = dialect.set_timeouts(&mut self.work.session, statement, &self.runner.timeouts);
        set.map_err(|error| self.failed(statement, error))?;
        // A BEGIN is never in doubt.
        if !statement.is_transaction_control() {
            self.note(number, done).map_err(|error| self.failed(statement, error))?;
        }
        let mut backoff = Backoff::new(self.runner.connector.retry());
        while let Err(error) = self.work.session.execute(dialect.text(statement)) {
            let clean = error.kind != Kind::Lost && !dialect.may_leave_traces(statement, &error);
            self.progress.failed = Some(number);
            let broken = self.failed(statement, error);
            if !clean {
                return Err(broken);
            }
            if let Err(broken) = self.pause(broken, &mut backoff) {
                self.progress.started = done;
                return Err(broken);
            }
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
        if !self.progress.locked_tables {
            return self.work.session.execute(&note);
        }
        let aside = match self.aside.take() {
            Some(session) => session,
            None => self.runner.connector.open(Purpose::Write)?,
        };
        self.aside.insert(aside).execute(&note)
    }

    fn follow(&mut self, statement: &Statement<'_>) {
        if statement.is_transaction_control() {
            let begins = matches!(statement.head().first().map(String::as_str), Some("BEGIN" | "START"));
            self.progress.own_transaction = begins || statement.has("CHAIN");
        }
        match self.work.dialect.effect(statement) {
            Effect::LocksTables => self.progress.locked_tables = true,
            Effect::UnlocksTables => self.progress.locked_tables = false,
            Effect::None | Effect::Setting | Effect::State => {}
        }
    }

    fn failed(&self, statement: &Statement<'_>, error: DbError) -> Broken {
        let failure = Failure::of(statement, error);
        self.runner.failed(self.work, self.prepared, std::slice::from_ref(statement), failure)
    }

    /// What ends the file in ledger and journal.
    fn ending(&self) -> [String; 2] {
        let (dialect, version) = (self.work.dialect, &self.prepared.step.migration.version);
        let duration_ms = self.started.elapsed().as_millis();
        let closing = Closing { outcome: outcome::DONE, duration_ms, error: None, failed: None };
        [
            journal::record(dialect, &self.work.home, self.prepared.step.direction, version),
            journal::close(dialect, &self.work.home, (self.id, version), &closing),
        ]
    }

    /// Writes ledger and journal, when every statement is in.
    fn finish(&mut self) -> Result<(), Broken> {
        if self.progress.finished {
            return Ok(());
        }
        let dialect = self.work.dialect;
        self.work.held.check()?;
        dialect.begin(&mut self.work.session, &self.runner.timeouts, self.runner.observer)?;
        dialect.before_commit(&mut self.work.session, &self.around, true)?;
        let written = self.work.session.execute(&format!("{}; COMMIT", self.ending().join("; ")));
        written.map_err(|error| self.runner.refused(self.work, self.prepared, error))
    }

    /// Closes the journal's row after a failure, and completes the error with what is in.
    fn close(&mut self, error: Error) -> Error {
        self.work.rollback();
        self.unlock_tables();
        self.read_back();
        let Progress { started, done, failed, .. } = self.progress;
        let clean = self.fresh && done == 0 && started == 0;
        let error = if clean { error.note("nothing of it is in the database") } else { self.tell(error) };
        self.runner.log(&error, self.prepared);
        let outcome = if clean { outcome::ROLLED_BACK } else { outcome::FAILED };
        let cause = error.cause().unwrap_or_default().to_owned();
        let (dialect, home) = (self.work.dialect, &self.work.home);
        let row = (self.id, &self.prepared.step.migration.version);
        let duration_ms = self.started.elapsed().as_millis();
        let closing = Closing { outcome, duration_ms, error: Some(&cause), failed };
        let close =
            [journal::progress(dialect, home, self.id, started, done), journal::close(dialect, home, row, &closing)];
        if let Err(error) = close.iter().try_for_each(|sql| self.work.session.execute(sql)) {
            tracing::debug!(%error, "the failure could not be written to the journal");
        }
        error
    }

    /// Reads how far the file has come, where it had a transaction of its own.
    fn read_back(&mut self) {
        if !self.progress.within {
            return;
        }
        let state = journal::state(self.work.dialect, &self.work.home, self.id);
        if let Some((started, done)) = self.work.session.query(&state).ok().as_deref().and_then(progress_of) {
            (self.progress.started, self.progress.done) = (if self.progress.clean { done } else { started }, done);
        }
    }

    /// The journal is among the tables that a file may have locked out.
    fn unlock_tables(&mut self) {
        if self.progress.locked_tables
            && let Err(error) = self.work.session.execute("UNLOCK TABLES")
        {
            tracing::debug!(%error, "the tables could not be unlocked");
        }
    }

    /// The connection broke: what is in stands in the journal, and is read on another one.
    fn find_out(&mut self, lost: Error) -> Result<bool> {
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
            match self.progress.failed {
                Some(failed) if failed > self.progress.done + 1 => {
                    format!("; statement {failed} failed, and those between were rolled back with it")
                }
                _ => String::new(),
            }
        };
        let error = if error.exit_code() == ExitCode::Failed { error } else { error.with_code(Code::MigrationFailed) };
        error
            .note(format!("{is_in}{doubt}"))
            .hint("`dbtool migrate status` tells how to go on; nothing runs until this is settled")
    }
}
