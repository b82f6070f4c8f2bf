//! CSV: many rows, compared and written by set in the database, in constant memory. An empty table is loaded at once; else the
//! file goes into a temporary table first. The ledger knows the file as a whole, and the rows that were there before it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use super::apply::OnError;
use super::columns::Column;
use super::database::{Database, cannot, key_of};
use super::owned::Known;
use super::plan::{OnDrift, Owned, Record};
use super::report::{Counts, Reject};
use super::source::{Bulk, Mode};
use super::tables::{self, Table};
use crate::catalog::{Catalog, Type};
use crate::db::bulk::{self, Fault, Form, Source, Target, Watch};
use crate::db::{self, DbError, Dialect, Kind};
use crate::entities::Registry;
use crate::error::{Code, Error, Place, Result};
use crate::observer::{Event, Observer};
use crate::tabular::Csv;
use crate::text;

/// The column of the temporary table that says where a row stands in its file.
const LINE: &str = "dbtool_line";

/// How many rows of the ledger are written at a time.
const PIECE: u64 = 5_000;

/// A file whose table and columns are known.
#[derive(Debug)]
pub struct CsvSeed<'c> {
    pub name: String,
    pub table: Table<'c>,
    pub path: PathBuf,
    shown: PathBuf,
    mode: Mode,
    /// Loaded in a transaction of its own.
    pub alone: bool,
    key: Vec<String>,
    columns: Vec<Column<'c>>,
}

/// What a run wants of a file.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub on_drift: OnDrift,
    pub on_error: OnError,
    /// Nothing is written.
    pub plan: bool,
    pub observer: &'a dyn Observer,
}

/// Looks the table and the columns of its header line up in the schema.
pub fn prepare<'c>(
    bulk: &Bulk,
    catalog: &'c Catalog,
    registry: &Registry,
    sensitive: &[String],
) -> Result<CsvSeed<'c>, Error> {
    let header = &bulk.header;
    let table = Table::new(tables::find(catalog, &header.table, &header.at)?, registry, sensitive);
    let mode = header.mode.unwrap_or_default();
    if !matches!(mode, Mode::Ensure | Mode::Sync) {
        let message = format!("a CSV file cannot be kept in mode `{}`", mode.name());
        let error = header.at.fault(message).note("which of a table's rows came from a CSV is not known one by one");
        return Err(error.hint("the modes of CSV are `ensure` and `sync`"));
    }
    let shown = header.at.file.path.with_extension("csv");
    let mut csv = open(&bulk.path, &shown)?;
    let place = Place { file: shown.clone(), line: 1, column: 1, excerpt: String::new() };
    if !csv.advance()? {
        return Err(Error::new(Code::SeedFile, "the file has no header line")
            .at(place)
            .hint("its first line names the columns"));
    }
    let mut columns = Vec::new();
    for at in 0..csv.fields() {
        let name = String::from_utf8_lossy(csv.field(at).unwrap_or_default()).trim_start_matches('\u{feff}').to_owned();
        let Some(column) = table.columns.get(name.as_str()) else {
            let error = Error::new(Code::SeedFile, format!("`{}` has no column `{name}`", table.name())).at(place);
            let names = table.columns.keys().copied();
            return Err(text::did_you_mean(&name, names).into_iter().fold(error, Error::hint));
        };
        columns.push(*column);
    }
    let has = |key: &Vec<String>| key.iter().all(|name| columns.iter().any(|column| column.name() == name));
    let candidates = table.keys();
    let named = |key: &&Vec<String>| {
        let mut sorted = (*key).clone();
        sorted.sort();
        let mut wanted = header.key.clone();
        wanted.sort();
        wanted.is_empty() || sorted == wanted
    };
    let key = candidates.iter().filter(named).find(|key| has(key)).cloned().ok_or_else(|| {
        let shown: Vec<_> = candidates.iter().map(|key| format!("`{}`", key.join(", "))).collect();
        let message = if header.key.is_empty() {
            format!("no key of `{}` is among the columns of the file", table.name())
        } else {
            format!("`{}` is no key of `{}`, or not in the file", header.key.join(", "), table.name())
        };
        Error::new(Code::SeedFile, message).at(place.clone()).hint(format!(
            "the keys of `{}` are: {}",
            table.name(),
            shown.join("; ")
        ))
    })?;
    Ok(CsvSeed {
        name: bulk.name.clone(),
        table,
        path: bulk.path.clone(),
        shown,
        mode,
        alone: header.own_transaction,
        key,
        columns,
    })
}

