//! A text of the schema in pieces: the lexer's tokens, put together where several are one thing to SQLite.

use std::borrow::Cow;
use std::ops::Range;

use crate::sql::{self, Lexer, Rules, Token};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a bare name.
    Word,
    /// A name in quotes; `"…"` may be text all the same.
    Name,
    String,
    /// `1`, `.5`, `1e-3`
    Number,
    /// `x'00'`
    Blob,
    /// `(`, `,`, `||` …
    Sign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// A byte offset in the text.
    pub start: usize,
}

impl<'a> Piece<'a> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword or sign.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.text.eq_ignore_ascii_case(word)
    }

    /// What it means as a name: SQLite takes text for one, too.
    pub(super) fn name(&self) -> Option<Cow<'a, str>> {
        match self.kind {
            Kind::Word => Some(Cow::Borrowed(self.text)),
            Kind::Name | Kind::String => Some(unquoted(self.text)),
            Kind::Number | Kind::Blob | Kind::Sign => None,
        }
    }
}

/// What stands within quotes.
fn unquoted(text: &str) -> Cow<'_, str> {
    let mut inner = text.chars();
    let open = inner.next();
    let close = if open == Some('[') { Some(']') } else { open };
    if inner.clone().next_back() == close {
        inner.next_back();
    }
    match open {
        Some(quote) if quote != '[' && inner.as_str().contains(quote) => {
            Cow::Owned(inner.as_str().replace(&format!("{quote}{quote}"), &quote.to_string()))
        }
        _ => Cow::Borrowed(inner.as_str()),
    }
}

/// Signs of more than one character; the longest first.
const LONG_SIGNS: &[&str] = &["->>", "->", "||", "<=", "<>", "<<", ">=", ">>", "!=", "=="];

/// The pieces of a text, without white space and comments.
pub(super) fn pieces(source: &str) -> Vec<Piece<'_>> {
    // Of texts in a schema, a piece is seldom shorter.
    let mut pieces = Vec::with_capacity(source.len() / 5 + 1);
    let mut tokens = Lexer::new(source, &Rules::SQLITE).filter(Token::is_code);
    while let Some(first) = tokens.next() {
        let (kind, more) = piece(source, &first);
        let end = tokens.by_ref().take(more).last().map_or(first.end, |last| last.end);
        pieces.push(Piece { kind, text: &source[first.start..end], start: first.start });
    }
    pieces
}

/// What the next piece is, and how many tokens it has beside its first: those that have nothing between them.
fn piece(source: &str, first: &Token) -> (Kind, usize) {
    let text = first.text(source);
    let byte = |at: usize| source.as_bytes().get(at).copied().unwrap_or_default();
    let next = byte(first.end);
    match first.kind {
        sql::Kind::Word if next == b'\'' && text.eq_ignore_ascii_case("x") => (Kind::Blob, 1),
        sql::Kind::Word => (Kind::Word, 0),
        sql::Kind::QuotedName => (Kind::Name, 0),
        sql::Kind::String => (Kind::String, 0),
        sql::Kind::Number => (Kind::Number, exponent(source, first.start, first.end)),
        sql::Kind::Symbol if text == "." && next.is_ascii_digit() => {
            let digits = source.as_bytes()[first.end..].iter();
            let end = first.end + digits.take_while(|b| is_of_number(**b)).count();
            (Kind::Number, 1 + exponent(source, first.end, end))
        }
        sql::Kind::Symbol if next.is_ascii_punctuation() => {
            let long = LONG_SIGNS.iter().find(|sign| source[first.start..].starts_with(**sign));
            (Kind::Sign, long.map_or(0, |sign| sign.len() - 1))
        }
        _ => (Kind::Sign, 0),
    }
}

/// What the lexer takes for one number.
fn is_of_number(b: u8) -> bool {
    b == b'.' || b == b'_' || b.is_ascii_alphanumeric()
}

/// How many tokens the exponent of a number has: that of `1e-3` has two.
fn exponent(source: &str, start: usize, end: usize) -> usize {
    let text = &source[start..end];
    let open = text.ends_with(['e', 'E']) && !text.starts_with("0x") && !text.starts_with("0X");
    let signed = matches!(source.as_bytes()[end..], [b'+' | b'-', b'0'..=b'9', ..]);
    if open && signed { 2 } else { 0 }
}

