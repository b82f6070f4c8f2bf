//! Rows by their keys.

use super::key::Key;
use super::refusal::without_words;
use super::subject::Subject;
use super::writer::Writer;
use crate::db::{AnyConnection, Value};
use crate::error::{Code, Error, Result};

/// Whether nobody else may change what was read until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    None,
    ForUpdate,
}

/// All columns of the row of a key; `None`: there is none.
pub fn find(
    connection: &mut AnyConnection,
    subject: &Subject<'_>,
    key: &Key,
    lock: Lock,
) -> Result<Option<Vec<Value>>> {
    let mut writer = Writer::new(subject.grammar);
    let all: Vec<usize> = (0..subject.columns.len()).collect();
    writer.push("SELECT ").columns(subject, "t0", &all).push(" FROM ").push(&subject.quoted()).push(" t0 WHERE ");
    key.write(subject, &mut writer);
    if lock == Lock::ForUpdate {
        let locked = subject.grammar.locked();
        writer.push(locked);
    }
    let rows = connection.select(&writer.sql, &writer.binds).map_err(|error| {
        without_words(error, &key.sensitive(subject)).into_error(format!("cannot read `{}`", subject.name))
    })?;
    Ok(rows.into_iter().next())
}

/// The same, where a row that is not there is an error.
pub fn read(connection: &mut AnyConnection, subject: &Subject<'_>, key: &Key, lock: Lock) -> Result<Vec<Value>> {
    find(connection, subject, key, lock)?.ok_or_else(|| {
        Error::new(Code::NoRow, format!("`{}` has no row `{}`", subject.name, key.shown(subject)))
            .hint(format!("`dbtool data list {}` lists them", subject.name))
    })
}
