//! What a server or driver said, with what can be known of it. Classified here and nowhere else.

use std::fmt;

use super::constraint::Constraint;
use crate::error::{Code, Error};
use crate::secret::Redactor;

/// The kind of a database error, the same for every backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Refused, unknown host, no answer in time, starting up, too many connections.
    Unreachable,
    /// A server of another kind answers.
    Foreign,
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
    /// A value that its column does not take: too long, out of range, of another type.
    Data,
    Syntax,
    Other,
}

impl Kind {
    /// As log lines have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Unreachable => "unreachable",
            Kind::Foreign => "foreign",
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
            Kind::Data => "data",
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
            Kind::Unreachable | Kind::Foreign => Code::Unreachable,
            Kind::Authentication => Code::Authentication,
            Kind::UnknownDatabase => Code::UnknownDatabase,
            Kind::Tls => Code::Tls,
            Kind::Parameters => Code::ConfigValue,
            Kind::Lost => Code::ConnectionLost,
            Kind::ReadOnly => Code::ReadOnly,
            Kind::InUse => Code::DatabaseInUse,
            Kind::Serialization | Kind::Deadlock | Kind::LockTimeout => Code::Conflict,
            Kind::Constraint => Code::Constraint,
            Kind::Data => Code::Value,
            Kind::Permission => Code::Permission,
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
    /// What to do about it, in our words.
    pub advice: Option<String>,
    /// Where it happened within the server: the function, the trigger.
    pub context: Option<String>,
    /// The five characters that the standard has for it, where the server gives them.
    pub sqlstate: Option<String>,
    /// MySQL's own number.
    pub errno: Option<u16>,
    /// A byte offset in the SQL that was sent.
    pub position: Option<usize>,
    /// Which constraint it was, where the error is one of those.
    pub constraint: Option<Box<Constraint>>,
}

impl DbError {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            detail: None,
            hint: None,
            advice: None,
            context: None,
            sqlstate: None,
            errno: None,
            position: None,
            constraint: None,
        }
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
        let error = self.advice.iter().fold(error, Error::hint);
        match self.kind {
            Kind::ReadOnly => error.hint(WRITABLE),
            Kind::Permission => error.hint(MORE_RIGHTS),
            Kind::LockTimeout => error.note(HELD).hint(AGAIN),
            _ => error,
        }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.errno, &self.sqlstate) {
            (Some(number), Some(state)) => write!(f, "{} (error {number}, SQLSTATE {state})", self.message),
            (None, Some(state)) => write!(f, "{} (SQLSTATE {state})", self.message),
            (_, None) => f.write_str(&self.message),
        }
    }
}

/// What a lock that was waited for in vain means.
const HELD: &str = "another session holds the rows, or their table, and did not let go of them in time";

/// What to do about it.
const AGAIN: &str = "run it again when the other is done";

/// What to do about a right that is missing.
pub const MORE_RIGHTS: &str = "the user needs more rights; `dbtool db ping` shows which user it is";

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
        _ if state.starts_with("22") => Kind::Data,
        _ if state.starts_with("23") => Kind::Constraint,
        _ if state.starts_with("42") => Kind::Syntax,
        _ => Kind::Other,
    }
}

/// By MySQL's number ("Server Error Message Reference" in its manual; MariaDB's from its "Error Codes").
#[must_use]
pub fn kind_of_errno(number: u16) -> Kind {
    match number {
        1040 | 1203 | 1226 | 2002 | 2003 => Kind::Unreachable,
        1045 | 1251 | 1524 | 1698 | 1820 | 1862 | 3118 | 3955 | 4151 => Kind::Authentication,
        1049 => Kind::UnknownDatabase,
        3159 => Kind::Tls,
        1053 | 1077 | 1079 | 1152 | 1158..=1161 | 1184 | 1927 | 2006 | 2013 | 3169 => Kind::Lost,
        1213 | 1613 | 1614 => Kind::Deadlock,
        1205 | 3572 => Kind::LockTimeout,
        1969 | 3024 => Kind::StatementTimeout,
        1290 | 1792 | 1836 => Kind::ReadOnly,
        1021 | 1114 | 1811 => Kind::DiskFull,
        1007 | 1050 | 1060 | 1061 | 1304 | 1359 | 1537 | 1826 => Kind::Exists,
        1044 | 1142 | 1143 | 1227 | 1370 | 1410 | 1419 | 3879 => Kind::Permission,
        1022 | 1048 | 1062 | 1169 | 1216 | 1217 | 1364 | 1451 | 1452 | 1557 | 1586 | 1761 | 1762 | 1859 | 3819
        | 4025 => Kind::Constraint,
        1264 | 1265 | 1292 | 1366 | 1367 | 1406 | 1411 => Kind::Data,
        1051 | 1054 | 1064 | 1072 | 1091 | 1146 | 1149 | 1305 => Kind::Syntax,
        _ => Kind::Other,
    }
}

/// By the words of libpq and the server when connecting fails: there is no SQLSTATE to be had then.
#[must_use]
pub fn kind_of_connect_failure(message: &str) -> Kind {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&[
        "password authentication failed",
        "no password supplied",
        "no pg_hba.conf entry",
        "pg_hba.conf rejects",
        "authentication failed",
    ]) || (has(&["role \""]) && has(&["does not exist", "is not permitted to log in"]))
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
    } else if has(&["invalid response to SSL negotiation", "expected authentication request from server"]) {
        Kind::Foreign
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
            ("FATAL:  pg_hba.conf rejects connection for host \"h\", no encryption", Kind::Authentication),
            ("server does not support SSL, but SSL was required", Kind::Tls),
            ("Connection refused", Kind::Unreachable),
            ("FATAL:  the database system is starting up", Kind::Unreachable),
            ("invalid connection option \"x\"", Kind::Parameters),
            ("received invalid response to SSL negotiation: d", Kind::Foreign),
        ];
        for (message, kind) in cases {
            assert_eq!(kind_of_connect_failure(message), kind, "{message}");
        }
    }
}
