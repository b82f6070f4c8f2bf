//! SQLite's types in Diesel: by what the declared type has in it, as SQLite itself judges.

use super::{Attribute, Inference, Place, SqlType, Wanted, known};
use crate::backend::Backend;
use crate::catalog::{Column, Name, Table, Type};
use crate::db::Home;
use crate::error::{Code, Error, Result};

pub(super) struct Sqlite;

/// What a row's number is called where no column is.
const ROW_NUMBER: &[&str] = &["rowid", "oid", "_rowid_"];

impl Inference for Sqlite {
    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    fn place(&self, schema: Option<&str>, _: &Home) -> Result<Place> {
        match schema {
            Some(schema) => {
                let message = format!("`schema` in diesel.toml names `{schema}`, and SQLite has no schemas");
                Err(Error::new(Code::ConfigValue, message))
            }
            None => Ok(Place { catalog: None, shown: None }),
        }
    }

    fn hides(&self, table: &str) -> bool {
        table.starts_with("__") || table.to_ascii_lowercase().starts_with("sqlite")
    }

    /// A table without a primary key has the number of its rows.
    fn columns(&self, table: &Table) -> Vec<Column> {
        let mut columns = table.columns.clone();
        if let [key] = self.primary_key(table).as_slice()
            && table.column(key).is_none()
        {
            let mut number = Column::new(key, "Integer", Type::integer(64));
            number.nullable = false;
            columns.insert(0, number);
        }
        columns
    }

    /// In the order of the columns.
    fn primary_key(&self, table: &Table) -> Vec<String> {
        let Some(key) = &table.primary_key else {
            let free = ROW_NUMBER.iter().find(|name| table.column(name).is_none());
            return free.map(|name| (*name).to_owned()).into_iter().collect();
        };
        let names = table.columns.iter().map(|column| &column.name);
        names.filter(|name| key.columns.contains(name)).cloned().collect()
    }

    fn type_names(&self, column: &Column) -> Vec<String> {
        let bare = column.type_name.split('(').next().unwrap_or_default().trim_end();
        vec![column.type_name.clone(), bare.to_owned()]
    }

    fn infer(&self, wanted: &Wanted<'_>, table: &Table, column: &Column) -> Option<SqlType> {
        let declared = column.type_name.to_lowercase();
        let declared = declared.trim_end_matches("generated always").trim_end();
        let has = |part: &str| declared.contains(part);
        let name = if matches!(declared, "boolean" | "bool") || has("tiny") && has("int") {
            "Bool"
        } else if declared == "int2" || has("small") && has("int") {
            "SmallInt"
        } else if declared == "int8" || has("big") && has("int") {
            "BigInt"
        } else if has("int") {
            let long = wanted.settings.bigint_keys && self.is_long(wanted, table, column, declared);
            if long { "BigInt" } else { "Integer" }
        } else if has("char") || has("clob") || has("text") {
            "Text"
        } else if has("blob") || has("binary") || declared.is_empty() {
            "Binary"
        } else if has("float") || has("real") {
            "Float"
        } else if has("double") || has("num") || has("dec") {
            "Double"
        } else {
            match declared {
                "datetime" | "timestamp" => "Timestamp",
                "date" => "Date",
                "time" => "Time",
                _ => return None,
            }
        };
        // Diesel goes by what was said.
        Some(SqlType::named(name, name, column.nullable || column.said_nullable))
    }

    fn known(&self) -> &'static [&'static str] {
        known!()
    }

    fn defined_name(&self, _: &str, _: &str, inferred: &SqlType) -> String {
        inferred.rust.clone()
    }

    fn attribute(&self, defined: &SqlType) -> Attribute {
        Attribute { name: "sqlite_type", values: vec![("name", defined.sql.clone())], about: Vec::new() }
    }
}

impl Sqlite {
    /// Whether a column is the number of a row, or refers to one.
    fn is_long(&self, wanted: &Wanted<'_>, table: &Table, column: &Column, declared: &str) -> bool {
        let numbered = |table: &Table| !table.options.contains_key("without_rowid");
        let is_key = self.primary_key(table) == [column.name.as_str()];
        let refers = |name: &Name| {
            let parent = wanted.catalog.tables.iter().find(|table| table.name == *name);
            parent.is_some_and(|parent| self.primary_key(parent).len() == 1 && numbered(parent))
        };
        let keys = || table.foreign_keys.iter().filter(|key| key.columns == [column.name.as_str()]);
        declared == "integer" && is_key && numbered(table) || keys().any(|key| refers(&key.to))
    }
}
