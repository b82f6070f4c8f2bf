//! Reads the catalog of PostgreSQL.

use crate::backend::Backend;
use crate::catalog::model::Catalog;
use crate::db::{Dialect, Home, Session};
use crate::error::Result;

pub(super) fn read(_session: &mut Session, _dialect: &dyn Dialect, _home: &Home) -> Result<Catalog> {
    Ok(Catalog::empty(Backend::Postgres))
}
