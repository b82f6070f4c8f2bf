//! A file of SQL: held in memory where it is short, and otherwise read in parts of whole statements, so that what it takes of
//! memory is bound by its longest statement.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Code, Error, Place, Result};
use crate::sql::{self, Checksum, Rules, Splitter, Statement};

/// Longer files are read in parts of about this length.
const PART: usize = 1 << 20;

/// A file of SQL, without a byte order mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlFile {
    pub path: PathBuf,
    text: Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Text {
    Held(Arc<str>),
    /// Its length in bytes.
    OnDisk(u64),
}

/// Whole statements of a file, one after the other.
#[derive(Debug)]
pub struct Part<'a> {
    pub source: &'a str,
    /// Where it begins in the file: a byte offset.
    pub at: usize,
    pub statements: Vec<Statement<'a>>,
    /// Nothing follows.
    pub last: bool,
}

impl SqlFile {
    /// Reads UTF-8 text, or says what else the file is. A long one is looked at when its parts are read.
    pub fn read(path: &Path) -> Result<Self> {
        Self::open(path).map_err(|cause| Error::io("read", path, &cause))?
    }

    /// The same, and leaves it to the caller what it means that there is none.
    pub fn open(path: &Path) -> std::io::Result<Result<Self>> {
        let mut file = File::open(path)?;
        let mut bytes = Vec::new();
        let path = path.to_owned();
        if read_start(&mut file, &mut bytes)? {
            let text = whole(&path, bytes).map(|text| Text::Held(text.into()));
            return Ok(text.map(|text| Self { path, text }));
        }
        Ok(Ok(Self { path, text: Text::OnDisk(file.metadata()?.len()) }))
    }

    /// The checksum of a file, read into a buffer that many files share. What the file cannot be is the inner error.
    pub fn checksum_of(path: &Path, rules: &Rules, buffer: &mut Vec<u8>) -> std::io::Result<Result<String>> {
        let mut file = File::open(path)?;
        if !read_start(&mut file, buffer)? {
            return Ok(Self { path: path.to_owned(), text: Text::OnDisk(file.metadata()?.len()) }.checksum(rules));
        }
        let text = without_mark(path, buffer).and_then(|()| valid(path, buffer, 0, true));
        Ok(text.map(|text| sql::checksum(text, rules)))
    }

    /// A text that stands in no file, or no longer.
    #[must_use]
    pub fn of(path: PathBuf, text: &str) -> Self {
        Self { path, text: Text::Held(text.into()) }
    }

    /// The text, if it is held in memory.
    #[must_use]
    pub fn held(&self) -> Option<&Arc<str>> {
        match &self.text {
            Text::Held(text) => Some(text),
            Text::OnDisk(_) => None,
        }
    }

