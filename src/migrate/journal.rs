//! The SQL of Diesel's ledger and of our journal. The ledger is the one truth of what is applied; the journal tells how
//! it came to be so, statement by statement.

use crate::db::{Dialect, Home, meta};
use crate::migrate::direction::Direction;
use crate::migrate::provenance::Provenance;
use crate::sql;
use crate::version::Version;

pub const LEDGER: &str = "__diesel_schema_migrations";
pub const JOURNAL: &str = "__dbtool_journal";

/// Longer texts are not kept; their checksum is.
const LONGEST_TEXT: usize = 1 << 20;

/// The outcome of a row.
pub mod outcome {
    /// Begun. If nobody is at work, its runner died.
    pub const STARTED: &str = "started";
    pub const DONE: &str = "done";
    /// Some statements are in, others are not, or one may be.
    pub const FAILED: &str = "failed";
    /// Failed, with nothing of it in the database.
    pub const ROLLED_BACK: &str = "rolled_back";
}

/// Why a row was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Run,
    /// The rest of a half-run file, from the failed or doubtful statement on.
    Retry,
    /// The same, from the statement after that one on.
    Resume,
    /// Said by a person, not run.
    MarkApplied,
    MarkPending,
    AcceptChecksum,
    Baseline,
}

impl Action {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Action::Run => "run",
            Action::Retry => "retry",
            Action::Resume => "resume",
            Action::MarkApplied => "mark_applied",
            Action::MarkPending => "mark_pending",
            Action::AcceptChecksum => "accept_checksum",
            Action::Baseline => "baseline",
        }
    }
}

/// The statements that make what is missing of our tables and Diesel's.
#[must_use]
pub fn create(dialect: &dyn Dialect, home: &Home) -> Vec<String> {
    let mut all = Vec::new();
    if !home.ledger {
        // Diesel's own words, to the letter: SQLite keeps them.
        let create = diesel::migration::CREATE_MIGRATIONS_TABLE.trim_end().trim_end_matches(';');
        all.push(create.replace(LEDGER, &home.table(dialect, LEDGER)));
    }
    if !home.journal {
        let types = dialect.types();
        all.push(format!(
            "CREATE TABLE IF NOT EXISTS {} (id {}, run_id VARCHAR(36) NOT NULL, version VARCHAR(50) NOT NULL, name TEXT NOT NULL, \
             direction VARCHAR(8) NOT NULL, in_transaction SMALLINT NOT NULL, statements INTEGER NOT NULL, \
             statement_started INTEGER NOT NULL, statement_done INTEGER NOT NULL, checksum VARCHAR(64) NOT NULL, \
             up_sql {bytes}, down_sql {bytes}, masked SMALLINT NOT NULL, started_at {instant} NOT NULL, duration_ms BIGINT, \
             db_user TEXT NOT NULL, os_user TEXT NOT NULL, host TEXT NOT NULL, git_commit TEXT, ci_run TEXT, \
             tool_version VARCHAR(32) NOT NULL, outcome VARCHAR(16) NOT NULL, error TEXT, \
             action VARCHAR(16) NOT NULL, reason TEXT, run_on TIMESTAMP NULL, statement_failed INTEGER, connection BIGINT){table}",
            home.table(dialect, JOURNAL),
            types.serial_key,
            bytes = types.bytes,
            instant = types.instant,
            table = types.table,
        ));
    }
    all.extend(meta::create(dialect, home));
    all
}

/// The ledger's change for migrations that were run, at least one.
#[must_use]
pub fn record(dialect: &dyn Dialect, home: &Home, direction: Direction, versions: &[&Version]) -> String {
    let table = home.table(dialect, LEDGER);
    let literals: Vec<_> = versions.iter().map(|version| dialect.literal(version.as_str())).collect();
    match direction {
        Direction::Up => format!("INSERT INTO {table} (version) VALUES ({})", literals.join("), (")),
        Direction::Down => format!("DELETE FROM {table} WHERE version IN ({})", literals.join(", ")),
    }
}

/// A query for the applied ones among versions, at least one.
#[must_use]
pub fn applied(dialect: &dyn Dialect, home: &Home, versions: &[&Version]) -> String {
    let literals: Vec<_> = versions.iter().map(|version| dialect.literal(version.as_str())).collect();
    format!("SELECT version FROM {} WHERE version IN ({})", home.table(dialect, LEDGER), literals.join(", "))
}

