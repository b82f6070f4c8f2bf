//! Cuts SQL text into tokens. Every byte belongs to exactly one token, so the tokens put together are the text.

use std::borrow::Cow;

use super::Rules;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Space,
    Comment,
    /// A keyword or a bare name.
    Word,
    Number,
    /// `'…'`, `E'…'`, and `"…"` where that is text is not told apart from a name.
    String,
    /// `"…"`, `` `…` ``, `[…]`
    QuotedName,
    /// `$tag$ … $tag$`
    Dollar,
    /// The opening or the end of an executable comment.
    Executable,
    /// What ends a statement: `;`, or what `DELIMITER` said.
    Delimiter,
    /// Any other character.
    Symbol,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    /// Byte offsets in the text.
    pub start: usize,
    pub end: usize,
    /// False for a quote or comment that the text ends within.
    pub closed: bool,
}

impl Token {
    #[must_use]
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        &source[self.start..self.end]
    }

    /// Whether it means something: neither white space nor a comment.
    #[must_use]
    pub fn is_code(&self) -> bool {
        !matches!(self.kind, Kind::Space | Kind::Comment)
    }
}

/// The tokens of a text, one after the other.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    source: &'a str,
    rules: &'a Rules,
    at: usize,
    delimiter: Cow<'a, str>,
    executable: bool,
}

impl<'a> Lexer<'a> {
    #[must_use]
    pub fn new(source: &'a str, rules: &'a Rules) -> Self {
        Self::resume(source, rules, ";".into(), false)
    }

    /// The tokens of a later part of a text: with the delimiter of its beginning, and perhaps within an executable comment.
    #[must_use]
    pub fn resume(source: &'a str, rules: &'a Rules, delimiter: Cow<'a, str>, executable: bool) -> Self {
        Self { source, rules, at: 0, delimiter, executable }
    }

    #[must_use]
    pub fn delimiter(&self) -> &str {
        &self.delimiter
    }

