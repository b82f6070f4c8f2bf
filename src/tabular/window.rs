//! A piece of a file in memory: as much of it as one record needs.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Code, Error, Place, Result};

/// Read at once.
const PIECE: usize = 256 << 10;
/// A record that is longer has a quote that was never closed, or no server would take it.
const LONGEST: usize = 1 << 30;

pub struct Window<R> {
    input: R,
    name: PathBuf,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// The input has no more.
    pub ended: bool,
}

impl<R: Read> Window<R> {
    pub fn new(input: R, name: &Path) -> Self {
        Self { input, name: name.to_owned(), bytes: vec![0; PIECE], start: 0, end: 0, ended: false }
    }

    /// What is read and not yet used.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub fn advance(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// Reads on, with what is there staying there.
    pub fn more(&mut self) -> Result<()> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.bytes.len() {
            if self.end >= LONGEST {
                return Err(Error::new(Code::RowsMalformed, "a row is longer than 1 GiB"));
            }
            self.bytes.resize(self.end * 2, 0);
        }
        loop {
            match self.input.read(&mut self.bytes[self.end..]) {
                Ok(count) => {
                    self.ended = count == 0;
                    self.end += count;
                    return Ok(());
                }
                Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(Error::io("read", &self.name, &cause)),
            }
        }
    }

    /// An error of the file, at a line.
    pub fn malformed(&self, line: u64, column: usize, message: impl Into<String>) -> Error {
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let place = Place { file: self.name.clone(), line, column, excerpt: String::new() };
        Error::new(Code::RowsMalformed, message).at(place)
    }
}
