//! `dbtool migrate new`

use serde::Serialize;

use crate::backend::Backend;
use crate::context::Context;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::migrate::{New, create};
use crate::output::{Report, Terminal, emit};

/// Make a new migration: up.sql, down.sql and metadata.toml
///
/// It needs no database.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What it does, such as `create_users`
    #[arg(value_name = "NAME")]
    name: String,
    /// For another backend than the environment's; `all`: a set for each
    #[arg(long, value_name = "BACKEND", value_parser = ["sqlite", "postgres", "mysql", "all"])]
    backend: Option<String>,
    /// With a verify.sql: queries that must find nothing after the up
    #[arg(long)]
    verify: bool,
}

#[derive(Debug, Serialize)]
struct Made {
    files: Vec<String>,
}

impl Report for Made {}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let settings = &context.settings;
    let backends = match args.backend.as_deref() {
        Some("all") => Backend::ALL.to_vec(),
        Some(name) => {
            vec![Backend::from_name(name).ok_or_else(|| Error::new(Code::Usage, format!("`{name}` is no backend")))?]
        }
        // Without a database the files are those of whichever it will be.
        None => settings.database().map(|database| database.target.backend()).into_iter().collect(),
    };
    let fallback = match &settings.file {
        Some(file) => file.with_file_name("migrations"),
        None => settings.process.directory.join("migrations"),
    };
    let new = New {
        name: &args.name,
        backends: &backends,
        directory: &settings.migrate.directory,
        fallback: &fallback,
        verify: args.verify,
    };
    let files = create(&new)?;
    // As a person in this directory would write them.
    let shown = |path: &std::path::PathBuf| {
        path.strip_prefix(&settings.process.directory).unwrap_or(path).display().to_string()
    };
    let report = Made { files: files.iter().map(shown).collect() };
    let named = settings.database().is_ok();
    emit(context.terminal, context.format, &report, |terminal, report| view(terminal, report, named))?;
    Ok(ExitCode::Done)
}

fn view(terminal: &Terminal, report: &Made, named: bool) {
    terminal.data(&report.files.iter().map(|file| format!("{file}\n")).collect::<String>());
    terminal.hint("write the change and its way back, then `dbtool migrate up`");
    if !named {
        terminal.hint("no database is named yet: `dbtool init` writes the settings, or set `DATABASE_URL`");
    }
}
