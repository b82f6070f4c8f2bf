//! `dbtool migrate repair`

use super::run::{self, Locking};
use crate::commands::completions;
use crate::commands::guard::{self, Danger};
use crate::context::Context;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::migrate::apply::Choice;
use crate::output::Progress;

/// Settle a migration that is half applied, or was changed after it was applied
///
/// `migrate status` tells which statements are in, and which one is in doubt. Look at the database, then say what to do; it is
/// recorded with its reason.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("choice").required(true))]
pub struct Args {
    /// The version; needed when there are several
    #[arg(value_name = "VERSION", add = completions::versions())]
    version: Option<String>,
    /// Run the failed or doubtful statement again, and the rest of the file
    #[arg(long, group = "choice")]
    retry: bool,
    /// Take that statement as done, and run the rest of the file
    #[arg(long, group = "choice")]
    resume: bool,
    /// Record it as applied: you have finished it by hand, or undone what was half reverted
    #[arg(long, group = "choice")]
    mark_applied: bool,
    /// Record it as not applied: you have undone it by hand, or finished reverting it
    #[arg(long, group = "choice")]
    mark_pending: bool,
    /// Record the file as it is now as what is applied
    #[arg(long, group = "choice")]
    accept_checksum: bool,
    /// Why; it stands in the journal
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    pub locking: Locking,
}

impl Args {
    fn choice(&self) -> Choice {
        if self.retry {
            Choice::Retry
        } else if self.resume {
            Choice::Resume
        } else if self.mark_applied {
            Choice::MarkApplied
        } else if self.mark_pending {
            Choice::MarkPending
        } else {
            Choice::AcceptChecksum
        }
    }
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    if args.reason.trim().is_empty() {
        return Err(Error::new(Code::Usage, "the reason is empty")
            .hint("say why, for whoever reads the journal")
            .into());
    }
    let choice = args.choice();
    // To say what is so, without running anything, rewrites history.
    let marks = matches!(choice, Choice::MarkApplied | Choice::MarkPending);
    guard::check(context, if marks { Danger::Reverts } else { Danger::None }, "")?;
    let source = context.source()?;
    let connector = context.connector()?;
    let progress = Progress::new(context.terminal);
    let provenance = || context.provenance(&source);
    let runner = run::runner(context, connector, &source, &args.locking, &progress, &provenance);
    let finished = runner.repair(args.version.as_deref(), choice, &args.reason)?;
    drop(progress);
    run::report(context, finished, false)
}
