//! What a database said about a change, in the words of its table: which column, which rule, which value.

use super::subject::Subject;
use crate::catalog::ForeignKey;
use crate::db::{Constraint, DbError, Kind, Which};
use crate::error::{Code, Error};
use crate::record::Record;
use crate::text;

/// The error of a change. `record`: the values that it was to store, or that were there.
#[must_use]
pub fn refused(subject: &Subject<'_>, record: &Record, error: DbError) -> Error {
    let is_null = |name: &String| record.get(name).is_some_and(serde_json::Value::is_null);
    let sensitive = subject.columns.iter().filter(|column| column.sensitive && !is_null(&column.name));
    let sensitive: Vec<String> = sensitive.map(|column| format!("`{}.{}`", subject.name, column.name)).collect();
    let error = without_words(error, &sensitive);
    let table = &subject.name;
    // SQLite tells of some foreign keys by its words alone.
    let told = || Constraint { which: Which::ForeignKey, name: None, table: None, columns: Vec::new() };
    let by_words = (error.kind == Kind::Constraint && error.message.starts_with("FOREIGN KEY")).then(told);
    match (error.kind, error.constraint.as_deref().cloned().or(by_words)) {
        (Kind::Constraint, Some(constraint)) => of_constraint(subject, record, &constraint),
        (Kind::Constraint, None) => {
            Error::new(Code::Constraint, format!("a constraint of `{table}` refused the row")).because(&error)
        }
        (Kind::Data, _) => {
            Error::new(Code::Value, format!("`{table}` does not take a value of the row")).because(&error)
        }
        // Our statements are right by themselves: what is left are triggers, policies and rules of the database.
        (Kind::Other, _) => {
            Error::new(Code::Constraint, format!("the database refused the row of `{table}`")).because(&error)
        }
        _ => error.into_error(format!("cannot change `{table}`")),
    }
}

/// An error of a statement that is about sensitive columns: its kind and its number stay, and not what the server says of it. It may
/// quote a value in another form than the one in which it was given, so that no search for the values finds all of them.
#[must_use]
pub fn without_words(error: DbError, sensitive: &[String]) -> DbError {
    if sensitive.is_empty() || error.constraint.is_some() {
        return error;
    }
    let kind = error.kind.name().replace('_', " ");
    let are = if sensitive.len() == 1 { "is" } else { "are" };
    let names = text::listed(sensitive.iter().cloned());
    let message = format!("{kind}; what the server says is not shown, for it may quote {names}, which {are} sensitive");
    DbError { message, detail: None, hint: None, context: None, ..error }
}

