//! The rows that seeds list, with every value known as far as it can be: labels and references resolved, variables and files
//! read, what is made up made up. Faults are gathered, and told together.

mod brought;
mod evaluate;
mod items;
mod order;
mod parents;
mod twice;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

pub use brought::Files;
pub use items::{Item, Row, items};
pub use order::ordered;

use super::columns::Column;
use super::database::{Database, key_of};
use super::plan::{Key, Record, Want};
use super::source::At;
use super::tables::Table;
use super::values::label;
use crate::catalog::{Catalog, ForeignKey};
use crate::entities::Registry;
use crate::error::{Error, Result};

/// What values may come from, beside the files themselves.
pub struct Given<'a> {
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// What `{ now = … }` counts from where the seed says nothing else.
    pub clock: DateTime<Utc>,
    pub protected: bool,
    pub environment: &'a str,
}

/// Where a row stands: the number of its seed, and its own.
type Spot = (usize, usize);

/// Fills in what every row wants.
pub struct Desired<'d, 'a, 'c> {
    pub database: &'d mut Database<'a>,
    pub catalog: &'c Catalog,
    pub registry: &'d Registry,
    pub sensitive: &'d [String],
    pub given: &'d Given<'d>,
    /// Where rows come from, too.
    pub files: Files<'d, 'c>,
    pub faults: &'d mut Vec<Error>,
}

