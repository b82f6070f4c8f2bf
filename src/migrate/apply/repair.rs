//! The way out of a half-applied migration, and of a changed one: said by a person, with a reason, and recorded.

use std::time::Instant;

use super::file::Why;
use super::runner::{Finished, Look, Runner};
use super::watch::Watch;
use super::work::{Work, now};
use crate::db::DbError;
use crate::error::{Code, Error, Result};
use crate::migrate::direction::Direction;
use crate::migrate::half::anew;
use crate::migrate::inventory::{Entry, State};
use crate::migrate::journal::{self, Action, outcome};
use crate::migrate::plan::Step;
use crate::migrate::replay::replay;
use crate::migrate::report::{Outcome, Ran};
use crate::migrate::resolve::{Target, resolve};
use crate::migrate::runs;
use crate::migrate::script::{Mode, Prepared, prepare};
use crate::observer::Event;
use crate::sql::{self, Statement};

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Run the failed or doubtful statement again, and the rest.
    Retry,
    /// Take that statement as done, and run the rest.
    Resume,
    /// It is applied: I have finished it.
    MarkApplied,
    /// It is not applied: I have undone it.
    MarkPending,
    /// The file as it is now is what is applied.
    AcceptChecksum,
}

impl Choice {
    fn action(self) -> Action {
        match self {
            Choice::Retry => Action::Retry,
            Choice::Resume => Action::Resume,
            Choice::MarkApplied => Action::MarkApplied,
            Choice::MarkPending => Action::MarkPending,
            Choice::AcceptChecksum => Action::AcceptChecksum,
        }
    }
}

