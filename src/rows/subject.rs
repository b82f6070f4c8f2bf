//! What rows are of: a table or view of the catalog, with its entity where it has one.

use std::collections::BTreeMap;

use super::column::Column;
use super::sensitive::{self, Sensitive};
use crate::audit;
use crate::catalog::{Catalog, Name, Table, unknown_table};
use crate::db::{Grammar, Value};
use crate::entities::{Entity, Registry};
use crate::error::{Code, Error, Result};
use crate::record::Record;
use crate::text;

/// A table or view whose rows are read or changed.
#[derive(Clone)]
pub struct Subject<'c> {
    pub name: &'c Name,
    /// `None`: a view, which is only read.
    pub table: Option<&'c Table>,
    pub entity: Option<&'static dyn Entity>,
    pub columns: Vec<Column>,
    pub grammar: Grammar,
    pub catalog: &'c Catalog,
}

impl<'c> Subject<'c> {
    /// A table.
    #[must_use]
    pub fn of_table(catalog: &'c Catalog, table: &'c Table, registry: Registry, sensitive: &Sensitive) -> Self {
        let entity = registry.of(table);
        Self::new(catalog, &table.name, Some(table), entity, &table.columns, sensitive)
    }

    /// A table or view, by the name that a person gives; one of another schema by its own name too, where only one is called so.
    pub fn find(catalog: &'c Catalog, name: &str, registry: Registry, sensitive: &Sensitive) -> Result<Self> {
        let tables = catalog.tables.iter().map(|table| (&table.name, Some(table)));
        let views = catalog.views.iter().map(|view| (&view.name, None));
        let all: Vec<(&Name, Option<&Table>)> = tables.chain(views).collect();
        let same = |one: &str| one.to_lowercase() == name.to_lowercase();
        let ways: [&dyn Fn(&Name) -> bool; 4] =
            [&|one| one.to_string() == name, &|one| same(&one.to_string()), &|one| one.name == name, &|one| {
                same(&one.name)
            }];
        for way in ways {
            let found: Vec<_> = all.iter().filter(|(one, _)| way(one)).collect();
            match found[..] {
                [] => {}
                [(_, Some(table))] => return Ok(Self::of_table(catalog, table, registry, sensitive)),
                [(name, None)] => {
                    let columns = catalog.view(&name.to_string()).map(|view| &view.columns[..]).unwrap_or_default();
                    return Ok(Self::new(catalog, name, None, None, columns, sensitive));
                }
                _ => {
                    let names = text::listed(found.iter().map(|(one, _)| format!("`{one}`")));
                    let error = Error::new(Code::AmbiguousTable, format!("`{name}` may be one of {}", found.len()));
                    return Err(error.hint(format!("write the one that you mean: {names}")));
                }
            }
        }
        Err(unknown_table(catalog, name))
    }

    fn new(
        catalog: &'c Catalog,
        name: &'c Name,
        table: Option<&'c Table>,
        entity: Option<&'static dyn Entity>,
        columns: &'c [crate::catalog::Column],
        sensitive: &Sensitive,
    ) -> Self {
        let grammar = Grammar::new(catalog.backend);
        let bases: BTreeMap<String, &str> =
            catalog.domains.iter().map(|domain| (domain.name.to_string(), domain.type_name.as_str())).collect();
        let is_sensitive = |column: &str| sensitive::names(sensitive, name, column);
        let strict = table.is_some_and(|table| table.options.contains_key("strict"));
        let column = |column: &crate::catalog::Column| {
            let base = bases.get(&column.type_name).copied().unwrap_or(&column.type_name);
            let field = entity.and_then(|entity| entity.field(&column.name));
            Column::of(column, base, field, is_sensitive(&column.name), strict, grammar)
        };
        let columns = columns.iter().map(column).collect();
        Self { name, table, entity, columns, grammar, catalog }
    }

    /// Its name, quoted, with its schema where it needs one.
    #[must_use]
    pub fn quoted(&self) -> String {
        let name = self.grammar.identifier(&self.name.name);
        self.name.schema.as_ref().map_or(name.clone(), |schema| format!("{}.{name}", self.grammar.identifier(schema)))
    }

    /// What one of its rows is called.
    #[must_use]
    pub fn singular(&self) -> String {
        self.entity.map_or_else(|| singular(&self.name.name), |entity| entity.singular().to_owned())
    }

    /// A column by its name; letters of the other case do where none has it exactly.
    pub fn column(&self, name: &str) -> Result<usize> {
        let exact = self.columns.iter().position(|column| column.name == name);
        let near = || self.columns.iter().position(|column| column.name.to_lowercase() == name.to_lowercase());
        exact.or_else(near).ok_or_else(|| {
            let error = Error::new(Code::UnknownColumn, format!("`{}` has no column `{name}`", self.name));
            let nearest = text::did_you_mean(name, self.columns.iter().map(|column| column.name.as_str()));
            let listed = text::listed(self.columns.iter().map(|column| format!("`{}`", column.name)));
            nearest.into_iter().fold(error, Error::hint).note(format!("its columns are {listed}"))
        })
    }

