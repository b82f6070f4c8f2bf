//! What a table holds, as hashes: which rows of a file it does not have, and which it has just so. 24 bytes a row, and a quarter
//! more for room between them.

use std::hash::{BuildHasher as _, RandomState};

use super::spelled::Speller;

/// So much memory it may take. A table with more rows is compared by set, in the database.
const ROOM: usize = 36 << 20;

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
    /// How its rows are spelled.
    pub speller: Speller,
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
    /// For so many rows.
    pub fn new(rows: usize, speller: Speller) -> Self {
        Self { slots: vec![Slot::default(); rows / 4 * 5 + 16], taken: 0, hasher: RandomState::new(), speller }
    }

    /// Takes in a row of the table, as it is spelled. `false`: there is no room left.
    pub fn take(&mut self, key: &[u8], row: &[u8]) -> bool {
        if self.taken + self.taken / 8 >= self.slots.len() {
            return false;
        }
        if !key.is_empty() {
            let key = digest(key);
            let at = self.place(key);
            self.slots[at] = Slot { key, row: self.sum(row) };
            self.taken += 1;
        }
        true
    }

    /// What is known of a row of the file. `name`: it is named with that.
    pub fn look(&mut self, key: &[u8], row: &[u8], name: bool) -> Found {
        if key.is_empty() {
            return Found::Odd;
        }
        let key = digest(key);
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
        if self.sum(row) == slot.row & !NAMED { Found::Same } else { Found::There }
    }

    /// Forgets which rows the file has named.
    pub fn forget_names(&mut self) {
        for slot in &mut self.slots {
            slot.row &= !NAMED;
        }
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

    fn sum(&self, row: &[u8]) -> u64 {
        self.hasher.hash_one(row) & !NAMED
    }
}

/// The hash of a key, so long that no two are the same: a row that is taken for another would be lost.
fn digest(key: &[u8]) -> [u64; 2] {
    let hash = blake3::hash(key);
    let half = |from: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash.as_bytes()[from..from + 8]);
        u64::from_le_bytes(bytes)
    };
    [half(0) | 1, half(8)]
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// It knows what a map knows, as full as it may be.
        #[test]
        fn a_sieve_knows_what_a_map_knows(rows in prop::collection::vec(("[a-c]{0,3}", "[xy]?"), 0..60), more in prop::collection::vec(("[a-c]{0,3}", "[xy]?"), 0..60)) {
            let table: BTreeMap<_, _> = rows.into_iter().collect();
            let mut sieve = Sieve::new(table.len(), Speller::default());
            for (key, value) in &table {
                prop_assert!(sieve.take(key.as_bytes(), value.as_bytes()));
            }
            for _ in 0..2 {
                let mut named = BTreeSet::new();
                for (key, value) in &more {
                    let found = sieve.look(key.as_bytes(), value.as_bytes(), true);
                    let expected = match table.get(key) {
                        _ if key.is_empty() => Found::Odd,
                        None => Found::Missing,
                        Some(_) if !named.insert(key) => Found::Twice,
                        Some(other) if other == value => Found::Same,
                        Some(_) => Found::There,
                    };
                    prop_assert_eq!(found, expected);
                }
                sieve.forget_names();
            }
        }
    }

    #[test]
    fn more_rows_than_were_counted_are_refused() {
        let mut sieve = Sieve::new(0, Speller::default());
        let taken = (0..100).take_while(|number: &i32| sieve.take(number.to_string().as_bytes(), b"")).count();
        assert!((10..16).contains(&taken), "{taken}");
    }
}
