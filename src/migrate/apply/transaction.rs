//! Migrations as one transaction, with their rows in ledger and journal: each by itself, or several together.

use std::time::{Duration, Instant};

use super::batch::{Batch, together};
use super::runner::Runner;
use super::work::{Broken, MOST, Work, now, unknown, what};
use crate::db::{Answers, Around, Backoff, Dialect, Failure, Home, Kind, Message, Row, Survey};
use crate::error::{Code, Error, Result};
use crate::migrate::direction::Direction;
use crate::migrate::journal::{self, outcome};
use crate::migrate::script::Prepared;
use crate::observer::Event;
use crate::sql::Statement;
use crate::version::Version;

/// How long each migration took; `None`: it was already done.
pub(super) type Durations = Vec<Option<Duration>>;

/// How far an attempt has come.
#[derive(Default)]
struct Course {
    /// The migration that is under way.
    at: usize,
    durations: Durations,
    /// Several files were one message.
    batched: bool,
    /// Each file is to be a message by itself.
    singly: bool,
}

/// What is to be written to ledger and journal: together it takes less time than row by row.
#[derive(Default)]
struct Records<'s> {
    direction: Option<Direction>,
    versions: Vec<&'s Version>,
    rows: Vec<String>,
    bytes: usize,
}

impl<'s> Records<'s> {
    fn add(&mut self, prepared: &'s Prepared, values: String) {
        self.direction = Some(prepared.step.direction);
        self.versions.push(&prepared.step.migration.version);
        self.bytes += values.len();
        self.rows.push(values);
    }

    /// Whether they are to be written before a step in a direction is added.
    fn are_enough(&self, direction: Direction) -> bool {
        const LONG: usize = 256 << 10;
        self.direction.is_some_and(|other| other != direction) || self.rows.len() >= MOST || self.bytes >= LONG
    }

    /// The statements that write them.
    fn take(&mut self, dialect: &dyn Dialect, home: &Home) -> Vec<String> {
        let Self { direction: Some(direction), versions, rows, .. } = std::mem::take(self) else { return Vec::new() };
        vec![journal::record(dialect, home, direction, &versions), journal::insert(dialect, home, &rows)]
    }
}

/// Which migration of several failed, and why.
pub(super) struct Stopped {
    pub(super) at: usize,
    pub(super) error: Error,
}

/// The answer to the question for the transaction's number.
fn id(mut row: Row) -> String {
    row.take(0)
}

impl Work<'_> {
    /// Sends a message. `asks`: what is before the file asks for the transaction's number.
    fn exchange(&mut self, message: &Message<'_>, asks: bool, answers: &mut Answers) -> Result<(), Failure> {
        let sent = self.session.run(message, answers);
        if asks && !message.before.is_empty() {
            self.transaction = answers.before.take().map(id);
        }
        sent
    }
}

