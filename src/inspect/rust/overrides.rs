//! `[schema.types]`: Rust types that stand instead of those that Diesel would take.

use super::Inference;
use crate::catalog::{Catalog, Column, Table};

/// Rust types, each by `table.column`, by `*.column`, or by the server's type.
pub struct Overrides<'a>(pub &'a [(String, String)]);

impl Overrides<'_> {
    /// The type of a column, by the most special name that is there.
    pub fn of(&self, table: &Table, column: &Column, inference: &dyn Inference) -> Option<&str> {
        self.named(&format!("{}.{}", table.name, column.name))
            .or_else(|| self.named(&format!("*.{}", column.name)))
            .or_else(|| inference.type_names(column).iter().find_map(|name| self.of_type(name)))
    }

    /// The columns that their tables have not: mistakes. A table or type that is not there is none, since the settings may be
    /// those of several backends, and of tables to come.
    pub fn unknown(&self, catalog: &Catalog) -> Vec<&str> {
        let is_mistake = |name: &&str| {
            let Some((table, column)) = name.rsplit_once('.') else { return false };
            catalog.table(table).is_some_and(|table| table.column(column).is_none())
        };
        self.0.iter().map(|(name, _)| name.as_str()).filter(is_mistake).collect()
    }

    fn named(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, rust)| rust.as_str())
    }

    fn of_type(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, rust)| rust.as_str())
    }
}
