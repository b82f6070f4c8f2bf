//! Opens connections to one database, with retries, and with errors that say what to do.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::connection::AnyConnection;
use super::dialect::{self, Dialect};
use super::error::{DbError, Kind};
use super::retry::Backoff;
use super::session::{Asks, Session};
use crate::config::{Database, LogSettings, RetrySettings, Settings, Target};
use crate::error::{Error, Result};
use crate::observer::{Event, Observer};
use crate::secret::{Redactor, Secret};
use crate::text;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Makes nothing: a SQLite file that is not there is an error.
    Read,
    /// A SQLite file that is not there is made.
    Write,
}

/// How to reach one database.
#[derive(Clone)]
pub struct Connector {
    target: Target,
    connect_timeout: Duration,
    retry: RetrySettings,
    log: LogSettings,
    redactor: Redactor,
    /// Where the URL came from, for errors.
    origin: String,
    /// As the first session's settings made it.
    dialect: Arc<OnceLock<&'static dyn Dialect>>,
    /// A first attempt that was begun ahead.
    ahead: Arc<Mutex<Option<Attempt>>>,
}

/// A first attempt to connect.
enum Attempt {
    /// On another thread.
    UnderWay(JoinHandle<Result<Session, DbError>>),
    Made(Box<Result<Session, DbError>>),
}

impl Attempt {
    fn finish(self) -> Option<Result<Session, DbError>> {
        match self {
            Attempt::UnderWay(thread) => thread.join().ok(),
            Attempt::Made(result) => Some(*result),
        }
    }
}

impl Connector {
    /// Takes the settings' database. A password that stands elsewhere is fetched now.
    pub fn new(settings: &Settings) -> Result<Self> {
        Self::to(settings.database()?, settings)
    }

