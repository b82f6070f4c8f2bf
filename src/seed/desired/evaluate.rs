//! What a cell stands for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::items::{Item, Row};
use super::{Desired, Given, Spot, single_key};
use crate::catalog::ForeignKey;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::seed::columns::Column;
use crate::seed::plan::{Record, Want};
use crate::seed::source::{Cell, Expression};
use crate::seed::tables::{self, Table};
use crate::seed::values::{fake, moment};
use crate::text;

/// What a reference means.
pub(super) struct Meant<'c> {
    pub target: Table<'c>,
    pub values: Vec<(Column<'c>, Value)>,
    pub wanted: Column<'c>,
    /// It is found by what must not be shown.
    hides: bool,
}

impl Meant<'_> {
    pub fn by(&self) -> Record {
        self.values.iter().map(|(column, value)| (column.name().to_owned(), value.clone())).collect()
    }
}

impl<'c> Desired<'_, '_, 'c> {
    /// A value of a row; `None`: it has a fault.
    pub(super) fn evaluate(
        &mut self,
        items: &mut [Item<'c>],
        spot: Spot,
        cell: &Cell,
        labels: &BTreeMap<(String, String), Spot>,
    ) -> Result<Option<Want>> {
        let table = items[spot.0].table.clone();
        let Some(column) = table.columns.get(cell.column.as_str()) else { return Ok(None) };
        let key = single_key(&table, column.name());
        let wrong = |message: String| cell.at.fault(format!("`{}.{}` {message}", table.name(), column.name()));
        let plain = |value: Value| column.value(value).map(Want::Is).map_err(wrong);
        let given = self.given;
        let made = match (&cell.value, key) {
            (Expression::Text(text), Some(_)) if text.starts_with("@@") => plain(Value::String(text[1..].to_owned())),
            (Expression::Text(text), Some(key)) if text.starts_with('@') => {
                self.labelled(items, spot, &text[1..], key, cell, labels)
            }
            (Expression::Reference { table: other, by, column: wanted }, _) => {
                let meant = self.meant(&table, other, by, wanted.as_ref(), cell);
                return match self.take(meant) {
                    Some(meant) => self.found(items, spot, &meant, cell),
                    None => Ok(None),
                };
            }
            (Expression::Env { variable, default }, _) => {
                match (given.variable)(variable).or_else(|| default.clone()) {
                    Some(text) => plain(Value::String(text)),
                    None => Err(missing_variable(cell, variable, given)),
                }
            }
            (Expression::File(path), _) => {
                let bytes = column.catalog.neutral == crate::catalog::Type::Bytes { length: None }
                    || matches!(column.catalog.neutral, crate::catalog::Type::Bytes { .. });
                read_file(cell, path, bytes).and_then(plain)
            }
            (Expression::Hash { env, text }, _) => match (env, text) {
                (Some(variable), _) => match (given.variable)(variable) {
                    Some(password) => Ok(Want::HashOf(Secret::new(password))),
                    None => Err(missing_variable(cell, variable, given)),
                },
                (None, Some(_)) if given.protected => {
                    let message = format!(
                        "a password stands in plain text, and the environment `{}` is protected",
                        given.environment
                    );
                    Err(cell
                        .at
                        .fault(message)
                        .hint("`{ hash = \"argon2id\", env = \"VARIABLE\" }` takes it from a variable"))
                }
                (None, text) => Ok(Want::HashOf(Secret::new(text.clone().unwrap_or_default()))),
            },
            (Expression::Now(distance), _) => {
                let clock = items[spot.0].clock.unwrap_or(given.clock);
                match moment::from(clock, distance) {
                    Some(moment) if column.catalog.neutral == crate::catalog::Type::Date => {
                        plain(moment.date_naive().to_string().into())
                    }
                    Some(moment) => plain(moment.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string().into()),
                    None => Err(cell.at.fault(format!("`now` takes {}", moment::EXPECTED))),
                }
            }
            (Expression::Fake { kind, arguments }, _) if kind == "row" => {
                return Ok(self.some_row(items, spot, arguments, cell));
            }
            (Expression::Fake { kind, arguments }, _) => {
                let number = &items[spot.0].rows[spot.1].number;
                match fake::fake(kind, arguments, &table.name(), number, column.name()) {
                    Ok(value) => plain(value),
                    Err((message, hint)) => Err(hint.into_iter().fold(cell.at.fault(message), Error::hint)),
                }
            }
            (literal, _) => column.literal(literal).map(Want::Is).map_err(wrong),
        };
        let hides = column.sensitive || matches!(cell.value, Expression::Hash { .. });
        Ok(self.take(made.map_err(|fault| if hides { fault.at(cell.at.hidden()) } else { fault })))
    }

    fn take<T>(&mut self, made: Result<T>) -> Option<T> {
        made.map_err(|fault| self.faults.push(fault)).ok()
    }

    /// The value that a foreign key has for the row with a label.
    fn labelled(
        &self,
        items: &mut [Item<'c>],
        spot: Spot,
        name: &str,
        key: &ForeignKey,
        cell: &Cell,
        labels: &BTreeMap<(String, String), Spot>,
    ) -> Result<Want> {
        let table = key.to.to_string();
        let wanted = key.to_columns.first().cloned().unwrap_or_default();
        let Some(target) = labels.get(&(table.clone(), name.to_owned())) else {
            let fault = cell.at.fault(format!("no row of `{table}` has the label `{name}`"));
            let known = labels.keys().filter(|(other, _)| *other == table).map(|(_, label)| label.as_str());
            let fault = text::did_you_mean(name, known).into_iter().fold(fault, Error::hint);
            let fault = if self.files.has(&table) {
                fault
                    .hint(format!("rows of a CSV have no labels: `{{ ref = \"{table}\", where = {{ … }} }}` finds one"))
            } else {
                fault
            };
            return Err(fault.hint(format!(
                "a label is the name of a row in a seed of `{table}`: `[rows.{name}]`; `@@` begins a text with `@`"
            )));
        };
        if items[target.0].table.name() == items[spot.0].table.name() && *target != spot {
            let to = items[target.0].rows[target.1].listed.key.clone();
            items[spot.0].rows[spot.1].refers_to.push((cell.column.clone(), to));
        }
        Ok(value_of(items, *target, &wanted))
    }

    /// What a reference means: the table, the values that its row has, and the column that is asked for.
    pub(super) fn meant(
        &self,
        own: &Table<'c>,
        other: &str,
        by: &[(String, Expression)],
        wanted: Option<&String>,
        cell: &Cell,
    ) -> Result<Meant<'c>> {
        let target = Table::new(tables::find(self.catalog, other, &cell.at)?, self.registry, self.sensitive);
        let key = || single_key(own, &cell.column).map(|key| key.to_columns.first().cloned().unwrap_or_default());
        let wanted = wanted.cloned().or_else(key).or_else(|| target.id().map(|id| id.name().to_owned()));
        let is_sensitive = |name: &String| target.columns.get(name.as_str()).is_some_and(|column| column.sensitive);
        let hides = by.iter().any(|(name, _)| is_sensitive(name));
        let mut values = Vec::new();
        for (name, literal) in by {
            let value = target.column(name, &cell.at).and_then(|column| {
                let value =
                    column.literal(literal).map_err(|message| cell.at.fault(format!("`{other}.{name}` {message}")))?;
                Ok((*column, value))
            });
            values.push(value.map_err(|fault| if hides { fault.at(cell.at.hidden()) } else { fault })?);
        }
        let wanted = *target.column(&wanted.unwrap_or_default(), &cell.at)?;
        Ok(Meant { target, values, wanted, hides })
    }

    /// The value of the one row that has these values: one that is seeded, one that is there, or one that a file brings.
    fn found(&mut self, items: &mut [Item<'c>], spot: Spot, meant: &Meant<'c>, cell: &Cell) -> Result<Option<Want>> {
        let Meant { target, values, wanted, hides } = meant;
        let matches = |row: &Row| {
            values.iter().all(
                |(column, value)| matches!(row.listed.wants.get(column.name()), Some(Want::Is(have)) if have == value),
            )
        };
        let seeded = items.iter().enumerate().filter(|(_, item)| item.table.name() == target.name());
        let mut seeded = seeded.flat_map(|(at, item)| {
            item.rows.iter().enumerate().filter(|(_, row)| matches(row)).map(move |(number, _)| (at, number))
        });
        let seeded = seeded.next();
        if let Some(spot_found) = seeded {
            if items[spot_found.0].table.name() == items[spot.0].table.name() && spot_found != spot {
                let to = items[spot_found.0].rows[spot_found.1].listed.key.clone();
                items[spot.0].rows[spot.1].refers_to.push((cell.column.clone(), to));
            }
            return Ok(Some(value_of(items, spot_found, wanted.name())));
        }
        let there = self.database.look_up(target, wanted, values)?;
        let found = match there.as_slice() {
            [only] => match self.beside(items, meant)? {
                1 => Ok(Want::Is(only.clone())),
                several => Err(several),
            },
            [] => self.brought(items, &items[spot.0].table.name(), meant)?,
            several => Err(several.len() as u64),
        };
        Ok(match found {
            Ok(want) => Some(want),
            Err(count) => {
                let shown: Vec<_> = values
                    .iter()
                    .map(|(column, value)| format!("{} = {}", column.name(), column.shown(value)))
                    .collect();
                let (other, shown) = (target.name(), shown.join(", "));
                let fault = if count == 0 {
                    self.nowhere(cell.at.fault(format!("`{other}` has no row with {shown}")), &other)
                } else {
                    cell.at.fault(format!("`{other}` has several rows with {shown}")).hint("`where` must find one row")
                };
                self.take(Err(if *hides { fault.at(cell.at.hidden()) } else { fault }))
            }
        })
    }

    /// `{ fake = "row", of = "products" }`: one of the seeded rows of a table.
    fn some_row(
        &mut self,
        items: &mut [Item<'c>],
        spot: Spot,
        arguments: &[(String, Value)],
        cell: &Cell,
    ) -> Option<Want> {
        let table = items[spot.0].table.clone();
        let key = single_key(&table, &cell.column);
        let named = arguments.iter().find(|(name, _)| name == "of").and_then(|(_, value)| value.as_str());
        let other = named.map(str::to_owned).or_else(|| key.map(|key| key.to.to_string())).unwrap_or_default();
        let wanted = key.and_then(|key| key.to_columns.first().cloned());
        let mut spots = Vec::new();
        for (at, item) in items.iter().enumerate().filter(|(_, item)| item.table.name() == other) {
            spots.extend((0..item.rows.len()).map(|number| (at, number)));
        }
        let Some(wanted) = wanted.filter(|_| !spots.is_empty()) else {
            let fault = cell.at.fault(format!("no seed has rows of `{other}` to choose from"));
            let hint = "`{ fake = \"row\" }` stands in a column with a foreign key to a seeded table";
            return self.take(Err(fault.hint(hint)));
        };
        let row = &items[spot.0].rows[spot.1];
        let range = [("min".to_owned(), 0.into()), ("max".to_owned(), (spots.len() - 1).into())];
        let chosen = fake::fake("integer", &range, &table.name(), &row.number, &cell.column);
        let chosen = chosen.ok().and_then(|value| value.as_u64()).and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
        Some(value_of(items, spots[chosen], &wanted))
    }
}

/// What a column of a seeded row holds, or will hold.
fn value_of(items: &[Item<'_>], (at, number): Spot, column: &str) -> Want {
    let (item, row) = (&items[at], &items[at].rows[number]);
    if let Some(want) = row.listed.wants.get(column) {
        return want.clone();
    }
    match item.stored.get(&row.listed.key).and_then(|stored| stored.get(column)) {
        Some(value) => Want::Is(value.clone()),
        None => Want::Pending { table: item.table.name(), key: row.listed.key.clone(), column: column.to_owned() },
    }
}

fn missing_variable(cell: &Cell, variable: &str, given: &Given<'_>) -> Error {
    let fault = cell.at.fault(format!("the variable `{variable}` is not set"));
    let fault = fault.note("nothing was written");
    if given.protected {
        fault.hint(format!("set `{variable}` in the environment; .env supplies nothing to a protected one"))
    } else {
        fault.hint(format!("set `{variable}` in the environment or in .env"))
    }
}

fn read_file(cell: &Cell, path: &str, bytes: bool) -> Result<Value> {
    let full = cell.at.file.directory.join(path);
    let read = std::fs::read(&full);
    let read = read.map_err(|cause| cell.at.fault(format!("cannot read `{path}`")).because(cause))?;
    if bytes {
        return Ok(format!("0x{}", text::hex(&read)).into());
    }
    String::from_utf8(read).map(Value::String).map_err(|_| cell.at.fault(format!("`{path}` is not UTF-8 text")))
}
