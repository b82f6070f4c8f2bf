//! Which part of many rows is wanted, and in which order.

use std::fmt;

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

/// By default the first twenty, newest first, with the total, which is exact up to [`Options::COUNTED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub limit: i64,
    pub offset: i64,
    pub sort: Sort,
    pub count: Count,
}

/// How far rows are counted: that reads each of them, or its place in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    No,
    /// So many at most: a page of a large table need not wait until all of it was read.
    UpTo(i64),
    All,
}

impl Default for Options {
    fn default() -> Self {
        Self { limit: 20, offset: 0, sort: Sort::Newest, count: Count::UpTo(Self::COUNTED) }
    }
}

impl Options {
    /// So many rows are counted unless it is said otherwise.
    pub const COUNTED: i64 = 100_000;

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
    pub fn without_total(self) -> Self {
        self.count(Count::No)
    }

    #[must_use]
    pub fn count(mut self, count: Count) -> Self {
        self.count = count;
        self
    }
}

/// How many rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "is", content = "rows", rename_all = "snake_case")]
pub enum Total {
    Exact(i64),
    /// And more: as far as they were counted.
    AtLeast(i64),
}

impl Total {
    /// From the number of rows that were found when one more than the most was looked for.
    pub(super) fn of(found: i64, most: i64) -> Self {
        if found > most { Self::AtLeast(most) } else { Self::Exact(found) }
    }

    #[must_use]
    pub fn rows(self) -> i64 {
        let (Self::Exact(rows) | Self::AtLeast(rows)) = self;
        rows
    }
}

/// `1234`, or `100000 or more`.
impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(rows) => rows.fmt(f),
            Self::AtLeast(rows) => write!(f, "{rows} or more"),
        }
    }
}

/// Some of the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<M> {
    pub rows: Vec<M>,
    /// How many there are in all; `None`: that was not asked for.
    pub total: Option<Total>,
}
