//! The pool: r2d2 over [`AnyConnection`], with a manager that knows its backend.

use std::time::Duration;

use super::connection::AnyConnection;
use super::connector::{Connector, Purpose};
use super::error::DbError;
use crate::config::{PoolSettings, Target};
use crate::error::{Code, Error, Result};
use crate::secret::Redactor;

/// What r2d2 asks to make and check connections.
#[derive(Debug)]
pub struct Manager {
    target: Target,
    connect_timeout: Duration,
    redactor: Redactor,
}

impl r2d2::ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = DbError;

    fn connect(&self) -> Result<AnyConnection, DbError> {
        AnyConnection::open(&self.target, self.connect_timeout).map_err(|error| error.redacted(&self.redactor))
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), DbError> {
        connection.check()
    }

    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        std::thread::panicking() || diesel::r2d2::R2D2Connection::is_broken(connection)
    }
}

/// Connections to share between threads.
#[derive(Debug, Clone)]
pub struct Pool(r2d2::Pool<Manager>);

impl Pool {
    /// Makes a pool, and its minimum of connections. The first is made with the connector's retries, so that a server
    /// that is not there is told with its own words.
    pub fn new(connector: &Connector, settings: &PoolSettings) -> Result<Self> {
        connector.connect(Purpose::Read)?;
        let memory = connector.target().name() == ":memory:";
        let manager = Manager {
            target: connector.target().clone(),
            connect_timeout: settings.connect_timeout,
            redactor: connector.redactor().clone(),
        };
        let pool = r2d2::Pool::builder()
            // A database in memory is its one connection, which must never be closed.
            .max_size(if memory { 1 } else { settings.max })
            .min_idle(Some(if memory { 1 } else { settings.min.min(settings.max) }))
            .idle_timeout((!memory).then_some(settings.idle_timeout).filter(|timeout| !timeout.is_zero()))
            .max_lifetime(if memory { None } else { Some(Duration::from_mins(30)) })
            .connection_timeout(settings.acquire_timeout)
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build(manager);
        pool.map(Self).map_err(|error| Error::new(Code::Unreachable, "cannot fill the connection pool").because(error))
    }

    /// A connection, which goes back when it is dropped.
    pub fn get(&self) -> Result<r2d2::PooledConnection<Manager>> {
        self.0.get().map_err(|cause| {
            let state = self.0.state();
            let error = Error::new(
                Code::Unreachable,
                format!(
                    "no connection of the pool became free in time: {} open, {} idle",
                    state.connections, state.idle_connections
                ),
            );
            error.because(cause).hint("`pool.max` and `pool.acquire_timeout` set the limits")
        })
    }

    /// How many connections are open, and how many of them idle.
    #[must_use]
    pub fn state(&self) -> (u32, u32) {
        let state = self.0.state();
        (state.connections, state.idle_connections)
    }
}
