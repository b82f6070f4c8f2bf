//! The tables of a file: names, keys and types, as they will stand in it.

use super::joins::{self, Join};
use super::overrides::Overrides;
use super::{Inference, SqlType, Wanted, names};
use crate::catalog::{Column, Table, TableKind};
use crate::config::Sorting;
use crate::error::{Code, Error, Result};

/// Everything in a file.
pub struct Shape {
    pub tables: Vec<RustTable>,
    pub joins: Vec<Join>,
    pub warnings: Vec<String>,
    pub inference: &'static dyn Inference,
}

/// A name in the database, and in Rust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Both {
    pub sql: String,
    pub rust: String,
}

pub struct RustTable {
    /// Where it is not the usual one.
    pub schema: Option<Both>,
    pub name: Both,
    pub comment: Option<String>,
    /// By the database's names.
    pub primary_key: Vec<String>,
    pub columns: Vec<RustColumn>,
}

pub struct RustColumn {
    pub name: Both,
    pub comment: Option<String>,
    pub sql_type: SqlType,
}

impl Shape {
    pub fn of(wanted: &Wanted<'_>, inference: &'static dyn Inference) -> Result<Self> {
        let settings = wanted.settings;
        let place = inference.place(settings.schema.as_deref(), wanted.home)?;
        let all: Vec<&Table> =
            wanted.catalog.tables.iter().filter(|table| table.name.schema == place.catalog).collect();
        let overrides = Overrides(wanted.types);
        let unknown = overrides.unknown(wanted.catalog);
        let mut shape = Self {
            tables: Vec::new(),
            joins: Vec::new(),
            warnings: unknown
                .iter()
                .map(|name| format!("`[schema.types]` names `{name}`, a column that is not there"))
                .collect(),
            inference,
        };
        for table in &all {
            let name = &table.name.name;
            if inference.hides(name) || table.kind == TableKind::Foreign || !settings.filter.takes(name) {
                continue;
            }
            let primary_key = inference.primary_key(table);
            if primary_key.is_empty() {
                shape.warnings.push(format!("left out the table `{name}`: Diesel needs a primary key"));
                continue;
            }
            shape.tables.push(RustTable {
                schema: place.shown.as_deref().map(|schema| both(schema, names::rust_name(schema))),
                columns: columns(wanted, inference, &overrides, table)?,
                name: both(name, names::rust_name(name)),
                comment: table.comment.clone(),
                primary_key,
            });
        }
        shape.tables.sort_by(|a, b| a.name.sql.cmp(&b.name.sql));
        shape.joins = joins::of(&all, &shape.tables);
        Ok(shape)
    }

    pub fn table(&self, sql: &str) -> Option<&RustTable> {
        self.tables.iter().find(|table| table.name.sql == sql)
    }
}

impl RustTable {
    /// `audit.events`, in the database's words.
    pub fn full_name(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", schema.sql, self.name.sql),
            None => self.name.sql.clone(),
        }
    }

    /// A column's name in Rust.
    pub fn rust_column(&self, sql: &str) -> String {
        names::column_name(sql, &self.name.rust)
    }
}

fn columns(
    wanted: &Wanted<'_>,
    inference: &dyn Inference,
    overrides: &Overrides<'_>,
    table: &Table,
) -> Result<Vec<RustColumn>> {
    let mut columns = inference.columns(table);
    if wanted.settings.sorting == Sorting::Name {
        columns.sort_by_key(|column| inference.sorted_by(&column.name));
    }
    let table_name = names::rust_name(&table.name.name);
    let one = |column: &Column| {
        let name = both(&column.name, names::column_name(&column.name, &table_name));
        let sql_type = match overrides.of(table, column, inference) {
            // Who writes it out means it.
            Some(rust) => SqlType::named(rust, &column.type_name, column.nullable && !rust.starts_with("Nullable<")),
            None => inferred(wanted, inference, table, column, &name)?,
        };
        Ok(RustColumn { name, comment: column.comment.clone(), sql_type })
    };
    columns.iter().map(one).collect()
}

fn inferred(
    wanted: &Wanted<'_>,
    inference: &dyn Inference,
    table: &Table,
    column: &Column,
    name: &Both,
) -> Result<SqlType> {
    let mut sql_type = inference.infer(wanted, table, column).ok_or_else(|| unknown_type(table, column))?;
    let settings = wanted.settings;
    sql_type.defined = settings.define_types
        && !inference.known().contains(&sql_type.rust.as_str())
        && !settings.undefined_types.iter().any(|pattern| pattern.is_match(&sql_type.rust));
    if sql_type.defined {
        sql_type.rust = inference.defined_name(&names::rust_name(&table.name.name), &name.rust, &sql_type);
    }
    Ok(sql_type)
}

fn unknown_type(table: &Table, column: &Column) -> Error {
    let full = format!("{}.{}", table.name, column.name);
    let message = format!("Diesel has no type for `{full}`, which is `{}` in the database", column.type_name);
    let hint = format!("name one in dbtool.toml: `[schema.types]` with `\"{full}\" = \"Text\"`, or another type");
    Error::new(Code::UnknownType, message).hint(hint)
}

fn both(sql: &str, rust: String) -> Both {
    Both { sql: sql.to_owned(), rust }
}
