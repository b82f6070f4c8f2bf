//! One migration statement by statement, each noted in the journal before and after.

use std::time::Instant;

use super::file::{File, Group, Progress, Why, open};
use super::runner::Runner;
use super::work::{Broken, Work, what};
use crate::db::{Backoff, DbError, Failure, Kind};
use crate::error::{Code, Error, Result};
use crate::migrate::direction::Direction;
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
        if dialect.looks_again() {
            let applied = work.applied(std::slice::from_ref(prepared)).map_err(|error| refused(work, error))?;
            if applied.is_empty() == (prepared.step.direction == Direction::Down) {
                return Ok(false);
            }
        }
        let around = dialect
            .before(&mut work.session, &[&prepared.found.survey], false)
            .map_err(|error| refused(work, error))?;
        let id = open(self, work, prepared, why).map_err(|error| refused(work, error))?;
        let progress = Progress { started: why.done, done: why.done, ..Progress::default() };
        let started = Instant::now();
        let fresh = why.action == Action::Run;
        let mut file = File {
            runner: self,
            work,
            prepared,
            around,
            id,
            started,
            progress,
            fresh,
            skip: why.skip,
            first: why.done + 1,
            group: None,
            aside: None,
        };
        let result = file.all().and_then(|()| file.finish());
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
    /// Runs the statements that are not in yet. A group that failed for what can pass is tried again.
    fn all(&mut self) -> Result<(), Broken> {
        self.replay()?;
        let mut backoff = (0, Backoff::new(self.runner.connector.retry()));
        while let Err(broken) = self.pass() {
            let Some(group) = self.group.take() else { return Err(broken) };
            // Only what is as it was before can be tried again.
            self.roll_back();
            self.read_back();
            let before = group.first - 1;
            let untouched = (self.progress.started, self.progress.done) == (before, before);
            if !untouched || !group.repeatable {
                return Err(broken);
            }
            if backoff.0 != group.first {
                backoff = (group.first, Backoff::new(self.runner.connector.retry()));
            }
            self.pause(broken, &mut backoff.1)?;
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

    /// What the earlier statements set for their connection, the later ones may count on. What cannot be had was refused.
    fn replay(&mut self) -> Result<(), Broken> {
        let (dialect, done) = (self.work.dialect, self.progress.done);
        if done == 0 {
            return Ok(());
        }
        let text = self.prepared.file.whole()?;
        let statements = self.prepared.statements(&text, dialect);
        for statement in replay(dialect, &statements, done).unwrap_or_default() {
            if self.prepared.found.survey.outside.contains(&statement.number) || self.skip == Some(statement.number) {
                continue;
            }
            self.work.session.execute(dialect.text(statement)).map_err(|error| self.failed(statement, error))?;
            self.follow(statement);
        }
        Ok(())
    }

    /// Goes through the file, from the first statement that is not in.
    fn pass(&mut self) -> Result<(), Broken> {
        let (prepared, done) = (self.prepared, self.progress.done);
        prepared.parts(self.work.dialect, |part| {
            part.statements.iter().filter(|one| one.number > done).try_for_each(|one| self.one(one))
        })?;
        self.end_group()
    }

    fn one(&mut self, statement: &Statement<'_>) -> Result<(), Broken> {
        self.runner.interrupt.check()?;
        let number = statement.number;
        if number > self.prepared.found.count {
            // It was not there when the file was looked at.
            return Err(self.prepared.changed().into());
        }
        if self.group.as_ref().is_some_and(|group| number > group.last) {
            self.end_group()?;
        }
        if self.group.is_some() {
            return self.in_group(statement);
        }
        self.work.held.check()?;
        let done_before = self.prepared.found.survey.outside.contains(&number);
        if !done_before && self.in_own_transaction() {
            return self.in_their_transaction(statement);
        }
        if !done_before && self.joins(statement) {
            self.begin_group(statement)?;
            return self.in_group(statement);
        }
        if done_before || self.skip == Some(number) {
            return self.note(number, number).map_err(|error| self.failed(statement, error));
        }
        self.by_itself(statement)
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
    /// is no doubt.
    fn begin_group(&mut self, statement: &Statement<'_>) -> Result<(), Broken> {
        let (dialect, first) = (self.work.dialect, statement.number);
        let last = if self.prepared.groups { self.prepared.found.last_of_group(first) } else { first };
        self.group = Some(Group { first, last, at: statement.start, repeatable: true });
        dialect.begin(&mut self.work.session, &self.runner.timeouts, self.runner.observer)?;
        if !dialect.backend().transactional_ddl() {
            // It stays only if one of them commits by itself, and tells then that they are in doubt.
            let note = journal::progress(dialect, &self.work.home, self.id, last, self.progress.done);
            self.work.session.execute(&note).map_err(|error| self.failed(statement, error))?;
            self.progress.within = true;
        }
        Ok(())
    }

    fn in_group(&mut self, statement: &Statement<'_>) -> Result<(), Broken> {
        let (dialect, number) = (self.work.dialect, statement.number);
        if let Some(group) = &mut self.group {
            group.at = statement.start;
            group.repeatable &= dialect.can_repeat(statement);
        }
        if self.skip == Some(number) {
            return Ok(());
        }
        if let Err(error) = self.work.session.execute(dialect.text(statement)) {
            (self.progress.failed, self.progress.clean) = (Some(number), false);
            return Err(self.failed(statement, error));
        }
        if !self.work.session.in_transaction(true) {
            // It has committed, and what stood before it with it.
            self.note(number, number).map_err(|error| self.failed(statement, error))?;
            dialect.begin(&mut self.work.session, &self.runner.timeouts, self.runner.observer)?;
        }
        Ok(())
    }

    /// Commits a group. With the last of the file goes what ends it.
    fn end_group(&mut self) -> Result<(), Broken> {
        let Some(Group { last, at, .. }) = self.group else { return Ok(()) };
        let (dialect, found) = (self.work.dialect, &self.prepared.found);
        // A table that is being rebuilt is back before the file is through.
        dialect.before_commit(&mut self.work.session, &self.around, last >= found.last_change)?;
        let mut notes = vec![journal::progress(dialect, &self.work.home, self.id, last, last)];
        let finishes = self.prepared.groups && last == found.count;
        if finishes {
            self.runner.check_rows(self.work, self.prepared)?;
            notes.extend(self.ending());
        }
        notes.push("COMMIT".to_owned());
        self.work.held.check()?;
        if let Err(error) = self.work.session.execute(&notes.join("; ")) {
            (self.progress.failed, self.progress.clean) = (Some(last), false);
            let failure = Failure { statement: Some(last), offset: Some(at), ours: false, error };
            return Err(self.runner.failed(self.work, self.prepared, &[], failure));
        }
        (self.progress.started, self.progress.done, self.progress.finished) = (last, last, finishes);
        self.group = None;
        Ok(())
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
