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
mod spool;
mod update;
mod view;

use clap::Subcommand;

use super::schema::Live;
use crate::context::Context;
use crate::data::World;
use crate::db::AnyConnection;
use crate::error::{Code, Result};
use crate::exit_code::ExitCode;
use crate::rows::{Subject, sensitive};

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
struct Place<'x, 'c> {
    context: &'x Context<'c>,
    live: Live,
}

impl<'x, 'c> Place<'x, 'c> {
    fn open(context: &'x Context<'c>) -> Result<(Self, AnyConnection)> {
        let live = Live::read(context)?;
        for (name, meant) in sensitive::unknown(&context.settings.sensitive, &live.catalog) {
            let message =
                format!("`[columns] sensitive` names `{name}`, and no column is called so: nothing is masked for it");
            context.terminal.warning(&message, meant.as_deref());
        }
        let connection = context.changing()?;
        Ok((Self { context, live }, connection))
    }

    fn world(&self) -> World<'x> {
        World { registry: self.context.registry, sensitive: &self.context.settings.sensitive, reveal: false }
    }

    /// The same for whoever may see what is sensitive.
    fn world_of(&self, reveal: bool) -> World<'x> {
        World { reveal, ..self.world() }
    }

    fn subject(&self, table: &str) -> Result<Subject<'_>> {
        let world = self.world();
        let found = Subject::find(&self.live.catalog, self.live.own(table), world.registry, world.sensitive);
        found.map_err(|error| match self.pending() {
            1.. if error.code() == Code::UnknownTable => {
                error.hint("`dbtool migrate up` applies the migrations that are pending")
            }
            _ => error,
        })
    }

    /// How many migrations wait to be applied. It is for a hint: where that cannot be told, there are none.
    fn pending(&self) -> u64 {
        let Ok(source) = self.context.source() else { return 0 };
        let applied = self.context.diesel().ok().and_then(|mut connection| {
            let rows = connection.select("SELECT count(*) FROM __diesel_schema_migrations", &[]).ok()?;
            rows.first()?.first()?.as_int()
        });
        (source.migrations.len() as u64)
            .saturating_sub(applied.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }
}
