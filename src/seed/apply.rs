//! Does what a plan says, within the transaction that is open: inserts and updates in the order of the tables, then what had to
//! wait, then deletions the other way round; and notes it in the ledger.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::csv::CsvSeed;
use super::database::{Database, key_of, parts_of};
use super::desired::{Item, Row};
use super::order::{self, Order};
use super::plan::{Change, Difference, Key, Owned, Planned, Record, Want, digest};
use super::report::Reject;
use super::values::password;
use crate::db::{DbError, Kind};
use crate::error::{Code, Error, Result};
use crate::secret::MASK;

/// What is done with a row that the database refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    #[default]
    Stop,
    /// The others are written.
    Quarantine,
}

/// A plan being done.
pub struct Apply<'d, 'a> {
    pub database: &'d mut Database<'a>,
    pub order: &'d Order,
    /// Rows of theirs that others refer to are in the database by then.
    pub files: &'d [CsvSeed<'d>],
    pub on_error: OnError,
    /// Rows that were left out, each with its item.
    pub rejects: Vec<(usize, Reject)>,
    /// Rows that are there, and lack what they refer to, for it was left out.
    pub lacking: Vec<Reject>,
    /// What was written of each row, for the audit.
    pub written: Vec<Written>,
    later: Vec<Later>,
    /// What the ledger says of rows of which something waits.
    noted: BTreeMap<(usize, Key), Owned>,
    /// Values of rows that files brought.
    brought: BTreeMap<(String, Key, String), Value>,
}

/// Values that could not be written at first: item, key, columns.
type Later = (usize, Key, Vec<(String, Want)>);

/// A row as it was and is.
#[derive(Debug, Clone)]
pub struct Written {
    pub item: usize,
    pub key: Key,
    pub before: Option<Record>,
    pub after: Option<Record>,
}

