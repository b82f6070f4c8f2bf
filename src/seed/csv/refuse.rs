//! Rows that are wrong: where they stand, what is wrong with them, and all that can be told of it by set, before anything is written.

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

    pub(super) fn place(&self, line: u64) -> Place {
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
    fn mentioned(&self, rule: &str) -> Vec<String> {
        let words: Vec<&str> = rule.split(|one: char| !one.is_alphanumeric() && one != '_').collect();
        let names = self.table.catalog.columns.iter().map(|column| &column.name);
        names.filter(|name| words.iter().any(|word| word == name)).cloned().collect()
    }
}

/// What is wrong with rows of a file, as one error.
fn several(mut faults: Vec<Error>) -> Option<Error> {
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

    /// No key stands twice in the file.
    pub fn check_keys(&self, database: &mut Database<'_>, stage: &str) -> Result<()> {
        let names: Vec<_> = self.seed.key.iter().map(|name| self.dialect.identifier(name)).collect();
        let names = names.join(", ");
        let sql = format!(
            "SELECT min({LINE}), max({LINE}) FROM {stage} GROUP BY {names} HAVING count(*) > 1 ORDER BY 1 LIMIT {MOST_FAULTS}"
        );
        let rows = self.rows(database, &sql)?;
        let message =
            format!("`{}` has a row with the same {} twice", self.seed.table.name(), self.seed.key.join(", "));
        let fault = |row: &Vec<db::Value>| {
            let error = Error::new(Code::SeedFile, message.as_str()).at(self.seed.place(number(row, 1)));
            error.note(format!("the other one stands in line {}", number(row, 0))).note("nothing was written")
        };
        several(rows.iter().map(fault).collect()).map_or(Ok(()), Err)
    }

    /// The rows that foreign keys refer to are there.
    pub fn check_parents(&mut self, database: &mut Database<'_>, stage: &str) -> Result<()> {
        let own = self.seed.table.catalog;
        // A plan has not written the rows of other seeds, which may be these.
        let is_planned = |to: &str| self.wanted.plan && self.wanted.seeded.iter().any(|table| table == to);
        let keys = self.seed.foreign_keys().filter(|key| key.to != own.name && !is_planned(&key.to.to_string()));
        for key in keys.collect::<Vec<_>>() {
            let quote = |name: &String| self.dialect.identifier(name);
            let parent = match &key.to.schema {
                Some(schema) => {
                    format!("{}.{}", self.dialect.identifier(schema), self.dialect.identifier(&key.to.name))
                }
                None => self.dialect.identifier(&key.to.name),
            };
            let pairs = || key.columns.iter().zip(&key.to_columns);
            let on: Vec<_> = pairs().map(|(column, to)| format!("p.{} = s.{}", quote(to), quote(column))).collect();
            let some: Vec<_> = pairs().map(|(column, _)| format!("s.{} IS NOT NULL", quote(column))).collect();
            let first = key.columns.first().and_then(|name| self.seed.table.columns.get(name.as_str()));
            let Some(first) = first else { continue };
            let value = self.dialect.readable(&format!("s.{}", quote(&key.columns[0])), &first.catalog.type_name);
            let sql = format!(
                "SELECT s.{LINE}, {value} FROM {stage} s WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE {}) ORDER BY 1 LIMIT {MOST_FAULTS}",
                some.join(" AND "),
                on.join(" AND ")
            );
            loop {
                let rows = self.rows(database, &sql)?;
                for row in &rows {
                    let shown = row.get(1).map(|value| first.shown(&first.stored(value))).unwrap_or_default();
                    let message = format!(
                        "`{}.{}` is `{shown}`, and `{}` has no row with this `{}`",
                        own.name,
                        key.columns.join(", "),
                        key.to,
                        key.to_columns.join(", ")
                    );
                    let error = Error::new(Code::SeedRejected, message).at(self.seed.place(number(row, 0)));
                    self.refuse(error.note("nothing was written"))?;
                }
                // They are told: what else is looked for is not to find them once more.
                let lines: Vec<_> = rows.iter().map(|row| number(row, 0).to_string()).collect();
                if !lines.is_empty() {
                    self.change(database, &format!("DELETE FROM {stage} WHERE {LINE} IN ({})", lines.join(", ")))?;
                }
                if rows.len() < MOST_FAULTS {
                    break;
                }
            }
        }
        Ok(())
    }

    fn rows(&self, database: &mut Database<'_>, sql: &str) -> Result<Vec<Vec<db::Value>>> {
        let rows = database.connection.select(sql, &[]);
        rows.map_err(|error| cannot("compare the file with", &self.seed.table, error))
    }
}

/// A line's number.
fn number(row: &[db::Value], at: usize) -> u64 {
    row.get(at).and_then(db::Value::as_int).and_then(|line| u64::try_from(line).ok()).unwrap_or(1)
}
