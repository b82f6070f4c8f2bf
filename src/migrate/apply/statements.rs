//! One migration statement by statement, each noted in the journal before and after.

use std::time::Instant;

use super::file::{File, Progress, Why, open};
use super::runner::Runner;
use super::work::{Broken, Work, what};
use crate::db::{Backoff, DbError, Kind};
use crate::error::{Code, Error, Result};
use crate::migrate::journal::{self, Action};
use crate::migrate::replay::replay;
use crate::migrate::script::Prepared;
use crate::observer::Event;
use crate::sql::Statement;

impl Runner<'_> {
    /// One migration, statement by statement, each noted before and after. `false`: it was already done.
    pub(super) fn by_statements(&self, work: &mut Work<'_>, prepared: &Prepared, why: &Why<'_>) -> Result<bool> {
        let dialect = work.dialect;
        let refused = |work: &Work<'_>, error: DbError| self.refused(work, prepared, error).error;
        if dialect.looks_again() && work.is_done(prepared).map_err(|error| refused(work, error))? {
            return Ok(false);
        }
        let text = prepared.file.whole()?;
        let statements = prepared.statements(&text, dialect);
        let around = dialect
            .before(&mut work.session, &[&prepared.found.survey], false)
            .map_err(|error| refused(work, error))?;
        let id = open(self, work, prepared, why).map_err(|error| refused(work, error))?;
        let progress = Progress { started: why.done, done: why.done, ..Progress::default() };
        let started = Instant::now();
        let fresh = why.action == Action::Run;
        let idle = statements.iter().take_while(|one| dialect.only_sets(one)).count();
        let mut file = File {
            runner: self,
            work,
            prepared,
            around,
            id,
            started,
            progress,
            fresh,
            idle,
            skip: why.skip,
            first: why.done + 1,
            aside: None,
        };
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

impl File<'_, '_> {
    /// Runs the statements that are not in yet.
    fn all(&mut self, statements: &[Statement<'_>]) -> Result<(), Broken> {
        let dialect = self.work.dialect;
        let rest = &statements[self.progress.done.min(statements.len())..];
        // What the earlier statements set for their connection, the later ones may count on. What cannot be had was refused.
        for statement in replay(dialect, statements, self.progress.done).unwrap_or_default() {
            if self.prepared.found.survey.outside.contains(&statement.number) || self.skip == Some(statement.number) {
                continue;
            }
            self.work.session.execute(dialect.text(statement)).map_err(|error| self.failed(statement, error))?;
            self.follow(statement);
        }
        let mut at = 0;
        while let Some(statement) = rest.get(at) {
            self.runner.check_interrupt()?;
            self.work.held.check()?;
            let mut count = 1;
            if self.prepared.found.survey.outside.contains(&statement.number) {
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
            && !self.prepared.found.survey.outside.contains(&statement.number)
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
            // Only what is as it was before can be tried again.
            self.roll_back();
            self.read_back();
            let before = group.first().map_or(0, |one| one.number - 1);
            let untouched = (self.progress.started, self.progress.done) == (before, before);
            if !untouched || !group.iter().all(|one| self.work.dialect.can_repeat(one)) {
                return Err(broken);
            }
            self.pause(broken, &mut backoff)?;
        }
    }

    /// Waits before another attempt; what cannot pass comes back.
    fn pause(&self, broken: Broken, backoff: &mut Backoff) -> Result<(), Broken> {
        if broken.kind.is_none_or(|kind| !kind.is_transient()) || self.runner.interrupt.raised().is_some() {
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
        if !dialect.backend().transactional_ddl() {
            // It stays only if one of them commits by itself, and tells then that they are in doubt.
            let note = journal::progress(dialect, &self.work.home, self.id, last.number, self.progress.done);
            self.work.session.execute(&note).map_err(|error| self.failed(last, error))?;
            self.progress.within = true;
        }
        let skip = self.skip;
        for statement in group.iter().filter(|one| skip != Some(one.number)) {
            let done = self.work.session.execute(dialect.text(statement));
            if let Err(error) = done {
                (self.progress.failed, self.progress.clean) = (Some(statement.number), false);
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
        if let Err(error) = self.work.session.execute(&notes.join("; ")) {
            (self.progress.failed, self.progress.clean) = (Some(last.number), false);
            return Err(self.failed(last, error));
        }
        (self.progress.started, self.progress.done, self.progress.finished) = (number, number, finishes);
        Ok(())
    }

    fn in_transaction(&self) -> bool {
        self.work.session.in_transaction(true)
    }

    /// Outside of any transaction: between the note before and the note after, it is in doubt.
    fn by_itself(&mut self, statement: &Statement<'_>) -> Result<(), Broken> {
        let (dialect, number, done) = (self.work.dialect, statement.number, self.progress.done);
        self.make_way(statement)?;
        let set = dialect.set_timeouts(&mut self.work.session, statement, &self.runner.timeouts);
        set.map_err(|error| self.failed(statement, error))?;
        // A BEGIN is never in doubt.
        if !statement.is_transaction_control() {
            self.note(number, done).map_err(|error| self.failed(statement, error))?;
        }
        let mut backoff = Backoff::new(self.runner.connector.retry());
        while let Err(error) = self.work.session.execute(dialect.text(statement)) {
            let leaves = dialect.may_leave_traces(statement, &error) && !self.clear_away(statement, &error);
            let clean = error.kind != Kind::Lost && !leaves;
            (self.progress.failed, self.progress.clean) = (Some(number), clean);
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
            if statement.is_transaction_control() {
                self.progress.started = done;
            }
            // Otherwise a procedure has begun one, and nothing is noted of it until it ends.
            self.progress.within = true;
            return Ok(());
        }
        self.progress.done = number;
        self.note(number, number).map_err(|error| self.failed(statement, error))
    }

    /// What stands in a statement's place and is of no use: an index whose build has failed. What an earlier attempt at this
    /// statement has left is taken away; what others have left is told, and never skipped over by IF NOT EXISTS.
    fn make_way(&mut self, statement: &Statement<'_>) -> Result<(), Broken> {
        let dialect = self.work.dialect;
        let found = dialect.unfinished(&mut self.work.session, statement);
        let Some(name) = found.map_err(|error| self.failed(statement, error))? else { return Ok(()) };
        // Before it was begun nothing stood there, or it would not have been begun.
        if !self.fresh && statement.number == self.first {
            let removed = dialect.remove_unfinished(&mut self.work.session, &name);
            return removed.map_err(|error| self.failed(statement, error));
        }
        let message = format!("the index `{name}` is there, and of no use: an earlier build of it has failed");
        Err(Error::new(Code::MigrationFailed, message)
            .at(self.prepared.place(dialect, statement.start))
            .hint(format!("`DROP INDEX CONCURRENTLY {name};`, and run the same command again"))
            .into())
    }

    /// Takes away what a statement has left that the server refused. `false`: it may still be there.
    fn clear_away(&mut self, statement: &Statement<'_>, error: &DbError) -> bool {
        let dialect = self.work.dialect;
        if error.kind == Kind::Lost || !dialect.can_clear_away(statement) {
            return false;
        }
        match dialect.unfinished(&mut self.work.session, statement) {
            Ok(None) => true,
            Ok(Some(name)) => dialect.remove_unfinished(&mut self.work.session, &name).is_ok(),
            Err(_) => false,
        }
    }
}