impl Runner<'_> {
    /// Does what a person decided about a version; without one, about the only one that asks for it.
    pub fn repair(&self, version: Option<&str>, choice: Choice, reason: &str) -> Result<Finished> {
        let Some(mut session) = self.first_session()? else {
            return Err(nothing(choice));
        };
        let look = self.look(Some(&mut session), false)?;
        find(&look, version, choice)?;
        self.check_writable(&look)?;
        look.history.meta.check(self.environment)?;
        let (locked, look) = self.lock(session, look)?;
        // Another may have settled it meanwhile.
        let entry = find(&look, version, choice)?;
        check_idle(entry)?;
        match choice {
            Choice::Retry | Choice::Resume => {
                let (prepared, done, skip) = self.rest(entry, choice)?;
                let watch = Watch::default();
                let mut work = self.work(locked, &look, std::slice::from_ref(&prepared), &watch)?;
                check_unchanged(&mut work, entry, &prepared, done)?;

                let started = Instant::now();
                let label = prepared.step.migration.label();
                work.begin_step(std::slice::from_ref(&prepared), self.observer);
                let why = Why { action: choice.action(), reason: Some(reason), done, skip };
                let result = self.watched(&watch, || self.by_statements(&mut work, &prepared, &why));
                let took = started.elapsed();
                let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Failed };
                if result.is_ok() {
                    let done = prepared.step.direction.done();
                    self.observer.on(Event::StepDone { done, label, took });
                }
                let mut ran = Ran::new(&prepared.step, outcome);
                ran.duration_ms = Some(took.as_millis());
                ran.error = result.as_ref().err().map(ToString::to_string);
                Ok(Finished {
                    migrations: vec![ran],
                    failure: result.err().map(|error| self.as_interrupted(&prepared, error)),
                })
            }
            Choice::MarkApplied | Choice::MarkPending | Choice::AcceptChecksum => {
                let watch = Watch::default();
                let mut work = self.work(locked, &look, &[], &watch)?;
                let direction = if choice == Choice::MarkPending { Direction::Down } else { Direction::Up };
                self.mark(&mut work, entry, direction, choice.action(), Some(reason))?;
                let ran = Ran {
                    version: entry.version.to_string(),
                    name: entry.name.clone(),
                    direction,
                    outcome: Outcome::Recorded,
                    duration_ms: None,
                    error: None,
                    label: entry.label(),
                };
                Ok(Finished { migrations: vec![ran], failure: None })
            }
        }
    }

    /// The rest of a half-run file, how many of its statements are taken as done, and one after those that is.
    fn rest(&self, entry: &Entry, choice: Choice) -> Result<(Prepared, usize, Option<usize>)> {
        let (Some(half), Some(migration)) = (&entry.half, &entry.migration) else {
            return Err(Error::new(
                Code::Missing,
                format!("`{}` has no directory here, so its rest cannot be run", entry.label()),
            )
            .hint(
                "check out the release that has it, or finish by hand and use `--mark-applied` or `--mark-pending`",
            ));
        };
        if half.escaped {
            let message =
                format!("which statements of `{}` are in is not known, so its rest cannot be run", entry.label());
            return Err(Error::new(Code::Refused, message)
                .hint("finish or undo it by hand, and use `--mark-applied` or `--mark-pending`"));
        }
        let step = Step { direction: half.direction, migration: migration.clone(), recorded: None };
        let mut all = prepare(std::slice::from_ref(&step), self.connector.dialect(), false)?;
        let Some(mut prepared) = all.pop() else {
            return Err(nothing(choice));
        };
        // It began statement by statement, and so it ends, whatever its metadata says by now.
        prepared.mode = Mode::Statements;
        let failed = half.failed();
        if choice == Choice::Resume && half.started > half.done + 1 {
            let message = format!(
                "statements {} to {} are in doubt, so none of them can be taken as done",
                half.done + 1,
                half.started
            );
            return Err(Error::new(Code::Refused, message)
                .hint("if none of them was done, `--retry` runs them again")
                .hint("finish or undo it by hand, and use `--mark-applied` or `--mark-pending`"));
        }
        let (from, skip) = match choice {
            _ if half.is_through() => (half.done, None),
            Choice::Retry => (half.done, None),
            // Those between were rolled back with it, and run again.
            _ if failed > half.done + 1 && half.started == half.done => (half.done, Some(failed)),
            _ => (failed, Some(failed)),
        };
        let dialect = self.connector.dialect();
        let text = prepared.file.whole()?;
        let statements = prepared.statements(&text, dialect);
        if let Err(state) = replay(dialect, &statements, from) {
            let message =
                "what this statement left or asks for went with its connection, and cannot be had on another one";
            return Err(Error::new(Code::Refused, message)
                .at(prepared.place(dialect, state.start))
                .hint("finish or undo it by hand, and use `--mark-applied` or `--mark-pending`"));
        }
        let skipped = statements.get(failed - 1).filter(|_| !half.is_through()).cloned();
        if let (Choice::Resume, Some(statement)) = (choice, skipped.filter(Statement::is_transaction_control)) {
            return Err(Error::new(
                Code::Refused,
                "the statement that would be taken as done begins or ends a transaction",
            )
            .at(prepared.place(self.connector.dialect(), statement.start))
            .hint("`--retry` runs it again, and the rest with it"));
        }
        if from > prepared.found.count {
            let message = format!("the file has {} statements now, and {from} were run", prepared.found.count);
            return Err(Error::new(Code::Changed, message).hint("put back the statements that were run"));
        }
        Ok((prepared, from, skip))
    }

    /// Writes ledger and journal as a person says they are.
    pub(super) fn mark(
        &self,
        work: &mut Work<'_>,
        entry: &Entry,
        direction: Direction,
        action: Action,
        reason: Option<&str>,
    ) -> Result<()> {
        let dialect = work.dialect;
        let at = now();
        let up = entry.migration.as_ref().map(|migration| migration.up()).transpose()?;
        let down = entry
            .migration
            .as_ref()
            .filter(|_| entry.is_reversible())
            .map(|migration| migration.down())
            .transpose()?
            .flatten();
        let checksum = match &up {
            Some(up) => up.checksum(dialect.rules())?,
            None => sql::checksum("", dialect.rules()),
        };
        let row = journal::Row {
            provenance: &work.provenance,
            version: &entry.version,
            name: &entry.name,
            direction,
            in_transaction: false,
            statements: 0,
            statement_started: 0,
            statement_done: 0,
            checksum: &checksum,
            up: up.as_ref().map_or(Some(""), |file| file.held().map(|text| &**text)),
            down: down.as_ref().and_then(|file| file.held()).map(|text| &**text),
            started_at: &at,
            duration_ms: None,
            outcome: outcome::DONE,
            error: None,
            action,
            reason,
            connection: None,
        };
        let mut statements = Vec::new();
        if entry.is_applied() != (direction == Direction::Up) {
            statements.push(journal::record(dialect, &work.home, direction, &[&entry.version]));
        }
        statements.push(row.insert(dialect, &work.home));
        work.held.check()?;
        dialect.begin(&mut work.session, &self.timeouts, self.observer)?;
        let written = statements
            .iter()
            .try_for_each(|sql| work.session.execute(sql))
            .and_then(|()| work.session.execute("COMMIT"));
        written.map_err(|error: DbError| error.into_error(format!("cannot record `{}`", entry.label())))
    }
}

