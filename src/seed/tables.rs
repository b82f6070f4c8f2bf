//! A table that is seeded: its columns with their meanings, and by which key its rows are told apart. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::columns::Column;
use super::plan::shown;
use super::source::{At, RawRow, Seed};
use crate::catalog::{self, Catalog};
use crate::entities::{Entity, Registry};
use crate::error::{Code, Error};
use crate::text;

/// A table as seeds see it.
#[derive(Clone)]
pub struct Table<'c> {
    pub catalog: &'c catalog::Table,
    pub entity: Option<&'static dyn Entity>,
    pub columns: BTreeMap<&'c str, Column<'c>>,
}

impl std::fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("name", &self.catalog.name).finish_non_exhaustive()
    }
}

impl<'c> Table<'c> {
    /// `sensitive`: columns as the settings name them, `table.column`.
    #[must_use]
    pub fn new(catalog: &'c catalog::Table, registry: &Registry, sensitive: &[String]) -> Self {
        let entity = registry.of(catalog);
        let name = catalog.name.to_string();
        let column = |column: &'c catalog::Column| {
            let field = entity.and_then(|entity| entity.field(&column.name));
            let listed = format!("{name}.{}", column.name);
            let named = sensitive.iter().any(|sensitive| sensitive.eq_ignore_ascii_case(&listed));
            let sensitive = named || field.is_some_and(|field| field.sensitive);
            (column.name.as_str(), Column { catalog: column, field, sensitive })
        };
        Self { catalog, entity, columns: catalog.columns.iter().map(column).collect() }
    }

    #[must_use]
    pub fn name(&self) -> String {
        self.catalog.name.to_string()
    }

    /// A column by its name; an error names the nearest.
    pub fn column(&self, name: &str, at: &At) -> Result<&Column<'c>, Error> {
        let Some(column) = self.columns.get(name) else {
            let fault = at.fault(format!("`{}` has no column `{name}`", self.name()));
            let hint = text::did_you_mean(name, self.columns.keys().copied());
            let columns = || {
                format!("its columns: {}", text::listed(self.catalog.columns.iter().map(|column| column.name.clone())))
            };
            return Err(fault.hint(hint.unwrap_or_else(columns)));
        };
        if column.catalog.generated.is_some() {
            return Err(at.fault(format!("`{}.{name}` is computed by the database", self.name())));
        }
        Ok(column)
    }

    /// The keys by which rows can be told apart: the primary key, and unique constraints and indexes of whole columns that are
    /// never NULL.
    #[must_use]
    pub fn keys(&self) -> Vec<Vec<String>> {
        let table = self.catalog;
        let never_null = |columns: &[String]| {
            columns.iter().all(|name| self.columns.get(name.as_str()).is_some_and(|column| !column.catalog.nullable))
        };
        let whole = |index: &&catalog::Index| {
            index.unique
                && index.predicate.is_none()
                && index.parts.iter().all(|part| part.column.is_some() && !part.options.contains_key("prefix"))
        };
        let indexes = table.indexes.iter().filter(whole);
        let indexes = indexes.map(|index| index.parts.iter().filter_map(|part| part.column.clone()).collect());
        let uniques = table.uniques.iter().map(|key| key.columns.clone());
        let mut keys: Vec<Vec<String>> = table.primary_key.iter().map(|key| key.columns.clone()).collect();
        for columns in uniques.chain(indexes).filter(|columns: &Vec<String>| never_null(columns)) {
            if !keys.contains(&columns) {
                keys.push(columns);
            }
        }
        keys
    }

    /// That a row with this key stands twice in the seeds.
    #[must_use]
    pub fn twice<'v>(&self, key: impl IntoIterator<Item = (&'v String, &'v Value)>) -> String {
        let shown = key.into_iter().map(|(column, value)| match self.columns.get(column.as_str()) {
            Some(known) => format!("{column} = {}", shown(known, value)),
            None => column.clone(),
        });
        format!("`{}` has this row twice: {}", self.name(), shown.collect::<Vec<_>>().join(", "))
    }

    /// The one column of the primary key, where it has one.
    #[must_use]
    pub fn id(&self) -> Option<&Column<'c>> {
        let key = self.catalog.primary_key.as_ref()?;
        let [only] = key.columns.as_slice() else { return None };
        self.columns.get(only.as_str())
    }

    /// The key of a seed: the one that it names, or else the first that all of its rows have.
    pub fn key(&self, seed: &Seed) -> Result<Vec<String>, Error> {
        let candidates = self.keys();
        let shown = || {
            let shown: Vec<_> = candidates.iter().map(|key| format!("`{}`", key.join(", "))).collect();
            if shown.is_empty() {
                format!(
                    "`{}` has neither a primary key nor a unique constraint: rows cannot be told apart",
                    self.name()
                )
            } else {
                format!("the keys of `{}` are: {}", self.name(), shown.join("; "))
            }
        };
        if !seed.key.is_empty() {
            let mut named = seed.key.clone();
            named.sort();
            let same = |key: &&Vec<String>| {
                let mut sorted = (*key).clone();
                sorted.sort();
                sorted == named
            };
            return candidates.iter().find(same).cloned().ok_or_else(|| {
                let message =
                    format!("`{}` is no key of `{}`: two rows could have the same", seed.key.join(", "), self.name());
                seed.key_at.fault(message).hint(shown())
            });
        }
        let rows: Vec<&RawRow> = seed.rows.iter().chain(seed.template.iter().map(|(row, _)| row)).collect();
        let has = |row: &RawRow, column: &String| row.cells.iter().any(|cell| cell.column == *column);
        let every = |key: &&Vec<String>| rows.iter().all(|row| key.iter().all(|column| has(row, column)));
        if let Some(key) = candidates.iter().find(every) {
            return Ok(key.clone());
        }
        // An id can be made from a label, or from the number of a generated row.
        let makes_id = self.id().is_some_and(Column::takes_ids)
            && rows.iter().all(|row| row.label.is_some() || seed.template.is_some());
        if let Some(id) = self.id().filter(|_| makes_id) {
            return Ok(vec![id.name().to_owned()]);
        }
        let message = format!("no key of `{}` is in all of its rows", self.name());
        Err(Error::new(Code::SeedFile, message)
            .at(seed.table_at.place())
            .hint(shown())
            .hint("give each row the columns of one of them; `key = …` names which"))
    }
}

/// The table of this name in the schema; an error names the nearest.
pub fn find<'c>(catalog: &'c Catalog, name: &str, at: &At) -> Result<&'c catalog::Table, Error> {
    if let Some(table) = catalog.table(name) {
        return Ok(table);
    }
    let fault = at.fault(format!("the database has no table `{name}`"));
    let names: Vec<String> = catalog.tables.iter().map(|table| table.name.to_string()).collect();
    let fault = text::did_you_mean(name, names.iter().map(String::as_str)).into_iter().fold(fault, Error::hint);
    Err(if names.is_empty() {
        fault.hint("the database has no tables: `dbtool migrate up` makes them")
    } else {
        fault.hint("`dbtool migrate up`, if a migration makes it; `dbtool schema tables` lists those that are there")
    })
}
