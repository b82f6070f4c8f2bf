//! Schemas and extensions, and what is not modelled.

use super::Names;
use crate::catalog::model::{Catalog, Extension, Name, Object};
use crate::db::Row;

pub(super) fn read(rows: &[Row], names: &Names<'_>, catalog: &mut Catalog) {
    for row in rows {
        let name = match row.optional(1) {
            Some(schema) => names.of(schema, row.text(2)),
            None => Name::of(None, row.text(2)),
        };
        match row.text(0) {
            // Every database has `public`; what stands there tells of it.
            "schema" if name.name == names.home || name.name == "public" => {}
            "schema" => catalog.schemas.push(Object { kind: "schema".to_owned(), name }),
            "extension" => {
                catalog.extensions.push(Extension {
                    name: name.name,
                    schema: name.schema,
                    version: row.text(3).to_owned(),
                });
            }
            kind => catalog.not_modelled.push(Object { kind: kind.to_owned(), name }),
        }
    }
}
