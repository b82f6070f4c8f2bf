//! One INSERT of many rows, every value bound, for the backends that have no way of their own, or are not let use it.

use std::ops::Range;

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Binary, Double, HasSqlType, Nullable, Text};

use super::block::Block;
use super::failure::Refused;

/// A value of a row, borrowed.
#[derive(Debug, Clone, Copy)]
pub enum Bind<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// The statement, and the values of its rows.
pub struct Insert<'a> {
    sql: &'a str,
    binds: Vec<Bind<'a>>,
}

impl<'a> Insert<'a> {
    /// Takes the rows of a block, each value as the backend wants it.
    pub fn new(
        sql: &'a str,
        block: &'a Block,
        rows: Range<usize>,
        columns: usize,
        bind: impl Fn(usize, &'a [u8]) -> Result<Bind<'a>, Refused>,
    ) -> Result<Self, Refused> {
        let mut binds = Vec::with_capacity(rows.len() * columns);
        for row in rows {
            for column in 0..columns {
                binds.push(block.field(row, column).map_or(Ok(Bind::Null), |field| bind(column, field))?);
            }
        }
        Ok(Self { sql, binds })
    }
}

/// The text for so many rows: what comes before them, and the values of one.
pub fn text(head: &str, row: &str, rows: usize) -> String {
    let mut sql = String::with_capacity(head.len() + rows * (row.len() + 2));
    sql.push_str(head);
    for number in 0..rows {
        sql.push_str(if number > 0 { ", " } else { "" });
        sql.push_str(row);
    }
    sql
}

impl QueryId for Insert<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

const NULL: &Option<i64> = &None;

impl<DB> QueryFragment<DB> for Insert<'_>
where
    DB: Backend + HasSqlType<Text> + HasSqlType<Binary> + HasSqlType<BigInt> + HasSqlType<Double>,
    str: ToSql<Text, DB>,
    [u8]: ToSql<Binary, DB>,
    i64: ToSql<BigInt, DB>,
    f64: ToSql<Double, DB>,
    Option<i64>: ToSql<Nullable<BigInt>, DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql(self.sql);
        for bind in &self.binds {
            match bind {
                Bind::Null => pass.push_bind_param_value_only::<Nullable<BigInt>, _>(NULL)?,
                Bind::Integer(number) => pass.push_bind_param_value_only::<BigInt, _>(number)?,
                Bind::Real(number) => pass.push_bind_param_value_only::<Double, _>(number)?,
                Bind::Text(text) => pass.push_bind_param_value_only::<Text, str>(text)?,
                Bind::Bytes(bytes) => pass.push_bind_param_value_only::<Binary, [u8]>(bytes)?,
            }
        }
        Ok(())
    }
}
