//! The live schema as neutral structs, which everything that looks at a schema stands on. It knows no feature and no
//! format: what a person or a file is shown is `inspect/`'s.
//!
//! [`read`] asks the database in a fixed number of queries, however many tables there are; [`diff`](diff::diff) says what
//! two schemas do not have in common; [`ddl`] writes the statements that make one anew. What differs between backends is a
//! folder each, behind [`Engine`].

pub mod diff;
mod facts;
mod fingerprint;
mod model;
mod mysql;
mod postgres;
mod sqlite;
mod types;
mod unknown;

pub use model::{
    Catalog, Check, Column, Composite, Domain, Enum, Exclusion, Extension, ForeignKey, Generated, Grant, Identity,
    Index, IndexPart, Key, Making, Name, Object, Options, Order, Policy, Routine, Sequence, Server, Table, TableKind,
    Trigger, View,
};
pub use types::Type;
pub use unknown::unknown_table;

use crate::backend::Backend;
use crate::db::{Dialect, Home, Session};
use crate::error::Result;

/// What a backend knows of schemas.
trait Engine: Sync {
    fn backend(&self) -> Backend;

    /// Reads everything, as of one moment, and leaves the connection as it was.
    fn read(&self, session: &mut Session, dialect: &dyn Dialect, home: &Home, depth: Depth) -> Result<Catalog>;

    /// The statements that make a schema in an empty database, in an order in which each finds what it needs.
    fn ddl(&self, catalog: &Catalog, dialect: &dyn Dialect) -> Vec<String>;

    /// What stands around them in a file for any client.
    fn frame(&self, _catalog: &Catalog, _dialect: &dyn Dialect) -> Frame {
        Frame::default()
    }
}

/// The statements around those of [`ddl`], where a client of any settings is to run them.
#[derive(Debug, Default)]
pub struct Frame {
    /// What makes texts mean what they meant where they were read.
    pub before: Vec<String>,
    /// What gives the client back the settings that it had.
    pub after: Vec<String>,
}

/// In the order of their names.
const ALL: &[&dyn Engine] = &[&mysql::Mysql, &postgres::Postgres, &sqlite::Sqlite];

fn of(backend: Backend) -> &'static dyn Engine {
    ALL.iter().copied().find(|engine| engine.backend() == backend).unwrap_or(ALL[0])
}

/// How much is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What is compared, and no more.
    Structure,
    /// Also what is measured, and what must be known to make it anew.
    Everything,
}

/// Reads the schema that a connection sees. dbtool's and Diesel's own tables are no part of it.
pub fn read(session: &mut Session, dialect: &dyn Dialect, home: &Home) -> Result<Catalog> {
    read_to(session, dialect, home, Depth::Everything)
}

/// The same, only to compare it, and again and again on a connection that is ours alone: neither sizes nor what [`ddl`] needs are
/// asked for, and statements may be left prepared.
pub fn read_structure(session: &mut Session, dialect: &dyn Dialect, home: &Home) -> Result<Catalog> {
    read_to(session, dialect, home, Depth::Structure)
}

fn read_to(session: &mut Session, dialect: &dyn Dialect, home: &Home, depth: Depth) -> Result<Catalog> {
    let mut catalog = of(dialect.backend()).read(session, dialect, home, depth)?;
    catalog.settle();
    Ok(catalog)
}

/// The statements that make a schema in an empty database. It must have been read from one: the texts that SQLite keeps
/// are no part of a serialized catalog.
#[must_use]
pub fn ddl(catalog: &Catalog, dialect: &dyn Dialect) -> Vec<String> {
    of(catalog.backend).ddl(catalog, dialect)
}

/// What must stand around the statements of [`ddl`] for a client whose settings are not dbtool's own.
#[must_use]
pub fn frame(catalog: &Catalog, dialect: &dyn Dialect) -> Frame {
    of(catalog.backend).frame(catalog, dialect)
}

/// Whether a table is dbtool's or Diesel's, and nobody's to look at.
#[must_use]
pub fn is_ours(table: &str) -> bool {
    let lower = table.to_ascii_lowercase();
    lower.starts_with("__dbtool_") || lower.starts_with("__diesel_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_has_its_engine() {
        for backend in Backend::ALL {
            assert_eq!(of(*backend).backend(), *backend);
        }
        assert_eq!(ALL.len(), Backend::ALL.len());
    }
}
