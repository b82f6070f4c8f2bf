//! Rows that a database refuses, and whatever else ends a loading.

use diesel::result::Error as DieselError;

use super::Target;
use crate::db::error::{DbError, Kind};
use crate::error::Error;

/// A row that the database refused, and why. The values are as they came: what of them may be shown is the caller's to know.
#[derive(Debug, Clone)]
pub struct Fault {
    /// As the source named the row.
    pub line: u64,
    /// The column that it is about, where that is known.
    pub column: Option<String>,
    /// The value of that column; `None` is NULL, or unknown.
    pub value: Option<Vec<u8>>,
    /// All fields of the row, each with the name of its column.
    pub row: Vec<(String, Option<Vec<u8>>)>,
    pub error: DbError,
}

/// What the database said to rows.
#[derive(Debug)]
pub(super) struct Refused {
    /// The number of the column, where it is told.
    pub column: Option<usize>,
    pub error: DbError,
}

impl Refused {
    /// What Diesel tells. The column is that of the constraint, where it has one alone.
    pub fn of(error: DieselError, into: &Target) -> Self {
        let error = DbError::from(error);
        let columns = error.constraint.as_ref().map(|constraint| constraint.columns.as_slice()).unwrap_or_default();
        let [name] = columns else { return Self { column: None, error } };
        Self { column: into.columns.iter().position(|column| column.name == *name), error }
    }

    /// Whether a row is at fault, not the connection, the table or what others do.
    pub fn is_of_a_row(&self) -> bool {
        match self.error.kind {
            Kind::Constraint | Kind::Data => true,
            // PostgreSQL has no kind of its own in Diesel for a table that is not there; a trigger's words are anything.
            Kind::Other => !["relation ", "column ", "cannot copy to ", "COPY FROM "]
                .iter()
                .any(|words| self.error.message.starts_with(words)),
            _ => false,
        }
    }
}

/// Why a loading ended.
#[derive(Debug)]
pub(super) enum Failed {
    /// The savepoints around it.
    Diesel(DieselError),
    Refused(Refused),
    /// The source's, or whoever watches.
    Ours(Error),
}

impl Failed {
    pub fn into_error(self, into: &Target) -> Error {
        let what = format!("cannot load rows into {}", into.table);
        match self {
            Failed::Ours(error) => error,
            Failed::Refused(refused) => refused.error.into_error(what),
            Failed::Diesel(error) => DbError::from(error).into_error(what),
        }
    }
}

impl From<DieselError> for Failed {
    fn from(error: DieselError) -> Self {
        Failed::Diesel(error)
    }
}
