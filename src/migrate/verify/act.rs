//! One migration on its stage: up, down and up again, with a row in every table that could be given one.

use std::collections::BTreeSet;

use super::contents::{self, Contents, Loss};
use super::fill::{Rows, fill};
use super::report::{Verdict, Verified, foremost, sentence};
use super::verifier::{Stand, Ways};
use crate::catalog::diff::{Weight, beside, diff};
use crate::catalog::{Catalog, Name, Table};
use crate::db::{DbError, Dialect, without_scratch_names};
use crate::error::{Code, Error, Result};
use crate::migrate::apply::Stage;
use crate::migrate::direction::Direction;
use crate::migrate::script::Mode;
use crate::text;

/// From how many tables on only the rows of those are looked at that a migration may be about.
const MANY: usize = 20;

/// One migration on a stage.
pub(super) struct Act<'a, 's> {
    pub(super) stage: &'a mut Stage<'s>,
    pub(super) dialect: &'a dyn Dialect,
    pub(super) ways: &'a Ways,
    /// They may be what makes it fail: then it is to be played once more, with fewer.
    pub(super) rows: Rows,
    pub(super) verified: &'a mut Verified,
}

impl Act<'_, '_> {
    /// Up, down and up again, from a schema that is known. Gives the one that it leaves.
    pub(super) fn play(mut self, before: &Catalog) -> Result<(Stand, Catalog)> {
        let held = self.fill_before(before)?;
        if self.ways.up.breaks_out {
            self.verified.note(
                "it begins or ends a transaction: `up` refuses it without `allow_commit = true` in its metadata.toml",
            );
        }
        match self.stage.run(&self.ways.up) {
            Ok(took) => self.verified.duration_ms = Some(took.as_millis()),
            Err(error) => return Ok((self.failed("up", error, Stand::End)?, before.clone())),
        }
        let applied = self.stage.read()?;
        let gone = self.losses(&held, &applied, Direction::Up)?;
        let ways = self.ways;
        let down = match &ways.down {
            None => {
                self.verified.lose(gone);
                self.verified.judge(Verdict::Irreversible, "there is no down.sql, or nothing stands in it");
                return Ok((Stand::Good, applied));
            }
            Some(Err(error)) => {
                self.verified.lose(gone);
                self.verified.judge(Verdict::Fails, refusal("down", error));
                self.verified.place = error.place().cloned();
                return Ok((Stand::Good, applied));
            }
            Some(Ok(down)) => down,
        };
        if let Err(error) = self.stage.run(down) {
            self.verified.lose(gone);
            // What was rolled back has left everything as it was.
            let stand = if down.mode == Mode::Transaction { Stand::Good } else { Stand::Spoilt };
            return Ok((self.failed("down", error, stand)?, applied));
        }
        let reverted = self.stage.read()?;
        // What up took away and down brings back, from wherever it was put, is not lost.
        let mut lost = self.losses(&held, &reverted, Direction::Down)?;
        for one in &mut lost {
            if gone.iter().any(|other| other.is_of_the_same(one)) {
                one.by = Direction::Up;
            }
        }
        self.verified.lose(lost);
        let idle = applied.fingerprint == reverted.fingerprint;
        if self.compare(before, &reverted, Direction::Down) && idle {
            self.verified.verdict = Verdict::DoesNothing;
            // There is nothing to be applied again.
            return Ok((Stand::Good, applied));
        }
        if let Err(error) = self.stage.run(&self.ways.up) {
            return Ok((self.failed("the second up", error, Stand::Spoilt)?, applied));
        }
        let again = self.stage.read()?;
        let spoilt = self.compare(&applied, &again, Direction::Up);
        Ok((if spoilt { Stand::Spoilt } else { Stand::Good }, again))
    }

    /// What became of a way that failed.
    fn failed(&mut self, way: &'static str, error: Error, stand: Stand) -> Result<Stand> {
        let error = own(error)?;
        let why = failure(way, &error);
        if self.rows != Rows::None {
            return Ok(Stand::Again { way, why });
        }
        self.verified.failed.push(way);
        if self.verified.verdict == Verdict::Ok {
            self.verified.place = error.place().cloned();
        }
        self.verified.judge(Verdict::Fails, why);
        Ok(stand)
    }

    /// Compares two schemas that should be the same. `true`: they are not.
    fn compare(&mut self, wanted: &Catalog, found: &Catalog, direction: Direction) -> bool {
        let same = wanted.fingerprint == found.fingerprint;
        let changes = if same { beside(wanted, found) } else { diff(wanted, found) };
        for change in changes.iter().filter(|change| change.weight < Weight::Structure) {
            self.verified.note(sentence(direction, change));
        }
        let first = foremost(&changes);
        if let Some(first) = first {
            self.verified.judge(Verdict::Differs, sentence(direction, first));
        }
        first.is_some()
    }

