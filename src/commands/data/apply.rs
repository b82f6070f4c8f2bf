//! What `create`, `update` and `delete` have in common: one transaction, its guards, and what is told of it.

use serde::Serialize;

use super::selection::{Chosen, Selection};
use super::view::{One, Records, print, print_changes};
use crate::audit::{Event, Trail};
use crate::commands::db::check_stamp;
use crate::commands::guard::{self, Danger};
use crate::context::Context;
use crate::data::{Condition, Expr, Query, Sort, World};
use crate::db::{AnyConnection, TransactionOptions, Value, transaction};
use crate::error::{Code, Error, Result};
use crate::exit_code::ExitCode;
use crate::output::Format;
use crate::record::Record;
use crate::rows::Subject;
use crate::text;

/// How rows are changed.
#[derive(Debug, clap::Args)]
pub struct How {
    /// Run it, show rows before and after, and roll back
    #[arg(long)]
    pub dry_run: bool,
    /// Write an audit event for each row, also where they are many
    #[arg(long, value_name = "rows", value_parser = ["rows"])]
    pub audit: Option<String>,
    /// Show sensitive values
    #[arg(long)]
    pub reveal: bool,
}

/// Which rows may be changed.
#[derive(Debug, clap::Args)]
pub struct Bounds {
    #[command(flatten)]
    pub selection: Selection,
    /// Every row of the table
    #[arg(long, conflicts_with_all = ["filter", "wheres", "key"])]
    pub all: bool,
    /// How many rows may change at most: one by default, unless keys or `--all` say how many
    #[arg(long, value_name = "N")]
    pub max_rows: Option<u64>,
    /// What must hold for each of the rows, else nothing is done: `updated_at=2026-01-05T09:00:00Z`
    #[arg(long = "if", value_name = "FILTER")]
    pub ifs: Vec<String>,
}

/// A row before and after; nothing where there was or is none.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    pub before: Option<Record>,
    pub after: Option<Record>,
}

/// What was done.
#[derive(Debug, Clone, Default)]
pub struct Done {
    pub changes: Vec<Change>,
    /// Where rows were not read one by one.
    pub count: Option<u64>,
}

impl Bounds {
    /// Which rows are meant. Nothing said is refused, and `--all` in a protected environment.
    pub fn choose<'c>(
        &self,
        context: &Context<'_>,
        subject: &Subject<'c>,
        words: &[String],
        world: World<'_>,
        does: &str,
    ) -> Result<Chosen<'c>> {
        let chosen = self.selection.read(subject, words, world)?;
        if self.all {
            if chosen.condition.is_some() {
                return Err(Error::new(Code::Usage, "`--all` stands with a key or filter").note("nothing was done"));
            }
            guard::check(context, Danger::Reverts, &format!("{does} every row of `{}`?", subject.name))?;
        } else if chosen.condition.is_none() {
            return Err(super::selection::refuse_all(subject, does));
        }
        Ok(chosen)
    }

    /// The rows that are meant, which nobody else changes from now on. More than are allowed are refused.
    pub fn rows(
        &self,
        connection: &mut AnyConnection,
        subject: &Subject<'_>,
        chosen: &Chosen<'_>,
        world: World<'_>,
    ) -> Result<Vec<Vec<Value>>> {
        let most = match (self.max_rows, self.all, chosen.keys) {
            (Some(most), ..) => Some(most),
            (None, true, _) => None,
            (None, false, keys) => Some(keys.max(1) as u64),
        };
        let key = subject.key();
        let by = key.iter().map(|column| crate::data::By { column: *column, descending: false }).collect();
        let sort = Sort { by, total: !key.is_empty() };
        let query =
            Query { condition: chosen.condition.clone(), sort, limit: most, ..Query::new(subject.clone(), true)? };
        let rows = query.locked(connection)?;
        if let Some(most) = most.filter(|most| rows.len() as u64 > *most) {
            let all = Query { limit: None, ..query.clone() }.counted(connection)?;
            let message = format!(
                "{} of `{}` would change, and {most} may",
                text::count(usize::try_from(all).unwrap_or(usize::MAX), "row"),
                subject.name
            );
            let error = Error::new(Code::TooManyRows, message).note("nothing was done");
            return Err(error.hint(format!("add `--max-rows {all}`, if you mean all of them")));
        }
        if rows.is_empty() && !self.all {
            let message = match chosen.keys {
                0 => format!("no row of `{}` is as the filter says", subject.name),
                _ => format!("`{}` has no row of this key", subject.name),
            };
            return Err(Error::new(Code::NoRow, message)
                .note("nothing was done")
                .hint(format!("`dbtool data list {}` lists them", subject.name)));
        }
        if chosen.keys > rows.len() {
            let message = format!(
                "`{}` has {} of the {} keys that were named",
                subject.name,
                text::count(rows.len(), "row"),
                chosen.keys
            );
            return Err(Error::new(Code::NoRow, message).note("nothing was done"));
        }
        self.check_ifs(connection, &query, rows.len(), world)?;
        Ok(rows)
    }

    fn check_ifs(
        &self,
        connection: &mut AnyConnection,
        query: &Query<'_>,
        found: usize,
        world: World<'_>,
    ) -> Result<()> {
        if self.ifs.is_empty() {
            return Ok(());
        }
        let filters = self.ifs.iter().map(|word| crate::data::filter(word)).collect::<Result<Vec<Expr>>>()?;
        let mut parts: Vec<Condition<'_>> = query.condition.clone().into_iter().collect();
        for filter in &filters {
            parts.push(Condition::resolve(&query.subject, filter, world)?);
        }
        let still = Query { condition: Some(Condition::All(parts)), ..query.clone() }.counted(connection)?;
        if still == found as u64 {
            return Ok(());
        }
        let message = format!(
            "{} of `{}` is not as `--if` says: another changed it meanwhile",
            text::count(found - usize::try_from(still).unwrap_or(0), "row"),
            query.subject.name
        );
        let error = Error::new(Code::NotAsExpected, message).note("nothing was done");
        Err(error.hint("read the row again, and decide anew"))
    }
}

