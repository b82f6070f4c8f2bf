//! What `create`, `update` and `delete` have in common: one transaction, its guards, and what is told of it.

use serde::Serialize;

use super::Place;
use super::selection::{Chosen, Selection, check_values};
use super::view::{One, Records, print, print_changes};
use crate::audit::{Event, Trail};
use crate::commands::db::check_stamp;
use crate::commands::guard::{self, Danger};
use crate::context::Context;
use crate::data::{By, Condition, Expr, Query, Sort, World};
use crate::db::{AnyConnection, TransactionOptions, Value, transaction};
use crate::error::{Code, Error, Result};
use crate::exit_code::ExitCode;
use crate::output::Format;
use crate::record::Record;
use crate::rows::{Changes, Key, Lasting, Subject};
use crate::secret::MASK;
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

/// What is done to rows that are there.
#[derive(Debug, Clone, Copy)]
pub enum Act<'r> {
    Update(&'r Record),
    Delete,
}

/// What was done.
#[derive(Debug, Clone, Default)]
pub struct Done {
    pub changes: Vec<Change>,
    /// Where rows were not read one by one.
    pub count: Option<u64>,
}

impl Act<'_> {
    /// In events.
    fn action(self) -> &'static str {
        match self {
            Act::Update(_) => "update",
            Act::Delete => "delete",
        }
    }

    /// What is to be done to rows, and what was.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Act::Update(_) => ("change", "changed"),
            Act::Delete => ("remove", "removed"),
        }
    }

    /// Does it to every row, by one statement.
    fn all(self, changes: &Changes<'_, '_>, connection: &mut AnyConnection, most: Option<u64>) -> Result<u64> {
        match self {
            Act::Update(record) => changes.update_all(connection, record, most),
            Act::Delete => changes.delete_all(connection, most),
        }
    }

    /// Does it to a row that was read.
    fn one(self, changes: &Changes<'_, '_>, connection: &mut AnyConnection, row: &[Value]) -> Result<Change> {
        Ok(match self {
            Act::Update(record) => {
                let after = changes.update(connection, row, record)?;
                Change { before: Some(changes.subject.record(row)), after: Some(after) }
            }
            Act::Delete => Change { before: Some(changes.delete(connection, row)?), after: None },
        })
    }

    /// Writes one event for many rows.
    fn tell_all(self, changes: &Changes<'_, '_>, connection: &mut AnyConnection, count: u64) -> Result<()> {
        let done = match self {
            Act::Update(_) => "updated",
            Act::Delete => "deleted",
        };
        changes.tell_all(connection, self.action(), done, count)
    }
}

/// Changes or removes the rows that are meant, and tells of it. `words`: keys, and for a removal filters.
pub fn act(
    context: &Context<'_>,
    place: &Place<'_, '_>,
    connection: &mut AnyConnection,
    subject: &Subject<'_>,
    words: &[String],
    (bounds, how): (&Bounds, &How),
    act: Act<'_>,
) -> Result<()> {
    let (does, verb) = act.words();
    let chosen = bounds.choose(context, subject, words, place.world(), does)?;
    let lasting = subject.lasting(connection)?;
    lasting.as_ref().map_or(Ok(()), |lasting| lasting.check(how.dry_run))?;
    let trail = context.trail(connection)?;
    let each = !bounds.all || how.audit.is_some();
    let changes = Changes { events: each, ..Changes::new(subject, &trail) };
    let key = words.iter().chain(&bounds.selection.key).next().filter(|_| chosen.keys == 1);
    let is_sensitive = |word: &String| Key::parse(subject, word).is_ok_and(|key| key.is_sensitive(subject));
    let id = match key {
        Some(word) if is_sensitive(word) => MASK.to_owned(),
        Some(word) => word.clone(),
        None => Event::MANY.to_owned(),
    };
    let event = Event::new(act.action(), subject.name.to_string(), id);
    let outcome = run(context, connection, &trail, (how, lasting.as_ref()), event, |connection| {
        // One statement is counted afterwards, when a table without transactions would keep what are too many.
        let counted = lasting.is_none() || bounds.max_rows.is_none();
        if bounds.all && !each && subject.entity.is_none() && !how.dry_run && bounds.ifs.is_empty() && counted {
            let count = act.all(&changes, connection, bounds.max_rows);
            let count = count.map_err(|error| match &lasting {
                Some(lasting) => lasting.told_of_some(error, verb),
                None => error,
            })?;
            return Ok(Done { count: Some(count), ..Done::default() });
        }
        let rows = bounds.rows(context, connection, subject, &chosen, place.world())?;
        let mut done = Done::default();
        for row in &rows {
            let change = act.one(&changes, connection, row);
            done.changes.push(change.map_err(|error| stays(lasting.as_ref(), error, &done, verb))?);
        }
        if !each {
            act.tell_all(&changes, connection, done.changes.len() as u64)?;
        }
        Ok(done)
    })?;
    tell(context, subject, how, verb, chosen.keys == 1, &outcome)
}

