//! Rows of a file that others refer to, found in one pass over it: nothing of the file is kept.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::CsvSeed;
use super::header::open;
use crate::error::Result;
use crate::seed::columns::Column;
use crate::seed::plan::Record;

/// A row that is looked for by some of its values.
#[derive(Debug, Clone)]
pub struct Wish {
    pub by: Record,
    /// The column whose value is asked for.
    pub column: String,
    /// How many rows have these values.
    pub found: u64,
    /// The value, where the file has the column; else the database gives it.
    pub value: Option<Value>,
    /// The first of these rows.
    pub rows: Vec<Row>,
}

/// A row of a file.
#[derive(Debug, Clone)]
pub struct Row {
    /// The file, as the ledger calls it.
    pub file: String,
    pub line: u64,
    pub key: Record,
}

/// So many rows of one wish are kept apart.
const MOST_ROWS: usize = 16;

impl Wish {
    pub fn new(by: Record, column: String) -> Self {
        Self { by, column, found: 0, value: None, rows: Vec::new() }
    }
}

impl CsvSeed<'_> {
    /// Whether the file says what these columns hold.
    pub fn has(&self, columns: &[String]) -> bool {
        columns.iter().all(|name| self.place_of_column(name).is_some())
    }

    pub(super) fn place_of_column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name() == name)
    }

    /// Looks which rows of the file are wished for. What it does not say of a row is no match, and neither is what is wrong.
    pub fn find(&self, wishes: &mut [Wish]) -> Result<()> {
        let mut groups: BTreeMap<Vec<usize>, HashMap<String, Vec<usize>>> = BTreeMap::new();
        for (at, wish) in wishes.iter().enumerate() {
            let places: Option<Vec<usize>> = wish.by.keys().map(|name| self.place_of_column(name)).collect();
            if let Some(places) = places {
                let values: Vec<&Value> = wish.by.values().collect();
                groups.entry(places).or_default().entry(spelled(&values)).or_default().push(at);
            }
        }
        if groups.is_empty() {
            return Ok(());
        }
        let mut csv = open(&self.path, &self.shown)?;
        csv.advance()?;
        while csv.advance()? {
            let value = |at: usize| self.columns.get(at).and_then(|column| value(column, csv.field(at)));
            for (places, wished) in &groups {
                let values: Option<Vec<Value>> = places.iter().map(|at| value(*at)).collect();
                let Some(values) = values else { continue };
                for at in wished.get(&spelled(&values.iter().collect::<Vec<_>>())).into_iter().flatten() {
                    let wish = &mut wishes[*at];
                    wish.found += 1;
                    let given =
                        self.place_of_column(&wish.column).and_then(|at| Some((self.columns.get(at)?, value(at)?)));
                    // Where there must be a value and the file has none, the database gives it.
                    let given = given.filter(|(column, value)| !value.is_null() || column.catalog.nullable);
                    wish.value = given.map(|(_, value)| value);
                    if wish.rows.len() < MOST_ROWS {
                        let part = |name: &String| Some((name.clone(), value(self.place_of_column(name)?)?));
                        let key: Option<Record> = self.key.iter().map(part).collect();
                        let row = key.map(|key| Row { file: self.known_as.clone(), line: csv.line(), key });
                        wish.rows.extend(row);
                    }
                }
            }
        }
        Ok(())
    }
}

fn spelled(values: &[&Value]) -> String {
    serde_json::to_string(values).unwrap_or_default()
}

/// What a field stands for.
fn value(column: &Column<'_>, field: Option<&[u8]>) -> Option<Value> {
    match field {
        None => Some(Value::Null),
        Some(field) => column.value(std::str::from_utf8(field).ok()?.into()).ok(),
    }
}
