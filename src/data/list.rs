//! Rows of a table: which, in which order, from which on, and how many there are in all.

use serde::Serialize;

use super::condition::Condition;
use super::nest::Nested;
use super::render;
use super::sort::{After, Sort};
use crate::db::{AnyConnection, DbError, Value};
use crate::error::{Code, Error, Result};
use crate::record::Record;
use crate::rows::{Subject, Writer, without_words};

/// How the rows of all pages are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Count {
    /// One by one
    Exact,
    /// As the database last measured the table, where it is the whole table
    Estimated,
    /// Not at all
    None,
}

/// Which rows are wanted, and what of them. It looks at nothing: a plan.
#[derive(Clone)]
pub struct Query<'c> {
    pub subject: Subject<'c>,
    pub condition: Option<Condition<'c>>,
    pub sort: Sort,
    pub after: Option<After>,
    pub limit: Option<u64>,
    pub offset: u64,
    pub columns: Vec<usize>,
    pub nested: Vec<Nested<'c>>,
    pub count: Count,
    pub reveal: bool,
}

/// Some rows, and what the next page is asked for with.
#[derive(Debug, Clone, Serialize)]
pub struct Listing {
    pub rows: Vec<Record>,
    /// The token for `--after`; null: there are no more.
    pub next: Option<String>,
    /// How many rows all pages have; null: not counted.
    pub count: Option<u64>,
}

impl<'c> Query<'c> {
    /// All rows, all columns, the newest first.
    pub fn new(subject: Subject<'c>, reveal: bool) -> Result<Self> {
        let sort = Sort::parse(&subject, None, reveal)?;
        let columns = (0..subject.columns.len()).collect();
        Ok(Self {
            subject,
            condition: None,
            sort,
            after: None,
            limit: None,
            offset: 0,
            columns,
            nested: Vec::new(),
            count: Count::None,
            reveal,
        })
    }

    /// The names of what its records have, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let columns = self.columns.iter().map(|at| self.subject.columns[*at].name.clone());
        columns.chain(self.nested.iter().map(|nested| nested.name.clone())).collect()
    }

    /// The statement that reads its rows, all columns of them.
    #[must_use]
    pub fn statement(&self) -> Writer {
        let subject = &self.subject;
        let mut writer = Writer::new(subject.grammar);
        let all: Vec<usize> = (0..subject.columns.len()).collect();
        writer.push("SELECT ").columns(subject, "t0", &all);
        self.write_from(&mut writer, true);
        self.sort.write(&mut writer, subject);
        // One more than is wanted tells whether there are more.
        let page = subject.grammar.page(self.limit.map(|limit| limit.saturating_add(1)), self.passed());
        writer.push(&page);
        writer
    }

    /// How many rows are passed over.
    fn passed(&self) -> u64 {
        self.offset.saturating_add(self.after.as_ref().map_or(0, After::rows))
    }

    fn write_from(&self, writer: &mut Writer, pages: bool) {
        let subject = &self.subject;
        writer.push(" FROM ").push(&subject.quoted()).push(" t0");
        let after = match &self.after {
            Some(After::Row(place)) if pages => Some(place),
            _ => None,
        };
        match (&self.condition, after) {
            (None, None) => {}
            (Some(condition), None) => {
                writer.push(" WHERE ");
                render::condition(writer, subject, 0, condition);
            }
            (None, Some(after)) => {
                writer.push(" WHERE ");
                After::write(writer, subject, &self.sort, after);
            }
            (Some(condition), Some(after)) => {
                writer.push(" WHERE ");
                render::condition(writer, subject, 0, condition);
                writer.push(" AND ");
                After::write(writer, subject, &self.sort, after);
            }
        }
    }

    /// The statement that counts the rows of all pages.
    #[must_use]
    pub fn count_statement(&self) -> Writer {
        let mut writer = Writer::new(self.subject.grammar);
        writer.push("SELECT count(*)");
        self.write_from(&mut writer, false);
        writer
    }

    /// The rows as they are stored, with all their columns.
    pub fn values(&self, connection: &mut AnyConnection) -> Result<Vec<Vec<Value>>> {
        let statement = self.statement();
        connection.select(&statement.sql, &statement.binds).map_err(|error| self.failed(error))
    }

    /// The same, which nobody else may change until the transaction ends.
    pub fn locked(&self, connection: &mut AnyConnection) -> Result<Vec<Vec<Value>>> {
        let mut statement = self.statement();
        let locked = self.subject.grammar.locked();
        statement.push(locked);
        connection.select(&statement.sql, &statement.binds).map_err(|error| self.failed(error))
    }

    /// Reads a page.
    pub fn run(&self, connection: &mut AnyConnection) -> Result<Listing> {
        let subject = &self.subject;
        let mut rows = self.values(connection)?;
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok());
        let more = limit.is_some_and(|limit| rows.len() > limit);
        rows.truncate(limit.unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| more && self.sort.total);
        let so_far = self.passed().saturating_add(rows.len() as u64);
        let next = next.map(|row| After::of(subject, &self.sort, row, so_far, self.reveal));
        let next = next.map(|after| after.token(subject, &self.sort));
        let record = |row: &Vec<Value>| -> Record {
            let one = |at: &usize| {
                let column = &subject.columns[*at];
                (column.name.clone(), column.json(&row[*at], self.reveal))
            };
            self.columns.iter().map(one).collect()
        };
        let mut records: Vec<Record> = rows.iter().map(record).collect();
        for nested in &self.nested {
            nested.add(connection, subject, &rows, &mut records, self.reveal)?;
        }
        let count = self.count(connection, !more && self.offset == 0 && self.after.is_none(), rows.len())?;
        Ok(Listing { rows: records, next, count })
    }

    /// How many rows there are in all; where all of them were read, that is known.
    fn count(&self, connection: &mut AnyConnection, all: bool, read: usize) -> Result<Option<u64>> {
        match self.count {
            Count::None => Ok(None),
            _ if all => Ok(Some(read as u64)),
            Count::Estimated => match self.estimated() {
                Some(rows) => Ok(Some(rows)),
                None => self.counted(connection).map(Some),
            },
            Count::Exact => self.counted(connection).map(Some),
        }
    }

    /// As the database last measured the table; `None`: it did not, or not all rows are wanted.
    #[must_use]
    pub fn estimated(&self) -> Option<u64> {
        self.subject.table.filter(|_| self.condition.is_none()).and_then(|table| table.rows)
    }

    /// Counts the rows of all pages.
    pub fn counted(&self, connection: &mut AnyConnection) -> Result<u64> {
        let statement = self.count_statement();
        let rows = connection.select(&statement.sql, &statement.binds).map_err(|error| self.failed(error))?;
        let count = rows.first().and_then(|row| row.first()).and_then(Value::as_int);
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    pub(super) fn failed(&self, error: DbError) -> Error {
        unreadable(&self.subject, self.condition.as_ref(), error)
    }
}

/// The error of a query. Where it has a filter, no other value is at fault than one of it, some of which only the server can judge.
pub(super) fn unreadable(subject: &Subject<'_>, condition: Option<&Condition<'_>>, error: DbError) -> Error {
    let sensitive = condition.map(|condition| condition.sensitive(subject)).unwrap_or_default();
    let error = without_words(error, &sensitive).into_error(format!("cannot read `{}`", subject.name));
    if condition.is_some() && error.code() == Code::Value { error.with_code(Code::Filter) } else { error }
}
