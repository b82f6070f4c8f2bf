//! Rows that a CSV lists, too. Each run, the one would take what the other wrote for an edit of somebody.

use std::slice;

use super::Desired;
use super::items::{Item, Row};
use crate::error::Result;
use crate::seed::csv::{self, CsvSeed, Wish};
use crate::seed::plan::{Record, Want};

impl<'c> Desired<'_, '_, 'c> {
    /// Refuses rows of which a CSV says the same columns.
    pub(super) fn twice(&mut self, items: &[Item<'c>]) -> Result<()> {
        for item in items.iter().filter(|item| item.mode.updates()) {
            for file in self.files.all_of(&item.table.name()).filter(|file| file.updates()) {
                self.twice_in(item, file)?;
            }
        }
        Ok(())
    }

    fn twice_in(&mut self, item: &Item<'c>, file: &CsvSeed<'c>) -> Result<()> {
        let keys: Vec<Vec<String>> = item.table.keys().into_iter().filter(|key| file.has(key)).collect();
        let (mut rows, mut wishes) = (Vec::new(), Vec::new());
        for row in &item.rows {
            for key in keys.iter().filter(|key| shares(row, file, key)) {
                let value = |name: &String| match row.listed.wants.get(name) {
                    Some(Want::Is(value)) => Some((name.clone(), value.clone())),
                    _ => None,
                };
                let Some(by) = key.iter().map(value).collect::<Option<Record>>() else { continue };
                rows.push(row);
                wishes.push(Wish::new(by, key.first().cloned().unwrap_or_default()));
            }
        }
        if wishes.is_empty() {
            return Ok(());
        }
        file.find(&mut wishes)?;
        let mut told: Option<&Row> = None;
        for (row, wish) in rows.into_iter().zip(&wishes) {
            // By another key it would be told once more.
            if let Some(found) = wish.rows.first().filter(|_| told.is_none_or(|told| !std::ptr::eq(told, row))) {
                let fault =
                    csv::twice(item.table.twice(&wish.by), row.place(&item.table, None), &file.place(found.line));
                self.faults.push(fault);
                told = Some(row);
            }
        }
        Ok(())
    }
}

/// Whether both say what a column holds, beside the key.
fn shares(row: &Row, file: &CsvSeed<'_>, key: &[String]) -> bool {
    row.cells.iter().any(|cell| !key.contains(&cell.column) && file.has(slice::from_ref(&cell.column)))
}
