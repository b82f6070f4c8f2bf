//! A run: the files, what they want, the plan, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use serde_json::Value;

use super::apply::{Apply, OnError, Written};
use super::clear::{self, Extent};
use super::csv::{self, CsvSeed};
use super::database::{Database, parts_of};
use super::desired::{self, Desired, Given, Item};
use super::order::Order;
use super::owned::{FILES, Known};
use super::plan::{self, Change, Difference, Key, OnDrift, Owned, Planned, Want};
use super::report::{ColumnReport, Counts, Done, Report, RowReport, SeedReport, shown_key};
use super::source::{self, Bulk, Plain, Seed};
use super::sql_file;
use crate::audit::{Event, Trail};
use crate::catalog::Catalog;
use crate::db::{AnyConnection, Dialect, Home, Kind};
use crate::entities::Registry;
use crate::error::{Code, Error, Result};
use crate::observer::{self, Observer};
use crate::text;

/// Where the files are.
#[derive(Debug, Clone)]
pub struct Files {
    pub directory: PathBuf,
    /// As it is shown in errors.
    pub shown: PathBuf,
    pub layers: Vec<String>,
    /// The layers were named, so that each must be there.
    pub named: bool,
}

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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Plan,
    Run,
}

/// What a run stands on.
pub struct Runner<'a> {
    pub connection: &'a mut AnyConnection,
    pub dialect: &'static dyn Dialect,
    pub home: &'a Home,
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

/// The seeds of the files, merged and checked as far as that goes without a database.
pub struct Seeds {
    pub rows: Vec<Seed>,
    pub bulk: Vec<Bulk>,
    pub plain: Vec<Plain>,
}

impl Seeds {
    /// Reads them. Every fault of the files is told.
    pub fn read(files: &Files) -> Result<Self> {
        if !files.directory.is_dir() {
            let message = format!("there is no directory `{}`", files.shown.display());
            return Err(Error::new(Code::ConfigMissing, message)
                .hint("`dbtool init` makes it; `dir` in `[seed]` names another"));
        }
        let (found, mut faults) = source::find(&files.directory, &files.shown, &files.layers, files.named)?;
        let (rows, bulk, plain) = source::merge(found, &mut faults);
        tell(faults)?;
        Ok(Self { rows, bulk, plain })
    }

    /// The names that can be asked for.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let rows = self.rows.iter().map(|seed| seed.name.clone());
        let bulk = self.bulk.iter().map(|bulk| bulk.name.clone());
        rows.chain(bulk).chain(self.plain.iter().map(|plain| plain.name.clone())).collect()
    }

    /// Whether any of them may delete rows.
    #[must_use]
    pub fn deletes(&self) -> bool {
        self.rows.iter().any(|seed| seed.mode == source::Mode::Exact)
    }

    /// Those that are asked for, with what they refer to; and the names of those that are asked for alone.
    fn chosen(mut self, names: &[String], catalog: &Catalog) -> Result<(Self, BTreeSet<String>)> {
        if names.is_empty() {
            let all = self.names();
            return Ok((self, all));
        }
        let all = self.names();
        let mut chosen: BTreeSet<String> = BTreeSet::new();
        for name in names {
            let folder = format!("{}/", name.trim_end_matches('/'));
            let meant: Vec<&String> = all.iter().filter(|one| *one == name || one.starts_with(&folder)).collect();
            if meant.is_empty() {
                let error = Error::new(Code::SeedUnknown, format!("there is no seed `{name}`"));
                let error =
                    text::did_you_mean(name, all.iter().map(String::as_str)).into_iter().fold(error, Error::hint);
                return Err(error.hint(format!("there are: {}", text::listed(all.iter().cloned()))));
            }
            chosen.extend(meant.into_iter().cloned());
        }
        let named = chosen.clone();
        // What they refer to, again and again until there is no more.
        loop {
            let mut tables = BTreeSet::new();
            for seed in self.rows.iter().filter(|seed| chosen.contains(&seed.name)) {
                tables.extend(refers_to(seed, catalog));
            }
            for bulk in self.bulk.iter().filter(|bulk| chosen.contains(&bulk.name)) {
                let columns = csv::header(&bulk.path).unwrap_or_default();
                let table = catalog.table(&bulk.header.table);
                let keys = table.into_iter().flat_map(|table| &table.foreign_keys);
                let listed = keys.filter(|key| key.columns.iter().any(|column| columns.contains(column)));
                tables.extend(listed.map(|key| key.to.to_string()));
            }
            let rows = self.rows.iter().filter(|seed| tables.contains(&seed.table)).map(|seed| seed.name.clone());
            let bulk =
                self.bulk.iter().filter(|bulk| tables.contains(&bulk.header.table)).map(|bulk| bulk.name.clone());
            let before = chosen.len();
            let more: Vec<String> = rows.chain(bulk).collect();
            chosen.extend(more);
            if chosen.len() == before {
                break;
            }
        }
        self.rows.retain(|seed| chosen.contains(&seed.name));
        self.bulk.retain(|bulk| chosen.contains(&bulk.name));
        self.plain.retain(|plain| chosen.contains(&plain.name));
        Ok((self, named))
    }
}

