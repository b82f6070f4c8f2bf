//! `column IN (SELECT …)`, where the rows of many keys are gone through.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;

/// That a column has one of the values that a query finds.
#[derive(Debug, Clone)]
pub struct Within<C, Q> {
    column: C,
    query: Q,
}

/// `column` is one of what `query` finds, each of which is looked up in an index on it.
///
/// PostgreSQL gets the values as an array, whose lookups go along the index in its order. Of a join it reads the whole of the other table as
/// soon as there are some thousand of them, for each lookup counts as one on the disk.
pub fn within<C, Q>(column: C, query: Q) -> Within<C, Q> {
    Within { column, query }
}

impl<C, Q> Within<C, Q> {
    fn walk<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>, before: &str, behind: &str) -> QueryResult<()>
    where
        DB: Backend,
        C: QueryFragment<DB>,
        Q: QueryFragment<DB>,
    {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(before);
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(behind);
        Ok(())
    }
}

impl<C: Expression, Q> Expression for Within<C, Q> {
    type SqlType = Bool;
}

impl<C, Q, GB> ValidGrouping<GB> for Within<C, Q> {
    type IsAggregate = is_aggregate::No;
}

impl<C: AppearsOnTable<QS>, Q, QS> AppearsOnTable<QS> for Within<C, Q> {}

impl<C: SelectableExpression<QS>, Q, QS> SelectableExpression<QS> for Within<C, Q> {}

/// The text depends on the query.
impl<C, Q> QueryId for Within<C, Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: QueryFragment<Pg>, Q: QueryFragment<Pg>> QueryFragment<Pg> for Within<C, Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk(out, " = ANY(ARRAY(", "))")
    }
}

impl<C: QueryFragment<Mysql>, Q: QueryFragment<Mysql>> QueryFragment<Mysql> for Within<C, Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        self.walk(out, " IN (", ")")
    }
}

impl<C: QueryFragment<Sqlite>, Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Within<C, Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk(out, " IN (", ")")
    }
}

#[cfg(test)]
mod tests {
    use diesel::debug_query;
    use diesel::prelude::*;

    use super::*;
    use crate::schema::{order_items, orders};

    #[test]
    fn postgres_gets_an_array() {
        let paid = orders::table.filter(orders::status.eq("paid")).select(orders::id);
        let items = order_items::table.filter(within(order_items::order_id, paid)).select(order_items::id);
        let told = debug_query::<Pg, _>(&items).to_string();
        let (_, told) = told.split_once(" WHERE ").unwrap();
        assert_eq!(
            told,
            "\"order_items\".\"order_id\" = ANY(ARRAY(SELECT \"orders\".\"id\" FROM \"orders\" WHERE (\"orders\".\"status\" = $1))) \
             -- binds: [\"paid\"]"
        );
        let told = debug_query::<Sqlite, _>(&items).to_string();
        assert!(told.contains("`order_items`.`order_id` IN (SELECT `orders`.`id` FROM `orders` WHERE "), "{told}");
        assert_eq!(told, debug_query::<Mysql, _>(&items).to_string());
    }
}
