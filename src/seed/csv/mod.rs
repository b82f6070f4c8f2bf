//! CSV: many rows, compared and written by set in the database, in constant memory. An empty table is loaded at once,
//! and so are the rows that another does not have; those that it has with other values go into a temporary table first. The ledger knows the file as a whole, and the rows that were there before it.

mod canonical;
mod circle;
mod compare;
mod faults;
mod find;
mod header;
mod load;
mod parents;
mod part;
mod refuse;
mod rows;
mod sieve;
mod sift;
mod spelled;
mod twice;
mod whole;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

pub use find::Wish;
pub use header::{header, prepare};
use load::Load;
pub use parents::{Before, NewRow};
use refuse::Lines;
pub use sieve::MOST;
pub use twice::{in_two_files, twice};

use super::apply::OnError;
use super::columns::Column;
use super::database::{Database, cannot};
use super::owned::Known;
use super::plan::OnDrift;
use super::report::{Counts, Reject};
use super::source::Mode;
use super::tables::Table;
use crate::db::bulk::{self, Target};
use crate::error::{Error, Result};
use crate::observer::{Event, Observer};

/// The column of the temporary table that says where a row stands in its file.
const LINE: &str = "dbtool_line";

/// A file whose table and columns are known.
#[derive(Debug)]
pub struct CsvSeed<'c> {
    pub name: String,
    /// What the ledger calls it.
    pub known_as: String,
    pub table: Table<'c>,
    pub path: PathBuf,
    shown: PathBuf,
    mode: Mode,
    /// Loaded in a transaction of its own.
    pub alone: bool,
    key: Vec<String>,
    columns: Vec<Column<'c>>,
    lines: Lines,
}

/// What a run wants of a file.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub on_drift: OnDrift,
    pub on_error: OnError,
    /// Nothing is written: what would be there by now. None: it is.
    pub plan: Option<Before<'a>>,
    /// A table with more rows than this is compared by set, in the database.
    pub in_memory: usize,
    pub observer: &'a dyn Observer,
}

/// The hash of a file, and how many lines it has.
fn look(path: &Path) -> Result<(String, u64)> {
    let failed = |cause| Error::io("read", path, &cause);
    let mut file = File::open(path).map_err(failed)?;
    let (mut hasher, mut lines, mut piece) = (blake3::Hasher::new(), 0, vec![0; 256 * 1024]);
    loop {
        let count = file.read(&mut piece).map_err(failed)?;
        if count == 0 {
            return Ok((hasher.finalize().to_hex().to_string(), lines));
        }
        hasher.update(&piece[..count]);
        lines += memchr::memchr_iter(b'\n', &piece[..count]).count() as u64;
    }
}

impl<'c> CsvSeed<'c> {
    /// The foreign keys whose columns are all in the file.
    pub fn foreign_keys(&self) -> impl Iterator<Item = &'c crate::catalog::ForeignKey> + '_ {
        let has = |name: &String| self.columns.iter().any(|column| column.name() == name);
        self.table.catalog.foreign_keys.iter().filter(move |key| key.columns.iter().all(has))
    }

    /// The columns of the file in a table, which is named as SQL.
    fn target(&self, table: String) -> Target {
        let column = |column: &Column<'_>| bulk::Column { name: column.name().to_owned(), form: column.form() };
        Target { table, columns: self.columns.iter().map(column).collect() }
    }

    /// Whether it is not as it was when it was loaded last. `known`: what the ledger says of it.
    fn is_changed(&self, known: Option<&Known>) -> Result<bool> {
        known.map_or(Ok(true), |known| look(&self.path).map(|(hash, _)| hash != known.hash))
    }

    /// Whether rows that are there get its values.
    #[must_use]
    pub fn updates(&self) -> bool {
        self.mode.updates()
    }

    /// Whether rows that are there get the values of the file, though they have others: it may have been loaded as it is already.
    pub fn wins(&self, known: Option<&Known>, on_drift: OnDrift) -> Result<bool> {
        let overwrites = on_drift == OnDrift::Overwrite;
        Ok(self.updates() && (overwrites || self.is_changed(known)?))
    }

