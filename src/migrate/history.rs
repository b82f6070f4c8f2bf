//! What the database says: which versions are applied, what is known of each, and what was left half done.

use std::collections::BTreeMap;

use super::direction::Direction;
use super::half::Half;
use super::journal::{Action, JOURNAL, LEDGER, outcome};
use crate::config::Target;
use crate::db::meta::{self, Meta};
use crate::db::{DbError, Dialect, Home, Row, Session};
use crate::error::{Code, Error, Result};
use crate::version::Version;

/// The ledger and the journal, read without changing anything.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub applied: BTreeMap<Version, Applied>,
    /// Migrations whose last run neither finished nor was rolled back.
    pub half: BTreeMap<Version, Half>,
    pub meta: Meta,
}

/// How much is read of what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What decides about a plan.
    State,
    /// When, how long and by whom, too.
    Times,
}

/// An applied version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// The ledger's time, as the database writes it.
    pub run_on: Option<String>,
    /// The same, where it was asked for: RFC 3339, UTC.
    pub at: Option<String>,
    /// What we wrote of it; `None`: another tool applied it.
    pub ours: Option<Ours>,
}

/// What the journal knows of an applied version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ours {
    /// When it began: RFC 3339, UTC.
    pub at: String,
    pub duration_ms: Option<i64>,
    /// The database user, and the operating system's.
    pub by: String,
    pub checksum: String,
    pub name: String,
    /// The number of its row in the journal.
    pub row: i64,
}

impl History {
    /// Reads everything. The tables that are not there are empty.
    pub fn read(session: &mut Session, dialect: &dyn Dialect, home: &Home, detail: Detail) -> Result<Self> {
        let history = Self::read_once(session, dialect, home, detail)?.asked(session, dialect)?;
        if history.half.values().any(|half| half.open && !half.at_work) {
            // What a connection was doing when we read may have come in before we asked for it.
            return Self::read_once(session, dialect, home, detail)?.asked(session, dialect);
        }
        Ok(history)
    }

    /// What is asked first, for [`Connector::start`](crate::db::Connector::start).
    #[must_use]
    pub fn ask_state(dialect: &dyn Dialect, home: &Home) -> Vec<String> {
        Self::asked_at_once(dialect, home, Detail::State)
    }

    /// The same, with [`Detail::Times`].
    #[must_use]
    pub fn ask_times(dialect: &dyn Dialect, home: &Home) -> Vec<String> {
        Self::asked_at_once(dialect, home, Detail::Times)
    }

    /// One message: each table is asked if it is there.
    fn asked_at_once(dialect: &dyn Dialect, home: &Home, detail: Detail) -> Vec<String> {
        let mut queries: Vec<String> = meta::query(dialect, home).into_iter().collect();
        if home.ledger {
            queries.push(format!("SELECT version, run_on FROM {}", home.table(dialect, LEDGER)));
        }
        if home.journal {
            // What is begun first: what has come to its end meanwhile is then found among the done, too.
            queries.push(half_done(dialect, home));
            queries.push(done(dialect, home, detail));
        }
        queries
    }

    /// Asks whether the server still works for those whose runner did not close them.
    fn asked(mut self, session: &mut Session, dialect: &dyn Dialect) -> Result<Self> {
        for half in self.half.values_mut().filter(|half| half.open) {
            let at_work = dialect.is_at_work(session, half.connection, None);
            half.at_work = at_work.map_err(|error| error.into_error("cannot ask what the server works on"))?;
        }
        Ok(self)
    }

    fn read_once(session: &mut Session, dialect: &dyn Dialect, home: &Home, detail: Detail) -> Result<Self> {
        let failed = |error: DbError| error.into_error("cannot read the history of migrations");
        let asks_meta = meta::query(dialect, home).is_some();
        let mut answers = session.query_each(&Self::asked_at_once(dialect, home, detail)).map_err(failed)?.into_iter();
        let mut next = |asked: bool| if asked { answers.next().unwrap_or_default() } else { Vec::new() };
        let meta = Meta::of(&next(asks_meta));
        if meta.too_new {
            return Err(Error::new(Code::JournalFormat, "a newer dbtool has written the journal of this database")
                .hint("use that version of dbtool, or a later one"));
        }
        let mut history = Self { meta, ..Self::default() };
        for mut row in next(home.ledger) {
            let applied = Applied { run_on: row.optional(1).is_some().then(|| row.take(1)), at: None, ours: None };
            history.applied.insert(Version::from_ledger(row.text(0)), applied);
        }
        for row in next(home.journal) {
            let (version, half) = half(&row, dialect.backend().transactional_ddl());
            history.half.insert(version, half);
        }
        for row in next(home.journal) {
            history.take_done(row);
        }
        if detail == Detail::Times && history.applied.values().any(|applied| applied.ours.is_none()) {
            // What another tool has applied has no other time than the ledger's.
            let (at, ledger) = (dialect.ledger_instant("run_on"), home.table(dialect, LEDGER));
            for mut row in session.query(&format!("SELECT version, {at} FROM {ledger}")).map_err(failed)? {
                if let Some(applied) = history.applied.get_mut(&Version::from_ledger(row.text(0))) {
                    applied.at = Some(row.take(1)).filter(|at| !at.is_empty());
                }
            }
        }
        // A ledger that was put right by hand ends what was half done.
        let applied = &history.applied;
        history.half.retain(|version, half| applied.contains_key(version) == (half.direction == Direction::Down));
        Ok(history)
    }

