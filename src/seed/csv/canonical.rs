//! One spelling for equal values, of files and of the database. Equal spellings are an equal value; of others nothing follows,
//! for what is equal is the database's to say.

use std::io::Write as _;

use crate::catalog::Type;
use crate::db::bulk::Cell;
use crate::db::{Dialect, Grammar};
use crate::seed::columns::Column;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canonical {
    /// Text that is equal when its bytes are.
    AsIs,
    /// Padded with blanks, which are no part of it.
    Padded,
    Boolean,
    Integer,
    Decimal,
    Float,
    Moment,
    Uuid,
    Bytes,
}

/// What a spelling begins with: that of a text is never that of a number.
const NULL: u8 = 0;
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const DOUBLE: u8 = 3;
const BYTES: u8 = 4;

impl Canonical {
    /// `None`: its values come out in another form than they go in.
    pub fn of(column: &Column<'_>, dialect: &dyn Dialect) -> Option<Self> {
        let grammar = Grammar::new(dialect.backend());
        Some(match column.catalog.neutral {
            Type::Boolean => Self::Boolean,
            Type::Integer { .. } | Type::Year => Self::Integer,
            Type::Decimal { .. } => Self::Decimal,
            Type::Float { .. } => Self::Float,
            Type::Bytes { .. } => Self::Bytes,
            Type::Bits { .. } if grammar.bits_are_numbers() => return None,
            // Where types do not bind, text is kept as it was written, and its spelling is its value.
            _ if !grammar.keeps_types() => Self::AsIs,
            Type::Text { fixed: true, .. } => Self::Padded,
            Type::Timestamp | Type::Instant => Self::Moment,
            Type::Uuid => Self::Uuid,
            // An interval means another where its parts have signs and the session a style of its own.
            Type::Interval => return None,
            _ => Self::AsIs,
        })
    }

    /// Writes the spelling of a value.
    pub fn write(self, out: &mut Vec<u8>, cell: Cell<'_>) {
        let start = out.len();
        // Its length, so that no two values in a row are others together.
        out.extend_from_slice(&[0; 5]);
        out[start] = match cell {
            Cell::Null => NULL,
            Cell::Int(number) if self == Self::Float => {
                #[expect(clippy::cast_precision_loss, reason = "a column of floats holds it as one")]
                let number = number as f64;
                double(out, number)
            }
            Cell::Int(number) => {
                let _ = write!(out, "{number}");
                NUMBER
            }
            Cell::Float(number) if self == Self::Float => double(out, number),
            Cell::Float(number) => {
                let _ = write!(out, "{number}");
                NUMBER
            }
            Cell::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                BYTES
            }
            Cell::Text(text) => self.text(out, text),
        };
        let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
        out[start + 1..start + 5].copy_from_slice(&length.to_le_bytes());
    }

    fn text(self, out: &mut Vec<u8>, text: &[u8]) -> u8 {
        let as_is = |out: &mut Vec<u8>, text: &[u8]| {
            out.extend_from_slice(text);
            TEXT
        };
        match self {
            Self::AsIs | Self::Bytes => as_is(out, text),
            Self::Padded => {
                let blanks = text.iter().rev().take_while(|byte| **byte == b' ').count();
                as_is(out, &text[..text.len() - blanks])
            }
            Self::Boolean => match text {
                b"t" | b"true" | b"TRUE" | b"True" | b"1" => as_number(out, b"1"),
                b"f" | b"false" | b"FALSE" | b"False" | b"0" => as_number(out, b"0"),
                _ => as_is(out, text),
            },
            Self::Integer | Self::Decimal => {
                if decimal(out, text, self == Self::Decimal) {
                    NUMBER
                } else {
                    as_is(out, text)
                }
            }
            Self::Float => {
                let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
                match number.filter(|number| number.is_finite()) {
                    Some(number) => double(out, number),
                    None => as_is(out, text),
                }
            }
            Self::Moment => match moment(text) {
                Some((date, time)) => {
                    out.extend_from_slice(date);
                    as_is(out, time)
                }
                None => as_is(out, text),
            },
            Self::Uuid => {
                let at = out.len();
                let kind = as_is(out, text);
                out[at..].make_ascii_lowercase();
                kind
            }
        }
    }
}

fn as_number(out: &mut Vec<u8>, digits: &[u8]) -> u8 {
    out.extend_from_slice(digits);
    NUMBER
}

fn double(out: &mut Vec<u8>, number: f64) -> u8 {
    out.extend_from_slice(&number.to_bits().to_le_bytes());
    DOUBLE
}

/// Writes a number without what it does not need: `+007.50` as `7.5`. `false`: it is not written in plain digits.
fn decimal(out: &mut Vec<u8>, text: &[u8], places: bool) -> bool {
    let (minus, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let point = memchr::memchr(b'.', digits).filter(|_| places);
    let (whole, fraction) = point.map_or((digits, &digits[..0]), |at| (&digits[..at], &digits[at + 1..]));
    let are_digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return false;
    }
    let zeros = whole.iter().take_while(|digit| **digit == b'0').count().min(whole.len() - 1);
    let used = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    let (whole, fraction) = (&whole[zeros..], &fraction[..used]);
    if minus && (whole != b"0" || !fraction.is_empty()) {
        out.push(b'-');
    }
    out.extend_from_slice(whole);
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
    true
}

