//! SQLite's schemas. The columns are the pragmas', asked for all tables at once; the rest stands in the texts that SQLite keeps of each
//! object and reads itself, which are parsed here. Where a text leaves anything open, the pragmas are asked, and they are the truth.

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
mod texts;
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
