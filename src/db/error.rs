//! What a server or driver said, with what can be known of it. Classified here and nowhere else.

use std::fmt;

use crate::error::{Code, Error};
use crate::secret::Redactor;

/// The kind of a database error, the same for every backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Refused, unknown host, no answer in time, starting up, too many connections.
    Unreachable,
    Authentication,
    UnknownDatabase,
    Tls,
    /// The driver does not take what it was given: an unknown parameter.
    Parameters,
    /// The connection broke while it was in use.
    Lost,
    Serialization,
    Deadlock,
    /// Somebody else holds what a statement needs, for longer than it may wait.
    LockTimeout,
    StatementTimeout,
    ReadOnly,
    DiskFull,
    /// The database is in use by others, or a name is taken.
    InUse,
    Exists,
    Permission,
    Constraint,
    Syntax,
    Other,
}

impl Kind {
    /// As log lines have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Unreachable => "unreachable",
            Kind::Authentication => "authentication",
            Kind::UnknownDatabase => "unknown_database",
            Kind::Tls => "tls",
            Kind::Parameters => "parameters",
            Kind::Lost => "connection_lost",
            Kind::Serialization => "serialization",
            Kind::Deadlock => "deadlock",
            Kind::LockTimeout => "lock_timeout",
            Kind::StatementTimeout => "statement_timeout",
            Kind::ReadOnly => "read_only",
            Kind::DiskFull => "disk_full",
            Kind::InUse => "in_use",
            Kind::Exists => "exists",
            Kind::Permission => "permission",
            Kind::Constraint => "constraint",
            Kind::Syntax => "syntax",
            Kind::Other => "other",
        }
    }

    /// Whether the same work can succeed in a fresh transaction.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, Kind::Serialization | Kind::Deadlock | Kind::LockTimeout)
    }

    fn code(self) -> Code {
        match self {
            Kind::Unreachable => Code::Unreachable,
            Kind::Authentication => Code::Authentication,
            Kind::UnknownDatabase => Code::UnknownDatabase,
            Kind::Tls => Code::Tls,
            Kind::Parameters => Code::ConfigValue,
            Kind::Lost => Code::ConnectionLost,
            Kind::LockTimeout => Code::LockBusy,
            Kind::ReadOnly => Code::ReadOnly,
            Kind::InUse => Code::DatabaseInUse,
            _ => Code::Database,
        }
    }
}

/// A failure of a connection or statement. The words are the server's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct DbError {
    pub kind: Kind,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Where it happened within the server: the function, the trigger.
    pub context: Option<String>,
    /// PostgreSQL's five characters.
    pub sqlstate: Option<String>,
    /// A byte offset in the SQL that was sent.
    pub position: Option<usize>,
}

impl DbError {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: None, hint: None, context: None, sqlstate: None, position: None }
    }

    /// With every text passed through a redactor.
    #[must_use]
    pub fn redacted(mut self, redactor: &Redactor) -> Self {
        self.message = redactor.redact(&self.message);
        for text in [&mut self.detail, &mut self.hint, &mut self.context].into_iter().flatten() {
            *text = redactor.redact(text);
        }
        self
    }

    /// What the server said beside its message, each with its name.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let named = [("detail", &self.detail), ("the server's hint", &self.hint), ("context", &self.context)];
        named.into_iter().filter_map(|(name, text)| Some(format!("{name}: {}", text.as_deref()?))).collect()
    }

    /// As an error of a command that was about something else than this statement.
    pub fn into_error(self, what: impl Into<String>) -> Error {
        let notes = self.notes();
        let error = Error::new(self.kind.code(), what).because(&self);
        let error = notes.into_iter().fold(error, Error::note);
        match self.kind {
            Kind::ReadOnly => error.hint(WRITABLE),
            _ => error,
        }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sqlstate {
            Some(state) => write!(f, "{} (SQLSTATE {state})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// What to do about a database that takes no changes.
pub const WRITABLE: &str =
    "name a database that may be written to; `dbtool config show` tells where the URL comes from";

/// By PostgreSQL's SQLSTATE ("Appendix A. PostgreSQL Error Codes").
#[must_use]
pub fn kind_of_sqlstate(state: &str) -> Kind {
    match state {
        "40001" => Kind::Serialization,
        "40P01" => Kind::Deadlock,
        "55P03" => Kind::LockTimeout,
        "57014" => Kind::StatementTimeout,
        "25006" => Kind::ReadOnly,
        "53100" => Kind::DiskFull,
        "3D000" => Kind::UnknownDatabase,
        "55006" => Kind::InUse,
        "42P04" | "42P06" | "42P07" | "42710" => Kind::Exists,
        "42501" => Kind::Permission,
        "57P03" | "53300" => Kind::Unreachable,
        "57P01" | "57P02" | "57P05" | "25P03" | "25P04" => Kind::Lost,
        _ if state.starts_with("08") => Kind::Lost,
        _ if state.starts_with("28") => Kind::Authentication,
        _ if state.starts_with("23") => Kind::Constraint,
        _ if state.starts_with("42") => Kind::Syntax,
        _ => Kind::Other,
    }
}

/// By the words of libpq and the server when connecting fails: there is no SQLSTATE to be had then.
#[must_use]
pub fn kind_of_connect_failure(message: &str) -> Kind {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["password authentication failed", "no password supplied", "no pg_hba.conf entry", "authentication failed"])
        || (has(&["role \""]) && has(&["does not exist", "is not permitted to log in"]))
    {
        Kind::Authentication
    } else if has(&["database \""]) && has(&["does not exist"]) {
        Kind::UnknownDatabase
    } else if has(&[
        "invalid connection option",
        "invalid sslmode",
        "invalid port",
        "invalid integer value",
        "definition of service",
    ]) {
        Kind::Parameters
    } else if has(&["SSL", "certificate", "TLS"]) {
        Kind::Tls
    } else {
        Kind::Unreachable
    }
}

/// By SQLite's words, which are constants of its source.
#[must_use]
pub fn kind_of_sqlite(message: &str) -> Kind {
    let has = |word: &str| message.contains(word);
    if has("database is locked") || has("table is locked") || has("schema is locked") {
        Kind::LockTimeout
    } else if has("readonly database") || has("read-only") {
        Kind::ReadOnly
    } else if has("disk is full") {
        Kind::DiskFull
    } else if has("unable to open") || has("file is not a database") {
        Kind::Unreachable
    } else if has("constraint failed") {
        Kind::Constraint
    } else if has("syntax error") || has("incomplete input") || has("unrecognized token") || has("no such") {
        Kind::Syntax
    } else if has("already exists") {
        Kind::Exists
    } else {
        Kind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_failures_are_told_apart() {
        let cases = [
            ("FATAL:  password authentication failed for user \"a\"", Kind::Authentication),
            ("FATAL:  role \"a\" does not exist", Kind::Authentication),
            ("FATAL:  database \"a\" does not exist", Kind::UnknownDatabase),
            ("server does not support SSL, but SSL was required", Kind::Tls),
            ("Connection refused", Kind::Unreachable),
            ("FATAL:  the database system is starting up", Kind::Unreachable),
            ("invalid connection option \"x\"", Kind::Parameters),
        ];
        for (message, kind) in cases {
            assert_eq!(kind_of_connect_failure(message), kind, "{message}");
        }
    }
}
