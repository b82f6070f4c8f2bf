//! `dbtool migrate up`

use super::run::{self, Locking, Options, Wanted};
use crate::commands::completions;
use crate::commands::guard::Danger;
use crate::commands::schema::Keep;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::migrate::Request;

/// Apply the pending migrations
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The last one to apply: a version, or the beginning of a version or name
    #[arg(long, value_name = "VERSION", conflicts_with = "steps", add = completions::versions())]
    to: Option<String>,
    /// How many to apply
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Run them first on a scratch copy of the live schema, and on the database itself only if that goes well
    #[arg(long)]
    rehearse: bool,
    #[command(flatten)]
    pub options: Options,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let request = Request::Up { to: args.to.clone(), steps: args.steps };
    let wanted = Wanted { request, options: &args.options, rehearse: args.rehearse, danger: Danger::None };
    run::run(context, &wanted)
}

/// Applies every pending migration.
pub fn up_all(context: &Context<'_>, locking: &Locking, keep: Keep) -> anyhow::Result<ExitCode> {
    let options = Options { keep, locking: locking.clone(), ..Options::default() };
    let request = Request::Up { to: None, steps: None };
    run::run(context, &Wanted { request, options: &options, rehearse: false, danger: Danger::None })
}
