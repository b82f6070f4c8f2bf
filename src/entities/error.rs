//! What can go wrong with the rows of an entity, each kind with what a program needs to tell it to its own users.

use super::broken::Broken;
use crate::db::{Constraint, DbError, Kind, TransactionError};
use crate::error::{Code, Error};
use crate::text;

/// An error of a repository.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RepositoryError {
    #[error("there is no {entity} `{key}`")]
    NotFound { entity: &'static str, key: String },
    /// Every rule that was broken.
    #[error("the {entity} breaks {}", text::count(.broken.len(), "rule"))]
    Validation { entity: &'static str, broken: Vec<Broken> },
    /// Which one, and which columns.
    #[error("the {0} refused the row")]
    Constraint(Constraint),
    /// Other transactions changed or held the same rows; the work may be tried again.
    #[error("{}", .0.message)]
    Conflict(#[source] DbError),
    /// There is no connection, or it broke.
    #[error("{}", .0.message)]
    Connection(#[source] DbError),
    /// Anything else that the database said.
    #[error("{}", .0.message)]
    Database(#[source] DbError),
    /// A hook or a rule of business said no, in its own words.
    #[error(transparent)]
    Refused(#[from] Error),
}

impl From<DbError> for RepositoryError {
    fn from(error: DbError) -> Self {
        match (error.kind, error.constraint) {
            (Kind::Constraint, Some(constraint)) => Self::Constraint(*constraint),
            (kind, constraint) => {
                let error = DbError { constraint, ..error };
                match kind {
                    kind if kind.is_transient() => Self::Conflict(error),
                    Kind::Lost
                    | Kind::Unreachable
                    | Kind::Foreign
                    | Kind::Authentication
                    | Kind::UnknownDatabase
                    | Kind::Tls
                    | Kind::Parameters => Self::Connection(error),
                    _ => Self::Database(error),
                }
            }
        }
    }
}

impl From<diesel::result::Error> for RepositoryError {
    fn from(error: diesel::result::Error) -> Self {
        DbError::from(error).into()
    }
}

impl TransactionError for RepositoryError {
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Conflict(error) | Self::Connection(error) | Self::Database(error) => Some(error.kind),
            Self::Constraint(_) => Some(Kind::Constraint),
            Self::Refused(error) => error.kind(),
            Self::NotFound { .. } | Self::Validation { .. } => None,
        }
    }
}

/// The same for a command, with its exit code.
impl From<RepositoryError> for Error {
    fn from(error: RepositoryError) -> Self {
        let message = error.to_string();
        match error {
            RepositoryError::NotFound { .. } => Error::new(Code::NoRow, message),
            RepositoryError::Validation { broken, .. } => {
                let error = Error::new(Code::Invalid, message);
                broken.iter().fold(error, |error, broken| error.note(broken.to_string()))
            }
            RepositoryError::Constraint(_) => Error::new(Code::Constraint, message),
            RepositoryError::Conflict(error) => error.into_error("other transactions are at the same rows"),
            RepositoryError::Connection(error) => error.into_error("the connection to the database failed"),
            RepositoryError::Database(error) => error.into_error("the database refused a query"),
            RepositoryError::Refused(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_exit_code() {
        let code = |error: RepositoryError| Error::from(error).exit_code().number();
        let database = |kind| RepositoryError::from(DbError::new(kind, "x"));
        assert_eq!(code(RepositoryError::NotFound { entity: "user", key: "7".into() }), 10);
        assert_eq!(code(RepositoryError::Validation { entity: "user", broken: Vec::new() }), 11);
        assert_eq!(code(database(Kind::Constraint)), 11);
        assert_eq!(code(database(Kind::Data)), 11);
        assert_eq!(code(database(Kind::Lost)), 8);
        assert_eq!(code(database(Kind::Unreachable)), 8);
        assert_eq!(code(database(Kind::Deadlock)), 7);
        assert_eq!(code(database(Kind::Syntax)), 1);
    }

    #[test]
    fn every_broken_rule_is_told() {
        let broken = vec![
            Broken::new("email", "email", "is `x`, no e-mail address"),
            Broken::new("role", "mandatory", "is empty"),
        ];
        let error = Error::from(RepositoryError::Validation { entity: "user", broken });
        assert_eq!(error.to_string(), "the user breaks 2 rules");
        assert_eq!(error.notes(), ["`email` is `x`, no e-mail address", "`role` is empty"]);
    }
}
