//! `dbtool schema tables`

use serde::Serialize;

use super::{Live, tell_gaps};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::inspect::{self, Listed};
use crate::output::{Column, Report, Rows, Style, Terminal, emit};
use crate::text;

/// List the tables and views, with their sizes
///
/// The number of rows is an estimate, as of the last ANALYZE.
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Debug, Serialize)]
struct Tables {
    tables: Vec<Listed>,
    /// The environment and its database.
    #[serde(skip)]
    place: String,
}

pub fn run(context: &Context<'_>, _: &Args) -> anyhow::Result<ExitCode> {
    let live = Live::read(context)?;
    let report = Tables {
        tables: inspect::tables(&live.catalog),
        place: format!("{} ({})", context.settings.environment.name, context.connector()?.target()),
    };
    tell_gaps(context.terminal, &live.catalog);
    emit(context.terminal, context.format, &report, view)?;
    Ok(ExitCode::Done)
}

impl Report for Tables {
    fn rows(&self) -> Option<Rows> {
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let row = |table: &Listed| {
            vec![
                table.name.clone(),
                table.kind.to_owned(),
                number(table.rows),
                number(table.bytes),
                table.columns.to_string(),
                table.comment.clone().unwrap_or_default(),
            ]
        };
        let columns = vec![
            Column::left("name"),
            Column::left("kind"),
            Column::right("rows"),
            Column::right("bytes"),
            Column::right("columns"),
            Column::left("comment"),
        ];
        Some(Rows { columns, rows: self.tables.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "tables"
    }
}

fn view(terminal: &Terminal, report: &Tables) {
    let row = |table: &Listed| {
        vec![
            table.name.clone(),
            table.kind.to_owned(),
            table.rows.map(|rows| format!("~{}", text::thousands(rows))).unwrap_or_default(),
            table.bytes.map(|bytes| text::bytes(usize::try_from(bytes).unwrap_or(usize::MAX))).unwrap_or_default(),
            table.columns.to_string(),
            table.comment.as_deref().unwrap_or_default().replace('\n', " "),
        ]
    };
    let columns = vec![
        Column::left("name"),
        Column::left("kind"),
        Column::right("rows"),
        Column::right("size"),
        Column::right("columns"),
        Column::left("comment"),
    ];
    let plain = report.tables.iter().all(|table| table.kind == "table");
    let rows = Rows { columns, rows: report.tables.iter().map(row).collect() };
    // Where all are tables, nobody needs to be told of each.
    rows.without_empty(|name| plain && name == "kind").print(terminal);
    let views = report.tables.iter().filter(|table| table.kind.ends_with("view")).count();
    let mut counts = vec![text::count(report.tables.len() - views, "table")];
    counts.extend((views > 0).then(|| text::count(views, "view")));
    terminal.status(&format!("{}: {}", report.place, terminal.paint(Style::Bold, &counts.join(", "))));
}
