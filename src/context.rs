//! What a command is handed: settings, the terminal, and connections made when they are first asked for.

use std::cell::OnceCell;
use std::path::PathBuf;

use crate::audit::{self, Trail};
use crate::config::Settings;
use crate::db::types::Id;
use crate::db::{AnyConnection, Connector, Pool, Scratch, Timeouts};
use crate::entities::{Entity, Registry};
use crate::error::{Code, Error, Result};
use crate::interrupt::Interrupt;
use crate::migrate::{Ahead, Provenance, Source};
use crate::observer::Observer;
use crate::output::{Format, Progress, Terminal};

/// One invocation.
pub struct Context<'a> {
    pub settings: Settings,
    pub terminal: &'a Terminal,
    pub format: Format,
    pub yes: bool,
    pub confirm: Option<String>,
    /// A UUID version 7.
    pub run_id: String,
    /// The entities that the program knows.
    pub registry: Registry,
    connector: OnceCell<Connector>,
    pool: OnceCell<Pool>,
    sensitive: OnceCell<Vec<String>>,
}

impl<'a> Context<'a> {
    #[must_use]
    pub fn new(settings: Settings, terminal: &'a Terminal, format: Format, yes: bool, confirm: Option<String>) -> Self {
        let run_id = uuid::Uuid::now_v7().to_string();
        Self {
            settings,
            terminal,
            format,
            yes,
            confirm,
            run_id,
            registry: Registry::reference(),
            connector: OnceCell::new(),
            pool: OnceCell::new(),
            sensitive: OnceCell::new(),
        }
    }

    /// The same with other entities than the reference shop's.
    #[must_use]
    pub fn with_registry(self, registry: Registry) -> Self {
        Self { registry, ..self }
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

    /// A throw-away database: on the server that `scratch_url` names, else beside the environment's own.
    pub fn scratch(&self, interrupt: &Interrupt, observer: &dyn Observer) -> Result<Scratch> {
        let own = self.connector()?;
        let Some(named) = self.settings.scratch()? else {
            self.check_scratch_place(own)?;
            return Scratch::make(own, own, interrupt, observer);
        };
        if named.target.backend() != own.target().backend() {
            let (other, backend) = (named.target.backend(), own.target().backend());
            let message = format!("`scratch_url` is of {other}, and the database of {backend}");
            return Err(Error::new(Code::ConfigValue, message).note(format!("it comes from {}", named.origin)));
        }
        if let Some(path) = named.target.file().filter(|path| !path.is_dir()) {
            let message = format!("`scratch_url` names `{}`, which is no directory", path.display());
            let hint = "for SQLite it is the directory in which throw-away databases are made";
            return Err(Error::new(Code::ConfigValue, message)
                .note(format!("it comes from {}", named.origin))
                .hint(hint));
        }
        let place = Connector::to(named, &self.settings)?;
        self.terminal.hide(place.redactor());
        self.check_scratch_place(&place)?;
        Scratch::make(&place, own, interrupt, observer)
    }

    /// Whether scratch databases are on another server than the database, so that nothing that is tried there can reach it.
    pub fn scratch_is_elsewhere(&self) -> Result<bool> {
        let own = self.connector()?.target();
        Ok(self.settings.scratch()?.is_some_and(|named| !named.target.shares_server(own)))
    }

    fn check_scratch_place(&self, place: &Connector) -> Result<()> {
        let environment = &self.settings.environment;
        if !environment.protected || !place.target().shares_server(self.connector()?.target()) {
            return Ok(());
        }
        let name = &environment.name;
        let message = format!("the environment `{name}` is protected: nothing is tried out on its server");
        let error = Error::new(Code::ScratchPlace, message).note("nothing was run");
        let error = match self.settings.scratch()? {
            Some(named) => error.note(format!("`scratch_url` names the same server ({})", named.origin)),
            None => error,
        };
        Err(error.hint(format!("`scratch_url` in `[env.{name}]` names another server")))
    }

    /// A connection for models and for rows of any table, made as the settings say.
    pub fn diesel(&self) -> Result<AnyConnection> {
        self.connector()?.diesel(&Progress::new(self.terminal))
    }

    /// The same for commands that change rows, whose statements do not wait for ever for the rows of others.
    pub fn changing(&self) -> Result<AnyConnection> {
        let mut connection = self.diesel()?;
        let limited = connection.wait_for_locks(self.settings.data_lock_timeout);
        limited.map_err(|error| error.into_error("cannot limit how long statements wait for others"))?;
        Ok(connection)
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

    /// Where the events of this run go. To be asked once, before a transaction begins.
    pub fn trail(&self, connection: &mut AnyConnection) -> Result<Trail> {
        let trail = Trail::open(connection, self.audit_options())?;
        if let Some(warning) = trail.warning() {
            self.terminal.warning(&warning, Some("`[audit] mode = \"off\"` says that this is meant"));
        }
        Ok(trail)
    }

    /// The columns whose values must not show: by the settings, and by the models.
    #[must_use]
    pub fn sensitive(&self) -> &[String] {
        self.sensitive.get_or_init(|| {
            let of = |entity: &'static dyn Entity| {
                entity.sensitive().map(move |column| format!("{}.{column}", entity.table()))
            };
            self.settings.sensitive.iter().cloned().chain(self.registry.iter().flat_map(of)).collect()
        })
    }

    fn audit_options(&self) -> audit::Options {
        audit::Options {
            mode: self.settings.audit,
            actor: self.settings.actor.clone(),
            run_id: self.run_id.parse().unwrap_or_else(|_| Id::new()),
            sensitive: self.sensitive().iter().collect(),
        }
    }

    /// Who runs this, from where.
    #[must_use]
    pub fn provenance(&self, source: &Source) -> Provenance {
        Provenance::gather(&self.run_id, &self.settings.process, &source.directory)
    }
}
