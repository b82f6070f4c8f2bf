//! Rows that are wrong: where they stand, what is wrong with them, and how that is told.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::load::Load;
use super::{CsvSeed, LINE};
use crate::db::{self, Constraint, DbError};
use crate::error::{Code, Error, Place, Result};
use crate::seed::apply::OnError;
use crate::seed::database::{Database, cannot};
use crate::tabular::Csv;
use crate::text;

/// So many rows are named before a file is given up.
pub const MOST_FAULTS: usize = 20;

/// The lines of a file for errors, which come in their order: it is read again where one does not.
#[derive(Debug, Default)]
pub struct Lines(Mutex<Option<(BufReader<File>, u64)>>);

impl CsvSeed<'_> {
    /// A line of the file, without its end.
    fn line(&self, number: u64) -> Option<String> {
        let mut open = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_none_or(|(_, at)| *at >= number) {
            *open = Some((BufReader::new(File::open(&self.path).ok()?), 0));
        }
        let (reader, at) = open.as_mut()?;
        let mut line = Vec::new();
        while *at < number {
            line.clear();
            *at += 1;
            if reader.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
        }
        Some(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned())
    }

    fn place_of(&self, number: u64, line: Option<&str>) -> Place {
        let sensitive = self.columns.iter().any(|column| column.sensitive);
        let excerpt = line.filter(|_| !sensitive).map(|line| text::shorten(line, 200)).unwrap_or_default();
        Place { file: self.shown.clone(), line: usize::try_from(number).unwrap_or(1), column: 1, excerpt }
    }

    /// Where a line is.
    pub fn place(&self, line: u64) -> Place {
        self.place_of(line, self.line(line).as_deref())
    }

    /// What stands in a line as the value of a column. A row of several lines is not read for that.
    fn value(&self, line: &str, column: &str) -> Option<Value> {
        let at = self.columns.iter().position(|known| known.name() == column)?;
        let mut csv = Csv::new(line.as_bytes(), &self.shown);
        csv.take_blank_lines();
        csv.advance().ok().filter(|is_row| *is_row)?;
        let has_all = csv.fields() == self.columns.len();
        has_all.then(|| csv.field(at).map_or(Value::Null, |field| String::from_utf8_lossy(field).into()))
    }

    /// The error of a row that is refused, with the column and its value where the server names it or its rule does.
    pub(super) fn refused(&self, number: u64, column: Option<&str>, error: DbError) -> Error {
        let line = self.line(number);
        let column = column.map(str::to_owned).or_else(|| self.column_of(error.constraint.as_ref()?));
        let told = column.and_then(|name| {
            let shown = self.table.columns.get(name.as_str())?.shown(&self.value(line.as_deref()?, &name)?);
            Some(format!(": `{name}` is `{shown}`"))
        });
        let error =
            error.into_error(format!("`{}` does not take this row{}", self.table.name(), told.unwrap_or_default()));
        let place = self.place_of(number, line.as_deref());
        error.with_code(Code::SeedRejected).at(place).note("nothing was written")
    }

    /// The one column of the file that a constraint is about.
    fn column_of(&self, constraint: &Constraint) -> Option<String> {
        let table = self.table.catalog;
        let named = |name: &Option<String>| name.is_some() && *name == constraint.name;
        let keys = table.uniques.iter().chain(&table.primary_key).filter(|key| named(&key.name));
        let foreign = table.foreign_keys.iter().filter(|key| named(&key.name));
        let check = table.checks.iter().find(|check| named(&check.name)).map(|check| check.expression.as_str());
        let columns = [constraint.columns.clone()]
            .into_iter()
            .chain(keys.map(|key| key.columns.clone()))
            .chain(foreign.map(|key| key.columns.clone()));
        let columns = columns.chain(check.or(constraint.name.as_deref()).map(|rule| self.mentioned(rule)));
        let is_ours = |name: &String| self.columns.iter().any(|column| column.name() == name);
        columns.into_iter().find(|columns| columns.len() == 1)?.into_iter().find(is_ours)
    }

    /// The columns of the table that a rule speaks of.
    pub(super) fn mentioned(&self, rule: &str) -> Vec<String> {
        let words: Vec<&str> = rule.split(|one: char| !one.is_alphanumeric() && one != '_').collect();
        let names = self.table.catalog.columns.iter().map(|column| &column.name);
        names.filter(|name| words.iter().any(|word| word == name)).cloned().collect()
    }
}

/// What is wrong with rows of a file, as one error.
pub fn several(mut faults: Vec<Error>) -> Option<Error> {
    if faults.len() < 2 {
        return faults.pop();
    }
    faults.sort_by_key(|fault| fault.place().map(|place| place.line));
    let (first, count) = (&faults[0], faults.len());
    let file = first.place().map(|place| place.file.display().to_string()).unwrap_or_default();
    let least = if count < MOST_FAULTS { "" } else { "at least " };
    let message = format!("{least}{} of `{file}` cannot be written", text::count(count, "row"));
    let error = first.place().cloned().into_iter().fold(Error::new(first.code(), message), Error::at);
    let told = faults.iter().map(|fault| {
        let line = fault.place().map_or(0, |place| place.line);
        let more = fault
            .cause()
            .map(str::to_owned)
            .into_iter()
            .chain(fault.notes().iter().filter(|note| *note != "nothing was written").cloned());
        format!("line {line}: {}", std::iter::once(fault.to_string()).chain(more).collect::<Vec<_>>().join(": "))
    });
    Some(told.fold(error, Error::note).note("nothing was written"))
}

impl Load<'_, '_> {
    /// Leaves a row out, or notes why nothing is written at all. An error when enough of those are known.
    pub fn refuse(&mut self, error: Error) -> Result<()> {
        if self.wanted.on_error == OnError::Quarantine {
            self.rejects.push((&error).into());
            return Ok(());
        }
        self.faults.push(error);
        if self.faults.len() < MOST_FAULTS { Ok(()) } else { self.settle() }
    }

    /// Ends the loading where a row was at fault.
    pub fn settle(&mut self) -> Result<()> {
        several(std::mem::take(&mut self.faults)).map_or(Ok(()), Err)
    }

    /// Refuses the rows of the temporary table that a query finds, by their lines and what it tells of them: what else is
    /// looked for is not to find them once more.
    pub fn refuse_all(
        &mut self,
        database: &mut Database<'_>,
        stage: &str,
        found: &str,
        fault: &dyn Fn(&Self, &[db::Value]) -> Error,
    ) -> Result<()> {
        loop {
            let rows = self.rows(database, &format!("{found} ORDER BY 1 LIMIT {MOST_FAULTS}"))?;
            for row in &rows {
                let error = fault(self, row);
                self.refuse(error)?;
            }
            let lines: Vec<_> = rows.iter().map(|row| number(row, 0).to_string()).collect();
            if !lines.is_empty() {
                self.change(database, &format!("DELETE FROM {stage} WHERE {LINE} IN ({})", lines.join(", ")))?;
            }
            if rows.len() < MOST_FAULTS {
                return Ok(());
            }
        }
    }

    pub fn rows(&self, database: &mut Database<'_>, sql: &str) -> Result<Vec<Vec<db::Value>>> {
        let rows = database.connection.select(sql, &[]);
        rows.map_err(|error| cannot("compare the file with", &self.seed.table, error))
    }
}

/// A line's number.
pub fn number(row: &[db::Value], at: usize) -> u64 {
    row.get(at).and_then(db::Value::as_int).and_then(|line| u64::try_from(line).ok()).unwrap_or(1)
}
