//! Rows that nobody else may change until the transaction ends.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::{Expression, QueryResult, RunQueryDsl};

use super::among::{Among, among};
use super::connection::{AnyConnection, on_each};
use super::types::{Id, sql};

/// `SELECT id FROM table WHERE id IN (…) ORDER BY id FOR UPDATE`, which is kept prepared: `sql_query` is not.
struct Lock {
    /// In quotes.
    table: String,
    ids: Among<IdColumn, Id>,
    words: &'static str,
}

/// The column `id` of whatever table.
struct IdColumn;

impl Expression for IdColumn {
    type SqlType = sql::Id;
}

impl<DB: Backend> QueryFragment<DB> for IdColumn {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_identifier("id")
    }
}

impl<DB: Backend> QueryFragment<DB> for Lock
where
    Among<IdColumn, Id>: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT id FROM ");
        out.push_sql(&self.table);
        out.push_sql(" WHERE ");
        self.ids.walk_ast(out.reborrow())?;
        out.push_sql(" ORDER BY id");
        out.push_sql(self.words);
        Ok(())
    }
}

impl QueryId for Lock {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Lock {
    type SqlType = sql::Id;
}

impl<C> RunQueryDsl<C> for Lock {}

impl AnyConnection {
    /// Locks the rows of a table with these ids, in the order of the ids, so that no two transactions wait for each other.
    /// Gives the ids that are there. On SQLite a transaction that began as a writer has the database for itself.
    pub fn lock_rows(&mut self, table: &str, ids: &[Id]) -> QueryResult<Vec<Id>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        let words = match self {
            // What only refers to a row need not wait.
            Self::Postgres(_) => " FOR NO KEY UPDATE",
            Self::Mysql(_) => " FOR UPDATE",
            Self::Sqlite(_) => "",
        };
        let lock = Lock { table: self.dialect().identifier(table), ids: among(IdColumn, ids), words };
        on_each!(self, |connection| lock.load(connection))
    }
}

/// Runs a query whose rows nobody else may change until the transaction ends, where [`AnyConnection::lock_rows`] would be a
/// statement more. It should be ordered by the primary key, and find its rows by it.
macro_rules! locked {
    ($connection:expr, $query:expr, |$own:ident, $locking:ident| $run:expr) => {
        match $connection {
            $crate::db::AnyConnection::Postgres($own) => {
                let $locking = $query.for_no_key_update();
                $run
            }
            $crate::db::AnyConnection::Mysql($own) => {
                let $locking = $query.for_update();
                $run
            }
            $crate::db::AnyConnection::Sqlite($own) => {
                let $locking = $query;
                $run
            }
        }
    };
}
pub(crate) use locked;
