//! Writes the statements that make a schema on SQLite: its own, as the database keeps them.

use crate::catalog::model::{Catalog, TableKind};
use crate::db::Dialect;

/// Tables may refer to what is made later, and so may views and the statements of triggers. Virtual tables may have their rows
/// in another; triggers need their table or view.
pub(super) fn ddl(catalog: &Catalog, _dialect: &dyn Dialect) -> Vec<String> {
    let of_kind =
        |is_virtual| catalog.tables.iter().filter(move |table| (table.kind == TableKind::Virtual) == is_virtual);
    let tables = of_kind(false).chain(of_kind(true)).map(|table| &table.sql);
    let indexes = catalog.tables.iter().flat_map(|table| &table.indexes).map(|index| &index.sql);
    let views = catalog.views.iter().map(|view| &view.sql);
    let on_tables = catalog.tables.iter().flat_map(|table| &table.triggers);
    let triggers = on_tables.chain(catalog.views.iter().flat_map(|view| &view.triggers)).map(|trigger| &trigger.sql);
    tables.chain(indexes).chain(views).chain(triggers).filter_map(Clone::clone).collect()
}
