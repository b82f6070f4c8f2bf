//! What became of each migration: the shapes that scripts read.

use serde::Serialize;
use serde_json::Value;

use super::contents::Loss;
use crate::backend::Backend;
use crate::catalog::diff::{Change, Field, Weight, What, is_text};
use crate::error::Place;
use crate::migrate::direction::Direction;
use crate::migrate::source::Migration;

/// The report of `migrate verify`.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyReport {
    pub environment: String,
    pub backend: Backend,
    pub migrations: Vec<Verified>,
    /// What was not looked at, since one before it cannot be run.
    pub not_verified: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// It has no down.sql.
    Irreversible,
    /// Its down leaves another schema than there was before it, or a second up does.
    Differs,
    /// It cannot be run, reverted, or run again.
    Fails,
    /// Its down leaves everything that its up made.
    DoesNothing,
}

impl Verdict {
    /// As it is shown.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Irreversible => "irreversible",
            Verdict::Differs => "differs",
            Verdict::Fails => "fails",
            Verdict::DoesNothing => "does nothing",
        }
    }
}

/// What else is asked of a migration than to come back to where it was.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// To be written, reversible, and to work with rows in the tables.
    pub strict: bool,
    /// To lose no rows and no values.
    pub no_loss: bool,
}

/// One migration.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    pub version: String,
    pub name: String,
    pub verdict: Verdict,
    /// What is not as it should be: the first of it, in a sentence.
    pub first_difference: Option<String>,
    /// Rows and values that were there before, and are not any more.
    pub lost_rows: Vec<Loss>,
    /// It fails only when there are rows in the tables; a note tells how.
    pub fails_with_rows: bool,
    /// One of its files is as `migrate new` made it.
    pub unwritten: bool,
    /// What is worth knowing, and speaks against nothing.
    pub notes: Vec<String>,
    /// How long it took to be applied.
    pub duration_ms: Option<u128>,
    /// The directory's name.
    #[serde(skip)]
    pub label: String,
    /// Where it failed.
    #[serde(skip)]
    pub place: Option<Place>,
    /// The ways that failed, whatever the verdict.
    #[serde(skip)]
    pub(super) failed: Vec<&'static str>,
}

impl Verified {
    #[must_use]
    pub fn new(migration: &Migration) -> Self {
        Self {
            version: migration.version.to_string(),
            name: migration.name.clone(),
            verdict: Verdict::Ok,
            first_difference: None,
            lost_rows: Vec::new(),
            fails_with_rows: false,
            unwritten: false,
            notes: Vec::new(),
            duration_ms: None,
            label: migration.label(),
            place: None,
            failed: Vec::new(),
        }
    }

    /// Whether anything speaks against it, for all that is asked.
    #[must_use]
    pub fn is_bad(&self, asked: Asked) -> bool {
        match self.verdict {
            Verdict::Differs | Verdict::Fails | Verdict::DoesNothing => true,
            Verdict::Ok | Verdict::Irreversible => !self.against(asked).is_empty(),
        }
    }

    /// What speaks against it only for what is asked, whatever its verdict.
    #[must_use]
    pub fn against(&self, asked: Asked) -> Vec<&'static str> {
        let irreversible = self.verdict == Verdict::Irreversible;
        [
            (asked.strict && irreversible, "with --strict: it is irreversible"),
            (asked.strict && self.fails_with_rows, "with --strict: it works only without rows"),
            (asked.strict && self.unwritten, "with --strict: it is not written yet"),
            (asked.no_loss && !self.lost_rows.is_empty(), "with --no-loss: it loses rows or values"),
        ]
        .into_iter()
        .filter_map(|(is, why)| is.then_some(why))
        .collect()
    }

    /// Takes in what is lost, but for what was lost before.
    pub(super) fn lose(&mut self, losses: Vec<Loss>) {
        let known = self.lost_rows.clone();
        self.lost_rows.extend(losses.into_iter().filter(|loss| !known.iter().any(|known| known.is_of_the_same(loss))));
    }

    /// The first verdict that speaks against it stands.
    pub(super) fn judge(&mut self, verdict: Verdict, why: impl Into<String>) {
        if self.verdict == Verdict::Ok {
            self.verdict = verdict;
            self.first_difference = Some(why.into());
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// A change that should not be, in a sentence: after down, an index is left over.
pub(super) fn sentence(direction: Direction, change: &Change) -> String {
    let Change { kind, name, .. } = change;
    let thing = if name.is_empty() { kind.clone() } else { format!("{kind} `{name}`") };
    let after = match direction {
        Direction::Up => "after the second up",
        Direction::Down => "after down",
    };
    let fields = || change.fields.iter().find(|field| !is_text(&field.name)).or(change.fields.first());
    match (change.change, fields()) {
        (What::Added, _) => format!("{after}, {thing} is left over"),
        (What::Removed, _) => format!("{after}, {thing} is missing"),
        (What::Changed, None) => format!("{after}, {thing} is another"),
        (What::Changed, Some(Field { name, to: Value::Bool(yes), .. })) => {
            let not = if *yes { "" } else { "not " };
            format!("{after}, {thing} is {not}{}", name.replace('_', " "))
        }
        // It may be long, and how it differs is for `schema diff` to show.
        (What::Changed, Some(field)) if is_text(&field.name) => {
            format!("{after}, {thing} has {}", another(&field.title()))
        }
        (What::Changed, Some(field)) => {
            let (is, was) = (field.to_text(), field.from_text());
            format!("{after}, {thing} has {}: {is} instead of {was}", another(&field.title()))
        }
    }
}

/// `another type`, `other values`
fn another(title: &str) -> String {
    let other = if title.ends_with('s') { "other" } else { "another" };
    format!("{other} {title}")
}

/// The change to tell first: a whole table says more than what belongs to it.
pub(super) fn foremost(changes: &[Change]) -> Option<&Change> {
    let rank = |change: &Change| match change.kind.as_str() {
        "table" => 0,
        "view" | "materialized view" => 1,
        "sequence" => 3,
        _ => 2,
    };
    changes.iter().filter(|change| change.weight == Weight::Structure).min_by_key(|change| rank(change))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_many_is_other() {
        assert_eq!((another("type"), another("values")), ("another type".to_owned(), "other values".to_owned()));
    }
}
