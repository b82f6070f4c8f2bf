//! `dbtool db …`

mod create;
mod drop;
mod ping;
mod reset;
mod stamp;
mod wait;

use clap::Subcommand;

use crate::context::Context;
use crate::db::{Home, Purpose, Session, meta};
use crate::exit_code::ExitCode;

#[derive(Debug, Subcommand)]
pub enum Command {
    Create(create::Args),
    Drop(drop::Args),
    Reset(reset::Args),
    Wait(wait::Args),
    Ping(ping::Args),
    Stamp(stamp::Args),
}

impl Command {
    pub fn run(&self, context: &Context<'_>) -> anyhow::Result<ExitCode> {
        match self {
            Command::Create(args) => create::run(context, args),
            Command::Drop(args) => drop::run(context, args),
            Command::Reset(args) => reset::run(context, args),
            Command::Wait(args) => wait::run(context, args),
            Command::Ping(args) => ping::run(context, args),
            Command::Stamp(args) => stamp::run(context, args),
        }
    }

    #[must_use]
    pub fn lock_wait(&self) -> Option<&str> {
        match self {
            Command::Reset(args) => args.locking.lock_wait.as_deref(),
            _ => None,
        }
    }
}

/// What a database is stamped as.
fn stamp_of(context: &Context<'_>, session: &mut Session) -> crate::error::Result<meta::Meta> {
    let dialect = context.connector()?.dialect();
    let home = session.home(dialect)?;
    meta::read(session, dialect, &home)
        .map_err(|error| error.into_error("cannot read the environment that the database is stamped as"))
}

/// Refuses when the database, if it is there, is stamped as another environment's, in whichever schema. Gives the stamp.
pub(in crate::commands) fn check_stamp(context: &Context<'_>) -> crate::error::Result<Option<String>> {
    let connector = context.connector()?;
    let dialect = connector.dialect();
    if !dialect.database_exists(connector)? {
        return Ok(None);
    }
    let mut session = match connector.connect(Purpose::Read) {
        Ok(session) => session,
        // Somebody dropped it at this moment.
        Err(error) if error.code() == crate::error::Code::UnknownDatabase => return Ok(None),
        Err(error) => return Err(error),
    };
    let environment = &context.settings.environment.name;
    let home = session.home(dialect)?;
    let failed =
        |error: crate::db::DbError| error.into_error("cannot read the environment that the database is stamped as");
    let own = meta::read(&mut session, dialect, &home).map_err(failed)?;
    own.check(environment)?;
    for other in dialect.other_homes(&mut session, &home).map_err(failed)? {
        meta::read(&mut session, dialect, &other).map_err(failed)?.check(environment)?;
    }
    Ok(own.environment)
}

/// Refuses when the database of a session is stamped as another environment's. Gives the stamp.
pub fn check_stamp_of(
    context: &Context<'_>,
    session: &mut Session,
    home: &Home,
) -> crate::error::Result<Option<String>> {
    let dialect = context.connector()?.dialect();
    let meta = meta::read(session, dialect, home)
        .map_err(|error| error.into_error("cannot read the environment that the database is stamped as"))?;
    meta.check(&context.settings.environment.name)?;
    Ok(meta.environment)
}

/// Stamps a database that has no stamp.
pub fn stamp_if_none(context: &Context<'_>, session: &mut Session) -> crate::error::Result<()> {
    write_stamp(context, session, &context.settings.environment.name)
}

/// Stamps the database as an environment's.
fn write_stamp(context: &Context<'_>, session: &mut Session, environment: &str) -> crate::error::Result<()> {
    let dialect = context.connector()?.dialect();
    let home = session.home(dialect)?;
    let mut statements = meta::create(dialect, &home);
    statements.extend(meta::stamp(dialect, &home, environment));
    let failed = |error: crate::db::DbError| error.into_error(format!("cannot stamp the database as `{environment}`"));
    dialect.begin(session, &context.timeouts(), &crate::observer::Silent)?;
    statements.iter().try_for_each(|sql| session.execute(sql)).and_then(|()| session.execute("COMMIT")).map_err(failed)
}
