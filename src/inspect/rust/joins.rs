//! Which tables are joined by which column, and which may stand in one query.

use std::collections::BTreeSet;

use super::shape::RustTable;
use crate::catalog::{ForeignKey, Name, Table, TableKind};

/// `joinable!(child -> parent (column))`; children and parents by the database's names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Join {
    pub child: String,
    pub parent: String,
    pub column: String,
}

/// The foreign keys that are a join by themselves: of one column, to a primary key of one column, and the only one between
/// two tables. `all` are the tables of the schema, `shown` those in the file.
pub fn of(all: &[&Table], shown: &[RustTable]) -> Vec<Join> {
    let references = references(all);
    let find = |name: &Name| shown.iter().find(|table| table.name.sql == name.name);
    let mut joins = Vec::new();
    for Reference { child, key, parent } in &references {
        let (Some(from), Some(to)) = (find(child), find(parent)) else { continue };
        let [column] = key.columns.as_slice() else { continue };
        // SQLite: a parent without a primary key has the number of its rows.
        let to_key = to.primary_key.len() == 1 && (key.to_columns == to.primary_key || key.to_columns.is_empty());
        let between = |other: &&Reference<'_>| {
            let names = (other.child, other.parent);
            names == (*child, *parent) || names == (*parent, *child)
        };
        if child != parent && to_key && references.iter().filter(between).count() == 1 {
            joins.push(Join { child: from.name.sql.clone(), parent: to.name.sql.clone(), column: column.clone() });
        }
    }
    joins.sort();
    joins
}

/// A foreign key, from one table to one other.
struct Reference<'a> {
    child: &'a Name,
    key: &'a ForeignKey,
    parent: &'a Name,
}

/// All within a schema. A partition has the keys of what it is a part of, and whatever refers to that refers to its partitions.
fn references<'a>(all: &[&'a Table]) -> Vec<Reference<'a>> {
    let mut references = Vec::new();
    for table in all {
        for key in wholes(all, table).flat_map(|whole| &whole.foreign_keys) {
            let is_parent = |other: &&&'a Table| wholes(all, other).any(|whole| whole.name == key.to);
            for parent in all.iter().filter(is_parent) {
                references.push(Reference { child: &table.name, key, parent: &parent.name });
            }
        }
    }
    references
}

/// A table, and what it is a part of, and so on.
fn wholes<'a>(all: &[&'a Table], table: &'a Table) -> impl Iterator<Item = &'a Table> {
    std::iter::successors(Some(table), move |part| {
        let whole = part.inherits.first().filter(|_| part.kind == TableKind::Partition)?;
        all.iter().copied().find(|table| table.name == *whole)
    })
}

/// The tables that joins bring together, each group in the order of its names, and the groups in that of their first.
pub fn groups(tables: &[RustTable], joins: &[Join]) -> Vec<BTreeSet<String>> {
    let mut groups: Vec<BTreeSet<String>> =
        tables.iter().map(|table| BTreeSet::from([table.name.sql.clone()])).collect();
    for join in joins {
        let (joined, rest): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.contains(&join.child) || group.contains(&join.parent));
        groups = rest;
        groups.push(joined.into_iter().flatten().collect());
    }
    groups.sort();
    groups
}
