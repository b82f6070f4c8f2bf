//! Stdin, which can be read but once, read again as far as it was kept.

use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Code, Error, Result};

/// So much of it is kept, and no more: an import takes the same memory however long its file is.
const MOST: usize = 8 << 20;

/// What was read so far; `None`: it was too much to keep.
#[derive(Debug, Clone)]
pub struct Spool(Arc<Mutex<Option<Vec<u8>>>>);

impl Default for Spool {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }
}

impl Spool {
    /// Stdin from its beginning.
    pub fn open(&self, name: &Path) -> Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.over(io::stdin(), name)?))
    }

    fn over<R: Read>(&self, source: R, name: &Path) -> Result<Spooled<R>> {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Ok(Spooled { kept: self.clone(), at: 0, source });
        }
        let message =
            format!("other transactions were at the same rows, and `{}` is too long to be kept", name.display());
        let error = Error::new(Code::Conflict, message);
        Err(error.hint("run it again; an import from a file is tried again by itself"))
    }
}

/// What was kept, and then what follows.
struct Spooled<R> {
    kept: Spool,
    at: usize,
    source: R,
}

impl<R: Read> Read for Spooled<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rest) = kept.as_ref().and_then(|kept| kept.get(self.at..)).filter(|rest| !rest.is_empty()) {
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            self.at += count;
            return Ok(count);
        }
        let count = self.source.read(buffer)?;
        self.at += count;
        if let Some(all) = kept.as_mut() {
            if all.len() + count > MOST {
                *kept = None;
            } else {
                all.extend_from_slice(&buffer[..count]);
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_read_again() {
        let spool = Spool::default();
        let mut source: &[u8] = b"one two three";
        let mut first = [0; 5];
        spool.over(&mut source, Path::new("stdin")).unwrap().read_exact(&mut first).unwrap();
        assert_eq!(&first, b"one t");
        for _ in 0..2 {
            let mut again = String::new();
            spool.over(&mut source, Path::new("stdin")).unwrap().read_to_string(&mut again).unwrap();
            assert_eq!(again, "one two three");
        }
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let spool = Spool::default();
        let length = MOST as u64 + 1;
        let read =
            io::copy(&mut spool.over(io::repeat(b'x').take(length), Path::new("stdin")).unwrap(), &mut io::sink());
        assert_eq!(read.unwrap(), length);
        let error = spool.over(io::empty(), Path::new("stdin")).err().unwrap();
        assert_eq!((error.code(), error.exit_code().number()), (Code::Conflict, 7));
    }
}
