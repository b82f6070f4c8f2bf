//! `dbtool db create`

use serde::Serialize;

use crate::context::Context;
use crate::db::Purpose;
use crate::exit_code::ExitCode;
use crate::output::{Progress, Report, Terminal, emit};

/// Make the database, if it is not there
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Debug, Serialize)]
struct Created {
    environment: String,
    database: String,
    /// False: it was there.
    created: bool,
}

impl Report for Created {}

pub fn run(context: &Context<'_>, _: &Args) -> anyhow::Result<ExitCode> {
    let report = Created {
        environment: context.settings.environment.name.clone(),
        database: context.connector()?.target().to_string(),
        created: create(context)?,
    };
    emit(context.terminal, context.format, &report, view)?;
    Ok(ExitCode::Done)
}

/// Makes it, and stamps it with an environment that was named on purpose.
pub fn create(context: &Context<'_>) -> crate::error::Result<bool> {
    let connector = context.connector()?;
    let created = connector.dialect().create_database(connector, None, &Progress::new(context.terminal))?;
    let environment = &context.settings.environment;
    if environment.explicit {
        let mut session = connector.connect(Purpose::Write)?;
        if super::stamp_of(context, &mut session)?.environment.is_none() {
            super::write_stamp(context, &mut session, &environment.name)?;
        }
    }
    Ok(created)
}

fn view(terminal: &Terminal, report: &Created) {
    let what = if report.created { "made" } else { "already there:" };
    terminal.status(&format!("{what} {}", report.database));
}