/// Does something in one transaction, which is rolled back after `--dry-run`; what the database or a rule refuses is recorded.
pub fn run(
    context: &Context<'_>,
    connection: &mut AnyConnection,
    trail: &Trail,
    how: &How,
    event: Event,
    mut work: impl FnMut(&mut AnyConnection) -> Result<Done>,
) -> Result<Done> {
    check_stamp(context)?;
    let mut rehearsed = None;
    let outcome = transaction(connection, &TransactionOptions::new(), |connection| {
        rehearsed = None;
        let done = work(connection)?;
        if how.dry_run {
            rehearsed = Some(done);
            // Nobody sees it: it only takes everything back.
            return Err(Error::new(Code::Unexpected, "rolled back"));
        }
        Ok(done)
    });
    match (outcome, rehearsed) {
        (Ok(done), _) | (Err(_), Some(done)) => Ok(done),
        (Err(error), None) if error.exit_code() == ExitCode::Rejected && !how.dry_run => {
            Err(trail.failed(connection, event, error))
        }
        (Err(error), None) => Err(error),
    }
}

/// Shows what was done, or would be.
pub fn tell(
    context: &Context<'_>,
    subject: &Subject<'_>,
    how: &How,
    verb: &str,
    single: bool,
    done: &Done,
) -> Result<()> {
    let masked = |record: &Record| subject.masked(record, how.reveal);
    let shown: Vec<Change> = done
        .changes
        .iter()
        .map(|change| Change { before: change.before.as_ref().map(masked), after: change.after.as_ref().map(masked) })
        .collect();
    let rows: Vec<Record> =
        shown.iter().filter_map(|change| change.after.clone().or_else(|| change.before.clone())).collect();
    let names: Vec<String> = subject.columns.iter().map(|column| column.name.clone()).collect();
    let count = done.count.unwrap_or(done.changes.len() as u64);
    if context.format == Format::Table {
        for change in &shown {
            match (&change.before, &change.after) {
                (Some(before), Some(after)) if before == after => {}
                (Some(before), Some(after)) => {
                    context.terminal.data(&format!("{}\n", text::printable(&title(subject, before))));
                    print_changes(context.terminal, before, after);
                }
                (one, other) => {
                    if let Some(record) = other.as_ref().or(one.as_ref()).filter(|_| verb == "created" || how.dry_run) {
                        print(context.terminal, record, &names);
                    }
                }
            }
        }
    } else if how.dry_run {
        #[derive(Serialize)]
        struct Rehearsed {
            dry_run: bool,
            rows: Vec<Change>,
            count: u64,
        }
        Records::new(&Rehearsed { dry_run: true, rows: shown, count }, &rows, names).emit(context)?;
    } else if let (true, [row]) = (single, rows.as_slice()) {
        One::new(row, names).emit(context)?;
    } else {
        #[derive(Serialize)]
        struct Changed<'r> {
            rows: &'r [Record],
            count: u64,
        }
        Records::new(&Changed { rows: &rows, count }, &rows, names).emit(context)?;
    }
    let unchanged = done.changes.iter().filter(|change| change.before == change.after).count() as u64;
    let would = if how.dry_run { format!("would be {verb}; nothing was done") } else { verb.to_owned() };
    let number = usize::try_from(count - unchanged).unwrap_or(usize::MAX);
    let same = if unchanged > 0 {
        format!(", {} as it was", text::count(usize::try_from(unchanged).unwrap_or(0), "row"))
    } else {
        String::new()
    };
    context.terminal.status(&format!("{} {would}{same}", text::count(number, "row")));
    Ok(())
}

fn title(subject: &Subject<'_>, record: &Record) -> String {
    let part = |at: usize| match record.get(&subject.columns[at].name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let key = subject.key().into_iter().map(part).collect::<Vec<_>>().join(",");
    format!("{} {key}", subject.name)
}
