//! The connection of models and queries: Diesel's, one type for every backend.

use std::time::Duration;

use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::{PgConnection, SqliteConnection};

use super::dialect::{busy_timeout, conninfo, mysql_lock_timeout, sqlite_url};
use super::error::{DbError, Kind, kind_of_connect_failure, kind_of_sqlite};
use super::mysql::MysqlConnection;
use crate::config::Target;

/// One of Diesel's connections. What this enum cannot do (upsert, bulk) is the dialects' work.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Postgres(PgConnection),
    Mysql(MysqlConnection),
    Sqlite(SqliteConnection),
}

/// What Diesel makes of it: the backend of queries that run on any.
pub type AnyBackend = <AnyConnection as diesel::Connection>::Backend;

/// Runs a query on the connection that there is. Diesel then knows at compile time which statement it is, and neither writes its text
/// nor asks how its values are sent each time, as it does for a query on any connection.
macro_rules! on_each {
    ($connection:expr, |$own:ident| $run:expr) => {
        match $connection {
            $crate::db::AnyConnection::Postgres($own) => $run,
            $crate::db::AnyConnection::Mysql($own) => $run,
            $crate::db::AnyConnection::Sqlite($own) => $run,
        }
    };
}
pub(crate) use on_each;

impl AnyConnection {
    /// Connects. Unlike the derived `establish`, which tries one backend after the other, this one knows which it is,
    /// and keeps the true error.
    pub fn open(target: &Target, connect_timeout: Duration) -> Result<Self, DbError> {
        match target {
            Target::Postgres(server) => {
                let opened = PgConnection::establish(&conninfo(server, connect_timeout));
                let failed = |error: diesel::ConnectionError| {
                    let message = error.to_string();
                    DbError::new(kind_of_connect_failure(&message), message)
                };
                opened.map(Self::Postgres).map_err(failed)
            }
            Target::Mysql(server) => MysqlConnection::open(server, connect_timeout).map(Self::Mysql),
            Target::Sqlite(file) => {
                let failed = |message: String| DbError::new(kind_of_sqlite(&message), message);
                let mut connection = SqliteConnection::establish(&sqlite_url(file, false)?)
                    .map_err(|error| failed(error.to_string()))?;
                let setup = connection.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON");
                setup.map_err(|error| failed(error.to_string()))?;
                Ok(Self::Sqlite(connection))
            }
        }
    }

    /// How long each of its statements waits for what others hold, before it gives up; zero: for ever. Otherwise it is as the server
    /// has it, which on PostgreSQL is for ever.
    pub fn wait_for_locks(&mut self, most: Duration) -> Result<(), DbError> {
        let set = match self {
            Self::Postgres(_) => format!("SET lock_timeout = {}", most.as_millis().min(i32::MAX as u128)),
            Self::Mysql(_) => mysql_lock_timeout(most),
            Self::Sqlite(_) => busy_timeout(most),
        };
        self.batch_execute(&set).map_err(|error| self.failure(error))
    }

    /// Whether it still answers.
    pub fn check(&mut self) -> Result<(), DbError> {
        self.batch_execute("SELECT 1").map_err(|error| DbError::new(Kind::Lost, error.to_string()))
    }
}
