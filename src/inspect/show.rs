//! One thing of a schema with what is known of it, and who refers to it.

use serde::Serialize;

use super::find::Thing;
use crate::catalog::Catalog;

/// The report of `schema show`.
#[derive(Debug, Serialize)]
pub struct Shown<'c> {
    #[serde(flatten)]
    pub thing: Thing<'c>,
    /// Of a table: the foreign keys that lead to it, its own among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referred_to_by: Option<Vec<Referrer>>,
}

/// A foreign key of some table.
#[derive(Debug, Serialize)]
pub struct Referrer {
    pub table: String,
    pub columns: Vec<String>,
    /// Its name, where it has one.
    pub foreign_key: Option<String>,
    #[serde(skip)]
    pub to_columns: Vec<String>,
    #[serde(skip)]
    pub on_delete: String,
}

impl<'c> Shown<'c> {
    #[must_use]
    pub fn of(catalog: &'c Catalog, thing: Thing<'c>) -> Self {
        let referred_to_by = match thing {
            Thing::Table(table) => Some(
                catalog
                    .referrers(&table.name)
                    .map(|(other, key)| Referrer {
                        table: other.name.to_string(),
                        columns: key.columns.clone(),
                        foreign_key: key.name.clone(),
                        to_columns: key.to_columns.clone(),
                        on_delete: key.on_delete.clone(),
                    })
                    .collect(),
            ),
            _ => None,
        };
        Self { thing, referred_to_by }
    }
}
