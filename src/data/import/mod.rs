//! The rows of a file into a table: in one transaction, in constant memory, and with the line of whatever is wrong.
//!
//! Rows of a table without a model go through the loader of `db/bulk`. Those of a model, and those that may be there already, go one
//! by one through its rules, hooks and audit.

mod records;
mod rejects;

use std::io::Read;
use std::path::Path;
use std::sync::Mutex;

use serde::Serialize;

use self::records::Records;
pub use self::rejects::{Rejected, Rejects};
use crate::audit::{Event, Trail};
use crate::db::bulk::{self, Fault, Watch};
use crate::db::{AnyConnection, TransactionOptions, transaction};
use crate::error::{Code, Error, Result};
use crate::exit_code::ExitCode;
use crate::rows::{Changes, Subject, Upserted};
use crate::tabular::Form;

/// What is wanted of an import.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub form: Form,
    /// Change the rows that are there already, by their key.
    pub upsert: bool,
    /// Do it, and take it back.
    pub dry_run: bool,
    /// An event for each row, rather than one with the counts.
    pub events: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Imported {
    pub table: String,
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub rejected: u64,
    pub dry_run: bool,
}

impl Imported {
    fn rows(&self) -> u64 {
        self.inserted + self.updated + self.unchanged
    }
}

/// A file of rows.
pub struct Input<'i> {
    /// For errors.
    pub name: &'i Path,
    /// Opens it, from its beginning: again, too, for the work to be tried again when others were at the same rows.
    pub open: &'i mut dyn FnMut() -> Result<Box<dyn Read + Send>>,
    /// Hears that all rows are in, and are committed now.
    pub commits: &'i mut dyn FnMut(),
}

/// Imports a file. `rejects`: where rows that are refused go; without it the first one ends the import. `told` hears how many rows are
/// in so far, and may end it.
pub fn import(
    connection: &mut AnyConnection,
    subject: &Subject<'_>,
    trail: &Trail,
    input: &mut Input<'_>,
    options: Options,
    rejects: Option<&Mutex<Rejects>>,
    told: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Imported> {
    let table = subject.name.to_string();
    subject.to_change()?;
    let lasting = subject.lasting(connection)?;
    lasting.as_ref().map_or(Ok(()), |lasting| lasting.check(options.dry_run))?;
    let nothing = Imported { table: table.clone(), dry_run: options.dry_run, ..Imported::default() };
    let mut imported = nothing.clone();
    let mut finished = false;
    let name = input.name;
    let mut first = Some(Records::open(subject, ((input.open)()?, name), options, rejects)?);
    // What stays in the table cannot be stored again.
    let attempts = TransactionOptions::new();
    let attempts = if lasting.is_none() { attempts } else { attempts.attempts(1) };
    let done = transaction(connection, &attempts, |connection| {
        let mut records = if let Some(records) = first.take() {
            records
        } else {
            imported = nothing.clone();
            if let Some(rejects) = rejects {
                rejects::locked(rejects).restart()?;
            }
            Records::open(subject, ((input.open)()?, name), options, rejects)?
        };
        if subject.entity.is_none() && !options.upsert && !options.events {
            let target = records.target();
            let mut keeper =
                Keeper { subject, name, form: options.form, rejects, told, inserted: 0, lasts: lasting.is_some() };
            let loaded = bulk::load(connection, &target, &mut records, &mut keeper);
            imported.inserted = keeper.inserted;
            loaded?;
        } else {
            let changes = Changes { events: options.events, ..Changes::new(subject, trail) };
            one_by_one(connection, &changes, &mut records, options, &mut imported, told)?;
        }
        if !options.events && trail.writes() {
            let counts = [("inserted", imported.inserted), ("updated", imported.updated)];
            trail.write(connection, &Event::bulk("import", &table, counts))?;
        }
        finished = true;
        (input.commits)();
        if options.dry_run { Err(Error::from(diesel::result::Error::RollbackTransaction)) } else { Ok(()) }
    });
    imported.rejected = rejects.map_or(0, |rejects| rejects::locked(rejects).count());
    match done {
        Ok(()) => Ok(imported),
        // Taken back, as was asked for.
        Err(_) if options.dry_run && finished => Ok(imported),
        Err(error) => {
            let error = match &lasting {
                Some(lasting) if imported.inserted + imported.updated > 0 => {
                    lasting.told(error, imported.inserted + imported.updated, "imported")
                }
                _ => error.note("nothing was imported"),
            };
            // Of what was wrong with the command or the file there is nothing to record.
            if error.exit_code() != ExitCode::Rejected || options.dry_run {
                return Err(error);
            }
            Err(trail.failed(connection, Event::bulk("import", &table, []), error))
        }
    }
}

/// Through the rules and hooks of a model, or by the key of what is there.
fn one_by_one(
    connection: &mut AnyConnection,
    changes: &Changes<'_, '_>,
    records: &mut Records<'_>,
    options: Options,
    imported: &mut Imported,
    told: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<()> {
    while let Some(record) = records.next_record()? {
        let change = |connection: &mut AnyConnection| {
            if options.upsert {
                changes.upsert(connection, record.clone())
            } else {
                changes.create(connection, record.clone()).map(Upserted::Created)
            }
        };
        // A row that is refused takes the transaction with it, on PostgreSQL, unless it is in a savepoint.
        let changed = if records.keeps_rejects() {
            transaction(connection, &TransactionOptions::new().attempts(1), change)
        } else {
            change(connection)
        };
        match changed {
            Ok(Upserted::Created(_)) => imported.inserted += 1,
            Ok(Upserted::Updated(..)) => imported.updated += 1,
            Ok(Upserted::Unchanged(_)) => imported.unchanged += 1,
            Err(error) if is_of_a_row(&error) => records.reject(error)?,
            Err(error) => return Err(error),
        }
        if imported.rows().is_multiple_of(256) {
            told(imported.rows())?;
        }
    }
    Ok(())
}

/// Whether a row is at fault, rather than the connection or the command.
fn is_of_a_row(error: &Error) -> bool {
    matches!(error.code(), Code::Invalid | Code::Constraint | Code::Value)
}

/// Watches the loader.
struct Keeper<'a, 'c> {
    subject: &'a Subject<'c>,
    name: &'a Path,
    form: Form,
    rejects: Option<&'a Mutex<Rejects>>,
    told: &'a mut dyn FnMut(u64) -> Result<()>,
    inserted: u64,
    /// The table keeps what is rolled back.
    lasts: bool,
}

impl Watch for Keeper<'_, '_> {
    fn wrote(&mut self, rows: u64) -> Result<()> {
        self.inserted += rows;
        (self.told)(self.inserted)
    }

    fn refused(&mut self, fault: Fault) -> Result<()> {
        let (error, fields, row) = rejects::of_fault(self.subject, self.name, self.form, &fault);
        match self.rejects {
            Some(rejects) => {
                let fields: Vec<_> = fields.iter().map(Option::as_deref).collect();
                rejects::locked(rejects).add(&fields, &error, row)
            }
            None => Err(error),
        }
    }

    fn lasts(&self) -> bool {
        self.lasts
    }
}
