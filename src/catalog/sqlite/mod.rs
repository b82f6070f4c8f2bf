//! SQLite's schemas. The pragmas are asked for all tables at once, and are the truth; what they do not tell stands in the
//! texts that SQLite keeps of each object, which are parsed here.

mod create_other;
mod create_table;
mod ddl;
mod expression;
mod objects;
mod pieces;
mod pragmas;
mod read;
mod shadow;
mod table;
mod types;

use super::model::Catalog;
use super::{Depth, Engine};
use crate::backend::Backend;
use crate::db::{Dialect, Home, Session};
use crate::error::Result;

pub(super) struct Sqlite;

impl Engine for Sqlite {
    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    fn read(&self, session: &mut Session, dialect: &dyn Dialect, home: &Home, _: Depth) -> Result<Catalog> {
        read::read(session, dialect, home)
    }

    fn ddl(&self, catalog: &Catalog, dialect: &dyn Dialect) -> Vec<String> {
        ddl::ddl(catalog, dialect)
    }
}
