//! Disk and database side by side: every version that either knows, with its state.

use std::sync::Arc;

use super::direction::Direction;
use super::half::Half;
use super::history::{Applied, History};
use super::replay::replay;
use super::runs::Texts;
use super::source::{Down, Migration, Source};
use crate::db::Dialect;
use crate::error::Result;
use crate::sql::{Statement, split};
use crate::version::Version;

/// The state of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Applied,
    Pending,
    /// Applied, and its up.sql says something else now.
    Changed,
    /// Applied, and there is no directory of this version.
    Missing,
    /// Half applied, or half reverted.
    Failed,
}

impl State {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Applied => "applied",
            State::Pending => "pending",
            State::Changed => "changed",
            State::Missing => "missing",
            State::Failed => "failed",
        }
    }
}

/// One version.
#[derive(Debug, Clone)]
pub struct Entry {
    pub version: Version,
    pub name: String,
    pub state: State,
    /// `None`: it is not on disk.
    pub migration: Option<Arc<Migration>>,
    /// `None`: it does not stand in the ledger.
    pub applied: Option<Applied>,
    pub half: Option<Half>,
    /// The texts that it ran from, where they were asked for.
    pub recorded: Option<Texts>,
}

impl Entry {
    /// Whether it stands in the ledger.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        self.applied.is_some()
    }

    #[must_use]
    pub fn is_reversible(&self) -> bool {
        self.migration.as_ref().is_some_and(|migration| migration.way_back() == Down::Present)
    }

    /// The directory's name, or what comes nearest to it.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.migration {
            Some(migration) => migration.label(),
            None if self.name.is_empty() => self.version.to_string(),
            None => format!("{}_{}", self.version, self.name),
        }
    }
}

/// Every version, in order.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    pub entries: Vec<Entry>,
}

impl Inventory {
    /// Puts both sides together, and takes what is applied and what is half done out of the history. Reads the up.sql of every
    /// migration whose checksum the journal knows.
    pub fn new(source: &Source, history: &mut History, dialect: &dyn Dialect) -> Result<Self> {
        let rules = dialect.rules();
        let mut versions: Vec<Version> = source.migrations.iter().map(|migration| migration.version.clone()).collect();
        let known = |version: &&Version| source.get(version).is_some();
        versions.extend(history.applied.keys().chain(history.half.keys()).filter(|version| !known(version)).cloned());
        versions.sort();
        versions.dedup();
        // All three are in the order of their versions, too.
        let mut migrations = source.migrations.iter().peekable();
        let mut all_applied = std::mem::take(&mut history.applied).into_iter().peekable();
        let mut all_half = std::mem::take(&mut history.half).into_iter().peekable();
        let entries = versions.into_iter().map(|version| {
            let migration = migrations.next_if(|migration| migration.version == version).cloned();
            let applied = all_applied.next_if(|(other, _)| *other == version).map(|(_, applied)| applied);
            let mut half = all_half.next_if(|(other, _)| *other == version).map(|(_, half)| half);
            if let (Some(half), Some(migration)) = (&mut half, &migration) {
                take_in_file(half, migration, dialect);
            }
            let ours = applied.as_ref().and_then(|applied| applied.ours.as_ref());
            let state = match (&migration, &applied) {
                _ if half.is_some() => State::Failed,
                (None, _) => State::Missing,
                (Some(_), None) => State::Pending,
                (Some(migration), Some(_)) => match ours {
                    Some(ours) if source.checksum(migration, rules)? != ours.checksum => State::Changed,
                    _ => State::Applied,
                },
            };
            let name = migration.as_ref().map(|migration| migration.name.clone());
            let name = name.or_else(|| ours.map(|ours| ours.name.clone()));
            let name = name.or_else(|| half.as_ref().map(|half| half.name.clone())).unwrap_or_default();
            Ok(Entry { version, name, state, migration, applied, half, recorded: None })
        });
        Ok(Self { entries: entries.collect::<Result<_>>()? })
    }

    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.entries.iter().filter(|entry| entry.state == state).count()
    }

    #[must_use]
    pub fn get(&self, version: &Version) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.version == *version)
    }
}

/// What the file says about the ways to go on.
fn take_in_file(half: &mut Half, migration: &Migration, dialect: &dyn Dialect) {
    let file = if half.direction == Direction::Up { migration.up().map(Some) } else { migration.down() };
    // One that cannot be read cannot be run either, which is told then.
    let Some(file) = file.ok().flatten() else { return };
    half.long = file.held().is_none();
    let text = file.whole().unwrap_or_default();
    let statements = split(&text, dialect.rules()).unwrap_or_default();
    half.stranded = replay(dialect, &statements, half.done).is_err();
    half.ends = statements.get(half.failed() - 1).is_some_and(Statement::is_transaction_control);
}
