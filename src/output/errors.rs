//! The one printer of errors: for people, and as the last line of stderr for scripts.

use serde_json::{Value, json};

use super::terminal::{Style, Terminal};
use crate::error::{Code, Error, Place};
use crate::text;

/// Prints an error for people: the sentence, the place with its line, the cause, what else is known, what to do.
pub fn print(terminal: &Terminal, error: &anyhow::Error) {
    let ours = error.downcast_ref::<Error>();
    let code = ours.map_or(Code::Unexpected, Error::code);
    let label = format!("error[{}]", code.name());
    terminal.line(&format!("{}: {}", terminal.paint(Style::Error, &label), text::printable(&error.to_string())));
    if let Some(place) = ours.and_then(Error::place) {
        print_place(terminal, place);
    }
    let detail = |name: &str, text: &str| {
        let text = text::printable(text);
        let mut lines = text.trim_end().lines();
        terminal.line(&format!("  {}: {}", terminal.paint(Style::Bold, name), lines.next().unwrap_or_default()));
        lines.for_each(|line| terminal.line(&format!("    {line}")));
    };
    if let Some(cause) = ours.and_then(Error::cause) {
        detail("cause", cause);
    }
    // What stands behind an error of another crate.
    for cause in error.chain().skip(1) {
        detail("cause", &cause.to_string());
    }
    for note in ours.map(Error::notes).unwrap_or_default() {
        detail("note", note);
    }
    for hint in ours.map(Error::hints).unwrap_or_default() {
        terminal.line(&format!("{}: {}", terminal.paint(Style::Hint, "hint"), text::printable(hint)));
    }
}

fn print_place(terminal: &Terminal, place: &Place) {
    let (excerpt, caret) = excerpt(place);
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    let dim = |text: &str| terminal.paint(Style::Dim, text);
    terminal.line(&format!("{gutter}{} {place}", dim("-->")));
    // Of a file of rows no line is shown: a value in it may be a secret.
    if place.excerpt.is_empty() {
        return;
    }
    terminal.line(&format!("{gutter} {}", dim("|")));
    terminal.line(&format!("{number} {} {excerpt}", dim("|")));
    terminal.line(&format!("{gutter} {} {caret}{}", dim("|"), terminal.paint(Style::Error, "^")));
}

/// The line of a place, and what stands before the mark below it. Long lines are cut around the place.
#[must_use]
pub fn excerpt(place: &Place) -> (String, String) {
    let before: String = place.excerpt.chars().take(place.column.saturating_sub(1)).collect();
    let skip = before.chars().count().saturating_sub(60);
    let excerpt: String = place.excerpt.chars().skip(skip).take(120).collect();
    let caret = before.chars().skip(skip).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    (text::printable(&excerpt).into_owned(), caret)
}

/// Prints an error as one line of JSON. What is masked is masked in the values: the form must stay.
pub fn print_json(terminal: &Terminal, error: &anyhow::Error) {
    let ours = error.downcast_ref::<Error>();
    let place = ours
        .and_then(Error::place)
        .map(|place| json!({ "file": place.file.display().to_string(), "line": place.line, "column": place.column }));
    let all = |texts: &[String]| -> Vec<String> { texts.iter().map(|text| terminal.redacted(text)).collect() };
    let value: Value = json!({ "error": {
        "code": ours.map_or(Code::Unexpected, Error::code).name(),
        "message": terminal.redacted(&error.to_string()),
        "cause": ours.and_then(Error::cause).map(|cause| terminal.redacted(cause)),
        "notes": all(ours.map(Error::notes).unwrap_or_default()),
        "hints": all(ours.map(Error::hints).unwrap_or_default()),
        "place": place,
    } });
    terminal.raw_line(&value.to_string());
}
