//! The ledger: which rows seeds have written, and which files were run.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection as _;

use super::database::Database;
use super::plan::{Key, Owned};
use crate::db::{DbError, Kind, Value};
use crate::error::{Code, Error, Result};

/// One row for each that a seed wrote to.
pub const ROWS: &str = "__dbtool_seed_rows";
/// One row for each file that is known as a whole: CSV and SQL. The one without a name is for whoever writes to wait at.
pub const FILES: &str = "__dbtool_seed_files";

/// The longest key that the ledger can hold.
pub const LONGEST_KEY: usize = 512;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    pub table: String,
    pub hash: String,
    /// When it was first run, in RFC 3339.
    pub clock: String,
}

impl Database<'_> {
    /// Makes the ledger where it is missing. On MySQL this commits a transaction that is open.
    pub fn make_ledger(&mut self) -> Result<()> {
        if self.has(FILES)? && self.has(ROWS)? && self.is_anchored()? {
            return Ok(());
        }
        let (rows, files, suffix) = (self.ours(ROWS), self.ours(FILES), self.dialect.types().table);
        let binary = if suffix.is_empty() { "" } else { " COLLATE utf8mb4_bin" };
        let statements = [
            format!(
                "CREATE TABLE IF NOT EXISTS {files} (seed VARCHAR(255) NOT NULL PRIMARY KEY, table_name VARCHAR(255) NOT NULL, \
                 hash VARCHAR(64) NOT NULL, clock VARCHAR(32) NOT NULL){suffix}{binary}"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {rows} (table_name VARCHAR(255) NOT NULL, row_key VARCHAR({LONGEST_KEY}) NOT NULL, \
                 seed VARCHAR(255) NOT NULL, inserted SMALLINT NOT NULL, written TEXT NOT NULL, \
                 PRIMARY KEY (table_name, row_key)){suffix}{binary}"
            ),
            format!(
                "INSERT INTO {files} (seed, table_name, hash, clock) SELECT '', '', '', '' \
                 WHERE NOT EXISTS (SELECT 1 FROM {files} WHERE seed = '')"
            ),
        ];
        for sql in &statements {
            // Another one may be at it: what it has made is there then.
            for last in [false, false, true] {
                match self.connection.batch_execute(sql) {
                    Ok(()) => break,
                    Err(error) if last => {
                        return Err(self.connection.failure(error).into_error("cannot make the ledger of the seeds"));
                    }
                    Err(_) => std::thread::yield_now(),
                }
            }
            crate::fault::point();
        }
        Ok(())
    }

    /// Whether the row is there that [`Database::claim_ledger`] waits at. Whoever makes the ledger may not have come to it yet.
    fn is_anchored(&mut self) -> Result<bool> {
        let sql = format!("SELECT 1 FROM {} WHERE seed = ''", self.ours(FILES));
        Ok(!self.connection.select(&sql, &[]).map_err(broken)?.is_empty())
    }

    /// Waits until nobody else seeds, and keeps them out until the transaction ends.
    pub fn claim_ledger(&mut self) -> Result<(), DbError> {
        let sql = self.dialect.claim(&self.ours(FILES), "seed = ''");
        self.connection.change(&sql, &[]).map(|_| ())
    }

    /// The rows of a table that seeds have written to; all of them, whichever seed it was.
    pub fn owned(&mut self, table: &str) -> Result<BTreeMap<Key, Owned>> {
        let sql = format!(
            "SELECT row_key, seed, inserted, written FROM {} WHERE table_name = {}",
            self.ours(ROWS),
            self.dialect.placeholder(1)
        );
        let mut owned = BTreeMap::new();
        self.connection
            .each_row(&sql, &[Value::text(table)], |row| {
                let text = |at: usize| row.get(at).and_then(Value::as_text).unwrap_or_default().to_owned();
                let inserted = row.get(2).and_then(Value::as_int) == Some(1);
                let written = serde_json::from_str(&text(3)).unwrap_or_default();
                owned.insert(text(0), Owned { seed: text(1), inserted, written });
                Ok::<_, DbError>(())
            })
            .map_err(broken)?;
        Ok(owned)
    }

    /// Notes what was written to rows of a table.
    pub fn note(&mut self, table: &str, rows: &[(&Key, &Owned, bool)]) -> Result<()> {
        let ledger = self.ours(ROWS);
        let place = |number| self.dialect.placeholder(number);
        for (key, _, _) in rows {
            if key.chars().count() > LONGEST_KEY {
                let message = format!(
                    "the key `{}` of `{table}` is longer than the ledger can hold",
                    crate::text::shorten(key, 60)
                );
                return Err(Error::new(Code::SeedRejected, message));
            }
        }
        let (known, fresh): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, _, known)| *known);
        for some in fresh.chunks(100) {
            let mut binds = Vec::new();
            let mut values = Vec::new();
            for (key, owned, _) in some {
                let from = binds.len();
                binds.extend(written(table, key, owned));
                let places: Vec<_> = (from + 1..=binds.len()).map(&place).collect();
                values.push(format!("({})", places.join(", ")));
            }
            let sql = format!(
                "INSERT INTO {ledger} (table_name, row_key, seed, inserted, written) VALUES {}",
                values.join(", ")
            );
            self.connection.change(&sql, &binds).map_err(broken)?;
        }
        let sql = format!(
            "UPDATE {ledger} SET seed = {}, inserted = {}, written = {} WHERE table_name = {} AND row_key = {}",
            place(1),
            place(2),
            place(3),
            place(4),
            place(5)
        );
        for (key, owned, _) in known {
            let [table, key, seed, inserted, written] = written(table, key, owned);
            self.connection.change(&sql, &[seed, inserted, written, table, key]).map_err(broken)?;
        }
        Ok(())
    }

    /// Forgets rows of a table; `None`: all of them.
    pub fn forget(&mut self, table: &str, key: Option<&Key>) -> Result<()> {
        let mut sql = format!("DELETE FROM {} WHERE table_name = {}", self.ours(ROWS), self.dialect.placeholder(1));
        let mut binds = vec![Value::text(table)];
        if let Some(key) = key {
            sql += " AND row_key = ";
            sql += &self.dialect.placeholder(2);
            binds.push(Value::text(key));
        }
        self.connection.change(&sql, &binds).map(|_| ()).map_err(broken)
    }

    /// The files that are known as a whole, by their seeds' names.
    pub fn files(&mut self) -> Result<BTreeMap<String, Known>> {
        let sql = format!("SELECT seed, table_name, hash, clock FROM {} WHERE seed <> ''", self.ours(FILES));
        let rows = self.connection.select(&sql, &[]).map_err(broken)?;
        let text = |row: &Vec<Value>, at: usize| row.get(at).and_then(Value::as_text).unwrap_or_default().to_owned();
        let known = |row: &Vec<Value>| Known { table: text(row, 1), hash: text(row, 2), clock: text(row, 3) };
        Ok(rows.iter().map(|row| (text(row, 0), known(row))).collect())
    }

    /// Notes a file.
    pub fn note_file(&mut self, seed: &str, known: &Known) -> Result<()> {
        self.forget_file(seed)?;
        let places: Vec<_> = (1..=4).map(|number| self.dialect.placeholder(number)).collect();
        let sql =
            format!("INSERT INTO {} (seed, table_name, hash, clock) VALUES ({})", self.ours(FILES), places.join(", "));
        let binds = [seed, known.table.as_str(), known.hash.as_str(), known.clock.as_str()].map(Value::text);
        self.connection.change(&sql, &binds).map(|_| ()).map_err(broken)
    }

    pub fn forget_file(&mut self, seed: &str) -> Result<()> {
        let sql = format!("DELETE FROM {} WHERE seed = {}", self.ours(FILES), self.dialect.placeholder(1));
        self.connection.change(&sql, &[Value::text(seed)]).map(|_| ()).map_err(broken)
    }
}

/// A row of the ledger.
fn written(table: &str, key: &Key, owned: &Owned) -> [Value; 5] {
    let digests = serde_json::to_string(&owned.written).unwrap_or_default();
    [
        Value::text(table),
        Value::text(key.as_str()),
        Value::text(owned.seed.as_str()),
        Value::Int(owned.inserted.into()),
        Value::Text(digests),
    ]
}

fn broken(error: DbError) -> Error {
    let lost = error.kind == Kind::Lost;
    let error = error.into_error("cannot use the ledger of the seeds");
    if lost { error } else { error.note("it stands in the tables `__dbtool_seed_rows` and `__dbtool_seed_files`") }
}
