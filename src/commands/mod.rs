//! One file for each command: its arguments, what it does, and what it shows. A new one is a file and two lines here.

mod audit;
pub mod completions;
mod config_show;
mod data;
mod db;
mod guard;
pub mod init;
mod migrate;
mod names;
mod order;
mod reseed;
mod schema;
mod seed;
mod when;
pub mod words;

pub use guard::{Danger, Verdict, judge};

use clap::Subcommand;

use crate::context::Context;
use crate::exit_code::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Command {
    Init(init::Args),
    /// Bring the schema up to date, back, and tell where it stands
    #[command(subcommand, visible_alias = "migration")]
    Migrate(migrate::Command),
    Seed(seed::Args),
    Reseed(reseed::Args),
    /// Look at the schema, write it down, and compare it
    #[command(subcommand)]
    Schema(schema::Command),
    /// Place orders in the reference shop, and lead them through their life
    #[command(subcommand, visible_alias = "orders")]
    Order(order::Command),
    /// Who changed what, and when
    #[command(subcommand)]
    Audit(audit::Command),
    /// Look at rows of any table, and change them
    #[command(subcommand)]
    Data(data::Command),
    /// Create, drop and check the database itself
    #[command(subcommand, visible_alias = "database")]
    Db(db::Command),
    /// The settings, and where each comes from
    #[command(subcommand)]
    Config(config_show::Command),
    Completions(completions::Args),
}

impl Command {
    /// Runs it. `init` and `completions` need no settings, and are run before there are any.
    pub fn run(&self, context: &Context<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Command::Init(_) | Command::Completions(_) => Ok(ExitCode::Done),
            Command::Migrate(command) => command.run(context),
            Command::Seed(args) => seed::run(context, args),
            Command::Reseed(args) => reseed::run(context, args),
            Command::Schema(command) => command.run(context),
            Command::Order(command) => command.run(context),
            Command::Audit(command) => command.run(context),
            Command::Data(command) => command.run(context),
            Command::Db(command) => command.run(context),
            Command::Config(command) => command.run(context),
        }
    }

    /// What `--lock-wait` says, where a command has it.
    #[must_use]
    pub fn lock_wait(&self) -> Option<&str> {
        match self {
            Command::Migrate(command) => command.lock_wait(),
            Command::Db(command) => command.lock_wait(),
            _ => None,
        }
    }
}
