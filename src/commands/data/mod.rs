//! `dbtool data …`

mod aggregate;
mod apply;
mod count;
mod create;
mod delete;
mod export;
mod get;
mod import;
mod input;
mod list;
mod pace;
mod selection;
mod update;
mod view;

use clap::Subcommand;

use super::schema::Live;
use crate::context::Context;
use crate::data::World;
use crate::db::AnyConnection;
use crate::entities::Registry;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::rows::Subject;

#[derive(Debug, Subcommand)]
pub enum Command {
    List(list::Args),
    Get(get::Args),
    Count(count::Args),
    Aggregate(aggregate::Args),
    Create(create::Args),
    Update(update::Args),
    Delete(delete::Args),
    Export(export::Args),
    Import(import::Args),
}

impl Command {
    pub fn run(&self, context: &Context<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Command::List(args) => list::run(context, args),
            Command::Get(args) => get::run(context, args),
            Command::Count(args) => count::run(context, args),
            Command::Aggregate(args) => aggregate::run(context, args),
            Command::Create(args) => create::run(context, args),
            Command::Update(args) => update::run(context, args),
            Command::Delete(args) => delete::run(context, args),
            Command::Export(args) => export::run(context, args),
            Command::Import(args) => import::run(context, args),
        }
    }
}

/// A database whose rows are looked at: its schema, and a connection.
struct Place<'x> {
    live: Live,
    registry: Registry,
    sensitive: &'x [String],
}

impl<'x> Place<'x> {
    fn open(context: &'x Context<'_>) -> Result<(Self, AnyConnection)> {
        let live = Live::read(context)?;
        let connection = context.diesel()?;
        Ok((Self { live, registry: context.registry, sensitive: &context.settings.sensitive }, connection))
    }

    fn world(&self) -> World<'x> {
        World { registry: self.registry, sensitive: self.sensitive, reveal: false }
    }

    /// The same for whoever may see what is sensitive.
    fn world_of(&self, reveal: bool) -> World<'x> {
        World { reveal, ..self.world() }
    }

    fn subject(&self, table: &str) -> Result<Subject<'_>> {
        Subject::find(&self.live.catalog, self.live.own(table), self.world().registry, self.sensitive)
    }
}
