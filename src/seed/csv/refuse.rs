//! Rows that are wrong: where they stand, and what is wrong with all of them by set, before anything is written.

use std::fs::File;

use serde_json::Value;

use super::load::Load;
use super::{CsvSeed, LINE};
use crate::db::{self, DbError};
use crate::error::{Code, Error, Place, Result};
use crate::seed::database::{Database, cannot};
use crate::text;

impl CsvSeed<'_> {
    pub(super) fn place(&self, line: u64) -> Place {
        let number = usize::try_from(line).unwrap_or(1);
        // Read again for the excerpt alone: there is one error at most.
        let line = File::open(&self.path).ok().and_then(|file| {
            use std::io::BufRead as _;
            std::io::BufReader::new(file).lines().nth(number.saturating_sub(1))?.ok()
        });
        let sensitive = self.columns.iter().any(|column| column.sensitive);
        let excerpt = if sensitive { String::new() } else { text::shorten(&line.unwrap_or_default(), 200) };
        Place { file: self.shown.clone(), line: number, column: 1, excerpt }
    }

    /// The error of a row that is refused.
    pub(super) fn refused(&self, line: u64, column: Option<(&str, Option<String>)>, error: DbError) -> Error {
        let table = self.table.name();
        let told = column.map(|(name, value)| match self.table.columns.get(name) {
            Some(known) => format!(": `{name}` is `{}`", known.shown(&value.map_or(Value::Null, Value::String))),
            None => String::new(),
        });
        let error = error.into_error(format!("`{table}` does not take this row{}", told.unwrap_or_default()));
        error.with_code(Code::SeedRejected).at(self.place(line)).note("nothing was written")
    }
}

impl Load<'_, '_> {
    /// No key stands twice in the file.
    pub fn check_keys(&self, database: &mut Database<'_>, stage: &str) -> Result<()> {
        let names: Vec<_> = self.seed.key.iter().map(|name| self.dialect.identifier(name)).collect();
        let names = names.join(", ");
        let sql = format!(
            "SELECT min({LINE}), max({LINE}) FROM {stage} GROUP BY {names} HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
        );
        let rows = database
            .connection
            .select(&sql, &[])
            .map_err(|error| cannot("compare the file with", &self.seed.table, error))?;
        let line = |row: &Vec<db::Value>, at: usize| {
            row.get(at).and_then(db::Value::as_int).and_then(|line| u64::try_from(line).ok()).unwrap_or(1)
        };
        match rows.first() {
            None => Ok(()),
            Some(row) => {
                let message =
                    format!("`{}` has a row with the same {} twice", self.seed.table.name(), self.seed.key.join(", "));
                let error = Error::new(Code::SeedFile, message).at(self.seed.place(line(row, 1)));
                Err(error.note(format!("the other one stands in line {}", line(row, 0))).note("nothing was written"))
            }
        }
    }

    /// The rows that foreign keys refer to are there.
    pub fn check_parents(&self, database: &mut Database<'_>, stage: &str) -> Result<()> {
        let own = self.seed.table.catalog;
        for key in self.seed.foreign_keys().filter(|key| key.to != own.name) {
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
                "SELECT s.{LINE}, {value} FROM {stage} s WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE {}) ORDER BY 1 LIMIT 1",
                some.join(" AND "),
                on.join(" AND ")
            );
            let rows = database
                .connection
                .select(&sql, &[])
                .map_err(|error| cannot("compare the file with", &self.seed.table, error))?;
            if let Some(row) = rows.first() {
                let line =
                    row.first().and_then(db::Value::as_int).and_then(|line| u64::try_from(line).ok()).unwrap_or(1);
                let shown = row.get(1).map(|value| first.shown(&first.stored(value))).unwrap_or_default();
                let message = format!(
                    "`{}.{}` is `{shown}`, and `{}` has no row with this `{}`",
                    own.name,
                    key.columns.join(", "),
                    key.to,
                    key.to_columns.join(", ")
                );
                return Err(Error::new(Code::SeedRejected, message)
                    .at(self.seed.place(line))
                    .note("nothing was written"));
            }
        }
        Ok(())
    }
}
