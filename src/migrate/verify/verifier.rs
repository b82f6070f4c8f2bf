//! The play: each migration up, down and up again on a scratch database.

use std::sync::Arc;

use super::act::{Act, refusal};
use super::contents::Loss;
use super::fill::Rows;
use super::order;
use super::report::{Verdict, Verified};
use crate::catalog::{Catalog, Object};
use crate::db::Scratch;
use crate::error::Result;
use crate::migrate::apply::{Runner, Stage};
use crate::migrate::direction::Direction;
use crate::migrate::history::History;
use crate::migrate::plan::Step;
use crate::migrate::script::{Prepared, prepare_as_it_stands};
use crate::migrate::source::{Down, Migration};
use crate::observer::{Event, Observer};
use crate::version::Version;

/// Proves the migrations of a source.
pub struct Verifier<'a> {
    /// How they are run, but for the database that they are run on.
    pub runner: Runner<'a>,
    pub scratch: &'a mut Scratch,
    /// From which on they are looked at; those before it are only applied.
    pub since: Option<Version>,
    /// Before which they end: what follows must not be tried out here.
    pub end: usize,
    /// What the environment's database says is applied, where it could be asked.
    pub history: Option<&'a History>,
    pub observer: &'a dyn Observer,
    /// Is told of each migration as soon as its verdict stands.
    pub tell: &'a dyn Fn(&Verified),
}

/// What came of it.
pub struct Proof {
    pub migrations: Vec<Verified>,
    /// Those behind one that cannot be run.
    pub not_verified: usize,
    /// What is there in the end of which only the names were compared.
    pub not_modelled: Vec<Object>,
}

/// A migration's two ways.
pub(super) struct Ways {
    pub(super) up: Prepared,
    /// `None`: there is no way back.
    pub(super) down: Option<Result<Prepared>>,
}

impl Ways {
    /// Tells of files that hold what `migrate new` wrote.
    fn tell_unwritten(&self, verified: &mut Verified) {
        let down = self.down.as_ref().and_then(|down| down.as_ref().ok());
        for (name, prepared) in [("up.sql", Some(&self.up)), ("down.sql", down)] {
            if prepared.is_some_and(Prepared::is_unwritten) {
                verified.unwritten = true;
                verified.note(format!("its {name} has not been written yet: it does nothing"));
            }
        }
    }
}

/// Whether the scratch database can be gone on with.
pub(super) enum Stand {
    /// It is as the migration leaves it.
    Good,
    /// It must be made anew, and the migrations before be run again.
    Spoilt,
    /// The same, and this one once more, with fewer rows: with them it failed, and this is how.
    Again { way: &'static str, why: String },
    /// No migration can follow: this one cannot be run.
    End,
}

impl Verifier<'_> {
    pub fn verify(&mut self) -> Result<Proof> {
        let migrations = self.runner.source.migrations.clone();
        let dialect = self.runner.connector.dialect();
        let (mut ways, mut refused) = (Vec::new(), None);
        for migration in migrations.iter().take(self.end) {
            match prepare_as_it_stands(&step(migration, Direction::Up), dialect) {
                Ok(up) => ways.push(Ways { up, down: self.way_back(migration) }),
                Err(error) => {
                    // Whatever follows it cannot be run either.
                    let mut verified = Verified::new(migration);
                    verified.judge(Verdict::Fails, refusal("up", &error));
                    verified.place = error.place().cloned();
                    for hint in error.hints() {
                        verified.note(hint.clone());
                    }
                    refused = Some(verified);
                    break;
                }
            }
        }
        let first = match &self.since {
            None => 0,
            Some(since) => ways.partition_point(|ways| ways.up.step.migration.version < *since),
        };
        let mut verified = Vec::new();
        let mut last = None;
        self.observer
            .on(Event::Started { steps: ways.len() - first, target: self.runner.connector.target().to_string() });
        self.acts(&ways, first, &mut verified, &mut last)?;
        let whole = verified.len() == ways.len() - first;
        let not_modelled = last.as_ref().map(|last| last.not_modelled.clone()).unwrap_or_default();
        if let (true, Some(last), None, true) = (whole, last, &refused, self.end == migrations.len()) {
            order::compare(self, &ways, &last, &mut verified)?;
        }
        if let Some(refused) = refused.filter(|_| whole) {
            (self.tell)(&refused);
            verified.push(refused);
        }
        let not_verified = migrations.len() - first - verified.len();
        Ok(Proof { migrations: verified, not_verified, not_modelled })
    }

