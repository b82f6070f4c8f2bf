//! Diesel's errors as ours. Diesel keeps neither SQLSTATE nor number; what it does not tell by its own kinds is told by the
//! servers' words, which dbtool's connections ask for in English.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind as DieselKind, Error};

use super::constraint::{Constraint, Which};
use super::error::{DbError, Kind, kind_of_sqlite};

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        match error {
            Error::DatabaseError(kind, information) => refused(kind, &*information),
            Error::RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            // Diesel names the column, and its cause the reason.
            Error::DeserializationError(ref cause) if cause.source().is_some() => {
                let reason = cause.source().map(ToString::to_string).unwrap_or_default();
                Self::new(Kind::Data, format!("{cause}: {reason}"))
            }
            other => Self::new(Self::kind_of(&other), other.to_string()),
        }
    }
}

impl DbError {
    /// What kind of error Diesel's is.
    #[must_use]
    pub fn kind_of(error: &Error) -> Kind {
        match error {
            Error::DatabaseError(kind, information) if which(*kind, information.message()).is_some() => {
                Kind::Constraint
            }
            Error::DatabaseError(kind, information) => kind_of(*kind, information.message()),
            Error::BrokenTransactionManager => Kind::Lost,
            Error::RollbackErrorOnCommit { commit_error, .. } => Self::kind_of(commit_error),
            // A value that the column's type does not take, or a column that the type of the model does not.
            Error::SerializationError(_) | Error::DeserializationError(_) => Kind::Data,
            _ => Kind::Other,
        }
    }
}

fn which(kind: DieselKind, message: &str) -> Option<Which> {
    match kind {
        DieselKind::UniqueViolation => Some(Which::Unique),
        DieselKind::ForeignKeyViolation | DieselKind::RestrictViolation => Some(Which::ForeignKey),
        DieselKind::NotNullViolation => Some(Which::NotNull),
        DieselKind::CheckViolation => Some(Which::Check),
        DieselKind::ExclusionViolation => Some(Which::Exclusion),
        // SQLite refuses to remove what others refer to as a trigger would, which Diesel does not know.
        DieselKind::Unknown if message == "FOREIGN KEY constraint failed" => Some(Which::ForeignKey),
        _ => None,
    }
}

fn kind_of(kind: DieselKind, message: &str) -> Kind {
    match kind {
        DieselKind::ReadOnlyTransaction => Kind::ReadOnly,
        DieselKind::ClosedConnection | DieselKind::UnableToSendCommand => Kind::Lost,
        // The MySQL connection tells a deadlock by this kind, too.
        DieselKind::SerializationFailure if message.contains("eadlock") => Kind::Deadlock,
        DieselKind::SerializationFailure => Kind::Serialization,
        _ => kind_of_words(message),
    }
}

fn refused(kind: DieselKind, information: &dyn DatabaseErrorInformation) -> DbError {
    let message = information.message();
    if let Some(which) = which(kind, message) {
        let constraint = Constraint::read(which, information);
        // The server's words quote the values.
        let message = format!("the {constraint} refused the row");
        return DbError { constraint: Some(Box::new(constraint)), ..DbError::new(Kind::Constraint, message) };
    }
    let kind = kind_of(kind, message);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    DbError { detail: owned(information.details()), hint: owned(information.hint()), ..DbError::new(kind, message) }
}

/// By the words of PostgreSQL and MySQL, which are constants of their sources, else as SQLite's.
fn kind_of_words(message: &str) -> Kind {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["deadlock detected", "Deadlock found"]) {
        Kind::Deadlock
    } else if has(&["could not serialize access", "Record has changed since last read"]) {
        Kind::Serialization
    } else if has(&["due to lock timeout", "could not obtain lock", "Lock wait timeout exceeded", "NOWAIT is set"]) {
        Kind::LockTimeout
    } else if has(&["due to statement timeout", "due to user request", "Query execution was interrupted"]) {
        Kind::StatementTimeout
    } else if has(&["permission denied", "command denied"]) {
        Kind::Permission
    } else if has(&[
        "value too long for type",
        "out of range",
        "Out of range value",
        "Data too long for column",
        "invalid input syntax",
        "invalid input value",
        "invalid cidr value",
        "malformed array literal",
        "malformed range literal",
        "malformed record literal",
        "must be less than or equal to range upper bound",
        "invalid byte sequence",
        "numeric field overflow",
        "unsupported Unicode escape sequence",
        "Incorrect string value",
        "cannot store",
        "datatype mismatch",
    ]) {
        Kind::Data
    } else if has(&["terminating connection", "server closed the connection", "no connection to the server"]) {
        Kind::Lost
    } else {
        kind_of_sqlite(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: DieselKind, message: &str) -> DbError {
        Error::DatabaseError(kind, Box::new(message.to_owned())).into()
    }

    #[test]
    fn kinds_are_told_by_the_words_where_diesel_has_none() {
        for (message, kind) in [
            ("deadlock detected", Kind::Deadlock),
            ("Deadlock found when trying to get lock; try restarting transaction", Kind::Deadlock),
            ("could not serialize access due to concurrent update", Kind::Serialization),
            ("Lock wait timeout exceeded; try restarting transaction", Kind::LockTimeout),
            ("database is locked", Kind::LockTimeout),
            ("canceling statement due to statement timeout", Kind::StatementTimeout),
            ("value too long for type character varying(255)", Kind::Data),
            ("cannot store TEXT value in INTEGER column products.stock_quantity", Kind::Data),
            ("attempt to write a readonly database", Kind::ReadOnly),
            ("something else", Kind::Other),
        ] {
            assert_eq!(error(DieselKind::Unknown, message).kind, kind, "{message}");
        }
        assert_eq!(error(DieselKind::SerializationFailure, "Deadlock found").kind, Kind::Deadlock);
        let refused = error(DieselKind::Unknown, "FOREIGN KEY constraint failed");
        assert_eq!((refused.kind, refused.constraint.map(|it| it.which)), (Kind::Constraint, Some(Which::ForeignKey)));
        assert_eq!(DbError::from(Error::BrokenTransactionManager).kind, Kind::Lost);
    }

    #[test]
    fn no_value_stands_in_the_message_of_a_constraint() {
        let error = error(DieselKind::UniqueViolation, "Duplicate entry 's3cret' for key 'uq_users_email'");
        assert_eq!(error.message, "the unique constraint `uq_users_email` refused the row");
        assert_eq!(error.constraint.unwrap().which, Which::Unique);
    }
}
