//! Migrations on a scratch database: run one by one, as a run would, with something to look at in between.

use std::time::{Duration, Instant};

use super::file::Why;
use super::runner::Runner;
use super::watch::Watch;
use super::work::Work;
use crate::catalog::{self, Catalog};
use crate::db::{Home, Locked, Purpose, Session, Unlocked};
use crate::error::Result;
use crate::migrate::script::{Mode, Prepared};

/// A connection to a scratch database, and who runs migrations on it. Nobody else knows the database: there is no lock.
pub struct Stage<'r> {
    runner: &'r Runner<'r>,
    work: Work<'r>,
}

impl Runner<'_> {
    /// Sets the stage for migrations, and plays on it.
    pub fn on_stage<T>(&self, steps: &[Prepared], play: impl FnOnce(&mut Stage<'_>) -> Result<T>) -> Result<T> {
        let session = self.connector.connect_telling(Purpose::Write, self.observer)?;
        let mut locked = Locked { session, exclusive: true, held: Box::new(Unlocked) };
        let look = self.look(Some(&mut locked.session), true)?;
        let watch = Watch::default();
        let work = self.work(locked, &look, steps, &watch)?;
        play(&mut Stage { runner: self, work })
    }

    /// Goes on with another connection.
    fn renew(&self, work: &mut Work<'_>) -> Result<()> {
        let mut session = self.connector.connect_telling(Purpose::Write, self.observer)?;
        let ready = work.dialect.ready(&mut session, &self.timeouts);
        work.seen_as = ready.map_err(|error| error.into_error("cannot set the timeouts"))?;
        self.prepare_session(&mut session)?;
        session.hide(&work.secrets);
        self.interrupt.replace(session.canceller());
        work.session = session;
        Ok(())
    }
}

impl Stage<'_> {
    /// Runs a migration, and tells how long it took.
    pub fn run(&mut self, step: &Prepared) -> Result<Duration> {
        self.runner.interrupt.check()?;
        let started = Instant::now();
        let ran = match step.mode {
            Mode::Transaction => {
                let ran = self.runner.in_transaction(&mut self.work, std::slice::from_ref(step));
                ran.map(|_| ()).map_err(|stopped| stopped.error)
            }
            Mode::Statements => self.runner.by_statements(&mut self.work, step, &Why::RUN).map(|_| ()),
        };
        let took = started.elapsed();
        self.work.session.take_notices();
        if step.found.stays {
            // Elsewhere, what follows runs another day: settings and temporary tables are gone by then.
            self.runner.renew(&mut self.work)?;
        }
        ran.map(|()| took).map_err(|error| self.runner.as_interrupted(step, error))
    }

    /// Runs migrations that are known to work: together, where that leaves the same, which is faster.
    pub fn run_all(&mut self, steps: &[Prepared]) -> Result<()> {
        let together = steps.iter().all(|step| step.mode == Mode::Transaction && !step.found.stays);
        // Whatever cannot share a transaction with the others is rolled back with them.
        if together && !steps.is_empty() && self.runner.in_transaction(&mut self.work, steps).is_ok() {
            return Ok(());
        }
        steps.iter().try_for_each(|step| self.run(step).map(|_| ()))
    }

    /// The schema as it stands now, to be compared.
    pub fn read(&mut self) -> Result<Catalog> {
        self.runner.interrupt.check()?;
        catalog::read_structure(&mut self.work.session, self.work.dialect, &self.work.home)
    }

    pub fn session(&mut self) -> &mut Session {
        &mut self.work.session
    }

    #[must_use]
    pub fn home(&self) -> &Home {
        &self.work.home
    }
}
