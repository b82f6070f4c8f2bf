//! One migration as one transaction, with its rows in ledger and journal.

use std::time::Instant;

use super::runner::Runner;
use super::work::{Broken, Work, now, unknown, what};
use crate::db::{Around, Backoff, Kind, Script};
use crate::error::{Code, Error, Result};
use crate::migrate::journal::{self, outcome};
use crate::migrate::script::Prepared;
use crate::observer::Event;
use crate::sql::Statement;

impl Runner<'_> {
    /// One migration as one transaction, with its rows in ledger and journal. Tries again what can pass. `false`: it was
    /// already done.
    pub(super) fn in_transaction(&self, work: &mut Work<'_>, prepared: &Prepared) -> Result<bool> {
        let mut backoff = Backoff::new(self.connector.retry());
        loop {
            let started_at = now();
            let broken = match self.attempt(work, prepared, &started_at) {
                Ok(done) => return Ok(done),
                Err(broken) => broken,
            };
            if broken.kind.is_some_and(Kind::is_transient)
                && self.interrupt.raised().is_none()
                && let Some(delay) = backoff.next_pause()
            {
                let reason =
                    format!("`{}`: {}", prepared.step.migration.label(), broken.error.cause().unwrap_or_default());
                self.observer.on(Event::Retrying { reason, delay });
                std::thread::sleep(delay);
                continue;
            }
            // Whether it is in is not known: that is said, and nothing else.
            if broken.error.code() == Code::OutcomeUnknown {
                self.log(&broken.error, prepared);
                return Err(broken.error);
            }
            let error = if broken.escaped {
                broken.error.note("what stands before its own COMMIT may be in the database")
            } else {
                broken.error.note("nothing of it is in the database: its transaction was rolled back")
            };
            self.log(&error, prepared);
            let message = error.cause().map_or_else(|| error.to_string(), str::to_owned);
            let row = journal::Row {
                outcome: if broken.escaped { outcome::FAILED } else { outcome::ROLLED_BACK },
                statement_started: if broken.escaped { prepared.count.max(1) } else { 0 },
                error: Some(&message),
                ..work.row(prepared, &started_at)
            };
            let insert = row.insert(work.dialect, &work.home);
            if let Err(error) = work.session.execute(&insert) {
                tracing::debug!(%error, "the failure could not be written to the journal");
            }
            return Err(error);
        }
    }

    fn attempt(&self, work: &mut Work<'_>, prepared: &Prepared, started_at: &str) -> Result<bool, Broken> {
        let strict = self.attempt_around(work, prepared, started_at, false);
        match strict {
            Err(Broken { overstrict: true, .. }) => self.attempt_around(work, prepared, started_at, true),
            result => result,
        }
    }

    fn attempt_around(
        &self,
        work: &mut Work<'_>,
        prepared: &Prepared,
        started_at: &str,
        lenient: bool,
    ) -> Result<bool, Broken> {
        let dialect = work.dialect;
        let statements = prepared.statements(dialect);
        let script = Script { file: &prepared.file.path, source: &prepared.file.text, statements: &statements };
        let around = dialect.before(&mut work.session, &script, lenient);
        let around = around.map_err(|error| self.refused(work, prepared, error))?;
        let mut result = self.attempt_within(work, prepared, &script, started_at, &around);
        if let Err(broken) = &mut result {
            work.rollback();
            if broken.kind == Some(Kind::Lost) {
                let settled = self.settle(work, prepared).and_then(|()| self.is_in(work, prepared));
                match settled {
                    Ok(true) => {
                        let warning = format!("the connection broke while {} was being committed", what(prepared));
                        self.observer.warn(format!("{warning}; it is in"));
                        return Ok(true);
                    }
                    // Without our COMMIT nothing can be in.
                    Ok(false) => {}
                    Err(_) if !broken.committing => {}
                    Err(error) => return Err(error.into()),
                }
            }
            // A file may have committed, and begun another transaction, behind our back.
            if let Some(id) = work.transaction.take() {
                broken.escaped |= dialect.was_committed(&mut work.session, &id).unwrap_or(false);
            }
        }
        let undone = dialect.after(&mut work.session, &around);
        undone.map_err(|error| self.refused(work, prepared, error)).and(result)
    }

    fn attempt_within(
        &self,
        work: &mut Work<'_>,
        prepared: &Prepared,
        script: &Script<'_>,
        started_at: &str,
        around: &Around,
    ) -> Result<bool, Broken> {
        let dialect = work.dialect;
        let started = Instant::now();
        dialect.begin(&mut work.session, &self.timeouts, self.observer)?;
        if dialect.looks_again() && work.is_done(prepared).map_err(|error| self.refused(work, prepared, error))? {
            work.rollback();
            return Ok(false);
        }
        // Asking is a query, and SET TRANSACTION must come before every query.
        let sets = script.statements.iter().any(|statement| statement.begins(&["SET", "TRANSACTION"]));
        work.transaction = None;
        if !sets {
            let transaction = dialect.transaction_id(&mut work.session);
            work.transaction = transaction.map_err(|error| self.refused(work, prepared, error))?;
        }
        let inside: Vec<Statement<'_>> =
            script.statements.iter().filter(|statement| !around.outside.contains(&statement.number)).cloned().collect();
        work.session
            .run(script.source, &inside)
            .map_err(|failure| self.failed(work, prepared, script.statements, failure))?;
        if sets {
            work.transaction = dialect.transaction_id(&mut work.session).ok().flatten();
        }
        let same = match work.transaction.clone() {
            None => true,
            ours => dialect.transaction_id(&mut work.session).is_ok_and(|now| now == ours),
        };
        if !work.session.in_transaction(true) || !same {
            let error =
                Error::new(Code::MigrationFailed, format!("{} ended its transaction by itself", what(prepared)));
            return Err(error
                .hint("a file that commits must say so: `allow_commit = true` in its metadata.toml")
                .into());
        }
        dialect.before_commit(&mut work.session, around, true).map_err(|error| error.because(what(prepared)))?;
        work.held.check()?;
        let done = prepared.count;
        let row = journal::Row {
            outcome: outcome::DONE,
            duration_ms: Some(started.elapsed().as_millis()),
            statement_started: done,
            statement_done: done,
            ..work.row(prepared, started_at)
        };
        let version = &prepared.step.migration.version;
        let rows =
            [journal::record(dialect, &work.home, prepared.step.direction, version), row.insert(dialect, &work.home)];
        work.session.execute(&rows.join("; ")).map_err(|error| self.refused(work, prepared, error))?;
        match work.session.execute("COMMIT") {
            Ok(()) => Ok(true),
            Err(error) if error.kind == Kind::Lost => {
                Err(Broken { committing: true, ..self.refused(work, prepared, error) })
            }
            Err(error) => {
                let found = dialect.explain_refused_commit(&mut work.session);
                let broken = self.refused(work, prepared, error);
                Err(Broken { error: found.into_iter().fold(broken.error, Error::note), ..broken })
            }
        }
    }

    /// Whether our row in the journal says that it was committed.
    fn is_in(&self, work: &mut Work<'_>, prepared: &Prepared) -> Result<bool> {
        let version = &prepared.step.migration.version;
        let query = journal::committed(work.dialect, &work.home, self.run_id, version, prepared.step.direction);
        let rows = work.session.query(&query).map_err(|error| unknown(prepared).because(error))?;
        Ok(!rows.is_empty())
    }
}
