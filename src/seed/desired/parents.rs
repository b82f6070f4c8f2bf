//! Whether the rows that foreign keys refer to are there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Desired;
use super::items::{Item, Row};
use crate::error::Result;
use crate::seed::database::key_of;
use crate::seed::plan::Want;
use crate::seed::tables::Table;

impl<'c> Desired<'_, '_, 'c> {
    /// Whether the rows that foreign keys refer to are there, or will be.
    pub(super) fn parents(&mut self, items: &[Item<'c>]) -> Result<()> {
        for item in items {
            for key in item.table.catalog.foreign_keys.iter().filter(|key| key.columns.len() == 1) {
                let (column, to) = (&key.columns[0], key.to.to_string());
                let Some(to_column) = key.to_columns.first() else { continue };
                let Some(parent) = self.catalog.tables.iter().find(|table| table.name == key.to) else { continue };
                let seeded: BTreeSet<String> = items
                    .iter()
                    .filter(|other| other.table.name() == to)
                    .flat_map(|other| &other.rows)
                    .filter_map(|row| match row.listed.wants.get(to_column) {
                        Some(Want::Is(value)) => Some(value.to_string()),
                        _ => None,
                    })
                    .collect();
                let mut open: Vec<(&Row, &Value)> = Vec::new();
                for row in &item.rows {
                    let Some(Want::Is(value)) = row.listed.wants.get(column) else { continue };
                    let stored = item.stored.get(&row.listed.key).and_then(|stored| stored.get(column));
                    if !value.is_null() && stored != Some(value) && !seeded.contains(&value.to_string()) {
                        open.push((row, value));
                    }
                }
                if open.is_empty() {
                    continue;
                }
                let parent = Table::new(parent, self.registry, self.sensitive);
                let keys: BTreeMap<String, Vec<Value>> =
                    open.iter().map(|(_, value)| (value.to_string(), vec![(*value).clone()])).collect();
                let keys: Vec<Vec<Value>> = keys.into_values().collect();
                let there = self.database.read(&parent, std::slice::from_ref(to_column), &keys, &BTreeSet::new())?;
                open.retain(|(_, value)| !there.contains_key(&key_of([(to_column, *value)])));
                if !open.is_empty() && self.files.has(&to) {
                    let values: Vec<&Value> = open.iter().map(|(_, value)| *value).collect();
                    match self.files.lack(&to, to_column, &values)? {
                        Some(lacking) => open.retain(|(_, value)| lacking.contains(&value.to_string())),
                        // The database says when they are written.
                        None => continue,
                    }
                }
                for (row, value) in open {
                    let at = row.cells.iter().find(|cell| cell.column == *column).map_or(&row.at, |cell| &cell.at);
                    let shown =
                        item.table.columns.get(column.as_str()).map(|column| column.shown(value)).unwrap_or_default();
                    let message = format!(
                        "`{}.{column}` is `{shown}`, and `{to}` has no row with this `{to_column}`",
                        item.table.name()
                    );
                    self.faults.push(self.nowhere(at.fault(message), &to));
                }
            }
        }
        Ok(())
    }
}
