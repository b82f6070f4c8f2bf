//! Secrets that stand in SQL text: passwords of roles, users, servers and subscriptions.

use std::ops::Range;

use super::{Kind, Lexer, Rules};
use crate::secret::MASK;

/// A literal that is, or holds, a password.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    /// Where the literal stands: byte offsets in the text.
    range: Range<usize>,
    /// The passwords in it, as they would stand in a server's words.
    passwords: Vec<String>,
}

/// The text with each literal masked that is, or holds, a password.
#[must_use]
pub fn mask(source: &str, rules: &Rules) -> String {
    let mut masked = String::with_capacity(source.len());
    let mut at = 0;
    for found in find(source, rules) {
        masked.push_str(&source[at..found.range.start]);
        masked.push('\'');
        masked.push_str(MASK);
        masked.push('\'');
        at = found.range.end;
    }
    masked.push_str(&source[at..]);
    masked
}

/// The passwords in a text, without their quotes, to be masked in the words of a server.
#[must_use]
pub fn passwords(source: &str, rules: &Rules) -> Vec<String> {
    find(source, rules).into_iter().flat_map(|found| found.passwords).collect()
}

/// How deep texts within texts are looked into.
const DEEPEST: usize = 4;

fn find(source: &str, rules: &Rules) -> Vec<Found> {
    if speaks_of_secrets(source) { find_at(source, rules, 0) } else { Vec::new() }
}

/// Whether a text has any of the words without which nothing is found in it: most have none, and some are long.
fn speaks_of_secrets(text: &str) -> bool {
    let bytes = text.as_bytes();
    let at = |start: usize, word: &[u8]| {
        bytes.get(start..start + word.len()).is_some_and(|here| here.eq_ignore_ascii_case(word))
    };
    (0..bytes.len()).any(|start| match bytes[start] {
        b'p' | b'P' => at(start, b"password") || at(start, b"passwd"),
        b's' | b'S' => at(start, b"secret"),
        b'i' | b'I' => at(start, b"identified"),
        b':' => at(start, b"://"),
        _ => false,
    })
}

