//! Rows for every table that can be given any: values by the columns' types, to which the table's checks agree, and no two
//! columns with the same; and a second row with NULL wherever it may stand, if the table takes one.

use crate::catalog::{Catalog, Check, Column, Identity, Name, Table, TableKind, Type};
use crate::db::{DbError, Dialect, Kind as Failure, Session};
use crate::sql::{Kind, Lexer};
use crate::text;

/// Which tables were given a row, in this order, and which could not be.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) tables: Vec<Name>,
    pub(super) left: Vec<Name>,
}

/// How many rows a table is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    None,
    One,
    /// The second one with NULL wherever it may stand.
    Two,
}

/// Gives every table that has no row some, those that are referred to first.
pub(super) fn fill(
    session: &mut Session,
    dialect: &dyn Dialect,
    catalog: &Catalog,
    rows: Rows,
) -> Result<Filled, DbError> {
    let mut filler = Filler { session, dialect, catalog, two: rows == Rows::Two };
    let mut filled = Filled::default();
    let mut waiting = filler.empty_tables()?;
    while !waiting.is_empty() {
        let (later, ready): (Vec<&Table>, Vec<&Table>) = waiting.iter().partition(|table| {
            table
                .foreign_keys
                .iter()
                .any(|key| key.to != table.name && waiting.iter().any(|other| other.name == key.to))
        });
        // Tables that refer to each other in a ring: whichever can go without the other is given a row.
        let ring = ready.is_empty();
        for table in if ring { &later } else { &ready } {
            let target = if filler.give_row(table)? { &mut filled.tables } else { &mut filled.left };
            target.push(table.name.clone());
        }
        waiting = if ring { Vec::new() } else { later };
    }
    Ok(filled)
}

struct Filler<'a> {
    session: &'a mut Session,
    dialect: &'a dyn Dialect,
    catalog: &'a Catalog,
    two: bool,
}

