//! Migrations on a scratch database: run one by one, as a run would, with something to look at in between.

use std::time::{Duration, Instant};

use super::file::Why;
use super::runner::Runner;
use super::watch::Watch;
use super::work::Work;
use crate::catalog::{self, Catalog};
use crate::db::{Home, Locked, Purpose, Session, Unlocked};
use crate::error::{Error, Result};
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
}

impl Stage<'_> {
    /// Runs a migration, and tells how long it took.
    pub fn run(&mut self, step: &Prepared) -> Result<Duration> {
        self.runner.interrupt.check()?;
        let started = Instant::now();
        let failed = |error: Error, runner: &Runner<'_>| runner.as_interrupted(step, error);
        match step.mode {
            Mode::Transaction => {
                let ran = self.runner.in_transaction(&mut self.work, std::slice::from_ref(step));
                ran.map_err(|stopped| failed(stopped.error, self.runner))?;
            }
            Mode::Statements => {
                let ran = self.runner.by_statements(&mut self.work, step, &Why::RUN);
                ran.map_err(|error| failed(error, self.runner))?;
            }
        }
        self.work.session.take_notices();
        Ok(started.elapsed())
    }

    /// Runs migrations that are known to work.
    pub fn run_all(&mut self, steps: &[Prepared]) -> Result<()> {
        steps.iter().try_for_each(|step| self.run(step).map(|_| ()))
    }

    /// The schema as it stands now.
    pub fn read(&mut self) -> Result<Catalog> {
        self.runner.interrupt.check()?;
        catalog::read(&mut self.work.session, self.work.dialect, &self.work.home)
    }

    pub fn session(&mut self) -> &mut Session {
        &mut self.work.session
    }

    #[must_use]
    pub fn home(&self) -> &Home {
        &self.work.home
    }
}
