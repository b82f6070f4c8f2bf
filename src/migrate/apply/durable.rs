//! What was committed without a wait for the server's disk is waited for when a run ends before its last migration, whose
//! commit would have waited for all.

use std::collections::HashSet;

use super::runner::Runner;
use super::work::Work;
use crate::db::{DbError, Dialect, Home, Kind, Purpose, Session};
use crate::error::{Code, Error};
use crate::migrate::journal;
use crate::migrate::report::{Outcome, Ran};
use crate::text;

impl Runner<'_> {
    /// The run ends with an error: waits until all that it has committed is on the server's disk. What a server that went
    /// down has lost of it is no longer told as done.
    pub(super) fn make_sure(&self, work: &mut Work<'_>, unsure: &mut [Ran], error: Error) -> Error {
        if unsure.is_empty() || work.dialect.without_wait().is_none() {
            return error;
        }
        let mut found = self.kept(&mut work.session, work.dialect, &work.home);
        // Whoever could not be reached a moment ago is not waited for again.
        if found.as_ref().is_err_and(|error| error.kind == Kind::Lost) && error.code() != Code::OutcomeUnknown {
            // What the session has set is of no use here.
            if let Ok(mut other) = self.connector.connect_telling(Purpose::Write, self.observer) {
                found = self.kept(&mut other, work.dialect, &work.home);
            }
        }
        let kept = match found {
            Ok(kept) => kept,
            Err(why) => {
                let of = text::count(unsure.len(), "migration");
                return error
                    .note(format!("whether the last {of} before it are on the server's disk is not known: {why}"))
                    .hint("`dbtool migrate status` tells what is in, once the server can be reached");
            }
        };
        let mut lost = 0;
        for ran in unsure.iter_mut() {
            if !kept.contains(&(ran.version.clone(), ran.direction.name().to_owned())) {
                (ran.outcome, lost) = (Outcome::RolledBack, lost + 1);
            }
        }
        if lost == 0 {
            return error;
        }
        let which = if lost == 1 { "1 migration that was".to_owned() } else { format!("{lost} migrations that were") };
        error.note(format!("{which} told as done went down with the server, before it had written them to its disk"))
    }

    /// What this run has done that is on the server's disk: versions and directions.
    fn kept(
        &self,
        session: &mut Session,
        dialect: &dyn Dialect,
        home: &Home,
    ) -> Result<HashSet<(String, String)>, DbError> {
        dialect.write_out(session, &home.table(dialect, journal::JOURNAL))?;
        let rows = session.query(&journal::done_by(dialect, home, self.run_id))?;
        Ok(rows.into_iter().map(|mut row| (row.take(0), row.take(1))).collect())
    }
}