/// Goes through the pieces of a statement. What is not as the grammar wants it gives `None`.
pub(super) struct Cursor<'a> {
    pub source: &'a str,
    pub pieces: Vec<Piece<'a>>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, pieces: pieces(source), at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<&Piece<'a>> {
        self.pieces.get(self.at)
    }

    pub(super) fn next(&mut self) -> Option<Piece<'a>> {
        let piece = self.pieces.get(self.at).copied()?;
        self.at += 1;
        Some(piece)
    }

    /// Whether these words and signs come next.
    pub(super) fn ahead(&self, words: &[&str]) -> bool {
        let mut next = self.pieces[self.at.min(self.pieces.len())..].iter();
        words.iter().all(|word| next.next().is_some_and(|piece| piece.is(word)))
    }

    /// Goes past these words and signs, if they come next.
    pub(super) fn take(&mut self, words: &[&str]) -> bool {
        let found = self.ahead(words);
        if found {
            self.at += words.len();
        }
        found
    }

    /// Goes past these words and signs.
    pub(super) fn expect(&mut self, words: &[&str]) -> Option<()> {
        self.take(words).then_some(())
    }

    pub(super) fn name(&mut self) -> Option<Cow<'a, str>> {
        self.next()?.name()
    }

    /// A name, perhaps with its database's before it.
    pub(super) fn qualified_name(&mut self) -> Option<Cow<'a, str>> {
        let name = self.name()?;
        if self.take(&["."]) { self.name() } else { Some(name) }
    }

    /// Goes past a pair of parentheses, and gives what stands within.
    pub(super) fn group(&mut self) -> Option<Range<usize>> {
        self.expect(&["("])?;
        let start = self.at;
        let mut depth = 1_usize;
        while let Some(piece) = self.next() {
            if piece.is("(") {
                depth += 1;
            } else if piece.is(")") {
                depth -= 1;
                if depth == 0 {
                    return Some(start..self.at - 1);
                }
            }
        }
        None
    }

    /// What stands between the commas of a list.
    pub(super) fn items(&self, list: Range<usize>) -> Vec<Range<usize>> {
        let mut items = Vec::new();
        let (mut start, mut depth) = (list.start, 0_usize);
        for (at, piece) in self.pieces.iter().enumerate().take(list.end).skip(list.start) {
            if piece.is("(") {
                depth += 1;
            } else if piece.is(")") {
                depth = depth.saturating_sub(1);
            } else if piece.is(",") && depth == 0 {
                items.push(start..at);
                start = at + 1;
            }
        }
        items.push(start..list.end);
        items
    }

    /// The text of some pieces, as it stands there.
    pub(super) fn text(&self, range: Range<usize>) -> &'a str {
        match self.pieces.get(range).unwrap_or_default() {
            [] => "",
            [only] => only.text,
            [first, .., last] => &self.source[first.start..last.end()],
        }
    }

    /// The text from here on.
    pub(super) fn rest(&self) -> &'a str {
        self.text(self.at..self.pieces.len())
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.pieces.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        pieces(source).iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn what_is_one_thing_is_one_piece() {
        assert_eq!(texts("a->>'b'||x'00'"), ["a", "->>", "'b'", "||", "x'00'"]);
        assert_eq!(texts("1e-3+.5E+2-0x1e-3"), ["1e-3", "+", ".5E+2", "-", "0x1e", "-", "3"]);
        assert_eq!(texts("t.a /* b */ <> \"c\" -- d"), ["t", ".", "a", "<>", "\"c\""]);
        assert_eq!(texts("x 'a' < = 1"), ["x", "'a'", "<", "=", "1"]);
    }

    #[test]
    fn names_lose_their_quotes() {
        let names: Vec<_> = pieces("a \"b\"\"c\" `d``e` [f g] 'h''i' [").iter().filter_map(Piece::name).collect();
        assert_eq!(names, ["a", "b\"c", "d`e", "f g", "h'i", ""]);
    }
}
