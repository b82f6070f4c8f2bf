//! Which part of many rows is wanted, and in which order.

use serde::Serialize;

/// Newest first, by when they were created; then by primary key, which for ids is the order of their making, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    Newest,
    Oldest,
    /// By primary key: also what the others are for tables that do not keep when.
    Key,
}

/// By default the first twenty, newest first, with the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub limit: i64,
    pub offset: i64,
    pub sort: Sort,
    /// Whether all are counted: that reads every row that the filter takes.
    pub total: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { limit: 20, offset: 0, sort: Sort::Newest, total: true }
    }
}

impl Options {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn limit(mut self, limit: i64) -> Self {
        self.limit = limit;
        self
    }

    #[must_use]
    pub fn offset(mut self, offset: i64) -> Self {
        self.offset = offset;
        self
    }

    #[must_use]
    pub fn sort(mut self, sort: Sort) -> Self {
        self.sort = sort;
        self
    }

    #[must_use]
    pub fn without_total(mut self) -> Self {
        self.total = false;
        self
    }
}

/// Some of the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<M> {
    pub rows: Vec<M>,
    /// How many there are in all; `None`: that was not asked for.
    pub total: Option<i64>,
}
