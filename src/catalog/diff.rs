//! What two schemas do not have in common: thing by thing, and field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::facts::{self, Facts, Path};
use super::model::Catalog;

/// What became of a thing on the way from one schema to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Added,
    Removed,
    Changed,
}

/// How much a change matters, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Only columns stand in another order, which is no difference.
    Order,
    /// Only text: a comment, the body of a view, routine or trigger, an extension that is there or not.
    Text,
    Structure,
}

/// One thing that is not the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub change: What,
    /// `table`, `column`, `index` …
    pub kind: String,
    /// `orders`, `orders.status`
    pub name: String,
    pub weight: Weight,
    /// Of a changed one: what changed.
    pub fields: Vec<Field>,
}

/// One fact that is not the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    pub name: String,
    pub from: Value,
    pub to: Value,
}

/// What is only text.
const TEXTS: &[&str] = &["comment", "body"];

/// What changes on the way from one schema to another. Of a thing that is added or removed, its parts are not told.
#[must_use]
pub fn diff(from: &Catalog, to: &Catalog) -> Vec<Change> {
    let (before, after) = (facts::of(from), facts::of(to));
    let paths: BTreeSet<&Path> = before.keys().chain(after.keys()).collect();
    let mut changes: Vec<Change> = paths.into_iter().filter_map(|path| change(path, &before, &after)).collect();
    let orders = facts::column_orders(from);
    for (table, new) in facts::column_orders(to) {
        let Some(old) = orders.get(table) else { continue };
        let common = |order: &[&str], other: &[&str]| -> Vec<String> {
            order.iter().filter(|column| other.contains(column)).map(ToString::to_string).collect()
        };
        let (was, is) = (common(old, &new), common(&new, old));
        if was != is {
            let field = Field { name: "column order".to_owned(), from: was.into(), to: is.into() };
            changes.push(Change {
                change: What::Changed,
                kind: "table".to_owned(),
                name: table.to_string(),
                weight: Weight::Order,
                fields: vec![field],
            });
        }
    }
    changes
}

/// Whether two schemas are the same, but for the order of columns.
#[must_use]
pub fn differs(changes: &[Change]) -> bool {
    changes.iter().any(|change| change.weight > Weight::Order)
}

fn change(path: &Path, before: &BTreeMap<Path, Facts>, after: &BTreeMap<Path, Facts>) -> Option<Change> {
    let (old, new) = (before.get(path), after.get(path));
    let mut fields = Vec::new();
    let what = match (old, new) {
        (Some(old), Some(new)) => {
            fields = changed_fields(old, new);
            if fields.is_empty() {
                return None;
            }
            What::Changed
        }
        // What it stands in is not on both sides: that is told, and this with it.
        _ if path.len() > 1 && before.contains_key(&path[..1]) != after.contains_key(&path[..1]) => return None,
        (None, _) => What::Added,
        (Some(_), None) => What::Removed,
    };
    let (kind, _) = path.last()?;
    let only_text = match what {
        What::Changed => fields.iter().all(|field| TEXTS.contains(&field.name.as_str())),
        What::Added | What::Removed => kind == "extension",
    };
    let names: Vec<&str> = path.iter().map(|(_, name)| name.as_str()).filter(|name| !name.is_empty()).collect();
    Some(Change {
        change: what,
        kind: kind.clone(),
        name: names.join("."),
        weight: if only_text { Weight::Text } else { Weight::Structure },
        fields,
    })
}

fn changed_fields(old: &Facts, new: &Facts) -> Vec<Field> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let value = |facts: &Facts, name: &str| facts.get(name).cloned().unwrap_or(Value::Null);
    names
        .into_iter()
        .map(|name| Field { name: name.clone(), from: value(old, name), to: value(new, name) })
        .filter(|field| field.from != field.to)
        .collect()
}

impl Field {
    /// Its name in words.
    #[must_use]
    pub fn title(&self) -> String {
        self.name.replace('_', " ")
    }

    /// What it was, as it is shown.
    #[must_use]
    pub fn from_text(&self) -> String {
        shown(&self.from)
    }

    /// What it is.
    #[must_use]
    pub fn to_text(&self) -> String {
        shown(&self.to)
    }
}

/// A value in one line, for people.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => format!("`{}`", text.split_whitespace().collect::<Vec<_>>().join(" ")),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            let texts: Vec<_> = values.iter().filter_map(Value::as_str).collect();
            format!("`{}`", texts.join(", "))
        }
        other => format!("`{other}`"),
    }
}
