//! One run from its first look to its last migration.

use super::watch::Watch;
use super::work::{Work, what};
use crate::db::{
    Connector, DbError, Dialect, Home, Kind, Locked, Notice, Purpose, Session, Timeouts, Unlocked, WRITABLE, meta,
};
use crate::error::{Code, Error, Result};
use crate::interrupt::Interrupt;
use crate::migrate::direction::Direction;
use crate::migrate::history::{Detail, History};
use crate::migrate::inventory::{Inventory, State};
use crate::migrate::journal;
use crate::migrate::plan::{Plan, Policies, Request, plan as make_plan};
use crate::migrate::provenance::Provenance;
use crate::migrate::report::{Outcome, Ran};
use crate::migrate::runs;
use crate::migrate::script::{Prepared, prepare};
use crate::migrate::source::Source;
use crate::observer::{Event, Observer};
use crate::secret::Redactor;
use crate::text;

/// Runs migrations: of which files, on which database, on whose behalf.
pub struct Runner<'a> {
    pub connector: &'a Connector,
    pub source: &'a Source,
    pub timeouts: Timeouts,
    /// Keep other runners out.
    pub lock: bool,
    /// All in one transaction, or none.
    pub atomic: bool,
    /// SQL for the connection, before anything else runs on it.
    pub session: &'a [String],
    /// Columns whose values are never shown: `users.password_hash`.
    pub sensitive: &'a [String],
    pub environment: &'a str,
    /// The environment was named on purpose, so the database may be stamped with it.
    pub explicit: bool,
    pub run_id: &'a str,
    /// Asked only when something is to be run.
    pub provenance: &'a dyn Fn() -> Provenance,
    pub observer: &'a dyn Observer,
    /// Asks to stop.
    pub interrupt: Interrupt,
}

/// What is to be done.
pub struct Wanted<'a> {
    pub request: Request,
    pub policies: Policies,
    pub dry_run: bool,
    /// Asked before anything is run, and again if the plan is another once the lock is held.
    pub approve: &'a dyn Fn(&Plan) -> Result<()>,
}

/// What came of it. A failure half way is no `Err`: what was done before it counts.
#[derive(Debug, Default)]
pub struct Finished {
    pub migrations: Vec<Ran>,
    pub failure: Option<Error>,
}

/// What was found before anything was done.
pub(super) struct Look {
    pub(super) home: Home,
    pub(super) history: History,
    pub(super) inventory: Inventory,
}

impl<'a> Runner<'a> {
    /// The same, on another database.
    #[must_use]
    pub fn on<'c>(&self, connector: &'c Connector) -> Runner<'c>
    where
        'a: 'c,
    {
        Runner { connector, interrupt: self.interrupt.clone(), ..*self }
    }
}

