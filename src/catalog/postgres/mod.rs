//! PostgreSQL's schemas.

mod ddl;
mod read;

use super::model::Catalog;
use super::{Depth, Engine, Frame};
use crate::backend::Backend;
use crate::db::{Dialect, Home, Session};
use crate::error::Result;

pub(super) struct Postgres;

impl Engine for Postgres {
    fn backend(&self) -> Backend {
        Backend::Postgres
    }

    fn read(&self, session: &mut Session, dialect: &dyn Dialect, home: &Home, depth: Depth) -> Result<Catalog> {
        read::read(session, dialect, home, depth)
    }

    fn frame(&self, _: &Catalog, _: &dyn Dialect) -> Frame {
        ddl::frame()
    }

    fn ddl(&self, catalog: &Catalog, dialect: &dyn Dialect) -> Vec<String> {
        ddl::ddl(catalog, dialect)
    }
}
