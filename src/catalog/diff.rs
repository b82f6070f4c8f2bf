//! What two schemas do not have in common: thing by thing, and field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::facts::{self, Facts, Path};
use super::model::{Catalog, Grant, Name};

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
    /// Only who may do what: roles are no part of a schema.
    Grant,
    /// Only text: a comment, the body of a view, routine or trigger, an extension that is there or not, which of several
    /// triggers fires first.
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

/// Whether a field is only text: `comment`, `body`, `comment of street`. The order of triggers, for which a change in vain makes the
/// last one anew, weighs no more.
#[must_use]
pub fn is_text(field: &str) -> bool {
    matches!(field, "body" | "comment" | "order") || field.starts_with("comment of ") || field.ends_with(" comment")
}

/// What changes on the way from one schema to another. Of a thing that is added or removed, its parts are not told.
#[must_use]
pub fn diff(from: &Catalog, to: &Catalog) -> Vec<Change> {
    let (before, after) = (facts::of(from), facts::of(to));
    let paths: BTreeSet<&Path> = before.keys().chain(after.keys()).collect();
    let mut changes: Vec<Change> = paths.into_iter().filter_map(|path| change(path, &before, &after)).collect();
    changes.extend(beside(from, to));
    changes
}

/// What the fingerprint does not tell: the order of columns, and grants.
#[must_use]
pub fn beside(from: &Catalog, to: &Catalog) -> Vec<Change> {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) = (from.grants.iter().collect(), to.grants.iter().collect());
    let change = |change: What, grant: &&Grant| Change {
        change,
        kind: "grant".to_owned(),
        name: grant.to_string(),
        weight: Weight::Grant,
        fields: Vec::new(),
    };
    let removed = before.difference(&after).map(|grant| change(What::Removed, grant));
    let added = after.difference(&before).map(|grant| change(What::Added, grant));
    reordered(from, to).into_iter().chain(removed).chain(added).collect()
}

/// The tables whose columns stand in another order.
fn reordered(from: &Catalog, to: &Catalog) -> Vec<Change> {
    let orders = facts::column_orders(from);
    let change = |(table, new): (&Name, Vec<&str>)| {
        let old = orders.get(table)?;
        let common = |order: &[&str], other: &[&str]| -> Vec<String> {
            order.iter().filter(|column| other.contains(column)).map(ToString::to_string).collect()
        };
        if *old == new {
            return None;
        }
        let (was, is) = (common(old, &new), common(&new, old));
        let field = Field { name: "column order".to_owned(), from: was.clone().into(), to: is.clone().into() };
        (was != is).then(|| Change {
            change: What::Changed,
            kind: "table".to_owned(),
            name: table.to_string(),
            weight: Weight::Order,
            fields: vec![field],
        })
    };
    facts::column_orders(to).into_iter().filter_map(change).collect()
}

