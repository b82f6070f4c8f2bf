//! `dbtool db drop`

use serde::Serialize;

use crate::commands::guard::{self, Danger};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::output::{Progress, Report, Terminal, emit};

/// Drop the database, with everything in it
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Debug, Serialize)]
struct Dropped {
    environment: String,
    database: String,
    /// False: it was not there.
    dropped: bool,
}

impl Report for Dropped {}

pub fn run(context: &Context<'_>, _: &Args) -> anyhow::Result<ExitCode> {
    let report = Dropped {
        environment: context.settings.environment.name.clone(),
        database: context.connector()?.target().to_string(),
        dropped: drop(context)?,
    };
    emit(context.terminal, context.format, &report, view)?;
    Ok(ExitCode::Done)
}

/// Drops it, if it is this environment's and whoever asks means it.
pub fn drop(context: &Context<'_>) -> crate::error::Result<bool> {
    let connector = context.connector()?;
    let environment = &context.settings.environment.name;
    super::check_stamp(context)?;
    let question = format!("drop the database of `{environment}` ({}), with everything in it?", connector.target());
    guard::check(context, Danger::Destroys, &question)?;
    connector.dialect().drop_database(connector, &Progress::new(context.terminal))
}

fn view(terminal: &Terminal, report: &Dropped) {
    let what = if report.dropped { "dropped" } else { "was not there:" };
    terminal.status(&format!("{what} {}", report.database));
}
