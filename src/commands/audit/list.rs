//! `dbtool audit list`

use clap::ValueEnum;

use super::connect;
use crate::audit::{self, Filter, Outcome, Page, Recorded};
use crate::commands::completions;
use crate::commands::when;
use crate::context::Context;
use crate::db::types::{Id, Instant};
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::output::{Column, Report, Rows, Style, Terminal, emit};
use crate::text;

/// Show who changed what, the newest first
///
/// A time is `2026-01-05T09:00:00Z`, a day such as `2026-01-05` (in UTC), or how long ago: `2h`, `7d`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(long, value_name = "TABLE", add = completions::tables(), help = "Changes of this table")]
    entity: Option<String>,
    /// Changes of the row with this primary key
    #[arg(long, value_name = "KEY")]
    id: Option<String>,
    /// What was done: create, update, delete, place, …
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    // The same word as the global flag's, which says in whose name something is changed: nothing is changed here.
    /// By whom, as it is shown
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// What came of it: done, failed
    #[arg(long, value_name = "OUTCOME", hide_possible_values = true)]
    outcome: Option<Came>,
    /// From this time on
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    since: Option<Instant>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<Instant>,
    /// Changes of one run
    #[arg(long, value_name = "RUN_ID")]
    run: Option<Id>,
    /// So many events at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// The page behind the one that ended with this event
    #[arg(long, value_name = "EVENT")]
    after: Option<Id>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Came {
    Done,
    Failed,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let mut connection = connect(context)?;
    let outcome = args.outcome.map(|came| match came {
        Came::Done => Outcome::Done,
        Came::Failed => Outcome::Failed,
    });
    let filter = Filter {
        entity: args.entity.clone(),
        entity_id: args.id.clone(),
        action: args.action.clone(),
        actor: args.actor.clone(),
        outcome,
        since: args.since,
        until: args.until,
        run_id: args.run,
    };
    let page = audit::list(&mut connection, &filter, args.limit, args.after).map_err(Error::from)?;
    let unknown = |id: Id| {
        Error::new(Code::UnknownEvent, format!("`--after` names the event `{id}`, which is not there"))
            .hint("it takes the `next` of the page before")
    };
    let page = page.ok_or_else(|| args.after.map_or_else(|| unknown(Id::new()), unknown))?;
    emit(context.terminal, context.format, &page, view)?;
    Ok(ExitCode::Done)
}

impl Report for Page {
    fn rows(&self) -> Option<Rows> {
        let json = |row: &Option<crate::db::types::Json>| row.as_ref().map(ToString::to_string).unwrap_or_default();
        let row = |event: &Recorded| {
            vec![
                event.id.to_string(),
                event.occurred_at.to_string(),
                event.actor.clone(),
                event.action.clone(),
                event.entity.clone(),
                event.entity_id.clone(),
                event.outcome.clone(),
                event.reason.clone().unwrap_or_default(),
                json(&event.before),
                json(&event.after),
                event.run_id.to_string(),
            ]
        };
        let names = audit::COLUMNS.iter().copied().map(Column::left);
        Some(Rows { columns: names.collect(), rows: self.events.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "events"
    }
}

fn view(terminal: &Terminal, page: &Page) {
    let row = |event: &Recorded| {
        vec![
            when::short(event.occurred_at),
            event.action.clone(),
            event.entity.clone(),
            text::shorten(&event.entity_id, 40),
            event.actor.clone(),
            if event.outcome == Outcome::Done.name() { String::new() } else { event.outcome.clone() },
            text::shorten(&event.reason.as_deref().unwrap_or_default().replace('\n', " "), 60),
            event.id.to_string(),
        ]
    };
    let names = ["at", "action", "entity", "id", "actor", "outcome", "reason", "event"];
    let rows = Rows { columns: names.map(Column::left).to_vec(), rows: page.events.iter().map(row).collect() };
    rows.without_empty(|_| false).visible().print(terminal);
    let count = terminal.paint(Style::Bold, &text::count(page.events.len(), "event"));
    match page.next {
        Some(next) => terminal.status(&format!("{count}, and there are more: `--after {next}`")),
        None if page.events.is_empty() => terminal.status("no events"),
        None => terminal.status(&count),
    }
}
