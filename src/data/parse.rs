//! The language of `--where`: comparisons, joined by `and`, `or` and `not`, in parentheses.

use std::sync::Arc;

use super::expr::{Expr, Op, Operand, Origin, Test};
use crate::error::{Code, Error, Place, Result};

/// So deep may parentheses stand in one another.
const DEEPEST: usize = 64;
/// So many related tables may a path go through: each is a query within the one before.
pub const FARTHEST: usize = 16;

/// Reads a filter: `total_amount > 100 and (status = "paid" or user.role = "admin")`.
pub fn parse(text: &str) -> Result<Expr> {
    let tokens = tokens(text)?;
    let mut parser = Parser { text: text.into(), tokens, next: 0, depth: 0 };
    let expr = parser.any()?;
    match parser.peek() {
        Token::End => Ok(expr),
        Token::Close => Err(parser.wrong("a `)` too many")),
        _ => Err(parser.wrong("`and` or `or` is missing here")),
    }
}

/// An error at a place in the text of a filter.
pub fn error_at(text: &str, at: usize, message: impl Into<String>) -> Error {
    Error::new(Code::Filter, message).at(Place::of("--where", text, at))
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name, or a word of the language.
    Name(String),
    /// A name in quotes of its own, which is never a word of the language.
    Quoted(String),
    Text(String),
    Number(String),
    Sign(Op),
    Open,
    Close,
    Comma,
    Dot,
    End,
}

fn tokens(text: &str) -> Result<Vec<(Token, usize)>> {
    const SIGNS: &[(&str, Op)] = &[
        ("!=", Op::NotEqual),
        ("<>", Op::NotEqual),
        (">=", Op::GreaterOrEqual),
        ("<=", Op::LessOrEqual),
        ("!~", Op::NotContains),
        ("==", Op::Equal),
        ("=", Op::Equal),
        (">", Op::Greater),
        ("<", Op::Less),
        ("~", Op::Contains),
    ];
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let rest = &text[at..];
        let start = at;
        let token = match character {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '(' | ')' | ',' | '.' => {
                at += 1;
                match character {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    ',' => Token::Comma,
                    _ => Token::Dot,
                }
            }
            '"' | '\'' | '`' => {
                let (value, length) =
                    quoted(rest, character).ok_or_else(|| error_at(text, at, "a quote has no end"))?;
                at += length;
                if character == '`' { Token::Quoted(value) } else { Token::Text(value) }
            }
            c if c.is_ascii_digit()
                || (matches!(c, '-' | '+') && rest[1..].starts_with(|c: char| c.is_ascii_digit())) =>
            {
                let end =
                    rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '.').map_or(rest.len(), |end| end + 1);
                at += end;
                Token::Number(rest[..end].to_owned())
            }
            c if c.is_alphabetic() || c == '_' => {
                let end =
                    rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$' | '@')).unwrap_or(rest.len());
                at += end;
                Token::Name(rest[..end].to_owned())
            }
            _ => match SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
                Some((sign, op)) => {
                    at += sign.len();
                    Token::Sign(*op)
                }
                None => return Err(error_at(text, at, format!("`{}` has no meaning here", character.escape_debug()))),
            },
        };
        tokens.push((token, start));
    }
    tokens.push((Token::End, text.len()));
    Ok(tokens)
}

/// What stands in quotes, and how long it is with them. The quote itself is doubled, or stands behind a backslash.
fn quoted(rest: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.push(characters.next()?.1),
            c if c == quote => {
                if characters.next_if(|(_, next)| *next == quote).is_none() {
                    return Some((value, at + 1));
                }
                value.push(quote);
            }
            other => value.push(other),
        }
    }
    None
}

