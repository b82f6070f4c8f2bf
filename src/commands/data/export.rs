//! `dbtool data export`

use std::path::{Path, PathBuf};

use super::pace::{pace, summary};
use super::selection::{Selection, columns};
use super::{Place, input};
use crate::commands::completions;
use crate::context::Context;
use crate::data::{self, Query, Sort};
use crate::error::{Code, Error, Result};
use crate::exit_code::ExitCode;
use crate::files::Unfinished;
use crate::interrupt::Interrupt;
use crate::output::{Color, Format, Terminal, Verbosity};
use crate::tabular::Form;
use crate::text;

/// Write all rows of a table as CSV, JSON or JSON lines
///
/// In CSV nothing between two commas is NULL, and `""` is the empty text. Bytes are hexadecimal behind `\x`, times RFC 3339,
/// decimals exact. `dbtool data import` reads what this writes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table or view")]
    table: String,
    #[arg(value_name = "FILTER", add = completions::columns(), help = "Filters, and keys")]
    words: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// The order: `-created_at,name`; a minus goes down. Without it, as the database has them
    #[arg(long, value_name = "COLUMNS", allow_hyphen_values = true)]
    sort: Option<String>,
    /// The columns to write, in this order
    #[arg(long, value_name = "COLUMNS")]
    columns: Option<String>,
    /// Write a file, whose extension (csv, json, jsonl) says its format
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Show sensitive values
    #[arg(long)]
    reveal: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let form = form(context.format, args)?;
    let path = args.file.as_ref().map(|file| context.settings.process.directory.join(file));
    if let Some(path) = &path {
        input::check_writable(path, &format!("{}.csv", args.table))?;
    }
    let (place, mut connection) = Place::open(context)?;
    let subject = place.subject(&args.table)?;
    let sort = args.sort.as_deref().map(|words| Sort::parse(&subject, Some(words), args.reveal)).transpose()?;
    let query = Query {
        condition: args.selection.read(&subject, &args.words, place.world_of(args.reveal))?.condition,
        sort: sort.unwrap_or(Sort { by: Vec::new(), total: false }),
        columns: columns(&subject, args.columns.as_deref())?,
        ..Query::new(subject, args.reveal)?
    };
    let terminal = context.terminal;
    let masked = query.columns.iter().map(|at| &query.subject.columns[*at]).filter(|column| column.sensitive);
    let masked: Vec<_> = masked.map(|column| format!("`{}`", column.name)).collect();
    if !masked.is_empty() && !args.reveal {
        terminal.warning(&format!("masked: {}", text::listed(masked)), Some("`--reveal` shows what is sensitive"));
    }
    let table = query.subject.name.to_string();
    let mut pace = pace(context, &table, "exported");
    let rows = match &path {
        Some(path) => {
            let interrupt = Interrupt::listen();
            let mut file = Unfinished::create(path)?;
            let place = file.place().map(Path::to_owned);
            let told = Terminal::new(&context.settings.process, Color::Auto, Verbosity::Normal, false);
            interrupt.ends_with(Box::new(move |_| {
                // The process ends, and tells of that.
                let _ = place.as_ref().map(std::fs::remove_file);
                told.status("interrupted; nothing was changed");
            }));
            let rows = data::export(&mut connection, &query, form, &mut |bytes, rows| {
                pace.is_at(rows);
                file.write(bytes)
            })?;
            interrupt.set_over(true);
            file.finish()?;
            rows
        }
        None => data::export(&mut connection, &query, form, &mut |bytes, rows| {
            pace.is_at(rows);
            let reads = match std::str::from_utf8(bytes) {
                // What a database holds must not act on a terminal.
                Ok(text) if context.settings.process.stdout_is_terminal => {
                    terminal.bytes(text::printable(text).as_bytes())
                }
                _ => terminal.bytes(bytes),
            };
            if reads {
                return Ok(());
            }
            terminal.finish()?;
            leave()
        })?,
    };
    let written = path.map(|path| format!(" in `{}`", path.display())).unwrap_or_default();
    terminal.status(&format!("{}{written}", summary(pace, &table, rows)));
    Ok(ExitCode::Done)
}

#[expect(clippy::exit, reason = "nobody reads the rest, which the server would still send before the connection ends")]
fn leave() -> ! {
    std::process::exit(0)
}

fn form(format: Format, args: &Args) -> Result<Form> {
    match format {
        Format::Table => Ok(args.file.as_deref().and_then(Form::of).unwrap_or(Form::Csv)),
        Format::Csv => Ok(Form::Csv),
        Format::Json => Ok(Form::Json),
        Format::Jsonl => Ok(Form::Jsonl),
        Format::Markdown | Format::Vertical => {
            let error = Error::new(Code::Usage, "an export is `csv`, `json` or `jsonl`");
            Err(error.hint("`dbtool data list` shows rows in the other formats"))
        }
    }
}