/// The tables that the rows of a seed refer to.
fn refers_to(seed: &Seed, catalog: &Catalog) -> BTreeSet<String> {
    let rows = seed.rows.iter().chain(seed.template.iter().map(|(row, _)| row));
    let cells: Vec<_> = rows.flat_map(|row| &row.cells).collect();
    let keys = catalog.table(&seed.table).map(|table| table.foreign_keys.as_slice()).unwrap_or_default();
    let listed =
        keys.iter().filter(|key| key.columns.iter().any(|column| cells.iter().any(|cell| cell.column == *column)));
    let named = cells.iter().filter_map(|cell| match &cell.value {
        source::Expression::Reference { table, .. } => Some(table.clone()),
        _ => None,
    });
    listed.map(|key| key.to.to_string()).chain(named).collect()
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
                plan: false,
                observer: self.observer,
            };
            let (dialect, home, trail) = (self.dialect, self.home, self.trail);
            let rejects = &mut report.rejects;
            let loaded = diesel::Connection::transaction(self.connection, |connection| {
                let mut database = Database { connection, dialect, home };
                let claimed = database.claim_ledger();
                claimed.map_err(|error| error.into_error("cannot keep other seedings out"))?;
                let known = database.files()?;
                let counts = file.run(&mut database, known.get(&file.name), wanted, rejects)?;
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
        let (seeds, named) = seeds.chosen(&request.names, self.catalog)?;
        let (mut faults, mut fatal) = (Vec::new(), false);
        let mut items =
            desired::items(seeds.rows, self.catalog, self.registry, self.sensitive, &mut faults, &mut fatal);
        let mut files = Vec::new();
        for bulk in &seeds.bulk {
            match csv::prepare(bulk, self.catalog, self.registry, self.sensitive) {
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
                let (dialect, home, catalog, registry) = (self.dialect, self.home, self.catalog, self.registry);
                let context = Within {
                    catalog,
                    registry,
                    sensitive: self.sensitive,
                    variable: self.variable,
                    environment: self.environment,
                    protected: self.protected,
                    trail: self.trail,
                    observer: self.observer,
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
                    let report = context.work(&mut database, &mut items, &faults);
                    crate::fault::point();
                    report.map_err(Failed::Ours)
                })
            };
            crate::fault::point();
            match outcome {
                Ok(report) => return self.load_alone(report, &files, request),
                Err(Failed::Ours(_)) if again.is_some() && started.elapsed() < self.patience => {
                    self.observer
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

/// What a run knows while its transaction is open.
struct Within<'a> {
    catalog: &'a Catalog,
    registry: &'a Registry,
    sensitive: &'a [String],
    variable: &'a dyn Fn(&str) -> Option<String>,
    environment: &'a str,
    protected: bool,
    trail: Option<&'a Trail>,
    observer: &'a dyn Observer,
    request: &'a Request,
    /// The seeds that were asked for, without those that they refer to.
    named: &'a BTreeSet<String>,
    order: &'a Order,
    files: &'a [CsvSeed<'a>],
    plain: &'a [Plain],
}

/// The keys of rows that are listed no more, and the columns that are asked for.
type Unread = (Vec<Vec<Value>>, BTreeSet<String>);

/// The name under which the first seeding's moment is kept.
const CLOCK: &str = "@clock";

impl<'a> Within<'a> {
    fn work<'c>(&self, database: &mut Database<'_>, items: &mut [Item<'c>], known: &[Error]) -> Result<Report>
    where
        'a: 'c,
    {
        let ledger = (self.request.act == Act::Run && known.is_empty()) || database.has(FILES)?;
        let file_tables: BTreeSet<String> = self.files.iter().map(|file| file.table.name()).collect();
        let gone = match self.request.clear {
            Some(what) if known.is_empty() => self.clear(database, items, &file_tables, what)?,
            _ => clear::Gone::new(),
        };
        let files = if ledger { database.files()? } else { BTreeMap::new() };
        let clock = self.clock(database, &files, known.is_empty())?;
        let given = Given { variable: self.variable, clock, protected: self.protected, environment: self.environment };
        let mut faults = known.to_vec();
        let mut desired = Desired {
            database,
            catalog: self.catalog,
            registry: self.registry,
            sensitive: self.sensitive,
            given: &given,
            files: &file_tables,
            faults: &mut faults,
        };
        desired.fill(items)?;
        tell(faults)?;
        let mut owned = Vec::new();
        for item in items.iter() {
            owned.push(if ledger { database.owned(&item.table.name())? } else { BTreeMap::new() });
        }
        let plans: Vec<Vec<Planned>> =
            items.iter().zip(&owned).map(|(item, owned)| self.plan(database, item, owned)).collect::<Result<_>>()?;
        self.refuse_drift(items, &plans)?;
        let mut report = Report {
            environment: self.environment.to_owned(),
            plan: self.request.act == Act::Plan,
            ..Report::default()
        };
        report.seeds = items.iter().zip(&plans).map(|(item, plan)| told(item, plan)).collect();
        for (table, count) in gone {
            if let Some(seed) = report.seeds.iter_mut().find(|seed| seed.table.as_deref() == Some(table.as_str())) {
                seed.counts.deleted += count;
            }
        }
        let mut left_out = Vec::new();
        let mut loaded: Vec<SeedReport> = Vec::new();
        let wanted = csv::Wanted {
            on_drift: self.request.on_drift,
            on_error: self.request.on_error,
            plan: self.request.act == Act::Plan,
            observer: self.observer,
        };
        let mut load = |database: &mut Database<'_>, table: &str| {
            let with_others = |file: &&CsvSeed<'_>| !file.alone || wanted.plan;
            for file in self.files.iter().filter(|file| file.table.name() == table).filter(with_others) {
                let counts = file.run(database, files.get(&file.name), wanted, &mut left_out)?;
                let table = Some(table.to_owned());
                loaded.push(SeedReport { name: file.name.clone(), table, counts, rows: Vec::new() });
            }
            Ok(())
        };
        if self.request.act == Act::Run {
            let mut apply = Apply::new(database, self.order, self.request.on_error);
            apply.run(items, &plans, &owned, &mut load)?;
            let (rejects, written) = (apply.rejects, apply.written);
            for (at, _) in &rejects {
                let counts = &mut report.seeds[*at].counts;
                counts.inserted -= 1;
                counts.rejected += 1;
            }
            report.seeds.append(&mut loaded);
            report.rejects = rejects.into_iter().map(|(_, reject)| reject).collect();
            report.rejects.append(&mut left_out);
            self.audit(database, items, &report, &written)?;
        } else {
            for table in &self.order.tables {
                load(database, table)?;
            }
            report.seeds.append(&mut loaded);
        }
        for plain in self.plain {
            let known = files.get(&sql_file::name(plain));
            report.seeds.push(sql_file::run(database, plain, known, self.request.act == Act::Plan, self.observer)?);
        }
        report.settle();
        Ok(report)
    }

    /// Takes away what is to be seeded anew.
    fn clear(
        &self,
        database: &mut Database<'_>,
        items: &[Item<'_>],
        file_tables: &BTreeSet<String>,
        (extent, cascade): (Extent, bool),
    ) -> Result<clear::Gone> {
        let named = items.iter().filter(|item| self.named.contains(&item.name));
        let mut tables: BTreeSet<String> = named.map(|item| item.table.name()).collect();
        let named = self.files.iter().filter(|file| self.named.contains(&file.name));
        tables.extend(named.map(|file| file.table.name()));
        let known = database.files()?;
        let mut unload = |database: &mut Database<'_>, table: &str| {
            let mut count = 0;
            let is_meant = |file: &&CsvSeed<'_>| {
                file.table.name() == table && known.contains_key(&file.name) && self.named.contains(&file.name)
            };
            for file in self.files.iter().filter(is_meant) {
                match extent {
                    Extent::Owned => count += file.clear(database)?,
                    Extent::AllRows => database.forget_file(&file.name)?,
                }
            }
            Ok(count)
        };
        let of = (self.catalog, self.registry);
        clear::clear(database, of, (&tables, file_tables), self.named, (extent, cascade), &mut unload)
    }

    /// The moment that `{ now = … }` counts from: that of the first seeding.
    fn clock(
        &self,
        database: &mut Database<'_>,
        files: &BTreeMap<String, Known>,
        notes: bool,
    ) -> Result<DateTime<Utc>> {
        if let Some(clock) = files.get(CLOCK).and_then(|known| known.clock.parse().ok()) {
            return Ok(clock);
        }
        let now = Utc::now().trunc_subsecs(0);
        if self.request.act == Act::Run && notes {
            let clock = now.to_rfc3339_opts(SecondsFormat::Secs, true);
            database.note_file(CLOCK, &Known { clock, ..Known::default() })?;
        }
        Ok(now)
    }

    fn plan(&self, database: &mut Database<'_>, item: &Item<'_>, owned: &BTreeMap<Key, Owned>) -> Result<Vec<Planned>> {
        let listed: Vec<_> = item.rows.iter().map(|row| row.listed.clone()).collect();
        let mut stored = item.stored.clone();
        let names: BTreeSet<&Key> = listed.iter().map(|row| &row.key).collect();
        let mine: BTreeMap<Key, Owned> = owned
            .iter()
            .filter(|(key, owned)| owned.seed == item.name || names.contains(key))
            .map(|(key, owned)| (key.clone(), owned.clone()))
            .collect();
        if item.mode == source::Mode::Exact {
            // Rows that are listed no more were not read yet.
            let mut gone: BTreeMap<Vec<String>, Unread> = BTreeMap::new();
            for (key, owned) in mine.iter().filter(|(key, _)| !stored.contains_key(*key)) {
                let parts = parts_of(key);
                let (values, wanted) = gone.entry(parts.keys().cloned().collect()).or_default();
                values.push(parts.values().cloned().collect());
                wanted.extend(owned.written.keys().cloned());
            }
            for (names, (values, wanted)) in gone {
                stored.extend(database.read(&item.table, &names, &values, &wanted)?);
            }
        }
        Ok(plan::plan(item.mode, self.request.on_drift, &listed, &stored, &mine))
    }

    fn refuse_drift(&self, items: &[Item<'_>], plans: &[Vec<Planned>]) -> Result<()> {
        if self.request.on_drift != OnDrift::Fail {
            return Ok(());
        }
        let mut edited = Vec::new();
        for (item, plan) in items.iter().zip(plans) {
            for planned in plan.iter().filter(|planned| !planned.kept.is_empty()) {
                let key = shown_key(&parts_of(&planned.key), |name, value| shown(item, name, value));
                let key: Vec<_> = key.iter().map(|(column, value)| format!("{column} = {value}")).collect();
                let columns: Vec<_> = planned.kept.iter().map(|kept| kept.column.as_str()).collect();
                edited.push(format!("`{}` with {}: {}", item.table.name(), key.join(", "), columns.join(", ")));
            }
        }
        if edited.is_empty() {
            return Ok(());
        }
        let message = format!("{} edited since a seed wrote them", text::count(edited.len(), "row"));
        let error = edited.into_iter().fold(Error::new(Code::SeedDrift, message), Error::note);
        Err(error.note("nothing was written").hint(
            "`on_drift` in `[seed]` decides: `keep` leaves them as they are, `overwrite` writes what the seeds say",
        ))
    }

    fn audit(
        &self,
        database: &mut Database<'_>,
        items: &[Item<'_>],
        report: &Report,
        written: &[Written],
    ) -> Result<()> {
        let Some(trail) = self.trail.filter(|trail| trail.writes()) else { return Ok(()) };
        let mut events = Vec::new();
        if self.request.audit_rows {
            for row in written {
                let item = &items[row.item];
                let id: Vec<String> = parts_of(&row.key)
                    .values()
                    .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                    .collect();
                let mut event = Event::new("seed", item.table.name(), id.join(","));
                event.before.clone_from(&row.before);
                event.after.clone_from(&row.after);
                events.push(event);
            }
        } else {
            let mut tables: BTreeMap<&str, Counts> = BTreeMap::new();
            for seed in &report.seeds {
                tables.entry(seed.table.as_deref().unwrap_or("")).or_default().add(seed.counts);
            }
            for (table, counts) in tables.into_iter().filter(|(_, counts)| counts.changes()) {
                events.push(bulk_event(table, counts));
            }
        }
        record(database, Some(trail), &events)
    }
}

/// What was done to a table, as one event.
fn bulk_event(table: &str, counts: Counts) -> Event {
    let counts = [("inserted", counts.inserted), ("updated", counts.updated), ("deleted", counts.deleted)];
    Event::bulk("seed", table, counts)
}

fn record(database: &mut Database<'_>, trail: Option<&Trail>, events: &[Event]) -> Result<()> {
    for event in events {
        if let Err(error) = trail.map_or(Ok(()), |trail| trail.write(database.connection, event)) {
            return Err(database.connection.failure(error).into_error("cannot record what the seeds changed"));
        }
    }
    Ok(())
}

fn shown(item: &Item<'_>, name: &str, value: &Value) -> String {
    item.table.columns.get(name).map_or_else(|| value.to_string(), |column| column.shown(value))
}

/// What a plan says of a seed, for the report.
fn told(item: &Item<'_>, plan: &[Planned]) -> SeedReport {
    let mut report = SeedReport { name: item.name.clone(), table: Some(item.table.name()), ..SeedReport::default() };
    for planned in plan {
        let column = |difference: &Difference| ColumnReport {
            column: difference.column.clone(),
            before: Some(shown(item, &difference.column, &difference.before)),
            after: Some(shown_want(item, &difference.column, &difference.after)),
        };
        let counts = &mut report.counts;
        let (change, columns) = match &planned.change {
            Change::Insert => {
                counts.inserted += 1;
                let wants = planned.listed.map(|number| &item.rows[number].listed.wants);
                let new = |(name, want): (&String, &Want)| ColumnReport {
                    column: name.clone(),
                    before: None,
                    after: Some(shown_want(item, name, want)),
                };
                (Done::Insert, wants.into_iter().flatten().map(new).collect())
            }
            Change::Update(differences) => {
                counts.updated += 1;
                (Done::Update, differences.iter().map(column).collect())
            }
            Change::Delete(_) => {
                counts.deleted += 1;
                (Done::Delete, Vec::new())
            }
            Change::Unchanged => {
                counts.unchanged += 1;
                (Done::Keep, Vec::new())
            }
        };
        let row = |change, columns| RowReport {
            change,
            key: shown_key(&parts_of(&planned.key), |name, value| shown(item, name, value)),
            columns,
            overwrites: planned.overwritten,
        };
        if change != Done::Keep {
            report.rows.push(row(change, columns));
        }
        if !planned.kept.is_empty() {
            report.counts.kept += 1;
            report.rows.push(row(Done::Keep, planned.kept.iter().map(column).collect()));
        }
    }
    report
}

fn shown_want(item: &Item<'_>, name: &str, want: &Want) -> String {
    match want {
        Want::Is(value) => shown(item, name, value),
        other => other.shown().as_str().unwrap_or_default().to_owned(),
    }
}