    /// The columns of the primary key; empty: it has none.
    #[must_use]
    pub fn key(&self) -> Vec<usize> {
        let key = self.table.and_then(|table| table.primary_key.as_ref());
        key.map(|key| self.positions(&key.columns)).unwrap_or_default()
    }

    /// The sets of columns in which no two rows are the same: the primary key first, then unique constraints and indexes.
    #[must_use]
    pub fn keys(&self) -> Vec<Vec<usize>> {
        let Some(table) = self.table else { return Vec::new() };
        let whole = |index: &&crate::catalog::Index| {
            index.unique
                && index.predicate.is_none()
                && index.valid
                && index.parts.iter().all(|part| part.column.is_some())
        };
        let indexes = table.indexes.iter().filter(whole);
        let indexes =
            indexes.map(|index| index.parts.iter().filter_map(|part| part.column.clone()).collect::<Vec<_>>());
        let uniques = table.uniques.iter().map(|key| key.columns.clone());
        let others = uniques.chain(indexes).map(|columns| self.positions(&columns));
        let mut keys: Vec<Vec<usize>> =
            Some(self.key()).into_iter().chain(others).filter(|key| !key.is_empty()).collect();
        let mut seen = Vec::new();
        keys.retain(|key| {
            let is_new = !seen.contains(key);
            seen.push(key.clone());
            is_new
        });
        keys
    }

    fn positions(&self, names: &[String]) -> Vec<usize> {
        names.iter().filter_map(|name| self.columns.iter().position(|column| column.name == *name)).collect()
    }

    /// The table, for a change.
    pub fn to_change(&self) -> Result<&'c Table> {
        let has = |name: &str| self.columns.iter().any(|column| column.name == name);
        if self.name.name == audit::TABLE && ["entity_id", "outcome", "run_id"].into_iter().all(has) {
            let message = format!("`{}` is written by dbtool itself, with each change", self.name);
            return Err(Error::new(Code::Refused, message).note("nothing was done"));
        }
        self.table.ok_or_else(|| {
            let error = Error::new(Code::Refused, format!("`{}` is a view, whose rows are only read", self.name));
            error.note("nothing was done")
        })
    }

    /// A row as a record: every column by its name, nothing masked.
    #[must_use]
    pub fn record(&self, values: &[Value]) -> Record {
        self.columns.iter().zip(values).map(|(column, value)| (column.name.clone(), column.kind.json(value))).collect()
    }

    /// A record for a person: what is sensitive is masked, unless it may be seen.
    #[must_use]
    pub fn masked(&self, record: &Record, reveal: bool) -> Record {
        let masked = |(name, value): (&String, &serde_json::Value)| {
            let hides = !reveal && self.columns.iter().any(|column| column.name == *name && column.sensitive);
            let value = if hides && !value.is_null() { crate::secret::MASK.into() } else { value.clone() };
            (name.clone(), value)
        };
        record.iter().map(masked).collect()
    }

    /// A record as it is after a change, masked likewise: that a masked value is another than before stays visible.
    #[must_use]
    pub fn masked_after(&self, before: Option<&Record>, after: &Record, reveal: bool) -> Record {
        let mut masked = self.masked(after, reveal);
        let changed = |name: &str| {
            let old = before.and_then(|before| before.get(name)).filter(|old| !old.is_null());
            old.is_some_and(|old| after.get(name).is_some_and(|new| !new.is_null() && new != old))
        };
        for column in self.columns.iter().filter(|column| column.sensitive && !reveal && changed(&column.name)) {
            masked.insert(column.name.clone(), crate::secret::CHANGED.into());
        }
        masked
    }

    /// The value of a record's column as it is bound.
    pub fn value(&self, column: usize, json: &serde_json::Value) -> Result<Value> {
        self.columns[column].parse_json(&self.name.to_string(), json, self.grammar)
    }
}

/// `categories` as `category`: as good as a rule can.
#[must_use]
pub fn singular(plural: &str) -> String {
    let stem = |end: &str, with: &str| plural.strip_suffix(end).map(|stem| format!("{stem}{with}"));
    let with_es = ["sses", "xes", "ches", "shes"].iter().any(|end| plural.ends_with(end));
    let found = match plural {
        _ if with_es => stem("es", ""),
        _ if plural.ends_with("ss") || plural.ends_with("us") => None,
        _ => stem("ies", "y").or_else(|| stem("s", "")),
    };
    found.unwrap_or_else(|| plural.to_owned())
}

#[cfg(test)]
mod tests {
    use super::singular;

    #[test]
    fn one_of_several() {
        let words = ["users", "categories", "boxes", "addresses", "status", "news", "person", "class"];
        let ones = ["user", "category", "box", "address", "status", "new", "person", "class"];
        assert_eq!(words.map(singular), ones);
    }
}
