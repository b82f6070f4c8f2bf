//! Files that reach beyond their database: what they change there, trying them out on a scratch database would change, too.

use std::sync::Arc;

use super::source::Migration;
use crate::db::{Connector, Dialect};
use crate::error::{Code, Error, Place, Result};
use crate::sql;

/// Refuses migrations that change a role, the server or another database, naming the first statement that does.
pub fn check_reach<'m>(migrations: impl IntoIterator<Item = &'m Arc<Migration>>, connector: &Connector) -> Result<()> {
    first_reach(migrations, connector)?.map_or(Ok(()), |(_, error)| Err(error.note("nothing was run")))
}

/// The first migration that does, by its number from 0, and the error that tells of it.
pub fn first_reach<'m>(
    migrations: impl IntoIterator<Item = &'m Arc<Migration>>,
    connector: &Connector,
) -> Result<Option<(usize, Error)>> {
    let dialect = connector.dialect();
    // Of a file there are no others.
    let databases = if dialect.backend().is_server() { dialect.databases(connector, "")? } else { Vec::new() };
    for (at, migration) in migrations.into_iter().enumerate() {
        for file in [Some(migration.up()?), migration.down()?].into_iter().flatten() {
            let mut found = None;
            let read = file.parts(dialect.rules(), |part| {
                let beyond =
                    part.statements.iter().find_map(|one| Some((one.start, dialect.reaches_beyond(one, &databases)?)));
                found = found.take().or(beyond);
                Ok::<(), Error>(())
            });
            // What cannot be cut is told when it is run.
            if let (Ok(_), Some((start, what))) = (read, found) {
                return Ok(Some((at, beyond(file.place(start), &what, dialect))));
            }
        }
    }
    Ok(None)
}

fn beyond(place: Place, what: &str, dialect: &dyn Dialect) -> Error {
    let excerpt = sql::mask(&place.excerpt, dialect.rules());
    let message = format!("the statement changes {what}: on a scratch database it would change the same");
    let error = Error::new(Code::ReachesBeyond, message).at(Place { excerpt, ..place });
    if !dialect.backend().is_server() {
        return error;
    }
    error.hint(
        "`scratch_url` in the environment's section of dbtool.toml names another server, where it may be tried out",
    )
}
