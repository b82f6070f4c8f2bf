//! CSV (RFC 4180), with what its libraries do not tell apart: nothing between two commas is NULL, `""` is the empty text.

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use memchr::{memchr, memchr_iter, memchr2};

use super::window::Window;
use crate::error::{Error, Result};

const COMMA: u8 = b',';

/// Reads records one by one.
pub struct Csv<R> {
    window: Window<R>,
    /// How many bytes of the window the current record takes.
    used: usize,
    record: Record,
    /// The first line of the current record, and of the next.
    line: u64,
    next_line: u64,
    begun: bool,
    /// Whether a line without anything is a row: it is where rows have one field.
    blank_is_row: bool,
}

/// Where the fields of a record are.
#[derive(Default)]
struct Record {
    /// What had to be taken out of quotes stands here, the rest in the window.
    unquoted: Vec<u8>,
    is_unquoted: bool,
    /// `None`: NULL.
    fields: Vec<Option<Range<usize>>>,
}

/// What came of a look at the bytes that are there.
enum Found {
    /// A record of so many bytes with its line end.
    Record(usize),
    /// It goes on behind them.
    More,
    Wrong {
        /// Where, in bytes from the record's start.
        at: usize,
        message: &'static str,
    },
}

impl<R: Read> Csv<R> {
    /// `name` is the file's, for errors.
    pub fn new(input: R, name: &Path) -> Self {
        Self {
            window: Window::new(input, name),
            used: 0,
            record: Record::default(),
            line: 0,
            next_line: 1,
            begun: false,
            blank_is_row: false,
        }
    }

    /// From now on a line without anything is a row with one NULL.
    pub fn take_blank_lines(&mut self) {
        self.blank_is_row = true;
    }

    /// Moves to the next record. `false`: there is none. Its error names the place.
    pub fn advance(&mut self) -> Result<bool> {
        loop {
            self.window.advance(self.used);
            self.used = 0;
            if !self.read()? {
                return Ok(false);
            }
            if self.blank_is_row || self.record.fields != [None] {
                return Ok(true);
            }
        }
    }

    fn read(&mut self) -> Result<bool> {
        self.line = self.next_line;
        loop {
            if !self.begun && (self.window.rest().len() >= 3 || self.window.ended) {
                self.begun = true;
                let mark = usize::from(self.window.rest().starts_with(b"\xef\xbb\xbf")) * 3;
                self.window.advance(mark);
            }
            let rest = self.window.rest();
            if self.window.ended && rest.is_empty() {
                return Ok(false);
            }
            match if self.begun { self.record.take(rest, self.window.ended) } else { Found::More } {
                Found::Record(used) => {
                    let lines = if self.record.is_unquoted { memchr_iter(b'\n', &rest[..used]).count() } else { 1 };
                    self.next_line += lines as u64;
                    self.used = used;
                    return Ok(true);
                }
                Found::More => self.window.more()?,
                Found::Wrong { at, message } => {
                    let before = &rest[..at];
                    let line = self.line + memchr_iter(b'\n', before).count() as u64;
                    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
                    return Err(self.window.malformed(line, column, message));
                }
            }
        }
    }

    pub fn fields(&self) -> usize {
        self.record.fields.len()
    }

    /// A field of the current record; `None` is NULL.
    pub fn field(&self, at: usize) -> Option<&[u8]> {
        let range = self.record.fields.get(at)?.clone()?;
        Some(if self.record.is_unquoted { &self.record.unquoted[range] } else { &self.window.rest()[range] })
    }

    /// The line on which the current record begins.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// An error of the current record.
    pub fn malformed(&self, message: impl Into<String>) -> Error {
        self.window.malformed(self.line, 1, message)
    }
}

impl Record {
    /// Takes the record that the bytes begin with. Without quotes its fields stay where they are.
    fn take(&mut self, bytes: &[u8], ended: bool) -> Found {
        self.fields.clear();
        let newline = memchr(b'\n', bytes);
        if newline.is_none() && !ended {
            return Found::More;
        }
        let end = newline.unwrap_or(bytes.len());
        self.is_unquoted = memchr(b'"', &bytes[..end]).is_some();
        if self.is_unquoted {
            return self.take_quoted(bytes, ended);
        }
        let text = without_return(&bytes[..end]).len();
        let mut start = 0;
        for comma in memchr_iter(COMMA, &bytes[..text]) {
            self.fields.push((comma > start).then_some(start..comma));
            start = comma + 1;
        }
        self.fields.push((text > start).then_some(start..text));
        Found::Record((end + 1).min(bytes.len()))
    }

