//! Reads the catalog of SQLite: a fixed number of questions, as of one moment.

use std::collections::{HashMap, HashSet};

use super::objects;
use super::pragmas::{self, Column, Object, Pragmas};
use super::shadow::shadow_tables;
use super::table::{self, Parents};
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
    let known = ask(session, dialect);
    let ended = session.execute(END);
    let known = known.and_then(|known| ended.map(|()| known));
    known.map(put_together).map_err(failed)
}

/// All that was asked.
struct Known {
    objects: Vec<Object>,
    tables: Pragmas,
    /// Columns of views and virtual tables. None: it cannot be compiled.
    compiled: HashMap<String, Option<Vec<Column>>>,
    rows: HashMap<String, u64>,
    server: Option<model::Server>,
}

fn ask(session: &mut Session, dialect: &dyn Dialect) -> Result<Known, DbError> {
    let objects = pragmas::objects(session)?;
    let tables = pragmas::tables(session)?;
    let compiled = ask_compiled(session, dialect, &objects)?;
    let analyzed = objects.iter().any(|object| object.name == "sqlite_stat1");
    let rows = if analyzed { pragmas::rows(session)? } else { HashMap::new() };
    let server = pragmas::server(session)?;
    Ok(Known { objects, tables, compiled, rows, server })
}

/// One question for all. Only where one of them is broken, which fails the question as a whole, each is asked by itself.
fn ask_compiled(
    session: &mut Session,
    dialect: &dyn Dialect,
    objects: &[Object],
) -> Result<HashMap<String, Option<Vec<Column>>>, DbError> {
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
        known.insert(object.name.clone(), columns);
    }
    Ok(known)
}

fn put_together(mut known: Known) -> Catalog {
    let mut catalog = Catalog { server: known.server.take(), ..Catalog::empty(Backend::Sqlite) };
    let left_out = left_out(&known.objects);
    known.objects.retain(|object| !left_out.contains(&object.table.to_ascii_lowercase()));
    let parents = Parents::of(&known.objects, &known.tables.columns);
    for object in &known.objects {
        match object.kind.as_str() {
            "table" if object.stored => {
                let mut table = table::table(object, &mut known.tables, &parents, &mut catalog.not_seen);
                table.rows = known.rows.get(&object.name).copied();
                catalog.tables.push(table);
            }
            "table" => {
                let columns = known.compiled.remove(&object.name).flatten();
                catalog.tables.push(objects::virtual_table(object, columns, &mut catalog.not_seen));
            }
            "view" => {
                let columns = known.compiled.remove(&object.name).flatten();
                catalog.views.push(objects::view(object, columns, &mut catalog.not_seen));
            }
            // They have their table by then.
            "index" | "trigger" => {}
            other => {
                catalog.not_modelled.push(model::Object::new(other, Name::of(None, &object.name)));
            }
        }
    }
    objects::add_indexes(&mut catalog, &known.objects, &mut known.tables.indexes);
    objects::add_triggers(&mut catalog, &known.objects);
    catalog
}

/// The tables that are nobody's to look at, in lower case: SQLite's, dbtool's, Diesel's, and those in which modules keep
/// what is in their own.
fn left_out(objects: &[Object]) -> HashSet<String> {
    let tables = || objects.iter().filter(|object| object.kind == "table");
    let internal = tables()
        .map(|table| table.name.to_ascii_lowercase())
        .filter(|name| name.starts_with("sqlite_") || is_ours(name));
    let mut names: HashSet<String> = internal.collect();
    names.extend(tables().filter(|table| !table.stored).flat_map(shadow_tables));
    names
}
