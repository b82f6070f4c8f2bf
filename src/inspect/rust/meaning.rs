//! Whether two files say the same, however they are laid out: what `cargo fmt` does to a file is no change.

use std::iter::Peekable;
use std::str::Chars;

/// Compares what stands in them. Comments count where they are documentation.
#[must_use]
pub fn same(one: &str, other: &str) -> bool {
    words(one) == words(other)
}

/// A file's words, strings and signs. A comma at the end of a list says nothing.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => {}
            '/' if rest.peek() == Some(&'/') => {
                let comment: String = std::iter::once(c).chain(until(&mut rest, |c| c == '\n')).collect();
                if comment.starts_with("///") {
                    words.push(comment.trim_end().to_owned());
                }
            }
            '"' => words.push(string(c, &mut rest)),
            c if is_word(c) => {
                let mut word = String::from(c);
                while let Some(c) = rest.next_if(|c| is_word(*c)) {
                    word.push(c);
                }
                words.push(word);
            }
            ')' | ']' | '}' | '>' => {
                if words.last().is_some_and(|last| last == ",") {
                    words.pop();
                }
                words.push(c.to_string());
            }
            c => words.push(c.to_string()),
        }
    }
    words
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn until<'r>(rest: &'r mut Peekable<Chars<'_>>, end: impl Fn(char) -> bool + 'r) -> impl Iterator<Item = char> + 'r {
    std::iter::from_fn(move || rest.next_if(|c| !end(*c)))
}

/// To the next quote that no backslash stands before. A raw string may be cut there: its parts compare as well.
fn string(quote: char, rest: &mut Peekable<Chars<'_>>) -> String {
    let mut string = String::from(quote);
    while let Some(c) = rest.next() {
        string.push(c);
        match c {
            '"' => break,
            '\\' => string.extend(rest.next()),
            _ => {}
        }
    }
    string
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_is_no_difference() {
        let one = "// made\ndiesel::table! {\n    a (id) {\n        /// An id\n        id -> Int4,\n    }\n}\nallow!(a, b,);\n";
        let other = "diesel::table!{ a(id) {\n/// An id\nid -> Int4 } }\nallow!(\n  a,\n  b\n);";
        assert!(same(one, other));
        for (from, to) in [("Int4", "Int8"), ("An id", "The id"), ("a, b", "ab"), ("Int4", "Nullable<Int4>")] {
            assert!(!same(one, &one.replace(from, to)), "{from}");
        }
        assert!(!same("#[sql_name = \"a b\"]", "#[sql_name = \"a  b\"]"));
        assert!(same("#[sql_name = \"a // b\"] x", "#[sql_name = \"a // b\"]\nx"));
    }
}
