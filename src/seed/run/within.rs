//! The work of a run while its transaction is open.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use serde_json::Value;

use super::told::{shown, told};
use super::{Act, Context, Request, tell};
use crate::error::{Code, Error, Result};
use crate::seed::apply::Apply;
use crate::seed::clear::{self, Extent};
use crate::seed::csv::{self, CsvSeed};
use crate::seed::database::{Database, parts_of};
use crate::seed::desired::{Desired, Files, Given, Item};
use crate::seed::order::Order;
use crate::seed::owned::{FILES, Known};
use crate::seed::plan::{self, Change, Difference, Key, OnDrift, Owned, Planned};
use crate::seed::report::{Report, SeedReport, shown_key};
use crate::seed::source::{self, Plain};
use crate::seed::sql_file;
use crate::text;

/// What a run knows while its transaction is open.
pub struct Within<'a> {
    pub context: Context<'a>,
    pub request: &'a Request,
    /// The seeds that were asked for, without those that they refer to.
    pub named: &'a BTreeSet<String>,
    pub order: &'a Order,
    pub files: &'a [CsvSeed<'a>],
    pub plain: &'a [Plain],
}

/// The keys of rows that are listed no more, and the columns that are asked for.
type Unread = (Vec<Vec<Value>>, BTreeSet<String>);

/// The name under which the first seeding's moment is kept.
const CLOCK: &str = "@clock";

impl<'a> Within<'a> {
    pub fn work<'c>(&self, database: &mut Database<'_>, items: &mut [Item<'c>], known: &[Error]) -> Result<Report>
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
        let given = Given {
            variable: self.context.variable,
            clock,
            protected: self.context.protected,
            environment: self.context.environment,
        };
        let mut faults = known.to_vec();
        let mut desired = Desired {
            database,
            catalog: self.context.catalog,
            registry: self.context.registry,
            sensitive: self.context.sensitive,
            given: &given,
            files: Files::new(self.files, &files, self.request.on_drift),
            faults: &mut faults,
        };
        desired.fill(items)?;
        faults.extend(csv::in_two_files(database, self.files, &files)?);
        tell(faults)?;
        let mut owned = Vec::new();
        for item in items.iter() {
            owned.push(if ledger { database.owned(&item.table.name())? } else { BTreeMap::new() });
        }
        let plans: Vec<Vec<Planned>> =
            items.iter().zip(&owned).map(|(item, owned)| self.plan(database, item, owned)).collect::<Result<_>>()?;
        self.refuse_drift(items, &plans)?;
        let mut report = Report {
            environment: self.context.environment.to_owned(),
            plan: self.request.act == Act::Plan,
            ..Report::default()
        };
        report.seeds = items.iter().zip(&plans).map(|(item, plan)| told(item, plan)).collect();
        let mut left_out = Vec::new();
        let mut loaded: Vec<SeedReport> = Vec::new();
        let plans_only = self.request.act == Act::Plan;
        let mut fresh = fresh(items, &plans);
        let listed = if plans_only { new_rows(items, &plans) } else { Vec::new() };
        let mut load = |database: &mut Database<'_>, table: &str| {
            let with_others = |file: &&CsvSeed<'_>| !file.alone || plans_only;
            for file in self.files.iter().filter(|file| file.table.name() == table).filter(with_others) {
                let before = csv::Before { tables: &fresh, files: self.files, listed: &listed };
                let wanted = csv::Wanted {
                    on_drift: self.request.on_drift,
                    on_error: self.request.on_error,
                    plan: plans_only.then_some(before),
                    in_memory: self.request.in_memory,
                    observer: self.context.observer,
                };
                let counts = file.run(database, files.get(&file.known_as), wanted, &mut left_out)?;
                if counts.inserted > 0 {
                    fresh.insert(table.to_owned());
                }
                let table = Some(table.to_owned());
                loaded.push(SeedReport { name: file.name.clone(), table, counts, rows: Vec::new() });
            }
            Ok(())
        };
        if self.request.act == Act::Run {
            let mut apply = Apply::new(database, self.order, self.files, self.request.on_error);
            apply.run(items, &plans, &owned, &mut load)?;
            let (rejects, lacking, written) = (apply.rejects, apply.lacking, apply.written);
            for (at, _) in &rejects {
                let counts = &mut report.seeds[*at].counts;
                counts.inserted -= 1;
                counts.rejected += 1;
            }
            report.seeds.append(&mut loaded);
            add_gone(&mut report, gone);
            report.rejects = rejects.into_iter().map(|(_, reject)| reject).chain(lacking).collect();
            self.audit(database, items, &report, &written)?;
        } else {
            for table in &self.order.tables {
                load(database, table)?;
            }
            report.seeds.append(&mut loaded);
        }
        report.rejects.append(&mut left_out);
        for plain in self.plain {
            let known = files.get(&sql_file::name(plain));
            report.seeds.push(sql_file::run(
                database,
                plain,
                known,
                self.request.act == Act::Plan,
                self.context.observer,
            )?);
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
            let is_meant = |file: &&CsvSeed<'_>| file.table.name() == table && self.named.contains(&file.name);
            for file in self.files.iter().filter(is_meant) {
                let Some(known) = known.get(&file.known_as) else { continue };
                match extent {
                    Extent::Owned => count += file.clear(database, known, self.context.observer)?,
                    Extent::AllRows => database.forget_file(&file.known_as)?,
                }
            }
            Ok(count)
        };
        let of = (self.context.catalog, self.context.registry);
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
}

/// The tables that get rows of the seeds.
fn fresh(items: &[Item<'_>], plans: &[Vec<Planned>]) -> BTreeSet<String> {
    let inserts = |plan: &[Planned]| plan.iter().any(|row| matches!(row.change, Change::Insert));
    items.iter().zip(plans).filter(|(_, plan)| inserts(plan)).map(|(item, _)| item.table.name()).collect()
}

/// The rows that are to be written.
fn new_rows(items: &[Item<'_>], plans: &[Vec<Planned>]) -> Vec<csv::NewRow> {
    let rows = items.iter().zip(plans).flat_map(|(item, plan)| {
        plan.iter().filter_map(|row| {
            let (inserted, wants) = match &row.change {
                Change::Insert => (true, item.rows[row.listed?].listed.wants.clone()),
                Change::Update(changes) => {
                    let after = |change: &Difference| (change.column.clone(), change.after.clone());
                    (false, changes.iter().map(after).collect())
                }
                _ => return None,
            };
            Some(csv::NewRow { table: item.table.name(), inserted, wants })
        })
    });
    rows.collect()
}

/// Tells what was deleted of each table with the first of its seeds.
fn add_gone(report: &mut Report, gone: clear::Gone) {
    for (table, count) in gone {
        if let Some(seed) = report.seeds.iter_mut().find(|seed| seed.table.as_deref() == Some(table.as_str())) {
            seed.counts.deleted += count;
        }
    }
}
