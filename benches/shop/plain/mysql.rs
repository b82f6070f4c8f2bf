//! The driver that dbtool stands on, by itself.

use std::collections::HashMap;

use mysql::prelude::Queryable as _;
use mysql::{Conn, Error, Opts, Params, Statement, Value};

use super::{Again, Bind, Plain, Rows, spread};

pub struct Connection {
    conn: Conn,
    statements: HashMap<String, Statement>,
}

impl Connection {
    pub fn open(url: &str) -> Self {
        let mut conn = Conn::new(Opts::from_url(url).unwrap()).unwrap();
        conn.query_drop("SET time_zone = '+00:00'").unwrap();
        Self { conn, statements: HashMap::new() }
    }
}

/// A deadlock, or a lock that was held for too long.
fn again(error: &Error) -> Again {
    let again = matches!(error, Error::MySqlError(error) if matches!(error.code, 1205 | 1213));
    assert!(again, "{error}");
    Again
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Value::Int(number) => Some(number.to_string()),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}

impl Plain for Connection {
    fn execute(&mut self, sql: &str) -> Result<(), Again> {
        self.conn.query_drop(sql).map_err(|error| again(&error))
    }

    fn run(&mut self, sql: &str, binds: &[Bind]) -> Result<Rows, Again> {
        let (sql, binds) = spread(sql, binds);
        let statement = if let Some(statement) = self.statements.get(&sql) {
            statement.clone()
        } else {
            let statement = self.conn.prep(&sql).unwrap();
            self.statements.insert(sql, statement.clone());
            statement
        };
        let value = |bind| match bind {
            Bind::Text(text) => Value::from(text),
            Bind::Int(number) => Value::from(number),
            Bind::Null => Value::NULL,
            Bind::Many(_) => unreachable!("spread above"),
        };
        let values: Vec<Value> = binds.into_iter().map(value).collect();
        let params = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
        let rows: Vec<mysql::Row> = self.conn.exec(&statement, params).map_err(|error| again(&error))?;
        Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect())
    }
}
