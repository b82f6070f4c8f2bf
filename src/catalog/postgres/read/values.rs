//! The values of an answer: numbers, lists, options.

use super::Vanished;
use crate::catalog::model::{Name, Options};
use crate::db::Row;
use crate::secret::MASK;

/// What the server numbers its objects with.
pub(super) type Oid = u32;

/// The number of an object; 0: none.
pub(super) fn oid(row: &Row, column: usize) -> Oid {
    row.text(column).parse().unwrap_or(0)
}

/// Whole numbers, as `int2vector`, an array, or anything else between them writes them.
pub(super) fn numbers(text: &str) -> Vec<i64> {
    text.split(|c: char| !c.is_ascii_digit() && c != '-').filter_map(|number| number.parse().ok()).collect()
}

/// A JSON array of texts, in which some may be NULL.
pub(super) fn texts(json: &str) -> Vec<Option<String>> {
    // As a rule there are none, and to refuse the empty text takes a while.
    if json.is_empty() {
        return Vec::new();
    }
    serde_json::from_str(json).unwrap_or_default()
}

/// A JSON array of `name=value`.
pub(super) fn pairs(json: &str) -> Vec<(String, String)> {
    let pair = |text: String| {
        let (name, value) = text.split_once('=').unwrap_or((&text, ""));
        (name.to_owned(), value.to_owned())
    };
    texts(json).into_iter().flatten().map(pair).collect()
}

/// Options from a JSON array of `name=value`, each name with a word before it.
pub(super) fn put_pairs(options: &mut Options, before: &str, json: &str) {
    let shown = |name: &str, value| if name.to_ascii_lowercase().contains("passw") { MASK.to_owned() } else { value };
    options.extend(pairs(json).into_iter().map(|(name, value)| (format!("{before}{name}"), shown(&name, value))));
}

/// An option that a row has or has not.
pub(super) fn put(options: &mut Options, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        options.insert(name.to_owned(), value.to_owned());
    }
}

/// An option that says no more than that it is there.
pub(super) fn put_flag(options: &mut Options, name: &str, is_set: bool) {
    put(options, name, is_set.then_some("yes"));
}

/// A text that the server makes of what a row refers to: where there should be one and is none, that has vanished.
pub(super) fn made(row: &Row, column: usize, expected: bool) -> Result<Option<&str>, Vanished> {
    match row.optional(column) {
        None if expected => Err(Vanished),
        text => Ok(text),
    }
}

/// Names as SQL has them in a list.
pub(super) fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect::<Vec<_>>().join(", ")
}

/// A name as SQL has it.
pub(super) fn qualified(name: &Name) -> String {
    let parts = name.schema.iter().chain([&name.name]);
    parts.map(|part| quoted(std::slice::from_ref(part))).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_however_they_are_written() {
        assert_eq!(numbers("1 0 -2"), [1, 0, -2]);
        assert_eq!(numbers("{3,4}"), [3, 4]);
        assert!(numbers("").is_empty());
        assert_eq!(texts(r#"["a", null]"#), [Some("a".to_owned()), None]);
        assert_eq!(pairs(r#"["fillfactor=70", "path=a=b"]"#)[1], ("path".to_owned(), "a=b".to_owned()));
    }
}
