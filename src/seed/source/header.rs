//! What a seed file says of itself: which table, by which key, how it is kept.

use super::expression::Expression;
use super::node::{At, Entry, Node, What};
use crate::error::Error;
use crate::text;

/// How the rows of a table are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What is missing is inserted; what is there is left as it is.
    Ensure,
    /// Also, the listed columns of what is there are updated.
    #[default]
    Sync,
    /// Also, rows that this seed inserted and lists no more are deleted.
    Exact,
    /// Rows are generated, up to a number of them; what is there is left as it is.
    Fill,
}

impl Mode {
    pub const ALL: &[(&str, Mode)] =
        &[("ensure", Mode::Ensure), ("sync", Mode::Sync), ("exact", Mode::Exact), ("fill", Mode::Fill)];

    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, mode)| *mode == self).map_or("sync", |(name, _)| name)
    }

    /// Whether rows that are there may be updated.
    #[must_use]
    pub fn updates(self) -> bool {
        matches!(self, Mode::Sync | Mode::Exact)
    }
}

/// The header of a file.
#[derive(Debug, Clone)]
pub struct Header {
    pub table: String,
    /// Where the table is named, or the beginning of the file.
    pub at: At,
    /// Empty: the primary key, where each row has it, or a label.
    pub key: Vec<String>,
    pub key_at: At,
    pub mode: Option<Mode>,
    /// The moment that `{ now = … }` counts from; none: that of the first seeding.
    pub clock: Option<String>,
    /// Mode fill: how many rows.
    pub count: Option<u64>,
    /// SQL: run again when its text has changed.
    pub on_change: bool,
    /// CSV: a transaction of its own.
    pub own_transaction: bool,
}

/// What a header may say.
pub const KEYS: &[&str] = &["table", "key", "mode", "clock", "count", "row", "rows", "on_change", "transaction"];

impl Header {
    /// The header of a file that says nothing: the table is called as the file.
    #[must_use]
    pub fn of_name(name: &str, at: At) -> Self {
        let table = name.rsplit('/').next().unwrap_or(name).to_owned();
        Self {
            table,
            key: Vec::new(),
            key_at: at.clone(),
            mode: None,
            clock: None,
            count: None,
            on_change: false,
            own_transaction: false,
            at,
        }
    }

    /// Reads it out of a file's entries. What is left of them are the rows.
    pub fn read(name: &str, start: At, entries: &[Entry], faults: &mut Vec<Error>) -> Self {
        let mut header = Self::of_name(name, start);
        for entry in entries {
            let node = &entry.node;
            let wrong = |expected: &str| {
                node.at.fault(format!("`{}` must be {expected}, and this is {}", entry.name, node.kind()))
            };
            match (entry.name.as_str(), &node.what) {
                ("table", What::Text(table)) => {
                    header.table.clone_from(table);
                    header.at = node.at.clone();
                }
                ("key", What::Text(column)) => {
                    header.key = vec![column.clone()];
                    header.key_at = node.at.clone();
                }
                ("key", What::List(columns)) => {
                    header.key_at = node.at.clone();
                    for column in columns {
                        match &column.what {
                            What::Text(column) => header.key.push(column.clone()),
                            _ => faults.push(column.at.fault("a key is one column or several: `key = [\"a\", \"b\"]`")),
                        }
                    }
                }
                ("mode", What::Text(mode)) => {
                    if let Some((_, known)) = Mode::ALL.iter().find(|(name, _)| name == mode) {
                        header.mode = Some(*known);
                    } else {
                        let fault = node.at.fault(format!("there is no mode `{mode}`"));
                        let names = Mode::ALL.iter().map(|(name, _)| *name);
                        let fault = text::did_you_mean(mode, names).into_iter().fold(fault, Error::hint);
                        faults.push(fault.hint("the modes are `ensure`, `sync`, `exact` and `fill`"));
                    }
                }
                ("clock", What::Moment(clock) | What::Text(clock)) => header.clock = Some(clock.clone()),
                ("count", What::Number(count)) => match count.parse() {
                    Ok(count) => header.count = Some(count),
                    Err(_) => faults.push(wrong("a whole number")),
                },
                ("on_change", What::Bool(on_change)) => header.on_change = *on_change,
                ("transaction", What::Text(whose)) if whose == "own" => header.own_transaction = true,
                ("transaction", What::Text(whose)) if whose == "shared" => {}
                ("row", What::Map(_)) | ("rows", What::List(_) | What::Map(_)) => {}
                ("table" | "mode", _) => faults.push(wrong("text")),
                ("key", _) => faults.push(wrong("a column or a list of columns")),
                ("clock", _) => faults.push(wrong("a moment, such as `2026-01-01T00:00:00Z`")),
                ("count", _) => faults.push(wrong("a whole number")),
                ("on_change", _) => faults.push(wrong("`true` or `false`")),
                ("transaction", _) => faults.push(wrong("`own` or `shared`")),
                ("row", _) => faults.push(wrong("a table: the columns of each generated row")),
                ("rows", _) => faults.push(wrong("a list of rows, or a table of rows by their labels")),
                (unknown, _) => {
                    let fault = entry.at.fault(format!("a seed file has no `{unknown}`"));
                    let fault = text::did_you_mean(unknown, KEYS.iter().copied()).into_iter().fold(fault, Error::hint);
                    faults.push(fault.hint("columns stand in `[[rows]]`, or in `[rows.LABEL]`"));
                }
            }
        }
        header
    }
}

/// A row as a file lists it.
#[derive(Debug, Clone)]
pub struct RawRow {
    pub label: Option<String>,
    pub at: At,
    pub cells: Vec<Cell>,
}

/// What a row says of a column.
#[derive(Debug, Clone)]
pub struct Cell {
    pub column: String,
    /// Where the column is named.
    pub named_at: At,
    pub at: At,
    pub value: Expression,
}

/// The rows of a file's entries: `[[rows]]`, or `[rows.LABEL]`.
pub fn rows(entries: &[Entry], faults: &mut Vec<Error>) -> Vec<RawRow> {
    let Some(rows) = entries.iter().find(|entry| entry.name == "rows") else { return Vec::new() };
    match &rows.node.what {
        What::List(list) => list.iter().filter_map(|node| row(None, &node.at, node, faults)).collect(),
        What::Map(map) => {
            map.iter().filter_map(|entry| row(Some(entry.name.clone()), &entry.at, &entry.node, faults)).collect()
        }
        _ => Vec::new(),
    }
}

/// The template of mode fill: `[row]`.
pub fn template(entries: &[Entry], faults: &mut Vec<Error>) -> Option<RawRow> {
    let entry = entries.iter().find(|entry| entry.name == "row")?;
    row(None, &entry.at, &entry.node, faults)
}

fn row(label: Option<String>, at: &At, node: &Node, faults: &mut Vec<Error>) -> Option<RawRow> {
    let What::Map(columns) = &node.what else {
        let hint = "`[rows.LABEL]`, or `[[rows]]`, and then a line for each column";
        faults.push(node.at.fault(format!("a row is a table of columns, and this is {}", node.kind())).hint(hint));
        return None;
    };
    let mut cells = Vec::new();
    for entry in columns {
        match Expression::of(&entry.node) {
            Ok(value) => cells.push(Cell {
                column: entry.name.clone(),
                named_at: entry.at.clone(),
                at: entry.node.at.clone(),
                value,
            }),
            Err(fault) => faults.push(fault),
        }
    }
    Some(RawRow { label, at: at.clone(), cells })
}
