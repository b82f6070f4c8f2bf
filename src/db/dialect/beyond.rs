//! How a statement may reach beyond its database, and what both servers' dialects look for in the texts that it holds.

use crate::sql::{Kind, Lexer, Rules, Token};

/// Why a statement must not be tried out on the server of the real database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beyond {
    /// It changes this, which is no part of its database.
    Changes(String),
    /// It runs a text that comes from where nobody can look before.
    Unseen,
    /// It runs a text that stands elsewhere: in a variable, a table, another statement. All there is to be run on a scratch
    /// database comes from the migrations, so that this is harmless unless one of them `Holds` such a text.
    Runs,
    /// It holds a text that would change this, if something ran it.
    Holds(String),
}

/// The tokens of a text that mean something.
pub(super) fn code<'a>(text: &'a str, rules: &'a Rules) -> Vec<(Kind, &'a str)> {
    let lexer = Lexer::new(text, rules).filter(Token::is_code);
    lexer.map(|token| (token.kind, token.text(text))).collect()
}

/// What stands between the quotes of a constant; `None`: the token is none.
pub(super) fn constant((kind, text): (Kind, &str)) -> Option<String> {
    match kind {
        Kind::Dollar => {
            let tag = text[1..].find('$').map_or(0, |end| end + 2);
            text.get(tag..text.len().saturating_sub(tag)).map(str::to_owned)
        }
        // Between double quotes stands a text on MySQL; elsewhere a name, which no one runs.
        Kind::String | Kind::QuotedName if kind == Kind::String || text.starts_with('"') => {
            let from = text.find(['\'', '"'])?;
            let quote = &text[from..=from];
            let inner = text.get(from + 1..text.len().saturating_sub(1))?;
            Some(inner.replace(&quote.repeat(2), quote))
        }
        _ => None,
    }
}

/// Whether a token is one of these words.
pub(super) fn is_word(token: Option<&(Kind, &str)>, words: &[&str]) -> bool {
    token.is_some_and(|(kind, text)| *kind == Kind::Word && words.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

/// The names of the functions that are called.
pub(super) fn calls<'t>(tokens: &'t [(Kind, &'t str)]) -> impl Iterator<Item = &'t str> {
    let named = |pair: &&[(Kind, &str)]| matches!(pair[0].0, Kind::Word | Kind::QuotedName) && pair[1].1 == "(";
    tokens.windows(2).filter(named).map(|pair| pair[0].1)
}

/// Whether what is run begins with a constant that tells what it does: its first two words.
pub(super) fn begins_with_constant(expression: &[(Kind, &str)]) -> bool {
    let around = |token: &&(Kind, &str)| token.1 == "(" || is_word(Some(token), &["format", "concat", "trim"]);
    let first = expression.iter().find(|token| !around(token));
    first.copied().and_then(constant).is_some_and(|text| text.split_whitespace().count() > 1)
}
