//! PostgreSQL's types in Diesel: each by the short name that the server has for it.

use heck::ToUpperCamelCase as _;

use super::{Attribute, Inference, Place, SqlType, Wanted, known};
use crate::backend::Backend;
use crate::catalog::{Column, Name, Table};
use crate::db::Home;
use crate::error::Result;

pub(super) struct Postgres;

/// The schema that needs not be named.
const USUAL: &str = "public";

/// Long names, and the short ones that stand behind them.
const SHORT: &[(&str, &str)] = &[
    ("bigint", "int8"),
    ("bit varying", "varbit"),
    ("boolean", "bool"),
    ("character varying", "varchar"),
    ("character", "bpchar"),
    ("double precision", "float8"),
    ("integer", "int4"),
    ("real", "float4"),
    ("smallint", "int2"),
    ("time with time zone", "timetz"),
    ("time without time zone", "time"),
    ("timestamp with time zone", "timestamptz"),
    ("timestamp without time zone", "timestamp"),
];

/// The server's own types that Diesel has none for: where they stand must be said.
const OF_SERVER: &[&str] = &[
    "aclitem",
    "box",
    "cid",
    "circle",
    "gtsvector",
    "int2vector",
    "jsonpath",
    "line",
    "lseg",
    "name",
    "oidvector",
    "path",
    "pg_lsn",
    "pg_node_tree",
    "pg_snapshot",
    "point",
    "polygon",
    "refcursor",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "tid",
    "timetz",
    "tsquery",
    "tsvector",
    "txid_snapshot",
    "varbit",
    "xid",
    "xid8",
    "xml",
];

impl Inference for Postgres {
    fn backend(&self) -> Backend {
        Backend::Postgres
    }

    fn place(&self, schema: Option<&str>, home: &Home) -> Result<Place> {
        let schema = schema.map(str::to_owned);
        Ok(Place {
            catalog: schema.clone().filter(|_| schema != home.schema),
            shown: schema.filter(|schema| schema != USUAL),
        })
    }

    fn type_names(&self, column: &Column) -> Vec<String> {
        let written = Written::of(&column.type_name);
        let array = if written.array { "[]" } else { "" };
        let short = format!("{}{array}", written.name.name);
        let named = Name { name: short.clone(), ..written.name };
        vec![column.type_name.clone(), format!("{}{array}", written.base), named.to_string(), short]
    }

    fn infer(&self, wanted: &Wanted<'_>, _: &Table, column: &Column) -> Option<SqlType> {
        let mut written = Written::of(&column.type_name);
        let mut named = written.name.clone();
        let mut nullable = column.nullable;
        let domain = wanted.catalog.domains.iter().find(|domain| !written.array && domain.name == written.name);
        if let Some(domain) = domain {
            nullable &= domain.nullable;
            written = Written::of(&domain.type_name);
            let own = wanted.settings.domains.iter().any(|pattern| pattern.is_match(&domain.name.name));
            if !own {
                named = written.name.clone();
            }
        }
        let is_own = |name: &Name| {
            let catalog = wanted.catalog;
            catalog.enums.iter().map(|one| &one.name).any(|one| one == name)
                || catalog.domains.iter().map(|one| &one.name).any(|one| one == name)
                || catalog.composites.iter().map(|one| &one.name).any(|one| one == name)
        };
        let schema = match &named.schema {
            Some(schema) => Some(schema.clone()),
            None if OF_SERVER.contains(&named.name.as_str()) && !is_own(&named) => Some("pg_catalog".to_owned()),
            // A type of an extension stands where its names are found.
            None => wanted.home.schema.clone(),
        };
        Some(SqlType {
            schema: schema.filter(|schema| schema != USUAL),
            array: written.array && (domain.is_none() || named == written.name),
            max_length: written.length(),
            ..SqlType::named(named.name.to_upper_camel_case(), &named.name, nullable)
        })
    }