/// Whether two schemas are not the same, the order of columns and grants apart.
#[must_use]
pub fn differs(changes: &[Change]) -> bool {
    changes.iter().any(|change| change.weight > Weight::Grant)
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
    let kind = &path.last()?.kind;
    let only_text = match what {
        What::Changed => fields.iter().all(|field| is_text(&field.name)),
        What::Added | What::Removed => kind == "extension",
    };
    let names: Vec<String> = path.iter().map(ToString::to_string).filter(|name| !name.is_empty()).collect();
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
        Value::String(text) => format!("`{}`", text.split_whitespace().collect::<Vec<_>>().join(" ")),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Array(values) if !values.is_empty() => {
            format!("`{}`", values.iter().map(part).collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Array(_) => "none".to_owned(),
        other => format!("`{}`", part(other)),
    }
}

/// A part of a list: a name, or a column or expression of an index with what is said of it.
fn part(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(part).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            let texts = fields.iter().filter_map(|(name, value)| match (name.as_str(), value) {
                (_, Value::Null) => None,
                ("order", Value::String(order)) => (order == "descending").then(|| "desc".to_owned()),
                ("options", Value::Object(options)) if options.is_empty() => None,
                ("column" | "expression" | "name" | "schema", value) => Some(part(value)),
                (name, value) => Some(format!("{name} {}", part(value))),
            });
            texts.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::backend::Backend;
    use crate::catalog::{Column, Index, IndexPart, Options, Order, Table, TableKind, Type, View};

    /// Small schemas of few names, so that two of them have something in common.
    fn schemas() -> impl Strategy<Value = Catalog> {
        let column = ("[abc]", 0..3_u32, any::<bool>(), proptest::option::of("[01]"), proptest::option::of("[xy]"));
        let column = column.prop_map(|(name, length, nullable, default, comment)| Column {
            nullable,
            default,
            comment,
            ..Column::new(name, format!("varchar({length})"), Type::varchar(length))
        });
        let index = ("[ij]", any::<bool>(), "[abc]").prop_map(|(name, unique, column)| Index {
            name,
            unique,
            method: "btree".into(),
            parts: vec![IndexPart {
                column: Some(column),
                expression: None,
                order: Order::Ascending,
                options: Options::new(),
            }],
            included: Vec::new(),
            predicate: None,
            valid: true,
            comment: None,
            options: Options::new(),
            sql: None,
        });
        let columns = prop::collection::btree_map("[abc]", column, 0..4).prop_map(|columns| {
            columns.into_iter().map(|(name, column)| Column { name, ..column }).collect::<Vec<_>>()
        });
        let indexes = prop::collection::btree_map("[ij]", index, 0..3)
            .prop_map(|indexes| indexes.into_iter().map(|(name, index)| Index { name, ..index }).collect::<Vec<_>>());
        let table = (columns.prop_shuffle(), indexes, proptest::option::of("[xy]"));
        let tables = prop::collection::btree_map("[tuv]", table, 0..4);
        let views = prop::collection::btree_map("[vw]", "[pq]", 0..2);
        (tables, views).prop_map(|(tables, views)| {
            let mut catalog = Catalog::empty(Backend::Postgres);
            for (name, (columns, indexes, comment)) in tables {
                let table = Table::new(Name::of(None, &name), TableKind::Table);
                catalog.tables.push(Table { comment, columns, indexes, ..table });
            }
            catalog.views.extend(views.into_iter().map(|(name, body)| View {
                name: Name::of(None, &name),
                materialized: false,
                columns: Vec::new(),
                body,
                indexes: Vec::new(),
                triggers: Vec::new(),
                comment: None,
                options: Options::new(),
                sql: None,
            }));
            catalog.settle();
            catalog
        })
    }

    fn turned(change: Change) -> Change {
        let what = match change.change {
            What::Added => What::Removed,
            What::Removed => What::Added,
            What::Changed => What::Changed,
        };
        let turn = |field: Field| Field { name: field.name, from: field.to, to: field.from };
        Change { change: what, fields: change.fields.into_iter().map(turn).collect(), ..change }
    }

    proptest! {
        #[test]
        fn a_schema_does_not_differ_from_itself(one in schemas()) {
            prop_assert_eq!(diff(&one, &one), vec![]);
        }

        #[test]
        fn the_way_back_is_the_way_turned_round(one in schemas(), two in schemas()) {
            let there: Vec<Change> = diff(&one, &two).into_iter().map(turned).collect();
            prop_assert_eq!(there, diff(&two, &one));
        }

        #[test]
        fn the_fingerprint_tells_whether_they_differ(one in schemas(), two in schemas()) {
            prop_assert_eq!(differs(&diff(&one, &two)), one.fingerprint != two.fingerprint);
        }

        #[test]
        fn what_was_dumped_is_the_same(one in schemas()) {
            let read = Catalog::from_json(&serde_json::to_string(&one).unwrap()).unwrap();
            prop_assert_eq!(&read.fingerprint, &one.fingerprint);
            prop_assert_eq!(diff(&read, &one), vec![]);
        }
    }
}