fn open(path: &Path, shown: &Path) -> Result<Csv<File>> {
    let file = File::open(path).map_err(|cause| Error::io("read", path, &cause))?;
    Ok(Csv::new(file, shown))
}

/// The columns that a file names in its first line.
pub fn header(path: &Path) -> Result<Vec<String>> {
    let mut csv = open(path, path)?;
    csv.advance()?;
    Ok((0..csv.fields()).map(|at| String::from_utf8_lossy(csv.field(at).unwrap_or_default()).into_owned()).collect())
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

    /// Brings the file into its table, or looks what that would do. `known`: what the ledger says of it.
    pub fn run(
        &self,
        database: &mut Database<'_>,
        known: Option<&Known>,
        wanted: Wanted<'_>,
        rejects: &mut Vec<Reject>,
    ) -> Result<Counts> {
        let (hash, lines) = look(&self.path)?;
        let mut load = Load {
            seed: self,
            dialect: database.dialect,
            wanted,
            lines,
            rejects,
            written: 0,
            started: Instant::now(),
            told: 0,
        };
        let counts = if is_empty(database, &self.table)? {
            load.at_once(database)?
        } else {
            load.by_set(database, known.is_some_and(|known| known.hash == hash), known.is_none())?
        };
        if !wanted.plan && known.is_none_or(|known| known.hash != hash) {
            let clock = known.map(|known| known.clock.clone()).unwrap_or_default();
            database.note_file(&self.name, &Known { table: self.table.name(), hash, clock })?;
        }
        Ok(counts)
    }

    /// Deletes the rows of the file, except those that were there before it, and forgets it.
    pub fn clear(&self, database: &mut Database<'_>) -> Result<u64> {
        let before: Vec<_> = database
            .owned(&self.table.name())?
            .into_iter()
            .filter(|(_, owned)| !owned.inserted && owned.seed == self.name)
            .collect();
        let silent = crate::observer::Silent;
        let wanted = Wanted { on_drift: OnDrift::Keep, on_error: OnError::Stop, plan: false, observer: &silent };
        let mut rejects = Vec::new();
        let mut load = Load {
            seed: self,
            dialect: database.dialect,
            wanted,
            lines: 0,
            rejects: &mut rejects,
            written: 0,
            started: Instant::now(),
            told: 0,
        };
        let stage = load.stage(database)?;
        for (key, _) in &before {
            database
                .delete_from(&stage, &self.table, key)
                .map_err(|error| cannot("delete rows of", &self.table, error))?;
            database.forget(&self.table.name(), Some(key))?;
        }
        let table = database.quoted(&self.table);
        let same = self.key.iter().map(|name| {
            let name = database.dialect.identifier(name);
            format!("s.{name} = {table}.{name}")
        });
        let sql = format!(
            "DELETE FROM {table} WHERE EXISTS (SELECT 1 FROM {stage} s WHERE {})",
            same.collect::<Vec<_>>().join(" AND ")
        );
        let deleted = database.connection.change(&sql, &[]);
        let deleted = deleted.map_err(|error| {
            cannot("delete rows of", &self.table, error).hint("rows that seeds do not own may refer to them")
        })?;
        load.drop_stage(database, &stage)?;
        database.forget_file(&self.name)?;
        Ok(deleted)
    }

    fn place(&self, line: u64) -> Place {
        let number = usize::try_from(line).unwrap_or(1);
        // Read again for the excerpt alone: there is one error at most.
        let line = File::open(&self.path).ok().and_then(|file| {
            use std::io::BufRead as _;
            std::io::BufReader::new(file).lines().nth(number.saturating_sub(1))?.ok()
        });
        let sensitive = self.columns.iter().any(|column| column.sensitive);
        let excerpt = if sensitive { String::new() } else { text::shorten(&line.unwrap_or_default(), 200) };
        Place { file: self.shown.clone(), line: number, column: 1, excerpt }
    }

    /// The error of a row that is refused.
    fn refused(&self, line: u64, column: Option<(&str, Option<String>)>, error: DbError) -> Error {
        let table = self.table.name();
        let told = column.map(|(name, value)| match self.table.columns.get(name) {
            Some(known) => format!(": `{name}` is `{}`", known.shown(&value.map_or(Value::Null, Value::String))),
            None => String::new(),
        });
        let error = error.into_error(format!("`{table}` does not take this row{}", told.unwrap_or_default()));
        error.with_code(Code::SeedRejected).at(self.place(line)).note("nothing was written")
    }
}

