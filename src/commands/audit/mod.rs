//! `dbtool audit …`

mod list;
mod show;

use clap::Subcommand;

use crate::audit;
use crate::context::Context;
use crate::db::AnyConnection;
use crate::error::Result;
use crate::exit_code::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Command {
    List(list::Args),
    Show(show::Args),
}

impl Command {
    pub fn run(&self, context: &Context<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Command::List(args) => list::run(context, args),
            Command::Show(args) => show::run(context, args),
        }
    }
}

/// A connection to a database that has events.
fn connect(context: &Context<'_>) -> Result<AnyConnection> {
    let mut connection = context.diesel()?;
    audit::check_table(&mut connection)?;
    Ok(connection)
}