    /// Whether an executable comment is open.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        self.executable
    }

    /// Where the next token begins: a byte offset.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Reads the rest of the line as the new delimiter, as after `DELIMITER`.
    pub fn read_delimiter(&mut self) {
        let rest = &self.source[self.at..];
        let line = rest.split(['\n', '\r']).next().unwrap_or("");
        if let Some(word) = line.split_whitespace().next() {
            let quote = |c| matches!(c, '\'' | '"' | '`');
            let bare = word.strip_prefix(quote).and_then(|word| word.strip_suffix(quote));
            self.delimiter = bare.filter(|word| !word.is_empty()).unwrap_or(word).into();
        }
        self.at += line.len();
    }

    fn bytes(&self) -> &'a [u8] {
        self.source.as_bytes()
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The end of a run of bytes from `from`.
    fn run(&self, from: usize, of: impl Fn(u8) -> bool) -> usize {
        self.bytes()[from..].iter().position(|b| !of(*b)).map_or(self.source.len(), |n| from + n)
    }

    /// The end of a quote that opens at `from`, and whether it is closed. A doubled quote stands for itself.
    fn quoted(&self, from: usize, close: u8, backslash: bool) -> (usize, bool) {
        let bytes = self.bytes();
        let mut at = from + 1;
        while at < bytes.len() {
            if backslash && bytes[at] == b'\\' {
                at += 2;
            } else if bytes[at] == close {
                if close != b']' && bytes.get(at + 1) == Some(&close) {
                    at += 2;
                } else {
                    return (at + 1, true);
                }
            } else {
                at += 1;
            }
        }
        (bytes.len(), false)
    }

    fn block_comment(&self) -> (usize, bool) {
        let bytes = self.bytes();
        let (mut at, mut depth) = (self.at + 2, 1);
        while at + 1 < bytes.len() {
            match (bytes[at], bytes[at + 1]) {
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return (at, true);
                    }
                }
                (b'/', b'*') if self.rules.nested_comments => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        (bytes.len(), false)
    }

    /// The end of the opening `$tag$` at the current place, if there is one.
    fn dollar_tag(&self) -> Option<usize> {
        let end = self.run(self.at + 1, |b| b == b'_' || b.is_ascii_alphanumeric() || b >= 0x80);
        let first = self.peek(1);
        (!first.is_ascii_digit() && self.bytes().get(end) == Some(&b'$')).then_some(end + 1)
    }

    fn word_or_string(&self) -> (Kind, usize, bool) {
        let end = self.run(self.at, |b| b == b'_' || b == b'$' || b.is_ascii_alphanumeric() || b >= 0x80);
        // `END$$` is two things where `$$` ends statements.
        let end = match &*self.delimiter {
            ";" => end,
            other => self.source[self.at..end].find(other).map_or(end, |before| self.at + before),
        };
        let escape = self.rules.escape_strings
            && end == self.at + 1
            && matches!(self.peek(0), b'e' | b'E')
            && self.bytes().get(end) == Some(&b'\'');
        if escape {
            let (mut end, mut closed) = self.quoted(end, b'\'', true);
            // A literal goes on behind a line end, and its backslashes with it.
            while let Some(next) = closed.then(|| self.continuation(end)).flatten() {
                (end, closed) = self.quoted(next, b'\'', true);
            }
            return (Kind::String, end, closed);
        }
        (Kind::Word, end, true)
    }

    /// Where the quote stands that continues a literal which ends at `end`: behind white space with a line end in it.
    fn continuation(&self, end: usize) -> Option<usize> {
        let next = self.run(end, |b| b.is_ascii_whitespace());
        let broken = self.bytes()[end..next].iter().any(|b| matches!(b, b'\n' | b'\r'));
        (broken && self.bytes().get(next) == Some(&b'\'')).then_some(next)
    }

    fn comment(&self) -> Option<(Kind, usize, bool)> {
        let dashes = self.peek(0) == b'-'
            && self.peek(1) == b'-'
            && (!self.rules.dashes_need_space || self.at + 2 >= self.source.len() || self.peek(2) <= b' ');
        if dashes || (self.rules.hash_comments && self.peek(0) == b'#') {
            return Some((
                Kind::Comment,
                self.run(self.at, |b| b != b'\n' && !(self.rules.returns_end_comments && b == b'\r')),
                true,
            ));
        }
        if self.peek(0) != b'/' || self.peek(1) != b'*' {
            return None;
        }
        if self.rules.executable_comments {
            let bang = if self.peek(2) == b'M' { 3 } else { 2 };
            if self.peek(bang) == b'!' {
                let end = self.run(self.at + bang + 1, |b| b.is_ascii_digit());
                return Some((Kind::Executable, end, true));
            }
        }
        let (end, closed) = self.block_comment();
        Some((Kind::Comment, end, closed))
    }

    fn read(&self) -> (Kind, usize, bool) {
        let at = self.at;
        if self.source[at..].starts_with(&*self.delimiter) {
            return (Kind::Delimiter, at + self.delimiter.len(), true);
        }
        if let Some(comment) = self.comment() {
            return comment;
        }
        let quote = |kind, close, backslash| {
            let (end, closed) = self.quoted(at, close, backslash);
            (kind, end, closed)
        };
        match self.peek(0) {
            b if b.is_ascii_whitespace() || b == 0x0b => {
                (Kind::Space, self.run(at, |b| b.is_ascii_whitespace() || b == 0x0b), true)
            }
            b'\'' => quote(Kind::String, b'\'', self.rules.backslash_escapes),
            b'"' => quote(Kind::QuotedName, b'"', self.rules.double_quote_escapes),
            b'`' if self.rules.backticks => quote(Kind::QuotedName, b'`', false),
            b'[' if self.rules.brackets => quote(Kind::QuotedName, b']', false),
            b'$' if self.rules.dollar_quotes => match self.dollar_tag() {
                Some(open) => {
                    let tag = &self.source[at..open];
                    match self.source[open..].find(tag) {
                        Some(length) => (Kind::Dollar, open + length + tag.len(), true),
                        None => (Kind::Dollar, self.source.len(), false),
                    }
                }
                None => (Kind::Symbol, at + 1, true),
            },
            b'*' if self.executable && self.peek(1) == b'/' => (Kind::Executable, at + 2, true),
            b if b.is_ascii_digit() => {
                (Kind::Number, self.run(at, |b| b == b'.' || b == b'_' || b.is_ascii_alphanumeric()), true)
            }
            b if b == b'_' || b.is_ascii_alphabetic() || b >= 0x80 => self.word_or_string(),
            _ => (Kind::Symbol, at + 1, true),
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if self.at >= self.source.len() {
            return None;
        }
        let (kind, end, closed) = self.read();
        // A backslash before the last character may point behind the end.
        let end = end.min(self.source.len());
        if kind == Kind::Executable {
            self.executable = self.peek(0) == b'/';
        }
        let token = Token { kind, start: self.at, end, closed };
        self.at = end;
        Some(token)
    }
}