/// The entry that a choice is about.
fn find<'l>(look: &'l Look, version: Option<&str>, choice: Choice) -> Result<&'l Entry> {
    let wanted = if choice == Choice::AcceptChecksum { State::Changed } else { State::Failed };
    let entries = &look.inventory.entries;
    let entry = if let Some(version) = version {
        let target = resolve(&look.inventory, version)?;
        entries.iter().find(|entry| target == Target::Version(entry.version.clone()))
    } else {
        let mut all = entries.iter().filter(|entry| entry.state == wanted);
        let first = all.next();
        if all.next().is_some() {
            let error = Error::new(Code::AmbiguousVersion, "several migrations ask for it");
            return Err(error.hint("name the version"));
        }
        first
    };
    match entry {
        Some(entry) if entry.state == wanted => Ok(entry),
        Some(entry) => {
            let message =
                format!("`{}` is {}, so there is nothing to repair in this way", entry.label(), entry.state.name());
            Err(Error::new(Code::Usage, message).hint("`dbtool migrate status` shows the states"))
        }
        None => Err(nothing(choice)),
    }
}

fn nothing(choice: Choice) -> Error {
    let what = if choice == Choice::AcceptChecksum {
        "no applied migration was changed"
    } else {
        "no migration is half applied"
    };
    Error::new(Code::Usage, what).hint("`dbtool migrate status` shows the states")
}

/// A server that has not noticed that its client is gone works on: what is said now may not hold in a moment, and what is run
/// would run twice at once.
fn check_idle(entry: &Entry) -> Result<()> {
    let Some(connection) = entry.half.as_ref().filter(|half| half.at_work).and_then(|half| half.connection) else {
        return Ok(());
    };
    let message = format!("`{}` was left by its runner, and the server still works on it", entry.label());
    Err(Error::new(Code::LockBusy, message)
        .note(format!("it is connection {connection}"))
        .hint("wait until it is done, or end it on the server (`KILL`, `pg_terminate_backend`), and look again"))
}

/// The statements that are in must say in the file what they said when they ran.
fn check_unchanged(work: &mut Work<'_>, entry: &Entry, prepared: &Prepared, from: usize) -> Result<()> {
    let dialect = work.dialect;
    let Some(half) = &entry.half else { return Ok(()) };
    let texts = runs::read_texts(&mut work.session, dialect, &work.home, half.row)?;
    if half.direction == Direction::Up && texts.checksum == prepared.checksum {
        return Ok(());
    }
    let ran = if half.direction == Direction::Up { texts.up } else { texts.down };
    let Some(ran) = ran else {
        let message = "the file has changed since it ran, or may have, and was too long to be kept";
        return Err(Error::new(Code::Changed, message)
            .note("whether the statements that are in still say what they said cannot be told")
            .hint(match half.direction {
                Direction::Up => format!("put the file back as it was, and repair again; {}", anew(&entry.version)),
                Direction::Down => "finish by hand, and use `--mark-applied` or `--mark-pending`".to_owned(),
            }));
    };
    let text = prepared.file.whole()?;
    let now = journal::kept(&text, dialect);
    let parts = |text: &str| -> Vec<(String, String)> {
        let statements = sql::split(text, dialect.rules()).unwrap_or_default();
        statements
            .iter()
            .map(|statement| (sql::checksum(statement.text, dialect.rules()), statement.text.to_owned()))
            .collect()
    };
    let (then, now) = (parts(&ran), parts(&now));
    let done = half.done.min(from);
    let Some(at) = (0..done).find(|at| then.get(*at).map(|part| &part.0) != now.get(*at).map(|part| &part.0)) else {
        return Ok(());
    };
    let text = then.get(at).map(|part| part.1.clone()).unwrap_or_default();
    let offset = prepared.statements(&text, dialect).get(at).map_or(0, |statement| statement.start);
    Err(Error::new(
        Code::Changed,
        format!("statement {} is in the database, and says something else in the file now", at + 1),
    )
    .at(prepared.place(dialect, offset))
    .note(format!("it ran as: {}", crate::text::shorten(&text, 400)))
    .hint("put it back as it was; only the failed statement and those after it may be mended"))
}