    /// Brings the file into its table, or looks what that would do. `known`: what the ledger says of it.
    pub fn run(
        &self,
        database: &mut Database<'_>,
        known: Option<&Known>,
        wanted: Wanted<'_>,
        rejects: &mut Vec<Reject>,
    ) -> Result<Counts> {
        let (hash, lines) = look(&self.path)?;
        let mut load = Load::new(self, database.dialect, wanted, lines, rejects);
        let is_same = known.is_some_and(|known| known.hash == hash);
        let counts = if is_empty(database, &self.table)? {
            load.at_once(database, is_same, known.is_none())?
        } else {
            load.beside(database, is_same, known.is_none())?
        };
        // What was left out is not loaded: the next run is to tell of it again, and not to take the row that is there for an edit.
        let hash = if counts.rejected > 0 { String::new() } else { hash };
        if wanted.plan.is_none() && known.is_none_or(|known| known.hash != hash) {
            let clock = known.map(|known| known.clock.clone()).unwrap_or_default();
            database.note_file(&self.known_as, &Known { table: self.table.name(), hash, clock })?;
        }
        wanted.observer.on(Event::StepPassed);
        Ok(counts)
    }

    /// Deletes the rows of the file, except those that were there before it, and forgets it. `known`: what the ledger says of it.
    pub fn clear(&self, database: &mut Database<'_>, known: &Known, observer: &dyn Observer) -> Result<u64> {
        let before: Vec<_> = database
            .owned(&self.table.name())?
            .into_iter()
            .filter(|(_, owned)| !owned.inserted && owned.seed == self.known_as)
            .collect();
        let wanted = Wanted { on_drift: OnDrift::Keep, on_error: OnError::Stop, plan: None, in_memory: 0, observer };
        let mut rejects = Vec::new();
        let (hash, lines) = look(&self.path)?;
        if hash != known.hash {
            // The ledger does not know its rows one by one.
            observer.warn_with(
                format!("`{}` has changed since it was loaded", self.shown.display()),
                format!("rows that it lists no more stay in `{}`", self.table.name()),
            );
        }
        let mut load = Load::new(self, database.dialect, wanted, lines, &mut rejects);
        let deleted = load.staged(database, None, |load, database, stage| {
            load.at("deleting rows");
            for (key, _) in &before {
                let kept = database.delete_from(stage, &self.table, key);
                kept.map_err(|error| cannot("delete rows of", &self.table, error))?;
                database.forget(&self.table.name(), Some(key))?;
            }
            self.delete(database, stage)
        })?;
        database.forget_file(&self.known_as)?;
        observer.on(Event::StepPassed);
        Ok(deleted)
    }

    /// Deletes the rows that a temporary table has.
    fn delete(&self, database: &mut Database<'_>, stage: &str) -> Result<u64> {
        let table = database.quoted(&self.table);
        let same = self.key.iter().map(|name| {
            let name = database.dialect.identifier(name);
            format!("s.{name} = {table}.{name}")
        });
        let same = same.collect::<Vec<_>>().join(" AND ");
        let listed = format!("WHERE EXISTS (SELECT 1 FROM {stage} s WHERE {same})");
        // Rows that refer to each other let go first, where each is looked at by itself.
        for name in self.circular(database.dialect) {
            let sql = format!("UPDATE {table} SET {name} = NULL {listed} AND {name} IS NOT NULL");
            database.connection.change(&sql, &[]).map_err(|error| cannot("delete rows of", &self.table, error))?;
        }
        let sql = format!("DELETE FROM {table} {listed}");
        let deleted = database.connection.change(&sql, &[]);
        deleted.map_err(|error| {
            cannot("delete rows of", &self.table, error).hint("rows that seeds do not own may refer to them")
        })
    }
}

fn is_empty(database: &mut Database<'_>, table: &Table<'_>) -> Result<bool> {
    let sql = format!("SELECT 1 FROM {} LIMIT 1", database.quoted(table));
    Ok(database.connection.select(&sql, &[]).map_err(|error| cannot("read", table, error))?.is_empty())
}
