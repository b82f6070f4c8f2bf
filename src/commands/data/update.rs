//! `dbtool data update`

use super::apply::{self, Bounds, Change, Done, How};
use super::{Place, input};
use crate::audit::Event;
use crate::commands::completions;
use crate::context::Context;
use crate::data;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::rows::Changes;

/// Change columns of a row, or of several
///
/// `dbtool data update products SKU-1 price=19.99`, or with filters: `dbtool data update orders status=paid --filter
/// status=pending --max-rows 10`. `column=` is empty text, `column:null` is NULL.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table")]
    table: String,
    #[arg(value_name = "KEY|COLUMN=VALUE", add = completions::columns(), help = "The key, and the new values")]
    words: Vec<String>,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    how: How,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let (place, mut connection) = Place::open(context)?;
    let subject = place.subject(&args.table)?;
    subject.to_change()?;
    let (mut keys, mut assignments) = (Vec::new(), Vec::new());
    for word in &args.words {
        match data::assignment(word) {
            Some(assignment) => assignments.push(assignment),
            None => keys.push(word.clone()),
        }
    }
    if assignments.is_empty() {
        let error = Error::new(Code::Usage, "no column is given a value").note("nothing was done");
        return Err(error.hint("write `column=value`; `column:null` is NULL").into());
    }
    let record = input::of_assignments(&subject, &assignments)?;
    let chosen = args.bounds.choose(context, &subject, &keys, place.world(), "change")?;
    let trail = context.trail(&mut connection)?;
    let each = !args.bounds.all || args.how.audit.is_some();
    let changes = Changes { events: each, ..Changes::new(&subject, &trail) };
    let id = keys.first().filter(|_| chosen.keys == 1).map_or_else(|| Event::MANY.to_owned(), Clone::clone);
    let event = Event::new("update", subject.name.to_string(), id);
    let done = apply::run(context, &mut connection, &trail, &args.how, event, |connection| {
        if args.bounds.all && !each && subject.entity.is_none() && !args.how.dry_run && args.bounds.ifs.is_empty() {
            let count = changes.update_all(connection, &record, args.bounds.max_rows)?;
            return Ok(Done { count: Some(count), ..Done::default() });
        }
        let rows = args.bounds.rows(connection, &subject, &chosen, place.world())?;
        let mut done = Done::default();
        for row in &rows {
            let after = changes.update(connection, row, &record)?;
            done.changes.push(Change { before: Some(subject.record(row)), after: Some(after) });
        }
        if !each {
            changes.tell_all(connection, "update", "updated", done.changes.len() as u64)?;
        }
        Ok(done)
    })?;
    apply::tell(context, &subject, &args.how, "changed", chosen.keys == 1, &done)?;
    Ok(ExitCode::Done)
}
