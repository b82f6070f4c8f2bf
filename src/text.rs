//! Small helpers on text that every floor may use: positions, the nearest word, durations in words.

use std::borrow::Cow;
use std::time::Duration;

/// Line and column (from 1, the column in characters) of a byte offset. An offset past the end is the end.
#[must_use]
pub fn line_and_column(source: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &source[..offset];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// The text of a line (from 1), without its end.
#[must_use]
pub fn line(source: &str, number: usize) -> &str {
    source.lines().nth(number - 1).unwrap_or("")
}

/// The byte offset of a character offset.
#[must_use]
pub fn byte_offset(source: &str, characters: usize) -> usize {
    source.char_indices().nth(characters).map_or(source.len(), |(at, _)| at)
}

/// The candidate that a person most likely meant, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        // Nothing is near to everything short.
        .filter(|_| !word.is_empty())
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 2.max(candidate.len() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `, did you mean …`, or nothing: to be put behind "unknown key".
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// The parts between commas. `\\,` is a comma within a part, `\\\\` a backslash; before anything else a backslash is one itself.
#[must_use]
pub fn split_at_commas(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let last = parts.len() - 1;
        match character {
            '\\' => parts[last].push(characters.next_if(|next| matches!(next, ',' | '\\')).unwrap_or('\\')),
            ',' => parts.push(String::new()),
            other => parts[last].push(other),
        }
    }
    parts
}

/// `1 migration`, `2 migrations`.
#[must_use]
pub fn count(number: usize, singular: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {singular}{plural}")
}

/// The article before a word: `a trigger`, `an event`.
#[must_use]
pub fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

/// Some of several, and how many more there are.
#[must_use]
pub fn listed(all: impl IntoIterator<Item = String>) -> String {
    const SHOWN: usize = 10;
    let all: Vec<String> = all.into_iter().collect();
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > SHOWN { format!("{shown} and {} more", all.len() - SHOWN) } else { shown }
}

/// A number as a person reads it: `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration as a person reads it: `12 ms`, `3.4 s`, `2 min 5 s`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// Bytes as lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes that a text names in hexadecimal.
#[must_use]
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

/// Cuts a long text to a number of characters, with an ellipsis.
#[must_use]
pub fn shorten(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Control characters (terminal sequences among them) made visible, so that foreign text cannot act on a terminal.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |c| acts(c) && !matches!(c, '\t' | '\n'))
}

/// A value on one line, whatever it holds: nothing in it breaks the line or turns its direction.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, acts)
}

/// Whether a character acts on what shows it: on a terminal, on a line, or on the direction of what follows.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, acts: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&acts) {
        return text.into();
    }
    text.chars().map(|c| if acts(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// A size in the units that people read: `1023 B`, `16.0 MiB`.
#[must_use]
pub fn bytes(count: usize) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1_024 {
        return format!("{count} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "one place is shown")]
    let mut size = count as f64 / 1_024.0;
    let mut unit = 0;
    while size >= 1_023.95 && unit + 1 < UNITS.len() {
        size /= 1_024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// Whether a word stands in SQL, whatever its case.
#[must_use]
pub fn has_word(sql: &str, word: &str) -> bool {
    find_word(&sql.to_ascii_lowercase(), &word.to_ascii_lowercase()).is_some()
}

/// Where a word stands in SQL: not within a longer one.
#[must_use]
pub fn find_word(sql: &str, word: &str) -> Option<usize> {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let whole = |at: &usize| {
        let name = part(word.chars().next());
        !name || (!part(sql[..*at].chars().next_back()) && !part(sql[at + word.len()..].chars().next()))
    };
    sql.match_indices(word).map(|(at, _)| at).find(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_joined_by_commas() {
        for (text, parts) in [
            ("", vec![""]),
            ("a,b,", vec!["a", "b", ""]),
            ("a\\,b,\\\\", vec!["a,b", "\\"]),
            ("C:\\dir,x\\", vec!["C:\\dir", "x\\"]),
        ] {
            assert_eq!(split_at_commas(text), parts, "{text}");
        }
    }

    #[test]
    fn positions_count_characters() {
        assert_eq!(line_and_column("a\nbé c", 6), (2, 4));
        assert_eq!(line_and_column("", 9), (1, 1));
        assert_eq!(byte_offset("é c", 2), 3);
    }

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(nearest("pol", ["pool", "retry"]), Some("pool"));
        assert_eq!(nearest("zebra", ["pool", "retry"]), None);
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!([1_023, 1_024, 16_777_215, 1 << 30].map(bytes), ["1023 B", "1.0 KiB", "16.0 MiB", "1.0 GiB"]);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(Duration::from_millis(999)), "999 ms");
        assert_eq!(duration(Duration::from_millis(1_500)), "1.5 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
    }

    #[test]
    fn hexadecimal_is_read_as_it_is_written() {
        assert_eq!(unhex(&hex(&[0, 15, 255])), Some(vec![0, 15, 255]));
        assert_eq!(unhex("00fF"), Some(vec![0, 255]));
        assert!(["0", "0g", "é0"].into_iter().all(|text| unhex(text).is_none()));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\nd");
        assert_eq!(visible("a\nb\u{1b}[2J\u{202e}c é"), "a\\nb\\u{1b}[2J\\u{202e}c é");
    }
}