struct Parser {
    text: Arc<str>,
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].0
    }

    fn at(&self) -> usize {
        self.tokens[self.next].1
    }

    /// The next token. The end stays.
    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    /// Takes a word of the language, if it is the next.
    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(name) if name.eq_ignore_ascii_case(wanted));
        if found {
            self.take();
        }
        found
    }

    fn wrong(&self, message: impl Into<String>) -> Error {
        error_at(&self.text, self.at(), message)
    }

    fn any(&mut self) -> Result<Expr> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::Any(parts) })
    }

    fn all(&mut self) -> Result<Expr> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) })
    }

    fn one(&mut self) -> Result<Expr> {
        if self.depth >= DEEPEST {
            return Err(self.wrong(format!("more than {DEEPEST} parentheses stand in one another")));
        }
        self.depth += 1;
        let expr = if self.word("not") {
            self.one().map(|expr| Expr::Not(Box::new(expr)))
        } else if *self.peek() == Token::Open {
            self.take();
            let expr = self.any()?;
            if *self.peek() != Token::Close {
                return Err(self.wrong("a `)` is missing"));
            }
            self.take();
            Ok(expr)
        } else {
            self.test()
        };
        self.depth -= 1;
        expr
    }

    fn test(&mut self) -> Result<Expr> {
        let at = self.at();
        let origin = Origin { text: self.text.clone(), at, is_where: true };
        let path = self.path()?;
        let test = |op, operand| Ok(Expr::Test(Test { path, op, operand, origin }));
        if let Token::Sign(op) = *self.peek() {
            self.take();
            if matches!(self.peek(), Token::Name(name) if name.eq_ignore_ascii_case("null")) {
                let error = self.wrong("nothing is equal to NULL, or greater or less");
                return Err(error.hint("write `is null` or `is not null`"));
            }
            let value = self.value()?;
            return test(op, Operand::One(value));
        }
        if self.word("is") {
            let negated = self.word("not");
            if !self.word("null") {
                return Err(self.wrong("behind `is` stands `null` or `not null`"));
            }
            return test(if negated { Op::IsNotNull } else { Op::IsNull }, Operand::None);
        }
        let negated = self.word("not");
        let expr = if self.word("in") {
            let values = self.values()?;
            test(Op::In, Operand::Several(values))
        } else if self.word("like") {
            let value = self.value()?;
            test(Op::Like, Operand::One(value))
        } else {
            Err(self.wrong("an operator is missing here").hint(
                "operators are `=`, `!=`, `>`, `>=`, `<`, `<=`, `~` (contains), `!~`, `in (…)`, `like`, `is null`, `is not null`",
            ))
        };
        expr.map(|expr| if negated { Expr::Not(Box::new(expr)) } else { expr })
    }

    fn path(&mut self) -> Result<Vec<String>> {
        let mut path = Vec::new();
        loop {
            match self.peek() {
                Token::Name(name) | Token::Quoted(name) => path.push(name.clone()),
                Token::Text(_) | Token::Number(_) => {
                    return Err(self
                        .wrong("a value stands where a column is expected")
                        .hint("the column comes first: `status = \"paid\"`"));
                }
                _ => return Err(self.wrong("a column is expected here")),
            }
            self.take();
            if *self.peek() != Token::Dot {
                return Ok(path);
            }
            self.take();
        }
    }

    fn value(&mut self) -> Result<String> {
        match self.peek().clone() {
            Token::Text(text) | Token::Number(text) => {
                self.take();
                Ok(text)
            }
            Token::Name(name) if name.eq_ignore_ascii_case("true") || name.eq_ignore_ascii_case("false") => {
                self.take();
                Ok(name.to_ascii_lowercase())
            }
            Token::Name(name) => {
                let error = self.wrong(format!("`{name}` is no value"));
                Err(error.hint(format!("text stands in quotes: `\"{name}\"`")))
            }
            _ => Err(self.wrong("a value is expected here")),
        }
    }

    fn values(&mut self) -> Result<Vec<String>> {
        if *self.peek() != Token::Open {
            return Err(self.wrong("behind `in` stands a list: `in (\"a\", \"b\")`"));
        }
        self.take();
        let mut values = vec![self.value()?];
        loop {
            match self.peek() {
                Token::Comma => {
                    self.take();
                    values.push(self.value()?);
                }
                Token::Close => {
                    self.take();
                    return Ok(values);
                }
                _ => return Err(self.wrong("a `,` or `)` is missing")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(expr: &Expr) -> String {
        let joined = |parts: &[Expr], with: &str| parts.iter().map(shown).collect::<Vec<_>>().join(with);
        match expr {
            Expr::All(parts) => format!("({})", joined(parts, " & ")),
            Expr::Any(parts) => format!("({})", joined(parts, " | ")),
            Expr::Not(expr) => format!("!{}", shown(expr)),
            Expr::Test(test) => format!("{}:{:?}:{:?}", test.path.join("."), test.op, test.operand),
        }
    }

    #[test]
    fn and_binds_more_than_or() {
        let cases = [
            ("a = 1", "a:Equal:One(\"1\")"),
            ("a = 1 and b = 2 or c = 3", "((a:Equal:One(\"1\") & b:Equal:One(\"2\")) | c:Equal:One(\"3\"))"),
            ("a=1 AND (b='x''y' OR not c is NULL)", "(a:Equal:One(\"1\") & (b:Equal:One(\"x'y\") | !c:IsNull:None))"),
            ("user.role in (\"a\", 'b', 3)", "user.role:In:Several([\"a\", \"b\", \"3\"])"),
            ("a not in (1)", "!a:In:Several([\"1\"])"),
            ("a is not null", "a:IsNotNull:None"),
            ("`or` like \"a\\\"%\"", "or:Like:One(\"a\\\"%\")"),
            ("a > -1.5e3", "a:Greater:One(\"-1.5e3\")"),
            ("a !~ \"é\" and b = true", "(a:NotContains:One(\"é\") & b:Equal:One(\"true\"))"),
            ("orders@created_by.total <> 1", "orders@created_by.total:NotEqual:One(\"1\")"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(&parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn errors_have_a_place() {
        let cases = [
            ("", 1, "a column is expected here"),
            ("a", 2, "an operator is missing here"),
            ("a =", 4, "a value is expected here"),
            ("a = paid", 5, "`paid` is no value"),
            ("a = 'x", 5, "a quote has no end"),
            ("(a = 1", 7, "a `)` is missing"),
            ("(a = 1 b", 8, "a `)` is missing"),
            ("a = 1)", 6, "a `)` too many"),
            ("a = 1 b = 2", 7, "`and` or `or` is missing here"),
            ("a = null", 5, "nothing is equal to NULL, or greater or less"),
            ("a in 1", 6, "behind `in` stands a list: `in (\"a\", \"b\")`"),
            ("a in (1 2)", 9, "a `,` or `)` is missing"),
            ("a is 1", 6, "behind `is` stands `null` or `not null`"),
            ("1 = a", 1, "a value stands where a column is expected"),
            ("a = 1; drop table b", 6, "`;` has no meaning here"),
            ("é = 1 %", 7, "`%` has no meaning here"),
        ];
        for (text, column, message) in cases {
            let error = parse(text).unwrap_err();
            assert_eq!((error.place().unwrap().column, error.to_string().as_str()), (column, message), "{text}");
        }
        assert!(parse(&"(".repeat(10_000)).unwrap_err().to_string().contains("parentheses"));
        assert!(parse(&"not ".repeat(10_000)).is_err());
    }
}
