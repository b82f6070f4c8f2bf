//! The schema that migrations make, found out by running them on a scratch database.

use std::sync::Arc;

use super::apply::Runner;
use super::direction::Direction;
use super::history::{Detail, History};
use super::inventory::{Inventory, State};
use super::plan::Step;
use super::runs;
use super::script::prepare;
use super::source::Source;
use crate::catalog::Catalog;
use crate::db::{Dialect, Home, Scratch, Session};
use crate::error::Result;

/// Runs steps in their order on a scratch database, and reads the schema that they leave.
pub fn schema_of(runner: &Runner<'_>, scratch: &mut Scratch, steps: &[Step]) -> Result<Catalog> {
    let prepared = prepare(steps, runner.connector.dialect(), false)?;
    let connector = scratch.emptied(runner.observer)?;
    runner.on(connector).on_stage(&prepared, |stage| {
        stage.run_all(&prepared)?;
        stage.read()
    })
}

/// The ups of what is applied to a database: from the files, or, where there are none, from the journal. And what is to be told
/// of those for which there is neither.
pub fn applied_steps(
    source: &Source,
    session: &mut Session,
    dialect: &dyn Dialect,
    home: &Home,
) -> Result<(Vec<Step>, Vec<String>)> {
    let mut history = History::read(session, dialect, home, Detail::State)?;
    let inventory = Inventory::new(source, &mut history, dialect)?;
    let (mut steps, mut warnings) = (Vec::new(), Vec::new());
    for entry in inventory.entries.iter().filter(|entry| entry.is_applied() || entry.half.is_some()) {
        let label = entry.label();
        let ours = entry.applied.as_ref().and_then(|applied| applied.ours.as_ref());
        let (migration, recorded) = match (&entry.migration, ours) {
            _ if entry.state == State::Failed => {
                warnings.push(format!("`{label}` is half applied: what of it is in shows as a difference"));
                continue;
            }
            (Some(migration), _) => (migration.clone(), None),
            (None, Some(ours)) => {
                let texts = runs::read_texts(session, dialect, home, ours.row)?;
                (Arc::new(entry.as_recorded()), Some(texts))
            }
            (None, None) => {
                warnings
                    .push(format!("`{label}` is applied, and its text is nowhere: what it made shows as a difference"));
                continue;
            }
        };
        steps.push(Step { direction: Direction::Up, migration, recorded });
    }
    Ok((steps, warnings))
}
