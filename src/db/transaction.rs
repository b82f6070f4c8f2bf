//! A transaction around a closure: committed when it succeeds, rolled back on any error and on a panic, a savepoint within another
//! one, and tried again where the server asks for that.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};

use super::connection::AnyConnection;
use super::error::{DbError, Kind};
use super::retry::Backoff;
use crate::config::RetrySettings;
use crate::error::{Code, Error};

/// What a transaction sees of others. SQLite's are serializable, whatever is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl Isolation {
    fn sql(self) -> &'static str {
        match self {
            Isolation::ReadCommitted => "READ COMMITTED",
            Isolation::RepeatableRead => "REPEATABLE READ",
            Isolation::Serializable => "SERIALIZABLE",
        }
    }
}

/// How a transaction is to be. Within another one, all but the default is refused: it is as that one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// None: the server's own.
    pub isolation: Option<Isolation>,
    pub read_only: bool,
    /// PostgreSQL: a serializable transaction that only reads waits until it cannot fail.
    pub deferrable: bool,
    /// How often it is tried in all. Only errors that a fresh transaction can be spared are worth it: deadlocks, serialization
    /// failures, lock timeouts.
    pub attempts: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { isolation: None, read_only: false, deferrable: false, attempts: 5 }
    }
}

impl Options {
    /// As the server has it by default, and tried five times at most.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = Some(isolation);
        self
    }

    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    #[must_use]
    pub fn deferrable(mut self) -> Self {
        self.deferrable = true;
        self
    }

    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }
}

/// An error that can come out of a transaction: the closure's own type, which takes in those of beginning and committing.
pub trait TransactionError: From<diesel::result::Error> {
    /// The kind of the database error that it stands for, if it does.
    fn kind(&self) -> Option<Kind>;
}

impl TransactionError for DbError {
    fn kind(&self) -> Option<Kind> {
        Some(self.kind)
    }
}

impl TransactionError for diesel::result::Error {
    fn kind(&self) -> Option<Kind> {
        Some(DbError::kind_of(self))
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        DbError::from(error).into()
    }
}

impl TransactionError for Error {
    fn kind(&self) -> Option<Kind> {
        match self.code() {
            Code::Conflict => Some(Kind::Serialization),
            Code::LockBusy => Some(Kind::LockTimeout),
            _ => None,
        }
    }
}

impl TransactionError for anyhow::Error {
    fn kind(&self) -> Option<Kind> {
        let known = |cause: &(dyn std::error::Error + 'static)| {
            let ours = cause.downcast_ref::<DbError>().map(|error| error.kind);
            ours.or_else(|| cause.downcast_ref::<diesel::result::Error>().map(DbError::kind_of))
        };
        self.chain().find_map(known)
    }
}

