//! What is told of a run: its events, and its report.

use std::collections::BTreeMap;

use serde_json::Value;

use super::within::Within;
use crate::audit::{Event, Trail};
use crate::error::Result;
use crate::secret::MASK;
use crate::seed::apply::Written;
use crate::seed::database::{Database, parts_of};
use crate::seed::desired::Item;
use crate::seed::plan::{self, Change, Difference, Planned, Want};
use crate::seed::report::{ColumnReport, Counts, Done, Report, RowReport, SeedReport, shown_key};

impl Within<'_> {
    pub fn audit(
        &self,
        database: &mut Database<'_>,
        items: &[Item<'_>],
        report: &Report,
        written: &[Written],
    ) -> Result<()> {
        let Some(trail) = self.context.trail.filter(|trail| trail.writes()) else { return Ok(()) };
        let mut events = Vec::new();
        if self.request.audit_rows {
            for row in written {
                let item = &items[row.item];
                let parts = parts_of(&row.key);
                let is_sensitive =
                    |name: &String| item.table.columns.get(name.as_str()).is_some_and(|column| column.sensitive);
                let part = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let id = if parts.keys().any(is_sensitive) {
                    MASK.to_owned()
                } else {
                    parts.values().map(part).collect::<Vec<_>>().join(",")
                };
                let mut event = Event::new("seed", item.table.name(), id);
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
pub fn bulk_event(table: &str, counts: Counts) -> Event {
    let counts = [("inserted", counts.inserted), ("updated", counts.updated), ("deleted", counts.deleted)];
    Event::bulk("seed", table, counts)
}

pub fn record(database: &mut Database<'_>, trail: Option<&Trail>, events: &[Event]) -> Result<()> {
    for event in events {
        if let Err(error) = trail.map_or(Ok(()), |trail| trail.write(database.connection, event)) {
            return Err(database.connection.failure(error).into_error("cannot record what the seeds changed"));
        }
    }
    Ok(())
}

pub fn shown(item: &Item<'_>, name: &str, value: &Value) -> String {
    item.table.columns.get(name).map_or_else(|| value.to_string(), |column| plan::shown(column, value))
}

/// What a plan says of a seed, for the report.
pub fn told(item: &Item<'_>, planned: &[Planned]) -> SeedReport {
    let mut report = SeedReport { name: item.name.clone(), table: Some(item.table.name()), ..SeedReport::default() };
    for planned in planned {
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
