//! `dbtool migrate …`

mod baseline;
mod down;
mod history;
mod new;
mod redo;
mod repair;
mod run;
mod status;
mod to;
mod up;
mod verify;

use clap::Subcommand;

pub use run::{Locking, scratch_runner};

use crate::context::Context;
use crate::exit_code::ExitCode;

/// Diesel's words for the same are taken, too.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(alias = "generate")]
    New(new::Args),
    #[command(alias = "run")]
    Up(up::Args),
    #[command(alias = "revert")]
    Down(down::Args),
    To(to::Args),
    Redo(redo::Args),
    Baseline(baseline::Args),
    Repair(repair::Args),
    #[command(alias = "list")]
    Status(status::Args),
    History(history::Args),
    Verify(verify::Args),
}

impl Command {
    pub fn run(&self, context: &Context<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Command::New(args) => new::run(context, args),
            Command::Up(args) => up::run(context, args),
            Command::Down(args) => down::run(context, args),
            Command::To(args) => to::run(context, args),
            Command::Redo(args) => redo::run(context, args),
            Command::Baseline(args) => baseline::run(context, args),
            Command::Repair(args) => repair::run(context, args),
            Command::Status(args) => status::run(context, args),
            Command::History(args) => history::run(context, args),
            Command::Verify(args) => verify::run(context, args),
        }
    }

    #[must_use]
    pub fn lock_wait(&self) -> Option<&str> {
        let locking = match self {
            Command::Up(args) => &args.options.locking,
            Command::Down(args) => &args.options.locking,
            Command::To(args) => &args.options.locking,
            Command::Redo(args) => &args.options.locking,
            Command::Baseline(args) => &args.locking,
            Command::Repair(args) => &args.locking,
            Command::New(_) | Command::Status(_) | Command::History(_) | Command::Verify(_) => return None,
        };
        locking.lock_wait.as_deref()
    }
}

/// Applies every pending migration: for `db reset`.
pub use up::up_all;
