//! Values between files and the loaders of `db/bulk`, as text on both sides: in constant memory, and without a value of its own
//! for each field that can be taken as it stands.

use super::column::Column;
use super::kind::{Kind, Wrong};
use crate::db::bulk::{Cell, Form};
use crate::db::{self, Value};
use crate::secret::MASK;
use crate::text;

/// Whole numbers up to this are numbers in JSON everywhere; those with as many digits are text there.
const SAFE_DIGITS: usize = 15;

/// A value that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown<'a> {
    Null,
    Text(&'a [u8]),
    /// What is written into JSON as it stands: a number, a boolean, JSON itself.
    Literal(&'a [u8]),
}

impl Column {
    /// In which form a loader takes its values.
    #[must_use]
    pub fn bulk_form(&self) -> Form {
        match (&self.kind, self.form) {
            (Kind::Minor | Kind::Int { .. }, _) => Form::Integer,
            (Kind::Bits { .. }, _) => Form::Bits,
            (Kind::Any, _) => Form::Any,
            (Kind::Bytes { .. }, _) => Form::Bytes,
            (Kind::Bool, _) => Form::Boolean,
            (Kind::Decimal { .. }, _) => Form::Decimal,
            (Kind::Float, db::Form::Single) => Form::Single,
            (Kind::Float, _) => Form::Real,
            _ => Form::Text,
        }
    }

    /// Reads the word of a file for a loader: the word itself, or what is put into `spare` for it.
    pub fn take<'f>(&self, word: &'f str, spare: &'f mut Vec<u8>) -> Result<&'f [u8], Wrong> {
        if self.is_mask(word) {
            return Err(Wrong::of_mask());
        }
        if self.numeric
            && let Some(wrong) = self.changes(word)
        {
            return Err(wrong);
        }
        if let Some(wrong) = self.rounds(word) {
            return Err(wrong);
        }
        match &self.kind {
            Kind::Text { longest: None } | Kind::Any | Kind::Other => return Ok(word.as_bytes()),
            // No text has more characters than bytes.
            Kind::Text { longest: Some(longest) } if word.len() <= *longest as usize => return Ok(word.as_bytes()),
            Kind::Int { least, most } => {
                let number = word.parse::<i64>().ok().map(i128::from);
                if number.is_some_and(|number| number >= *least && number <= *most) {
                    return Ok(word.as_bytes());
                }
            }
            // A boolean of MySQL's and SQLite's is a number, which may be another.
            Kind::Bool if word.parse::<i8>().is_ok() => return Ok(word.as_bytes()),
            // Not every server has a place for these, and each says so.
            Kind::Float | Kind::Decimal { .. } if is_beyond(word) => return Ok(word.as_bytes()),
            Kind::Float if word.parse::<f64>().is_ok_and(f64::is_finite) => return Ok(word.as_bytes()),
            // Years that our calendar does not have.
            Kind::Date | Kind::Timestamp | Kind::Instant { spelled: false } if is_far(word) => {
                return Ok(word.as_bytes());
            }
            Kind::Timestamp | Kind::Instant { .. } => {
                if let Some(moment) = Moment::cut(word.as_bytes()) {
                    spare.clear();
                    moment.write(spare, self.kind == Kind::Instant { spelled: true });
                    return Ok(spare);
                }
            }
            _ => {}
        }
        spare.clear();
        match self.kind.parse(word)? {
            Value::Bool(value) => spare.extend_from_slice(if value { b"true" } else { b"false" }),
            Value::Int(number) if matches!(self.kind, Kind::Bits { .. }) => {
                spare.extend_from_slice(format!("{number:b}").as_bytes());
            }
            Value::Int(number) => spare.extend_from_slice(number.to_string().as_bytes()),
            Value::Float(number) => spare.extend_from_slice(number.to_string().as_bytes()),
            Value::Text(text) => spare.extend_from_slice(text.as_bytes()),
            Value::Bytes(bytes) => spare.extend_from_slice(&bytes),
            Value::Null => {}
        }
        Ok(spare)
    }

    /// A value that was unloaded, in the neutral form of files and outputs.
    pub fn show<'f>(&self, cell: Cell<'f>, reveal: bool, spare: &'f mut Vec<u8>) -> Shown<'f> {
        if matches!(cell, Cell::Null) {
            return Shown::Null;
        }
        if self.sensitive && !reveal {
            return Shown::Text(MASK.as_bytes());
        }
        spare.clear();
        match (&self.kind, cell) {
            (_, Cell::Null) => Shown::Null,
            (Kind::Bool, Cell::Text(b"t" | b"1") | Cell::Int(1)) => Shown::Literal(b"true"),
            (Kind::Bool, Cell::Text(b"f" | b"0") | Cell::Int(0)) => Shown::Literal(b"false"),
            (Kind::Int { .. }, Cell::Text(digits)) if digits.len() > SAFE_DIGITS => Shown::Text(digits),
            (Kind::Int { .. }, Cell::Text(digits)) => Shown::Literal(digits),
            (Kind::Float, Cell::Text(number)) if std::str::from_utf8(number).is_ok_and(|text| !is_beyond(text)) => {
                Shown::Literal(number)
            }
            (Kind::Minor | Kind::Bits { .. }, Cell::Int(number)) => self.by_value(&Value::Int(number), spare),
            (Kind::Bits { numbers: true, .. }, Cell::Text(digits)) => {
                let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
                number.map_or(Shown::Text(digits), |number| self.by_value(&Value::Int(number), spare))
            }
            (Kind::Timestamp, Cell::Text(moment)) => match Moment::cut(moment) {
                Some(moment) => moment.show(spare, false),
                None => Shown::Text(moment),
            },
            (Kind::Instant { .. }, Cell::Text(moment)) => match Moment::cut(moment) {
                Some(moment) => moment.show(spare, true),
                None => Shown::Text(moment),
            },
            (Kind::Json, Cell::Text(json)) => match serde_json::from_slice::<serde::de::IgnoredAny>(json) {
                Ok(_) => Shown::Literal(json),
                Err(_) => Shown::Text(json),
            },
            (_, Cell::Text(text)) => Shown::Text(text),
            (_, Cell::Bytes(bytes)) => {
                spare.extend_from_slice(b"\\x");
                spare.extend_from_slice(text::hex(bytes).as_bytes());
                Shown::Text(spare)
            }
            (Kind::Decimal { .. }, Cell::Int(number)) => {
                spare.extend_from_slice(number.to_string().as_bytes());
                Shown::Text(spare)
            }
            (_, Cell::Int(number)) => {
                spare.extend_from_slice(number.to_string().as_bytes());
                if spare.len() > SAFE_DIGITS { Shown::Text(spare) } else { Shown::Literal(spare) }
            }
            (kind, Cell::Float(number)) => {
                let shown = float(number);
                spare.extend_from_slice(shown.as_bytes());
                let is_text = *kind == (Kind::Decimal { precision: None, scale: None }) || !number.is_finite();
                if is_text || matches!(kind, Kind::Decimal { .. }) { Shown::Text(spare) } else { Shown::Literal(spare) }
            }
        }
    }

    fn by_value<'f>(&self, value: &Value, spare: &'f mut Vec<u8>) -> Shown<'f> {
        match self.kind.json(value) {
            serde_json::Value::String(text) => {
                spare.extend_from_slice(text.as_bytes());
                Shown::Text(spare)
            }
            other => {
                spare.extend_from_slice(other.to_string().as_bytes());
                Shown::Literal(spare)
            }
        }
    }
}

