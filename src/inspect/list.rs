//! The tables of a schema, a line each, and what else there is in a few words.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::{Catalog, Object, TableKind};
use crate::text;

/// A table or view.
#[derive(Debug, Serialize)]
pub struct Listed {
    pub name: String,
    /// `table`, `partitioned table`, `partition`, `foreign table`, `virtual table`, `view`, `materialized view`
    pub kind: &'static str,
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
    /// How many.
    pub columns: usize,
    pub comment: Option<String>,
}

/// What a kind of table is called.
#[must_use]
pub fn kind(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Table => "table",
        TableKind::Partitioned => "partitioned table",
        TableKind::Partition => "partition",
        TableKind::Foreign => "foreign table",
        TableKind::Virtual => "virtual table",
    }
}

/// What a view is called.
#[must_use]
pub fn view_kind(materialized: bool) -> &'static str {
    if materialized { "materialized view" } else { "view" }
}

/// Every table and view, in the order of their names.
#[must_use]
pub fn tables(catalog: &Catalog) -> Vec<Listed> {
    let tables = catalog.tables.iter().map(|table| {
        let listed = Listed {
            name: table.name.to_string(),
            kind: kind(table.kind),
            rows: table.rows,
            bytes: table.bytes,
            columns: table.columns.len(),
            comment: table.comment.clone(),
        };
        (&table.name, listed)
    });
    let views = catalog.views.iter().map(|view| {
        let listed = Listed {
            name: view.name.to_string(),
            kind: view_kind(view.materialized),
            rows: None,
            bytes: None,
            columns: view.columns.len(),
            comment: view.comment.clone(),
        };
        (&view.name, listed)
    });
    let mut all: Vec<_> = tables.chain(views).collect();
    all.sort_by_key(|(name, _)| *name);
    all.into_iter().map(|(_, listed)| listed).collect()
}

/// So many are named one by one.
const FEW: usize = 5;

/// Objects in a few words: `publication news`, `aggregate median`, or `12 aggregates, 1 publication`.
#[must_use]
pub fn objects(objects: &[Object]) -> String {
    if objects.len() <= FEW {
        let named: Vec<_> = objects.iter().map(|object| format!("{} `{}`", object.kind, object.name)).collect();
        return named.join(", ");
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for object in objects {
        *counts.entry(&object.kind).or_default() += 1;
    }
    let counted: Vec<_> = counts.into_iter().map(|(kind, number)| counted(number, kind)).collect();
    counted.join(", ")
}

/// `6 aggregates`; `triggers of the table`, six times: `triggers of 6 tables`.
fn counted(number: usize, kind: &str) -> String {
    match kind.split_once(" of the ") {
        Some((what, whose)) => format!("{what} of {}", text::count(number, whose)),
        // `events`, of the whole database: how many, nobody knows.
        None if is_many(kind) && number == 1 => kind.to_owned(),
        None if is_many(kind) => format!("{number} {kind}"),
        None => text::count(number, kind),
    }
}

/// Whether a kind is called as many already: `statistics`, `partitions by system time`.
fn is_many(kind: &str) -> bool {
    kind.split(' ').next().is_some_and(|word| word.ends_with('s') && !word.ends_with("ss"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Name;
    use crate::inspect::samples;

    #[test]
    fn tables_and_views_stand_in_the_order_of_their_names() {
        let listed = tables(&samples::catalog());
        let names: Vec<_> = listed.iter().map(|one| format!("{} {}", one.kind, one.name)).collect();
        let expected = [
            "table Users",
            "table order_items",
            "view order_totals",
            "table orders",
            "table users",
            "table audit.events",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_few_are_named_and_many_are_counted() {
        let object = |name: &str| Object::new("aggregate", Name::of(None, name));
        assert_eq!(objects(&[object("a"), object("b")]), "aggregate `a`, aggregate `b`");
        let mut many: Vec<_> = (0..6).map(|number| object(&number.to_string())).collect();
        many.push(Object::new("publication", Name::of(None, "p")));
        assert_eq!(objects(&many), "6 aggregates, 1 publication");
        for object in &mut many {
            "triggers of the table".clone_into(&mut object.kind);
        }
        assert_eq!(objects(&many), "triggers of 7 tables");
    }

    #[test]
    fn what_is_many_gets_no_other_end() {
        let expected = [
            (2, "statistics", "2 statistics"),
            (2, "partitions by system time", "2 partitions by system time"),
            (1, "functions and procedures without a right", "functions and procedures without a right"),
            (2, "access method", "2 access methods"),
            (1, "event", "1 event"),
        ];
        for (number, kind, told) in expected {
            assert_eq!(counted(number, kind), told);
        }
    }
}
