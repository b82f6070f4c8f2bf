//! The types of MySQL and MariaDB in Diesel: by the first word of what the server writes.

use heck::ToUpperCamelCase as _;

use super::{Attribute, Inference, Place, SqlType, Wanted, known};
use crate::backend::Backend;
use crate::catalog::{Column, Table, Type};
use crate::db::Home;
use crate::error::{Code, Error, Result};

pub(super) struct Mysql;

impl Inference for Mysql {
    fn backend(&self) -> Backend {
        Backend::Mysql
    }

    fn place(&self, schema: Option<&str>, home: &Home) -> Result<Place> {
        match schema {
            Some(schema) if schema != home.database => {
                let message =
                    format!("`schema` in diesel.toml names the database `{schema}`, which this connection is not in");
                Err(Error::new(Code::ConfigValue, message).hint("name it in the URL instead"))
            }
            _ => Ok(Place { catalog: None, shown: None }),
        }
    }

    /// The server compares them so.
    fn sorted_by(&self, column: &str) -> String {
        column.to_lowercase()
    }

    fn type_names(&self, column: &Column) -> Vec<String> {
        let bare = without_parentheses(&column.type_name);
        vec![column.type_name.clone(), bare]
    }

    fn infer(&self, _: &Wanted<'_>, _: &Table, column: &Column) -> Option<SqlType> {
        let written = column.type_name.to_lowercase();
        let first = written.split('(').next().unwrap_or_default();
        let unsigned = written.contains("unsigned");
        let name = if written == "tinyint(1)" {
            "bool".to_owned()
        } else if first.starts_with("int") {
            "integer".to_owned()
        } else {
            first.replace("unsigned", "").trim().to_owned()
        };
        // Diesel has no types of two words.
        if name.contains(' ') && !first.contains("unsigned") {
            return None;
        }
        let max_length = length(column).filter(|_| written.contains('('));
        Some(SqlType { unsigned, max_length, ..SqlType::named(name.to_upper_camel_case(), &name, column.nullable) })
    }

    fn known(&self) -> &'static [&'static str] {
        known!("TinyInt", "Tinyint", "Datetime", "Json")
    }

    /// Each column has its own: two of the kind `enum` are not the same.
    fn defined_name(&self, table: &str, column: &str, inferred: &SqlType) -> String {
        format!("{table} {column} {}", inferred.rust).to_upper_camel_case()
    }

    fn attribute(&self, defined: &SqlType) -> Attribute {
        let mut name = defined.sql.clone();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Attribute { name: "mysql_type", values: vec![("name", name)], about: Vec::new() }
    }
}

/// How many characters or bytes fit in, where that is said of the type.
fn length(column: &Column) -> Option<u64> {
    let characters = |values: &[String]| values.iter().map(|value| value.chars().count()).collect::<Vec<_>>();
    match &column.neutral {
        Type::Text { length, .. } | Type::Bytes { length } => length.map(u64::from),
        Type::Enum { values, .. } => characters(values).into_iter().max().map(|longest| longest as u64),
        // All of them, and a comma between any two.
        Type::Set { values } => {
            let all = characters(values);
            Some((all.iter().sum::<usize>() + all.len().saturating_sub(1)) as u64)
        }
        _ => None,
    }
}

/// `decimal(10,2) unsigned` as `decimal unsigned`
fn without_parentheses(text: &str) -> String {
    match (text.find('('), text.rfind(')')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &text[..open], &text[close + 1..]),
        _ => text.to_owned(),
    }
}
