//! A file whose first line is looked up in the schema.

use std::fs::File;
use std::path::Path;

use super::CsvSeed;
use super::refuse::Lines;
use crate::catalog::Catalog;
use crate::entities::Registry;
use crate::error::{Code, Error, Place, Result};
use crate::seed::columns::Column;
use crate::seed::source::{Bulk, Mode};
use crate::seed::tables::{self, Table};
use crate::tabular::Csv;
use crate::text;

/// Looks the table and the columns of its header line up in the schema.
pub fn prepare<'c>(
    bulk: &Bulk,
    catalog: &'c Catalog,
    registry: &Registry,
    sensitive: &[String],
) -> Result<CsvSeed<'c>, Error> {
    let header = &bulk.header;
    let table = Table::new(tables::find(catalog, &header.table, &header.at)?, registry, sensitive);
    let mode = header.mode.unwrap_or_default();
    if !matches!(mode, Mode::Ensure | Mode::Sync) {
        let message = format!("a CSV file cannot be kept in mode `{}`", mode.name());
        let error = header.at.fault(message).note("which of a table's rows came from a CSV is not known one by one");
        return Err(error.hint("the modes of CSV are `ensure` and `sync`"));
    }
    let shown = header.at.file.path.with_extension("csv");
    let mut csv = open(&bulk.path, &shown)?;
    let place = Place { file: shown.clone(), line: 1, column: 1, excerpt: String::new() };
    if !csv.advance()? {
        return Err(Error::new(Code::SeedFile, "the file has no header line")
            .at(place)
            .hint("its first line names the columns"));
    }
    let mut columns: Vec<Column<'_>> = Vec::new();
    for at in 0..csv.fields() {
        let name = String::from_utf8_lossy(csv.field(at).unwrap_or_default()).trim_start_matches('\u{feff}').to_owned();
        let Some(column) = table.columns.get(name.as_str()) else {
            let error = Error::new(Code::SeedFile, format!("`{}` has no column `{name}`", table.name())).at(place);
            let names = table.columns.keys().copied();
            return Err(text::did_you_mean(&name, names).into_iter().fold(error, Error::hint));
        };
        // Which of two values a row would get is nobody's guess.
        if let Some(first) = columns.iter().position(|known| known.name() == name) {
            let message = format!("the header names `{name}` twice: as column {} and as column {}", first + 1, at + 1);
            return Err(Error::new(Code::SeedFile, message).at(place).hint("take one of them out, with its values"));
        }
        columns.push(*column);
    }
    let has = |key: &Vec<String>| key.iter().all(|name| columns.iter().any(|column| column.name() == name));
    let candidates = table.keys();
    let named = |key: &&Vec<String>| {
        let mut sorted = (*key).clone();
        sorted.sort();
        let mut wanted = header.key.clone();
        wanted.sort();
        wanted.is_empty() || sorted == wanted
    };
    let key = candidates.iter().filter(named).find(|key| has(key)).cloned().ok_or_else(|| {
        let shown: Vec<_> = candidates.iter().map(|key| format!("`{}`", key.join(", "))).collect();
        let message = if header.key.is_empty() {
            format!("no key of `{}` is among the columns of the file", table.name())
        } else {
            format!("`{}` is no key of `{}`, or not in the file", header.key.join(", "), table.name())
        };
        Error::new(Code::SeedFile, message).at(place.clone()).hint(format!(
            "the keys of `{}` are: {}",
            table.name(),
            shown.join("; ")
        ))
    })?;
    Ok(CsvSeed {
        name: bulk.name.clone(),
        known_as: bulk.known_as.clone(),
        table,
        path: bulk.path.clone(),
        shown,
        mode,
        alone: header.own_transaction,
        key,
        columns,
        lines: Lines::default(),
    })
}

pub fn open(path: &Path, shown: &Path) -> Result<Csv<File>> {
    let file = File::open(path).map_err(|cause| Error::io("read", path, &cause))?;
    Ok(Csv::new(file, shown))
}

/// The columns that a file names in its first line.
pub fn header(path: &Path) -> Result<Vec<String>> {
    let mut csv = open(path, path)?;
    csv.advance()?;
    Ok((0..csv.fields()).map(|at| String::from_utf8_lossy(csv.field(at).unwrap_or_default()).into_owned()).collect())
}
