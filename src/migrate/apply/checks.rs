//! verify.sql: the checks of the project's own. After an up, in its transaction, each of its queries must find nothing.

use super::masking::Sensitive;
use super::runner::Runner;
use super::work::{Broken, Work};
use crate::db::{Failure, Named, Row};
use crate::error::{Code, Error, Place};
use crate::migrate::script::Prepared;
use crate::migrate::sql_file::SqlFile;
use crate::secret::MASK;
use crate::sql;
use crate::text;

/// So many of the rows that should not be there are shown.
const SHOWN: usize = 3;

impl Runner<'_> {
    /// Runs the checks of a migration that has just been applied.
    pub(super) fn check_rows(&self, work: &mut Work<'_>, prepared: &Prepared) -> Result<(), Broken> {
        let Some(file) = &prepared.verify else { return Ok(()) };
        let dialect = work.dialect;
        // What a query changes all the same, by a function, is refused or undone.
        let (begin, end) = dialect.only_reading();
        let guard = |work: &mut Work<'_>, sql: &str| {
            work.session.execute(sql).map_err(|error| self.refused(work, prepared, error))
        };
        guard(work, begin)?;
        let checked = self.ask(work, prepared, file);
        let ended = guard(work, end);
        checked.and(ended)
    }

    fn ask(&self, work: &mut Work<'_>, prepared: &Prepared, file: &SqlFile) -> Result<(), Broken> {
        let (dialect, label) = (work.dialect, prepared.step.migration.label());
        file.parts(dialect.rules(), |part| {
            for statement in &part.statements {
                self.interrupt.check()?;
                let place = || {
                    let place = file.place(statement.start);
                    Place { excerpt: sql::mask(&place.excerpt, dialect.rules()), ..place }
                };
                let named = work.session.query_named(dialect.text(statement)).map_err(|error| {
                    let broken = self.failed(work, prepared, &[], Failure::of_ours(error));
                    let error = broken.error.saying(format!("a check of `{label}` cannot be run")).at(place());
                    Broken { error, ours: false, ..broken }
                })?;
                if !named.rows.is_empty() {
                    let masked = Sensitive(self.sensitive).masked(statement.text, dialect.rules(), &named.columns);
                    return Err(Broken::from(found(&label, &named, &masked).at(place())));
                }
            }
            Ok(())
        })
        .map(|_| ())
    }
}

/// The error of a check that has found what should not be there.
fn found(label: &str, named: &Named, masked: &[bool]) -> Error {
    let rows = text::count(named.rows.len(), "row");
    let error = Error::new(Code::CheckFailed, format!("a check of `{label}` found {rows}, and there should be none"));
    let line = |row: &Row| {
        let value = |(at, column): (usize, &String)| match row.optional(at) {
            Some(_) if masked.get(at).copied().unwrap_or(true) => format!("{column} = {MASK}"),
            Some(value) => format!("{column} = {}", text::printable(&text::shorten(value, 100))),
            None => format!("{column} is null"),
        };
        named.columns.iter().enumerate().map(value).collect::<Vec<_>>().join(", ")
    };
    let error = named.rows.iter().take(SHOWN).map(line).fold(error, Error::note);
    let more = named.rows.len().saturating_sub(SHOWN);
    let error = if more > 0 { error.note(format!("and {more} more")) } else { error };
    error.hint("mend up.sql, or the check in verify.sql, and run the same command again")
}
