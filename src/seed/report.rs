//! What a run did, or would do.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::error::Error;

/// A run over all seeds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub environment: String,
    /// Nothing was done: this is what would be.
    pub plan: bool,
    pub seeds: Vec<SeedReport>,
    pub summary: Counts,
    /// The rows that were refused and left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejects: Vec<Reject>,
}

/// A row that was refused and left out.
#[derive(Debug, Clone, Serialize)]
pub struct Reject {
    pub file: Option<String>,
    pub line: Option<usize>,
    /// The line as it stands there, unless it holds what must not be shown.
    pub text: String,
    pub message: String,
    pub cause: Option<String>,
}

impl From<&Error> for Reject {
    fn from(error: &Error) -> Self {
        let place = error.place();
        Self {
            file: place.map(|place| place.file.display().to_string()),
            line: place.map(|place| place.line),
            text: place.map(|place| place.excerpt.clone()).unwrap_or_default(),
            message: error.to_string(),
            cause: error.cause().map(str::to_owned),
        }
    }
}

/// One seed, and one table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SeedReport {
    pub name: String,
    /// None for SQL.
    pub table: Option<String>,
    #[serde(flatten)]
    pub counts: Counts,
    /// What becomes of each row that does not stay as it is, as far as rows are looked at one by one.
    pub rows: Vec<RowReport>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
    /// Edited since a seed wrote them, and left so.
    pub kept: u64,
    pub rejected: u64,
}

impl Counts {
    /// Whether anything is done to the table.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.inserted + self.updated + self.deleted > 0
    }

    pub fn add(&mut self, other: Counts) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.kept += other.kept;
        self.rejected += other.rejected;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    Insert,
    Update,
    Delete,
    Keep,
    Run,
}

/// A row by its key, and its columns. Sensitive values are masked.
#[derive(Debug, Clone, Serialize)]
pub struct RowReport {
    pub change: Done,
    pub key: BTreeMap<String, String>,
    pub columns: Vec<ColumnReport>,
    /// Somebody's edit goes with it.
    pub overwrites: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct ColumnReport {
    pub column: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Report {
    /// Sums up.
    pub fn settle(&mut self) {
        self.summary = Counts::default();
        for seed in &self.seeds {
            self.summary.add(seed.counts);
        }
    }

    /// Whether anything is changed, or would be.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.summary.changes() || self.seeds.iter().any(|seed| seed.rows.iter().any(|row| row.change == Done::Run))
    }
}

/// The columns of a key as they are shown.
#[must_use]
pub fn shown_key(
    parts: &serde_json::Map<String, Value>,
    shown: impl Fn(&str, &Value) -> String,
) -> BTreeMap<String, String> {
    parts.iter().map(|(column, value)| (column.clone(), shown(column, value))).collect()
}
