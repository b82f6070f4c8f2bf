//! `dbtool data delete`

use super::Place;
use super::apply::{self, Bounds, Change, Done, How};
use crate::audit::Event;
use crate::commands::completions;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::rows::Changes;

/// Remove a row, or several
///
/// By its key, or by filters. More rows than one are removed only where `--max-rows` allows them.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table")]
    table: String,
    #[arg(value_name = "KEY|FILTER", add = completions::columns(), help = "Keys, or filters")]
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
    let chosen = args.bounds.choose(context, &subject, &args.words, place.world(), "remove")?;
    let trail = context.trail(&mut connection)?;
    let each = !args.bounds.all || args.how.audit.is_some();
    let changes = Changes { events: each, ..Changes::new(&subject, &trail) };
    let id = args.words.first().filter(|_| chosen.keys == 1).map_or_else(|| Event::MANY.to_owned(), Clone::clone);
    let event = Event::new("delete", subject.name.to_string(), id);
    let done = apply::run(context, &mut connection, &trail, &args.how, event, |connection| {
        if args.bounds.all && !each && subject.entity.is_none() && !args.how.dry_run && args.bounds.ifs.is_empty() {
            let count = changes.delete_all(connection, args.bounds.max_rows)?;
            return Ok(Done { count: Some(count), ..Done::default() });
        }
        let rows = args.bounds.rows(connection, &subject, &chosen, place.world())?;
        let mut done = Done::default();
        for row in &rows {
            done.changes.push(Change { before: Some(changes.delete(connection, row)?), after: None });
        }
        if !each {
            changes.tell_all(connection, "delete", "deleted", done.changes.len() as u64)?;
        }
        Ok(done)
    })?;
    apply::tell(context, &subject, &args.how, "removed", chosen.keys == 1, &done)?;
    Ok(ExitCode::Done)
}
