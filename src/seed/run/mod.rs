//! A run: the files, what they want, the plan, and what comes of it.

mod seeds;
mod told;
mod within;

use std::time::{Duration, Instant};

pub use seeds::{Files, Seeds};
use told::{bulk_event, record};
use within::Within;

use super::apply::OnError;
use super::clear::Extent;
use super::csv::{self, CsvSeed, MOST};
use super::database::Database;
use super::desired;
use super::owned::FILES;
use super::plan::OnDrift;
use super::report::{Report, SeedReport};
use super::sql_file;
use crate::audit::Trail;
use crate::catalog::Catalog;
use crate::db::{AnyConnection, Dialect, Home, Kind};
use crate::entities::Registry;
use crate::error::{Code, Error, Result};
use crate::observer::{self, Observer};
use crate::text;

/// As many rows as memory is taken for.
pub const IN_MEMORY: usize = MOST;

/// What is wanted of a run.
#[derive(Debug, Clone)]
pub struct Request {
    /// Seeds by their names, with what they refer to; none: all.
    pub names: Vec<String>,
    pub act: Act,
    pub on_drift: OnDrift,
    pub on_error: OnError,
    /// An event for each row, not one for each table.
    pub audit_rows: bool,
    /// What is taken away before.
    pub clear: Option<(Extent, bool)>,
    /// CSV is compared in memory with tables of so many rows at most, [`IN_MEMORY`] if that is fewer; in the database with others.
    pub in_memory: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Plan,
    Run,
}

/// What a run knows before it begins.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub catalog: &'a Catalog,
    pub registry: &'a Registry,
    /// Columns whose values are never shown.
    pub sensitive: &'a [String],
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    pub environment: &'a str,
    pub protected: bool,
    /// Where the events of the run go.
    pub trail: Option<&'a Trail>,
    pub observer: &'a dyn Observer,
}

/// What a run stands on.
pub struct Runner<'a> {
    pub connection: &'a mut AnyConnection,
    pub dialect: &'static dyn Dialect,
    pub home: &'a Home,
    pub context: Context<'a>,
    /// How long to wait for another one that seeds.
    pub patience: Duration,
}

/// What a run ends with, so that a transaction around it is rolled back.
enum Failed {
    Ours(Error),
    Diesel(diesel::result::Error),
}