impl Bounds {
    /// Which rows are meant. Nothing said is refused, and `--all` in a protected environment.
    fn choose<'c>(
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
            guard::check(context, Danger::Reverts, "every row?")?;
        } else if chosen.condition.is_none() {
            return Err(super::selection::refuse_all(subject, does));
        }
        Ok(chosen)
    }

    /// The rows that are meant, which nobody else changes from now on. More than are allowed are refused.
    fn rows(
        &self,
        context: &Context<'_>,
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
        let by = key.iter().map(|column| By { column: *column, descending: false }).collect();
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
        if chosen.keys == 0 {
            self.check_every(context, connection, &query, rows.len())?;
        }
        self.check_ifs(connection, &query, rows.len(), world)?;
        Ok(rows)
    }

    /// A filter that finds every row of several is `--all` by another word, and needs what that needs.
    fn check_every(
        &self,
        context: &Context<'_>,
        connection: &mut AnyConnection,
        query: &Query<'_>,
        found: usize,
    ) -> Result<()> {
        let allowed = guard::check(context, Danger::Reverts, "every row?");
        if self.all || found < 2 || allowed.is_ok() {
            return Ok(());
        }
        let all = Query { condition: None, limit: None, ..query.clone() }.counted(connection)?;
        if all > found as u64 {
            return Ok(());
        }
        let words = format!("the filter finds every row of `{}`, as `--all` does", query.subject.name);
        allowed.map_err(|error| error.note(words))
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
        let condition = Some(Condition::All(parts));
        check_values(&query.subject, condition.as_ref())?;
        let still = Query { condition, ..query.clone() }.counted(connection)?;
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
    (how, lasting): (&How, Option<&Lasting>),
    event: Event,
    mut work: impl FnMut(&mut AnyConnection) -> Result<Done>,
) -> Result<Done> {
    check_stamp(context)?;
    let mut rehearsed = None;
    // What stays in the table cannot be done a second time.
    let options = TransactionOptions::new();
    let options = if lasting.is_some() { options.attempts(1) } else { options };
    let outcome = transaction(connection, &options, |connection| {
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

/// An error within a change of several rows. What was done before it stays in a table without transactions.
pub fn stays(lasting: Option<&Lasting>, error: Error, done: &Done, verb: &str) -> Error {
    let Some(lasting) = lasting else { return error };
    let rows = done.changes.iter().filter(|change| change.before != change.after).count();
    lasting.told(error, rows as u64, verb)
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
    let shown = |change: &Change| Change {
        before: change.before.as_ref().map(masked),
        after: change.after.as_ref().map(|after| subject.masked_after(change.before.as_ref(), after, how.reveal)),
    };
    let shown: Vec<Change> = done.changes.iter().map(shown).collect();
    let last = |change: &Change| change.after.as_ref().or(change.before.as_ref()).map(masked);
    let rows: Vec<Record> = done.changes.iter().filter_map(last).collect();
    let names: Vec<String> = subject.columns.iter().map(|column| column.name.clone()).collect();
    let count = done.count.unwrap_or(done.changes.len() as u64);
    let unchanged = done.changes.iter().filter(|change| change.before == change.after).count() as u64;
    let number = usize::try_from(count - unchanged).unwrap_or(usize::MAX);
    if !how.dry_run {
        let rows = text::count(number, "row");
        context.terminal.done(format!("it is done all the same: {rows} of `{}` {verb}", subject.name));
    }
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
    let would = if how.dry_run { format!("would be {verb}; nothing was done") } else { verb.to_owned() };
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