fn is_beyond(word: &str) -> bool {
    matches!(word, "Infinity" | "-Infinity" | "NaN")
}

/// Before the year 1, or after 9999.
fn is_far(word: &str) -> bool {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    digits >= 4 && word[digits..].starts_with('-') && (digits > 4 || word.ends_with(" BC"))
}

/// As short as it can be, and read as the same.
fn float(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    serde_json::Number::from_f64(number).map_or_else(|| "NaN".into(), |number| number.to_string())
}

/// A date with a time in UTC as servers and files write it: `2026-01-05 09:00:00.5+00`, `2026-01-05T09:00:00.500Z`.
struct Moment<'a> {
    date: &'a [u8],
    time: &'a [u8],
    /// Digits behind the point.
    fraction: &'a [u8],
}

impl<'a> Moment<'a> {
    /// `None`: it is written otherwise, or is no moment.
    fn cut(text: &'a [u8]) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let (between, rest) = rest.split_first()?;
        let (time, rest) = rest.split_at_checked(8)?;
        let number = |digits: &[u8]| -> Option<u32> {
            digits.iter().try_fold(0, |sum, digit| Some(sum * 10 + char::from(*digit).to_digit(10)?))
        };
        let is_shaped =
            date[4] == b'-' && date[7] == b'-' && matches!(between, b'T' | b' ') && time[2] == b':' && time[5] == b':';
        let (year, month, day) = (number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?);
        let (hour, minute, second) = (number(&time[..2])?, number(&time[3..5])?, number(&time[6..])?);
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let is_one = year > 0
            && (1..=12).contains(&month)
            && (1..=days).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        let digits =
            rest.strip_prefix(b".").map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
        let (fraction, zone) = if digits == 0 { (&rest[..0], rest) } else { (&rest[1..=digits], &rest[1 + digits..]) };
        let is_utc = matches!(zone, b"" | b"Z" | b"+00" | b"+00:00");
        (is_shaped && is_one && is_utc && digits <= 6).then_some(Self { date, time, fraction })
    }

