//! What a command is handed: settings, the terminal, and connections made when they are first asked for.

use std::cell::OnceCell;
use std::path::PathBuf;

use crate::config::Settings;
use crate::db::{Connector, Pool, Timeouts};
use crate::error::Result;
use crate::migrate::{Ahead, Provenance, Source};
use crate::output::{Format, Terminal};

/// One invocation.
pub struct Context<'a> {
    pub settings: Settings,
    pub terminal: &'a Terminal,
    pub format: Format,
    pub yes: bool,
    pub confirm: Option<String>,
    /// A UUID version 7.
    pub run_id: String,
    connector: OnceCell<Connector>,
    pool: OnceCell<Pool>,
}

impl<'a> Context<'a> {
    #[must_use]
    pub fn new(settings: Settings, terminal: &'a Terminal, format: Format, yes: bool, confirm: Option<String>) -> Self {
        let run_id = uuid::Uuid::now_v7().to_string();
        Self { settings, terminal, format, yes, confirm, run_id, connector: OnceCell::new(), pool: OnceCell::new() }
    }

    /// How to reach the database. A password that stands elsewhere is fetched at the first call.
    pub fn connector(&self) -> Result<&Connector> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector);
        }
        let connector = Connector::new(&self.settings)?;
        self.terminal.hide(connector.redactor());
        Ok(self.connector.get_or_init(|| connector))
    }

    /// The pool, for commands that work in parallel.
    pub fn pool(&self) -> Result<&Pool> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let pool = Pool::new(self.connector()?, &self.settings.pool)?;
        Ok(self.pool.get_or_init(|| pool))
    }

    /// The migrations with their checksums, read while something else is done: for commands that look at the database, too.
    /// `way_back`: they look at each migration's down.sql.
    pub fn source_beside<T>(&self, way_back: bool, other: impl FnOnce() -> T) -> Result<(Source, T)> {
        let connector = self.connector()?;
        let directory = self.migrations()?;
        let ahead = Ahead { checksums: Some(connector.dialect().rules()), way_back };
        std::thread::scope(|scope| {
            let source = scope.spawn(|| Source::read_with(&directory, ahead));
            let done = other();
            let source = source.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok((source, done))
        })
    }

    /// The migrations on disk, for the database's backend.
    pub fn source(&self) -> Result<Source> {
        Source::read(&self.migrations()?)
    }

    fn migrations(&self) -> Result<PathBuf> {
        let backend = self.settings.database()?.target.backend();
        Source::locate(&self.settings.migrate.directory, backend)
    }

    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        let migrate = &self.settings.migrate;
        Timeouts {
            lock: migrate.lock_timeout,
            concurrently_lock: migrate.concurrently_lock_timeout,
            statement: migrate.statement_timeout,
            runner: migrate.lock_wait,
        }
    }

    /// Who runs this, from where.
    #[must_use]
    pub fn provenance(&self, source: &Source) -> Provenance {
        Provenance::gather(&self.run_id, &self.settings.process, &source.directory)
    }
}
