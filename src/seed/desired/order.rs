//! In which order the seeds' tables are filled.

use std::collections::BTreeSet;

use super::items::Item;
use crate::error::Result;
use crate::seed::csv::CsvSeed;
use crate::seed::order::{self, Edge, Order};
use crate::seed::source::Expression;

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
