//! The play: each migration up, down and up again on a scratch database.

use std::sync::Arc;

use super::order;
use super::report::{Verdict, Verified, sentence};
use super::rows;
use crate::catalog::Catalog;
use crate::catalog::diff::{Change, Weight, diff};
use crate::db::Scratch;
use crate::error::{Code, Error, Result};
use crate::migrate::apply::{Runner, Stage};
use crate::migrate::direction::Direction;
use crate::migrate::history::History;
use crate::migrate::plan::Step;
use crate::migrate::script::{Mode, Prepared, prepare};
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
    /// What the environment's database says is applied, where it could be asked.
    pub history: Option<&'a History>,
    pub observer: &'a dyn Observer,
}

/// What came of it.
pub struct Proof {
    pub migrations: Vec<Verified>,
    /// Those behind one that cannot be run.
    pub not_verified: usize,
}

/// A migration's two ways.
pub(super) struct Ways {
    pub(super) up: Prepared,
    /// `None`: there is no way back.
    pub(super) down: Option<Result<Prepared>>,
}

/// Whether the scratch database can be gone on with.
pub(super) enum Stand {
    /// It is as the migration leaves it.
    Good,
    /// It must be made anew, and the migrations before be run again.
    Spoilt,
    /// No migration can follow: this one cannot be run.
    End,
}

