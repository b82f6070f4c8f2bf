//! Files that reach beyond their database: what they change there, trying them out on a scratch database would change, too.

use std::sync::Arc;

use super::source::Migration;
use super::sql_file::SqlFile;
use crate::db::{Beyond, Connector, Dialect};
use crate::error::{Code, Error, Place, Result};
use crate::sql::{self, Statement};

/// Refuses migrations that change a role, the server or another database, naming the first statement that does.
pub fn check_reach<'m>(migrations: impl IntoIterator<Item = &'m Arc<Migration>>, connector: &Connector) -> Result<()> {
    first_reach(migrations, connector)?.map_or(Ok(()), |(_, error)| Err(error.note("nothing was run")))
}

/// The first migration that does, or that may, by its number from 0, and the error that tells of it.
pub fn first_reach<'m>(
    migrations: impl IntoIterator<Item = &'m Arc<Migration>>,
    connector: &Connector,
) -> Result<Option<(usize, Error)>> {
    let dialect = connector.dialect();
    // Of a file there are no others.
    let databases = if dialect.backend().is_server() { dialect.databases(connector, "")? } else { Vec::new() };
    let mut seen = Seen::default();
    for (at, migration) in migrations.into_iter().enumerate() {
        for file in [Some(migration.up()?), migration.down()?].into_iter().flatten() {
            let mut found = None;
            let read = file.parts(dialect.rules(), |part| {
                for one in &part.statements {
                    let beyond = dialect.reaches_beyond(one, &databases);
                    let reach = beyond.and_then(|beyond| seen.take(beyond, || place(&file, one, dialect)));
                    found = found.take().or(reach);
                }
                Ok::<(), Error>(())
            });
            // What cannot be cut is told when it is run.
            if let (Ok(_), Some(error)) = (read, found) {
                return Ok(Some((at, hinted(error, dialect))));
            }
        }
    }
    Ok(None)
}

/// What was met so far that is harmless alone: a statement that runs a text which stands elsewhere, and a text that would
/// reach beyond if it were run.
#[derive(Default)]
struct Seen {
    runs: Option<Place>,
    holds: Option<(Place, String)>,
}

impl Seen {
    /// The error of a statement that reaches beyond, or may, for all that can be seen.
    fn take(&mut self, beyond: Beyond, place: impl Fn() -> Place) -> Option<Error> {
        match beyond {
            Beyond::Changes(what) => {
                let message = format!("the statement changes {what}: on a scratch database it would change the same");
                return Some(Error::new(Code::ReachesBeyond, message).at(place()));
            }
            Beyond::Unseen => {
                let message =
                    "the statement runs a text that cannot be seen before: it may change more than its database";
                return Some(Error::new(Code::ReachesBeyond, message).at(place()));
            }
            Beyond::Runs => self.runs = self.runs.take().or_else(|| Some(place())),
            Beyond::Holds(what) => self.holds = self.holds.take().or_else(|| Some((place(), what))),
        }
        let (runs, (holds, what)) = (self.runs.as_ref()?, self.holds.as_ref()?);
        let message = format!(
            "the statement runs a text that is put together elsewhere, and that may change {what}: on a scratch database it would \
             change the same"
        );
        let error = Error::new(Code::ReachesBeyond, message).at(runs.clone());
        Some(error.note(format!("such a text stands at {holds}")))
    }
}

/// Where a statement begins, without what is secret in it.
fn place(file: &SqlFile, statement: &Statement<'_>, dialect: &dyn Dialect) -> Place {
    let place = file.place(statement.start);
    Place { excerpt: sql::mask(&place.excerpt, dialect.rules()), ..place }
}

fn hinted(error: Error, dialect: &dyn Dialect) -> Error {
    if !dialect.backend().is_server() {
        return error;
    }
    error.hint(
        "`scratch_url` in the environment's section of dbtool.toml names another server, where it may be tried out",
    )
}
