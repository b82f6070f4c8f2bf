//! Schemas and extensions, grants, and what is not modelled.

use super::{Names, text};
use crate::catalog::is_ours;
use crate::catalog::model::{Catalog, Extension, Grant, Name, Object};
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
            "schema" => catalog.schemas.push(Object::new("schema", name)),
            "extension" => {
                let (version, comment) = serde_json::from_str(row.text(3)).unwrap_or_default();
                catalog.extensions.push(Extension { name: name.name, schema: name.schema, version, comment });
            }
            "grant" if is_ours(row.text(2)) => {}
            "grant" => {
                let (kind, role, right) = serde_json::from_str(row.text(3)).unwrap_or_default();
                catalog.grants.push(Grant { kind, name, role, right });
            }
            kind => {
                let definition = row.optional(3).map(text::settled);
                catalog.not_modelled.push(Object { definition, ..Object::new(kind, name) });
            }
        }
    }
}
