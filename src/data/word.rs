//! Filters and assignments as words of a command line: `total_amount>=100`, `status:in=paid,shipped`, `phone:null`.

use super::expr::{Expr, Op, Operand, Origin, Test};
use crate::error::{Code, Error, Result};
use crate::text;

/// What a word is in a command that reads or removes rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    Key(String),
    Filter(Expr),
}

/// A value for a column: `None` is NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    pub column: String,
    pub value: Option<String>,
}

/// The operators without shell characters, behind a colon.
const NAMED: &[(&str, Op)] = &[
    (":gte=", Op::GreaterOrEqual),
    (":lte=", Op::LessOrEqual),
    (":gt=", Op::Greater),
    (":lt=", Op::Less),
    (":like=", Op::Like),
    (":in=", Op::In),
    (":eq=", Op::Equal),
    (":ne=", Op::NotEqual),
    (":is=", Op::IsNull),
    (":not=", Op::IsNotNull),
];

/// The others, longer ones first.
const SIGNS: &[(&str, Op)] = &[
    ("!=", Op::NotEqual),
    (">=", Op::GreaterOrEqual),
    ("<=", Op::LessOrEqual),
    ("!~", Op::NotContains),
    ("=", Op::Equal),
    (">", Op::Greater),
    ("<", Op::Less),
    ("~", Op::Contains),
];

/// Where the operator of a word begins, and what it is: the first one, for a value may hold any.
fn operator(word: &str) -> Option<(usize, &'static str, Op)> {
    // In a name only these stand before an operator; another character makes the word a key.
    let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | ' ' | '-' | '$' | '"' | '`');
    let quoted = word.starts_with(['"', '`']).then(|| word[1..].find(&word[..1]).map(|end| end + 2)).flatten();
    let start = quoted.unwrap_or(0);
    let at = start + word[start..].find(|c: char| !name(c))?;
    let rest = &word[at..];
    let tables = NAMED.iter().chain(SIGNS);
    tables.clone().find(|(sign, _)| rest.starts_with(sign)).filter(|_| at > 0).map(|(sign, op)| (at, *sign, *op))
}

/// Reads a word of `list`, `count`, `get`, `delete` and the like.
pub fn word(word: &str) -> Result<Word> {
    let Some((at, sign, op)) = operator(word) else { return key(word) };
    let value = &word[at + sign.len()..];
    let operand = match op {
        Op::IsNull | Op::IsNotNull if value == "null" => Operand::None,
        Op::IsNull | Op::IsNotNull => {
            let error = Error::new(Code::Filter, format!("behind `{sign}` stands `null`, and not `{value}`"));
            return Err(error.note(format!("the filter is `{word}`")));
        }
        Op::In => Operand::Several(text::split_at_commas(value)),
        _ => Operand::One(value.to_owned()),
    };
    let path = path(&word[..at]);
    if path.iter().any(String::is_empty) {
        return Err(Error::new(Code::Filter, format!("a name is missing in the filter `{word}`")));
    }
    let origin = Origin { text: word.into(), at: 0, is_where: false };
    Ok(Word::Filter(Expr::Test(Test { path, op, operand, origin })))
}

/// A word without an operator. `price:gtt=5` is no key that anybody means: it would silently find nothing.
fn key(word: &str) -> Result<Word> {
    if let Some((sign, _)) = NAMED.iter().chain(SIGNS).find(|(sign, _)| word.starts_with(sign)) {
        let error = Error::new(Code::Filter, format!("a column is missing before `{sign}` in the filter `{word}`"));
        return Err(error.hint("a key that looks like this stands in `--key`"));
    }
    let letters = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic());
    let meant = word.split_once(':').and_then(|(name, rest)| Some((name, rest.split_once('=')?.0)));
    let Some((_, sign)) =
        meant.filter(|(name, sign)| letters(sign) && name.chars().all(|c| c.is_alphanumeric() || "_.@".contains(c)))
    else {
        return Ok(Word::Key(word.to_owned()));
    };
    let names = text::listed(NAMED.iter().map(|(sign, _)| format!("`{sign}`")));
    let error = Error::new(Code::Filter, format!("`:{sign}=` is no operator")).hint(format!("there are {names}"));
    Err(error.hint("a key that looks like this stands in `--key`"))
}