/// The date and the time of a moment in UTC, without zeros that end its places: `2026-01-05T09:00:00.500Z`.
fn moment(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (date, rest) = text.split_at_checked(10)?;
    let (between, time) = rest.split_first()?;
    let shaped = matches!(between, b'T' | b' ') && time.get(2) == Some(&b':') && time.get(5) == Some(&b':');
    let bare = [&b"Z"[..], b"+00:00", b"+00"].iter().find_map(|zone| time.strip_suffix(*zone)).unwrap_or(time);
    let (clock, fraction) = bare.split_at_checked(8)?;
    let digits = match fraction.split_first() {
        None => fraction,
        Some((b'.', digits)) => digits,
        Some(_) => return None,
    };
    if !shaped || !digits.iter().all(u8::is_ascii_digit) || !clock.iter().all(|byte| matches!(byte, b'0'..=b':')) {
        return None;
    }
    let used = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 2);
    Some((date, &bare[..clock.len() + used]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spelled(kind: Canonical, cell: Cell<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        kind.write(&mut out, cell);
        out
    }

    fn same(kind: Canonical, one: Cell<'_>, other: Cell<'_>) -> bool {
        spelled(kind, one) == spelled(kind, other)
    }

    #[test]
    fn equal_values_have_one_spelling() {
        for (kind, one, other) in [
            (Canonical::Boolean, "t", "1"),
            (Canonical::Boolean, "false", "f"),
            (Canonical::Integer, "+007", "7"),
            (Canonical::Integer, "-0", "0"),
            (Canonical::Decimal, "1.50", "1.5"),
            (Canonical::Decimal, "-007.", "-7"),
            (Canonical::Decimal, "-0.00", "0"),
            (Canonical::Float, "1.50", "15e-1"),
            (Canonical::Moment, "2026-01-05T09:00:00.500000Z", "2026-01-05 09:00:00.5+00"),
            (Canonical::Moment, "2026-01-05T09:00:00.000000", "2026-01-05 09:00:00"),
            (Canonical::Uuid, "0198C5A2-7B3E-7C4D-9E5F-6A7B8C9D0E1F", "0198c5a2-7b3e-7c4d-9e5f-6a7b8c9d0e1f"),
            (Canonical::Padded, "ab   ", "ab"),
        ] {
            assert!(same(kind, Cell::Text(one.as_bytes()), Cell::Text(other.as_bytes())), "{kind:?} {one} {other}");
        }
        assert!(same(Canonical::Boolean, Cell::Text(b"true"), Cell::Int(1)));
        assert!(same(Canonical::Decimal, Cell::Text(b"17.50"), Cell::Float(17.5)));
        assert!(same(Canonical::Decimal, Cell::Text(b"17.00"), Cell::Int(17)));
        assert!(same(Canonical::Float, Cell::Text(b"2.0"), Cell::Int(2)));
    }

    #[test]
    fn others_have_others() {
        for (kind, one, other) in [
            (Canonical::AsIs, "a", "A"),
            (Canonical::AsIs, "1.0", "1"),
            (Canonical::Integer, "1.0", "1"),
            (Canonical::Decimal, "1e3", "1000"),
            (Canonical::Decimal, ".", "0"),
            (Canonical::Boolean, "2", "1"),
            (Canonical::Float, "NaN", "nan"),
            (Canonical::Moment, "2026-01-05 09:00:00 BC", "2026-01-05 09:00:00"),
            (Canonical::Moment, "2026-01-05 09:00:00+01", "2026-01-05 09:00:00"),
            (Canonical::Moment, "2026-01-05", "2026-01-05 00:00:00"),
        ] {
            assert!(!same(kind, Cell::Text(one.as_bytes()), Cell::Text(other.as_bytes())), "{kind:?} {one} {other}");
        }
        assert!(!same(Canonical::AsIs, Cell::Text(b""), Cell::Null));
        assert!(!same(Canonical::AsIs, Cell::Text(b"7"), Cell::Int(7)));
        assert!(!same(Canonical::AsIs, Cell::Text(b"ab"), Cell::Bytes(b"ab")));
    }

    proptest! {
        /// What has one spelling is one number.
        #[test]
        fn numbers_of_one_spelling_are_equal(one in "[+-]?[0-9]{1,3}(\\.[0-9]{0,3})?", other in "[+-]?[0-9]{1,3}(\\.[0-9]{0,3})?") {
            let number = |text: &str| text.trim_end_matches('.').parse::<rust_decimal::Decimal>().unwrap();
            let are_same = same(Canonical::Decimal, Cell::Text(one.as_bytes()), Cell::Text(other.as_bytes()));
            prop_assert_eq!(are_same, number(&one) == number(&other));
        }
    }
}
