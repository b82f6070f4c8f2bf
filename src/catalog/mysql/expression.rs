//! The texts of MySQL and MariaDB: literals, expressions as `information_schema` gives them, and names of the own database.

use super::Server;
use crate::sql::{Kind, Lexer, Rules, Token};
use crate::text::hex;

/// What stands behind a backslash.
pub(super) fn escaped(character: char) -> char {
    match character {
        '0' => '\0',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'Z' => '\x1a',
        other => other,
    }
}

/// Text as a literal, as the servers themselves write it.
pub(super) fn literal(text: &str, rules: &Rules) -> String {
    let mut out = String::from("'");
    for character in text.chars() {
        match character {
            '\'' => out.push_str("''"),
            '\\' if rules.backslash_escapes => out.push_str("\\\\"),
            '\n' if rules.backslash_escapes => out.push_str("\\n"),
            '\r' if rules.backslash_escapes => out.push_str("\\r"),
            '\0' if rules.backslash_escapes => out.push_str("\\0"),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

/// An expression, as the server would take it in parentheses. MySQL hands them out in some of its own, with their quotes and
/// backslashes escaped, each byte as a character, and the character set of each text before it.
pub(super) fn plain(text: &str, server: &Server<'_>) -> String {
    if server.maria {
        return text.to_owned();
    }
    let text = match text.find('\'') {
        Some(quote) if !text[..quote].ends_with('\\') => text.to_owned(),
        _ => unescape(text),
    };
    let text = with_characters(&text, server.rules);
    let text = with_numbers(&text, server.rules);
    match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        Some(bare) if is_enclosed(&text, server.rules) => bare.to_owned(),
        _ => text,
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next().map(escaped)),
            other => out.push(other),
        }
    }
    out
}

/// The bytes that a text's characters stand for, where each of them stands for one.
fn bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

/// With characters for bytes, and without the character sets that our own connections have anyway. Texts of others are
/// written as bytes, for on such a connection they would be other ones.
fn with_characters(text: &str, rules: &'static Rules) -> String {
    let tokens: Vec<Token> = Lexer::new(text, rules).collect();
    let mut out = String::with_capacity(text.len());
    let mut introducer = None;
    for (at, token) in tokens.iter().enumerate() {
        let word = token.text(text);
        let before_text = tokens.get(at + 1).is_some_and(|next| next.kind == Kind::String);
        if before_text && token.kind == Kind::Word && word.starts_with('_') {
            introducer = Some(word);
            continue;
        }
        let content = word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).unwrap_or(word);
        match (introducer.take(), bytes(word)) {
            (Some(other), Some(_)) if !(is_ours(other) || word.is_ascii()) => {
                let bytes = bytes(&unescape(&content.replace("''", "'"))).unwrap_or_default();
                out = format!("{out}{other} 0x{}", hex(&bytes));
                continue;
            }
            (Some("_utf8mb4" | "_ascii") | None, _) => {}
            (Some(other), _) => out.push_str(other),
        }
        out.push_str(&bytes(word).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| word.to_owned()));
    }
    out
}

/// With `-5` for `-(5)`: MySQL writes the one when a table is made, and the other after its next ALTER.
fn with_numbers(text: &str, rules: &'static Rules) -> String {
    let tokens: Vec<Token> = Lexer::new(text, rules).collect();
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < tokens.len() {
        let is_number = tokens.get(at + 2).is_some_and(|token| token.kind == Kind::Number);
        if is_number && [word(at), word(at + 1), word(at + 3)] == ["-", "(", ")"] {
            out.extend(["-", word(at + 2)]);
            at += 4;
        } else {
            out.push_str(word(at));
            at += 1;
        }
    }
    out
}

fn is_ours(introducer: &str) -> bool {
    matches!(introducer, "_utf8mb4" | "_utf8mb3" | "_utf8")
}

/// Whether a text stands in parentheses as a whole.
fn is_enclosed(text: &str, rules: &'static Rules) -> bool {
    let mut depth = 0;
    let mut tokens = Lexer::new(text, rules).filter(Token::is_code).peekable();
    if tokens.peek().is_none_or(|first| first.text(text) != "(") {
        return false;
    }
    while let Some(token) = tokens.next() {
        match (token.kind, token.text(text)) {
            (Kind::Symbol, "(") => depth += 1,
            (Kind::Symbol, ")") => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return tokens.peek().is_none();
        }
    }
    false
}

