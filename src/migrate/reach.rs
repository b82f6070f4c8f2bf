//! Files that reach beyond their database: what they change there, trying them out on a scratch database would change, too.

use std::sync::Arc;

use super::source::Migration;
use crate::db::Dialect;
use crate::error::{Code, Error, Place, Result};
use crate::sql;

/// Refuses migrations that change a role, the server or another database, naming the first statement that does.
pub fn check_reach<'m>(migrations: impl IntoIterator<Item = &'m Arc<Migration>>, dialect: &dyn Dialect) -> Result<()> {
    for migration in migrations {
        for file in [Some(migration.up()?), migration.down()?].into_iter().flatten() {
            let mut found = None;
            let read = file.parts(dialect.rules(), |part| {
                let beyond = part.statements.iter().find_map(|one| Some((one.start, dialect.reaches_beyond(one)?)));
                found = found.take().or(beyond);
                Ok::<(), Error>(())
            });
            // What cannot be cut is told when it is run.
            if read.is_err() {
                continue;
            }
            if let Some((start, what)) = found {
                let place = file.place(start);
                let excerpt = sql::mask(&place.excerpt, dialect.rules());
                let error = Error::new(
                    Code::ReachesBeyond,
                    format!("the statement changes {what}: on a scratch database it would change the same"),
                );
                let error = error.at(Place { excerpt, ..place }).note("nothing was run");
                return Err(if dialect.backend().is_server() {
                    error.hint("`scratch_url` in the environment's section of dbtool.toml names another server, where it may be tried out")
                } else {
                    error
                });
            }
        }
    }
    Ok(())
}