fn is_empty(database: &mut Database<'_>, table: &Table<'_>) -> Result<bool> {
    let sql = format!("SELECT 1 FROM {} LIMIT 1", database.quoted(table));
    Ok(database.connection.select(&sql, &[]).map_err(|error| cannot("read", table, error))?.is_empty())
}

/// One file on its way.
struct Load<'l, 'c> {
    seed: &'l CsvSeed<'c>,
    dialect: &'static dyn Dialect,
    wanted: Wanted<'l>,
    lines: u64,
    rejects: &'l mut Vec<Reject>,
    written: u64,
    started: Instant,
    told: u64,
}

impl Load<'_, '_> {
    /// Into an empty table: there is nothing to compare.
    fn at_once(&mut self, database: &mut Database<'_>) -> Result<Counts> {
        let table = database.quoted(&self.seed.table);
        if self.wanted.plan {
            let mut rows = Rows::open(self.seed, self.dialect, false, self.wanted.on_error)?;
            let mut inserted = 0;
            while rows.advance()? {
                inserted += 1;
            }
            return Ok(Counts { inserted, ..Counts::default() });
        }
        let before = self.rejects.len();
        let inserted = self.load(database, table, false)?;
        Ok(Counts { inserted, rejected: (self.rejects.len() - before) as u64, ..Counts::default() })
    }

    fn load(&mut self, database: &mut Database<'_>, table: String, with_line: bool) -> Result<u64> {
        let form = |column: &Column<'_>| bulk::Column { name: column.name().to_owned(), form: column.form() };
        let mut columns: Vec<_> = self.seed.columns.iter().map(form).collect();
        if with_line {
            columns.push(bulk::Column { name: LINE.to_owned(), form: Form::Integer });
        }
        let mut rows = Rows::open(self.seed, self.dialect, with_line, self.wanted.on_error)?;
        let loaded = bulk::load(database.connection, &Target { table, columns }, &mut rows, self)?;
        rows.rejected.iter().for_each(|error| self.reject(error));
        Ok(loaded)
    }

    /// Makes the temporary table, with all rows of the file in it.
    fn stage(&mut self, database: &mut Database<'_>) -> Result<String> {
        let stage = self.dialect.identifier("__dbtool_stage");
        let names: Vec<_> = self.seed.columns.iter().map(|column| self.dialect.identifier(column.name())).collect();
        let query =
            format!("SELECT {}, 0 AS {LINE} FROM {} WHERE 1 = 0", names.join(", "), database.quoted(&self.seed.table));
        self.change(database, &format!("CREATE TEMPORARY TABLE {stage} AS {query}"))?;
        self.load(database, stage.clone(), true)?;
        Ok(stage)
    }

    fn drop_stage(&self, database: &mut Database<'_>, stage: &str) -> Result<()> {
        self.change(database, &self.dialect.drop_temporary(stage)).map(|_| ())
    }

    fn change(&self, database: &mut Database<'_>, sql: &str) -> Result<u64> {
        database.connection.change(sql, &[]).map_err(|error| cannot("compare the file with", &self.seed.table, error))
    }

