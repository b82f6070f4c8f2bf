//! Some rows in one piece of memory, which is used again and again.

use super::Source;
use crate::error::Error;

/// So large is the first block, for the server has nothing to do until it comes; each is four times the one before.
pub const FIRST: usize = 128 << 10;

/// So large is none. Two of them, and what a backend makes of one, are the memory that loading takes.
const FULL: usize = 2 << 20;

/// In an end: the field is NULL.
const NULL: usize = 1 << (usize::BITS - 1);

pub struct Block {
    columns: usize,
    bytes: Vec<u8>,
    /// Where each field ends in `bytes`; it begins where the one before it ends.
    ends: Vec<usize>,
    lines: Vec<u64>,
    /// What ended the source after these rows.
    error: Option<Error>,
}

impl Block {
    pub fn new(columns: usize) -> Self {
        Self { columns, bytes: Vec::new(), ends: Vec::new(), lines: Vec::new(), error: None }
    }

    /// Takes rows until it has so many bytes, in place of those that it has. `false`: they were the last.
    pub fn fill(&mut self, source: &mut dyn Source, bytes: usize) -> bool {
        self.bytes.clear();
        self.ends.clear();
        self.lines.clear();
        while self.bytes.len() + self.ends.len() * size_of::<usize>() < bytes.min(FULL) {
            match source.advance() {
                Ok(true) => self.push(source),
                Ok(false) => return false,
                Err(error) => {
                    self.error = Some(error);
                    return false;
                }
            }
        }
        true
    }

    fn push(&mut self, source: &dyn Source) {
        for column in 0..self.columns {
            let null = match source.field(column) {
                Some(field) => {
                    self.bytes.extend_from_slice(field);
                    0
                }
                None => NULL,
            };
            self.ends.push(self.bytes.len() | null);
        }
        self.lines.push(source.line());
    }

    pub fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    pub fn line(&self, row: usize) -> u64 {
        self.lines[row]
    }

    pub fn field(&self, row: usize, column: usize) -> Option<&[u8]> {
        let at = row * self.columns + column;
        let end = self.ends[at];
        if end & NULL != 0 {
            return None;
        }
        let start = if at == 0 { 0 } else { self.ends[at - 1] & !NULL };
        Some(&self.bytes[start..end])
    }
}
