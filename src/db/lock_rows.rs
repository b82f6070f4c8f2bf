//! Rows that nobody else may change until the transaction ends.

use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_types::Array;
use diesel::{QueryResult, QueryableByName, RunQueryDsl as _, sql_query};

use super::connection::AnyConnection;
use super::types::{Id, sql};

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = sql::Id)]
    id: Id,
}

impl AnyConnection {
    /// Locks the rows of a table with these ids, in the order of the ids, so that no two transactions wait for each other.
    /// Gives the ids that are there. On SQLite a transaction that began as a writer has the database for itself.
    pub fn lock_rows(&mut self, table: &str, ids: &[Id]) -> QueryResult<Vec<Id>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        let table = self.dialect().identifier(table);
        let found: Vec<Found> = match self {
            Self::Postgres(connection) => {
                // What only refers to a row need not wait.
                let sql = format!("SELECT id FROM {table} WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE");
                sql_query(sql).bind::<Array<sql::Id>, _>(ids).load(connection)?
            }
            Self::Mysql(connection) => {
                let places = vec!["?"; ids.len()].join(", ");
                let sql = format!("SELECT id FROM {table} WHERE id IN ({places}) ORDER BY id FOR UPDATE");
                let query = sql_query(sql).into_boxed();
                ids.into_iter().fold(query, BoxedSqlQuery::bind::<sql::Id, _>).load(connection)?
            }
            Self::Sqlite(connection) => {
                let places = vec!["?"; ids.len()].join(", ");
                let sql = format!("SELECT id FROM {table} WHERE id IN ({places}) ORDER BY id");
                let query = sql_query(sql).into_boxed();
                ids.into_iter().fold(query, BoxedSqlQuery::bind::<sql::Id, _>).load(connection)?
            }
        };
        Ok(found.into_iter().map(|found| found.id).collect())
    }
}
