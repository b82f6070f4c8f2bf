//! What tables hold before and after a migration, and what of it is gone.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fill::qualified;
use crate::catalog::{Catalog, Name, Table, TableKind};
use crate::db::{DbError, Dialect, Session};
use crate::migrate::direction::Direction;
use crate::text;

/// Rows, or values of a column, that were there and are not any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    pub table: String,
    /// `None`: whole rows.
    pub column: Option<String>,
    pub rows: usize,
    /// The way that lost them.
    pub by: Direction,
}

impl Loss {
    /// Which way loses how many rows, or values, of what.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { table, column, rows, by } = self;
        let by = by.name();
        match column {
            None => format!("{by} loses {} of `{table}`", text::count(*rows, "row")),
            Some(column) => format!("{by} loses {} of `{table}.{column}`", text::count(*rows, "value")),
        }
    }
}

impl Loss {
    /// Whether it is another's word for the same loss, or a part of it.
    pub(super) fn is_of_the_same(&self, other: &Loss) -> bool {
        self.table == other.table && (self.column.is_none() || self.column == other.column)
    }
}

/// What tables held at a moment: column by column.
pub(super) type Contents = BTreeMap<Name, Held>;

#[derive(Default)]
pub(super) struct Held {
    rows: usize,
    /// The values of each column, in order of themselves, NULL left out.
    columns: BTreeMap<String, Vec<String>>,
}

/// So many rows of a table are looked at.
const MOST: usize = 1_000;

/// Reads what tables hold.
pub(super) fn read(
    session: &mut Session,
    dialect: &dyn Dialect,
    catalog: &Catalog,
    wanted: impl Fn(&Table) -> bool,
) -> Result<Contents, DbError> {
    let readable = |table: &&Table| matches!(table.kind, TableKind::Table | TableKind::Partitioned) && wanted(table);
    let tables: Vec<&Table> = catalog.tables.iter().filter(readable).collect();
    let select = |table: &&Table| {
        let columns: Vec<String> = table.columns.iter().map(|column| dialect.identifier(&column.name)).collect();
        // A table may have none.
        let columns = if columns.is_empty() { "1".to_owned() } else { columns.join(", ") };
        format!("SELECT {columns} FROM {} LIMIT {MOST}", qualified(dialect, &table.name))
    };
    let statements: Vec<String> = tables.iter().map(select).collect();
    if statements.is_empty() {
        return Ok(Contents::new());
    }
    let answers = session.query_each(&statements)?;
    let mut contents = Contents::new();
    for (table, rows) in tables.into_iter().zip(answers) {
        let mut held = Held { rows: rows.len(), columns: BTreeMap::new() };
        for (at, column) in table.columns.iter().enumerate() {
            let mut values: Vec<String> = rows.iter().filter_map(|row| row.optional(at)).map(str::to_owned).collect();
            values.sort_unstable();
            held.columns.insert(column.name.clone(), values);
        }
        contents.insert(table.name.clone(), held);
    }
    Ok(contents)
}

/// What is gone. A table or column that has merely another name is not.
pub(super) fn losses(before: &Contents, after: &Contents, by: Direction) -> Vec<Loss> {
    let mut losses = Vec::new();
    for (name, held) in before.iter().filter(|(_, held)| held.rows > 0) {
        let table = name.to_string();
        let Some(now) = after.get(name).or_else(|| renamed(held, before, after)) else {
            losses.push(Loss { table, column: None, rows: held.rows, by });
            continue;
        };
        if now.rows < held.rows {
            losses.push(Loss { table, column: None, rows: held.rows - now.rows, by });
            continue;
        }
        for (column, values) in &held.columns {
            let left = match now.columns.get(column) {
                Some(left) => left.len(),
                None if new_columns(held, now).any(|other| other == values) => continue,
                None => 0,
            };
            if left < values.len() {
                let column = Some(column.clone());
                losses.push(Loss { table: table.clone(), column, rows: values.len() - left, by });
            }
        }
    }
    losses
}

/// The table that has come to hold the same: its columns have the same names.
fn renamed<'c>(held: &Held, before: &Contents, after: &'c Contents) -> Option<&'c Held> {
    let new = after.iter().filter(|(name, _)| !before.contains_key(name)).map(|(_, held)| held);
    new.into_iter().find(|new| new.rows >= held.rows && held.columns.keys().all(|name| new.columns.contains_key(name)))
}

fn new_columns<'c>(before: &'c Held, now: &'c Held) -> impl Iterator<Item = &'c Vec<String>> {
    now.columns.iter().filter(|(name, _)| !before.columns.contains_key(*name)).map(|(_, values)| values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(columns: &[(&str, &[&str])]) -> Held {
        let rows = columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
        let own = |values: &&[&str]| values.iter().map(ToString::to_string).collect();
        Held { rows, columns: columns.iter().map(|(name, values)| ((*name).to_owned(), own(values))).collect() }
    }

    fn lost(before: Vec<(&str, Held)>, after: Vec<(&str, Held)>) -> Vec<String> {
        let contents = |tables: Vec<(&str, Held)>| -> Contents {
            tables.into_iter().map(|(name, held)| (Name::of(None, name), held)).collect()
        };
        losses(&contents(before), &contents(after), Direction::Up).iter().map(Loss::sentence).collect()
    }

    #[test]
    fn what_is_gone_is_named() {
        let old = || held(&[("id", &["1", "2"]), ("name", &["a", "b"])]);
        assert_eq!(lost(vec![("t", old())], vec![("t", old())]), [""; 0]);
        assert_eq!(lost(vec![("t", old())], vec![]), ["up loses 2 rows of `t`"]);
        let fewer = held(&[("id", &["1"]), ("name", &["a"])]);
        assert_eq!(lost(vec![("t", old())], vec![("t", fewer)]), ["up loses 1 row of `t`"]);
        let without = held(&[("id", &["1", "2"])]);
        assert_eq!(lost(vec![("t", old())], vec![("t", without)]), ["up loses 2 values of `t.name`"]);
        let emptied = held(&[("id", &["1", "2"]), ("name", &["a"])]);
        assert_eq!(lost(vec![("t", old())], vec![("t", emptied)]), ["up loses 1 value of `t.name`"]);
    }

    #[test]
    fn another_name_is_no_loss() {
        let old = || held(&[("id", &["1", "2"]), ("name", &["a", "b"])]);
        let other = held(&[("id", &["1", "2"]), ("title", &["a", "b"])]);
        assert_eq!(lost(vec![("t", old())], vec![("t", other)]), [""; 0]);
        assert_eq!(lost(vec![("t", old())], vec![("u", old())]), [""; 0]);
    }
}