    /// As it is bound: SQLite keeps moments as they are spelled everywhere.
    fn write(&self, out: &mut Vec<u8>, spelled: bool) {
        if spelled {
            self.spell(out, true);
            return;
        }
        for part in [self.date, b" ", self.time] {
            out.extend_from_slice(part);
        }
        if !self.fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(self.fraction);
        }
    }

    fn show(&self, spare: &'a mut Vec<u8>, zone: bool) -> Shown<'a> {
        self.spell(spare, zone);
        Shown::Text(spare)
    }

    /// RFC 3339: with a zone all six places, without one three or six, or none.
    fn spell(&self, out: &mut Vec<u8>, zone: bool) {
        for part in [self.date, b"T", self.time] {
            out.extend_from_slice(part);
        }
        let used = self.fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        let places = match used {
            _ if zone => 6,
            0 => 0,
            1..=3 => 3,
            _ => 6,
        };
        if places > 0 {
            out.push(b'.');
            out.extend((0..places).map(|at| self.fraction.get(at).copied().unwrap_or(b'0')));
        }
        if zone {
            out.push(b'Z');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: Kind) -> Column {
        Column {
            name: "c".into(),
            kind,
            form: db::Form::Text,
            type_name: "x".into(),
            nullable: true,
            sensitive: false,
            generated: false,
            counted: false,
            always: false,
            default: None,
            managed: false,
            known: false,
            lower: false,
            numeric: false,
            places: None,
            is_year: false,
        }
    }

    fn taken(kind: Kind, word: &str) -> Result<String, String> {
        let mut spare = Vec::new();
        let column = column(kind);
        let taken = column.take(word, &mut spare);
        taken.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).map_err(|wrong| wrong.message)
    }

    const INSTANT: Kind = Kind::Instant { spelled: false };
    const SPELLED: Kind = Kind::Instant { spelled: true };
    const SHORT: Kind = Kind::Text { longest: Some(2) };
    const BYTE: Kind = Kind::Int { least: -128, most: 127 };
    const MONEY: Kind = Kind::Decimal { precision: Some(10), scale: Some(2) };

    #[test]
    fn words_are_taken_as_loaders_want_them() {
        for (kind, word, expected) in [
            (SHORT, "äö", Ok("äö")),
            (SHORT, "abc", Err("has 3 characters, of 2 at most")),
            (BYTE, "-128", Ok("-128")),
            (BYTE, " 7 ", Ok("7")),
            (BYTE, "128", Err("is not between -128 and 127")),
            (Kind::Bool, "yes", Ok("true")),
            (Kind::Float, "NaN", Ok("NaN")),
            (Kind::Float, "1e300", Ok("1e300")),
            (Kind::Float, "inf", Err("is not a number")),
            (MONEY, "007.5", Ok("7.5")),
            (MONEY, "7.555", Err("has 3 places, of 2 at most")),
            (Kind::Minor, "19.99", Ok("1999")),
            (Kind::Bytes { longest: None }, "\\x4142", Ok("AB")),
            (Kind::Date, "0044-03-15 BC", Ok("0044-03-15 BC")),
            (Kind::Date, "5874897-12-31", Ok("5874897-12-31")),
            (Kind::Date, "Ides of March BC", Err("is not a date, such as `2026-01-05`")),
            (Kind::Timestamp, "2026-01-05T09:00:00.5", Ok("2026-01-05 09:00:00.5")),
            (INSTANT, "2026-01-05T09:00:00Z", Ok("2026-01-05 09:00:00")),
            (INSTANT, "2026-01-05T10:00:00.25+01:00", Ok("2026-01-05 09:00:00.250")),
            (INSTANT, "2026-02-29T10:00:00Z", Err("is not a moment, such as `2026-01-05T09:00:00Z`")),
            (INSTANT, "infinity", Ok("infinity")),
            (SPELLED, "2026-01-05 09:00:00.5+00", Ok("2026-01-05T09:00:00.500000Z")),
            (Kind::Bits { length: Some(4), numbers: true }, "0101", Ok("101")),
            (Kind::Json, "{\"a\": 1.10}", Ok("{\"a\": 1.10}")),
            (Kind::Json, "{", Err("is not JSON")),
        ] {
            assert_eq!(
                taken(kind.clone(), word),
                expected.map(str::to_owned).map_err(str::to_owned),
                "{kind:?} {word}"
            );
        }
    }

    #[test]
    fn values_are_shown_as_everywhere() {
        for (kind, cell, expected) in [
            (Kind::Bool, Cell::Text(b"t"), "true"),
            (Kind::Bool, Cell::Int(0), "false"),
            (BYTE, Cell::Text(b"7"), "7"),
            (BYTE, Cell::Int(9_007_199_254_740_993), "'9007199254740993'"),
            (Kind::Float, Cell::Text(b"-Infinity"), "'-Infinity'"),
            (Kind::Float, Cell::Float(0.1), "0.1"),
            (MONEY, Cell::Text(b"1.50"), "'1.50'"),
            (MONEY, Cell::Float(1.5), "'1.5'"),
            (Kind::Minor, Cell::Int(1_999), "'19.99'"),
            (Kind::Bytes { longest: None }, Cell::Bytes(&[0, 255]), "'\\x00ff'"),
            (Kind::Timestamp, Cell::Text(b"2026-01-05 09:00:00.5"), "'2026-01-05T09:00:00.500'"),
            (Kind::Timestamp, Cell::Text(b"0044-03-15 00:00:00 BC"), "'0044-03-15 00:00:00 BC'"),
            (INSTANT, Cell::Text(b"2026-01-05 09:00:00.5+00"), "'2026-01-05T09:00:00.500000Z'"),
            (Kind::Json, Cell::Text(b"{\"a\":1.10}"), "{\"a\":1.10}"),
            (Kind::Json, Cell::Text(b"no"), "'no'"),
            (Kind::Bits { length: Some(4), numbers: true }, Cell::Text(b"5"), "'0101'"),
            (Kind::Bits { length: Some(4), numbers: false }, Cell::Text(b"0101"), "'0101'"),
            (Kind::Any, Cell::Int(7), "7"),
            (Kind::Any, Cell::Bytes(b"A"), "'\\x41'"),
        ] {
            let mut spare = Vec::new();
            let shown = match column(kind.clone()).show(cell, false, &mut spare) {
                Shown::Null => "-".to_owned(),
                Shown::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
                Shown::Literal(text) => String::from_utf8_lossy(text).into_owned(),
            };
            assert_eq!(shown, expected, "{kind:?} {cell:?}");
        }
    }

    #[test]
    fn what_is_sensitive_is_masked() {
        let secret = Column { sensitive: true, ..column(SHORT) };
        assert_eq!(secret.show(Cell::Text(b"s3cret"), false, &mut Vec::new()), Shown::Text(MASK.as_bytes()));
        assert_eq!(secret.show(Cell::Text(b"s3cret"), true, &mut Vec::new()), Shown::Text(b"s3cret"));
        assert_eq!(secret.show(Cell::Null, false, &mut Vec::new()), Shown::Null);
    }
}
