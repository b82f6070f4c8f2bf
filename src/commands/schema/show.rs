//! `dbtool schema show`

use super::Live;
use crate::commands::completions;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::inspect::{self, Section, Shown};
use crate::output::{Column, Report, Rows, Style, Terminal, aligned, emit};
use crate::text;

/// Show all of a table, and who refers to it
///
/// Also a view, and by their names types, sequences and routines. What stands in another schema is found by its name alone
/// where only one is called so, else as `schema.name`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table")]
    table: String,
}

/// Which of the columns of its rows the default is.
const DEFAULT: usize = 3;

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let live = Live::read(context)?;
    let thing = inspect::find(&live.catalog, live.own(&args.table))?;
    let report = Shown::of(&live.catalog, thing);
    emit(context.terminal, context.format, &report, view)?;
    Ok(ExitCode::Done)
}

impl Report for Shown<'_> {
    fn rows(&self) -> Option<Rows> {
        let names = ["name", "type", "null", "default", "key", "extra", "comment"];
        Some(Rows { columns: names.map(Column::left).to_vec(), rows: inspect::column_rows(self.thing)? })
    }

    fn list(&self) -> &'static str {
        "columns"
    }
}

fn view(terminal: &Terminal, report: &Shown<'_>) {
    let page = inspect::page(report);
    let title = terminal.paint_data(Style::Bold, &text::printable(&page.title));
    terminal.data(&format!("{title}  {}\n", text::printable(&page.about)));
    if let Some(comment) = &page.comment {
        terminal.data(&format!("{}\n", text::printable(comment)));
    }
    if let Some(mut rows) = report.rows() {
        terminal.data("\n");
        for row in &mut rows.rows {
            for value in row.iter_mut() {
                *value = one_line(value);
            }
            row[DEFAULT] = text::shorten(&row[DEFAULT], inspect::LONG);
        }
        rows.without_empty(|_| false).print(terminal);
    }
    for section in &page.sections {
        print(terminal, section);
    }
}

fn print(terminal: &Terminal, section: &Section) {
    let mut page = format!("\n{}\n", terminal.paint_data(Style::Bold, section.title));
    let cells: Vec<Vec<String>> =
        section.items.iter().map(|item| item.cells.iter().map(|cell| one_line(cell)).collect()).collect();
    for (item, line) in section.items.iter().zip(aligned(&cells)) {
        if !line.is_empty() {
            page.extend(["  ", &line, "\n"]);
        }
        let indent = if line.is_empty() { "  " } else { "      " };
        for line in item.text.as_deref().unwrap_or_default().lines() {
            let line = format!("{indent}{}", text::printable(line));
            page.extend([line.trim_end(), "\n"]);
        }
    }
    terminal.data(&page);
}

/// What is one line, whatever it was.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
