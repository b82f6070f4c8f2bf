//! Writes the statements that make a schema on PostgreSQL.

use crate::catalog::model::Catalog;
use crate::db::Dialect;

pub(super) fn ddl(_catalog: &Catalog, _dialect: &dyn Dialect) -> Vec<String> {
    Vec::new()
}
