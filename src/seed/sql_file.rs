//! SQL, for what rows cannot say: run once, and again when its text has changed where its header asks for that.

use diesel::connection::SimpleConnection as _;

use super::database::Database;
use super::owned::Known;
use super::report::{Done, RowReport, SeedReport};
use super::source::Plain;
use crate::db::Dialect;
use crate::error::{Code, Error, Place, Result};
use crate::observer::Observer;
use crate::sql::{self, Statement};

/// What the ledger calls a file.
#[must_use]
pub fn name(plain: &Plain) -> String {
    format!("{}.sql", plain.name)
}

/// The statements of a file, none of which may end the transaction that they run in.
pub fn check<'p>(plain: &'p Plain, dialect: &dyn Dialect) -> Result<Vec<Statement<'p>>> {
    let place = |offset| Place::of(plain.shown.clone(), &plain.text, offset);
    let statements = sql::split(&plain.text, dialect.rules()).map_err(|wrong| {
        Error::new(Code::SqlUnterminated, format!("a {} has no end", wrong.what)).at(place(wrong.start))
    })?;
    if let Some(statement) = statements.iter().find(|statement| statement.is_transaction_control()) {
        let error = Error::new(
            Code::SqlTransactionControl,
            "a seed runs in one transaction with the others, and cannot begin or end one",
        );
        return Err(error.at(place(statement.start)));
    }
    let commits =
        |statement: &&Statement<'_>| !dialect.backend().transactional_ddl() && !dialect.can_join_journal(statement);
    if let Some(statement) = statements.iter().find(commits) {
        let message =
            "this statement would commit what the other seeds have written so far, and could not be taken back";
        let error = Error::new(Code::SqlTransactionControl, message).at(place(statement.start));
        return Err(error.hint("what changes the schema belongs into a migration: `dbtool migrate new NAME`"));
    }
    Ok(statements)
}

/// Runs a file that has not run yet. `plan`: only tells whether it would.
pub fn run(
    database: &mut Database<'_>,
    plain: &Plain,
    known: Option<&Known>,
    plan: bool,
    observer: &dyn Observer,
) -> Result<SeedReport> {
    let hash = blake3::hash(plain.text.as_bytes()).to_hex().to_string();
    let mut report = SeedReport { name: plain.name.clone(), ..SeedReport::default() };
    let changed = known.is_some_and(|known| known.hash != hash);
    if known.is_some() && !(changed && plain.header.on_change) {
        if changed {
            let message = format!("`{}` was changed since it was run, and is not run again", plain.shown.display());
            observer.warn_with(
                message,
                format!(
                    "`on_change = true` in `{}` runs it at each change",
                    plain.shown.with_extension("toml").display()
                ),
            );
        }
        return Ok(report);
    }
    report.rows.push(RowReport {
        change: Done::Run,
        key: [("file".to_owned(), plain.shown.display().to_string())].into(),
        columns: Vec::new(),
        overwrites: false,
    });
    if plan {
        return Ok(report);
    }
    for statement in check(plain, database.dialect)? {
        if let Err(error) = database.connection.batch_execute(statement.text) {
            let error = database
                .connection
                .failure(error)
                .into_error(format!("a statement of `{}` failed", plain.shown.display()));
            let place = Place::of(plain.shown.clone(), &plain.text, statement.start);
            return Err(error.with_code(Code::SeedRejected).at(place).note("nothing was written"));
        }
        crate::fault::point();
    }
    database.note_file(&name(plain), &Known { hash, ..Known::default() })?;
    Ok(report)
}
