//! `dbtool migrate to`

use super::run::{self, Options, Wanted};
use crate::commands::completions;
use crate::commands::guard::Danger;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::migrate::Request;

/// Go to a version, up or down
///
/// Reverts every applied version above it, then applies every pending one up to it. 0: nothing applied.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A version, or the beginning of a version or name
    #[arg(value_name = "VERSION", add = completions::versions())]
    version: String,
    #[command(flatten)]
    pub options: Options,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let danger = if args.version == "0" { Danger::Destroys } else { Danger::Reverts };
    let request = Request::To(args.version.clone());
    run::run(context, &Wanted { request, options: &args.options, rehearse: false, danger })
}