fn find_at(source: &str, rules: &Rules, depth: usize) -> Vec<Found> {
    let mut all = Vec::new();
    if depth > DEEPEST {
        return all;
    }
    // Set from a word that announces a secret until a token comes that cannot stand between.
    let mut announced = false;
    // Behind IDENTIFIED, every text up to the next user is one, whatever words stand before it.
    let mut identified = false;
    // A text was seen that speaks of a password, as one does that is put together: the other texts may be it.
    let mut composed = false;
    // The literal before was a secret, and goes on in the next.
    let mut continued = false;
    // The word before.
    let mut previous = String::new();
    // The first two words of the statement.
    let mut head: Vec<String> = Vec::new();
    for token in Lexer::new(source, rules).filter(|token| token.kind != Kind::Space) {
        let text = token.text(source);
        let range = token.start..token.end;
        let goes_on = if token.kind == Kind::Comment { continued } else { std::mem::take(&mut continued) };
        if !matches!(token.kind, Kind::Word | Kind::Comment) {
            previous.clear();
        }
        match token.kind {
            Kind::String | Kind::QuotedName | Kind::Dollar
                if announced || (identified && !text.starts_with('`')) || (goes_on && token.kind == Kind::String) =>
            {
                // As the server would say it, and as it may stand again in the text.
                let mut passwords = vec![contents(text)];
                let raw = text.trim_start_matches(['e', 'E']).trim_matches('\'');
                if token.kind == Kind::String && raw != passwords[0] {
                    passwords.push(raw.to_owned());
                }
                all.push(Found { range, passwords });
                (announced, continued) = (false, true);
            }
            Kind::Comment => {
                let inner = text.trim_start_matches(['-', '/', '*', '#']);
                let start = token.end - inner.len();
                let passwords = within_words(inner);
                if passwords.is_empty() {
                    all.extend(shifted(find_at(inner, rules, depth + 1), start));
                } else {
                    all.push(Found { range: start..token.end, passwords });
                }
            }
            // MySQL's other quote for texts.
            Kind::QuotedName if rules.double_quote_escapes && text.starts_with('"') => {
                let found = find_at(&contents(text), rules, depth + 1);
                let passwords: Vec<_> = found.into_iter().flat_map(|found| found.passwords).collect();
                all.extend((!passwords.is_empty()).then_some(Found { range, passwords }));
            }
            Kind::QuotedName => announced = announces(&contents(text)),
            Kind::String => {
                let inside = contents(text);
                let mut passwords = within_words(&inside);
                // A statement that is put together as text: EXECUTE '…'.
                passwords.extend(find_at(&inside, rules, depth + 1).into_iter().flat_map(|found| found.passwords));
                if composed && passwords.is_empty() {
                    passwords.push(inside.clone());
                }
                composed = composed || composes(&inside);
                if !passwords.is_empty() {
                    all.push(Found { range, passwords });
                }
            }
            // The body of a function or of DO is SQL again.
            Kind::Dollar if token.closed => {
                let tag = tag_length(text);
                let inner = text.get(tag..text.len().saturating_sub(tag)).unwrap_or_default();
                all.extend(shifted(find_at(inner, rules, depth + 1), token.start + tag));
            }
            Kind::Word => {
                let word = text.to_ascii_uppercase();
                if head.len() < 2 {
                    head.push(word.clone());
                }
                let role = matches!(head.as_slice(), [verb, kind] if matches!(verb.as_str(), "CREATE" | "ALTER")
                    && matches!(kind.as_str(), "ROLE" | "USER"));
                // The quotes were forgotten: the server will quote the word in its complaint.
                if announced && role && !matches!(word.as_str(), "NULL" | "U" | "N" | "E" | "X" | "B") {
                    all.push(Found { range, passwords: vec![text.to_owned()] });
                    announced = false;
                    continue;
                }
                // The quotes were forgotten.
                if identified && precedes_a_password(&previous) && !LOGIN.contains(&word.as_str()) {
                    all.push(Found { range, passwords: vec![text.to_owned()] });
                    previous = word;
                    continue;
                }
                previous.clone_from(&word);
                identified = identified || word == "IDENTIFIED";
                announced = match word.as_str() {
                    // What a literal can begin with: U&'…', N'…'. And SET x.password TO '…'.
                    "U" | "N" | "B" | "X" | "TO" => announced,
                    word => announces(word),
                };
            }
            // Behind it stand the new one, and with REPLACE the old.
            Kind::Symbol if text == "=" && head == ["SET", "PASSWORD"] => identified = true,
            // A hash in hexadecimal.
            Kind::Number if identified && text.starts_with("0x") => {
                all.push(Found { range, passwords: vec![text.to_owned()] });
            }
            Kind::Symbol if text == "," => (announced, identified) = (false, false),
            Kind::Symbol if matches!(text, "=" | "(" | ":" | "&") => {}
            Kind::Delimiter => {
                (announced, identified, composed) = (false, false, false);
                head.clear();
            }
            _ => announced = false,
        }
    }
    all
}

/// The words that can follow `IDENTIFIED BY` and are no password.
const LOGIN: [&str; 3] = ["RANDOM", "PASSWORD", "VALUES"];

/// Whether a password stands behind this word of `IDENTIFIED …`.
fn precedes_a_password(previous: &str) -> bool {
    matches!(previous, "BY" | "AS")
}

/// Whether a word announces a secret: `PASSWORD`, `app_password`, `secret_key`.
fn announces(word: &str) -> bool {
    let word = word.to_ascii_uppercase();
    ["PASSWORD", "PASSWD", "SECRET"].iter().any(|part| word.contains(part))
}

/// Whether a text is the beginning of a statement that sets a password.
fn composes(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let verbs = ["alter role ", "alter user ", "create role ", "create user "];
    (text.contains("password") || text.contains("identified")) && verbs.iter().any(|verb| text.contains(verb))
}

fn shifted(found: Vec<Found>, by: usize) -> impl Iterator<Item = Found> {
    found.into_iter().map(move |found| Found { range: found.range.start + by..found.range.end + by, ..found })
}

/// The length of the `$tag$` that a dollar quote begins with.
fn tag_length(text: &str) -> usize {
    text.get(1..).and_then(|rest| rest.find('$')).map_or(text.len(), |at| at + 2)
}

