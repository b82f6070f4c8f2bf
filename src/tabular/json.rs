//! JSON: an array of objects, or one object after the other. Each object is parsed by itself, and its values keep their text: a
//! number comes with all its digits.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io::Read;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::window::Window;
use crate::error::{Code, Error, Result};

/// Reads objects one by one.
pub struct Json<R> {
    window: Window<R>,
    /// Bytes of the window that the current object takes.
    used: usize,
    line: u64,
    next_line: u64,
    /// How many objects an array had so far, the current one too.
    row: u64,
    place: At,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    /// In an array, before its first object.
    First,
    /// In an array, after an object.
    Next,
    /// In an array, after a comma.
    Comma,
    /// Between objects that no array holds.
    Line,
    End,
}

impl<R: Read> Json<R> {
    /// `name` is the file's, for errors.
    pub fn new(input: R, name: &Path) -> Self {
        Self { window: Window::new(input, name), used: 0, line: 1, next_line: 1, row: 0, place: At::Start }
    }

    /// Moves to the next object. `false`: there is none.
    pub fn advance(&mut self) -> Result<bool> {
        self.skip(self.used);
        self.used = 0;
        loop {
            let rest = self.window.rest();
            let Some(blank) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) else {
                self.skip(rest.len());
                if !self.window.ended {
                    self.window.more()?;
                    continue;
                }
                return match self.place {
                    At::Start | At::Line | At::End => Ok(false),
                    _ => Err(self.wrong("the array has no end")),
                };
            };
            self.skip(blank);
            let byte = self.window.rest()[0];
            self.place = match (byte, self.place) {
                (0xef, At::Start) => {
                    self.skip(3);
                    continue;
                }
                (b'[', At::Start) => At::First,
                (b']', At::First | At::Next) => At::End,
                (b',', At::Next) => At::Comma,
                (b'{', At::Start | At::Line) => return self.object(At::Line),
                (b'{', At::First | At::Comma) => {
                    self.row += 1;
                    return self.object(At::Next);
                }
                (_, At::End) => return Err(self.wrong("something stands behind the array")),
                (_, At::Next) => return Err(self.wrong("a comma is missing between two objects")),
                _ => return Err(self.wrong("a row must be an object: `{\"column\": value}`")),
            };
            self.skip(1);
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.next_line += memchr::memchr_iter(b'\n', &self.window.rest()[..bytes]).count() as u64;
        self.window.advance(bytes);
    }

    /// Finds the end of the object that begins here.
    fn object(&mut self, then: At) -> Result<bool> {
        self.line = self.next_line;
        let (mut at, mut depth, mut quoted) = (0, 0_usize, false);
        loop {
            let rest = self.window.rest();
            while let Some(byte) = rest.get(at) {
                at += 1;
                match byte {
                    b'\\' if quoted => at += 1,
                    b'"' => quoted = !quoted,
                    b'{' | b'[' if !quoted => depth += 1,
                    b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
                    _ => continue,
                }
                if depth == 0 && !quoted {
                    self.used = at;
                    self.place = then;
                    return Ok(true);
                }
            }
            if self.window.ended {
                return Err(self.wrong("an object has no end"));
            }
            self.window.more()?;
        }
    }

    /// The current object: its values as they stand there.
    pub fn object_now(&self) -> Result<BTreeMap<Cow<'_, str>, &RawValue>> {
        let bytes = &self.window.rest()[..self.used];
        let object: Object<'_> = serde_json::from_slice(bytes).map_err(|cause| {
            let line = self.line + (cause.line() as u64).saturating_sub(1);
            let message = if cause.is_data() { "the object is no row" } else { "the object is no JSON" };
            self.window.malformed(line, cause.column().max(1), message).because(without_place(&cause))
        })?;
        Ok(object.0)
    }

    /// Whether the input has nothing at all, once that was looked for.
    pub fn is_blank(&self) -> bool {
        self.place == At::Start
    }

    /// The line on which the current object begins.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The number of the current object in its array, where it stands in one.
    pub fn row(&self) -> Option<u64> {
        Some(self.row).filter(|row| *row > 0)
    }

    /// An error of the current object.
    pub fn malformed(&self, message: impl Into<String>) -> Error {
        self.window.malformed(self.line, 1, message)
    }

    fn wrong(&self, message: &str) -> Error {
        self.window.malformed(self.next_line, 1, message)
    }
}

