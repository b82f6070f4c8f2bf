//! The seeds of the files, and those of them that are asked for.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::tell;
use crate::catalog::Catalog;
use crate::error::{Code, Error, Result};
use crate::seed::csv;
use crate::seed::source::{self, Bulk, Plain, Seed};
use crate::text;

/// Where the files are.
#[derive(Debug, Clone)]
pub struct Files {
    pub directory: PathBuf,
    /// As it is shown in errors.
    pub shown: PathBuf,
    pub layers: Vec<String>,
    /// The layers were named, so that each must be there.
    pub named: bool,
}

/// The seeds of the files, merged and checked as far as that goes without a database.
pub struct Seeds {
    pub rows: Vec<Seed>,
    pub bulk: Vec<Bulk>,
    pub plain: Vec<Plain>,
}

impl Seeds {
    /// Reads them. Every fault of the files is told.
    pub fn read(files: &Files) -> Result<Self> {
        if !files.directory.is_dir() {
            let message = format!("there is no directory `{}`", files.shown.display());
            return Err(Error::new(Code::ConfigMissing, message)
                .hint("`dbtool init` makes it; `dir` in `[seed]` names another"));
        }
        let (found, mut faults) = source::find(&files.directory, &files.shown, &files.layers, files.named)?;
        let (rows, bulk, plain) = source::merge(found, &mut faults);
        tell(faults)?;
        Ok(Self { rows, bulk, plain })
    }

    /// The names that can be asked for.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let rows = self.rows.iter().map(|seed| seed.name.clone());
        let bulk = self.bulk.iter().map(|bulk| bulk.name.clone());
        rows.chain(bulk).chain(self.plain.iter().map(|plain| plain.name.clone())).collect()
    }

    /// Whether any of them may delete rows: those of mode `exact`, and SQL, which may do anything.
    #[must_use]
    pub fn may_destroy(&self) -> bool {
        !self.plain.is_empty() || self.rows.iter().any(|seed| seed.mode == source::Mode::Exact)
    }

    /// Those that are asked for, with what they refer to; and the names of those that are asked for alone.
    pub(super) fn chosen(mut self, names: &[String], catalog: &Catalog) -> Result<(Self, BTreeSet<String>)> {
        if names.is_empty() {
            let all = self.names();
            return Ok((self, all));
        }
        let all = self.names();
        let mut chosen: BTreeSet<String> = BTreeSet::new();
        for name in names {
            let folder = format!("{}/", name.trim_end_matches('/'));
            let meant: Vec<&String> = all.iter().filter(|one| *one == name || one.starts_with(&folder)).collect();
            if meant.is_empty() {
                let error = Error::new(Code::SeedUnknown, format!("there is no seed `{name}`"));
                let error =
                    text::did_you_mean(name, all.iter().map(String::as_str)).into_iter().fold(error, Error::hint);
                return Err(error.hint(format!("there are: {}", text::listed(all.iter().cloned()))));
            }
            chosen.extend(meant.into_iter().cloned());
        }
        let named = chosen.clone();
        // What they refer to, again and again until there is no more.
        loop {
            let mut tables = BTreeSet::new();
            for seed in self.rows.iter().filter(|seed| chosen.contains(&seed.name)) {
                tables.extend(refers_to(seed, catalog));
            }
            for bulk in self.bulk.iter().filter(|bulk| chosen.contains(&bulk.name)) {
                let columns = csv::header(&bulk.path).unwrap_or_default();
                let table = catalog.table(&bulk.header.table);
                let keys = table.into_iter().flat_map(|table| &table.foreign_keys);
                let listed = keys.filter(|key| key.columns.iter().any(|column| columns.contains(column)));
                tables.extend(listed.map(|key| key.to.to_string()));
            }
            let rows = self.rows.iter().filter(|seed| tables.contains(&seed.table)).map(|seed| seed.name.clone());
            let bulk =
                self.bulk.iter().filter(|bulk| tables.contains(&bulk.header.table)).map(|bulk| bulk.name.clone());
            let before = chosen.len();
            let more: Vec<String> = rows.chain(bulk).collect();
            chosen.extend(more);
            if chosen.len() == before {
                break;
            }
        }
        self.rows.retain(|seed| chosen.contains(&seed.name));
        self.bulk.retain(|bulk| chosen.contains(&bulk.name));
        self.plain.retain(|plain| chosen.contains(&plain.name));
        Ok((self, named))
    }
}

/// The tables that the rows of a seed refer to.
fn refers_to(seed: &Seed, catalog: &Catalog) -> BTreeSet<String> {
    let rows = seed.rows.iter().chain(seed.template.iter().map(|(row, _)| row));
    let cells: Vec<_> = rows.flat_map(|row| &row.cells).collect();
    let keys = catalog.table(&seed.table).map(|table| table.foreign_keys.as_slice()).unwrap_or_default();
    let listed =
        keys.iter().filter(|key| key.columns.iter().any(|column| cells.iter().any(|cell| cell.column == *column)));
    let named = cells.iter().filter_map(|cell| match &cell.value {
        source::Expression::Reference { table, .. } => Some(table.clone()),
        _ => None,
    });
    listed.map(|key| key.to.to_string()).chain(named).collect()
}
