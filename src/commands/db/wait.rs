//! `dbtool db wait`

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::context::Context;
use crate::db::Purpose;
use crate::error::Code;
use crate::exit_code::ExitCode;
use crate::output::{Progress, Report, Terminal, emit};
use crate::text;

/// Wait until the server takes connections
///
/// The database itself need not be there: `db create` may come next.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// When to give up, such as 30s or 5m; `retry.deadline` is the default
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
}

/// A duration of the command line.
fn duration(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text).ok_or_else(|| "write it with its unit, such as 500ms, 30s or 5m".to_owned())
}

#[derive(Debug, Serialize)]
struct Waited {
    environment: String,
    server: String,
    /// Whether the database is there, too.
    database: bool,
    duration_ms: u128,
}

impl Report for Waited {}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let connector = context.connector()?.waiting(args.timeout.unwrap_or(context.settings.retry.deadline));
    let observer = Progress::new(context.terminal);
    let database = if connector.target().backend().is_server() {
        match connector.connect_telling(Purpose::Read, &observer) {
            Ok(_) => true,
            Err(error) if error.code() == Code::UnknownDatabase => false,
            Err(error) => return Err(error.into()),
        }
    } else {
        connector.dialect().database_exists(&connector)?
    };
    let report = Waited {
        environment: context.settings.environment.name.clone(),
        server: connector.target().to_string(),
        database,
        duration_ms: started.elapsed().as_millis(),
    };
    emit(context.terminal, context.format, &report, view)?;
    Ok(ExitCode::Done)
}

fn view(terminal: &Terminal, report: &Waited) {
    let took = text::duration(Duration::from_millis(u64::try_from(report.duration_ms).unwrap_or(u64::MAX)));
    terminal.status(&format!("{} is up (after {took})", report.server));
    if !report.database {
        terminal.hint("the database is not there yet: `dbtool db create` makes it");
    }
}
