//! `dbtool migrate baseline`

use super::run::{self, Locking};
use crate::commands::completions;
use crate::commands::guard::{self, Danger};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::output::Progress;

/// Record a version and all before it as applied, without running anything
///
/// For a database whose schema is already there.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The last one whose change is already there
    #[arg(value_name = "VERSION", add = completions::versions())]
    version: String,
    /// Only print what would be recorded
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub locking: Locking,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    guard::check(context, Danger::None, "")?;
    let source = context.source()?;
    let connector = context.connector()?;
    let progress = Progress::new(context.terminal);
    let provenance = || context.provenance(&source);
    let runner = run::runner(context, connector, &source, &args.locking, &progress, &provenance);
    let finished = runner.baseline(&args.version, args.dry_run)?;
    drop(progress);
    run::report(context, finished, args.dry_run)
}