impl Runner<'_> {
    /// Looks, plans, and does it.
    pub fn run(&self, wanted: &Wanted<'_>) -> Result<Finished> {
        let dialect = self.connector.dialect();
        let mut session = self.first_session()?;
        let mut look = self.look(session.as_mut(), false)?;
        let from_history = matches!(wanted.request, Request::DownFromHistory { .. });
        if let (Some(session), true) = (&mut session, from_history) {
            self.recall(session, &mut look)?;
        }
        let mut plan = make_plan(&look.inventory, &wanted.request, wanted.policies)?;
        let mut prepared = self.prepare(&plan)?;
        if wanted.dry_run || plan.steps.is_empty() {
            self.tell_warnings(&plan, &prepared);
            if let Err(error) = look.history.meta.check(self.environment) {
                self.observer.warn(error.to_string());
            }
            if let (Some(session), false) = (&mut session, wanted.dry_run) {
                self.stamp_quietly(session, &look);
            }
            let migrations = plan.steps.iter().map(|step| Ran::new(step, Outcome::Planned)).collect();
            return Ok(Finished { migrations, failure: None });
        }
        self.check_writable(&look)?;
        look.history.meta.check(self.environment)?;
        (wanted.approve)(&plan)?;
        let session = match session {
            Some(session) => session,
            None => self.connector.connect_telling(Purpose::Write, self.observer)?,
        };
        let (mut locked, mut look) = self.lock(session, look)?;
        if from_history {
            self.recall(&mut locked.session, &mut look)?;
        }
        if self.lock || dialect.looks_again() {
            // Another runner may have been at work while we waited.
            let approved = plan.steps;
            plan = make_plan(&look.inventory, &wanted.request, wanted.policies)?;
            if plan.steps != approved {
                prepared = self.prepare(&plan)?;
                (wanted.approve)(&plan)?;
            }
        }
        self.tell_warnings(&plan, &prepared);
        self.tell_unwritten(&prepared);
        let watch = Watch::default();
        let mut work = self.work(locked, &look, &prepared, &watch)?;
        // They have done their part, and the work may take long.
        drop((look, plan));
        Ok(self.watched(&watch, || self.steps(&mut work, prepared)))
    }

    /// Does something while a thread watches it, where there is something to be seen.
    pub(super) fn watched<T>(&self, watch: &Watch, work: impl FnOnce() -> T) -> T {
        if !self.connector.target().backend().is_server() {
            return work();
        }
        let (connector, lock, observer) = (self.connector, self.timeouts.lock, self.observer);
        std::thread::scope(|scope| {
            let _ended = watch.until_dropped();
            scope.spawn(move || watch.run(connector, lock, observer));
            work()
        })
    }

    /// Tells of files that hold what `migrate new` wrote.
    fn tell_unwritten(&self, prepared: &[Prepared]) {
        for prepared in prepared.iter().filter(|prepared| prepared.is_unwritten()) {
            let hint = match prepared.step.direction {
                Direction::Up => "take it back with `dbtool migrate down` before you write the change into it",
                Direction::Down => "what its `up.sql` made stays: write the way back before you apply it again",
            };
            let file = prepared.file.path.display();
            self.observer.warn_with(format!("`{file}` has not been written yet: it does nothing"), hint.to_owned());
        }
    }

    fn prepare(&self, plan: &Plan) -> Result<Vec<Prepared>> {
        prepare(&plan.steps, self.connector.dialect(), self.atomic)
    }

    /// Reads the texts of what has no directory here.
    fn recall(&self, session: &mut Session, look: &mut Look) -> Result<()> {
        for entry in look.inventory.entries.iter_mut().filter(|entry| entry.state == State::Missing) {
            if let Some(ours) = entry.applied.as_ref().and_then(|applied| applied.ours.as_ref()) {
                let dialect = self.connector.dialect();
                entry.recorded = Some(runs::read_texts(session, dialect, &look.home, ours.row)?);
            }
        }
        Ok(())
    }

    pub(super) fn check_writable(&self, look: &Look) -> Result<()> {
        if !look.home.read_only {
            return Ok(());
        }
        let message = format!("`{}` takes no changes: it is read-only, or a standby", self.connector.target());
        Err(Error::new(Code::ReadOnly, message).note("nothing was run").hint(WRITABLE))
    }

    /// Makes the connection ready for the files that are to be run.
    pub(super) fn work<'w>(
        &'w self,
        locked: Locked,
        look: &Look,
        prepared: &[Prepared],
        watch: &'w Watch,
    ) -> Result<Work<'w>> {
        let dialect = self.connector.dialect();
        let Locked { mut session, held, .. } = locked;
        let ready = dialect.ready(&mut session, &self.timeouts);
        let seen_as = ready.map_err(|error| error.into_error("cannot set the timeouts"))?;
        self.prepare_session(&mut session)?;
        self.check_session(&mut session, &look.home, prepared)?;
        self.make_tables(&mut session, look)?;
        let mut secrets = Redactor::default();
        for prepared in prepared {
            for password in &prepared.found.secrets {
                secrets.add(password, &["postgres", "password"]);
            }
        }
        session.hide(&secrets);
        session.take_notices();
        let provenance = (self.provenance)();
        let working = self.interrupt.working(session.canceller());
        let home = look.home.clone();
        Ok(Work {
            session,
            held,
            home,
            provenance,
            dialect,
            transaction: None,
            waits: true,
            seen_as,
            watch,
            secrets,
            working,
        })
    }

    /// A connection to look with; none where the database is a file that is not there yet.
    pub(super) fn first_session(&self) -> Result<Option<Session>> {
        let dialect = self.connector.dialect();
        if !dialect.backend().is_server() && !dialect.database_exists(self.connector)? {
            return Ok(None);
        }
        self.connector.connect_telling(Purpose::Read, self.observer).map(Some)
    }

    /// Looks. Without the lock, what another runner has begun counts as not yet done.
    pub(super) fn look(&self, session: Option<&mut Session>, exclusive: bool) -> Result<Look> {
        let dialect = self.connector.dialect();
        let (home, mut history) = match session {
            Some(session) => {
                let home = session.home(dialect)?;
                let history = if exclusive {
                    History::read(session, dialect, &home, Detail::State)?
                } else {
                    History::read_beside_others(session, dialect, self.connector.target(), &home, Detail::State)?.0
                };
                (home, history)
            }
            None => (Home::default(), History::default()),
        };
        let inventory = Inventory::new(self.source, &mut history, dialect)?;
        Ok(Look { home, history, inventory })
    }

    fn tell_warnings(&self, plan: &Plan, prepared: &[Prepared]) {
        for warning in prepared.iter().flat_map(|prepared| &prepared.warnings) {
            self.observer.warn(warning.clone());
        }
        for (warning, hint) in &plan.warnings {
            self.observer.warn_with(warning.clone(), hint.clone());
        }
    }

    /// Keeps others out, and looks again at what they did meanwhile.
    pub(super) fn lock(&self, session: Session, look: Look) -> Result<(Locked, Look)> {
        let dialect = self.connector.dialect();
        let mut locked = if self.lock {
            dialect.lock(self.connector, session, &look.home, self.timeouts.runner, self.observer)?
        } else {
            Locked { session, exclusive: false, held: Box::new(Unlocked) }
        };
        if self.lock || dialect.looks_again() {
            let look = self.look(Some(&mut locked.session), locked.exclusive)?;
            return Ok((locked, look));
        }
        Ok((locked, look))
    }

    pub(super) fn prepare_session(&self, session: &mut Session) -> Result<()> {
        for (number, sql) in self.session.iter().enumerate() {
            session.execute(sql).map_err(|error| {
                let error = DbError { position: None, ..error };
                error
                    .into_error(format!("the statement {} of `migrate.session` failed", number + 1))
                    .note("nothing was run")
            })?;
        }
        Ok(())
    }

    /// Checks the files against what the session allows, before anything is run.
    fn check_session(&self, session: &mut Session, home: &Home, prepared: &[Prepared]) -> Result<()> {
        let dialect = self.connector.dialect();
        let failed = |error: DbError| error.into_error("cannot ask for the session's settings");
        let read = dialect.of_session(session).map_err(failed)?;
        if read.is_some_and(|read| !std::ptr::eq(read.rules(), dialect.rules())) {
            let message = "`migrate.session` changes how SQL is read: quotes and backslashes";
            return Err(Error::new(Code::ConfigValue, message)
                .note("nothing was run")
                .hint("set that `sql_mode` for the user or the server; dbtool asks for it before it reads the files"));
        }
        if !dialect.backend().transactional_ddl() {
            prepared.iter().try_for_each(|prepared| check_stays(prepared, dialect, home))?;
        }
        let Some(longest) = dialect.longest_statement(session).map_err(failed)? else { return Ok(()) };
        for prepared in prepared {
            let (length, start) = prepared.found.longest;
            if length <= longest {
                continue;
            }
            let (has, may) = (text::bytes(length), text::bytes(longest));
            return Err(Error::new(Code::SqlTooLong, format!("the statement has {has}, and the server takes {may}"))
                .at(prepared.place(dialect, start))
                .note("nothing was run")
                .hint("raise the server's `max_allowed_packet`, or cut the statement into several"));
        }
        Ok(())
    }

    /// Makes what is missing of our tables and Diesel's, and stamps the database.
    fn make_tables(&self, session: &mut Session, look: &Look) -> Result<()> {
        let dialect = self.connector.dialect();
        let mut statements = journal::create(dialect, &look.home);
        if self.explicit && look.history.meta.environment.is_none() {
            statements.push(meta::stamp_if_none(dialect, &look.home, self.environment));
        }
        if statements.is_empty() {
            return Ok(());
        }
        dialect.begin(session, &self.timeouts, self.observer)?;
        let made = statements.iter().try_for_each(|sql| session.execute(sql)).and_then(|()| session.execute("COMMIT"));
        made.map_err(|error| {
            let permission = error.kind == Kind::Permission;
            // What is left of the transaction goes with the connection.
            let error = error.into_error("cannot make the tables that record what was run").note("nothing was run");
            if permission { error.hint("the user needs the right to create tables in the schema") } else { error }
        })
    }

    /// With nothing to run, a stamp is worth trying, but no reason to fail.
    fn stamp_quietly(&self, session: &mut Session, look: &Look) {
        if !self.explicit || look.history.meta.environment.is_some() || look.home.read_only {
            return;
        }
        if let Err(error) = self.make_tables(session, look) {
            tracing::debug!(%error, "the database could not be stamped");
        }
    }

    /// What the server said about a migration, each only once: some say it for each statement.
    pub(super) fn tell_notices(&self, label: &str, notices: Vec<Notice>) {
        let mut told: Vec<(Notice, usize)> = Vec::new();
        for notice in notices {
            match told.iter_mut().find(|(other, _)| *other == notice) {
                Some((_, count)) => *count += 1,
                None => told.push((notice, 1)),
            }
        }
        for (Notice { severity, message }, count) in told {
            let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
            self.observer.on(Event::Server { severity, message: format!("`{label}`: {message}{times}") });
        }
    }

    /// What failed because a signal has cancelled it: that is said first. What is not known, or was lost, is told as it is.
    pub(super) fn as_interrupted(&self, prepared: &Prepared, error: Error) -> Error {
        let Some(signal) = self.interrupt.raised() else { return error };
        let stopped = format!("stopped by {signal}");
        if matches!(error.code(), Code::OutcomeUnknown | Code::LockLost) {
            return error.with_code(signal.code()).note(stopped);
        }
        let failed = Some(error.to_string()).filter(|failed| error.cause().is_none() && *failed != stopped);
        let error = failed.into_iter().fold(error, Error::because);
        error.with_code(signal.code()).saying(format!("{stopped} within {}", what(prepared)))
    }
}

/// A file must not drop the database that it runs in, and with it the record of what was run.
fn check_stays(prepared: &Prepared, dialect: &dyn Dialect, home: &Home) -> Result<()> {
    let ours = |drop: &&(String, usize)| text::find_word(&drop.0, &home.database).is_some();
    let Some((_, start)) = prepared.found.drops.iter().find(ours) else { return Ok(()) };
    Err(Error::new(
        Code::SqlRefused,
        "the file drops the database that it runs in, and the record of what was run with it",
    )
    .at(prepared.place(dialect, *start))
    .note("nothing was run")
    .hint("`dbtool db reset` makes the database anew, and runs the migrations"))
}