    fn count(&self, database: &mut Database<'_>, sql: &str) -> Result<u64> {
        let rows = database.connection.select(sql, &[]);
        let rows = rows.map_err(|error| cannot("compare the file with", &self.seed.table, error))?;
        Ok(rows.first().and_then(|row| row.first()?.as_int()).and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// Beside the rows that are there. `same`: the file is as it was when it was loaded last; `first`: it was not loaded yet.
    fn by_set(&mut self, database: &mut Database<'_>, same: bool, first: bool) -> Result<Counts> {
        let before = self.rejects.len();
        let stage = self.stage(database)?;
        let table = database.quoted(&self.seed.table);
        self.check_keys(database, &stage)?;
        self.check_parents(database, &stage)?;
        let dialect = self.dialect;
        let quote = |name: &str| dialect.identifier(name);
        let on: Vec<_> = self.seed.key.iter().map(|name| format!("t.{0} = s.{0}", quote(name))).collect();
        let on = on.join(" AND ");
        let others: Vec<_> =
            self.seed.columns.iter().filter(|column| !self.seed.key.iter().any(|key| key == column.name())).collect();
        let differ: Vec<_> = others
            .iter()
            .map(|column| {
                let name = quote(column.name());
                let side = |alias: &str| {
                    let qualified = format!("{alias}.{name}");
                    match column.catalog.neutral {
                        Type::Json | Type::Other { .. } => self.dialect.readable(&qualified, &column.catalog.type_name),
                        _ => qualified,
                    }
                };
                self.dialect.differ(&side("t"), &side("s"))
            })
            .collect();
        let differ = if differ.is_empty() { "1 = 0".to_owned() } else { format!("({})", differ.join(" OR ")) };
        let all = self.count(database, &format!("SELECT count(*) FROM {stage}"))?;
        let there = self.count(database, &format!("SELECT count(*) FROM {stage} s JOIN {table} t ON {on}"))?;
        let differing = match self.seed.mode {
            Mode::Ensure => 0,
            _ => {
                self.count(database, &format!("SELECT count(*) FROM {stage} s JOIN {table} t ON {on} WHERE {differ}"))?
            }
        };
        // As it was loaded, what is another now was edited since.
        let keeps = same && self.wanted.on_drift != OnDrift::Overwrite;
        let (updated, kept) = if keeps { (0, differing) } else { (differing, 0) };
        let mut counts =
            Counts { inserted: all - there, updated, unchanged: there - updated, kept, ..Counts::default() };
        if kept > 0 && self.wanted.on_drift == OnDrift::Fail {
            let message = format!(
                "{} of `{}` edited since a seed wrote them",
                text::count(usize::try_from(kept).unwrap_or(usize::MAX), "row"),
                self.seed.table.name()
            );
            return Err(Error::new(Code::SeedDrift, message).note("nothing was written"));
        }
        if !self.wanted.plan {
            if first && there > 0 {
                self.note_before(database, &stage, &table, &on)?;
            }
            if updated > 0 {
                let columns: Vec<_> = others.iter().map(|column| quote(column.name())).collect();
                let sql = |range: &str| {
                    dialect.update_from(&table, &stage, &columns, &format!("{on} AND {differ} AND {range}"))
                };
                let left_out = self.rejects.len();
                self.write(database, &sql, &stage)?;
                counts.updated -= (self.rejects.len() - left_out) as u64;
            }
            crate::fault::point();
            if counts.inserted > 0 {
                let names: Vec<_> = self.seed.columns.iter().map(|column| quote(column.name())).collect();
                let names = names.join(", ");
                let missing = format!("NOT EXISTS (SELECT 1 FROM {table} t WHERE {on})");
                let sql = |range: &str| {
                    format!("INSERT INTO {table} ({names}) SELECT {names} FROM {stage} s WHERE {missing} AND {range}")
                };
                let left_out = self.rejects.len();
                self.write(database, &sql, &stage)?;
                counts.inserted -= (self.rejects.len() - left_out) as u64;
            }
        }
        self.drop_stage(database, &stage)?;
        counts.rejected = (self.rejects.len() - before) as u64;
        Ok(counts)
    }

    /// Runs a statement that writes the rows of a range of lines; where a row is refused, it is found by halving the file.
    fn write(&mut self, database: &mut Database<'_>, sql: &dyn Fn(&str) -> String, stage: &str) -> Result<u64> {
        let attempt = |database: &mut Database<'_>, from: u64, to: u64| {
            let sql = sql(&format!("s.{LINE} BETWEEN {from} AND {to}"));
            let tried = diesel::Connection::transaction(database.connection, |connection| {
                connection.change(&sql, &[]).map_err(Tried::Refused)
            });
            match tried {
                Ok(count) => Ok(count),
                Err(Tried::Refused(error)) => Err(error),
                Err(Tried::Diesel(error)) => Err(database.connection.failure(error)),
            }
        };
        let last = self.count(database, &format!("SELECT coalesce(max({LINE}), 0) FROM {stage}"))?;
        let mut written = 0;
        let mut from = 0;
        loop {
            let error = match attempt(database, from, last) {
                Ok(count) => return Ok(written + count),
                Err(error) if matches!(error.kind, Kind::Constraint | Kind::Data | Kind::Other) => error,
                Err(error) => return Err(cannot("write to", &self.seed.table, error)),
            };
            // Everything below `good` goes in; the first row that does not is found between the two.
            let (mut good, mut bad, mut why) = (from, last, error);
            while good < bad {
                let middle = good + (bad - good) / 2;
                match attempt(database, good, middle) {
                    Ok(count) => {
                        written += count;
                        good = middle + 1;
                    }
                    Err(error) => {
                        why = error;
                        bad = middle;
                    }
                }
            }
            let error = self.seed.refused(good, None, why);
            if self.wanted.on_error == OnError::Stop {
                return Err(error);
            }
            self.reject(&error);
            from = good + 1;
            if from > last {
                return Ok(written);
            }
        }
    }

    fn reject(&mut self, error: &Error) {
        self.rejects.push(error.into());
    }

    /// No key stands twice in the file.
    fn check_keys(&self, database: &mut Database<'_>, stage: &str) -> Result<()> {
        let names: Vec<_> = self.seed.key.iter().map(|name| self.dialect.identifier(name)).collect();
        let names = names.join(", ");
        let sql = format!(
            "SELECT min({LINE}), max({LINE}) FROM {stage} GROUP BY {names} HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
        );
        let rows = database
            .connection
            .select(&sql, &[])
            .map_err(|error| cannot("compare the file with", &self.seed.table, error))?;
        let line = |row: &Vec<db::Value>, at: usize| {
            row.get(at).and_then(db::Value::as_int).and_then(|line| u64::try_from(line).ok()).unwrap_or(1)
        };
        match rows.first() {
            None => Ok(()),
            Some(row) => {
                let message =
                    format!("`{}` has a row with the same {} twice", self.seed.table.name(), self.seed.key.join(", "));
                let error = Error::new(Code::SeedFile, message).at(self.seed.place(line(row, 1)));
                Err(error.note(format!("the other one stands in line {}", line(row, 0))).note("nothing was written"))
            }
        }
    }

    /// The rows that foreign keys refer to are there.
    fn check_parents(&self, database: &mut Database<'_>, stage: &str) -> Result<()> {
        let own = self.seed.table.catalog;
        for key in self.seed.foreign_keys().filter(|key| key.to != own.name) {
            let quote = |name: &String| self.dialect.identifier(name);
            let parent = match &key.to.schema {
                Some(schema) => {
                    format!("{}.{}", self.dialect.identifier(schema), self.dialect.identifier(&key.to.name))
                }
                None => self.dialect.identifier(&key.to.name),
            };
            let pairs = || key.columns.iter().zip(&key.to_columns);
            let on: Vec<_> = pairs().map(|(column, to)| format!("p.{} = s.{}", quote(to), quote(column))).collect();
            let some: Vec<_> = pairs().map(|(column, _)| format!("s.{} IS NOT NULL", quote(column))).collect();
            let first = key.columns.first().and_then(|name| self.seed.table.columns.get(name.as_str()));
            let Some(first) = first else { continue };
            let value = self.dialect.readable(&format!("s.{}", quote(&key.columns[0])), &first.catalog.type_name);
            let sql = format!(
                "SELECT s.{LINE}, {value} FROM {stage} s WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE {}) ORDER BY 1 LIMIT 1",
                some.join(" AND "),
                on.join(" AND ")
            );
            let rows = database
                .connection
                .select(&sql, &[])
                .map_err(|error| cannot("compare the file with", &self.seed.table, error))?;
            if let Some(row) = rows.first() {
                let line =
                    row.first().and_then(db::Value::as_int).and_then(|line| u64::try_from(line).ok()).unwrap_or(1);
                let shown = row.get(1).map(|value| first.shown(&first.stored(value))).unwrap_or_default();
                let message = format!(
                    "`{}.{}` is `{shown}`, and `{}` has no row with this `{}`",
                    own.name,
                    key.columns.join(", "),
                    key.to,
                    key.to_columns.join(", ")
                );
                return Err(Error::new(Code::SeedRejected, message)
                    .at(self.seed.place(line))
                    .note("nothing was written"));
            }
        }
        Ok(())
    }

    /// Notes which rows were there before the file: they are never deleted with it.
    fn note_before(&self, database: &mut Database<'_>, stage: &str, table: &str, on: &str) -> Result<()> {
        let key: Vec<_> = self.seed.key.iter().filter_map(|name| self.seed.table.columns.get(name.as_str())).collect();
        let names: Vec<_> = key
            .iter()
            .map(|column| {
                self.dialect
                    .readable(&format!("t.{}", self.dialect.identifier(column.name())), &column.catalog.type_name)
            })
            .collect();
        let last = self.count(database, &format!("SELECT coalesce(max({LINE}), 0) FROM {stage}"))?;
        let known: BTreeSet<_> = database.owned(&self.seed.table.name())?.into_keys().collect();
        let mut from = 0;
        while from <= last {
            let sql = format!(
                "SELECT {} FROM {stage} s JOIN {table} t ON {on} WHERE s.{LINE} BETWEEN {from} AND {}",
                names.join(", "),
                from + PIECE - 1
            );
            let rows =
                database.connection.select(&sql, &[]).map_err(|error| cannot("read", &self.seed.table, error))?;
            let owned = Owned { seed: self.seed.name.clone(), ..Owned::default() };
            let keys: Vec<_> = rows
                .iter()
                .map(|row| {
                    let record: Record = key
                        .iter()
                        .zip(row)
                        .map(|(column, value)| (column.name().to_owned(), column.stored(value)))
                        .collect();
                    key_of(&record)
                })
                .filter(|key| !known.contains(key))
                .collect();
            let notes: Vec<_> = keys.iter().map(|key| (key, &owned, false)).collect();
            database.note(&self.seed.table.name(), &notes)?;
            from += PIECE;
        }
        Ok(())
    }
}

enum Tried {
    Refused(DbError),
    Diesel(diesel::result::Error),
}

impl From<diesel::result::Error> for Tried {
    fn from(error: diesel::result::Error) -> Self {
        Self::Diesel(error)
    }
}

impl Watch for Load<'_, '_> {
    fn wrote(&mut self, rows: u64) -> Result<()> {
        crate::fault::point();
        self.written += rows;
        let took = self.started.elapsed().as_secs();
        if took > self.told {
            self.told = took;
            let speed = self.written / took.max(1);
            let left = self.lines.saturating_sub(self.written) / speed.max(1);
            let progress = format!(
                "{} rows, {} a second, {} left",
                text::thousands(self.written),
                text::thousands(speed),
                text::duration(std::time::Duration::from_secs(left))
            );
            self.wanted.observer.on(Event::Progress { label: self.seed.name.clone(), progress });
        }
        Ok(())
    }

