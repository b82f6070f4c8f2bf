//! Numbers by their digits: whether two are the same, and what SQLite makes of a text in a column of numbers.

/// So many zeros are written out at most.
const LONGEST: i64 = 400;

/// A number as its sign, its digits without zeros at either end, and the power of ten of the last one. `None`: it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Number {
    negative: bool,
    digits: String,
    power: i64,
}

impl Number {
    /// Reads `-1.50`, `.5`, `1e3`.
    fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (number, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, places) = number.split_once('.').unwrap_or((number, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + places.len() == 0 || !are_digits(whole) || !are_digits(places) {
            return None;
        }
        let all = format!("{whole}{places}");
        let kept = all.trim_end_matches('0');
        let power =
            i64::from(exponent) - i64::try_from(places.len()).ok()? + i64::try_from(all.len() - kept.len()).ok()?;
        let digits = kept.trim_start_matches('0').to_owned();
        let is_zero = digits.is_empty();
        Some(Self { negative: negative && !is_zero, digits, power: if is_zero { 0 } else { power } })
    }

    /// Its digits without an exponent; `None`: there would be too many.
    fn plain(&self) -> Option<String> {
        if self.power.abs() > LONGEST {
            return None;
        }
        let sign = if self.negative { "-" } else { "" };
        if self.power >= 0 {
            let zeros = "0".repeat(usize::try_from(self.power).ok()?);
            let digits = if self.digits.is_empty() { "0" } else { &self.digits };
            return Some(format!("{sign}{digits}{zeros}"));
        }
        let places = usize::try_from(-self.power).ok()?;
        let digits = format!("{:0>width$}", self.digits, width = places + 1);
        let (whole, places) = digits.split_at(digits.len() - places);
        Some(format!("{sign}{whole}.{places}"))
    }
}

/// A number without an exponent, and without zeros that mean nothing; `None`: it is none, or has too many digits.
#[must_use]
pub fn plain(text: &str) -> Option<String> {
    Number::parse(text)?.plain()
}

/// Whether two texts are the same number.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    Number::parse(one).is_some_and(|number| Some(number) == Number::parse(other))
}

/// The number that SQLite stores for a text in a column of numbers, as it is shown; `None`: it stays text.
pub(super) fn in_sqlite(text: &str) -> Option<String> {
    let trimmed = text.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    Number::parse(trimmed)?;
    match trimmed.parse::<i64>() {
        Ok(number) => Some(number.to_string()),
        Err(_) => trimmed.parse::<f64>().ok().map(|number| number.to_string()),
    }
}

/// Whether SQLite makes a number of what looks like one, in a column of this declared type: "Determination Of Column Affinity".
pub(super) fn is_numeric_in_sqlite(declared: &str) -> bool {
    let declared = declared.to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    has(&["INT"]) || !(declared.trim().is_empty() || has(&["CHAR", "CLOB", "TEXT", "BLOB"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_written_in_many_ways() {
        let same = |one: &str, other: &str| Number::parse(one) == Number::parse(other);
        for (one, other) in
            [("1.50", "+1.5"), ("-0.0", "0"), ("1e3", "1000"), ("0.001", "1E-3"), (".5", "0.5"), ("5.", "5")]
        {
            assert!(same(one, other), "{one} {other}");
        }
        assert!(!same("9007199254740993", "9007199254740992") && !same("1", "-1") && !same("1", "10"));
        for text in ["", ".", "-", "1e", "1e1.5", "0x10", "NaN", "1 2", "é"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_exponent_is_written_out() {
        for (text, plain) in
            [("1e3", "1000"), ("-1.25e1", "-12.5"), ("1.50", "1.5"), ("25e-4", "0.0025"), ("0e9", "0"), ("-0.0", "0")]
        {
            assert_eq!(Number::parse(text).unwrap().plain().as_deref(), Some(plain), "{text}");
        }
        assert_eq!(Number::parse("1e999999999").unwrap().plain(), None);
        assert_eq!(Number::parse("1e99999999999"), None);
    }

    #[test]
    fn sqlite_keeps_numbers_in_64_bits() {
        for (text, stored) in [
            ("007", Some("7")),
            (" 1.50 ", Some("1.5")),
            ("9223372036854775807", Some("9223372036854775807")),
            ("9007199254740993.5", Some("9007199254740994")),
            ("0.1234567890123456789", Some("0.12345678901234568")),
            ("abc", None),
            ("2026-01-05", None),
        ] {
            assert_eq!(in_sqlite(text).as_deref(), stored, "{text}");
        }
    }

    #[test]
    fn a_declared_type_says_what_is_made_of_text() {
        assert!(
            ["DECIMAL(10,2)", "NUMERIC", "STRING", "INTEGER", "REAL", "ANY", "charint"]
                .into_iter()
                .all(is_numeric_in_sqlite)
        );
        assert!(!["", "TEXT", "VARCHAR(3)", "BLOB", "clob"].into_iter().any(is_numeric_in_sqlite));
    }
}
