//! Writes the statements that make a schema on MySQL and MariaDB.

use crate::catalog::model::Catalog;
use crate::db::Dialect;

pub(super) fn ddl(_catalog: &Catalog, _dialect: &dyn Dialect) -> Vec<String> {
    Vec::new()
}
