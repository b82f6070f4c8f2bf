//! The journal as it is told: what ran, when, how long, by whom, from where, and from which text.

use serde::Serialize;

use super::journal::{self, JOURNAL};
use crate::db::{DbError, Dialect, Home, Row, Session};
use crate::error::Result;
use crate::version::Version;

/// One run of one migration.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    pub run_id: String,
    pub version: String,
    pub name: String,
    pub direction: String,
    /// `run`, or what a person decided: `retry`, `resume`, `mark_applied` …
    pub action: String,
    pub outcome: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    pub duration_ms: Option<i64>,
    pub statements: i64,
    pub statement_done: i64,
    pub db_user: String,
    pub os_user: String,
    pub host: String,
    pub git_commit: Option<String>,
    pub ci_run: Option<String>,
    pub tool_version: String,
    pub error: Option<String>,
    pub reason: Option<String>,
    #[serde(skip)]
    row: i64,
}

/// The texts that a run was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Texts {
    /// `None`: too long to be kept.
    pub up: Option<String>,
    pub down: Option<String>,
    /// Passwords in them are masked, so they cannot be run.
    pub masked: bool,
    /// Whether it ran in a transaction.
    pub in_transaction: bool,
    /// Of the up, however long it was.
    #[serde(skip)]
    pub checksum: String,
}

/// Reads the runs of all versions, or of one, in the order in which they were begun.
pub fn read(session: &mut Session, dialect: &dyn Dialect, home: &Home, version: Option<&Version>) -> Result<Vec<Run>> {
    if !home.journal {
        return Ok(Vec::new());
    }
    let only =
        version.map_or_else(String::new, |version| format!("WHERE version = {}", dialect.literal(version.as_str())));
    let rows = session.query(&format!(
        "SELECT id, run_id, version, name, direction, action, outcome, {}, duration_ms, statements, statement_done, db_user, \
         os_user, host, git_commit, ci_run, tool_version, error, reason FROM {} {only} ORDER BY id",
        dialect.instant("started_at"),
        home.table(dialect, JOURNAL)
    ));
    Ok(rows.map_err(failed)?.iter().map(run).collect())
}

/// Reads the texts of a run.
pub fn texts(session: &mut Session, dialect: &dyn Dialect, home: &Home, run: &Run) -> Result<Texts> {
    read_texts(session, dialect, home, run.row)
}

/// Reads the texts of a row of the journal.
pub(super) fn read_texts(session: &mut Session, dialect: &dyn Dialect, home: &Home, row: i64) -> Result<Texts> {
    let rows = session.query(&journal::texts(dialect, home, row)).map_err(failed)?;
    let Some(row) = rows.first() else {
        return Ok(Texts::default());
    };
    Ok(Texts {
        up: journal::unpack(row.text(0)),
        down: journal::unpack(row.text(1)),
        masked: row.flag(2),
        in_transaction: row.flag(3),
        checksum: row.text(4).to_owned(),
    })
}

fn failed(error: DbError) -> crate::error::Error {
    error.into_error("cannot read the journal")
}

fn run(row: &Row) -> Run {
    let text = |column| row.text(column).to_owned();
    let optional = |column| row.optional(column).map(str::to_owned);
    Run {
        row: row.number(0).unwrap_or(0),
        run_id: text(1),
        version: text(2),
        name: text(3),
        direction: text(4),
        action: text(5),
        outcome: text(6),
        started_at: text(7),
        duration_ms: row.number(8),
        statements: row.number(9).unwrap_or(0),
        statement_done: row.number(10).unwrap_or(0),
        db_user: text(11),
        os_user: text(12),
        host: text(13),
        git_commit: optional(14),
        ci_run: optional(15),
        tool_version: text(16),
        error: optional(17),
        reason: optional(18),
    }
}
