//! The file of `table!` macros for a schema, as Diesel's command line writes it, with types put in by the settings.
//!
//! What a server's type is in Diesel, and what else is told of a table there, is a file for each backend, behind
//! [`Inference`]; everything else is the same for all.

mod distinct;
mod joins;
mod meaning;
mod mysql;
mod names;
mod overrides;
mod postgres;
mod shape;
mod sqlite;
mod text;

pub use meaning::same;

use shape::Shape;

use crate::backend::Backend;
use crate::catalog::{Catalog, Column, Table};
use crate::config::PrintSchema;
use crate::db::Home;
use crate::error::Result;

/// A file, and what should be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    pub text: String,
    pub warnings: Vec<String>,
}

/// What the file is made from.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub catalog: &'a Catalog,
    pub home: &'a Home,
    pub settings: &'a PrintSchema,
    /// Rust types, each by the column or the server's type that it is meant for.
    pub types: &'a [(String, String)],
}

/// Writes the file.
pub fn write(wanted: &Wanted<'_>) -> Result<Schema> {
    let shape = Shape::of(wanted, of(wanted.catalog.backend))?;
    distinct::check(&shape)?;
    Ok(Schema { text: text::of(wanted, &shape), warnings: shape.warnings })
}

/// What Diesel takes a schema of this backend for.
trait Inference: Sync {
    fn backend(&self) -> Backend;

    /// Where the tables of a schema stand.
    fn place(&self, schema: Option<&str>, home: &Home) -> Result<Place>;

    /// Whether a table is nobody's to look at.
    fn hides(&self, table: &str) -> bool {
        table.starts_with("__")
    }

    /// The columns, and those that are there without having been declared.
    fn columns(&self, table: &Table) -> Vec<Column> {
        table.columns.clone()
    }

    /// In the order in which Diesel has it.
    fn primary_key(&self, table: &Table) -> Vec<String> {
        table.primary_key.as_ref().map(|key| key.columns.clone()).unwrap_or_default()
    }

    /// A column's name, by which columns are sorted.
    fn sorted_by(&self, column: &str) -> String {
        column.to_owned()
    }

    /// What a type is called in `[schema.types]`, the most special name first.
    fn type_names(&self, column: &Column) -> Vec<String>;

    /// A column's type. `None`: Diesel has none for it.
    fn infer(&self, wanted: &Wanted<'_>, table: &Table, column: &Column) -> Option<SqlType>;

    /// Diesel's own types, by their Rust names.
    fn known(&self) -> &'static [&'static str];

    /// The name of a type that is defined for a column.
    fn defined_name(&self, table: &str, column: &str, inferred: &SqlType) -> String;

    /// What ties a type that is defined to the database's.
    fn attribute(&self, defined: &SqlType) -> Attribute;
}

/// Where the tables of a schema stand.
struct Place {
    /// As the catalog calls the schema.
    catalog: Option<String>,
    /// As it is written before the names of tables.
    shown: Option<String>,
}

/// `#[diesel(name(key = "value", …))]`
struct Attribute {
    name: &'static str,
    values: Vec<(&'static str, String)>,
    /// What a doc comment says of the type.
    about: Vec<String>,
}

/// A column's type in Diesel.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SqlType {
    rust: String,
    /// The database's name of it, and the schema that it stands in if that is not the usual one.
    sql: String,
    schema: Option<String>,
    array: bool,
    unsigned: bool,
    nullable: bool,
    max_length: Option<u64>,
    /// Diesel has none of this name: the file defines it.
    defined: bool,
}

impl SqlType {
    fn named(rust: impl Into<String>, sql: impl Into<String>, nullable: bool) -> Self {
        Self {
            rust: rust.into(),
            sql: sql.into(),
            schema: None,
            array: false,
            unsigned: false,
            nullable,
            max_length: None,
            defined: false,
        }
    }
}

/// `Nullable<Array<Nullable<Text>>>`
impl std::fmt::Display for SqlType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = self.rust.clone();
        if self.unsigned {
            text = format!("Unsigned<{text}>");
        }
        if self.array {
            text = format!("Array<Nullable<{text}>>");
        }
        if self.nullable {
            text = format!("Nullable<{text}>");
        }
        f.write_str(&text)
    }
}

const ALL: &[&dyn Inference] = &[&mysql::Mysql, &postgres::Postgres, &sqlite::Sqlite];

fn of(backend: Backend) -> &'static dyn Inference {
    ALL.iter().copied().find(|inference| inference.backend() == backend).unwrap_or(ALL[0])
}

/// What Diesel has for every backend, by all its names.
macro_rules! known {
    ($($name:literal),*) => {
        &[
            "Bool", "Integer", "SmallInt", "BigInt", "Binary", "Text", "Double", "Float", "Numeric", "Timestamp", "Date",
            "Time", "Float4", "Smallint", "Int2", "Int4", "Int8", "Bigint", "Float8", "Decimal", "VarChar", "Varchar",
            "Char", "Tinytext", "Mediumtext", "Longtext", "Tinyblob", "Blob", "Mediumblob", "Longblob", "Varbinary",
            "Bit", $($name),*
        ]
    };
}
use known;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_has_its_inference() {
        for backend in Backend::ALL {
            assert_eq!(of(*backend).backend(), *backend);
        }
    }
}
