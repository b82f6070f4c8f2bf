//! A run tried out on a scratch copy of the live schema, before it is done.

use super::apply::{Finished, Runner, Wanted};
use super::direction::Direction;
use super::history::History;
use super::journal;
use crate::catalog::{self, Catalog};
use crate::db::{Home, Purpose, Scratch, Session};
use crate::error::{Code, Error, Result};

/// Copies a schema, with what is applied to it, onto a scratch database, and runs there what is wanted.
pub fn rehearse(
    runner: &Runner<'_>,
    scratch: &mut Scratch,
    live: (&Catalog, &History),
    wanted: &Wanted<'_>,
) -> Result<Finished> {
    let ran = copy_and_run(runner, scratch, live, wanted);
    let Some(signal) = runner.interrupt.raised() else { return ran };
    // What is in the scratch copy, and how to go on with it, is for nobody. A statement may also have ended well when it was
    // cancelled, as SLEEP does.
    let stopped = Error::new(signal.code(), "the rehearsal was interrupted");
    let stopped = ran.err().iter().fold(stopped, Error::because);
    Err(stopped.note("it was on a scratch copy of the schema: nothing was run on the database itself"))
}

fn copy_and_run(
    runner: &Runner<'_>,
    scratch: &mut Scratch,
    (live, history): (&Catalog, &History),
    wanted: &Wanted<'_>,
) -> Result<Finished> {
    let dialect = runner.connector.dialect();
    let connector = scratch.emptied(runner.observer)?;
    let mut session = connector.connect_telling(Purpose::Write, runner.observer)?;
    let home = session.home(dialect)?;
    for sql in catalog::ddl(live, dialect) {
        runner.interrupt.check()?;
        session.execute(&sql).map_err(|error| {
            Error::new(Code::RehearsalFailed, "the live schema cannot be copied onto a scratch database")
                .because(&error)
                .note(format!("at `{}`", crate::text::shorten(&sql, 200)))
                .note("nothing was run")
                .hint("leave out `--rehearse`; `dbtool migrate verify` tries the migrations without a copy")
        })?;
    }
    write_history(&mut session, runner, &home, history)?;
    drop(session);
    let finished = runner.on(connector).run(wanted)?;
    match finished.failure {
        None => Ok(finished),
        Some(failure) if runner.interrupt.raised().is_some() => Err(failure),
        Some(failure) => {
            // What is said of the scratch copy there is nothing to be done about.
            let error = Error::new(Code::RehearsalFailed, format!("the rehearsal failed: {failure}"));
            let error = failure.place().cloned().into_iter().fold(error, Error::at);
            let error = failure.cause().map(str::to_owned).into_iter().fold(error, Error::because);
            let told = failure.notes().iter().filter(|_| failure.code() == Code::CheckFailed);
            let error = told.cloned().fold(error, Error::note);
            Err(error
                .note("it was on a scratch copy of the schema: nothing was run on the database itself")
                .hint("mend the file, and run the same command again"))
        }
    }
}

/// Makes the ledger, and writes into it what is applied.
fn write_history(session: &mut Session, runner: &Runner<'_>, home: &Home, history: &History) -> Result<()> {
    let dialect = runner.connector.dialect();
    let versions: Vec<_> = history.applied.keys().collect();
    let mut statements = journal::create(dialect, home);
    statements.extend(versions.chunks(100).map(|some| journal::record(dialect, home, Direction::Up, some)));
    let written = statements.iter().try_for_each(|sql| session.execute(sql));
    written.map_err(|error| error.into_error("cannot write into the scratch copy what is applied"))
}
