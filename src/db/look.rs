//! What a connection of models is asked about its database before work begins.

use diesel::connection::TransactionManager as _;
use diesel::sql_types::Text;
use diesel::{Connection, QueryResult, QueryableByName, RunQueryDsl as _, sql_query};

use super::connection::AnyConnection;
use super::dialect::{self, Dialect};
use super::error::DbError;
use super::value::Value;
use crate::backend::Backend;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

impl AnyConnection {
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self {
            Self::Postgres(_) => Backend::Postgres,
            Self::Mysql(_) => Backend::Mysql,
            Self::Sqlite(_) => Backend::Sqlite,
        }
    }

    #[must_use]
    pub fn dialect(&self) -> &'static dyn Dialect {
        dialect::of(self.backend())
    }

    /// Whether a transaction is open that was begun through Diesel.
    #[must_use]
    pub fn is_in_transaction(&mut self) -> bool {
        let status = <Self as Connection>::TransactionManager::transaction_manager_status_mut(self);
        status.transaction_depth().is_ok_and(|depth| depth.is_some())
    }

    /// Whether a rollback takes back what was changed in a table of this engine, as its catalog names it. Only MySQL has others.
    pub fn engine_rolls_back(&mut self, engine: &str) -> Result<bool, DbError> {
        if engine.eq_ignore_ascii_case("InnoDB") {
            return Ok(true);
        }
        let sql = "SELECT count(*) FROM information_schema.engines WHERE engine = ? AND transactions = 'NO'";
        let rows = self.select(sql, &[Value::Text(engine.to_owned())])?;
        Ok(rows.first().and_then(|row| row.first()?.as_int()) == Some(0))
    }

    /// The columns of a table, in their order; none: it is not there.
    pub fn columns_of(&mut self, table: &str) -> QueryResult<Vec<String>> {
        let names: Vec<Name> = sql_query(self.dialect().columns_of(table)).load(self)?;
        Ok(names.into_iter().map(|name| name.name).collect())
    }

    /// The database's user that this connection is; `None`: the backend has no users.
    pub fn current_user(&mut self) -> QueryResult<Option<String>> {
        let Some(user) = self.dialect().current_user() else { return Ok(None) };
        sql_query(format!("SELECT {user} AS name")).get_result::<Name>(self).map(|name| Some(name.name))
    }
}
