//! Beside rows that are there: the table goes through a sieve first. Rows of the file that it does not have go straight into it,
//! and those that it has just so are done with; only the others are compared by set.

use std::convert::Infallible;

use super::canonical::Canonical;
use super::load::Load;
use super::rows::Rows;
use super::sieve::{Found, MOST, Sieve};
use super::spelled::{Spelled, Speller, pass};
use crate::catalog::{ForeignKey, Key};
use crate::db::AnyConnection;
use crate::db::bulk::{self, Fault, Source, Watch};
use crate::error::{Code, Error, Result};
use crate::observer::{Observer, Pace};
use crate::seed::apply::OnError;
use crate::seed::database::{Database, cannot};
use crate::seed::report::Counts;

/// Which rows of the file are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wants {
    /// Those that the table does not have.
    pub missing: bool,
    /// Those that it has, perhaps with other values.
    pub there: bool,
    /// Those that it has just so count as such: the ledger is to hear of all that are there.
    pub noted: bool,
}

/// What was found on the way through the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    missing: u64,
    there: u64,
    same: u64,
    /// A key stands twice in it, or is none.
    is_odd: bool,
}

/// The rows of the file that a sieve lets through.
pub struct Sifted<'s, 'l, 'c> {
    pub rows: Rows<'l, 'c>,
    sieve: &'s mut Sieve,
    speller: Speller,
    spelled: Spelled,
    wants: Wants,
    /// This is the first way through the file: each key is to come once.
    first: bool,
    tally: Tally,
    pace: Pace<&'l dyn Observer>,
}

impl<'s, 'l, 'c> Sifted<'s, 'l, 'c> {
    pub fn new(rows: Rows<'l, 'c>, sieve: &'s mut Sieve, wants: Wants, pace: Pace<&'l dyn Observer>) -> Self {
        let (speller, spelled) = (sieve.speller.clone(), Spelled::default());
        Self { rows, sieve, speller, spelled, wants, first: true, tally: Tally::default(), pace }
    }

    /// Another way through the file.
    pub fn again(rows: Rows<'l, 'c>, sieve: &'s mut Sieve, wants: Wants, pace: Pace<&'l dyn Observer>) -> Self {
        Self { first: false, ..Self::new(rows, sieve, wants, pace) }
    }

    fn look(&mut self) -> Found {
        self.spelled.clear();
        self.spelled.push(&self.speller, |at| self.rows.cell(at));
        let found = self.spelled.rows().next().map(|(key, row)| self.sieve.look(key, row, self.first));
        match found {
            None => Found::Odd,
            Some(Found::Same) if self.wants.noted => Found::There,
            Some(found) => found,
        }
    }
}

