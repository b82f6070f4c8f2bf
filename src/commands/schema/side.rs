//! One side of a comparison: where a schema is taken from.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::Live;
use crate::catalog::{self, Catalog};
use crate::commands::migrate::scratch_runner;
use crate::config::{Flags, Settings};
use crate::context::Context;
use crate::db::{Connector, Purpose};
use crate::error::{Code, Error, Result};
use crate::interrupt::Interrupt;
use crate::migrate::{Direction, Step, applied_steps, check_reach, schema_of};
use crate::output::Progress;
use crate::text;

/// `live`, `migrations`, `env:NAME`, a URL, or a file of `schema dump -o json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    Live,
    Migrations,
    Environment(String),
    Url(String),
    File(String),
}

impl Side {
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "live" => Side::Live,
            "migrations" => Side::Migrations,
            _ => match word.strip_prefix("env:") {
                Some(name) => Side::Environment(name.to_owned()),
                None if word.contains("://") || word.starts_with("sqlite:") => Side::Url(word.to_owned()),
                None => Side::File(word.to_owned()),
            },
        }
    }

    pub fn read(&self, context: &Context<'_>) -> Result<Catalog> {
        match self {
            Side::Live => Ok(Live::read(context)?.catalog),
            Side::Migrations => of_migrations(context),
            Side::Environment(name) => other(context, Flags { env: Some(name.clone()), ..same_file(context) }),
            Side::Url(url) => {
                let url_from = Some("the command line: a side of the comparison");
                other(context, Flags { url: Some(url.clone()), url_from, ..same_file(context) })
            }
            Side::File(path) => of_file(context, path),
        }
    }
}

/// Settings of the file that this command reads, wherever that stands.
fn same_file(context: &Context<'_>) -> Flags {
    Flags { config: context.settings.file.clone(), ..Flags::default() }
}

/// The schema of a database that other settings name.
fn other(context: &Context<'_>, flags: Flags) -> Result<Catalog> {
    let settings = Settings::read(context.settings.process.clone(), flags)?;
    context.terminal.hide(&settings.secrets());
    let connector = Connector::new(&settings)?;
    context.terminal.hide(connector.redactor());
    let mut session = connector.connect_telling(Purpose::Read, &Progress::new(context.terminal))?;
    let home = session.home(connector.dialect())?;
    catalog::read(&mut session, connector.dialect(), &home)
}

/// What SQLite's files begin with.
const SQLITE: &[u8] = b"SQLite format 3\0";

fn of_file(context: &Context<'_>, word: &str) -> Result<Catalog> {
    let path = context.settings.process.directory.join(word);
    if begins_with(&path, SQLITE) {
        return Side::Url(format!("sqlite://{}", path.display())).read(context);
    }
    let text = std::fs::read_to_string(&path).map_err(|cause| {
        let error = Error::io("read", &path, &cause);
        let near = text::did_you_mean(word, ["live", "migrations"]);
        near.into_iter().fold(error, Error::hint).hint(
            "a side is `live`, `migrations`, `env:NAME`, a URL, or a file that `dbtool schema dump -o json` wrote",
        )
    })?;
    Catalog::from_json(&text).map_err(|cause| {
        if looks_like_sql(&text) {
            let message = format!("`{}` is SQL, and a schema is compared as data", path.display());
            return Error::new(Code::NotComparable, message).hint(
                "`dbtool schema dump -o json` writes that; or load the SQL into an empty database, and give its URL",
            );
        }
        Error::new(Code::NotComparable, format!("`{}` is no dumped schema", path.display()))
            .because(cause)
            .hint("`dbtool schema dump -o json` writes one")
    })
}

fn begins_with(path: &Path, wanted: &[u8]) -> bool {
    let mut head = vec![0; wanted.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == wanted
}

/// Whether a text is a dump as SQL, ours or another tool's.
fn looks_like_sql(text: &str) -> bool {
    let verbs = ["CREATE ", "SET ", "PRAGMA ", "BEGIN", "SELECT ", "ALTER ", "--", "/*"];
    let begins = |line: &str| {
        verbs.iter().any(|verb| line.get(..verb.len()).is_some_and(|head| head.eq_ignore_ascii_case(verb)))
    };
    text.lines().map(str::trim_start).find(|line| !line.is_empty()).is_some_and(begins)
}

/// The schema that all migrations make.
fn of_migrations(context: &Context<'_>) -> Result<Catalog> {
    let source = context.source()?;
    let up = |migration: &Arc<_>| Step { direction: Direction::Up, migration: Arc::clone(migration), recorded: None };
    on_scratch(context, &source.migrations.iter().map(up).collect::<Vec<_>>())
}

/// The schema that those migrations make which are applied; and what is to be told of it.
pub fn of_applied(context: &Context<'_>) -> Result<(Catalog, Vec<String>)> {
    let source = context.source()?;
    let connector = context.connector()?;
    let dialect = connector.dialect();
    let mut session = connector.connect(Purpose::Read)?;
    let home = session.home(dialect)?;
    let (steps, warnings) = applied_steps(&source, &mut session, dialect, &home)?;
    drop(session);
    Ok((on_scratch(context, &steps)?, warnings))
}

fn on_scratch(context: &Context<'_>, steps: &[Step]) -> Result<Catalog> {
    let source = context.source()?;
    if !context.scratch_is_elsewhere()? {
        check_reach(&source.migrations, context.connector()?)?;
    }
    let interrupt = Interrupt::listen();
    let progress = Progress::new(context.terminal);
    let mut scratch = context.scratch(&interrupt, &progress)?;
    let provenance = || context.provenance(&source);
    let runner = scratch_runner(context, &source, interrupt, &provenance)?;
    schema_of(&runner, &mut scratch, steps)
}