/// What a literal says, without its quotes.
fn contents(literal: &str) -> String {
    if literal.starts_with('$') {
        let tag = tag_length(literal);
        return literal.get(tag..literal.len().saturating_sub(tag)).unwrap_or_default().to_owned();
    }
    let inner = literal.trim_start_matches(['e', 'E']);
    let quote = inner.chars().next().unwrap_or('\'');
    let inner = inner.strip_prefix(quote).unwrap_or(inner);
    // A quote that the text ends within has no end of its own.
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    inner.replace(&format!("{quote}{quote}"), &quote.to_string())
}

/// The passwords of a connection string, `password=…`, or of a URL, `//user:…@`.
fn within_words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lower = text.to_ascii_lowercase();
    for key in ["password", "passwd"] {
        let mut from = 0;
        // Lower-casing ASCII changes no offset.
        while let Some(at) = lower[from..].find(key) {
            let rest = text[from + at + key.len()..].trim_start();
            if let Some(value) = rest.strip_prefix('=') {
                let value = value.trim_start();
                let end = match value.strip_prefix('\'') {
                    Some(quoted) => quoted.find('\'').map_or(value.len(), |end| end + 2),
                    None => value.find(|c: char| c.is_whitespace() || c == '&').unwrap_or(value.len()),
                };
                found.push(value[..end].trim_matches('\'').to_owned());
            }
            from += at + key.len();
        }
    }
    let authority = text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(login, _)| login);
    if let Some((_, password)) = authority.and_then(|login| login.split_once(':')) {
        found.push(password.to_owned());
    }
    found.retain(|password| !password.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked() {
        let cases = [
            ("CREATE ROLE a LOGIN PASSWORD 'hunter2' VALID UNTIL 'x'", true),
            ("ALTER USER a WITH ENCRYPTED PASSWORD $$hunter2$$", true),
            ("ALTER USER a WITH ENCRYPTED PASSWORD $x$hunter2$x$", true),
            ("CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u', password 'hunter2')", true),
            ("CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2' PUBLICATION p", true),
            ("SELECT dblink('postgres://u:hunter2@h/d', 'select 1')", true),
            ("DO $$ BEGIN CREATE ROLE a PASSWORD 'hunter2'; END $$", true),
            ("DO $$ BEGIN EXECUTE 'CREATE ROLE a PASSWORD ''hunter2'''; END $$", true),
            ("SET PASSWORD = 'hunter2'", true),
            ("ALTER ROLE r PASSWORD U&'hunter2'", true),
            ("ALTER ROLE r PASSWORD E'hunter2'", true),
            ("-- ALTER ROLE r PASSWORD 'hunter2'\nSELECT 1", true),
            ("DO $$ BEGIN EXECUTE format('ALTER ROLE r PASSWORD %L', 'hunter2'); END $$", true),
            ("SELECT dblink('host=h passwd=hunter2')", true),
            ("-- password=hunter2", true),
            ("ALTER SERVER s OPTIONS (ADD \"password\" 'hunter2')", true),
            ("SET app.password TO 'hunter2'", true),
            ("ALTER SERVER s OPTIONS (secret_access_key 'hunter2')", true),
            ("CREATE ROLE q PASSWORD hunter2", true),
            ("CREATE TYPE auth AS ENUM ('password', 'hunter2')", false),
            ("INSERT INTO t VALUES ('Reset your password', 'hunter2')", false),
            ("CREATE ROLE a PASSWORD 'hunter2", true),
            ("CREATE TABLE t (password TEXT DEFAULT 'hunter2')", false),
            ("SELECT 'hunter2'", false),
            ("SELECT 1 ORDER BY 'hunter2'", false),
        ];
        for (source, secret) in cases {
            assert_eq!(!mask(source, &Rules::POSTGRES).contains("hunter2"), secret, "{source}");
            assert_eq!(passwords(source, &Rules::POSTGRES), vec!["hunter2"; usize::from(secret)], "{source}");
        }
        let continued = "CREATE ROLE a PASSWORD 'first1' -- c\n'second2'";
        assert_eq!(mask(continued, &Rules::POSTGRES), "CREATE ROLE a PASSWORD '***' -- c\n'***'");
        // Tags without an end are no bodies to look into, however many.
        let tags: String = (0..20_000).map(|n| format!("$a{n}$ ")).collect();
        assert!(passwords(&format!("SELECT '{tags}'"), &Rules::POSTGRES).is_empty());
        assert_eq!(mask("IDENTIFIED BY 'x' y", &Rules::MYSQL), "IDENTIFIED BY '***' y");
    }
}