    /// Takes a database that the settings name.
    pub fn to(database: &Database, settings: &Settings) -> Result<Self> {
        let target = database.resolved()?;
        let mut redactor = settings.secrets();
        if let Some(server) = target.server() {
            let harmless = [server.user.as_str(), &server.database, &server.host, "postgres"];
            redactor.add(server.password.as_ref().map(Secret::expose).unwrap_or_default(), &harmless);
        }
        Ok(Self {
            target,
            connect_timeout: settings.pool.connect_timeout,
            retry: settings.retry,
            log: settings.log,
            redactor,
            origin: database.origin.to_string(),
            dialect: Arc::default(),
            ahead: Arc::default(),
        })
    }

    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    #[must_use]
    pub fn dialect(&self) -> &'static dyn Dialect {
        self.dialect.get().copied().unwrap_or_else(|| dialect::of(self.target.backend()))
    }

    #[must_use]
    pub fn retry(&self) -> RetrySettings {
        self.retry
    }

    /// A connector to another database of the same server.
    #[must_use]
    pub fn to_database(&self, name: &str) -> Self {
        let mut target = self.target.clone();
        if let Some(server) = target.server_mut() {
            name.clone_into(&mut server.database);
        }
        self.to_target(target)
    }

    /// A connector to another database, in the same way.
    #[must_use]
    pub fn to_target(&self, target: Target) -> Self {
        Self { target, ahead: Arc::default(), ..self.clone() }
    }

    /// The same with another deadline, and as many attempts as fit into it.
    #[must_use]
    pub fn waiting(&self, deadline: Duration) -> Self {
        let mut other = self.clone();
        other.retry = RetrySettings { attempts: u32::MAX, deadline, ..other.retry };
        other
    }

    /// Begins to connect, to look and to ask what will be asked first, while other threads do other things: the next connection
    /// to look with is this one. To a server that takes a thread of its own, so that nobody has to wait for one that does not
    /// answer.
    pub fn start(&self, asks: Asks) {
        let server = self.target.backend().is_server();
        // A library that is not ours may not stand it that the process ends meanwhile.
        if server && !cfg!(feature = "bundled") {
            return;
        }
        let other = self.clone();
        // Its log lines are this thread's.
        let (log, span) = (tracing::dispatcher::get_default(Clone::clone), tracing::Span::current());
        let open = move || {
            let mut session = other.open(Purpose::Read)?;
            session.look_ahead(other.dialect(), asks);
            Ok(session)
        };
        let attempt = if server {
            Attempt::UnderWay(std::thread::spawn(move || {
                tracing::dispatcher::with_default(&log, || span.in_scope(open))
            }))
        } else {
            Attempt::Made(Box::new(open()))
        };
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(attempt);
    }

    /// The first attempt, if one is under way, or another.
    fn attempt(&self, purpose: Purpose) -> Result<Session, DbError> {
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ahead = ahead.filter(|_| purpose == Purpose::Read).and_then(Attempt::finish);
        // What was not there then may have been made meanwhile.
        let missing = |error: &DbError| error.kind == Kind::UnknownDatabase;
        ahead.filter(|ahead| !ahead.as_ref().is_err_and(missing)).unwrap_or_else(|| self.open(purpose))
    }

    /// Tries once.
    pub fn open(&self, purpose: Purpose) -> Result<Session, DbError> {
        let start = Instant::now();
        let driver = self.dialect().open(&self.target, purpose, self.connect_timeout);
        let driver = driver.map_err(|error| error.redacted(&self.redactor))?;
        tracing::debug!(database = %self.target, duration_ms = start.elapsed().as_millis(), "connected");
        crate::fault::point();
        let mut session = Session::new(driver, self.dialect().rules(), self.redactor.clone(), self.log);
        if self.dialect.get().is_none() {
            let dialect = self.dialect().of_session(&mut session)?.unwrap_or_else(|| self.dialect());
            let _ = self.dialect.set(dialect);
        }
        Ok(session)
    }

    /// Connects; tries again while the server cannot be reached, without telling.
    pub fn connect(&self, purpose: Purpose) -> Result<Session> {
        self.connect_telling(purpose, &crate::observer::Silent)
    }

    /// Connects; tries again while the server cannot be reached. A wrong password, an unknown database or a TLS that
    /// cannot be had will not pass, and are not tried again.
    pub fn connect_telling(&self, purpose: Purpose, observer: &dyn Observer) -> Result<Session> {
        self.trying(observer, || self.attempt(purpose))
    }

    /// Connects for models and queries, likewise. A SQLite file that is not there is an error.
    pub fn diesel(&self, observer: &dyn Observer) -> Result<AnyConnection> {
        self.trying(observer, || {
            let start = Instant::now();
            let opened = AnyConnection::open(&self.target, self.connect_timeout);
            let opened = opened.map_err(|error| error.redacted(&self.redactor))?;
            tracing::debug!(database = %self.target, duration_ms = start.elapsed().as_millis(), "connected");
            Ok(opened)
        })
    }

    fn trying<T>(&self, observer: &dyn Observer, attempt_once: impl Fn() -> Result<T, DbError>) -> Result<T> {
        let mut backoff = Backoff::new(self.retry);
        loop {
            let error = match attempt_once() {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            let attempt = backoff.attempt();
            tracing::warn!(kind = error.kind.name(), attempt, database = %self.target, cause = error.message, "cannot connect");
            let can_pass = error.kind == Kind::Unreachable && self.target.backend().is_server();
            let Some(delay) = can_pass.then(|| backoff.next_pause()).flatten() else {
                return Err(self.explain(error, attempt));
            };
            observer.on(Event::Retrying {
                reason: format!("cannot connect (attempt {attempt}): {}", one_line(&error.message)),
                delay,
            });
            std::thread::sleep(delay);
        }
    }

    /// The error of a connection that could not be made, with what to do about it.
    #[must_use]
    pub fn explain(&self, error: DbError, attempts: u32) -> Error {
        let tries =
            if attempts > 1 { format!(" after {}", text::count(attempts as usize, "attempt")) } else { String::new() };
        // What the driver advises itself is better than what is true of all errors of its kind.
        let advice = if error.advice.is_some() { &[][..] } else { self.advice(&error) };
        let explained = error.into_error(format!("cannot connect to `{}`{tries}", self.target));
        let explained = explained.note(format!("the database is named by {}", self.origin));
        advice.iter().fold(explained, |error, hint| error.hint(*hint))
    }

    fn advice(&self, error: &DbError) -> &'static [&'static str] {
        let server = self.target.backend().is_server();
        match error.kind {
            Kind::UnknownDatabase => &["`dbtool db create` makes the database"],
            Kind::Authentication if error.message.contains("no encryption") => {
                &["the server may want TLS of this user: `sslmode=require`"]
            }
            Kind::Authentication => {
                &["check the user and the password; `dbtool config show` tells where they come from"]
            }
            Kind::Tls => tls_advice(&error.message),
            Kind::Foreign if !server => &["name the file of a database, or one that is not there yet"],
            Kind::Foreign => &[
                "is this the right port? PostgreSQL's is 5432, with `postgres://`; that of MySQL and MariaDB is 3306, with `mysql://`",
            ],
            Kind::Unreachable if server => {
                &["is the server up, and are host and port right? `dbtool db wait` waits for it"]
            }
            Kind::Unreachable => &["does the directory of the file exist, and may you write to it?"],
            _ => &[],
        }
    }
}

/// What to do about a TLS that could not be had, by the words of libpq and OpenSSL, and of rustls.
fn tls_advice(message: &str) -> &'static [&'static str] {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["does not match host name", "not valid for name"]) {
        &["name the host as its certificate does; `sslmode=verify-ca` does not look at the name"]
    } else if has(&["verify failed", "UnknownIssuer", "self-signed", "self signed"]) {
        &["`sslrootcert` names the file of the authority that signed the server's certificate"]
    } else if has(&["client certificate", "certificate required", "CertificateRequired"]) {
        &["`sslcert` and `sslkey` name the client's certificate and its key"]
    } else if has(&["does not support SSL", "does not offer TLS", "does not support TLS"]) {
        &[
            "`sslmode=disable` in the URL, or `sslmode = \"disable\"` in the environment's section, allows a connection without TLS",
        ]
    } else if has(&["No such file", "does not exist", "cannot be read"]) {
        &["`sslrootcert`, `sslcert` and `sslkey` name files; in `dbtool.toml` they start from its directory"]
    } else {
        &["`sslrootcert` names the authority whose certificates are trusted", "docs/databases.md has the words for TLS"]
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
