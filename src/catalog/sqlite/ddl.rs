//! Writes the statements that make a schema on SQLite: its own, as the database keeps them.

use std::cmp::Reverse;

use crate::catalog::model::{Catalog, TableKind, Trigger};
use crate::db::Dialect;

/// Tables may refer to what is made later, and so may views and the statements of triggers. Virtual tables may have their rows
/// in another; triggers need their table or view, and the one that comes first is made last.
pub(super) fn ddl(catalog: &Catalog, _dialect: &dyn Dialect) -> Vec<String> {
    let of_kind =
        |is_virtual| catalog.tables.iter().filter(move |table| (table.kind == TableKind::Virtual) == is_virtual);
    let tables = of_kind(false).chain(of_kind(true)).map(|table| &table.sql);
    let indexes = catalog.tables.iter().flat_map(|table| &table.indexes).map(|index| &index.sql);
    let views = catalog.views.iter().map(|view| &view.sql);
    let owners = catalog.tables.iter().map(|table| &table.triggers);
    let owners = owners.chain(catalog.views.iter().map(|view| &view.triggers));
    let triggers = owners.flat_map(|triggers| in_order(triggers)).map(|trigger| &trigger.sql);
    tables.chain(indexes).chain(views).chain(triggers).filter_map(Clone::clone).collect()
}

fn in_order(triggers: &[Trigger]) -> Vec<&Trigger> {
    let place = |trigger: &Trigger| trigger.options.get("order").and_then(|order| order.parse::<usize>().ok());
    let mut triggers: Vec<&Trigger> = triggers.iter().collect();
    triggers.sort_by_key(|trigger| Reverse(place(trigger)));
    triggers
}
