//! What was done, or would be: the shapes that scripts read.

use serde::Serialize;

use super::direction::Direction;
use super::inventory::{Entry, Inventory, State};
use super::plan::Step;
use crate::backend::Backend;

/// The report of up, down, to and redo.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    pub environment: String,
    pub backend: Backend,
    pub dry_run: bool,
    pub migrations: Vec<Ran>,
}

/// One migration of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Ran {
    pub version: String,
    pub name: String,
    pub direction: Direction,
    pub outcome: Outcome,
    pub duration_ms: Option<u128>,
    pub error: Option<String>,
    /// The directory's name.
    #[serde(skip)]
    pub label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Planned,
    Done,
    /// Nothing was run: it was recorded as a person said.
    Recorded,
    Failed,
    /// It ran, and was taken back with one that failed.
    RolledBack,
    NotRun,
}

impl Outcome {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Planned => "planned",
            Outcome::Done => "done",
            Outcome::Recorded => "recorded",
            Outcome::Failed => "failed",
            Outcome::RolledBack => "rolled_back",
            Outcome::NotRun => "not_run",
        }
    }
}

impl Ran {
    #[must_use]
    pub fn new(step: &Step, outcome: Outcome) -> Self {
        Self {
            version: step.migration.version.to_string(),
            name: step.migration.name.clone(),
            direction: step.direction,
            outcome,
            duration_ms: None,
            error: None,
            label: step.migration.label(),
        }
    }
}

/// The report of status.
#[derive(Debug, Clone, Serialize)]
pub struct StatusReport<'a> {
    pub environment: &'a str,
    pub backend: Backend,
    pub migrations: Vec<Status<'a>>,
    pub summary: Summary,
}

#[derive(Debug, Clone, Serialize)]
pub struct Status<'a> {
    pub version: &'a str,
    pub name: &'a str,
    pub state: State,
    /// RFC 3339, UTC.
    pub applied_at: Option<&'a str>,
    pub duration_ms: Option<i64>,
    pub applied_by: Option<&'a str>,
    pub reversible: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    pub applied: usize,
    pub pending: usize,
    pub changed: usize,
    pub missing: usize,
    pub failed: usize,
}

impl<'a> StatusReport<'a> {
    #[must_use]
    pub fn new(environment: &'a str, backend: Backend, inventory: &'a Inventory) -> Self {
        let count = |state| inventory.count(state);
        Self {
            environment,
            backend,
            migrations: inventory.entries.iter().map(Status::new).collect(),
            summary: Summary {
                applied: count(State::Applied),
                pending: count(State::Pending),
                changed: count(State::Changed),
                missing: count(State::Missing),
                failed: count(State::Failed),
            },
        }
    }
}

impl<'a> Status<'a> {
    fn new(entry: &'a Entry) -> Self {
        let ours = entry.applied.as_ref().and_then(|applied| applied.ours.as_ref());
        Self {
            version: entry.version.as_str(),
            name: &entry.name,
            state: entry.state,
            applied_at: ours
                .map(|ours| &*ours.at)
                .or_else(|| entry.applied.as_ref().and_then(|applied| applied.at.as_deref())),
            duration_ms: ours.and_then(|ours| ours.duration_ms),
            applied_by: ours.map(|ours| &*ours.by),
            reversible: entry.is_reversible(),
        }
    }
}
