//! Rows that are counted up to a limit: `SELECT COUNT(*)` over a query that ends there.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Integer};
use diesel::{QueryResult, RunQueryDsl};

use super::options::{Count, Total};
use crate::db::AnyConnection;

/// How many rows a query has. Diesel has no query within FROM.
#[derive(Debug, Clone, Copy)]
pub struct Counted<Q>(pub Q);

impl<Q> QueryId for Counted<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for Counted<Q> {
    type SqlType = BigInt;
}

impl<Q, C> RunQueryDsl<C> for Counted<Q> {}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Counted<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT COUNT(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS counted");
        Ok(())
    }
}

/// `1`, for each row that is counted. Diesel keeps no statement prepared that has SQL of one's own in it.
#[derive(Debug, Clone, Copy)]
pub struct One;

impl Expression for One {
    type SqlType = Integer;
}

impl<GB> ValidGrouping<GB> for One {
    type IsAggregate = is_aggregate::No;
}

impl<QS> AppearsOnTable<QS> for One {}

impl<QS> SelectableExpression<QS> for One {}

impl QueryId for One {
    type QueryId = Self;
}

impl<DB: Backend> QueryFragment<DB> for One {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("1");
        Ok(())
    }
}

/// The total as it is wanted: all rows are counted by the first way, and so many at most by the second.
pub fn total(
    connection: &mut AnyConnection,
    count: Count,
    all: impl FnOnce(&mut AnyConnection) -> QueryResult<i64>,
    up_to: impl FnOnce(&mut AnyConnection, i64) -> QueryResult<i64>,
) -> QueryResult<Option<Total>> {
    Ok(match count {
        Count::No => None,
        Count::All => Some(Total::Exact(all(connection)?)),
        Count::UpTo(most) => Some(Total::of(up_to(connection, most.saturating_add(1))?, most)),
    })
}