/// A text of the server without the name of the own database, which it writes before every name: two databases are the
/// same whatever they are called.
pub(super) fn without_database(text: &str, server: &Server<'_>) -> String {
    let quoted = format!("`{}`", server.database.replace('`', "``"));
    if !text.contains(&quoted) {
        return text.to_owned();
    }
    let tokens: Vec<Token> = Lexer::new(text, &Rules::MYSQL).collect();
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
    let is_name = |at: usize| tokens.get(at).is_some_and(|token| token.kind == Kind::QuotedName);
    let begins = |at: usize| word(at) == quoted && (at == 0 || word(at - 1) != ".");
    // Something in the query may be called as the database is, such as `from items orders`.
    let is_alias = (0..tokens.len()).any(|at| begins(at) && word(at + 1) != ".");
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < tokens.len() {
        let qualifies = begins(at) && word(at + 1) == "." && is_name(at + 2);
        let three = word(at + 3) == "." && (is_name(at + 4) || word(at + 4) == "*");
        if qualifies && (three || !is_alias || word(at + 3) == "(" || is_table(text, &tokens[..at])) {
            at += 2;
        }
        out.push_str(word(at));
        at += 1;
    }
    out
}

/// Whether what follows is a table that is looked at, by what stands before it: `from ((`.
fn is_table(text: &str, before: &[Token]) -> bool {
    let mut before = before.iter().rev().filter(|token| token.is_code()).map(|token| token.text(text));
    let word = before.find(|word| *word != "(").unwrap_or_default();
    ["from", "join", "straight_join"].iter().any(|one| word.eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Server<'static> =
        Server { maria: false, sql_mode: String::new(), collation: String::new(), database: "d", rules: &Rules::MYSQL };

    #[test]
    fn expressions_are_as_the_server_takes_them() {
        let given = r"((`a` <> _utf8mb4\'it\\\'s\') and (`b` like _utf8mb4\'a\\\\%\') and (`c` = _latin1\'x\'))";
        assert_eq!(plain(given, &SERVER), r"(`a` <> 'it\'s') and (`b` like 'a\\%') and (`c` = _latin1'x')");
        assert_eq!(plain("(`_utf8mb4` + 1)", &SERVER), "`_utf8mb4` + 1");
        assert_eq!(plain("(`a`) + (`b`)", &SERVER), "(`a`) + (`b`)");
        assert_eq!(plain("(-(-(5)) < (`a` - -(0.5)))", &SERVER), "-(-5) < (`a` - -0.5)");
        assert_eq!(plain("(f(5) < -(`a`))", &SERVER), "f(5) < -(`a`)");
    }

    #[test]
    fn characters_are_those_that_were_written() {
        for (given, expected) in [
            (r"concat(`\u{c3}\u{bc}`,_utf8mb4\'\u{c3}\u{a9}\u{f0}\u{9f}\u{98}\u{80}\')", "concat(`ü`,'é😀')"),
            // One byte of another character set, next to two of ours.
            (
                r"f(_latin1\'\u{e9}\',_utf8mb3\'\u{c3}\u{a9}\',_binary\'a\',_ascii\'b\')",
                "f(_latin1 0xe9,_utf8mb3'é',_binary'a','b')",
            ),
            // A server that gives them as they are.
            ("f('é','€')", "f('é','€')"),
        ] {
            let mut text = given.to_owned();
            for byte in 0x80..=0xff_u8 {
                text = text.replace(&format!(r"\u{{{byte:x}}}"), &char::from(byte).to_string());
            }
            assert_eq!(plain(&text, &SERVER), expected);
        }
    }

    #[test]
    fn parentheses_are_told_apart() {
        for (text, expected) in [("(a + 1)", true), ("(a) + (b)", false), ("f(a)", false), ("(')')", true), ("", false)]
        {
            assert_eq!(is_enclosed(text, &Rules::MYSQL), expected, "{text}");
        }
    }

    #[test]
    fn the_databases_own_name_goes_and_nothing_else() {
        for (text, expected) in [
            ("select `d`.`t`.`a` AS `d` from `d`.`t`", "select `t`.`a` AS `d` from `t`"),
            ("select `d`.`d`.`a` AS `a` from `d`.`d`", "select `d`.`a` AS `a` from `d`"),
            ("select `d`.`a` AS `a` from `d`.`t` `d`", "select `d`.`a` AS `a` from `t` `d`"),
            ("select f(`d`.`t`) from ((`d`.`t` join `d`.`u`) `d`)", "select f(`d`.`t`) from ((`t` join `u`) `d`)"),
            ("select `d`.`f`(1) AS `x`,'`d`.`t`' AS `y`", "select `f`(1) AS `x`,'`d`.`t`' AS `y`"),
            ("select `e`.`t`.`a` AS `a` from `e`.`t`", "select `e`.`t`.`a` AS `a` from `e`.`t`"),
        ] {
            assert_eq!(without_database(text, &SERVER), expected, "{text}");
        }
    }
}