impl Source for Sifted<'_, '_, '_> {
    fn advance(&mut self) -> Result<bool> {
        while self.rows.advance()? {
            // Most rows go no further: who writes would have nothing to tell.
            self.pace.went(1);
            let wanted = match self.look() {
                Found::Missing => {
                    self.tally.missing += 1;
                    self.wants.missing
                }
                Found::There => {
                    self.tally.there += 1;
                    self.wants.there
                }
                Found::Same => {
                    self.tally.same += 1;
                    false
                }
                Found::Twice | Found::Odd => {
                    self.tally.is_odd = true;
                    return Ok(false);
                }
            };
            if wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn field(&self, column: usize) -> Option<&[u8]> {
        self.rows.field(column)
    }

    fn line(&self) -> u64 {
        self.rows.line()
    }
}

impl Load<'_, '_> {
    /// Beside the rows that are there. `same`: the file is as it was when it was loaded last; `first`: it was not loaded yet.
    pub fn beside(&mut self, database: &mut Database<'_>, same: bool, first: bool) -> Result<Counts> {
        if same
            && self.wanted.in_memory > 0
            && let Some(unchanged) = self.as_a_whole(database)?
        {
            return Ok(Counts { unchanged, ..Counts::default() });
        }
        if let Some(mut sieve) = self.sieve(database)? {
            let before = self.rejects.len();
            if let Some(counts) = self.sift(database, &mut sieve, same, first)? {
                return Ok(counts);
            }
            // What is wrong with the rows is found and told by set.
            self.rejects.truncate(before);
        }
        self.by_set(database, None, same, first)
    }

    /// How rows are spelled; `None`: what the table holds cannot be told by its text.
    pub fn speller(&self) -> Option<Speller> {
        let seed = self.seed;
        let columns: Option<Vec<_>> = seed.columns.iter().map(|column| Canonical::of(column, self.dialect)).collect();
        let place = |name: &String| seed.columns.iter().position(|column| column.name() == name);
        Some(Speller { columns: columns?, key: seed.key.iter().filter_map(place).collect() })
    }

    /// How many rows the table has; one more than are asked for, where it has more.
    pub fn rows_there(&self, database: &mut Database<'_>, most: u64) -> Result<u64> {
        let (table, limit) = (database.quoted(&self.seed.table), most.saturating_add(1));
        self.count(
            database,
            &format!("SELECT count(*) FROM (SELECT 1 AS one FROM {table} LIMIT {limit}) AS rows_there"),
        )
    }

    /// The table as a sieve; `None`: it has too many rows, or what it holds cannot be told by its text.
    fn sieve(&self, database: &mut Database<'_>) -> Result<Option<Sieve>> {
        let seed = self.seed;
        let Some(speller) = self.speller() else { return Ok(None) };
        let most = self.wanted.in_memory.min(MOST);
        let rows = usize::try_from(self.rows_there(database, most as u64)?).unwrap_or(usize::MAX);
        if rows > most {
            return Ok(None);
        }
        let table = database.quoted(&seed.table);
        let mut sieve = Sieve::new(rows, speller.clone());
        let crowded = || Error::new(Code::Conflict, "there are more rows by now");
        let from = seed.target(table);
        // It has settings of its own, which end with it.
        let mut has_room = true;
        let take = |key: &[u8], row: &[u8]| {
            has_room = sieve.take(key, row);
            has_room
        };
        let mut pace = Pace::new(self.wanted.observer, seed.name.as_str(), "read", Some(rows as u64));
        let read = pass(&speller, &mut pace, take, |out| {
            aside(database.connection, |connection| {
                bulk::unload(connection, &from, "", &mut |row| {
                    if out.row(|at| row[at]) { Ok(()) } else { Err(crowded()) }
                })
            })
        });
        if has_room { read.map(|_| Some(sieve)) } else { Ok(None) }
    }

    /// How many rows the file has, if the table has all of them just so.
    fn is_unchanged(&self, sieve: &mut Sieve) -> Result<Option<u64>> {
        let mut rows = Rows::open(self.seed, self.dialect, false, self.wanted.on_error)?;
        let (speller, mut same) = (sieve.speller.clone(), 0);
        let look = |key: &[u8], row: &[u8]| {
            let is_same = sieve.look(key, row, true) == Found::Same;
            same += u64::from(is_same);
            is_same
        };
        let spelled = pass(&speller, &mut self.paced("compared"), look, |out| {
            let mut count = 0;
            while rows.advance()? {
                count += 1;
                if !out.row(|at| rows.cell(at)) {
                    break;
                }
            }
            Ok(count)
        })?;
        if same == spelled && rows.rejected.is_empty() {
            return Ok(Some(same));
        }
        sieve.forget_names();
        Ok(None)
    }

    /// `None`: a row is not as it must be, and nothing was done.
    fn sift(
        &mut self,
        database: &mut Database<'_>,
        sieve: &mut Sieve,
        same: bool,
        first: bool,
    ) -> Result<Option<Counts>> {
        if !first && let Some(unchanged) = self.is_unchanged(sieve)? {
            return Ok(Some(Counts { unchanged, ..Counts::default() }));
        }
        let before = self.rejects.len();
        let at_once = self.wanted.plan.is_none() && self.is_checked_at_once();
        let wants = Wants { missing: at_once, there: false, noted: first };
        let rows = Rows::open(self.seed, self.dialect, false, self.wanted.on_error)?;
        let mut sifted = Sifted::new(rows, sieve, wants, self.paced("compared"));
        self.pace = None;
        let loaded = if at_once {
            let Some(loaded) = self.straight(database, &mut sifted, |sifted| sifted.tally.is_odd)? else {
                return Ok(None);
            };
            loaded
        } else {
            while sifted.advance()? {}
            0
        };
        let Tally { missing, there, same: unchanged, is_odd } = sifted.tally;
        if is_odd {
            return Ok(None);
        }
        let rejected = sifted.rows.rejected;
        if self.wanted.on_error == OnError::Stop && !rejected.is_empty() {
            // With what else is wrong.
            return Ok(None);
        }
        crate::fault::point();
        let mut counts = Counts { inserted: loaded, unchanged, ..Counts::default() };
        let wants = Wants { missing: !at_once, there: true, noted: first };
        if there > 0 || (wants.missing && missing > 0) {
            counts.add(self.by_set(database, Some((sieve, wants)), same, first)?);
        } else {
            self.leave_out(rejected)?;
            counts.rejected = (self.rejects.len() - before) as u64;
        }
        Ok(Some(counts))
    }

    /// Loads rows into the table itself. `None`: not all of them can be, and none is. `is_odd`: whether the rows ended early.
    pub fn straight<S: Source>(
        &mut self,
        database: &mut Database<'_>,
        rows: &mut S,
        is_odd: impl Fn(&S) -> bool,
    ) -> Result<Option<u64>> {
        let into = self.seed.target(database.quoted(&self.seed.table));
        let mut watch = Straight { load: self, is_refused: false };
        let loaded = diesel::Connection::transaction(database.connection, |connection| {
            let loaded = bulk::load(connection, &into, rows, &mut watch).map_err(Ended::Ours)?;
            if is_odd(rows) { Err(Ended::Ours(Error::new(Code::SeedFile, "a key that is none"))) } else { Ok(loaded) }
        });
        match loaded {
            Ok(loaded) => Ok(Some(loaded)),
            Err(Ended::Ours(_)) if watch.is_refused || is_odd(rows) => Ok(None),
            Err(Ended::Ours(error)) => Err(error),
            Err(Ended::Diesel(error)) => {
                let error = database.connection.failure(error);
                Err(cannot("load rows into", &self.seed.table, error))
            }
        }
    }

    /// Whether the database checks rows as they come, not when the transaction ends, and neither drops nor replaces one in silence.
    fn is_checked_at_once(&self) -> bool {
        let table = self.seed.table.catalog;
        let waits = |key: &Key| key.options.contains_key("deferrable") || key.options.contains_key("on_conflict");
        let late = |key: &&ForeignKey| !key.valid || key.deferrable.as_deref() == Some("deferred");
        !table.primary_key.iter().chain(&table.uniques).any(waits) && !table.foreign_keys.iter().any(|key| late(&key))
    }
}

/// Asks without a trace: what is set for the asking is as it was afterwards.
pub fn aside<T>(connection: &mut AnyConnection, ask: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
    let mut answer = None;
    let Err(ended): Result<Infallible, _> = diesel::Connection::transaction(connection, |connection| {
        answer = Some(ask(connection));
        Err(diesel::result::Error::RollbackTransaction)
    });
    answer.filter(|_| ended == diesel::result::Error::RollbackTransaction).unwrap_or_else(|| Err(ended.into()))
}

enum Ended {
    Ours(Error),
    Diesel(diesel::result::Error),
}

impl From<diesel::result::Error> for Ended {
    fn from(error: diesel::result::Error) -> Self {
        Self::Diesel(error)
    }
}

/// A row that is refused ends the loading: which it is, and what else is wrong, is found by set.
struct Straight<'w, 'l, 'c> {
    load: &'w mut Load<'l, 'c>,
    is_refused: bool,
}

impl Watch for Straight<'_, '_, '_> {
    fn wrote(&mut self, rows: u64) -> Result<()> {
        self.load.wrote(rows)
    }

    fn refused(&mut self, fault: Fault) -> Result<()> {
        self.is_refused = true;
        Err(fault.error.into_error("a row is refused"))
    }
}