    fn refused(&mut self, fault: Fault) -> Result<()> {
        let value = fault.value.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let column = fault.column.as_deref().map(|name| (name, value));
        let error = self.seed.refused(fault.line, column, fault.error);
        if self.wanted.on_error == OnError::Stop {
            return Err(error);
        }
        self.reject(&error);
        Ok(())
    }
}

/// A value on its way.
#[derive(Debug, Clone)]
enum Made {
    /// As it stands in the file.
    AsIs,
    Null,
    Bytes(Vec<u8>),
}

/// The rows of the file, as the bulk loader takes them.
struct Rows<'l, 'c> {
    seed: &'l CsvSeed<'c>,
    dialect: &'static dyn Dialect,
    csv: Csv<File>,
    /// The values of columns that are brought into another form.
    made: Vec<Made>,
    line: Option<Vec<u8>>,
    on_error: OnError,
    /// What was left out for it breaks a rule.
    rejected: Vec<Error>,
}

impl<'l, 'c> Rows<'l, 'c> {
    fn open(seed: &'l CsvSeed<'c>, dialect: &'static dyn Dialect, with_line: bool, on_error: OnError) -> Result<Self> {
        let mut csv = open(&seed.path, &seed.shown)?;
        csv.advance()?;
        Ok(Self {
            seed,
            dialect,
            csv,
            made: vec![Made::AsIs; seed.columns.len()],
            line: with_line.then(Vec::new),
            on_error,
            rejected: Vec::new(),
        })
    }

