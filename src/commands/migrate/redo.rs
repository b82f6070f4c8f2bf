//! `dbtool migrate redo`

use super::run::{self, Options, Wanted};
use crate::commands::guard::Danger;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::migrate::Request;

/// Revert the last migration and apply it again
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many to redo; all of them, where fewer are applied
    #[arg(long, value_name = "N", default_value_t = 1)]
    steps: usize,
    #[command(flatten)]
    pub options: Options,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let request = Request::Redo { steps: args.steps };
    run::run(context, &Wanted { request, options: &args.options, rehearse: false, danger: Danger::Reverts })
}