    fn take_quoted(&mut self, bytes: &[u8], ended: bool) -> Found {
        self.unquoted.clear();
        let mut at = 0;
        loop {
            let start = self.unquoted.len();
            let quoted = bytes.get(at) == Some(&b'"');
            if quoted {
                match self.unquote(bytes, at, ended) {
                    Ok(end) => at = end,
                    Err(found) => return found,
                }
            } else {
                let Some(length) = memchr2(COMMA, b'\n', &bytes[at..]).or(ended.then_some(bytes.len() - at)) else {
                    return Found::More;
                };
                let field = &bytes[at..at + length];
                let last = bytes.get(at + length) != Some(&COMMA);
                self.unquoted.extend_from_slice(if last { without_return(field) } else { field });
                at += length;
            }
            let range = start..self.unquoted.len();
            self.fields.push((quoted || !range.is_empty()).then_some(range));
            match bytes.get(at) {
                Some(&COMMA) => at += 1,
                Some(b'\n') => return Found::Record(at + 1),
                Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => return Found::Record(at + 2),
                Some(b'\r') if at + 1 == bytes.len() => return if ended { Found::Record(at + 1) } else { Found::More },
                None if ended => return Found::Record(at),
                None => return Found::More,
                Some(_) => return Found::Wrong { at, message: "text stands behind a closing quote" },
            }
        }
    }

    /// Takes a field out of its quotes, and gives where it ends.
    fn unquote(&mut self, bytes: &[u8], open: usize, ended: bool) -> Result<usize, Found> {
        let mut at = open + 1;
        loop {
            let Some(length) = memchr(b'"', &bytes[at..]) else {
                let unclosed = Found::Wrong { at: open, message: "a quote is opened and never closed" };
                return Err(if ended { unclosed } else { Found::More });
            };
            self.unquoted.extend_from_slice(&bytes[at..at + length]);
            at += length + 1;
            match bytes.get(at) {
                Some(b'"') => {
                    self.unquoted.push(b'"');
                    at += 1;
                }
                None if !ended => return Err(Found::More),
                _ => return Ok(at),
            }
        }
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Writes a field, quoted where it has to be.
pub fn write(out: &mut Vec<u8>, field: Option<&[u8]>) {
    let Some(field) = field else { return };
    let special = |byte: &u8| matches!(byte, b'"' | &COMMA | b'\n' | b'\r');
    // What psql takes for the end of the data is quoted, too.
    if !field.is_empty() && field != b"\\." && !field.iter().any(special) {
        out.extend_from_slice(field);
        return;
    }
    out.push(b'"');
    for part in field.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives a few bytes at a time, as a pipe may.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(self.0.len()).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    type Rows = Vec<Vec<Option<Vec<u8>>>>;

    fn read(text: &[u8], piece: usize, blank: bool) -> Result<Rows> {
        let mut csv = Csv::new(Slow(text, piece), Path::new("a.csv"));
        if blank {
            csv.take_blank_lines();
        }
        let mut rows = Vec::new();
        while csv.advance()? {
            rows.push((0..csv.fields()).map(|at| csv.field(at).map(<[u8]>::to_vec)).collect());
        }
        Ok(rows)
    }

    fn shown(text: &str) -> String {
        let rows = read(text.as_bytes(), usize::MAX, false).unwrap();
        let field = |field: &Option<Vec<u8>>| {
            field.as_ref().map_or("-".into(), |f| format!("[{}]", String::from_utf8_lossy(f)))
        };
        rows.iter().map(|row| row.iter().map(field).collect::<String>()).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn nothing_is_null_and_quotes_are_the_empty_text() {
        assert_eq!(shown("a,,\"\"\n,\n"), "[a]-[]/--");
        assert_eq!(shown("\u{feff}a,b\r\n\r\n\n1,\"x\"\"y\"\r\n"), "[a][b]/[1][x\"y]");
        assert_eq!(shown("\"a\nb\",c"), "[a\nb][c]");
        assert_eq!(shown("a\"b,c\"d\""), "[a\"b][c\"d\"]");
        assert_eq!(shown("\"a\",\r\n\"\",b\r"), "[a]-/[][b]");
    }

    #[test]
    fn an_error_names_its_place() {
        for (text, place, words) in
            [("a,b\n1,\"x\n\n", "a.csv:2:3", "never closed"), ("a\n\"x\ny\"z\n", "a.csv:3:3", "behind a closing quote")]
        {
            for piece in [1, 2, 1_000] {
                let error = read(text.as_bytes(), piece, false).unwrap_err();
                assert_eq!(error.place().unwrap().to_string(), place);
                assert!(error.to_string().contains(words), "{error}");
            }
        }
    }

    #[test]
    fn lines_are_those_that_records_begin_on() {
        let mut csv = Csv::new(&b"a\n\"1\n2\"\n\n3\n"[..], Path::new("a.csv"));
        let mut lines = Vec::new();
        while csv.advance().unwrap() {
            lines.push(csv.line());
        }
        assert_eq!(lines, [1, 2, 5]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            rows in prop::collection::vec(prop::collection::vec(prop::option::of("[ab,\"\n\r\\\\.é]{0,6}"), 2), 0..6),
            piece in 1..40_usize,
        ) {
            let rows: Rows = rows.into_iter().map(|row| row.into_iter().map(|field| field.map(String::into_bytes)).collect()).collect();
            let mut text = Vec::new();
            for row in &rows {
                for (at, field) in row.iter().enumerate() {
                    if at > 0 {
                        text.push(COMMA);
                    }
                    write(&mut text, field.as_deref());
                }
                text.push(b'\n');
            }
            prop_assert_eq!(read(&text, piece, true).unwrap(), rows);
        }
    }
}
