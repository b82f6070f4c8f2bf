//! What a run works with, and how its failures are told.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::masking::Sensitive;
use super::runner::Runner;
use super::watch::Watch;
use crate::db::{DbError, Dialect, Failure, Held, Home, Kind, MORE_RIGHTS, Purpose, Session, WRITABLE};
use crate::error::{Code, Error, Result};
use crate::interrupt::Working;
use crate::migrate::direction::Direction;
use crate::migrate::journal::{self, Action, outcome};
use crate::migrate::provenance::Provenance;
use crate::migrate::script::{Mode, Prepared};
use crate::observer::{Event, Observer};
use crate::secret::Redactor;
use crate::sql::Statement;

/// So many rows are read or written at once.
pub(super) const MOST: usize = 100;

/// The work connection, and what belongs to it.
pub(super) struct Work<'a> {
    pub(super) session: Session,
    pub(super) held: Box<dyn Held>,
    pub(super) home: Home,
    pub(super) provenance: Provenance,
    pub(super) dialect: &'a dyn Dialect,
    /// The transaction that was begun last, where the database can tell one from another.
    pub(super) transaction: Option<String>,
    /// The next commit is on the database's disk before the run goes on.
    pub(super) waits: bool,
    /// The number by which others see the session.
    pub(super) seen_as: Option<u64>,
    pub(super) watch: &'a Watch,
    /// What stands in the files and must not show.
    pub(super) secrets: Redactor,
    /// A signal that comes now cancels the session's statement.
    #[expect(dead_code, reason = "it ends when the work does")]
    pub(super) working: Working,
}

/// Why a step did not come to its end.
pub(super) struct Broken {
    pub(super) error: Error,
    /// For the decision whether to try again.
    pub(super) kind: Option<Kind>,
    /// We were stricter than other tools.
    pub(super) overstrict: bool,
    /// The file ended our transaction: what stood before that is in the database.
    pub(super) escaped: bool,
    /// Our COMMIT had been sent.
    pub(super) committing: bool,
    /// Not the file failed, but what is ours around it.
    pub(super) ours: bool,
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self { error, kind: None, overstrict: false, escaped: false, committing: false, ours: false }
    }
}