/// An object, whose values keep their text. A key that stands twice is an error, for one of its values would be lost.
pub struct Object<'a>(pub BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> std::result::Result<Self::Value, A::Error> {
                let mut object = BTreeMap::new();
                while let Some(key) = pairs.next_key::<Cow<'de, str>>()? {
                    match object.entry(key) {
                        Entry::Vacant(place) => place.insert(pairs.next_value()?),
                        Entry::Occupied(place) => {
                            return Err(A::Error::custom(format!("the key `{}` stands twice", place.key())));
                        }
                    };
                }
                Ok(Object(object))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// Its words without the line, which is one of the object.
#[must_use]
pub fn without_place(cause: &serde_json::Error) -> String {
    let words = cause.to_string();
    words.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Says of an error that a text has half of a surrogate pair, as a program writes that cuts texts: no database could store it.
#[must_use]
pub fn not_unicode(error: Error, column: &str, cause: &serde_json::Error) -> Error {
    error
        .with_code(Code::RowsMalformed)
        .saying(format!("`{column}`: the value is not text in Unicode"))
        .because(without_place(cause))
        .hint("write both halves of the character, as in `\\ud83d\\ude00`, or leave out the one")
}

/// Writes a text as a JSON string.
pub fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let text = String::from_utf8_lossy(text);
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 => b"",
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[from..at]);
        if escaped.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(escaped);
        }
        from = at + 1;
    }
    out.extend_from_slice(&text.as_bytes()[from..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>> {
        let mut json = Json::new(text.as_bytes(), Path::new("a.json"));
        let mut rows = Vec::new();
        while json.advance()? {
            let object = json.object_now()?;
            let row: Vec<_> = object.iter().map(|(key, value)| format!("{key}={}", value.get())).collect();
            rows.push(format!("{}:{}", json.line(), row.join(" ")));
        }
        Ok(rows)
    }

    #[test]
    fn objects_come_one_by_one_with_their_digits() {
        let array = "\n[ {\"a\": 1.10, \"b\": \"}\\\"{\"},\n\n {\"a\": {\"c\": [1]}} ]\n";
        assert_eq!(read(array).unwrap(), ["2:a=1.10 b=\"}\\\"{\"", "4:a={\"c\": [1]}"]);
        assert_eq!(
            read("{\"a\":1}\n{\"a\":12345678901234567890.5}\n").unwrap(),
            ["1:a=1", "2:a=12345678901234567890.5"]
        );
        assert!(read("[]").unwrap().is_empty());
        assert!(read(" \n").unwrap().is_empty());
    }

    #[test]
    fn an_error_names_its_line() {
        for (text, line, words) in [
            ("[{\"a\": 1}\n{\"a\": 2}]", 2, "a comma is missing"),
            ("[{\"a\": 1}", 1, "no end"),
            ("{\"a\": 1}\n{\"a\": ", 2, "no end"),
            ("[1]", 1, "must be an object"),
            ("[{\"a\": 1}]\n x", 2, "behind the array"),
            ("[\n{\"a\":\nnope}]", 3, "no JSON"),
            ("{\"a\": 1}\n{\"a\": 2,\n\"a\": 3}", 3, "no row"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.to_string().contains(words), "{text}: {error}");
            assert_eq!(error.place().unwrap().line, line, "{text}");
        }
    }

    #[test]
    fn text_is_written_as_json_reads_it() {
        let text = "a\"b\\c\n\r\t\u{1}é🦀";
        let mut out = Vec::new();
        write_text(&mut out, text.as_bytes());
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }
}
