//! Where events go: decided once per run, then the same for whoever changes something.

use std::fmt;
use std::sync::Arc;

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, QueryResult, RunQueryDsl as _};

use super::event::Event;
use super::mask::Sensitive;
use crate::config::{AuditMode, Process};
use crate::db::types::{Id, Instant, Json};
use crate::db::{AnyConnection, DbError, TransactionOptions, on_each, transaction};
use crate::error::{Code, Error, Result};
use crate::record::Record;
use crate::schema::{audit_events, users};
use crate::text;

/// The table of the events.
pub const TABLE: &str = "audit_events";

/// What its columns are called, in their order. A table without one of them is another application's.
pub const COLUMNS: &[&str] =
    &["id", "occurred_at", "actor", "action", "entity", "entity_id", "outcome", "reason", "before", "after", "run_id"];

/// How to make the table.
const MAKE: &str = "`dbtool init --template shop` writes the migrations of the shop; that called `create_audit_events` makes the table";

/// The longest actor, action, entity and id that every backend keeps.
const LONGEST: usize = 255;

/// The longest reason.
const LONGEST_REASON: usize = 4_000;

/// Whoever records a failure may have to wait for others.
const ATTEMPTS: u32 = 20;

/// What a run says of itself.
#[derive(Debug, Clone)]
pub struct Options {
    pub mode: AuditMode,
    /// Who changes data; `None`: the users of the database and of the operating system.
    pub actor: Option<String>,
    pub run_id: Id,
    pub sensitive: Sensitive,
}

impl Default for Options {
    fn default() -> Self {
        Self { mode: AuditMode::Auto, actor: None, run_id: Id::new(), sensitive: Sensitive::default() }
    }
}

/// Where the events of a run go, and in whose name. To share between threads it is cloned.
#[derive(Debug, Clone)]
pub struct Trail(Arc<State>);

#[derive(Debug)]
struct State {
    writes: bool,
    /// A table of the name is there, and why it is not written to.
    foreign: Option<String>,
    actor: String,
    user: Option<Id>,
    run_id: Id,
    sensitive: Sensitive,
}

impl Trail {
    /// Looks whether the database takes events, and who the actor is. To be asked before a transaction begins.
    pub fn open(connection: &mut AnyConnection, options: Options) -> Result<Self> {
        let Options { mode, actor, run_id, sensitive } = options;
        let place = match mode {
            AuditMode::Off => Place::Missing,
            AuditMode::Auto | AuditMode::Required => Place::look(connection).map_err(cannot_look)?,
        };
        if mode == AuditMode::Required && place != Place::Here {
            return Err(place.refuse());
        }
        let user = actor.as_deref().map(|actor| user_of(connection, actor)).transpose().map_err(cannot_look)?.flatten();
        let actor = match actor {
            Some(actor) => actor,
            None => whoever_runs_this(connection).map_err(cannot_look)?,
        };
        let foreign = matches!(place, Place::Foreign(_)).then(|| place.to_string());
        Ok(Self(Arc::new(State { writes: place == Place::Here, foreign, actor, user, run_id, sensitive })))
    }

    /// Whether events are written at all: what is only told to them need not be read then.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.0.writes
    }

    /// What should be told: that a table is there which is not dbtool's, so that nothing is recorded.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        self.0.foreign.as_ref().map(|foreign| format!("no change is recorded: {foreign}"))
    }

    /// The columns that are masked in what it writes.
    #[must_use]
    pub fn sensitive(&self) -> &Sensitive {
        &self.0.sensitive
    }

    #[must_use]
    pub fn actor(&self) -> &str {
        &self.0.actor
    }

    /// The user of the shop that the actor is, for `created_by` and `updated_by`.
    #[must_use]
    pub fn user(&self) -> Option<Id> {
        self.0.user
    }

    #[must_use]
    pub fn run_id(&self) -> Id {
        self.0.run_id
    }

    /// Writes an event, in the transaction that is open.
    pub fn write(&self, connection: &mut AnyConnection, event: &Event) -> QueryResult<()> {
        if !self.0.writes {
            return Ok(());
        }
        let (mut before, mut after) = (event.before.clone(), event.after.clone());
        self.0.sensitive.mask(&event.entity, &mut before, &mut after);
        let json = |row: Option<Record>| row.map(|row| Json(row.into()));
        let insert = diesel::insert_into(audit_events::table).values((
            audit_events::id.eq(Id::new()),
            audit_events::occurred_at.eq(Instant::now()),
            audit_events::actor.eq(kept(&self.0.actor, LONGEST)),
            audit_events::action.eq(kept(&event.action, LONGEST)),
            audit_events::entity.eq(kept(&event.entity, LONGEST)),
            audit_events::entity_id.eq(kept(&event.entity_id, LONGEST)),
            audit_events::outcome.eq(event.outcome.name()),
            audit_events::reason.eq(event.reason.as_deref().map(|reason| kept(reason, LONGEST_REASON))),
            audit_events::before.eq(json(before)),
            audit_events::after.eq(json(after)),
            audit_events::run_id.eq(self.0.run_id),
        ));
        on_each!(connection, |c| insert.execute(c)).map(|_| ())
    }

    /// Records that something was tried and failed, after its rollback, and gives the error on. That it could not be
    /// recorded is told with it.
    #[must_use]
    pub fn failed(&self, connection: &mut AnyConnection, event: Event, error: Error) -> Error {
        match self.note_of_failure(connection, event, reason(&error)) {
            None => error,
            Some(note) => error.note(note),
        }
    }

    /// The same for an error that has no notes: what should be told of it, if it could not be recorded.
    pub fn note_of_failure(&self, connection: &mut AnyConnection, event: Event, reason: String) -> Option<String> {
        // Whoever owns the transaction may do something else about it, and tells in the end.
        if connection.is_in_transaction() {
            return None;
        }
        let event = event.failed(reason);
        let options = TransactionOptions::new().attempts(ATTEMPTS);
        let recorded =
            transaction::<_, DbError>(connection, &options, |connection| Ok(self.write(connection, &event)?));
        recorded.err().map(|cause| format!("that it failed could not be recorded in `{TABLE}`: {cause}"))
    }
}

