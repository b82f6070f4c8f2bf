//! The rows that seeds list, with every value known as far as it can be: labels and references resolved, variables and files
//! read, what is made up made up. Faults are gathered, and told together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::columns::Column;
use super::csv::CsvSeed;
use super::database::{Database, key_of};
use super::order::{self, Edge, Order};
use super::plan::{Key, Listed, Record, Want};
use super::source::{At, Cell, Expression, Mode, RawRow, Seed};
use super::tables::{self, Table};
use super::values::{fake, label, moment};
use crate::catalog::{Catalog, ForeignKey};
use crate::entities::Registry;
use crate::error::{Error, Place, Result};
use crate::secret::Secret;
use crate::text;

/// What values may come from, beside the files themselves.
pub struct Given<'a> {
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// What `{ now = … }` counts from where the seed says nothing else.
    pub clock: DateTime<Utc>,
    pub protected: bool,
    pub environment: &'a str,
}

/// A seed whose table is known.
#[derive(Debug)]
pub struct Item<'c> {
    pub name: String,
    pub table: Table<'c>,
    pub key: Vec<String>,
    pub mode: Mode,
    pub rows: Vec<Row>,
    clock: Option<DateTime<Utc>>,
    /// What is in the database under the keys of the rows.
    pub stored: BTreeMap<Key, Record>,
}

#[derive(Debug)]
pub struct Row {
    pub at: At,
    pub label: Option<String>,
    cells: Vec<Cell>,
    /// What made-up values depend on.
    number: String,
    pub listed: Listed,
    /// The rows of the same table that it refers to, each with the column.
    pub refers_to: Vec<(String, Key)>,
}

impl Row {
    /// Where it stands, for an error; a line with what must not be shown is not.
    #[must_use]
    pub fn place(&self, table: &Table<'_>, column: Option<&str>) -> Place {
        let at = column.and_then(|column| self.cell(column)).unwrap_or(&self.at);
        let sensitive = |cell: &Cell| {
            let known = table.columns.get(cell.column.as_str());
            known.is_some_and(|column| column.sensitive) || matches!(cell.value, Expression::Hash { .. })
        };
        if self.cells.iter().any(sensitive) { at.hidden() } else { at.place() }
    }

    /// Where a column's value stands.
    #[must_use]
    pub fn cell(&self, column: &str) -> Option<&At> {
        self.cells.iter().find(|cell| cell.column == column).map(|cell| &cell.at)
    }
}

impl Item<'_> {
    /// The columns that its rows list.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<String> {
        self.rows.iter().flat_map(|row| &row.cells).map(|cell| cell.column.clone()).collect()
    }
}

/// Looks the seeds' tables, columns and keys up in the schema. Nothing is asked of the database. `fatal`: some are missing now,
/// so that what is said of the others would be misleading.
pub fn items<'c>(
    seeds: Vec<Seed>,
    catalog: &'c Catalog,
    registry: &Registry,
    sensitive: &[String],
    faults: &mut Vec<Error>,
    fatal: &mut bool,
) -> Vec<Item<'c>> {
    let mut items = Vec::new();
    for seed in seeds {
        let found = match tables::find(catalog, &seed.table, &seed.table_at) {
            Ok(found) => found,
            Err(fault) => {
                faults.push(fault);
                *fatal = true;
                continue;
            }
        };
        let table = Table::new(found, registry, sensitive);
        let clock = seed.clock.as_deref().map(str::parse::<DateTime<Utc>>);
        if let Some(Err(_)) = clock {
            let message = "`clock` must be a moment with its zone, such as `2026-01-01T00:00:00Z`";
            faults.push(seed.table_at.fault(message));
        }
        // A column that is not there is told, and does not keep the rest from being looked at.
        let mut seed = seed;
        for row in seed.rows.iter_mut().chain(seed.template.iter_mut().map(|(row, _)| row)) {
            row.cells
                .retain(|cell| table.column(&cell.column, &cell.named_at).map_err(|fault| faults.push(fault)).is_ok());
        }
        match table.key(&seed) {
            Ok(key) => {
                let rows = rows_of(&seed);
                let clock = clock.and_then(std::result::Result::ok);
                items.push(Item { name: seed.name, table, key, mode: seed.mode, rows, clock, stored: BTreeMap::new() });
            }
            Err(fault) => {
                faults.push(fault);
                *fatal = true;
            }
        }
    }
    items
}

