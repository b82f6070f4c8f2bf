//! Functions and procedures; aggregates are not modelled.

use std::collections::HashMap;

use super::values::{Oid, made, oid, pairs, put, put_flag, texts};
use super::{Names, Vanished, text};
use crate::catalog::model::{Catalog, Name, Object, Options, Routine};
use crate::db::Row;

/// Their names with their arguments, by the server's numbers.
pub(super) type RoutineNames = HashMap<Oid, Name>;

pub(super) fn read(rows: &[Row], names: &Names<'_>, catalog: &mut Catalog) -> Result<RoutineNames, Vanished> {
    let mut known = RoutineNames::new();
    for row in rows {
        let name = names.of(row.text(2), row.text(3));
        let arguments = made(row, 4, true)?.unwrap_or_default().to_owned();
        let full = Name { schema: name.schema.clone(), name: format!("{}({arguments})", name.name) };
        if row.text(1) == "a" {
            let definition = row.optional(25).map(str::to_owned);
            catalog.not_modelled.push(Object { definition, ..Object::new("aggregate", full) });
            continue;
        }
        known.insert(oid(row, 0), full);
        catalog.routines.push(routine(row, name, arguments)?);
    }
    Ok(known)
}

fn routine(row: &Row, name: Name, arguments: String) -> Result<Routine, Vanished> {
    let sql_body = made(row, 11, row.flag(10))?;
    let options = options(row, &arguments)?;
    let sql = made(row, 22, true)?.map(|statement| {
        let bare = text::identifier(&name.name);
        let here = if name.schema.is_some() { row.text(23).to_owned() } else { bare };
        statement.trim_end().replacen(row.text(23), &here, 1)
    });
    Ok(Routine {
        name,
        kind: if row.text(1) == "p" { "procedure" } else { "function" }.to_owned(),
        arguments,
        returns: row.optional(6).map(str::to_owned),
        language: row.text(7).to_owned(),
        body: sql_body.map_or_else(|| row.text(8).to_owned(), text::settled),
        comment: row.optional(24).map(str::to_owned),
        options,
        sql,
    })
}

fn options(row: &Row, arguments: &str) -> Result<Options, Vanished> {
    let mut options = Options::new();
    let signature = text::settled(made(row, 5, true)?.unwrap_or_default());
    put(&mut options, "signature", Some(signature.as_str()).filter(|signature| *signature != arguments));
    put(&mut options, "library", row.optional(9));
    put_flag(&mut options, "sql body", row.flag(10));
    put_flag(&mut options, "window", row.text(1) == "w");
    put(
        &mut options,
        "volatility",
        match row.text(12) {
            "i" => Some("immutable"),
            "s" => Some("stable"),
            _ => None,
        },
    );
    put(&mut options, "security", row.flag(13).then_some("definer"));
    put_flag(&mut options, "strict", row.flag(14));
    put_flag(&mut options, "leakproof", row.flag(15));
    put(
        &mut options,
        "parallel",
        match row.text(16) {
            "s" => Some("safe"),
            "r" => Some("restricted"),
            _ => None,
        },
    );
    put(&mut options, "cost", row.optional(17));
    put(&mut options, "rows", row.optional(18));
    put(&mut options, "support", row.optional(19).filter(|support| *support != "-"));
    let transforms: Vec<String> = texts(row.text(20)).into_iter().flatten().collect();
    put(&mut options, "transforms", Some(&transforms.join(", ")));
    for (name, value) in pairs(row.text(21)) {
        // An empty search path is a setting, too.
        options.insert(format!("set {name}"), value);
    }
    Ok(options)
}