/// Reads a word of `--filter`, which must be a filter.
pub fn filter(text: &str) -> Result<Expr> {
    match word(text)? {
        Word::Filter(expr) => Ok(expr),
        Word::Key(_) => {
            let error = Error::new(Code::Filter, format!("`{text}` has no operator"));
            Err(error.hint(
                "a filter is `column=value`, `column>=value`, `column~part`, `column:in=a,b` or `column:is=null`",
            ))
        }
    }
}

/// Reads a word of `create` or `update`; `None`: it is none.
#[must_use]
pub fn assignment(word: &str) -> Option<Assignment> {
    if let Some(column) = word.strip_suffix(":null").filter(|column| !column.contains('=')) {
        return Some(Assignment { column: unquoted(column), value: None });
    }
    let (column, value) = word.split_once('=').filter(|(column, _)| !column.is_empty())?;
    Some(Assignment { column: unquoted(column), value: Some(value.to_owned()) })
}

/// The names of a path. A name with a point in it stands in quotes.
#[must_use]
pub fn path(text: &str) -> Vec<String> {
    let (mut parts, mut quote) = (vec![String::new()], None);
    for character in text.chars() {
        let last = parts.len() - 1;
        match (quote, character) {
            (Some(open), other) if open == other => quote = None,
            (None, '"' | '`') => quote = Some(character),
            (None, '.') => parts.push(String::new()),
            (_, other) => parts[last].push(other),
        }
    }
    parts
}

fn unquoted(name: &str) -> String {
    path(name).join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match word(text) {
            Ok(Word::Key(key)) => format!("key {key}"),
            Ok(Word::Filter(Expr::Test(test))) => format!("{} {:?} {:?}", test.path.join("/"), test.op, test.operand),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn words_are_keys_or_filters() {
        for (text, expected) in [
            ("17", "key 17"),
            ("alice@example.com", "key alice@example.com"),
            ("a,b", "key a,b"),
            ("status=paid", "status Equal One(\"paid\")"),
            ("note=a>=b", "note Equal One(\"a>=b\")"),
            ("note=", "note Equal One(\"\")"),
            ("total>=1", "total GreaterOrEqual One(\"1\")"),
            ("a!=b", "a NotEqual One(\"b\")"),
            ("a!~b", "a NotContains One(\"b\")"),
            ("user.role=admin", "user/role Equal One(\"admin\")"),
            ("\"a.b=c\".d=1", "a.b=c/d Equal One(\"1\")"),
            ("total:gte=1", "total GreaterOrEqual One(\"1\")"),
            ("a:in=x,y\\,z,", "a In Several([\"x\", \"y,z\", \"\"])"),
            ("a:is=null", "a IsNull None"),
            ("a:not=null", "a IsNotNull None"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        assert!(word("a:is=nothing").is_err());
        assert!(word("a..b=1").is_err());
        for (text, sign) in [("=1", "`=`"), (">=1", "`>=`"), ("~x", "`~`"), (":in=a,b", "`:in=`"), ("!=", "`!=`")] {
            let error = word(text).unwrap_err();
            assert!(error.to_string().contains(&format!("a column is missing before {sign}")), "{error}");
        }
        assert!(word("price:gtt=5").unwrap_err().hints()[0].contains("`:gte=`"));
        for text in ["a:b", "2026-01-01T10:00=", "a b:c=d"] {
            assert_eq!(word(text).unwrap(), Word::Key(text.to_owned()));
        }
        assert!(filter("17").is_err());
    }

    #[test]
    fn words_are_assignments() {
        let shown = |text: &str| assignment(text).map(|it| (it.column, it.value));
        let some = |column: &str, value: Option<&str>| Some((column.to_owned(), value.map(str::to_owned)));
        assert_eq!(shown("a=b=c"), some("a", Some("b=c")));
        assert_eq!(shown("a="), some("a", Some("")));
        assert_eq!(shown("a:null"), some("a", None));
        assert_eq!(shown("a=b:null"), some("a", Some("b:null")));
        assert_eq!(shown("17"), None);
    }
}