    /// Reads everything without holding the lock: what another runner has begun is told from what a dead one left. Gives
    /// who is at work, if anybody is.
    pub fn read_beside_others(
        session: &mut Session,
        dialect: &dyn Dialect,
        target: &Target,
        home: &Home,
        detail: Detail,
    ) -> Result<(Self, Option<String>)> {
        let mut history = Self::read(session, dialect, home, detail)?;
        loop {
            let open = history.open_runs();
            if open.is_empty() {
                return Ok((history, None));
            }
            let holder = dialect
                .lock_holder(session, target, home)
                .map_err(|error| error.into_error("cannot ask who holds the lock"))?;
            if holder.is_some() {
                history.half.retain(|_, half| !half.open);
                return Ok((history, holder));
            }
            // Its runner may have come to its end between the two questions. What is still open has none.
            history = Self::read(session, dialect, home, detail)?;
            if history.open_runs() == open {
                return Ok((history, None));
            }
        }
    }

    fn open_runs(&self) -> Vec<String> {
        self.half.values().filter(|half| half.open).map(|half| half.run_id.clone()).collect()
    }

    /// Takes a row of what is done, in the order in which they were written: the last one holds.
    fn take_done(&mut self, mut row: Row) {
        let (version, number) = (Version::from_ledger(row.text(0)), row.number(4).unwrap_or(0));
        if self.half.get(&version).is_some_and(|half| half.row <= number) {
            self.half.remove(&version);
        }
        // A row of the ledger with another time is not the one that we wrote: another tool reverted ours and applied it
        // again, and what we knew no longer holds.
        if let Some(applied) = self.applied.get_mut(&version)
            && direction(row.text(1)) == Direction::Up
            && applied.run_on.as_deref() == row.optional(3)
        {
            if let (Some(ours), true) = (&mut applied.ours, row.text(5) == Action::AcceptChecksum.name()) {
                // The rest is as it was when it ran.
                row.text(2).clone_into(&mut ours.checksum);
                return;
            }
            applied.ours = Some(Ours {
                by: by(&row, 9),
                checksum: row.take(2),
                row: number,
                name: row.take(6),
                at: row.take(7),
                duration_ms: row.number(8),
            });
        }
    }
}

/// A query for what is done.
fn done(dialect: &dyn Dialect, home: &Home, detail: Detail) -> String {
    let times = match detail {
        Detail::State => String::new(),
        Detail::Times => format!(", {}, duration_ms, db_user, os_user, host", dialect.instant("started_at")),
    };
    format!(
        "SELECT version, direction, checksum, run_on, id, action, name{times} FROM {} WHERE outcome = '{}' ORDER BY id",
        home.table(dialect, JOURNAL),
        outcome::DONE
    )
}

/// A query for what was begun, and neither finished nor rolled back.
fn half_done(dialect: &dyn Dialect, home: &Home) -> String {
    format!(
        "SELECT version, direction, outcome, id, name, {}, db_user, os_user, host, statements, statement_started, \
         statement_done, run_id, error, in_transaction, statement_failed, connection FROM {} \
         WHERE outcome NOT IN ('{}', '{}') ORDER BY id",
        dialect.instant("started_at"),
        home.table(dialect, JOURNAL),
        outcome::DONE,
        outcome::ROLLED_BACK
    )
}

/// From a row of that. `whole`: files run as a whole there.
fn half(row: &Row, whole: bool) -> (Version, Half) {
    let number = |column| row.number(column).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let half = Half {
        direction: direction(row.text(1)),
        open: row.text(2) == outcome::STARTED,
        row: row.number(3).unwrap_or(0),
        name: row.text(4).to_owned(),
        at: row.text(5).to_owned(),
        by: by(row, 6),
        statements: number(9),
        started: number(10),
        done: number(11),
        run_id: row.text(12).to_owned(),
        error: row.optional(13).map(str::to_owned),
        // Only what runs as a whole can end the transaction that it runs in.
        escaped: row.flag(14) && whole,
        failed: Some(number(15)).filter(|number| *number > 0),
        connection: row.number(16).and_then(|id| u64::try_from(id).ok()),
        at_work: false,
        stranded: false,
        ends: false,
        long: false,
    };
    (Version::from_ledger(row.text(0)), half)
}

fn direction(name: &str) -> Direction {
    if name == Direction::Down.name() { Direction::Down } else { Direction::Up }
}

/// The database user, if there is one, the operating system's, and the host, from a column on.
fn by(row: &Row, from: usize) -> String {
    let person = format!("{}@{}", row.text(from + 1), row.text(from + 2));
    if row.text(from).is_empty() { person } else { format!("{} ({person})", row.text(from)) }
}
