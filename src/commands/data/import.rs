//! `dbtool data import`

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Serialize;

use super::pace::{self, pace};
use super::spool::Spool;
use super::{Place, input};
use crate::commands::completions;
use crate::commands::db::check_stamp;
use crate::context::Context;
use crate::data::{self, ImportInput, ImportOptions, Imported, Rejected, Rejects};
use crate::error::{Code, Error, Result};
use crate::exit_code::ExitCode;
use crate::interrupt::{Interrupt, Signal};
use crate::output::{Color, Format, Report, Style, Terminal, Verbosity, emit, print_error, print_error_as_json};
use crate::tabular::Form;
use crate::text;

/// Read the rows of a file into a table
///
/// CSV with a header line, a JSON array of objects, or JSON lines; columns are found by their names, in any order. All rows or none.
/// In CSV nothing between two commas is NULL, and `""` is the empty text.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    #[arg(value_name = "TABLE", add = completions::tables())]
    table: String,
    /// The file; `-` is stdin
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// csv, json or jsonl, where the file's extension does not say it
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Form>,
    /// Change the rows that are there already, by their key
    #[arg(long)]
    upsert: bool,
    /// Do it all, tell what would come of it, and take it back
    #[arg(long)]
    dry_run: bool,
    /// At a row that is refused: stop, or quarantine it and go on
    #[arg(long, value_name = "WHAT", default_value = "stop", hide_possible_values = true)]
    on_error: OnError,
    /// Where quarantined rows go; else beside the file, as FILE.rejected.csv
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    rejects: Option<PathBuf>,
    /// Write an audit event for each row, rather than one with the counts
    #[arg(long, value_name = "rows", value_parser = ["rows"])]
    audit: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnError {
    Stop,
    Quarantine,
}

#[derive(Debug, Serialize)]
struct Outcome {
    #[serde(flatten)]
    imported: Imported,
    /// The first of the rows that were refused.
    rejects: Vec<Rejected>,
    reject_file: Option<PathBuf>,
    #[serde(skip)]
    summary: String,
}

impl Report for Outcome {}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let form = form(args)?;
    let is_stdin = args.file == Path::new("-");
    let name = if is_stdin { PathBuf::from("stdin") } else { args.file.clone() };
    // That there is none is told before anything else.
    let stdin = Spool::default();
    let opens = || if is_stdin { stdin.open(&name) } else { open(context, &args.file) };
    let mut opened = Some(opens()?);
    let interrupt = Interrupt::listen();
    let mut open = || {
        interrupt.set_over(false);
        opened.take().map_or_else(opens, Ok)
    };
    check_stamp(context)?;
    let (place, mut connection) = Place::open(context)?;
    let subject = place.subject(&args.table)?;
    let table = subject.name.to_string();
    let trail = context.trail(&mut connection)?;
    let events = args.audit.is_some();
    let options = ImportOptions { form, upsert: args.upsert, dry_run: args.dry_run, events };
    let rejects = (args.on_error == OnError::Quarantine).then(|| {
        let path = reject_file(context, args);
        input::check_writable(&path, "rejected.csv")?;
        Rejects::new(path, args.dry_run)
    });
    let rejects = rejects.transpose()?;
    let sweeper = || rejects.as_ref().map(Rejects::sweeper);
    let (sweep, format) = (sweeper(), context.format);
    let terminal = Terminal::new(&context.settings.process, Color::Auto, Verbosity::Quiet, false);
    interrupt.ends_with(Box::new(move |signal| {
        if let Some(sweep) = &sweep {
            sweep();
        }
        let error = interrupted(signal).into();
        match format {
            Format::Json | Format::Jsonl => print_error_as_json(&terminal, &error),
            _ => print_error(&terminal, &error),
        }
    }));
    let sweep = sweeper();
    let rejects = rejects.map(Mutex::new);
    let mut pace = pace(context, &table, "imported");
    let mut told = |rows| {
        pace.is_at(rows);
        Ok(())
    };
    let mut input = ImportInput { name: &name, open: &mut open, commits: &mut || interrupt.set_over(true) };
    let imported = data::import(&mut connection, &subject, &trail, &mut input, options, rejects.as_ref(), &mut told);
    // Of rows that were not imported none was left out.
    let imported = imported.inspect_err(|_| {
        if let Some(sweep) = &sweep {
            sweep();
        }
    })?;
    let rejects = rejects.map(|rejects| rejects.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    let (first, reject_file) = match rejects {
        Some(mut rejects) => {
            rejects.finish()?;
            let path = rejects.written();
            (rejects.first, path)
        }
        None => (Vec::new(), None),
    };
    let summary = pace::summary(pace, &table, imported.inserted + imported.updated + imported.unchanged);
    let outcome = Outcome { imported, rejects: first, reject_file, summary };
    tell(context.terminal, &outcome);
    if !args.dry_run {
        context.terminal.done(format!("it is done all the same: {}", outcome.summary));
    }
    emit(context.terminal, context.format, &outcome, |_, _| {})?;
    Ok(if outcome.imported.rejected > 0 { ExitCode::Rejected } else { ExitCode::Done })
}

/// The error of an import that a signal ends.
fn interrupted(signal: Signal) -> Error {
    let error = Error::new(signal.code(), format!("stopped by {signal}")).note("nothing was imported");
    error.hint("run it again")
}

fn form(args: &Args) -> Result<Form> {
    args.format.or_else(|| Form::of(&args.file)).ok_or_else(|| {
        let error =
            Error::new(Code::Usage, format!("the name `{}` does not say what the file is", args.file.display()));
        error.hint("add `--format csv`, `json` or `jsonl`")
    })
}

fn open(context: &Context<'_>, file: &Path) -> Result<Box<dyn Read + Send>> {
    let path = context.settings.process.directory.join(file);
    if path.is_dir() {
        return Err(input::unreadable(file, &io::ErrorKind::IsADirectory.into()));
    }
    let opened = File::open(&path).map_err(|cause| input::unreadable(file, &cause))?;
    Ok(Box::new(opened))
}

fn reject_file(context: &Context<'_>, args: &Args) -> PathBuf {
    let beside = || {
        let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.filter(|name| name != "-").unwrap_or_else(|| "stdin".into());
        args.file.with_file_name(format!("{name}.rejected.csv"))
    };
    context.settings.process.directory.join(args.rejects.clone().unwrap_or_else(beside))
}

/// What came of it, on stderr.
fn tell(terminal: &Terminal, outcome: &Outcome) {
    for rejected in &outcome.rejects {
        let row = rejected.row.map(|row| format!(", row {row}")).unwrap_or_default();
        terminal.status(&format!(
            "{} line {}{row}: {}",
            terminal.paint(Style::Warning, "refused"),
            rejected.line,
            text::printable(&rejected.message)
        ));
    }
    let Imported { inserted, updated, unchanged, rejected, dry_run, .. } = &outcome.imported;
    let counts = [("inserted", inserted), ("updated", updated), ("unchanged", unchanged), ("refused", rejected)];
    let counts = counts.into_iter().filter(|(name, count)| **count > 0 || *name == "inserted");
    let counts: Vec<_> = counts.map(|(name, count)| format!("{} {name}", text::thousands(*count))).collect();
    let taken_back = if *dry_run { " (taken back: `--dry-run`)" } else { "" };
    terminal.status(&format!("{}: {}{taken_back}", outcome.summary, counts.join(", ")));
    if let Some(path) = &outcome.reject_file {
        terminal.hint(&format!("what was refused stands in `{}`, to be mended and imported", path.display()));
    }
}
