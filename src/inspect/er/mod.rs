//! Tables and their foreign keys as a diagram.

mod dot;
mod mermaid;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, ForeignKey, Name, Table, TableKind};

use super::parts;

pub use dot::dot;
pub use mermaid::mermaid;

/// What is drawn.
#[derive(Debug)]
pub struct Diagram<'c> {
    pub tables: Vec<&'c Table>,
    pub references: Vec<Reference<'c>>,
}

/// A foreign key between two tables of the diagram.
#[derive(Debug)]
pub struct Reference<'c> {
    pub from: &'c Table,
    pub to: &'c Table,
    pub key: &'c ForeignKey,
    /// A row can have none.
    pub optional: bool,
    /// Not more than one row has the same.
    pub single: bool,
    /// It is part of the primary key: without the other row, there is none.
    pub identifying: bool,
}

impl<'c> Diagram<'c> {
    /// Of all tables, but for partitions: the table that they are of stands for them.
    #[must_use]
    pub fn of(catalog: &'c Catalog) -> Self {
        Self::with(catalog, |table| table.kind != TableKind::Partition)
    }

    /// Of a table, and those that are within so many foreign keys of it, in either direction.
    #[must_use]
    pub fn around(catalog: &'c Catalog, table: &Name, distance: usize) -> Self {
        let whole = Self::with(catalog, |other| other.kind != TableKind::Partition || other.name == *table);
        let mut near = BTreeSet::from([table]);
        for _ in 0..distance {
            let next: Vec<&Name> = whole
                .references
                .iter()
                .map(|reference| [&reference.from.name, &reference.to.name])
                .filter(|ends| ends.iter().any(|end| near.contains(end)))
                .flatten()
                .collect();
            let before = near.len();
            near.extend(next);
            if near.len() == before {
                break;
            }
        }
        let tables = whole.tables.into_iter().filter(|table| near.contains(&table.name)).collect();
        let both = |reference: &Reference<'_>| near.contains(&reference.from.name) && near.contains(&reference.to.name);
        Self { tables, references: whole.references.into_iter().filter(both).collect() }
    }

    fn with(catalog: &'c Catalog, wanted: impl Fn(&Table) -> bool) -> Self {
        let tables: Vec<&Table> = catalog.tables.iter().filter(|table| wanted(table)).collect();
        let named: BTreeMap<&Name, &Table> = tables.iter().map(|table| (&table.name, *table)).collect();
        let references = tables.iter().flat_map(|from| from.foreign_keys.iter().map(move |key| (*from, key)));
        let references = references.filter_map(|(from, key)| {
            // What it leads to may not be there to be seen.
            named.get(&key.to).map(|to| Reference::of(from, to, key))
        });
        Self { references: references.collect(), tables: tables.clone() }
    }
}

impl<'c> Reference<'c> {
    fn of(from: &'c Table, to: &'c Table, key: &'c ForeignKey) -> Self {
        let nullable = |column: &String| from.column(column).is_none_or(|column| column.nullable);
        let primary = from.primary_key.as_ref().map(|key| key.columns.as_slice()).unwrap_or_default();
        Self {
            from,
            to,
            key,
            optional: key.columns.iter().any(nullable),
            single: parts::is_unique(from, &key.columns),
            identifying: !key.columns.is_empty() && key.columns.iter().all(|column| primary.contains(column)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::samples;

    fn names(diagram: &Diagram<'_>) -> Vec<String> {
        diagram.tables.iter().map(|table| table.name.to_string()).collect()
    }

    #[test]
    fn around_a_table_are_those_within_so_many_keys() {
        let catalog = samples::catalog();
        let around =
            |name: &str, distance| names(&Diagram::around(&catalog, &catalog.table(name).unwrap().name, distance));
        assert_eq!(around("orders", 0), ["orders"]);
        assert_eq!(around("orders", 1), ["order_items", "orders", "users"]);
        assert_eq!(around("orders", 2), ["order_items", "orders", "users", "audit.events"]);
        assert_eq!(around("order_items", 99), ["order_items", "orders", "users", "audit.events"]);
        assert_eq!(around("Users", 9), ["Users"]);
    }

    #[test]
    fn partitions_are_drawn_where_they_are_asked_for() {
        let mut catalog = samples::catalog();
        let mut partition = samples::table("orders_2026", &[samples::column("id", "bigint")]);
        partition.kind = TableKind::Partition;
        catalog.tables.push(partition);
        assert!(!names(&Diagram::of(&catalog)).contains(&"orders_2026".to_owned()));
        let around = Diagram::around(&catalog, &Name::of(None, "orders_2026"), 1);
        assert_eq!(names(&around), ["orders_2026"]);
    }

    #[test]
    fn how_many_stand_at_each_end() {
        let catalog = samples::catalog();
        let diagram = Diagram::of(&catalog);
        let ends: Vec<_> = diagram
            .references
            .iter()
            .map(|one| (one.from.name.to_string(), one.optional, one.single, one.identifying))
            .collect();
        assert_eq!(
            ends,
            [
                ("order_items".to_owned(), false, false, true),
                ("orders".to_owned(), false, false, false),
                ("users".to_owned(), true, false, false),
                ("audit.events".to_owned(), false, true, false),
            ]
        );
    }
}
