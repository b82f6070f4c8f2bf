//! Columns of tables, views and composite types.

use super::relations::{Relations, What};
use super::types::Types;
use super::values::{made, oid, pairs, put, put_flag, put_pairs};
use super::{Vanished, text};
use crate::catalog::model::{Column, Generated, Identity};
use crate::db::Row;

pub(super) fn read(mut rows: Vec<Row>, types: &Types, relations: &mut Relations) -> Result<(), Vanished> {
    // A server that has a hundred thousand of them sorts them on disk.
    rows.sort_by_cached_key(|row| (oid(row, 0), row.number(1)));
    for mut row in rows {
        let Some(relation) = relations.0.get_mut(&oid(&row, 0)) else { continue };
        relation.attributes.push((row.number(1).unwrap_or_default(), oid(&row, 12)));
        let column = column(&mut row, types, relation.is_partition)?;
        relation.add(column);
    }
    for relation in relations.0.values_mut() {
        if let What::View(view) = &mut relation.what {
            // Whether a view's column can be NULL, the server does not say.
            view.columns.iter_mut().for_each(|column| column.nullable = true);
        }
    }
    Ok(())
}

fn column(row: &mut Row, types: &Types, in_partition: bool) -> Result<Column, Vanished> {
    let (name, type_name) = (row.take(2), row.take(3));
    let neutral = types.neutral(oid(row, 4), row.number(5).unwrap_or(-1), oid(row, 6), &type_name);
    let mut column = Column::new(name, type_name, neutral);
    column.nullable = !row.flag(7);
    column.identity = match row.text(8) {
        // Its parent counts, which PostgreSQL says of each partition from 17 on.
        _ if in_partition => None,
        "a" => Some(Identity::Always),
        "d" => Some(Identity::ByDefault),
        _ => None,
    };
    let expression = made(row, 11, row.flag(10))?.map(text::settled);
    match row.text(9) {
        "" => column.default = expression,
        kind => {
            let expression = text::bare(&expression.unwrap_or_default()).to_owned();
            column.generated = Some(Generated { expression, stored: kind == "s" });
        }
    }
    column.collation = row.optional(13).map(str::to_owned);
    column.comment = row.optional(14).map(str::to_owned);
    let options = &mut column.options;
    put(
        options,
        "storage",
        match row.text(15) {
            "p" => Some("plain"),
            "e" => Some("external"),
            "m" => Some("main"),
            "x" => Some("extended"),
            _ => None,
        },
    );
    put(
        options,
        "compression",
        match row.text(16) {
            "p" => Some("pglz"),
            "l" => Some("lz4"),
            _ => None,
        },
    );
    put(options, "statistics", row.optional(17));
    put_flag(options, "inherited", !in_partition && row.text(18) == "f");
    // Those that PostgreSQL knows. Builds of others note there what is different in each database.
    let known = pairs(row.text(19))
        .into_iter()
        .filter(|(name, _)| matches!(name.as_str(), "n_distinct" | "n_distinct_inherited"));
    options.extend(known);
    put_pairs(options, "option ", row.text(20));
    Ok(column)
}
