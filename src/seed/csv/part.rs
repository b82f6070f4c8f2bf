//! Some columns of a file, brought into a temporary table. What is wrong with its rows is told when the file itself is loaded.

use super::CsvSeed;
use super::rows::Rows;
use crate::db::bulk::{self, Fault, Form, Source, Watch};
use crate::error::Result;
use crate::seed::apply::OnError;
use crate::seed::database::Database;

/// A column of the temporary table that is the same in all rows: its name and the number in it.
pub type Mark<'a> = (&'a str, usize);

impl CsvSeed<'_> {
    /// Brings columns of the file into a table, which is named as SQL.
    pub fn bring(
        &self,
        database: &mut Database<'_>,
        into: &str,
        columns: &[String],
        mark: Option<Mark<'_>>,
    ) -> Result<()> {
        let rows = Rows::open(self, database.dialect, false, OnError::Quarantine)?;
        let mut target = self.target(into.to_owned());
        let places: Vec<usize> = columns.iter().filter_map(|name| self.place_of_column(name)).collect();
        target.columns = places.iter().filter_map(|at| target.columns.get(*at).cloned()).collect();
        target.columns.extend(mark.map(|(name, _)| bulk::Column { name: name.to_owned(), form: Form::Integer }));
        let mark = mark.map(|(_, number)| number.to_string());
        bulk::load(database.connection, &target, &mut Part { rows, places, mark }, &mut Lenient).map(|_| ())
    }
}

struct Part<'l, 'c> {
    rows: Rows<'l, 'c>,
    places: Vec<usize>,
    /// Behind them.
    mark: Option<String>,
}

impl Source for Part<'_, '_> {
    fn advance(&mut self) -> Result<bool> {
        self.rows.advance()
    }

    fn field(&self, column: usize) -> Option<&[u8]> {
        match self.places.get(column) {
            Some(at) => self.rows.field(*at),
            None => self.mark.as_deref().map(str::as_bytes),
        }
    }

    fn line(&self) -> u64 {
        self.rows.line()
    }
}

/// Goes on whatever is refused.
pub struct Lenient;

impl Watch for Lenient {
    fn wrote(&mut self, _: u64) -> Result<()> {
        Ok(())
    }

    fn refused(&mut self, _: Fault) -> Result<()> {
        Ok(())
    }
}