impl<'c> Desired<'_, '_, 'c> {
    /// Goes through the seeds, which stand in the order of their tables.
    pub fn fill(&mut self, items: &mut [Item<'c>]) -> Result<()> {
        let mut labels: BTreeMap<(String, String), Spot> = BTreeMap::new();
        for (at, item) in items.iter().enumerate() {
            for (number, row) in item.rows.iter().enumerate() {
                if let Some(label) = &row.label {
                    labels.insert((item.table.name(), label.clone()), (at, number));
                }
            }
        }
        let mut places: BTreeMap<(String, Key), At> = BTreeMap::new();
        for at in 0..items.len() {
            self.keys(items, at, &labels, &mut places)?;
        }
        for at in 0..items.len() {
            self.values(items, at, &labels)?;
        }
        self.twice(items)?;
        self.parents(items)
    }

    /// The keys of a seed's rows, what is stored under them, and the ids of those that are new.
    fn keys(
        &mut self,
        items: &mut [Item<'c>],
        at: usize,
        labels: &BTreeMap<(String, String), Spot>,
        places: &mut BTreeMap<(String, Key), At>,
    ) -> Result<()> {
        let key = items[at].key.clone();
        let mut keys = Vec::new();
        for number in 0..items[at].rows.len() {
            let (mut values, mut is_new) = (Vec::new(), false);
            for column in &key {
                let Some(cell) = items[at].rows[number].cells.iter().find(|cell| cell.column == *column).cloned()
                else {
                    // The id of a labelled row.
                    let (table, name) =
                        (items[at].table.name(), items[at].rows[number].label.clone().unwrap_or_default());
                    let id = Value::String(label::id(&table, &name));
                    items[at].rows[number].listed.wants.insert(column.clone(), Want::Is(id.clone()));
                    values.push(id);
                    continue;
                };
                let want = self.evaluate(items, (at, number), &cell, labels)?;
                let value = match &want {
                    Some(Want::Is(value)) => value.clone(),
                    // A row that refers to a new one is new as well: what it refers to tells it apart.
                    Some(other) => {
                        is_new = true;
                        other.identity()
                    }
                    None => continue,
                };
                values.push(value);
                items[at].rows[number].listed.wants.extend(want.map(|want| (column.clone(), want)));
            }
            if values.len() < key.len() {
                continue;
            }
            let row = &mut items[at].rows[number];
            row.listed.key = key_of(key.iter().zip(&values));
            let (here, named) = (row.at.clone(), row.listed.key.clone());
            let table = items[at].table.name();
            if let Some(other) = places.insert((table.clone(), named), here.clone()) {
                let message = items[at].table.twice(key.iter().zip(&values));
                self.faults.push(here.fault(message).note(format!("the other one: {}", other.place())));
            }
            if !is_new {
                keys.push(values);
            }
        }
        let item = &mut items[at];
        let mut wanted = item.columns();
        wanted.extend(item.table.id().map(|id| id.name().to_owned()));
        wanted.extend(self.catalog.referrers(&item.table.catalog.name).flat_map(|(_, key)| key.to_columns.clone()));
        let known: Vec<Vec<Value>> = keys;
        item.stored = self.database.read(&item.table, &key, &known, &wanted)?;
        let Some(id) = item.table.id().filter(|id| id.takes_ids()).map(|id| id.name().to_owned()) else {
            return Ok(());
        };
        let table = item.table.name();
        for row in &mut item.rows {
            let lists = row.cells.iter().any(|cell| cell.column == id) || row.listed.wants.contains_key(&id);
            if !lists && !item.stored.contains_key(&row.listed.key) {
                let made = label::id(&table, row.label.as_ref().unwrap_or(&row.listed.key));
                row.listed.wants.insert(id.clone(), Want::Is(made.into()));
            }
        }
        Ok(())
    }

    /// All other values of a seed's rows.
    fn values(&mut self, items: &mut [Item<'c>], at: usize, labels: &BTreeMap<(String, String), Spot>) -> Result<()> {
        for number in 0..items[at].rows.len() {
            let cells = items[at].rows[number].cells.clone();
            let key = items[at].key.clone();
            for cell in cells.iter().filter(|cell| !key.contains(&cell.column)) {
                let want = self.evaluate(items, (at, number), cell, labels)?;
                items[at].rows[number].listed.wants.extend(want.map(|want| (cell.column.clone(), want)));
            }
            let item = &items[at];
            let row = &item.rows[number];
            let stored = item.stored.get(&row.listed.key);
            let named = |name: &str| row.cells.iter().any(|cell| cell.column == name);
            if stored.is_none() {
                let mandatory = item.table.columns.values().filter(|column| !column.may_be_left_out());
                for column in
                    mandatory.filter(|column| !row.listed.wants.contains_key(column.name()) && !named(column.name()))
                {
                    let message = format!("`{}.{}` has no value, and must have one", item.table.name(), column.name());
                    self.faults.push(row.at.fault(message));
                }
            }
            let id = item.table.id().map(Column::name).filter(|id| !item.key.iter().any(|key| key == id));
            if let (Some(stored), Some(id)) = (stored, id)
                && item.mode.updates()
                && let Some(Want::Is(wanted)) = row.listed.wants.get(id)
                && stored.get(id) != Some(wanted)
            {
                let message = format!(
                    "this row of `{}` is there with another `{id}`, and a primary key is not changed",
                    item.table.name()
                );
                let shown = stored
                    .get(id)
                    .map(|value| format!("it is {} in the database", item.table.columns[id].shown(value)));
                self.faults.push(shown.into_iter().fold(row.at.fault(message), Error::note));
            }
            if let Some(entity) = item.table.entity {
                let mut record: Record = stored.cloned().unwrap_or_default();
                record.extend(row.listed.wants.iter().filter_map(|(column, want)| match want {
                    Want::Is(value) => Some((column.clone(), value.clone())),
                    _ => None,
                }));
                let mut broken = Vec::new();
                entity.rules(&record, &mut broken);
                self.faults.extend(broken.into_iter().map(|broken| row.at.fault(broken.to_string())));
            }
        }
        Ok(())
    }
}

/// The foreign key of this column alone.
fn single_key<'c>(table: &Table<'c>, column: &str) -> Option<&'c ForeignKey> {
    table.catalog.foreign_keys.iter().find(|key| key.columns.len() == 1 && key.columns[0] == column)
}