fn of_constraint(subject: &Subject<'_>, record: &Record, constraint: &Constraint) -> Error {
    let table = subject.table;
    let named = |name: &Option<String>| constraint.name.is_some() && *name == constraint.name;
    let unique = || {
        table.into_iter().flat_map(|table| &table.uniques).find(|key| named(&key.name)).map(|key| key.columns.clone())
    };
    let index = || {
        let index = table
            .into_iter()
            .flat_map(|table| &table.indexes)
            .find(|index| Some(&index.name) == constraint.name.as_ref());
        index.map(|index| index.parts.iter().filter_map(|part| part.column.clone()).collect())
    };
    let primary = || {
        let key = table.and_then(|table| table.primary_key.as_ref());
        key.filter(|key| named(&key.name) || constraint.name.as_deref() == Some("PRIMARY"))
            .map(|key| key.columns.clone())
    };
    let key = table.into_iter().flat_map(|table| &table.foreign_keys).find(|key| named(&key.name));
    let columns = match constraint.which {
        _ if !constraint.columns.is_empty() => constraint.columns.clone(),
        Which::Unique => unique().or_else(primary).or_else(index).unwrap_or_default(),
        Which::ForeignKey => key.map(|key| key.columns.clone()).unwrap_or_default(),
        _ => Vec::new(),
    };
    let title = |columns: &[String]| match columns {
        [] => format!("`{}`", subject.name),
        columns => columns.iter().map(|column| format!("`{}.{column}`", subject.name)).collect::<Vec<_>>().join(", "),
    };
    let values = shown(subject, record, &columns);
    let message = match constraint.which {
        Which::Unique => format!("{} must be unique, and another row has {values}", title(&columns)),
        Which::NotNull => format!("{} must have a value", title(&columns)),
        Which::Check if constraint.name.is_none() => of_partition(subject),
        Which::Check => {
            let name = constraint.name.as_deref().unwrap_or_default();
            let check = table.into_iter().flat_map(|table| &table.checks).find(|check| named(&check.name));
            let asks = check.map(|check| format!(": {}", text::shorten(&check.expression, 200))).unwrap_or_default();
            format!("the check `{name}` of `{}` refused the row{asks}", subject.name)
        }
        Which::Exclusion => format!(
            "the exclusion `{}` of `{}` refused the row",
            constraint.name.as_deref().unwrap_or_default(),
            subject.name
        ),
        Which::ForeignKey => of_foreign_key(subject, constraint, key, &columns, &values),
    };
    let error = Error::new(Code::Constraint, message);
    match &constraint.name {
        Some(name) => error.note(format!("the constraint is `{name}`")),
        None => error,
    }
}

/// The check that has no name is that of PostgreSQL's partitions.
fn of_partition(subject: &Subject<'_>) -> String {
    let name = &subject.name;
    let bound = subject.table.and_then(|table| table.partition_bound.as_ref());
    match (subject.table.and_then(|table| table.partition_by.as_ref()), bound) {
        (Some(by), _) => format!("`{name}` has no partition for the row: they are by {by}"),
        (None, Some(bound)) => format!("the partition `{name}` does not take the row: it is {bound}"),
        (None, None) => format!("a check of `{name}` refused the row"),
    }
}

/// A foreign key is broken from either side. SQLite does not tell which it was.
fn of_foreign_key(
    subject: &Subject<'_>,
    constraint: &Constraint,
    key: Option<&ForeignKey>,
    columns: &[String],
    values: &str,
) -> String {
    let table = &subject.name;
    if let Some(key) = key {
        let names = columns.iter().map(|column| format!("`{table}.{column}`")).collect::<Vec<_>>().join(", ");
        return format!("{names} refers to no row of `{}`: there is no {values}", key.to);
    }
    let referrer =
        subject.catalog.referrers(table).find(|(_, other)| other.name.is_some() && other.name == constraint.name);
    if let Some((other, _)) = referrer {
        return format!("rows of `{}` refer to the row of `{table}`", other.name);
    }
    let own = subject
        .table
        .into_iter()
        .flat_map(|table| &table.foreign_keys)
        .map(|key| format!("`{}`", key.columns.join(", ")));
    let others = subject.catalog.referrers(table).map(|(other, _)| format!("`{}`", other.name));
    let (own, others) = (text::listed(own), text::listed(others));
    let why = match (own.is_empty(), others.is_empty()) {
        (false, true) => format!("what it refers to is not there ({own})"),
        (true, false) => format!("other rows refer to it ({others})"),
        _ => format!("what it refers to is not there ({own}), or other rows refer to it ({others})"),
    };
    format!("a foreign key refused the row of `{table}`: {why}")
}

/// The values of some columns, masked where they are sensitive.
fn shown(subject: &Subject<'_>, record: &Record, columns: &[String]) -> String {
    let one = |name: &String| {
        let value = record.get(name).map(|value| match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let column = subject.columns.iter().find(|column| column.name == *name);
        match (column, value) {
            (Some(column), Some(value)) => column.shown(&value),
            _ => "that value".into(),
        }
    };
    if columns.is_empty() { "the same values".into() } else { columns.iter().map(one).collect::<Vec<_>>().join(", ") }
}
