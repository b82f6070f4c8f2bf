//! MySQL and MariaDB's schemas. One folder for both: where they differ, [`Server`] says which one it is.

mod columns;
mod ddl;
mod expression;
mod grants;
mod keys;
mod lost;
mod originals;
mod partitions;
mod programs;
mod read;
mod sequences;
mod tables;
mod types;
mod views;

use super::model::Catalog;
use super::{Depth, Engine, Frame};
use crate::backend::Backend;
use crate::db::{Dialect, Home, Session};
use crate::error::Result;
use crate::sql::Rules;

pub(super) struct Mysql;

impl Engine for Mysql {
    fn backend(&self) -> Backend {
        Backend::Mysql
    }

    fn read(&self, session: &mut Session, dialect: &dyn Dialect, home: &Home, _: Depth) -> Result<Catalog> {
        read::read(session, dialect, home)
    }

    fn frame(&self, catalog: &Catalog, dialect: &dyn Dialect) -> Frame {
        ddl::frame(catalog, dialect)
    }

    fn ddl(&self, catalog: &Catalog, dialect: &dyn Dialect) -> Vec<String> {
        ddl::ddl(catalog, dialect)
    }
}

/// What the readers must know of the server and the connection.
struct Server<'a> {
    /// Otherwise it is MySQL.
    maria: bool,
    sql_mode: String,
    /// The database's own, which is the usual one of what names none.
    collation: String,
    database: &'a str,
    rules: &'static Rules,
}

/// The character set that a collation belongs to.
fn charset(collation: &str) -> &str {
    collation.split('_').next().unwrap_or(collation)
}

/// A text, unless it is empty.
fn some(text: &str) -> Option<String> {
    Some(text).filter(|text| !text.is_empty()).map(str::to_owned)
}
