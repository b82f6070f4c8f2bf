//! What tables hold before and after a migration, and what of it is gone.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fill::qualified;
use crate::catalog::{Catalog, Column, Name, Table, TableKind, Type};
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
    /// Others stand in their place: cut, rounded, put otherwise.
    pub changed: bool,
    /// The way that lost them.
    pub by: Direction,
}

impl Loss {
    /// Which way loses how many rows, or values, of what.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { table, column, rows, changed, by } = self;
        let by = by.name();
        match column {
            Some(column) if *changed => {
                let values = text::count(*rows, "value");
                let kept = if by == Direction::Up.name() { ", and down does not bring them back" } else { "" };
                format!("{by} changes {values} of `{table}.{column}`{kept}")
            }
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
    /// There are so many that only they were counted.
    counted: bool,
    columns: BTreeMap<String, Values>,
}

/// What a column holds.
#[derive(Default)]
struct Values {
    /// In order of themselves, NULL left out; none where they were only counted.
    texts: Vec<String>,
    /// How many are not NULL.
    count: usize,
    /// The column's type; `None`: the database makes the values.
    kind: Option<Type>,
}

impl Values {
    fn of(column: &Column, texts: impl Iterator<Item = String>) -> Self {
        let kind = column.generated.is_none().then(|| column.neutral.clone());
        let decimal = matches!(kind, Some(Type::Decimal { .. } | Type::Float { .. }));
        let mut texts: Vec<String> = texts.map(|text| plain(text, decimal)).collect();
        texts.sort_unstable();
        Self { count: texts.len(), texts, kind }
    }

    /// Whether it may hold what another did: the same values, or as many where they were only counted.
    fn is_like(&self, other: &Values) -> bool {
        self.count == other.count && (self.texts == other.texts || self.texts.is_empty() || other.texts.is_empty())
    }

    /// How many of them are not among others of the same kind, though as many may be.
    fn changed(&self, now: &Values) -> usize {
        let (Some(kind), Some(of_now)) = (&self.kind, &now.kind) else { return 0 };
        // A cast shows the same value otherwise.
        if std::mem::discriminant(kind) != std::mem::discriminant(of_now) {
            return 0;
        }
        let (old, new) = (without(&self.texts, &now.texts), without(&now.texts, &self.texts));
        let gone = self.texts.len().saturating_sub(now.texts.len());
        // The time of the last change moves on with a change.
        let times = matches!(kind, Type::Timestamp | Type::Instant);
        let moved = if times { old.iter().zip(&new).filter(|(old, new)| new > old).count() } else { 0 };
        old.len().saturating_sub(gone + moved)
    }
}

/// A value without what its type only fills it up with.
fn plain(text: String, decimal: bool) -> String {
    if decimal && text.contains('.') && !text.contains(['e', 'E']) {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    if text.ends_with(' ') { text.trim_end().to_owned() } else { text }
}

/// What stands in one list and not in the other, as often as it does; both are in order.
fn without<'v>(these: &'v [String], others: &[String]) -> Vec<&'v String> {
    let mut others = others.iter().peekable();
    let missing = |text: &&String| {
        while others.next_if(|other| other < text).is_some() {}
        others.next_if(|other| other == text).is_none()
    };
    these.iter().filter(missing).collect()
}

/// Of a table with more rows, they are only counted.
const MOST: usize = 10_000;

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
        format!("SELECT {columns} FROM {} LIMIT {}", qualified(dialect, &table.name), MOST + 1)
    };
    let statements: Vec<String> = tables.iter().map(select).collect();
    if statements.is_empty() {
        return Ok(Contents::new());
    }
    let answers = session.query_each(&statements)?;
    let mut contents = Contents::new();
    for (table, rows) in tables.into_iter().zip(answers) {
        if rows.len() > MOST {
            contents.insert(table.name.clone(), counted(session, dialect, table)?);
            continue;
        }
        let mut held = Held { rows: rows.len(), ..Held::default() };
        for (at, column) in table.columns.iter().enumerate() {
            let texts = rows.iter().filter_map(|row| row.optional(at)).map(str::to_owned);
            held.columns.insert(column.name.clone(), Values::of(column, texts));
        }
        contents.insert(table.name.clone(), held);
    }
    Ok(contents)
}

/// How many rows there are, and values in each column.
fn counted(session: &mut Session, dialect: &dyn Dialect, table: &Table) -> Result<Held, DbError> {
    let columns = table.columns.iter().map(|column| format!(", count({})", dialect.identifier(&column.name)));
    let sql = format!("SELECT count(*){} FROM {}", columns.collect::<String>(), qualified(dialect, &table.name));
    let rows = session.query(&sql)?;
    let number = |at| rows.first().and_then(|row| row.number(at)).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let mut held = Held { rows: number(0), counted: true, columns: BTreeMap::new() };
    for (at, column) in table.columns.iter().enumerate() {
        let values = Values { count: number(at + 1), ..Values::of(column, std::iter::empty()) };
        held.columns.insert(column.name.clone(), values);
    }
    Ok(held)
}