    fn way_back(&self, migration: &Arc<Migration>) -> Option<Result<Prepared>> {
        if migration.way_back() != Down::Present {
            return None;
        }
        Some(prepare_as_it_stands(&step(migration, Direction::Down), self.runner.connector.dialect()))
    }

    /// Plays the migrations from the `first` on, each from the schema that those before it make, on as many stages as that
    /// takes. The schema after the last one is left in `last`.
    fn acts(
        &mut self,
        ways: &[Ways],
        first: usize,
        verified: &mut Vec<Verified>,
        last: &mut Option<Catalog>,
    ) -> Result<()> {
        let ups: Vec<Prepared> = ways.iter().map(|ways| ways.up.clone()).collect();
        let (mut next, mut failed) = (first, Vec::<Failed>::new());
        let (dialect, observer, tell) = (self.runner.connector.dialect(), self.observer, self.tell);
        while next < ways.len() {
            let from = next;
            self.on_empty(&ups, |stage| {
                stage.run_all(&ups[..from])?;
                let mut before = stage.read()?;
                while let Some(ways) = ways.get(next) {
                    observer.on(Event::Step { label: ways.up.step.migration.label() });
                    let mut one = Verified::new(&ways.up.step.migration);
                    ways.tell_unwritten(&mut one);
                    let rows = match failed.len() {
                        0 => Rows::Two,
                        1 => Rows::One,
                        _ => Rows::None,
                    };
                    let act = Act { stage: &mut *stage, dialect, ways, rows, verified: &mut one };
                    let (stand, after) = act.play(&before)?;
                    if let Stand::Again { way, why } = stand {
                        failed.push(Failed { way, why, lost: one.lost_rows });
                        return Ok(());
                    }
                    one.remember(std::mem::take(&mut failed), rows);
                    tell(&one);
                    verified.push(one);
                    observer.on(Event::StepPassed);
                    next += 1;
                    if next == ups.len() {
                        *last = Some(after.clone());
                    }
                    match stand {
                        Stand::Good => before = after,
                        Stand::End => next = ups.len(),
                        Stand::Spoilt | Stand::Again { .. } => return Ok(()),
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Sets a stage on the scratch database, with nothing in it.
    pub(super) fn on_empty<T>(
        &mut self,
        steps: &[Prepared],
        play: impl FnOnce(&mut Stage<'_>) -> Result<T>,
    ) -> Result<T> {
        let connector = self.scratch.emptied(self.observer)?;
        self.runner.on(connector).on_stage(steps, play)
    }
}

/// How a migration failed with rows in the tables.
pub(super) struct Failed {
    way: &'static str,
    why: String,
    /// What was lost by then.
    lost: Vec<Loss>,
}

impl Verified {
    /// Takes in how it failed when there were more rows than it came through with.
    fn remember(&mut self, mut failed: Vec<Failed>, rows: Rows) {
        let Some(last) = failed.pop() else { return };
        // What fails without rows, too, is the verdict's to tell.
        if !self.failed.contains(&last.way) {
            self.fails_with_rows = true;
            let with = if rows == Rows::One { "two rows, NULL where it may stand," } else { "rows" };
            self.note(format!("with {with} in its tables, {}", last.why));
        }
        // Without rows nothing can be lost, and with fewer it is known better.
        if rows == Rows::None {
            self.lose(last.lost);
        }
    }
}

pub(super) fn step(migration: &Arc<Migration>, direction: Direction) -> Step {
    Step { direction, migration: migration.clone(), recorded: None }
}
