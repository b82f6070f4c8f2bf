//! A catalog as a flat list of things, each with its facts: what is compared, and what the fingerprint is taken of.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::model::{Catalog, Index, Name, Trigger};

/// Where a thing stands: a table `orders`, in it a column `status`.
pub(super) type Path = Vec<Step>;

/// A thing within another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) kind: String,
    /// Things without a name have the text that tells them apart.
    pub(super) name: String,
    /// How many come before it of which all this is the same.
    nth: usize,
}

/// Its name, and a number behind it for all but the first of those that are alike.
impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if self.nth > 0 { write!(f, " #{}", self.nth + 1) } else { Ok(()) }
    }
}

/// What is known of it: field and value.
pub(super) type Facts = BTreeMap<String, Value>;

/// What is no part of what is compared: names are in the path, parts are things of their own, `neutral` follows from the type's
/// name, the rest is measured.
const LEFT_OUT: &[&str] = &[
    "name",
    "neutral",
    "schema",
    "rows",
    "bytes",
    "primary_key",
    "foreign_keys",
    "uniques",
    "checks",
    "exclusions",
    "indexes",
    "triggers",
    "policies",
];

/// The option of a materialized view that was never filled. To fill it changes rows, and no schema.
pub(super) const FILLED: &str = "populated";

/// Everything in a catalog.
pub(super) fn of(catalog: &Catalog) -> BTreeMap<Path, Facts> {
    let mut all = All::default();
    for schema in &catalog.schemas {
        all.put(&[], "schema", schema.name.to_string(), &Value::Null);
    }
    for extension in &catalog.extensions {
        let path = all.put(&[], "extension", extension.name.clone(), extension);
        all.forget(&path, "version");
    }
    for one in &catalog.enums {
        all.put(&[], "enum", one.name.to_string(), one);
    }
    for domain in &catalog.domains {
        let path = all.put(&[], "domain", domain.name.to_string(), domain);
        for check in &domain.checks {
            all.put(&path, "check", named(check.name.as_deref(), &check.expression), check);
        }
    }
    for composite in &catalog.composites {
        all.put(&[], "composite type", composite.name.to_string(), composite);
    }
    for sequence in &catalog.sequences {
        all.put(&[], "sequence", sequence.name.to_string(), sequence);
    }
    for table in &catalog.tables {
        let path = all.put(&[], "table", table.name.to_string(), table);
        all.forget(&path, "columns");
        for column in &table.columns {
            all.put(&path, "column", column.name.clone(), column);
        }
        if let Some(key) = &table.primary_key {
            let own = all.put(&path, "primary key", String::new(), key);
            all.know(&own, "name", key.name.as_deref());
        }
        for key in &table.foreign_keys {
            let told = format!("({}) to {}", key.columns.join(", "), key.to);
            all.put(&path, "foreign key", named(key.name.as_deref(), &told), key);
        }
        for key in &table.uniques {
            let told = format!("({})", key.columns.join(", "));
            all.put(&path, "unique", named(key.name.as_deref(), &told), key);
        }
        for check in &table.checks {
            all.put(&path, "check", named(check.name.as_deref(), &check.expression), check);
        }
        for exclusion in &table.exclusions {
            all.put(&path, "exclusion", exclusion.name.clone(), exclusion);
        }
        all.indexes(&path, &table.indexes);
        all.triggers(&path, &table.triggers);
        for policy in &table.policies {
            all.put(&path, "policy", policy.name.clone(), policy);
        }
    }
    for view in &catalog.views {
        let kind = if view.materialized { "materialized view" } else { "view" };
        let path = all.put(&[], kind, view.name.to_string(), view);
        all.forget(&path, "columns");
        all.forget(&path, FILLED);
        for column in &view.columns {
            all.put(&path, "column", column.name.clone(), column);
        }
        all.indexes(&path, &view.indexes);
        all.triggers(&path, &view.triggers);
    }
    for routine in &catalog.routines {
        all.put(&[], &routine.kind, format!("{}({})", routine.name, routine.arguments), routine);
    }
    for object in &catalog.not_modelled {
        let definition = BTreeMap::from([("definition", &object.definition)]);
        all.put(&[], &object.kind, object.name.to_string(), &definition);
    }
    all.0
}

/// The names of a table's columns, in its order.
pub(super) fn column_orders(catalog: &Catalog) -> BTreeMap<&Name, Vec<&str>> {
    catalog
        .tables
        .iter()
        .map(|table| (&table.name, table.columns.iter().map(|column| column.name.as_str()).collect()))
        .collect()
}

/// A name, or what stands for it.
fn named(name: Option<&str>, otherwise: &str) -> String {
    name.unwrap_or(otherwise).to_owned()
}

#[derive(Default)]
struct All(BTreeMap<Path, Facts>);

impl All {
    /// Adds a thing, with every field of it that is not left out. Two that cannot be told apart are counted.
    fn put(&mut self, parent: &[Step], kind: &str, name: String, of: &impl Serialize) -> Path {
        let fields = match serde_json::to_value(of) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        let mut facts = Facts::new();
        for (field, value) in fields {
            match (field.as_str(), value) {
                ("options", Value::Object(options)) => facts.extend(options),
                (left_out, value) if value.is_null() || LEFT_OUT.contains(&left_out) => {}
                (_, value) => {
                    facts.insert(field, value);
                }
            }
        }
        let mut path = parent.to_vec();
        path.push(Step { kind: kind.to_owned(), name, nth: 0 });
        while self.0.contains_key(&path) {
            path.iter_mut().next_back().into_iter().for_each(|step| step.nth += 1);
        }
        self.0.insert(path.clone(), facts);
        path
    }

    fn know(&mut self, path: &Path, field: &str, value: Option<&str>) {
        if let Some(facts) = self.0.get_mut(path) {
            facts.insert(field.to_owned(), value.into());
        }
    }

    fn forget(&mut self, path: &Path, field: &str) {
        if let Some(facts) = self.0.get_mut(path) {
            facts.remove(field);
        }
    }

    fn indexes(&mut self, path: &Path, indexes: &[Index]) {
        for index in indexes {
            self.put(path, "index", index.name.clone(), index);
        }
    }

    fn triggers(&mut self, path: &Path, triggers: &[Trigger]) {
        for trigger in triggers {
            self.put(path, "trigger", trigger.name.clone(), trigger);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::catalog::{Check, Options, Table, TableKind};

    #[test]
    fn things_that_are_alike_are_counted_and_none_is_taken_for_another() {
        let check = |name: &str| {
            let name = Some(name.to_owned());
            Check { name, expression: "a > 0".to_owned(), valid: true, options: Options::new() }
        };
        let mut table = Table::new(Name::of(None, "t"), TableKind::Table);
        table.checks = ["a", "a", "a #1 and more", "a #2"].map(check).into();
        let facts = of(&Catalog { tables: vec![table], ..Catalog::empty(Backend::Sqlite) });
        let names: Vec<String> = facts.keys().filter_map(|path| Some(path.get(1)?.to_string())).collect();
        assert_eq!(names, ["a", "a #2", "a #1 and more", "a #2"]);
    }
}