/// What a row says of one run of one migration.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    pub provenance: &'a Provenance,
    pub version: &'a Version,
    pub name: &'a str,
    pub direction: Direction,
    pub in_transaction: bool,
    pub statements: usize,
    pub statement_started: usize,
    pub statement_done: usize,
    pub checksum: &'a str,
    /// `None`: too long to be kept.
    pub up: Option<&'a str>,
    pub down: Option<&'a str>,
    /// RFC 3339, UTC.
    pub started_at: &'a str,
    pub duration_ms: Option<u128>,
    pub outcome: &'a str,
    pub error: Option<&'a str>,
    pub action: Action,
    /// What a person gave as the reason for a repair.
    pub reason: Option<&'a str>,
    /// The number by which the server knows the connection that runs it.
    pub connection: Option<u64>,
}

impl Row<'_> {
    /// The statement that writes it.
    #[must_use]
    pub fn insert(&self, dialect: &dyn Dialect, home: &Home) -> String {
        insert(dialect, home, &[self.values(dialect, home)])
    }

    /// Its values. Secrets in the texts are masked.
    #[must_use]
    pub fn values(&self, dialect: &dyn Dialect, home: &Home) -> String {
        let text = |text: &str| dialect.literal(text);
        let optional = |value: Option<&str>| value.map_or_else(|| "NULL".to_owned(), text);
        let mut masked = false;
        let mut keep = |source: Option<&str>| match source {
            Some(source) if source.len() <= LONGEST_TEXT => {
                let shown = kept(source, dialect);
                masked |= shown != source;
                dialect.bytes(&pack(shown.as_bytes()))
            }
            _ => "NULL".to_owned(),
        };
        let (up, down) = (keep(self.up), keep(self.down));
        let who = self.provenance;
        let values = [
            text(&who.run_id),
            text(self.version.as_str()),
            text(self.name),
            text(self.direction.name()),
            u8::from(self.in_transaction).to_string(),
            self.statements.to_string(),
            self.statement_started.to_string(),
            self.statement_done.to_string(),
            text(self.checksum),
            up,
            down,
            u8::from(masked).to_string(),
            dialect.instant_literal(self.started_at),
            self.duration_ms.map_or_else(|| "NULL".to_owned(), |ms| ms.to_string()),
            text(&home.user),
            text(&who.os_user),
            text(&who.host),
            optional(who.git_commit.as_deref()),
            optional(who.ci_run.as_deref()),
            text(env!("CARGO_PKG_VERSION")),
            text(self.outcome),
            optional(self.error),
            text(self.action.name()),
            optional(self.reason),
            run_on(dialect, home, self.version),
            self.connection.map_or_else(|| "NULL".to_owned(), |id| id.to_string()),
        ];
        values.join(", ")
    }
}

/// The statement that writes rows, at least one, from the values of each.
#[must_use]
pub fn insert(dialect: &dyn Dialect, home: &Home, rows: &[String]) -> String {
    format!(
        "INSERT INTO {} (run_id, version, name, direction, in_transaction, statements, statement_started, statement_done, \
         checksum, up_sql, down_sql, masked, started_at, duration_ms, db_user, os_user, host, git_commit, ci_run, tool_version, \
         outcome, error, action, reason, run_on, connection) VALUES ({})",
        home.table(dialect, JOURNAL),
        rows.join("), (")
    )
}

/// The ledger's own time of a version, which tells later whether that row is still ours, or another tool's.
fn run_on(dialect: &dyn Dialect, home: &Home, version: &Version) -> String {
    format!(
        "(SELECT run_on FROM {} WHERE version = {})",
        home.table(dialect, LEDGER),
        dialect.literal(version.as_str())
    )
}

/// A query for the number of the row that a run wrote last for a version.
#[must_use]
pub fn find(dialect: &dyn Dialect, home: &Home, run_id: &str, version: &Version) -> String {
    format!(
        "SELECT max(id) FROM {} WHERE run_id = {} AND version = {}",
        home.table(dialect, JOURNAL),
        dialect.literal(run_id),
        dialect.literal(version.as_str())
    )
}

/// A query for a row's outcome and progress.
#[must_use]
pub fn state(dialect: &dyn Dialect, home: &Home, id: i64) -> String {
    let table = home.table(dialect, JOURNAL);
    format!("SELECT outcome, statement_started, statement_done FROM {table} WHERE id = {id}")
}

