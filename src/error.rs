//! What went wrong, as data: a stable code, a sentence, the place in a file, and the next thing to do.
//! It knows no terminal; `output::errors` prints it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::exit_code::ExitCode;
use crate::text;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error for a person to act on. Boxed, so that a `Result` stays small.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Error(Box<Details>);

#[derive(Debug, Clone)]
struct Details {
    code: Code,
    /// A lower-case sentence without a period, values in backticks.
    message: String,
    place: Option<Place>,
    /// What is known beside the cause: the server's detail and hint, who holds a lock.
    notes: Vec<String>,
    /// What to do next; commands stand in backticks.
    hints: Vec<String>,
    cause: Option<String>,
}

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code,
            message: message.into(),
            place: None,
            notes: Vec::new(),
            hints: Vec::new(),
            cause: None,
        }))
    }

    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    /// The same error, as of another kind.
    #[must_use]
    pub fn with_code(mut self, code: Code) -> Self {
        self.0.code = code;
        self
    }

    /// The same with another message.
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.0.notes.push(note.into());
        self
    }

    /// The same without a note that does not hold of it.
    #[must_use]
    pub fn without_note(mut self, note: &str) -> Self {
        self.0.notes.retain(|other| other != note);
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Why: another error's words, which the printer shows below the sentence.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        self.0.code.exit_code()
    }

    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// An error of the file system, with the path that it is about.
    #[must_use]
    pub fn io(action: &str, path: &Path, cause: &std::io::Error) -> Self {
        Self::new(Code::Io, format!("cannot {action} `{}`", path.display())).because(cause)
    }
}

/// A position in a file, lines and columns counted from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: PathBuf,
    pub line: usize,
    pub column: usize,
    /// The text of that line, for the excerpt.
    pub excerpt: String,
}

impl Place {
    /// The place of a byte offset in a file's text.
    pub fn of(file: impl Into<PathBuf>, source: &str, offset: usize) -> Self {
        let (line, column) = text::line_and_column(source, offset);
        Self { file: file.into(), line, column, excerpt: text::line(source, line).to_owned() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

macro_rules! codes {
    ($($variant:ident, $name:literal, $exit:ident, $about:literal;)*) => {
        /// The kind of an error. Its name, such as `migrate/changed`, is stable: scripts may compare it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $about] $variant,)* }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name),* }
            }

            #[must_use]
            pub fn exit_code(self) -> ExitCode {
                match self { $(Code::$variant => ExitCode::$exit),* }
            }

            /// When it happens, in a phrase.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Code::$variant => $about),* }
            }
        }
    };
}

