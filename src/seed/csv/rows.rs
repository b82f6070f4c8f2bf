//! The rows of the file, as the bulk loader takes them.

use std::fs::File;

use serde_json::Value;

use super::CsvSeed;
use super::header::open;
use super::refuse::MOST_FAULTS;
use crate::catalog::Type;
use crate::db::Dialect;
use crate::db::bulk::{Cell, Form, Source};
use crate::error::{Code, Error, Result};
use crate::seed::apply::OnError;
use crate::seed::columns::Column;
use crate::tabular::Csv;
use crate::text;

/// A value on its way.
#[derive(Debug, Clone)]
enum Made {
    /// As it stands in the file.
    AsIs,
    Null,
    Bytes(Vec<u8>),
}

/// The rows of the file, as the bulk loader takes them.
pub struct Rows<'l, 'c> {
    pub seed: &'l CsvSeed<'c>,
    dialect: &'static dyn Dialect,
    csv: Csv<File>,
    /// The values of columns that are brought into another form.
    made: Vec<Made>,
    line: Option<Vec<u8>>,
    on_error: OnError,
    forms: Vec<Form>,
    /// What was left out for it breaks a rule.
    pub rejected: Vec<Error>,
}

impl<'l, 'c> Rows<'l, 'c> {
    pub fn open(
        seed: &'l CsvSeed<'c>,
        dialect: &'static dyn Dialect,
        with_line: bool,
        on_error: OnError,
    ) -> Result<Self> {
        let mut csv = open(&seed.path, &seed.shown)?;
        csv.advance()?;
        Ok(Self {
            seed,
            dialect,
            csv,
            made: vec![Made::AsIs; seed.columns.len()],
            line: with_line.then(Vec::new),
            on_error,
            forms: seed.columns.iter().map(Column::form).collect(),
            rejected: Vec::new(),
        })
    }

    /// A field of the current row as it would come out of the table.
    pub fn cell(&self, at: usize) -> Cell<'_> {
        match self.field(at) {
            None => Cell::Null,
            Some(bytes) if self.forms[at] == Form::Bytes => Cell::Bytes(bytes),
            Some(text) => Cell::Text(text),
        }
    }

    /// Brings the current row into the form that is loaded.
    fn make(&mut self) -> Result<()> {
        for (at, column) in self.seed.columns.iter().enumerate().filter(|(_, column)| Self::is_made(column)) {
            let given = self.csv.field(at).map(|bytes| std::str::from_utf8(bytes).map(str::to_owned)).transpose();
            let given = given.map_err(|_| "is not UTF-8".to_owned());
            let value = given.and_then(|given| column.value(given.map_or(Value::Null, Value::String)));
            let value = value.map_err(|message| {
                let message = format!("`{}.{}` {message}", self.seed.table.name(), column.name());
                let error = Error::new(Code::SeedRejected, message).at(self.seed.place(self.csv.line()));
                error.note("nothing was written")
            })?;
            self.made[at] = column.bytes(&value, self.dialect).map_or(Made::Null, Made::Bytes);
        }
        if let Some(line) = &mut self.line {
            *line = self.csv.line().to_string().into_bytes();
        }
        Ok(())
    }

    /// Whether a column's values are checked and brought into their form here: those that a model knows, and those that the
    /// database takes in another form.
    fn is_made(column: &Column<'_>) -> bool {
        !column.is_json()
            && (column.field.is_some()
                || matches!(column.catalog.neutral, Type::Bytes { .. } | Type::Instant | Type::Timestamp))
    }
}

impl Source for Rows<'_, '_> {
    fn advance(&mut self) -> Result<bool> {
        loop {
            let is_enough = self.on_error == OnError::Stop && self.rejected.len() >= MOST_FAULTS;
            if is_enough || !self.csv.advance()? {
                return Ok(false);
            }
            if self.csv.fields() != self.seed.columns.len() {
                let (has, wants) = (self.csv.fields(), self.seed.columns.len());
                let message = format!("this line has {}, and the header {wants}", text::count(has, "field"));
                return Err(self.csv.malformed(message));
            }
            match self.make() {
                Ok(()) => return Ok(true),
                Err(error) => self.rejected.push(error),
            }
        }
    }

    fn field(&self, column: usize) -> Option<&[u8]> {
        match self.made.get(column) {
            None => self.line.as_deref(),
            Some(Made::AsIs) => self.csv.field(column),
            Some(Made::Null) => None,
            Some(Made::Bytes(bytes)) => Some(bytes),
        }
    }

    fn line(&self) -> u64 {
        self.csv.line()
    }
}
