//! `dbtool audit show`

use serde::Serialize;
use serde_json::Value;

use super::connect;
use crate::audit::{self, Change, Outcome, Recorded};
use crate::commands::when;
use crate::context::Context;
use crate::db::types::Id;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::output::{Column, Report, Rows, Style, Terminal, aligned, emit};
use crate::text;

/// Show one event, and what it changed, column by column
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The event's id, as `dbtool audit list` shows it
    #[arg(value_name = "EVENT")]
    id: Id,
}

#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    event: Recorded,
    changes: Vec<Change>,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let mut connection = connect(context)?;
    let event = audit::find(&mut connection, args.id).map_err(Error::from)?.ok_or_else(|| {
        Error::new(Code::UnknownEvent, format!("there is no event `{}`", args.id))
            .hint("`dbtool audit list` shows them")
    })?;
    let shown = Shown { changes: event.changes(), event };
    emit(context.terminal, context.format, &shown, view)?;
    Ok(ExitCode::Done)
}

impl Report for Shown {
    fn rows(&self) -> Option<Rows> {
        let row = |change: &Change| vec![change.column.clone(), shown(&change.before), shown(&change.after)];
        let columns = ["column", "before", "after"].map(Column::left).to_vec();
        Some(Rows { columns, rows: self.changes.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "changes"
    }
}

/// A value as a person reads it: text without quotes, and nothing for null.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn view(terminal: &Terminal, report: &Shown) {
    let event = &report.event;
    let title = format!("{} {} {}", event.action, event.entity, event.entity_id);
    let mut page = format!("{}\n", terminal.paint_data(Style::Bold, &text::visible(&title)));
    let outcome = match &event.reason {
        Some(reason) => format!("{}: {reason}", event.outcome),
        None => event.outcome.clone(),
    };
    let facts = [
        ("at", when::short(event.occurred_at)),
        ("actor", event.actor.clone()),
        ("outcome", outcome.replace('\n', " ")),
        ("run", event.run_id.to_string()),
        ("event", event.id.to_string()),
    ];
    for line in aligned(&facts.map(|(name, fact)| vec![name.to_owned(), fact])) {
        page.extend(["  ", &line, "\n"]);
    }
    terminal.data(&page);
    let Some(rows) = report.rows().filter(|rows| !rows.rows.is_empty()) else {
        if event.outcome == Outcome::Done.name() {
            terminal.status("no value is another than before");
        }
        return;
    };
    terminal.data("\n");
    rows.without_empty(|_| false).visible().print(terminal);
}
