//! verify.sql: the checks of the project's own. After an up, in its transaction, each of its queries must find nothing.

use super::runner::Runner;
use super::work::{Broken, Work};
use crate::db::{Failure, Named, Row};
use crate::error::{Code, Error, Place};
use crate::migrate::script::Prepared;
use crate::secret::MASK;
use crate::sql;
use crate::text;

/// So many of the rows that should not be there are shown.
const SHOWN: usize = 3;

impl Runner<'_> {
    /// Runs the checks of a migration that has just been applied.
    pub(super) fn check_rows(&self, work: &mut Work<'_>, prepared: &Prepared) -> Result<(), Broken> {
        let Some(file) = &prepared.verify else { return Ok(()) };
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
                    return Err(Broken::from(self.found(&label, &named).at(place())));
                }
            }
            Ok(())
        })
        .map(|_| ())
    }

    /// The error of a check that has found what should not be there.
    fn found(&self, label: &str, named: &Named) -> Error {
        let rows = text::count(named.rows.len(), "row");
        let error =
            Error::new(Code::CheckFailed, format!("a check of `{label}` found {rows}, and there should be none"));
        let is_masked = |column: &str| {
            let last =
                |sensitive: &String| sensitive.rsplit('.').next().is_some_and(|name| name.eq_ignore_ascii_case(column));
            self.sensitive.iter().any(last)
        };
        let line = |row: &Row| {
            let value = |(at, column): (usize, &String)| match row.optional(at) {
                Some(_) if is_masked(column) => format!("{column} = {MASK}"),
                Some(value) => format!("{column} = {}", text::printable(&text::shorten(value, 100))),
                None => format!("{column} is null"),
            };
            named.columns.iter().enumerate().map(value).collect::<Vec<_>>().join(", ")
        };
        let error = named.rows.iter().take(SHOWN).map(line).fold(error, Error::note);
        let more = named.rows.len().saturating_sub(SHOWN);
        if more > 0 { error.note(format!("and {more} more")) } else { error }
    }
}
