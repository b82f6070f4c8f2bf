//! `dbtool schema …`

mod check;
mod diff;
mod dump;
mod er;
mod keep;
mod rust;
mod rustfmt;
mod show;
mod side;
mod tables;

use clap::Subcommand;

pub use keep::{Keep, Kept};

use super::names;
use crate::catalog::{self, Catalog};
use crate::context::Context;
use crate::db::{Dialect, Home, Purpose};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::inspect;
use crate::output::{Progress, Terminal};
use crate::text;

#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(alias = "list")]
    Tables(tables::Args),
    #[command(alias = "describe")]
    Show(show::Args),
    Dump(dump::Args),
    Diff(diff::Args),
    Check(check::Args),
    Er(er::Args),
    Rust(rust::Args),
}

impl Command {
    pub fn run(&self, context: &Context<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Command::Tables(args) => tables::run(context, args),
            Command::Show(args) => show::run(context, args),
            Command::Dump(args) => dump::run(context, args),
            Command::Diff(args) => diff::run(context, args),
            Command::Check(args) => check::run(context, args),
            Command::Er(args) => er::run(context, args),
            Command::Rust(args) => rust::run(context, args),
        }
    }
}

/// The live schema.
pub(in crate::commands) struct Live {
    pub(in crate::commands) catalog: Catalog,
    home: Home,
    dialect: &'static dyn Dialect,
}

impl Live {
    pub(in crate::commands) fn read(context: &Context<'_>) -> Result<Self> {
        let connector = context.connector()?;
        let mut session = connector.connect_telling(Purpose::Read, &Progress::new(context.terminal))?;
        let dialect = connector.dialect();
        let home = session.home(dialect)?;
        let catalog = catalog::read(&mut session, dialect, &home)?;
        names::remember(&context.settings.process, &context.settings.database()?.target, &catalog);
        Ok(Self { catalog, home, dialect })
    }

    /// A name without the schema that the connection is in: there, names stand alone.
    pub(in crate::commands) fn own<'n>(&self, name: &'n str) -> &'n str {
        let schema = self.home.schema.as_deref();
        schema.and_then(|schema| name.strip_prefix(schema)?.strip_prefix('.')).unwrap_or(name)
    }
}

/// Tells of what is in the database, and not in what is shown.
fn tell_gaps(terminal: &Terminal, catalog: &Catalog) {
    let tell = |what: &str, objects: &[catalog::Object]| {
        if !objects.is_empty() {
            terminal.warning(&format!("{what}: {}", text::printable(&inspect::objects(objects))), None);
        }
    };
    tell("the schema has what dbtool does not look at", &catalog.not_modelled);
    tell_unseen(terminal, catalog);
}

/// Tells of what may be in the database, and cannot be seen.
fn tell_unseen(terminal: &Terminal, catalog: &Catalog) {
    if !catalog.not_seen.is_empty() {
        let objects = text::printable(&inspect::objects(&catalog.not_seen)).into_owned();
        terminal.warning(&format!("not seen, for want of a right or of an answer: {objects}"), None);
    }
}