impl Runner<'_> {
    /// Runs migrations as one transaction, with their rows in ledger and journal. Tries again what can pass.
    pub(super) fn in_transaction(&self, work: &mut Work<'_>, steps: &[Prepared]) -> Result<Durations, Stopped> {
        let mut backoff = Backoff::new(self.connector.retry());
        let mut singly = false;
        loop {
            let (started_at, mut course) = (now(), Course { singly, ..Course::default() });
            let result = self.attempt(work, steps, &mut course);
            singly = course.singly;
            let broken = match result {
                Ok(()) => return Ok(course.durations),
                Err(broken) => broken,
            };
            let (at, prepared) = (course.at, &steps[course.at]);
            if broken.kind.is_some_and(Kind::is_transient)
                && self.interrupt.raised().is_none()
                && let Some(delay) = backoff.next_pause()
            {
                let reason =
                    format!("`{}`: {}", prepared.step.migration.label(), broken.error.cause().unwrap_or_default());
                self.observer.on(Event::Retrying { reason, delay });
                std::thread::sleep(delay);
                continue;
            }
            // Whether it is in is not known: that is said, and nothing else.
            if broken.error.code() == Code::OutcomeUnknown {
                self.log(&broken.error, prepared);
                return Err(Stopped { at, error: broken.error });
            }
            let error = match (broken.escaped, steps.len()) {
                (true, _) => broken.error.note("what stands before its own COMMIT may be in the database"),
                (false, 1) => broken.error.note("nothing of it is in the database: its transaction was rolled back"),
                (false, _) => broken.error.note("nothing is in the database: the transaction was rolled back"),
            };
            self.log(&error, prepared);
            let message = error.cause().map_or_else(|| error.to_string(), str::to_owned);
            // What escaped took those before it along.
            let told = if broken.escaped { &steps[..=at] } else { &steps[at..=at] };
            for prepared in told {
                let row = journal::Row {
                    outcome: if broken.escaped { outcome::FAILED } else { outcome::ROLLED_BACK },
                    statement_started: if broken.escaped { prepared.found.count.max(1) } else { 0 },
                    error: Some(&message),
                    ..work.row(prepared, &started_at)
                };
                let insert = row.insert(work.dialect, &work.home);
                if let Err(error) = work.session.execute(&insert) {
                    tracing::debug!(%error, "the failure could not be written to the journal");
                }
            }
            return Err(Stopped { at, error });
        }
    }

    fn attempt(&self, work: &mut Work<'_>, steps: &[Prepared], course: &mut Course) -> Result<(), Broken> {
        let mut lenient = false;
        loop {
            let broken = match self.attempt_around(work, steps, course, lenient) {
                Err(broken) => broken,
                done => return done,
            };
            let rolled_back = !broken.escaped && broken.kind != Some(Kind::Lost);
            if broken.overstrict && !lenient {
                lenient = true;
            } else if course.batched && !course.singly && rolled_back && self.interrupt.raised().is_none() {
                // Which file of a message failed is only sure when each is sent by itself.
                course.singly = true;
                work.session.take_notices();
            } else {
                return Err(broken);
            }
            *course = Course { singly: course.singly, ..Course::default() };
        }
    }

    fn attempt_around(
        &self,
        work: &mut Work<'_>,
        steps: &[Prepared],
        course: &mut Course,
        lenient: bool,
    ) -> Result<(), Broken> {
        let dialect = work.dialect;
        let surveys: Vec<&Survey> = steps.iter().map(|prepared| &prepared.found.survey).collect();
        let around = dialect.before(&mut work.session, &surveys, lenient);
        let around = around.map_err(|error| self.refused(work, &steps[0], error))?;
        let mut result = self.attempt_within(work, steps, course, &around);
        let prepared = &steps[course.at];
        if let Err(broken) = &mut result {
            let whole = work.rollback();
            if broken.kind == Some(Kind::Lost) {
                let settled = self.settle(work, prepared).and_then(|()| self.is_in(work, prepared));
                match settled {
                    Ok(true) => {
                        let warning = format!("the connection broke while {} was being committed", what(prepared));
                        self.observer.warn(format!("{warning}; it is in"));
                        return Ok(());
                    }
                    // Without our COMMIT nothing can be in.
                    Ok(false) => {}
                    Err(_) if !broken.committing => {}
                    Err(error) => return Err(error.into()),
                }
            }
            // A file may have committed, and begun another transaction, behind our back.
            if let Some(id) = work.transaction.take() {
                broken.escaped |= dialect.was_committed(&mut work.session, &id).unwrap_or(false);
            }
            broken.escaped |= !whole;
        }
        let undone = dialect.after(&mut work.session, &around);
        undone.map_err(|error| self.refused(work, prepared, error)).and(result)
    }

    fn attempt_within(
        &self,
        work: &mut Work<'_>,
        steps: &[Prepared],
        course: &mut Course,
        around: &Around,
    ) -> Result<(), Broken> {
        let dialect = work.dialect;
        if around.by_itself {
            let message = "there are tables without transactions, so nothing could take back what fails";
            return Err(Error::new(Code::NotAtomic, message).hint("leave out `--atomic`").into());
        }
        work.transaction = None;
        // What is to be sent with the next file.
        let mut ours = dialect.opening(&self.timeouts);
        let messages = !ours.is_empty();
        ours.extend(dialect.without_wait().filter(|_| !work.waits).map(str::to_owned));
        // What a rollback leaves with the connection would be in the way of another attempt.
        let batches = messages && !course.singly && !steps.iter().any(|prepared| prepared.found.stays);
        if !messages {
            dialect.begin(&mut work.session, &self.timeouts, self.observer)?;
        }
        let looked = if dialect.looks_again() { Some(work.applied(steps)) } else { None };
        let mut applied = looked.transpose().map_err(|error| self.refused(work, &steps[0], error))?;
        let mut records = Records::default();
        while let Some(prepared) = steps.get(course.durations.len()) {
            let number = course.durations.len();
            course.at = number;
            if number > 0 {
                self.interrupt.check()?;
            }
            if let Some(applied) = &mut applied {
                let version = prepared.step.migration.version.as_str();
                // Its direction says what the ledger says after it: one step may undo another.
                let changes = match prepared.step.direction {
                    Direction::Up => applied.insert(version.to_owned()),
                    Direction::Down => applied.remove(version),
                };
                if !changes {
                    course.durations.push(None);
                    continue;
                }
            }
            if records.are_enough(prepared.step.direction) {
                ours.extend(records.take(dialect, &work.home));
                if !messages {
                    // They are of the one before.
                    course.at = number.saturating_sub(1);
                    let before = &steps[course.at];
                    work.session.execute(&ours.join("; ")).map_err(|error| self.refused(work, before, error))?;
                    (ours, course.at) = (Vec::new(), number);
                }
            }
            let batch = &steps[number..][..if batches { together(&steps[number..]) } else { 1 }];
            course.batched |= batch.len() > 1;
            let started_at = now();
            let label = work.begin_step(batch, self.observer);
            work.held.check()?;
            let took = self.send(work, batch, std::mem::take(&mut ours)).map_err(|(at, broken)| {
                // What is ours and failed is the record of those before.
                course.at = if broken.ours { number.saturating_sub(1) } else { number + at };
                broken
            })?;
            if steps.len() > 1 {
                self.tell_notices(&label, work.session.take_notices());
            }
            // What has checks is sent by itself.
            self.check_rows(work, prepared)?;
            for (prepared, took) in batch.iter().zip(took) {
                course.durations.push(Some(took));
                let done = prepared.found.count;
                let row = journal::Row {
                    outcome: outcome::DONE,
                    duration_ms: Some(took.as_millis()),
                    statement_started: done,
                    statement_done: done,
                    ..work.row(prepared, &started_at)
                };
                records.add(prepared, row.values(dialect, &work.home));
            }
        }
        ours.extend(records.take(dialect, &work.home));
        // The last one that was run tells of all.
        let Some(last) = course.durations.iter().rposition(Option::is_some) else {
            work.rollback();
            return Ok(());
        };
        course.at = last;
        let prepared = &steps[last];
        dialect.before_commit(&mut work.session, around, true).map_err(|error| {
            let error = error.because(what(prepared));
            if steps.len() > 1 {
                error.hint("or leave out `--atomic`, which has them share their settings")
            } else {
                error
            }
        })?;
        work.held.check()?;
        ours.push("COMMIT".to_owned());
        match work.session.execute(&ours.join("; ")) {
            Ok(()) => Ok(()),
            Err(error) if error.kind == Kind::Lost => {
                Err(Broken { committing: true, ..self.refused(work, prepared, error) })
            }
            Err(error) => {
                let found = dialect.explain_refused_commit(&mut work.session);
                let broken = self.refused(work, prepared, error);
                let mut error = found.into_iter().fold(broken.error, Error::note);
                if steps.len() > 1 {
                    // None of them by itself.
                    error = error.saying(format!("the transaction of {} migrations failed at its end", steps.len()));
                }
                Err(Broken { error, ..broken })
            }
        }
    }

    /// Sends files, after what is ours, and sees to it that they have not ended the transaction. Gives how long each took, or
    /// which of them failed, from 0.
    fn send(
        &self,
        work: &mut Work<'_>,
        files: &[Prepared],
        mut before: Vec<String>,
    ) -> Result<Vec<Duration>, (usize, Broken)> {
        let (dialect, started) = (work.dialect, Instant::now());
        let ask = dialect.transaction_id().map(str::to_owned);
        // Asking is a query, and SET TRANSACTION must come before every query.
        let asks_before = work.transaction.is_none() && !files[0].found.survey.sets_transaction;
        before.extend(ask.clone().filter(|_| asks_before));
        let after: Vec<String> = ask.into_iter().collect();
        let mut now = None;
        let mut durations = Vec::new();
        if let [prepared] = files {
            let outside = &prepared.found.survey.outside;
            prepared
                .parts(dialect, |part| {
                    let inside: Vec<Statement<'_>> =
                        part.statements.iter().filter(|one| !outside.contains(&one.number)).cloned().collect();
                    let after: &[String] = if part.last { &after } else { &[] };
                    let message =
                        Message { before: &before, source: part.source, at: part.at, statements: &inside, after };
                    let mut answers = Answers::default();
                    let sent = work.exchange(&message, asks_before, &mut answers);
                    before.clear();
                    now = answers.after.map(id);
                    sent.map_err(|failure| self.failed(work, prepared, &part.statements, failure))
                })
                .map_err(|broken| (0, broken))?;
            durations.push(started.elapsed());
        } else {
            let batch = Batch::of(files, dialect);
            let (source, statements) = (batch.source.as_str(), batch.statements.as_slice());
            let mut answers = Answers::default();
            let message = Message { before: &before, source, at: 0, statements, after: &after };
            work.exchange(&message, asks_before, &mut answers).map_err(|failure| {
                let (at, failure) = batch.locate(failure);
                let text = files[at].file.held().map_or("", |text| &**text);
                (at, self.failed(work, &files[at], &files[at].statements(text, dialect), failure))
            })?;
            now = answers.after.map(id);
            durations = batch.durations(&answers.took, started.elapsed());
        }
        let same = work.transaction.is_none() || work.transaction == now;
        if !work.session.in_transaction(true) || !same {
            let last = files.len() - 1;
            let which = if last > 0 { "one of the migrations up to" } else { "" };
            let message = format!("{which} {} ended its transaction by itself", what(&files[last]));
            let error = Error::new(Code::MigrationFailed, message.trim_start());
            let hint = "a file that commits must say so: `allow_commit = true` in its metadata.toml";
            // Where the server does not tell one transaction from another, something may have stayed.
            return Err((last, Broken { escaped: now.is_none(), ..error.hint(hint).into() }));
        }
        work.transaction = now;
        Ok(durations)
    }

    /// Whether our row in the journal says that it was committed.
    fn is_in(&self, work: &mut Work<'_>, prepared: &Prepared) -> Result<bool> {
        let version = &prepared.step.migration.version;
        let query = journal::committed(work.dialect, &work.home, self.run_id, version, prepared.step.direction);
        let rows = work.session.query(&query).map_err(|error| unknown(prepared).because(error))?;
        Ok(!rows.is_empty())
    }
}
