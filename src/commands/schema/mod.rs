//! `dbtool schema …`

mod check;
mod diff;
mod side;

use clap::Subcommand;

use crate::context::Context;
use crate::exit_code::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Command {
    Diff(diff::Args),
    Check(check::Args),
}

impl Command {
    pub fn run(&self, context: &Context<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Command::Diff(args) => diff::run(context, args),
            Command::Check(args) => check::run(context, args),
        }
    }
}
