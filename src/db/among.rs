//! `column IN (…)` of which the statement is kept: Diesel's own is prepared anew each time where a server takes no arrays.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, Bool, HasSqlType};
use diesel::sqlite::Sqlite;

/// The lengths for which statements are kept are the powers of two up to this one. What is longer is prepared each time.
const LONGEST: usize = 64;

/// That a column has one of these values.
#[derive(Debug, Clone)]
pub struct Among<C, V> {
    column: C,
    values: Vec<V>,
    /// How many there are before the last is repeated.
    count: usize,
}

/// `column` is one of these. Their number is rounded up by repeating the last, so that a few statements serve any number.
pub fn among<C, V: Clone>(column: C, values: impl IntoIterator<Item = V>) -> Among<C, V> {
    let mut values: Vec<V> = values.into_iter().collect();
    let count = values.len();
    if count <= LONGEST
        && let Some(last) = values.last().cloned()
    {
        values.resize(count.next_power_of_two(), last);
    }
    Among { column, values, count }
}

impl<C, V> Among<C, V> {
    /// Where a server takes no array: a place for each value.
    fn walk_places<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<C::SqlType>,
        C: Expression + QueryFragment<DB>,
        V: ToSql<C::SqlType, DB>,
    {
        if self.values.is_empty() {
            out.push_sql("1 = 0");
            return Ok(());
        }
        if self.count > LONGEST {
            out.unsafe_to_cache_prepared();
        }
        self.column.walk_ast(out.reborrow())?;
        for (at, value) in self.values.iter().enumerate() {
            out.push_sql(if at == 0 { " IN (" } else { ", " });
            out.push_bind_param::<C::SqlType, V>(value)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl<C: Expression, V> Expression for Among<C, V> {
    type SqlType = Bool;
}

impl<C, V, GB> ValidGrouping<GB> for Among<C, V> {
    type IsAggregate = is_aggregate::No;
}

impl<C: AppearsOnTable<QS>, V, QS> AppearsOnTable<QS> for Among<C, V> {}

impl<C: SelectableExpression<QS>, V, QS> SelectableExpression<QS> for Among<C, V> {}

/// The text depends on the number of values.
impl<C, V> QueryId for Among<C, V> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C, V> QueryFragment<Pg> for Among<C, V>
where
    C: Expression + QueryFragment<Pg>,
    C::SqlType: 'static,
    Pg: HasSqlType<Array<C::SqlType>>,
    [V]: ToSql<Array<C::SqlType>, Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY(");
        // What is repeated would make the server expect more rows.
        out.push_bind_param::<Array<C::SqlType>, [V]>(&self.values[..self.count])?;
        out.push_sql(")");
        Ok(())
    }
}

impl<C, V> QueryFragment<Mysql> for Among<C, V>
where
    C: Expression + QueryFragment<Mysql>,
    Mysql: HasSqlType<C::SqlType>,
    V: ToSql<C::SqlType, Mysql>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        self.walk_places(out)
    }
}

impl<C, V> QueryFragment<Sqlite> for Among<C, V>
where
    C: Expression + QueryFragment<Sqlite>,
    Sqlite: HasSqlType<C::SqlType>,
    V: ToSql<C::SqlType, Sqlite>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk_places(out)
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel::{debug_query, mysql::Mysql, pg::Pg, sqlite::Sqlite};

    use super::*;
    use crate::schema::products;

    fn sql<DB>(skus: &[&'static str]) -> String
    where
        DB: diesel::backend::Backend + Default,
        DB::QueryBuilder: Default,
        for<'q> diesel::helper_types::Filter<products::table, Among<products::sku, &'q str>>: QueryFragment<DB>,
    {
        let query = products::table.filter(among(products::sku, skus.iter().copied()));
        let text = debug_query::<DB, _>(&query).to_string();
        text.split_once(" WHERE ").unwrap().1.to_owned()
    }

    #[test]
    fn a_few_statements_serve_any_number_of_values() {
        assert_eq!(
            sql::<Sqlite>(&["a", "b", "c"]),
            "`products`.`sku` IN (?, ?, ?, ?) -- binds: [\"a\", \"b\", \"c\", \"c\"]"
        );
        assert_eq!(sql::<Mysql>(&["a"]), "`products`.`sku` IN (?) -- binds: [\"a\"]");
        assert_eq!(sql::<Sqlite>(&[]), "1 = 0 -- binds: []");
        assert_eq!(sql::<Pg>(&["a", "b", "c"]), "\"products\".\"sku\" = ANY($1) -- binds: [[\"a\", \"b\", \"c\"]]");
        let many = vec!["a"; LONGEST + 1];
        assert_eq!(sql::<Sqlite>(&many).matches('?').count(), LONGEST + 1);
    }
}