impl<'a> Filler<'a> {
    fn empty_tables(&mut self) -> Result<Vec<&'a Table>, DbError> {
        // What its partitions hold, a table holds; what stands on another server is not ours to write to.
        let own = |table: &&Table| matches!(table.kind, TableKind::Table | TableKind::Partitioned);
        let tables: Vec<&Table> = self.catalog.tables.iter().filter(own).collect();
        let mut empty = Vec::new();
        for some in tables.chunks(100) {
            let ask = |(at, table): (usize, &&Table)| {
                let name = qualified(self.dialect, &table.name);
                format!("SELECT {at} FROM (SELECT 1 AS one) AS one WHERE NOT EXISTS (SELECT 1 FROM {name})")
            };
            let sql: Vec<String> = some.iter().enumerate().map(ask).collect();
            let rows = self.session.query(&sql.join(" UNION ALL "))?;
            empty.extend(rows.iter().filter_map(|row| some.get(usize::try_from(row.number(0)?).ok()?)).copied());
        }
        Ok(empty)
    }

    /// Tries two rows with a value in every column of the first, then one of them, and then only what a row needs.
    fn give_row(&mut self, table: &Table) -> Result<bool, DbError> {
        for (only_needed, two) in [(false, true), (false, false), (true, false)] {
            if two && !self.two {
                continue;
            }
            let mut names = Vec::new();
            let mut values = Vec::new();
            let mut others = Vec::new();
            for (at, column) in table.columns.iter().enumerate() {
                // What the database counts begins where a migration's own rows may begin, too.
                let counted = is_counted(column) && !only_needed;
                let given = column.identity.is_some() || column.generated.is_some() || column.default.is_some();
                if (given && !counted) || (only_needed && column.nullable) {
                    continue;
                }
                if let Some(value) = self.value(table, column, Spot::of(at, 0))? {
                    names.push(self.dialect.identifier(&column.name));
                    values.push(value);
                    if two {
                        let none = may_be_null(table, column);
                        let other = if none { None } else { self.value(table, column, Spot::of(at, 1))? };
                        others.push(other.unwrap_or_else(|| "NULL".to_owned()));
                    }
                }
            }
            if two && names.is_empty() {
                continue;
            }
            let into = qualified(self.dialect, &table.name);
            let second = if two { format!(", ({})", others.join(", ")) } else { String::new() };
            let sql = if names.is_empty() {
                self.dialect.insert_defaults(&into)
            } else {
                format!("INSERT INTO {into} ({}) VALUES ({}){second}", names.join(", "), values.join(", "))
            };
            match self.session.execute(&sql) {
                Ok(()) => return Ok(true),
                Err(error) if error.kind == Failure::Lost => return Err(error),
                // A check, a trigger, a type of its own: another try, or no row.
                Err(_) => {}
            }
        }
        Ok(false)
    }

    /// A value for a column; `None`: its default, or none at all.
    fn value(&mut self, table: &Table, column: &Column, spot: Spot) -> Result<Option<String>, DbError> {
        let key = table.foreign_keys.iter().find(|key| key.columns.contains(&column.name));
        if let Some(key) = key {
            if key.to == table.name {
                return Ok(None);
            }
            let at = key.columns.iter().position(|name| *name == column.name).unwrap_or(0);
            let parent = key.to_columns.get(at).map(|name| self.dialect.identifier(name));
            let from = qualified(self.dialect, &key.to);
            // Of a key of several columns, all from the same row.
            let all: Vec<String> = key.to_columns.iter().map(|name| self.dialect.identifier(name)).collect();
            let known: Vec<String> = all.iter().map(|name| format!("{name} IS NOT NULL")).collect();
            let (known, order, nth) = (known.join(" AND "), all.join(", "), spot.row);
            return Ok(parent.map(|parent| {
                format!("(SELECT {parent} FROM {from} WHERE {known} ORDER BY {order} LIMIT 1 OFFSET {nth})")
            }));
        }
        let checks: Vec<&Check> =
            table.checks.iter().filter(|check| text::has_word(&check.expression, &column.name)).collect();
        let mut candidates = self.candidates(column, &checks, spot);
        if checks.is_empty() {
            return Ok((!candidates.is_empty()).then(|| candidates.swap_remove(0)));
        }
        // Whoever refuses a value is asked before, by itself: a check that is about other columns too cannot answer.
        let name = self.dialect.identifier(&column.name);
        let given: Vec<String> = candidates
            .iter()
            .map(|value| format!("SELECT {} AS {name}", self.dialect.typed(value, column.type_name.as_str())))
            .collect();
        let agreed: Vec<String> = checks.iter().map(|check| format!("({})", check.expression)).collect();
        let sql = format!(
            "SELECT {name} FROM ({}) AS given WHERE {} LIMIT 2",
            given.join(" UNION ALL "),
            agreed.join(" AND ")
        );
        match self.session.query(&sql) {
            // The second row gets another than the first one, where there is one.
            Ok(rows) => {
                let row = rows.get(spot.row).or(rows.first());
                Ok(row.and_then(|row| row.optional(0)).map(|value| self.literal(column, value)))
            }
            Err(error) if error.kind == Failure::Lost => Err(error),
            Err(_) => Ok((!candidates.is_empty()).then(|| candidates.swap_remove(0))),
        }
    }

    /// Literals of a column's type, the likeliest first; with those that its checks name.
    fn candidates(&self, column: &Column, checks: &[&Check], spot: Spot) -> Vec<String> {
        let nth = spot.nth;
        let texts: Vec<String> = match &column.neutral {
            Type::Boolean if spot.row == 0 || !checks.is_empty() => return vec!["TRUE".into(), "FALSE".into()],
            Type::Boolean => return vec!["FALSE".into()],
            Type::Integer { .. } | Type::Float { .. } | Type::Decimal { .. } => {
                // No number that a migration's own rows are likely to have, and one that shows if it is rounded.
                let unlikely = match &column.neutral {
                    Type::Integer { bits: 8, .. } => (113 - nth % 100).to_string(),
                    Type::Integer { bits: 16, .. } => (31_013 + nth).to_string(),
                    Type::Integer { .. } => (1_310_131_013 + nth).to_string(),
                    Type::Decimal { precision, scale } => decimal(*precision, *scale, nth),
                    _ => format!("{}.5", nth + 1),
                };
                let mut numbers = vec![unlikely];
                numbers.extend(["1", "0", "10", "100", "-1"].map(str::to_owned));
                numbers.extend(self.words(checks, Kind::Number));
                return numbers;
            }
            Type::Year => return vec![(2026 + nth % 100).to_string()],
            Type::Bytes { .. } => return vec![self.dialect.bytes(&[u8::try_from(nth % 255).unwrap_or(0) + 1])],
            Type::Date => vec![format!("2026-01-{:02}", nth % 31 + 1)],
            Type::Time => vec![format!("12:{:02}:00", nth % 60)],
            Type::Timestamp | Type::Instant => vec![format!("2026-01-{:02} 12:{:02}:00", nth % 31 + 1, nth % 60)],
            Type::Interval => vec![format!("{} day", nth + 1)],
            Type::Uuid => vec![format!("019b0000-0000-7000-8000-{:012x}", nth + 1)],
            Type::Json if checks.is_empty() => vec![format!("{{\"n\": {nth}}}")],
            Type::Json => vec!["{}".into(), "[]".into()],
            // Those that come first are the likeliest to stay.
            Type::Enum { name, values } => {
                let of_type = self.catalog.enums.iter().find(|one| Some(one.name.to_string()) == *name);
                let of_type = of_type.map(|of_type| of_type.values.as_slice());
                let values = if values.is_empty() { of_type.unwrap_or_default() } else { values.as_slice() };
                values.get(spot.row).or(values.first()).cloned().into_iter().collect()
            }
            Type::Set { values } => values.get(spot.row).or(values.first()).cloned().into_iter().collect(),
            Type::Bits { length } => vec!["0".repeat(length.unwrap_or(1) as usize)],
            Type::Array { .. } => vec!["{}".into()],
            Type::Text { length, .. } => {
                let fits = |text: &String| length.is_none_or(|most| text.chars().count() <= most as usize);
                let mut texts = self.words(checks, Kind::String);
                let letters = letters(length.map_or(LONG, |most| most as usize), nth);
                // What a check asks for is likelier something else.
                if checks.is_empty() {
                    texts.push(letters);
                    texts.extend(TEXTS.map(str::to_owned));
                } else {
                    texts.extend(TEXTS.map(str::to_owned));
                    texts.push(letters);
                }
                texts.into_iter().filter(fits).collect()
            }
            Type::Any if checks.is_empty() => vec![letters(LONG, nth)],
            Type::Any => TEXTS.map(str::to_owned).to_vec(),
            Type::Other { .. } if column.nullable => return Vec::new(),
            Type::Other { .. } => vec!["1".into()],
        };
        texts.iter().map(|text| self.dialect.literal(text)).collect()
    }

    /// What the checks name: the words that they allow.
    fn words(&self, checks: &[&Check], kind: Kind) -> Vec<String> {
        let of = |check: &&Check| {
            let text = check.expression.clone();
            let tokens: Vec<String> = Lexer::new(&text, self.dialect.rules())
                .filter(|token| token.kind == kind)
                .map(|token| token.text(&text).trim_matches('\'').replace("''", "'"))
                .collect();
            tokens
        };
        checks.iter().flat_map(of).collect()
    }

    fn literal(&self, column: &Column, value: &str) -> String {
        match column.neutral {
            Type::Integer { .. } | Type::Float { .. } | Type::Decimal { .. } | Type::Year => value.to_owned(),
            Type::Boolean => if matches!(value, "t" | "1" | "true") { "TRUE" } else { "FALSE" }.to_owned(),
            _ => self.dialect.literal(value),
        }
    }
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Spot {
    /// Another number in each column and each row of a table.
    nth: usize,
    row: usize,
}