impl<'d, 'a> Apply<'d, 'a> {
    pub fn new(database: &'d mut Database<'a>, order: &'d Order, files: &'d [CsvSeed<'d>], on_error: OnError) -> Self {
        Self {
            database,
            order,
            files,
            on_error,
            rejects: Vec::new(),
            lacking: Vec::new(),
            written: Vec::new(),
            later: Vec::new(),
            noted: BTreeMap::new(),
            brought: BTreeMap::new(),
        }
    }

    /// All of it. `owned`: what the ledger says of each item's table. `load`: is called for each table, when the rows that it
    /// refers to are there.
    pub fn run(
        &mut self,
        items: &mut [Item<'_>],
        plans: &[Vec<Planned>],
        owned: &[BTreeMap<Key, Owned>],
        load: &mut dyn FnMut(&mut Database<'a>, &str) -> Result<()>,
    ) -> Result<()> {
        let order = self.order;
        for table in &order.tables {
            for at in 0..items.len() {
                if items[at].table.name() == *table {
                    self.insert(items, at, &plans[at], &owned[at])?;
                    self.update(items, at, &plans[at], &owned[at])?;
                }
            }
            load(self.database, table)?;
        }
        for (at, key, wants) in std::mem::take(&mut self.later) {
            let mut sets = Record::new();
            for (column, want) in wants {
                let value = self.resolved(items, &want)?;
                if value.is_none() {
                    self.lacks(&items[at], &key, &column)?;
                }
                sets.insert(column, value.unwrap_or_default());
            }
            let changed = self.database.update(&items[at].table, &key, &sets);
            changed.map_err(|error| refused(&items[at], row_of(&items[at], &key), error))?;
            if let Some(mut note) = self.noted.remove(&(at, key.clone())) {
                note.written.extend(sets.iter().map(|(column, value)| (column.clone(), digest(&key, column, value))));
                self.database.note(&items[at].table.name(), &[(&key, &note, true)])?;
            }
        }
        for at in (0..items.len()).rev() {
            for planned in &plans[at] {
                let Change::Delete(before) = &planned.change else { continue };
                let deleted = self.database.delete(&items[at].table, &planned.key);
                deleted.map_err(|error| cannot_delete(&items[at], &planned.key, error))?;
                self.database.forget(&items[at].table.name(), Some(&planned.key))?;
                self.written.push(Written {
                    item: at,
                    key: planned.key.clone(),
                    before: Some(before.clone()),
                    after: None,
                });
            }
        }
        Ok(())
    }

    /// A row is there, and the one that it refers to was left out: it stays, and what it lacks is told.
    fn lacks(&mut self, item: &Item<'_>, key: &Key, column: &str) -> Result<()> {
        let message = format!("`{}.{column}` is left empty: the row that it refers to was left out", item.table.name());
        let error = match row_of(item, key) {
            Some(row) => row.at.fault(message).with_code(Code::SeedRejected),
            None => Error::new(Code::SeedRejected, message),
        };
        if self.on_error == OnError::Stop {
            return Err(error);
        }
        self.lacking.push(Reject::from(&error));
        Ok(())
    }

    fn insert(
        &mut self,
        items: &mut [Item<'_>],
        at: usize,
        plan: &[Planned],
        owned: &BTreeMap<Key, Owned>,
    ) -> Result<()> {
        let fresh: Vec<usize> =
            plan.iter().filter(|row| matches!(row.change, Change::Insert)).filter_map(|row| row.listed).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let (sorted, circle) = sorted(&items[at], &fresh);
        let table = items[at].table.name();
        let (mut numbers, mut records) = (Vec::new(), Vec::new());
        for number in sorted.iter().chain(&circle).copied() {
            let row = &items[at].rows[number];
            let (key, wants, refers_to) = (row.listed.key.clone(), row.listed.wants.clone(), row.refers_to.clone());
            let (mut record, mut later) = (Record::new(), Vec::new());
            for (column, want) in wants {
                let waits = self.order.second_pass.contains(&(table.clone(), column.clone()))
                    || (circle.contains(&number) && refers_to.iter().any(|(refers, _)| *refers == column));
                let value = if waits { None } else { self.resolved(items, &want)? };
                if value.is_none() {
                    // Known when all rows are there.
                    later.push((column.clone(), want));
                }
                record.insert(column, value.unwrap_or_default());
            }
            if !later.is_empty() {
                self.later.push((at, key, later));
            }
            numbers.push(number);
            records.push(record);
        }
        let rejected = self.load(items, at, &numbers, &records)?;
        self.note_inserted(items, at, &numbers, &records, &rejected, owned)
    }

    /// Writes the rows, and gives those that were left out.
    fn load(
        &mut self,
        items: &[Item<'_>],
        at: usize,
        numbers: &[usize],
        records: &[Record],
    ) -> Result<BTreeSet<usize>> {
        let item = &items[at];
        let mut rejected = BTreeSet::new();
        let (on_error, rejects) = (self.on_error, &mut self.rejects);
        self.database.insert(&item.table, records, &mut |which, fault| {
            let row = numbers.get(which).map(|number| &item.rows[*number]);
            let column = fault.column.clone();
            let error = refused_in(item, row, column.as_deref(), fault.error);
            if on_error == OnError::Stop {
                return Err(error);
            }
            rejects.push((at, Reject::from(&error)));
            rejected.insert(which);
            Ok(())
        })?;
        Ok(rejected)
    }

    fn note_inserted(
        &mut self,
        items: &mut [Item<'_>],
        at: usize,
        numbers: &[usize],
        records: &[Record],
        rejected: &BTreeSet<usize>,
        owned: &BTreeMap<Key, Owned>,
    ) -> Result<()> {
        let mut notes = Vec::new();
        let mut made = Vec::new();
        for (which, (number, record)) in numbers.iter().zip(records).enumerate() {
            if rejected.contains(&which) {
                continue;
            }
            let item = &items[at];
            // What stood for a value of a new row is known by now.
            let key = key_of(item.key.iter().map(|column| (column, record.get(column).unwrap_or(&Value::Null))));
            let (mut whole, mut waits) = (record.clone(), false);
            let waiting = self
                .later
                .iter()
                .filter(|(other, waiting, _)| *other == at && *waiting == item.rows[*number].listed.key);
            for (_, _, wants) in waiting {
                waits |= wants.iter().any(|(_, want)| !matches!(want, Want::Is(_)));
                whole.extend(wants.iter().filter_map(|(column, want)| match want {
                    Want::Is(value) => Some((column.clone(), value.clone())),
                    _ => None,
                }));
            }
            let written = whole.iter().map(|(column, value)| (column.clone(), digest(&key, column, value))).collect();
            let note = Owned { seed: item.name.clone(), inserted: true, written };
            if waits {
                self.noted.insert((at, key.clone()), note.clone());
            }
            notes.push((key.clone(), note, owned.contains_key(&key)));
            made.push((*number, key, whole));
        }
        let table = items[at].table.name();
        let rows: Vec<_> = notes.iter().map(|(key, note, known)| (key, note, *known)).collect();
        self.database.note(&table, &rows)?;
        for (number, key, record) in made {
            for (other, waiting, _) in &mut self.later {
                if *other == at && *waiting == items[at].rows[number].listed.key {
                    waiting.clone_from(&key);
                }
            }
            let planned = items[at].rows[number].listed.key.clone();
            self.written.push(Written { item: at, key, before: None, after: Some(record.clone()) });
            // Under the key that others know it by.
            items[at].stored.insert(planned, record);
        }
        Ok(())
    }

    fn update(
        &mut self,
        items: &mut [Item<'_>],
        at: usize,
        plan: &[Planned],
        owned: &BTreeMap<Key, Owned>,
    ) -> Result<()> {
        let table = items[at].table.name();
        let mut notes: Vec<(Key, Owned, bool)> = Vec::new();
        for planned in plan {
            if matches!(planned.change, Change::Insert) || planned.note.is_empty() {
                continue;
            }
            let Some(number) = planned.listed else { continue };
            let (mut sets, mut later) = (Record::new(), Vec::new());
            if let Change::Update(differences) = &planned.change {
                for Difference { column, after, .. } in differences {
                    match self.resolved(items, after)? {
                        Some(value) => _ = sets.insert(column.clone(), value),
                        // Known when all rows are there.
                        None => later.push((column.clone(), after.clone())),
                    }
                }
                if !sets.is_empty() {
                    let changed = self.database.update(&items[at].table, &planned.key, &sets);
                    changed.map_err(|error| refused(&items[at], Some(&items[at].rows[number]), error))?;
                }
            }
            let before = items[at].stored.get(&planned.key).cloned().unwrap_or_default();
            let mut after = before.clone();
            after.extend(sets);
            let known = owned.get(&planned.key);
            let mut note = known.cloned().unwrap_or_default();
            if note.seed.is_empty() {
                note.seed.clone_from(&items[at].name);
            }
            for column in &planned.note {
                let value = after.get(column).unwrap_or(&Value::Null);
                note.written.insert(column.clone(), digest(&planned.key, column, value));
            }
            if !later.is_empty() {
                self.noted.insert((at, planned.key.clone()), note.clone());
                self.later.push((at, planned.key.clone(), later));
            }
            notes.push((planned.key.clone(), note, known.is_some()));
            if matches!(planned.change, Change::Update(_)) {
                self.written.push(Written {
                    item: at,
                    key: planned.key.clone(),
                    before: Some(before),
                    after: Some(after.clone()),
                });
            }
            items[at].stored.insert(planned.key.clone(), after);
        }
        let rows: Vec<_> = notes.iter().map(|(key, note, known)| (key, note, *known)).collect();
        self.database.note(&table, &rows)
    }

    /// What is written for a want; `None`: it is not known yet.
    fn resolved(&mut self, items: &mut [Item<'_>], want: &Want) -> Result<Option<Value>> {
        Ok(match want {
            Want::Is(value) => Some(value.clone()),
            Want::HashOf(secret) => Some(password::hash(secret.expose())?.into()),
            Want::Pending { table, key, column } => {
                let Some(at) =
                    items.iter().position(|item| item.table.name() == *table && item.stored.contains_key(key))
                else {
                    return Ok(None);
                };
                if let Some(value) = items[at].stored[key].get(column) {
                    return Ok(Some(value.clone()));
                }
                // The database made it: it is read once, for all rows of the table that are there by now.
                let item = &items[at];
                let keys: Vec<(Key, Vec<Value>)> = item
                    .stored
                    .iter()
                    .map(|(key, record)| {
                        let value = |name: &String| record.get(name).cloned().unwrap_or_default();
                        (key.clone(), item.key.iter().map(value).collect())
                    })
                    .collect();
                let values: Vec<Vec<Value>> = keys.iter().map(|(_, values)| values.clone()).collect();
                let wanted = BTreeSet::from([column.clone()]);
                let found = self.database.read(&item.table, &item.key, &values, &wanted)?;
                let names = item.key.clone();
                for (key, values) in keys {
                    let there = found.get(&key_of(names.iter().zip(&values))).and_then(|record| record.get(column));
                    if let (Some(value), Some(record)) = (there, items[at].stored.get_mut(&key)) {
                        record.insert(column.clone(), value.clone());
                    }
                }
                items[at].stored.get(key).and_then(|record| record.get(column)).cloned()
            }
            Want::Brought { table, by, column } => {
                let place = (table.clone(), by.clone(), column.clone());
                if let Some(value) = self.brought.get(&place) {
                    return Ok(Some(value.clone()));
                }
                let Some(file) = self.files.iter().find(|file| file.table.name() == *table) else { return Ok(None) };
                let Some(wanted) = file.table.columns.get(column.as_str()) else { return Ok(None) };
                let parts = parts_of(by);
                let by = parts
                    .iter()
                    .filter_map(|(name, value)| Some((*file.table.columns.get(name.as_str())?, value.clone())));
                let found = self.database.look_up(&file.table, wanted, &by.collect::<Vec<_>>())?;
                // None: it was not loaded yet, or left out.
                let [value] = found.as_slice() else { return Ok(None) };
                self.brought.insert(place, value.clone());
                Some(value.clone())
            }
        })
    }
}

/// New rows, each behind those of the same table that it refers to; and those of a circle.
fn sorted(item: &Item<'_>, fresh: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let place: BTreeMap<&Key, usize> =
        fresh.iter().enumerate().map(|(at, number)| (&item.rows[*number].listed.key, at)).collect();
    let targets: Vec<Vec<usize>> = fresh
        .iter()
        .map(|number| item.rows[*number].refers_to.iter().filter_map(|(_, key)| place.get(key).copied()).collect())
        .collect();
    let (sorted, left) = order::rows(fresh.len(), &targets);
    let numbers = |places: Vec<usize>| places.into_iter().map(|at| fresh[at]).collect();
    (numbers(sorted), numbers(left))
}

fn row_of<'i>(item: &'i Item<'_>, key: &Key) -> Option<&'i Row> {
    item.rows.iter().find(|row| row.listed.key == *key)
}

fn refused(item: &Item<'_>, row: Option<&Row>, error: DbError) -> Error {
    refused_in(item, row, None, error)
}

/// The error of a row that the database refused, with its place, and the value of the column where that is known.
fn refused_in(item: &Item<'_>, row: Option<&Row>, column: Option<&str>, error: DbError) -> Error {
    let table = item.table.name();
    let told = column.and_then(|name| {
        let known = item.table.columns.get(name)?;
        let value = match row?.listed.wants.get(name)? {
            Want::Is(value) => known.shown(value),
            _ => MASK.to_owned(),
        };
        Some(format!(": `{name}` is `{value}`"))
    });
    let of_data =
        !matches!(error.kind, Kind::Lost | Kind::LockTimeout | Kind::Deadlock | Kind::Serialization | Kind::DiskFull);
    let error = error.into_error(format!("`{table}` does not take this row{}", told.unwrap_or_default()));
    let error = if of_data { error.with_code(Code::SeedRejected) } else { error };
    let place = row.map(|row| row.place(&item.table, column));
    match place {
        Some(place) => error.at(place).note("nothing was written"),
        None => error.note("nothing was written"),
    }
}

fn cannot_delete(item: &Item<'_>, key: &Key, error: DbError) -> Error {
    let parts = parts_of(key);
    let shown: Vec<_> = parts
        .iter()
        .filter_map(|(name, value)| Some(format!("{name} = {}", item.table.columns.get(name.as_str())?.shown(value))))
        .collect();
    let message = format!(
        "the row of `{}` with {}, which the seed `{}` lists no more, cannot be deleted",
        item.table.name(),
        shown.join(", "),
        item.name
    );
    error.into_error(message).with_code(Code::SeedRejected).note("nothing was written")
}
