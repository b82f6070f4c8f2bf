//! The engine's SQLite connection, over Diesel's.

use diesel::connection::SimpleConnection as _;
use diesel::deserialize::{FromSql, QueryableByName, Result as FromSqlResult};
use diesel::row::{Field as _, NamedRow};
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection};

use super::error::{DbError, kind_of_sqlite};
use super::session::{Driver, Named, Notice, Row};
use crate::interrupt::Canceller;
use crate::sql::Statement;
use crate::text;

pub struct Connection {
    connection: SqliteConnection,
    counts: bool,
}

impl Connection {
    pub fn open(url: &str) -> Result<Self, DbError> {
        let connection = SqliteConnection::establish(url).map_err(|error| failed(&error.to_string()))?;
        Ok(Self { connection, counts: false })
    }
}

impl Connection {
    fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        self.connection.batch_execute(sql).map_err(|error| refused(&error, sql))
    }
}

/// SQLite's words, without what Diesel puts around them.
fn failed(message: &str) -> DbError {
    DbError::new(kind_of_sqlite(message), message)
}

fn refused(error: &diesel::result::Error, sql: &str) -> DbError {
    let message = error.to_string();
    let mut error = failed(&message);
    error.position = named(&message).and_then(|word| text::find_word(sql, word));
    error
}

/// The word that a message is about, which is all that SQLite says of a place: `near "x": syntax error`,
/// `no such table: main.x`, `table x already exists`.
fn named(message: &str) -> Option<&str> {
    if let Some(rest) = message.strip_prefix("near \"") {
        return rest.split_once('"').map(|(word, _)| word);
    }
    if let Some((_, name)) = message.split_once(": ").filter(|(what, _)| what.starts_with("no such ")) {
        // The schema is SQLite's word, not the file's.
        return Some(name.strip_prefix("main.").unwrap_or(name));
    }
    message.strip_suffix(" already exists").and_then(|rest| rest.split(' ').next_back())
}

impl QueryableByName<Sqlite> for Row {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> FromSqlResult<Self> {
        let value = |column| {
            let field = diesel::row::Row::get(row, column).ok_or("a column is missing")?;
            field.value().map(<String as FromSql<Text, Sqlite>>::from_sql).transpose()
        };
        let mut values = Vec::with_capacity(row.field_count());
        for column in 0..row.field_count() {
            values.push(value(column)?);
        }
        Ok(Row(values))
    }
}

/// A row of somebody's table, which may hold bytes that are no text, whatever the column is called: they become the literal
/// that SQLite has for them.
struct Foreign(Row);

impl QueryableByName<Sqlite> for Foreign {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> FromSqlResult<Self> {
        let value = |column| {
            let field = diesel::row::Row::get(row, column).ok_or("a column is missing")?;
            let text = field.value().map(<String as FromSql<Text, Sqlite>>::from_sql);
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(text.map(|text| {
                text.unwrap_or_else(|_| {
                    let bytes = field.value().map(|mut value| value.read_blob().to_vec());
                    format!("X'{}'", text::hex(&bytes.unwrap_or_default()).to_uppercase())
                })
            }))
        };
        Ok(Self(Row((0..row.field_count()).map(value).collect::<FromSqlResult<_>>()?)))
    }
}

/// A row that knows the names of its columns.
struct WithNames(Vec<String>, Row);

impl QueryableByName<Sqlite> for WithNames {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> FromSqlResult<Self> {
        let name = |column| {
            let field = diesel::row::Row::get(row, column);
            field.and_then(|field| field.field_name().map(str::to_owned)).unwrap_or_default()
        };
        Ok(Self((0..row.field_count()).map(name).collect(), Foreign::build(row)?.0))
    }
}

impl Driver for Connection {
    fn query(&mut self, sql: &str) -> Result<(Vec<Row>, u64), DbError> {
        let rows: Vec<Row> = diesel::sql_query(sql).load(&mut self.connection).map_err(|error| refused(&error, sql))?;
        let count = rows.len() as u64;
        Ok((rows, count))
    }

    fn query_each(&mut self, statements: &[String]) -> Result<Vec<Vec<Row>>, DbError> {
        let load = |sql: &String| {
            let rows: Vec<Foreign> =
                diesel::sql_query(sql).load(&mut self.connection).map_err(|error| refused(&error, sql))?;
            Ok(rows.into_iter().map(|row| row.0).collect())
        };
        statements.iter().map(load).collect()
    }

    fn query_named(&mut self, sql: &str) -> Result<Named, DbError> {
        let load = diesel::sql_query(sql).load(&mut self.connection);
        let rows: Vec<WithNames> = load.map_err(|error| refused(&error, sql))?;
        let columns = rows.first().map(|row| row.0.clone()).unwrap_or_default();
        Ok(Named { columns, rows: rows.into_iter().map(|row| row.1).collect() })
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        self.batch(sql)?;
        if !self.counts {
            return Ok(0);
        }
        let changed: Vec<Row> = diesel::sql_query("SELECT changes()").load(&mut self.connection).unwrap_or_default();
        Ok(changed.first().and_then(|row| row.number(0)).and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }

    fn count_rows(&mut self, count: bool) {
        self.counts = count;
    }

    fn text<'s>(&self, statement: &Statement<'s>) -> &'s str {
        // SQLite keeps the text of a CREATE.
        statement.whole
    }

    fn in_transaction(&self) -> Option<bool> {
        None
    }

    fn id(&self) -> Option<u64> {
        None
    }

    fn canceller(&self) -> Option<Canceller> {
        None
    }

    fn tls(&self) -> Option<String> {
        None
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        Vec::new()
    }
}