impl Spot {
    fn of(column: usize, row: usize) -> Self {
        Self { nth: 2 * column + row, row }
    }
}

/// Whether a column may hold nothing. A key should not, though SQLite lets it.
fn may_be_null(table: &Table, column: &Column) -> bool {
    column.nullable && table.primary_key.as_ref().is_none_or(|key| !key.columns.contains(&column.name))
}

/// Whether the database gives a column the next number, unless another is given.
fn is_counted(column: &Column) -> bool {
    let by_sequence = column.default.as_ref().is_some_and(|default| default.starts_with("nextval("));
    by_sequence || column.identity.is_some_and(|identity| identity != Identity::Always)
}

/// So long a text shows if it is cut.
const LONG: usize = 20;

/// A text as long as its column takes it, within reason: another for each of the first 26 times 26.
fn letters(most: usize, nth: usize) -> String {
    let letter = |at: usize| char::from(b'a' + u8::try_from((nth + at * (1 + nth / 26)) % 26).unwrap_or(0));
    (0..most.min(255)).map(letter).collect()
}

/// A number with all the digits behind its point that its column keeps.
fn decimal(precision: Option<u16>, scale: Option<i16>, nth: usize) -> String {
    // Without a precision, the column keeps what it is given.
    let scale = scale.unwrap_or(if precision.is_some() { 0 } else { 4 });
    let digits = ('1'..='9').cycle().skip(nth % 9);
    let behind: String = digits.take(scale.clamp(0, 12).unsigned_abs().into()).collect();
    let room = precision.map_or(9, |all| i32::from(all) - i32::from(scale));
    let before = if room <= 0 { 0 } else { 1 + nth / 9 % 9 };
    if behind.is_empty() { (1 + nth % 9).to_string() } else { format!("{before}.{behind}") }
}

/// What checks on text often ask for: a word, an id, JSON, an address, a moment, a code.
const TEXTS: [&str; 9] = [
    "a",
    "019b0000-0000-7000-8000-000000000001",
    "{}",
    "a@example.com",
    "2026-01-01T12:00:00.000000Z",
    "2026-01-01T12:00:00Z",
    "2026-01-01",
    "AA",
    "https://example.com/a",
];

/// A table's name in SQL.
pub(super) fn qualified(dialect: &dyn Dialect, name: &Name) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", dialect.identifier(schema), dialect.identifier(&name.name)),
        None => dialect.identifier(&name.name),
    }
}
