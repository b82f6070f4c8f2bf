//! A pending migration that is older than applied ones runs after them here, and before them elsewhere: whether that matters.

use super::act::{failure, own};
use super::report::{Verified, foremost};
use super::verifier::{Verifier, Ways};
use crate::catalog::Catalog;
use crate::catalog::diff::{Weight, What, diff};
use crate::error::Result;
use crate::migrate::script::Prepared;
use crate::text;

/// Runs the migrations in the order in which the environment's database gets them, and compares that with `last`, the schema
/// that they make in the order of their versions.
pub(super) fn compare(
    verifier: &mut Verifier<'_>,
    ways: &[Ways],
    last: &Catalog,
    verified: &mut [Verified],
) -> Result<()> {
    let Some(history) = verifier.history else { return Ok(()) };
    let is_applied = |ways: &&Ways| history.applied.contains_key(&ways.up.step.migration.version);
    let (applied, pending): (Vec<&Ways>, Vec<&Ways>) = ways.iter().partition(is_applied);
    let Some(newest) = applied.last().map(|ways| &ways.up.step.migration) else { return Ok(()) };
    let late: Vec<String> = pending
        .iter()
        .map(|ways| &ways.up.step.migration)
        .filter(|migration| migration.version < newest.version)
        .map(|migration| migration.version.to_string())
        .collect();
    if late.is_empty() {
        return Ok(());
    }
    let here: Vec<Prepared> = applied.iter().chain(&pending).map(|ways| ways.up.clone()).collect();
    let ran = verifier.on_empty(&here, |stage| {
        for step in &here {
            if let Err(error) = stage.run(step) {
                return Ok(Err((step.step.migration.label(), failure("up", &own(error)?))));
            }
        }
        stage.read().map(Ok)
    })?;
    let behind = format!("it is older than `{}`, which is applied", newest.label());
    let note = match ran {
        Err((label, why)) => format!("{behind}, and the order matters: after it, {why} (`{label}`)"),
        Ok(found) => {
            let changes = diff(last, &found);
            match foremost(&changes) {
                None => format!("{behind}; the order does not matter: both leave the same schema"),
                Some(first) => {
                    let structure = changes.iter().filter(|change| change.weight == Weight::Structure);
                    let other = text::count(structure.count(), "difference");
                    let what = match first.change {
                        What::Added => "is only there in the order of this database",
                        What::Removed => "is only there in the order of the versions",
                        What::Changed => "is another",
                    };
                    format!("{behind}, and the order matters: {} `{}` {what} ({other})", first.kind, first.name)
                }
            }
        }
    };
    for one in verified.iter_mut().filter(|one| late.contains(&one.version)) {
        one.note(note.clone());
    }
    Ok(())
}