codes! {
    Unexpected, "unexpected", Unexpected, "something that dbtool did not foresee";
    Io, "io", Unexpected, "a file could not be read or written";
    Usage, "usage", Usage, "the command line is wrong";
    ConfigSyntax, "config/syntax", Usage, "dbtool.toml or .env cannot be parsed";
    ConfigUnknownKey, "config/unknown-key", Usage, "dbtool.toml has a key that does not exist";
    ConfigValue, "config/value", Usage, "a setting has a value that it cannot have";
    ConfigReference, "config/reference", Usage, "a `${VAR}`, a password file or a password command gives nothing";
    ConfigMissing, "config/missing", Usage, "a named file or directory does not exist, or no database is named";
    UnknownEnvironment, "config/unknown-environment", NotFound, "the environment is not in dbtool.toml";
    SourceDirectory, "source/directory", Usage, "a directory that is no migration stands among the migrations";
    SourceDuplicate, "source/duplicate-version", Usage, "two directories have the same version";
    SourceVersion, "source/version", Usage, "a directory's name gives no version that the ledger can hold";
    SourceEmpty, "source/empty", Usage, "an up.sql is empty";
    SourceEncoding, "source/encoding", Usage, "a file is not UTF-8 text, or holds a NUL byte";
    SourceMetadata, "source/metadata", Usage, "a metadata.toml has a value that it cannot have";
    SqlUnterminated, "sql/unterminated", Usage, "a quote, comment or body in a file has no end";
    SqlTransactionControl, "sql/transaction-control", Usage, "a BEGIN, COMMIT or ROLLBACK stands in a file that runs in a transaction";
    SqlTooLong, "sql/too-long", Usage, "a statement is longer than the server takes";
    SqlRefused, "sql/refused", Usage, "a statement would keep dbtool from its own work";
    Irreversible, "migrate/irreversible", Usage, "a migration that should be reverted has no down.sql";
    AmbiguousVersion, "migrate/ambiguous-version", Usage, "several versions begin with what was given";
    UnknownVersion, "migrate/unknown-version", NotFound, "no migration has this version";
    Changed, "migrate/changed", Differs, "an applied migration's file was changed afterwards";
    Missing, "migrate/missing", Differs, "an applied migration has no directory here";
    OutOfOrder, "migrate/out-of-order", Refused, "a pending migration is older than one that is applied";
    MigrationFailed, "migrate/failed", Failed, "a migration failed";
    CheckFailed, "migrate/check-failed", Failed, "a query of a migration's verify.sql found rows";
    HalfApplied, "migrate/half-applied", Failed, "some statements of a migration are in the database and others are not";
    NotAtomic, "migrate/not-atomic", Usage, "a migration cannot share a transaction with the others, and `--atomic` was asked for";
    OutcomeUnknown, "migrate/outcome-unknown", Failed, "the connection was lost while a migration was being committed";
    HungUp, "interrupted/hup", HungUp, "a signal asked to stop; the error says what is in the database";
    Interrupted, "interrupted/int", Interrupted, "the same, by INT: Ctrl-C";
    Terminated, "interrupted/term", Terminated, "the same, by TERM";
    LockLost, "migrate/lock-lost", Failed, "the lock that keeps other runners out was lost";
    LockBusy, "migrate/lock-busy", Busy, "another runner held the lock for too long";
    LockUnsupported, "migrate/lock-unsupported", Refused, "the server cannot keep other runners out, since it is part of a cluster";
    LockTimeout, "migrate/lock-timeout", Busy, "a statement of a migration waited too long for a lock";
    NotComparable, "schema/not-comparable", Usage, "two schemas of different kinds of databases were to be compared";
    NotSeen, "schema/not-seen", Refused, "a part of the schema cannot be read, so nothing can be said of it";
    VerifyFailed, "migrate/verify", Differs, "migrations were found wrong, and others could not be looked at";
    RehearsalFailed, "migrate/rehearsal", Differs, "what was to be run failed on a scratch copy of the schema";
    ReachesBeyond, "scratch/reaches-beyond", Refused, "a migration that is to be tried out would change more than its own database";
    ScratchPlace, "scratch/place", Refused, "there is no place for a scratch database: the server is a protected one, or the user may not make databases";
    JournalFormat, "migrate/journal-format", Refused, "the journal was written by a newer dbtool";
    Refused, "guard/refused", Refused, "the command needs a confirmation that was not given";
    Protected, "guard/protected", Refused, "the environment is protected";
    OtherEnvironment, "guard/other-environment", Refused, "the database is stamped as another environment's";
    ReadOnly, "guard/read-only", Refused, "the database is read-only";
    AuditRequired, "audit/required", Refused, "changes must be recorded, and there is no table for it";
    Unreachable, "connect/unreachable", CannotConnect, "the server cannot be reached";
    Authentication, "connect/authentication", CannotConnect, "the server refused the user or the password";
    UnknownDatabase, "connect/unknown-database", CannotConnect, "the server has no such database";
    Tls, "connect/tls", CannotConnect, "no secure connection as it was asked for";
    ConnectionLost, "connect/lost", CannotConnect, "the connection broke while it was in use";
    UnknownTable, "schema/unknown-table", NotFound, "the schema has no table, view or other object of this name";
    AmbiguousTable, "schema/ambiguous-table", Usage, "several objects of the schema are called what was given";
    SameRustName, "schema/same-rust-name", Usage, "two tables, columns or types of the database would have one name in Diesel's file";
    UnknownType, "schema/unknown-type", Usage, "Diesel has no type for a column's, and `[schema.types]` names none";
    Stale, "schema/stale", Differs, "the file of `schema rust` is not what the database is";
    Filter, "data/filter", Usage, "a filter, sort, token or related table cannot be understood";
    UnknownColumn, "data/unknown-column", Usage, "a table has no column, and is related to none, of this name";
    TooManyRows, "guard/too-many-rows", Refused, "more rows would change than `--max-rows` allows";
    NotAsExpected, "guard/not-as-expected", Refused, "a row is not as `--if` says, since another changed it";
    NoRow, "data/not-found", NotFound, "the table has no row of this key";
    Invalid, "data/invalid", Rejected, "values break the rules of their entity; nothing was stored";
    Constraint, "data/constraint", Rejected, "a constraint of the database refused a row";
    Value, "data/value", Rejected, "a column does not take a value: too long, out of range, of another type";
    Conflict, "data/conflict", Busy, "other transactions changed or held the same rows, each time that it was tried";
    RowsMalformed, "data/malformed", Usage, "a file of rows is not what its format asks for";
    UnknownEvent, "audit/unknown-event", NotFound, "no event of this id is recorded";
    OrderInvalid, "order/invalid", Rejected, "what was ordered is no order: no item, a quantity below 1, a suspended user";
    OrderStock, "order/stock", Rejected, "there is not as much in stock as was ordered";
    OrderLifeCycle, "order/life-cycle", Rejected, "an order cannot go from its status to the one that was asked for";
    OrderCheck, "order/check", Rejected, "an order was not as it should be after it was written, and was taken back";
    DatabaseInUse, "db/in-use", Busy, "the database cannot be dropped while others are connected";
    Permission, "db/permission", Unexpected, "the user has no right to what the command needs";
    SeedFile, "seed/file", Usage, "a seed file says what it cannot say";
    SeedCycle, "seed/cycle", Usage, "tables refer to each other in a circle that no NULL and no deferred constraint breaks";
    SeedUnknown, "seed/unknown", NotFound, "no seed has this name";
    SeedDrift, "seed/drift", Differs, "rows that seeds wrote were edited since, and `on_drift` is `fail`";
    SeedRejected, "seed/rejected", Rejected, "the database or a rule refused a row of a seed";
    SeedCascade, "seed/cascade", Refused, "rows that seeds do not own would be deleted with those that they do";
    Database, "db/error", Unexpected, "the server refused a statement of dbtool's own";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_stands_twice() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
