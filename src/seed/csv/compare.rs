//! The file in its temporary table beside the rows that are there: what differs is updated, what is missing inserted.

use std::collections::BTreeSet;

use super::LINE;
use super::load::Load;
use super::sieve::Sieve;
use super::sift::Wants;
use crate::catalog::Type;
use crate::db::{DbError, Kind};
use crate::error::{Code, Error, Result};
use crate::seed::database::{Database, cannot, key_of};
use crate::seed::plan::{OnDrift, Owned, Record};
use crate::seed::report::Counts;
use crate::seed::source::Mode;
use crate::text;

/// How many rows of the ledger are written at a time.
const PIECE: u64 = 5_000;

impl Load<'_, '_> {
    /// Compares rows of the file, all of them or those that are wanted. `same`: the file is as it was when it was loaded last;
    /// `first`: it was not loaded yet.
    pub fn by_set(
        &mut self,
        database: &mut Database<'_>,
        sieve: Option<(&mut Sieve, Wants)>,
        same: bool,
        first: bool,
    ) -> Result<Counts> {
        let before = self.rejects.len();
        let compare =
            |load: &mut Self, database: &mut Database<'_>, stage: &str| load.compare(database, stage, same, first);
        let mut counts = self.staged(database, sieve, compare)?;
        counts.rejected = (self.rejects.len() - before) as u64;
        Ok(counts)
    }

    fn compare(&mut self, database: &mut Database<'_>, stage: &str, same: bool, first: bool) -> Result<Counts> {
        let table = database.quoted(&self.seed.table);
        self.check_keys(database, stage)?;
        self.check_parents(database, stage)?;
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
        if self.wanted.plan.is_some() {
            let missing = format!("NOT EXISTS (SELECT 1 FROM {table} t WHERE {on})");
            let changes = self.seed.mode != Mode::Ensure && !(same && self.wanted.on_drift != OnDrift::Overwrite);
            let written = if changes {
                format!("({missing} OR EXISTS (SELECT 1 FROM {table} t WHERE {on} AND {differ}))")
            } else {
                missing.clone()
            };
            self.check_rules(database, stage, &written)?;
            self.check_uniques(database, stage, &missing)?;
        }
        let all = self.count(database, &format!("SELECT count(*) FROM {stage}"))?;
        self.at(&format!("comparing {} rows in the database", text::thousands(all)));
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
        self.check_complete(&mut counts)?;
        if self.wanted.plan.is_none() {
            if first && there > 0 {
                self.note_before(database, stage, &table, &on)?;
            }
            let columns: Vec<_> = others.iter().map(|column| quote(column.name())).collect();
            let sql =
                |range: &str| dialect.update_from(&table, stage, &columns, &format!("{on} AND {differ} AND {range}"));
            // A row may take a value that another gives up; but where rows refer to each other, it may refer to a new one.
            let own = &self.seed.table.catalog.name;
            let inserts_first = self.seed.foreign_keys().any(|key| key.to == *own);
            for inserts in [inserts_first, !inserts_first] {
                let left_out = self.rejects.len();
                if inserts && counts.inserted > 0 {
                    self.at(&format!("inserting {} rows", text::thousands(counts.inserted)));
                    self.insert(database, stage, &on)?;
                    counts.inserted -= (self.rejects.len() - left_out) as u64;
                } else if !inserts && updated > 0 {
                    self.at(&format!("updating {} rows", text::thousands(updated)));
                    self.write(database, &sql, stage)?;
                    counts.updated -= (self.rejects.len() - left_out) as u64;
                }
                crate::fault::point();
            }
        }
        Ok(counts)
    }

    /// Runs statements, all of them or none.
    pub fn tried(database: &mut Database<'_>, statements: &[String]) -> Result<u64, DbError> {
        let tried = diesel::Connection::transaction(database.connection, |connection| {
            let change = |sum: u64, sql: &String| connection.change(sql, &[]).map(|count| sum + count);
            statements.iter().try_fold(0, change).map_err(Tried::Refused)
        });
        match tried {
            Ok(count) => Ok(count),
            Err(Tried::Refused(error)) => Err(error),
            Err(Tried::Diesel(error)) => Err(database.connection.failure(error)),
        }
    }

    /// Runs a statement that writes the rows of a range of lines; where a row is refused, it is found by halving the file.
    pub fn write(&mut self, database: &mut Database<'_>, sql: &dyn Fn(&str) -> String, stage: &str) -> Result<u64> {
        let attempt = |database: &mut Database<'_>, from: u64, to: u64| {
            Self::tried(database, &[sql(&format!("s.{LINE} BETWEEN {from} AND {to}"))])
        };
        let last = self.count(database, &format!("SELECT coalesce(max({LINE}), 0) FROM {stage}"))?;
        let mut written = 0;
        let mut from = 0;
        loop {
            let error = match attempt(database, from, last) {
                Ok(count) => {
                    written += count;
                    break;
                }
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
            self.refuse(self.seed.refused(good, None, why))?;
            from = good + 1;
            if from > last {
                break;
            }
        }
        Ok(written)
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
            let owned = Owned { seed: self.seed.known_as.clone(), ..Owned::default() };
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
