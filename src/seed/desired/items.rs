//! Seeds whose tables, columns and keys are known.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::catalog::Catalog;
use crate::entities::Registry;
use crate::error::{Error, Place};
use crate::seed::plan::{Key, Listed, Record};
use crate::seed::source::{At, Cell, Expression, Mode, RawRow, Seed};
use crate::seed::tables::{self, Table};

/// A seed whose table is known.
#[derive(Debug)]
pub struct Item<'c> {
    pub name: String,
    pub table: Table<'c>,
    pub key: Vec<String>,
    pub mode: Mode,
    pub rows: Vec<Row>,
    pub(super) clock: Option<DateTime<Utc>>,
    /// What is in the database under the keys of the rows.
    pub stored: BTreeMap<Key, Record>,
}

#[derive(Debug)]
pub struct Row {
    pub at: At,
    pub label: Option<String>,
    pub(super) cells: Vec<Cell>,
    /// What made-up values depend on.
    pub(super) number: String,
    pub listed: Listed,
    /// The rows of the same table that it refers to, each with the column.
    pub refers_to: Vec<(String, Key)>,
}

impl Row {
    /// Where it stands, for an error; a line with what must not be shown is not.
    #[must_use]
    pub fn place(&self, table: &Table<'_>, column: Option<&str>) -> Place {
        let at = column.and_then(|column| self.cell(column)).unwrap_or(&self.at);
        let sensitive = |cell: &Cell| {
            let known = table.columns.get(cell.column.as_str());
            known.is_some_and(|column| column.sensitive) || matches!(cell.value, Expression::Hash { .. })
        };
        if self.cells.iter().any(sensitive) { at.hidden() } else { at.place() }
    }

    /// Where a column's value stands.
    #[must_use]
    pub fn cell(&self, column: &str) -> Option<&At> {
        self.cells.iter().find(|cell| cell.column == column).map(|cell| &cell.at)
    }
}

impl Item<'_> {
    /// The columns that its rows list.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<String> {
        self.rows.iter().flat_map(|row| &row.cells).map(|cell| cell.column.clone()).collect()
    }
}

/// Looks the seeds' tables, columns and keys up in the schema. Nothing is asked of the database. `fatal`: some are missing now,
/// so that what is said of the others would be misleading.
pub fn items<'c>(
    seeds: Vec<Seed>,
    catalog: &'c Catalog,
    registry: &Registry,
    sensitive: &[String],
    faults: &mut Vec<Error>,
    fatal: &mut bool,
) -> Vec<Item<'c>> {
    let mut items = Vec::new();
    for seed in seeds {
        let found = match tables::find(catalog, &seed.table, &seed.table_at) {
            Ok(found) => found,
            Err(fault) => {
                faults.push(fault);
                *fatal = true;
                continue;
            }
        };
        let table = Table::new(found, registry, sensitive);
        let clock = seed.clock.as_deref().map(str::parse::<DateTime<Utc>>);
        if let Some(Err(_)) = clock {
            let message = "`clock` must be a moment with its zone, such as `2026-01-01T00:00:00Z`";
            faults.push(seed.table_at.fault(message));
        }
        // A column that is not there is told, and does not keep the rest from being looked at.
        let mut seed = seed;
        for row in seed.rows.iter_mut().chain(seed.template.iter_mut().map(|(row, _)| row)) {
            row.cells
                .retain(|cell| table.column(&cell.column, &cell.named_at).map_err(|fault| faults.push(fault)).is_ok());
        }
        match table.key(&seed) {
            Ok(key) => {
                let rows = rows_of(&seed);
                let clock = clock.and_then(std::result::Result::ok);
                items.push(Item { name: seed.name, table, key, mode: seed.mode, rows, clock, stored: BTreeMap::new() });
            }
            Err(fault) => {
                faults.push(fault);
                *fatal = true;
            }
        }
    }
    items
}

fn rows_of(seed: &Seed) -> Vec<Row> {
    let empty = || Listed { key: Key::new(), wants: BTreeMap::new() };
    let written = |row: &RawRow| {
        let value = |column: &String| {
            row.cells.iter().find(|cell| cell.column == *column).map(|cell| format!("{:?}", cell.value))
        };
        seed.key.iter().filter_map(value).collect::<Vec<_>>().join(",")
    };
    if let Some((template, count)) = &seed.template {
        let row = |number: u64| {
            let number = number.to_string();
            let mut cells = template.cells.clone();
            for cell in &mut cells {
                if let Expression::Text(text) = &mut cell.value {
                    *text = text.replace("{n}", &number);
                }
            }
            let label = Some(format!("{}#{number}", seed.name));
            Row { at: template.at.clone(), label, cells, number, listed: empty(), refers_to: Vec::new() }
        };
        return (1..=*count).map(row).collect();
    }
    let row = |row: &RawRow| Row {
        at: row.at.clone(),
        label: row.label.clone(),
        cells: row.cells.clone(),
        number: row.label.clone().unwrap_or_else(|| written(row)),
        listed: empty(),
        refers_to: Vec::new(),
    };
    seed.rows.iter().map(row).collect()
}