/// What is gone. A table or column that has merely another name is not.
pub(super) fn losses(before: &Contents, after: &Contents, by: Direction) -> Vec<Loss> {
    let mut losses = Vec::new();
    for (name, held) in before.iter().filter(|(_, held)| held.rows > 0) {
        let table = name.to_string();
        let Some(now) = after.get(name).or_else(|| renamed(held, before, after)) else {
            losses.push(Loss { table, column: None, rows: held.rows, changed: false, by });
            continue;
        };
        if now.rows < held.rows {
            losses.push(Loss { table, column: None, rows: held.rows - now.rows, changed: false, by });
            continue;
        }
        for (column, values) in &held.columns {
            let left = match now.columns.get(column) {
                Some(left) => left.count,
                None if new_columns(held, now).any(|other| other.is_like(values)) => continue,
                None => 0,
            };
            if left < values.count {
                let (column, rows) = (Some(column.clone()), values.count - left);
                losses.push(Loss { table: table.clone(), column, rows, changed: false, by });
            }
        }
    }
    losses
}

/// The values that others stand in the place of, where the rows are all there.
pub(super) fn changes(before: &Contents, after: &Contents, by: Direction) -> Vec<Loss> {
    let mut changes = Vec::new();
    for (name, held) in before.iter().filter(|(_, held)| !held.counted) {
        let now = after.get(name).or_else(|| renamed(held, before, after));
        let Some(now) = now.filter(|now| now.rows >= held.rows && !now.counted) else { continue };
        for (column, values) in &held.columns {
            let rows = now.columns.get(column).map_or(0, |now| values.changed(now));
            if rows > 0 {
                changes.push(Loss { table: name.to_string(), column: Some(column.clone()), rows, changed: true, by });
            }
        }
    }
    changes
}

/// The table that has come to hold the same: its columns have the same names.
fn renamed<'c>(held: &Held, before: &Contents, after: &'c Contents) -> Option<&'c Held> {
    let new = after.iter().filter(|(name, _)| !before.contains_key(name)).map(|(_, held)| held);
    new.into_iter().find(|new| new.rows >= held.rows && held.columns.keys().all(|name| new.columns.contains_key(name)))
}

fn new_columns<'c>(before: &'c Held, now: &'c Held) -> impl Iterator<Item = &'c Values> {
    now.columns.iter().filter(|(name, _)| !before.columns.contains_key(*name)).map(|(_, values)| values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(columns: &[(&str, &[&str])]) -> Held {
        let rows = columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
        let kind = Some(Type::Text { length: None, fixed: false });
        let own = |values: &&[&str]| Values {
            texts: values.iter().map(ToString::to_string).collect(),
            count: values.len(),
            kind: kind.clone(),
        };
        let columns = columns.iter().map(|(name, values)| ((*name).to_owned(), own(values))).collect();
        Held { rows, columns, ..Held::default() }
    }

    fn lost(before: Vec<(&str, Held)>, after: Vec<(&str, Held)>) -> Vec<String> {
        let contents = |tables: Vec<(&str, Held)>| -> Contents {
            tables.into_iter().map(|(name, held)| (Name::of(None, name), held)).collect()
        };
        let (before, after) = (contents(before), contents(after));
        let all = losses(&before, &after, Direction::Up).into_iter().chain(changes(&before, &after, Direction::Down));
        all.map(|loss| loss.sentence()).collect()
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
    fn other_values_in_their_place_are_a_loss() {
        let old = || held(&[("id", &["1", "2"]), ("name", &["abc", "b"])]);
        let cut = held(&[("id", &["1", "2"]), ("name", &["ab", "b"])]);
        assert_eq!(lost(vec![("t", old())], vec![("t", cut)]), ["down changes 1 value of `t.name`"]);
        let more = held(&[("id", &["1", "2", "3"]), ("name", &["a", "abc", "b"])]);
        assert_eq!(lost(vec![("t", old())], vec![("t", more)]), [""; 0]);
    }

    #[test]
    fn a_time_that_moves_on_and_another_cast_are_none() {
        let values = |kind: Type, texts: &[&str]| Values {
            texts: texts.iter().map(ToString::to_string).collect(),
            count: texts.len(),
            kind: Some(kind),
        };
        let time = |text: &str| values(Type::Timestamp, &[text]);
        assert_eq!(time("2026-01-01 12:00:00").changed(&time("2026-11-30 08:00:00")), 0);
        assert_eq!(time("2026-01-01 12:00:00").changed(&time("2026-01-01 00:00:00")), 1);
        assert_eq!(
            values(Type::Boolean, &["t"]).changed(&values(Type::Text { length: None, fixed: false }, &["true"])),
            0
        );
        assert_eq!(plain("1.2500".to_owned(), true), "1.25");
        assert_eq!(plain("ab  ".to_owned(), false), "ab");
    }

    #[test]
    fn another_name_is_no_loss() {
        let old = || held(&[("id", &["1", "2"]), ("name", &["a", "b"])]);
        let other = held(&[("id", &["1", "2"]), ("title", &["a", "b"])]);
        assert_eq!(lost(vec![("t", old())], vec![("t", other)]), [""; 0]);
        assert_eq!(lost(vec![("t", old())], vec![("u", old())]), [""; 0]);
    }
}
