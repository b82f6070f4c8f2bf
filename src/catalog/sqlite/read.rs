//! Reads the catalog of SQLite: a fixed number of questions, as of one moment.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::objects;
use super::pragmas::{self, Column, Object};
use super::shadow::shadow_tables;
use super::table::{Maker, Tables, lower};
use super::texts::{Texts, texts};
use crate::backend::Backend;
use crate::catalog::is_ours;
use crate::catalog::model::{self, Catalog, Name};
use crate::db::{DbError, Dialect, Home, Session};
use crate::error::Result;

/// Within a transaction of somebody else's, this is a part of it; else it is one.
const BEGIN: &str = "SAVEPOINT dbtool_catalog";
const END: &str = "RELEASE dbtool_catalog";

pub(super) fn read(session: &mut Session, dialect: &dyn Dialect, _home: &Home) -> Result<Catalog> {
    let failed = |error: DbError| error.into_error("cannot read the schema");
    session.execute(BEGIN).map_err(failed)?;
    let catalog = within(session, dialect);
    let ended = session.execute(END);
    catalog.and_then(|catalog| ended.map(|()| catalog)).map_err(failed)
}

fn within(session: &mut Session, dialect: &dyn Dialect) -> Result<Catalog, DbError> {
    let mut objects = pragmas::objects(session)?;
    let analyzed = objects.iter().any(|object| object.name == "sqlite_stat1");
    let left_out = left_out(&objects);
    objects.retain(|object| !left_out.contains(&*lower(&object.table)));
    let texts = texts(&objects);
    let known = ask(session, dialect, &objects, &texts, analyzed)?;
    Ok(put_together(&objects, &texts, &known))
}

/// All that was asked, and what the texts told instead.
struct Known<'a> {
    tables: Tables<'a>,
    /// Columns of views and virtual tables. None: it cannot be compiled.
    compiled: HashMap<Cow<'a, str>, Option<Vec<Column>>>,
    rows: HashMap<String, u64>,
    server: Option<model::Server>,
}

fn ask<'a>(
    session: &mut Session,
    dialect: &dyn Dialect,
    objects: &[Object],
    texts: &'a HashMap<&'a str, Texts<'a>>,
    analyzed: bool,
) -> Result<Known<'a>, DbError> {
    let mut tables = Tables { columns: pragmas::columns(session)?, ..Tables::default() };
    let mut untold = Vec::new();
    for (table, text) in texts {
        match text.told() {
            Some(indexes) => {
                tables.indexes.insert(Cow::Borrowed(*table), indexes);
            }
            None => untold.push(*table),
        }
    }
    untold.sort_unstable();
    if !untold.is_empty() {
        tables.indexes.extend(pragmas::indexes(session, dialect, &untold)?);
        untold.retain(|table| texts[table].said.is_none());
    }
    if !untold.is_empty() {
        tables.foreign_keys = pragmas::foreign_keys(session, dialect, &untold)?;
    }
    let compiled = ask_compiled(session, dialect, objects)?;
    let rows = if analyzed { pragmas::rows(session)? } else { HashMap::new() };
    Ok(Known { tables, compiled, rows, server: pragmas::server(session)? })
}

/// One question for all. Only where one of them is broken, which fails the question as a whole, each is asked by itself.
fn ask_compiled(
    session: &mut Session,
    dialect: &dyn Dialect,
    objects: &[Object],
) -> Result<HashMap<Cow<'static, str>, Option<Vec<Column>>>, DbError> {
    if let Ok(all) = pragmas::compiled(session) {
        return Ok(all.into_iter().map(|(name, columns)| (name, Some(columns))).collect());
    }
    let mut known = HashMap::new();
    for object in objects.iter().filter(|object| matches!(object.kind.as_str(), "view" | "table") && !object.stored) {
        let columns = match pragmas::compiled_one(session, &dialect.literal(&object.name)) {
            Ok(columns) => Some(columns),
            Err(error) if error.kind.is_transient() => return Err(error),
            Err(_) => None,
        };
        known.insert(Cow::Owned(object.name.clone()), columns);
    }
    Ok(known)
}

fn put_together(objects: &[Object], texts: &HashMap<&str, Texts<'_>>, known: &Known<'_>) -> Catalog {
    let mut catalog = Catalog { server: known.server.clone(), ..Catalog::empty(Backend::Sqlite) };
    let mut maker = Maker::of(objects, &known.tables);
    for object in objects {
        let columns = || known.compiled.get(object.name.as_str())?.as_deref();
        match object.kind.as_str() {
            "table" if object.stored => {
                let mut table = maker.table(object, texts.get(object.name.as_str()));
                table.rows = known.rows.get(&object.name).copied();
                catalog.tables.push(table);
            }
            "table" => catalog.tables.push(maker.virtual_table(object, columns())),
            "view" => catalog.views.push(maker.view(object, columns())),
            // They have their table by then.
            "index" | "trigger" => {}
            other => {
                catalog.not_modelled.push(model::Object::new(other, Name::of(None, &object.name)));
            }
        }
    }
    catalog.not_seen = maker.not_seen;
    objects::add_triggers(&mut catalog, objects);
    catalog
}

/// The tables that are nobody's to look at, in lower case: SQLite's, dbtool's, Diesel's, and those in which modules keep
/// what is in their own.
fn left_out(objects: &[Object]) -> HashSet<String> {
    let tables = || objects.iter().filter(|object| object.kind == "table");
    let internal = tables().filter(|table| starts_with(&table.name, "sqlite_") || is_ours(&table.name));
    let mut names: HashSet<String> = internal.map(|table| table.name.to_ascii_lowercase()).collect();
    names.extend(tables().filter(|table| !table.stored).flat_map(shadow_tables));
    names
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
