//! What is wrong with rows that a temporary table has, found by set before anything is written.

use super::load::Load;
use super::refuse::{MOST_FAULTS, number, several};
use super::{Column, CsvSeed, LINE};
use crate::catalog::Check;
use crate::db::{self, Constraint, DbError, Kind, Which};
use crate::error::{Code, Error, Result};
use crate::seed::apply::OnError;
use crate::seed::database::Database;
use crate::seed::report::Counts;

impl Load<'_, '_> {
    /// No key stands twice in the file.
    pub fn check_keys(&mut self, database: &mut Database<'_>, stage: &str) -> Result<()> {
        let names = self.quoted(&self.seed.key);
        let message =
            format!("`{}` has a row with the same {} twice", self.seed.table.name(), self.seed.key.join(", "));
        let fault = |load: &Self, row: &[db::Value]| {
            let error = Error::new(Code::SeedFile, message.as_str()).at(load.seed.place(number(row, 0)));
            error.note(format!("the other one stands in line {}", number(row, 1))).note("nothing was written")
        };
        let twice = format!("SELECT max({LINE}), min({LINE}) FROM {stage} GROUP BY {names} HAVING count(*) > 1");
        if self.wanted.on_error == OnError::Quarantine {
            // The first of them stays.
            return self.refuse_all(database, stage, &twice, &fault);
        }
        let rows = self.rows(database, &format!("{twice} ORDER BY 2 LIMIT {MOST_FAULTS}"))?;
        let faults = rows.iter().map(|row| fault(self, row));
        several(faults.collect()).map_or(Ok(()), Err)
    }

    /// A row that is inserted has a value in each column that must have one. A plan lacks the rows that other seeds bring: where
    /// there are such, those that are missing are theirs.
    pub fn check_complete(&self, counts: &mut Counts) -> Result<()> {
        let is_listed = |name: &str| self.seed.columns.iter().any(|column| column.name() == name);
        let mut lacking =
            self.seed.table.columns.values().filter(|column| !column.may_be_left_out() && !is_listed(column.name()));
        match lacking.next().filter(|_| counts.inserted > 0) {
            None => Ok(()),
            Some(_) if self.wanted.plan.is_some_and(|before| before.brings_beside(self.seed)) => {
                let theirs = std::mem::take(&mut counts.inserted);
                *(if self.seed.updates() { &mut counts.updated } else { &mut counts.unchanged }) += theirs;
                Ok(())
            }
            Some(column) => {
                let message = format!("`{}.{}` has no value, and must have one", self.seed.table.name(), column.name());
                let error = Error::new(Code::SeedFile, message).at(self.seed.place(1));
                Err(error.note("nothing was written").hint("the first line of the file names the columns that it has"))
            }
        }
    }

    /// What a plan can tell of the rows that a run would write: NULL where there must be a value, and checks that do not hold.
    pub fn check_rules(&mut self, database: &mut Database<'_>, stage: &str, written: &str) -> Result<()> {
        let seed = self.seed;
        // NULL in a column that counts is the next number, or refused as any other.
        let given = |column: &&Column<'_>| !column.catalog.nullable && column.catalog.identity.is_none();
        for column in seed.columns.iter().filter(given) {
            let name = self.dialect.identifier(column.name());
            let found = format!("SELECT s.{LINE} FROM {stage} s WHERE s.{name} IS NULL AND {written}");
            self.refuse_all(database, stage, &found, &|_, row| {
                let columns = vec![column.name().to_owned()];
                seed.refused(number(row, 0), None, broken(Which::NotNull, None, columns))
            })?;
        }
        for check in seed.table.catalog.checks.iter().filter(|check| is_asked(seed, check)) {
            let found = format!("SELECT s.{LINE} FROM {stage} s WHERE NOT ({}) AND {written}", check.expression);
            // An expression is the database's own, and may need what the temporary table does not have.
            if !can(database, &found) {
                continue;
            }
            // SQLite's may have no name to find its column by.
            let mentioned = seed.mentioned(&check.expression);
            let column = mentioned.first().filter(|_| mentioned.len() == 1).cloned();
            self.refuse_all(database, stage, &found, &|_, row| {
                seed.refused(number(row, 0), column.as_deref(), broken(Which::Check, check.name.clone(), Vec::new()))
            })?;
        }
        Ok(())
    }

    /// What a plan can tell of other keys than that of the file: two new rows are not the same by one of them.
    pub fn check_uniques(&mut self, database: &mut Database<'_>, stage: &str, missing: &str) -> Result<()> {
        let seed = self.seed;
        let others = seed.table.catalog.uniques.iter().chain(&seed.table.catalog.primary_key);
        let others = others.filter(|key| key.columns != seed.key && seed.has(&key.columns));
        for key in others.filter(|key| key.options.is_empty()) {
            let some: Vec<_> =
                key.columns.iter().map(|name| format!("s.{} IS NOT NULL", self.dialect.identifier(name))).collect();
            let found = format!(
                "SELECT max(s.{LINE}), min(s.{LINE}) FROM {stage} s WHERE {} AND {missing} GROUP BY {} HAVING count(*) > 1",
                some.join(" AND "),
                self.quoted(&key.columns)
            );
            self.refuse_all(database, stage, &found, &|load, row| {
                let message =
                    format!("`{}` has a row with the same {} twice", seed.table.name(), key.columns.join(", "));
                let error = Error::new(Code::SeedRejected, message).at(load.seed.place(number(row, 0)));
                error.note(format!("the other one stands in line {}", number(row, 1))).note("nothing was written")
            })?;
        }
        Ok(())
    }

    pub fn quoted(&self, columns: &[String]) -> String {
        columns.iter().map(|name| self.dialect.identifier(name)).collect::<Vec<_>>().join(", ")
    }
}

/// Whether the file alone decides if a check holds.
fn is_asked(seed: &CsvSeed<'_>, check: &Check) -> bool {
    let mentioned = seed.mentioned(&check.expression);
    !mentioned.is_empty() && seed.has(&mentioned) && !check.options.contains_key("not enforced")
}

/// The error that the database would have.
fn broken(which: Which, name: Option<String>, columns: Vec<String>) -> DbError {
    let constraint = Constraint { which, name, table: None, columns };
    let mut error = DbError::new(Kind::Constraint, format!("the {constraint} refused the row"));
    error.constraint = Some(Box::new(constraint));
    error
}

/// Whether the database takes a query at all.
fn can(database: &mut Database<'_>, sql: &str) -> bool {
    let tried = diesel::Connection::transaction(database.connection, |connection| {
        connection.select(&format!("{sql} LIMIT 0"), &[]).map_err(|_| diesel::result::Error::RollbackTransaction)
    });
    tried.is_ok()
}