impl From<diesel::result::Error> for Failed {
    fn from(error: diesel::result::Error) -> Self {
        Self::Diesel(error)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

/// One fault is told as it is, several together.
fn tell(mut faults: Vec<Error>) -> Result<()> {
    if faults.len() < 2 {
        return faults.pop().map_or(Ok(()), Err);
    }
    let message = format!("{} in the seeds; nothing was written", text::count(faults.len(), "fault"));
    let told = faults.iter().map(|fault| {
        let place = fault.place().map(|place| format!("{place}: ")).unwrap_or_default();
        let hints: String = fault.hints().iter().take(1).map(|hint| format!(" ({hint})")).collect();
        format!("{place}{fault}{hints}")
    });
    Err(told.fold(Error::new(Code::SeedFile, message), Error::note))
}

impl Runner<'_> {
    /// Makes what a run needs of its own tables. On MySQL this commits a transaction that is open: before one begins.
    pub fn prepare(&mut self) -> Result<()> {
        self.database().make_ledger()
    }

    /// Files that asked for a transaction of their own: those before one that fails stay.
    fn load_alone(&mut self, mut report: Report, files: &[CsvSeed<'_>], request: &Request) -> Result<Report> {
        for file in files.iter().filter(|file| file.alone && request.act == Act::Run) {
            let wanted = csv::Wanted {
                on_drift: request.on_drift,
                on_error: request.on_error,
                plan: None,
                in_memory: request.in_memory,
                observer: self.context.observer,
            };
            let (dialect, home, trail) = (self.dialect, self.home, self.context.trail);
            let rejects = &mut report.rejects;
            let loaded = diesel::Connection::transaction(self.connection, |connection| {
                let mut database = Database { connection, dialect, home };
                let claimed = database.claim_ledger();
                claimed.map_err(|error| error.into_error("cannot keep other seedings out"))?;
                let known = database.files()?;
                let counts = file.run(&mut database, known.get(&file.known_as), wanted, rejects)?;
                let table = file.table.name();
                if counts.changes() {
                    record(&mut database, trail, &[bulk_event(&table, counts)])?;
                }
                Ok::<_, Failed>(SeedReport { name: file.name.clone(), table: Some(table), counts, rows: Vec::new() })
            });
            match loaded {
                Ok(seed) => report.seeds.push(seed),
                Err(Failed::Ours(error)) => return Err(error.note("the seeds before it are written")),
                Err(Failed::Diesel(error)) => {
                    return Err(self.connection.failure(error).into_error("the file could not be committed"));
                }
            }
        }
        report.settle();
        Ok(report)
    }

    fn is_in_transaction(&mut self) -> bool {
        use diesel::connection::TransactionManager as _;
        let status = AnyConnection::transaction_manager_status_mut(self.connection);
        status.transaction_depth().is_ok_and(|depth| depth.is_some())
    }

    fn database(&mut self) -> Database<'_> {
        Database { connection: self.connection, dialect: self.dialect, home: self.home }
    }

    /// Plans, and does it where that is asked for: in a transaction of its own, or within the one that is open.
    pub fn run(&mut self, seeds: Seeds, request: &Request) -> Result<Report> {
        let Context { catalog, registry, sensitive, .. } = self.context;
        let (seeds, named) = seeds.chosen(&request.names, catalog)?;
        let (mut faults, mut fatal) = (Vec::new(), false);
        let mut items = desired::items(seeds.rows, catalog, registry, sensitive, &mut faults, &mut fatal);
        let mut files = Vec::new();
        for bulk in &seeds.bulk {
            match csv::prepare(bulk, catalog, registry, sensitive) {
                Ok(file) => files.push(file),
                Err(fault) => faults.push(fault),
            }
        }
        for plain in &seeds.plain {
            faults.extend(sql_file::check(plain, self.dialect).err());
        }
        if fatal || seeds.bulk.len() > files.len() || faults.iter().any(|fault| fault.code() != Code::SeedFile) {
            tell(faults)?;
            faults = Vec::new();
        }
        let order = desired::ordered(&mut items, &files)?;
        let is_open = self.is_in_transaction();
        if request.act == Act::Run && faults.is_empty() {
            if is_open && !self.database().has(FILES)? {
                let message = "the ledger of the seeds is not there, and a transaction is open";
                return Err(
                    Error::new(Code::Usage, message).hint("`Runner::prepare` makes it, before the transaction begins")
                );
            }
            self.prepare()?;
        }
        let started = Instant::now();
        loop {
            let mut again = None;
            let outcome = {
                let (dialect, home) = (self.dialect, self.home);
                let within = Within {
                    context: self.context,
                    request,
                    named: &named,
                    order: &order,
                    files: &files,
                    plain: &seeds.plain,
                };
                diesel::Connection::transaction(self.connection, |connection| {
                    let mut database = Database { connection, dialect, home };
                    if request.act == Act::Run
                        && faults.is_empty()
                        && let Err(error) = database.claim_ledger()
                    {
                        again = (error.kind == Kind::LockTimeout).then(|| error.clone());
                        return Err(Failed::Ours(error.into_error("cannot keep other seedings out")));
                    }
                    crate::fault::point();
                    let report = within.work(&mut database, &mut items, &faults);
                    crate::fault::point();
                    report.map_err(Failed::Ours)
                })
            };
            crate::fault::point();
            match outcome {
                Ok(report) => return self.load_alone(report, &files, request),
                Err(Failed::Ours(_)) if again.is_some() && started.elapsed() < self.patience => {
                    self.context
                        .observer
                        .on(observer::Event::Waiting { reason: "another one seeds, or writes to the database".into() });
                }
                Err(Failed::Ours(error)) => return Err(error),
                Err(Failed::Diesel(error)) => {
                    let error = self.connection.failure(error);
                    let code = if error.kind == Kind::Constraint { Code::SeedRejected } else { Code::Database };
                    return Err(error
                        .into_error("the seeds could not be committed")
                        .with_code(code)
                        .note("nothing was written"));
                }
            }
        }
    }
}
