//! `dbtool schema rust`

use std::path::PathBuf;

use serde::Serialize;

use super::keep::{self, Made};
use super::{Live, tell_unseen};
use crate::config::PrintSchema;
use crate::context::Context;
use crate::entities;
use crate::error::{Code, Error, Result};
use crate::exit_code::ExitCode;
use crate::output::{Column, Report, Rows, Style, Terminal, emit};
use crate::text;

/// Write the file of Diesel's `table!` macros for the live schema
///
/// Into the file that `[print_schema]` of diesel.toml names, if it says something else; to stdout where none is named.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write nothing; exit 4 if the file or a model is not what the database is, and show how it differs
    #[arg(long)]
    check: bool,
    /// The file, instead of the one in diesel.toml; - is stdout
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this one of several files in diesel.toml: NAME of `[print_schema.NAME]`
    #[arg(long, value_name = "NAME")]
    section: Option<String>,
}

#[derive(Debug, Serialize)]
struct Told {
    files: Vec<File>,
    /// Where models and database differ; looked at by `--check`.
    models: Vec<String>,
}

#[derive(Debug, Serialize)]
struct File {
    section: String,
    /// null: stdout.
    file: Option<String>,
    /// `written`, `unchanged`, `stale`, `printed`
    outcome: &'static str,
    /// Of one that is printed.
    text: Option<String>,
    /// From the file to the database, as a unified diff.
    difference: Option<String>,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let sections = sections(context, args)?;
    let live = Live::read(context)?;
    tell_unseen(context.terminal, &live.catalog);
    let made = keep::make_of(context, &live, &sections)?;
    let models = if args.check { entities::disagreements(&context.registry, &live.catalog) } else { Vec::new() };
    if !args.check {
        made.iter().try_for_each(|made| made.write(context))?;
    }
    let stale = made.iter().find_map(|made| made.stale(context)).filter(|_| args.check);
    let files = made.into_iter().map(|made| told(context, made, args.check)).collect();
    let told = Told { files, models };
    emit(context.terminal, context.format, &told, view)?;
    let stale = stale.map(|stale| stale.hint("`dbtool schema rust` writes it"));
    match (stale, told.models.is_empty()) {
        (None, true) => Ok(ExitCode::Done),
        (Some(stale), true) => Err(stale.into()),
        (stale, false) => {
            let places = text::count(told.models.len(), "place");
            let error = stale.unwrap_or_else(|| {
                Error::new(Code::Stale, format!("models and database differ in {places}"))
                    .hint("change the model, or the column by a migration")
            });
            Err(told.models.into_iter().fold(error, Error::note).into())
        }
    }
}

/// What is asked for, by diesel.toml and the flags.
fn sections(context: &Context<'_>, args: &Args) -> Result<Vec<PrintSchema>> {
    let mut sections = context.settings.print_schema()?;
    if let Some(wanted) = &args.section {
        let names: Vec<_> = sections.iter().map(|section| section.name.clone()).collect();
        sections.retain(|section| section.name == *wanted);
        if sections.is_empty() {
            let error = Error::new(Code::Usage, format!("diesel.toml has no `[print_schema.{wanted}]`"));
            let error =
                text::did_you_mean(wanted, names.iter().map(String::as_str)).into_iter().fold(error, Error::hint);
            return Err(error.hint(format!("there are: {}", names.join(", "))));
        }
    }
    if let Some(file) = &args.file {
        let [section] = sections.as_mut_slice() else {
            let error = Error::new(Code::Usage, "`--file` names one file, and diesel.toml asks for several");
            return Err(error.hint("pick one with `--section`"));
        };
        section.file = (file.as_os_str() != "-").then(|| context.settings.process.directory.join(file));
    }
    if args.check && sections.iter().all(|section| section.file.is_none()) {
        let error = Error::new(Code::Usage, "no file is named that could be checked");
        return Err(error.hint("name it in `[print_schema]` of diesel.toml, or with `--file`"));
    }
    match sections.iter().find_map(keep::patched) {
        Some(error) => Err(error),
        None => Ok(sections),
    }
}

fn told(context: &Context<'_>, made: Made, check: bool) -> File {
    let outcome = match (&made.path, &made.difference) {
        (None, _) => "printed",
        (_, None) => "unchanged",
        (_, Some(_)) if check => "stale",
        _ => "written",
    };
    File {
        section: made.section,
        file: made.path.as_deref().map(|path| keep::shown(context, path)),
        outcome,
        text: made.path.is_none().then_some(made.text),
        difference: made.difference,
    }
}

impl Report for Told {
    fn rows(&self) -> Option<Rows> {
        let row =
            |file: &File| vec![file.section.clone(), file.file.clone().unwrap_or_default(), file.outcome.to_owned()];
        let columns = vec![Column::left("section"), Column::left("file"), Column::left("outcome")];
        Some(Rows { columns, rows: self.files.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "files"
    }
}

fn view(terminal: &Terminal, told: &Told) {
    for file in &told.files {
        match (&file.file, &file.text, &file.difference) {
            (_, Some(text), _) => terminal.data(text),
            (Some(_), _, Some(difference)) if file.outcome == "stale" => terminal.data(difference),
            (Some(name), ..) => {
                terminal.status(&format!("{}  {name}", terminal.paint(Style::Bold, &format!("{:<9}", file.outcome))));
            }
            _ => {}
        }
    }
}