    /// Gives every table rows, and remembers what the tables hold that the migration may be about.
    fn fill_before(&mut self, before: &Catalog) -> Result<Held> {
        if self.rows == Rows::None {
            return Ok(None);
        }
        let filled = fill(self.stage.session(), self.dialect, before, self.rows).map_err(unreadable)?;
        if !filled.left.is_empty() {
            let names = filled.left.iter().map(|name| format!("`{name}`"));
            self.verified.note(format!("without a row, since none could be made: {}", text::listed(names)));
        }
        let concerned = self.concerned(before);
        let known: BTreeSet<Name> = before.tables.iter().map(|table| table.name.clone()).collect();
        let held = contents::read(self.stage.session(), self.dialect, before, |table| concerned.contains(&table.name));
        Ok(Some((held.map_err(unreadable)?, concerned, known)))
    }

    /// What is gone of what was there before, and then what is there otherwise.
    fn losses(&mut self, held: &Held, now: &Catalog, by: Direction) -> Result<Vec<Loss>> {
        let Some((held, concerned, known)) = held else { return Ok(Vec::new()) };
        // What is new may be something that was there under another name.
        let looked = |table: &Table| concerned.contains(&table.name) || !known.contains(&table.name);
        let after = contents::read(self.stage.session(), self.dialect, now, looked).map_err(unreadable)?;
        let mut losses = contents::losses(held, &after, by);
        losses.extend(contents::changes(held, &after, by));
        Ok(losses)
    }

    /// The tables that the migration may be about: those that its files name, and those that refer to them; all, where there
    /// are few.
    fn concerned(&self, catalog: &Catalog) -> BTreeSet<Name> {
        let down = self.ways.down.as_ref().and_then(|down| down.as_ref().ok());
        let files = [Some(&self.ways.up), down].into_iter().flatten();
        let texts: Option<Vec<&str>> = files.map(|prepared| prepared.file.held().map(|text| &**text)).collect();
        let all = || catalog.tables.iter().map(|table| table.name.clone()).collect();
        let Some(texts) = texts.filter(|_| catalog.tables.len() >= MANY) else { return all() };
        let named = |table: &&Table| texts.iter().any(|text| text::has_word(text, &table.name.name));
        let mut found: BTreeSet<Name> = catalog.tables.iter().filter(named).map(|table| table.name.clone()).collect();
        loop {
            let refers = |table: &&Table| {
                !found.contains(&table.name) && table.foreign_keys.iter().any(|key| found.contains(&key.to))
            };
            let more: Vec<Name> = catalog.tables.iter().filter(refers).map(|table| table.name.clone()).collect();
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }
}

/// What tables held before a migration, which of them were looked at, and which there were. `None`: it was not looked.
type Held = Option<(Contents, BTreeSet<Name>, BTreeSet<Name>)>;

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

/// `up cannot be run: a verify.sql holds queries, and nothing else (verify.sql:3)`
pub(super) fn refusal(way: &str, error: &Error) -> String {
    let place = error.place().filter(|place| place.line > 0).map(|place| {
        let file = place.file.file_name().unwrap_or_default();
        format!(" ({}:{})", file.display(), place.line)
    });
    format!("{way} cannot be run: {error}{}", place.unwrap_or_default())
}

/// `down fails at line 1: no such table: a`
pub(super) fn failure(way: &str, error: &Error) -> String {
    // Where the cause only names the migration, the error itself and its first note say more.
    let named = |cause: &str| cause.starts_with("the migration `") || cause.starts_with("the down of `");
    let told = if let Some(cause) = error.cause().filter(|cause| !named(cause)) {
        cause.to_owned()
    } else {
        let note = error.notes().first().filter(|note| !note.starts_with("run "));
        note.map_or_else(|| error.to_string(), |note| format!("{error}: {note}"))
    };
    let told = without_scratch_names(&told);
    let told = text::shorten(&told.split_whitespace().collect::<Vec<_>>().join(" "), 300);
    match error.place() {
        Some(place) if place.file.ends_with("verify.sql") => {
            format!("{way} fails at verify.sql:{}: {told}", place.line)
        }
        Some(place) => format!("{way} fails at line {}: {told}", place.line),
        None => format!("{way} fails: {told}"),
    }
}

fn unreadable(error: DbError) -> Error {
    error.into_error("cannot look at the rows of the scratch database")
}