fn rows_of(seed: &Seed) -> Vec<Row> {
    let empty = || Listed { key: Key::new(), wants: BTreeMap::new() };
    let written = |row: &RawRow| {
        let value = |column: &String| {
            row.cells.iter().find(|cell| cell.column == *column).map(|cell| format!("{:?}", cell.value))
        };
        seed.key.iter().filter_map(value).collect::<Vec<_>>().join(",")
    };
    if let Some((template, count)) = &seed.template {
        let row = |number: u64| {
            let number = number.to_string();
            let mut cells = template.cells.clone();
            for cell in &mut cells {
                if let Expression::Text(text) = &mut cell.value {
                    *text = text.replace("{n}", &number);
                }
            }
            let label = Some(format!("{}#{number}", seed.name));
            Row { at: template.at.clone(), label, cells, number, listed: empty(), refers_to: Vec::new() }
        };
        return (1..=*count).map(row).collect();
    }
    let row = |row: &RawRow| Row {
        at: row.at.clone(),
        label: row.label.clone(),
        cells: row.cells.clone(),
        number: row.label.clone().unwrap_or_else(|| written(row)),
        listed: empty(),
        refers_to: Vec::new(),
    };
    seed.rows.iter().map(row).collect()
}

/// The foreign keys between seeded tables whose columns the seeds list.
#[must_use]
pub fn edges(items: &[Item<'_>], files: &[CsvSeed<'_>]) -> Vec<Edge> {
    let names: BTreeSet<String> =
        items.iter().map(|item| item.table.name()).chain(files.iter().map(|file| file.table.name())).collect();
    let mut edges = Vec::new();
    for item in items {
        let listed = item.columns();
        for key in &item.table.catalog.foreign_keys {
            let to = key.to.to_string();
            if !names.contains(&to) || !key.columns.iter().any(|column| listed.contains(column)) {
                continue;
            }
            let nullable = key.columns.iter().all(|name| {
                item.table.columns.get(name.as_str()).is_some_and(|column| column.catalog.nullable)
                    && !item.key.contains(name)
            });
            let deferred = key.deferrable.as_deref() == Some("deferred");
            let edge = Edge { from: item.table.name(), columns: key.columns.clone(), to, nullable, deferred };
            if !edges.contains(&edge) {
                edges.push(edge);
            }
        }
        // What is found by its values must be there before, too.
        for cell in item.rows.iter().flat_map(|row| &row.cells) {
            if let Expression::Reference { table, .. } = &cell.value
                && names.contains(table)
                && !edges.iter().any(|edge| edge.from == item.table.name() && edge.to == *table)
            {
                let (from, columns) = (item.table.name(), vec![cell.column.clone()]);
                edges.push(Edge { from, columns, to: table.clone(), nullable: false, deferred: false });
            }
        }
    }
    for file in files {
        // The rows of a file are written as they are: nothing of them waits.
        for key in file.foreign_keys().filter(|key| names.contains(&key.to.to_string())) {
            let (from, to) = (file.table.name(), key.to.to_string());
            edges.push(Edge { from, columns: key.columns.clone(), to, nullable: false, deferred: false });
        }
    }
    edges
}

/// The order of the seeds' tables.
pub fn ordered(items: &mut [Item<'_>], files: &[CsvSeed<'_>]) -> Result<Order> {
    let mut names = Vec::new();
    for name in items.iter().map(|item| item.table.name()).chain(files.iter().map(|file| file.table.name())) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let order = order::order(&names, &edges(items, files))?;
    let place = |item: &Item<'_>| order.tables.iter().position(|table| *table == item.table.name());
    items.sort_by_key(place);
    Ok(order)
}

/// Where a row stands: the number of its seed, and its own.
type Spot = (usize, usize);

/// Fills in what every row wants.
pub struct Desired<'d, 'a, 'c> {
    pub database: &'d mut Database<'a>,
    pub catalog: &'c Catalog,
    pub registry: &'d Registry,
    pub sensitive: &'d [String],
    pub given: &'d Given<'d>,
    /// Tables whose rows come from a file, too: which they are is known to the database when it is loaded.
    pub files: &'d BTreeSet<String>,
    pub faults: &'d mut Vec<Error>,
}

