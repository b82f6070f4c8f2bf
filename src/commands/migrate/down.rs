//! `dbtool migrate down`

use super::run::{self, Options, Wanted};
use crate::commands::completions;
use crate::commands::guard::Danger;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::migrate::Request;

/// Revert the last migration, or several
///
/// "Last" is the highest applied version.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Revert all that come after this one, which stays; 0 reverts all
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["steps", "all"], add = completions::versions())]
    to: Option<String>,
    /// How many to revert; all of them, where fewer are applied
    #[arg(long, value_name = "N", conflicts_with = "all")]
    steps: Option<usize>,
    /// Revert all of them
    #[arg(long)]
    all: bool,
    /// Revert what has no directory here, from the texts that ran: after a change of branch
    #[arg(long, conflicts_with = "all")]
    from_history: bool,
    #[command(flatten)]
    pub options: Options,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let everything = args.all || args.to.as_deref() == Some("0");
    let danger = if everything { Danger::Destroys } else { Danger::Reverts };
    let request = if args.from_history {
        Request::DownFromHistory { to: args.to.clone(), steps: args.steps }
    } else {
        Request::Down { to: args.to.clone(), steps: args.steps, all: args.all }
    };
    run::run(context, &Wanted { request, options: &args.options, rehearse: false, danger })
}
