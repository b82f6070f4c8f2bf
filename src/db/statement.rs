//! SQL whose columns are known only at run time, with values that are always bound: for models, and for rows of any table.

use diesel::deserialize::{QueryableByName, Result as FromSqlResult};
use diesel::pg::{Pg, PgRowByRowLoadingMode};
use diesel::query_builder::{BoxedSqlQuery, QueryId, SqlQuery};
use diesel::row::{Field as _, NamedRow};
use diesel::serialize::{IsNull, Output, Result as ToSqlResult, ToSql};
use diesel::sql_types::{BigInt, Binary, Bool, Double, SqlType, Text};
use diesel::sqlite::Sqlite;
use diesel::{RunQueryDsl as _, sql_query};

use super::connection::AnyConnection;
use super::error::{DbError, Kind};
use super::value::Value;
use crate::error::Error;

/// Values of a row, in the order of the query.
type Values = Vec<Value>;

impl AnyConnection {
    /// The rows of a query, with the dialect's placeholders for its binds. For few rows: all of them are kept.
    pub fn select(&mut self, sql: &str, binds: &[Value]) -> Result<Vec<Values>, DbError> {
        let mut rows = Vec::new();
        self.each_row(sql, binds, |row| {
            rows.push(row);
            Ok::<_, DbError>(())
        })?;
        Ok(rows)
    }

    /// Hands over the rows of a query one by one, as they come: memory does not grow with their number. An error ends it.
    pub fn each_row<E: From<DbError>>(
        &mut self,
        sql: &str,
        binds: &[Value],
        mut each: impl FnMut(Values) -> Result<(), E>,
    ) -> Result<(), E> {
        let outcome = match self {
            Self::Postgres(connection) => {
                let query = bound(sql, binds);
                match query.load_iter::<Dynamic, PgRowByRowLoadingMode>(connection) {
                    Ok(rows) => hand_over(rows, &mut each),
                    Err(error) => Err(Stopped::Database(error)),
                }
            }
            Self::Sqlite(connection) => {
                let query = bound(sql, binds);
                match query.load_iter::<Dynamic, diesel::connection::DefaultLoadingMode>(connection) {
                    Ok(rows) => hand_over(rows, &mut each),
                    Err(error) => Err(Stopped::Database(error)),
                }
            }
            Self::Mysql(connection) => {
                let mut stopped = None;
                let told = connection.each(sql, binds, &mut |row| {
                    stopped = each(row).err();
                    stopped.is_none()
                });
                match stopped {
                    Some(error) => Err(Stopped::Caller(error)),
                    None => told.map(|_| ()).map_err(Stopped::Database),
                }
            }
        };
        outcome.map_err(|stopped| match stopped {
            Stopped::Caller(error) => error,
            Stopped::Database(error) => self.failure(error).into(),
        })
    }

    /// Runs a statement, and tells how many rows it changed. MySQL counts a row that was found, changed or not.
    pub fn change(&mut self, sql: &str, binds: &[Value]) -> Result<u64, DbError> {
        let changed = match self {
            Self::Postgres(connection) => bound(sql, binds).execute(connection).map(|count| count as u64),
            Self::Sqlite(connection) => bound(sql, binds).execute(connection).map(|count| count as u64),
            Self::Mysql(connection) => connection.each(sql, binds, &mut |_| true),
        };
        changed.map_err(|error| self.failure(error))
    }

    /// What a database said, from Diesel's error on this connection: with the server's number and SQLSTATE, where the driver
    /// is ours.
    #[must_use]
    pub fn failure(&self, error: diesel::result::Error) -> DbError {
        let told = match self {
            Self::Mysql(connection) => connection.last_error().cloned(),
            Self::Postgres(_) | Self::Sqlite(_) => None,
        };
        let is_told = |told: &DbError| matches!(&error, diesel::result::Error::DatabaseError(_, info) if info.message() == told.message);
        let told = told.filter(is_told);
        let error = DbError::from(error);
        match told {
            Some(told) if error.constraint.is_some() => DbError { errno: told.errno, sqlstate: told.sqlstate, ..error },
            Some(told) => told,
            None => error,
        }
    }
}

