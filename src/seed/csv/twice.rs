//! A row that two files list. Which of two values a column gets would depend on which file came last, and the next run would take
//! that for an edit of somebody.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use super::find::Wish;
use super::part::Mark;
use super::refuse::MOST_FAULTS;
use super::{CsvSeed, Known};
use crate::db;
use crate::error::{Code, Error, Place, Result};
use crate::seed::columns::Column;
use crate::seed::database::{Database, cannot};
use crate::seed::plan::Record;

/// Rows of one table that two of the files list, by what the ledger says of them: what is as it was has been looked at.
pub fn in_two_files(
    database: &mut Database<'_>,
    files: &[CsvSeed<'_>],
    known: &BTreeMap<String, Known>,
) -> Result<Vec<Error>> {
    let mut faults = Vec::new();
    for table in files.iter().map(|file| file.table.name()).collect::<BTreeSet<_>>() {
        let those: Vec<&CsvSeed<'_>> =
            files.iter().filter(|file| file.table.name() == table && file.updates()).collect();
        let [first, _, ..] = those.as_slice() else { continue };
        let changed = those.iter().map(|file| file.is_changed(known.get(&file.known_as)));
        if !changed.collect::<Result<Vec<_>>>()?.contains(&true) {
            continue;
        }
        for key in first.table.keys() {
            let clashes = |file: &CsvSeed<'_>| {
                those.iter().any(|other| !std::ptr::eq(*other, file) && other.has(&key) && file.shares(other, &key))
            };
            let those: Vec<&CsvSeed<'_>> =
                those.iter().copied().filter(|file| file.has(&key) && clashes(file)).collect();
            let found = if those.len() > 1 { among(database, &those, &key)? } else { Vec::new() };
            // By another key they would be told once more.
            if !found.is_empty() {
                faults.extend(found);
                break;
            }
        }
    }
    Ok(faults)
}

/// An error about a row that two seeds list.
pub fn twice(message: String, here: Place, other: &Place) -> Error {
    Error::new(Code::SeedFile, message).at(here).note(format!("the other one: {other}")).hint(
        "a column of a row gets its value from one seed: take it out of the other, or give that `mode = \"ensure\"`",
    )
}

fn among(database: &mut Database<'_>, files: &[&CsvSeed<'_>], key: &[String]) -> Result<Vec<Error>> {
    const FILE: &str = "dbtool_file";
    let Some(first) = files.first() else { return Ok(Vec::new()) };
    let table = &first.table;
    let failed = |error| cannot("compare files with", table, error);
    let dialect = database.dialect;
    let names: Vec<String> = key.iter().map(|name| dialect.identifier(name)).collect();
    let (stage, listed) = (dialect.identifier("__dbtool_twice"), names.join(", "));
    let query = format!("SELECT {listed}, 0 AS {FILE} FROM {} WHERE 1 = 0", database.quoted(table));
    for sql in dialect.make_temporary(&stage, &query, &names) {
        database.connection.change(&sql, &[]).map_err(failed)?;
    }
    let mut brought = Ok(());
    for (number, file) in files.iter().enumerate() {
        let mark: Mark<'_> = (FILE, number);
        brought = brought.and_then(|()| file.bring(database, &stage, key, Some(mark)));
    }
    let columns: Vec<Column<'_>> = key.iter().filter_map(|name| table.columns.get(name.as_str())).copied().collect();
    let read: Vec<String> =
        columns.iter().zip(&names).map(|(column, name)| dialect.readable(name, &column.catalog.type_name)).collect();
    let sql = format!(
        "SELECT min({FILE}), max({FILE}), {} FROM {stage} GROUP BY {listed} HAVING min({FILE}) < max({FILE}) \
         ORDER BY {listed} LIMIT {MOST_FAULTS}",
        read.join(", ")
    );
    let rows = brought.and_then(|()| database.connection.select(&sql, &[]).map_err(failed));
    // After an error, too: MySQL keeps it when the transaction is rolled back.
    let dropped = database.connection.change(&dialect.drop_temporary(&stage), &[]).map_err(failed);
    let rows = rows?;
    dropped?;
    let mut faults = Vec::new();
    for row in rows {
        let file = |at: usize| {
            let number = row.get(at).and_then(db::Value::as_int).and_then(|number| usize::try_from(number).ok());
            number.and_then(|number| files.get(number))
        };
        let (Some(one), Some(other)) = (file(0), file(1)) else { continue };
        let values = columns.iter().zip(row.iter().skip(2));
        let by: Record = values.map(|(column, value)| (column.name().to_owned(), column.stored(value))).collect();
        let place = |file: &CsvSeed<'_>| {
            let mut wish = Wish::new(by.clone(), key.first().cloned().unwrap_or_default());
            file.find(slice::from_mut(&mut wish))?;
            Ok::<_, Error>(file.place(wish.rows.first().map_or(1, |row| row.line)))
        };
        faults.push(twice(table.twice(&by), place(other)?, &place(one)?));
    }
    Ok(faults)
}

impl CsvSeed<'_> {
    /// Whether both files say what a column holds, beside the key.
    fn shares(&self, other: &CsvSeed<'_>, key: &[String]) -> bool {
        let beside = self.columns.iter().map(|column| column.name().to_owned()).filter(|name| !key.contains(name));
        beside.into_iter().any(|name| other.has(slice::from_ref(&name)))
    }
}