impl Verifier<'_> {
    pub fn verify(&mut self) -> Result<Proof> {
        let migrations = self.runner.source.migrations.clone();
        let dialect = self.runner.connector.dialect();
        let (mut ways, mut refused) = (Vec::new(), None);
        for migration in &migrations {
            match prepare(&[step(migration, Direction::Up)], dialect, false) {
                Ok(mut prepared) => ways.extend(prepared.pop().map(|up| Ways { up, down: self.way_back(migration) })),
                Err(error) => {
                    // Whatever follows it cannot be run either.
                    let mut verified = Verified::new(migration);
                    verified.judge(Verdict::Fails, format!("up cannot be run: {error}"));
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
        let end = ways.len();
        self.observer.on(Event::Started { steps: end - first, target: self.runner.connector.target().to_string() });
        let observer = self.observer;
        self.acts(&ways, first, end, |stage, at, before| {
            observer.on(Event::Step { label: ways[at].up.step.migration.label() });
            let mut one = Verified::new(&ways[at].up.step.migration);
            let (stand, after) = play(stage, &ways[at], before, &mut one)?;
            verified.push(one);
            observer.on(Event::StepPassed);
            last = Some(after.clone());
            Ok((stand, after))
        })?;
        rows::play(self, &ways, first, &mut verified)?;
        let whole = verified.len() == end - first;
        if let (true, Some(last), None) = (whole, last, &refused) {
            order::compare(self, &ways, &last, &mut verified)?;
        }
        verified.extend(refused.filter(|_| whole));
        let not_verified = migrations.len() - first - verified.len();
        Ok(Proof { migrations: verified, not_verified })
    }

    fn way_back(&self, migration: &Arc<Migration>) -> Option<Result<Prepared>> {
        if migration.way_back() != Down::Present {
            return None;
        }
        let prepared = prepare(&[step(migration, Direction::Down)], self.runner.connector.dialect(), false);
        prepared.map(|mut prepared| prepared.pop()).transpose()
    }

    /// Plays the migrations from the `first` to before the `end`, each from the schema that those before it make, on as many
    /// stages as that takes.
    pub(super) fn acts(
        &mut self,
        ways: &[Ways],
        first: usize,
        end: usize,
        mut act: impl FnMut(&mut Stage<'_>, usize, &Catalog) -> Result<(Stand, Catalog)>,
    ) -> Result<()> {
        let ups: Vec<Prepared> = ways.iter().map(|ways| ways.up.clone()).collect();
        let mut next = first;
        while next < end {
            let from = next;
            self.on_empty(&ups, |stage| {
                stage.run_all(&ups[..from])?;
                let mut before = stage.read()?;
                while next < end {
                    let (stand, after) = act(stage, next, &before)?;
                    next += 1;
                    match stand {
                        Stand::Good => before = after,
                        Stand::Spoilt => break,
                        Stand::End => next = end,
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

pub(super) fn step(migration: &Arc<Migration>, direction: Direction) -> Step {
    Step { direction, migration: migration.clone(), recorded: None }
}

/// Up, down and up again, from a schema that is known.
fn play(stage: &mut Stage<'_>, ways: &Ways, before: &Catalog, verified: &mut Verified) -> Result<(Stand, Catalog)> {
    match stage.run(&ways.up) {
        Ok(took) => verified.duration_ms = Some(took.as_millis()),
        Err(error) => {
            verified.judge(Verdict::Fails, failure("up", &own(error)?));
            return Ok((Stand::End, before.clone()));
        }
    }
    let applied = stage.read()?;
    let down = match &ways.down {
        None => {
            verified.judge(Verdict::Irreversible, "there is no down.sql, or nothing stands in it");
            return Ok((Stand::Good, applied));
        }
        Some(Err(error)) => {
            verified.judge(Verdict::Fails, format!("down cannot be run: {error}"));
            return Ok((Stand::Good, applied));
        }
        Some(Ok(down)) => down,
    };
    if let Err(error) = stage.run(down) {
        verified.judge(Verdict::Fails, failure("down", &own(error)?));
        let stand = if down.mode == Mode::Transaction { Stand::Good } else { Stand::Spoilt };
        return Ok((stand, applied));
    }
    let reverted = stage.read()?;
    let left = compare(before, &reverted, Direction::Down, verified, applied.fingerprint == reverted.fingerprint);
    if left == Left::Everything {
        // There is nothing to be applied again.
        return Ok((Stand::Good, applied));
    }
    if let Err(error) = stage.run(&ways.up) {
        verified.judge(Verdict::Fails, failure("the second up", &own(error)?));
        return Ok((Stand::Spoilt, applied));
    }
    let again = stage.read()?;
    compare(&applied, &again, Direction::Up, verified, false);
    let stand = if structure(&diff(&applied, &again)).next().is_none() { Stand::Good } else { Stand::Spoilt };
    Ok((stand, again))
}

/// What a way leaves of another schema.
#[derive(PartialEq, Eq)]
enum Left {
    Nothing,
    Something,
    /// As if it had not been run.
    Everything,
}

/// Compares two schemas that should be the same.
fn compare(wanted: &Catalog, found: &Catalog, direction: Direction, verified: &mut Verified, idle: bool) -> Left {
    if wanted.fingerprint == found.fingerprint {
        // The order of columns is no part of it.
        for change in diff(wanted, found) {
            verified.note(sentence(direction, &change));
        }
        return Left::Nothing;
    }
    let changes = diff(wanted, found);
    for change in changes.iter().filter(|change| change.weight < Weight::Structure) {
        verified.note(sentence(direction, change));
    }
    match structure(&changes).next() {
        None => Left::Nothing,
        Some(first) if idle => {
            verified.judge(Verdict::DoesNothing, sentence(direction, first));
            Left::Everything
        }
        Some(first) => {
            verified.judge(Verdict::Differs, sentence(direction, first));
            Left::Something
        }
    }
}

pub(super) fn structure(changes: &[Change]) -> impl Iterator<Item = &Change> {
    changes.iter().filter(|change| change.weight == Weight::Structure)
}

/// An error that is the migration's; any other ends the verification.
pub(super) fn own(error: Error) -> Result<Error> {
    match error.code() {
        Code::HungUp
        | Code::Interrupted
        | Code::Terminated
        | Code::ConnectionLost
        | Code::OutcomeUnknown
        | Code::Unreachable => Err(error),
        _ => Ok(error),
    }
}

/// `down fails at line 1: no such table: a`
pub(super) fn failure(way: &str, error: &Error) -> String {
    let cause = error.cause().map_or_else(|| error.to_string(), str::to_owned);
    let cause = cause.split_whitespace().collect::<Vec<_>>().join(" ");
    match error.place() {
        Some(place) => format!("{way} fails at line {}: {cause}", place.line),
        None => format!("{way} fails: {cause}"),
    }
}
