//! What the database says: which versions are applied, what is known of each, and what was left half done.

use std::collections::BTreeMap;

use super::direction::Direction;
use super::half::Half;
use super::journal::{Action, JOURNAL, LEDGER, outcome};
use crate::config::Target;
use crate::db::meta::{self, Meta};
use crate::db::{DbError, Dialect, Home, Session};
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

/// An applied version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// The ledger's time: RFC 3339, UTC.
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
    pub fn read(session: &mut Session, dialect: &dyn Dialect, home: &Home) -> Result<Self> {
        let history = Self::read_once(session, dialect, home)?.asked(session, dialect)?;
        if history.half.values().any(|half| half.open && !half.at_work) {
            // What a connection was doing when we read may have come in before we asked for it.
            return Self::read_once(session, dialect, home)?.asked(session, dialect);
        }
        Ok(history)
    }

    /// Asks whether the server still works for those whose runner did not close them.
    fn asked(mut self, session: &mut Session, dialect: &dyn Dialect) -> Result<Self> {
        for half in self.half.values_mut().filter(|half| half.open) {
            let at_work = dialect.is_at_work(session, half.connection, None);
            half.at_work = at_work.map_err(|error| error.into_error("cannot ask what the server works on"))?;
        }
        Ok(self)
    }

    fn read_once(session: &mut Session, dialect: &dyn Dialect, home: &Home) -> Result<Self> {
        let failed = |error: DbError| error.into_error("cannot read the history of migrations");
        let meta = meta::read(session, dialect, home).map_err(failed)?;
        if meta.too_new {
            return Err(Error::new(Code::JournalFormat, "a newer dbtool has written the journal of this database")
                .hint("use that version of dbtool, or a later one"));
        }
        let mut history = Self { meta, ..Self::default() };
        if home.ledger {
            let rows = session.query(&format!(
                "SELECT version, {} FROM {}",
                dialect.ledger_instant("run_on"),
                home.table(dialect, LEDGER)
            ));
            for row in rows.map_err(failed)? {
                let applied = Applied { at: row.optional(1).map(str::to_owned), ..Applied::default() };
                history.applied.insert(Version::from_ledger(row.text(0)), applied);
            }
        }
        if home.journal {
            let rows = session.query(&format!(
                "SELECT version, direction, outcome, checksum, {}, duration_ms, db_user, os_user, host, statements, statement_started, \
                 statement_done, run_id, error, name, {}, action, id, in_transaction, statement_failed, connection FROM {} WHERE outcome <> '{}' ORDER BY id",
                dialect.instant("started_at"),
                dialect.ledger_instant("run_on"),
                home.table(dialect, JOURNAL),
                outcome::ROLLED_BACK
            ));
            for row in rows.map_err(failed)? {
                history.take(&row, dialect.backend().transactional_ddl());
            }
            // A ledger that was put right by hand ends what was half done.
            let applied = &history.applied;
            history.half.retain(|version, half| applied.contains_key(version) == (half.direction == Direction::Down));
        }
        Ok(history)
    }

    /// Reads everything without holding the lock: what another runner has begun is told from what a dead one left. Gives
    /// who is at work, if anybody is.
    pub fn read_beside_others(
        session: &mut Session,
        dialect: &dyn Dialect,
        target: &Target,
        home: &Home,
    ) -> Result<(Self, Option<String>)> {
        let mut history = Self::read(session, dialect, home)?;
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
            history = Self::read(session, dialect, home)?;
            if history.open_runs() == open {
                return Ok((history, None));
            }
        }
    }

    fn open_runs(&self) -> Vec<String> {
        self.half.values().filter(|half| half.open).map(|half| half.run_id.clone()).collect()
    }

    /// Takes a row of the journal, in the order in which they were written: the last one holds.
    fn take(&mut self, row: &crate::db::Row, whole: bool) {
        let version = Version::from_ledger(row.text(0));
        let direction = if row.text(1) == Direction::Down.name() { Direction::Down } else { Direction::Up };
        let by = format!("{} ({}@{})", row.text(6), row.text(7), row.text(8));
        let by = by.strip_prefix(" (").and_then(|by| by.strip_suffix(')')).map(str::to_owned).unwrap_or(by);
        let number = |column| row.number(column).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        if row.text(2) != outcome::DONE {
            let half = Half {
                direction,
                statements: number(9),
                started: number(10),
                done: number(11),
                failed: Some(number(19)).filter(|number| *number > 0),
                at: row.text(4).to_owned(),
                by,
                run_id: row.text(12).to_owned(),
                error: row.optional(13).map(str::to_owned),
                open: row.text(2) == outcome::STARTED,
                row: row.number(17).unwrap_or(0),
                connection: row.number(20).and_then(|id| u64::try_from(id).ok()),
                // Only what runs as a whole can end the transaction that it runs in.
                escaped: row.flag(18) && whole,
                name: row.text(14).to_owned(),
                at_work: false,
                stranded: false,
                ends: false,
            };
            self.half.insert(version, half);
            return;
        }
        self.half.remove(&version);
        // A row of the ledger with another time is not the one that we wrote: another tool reverted ours and applied it
        // again, and what we knew no longer holds.
        if let Some(applied) = self.applied.get_mut(&version)
            && direction == Direction::Up
            && applied.at.as_deref() == row.optional(15)
        {
            if let (Some(ours), true) = (&mut applied.ours, row.text(16) == Action::AcceptChecksum.name()) {
                // The rest is as it was when it ran.
                row.text(3).clone_into(&mut ours.checksum);
                return;
            }
            applied.ours = Some(Ours {
                at: row.text(4).to_owned(),
                duration_ms: row.number(5),
                by,
                checksum: row.text(3).to_owned(),
                name: row.text(14).to_owned(),
                row: row.number(17).unwrap_or(0),
            });
        }
    }
}