    fn known(&self) -> &'static [&'static str] {
        known!(
            "Cidr",
            "Citext",
            "Inet",
            "Jsonb",
            "MacAddr",
            "MacAddr8",
            "Money",
            "Oid",
            "Range",
            "Timestamptz",
            "Uuid",
            "Json",
            "PgLsn",
            "Record",
            "Interval",
            "Int4range",
            "Int8range",
            "Daterange",
            "Numrange",
            "Tsrange",
            "Tstzrange",
            "Int4multirange",
            "Int8multirange",
            "Datemultirange",
            "Nummultirange",
            "Tsmultirange",
            "Tstzmultirange",
            "SmallSerial",
            "BigSerial",
            "Serial",
            "Bytea",
            "Bpchar",
            "Macaddr",
            "Macaddr8"
        )
    }

    fn defined_name(&self, _: &str, _: &str, inferred: &SqlType) -> String {
        inferred.rust.clone()
    }

    fn attribute(&self, defined: &SqlType) -> Attribute {
        let mut values = vec![("name", defined.sql.clone())];
        values.extend(defined.schema.clone().map(|schema| ("schema", schema)));
        let full = Name::of(defined.schema.as_deref(), &defined.sql).to_string().replace('\n', "\\n");
        Attribute { name: "postgres_type", values, about: vec![format!("The `{full}` SQL type")] }
    }
}

/// A type as the server writes it, taken apart: `audit.level[]`, `character varying(255)`, `timestamp(3) with time zone`.
struct Written {
    /// Without what stands in parentheses, and without `[]`.
    base: String,
    /// By its short name.
    name: Name,
    modifier: Option<String>,
    array: bool,
}

impl Written {
    fn of(text: &str) -> Self {
        let element = text.trim_end_matches("[]");
        let mut parts = vec![String::new()];
        let (mut quoted, mut modifier, mut depth) = (false, None::<String>, 0);
        for c in element.chars() {
            match c {
                '"' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth -= 1,
                '.' if !quoted && depth == 0 => {
                    parts.push(String::new());
                    continue;
                }
                _ => {}
            }
            if !quoted && (depth > 0 || c == ')') {
                modifier.get_or_insert_default().extend(Some(c).filter(|c| !matches!(c, '(' | ')')));
            } else if let Some(part) = parts.last_mut() {
                part.push(c);
            }
        }
        let base = parts.join(".");
        let name = parts.pop().unwrap_or_default();
        let name =
            SHORT.iter().find(|(long, _)| *long == name).map_or_else(|| unquoted(&name), |(_, s)| (*s).to_owned());
        let name = if name.starts_with("interval ") { "interval".to_owned() } else { name };
        let schema = parts.pop().map(|schema| unquoted(&schema));
        Self { base, name: Name { schema, name }, modifier, array: element.len() < text.len() }
    }

    /// Of text and bits, and not of an array of them.
    fn length(&self) -> Option<u64> {
        let has_length = matches!(self.name.name.as_str(), "varchar" | "bpchar" | "bit" | "varbit");
        self.modifier.as_ref().filter(|_| has_length && !self.array)?.parse().ok()
    }
}

/// `"Mood"` as `Mood`
fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_taken_apart() {
        for (text, schema, name, length, array) in [
            ("character varying(255)", None, "varchar", Some(255), false),
            ("character varying(255)[]", None, "varchar", None, true),
            ("timestamp(3) with time zone", None, "timestamptz", None, false),
            ("interval day to second(3)", None, "interval", None, false),
            ("numeric(10,2)", None, "numeric", None, false),
            ("audit.level[]", Some("audit"), "level", None, true),
            ("\"Odd.Schema\".\"a \"\"type\"\"\"", Some("Odd.Schema"), "a \"type\"", None, false),
            ("\"char\"", None, "char", None, false),
            ("bit(3)", None, "bit", Some(3), false),
        ] {
            let written = Written::of(text);
            assert_eq!((written.name.schema.as_deref(), written.name.name.as_str()), (schema, name), "{text}");
            assert_eq!((written.length(), written.array), (length, array), "{text}");
        }
    }
}