/// Refuses where there is no table of events to read.
pub fn check_table(connection: &mut AnyConnection) -> Result<()> {
    match Place::look(connection).map_err(cannot_look)? {
        Place::Here => Ok(()),
        place => Err(Error::new(Code::UnknownTable, format!("no events are recorded here: {place}")).hint(MAKE)),
    }
}

fn cannot_look(cause: diesel::result::Error) -> Error {
    DbError::from(cause).into_error(format!("cannot look for the table `{TABLE}`"))
}

/// An error as one text.
fn reason(error: &Error) -> String {
    error.cause().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// A text as every backend keeps it: PostgreSQL has no place for NUL.
fn kept(text: &str, characters: usize) -> String {
    text::shorten(text, characters - 1).replace('\0', "\u{fffd}")
}

/// Whether events can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Here,
    Missing,
    /// There is such a table, without these columns.
    Foreign(Vec<String>),
}

impl Place {
    fn look(connection: &mut AnyConnection) -> QueryResult<Self> {
        let found = connection.columns_of(TABLE)?;
        let missing = |column: &&&str| !found.iter().any(|found| found.eq_ignore_ascii_case(column));
        let missing: Vec<String> = COLUMNS.iter().filter(missing).map(|column| (*column).to_owned()).collect();
        Ok(match (found.is_empty(), missing.is_empty()) {
            (true, _) => Self::Missing,
            (false, true) => Self::Here,
            (false, false) => Self::Foreign(missing),
        })
    }

    fn refuse(&self) -> Error {
        let error = Error::new(Code::AuditRequired, format!("changes must be recorded, and cannot be: {self}"));
        let error = error.note("`[audit] mode` is `required`; nothing was done");
        match self {
            Self::Foreign(_) => {
                error.hint(format!("rename that table, or set `[audit] mode` to `auto`; {MAKE} under this name"))
            }
            Self::Here | Self::Missing => error.hint(MAKE),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here => write!(f, "the table `{TABLE}` is there"),
            Self::Missing => write!(f, "there is no table `{TABLE}`"),
            Self::Foreign(missing) => {
                let missing = text::listed(missing.iter().map(|column| format!("`{column}`")));
                write!(f, "the table `{TABLE}` is another application's, for it has no column {missing}")
            }
        }
    }
}

/// The user of the shop whose e-mail address the actor is, where the shop is there.
fn user_of(connection: &mut AnyConnection, actor: &str) -> QueryResult<Option<Id>> {
    if !actor.contains('@') {
        return Ok(None);
    }
    let found = connection.columns_of("users")?;
    if !["id", "email", "password_hash", "role"].iter().all(|column| found.iter().any(|found| found == column)) {
        return Ok(None);
    }
    users::table.filter(users::email.eq(actor.to_lowercase())).select(users::id).first(connection).optional()
}

fn whoever_runs_this(connection: &mut AnyConnection) -> QueryResult<String> {
    let (os_user, host) = Process::os_user();
    let system = format!("{os_user}@{host}");
    Ok(match connection.current_user()? {
        Some(user) => format!("{user} ({system})"),
        None => system,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_as_every_backend_can() {
        assert_eq!(kept("a\0b", LONGEST), "a\u{fffd}b");
        assert_eq!(kept(&"ä".repeat(300), LONGEST).chars().count(), LONGEST);
    }

    #[test]
    fn what_is_missing_is_named() {
        let refused = Place::Missing.refuse();
        assert_eq!(refused.exit_code().number(), 9);
        assert!(refused.to_string().ends_with("there is no table `audit_events`"));
        let foreign = Place::Foreign(vec!["run_id".into(), "before".into()]);
        assert!(foreign.to_string().ends_with("has no column `run_id`, `before`"), "{foreign}");
    }

    #[test]
    fn the_columns_are_those_of_the_schema() {
        use diesel::Column;
        let names = [
            audit_events::id::NAME,
            audit_events::occurred_at::NAME,
            audit_events::actor::NAME,
            audit_events::action::NAME,
            audit_events::entity::NAME,
            audit_events::entity_id::NAME,
            audit_events::outcome::NAME,
            audit_events::reason::NAME,
            audit_events::before::NAME,
            audit_events::after::NAME,
            audit_events::run_id::NAME,
        ];
        assert_eq!(names, COLUMNS);
    }
}