    /// Brings the current row into the form that is loaded.
    fn make(&mut self) -> Result<()> {
        for (at, column) in self.seed.columns.iter().enumerate().filter(|(_, column)| Self::is_made(column)) {
            let given = self.csv.field(at).map(|bytes| std::str::from_utf8(bytes).map(str::to_owned)).transpose();
            let given = given.map_err(|_| "is not UTF-8".to_owned());
            let value = given.and_then(|given| column.value(given.map_or(Value::Null, Value::String)));
            let value = value.map_err(|message| {
                let message = format!("`{}.{}` {message}", self.seed.table.name(), column.name());
                let error = Error::new(Code::SeedRejected, message).at(self.seed.place(self.csv.line()));
                error.note("nothing was written")
            })?;
            self.made[at] = column.bytes(&value, self.dialect).map_or(Made::Null, Made::Bytes);
        }
        if let Some(line) = &mut self.line {
            *line = self.csv.line().to_string().into_bytes();
        }
        Ok(())
    }

    /// Whether a column's values are checked and brought into their form here: those that a model knows, and those that the
    /// database takes in another form.
    fn is_made(column: &Column<'_>) -> bool {
        !column.is_json()
            && (column.field.is_some()
                || matches!(column.catalog.neutral, Type::Bytes { .. } | Type::Instant | Type::Timestamp))
    }
}

impl Source for Rows<'_, '_> {
    fn advance(&mut self) -> Result<bool> {
        loop {
            if !self.csv.advance()? {
                return Ok(false);
            }
            if self.csv.fields() != self.seed.columns.len() {
                let (has, wants) = (self.csv.fields(), self.seed.columns.len());
                let message = format!("this line has {}, and the header {wants}", text::count(has, "field"));
                return Err(self.csv.malformed(message));
            }
            match self.make() {
                Ok(()) => return Ok(true),
                Err(error) if self.on_error == OnError::Quarantine => self.rejected.push(error),
                Err(error) => return Err(error),
            }
        }
    }

    fn field(&self, column: usize) -> Option<&[u8]> {
        match self.made.get(column) {
            None => self.line.as_deref(),
            Some(Made::AsIs) => self.csv.field(column),
            Some(Made::Null) => None,
            Some(Made::Bytes(bytes)) => Some(bytes),
        }
    }

    fn line(&self) -> u64 {
        self.csv.line()
    }
}