/// Runs a closure in a transaction. It may be run several times: what it does beside the database must bear that.
///
/// An error of the closure is given back as it is. Nothing of it stays in the database, nor of one that panics.
///
/// ```
/// use dbtool::db::{AnyConnection, DbError, TransactionOptions, transaction};
/// use diesel::connection::SimpleConnection as _;
/// # use dbtool::config::Target;
/// # let target = Target::parse("sqlite::memory:", std::path::Path::new("")).unwrap();
/// # let mut connection = AnyConnection::open(&target, std::time::Duration::from_secs(5)).unwrap();
/// let counted: Result<i64, DbError> = transaction(&mut connection, &TransactionOptions::new(), |connection| {
///     connection.batch_execute("CREATE TABLE a (b INTEGER); INSERT INTO a VALUES (1)")?;
///     Ok(1)
/// });
/// assert_eq!(counted, Ok(1));
/// ```
pub fn transaction<T, E: TransactionError>(
    connection: &mut AnyConnection,
    options: &Options,
    mut work: impl FnMut(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E> {
    let outermost = depth(connection)? == 0;
    let mut backoff = Backoff::new(RetrySettings { attempts: if outermost { options.attempts } else { 1 }, ..RETRY });
    loop {
        let error = match attempt(connection, *options, outermost, &mut work) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let kind = error.kind();
        let again = kind.filter(|kind| kind.is_transient()).and_then(|_| backoff.next_pause());
        let kind = kind.map(Kind::name);
        let Some(pause) = again else {
            tracing::debug!(kind, attempt = backoff.attempt(), "transaction rolled back");
            return Err(error);
        };
        tracing::info!(kind, attempt = backoff.attempt() - 1, "transaction rolled back, and tried again");
        std::thread::sleep(pause);
    }
}

/// Deadlocks are found within moments, and those who met in one should not meet again.
const RETRY: RetrySettings = RetrySettings {
    attempts: 1,
    base: Duration::from_millis(10),
    max: Duration::from_millis(500),
    deadline: Duration::from_secs(30),
};

fn attempt<T, E: TransactionError>(
    connection: &mut AnyConnection,
    options: Options,
    outermost: bool,
    work: &mut impl FnMut(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, E> {
    begin(connection, options, outermost)?;
    let result = catch_unwind(AssertUnwindSafe(|| work(connection)));
    let committed = match result {
        Ok(Ok(value)) => AnyConnection::commit_transaction(connection).map(|()| value).map_err(E::from),
        Ok(Err(error)) => {
            roll_back(connection);
            Err(error)
        }
        Err(panic) => {
            roll_back(connection);
            finish(connection, options, outermost);
            resume_unwind(panic);
        }
    };
    finish(connection, options, outermost);
    committed
}

/// How many transactions are open within each other.
fn depth(connection: &mut AnyConnection) -> diesel::QueryResult<u32> {
    let status = AnyConnection::transaction_manager_status_mut(connection);
    status.transaction_depth().map(|depth| depth.map_or(0, std::num::NonZeroU32::get))
}

fn begin(connection: &mut AnyConnection, options: Options, outermost: bool) -> diesel::QueryResult<()> {
    if !outermost {
        if options.isolation.is_some() || options.read_only || options.deferrable {
            // It cannot be had, and to go on without would be to promise what does not hold.
            return Err(diesel::result::Error::AlreadyInTransaction);
        }
        return AnyConnection::begin_transaction(connection);
    }
    let isolation = options.isolation.map(|isolation| format!(" ISOLATION LEVEL {}", isolation.sql()));
    let isolation = isolation.unwrap_or_default();
    match connection {
        AnyConnection::Postgres(connection) => {
            let access = if options.read_only { " READ ONLY" } else { "" };
            let deferrable = if options.deferrable { " DEFERRABLE" } else { "" };
            let sql = format!("BEGIN{isolation}{access}{deferrable}");
            AnsiTransactionManager::begin_transaction_sql(connection, &sql)
        }
        AnyConnection::Mysql(connection) => {
            if !isolation.is_empty() {
                // Of the next transaction alone.
                connection.batch_execute(&format!("SET TRANSACTION{isolation}"))?;
            }
            let access = if options.read_only { " READ ONLY" } else { "" };
            AnsiTransactionManager::begin_transaction_sql(connection, &format!("START TRANSACTION{access}"))
        }
        AnyConnection::Sqlite(connection) => {
            // One that read first and then wants to write would fail at once where another has written since; one that says so
            // at its beginning waits.
            let sql = if options.read_only { "BEGIN; PRAGMA query_only = ON" } else { "BEGIN IMMEDIATE" };
            AnsiTransactionManager::begin_transaction_sql(connection, sql)
        }
    }
}

/// Where that fails, the connection is broken, which the next who uses it is told.
fn roll_back(connection: &mut AnyConnection) {
    if let Err(error) = AnyConnection::rollback_transaction(connection) {
        tracing::warn!(cause = %error, "cannot roll back");
    }
}

fn finish(connection: &mut AnyConnection, options: Options, outermost: bool) {
    if let AnyConnection::Sqlite(connection) = connection
        && outermost
        && options.read_only
        && let Err(error) = connection.batch_execute("PRAGMA query_only = OFF")
    {
        tracing::warn!(cause = %error, "cannot allow changes again");
    }
}
