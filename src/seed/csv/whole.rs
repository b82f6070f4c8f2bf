//! A file that was loaded, and its table, each as a whole: both are read at once, and where their rows come to the same sum nothing
//! is to be done. So most runs end, in half the time that looking at each row takes, and in no memory.

use std::hash::{BuildHasher as _, RandomState};
use std::panic::resume_unwind;

use super::load::Load;
use super::rows::Rows;
use super::sift::aside;
use super::spelled::{Spelled, Speller};
use crate::db::bulk::{self, Cell, Source as _};
use crate::error::Result;
use crate::observer::Pace;
use crate::seed::database::Database;

/// Rows in whatever order they come. Two sums over hashes whose keys nobody knows: that others come to both is not to be had.
#[derive(Debug, Clone, Default)]
struct Sum {
    hashers: [RandomState; 2],
    sums: [u64; 2],
    rows: u64,
    /// A key has a NULL: by what it is told apart is the database's to know.
    is_odd: bool,
    spelled: Spelled,
}

impl Sum {
    fn add<'f>(&mut self, speller: &Speller, field: impl Fn(usize) -> Cell<'f>) {
        self.spelled.clear();
        self.spelled.push(speller, field);
        for (key, row) in self.spelled.rows() {
            self.is_odd |= key.is_empty();
            self.rows += 1;
            for (sum, hasher) in self.sums.iter_mut().zip(&self.hashers) {
                *sum = sum.wrapping_add(hasher.hash_one(row));
            }
        }
    }

    /// Whether it is of the same rows.
    fn is(&self, other: &Self) -> bool {
        (self.sums, self.rows) == (other.sums, other.rows) && !self.is_odd && !other.is_odd
    }
}

impl Load<'_, '_> {
    /// How many rows the file has, if they are just those of its table. Only worth a look where the file is as it was when it was
    /// loaded last. `None`: something differs, or cannot be told by its text.
    pub fn as_a_whole(&self, database: &mut Database<'_>) -> Result<Option<u64>> {
        let Some(speller) = self.speller() else { return Ok(None) };
        // The first line is the header. Where a row takes several lines, there seem to be others.
        let rows = self.lines.saturating_sub(1);
        if self.rows_there(database, rows)? != rows {
            return Ok(None);
        }
        let mut of_table = Sum::default();
        let mut of_file = of_table.clone();
        let mut file = Rows::open(self.seed, self.dialect, false, self.wanted.on_error)?;
        let from = self.seed.target(database.quoted(&self.seed.table));
        let mut pace = Pace::new(self.wanted.observer, self.seed.name.as_str(), "compared", Some(rows));
        let is_read = std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                while file.advance()? {
                    of_file.add(&speller, |at| file.cell(at));
                }
                Ok::<_, crate::error::Error>(file.rejected.is_empty())
            });
            let unloaded = aside(database.connection, |connection| {
                bulk::unload(connection, &from, "", &mut |row| {
                    of_table.add(&speller, |at| row[at]);
                    pace.went(1);
                    Ok(())
                })
            });
            let is_read = reading.join().unwrap_or_else(|panic| resume_unwind(panic));
            unloaded.and(is_read)
        })?;
        Ok((is_read && of_table.is(&of_file)).then_some(rows))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::canonical::Canonical;
    use super::*;

    fn sum(of: &Sum, rows: &[(String, String)]) -> Sum {
        let speller = Speller { columns: vec![Canonical::AsIs, Canonical::AsIs], key: vec![0] };
        let mut sum = of.clone();
        for (key, value) in rows {
            sum.add(&speller, |at| Cell::Text(if at == 0 { key.as_bytes() } else { value.as_bytes() }));
        }
        sum
    }

    proptest! {
        /// It is the same where the rows are, however they are sorted, and as often.
        #[test]
        fn the_same_rows_have_the_same_sum(
            (rows, shuffled) in prop::collection::vec(("[ab]{0,2}", "[xy]?"), 0..8).prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
            others in prop::collection::vec(("[ab]{0,2}", "[xy]?"), 0..8),
        ) {
            let none = Sum::default();
            prop_assert!(sum(&none, &rows).is(&sum(&none, &shuffled)));
            let sorted = |rows: &[(String, String)]| { let mut rows = rows.to_vec(); rows.sort(); rows };
            prop_assert_eq!(sum(&none, &rows).is(&sum(&none, &others)), sorted(&rows) == sorted(&others));
        }
    }

    #[test]
    fn a_key_with_a_null_is_the_same_as_none() {
        let speller = Speller { columns: vec![Canonical::AsIs], key: vec![0] };
        let mut sum = Sum::default();
        sum.add(&speller, |_| Cell::Null);
        assert!(!sum.is(&sum.clone()));
    }
}