    /// Nothing stands in it, not even a comment.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        self.held().is_some_and(|text| text.trim().is_empty())
    }

    /// The whole text, however long it is.
    pub fn whole(&self) -> Result<Arc<str>> {
        match &self.text {
            Text::Held(text) => Ok(Arc::clone(text)),
            Text::OnDisk(_) => {
                let bytes = std::fs::read(&self.path).map_err(|cause| Error::io("read", &self.path, &cause))?;
                whole(&self.path, bytes).map(Arc::from)
            }
        }
    }

    /// Goes through the file, part by part, and gives a hash of its bytes where it is not held in memory. A text that cannot be
    /// cut is an error with the place where it goes wrong.
    pub fn parts<E: From<Error>>(
        &self,
        rules: &Rules,
        mut take: impl FnMut(&Part<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<Option<blake3::Hash>, E> {
        let mut splitter = Splitter::new(rules);
        if let Text::Held(source) = &self.text {
            let (statements, _) = splitter.split(source, true).map_err(|wrong| self.unterminated(&wrong))?;
            take(&Part { source, at: 0, statements, last: true })?;
            return Ok(None);
        }
        let failed = |cause: std::io::Error| Error::io("read", &self.path, &cause);
        let mut file = File::open(&self.path).map_err(failed)?;
        let mut hasher = blake3::Hasher::new();
        let (mut bytes, mut at, mut wanted) = (Vec::new(), 0, PART);
        loop {
            let have = bytes.len();
            let read = file.by_ref().take((wanted - have) as u64).read_to_end(&mut bytes).map_err(failed)?;
            hasher.update(&bytes[have..]);
            let last = read < wanted - have;
            if at == 0 && have == 0 {
                without_mark(&self.path, &mut bytes)?;
            }
            let source = valid(&self.path, &bytes, at, last)?;
            let split = splitter.split(source, last).map_err(|wrong| self.unterminated(&wrong));
            let (statements, taken) = split?;
            if statements.is_empty() && !last {
                // One statement that is longer.
                wanted = bytes.len() * 2;
                continue;
            }
            take(&Part { source: &source[..taken], at, statements, last })?;
            if last {
                return Ok(Some(hasher.finalize()));
            }
            bytes.drain(..taken);
            at += taken;
            wanted = PART.max(bytes.len() * 2);
        }
    }

    /// The checksum of what it says.
    pub fn checksum(&self, rules: &Rules) -> Result<String> {
        let mut checksum = Checksum::default();
        match self.held() {
            Some(text) => checksum.update(text, rules),
            None => {
                self.parts(rules, |part| {
                    checksum.update(part.source, rules);
                    Ok::<(), Error>(())
                })?;
            }
        }
        Ok(checksum.finish())
    }

    /// The place of a byte offset.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        if let Text::Held(text) = &self.text {
            return Place::of(&self.path, text, offset.min(text.len()));
        }
        // Without the file there is no line to show.
        self.place_on_disk(offset).unwrap_or_else(|_| Place::of(&self.path, "", 0))
    }

    fn place_on_disk(&self, offset: usize) -> std::io::Result<Place> {
        const AROUND: u64 = 4 << 10;
        let mut file = File::open(&self.path)?;
        let mut mark = [0; MARK.len()];
        let offset =
            offset as u64 + if file.read(&mut mark)? == MARK.len() && mark == *MARK { MARK.len() as u64 } else { 0 };
        file.seek(SeekFrom::Start(0))?;
        let from = offset.saturating_sub(AROUND);
        let (mut lines, mut buffer, mut left) = (0, vec![0; 64 << 10], from);
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = file.read(&mut buffer[..most])?;
            if count == 0 {
                break;
            }
            lines += buffer[..count].split(|byte| *byte == b'\n').count() - 1;
            left -= count as u64;
        }
        let mut around = Vec::new();
        file.take(2 * AROUND).read_to_end(&mut around)?;
        // The window may begin within a character.
        let rest = around.iter().take_while(|byte| **byte & 0xc0 == 0x80).count();
        let within = usize::try_from(offset - from).unwrap_or(0).saturating_sub(rest);
        let place = Place::of(&self.path, &String::from_utf8_lossy(&around[rest..]), within);
        Ok(Place { line: place.line + lines, ..place })
    }

    fn unterminated(&self, wrong: &crate::sql::Unterminated) -> Error {
        Error::new(Code::SqlUnterminated, format!("a {} begins here, and never ends", wrong.what))
            .at(self.place(wrong.start))
            .hint(format!("close the {}: it takes in all that follows", wrong.what))
    }
}

/// Most files are shorter: a read that does not fill so much was the last.
const SHORT: usize = 4 << 10;

/// Reads a file if it is not long. `false`: it is.
fn read_start(file: &mut File, bytes: &mut Vec<u8>) -> std::io::Result<bool> {
    let mut start = [0; SHORT];
    let count = file.read(&mut start)?;
    bytes.clear();
    bytes.extend_from_slice(&start[..count]);
    if count == SHORT {
        file.by_ref().take((PART - SHORT + 1) as u64).read_to_end(bytes)?;
    }
    Ok(bytes.len() <= PART)
}

/// The mark that some editors put before UTF-8.
const MARK: &[u8; 3] = b"\xef\xbb\xbf";

fn without_mark(path: &Path, bytes: &mut Vec<u8>) -> Result<()> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Error::new(Code::SourceEncoding, format!("`{}` is UTF-16, not UTF-8", path.display()))
            .hint("save it as UTF-8: `iconv -f UTF-16 -t UTF-8 up.sql`"));
    }
    if bytes.starts_with(MARK) {
        bytes.drain(..MARK.len());
    }
    Ok(())
}

/// A whole text.
fn whole(path: &Path, mut bytes: Vec<u8>) -> Result<String> {
    without_mark(path, &mut bytes)?;
    valid(path, &bytes, 0, true)?;
    // It was looked at just now.
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// The text of a part that begins `at` a byte offset. Unless it is the `last`, a character at its end may be cut.
fn valid<'b>(path: &Path, bytes: &'b [u8], at: usize, last: bool) -> Result<&'b str> {
    let file = || SqlFile { path: path.to_owned(), text: Text::OnDisk(0) };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if !last && error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(error) => {
            let wrong = error.valid_up_to();
            let byte = bytes.get(wrong).copied().unwrap_or_default();
            return Err(Error::new(Code::SourceEncoding, format!("the file is not UTF-8: it has a byte 0x{byte:02X}"))
                .at(file().place(at + wrong))
                .hint("save it as UTF-8: `iconv -f LATIN1 -t UTF-8 up.sql`"));
        }
    };
    match text.find('\0') {
        None => Ok(text),
        Some(nul) => Err(Error::new(Code::SourceEncoding, "the file holds a NUL byte, which no SQL text can")
            .at(file().place(at + nul))
            .hint("take it out; if the file is full of them, it is UTF-16: save it as UTF-8")),
    }
}
