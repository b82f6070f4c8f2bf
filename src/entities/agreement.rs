//! Whether models and the live schema are of one mind: what a column is, and whether it may be NULL.

use super::registry::{Registry, differences};
use crate::catalog::Catalog;

/// Where they differ, a line for each, with its table. The reference shop's models are looked at only where all
/// of its tables are there: any other database may have a `users` of its own.
#[must_use]
pub fn disagreements(registry: &Registry, catalog: &Catalog) -> Vec<String> {
    let is_shop = registry.iter().all(|entity| catalog.table(entity.table()).is_some());
    if registry.is_reference() && !is_shop {
        return Vec::new();
    }
    let of = |entity: &'static dyn super::Entity| {
        let name = entity.table();
        let found = match catalog.table(name) {
            Some(table) => differences(entity, table),
            None => vec!["there is no such table".to_owned()],
        };
        found.into_iter().map(move |line| format!("{name}: {line}"))
    };
    registry.iter().flat_map(of).collect()
}
