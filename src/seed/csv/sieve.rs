//! What a table holds, as hashes: which rows of a file it does not have, and which it has just so. 24 bytes a row, and a quarter
//! more for room between them.

use std::hash::{BuildHasher as _, RandomState};

use super::canonical::Canonical;
use crate::db::bulk::Cell;

/// So much memory it may take. A table with more rows is compared by set, in the database.
const ROOM: usize = 40 << 20;

/// How many rows it can know.
pub const MOST: usize = ROOM / size_of::<Slot>() / 5 * 4;

/// A row. One that is not taken has a key of zeros.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    key: [u64; 2],
    /// Without its lowest bit, which says that the file has named the row.
    row: u64,
}

const NAMED: u64 = 1;

pub struct Sieve {
    slots: Vec<Slot>,
    taken: usize,
    hasher: RandomState,
    columns: Vec<Canonical>,
    /// The columns of the key among them.
    key: Vec<usize>,
    text: Vec<u8>,
}

/// What is known of a row of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The table does not have its key.
    Missing,
    /// The table has it with the same values.
    Same,
    /// The table has its key, and perhaps other values.
    There,
    /// The file has named this key before.
    Twice,
    /// Its key has a NULL: by what it is told apart is the database's to know.
    Odd,
}

impl Sieve {
    /// For so many rows of these columns; `key`: which of them tell rows apart.
    pub fn new(rows: usize, columns: Vec<Canonical>, key: Vec<usize>) -> Self {
        let slots = vec![Slot::default(); rows / 4 * 5 + 16];
        Self { slots, taken: 0, hasher: RandomState::new(), columns, key, text: Vec::new() }
    }

    /// Takes in a row of the table. `false`: there is no room left.
    pub fn take(&mut self, row: &[Cell<'_>]) -> bool {
        if self.taken + self.taken / 8 >= self.slots.len() {
            return false;
        }
        let Some(key) = self.digest(|at| row[at]) else { return true };
        let row = self.sum(|at| row[at]);
        let at = self.place(key);
        self.slots[at] = Slot { key, row };
        self.taken += 1;
        true
    }

    /// What is known of a row of the file. `name`: it is named with that.
    pub fn look<'f>(&mut self, field: impl Fn(usize) -> Cell<'f>, name: bool) -> Found {
        let Some(key) = self.digest(&field) else { return Found::Odd };
        let at = self.place(key);
        let slot = self.slots[at];
        if slot.key != key {
            return Found::Missing;
        }
        if name {
            if slot.row & NAMED != 0 {
                return Found::Twice;
            }
            self.slots[at].row |= NAMED;
        }
        if self.sum(field) == slot.row & !NAMED { Found::Same } else { Found::There }
    }

    /// The slot of a key, or the one where it would be.
    fn place(&self, key: [u64; 2]) -> usize {
        // The high half of the product: as even as the key itself, without a division.
        let count = self.slots.len();
        let mut at = usize::try_from((u128::from(key[0]) * count as u128) >> 64).unwrap_or(0);
        while self.slots[at].key != key && self.slots[at].key != [0, 0] {
            at = if at + 1 == count { 0 } else { at + 1 };
        }
        at
    }

    /// The hash of a key, so long that no two are the same: a row that is taken for another would be lost. `None`: it has a NULL.
    fn digest<'f>(&mut self, field: impl Fn(usize) -> Cell<'f>) -> Option<[u64; 2]> {
        self.text.clear();
        for at in &self.key {
            let cell = field(*at);
            if cell == Cell::Null {
                return None;
            }
            self.columns[*at].write(&mut self.text, cell);
        }
        let hash = blake3::hash(&self.text);
        let half = |from: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&hash.as_bytes()[from..from + 8]);
            u64::from_le_bytes(bytes)
        };
        Some([half(0) | 1, half(8)])
    }

    fn sum<'f>(&mut self, field: impl Fn(usize) -> Cell<'f>) -> u64 {
        self.text.clear();
        for (at, column) in self.columns.iter().enumerate() {
            column.write(&mut self.text, field(at));
        }
        self.hasher.hash_one(&self.text[..]) & !NAMED
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Cell<'_> {
        Cell::Text(text.as_bytes())
    }

    proptest! {
        /// It knows what a map knows, as full as it may be.
        #[test]
        fn a_sieve_knows_what_a_map_knows(rows in prop::collection::vec(("[a-c]{0,3}", "[xy]?"), 0..60), more in prop::collection::vec(("[a-c]{0,3}", "[xy]?"), 0..60)) {
            let table: BTreeMap<_, _> = rows.into_iter().collect();
            let mut sieve = Sieve::new(table.len(), vec![Canonical::AsIs, Canonical::AsIs], vec![0]);
            for (key, value) in &table {
                prop_assert!(sieve.take(&[text(key), text(value)]));
            }
            let mut named = std::collections::BTreeSet::new();
            for (key, value) in &more {
                let found = sieve.look(|at| text(if at == 0 { key } else { value }), true);
                let expected = match table.get(key) {
                    None => Found::Missing,
                    Some(_) if !named.insert(key) => Found::Twice,
                    Some(other) if other == value => Found::Same,
                    Some(_) => Found::There,
                };
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn null_is_not_the_empty_text_and_no_key() {
        let mut sieve = Sieve::new(1, vec![Canonical::AsIs, Canonical::AsIs], vec![0]);
        assert!(sieve.take(&[text("a"), Cell::Null]));
        assert_eq!(sieve.look(|at| [text("a"), text("")][at], false), Found::There);
        assert_eq!(sieve.look(|at| [text("a"), Cell::Null][at], false), Found::Same);
        assert_eq!(sieve.look(|_| Cell::Null, false), Found::Odd);
    }

    #[test]
    fn more_rows_than_were_counted_are_refused() {
        let mut sieve = Sieve::new(0, vec![Canonical::AsIs], vec![0]);
        let taken = (0..100).take_while(|number: &i32| sieve.take(&[text(&number.to_string())])).count();
        assert!((10..16).contains(&taken), "{taken}");
    }
}
