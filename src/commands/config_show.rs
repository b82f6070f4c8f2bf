//! `dbtool config show`: every setting with its origin.

use clap::Subcommand;
use serde::Serialize;

use crate::config::Shown;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::output::{Column, Report, Rows, Terminal, emit};
use crate::sql::{Rules, mask};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Every setting of the environment, with its origin; secrets are masked
    Show,
}

#[derive(Debug, Serialize)]
struct Settings {
    environment: String,
    /// The dbtool.toml that was read.
    file: Option<String>,
    settings: Vec<Shown>,
}

impl Command {
    pub fn run(&self, context: &Context<'_>) -> anyhow::Result<ExitCode> {
        let Self::Show = self;
        let settings = &context.settings;
        let mut shown = settings.shown().to_vec();
        for line in &mut shown {
            // SQL for the session may set a password.
            line.value = mask(&line.value, &Rules::POSTGRES);
        }
        let report = Settings {
            environment: settings.environment.name.clone(),
            file: settings.file.as_ref().map(|path| path.display().to_string()),
            settings: shown,
        };
        emit(context.terminal, context.format, &report, view)?;
        Ok(ExitCode::Done)
    }
}

impl Report for Settings {
    fn rows(&self) -> Option<Rows> {
        let row = |line: &Shown| vec![line.key.clone(), line.value.clone(), line.origin.clone()];
        Some(Rows {
            columns: vec![Column::left("key"), Column::left("value"), Column::left("origin")],
            rows: self.settings.iter().map(row).collect(),
        })
    }

    fn list(&self) -> &'static str {
        "settings"
    }
}

fn view(terminal: &Terminal, report: &Settings) {
    report.rows().unwrap_or_default().print(terminal);
    if report.file.is_none() {
        terminal.hint("there is no dbtool.toml here or above; `dbtool init` makes one");
    }
}