/// As the error of a statement that was the work itself.
impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        let what = match error.kind {
            Kind::Lost => "the connection to the database was lost",
            _ => "the database refused a statement",
        };
        error.into_error(what)
    }
}

/// Why no more rows were handed over.
enum Stopped<E> {
    Caller(E),
    Database(diesel::result::Error),
}

fn hand_over<E>(
    rows: impl Iterator<Item = diesel::QueryResult<Dynamic>>,
    each: &mut impl FnMut(Values) -> Result<(), E>,
) -> Result<(), Stopped<E>> {
    for row in rows {
        each(row.map_err(Stopped::Database)?.0).map_err(Stopped::Caller)?;
    }
    Ok(())
}

/// A query with its binds. It is never kept prepared: behind a transaction pooler its name would meet another's.
fn bound<'b, DB>(sql: &str, binds: &'b [Value]) -> BoxedSqlQuery<'b, DB, SqlQuery>
where
    DB: diesel::backend::Backend
        + diesel::sql_types::HasSqlType<Untold>
        + diesel::sql_types::HasSqlType<Bool>
        + diesel::sql_types::HasSqlType<BigInt>
        + diesel::sql_types::HasSqlType<Double>
        + diesel::sql_types::HasSqlType<Text>
        + diesel::sql_types::HasSqlType<Binary>,
    bool: ToSql<Bool, DB>,
    i64: ToSql<BigInt, DB>,
    f64: ToSql<Double, DB>,
    &'b str: ToSql<Text, DB>,
    &'b [u8]: ToSql<Binary, DB>,
{
    let query = sql_query(sql).into_boxed::<DB>();
    binds.iter().fold(query, |query, value| match value {
        Value::Null => query.bind::<Untold, _>(Nothing),
        Value::Bool(value) => query.bind::<Bool, _>(*value),
        Value::Int(number) => query.bind::<BigInt, _>(*number),
        Value::Float(number) => query.bind::<Double, _>(*number),
        Value::Text(text) => query.bind::<Text, _>(text.as_str()),
        Value::Bytes(bytes) => query.bind::<Binary, _>(bytes.as_slice()),
    })
}

/// A type that the server finds out by itself.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 0, array_oid = 0), mysql_type(name = "String"), sqlite_type(name = "Text"))]
pub(super) struct Untold;

/// NULL.
#[derive(Debug)]
struct Nothing;

impl<DB: diesel::backend::Backend> ToSql<Untold, DB> for Nothing {
    fn to_sql<'b>(&'b self, _: &mut Output<'b, '_, DB>) -> ToSqlResult {
        Ok(IsNull::Yes)
    }
}

/// A row of whatever columns.
struct Dynamic(Values);

impl QueryableByName<Pg> for Dynamic {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> FromSqlResult<Self> {
        let value = |column| match field(row, column)?.value() {
            Some(value) => Value::of_postgres(value),
            None => Ok(Value::Null),
        };
        (0..row.field_count()).map(value).collect::<FromSqlResult<_>>().map(Self)
    }
}

impl QueryableByName<Sqlite> for Dynamic {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> FromSqlResult<Self> {
        let value = |column| match field(row, column)?.value() {
            Some(value) => Ok(Value::of_sqlite(value)),
            None => Ok(Value::Null),
        };
        (0..row.field_count()).map(value).collect::<FromSqlResult<_>>().map(Self)
    }
}

fn field<'r, 'a: 'r, DB, R>(row: &'r R, column: usize) -> FromSqlResult<R::Field<'r>>
where
    DB: diesel::backend::Backend,
    R: NamedRow<'a, DB>,
{
    diesel::row::Row::get(row, column).ok_or_else(|| "a column is missing".into())
}
