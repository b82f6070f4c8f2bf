//! That no two things of the database have one name in the file, where the second would be taken for the first.

use std::collections::BTreeMap;

use super::shape::{RustTable, Shape};
use crate::error::{Code, Error, Result};

/// Fails at the first two of one name.
pub fn check(shape: &Shape) -> Result<()> {
    let mut tables = BTreeMap::new();
    for table in &shape.tables {
        if let Some(other) = tables.insert(&table.name.rust, &table.name.sql) {
            return Err(same("tables", other, &table.name.sql, &table.name.rust).hint(left_out(&table.name.sql)));
        }
        columns(table)?;
    }
    types(shape)
}

fn columns(table: &RustTable) -> Result<()> {
    let mut columns = BTreeMap::new();
    for column in &table.columns {
        let sql = &column.name.sql;
        if let Some(other) = columns.insert(&column.name.rust, sql) {
            let full = |column: &str| format!("{}.{column}", table.name.sql);
            let error = same("columns", &full(other), &full(sql), &column.name.rust);
            return Err(error.hint(left_out(&table.name.sql)));
        }
    }
    Ok(())
}

/// The types that the file defines, and the module that they stand in.
fn types(shape: &Shape) -> Result<()> {
    let mut types = BTreeMap::new();
    for table in &shape.tables {
        for column in table.columns.iter().filter(|column| column.sql_type.defined) {
            let sql_type = &column.sql_type;
            let full = match &sql_type.schema {
                Some(schema) => format!("{schema}.{}", sql_type.sql),
                None => sql_type.sql.clone(),
            };
            let values = shape.inference.attribute(sql_type).values;
            let (other, first) = types.entry(&sql_type.rust).or_insert_with(|| (full.clone(), values.clone()));
            if *first != values {
                let place = format!("{}.{}", table.name.sql, column.name.sql);
                let hint = format!(
                    "rename one, or name a type in dbtool.toml: `[schema.types]` with `\"{place}\" = \"Text\"`"
                );
                return Err(same("types", other, &full, &sql_type.rust).hint(hint));
            }
        }
    }
    match shape.tables.iter().find(|table| table.name.rust == "sql_types" && !types.is_empty()) {
        Some(table) => {
            let message = "the table `sql_types` has the name of the module that types are defined in";
            Err(Error::new(Code::SameRustName, message).hint(left_out(&table.name.sql)))
        }
        None => Ok(()),
    }
}

fn same(kind: &str, one: &str, other: &str, rust: &str) -> Error {
    let message = format!("the {kind} `{one}` and `{other}` would both be `{rust}` in Rust");
    Error::new(Code::SameRustName, message)
}

fn left_out(table: &str) -> String {
    format!(
        "rename one, or leave the table out in diesel.toml: `[print_schema]` with `filter = {{ except_tables = [\"^{table}$\"] }}`"
    )
}