/// A query that gives one row if a run committed a version.
#[must_use]
pub fn committed(dialect: &dyn Dialect, home: &Home, run_id: &str, version: &Version, direction: Direction) -> String {
    format!(
        "SELECT 1 FROM {} WHERE run_id = {} AND version = {} AND direction = '{}' AND outcome = '{}'",
        home.table(dialect, JOURNAL),
        dialect.literal(run_id),
        dialect.literal(version.as_str()),
        direction.name(),
        outcome::DONE
    )
}

/// A query for the versions that a run committed, and the direction of each.
#[must_use]
pub fn done_by(dialect: &dyn Dialect, home: &Home, run_id: &str) -> String {
    format!(
        "SELECT version, direction FROM {} WHERE run_id = {} AND outcome = '{}'",
        home.table(dialect, JOURNAL),
        dialect.literal(run_id),
        outcome::DONE
    )
}

/// A query for the texts of a row: up and down as hexadecimal, whether secrets in them are masked, whether it ran in a
/// transaction, and the checksum of the up.
#[must_use]
pub fn texts(dialect: &dyn Dialect, home: &Home, id: i64) -> String {
    format!(
        "SELECT {}, {}, masked, in_transaction, checksum FROM {} WHERE id = {id}",
        dialect.hex("up_sql"),
        dialect.hex("down_sql"),
        home.table(dialect, JOURNAL)
    )
}

/// A text as the journal keeps it: a zlib stream (RFC 1950).
fn pack(text: &[u8]) -> Vec<u8> {
    // To set up a compressor takes longer than all else that is done for a short text, and saves little.
    const SHORT: u16 = 512;
    match u16::try_from(text.len()) {
        Ok(length) if length <= SHORT => {
            let checksum = adler2::adler32_slice(text).to_be_bytes();
            // One block, the last, which is stored (RFC 1951, 3.2.4).
            [&[0x78, 0x01, 0x01][..], &length.to_le_bytes(), &(!length).to_le_bytes(), text, &checksum].concat()
        }
        _ => miniz_oxide::deflate::compress_to_vec_zlib(text, 6),
    }
}

/// A text of the journal from its hexadecimal form; `None`: it was too long to be kept, or is broken.
#[must_use]
pub fn unpack(hex: &str) -> Option<String> {
    let digits = hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let packed = digits.collect::<Option<Vec<u8>>>().filter(|packed| !packed.is_empty())?;
    String::from_utf8(miniz_oxide::inflate::decompress_to_vec_zlib(&packed).ok()?).ok()
}

/// A text as the journal keeps it: without its secrets. It depends on the text alone, so that it can be compared.
#[must_use]
pub fn kept(source: &str, dialect: &dyn Dialect) -> String {
    sql::mask(source, dialect.rules())
}

/// Notes how far a row's statements have come.
#[must_use]
pub fn progress(dialect: &dyn Dialect, home: &Home, id: i64, started: usize, done: usize) -> String {
    format!(
        "UPDATE {} SET statement_started = {started}, statement_done = {done} WHERE id = {id}",
        home.table(dialect, JOURNAL)
    )
}

/// How a row ends.
#[derive(Debug, Clone, Copy)]
pub struct Closing<'a> {
    pub outcome: &'a str,
    pub duration_ms: u128,
    pub error: Option<&'a str>,
    /// The statement that failed, from 1. Those between it and the last that is in were rolled back with it.
    pub failed: Option<usize>,
}

/// Closes a row.
#[must_use]
pub fn close(dialect: &dyn Dialect, home: &Home, (id, version): (i64, &Version), closing: &Closing<'_>) -> String {
    let Closing { outcome, duration_ms, error, failed } = closing;
    let failed = failed.map_or_else(|| "NULL".to_owned(), |number| number.to_string());
    let error = error.map_or_else(|| "NULL".to_owned(), |text| dialect.literal(text));
    format!(
        "UPDATE {} SET outcome = '{outcome}', duration_ms = {duration_ms}, error = {error}, \
         statement_failed = {failed}, run_on = {} WHERE id = {id}",
        home.table(dialect, JOURNAL),
        run_on(dialect, home, version)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_come_back() {
        for length in [0, 1, 511, 512, 513, 70_000] {
            let text = "é;x".repeat(length / 4 + 1)[..].chars().take(length).collect::<String>();
            let hex: String = pack(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(unpack(&hex), Some(text), "{length}");
        }
    }
}
