//! PostgreSQL's schemas.

mod ddl;
mod read;

use super::Engine;
use super::model::Catalog;
use crate::backend::Backend;
use crate::db::{Dialect, Home, Session};
use crate::error::Result;

pub(super) struct Postgres;

impl Engine for Postgres {
    fn backend(&self) -> Backend {
        Backend::Postgres
    }

    fn read(&self, session: &mut Session, dialect: &dyn Dialect, home: &Home) -> Result<Catalog> {
        read::read(session, dialect, home)
    }

    fn ddl(&self, catalog: &Catalog, dialect: &dyn Dialect) -> Vec<String> {
        ddl::ddl(catalog, dialect)
    }
}
