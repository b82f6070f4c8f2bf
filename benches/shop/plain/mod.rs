//! The same statements without dbtool: by the client libraries that it stands on, each statement prepared once.

mod mysql;
mod postgres;
mod sqlite;
pub mod work;

use dbtool::backend::Backend;

use super::house::House;

/// A value that is sent.
#[derive(Debug, Clone)]
pub enum Bind {
    Text(String),
    Int(i64),
    Null,
    /// An array where there are arrays, else a value for each.
    Many(Vec<String>),
}

/// Rows as texts, as a program in C would get them.
pub type Rows = Vec<Vec<Option<String>>>;

/// Another transaction stood in the way: all of it is to be tried again.
#[derive(Debug)]
pub struct Again;

pub trait Plain: Send {
    /// Runs a statement that has no values: of transactions.
    fn execute(&mut self, sql: &str) -> Result<(), Again>;

    fn run(&mut self, sql: &str, binds: &[Bind]) -> Result<Rows, Again>;
}

pub fn open(house: &House) -> Box<dyn Plain> {
    match house.backend {
        Backend::Sqlite => Box::new(sqlite::Connection::open(&house.file())),
        Backend::Postgres => Box::new(postgres::Connection::open(&house.url)),
        Backend::Mysql => Box::new(mysql::Connection::open(&house.url)),
    }
}

/// As the library is called in the tables.
pub fn name(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => "sqlite3",
        Backend::Postgres => "libpq",
        Backend::Mysql => "mysql crate",
    }
}

/// A statement that dbtool sent, with as many places behind each IN as there are values; and the values one by one.
fn spread(sql: &str, binds: &[Bind]) -> (String, Vec<Bind>) {
    let (mut text, mut rest) = (String::new(), sql);
    let mut values = Vec::new();
    for bind in binds {
        match bind {
            Bind::Many(many) => {
                let (before, behind) = rest.split_once(" IN (").unwrap();
                let (_, behind) = behind.split_once(')').unwrap();
                text.extend([before, " IN (", &vec!["?"; many.len()].join(", "), ")"]);
                rest = behind;
                values.extend(many.iter().cloned().map(Bind::Text));
            }
            bind => values.push(bind.clone()),
        }
    }
    (text + rest, values)
}
