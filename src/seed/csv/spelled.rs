//! Rows as text, of a file or a table, to be told apart by it. One thread spells them while another looks at those that were.

use std::sync::mpsc;

use super::canonical::Canonical;
use crate::db::bulk::Cell;
use crate::error::Result;
use crate::observer::{Observer, Pace};

/// So many bytes are handed over at once.
const FULL: usize = 128 << 10;

/// What of a row is spelled.
#[derive(Debug, Clone, Default)]
pub struct Speller {
    pub columns: Vec<Canonical>,
    /// Those of the key among them.
    pub key: Vec<usize>,
}

/// Rows, each behind its key.
#[derive(Debug, Clone, Default)]
pub struct Spelled {
    bytes: Vec<u8>,
    /// Where the key and the row end.
    ends: Vec<(usize, usize)>,
}

impl Spelled {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Takes in a row. A key with a NULL is none, and spelled as nothing.
    pub fn push<'f>(&mut self, speller: &Speller, field: impl Fn(usize) -> Cell<'f>) {
        let start = self.bytes.len();
        for at in &speller.key {
            let cell = field(*at);
            if cell == Cell::Null {
                self.bytes.truncate(start);
                break;
            }
            speller.columns[*at].write(&mut self.bytes, cell);
        }
        let key = self.bytes.len();
        for (at, column) in speller.columns.iter().enumerate() {
            column.write(&mut self.bytes, field(at));
        }
        self.ends.push((key, self.bytes.len()));
    }

    /// The rows, each with its key.
    pub fn rows(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        starts.zip(&self.ends).map(|(start, (key, end))| (&self.bytes[start..*key], &self.bytes[*key..*end]))
    }
}

/// Where rows are spelled for whoever looks at them.
pub struct Out<'s, 'o> {
    speller: &'s Speller,
    spelled: Spelled,
    full: mpsc::SyncSender<Spelled>,
    empty: mpsc::Receiver<Spelled>,
    pace: &'s mut Pace<&'o dyn Observer>,
}

impl Out<'_, '_> {
    /// Spells a row. `false`: nobody looks any more.
    pub fn row<'f>(&mut self, field: impl Fn(usize) -> Cell<'f>) -> bool {
        self.spelled.push(self.speller, field);
        self.spelled.bytes.len() < FULL || self.hand_over()
    }

    fn hand_over(&mut self) -> bool {
        let mut next = self.empty.try_recv().unwrap_or_default();
        next.clear();
        self.pace.went(self.spelled.ends.len() as u64);
        self.full.send(std::mem::replace(&mut self.spelled, next)).is_ok()
    }
}

/// Looks at rows in another thread while they are spelled in this one. `look` ends it with `false`.
pub fn pass<T>(
    speller: &Speller,
    pace: &mut Pace<&dyn Observer>,
    mut look: impl FnMut(&[u8], &[u8]) -> bool + Send,
    spell: impl FnOnce(&mut Out<'_, '_>) -> Result<T>,
) -> Result<T> {
    std::thread::scope(|scope| {
        let (full, spelled) = mpsc::sync_channel::<Spelled>(4);
        let (emptied, empty) = mpsc::channel();
        scope.spawn(move || {
            while let Ok(rows) = spelled.recv() {
                if !rows.rows().all(|(key, row)| look(key, row)) {
                    break;
                }
                // Nobody is there to take it after the last one.
                let _ = emptied.send(rows);
            }
        });
        let mut out = Out { speller, spelled: Spelled::default(), full, empty, pace };
        let done = spell(&mut out)?;
        out.hand_over();
        Ok(done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Silent;

    fn silent() -> Pace<&'static dyn Observer> {
        Pace::new(&Silent, "rows", "read", None)
    }

    #[test]
    fn rows_come_as_they_were_spelled() {
        let speller = Speller { columns: vec![Canonical::AsIs, Canonical::AsIs], key: vec![1] };
        let word = |number: usize| format!("row {number} {}", "x".repeat(number % 50)).into_bytes();
        let mut count = 0;
        let mut last = Vec::new();
        let look = |key: &[u8], row: &[u8]| {
            assert!(row.ends_with(key), "the key is the last column");
            count += 1;
            last = key.to_vec();
            true
        };
        pass(&speller, &mut silent(), look, |out| {
            for number in 0..20_000 {
                let word = word(number);
                assert!(out.row(|at| if at == 0 { Cell::Null } else { Cell::Text(&word) }));
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(count, 20_000);
        assert!(last.ends_with(&word(19_999)));
    }

    #[test]
    fn who_has_seen_enough_ends_it() {
        let speller = Speller { columns: vec![Canonical::AsIs], key: vec![0] };
        let given = pass(
            &speller,
            &mut silent(),
            |_, _| false,
            |out| Ok((0..1_000_000).take_while(|_| out.row(|_| Cell::Text(b"row"))).count()),
        );
        assert!(given.unwrap() < 1_000_000);
    }

    #[test]
    fn a_key_with_a_null_is_none() {
        let speller = Speller { columns: vec![Canonical::AsIs, Canonical::AsIs], key: vec![0, 1] };
        let mut spelled = Spelled::default();
        spelled.push(&speller, |at| if at == 0 { Cell::Text(b"a") } else { Cell::Null });
        assert!(spelled.rows().all(|(key, row)| key.is_empty() && !row.is_empty()));
    }
}
