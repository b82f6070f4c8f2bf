//! The second play: with a row in every table that could be given one, to see whether rows survive.

use std::collections::BTreeSet;

use super::contents::{self, Contents, Loss};
use super::fill::fill;
use super::report::{Verdict, Verified};
use super::verifier::{Stand, Verifier, Ways, failure, own};
use crate::catalog::{Catalog, Name, Table};
use crate::db::{DbError, Dialect};
use crate::error::{Error, Result};
use crate::migrate::apply::Stage;
use crate::migrate::direction::Direction;
use crate::migrate::script::{Mode, Prepared};
use crate::text;

/// From how many tables on only those are looked at that a migration may be about.
const MANY: usize = 20;

/// Plays the migrations from the `first` on once more, and adds what it sees to what is known of them.
pub(super) fn play(verifier: &mut Verifier<'_>, ways: &[Ways], first: usize, verified: &mut [Verified]) -> Result<()> {
    let dialect = verifier.runner.connector.dialect();
    // One that cannot be applied ends it here as it did before.
    let end = first + verified.iter().take_while(|one| one.duration_ms.is_some()).count();
    verifier.acts(ways, first, end, |stage, at, before| {
        let (ways, verified) = (&ways[at], &mut verified[at - first]);
        Act { stage, dialect, ways, verified }.play(before)
    })
}

/// One migration on a stage with rows.
struct Act<'a, 's> {
    stage: &'a mut Stage<'s>,
    dialect: &'a dyn Dialect,
    ways: &'a Ways,
    verified: &'a mut Verified,
}

impl Act<'_, '_> {
    fn play(mut self, before: &Catalog) -> Result<(Stand, Catalog)> {
        let filled = fill(self.stage.session(), self.dialect, before).map_err(unreadable)?;
        if !filled.left.is_empty() {
            let names: Vec<String> = filled.left.iter().map(|name| format!("`{name}`")).collect();
            self.verified.note(format!("without a row, since none could be made: {}", names.join(", ")));
        }
        let concerned = concerned(self.ways, before);
        let wanted = |table: &Table| concerned.as_ref().is_none_or(|names| names.contains(&table.name));
        let held = contents::read(self.stage.session(), self.dialect, before, wanted).map_err(unreadable)?;
        if let Err(error) = self.stage.run(&self.ways.up) {
            let why = failure("up", &own(error)?);
            self.verified.note(format!("with rows in its tables, {why}"));
            return Ok((Stand::Spoilt, before.clone()));
        }
        let after = self.stage.read()?;
        // What is new may be something that was there under another name.
        let known: BTreeSet<&Name> = before.tables.iter().map(|table| &table.name).collect();
        let looked = |table: &Table| wanted(table) || !known.contains(&table.name);
        let lost = self.losses(&held, &after, looked, Direction::Up)?;
        self.verified.lost_rows.extend(lost.iter().cloned());
        let Some(Ok(down)) = self.ways.down.as_ref().filter(|_| self.verified.verdict == Verdict::Ok) else {
            return Ok((Stand::Good, after));
        };
        self.back(down, &held, &lost, before, after, looked)
    }

    /// Down, and up again.
    fn back(
        &mut self,
        down: &Prepared,
        held: &Contents,
        lost: &[Loss],
        before: &Catalog,
        after: Catalog,
        looked: impl Fn(&Table) -> bool,
    ) -> Result<(Stand, Catalog)> {
        // What is only there now has rows, too, when it is taken away.
        fill(self.stage.session(), self.dialect, &after).map_err(unreadable)?;
        if let Err(error) = self.stage.run(down) {
            let why = failure("down", &own(error)?);
            self.verified.note(format!("with rows in its tables, {why}"));
            let stand = if down.mode == Mode::Transaction { Stand::Good } else { Stand::Spoilt };
            return Ok((stand, after));
        }
        let of_down = self.losses(held, before, looked, Direction::Down)?;
        let new = of_down.into_iter().filter(|loss| !lost.iter().any(|known| known.is_of_the_same(loss)));
        self.verified.lost_rows.extend(new);
        if let Err(error) = self.stage.run(&self.ways.up) {
            let why = failure("the second up", &own(error)?);
            self.verified.note(format!("with rows in its tables, {why}"));
            return Ok((Stand::Spoilt, after));
        }
        Ok((Stand::Good, after))
    }

    fn losses(
        &mut self,
        held: &Contents,
        now: &Catalog,
        looked: impl Fn(&Table) -> bool,
        by: Direction,
    ) -> Result<Vec<Loss>> {
        let after = contents::read(self.stage.session(), self.dialect, now, looked).map_err(unreadable)?;
        Ok(contents::losses(held, &after, by))
    }
}

/// The tables that a migration may be about: those that its files name, and those that refer to them. `None`: there are few, and
/// all are looked at.
fn concerned(ways: &Ways, catalog: &Catalog) -> Option<BTreeSet<Name>> {
    let up = ways.up.file.held()?;
    let down = match &ways.down {
        Some(Ok(down)) => Some(down.file.held()?),
        _ => None,
    };
    if catalog.tables.len() < MANY {
        return None;
    }
    let named = |table: &&Table| {
        let name = &table.name.name;
        text::has_word(up, name) || down.is_some_and(|down| text::has_word(down, name))
    };
    let mut found: BTreeSet<Name> = catalog.tables.iter().filter(named).map(|table| table.name.clone()).collect();
    loop {
        let refers = |table: &&Table| {
            !found.contains(&table.name) && table.foreign_keys.iter().any(|key| found.contains(&key.to))
        };
        let more: Vec<Name> = catalog.tables.iter().filter(refers).map(|table| table.name.clone()).collect();
        if more.is_empty() {
            return Some(found);
        }
        found.extend(more);
    }
}

fn unreadable(error: DbError) -> Error {
    error.into_error("cannot look at the rows of the scratch database")
}
