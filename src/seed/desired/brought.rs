//! Rows that a CSV of the same run brings: they need not be in the database yet, and others refer to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Desired;
use super::evaluate::Meant;
use super::items::Item;
use crate::error::{Error, Result};
use crate::seed::csv::{CsvSeed, Wish};
use crate::seed::database::key_of;
use crate::seed::owned::Known;
use crate::seed::plan::{Key, OnDrift, Record, Want};
use crate::seed::source::{Cell, Expression};

/// The files of a run, and what was looked for in them.
pub struct Files<'f, 'c> {
    seeds: &'f [CsvSeed<'c>],
    /// What the ledger says of them.
    known: &'f BTreeMap<String, Known>,
    on_drift: OnDrift,
    /// By table, key and column.
    found: BTreeMap<(String, Key, String), Wish>,
    /// The tables whose files were gone through for all references.
    passed: BTreeSet<String>,
}

impl<'f, 'c> Files<'f, 'c> {
    pub fn new(seeds: &'f [CsvSeed<'c>], known: &'f BTreeMap<String, Known>, on_drift: OnDrift) -> Self {
        Self { seeds, known, on_drift, found: BTreeMap::new(), passed: BTreeSet::new() }
    }

    /// The files that bring rows of a table, before those that refer to them are written.
    fn of<'s>(&'s self, table: &'s str) -> impl Iterator<Item = &'f CsvSeed<'c>> + use<'s, 'f, 'c> {
        self.seeds.iter().filter(move |seed| seed.table.name() == table && !seed.alone)
    }

    /// All files of a table.
    pub fn all_of(&self, table: &str) -> impl Iterator<Item = &'f CsvSeed<'c>> + use<'f, 'c> {
        let table = table.to_owned();
        self.seeds.iter().filter(move |seed| seed.table.name() == table)
    }

    pub fn has(&self, table: &str) -> bool {
        self.of(table).next().is_some()
    }

    /// Which of these values of a column no row of the files has. None where a file leaves them to the database.
    pub fn lack(&self, table: &str, column: &String, values: &[&Value]) -> Result<Option<BTreeSet<String>>> {
        if !self.of(table).all(|seed| seed.has(std::slice::from_ref(column))) {
            return Ok(None);
        }
        let wish = |value: &&Value| Wish::new(Record::from_iter([(column.clone(), (*value).clone())]), column.clone());
        let mut wishes: Vec<Wish> = values.iter().map(wish).collect();
        self.of(table).try_for_each(|seed| seed.find(&mut wishes))?;
        let lacking = wishes.iter().zip(values).filter(|(wish, _)| wish.found == 0);
        Ok(Some(lacking.map(|(_, value)| value.to_string()).collect()))
    }

    /// Whether a file of the run changes rows that are there.
    fn wins(&self, known_as: &str) -> Result<bool> {
        let file = self.seeds.iter().find(|seed| seed.known_as == known_as);
        file.map_or(Ok(false), |file| file.wins(self.known.get(known_as), self.on_drift))
    }

    /// What to do about a row that only a file has which comes too late.
    pub fn too_late(&self, table: &str) -> Option<String> {
        let late = self.seeds.iter().find(|seed| seed.table.name() == table && seed.alone)?;
        Some(format!(
            "the seed `{0}` of `{table}` has a transaction of its own, after all others: `dbtool seed {0}` first",
            late.name
        ))
    }
}

impl<'c> Desired<'_, '_, 'c> {
    /// The value of a row that a file of this run brings. None: no row, or several.
    pub(super) fn brought(
        &mut self,
        items: &[Item<'c>],
        own: &str,
        meant: &Meant<'c>,
    ) -> Result<std::result::Result<Want, u64>> {
        let Some(wish) = self.wish(items, meant)? else { return Ok(Err(0)) };
        let (table, by, column) = (meant.target.name(), key_of(&wish.by), wish.column.clone());
        Ok(match (wish.found, &wish.value) {
            // Rows of one table are written before those of its file: this one waits for them.
            (1, Some(value)) if table != own => Ok(Want::Is(value.clone())),
            (1, _) => Ok(Want::Brought { table, by, column }),
            (found, _) => Err(found),
        })
    }

    /// How many rows a reference finds once the files are loaded, that finds one in the database: theirs may be others.
    pub(super) fn beside(&mut self, items: &[Item<'c>], meant: &Meant<'c>) -> Result<u64> {
        let by = meant.by();
        // By a key there is never another one.
        if meant.target.keys().iter().any(|key| key.iter().all(|name| by.contains_key(name))) {
            return Ok(1);
        }
        let rows = self.wish(items, meant)?.map(|wish| wish.rows.clone()).unwrap_or_default();
        let mut count = 1;
        for row in rows {
            let column =
                |(name, value): (&String, &Value)| Some((*meant.target.columns.get(name.as_str())?, value.clone()));
            let key: Vec<_> = row.key.iter().filter_map(column).collect();
            let found_by: Vec<_> = key.iter().chain(&meant.values).cloned().collect();
            let is_it = !self.database.look_up(&meant.target, &meant.wanted, &found_by)?.is_empty();
            if !is_it
                && (self.database.look_up(&meant.target, &meant.wanted, &key)?.is_empty()
                    || self.files.wins(&row.file)?)
            {
                count += 1;
            }
        }
        Ok(count)
    }

    /// What the files of this run have of a row that is referred to.
    fn wish(&mut self, items: &[Item<'c>], meant: &Meant<'c>) -> Result<Option<&Wish>> {
        let table = meant.target.name();
        if !self.files.has(&table) {
            return Ok(None);
        }
        if self.files.passed.insert(table.clone()) {
            self.pass(items, &table)?;
        }
        Ok(self.files.found.get(&(table, key_of(&meant.by()), meant.wanted.name().to_owned())))
    }

    /// Goes through the files of a table once, for all that refers to rows of it.
    fn pass(&mut self, items: &[Item<'c>], table: &str) -> Result<()> {
        let mut wishes: BTreeMap<(String, Key, String), Wish> = BTreeMap::new();
        for item in items {
            for cell in item.rows.iter().flat_map(|row| &row.cells) {
                let Cell { value: Expression::Reference { table: other, by, column }, .. } = cell else { continue };
                // What is wrong with a reference is told when its turn comes.
                let Ok(meant) = self.meant(&item.table, other, by, column.as_ref(), cell) else { continue };
                if meant.target.name() != table {
                    continue;
                }
                let (by, column) = (meant.by(), meant.wanted.name().to_owned());
                wishes.insert((table.to_owned(), key_of(&by), column.clone()), Wish::new(by, column));
            }
        }
        let (places, mut wishes): (Vec<_>, Vec<_>) = wishes.into_iter().unzip();
        self.files.of(table).try_for_each(|seed| seed.find(&mut wishes))?;
        self.files.found.extend(places.into_iter().zip(wishes));
        Ok(())
    }

    /// An error about a row that is nowhere.
    pub(super) fn nowhere(&self, fault: Error, table: &str) -> Error {
        let fault = fault.hint(format!("neither in the database nor in a seed of `{table}`"));
        self.files.too_late(table).into_iter().fold(fault, Error::hint)
    }
}
