//! What seeds ask of the database: rows by their keys, and the changes of a plan. Values are always bound.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::columns::Column;
use super::plan::{Key, Record};
use super::tables::Table;
use crate::catalog::Name;
use crate::db::bulk::{self, Fault, Source, Target, Watch};
use crate::db::{self};
use crate::db::{AnyConnection, DbError, Dialect, Home, Kind};
use crate::error::Result;

/// How many values one statement may bind at most.
const BINDS: usize = 900;

/// A connection with what is known of it.
pub struct Database<'a> {
    pub connection: &'a mut AnyConnection,
    pub dialect: &'static dyn Dialect,
    pub home: &'a Home,
}

/// The identity of a row, from the columns of its key and their values.
#[must_use]
pub fn key_of<'v>(pairs: impl IntoIterator<Item = (&'v String, &'v Value)>) -> Key {
    // In the order of their names, however they are listed: it is kept in the ledger.
    let parts: BTreeMap<&String, &Value> = pairs.into_iter().collect();
    serde_json::to_string(&parts).unwrap_or_default()
}

/// The columns and values that a key stands for.
#[must_use]
pub fn parts_of(key: &Key) -> Record {
    serde_json::from_str(key).unwrap_or_default()
}

impl Database<'_> {
    #[must_use]
    pub fn quoted(&self, table: &Table<'_>) -> String {
        self.named(&table.catalog.name)
    }

    /// A table by its name, as SQL.
    #[must_use]
    pub fn named(&self, name: &Name) -> String {
        match &name.schema {
            Some(schema) => format!("{}.{}", self.dialect.identifier(schema), self.dialect.identifier(&name.name)),
            None => self.dialect.identifier(&name.name),
        }
    }

    /// One of our own tables.
    #[must_use]
    pub fn ours(&self, name: &str) -> String {
        self.home.table(self.dialect, name)
    }

    /// What stands for a bound value of a column.
    fn place(&self, number: usize, column: &Column<'_>) -> String {
        let type_name = column.catalog.type_name.as_str();
        // A cast to a length would cut.
        let cut = matches!(column.catalog.neutral, crate::catalog::Type::Text { .. });
        let placeholder = self.dialect.placeholder(number);
        if cut { placeholder } else { self.dialect.typed(&placeholder, type_name) }
    }

    /// `"email" = ?`, with the value that it binds; NULL is found, too.
    fn equals(&self, column: &Column<'_>, value: &Value, binds: &mut Vec<db::Value>) -> String {
        let name = self.dialect.identifier(column.name());
        if value.is_null() {
            return format!("{name} IS NULL");
        }
        binds.push(column.bound(value, self.dialect));
        format!("{name} = {}", self.place(binds.len(), column))
    }

    fn all_equal<'v>(
        &self,
        pairs: impl IntoIterator<Item = (&'v Column<'v>, &'v Value)>,
        binds: &mut Vec<db::Value>,
    ) -> String {
        let pairs: Vec<_> = pairs.into_iter().map(|(column, value)| self.equals(column, value, binds)).collect();
        pairs.join(" AND ")
    }

    fn list(&self, columns: &[&Column<'_>]) -> String {
        let one = |column: &&Column<'_>| {
            self.dialect.readable(&self.dialect.identifier(column.name()), &column.catalog.type_name)
        };
        columns.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// The rows that have one of these keys: those columns of them that are asked for, and the key's.
    pub fn read(
        &mut self,
        table: &Table<'_>,
        key: &[String],
        keys: &[Vec<Value>],
        wanted: &BTreeSet<String>,
    ) -> Result<BTreeMap<Key, Record>> {
        let rows = self.rows(table, key, keys, wanted)?;
        let identity =
            |record: &Record| key_of(key.iter().map(|column| (column, record.get(column).unwrap_or(&Value::Null))));
        Ok(rows.into_iter().map(|record| (identity(&record), record)).collect())
    }

    /// The rows in which these columns have one of these lists of values.
    pub fn rows(
        &mut self,
        table: &Table<'_>,
        by: &[String],
        values: &[Vec<Value>],
        wanted: &BTreeSet<String>,
    ) -> Result<Vec<Record>> {
        let column = |name: &String| table.columns.get(name.as_str());
        let by_columns: Vec<&Column<'_>> = by.iter().filter_map(column).collect();
        let others = wanted.iter().filter(|name| !by.contains(name)).filter_map(column);
        let columns: Vec<&Column<'_>> = by_columns.iter().copied().chain(others).collect();
        let mut found = Vec::new();
        for some in values.chunks((BINDS / by.len().max(1)).max(1)) {
            let mut binds = Vec::new();
            let condition = if let [only] = by_columns.as_slice() {
                let places: Vec<_> = some
                    .iter()
                    .map(|values| {
                        binds.push(only.bound(&values[0], self.dialect));
                        self.place(binds.len(), only)
                    })
                    .collect();
                format!("{} IN ({})", self.dialect.identifier(only.name()), places.join(", "))
            } else {
                let each: Vec<_> = some
                    .iter()
                    .map(|values| format!("({})", self.all_equal(by_columns.iter().copied().zip(values), &mut binds)))
                    .collect();
                each.join(" OR ")
            };
            let sql = format!("SELECT {} FROM {} WHERE {condition}", self.list(&columns), self.quoted(table));
            let rows = self.connection.select(&sql, &binds).map_err(|error| cannot("read", table, error))?;
            let named = |row: &Vec<db::Value>| {
                columns
                    .iter()
                    .zip(row)
                    .map(|(column, value)| (column.name().to_owned(), column.stored(value)))
                    .collect()
            };
            found.extend(rows.iter().map(named));
        }
        Ok(found)
    }

    /// The rows whose foreign key refers to something.
    pub fn referring(
        &mut self,
        table: &Table<'_>,
        columns: &[String],
        wanted: &BTreeSet<String>,
    ) -> Result<Vec<Record>> {
        let named: Vec<&Column<'_>> = wanted.iter().filter_map(|name| table.columns.get(name.as_str())).collect();
        let some: Vec<_> =
            columns.iter().map(|name| format!("{} IS NOT NULL", self.dialect.identifier(name))).collect();
        let sql = format!("SELECT {} FROM {} WHERE {}", self.list(&named), self.quoted(table), some.join(" AND "));
        let rows = self.connection.select(&sql, &[]).map_err(|error| cannot("read", table, error))?;
        let record = |row: &Vec<db::Value>| {
            named.iter().zip(row).map(|(column, value)| (column.name().to_owned(), column.stored(value))).collect()
        };
        Ok(rows.iter().map(record).collect())
    }

    /// The values of a column in the rows that are found by others: two at most, for one is what is asked for.
    pub fn look_up(
        &mut self,
        table: &Table<'_>,
        wanted: &Column<'_>,
        by: &[(Column<'_>, Value)],
    ) -> Result<Vec<Value>> {
        let mut binds = Vec::new();
        let condition = self.all_equal(by.iter().map(|(column, value)| (column, value)), &mut binds);
        let sql = format!("SELECT {} FROM {} WHERE {condition} LIMIT 2", self.list(&[wanted]), self.quoted(table));
        let rows = self.connection.select(&sql, &binds).map_err(|error| cannot("read", table, error))?;
        Ok(rows.iter().filter_map(|row| row.first()).map(|value| wanted.stored(value)).collect())
    }

    /// Inserts rows, each with the columns that it has. They stand in the order in which they must be inserted. A row that is
    /// refused is told with its number.
    pub fn insert(
        &mut self,
        table: &Table<'_>,
        rows: &[Record],
        refused: &mut dyn FnMut(usize, Fault) -> Result<()>,
    ) -> Result<()> {
        let mut from = 0;
        while from < rows.len() {
            let names: Vec<&String> = rows[from].keys().collect();
            let count = rows[from..].iter().take_while(|row| row.keys().eq(names.iter().copied())).count();
            let columns: Vec<&Column<'_>> = names.iter().filter_map(|name| table.columns.get(name.as_str())).collect();
            let form = |column: &&Column<'_>| bulk::Column { name: column.name().to_owned(), form: column.form() };
            let target = Target { table: self.quoted(table), columns: columns.iter().map(form).collect() };
            let value = |row: &Record, column: &Column<'_>| {
                column.bytes(row.get(column.name()).unwrap_or(&Value::Null), self.dialect)
            };
            let values =
                rows[from..from + count].iter().map(|row| columns.iter().map(|column| value(row, column)).collect());
            let mut source = Rows::new(values.collect());
            let mut watch = Refusals { from, refused };
            bulk::load(self.connection, &target, &mut source, &mut watch)?;
            from += count;
        }
        Ok(())
    }

    /// Sets columns of one row.
    pub fn update(&mut self, table: &Table<'_>, key: &Key, sets: &Record) -> Result<u64, DbError> {
        let mut binds = Vec::new();
        let sets: Vec<String> = sets
            .iter()
            .filter_map(|(name, value)| {
                let column = table.columns.get(name.as_str())?;
                binds.push(column.bound(value, self.dialect));
                Some(format!("{} = {}", self.dialect.identifier(name), self.place(binds.len(), column)))
            })
            .collect();
        let condition = self.is_row(table, key, &mut binds);
        let sql = format!("UPDATE {} SET {} WHERE {condition}", self.quoted(table), sets.join(", "));
        let changed = self.connection.change(&sql, &binds);
        crate::fault::point();
        changed
    }

    /// Deletes one row.
    pub fn delete(&mut self, table: &Table<'_>, key: &Key) -> Result<u64, DbError> {
        let mut binds = Vec::new();
        let condition = self.is_row(table, key, &mut binds);
        let deleted = self.connection.change(&format!("DELETE FROM {} WHERE {condition}", self.quoted(table)), &binds);
        crate::fault::point();
        deleted
    }

    /// Deletes a row of another table that has the columns of this one.
    pub fn delete_from(&mut self, other: &str, table: &Table<'_>, key: &Key) -> Result<u64, DbError> {
        let mut binds = Vec::new();
        let condition = self.is_row(table, key, &mut binds);
        self.connection.change(&format!("DELETE FROM {other} WHERE {condition}"), &binds)
    }

    /// Deletes all rows of a table, and gives their number.
    pub fn empty(&mut self, table: &Table<'_>) -> Result<u64, DbError> {
        let sql = format!("DELETE FROM {}", self.quoted(table));
        self.connection.change(&sql, &[])
    }

    fn is_row(&self, table: &Table<'_>, key: &Key, binds: &mut Vec<db::Value>) -> String {
        let parts = parts_of(key);
        self.all_equal(parts.iter().filter_map(|(name, value)| Some((table.columns.get(name.as_str())?, value))), binds)
    }

    /// Whether one of our tables can be read. Where a transaction is open, in a savepoint of it.
    pub fn has(&mut self, name: &str) -> Result<bool> {
        let sql = format!("SELECT 1 FROM {} WHERE 1 = 0", self.ours(name));
        let asked = diesel::Connection::transaction(self.connection, |connection| {
            connection.select(&sql, &[]).map(|_| ()).map_err(Asked::Refused)
        });
        match asked {
            Ok(()) => Ok(true),
            Err(Asked::Refused(error)) if is_missing(&error) => Ok(false),
            Err(Asked::Refused(error)) => Err(error.into_error(format!("cannot read `{name}`"))),
            Err(Asked::Diesel(error)) => {
                Err(self.connection.failure(error).into_error(format!("cannot read `{name}`")))
            }
        }
    }
}

/// By the servers' words, for Diesel keeps no SQLSTATE.
fn is_missing(error: &DbError) -> bool {
    let words = ["does not exist", "doesn't exist", "no such table"];
    error.kind == Kind::Syntax || words.iter().any(|words| error.message.contains(words))
}

enum Asked {
    Refused(DbError),
    Diesel(diesel::result::Error),
}

impl From<diesel::result::Error> for Asked {
    fn from(error: diesel::result::Error) -> Self {
        Self::Diesel(error)
    }
}

/// An error of a statement about a table as a whole.
#[must_use]
pub fn cannot(what: &str, table: &Table<'_>, error: DbError) -> crate::error::Error {
    error.into_error(format!("cannot {what} `{}`", table.name()))
}

/// Rows in memory, for the bulk loader.
pub struct Rows {
    rows: Vec<Vec<Option<Vec<u8>>>>,
    /// The number of the current one, from 1.
    at: usize,
}

impl Rows {
    #[must_use]
    pub fn new(rows: Vec<Vec<Option<Vec<u8>>>>) -> Self {
        Self { rows, at: 0 }
    }
}

impl Source for Rows {
    fn advance(&mut self) -> Result<bool> {
        self.at += 1;
        Ok(self.at <= self.rows.len())
    }

    fn field(&self, column: usize) -> Option<&[u8]> {
        self.rows.get(self.at - 1)?.get(column)?.as_deref()
    }

    fn line(&self) -> u64 {
        self.at as u64
    }
}

struct Refusals<'a> {
    from: usize,
    refused: &'a mut dyn FnMut(usize, Fault) -> Result<()>,
}

impl Watch for Refusals<'_> {
    fn wrote(&mut self, _: u64) -> Result<()> {
        crate::fault::point();
        Ok(())
    }

    fn refused(&mut self, fault: Fault) -> Result<()> {
        let number = usize::try_from(fault.line).unwrap_or(1).saturating_sub(1);
        (self.refused)(self.from + number, fault)
    }
}