impl Runner<'_> {
    /// A statement of the file failed.
    pub(super) fn failed(
        &self,
        work: &Work<'_>,
        prepared: &Prepared,
        statements: &[Statement<'_>],
        failure: Failure,
    ) -> Broken {
        let statement =
            failure.statement.and_then(|number| statements.iter().find(|statement| statement.number == number));
        let which = match (failure.statement, prepared.found.count) {
            (Some(number), count) if count > 1 => format!(" at statement {number} of {count}"),
            _ => String::new(),
        };
        // A statement that the server's words quote may hold a password that the file does not.
        let mask = |text: String| {
            if text.to_ascii_lowercase().contains("password") {
                crate::sql::mask(&text.replace('"', " "), work.dialect.rules())
            } else {
                text
            }
        };
        let mut error = failure.error;
        let sensitive = Sensitive(self.sensitive);
        error.message = sensitive.out_of(error.message);
        error.context = error.context.map(mask);
        error.detail = error.detail.map(mask).map(|detail| sensitive.out_of(detail));
        let kind = error.kind;
        let overstrict = work.dialect.is_overstrict(&error);
        let code = match kind {
            Kind::LockTimeout => Code::LockTimeout,
            // A server's file can make its own transaction read-only; the server itself was asked before.
            Kind::ReadOnly if !work.dialect.backend().is_server() => Code::ReadOnly,
            _ => Code::MigrationFailed,
        };
        let notes = error.notes();
        let advice = error.advice.clone();
        let mut told = Error::new(code, format!("{} failed{which}", what(prepared))).because(&error);
        told = notes.into_iter().fold(told, Error::note).note(format!("run {}", self.run_id));
        let offset = failure.offset.or_else(|| statement.map(|statement| statement.start));
        if let Some(offset) = offset {
            told = told.at(prepared.place(work.dialect, offset));
        }
        told = match kind {
            // The statement did not fail by itself: it was cancelled.
            _ if self.interrupt.raised().is_some() => match prepared.mode {
                Mode::Statements => told,
                Mode::Transaction => told.hint(self.way_on()),
            },
            Kind::LockTimeout => {
                let told = work.watch.blockers().into_iter().fold(told, |told, one| told.note(format!("it waited for {one}")));
                told.hint("something else holds a lock on the table; try again, or set `lock_timeout` in `[migrate]`")
            }
            Kind::StatementTimeout => {
                told.hint("`statement_timeout` in `[migrate]` sets how long a statement may take")
            }
            _ if error.message.contains("cannot run inside a transaction block")
                || error.message.contains("cannot VACUUM from within") =>
            {
                told.hint("write `run_in_transaction = false` into the migration's metadata.toml")
            }
            _ if error.message.contains("at or near \"\\\"") => {
                told.hint("commands of psql, such as `\\connect`, are not SQL")
            }
            Kind::ReadOnly => told.hint(WRITABLE),
            Kind::Permission => told.hint(MORE_RIGHTS),
            Kind::Exists if prepared.undoes_nothing(work.dialect) => {
                let version = &prepared.step.migration.version;
                told.hint(format!(
                    "its down.sql does nothing: if it was reverted, what it had made is still there; drop that by hand and run \
                     the same command again, or `dbtool migrate baseline {version}` records it as applied"
                ))
            }
            Kind::Exists => {
                told.hint("if the database had it before it had dbtool, `dbtool migrate baseline VERSION` records that; what another tool left half done is to be put right by hand")
            }
            Kind::Lost => told,
            _ if prepared.mode == Mode::Statements => told,
            _ => told.hint(self.way_on()),
        };
        told = advice.into_iter().fold(told, Error::hint);
        Broken { error: told, kind: Some(kind), overstrict, escaped: false, committing: false, ours: failure.ours }
    }

    /// How to go on after a failure that has left nothing.
    pub(super) fn way_on(&self) -> &'static str {
        match self.interrupt.raised() {
            Some(_) => "run the same command again to go on",
            None => "mend the file, and run the same command again",
        }
    }

    /// The connection was lost: connects again, and waits until the server no longer works for the old one. What it was sent
    /// last may arrive late.
    pub(super) fn settle(&self, work: &mut Work<'_>, prepared: &Prepared) -> Result<()> {
        let lost = work.session.id();
        let connected = self.connector.connect_telling(Purpose::Write, self.observer);
        work.session = connected.map_err(|error| unknown(prepared).because(error))?;
        work.session.hide(&work.secrets);
        self.interrupt.replace(work.session.canceller());
        let ready = work.dialect.ready(&mut work.session, &self.timeouts);
        work.seen_as = ready.map_err(|error| unknown(prepared).because(error))?;
        let started = Instant::now();
        loop {
            let at_work = work.dialect.is_at_work(&mut work.session, lost, work.transaction.as_deref());
            if !at_work.map_err(|error| unknown(prepared).because(error))? {
                return Ok(());
            }
            if started.elapsed() >= self.connector.retry().deadline {
                return Err(unknown(prepared).because("the server still works on it"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A statement of our own failed.
    pub(super) fn refused(&self, work: &Work<'_>, prepared: &Prepared, error: DbError) -> Broken {
        self.failed(work, prepared, &[], Failure::of_ours(error))
    }

    pub(super) fn log(&self, error: &Error, prepared: &Prepared) {
        let place = error.place().map(ToString::to_string);
        tracing::error!(
            run_id = self.run_id,
            kind = error.code().name(),
            place,
            version = %prepared.step.migration.version,
            direction = prepared.step.direction.name(),
            cause = error.cause(),
            "{error}"
        );
    }
}

impl Work<'_> {
    /// A step begins, or several at once: that is told, and from now on it is watched.
    pub(super) fn begin_step(&self, steps: &[Prepared], observer: &dyn Observer) -> String {
        let label = |at: usize| steps.get(at).map(|prepared| prepared.step.migration.label()).unwrap_or_default();
        let label = if steps.len() > 1 { format!("{} … {}", label(0), label(steps.len() - 1)) } else { label(0) };
        self.watch.begin(self.seen_as, &label);
        observer.on(Event::Step { label: label.clone() });
        label
    }

    pub(super) fn row<'r>(&'r self, prepared: &'r Prepared, started_at: &'r str) -> journal::Row<'r> {
        journal::Row {
            provenance: &self.provenance,
            version: &prepared.step.migration.version,
            name: &prepared.step.migration.name,
            direction: prepared.step.direction,
            in_transaction: prepared.mode == Mode::Transaction || prepared.groups,
            statements: prepared.found.count,
            statement_started: 0,
            statement_done: 0,
            checksum: &prepared.checksum,
            up: prepared.up.as_deref(),
            down: prepared.down.as_deref(),
            started_at,
            duration_ms: None,
            outcome: outcome::STARTED,
            error: None,
            action: Action::Run,
            reason: None,
            connection: self.session.id(),
        }
    }

    /// Takes back what is open. `false`: some of it is in all the same.
    pub(super) fn rollback(&mut self) -> bool {
        // The server may be gone, or have rolled back by itself.
        !self.session.in_transaction(true) || self.dialect.rollback(&mut self.session).unwrap_or(true)
    }

    /// Which of the steps' versions stand in the ledger.
    pub(super) fn applied(&mut self, steps: &[Prepared]) -> Result<HashSet<String>, DbError> {
        let versions: Vec<_> = steps.iter().map(|prepared| &prepared.step.migration.version).collect();
        let mut applied = HashSet::new();
        for some in versions.chunks(MOST) {
            let rows = self.session.query(&journal::applied(self.dialect, &self.home, some))?;
            applied.extend(rows.into_iter().map(|mut row| row.take(0)));
        }
        Ok(applied)
    }
}

pub(super) fn what(prepared: &Prepared) -> String {
    let file = if prepared.step.direction == Direction::Up { "the migration" } else { "the down of" };
    format!("{file} `{}`", prepared.step.migration.label())
}

/// Whether it is in is not known: that is said, and nothing else.
pub(super) fn unknown(prepared: &Prepared) -> Error {
    let message =
        format!("the connection broke while {} was running, and whether it is in is not known", what(prepared));
    Error::new(Code::OutcomeUnknown, message)
        .hint("`dbtool migrate status` tells what is in, once the server can be reached")
}

pub(super) fn now() -> String {
    chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