impl<'c> Desired<'_, '_, 'c> {
    /// Goes through the seeds, which stand in the order of their tables.
    pub fn fill(&mut self, items: &mut [Item<'c>]) -> Result<()> {
        let mut labels: BTreeMap<(String, String), Spot> = BTreeMap::new();
        for (at, item) in items.iter().enumerate() {
            for (number, row) in item.rows.iter().enumerate() {
                if let Some(label) = &row.label {
                    labels.insert((item.table.name(), label.clone()), (at, number));
                }
            }
        }
        let mut places: BTreeMap<(String, Key), At> = BTreeMap::new();
        for at in 0..items.len() {
            self.keys(items, at, &labels, &mut places)?;
        }
        for at in 0..items.len() {
            self.values(items, at, &labels)?;
        }
        self.parents(items)
    }

    /// The keys of a seed's rows, what is stored under them, and the ids of those that are new.
    fn keys(
        &mut self,
        items: &mut [Item<'c>],
        at: usize,
        labels: &BTreeMap<(String, String), Spot>,
        places: &mut BTreeMap<(String, Key), At>,
    ) -> Result<()> {
        let key = items[at].key.clone();
        let mut keys = Vec::new();
        for number in 0..items[at].rows.len() {
            let (mut values, mut is_new) = (Vec::new(), false);
            for column in &key {
                let Some(cell) = items[at].rows[number].cells.iter().find(|cell| cell.column == *column).cloned()
                else {
                    // The id of a labelled row.
                    let (table, name) =
                        (items[at].table.name(), items[at].rows[number].label.clone().unwrap_or_default());
                    let id = Value::String(label::id(&table, &name));
                    items[at].rows[number].listed.wants.insert(column.clone(), Want::Is(id.clone()));
                    values.push(id);
                    continue;
                };
                let want = self.evaluate(items, (at, number), &cell, labels)?;
                let value = match &want {
                    Some(Want::Is(value)) => value.clone(),
                    // A row that refers to a new one is new as well: any text tells it apart.
                    Some(other) => {
                        is_new = true;
                        other.shown()
                    }
                    None => continue,
                };
                values.push(value);
                items[at].rows[number].listed.wants.extend(want.map(|want| (column.clone(), want)));
            }
            if values.len() < key.len() {
                continue;
            }
            let row = &mut items[at].rows[number];
            row.listed.key = key_of(key.iter().zip(&values));
            let (here, named) = (row.at.clone(), row.listed.key.clone());
            let table = items[at].table.name();
            if let Some(other) = places.insert((table.clone(), named), here.clone()) {
                let shown =
                    key.iter().zip(&values).map(|(column, value)| match items[at].table.columns.get(column.as_str()) {
                        Some(known) => format!("{column} = {}", known.shown(value)),
                        None => column.clone(),
                    });
                let message = format!("`{table}` has this row twice: {}", shown.collect::<Vec<_>>().join(", "));
                self.faults.push(here.fault(message).note(format!("the other one: {}", other.place())));
            }
            if !is_new {
                keys.push(values);
            }
        }
        let item = &mut items[at];
        let mut wanted = item.columns();
        wanted.extend(item.table.id().map(|id| id.name().to_owned()));
        wanted.extend(self.catalog.referrers(&item.table.catalog.name).flat_map(|(_, key)| key.to_columns.clone()));
        let known: Vec<Vec<Value>> = keys;
        item.stored = self.database.read(&item.table, &key, &known, &wanted)?;
        let Some(id) = item.table.id().filter(|id| id.takes_ids()).map(|id| id.name().to_owned()) else {
            return Ok(());
        };
        let table = item.table.name();
        for row in &mut item.rows {
            let lists = row.cells.iter().any(|cell| cell.column == id) || row.listed.wants.contains_key(&id);
            if !lists && !item.stored.contains_key(&row.listed.key) {
                let made = label::id(&table, row.label.as_ref().unwrap_or(&row.listed.key));
                row.listed.wants.insert(id.clone(), Want::Is(made.into()));
            }
        }
        Ok(())
    }

    /// All other values of a seed's rows.
    fn values(&mut self, items: &mut [Item<'c>], at: usize, labels: &BTreeMap<(String, String), Spot>) -> Result<()> {
        for number in 0..items[at].rows.len() {
            let cells = items[at].rows[number].cells.clone();
            let key = items[at].key.clone();
            for cell in cells.iter().filter(|cell| !key.contains(&cell.column)) {
                let want = self.evaluate(items, (at, number), cell, labels)?;
                items[at].rows[number].listed.wants.extend(want.map(|want| (cell.column.clone(), want)));
            }
            let item = &items[at];
            let row = &item.rows[number];
            let stored = item.stored.get(&row.listed.key);
            let named = |name: &str| row.cells.iter().any(|cell| cell.column == name);
            if stored.is_none() {
                let mandatory = item.table.columns.values().filter(|column| !column.may_be_left_out());
                for column in
                    mandatory.filter(|column| !row.listed.wants.contains_key(column.name()) && !named(column.name()))
                {
                    let message = format!("`{}.{}` has no value, and must have one", item.table.name(), column.name());
                    self.faults.push(row.at.fault(message));
                }
            }
            let id = item.table.id().map(Column::name).filter(|id| !item.key.iter().any(|key| key == id));
            if let (Some(stored), Some(id)) = (stored, id)
                && let Some(Want::Is(wanted)) = row.listed.wants.get(id)
                && stored.get(id) != Some(wanted)
            {
                let message = format!(
                    "this row of `{}` is there with another `{id}`, and a primary key is not changed",
                    item.table.name()
                );
                let shown = stored
                    .get(id)
                    .map(|value| format!("it is {} in the database", item.table.columns[id].shown(value)));
                self.faults.push(shown.into_iter().fold(row.at.fault(message), Error::note));
            }
            if let Some(entity) = item.table.entity {
                let mut record: Record = stored.cloned().unwrap_or_default();
                record.extend(row.listed.wants.iter().filter_map(|(column, want)| match want {
                    Want::Is(value) => Some((column.clone(), value.clone())),
                    _ => None,
                }));
                let mut broken = Vec::new();
                entity.rules(&record, &mut broken);
                self.faults.extend(broken.into_iter().map(|broken| row.at.fault(broken.to_string())));
            }
        }
        Ok(())
    }

    /// A value of a row; `None`: it has a fault.
    fn evaluate(
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
                Self::labelled(items, spot, &text[1..], key, cell, labels)
            }
            (Expression::Reference { table: other, by, column: wanted }, key) => {
                let wanted =
                    wanted.clone().or_else(|| key.map(|key| key.to_columns.first().cloned().unwrap_or_default()));
                return self.found(items, spot, other, by, wanted, cell);
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

    /// The value of the one row that has these values: one that is seeded, or one that is there.
    fn found(
        &mut self,
        items: &mut [Item<'c>],
        spot: Spot,
        other: &str,
        by: &[(String, Expression)],
        wanted: Option<String>,
        cell: &Cell,
    ) -> Result<Option<Want>> {
        let target = match tables::find(self.catalog, other, &cell.at) {
            Ok(table) => Table::new(table, self.registry, self.sensitive),
            Err(fault) => return Ok(self.take(Err(fault))),
        };
        let wanted = wanted.or_else(|| target.id().map(|id| id.name().to_owned())).unwrap_or_default();
        let mut values = Vec::new();
        for (name, literal) in by {
            let value = target.column(name, &cell.at).and_then(|column| {
                let value =
                    column.literal(literal).map_err(|message| cell.at.fault(format!("`{other}.{name}` {message}")))?;
                Ok((*column, value))
            });
            let Some(value) = self.take(value) else { return Ok(None) };
            values.push(value);
        }
        let wanted_column = target.column(&wanted, &cell.at).copied();
        let Some(wanted_column) = self.take(wanted_column) else { return Ok(None) };
        let matches = |row: &Row| {
            values.iter().all(
                |(column, value)| matches!(row.listed.wants.get(column.name()), Some(Want::Is(have)) if have == value),
            )
        };
        let seeded = items.iter().enumerate().filter(|(_, item)| item.table.name() == target.name());
        let mut seeded = seeded.flat_map(|(at, item)| {
            item.rows.iter().enumerate().filter(|(_, row)| matches(row)).map(move |(number, _)| (at, number))
        });
        if let Some(spot_found) = seeded.next() {
            drop(seeded);
            if items[spot_found.0].table.name() == items[spot.0].table.name() && spot_found != spot {
                let to = items[spot_found.0].rows[spot_found.1].listed.key.clone();
                items[spot.0].rows[spot.1].refers_to.push((cell.column.clone(), to));
            }
            return Ok(Some(value_of(items, spot_found, &wanted)));
        }
        drop(seeded);
        let found = self.database.look_up(&target, &wanted_column, &values)?;
        let shown: Vec<_> =
            values.iter().map(|(column, value)| format!("{} = {}", column.name(), column.shown(value))).collect();
        let shown = shown.join(", ");
        Ok(match found.as_slice() {
            [only] => Some(Want::Is(only.clone())),
            [] => {
                let fault = cell.at.fault(format!("`{other}` has no row with {shown}"));
                self.take(Err(fault.hint(format!("neither in the database nor in a seed of `{other}`"))))
            }
            _ => {
                let fault = cell.at.fault(format!("`{other}` has several rows with {shown}"));
                self.take(Err(fault.hint("`where` must find one row")))
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

    /// Whether the rows that foreign keys refer to are there, or will be.
    fn parents(&mut self, items: &[Item<'c>]) -> Result<()> {
        for item in items {
            let keys = item.table.catalog.foreign_keys.iter().filter(|key| key.columns.len() == 1);
            for key in keys.filter(|key| !self.files.contains(&key.to.to_string())) {
                let (column, to) = (&key.columns[0], key.to.to_string());
                let Some(to_column) = key.to_columns.first() else { continue };
                let Some(parent) = self.catalog.tables.iter().find(|table| table.name == key.to) else { continue };
                let seeded: BTreeSet<&str> = items
                    .iter()
                    .filter(|other| other.table.name() == to)
                    .flat_map(|other| &other.rows)
                    .filter_map(|row| match row.listed.wants.get(to_column) {
                        Some(Want::Is(value)) => value.as_str(),
                        _ => None,
                    })
                    .collect();
                let mut open: Vec<(&Row, &Value)> = Vec::new();
                for row in &item.rows {
                    let Some(Want::Is(value)) = row.listed.wants.get(column) else { continue };
                    let stored = item.stored.get(&row.listed.key).and_then(|stored| stored.get(column));
                    if !value.is_null()
                        && stored != Some(value)
                        && !value.as_str().is_some_and(|text| seeded.contains(text))
                    {
                        open.push((row, value));
                    }
                }
                if open.is_empty() {
                    continue;
                }
                let parent = Table::new(parent, self.registry, self.sensitive);
                let keys: BTreeMap<String, Vec<Value>> =
                    open.iter().map(|(_, value)| (value.to_string(), vec![(*value).clone()])).collect();
                let keys: Vec<Vec<Value>> = keys.into_values().collect();
                let there = self.database.read(&parent, std::slice::from_ref(to_column), &keys, &BTreeSet::new())?;
                for (row, value) in
                    open.into_iter().filter(|(_, value)| !there.contains_key(&key_of([(to_column, *value)])))
                {
                    let at = row.cells.iter().find(|cell| cell.column == *column).map_or(&row.at, |cell| &cell.at);
                    let shown =
                        item.table.columns.get(column.as_str()).map(|column| column.shown(value)).unwrap_or_default();
                    let message = format!(
                        "`{}.{column}` is `{shown}`, and `{to}` has no row with this `{to_column}`",
                        item.table.name()
                    );
                    self.faults
                        .push(at.fault(message).hint(format!("neither in the database nor in a seed of `{to}`")));
                }
            }
        }
        Ok(())
    }
}

/// The foreign key of this column alone.
fn single_key<'c>(table: &Table<'c>, column: &str) -> Option<&'c ForeignKey> {
    table.catalog.foreign_keys.iter().find(|key| key.columns.len() == 1 && key.columns[0] == column)
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
