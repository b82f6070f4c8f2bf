//! `dbtool migrate redo`

use super::run::{self, Atomic, Locking, Wanted};
use crate::commands::guard::Danger;
use crate::commands::schema::Keep;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::migrate::Request;

/// Revert the last migration and apply it again
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many to redo; all of them, where fewer are applied
    #[arg(long, value_name = "N", default_value_t = 1)]
    steps: usize,
    /// Only print what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    atomic: Atomic,
    #[command(flatten)]
    keep: Keep,
    #[command(flatten)]
    pub locking: Locking,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let request = Request::Redo { steps: args.steps };
    run::run(
        context,
        &Wanted {
            request,
            locking: &args.locking,
            keep: args.keep,
            atomic: args.atomic,
            dry_run: args.dry_run,
            rehearse: false,
            danger: Danger::Reverts,
        },
    )
}
