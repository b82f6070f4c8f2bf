//! What a column holds, and its values as people write them: text and JSON in, values to bind out, and back.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Timelike as _};
use serde_json::Value as Json;

use super::number;
use crate::catalog::Type;
use crate::db::Value;
use crate::db::types::Money;
use crate::text;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int {
        least: i128,
        most: i128,
    },
    Float,
    Decimal {
        precision: Option<u16>,
        scale: Option<i16>,
    },
    /// An amount that is stored in minor units.
    Minor,
    Text {
        longest: Option<u32>,
    },
    Bytes {
        longest: Option<u32>,
    },
    Date,
    /// Without a zone.
    Timestamp,
    /// `spelled`: kept as the text of RFC 3339 in UTC, whose order is that of the moments.
    Instant {
        spelled: bool,
    },
    Uuid,
    Json,
    /// Digits 0 and 1; `numbers`: as the number that they are.
    Bits {
        length: Option<u32>,
        numbers: bool,
    },
    /// One of these words.
    Choice(Vec<String>),
    /// Whatever is put in: SQLite.
    Any,
    /// As the server reads and writes it.
    Other,
}

/// Why a value is none of a column: to be read behind the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub message: String,
    pub hint: Option<String>,
}

impl Wrong {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// Bytes that are no text.
    #[must_use]
    pub fn of_bytes() -> Self {
        Self::new("is not UTF-8")
    }

    /// The mask of a sensitive value, which would take the place of the value itself.
    pub(super) fn of_mask() -> Self {
        Self::new("is what stands for a masked value, and none itself")
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// RFC 3339 with six places and `Z`.
const SPELLED: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

/// Whole numbers up to this are numbers in JSON everywhere; others are text there.
const SAFE: u64 = 1 << 53;

impl Kind {
    /// By the type of a column. `numbers`: the backend reads bit strings as numbers.
    #[must_use]
    pub fn of(column: &Type, numbers: bool) -> Self {
        match column {
            Type::Boolean => Kind::Bool,
            Type::Integer { bits, unsigned } => {
                let most = |bits: u32| (1_i128 << bits) - 1;
                let bits = u32::from(*bits);
                if *unsigned {
                    Kind::Int { least: 0, most: most(bits) }
                } else {
                    Kind::Int { least: -1 - most(bits - 1), most: most(bits - 1) }
                }
            }
            Type::Float { .. } => Kind::Float,
            Type::Decimal { precision, scale } => Kind::Decimal { precision: *precision, scale: *scale },
            Type::Text { length, .. } => Kind::Text { longest: *length },
            Type::Bytes { length } => Kind::Bytes { longest: *length },
            Type::Date => Kind::Date,
            Type::Timestamp => Kind::Timestamp,
            Type::Instant => Kind::Instant { spelled: false },
            Type::Uuid => Kind::Uuid,
            Type::Json => Kind::Json,
            Type::Bits { length } => Kind::Bits { length: *length, numbers },
            Type::Enum { values, .. } if !values.is_empty() => Kind::Choice(values.clone()),
            Type::Any => Kind::Any,
            _ => Kind::Other,
        }
    }

    /// What it is, for an error.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Bool => "`true` or `false`",
            Kind::Int { .. } => "a whole number",
            Kind::Float => "a number",
            Kind::Decimal { .. } => "a decimal number",
            Kind::Minor => "an amount with at most two places, such as `19.99`",
            Kind::Text { .. } | Kind::Any | Kind::Other => "text",
            Kind::Bytes { .. } => "bytes in hexadecimal, such as `\\x00ff`",
            Kind::Date => "a date, such as `2026-01-05`",
            Kind::Timestamp => "a date with a time, such as `2026-01-05T09:00:00`",
            Kind::Instant { .. } => "a moment, such as `2026-01-05T09:00:00Z`",
            Kind::Uuid => "a UUID",
            Kind::Json => "JSON",
            Kind::Bits { .. } => "digits 0 and 1",
            Kind::Choice(_) => "one of its words",
        }
    }

    fn no(&self) -> Wrong {
        Wrong::new(format!("is not {}", self.name()))
    }

    /// Reads a value as a person types it.
    pub fn parse(&self, word: &str) -> Result<Value, Wrong> {
        let trimmed = word.trim();
        Ok(match self {
            Kind::Bool => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "1" => Value::Bool(true),
                "false" | "f" | "no" | "0" => Value::Bool(false),
                _ => return Err(self.no()),
            },
            Kind::Int { least, most } => {
                let number: i128 = trimmed.parse().map_err(|_| self.no())?;
                if number < *least || number > *most {
                    return Err(Wrong::new(format!("is not between {least} and {most}")));
                }
                i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int)
            }
            Kind::Float => {
                let number: f64 = trimmed.parse().map_err(|_| self.no())?;
                if !number.is_finite() {
                    return Err(self.no());
                }
                Value::Float(number)
            }
            Kind::Decimal { precision, scale } => Value::Text(self.decimal(trimmed, *precision, *scale)?),
            Kind::Minor => {
                let amount = trimmed.parse().ok().and_then(Money::new).and_then(Money::minor);
                Value::Int(amount.ok_or_else(|| self.no())?)
            }
            Kind::Text { longest } => {
                let characters = word.chars().count();
                if longest.is_some_and(|longest| characters > longest as usize) {
                    let longest = longest.unwrap_or_default();
                    return Err(Wrong::new(format!("has {characters} characters, of {longest} at most")));
                }
                Value::text(word)
            }
            Kind::Bytes { longest } => {
                let digits = trimmed.strip_prefix("\\x").or_else(|| trimmed.strip_prefix("0x")).unwrap_or(trimmed);
                let bytes = text::unhex(digits).ok_or_else(|| self.no())?;
                if longest.is_some_and(|longest| bytes.len() > longest as usize) {
                    return Err(Wrong::new(format!("is longer than {} bytes", longest.unwrap_or_default())));
                }
                Value::Bytes(bytes)
            }
            Kind::Date => match trimmed {
                "infinity" | "-infinity" => Value::text(trimmed),
                _ => Value::Text(trimmed.parse::<NaiveDate>().map_err(|_| self.no())?.to_string()),
            },
            Kind::Timestamp => match trimmed {
                "infinity" | "-infinity" => Value::text(trimmed),
                _ => Value::Text(naive(trimmed).ok_or_else(|| self.no())?.format("%Y-%m-%d %H:%M:%S%.f").to_string()),
            },
            Kind::Instant { spelled } => match trimmed {
                "infinity" | "-infinity" => Value::text(trimmed),
                _ => {
                    let form = if *spelled { SPELLED } else { "%Y-%m-%d %H:%M:%S%.f" };
                    Value::Text(moment(trimmed).ok_or_else(|| self.no())?.format(form).to_string())
                }
            },
            Kind::Uuid => Value::Text(uuid::Uuid::parse_str(trimmed).map_err(|_| self.no())?.to_string()),
            Kind::Json => {
                serde_json::from_str::<serde::de::IgnoredAny>(word).map_err(|_| self.no())?;
                Value::text(word)
            }
            Kind::Bits { length, numbers } => {
                let is_bits = trimmed.chars().all(|c| matches!(c, '0' | '1'));
                if !is_bits || length.is_some_and(|length| trimmed.len() > length as usize) {
                    return Err(self.no());
                }
                if !*numbers {
                    return Ok(Value::text(trimmed));
                }
                let number = u64::from_str_radix(trimmed, 2).map_err(|_| self.no())?;
                i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int)
            }
            Kind::Choice(words) => {
                if !words.iter().any(|one| one == word) {
                    let listed = text::listed(words.iter().map(|one| format!("`{one}`")));
                    let hint = text::did_you_mean(word, words.iter().map(String::as_str));
                    return Err(Wrong { message: format!("is none of {listed}"), hint });
                }
                Value::text(word)
            }
            // A number where it is written as SQLite would write it, so that it is found again.
            Kind::Any => match word.parse::<i64>() {
                Ok(number) if number.to_string() == word => Value::Int(number),
                _ => Value::text(word),
            },
            Kind::Other => Value::text(word),
        })
    }

    /// The digits of a decimal. More places than the column has would be rounded away in silence.
    fn decimal(&self, word: &str, precision: Option<u16>, scale: Option<i16>) -> Result<String, Wrong> {
        let (sign, digits) = match word.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", word.strip_prefix('+').unwrap_or(word)),
        };
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && places.is_empty()) || !are_digits(whole) || !are_digits(places) {
            return Err(self.no());
        }
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        let used = places.trim_end_matches('0').len();
        // PostgreSQL's numeric(5, -2) has hundreds.
        let zeros = usize::from(scale.unwrap_or_default().min(0).unsigned_abs());
        if zeros > 0 && (used > 0 || (whole != "0" && whole.len() - whole.trim_end_matches('0').len() < zeros)) {
            return Err(Wrong::new(format!("is no multiple of 1{}", "0".repeat(zeros))));
        }
        if let Some(scale) = scale.and_then(|scale| usize::try_from(scale).ok()) {
            if used > scale {
                return Err(Wrong::new(format!("has {}, of {scale} at most", text::count(used, "place"))));
            }
            let room = usize::from(precision.unwrap_or(u16::MAX)).saturating_sub(scale);
            if whole != "0" && whole.len() > room {
                return Err(Wrong::new(format!(
                    "has {} before the point, of {room} at most",
                    text::count(whole.len(), "digit")
                )));
            }
        }
        Ok(if places.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{places}") })
    }

    /// Reads a value of a JSON document. NULL is never asked for.
    pub fn parse_json(&self, json: &Json) -> Result<Value, Wrong> {
        match (self, json) {
            (_, Json::Null) => Ok(Value::Null),
            (Kind::Json, json) => Ok(Value::Text(json.to_string())),
            (Kind::Any, Json::Bool(value)) => Ok(Value::Int((*value).into())),
            (Kind::Any, Json::Number(number)) => Ok(match number.as_i64() {
                Some(number) => Value::Int(number),
                None => Value::Float(number.as_f64().unwrap_or_default()),
            }),
            (Kind::Any, Json::String(text)) => Ok(Value::text(text)),
            (_, Json::String(text)) => self.parse(text),
            (Kind::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
            // 5.0, 1e3
            (Kind::Int { .. }, Json::Number(number)) if number.is_f64() => {
                let plain = number::plain(&number.to_string());
                self.parse(&plain.ok_or_else(|| self.no())?)
            }
            (
                Kind::Int { .. } | Kind::Float | Kind::Decimal { .. } | Kind::Minor | Kind::Other | Kind::Bits { .. },
                Json::Number(number),
            ) => self.parse(&number.to_string()),
            (Kind::Other, json) => Ok(Value::Text(json.to_string())),
            _ => Err(self.no()),
        }
    }

    /// A value of the database in JSON: the neutral form of records, files and outputs.
    #[must_use]
    pub fn json(&self, value: &Value) -> Json {
        match (self, value) {
            (_, Value::Null) => Json::Null,
            (_, Value::Bool(value)) => Json::Bool(*value),
            (Kind::Minor, Value::Int(units)) => Money::from_minor(*units).to_string().into(),
            (Kind::Bool, Value::Int(number @ (0 | 1))) => Json::Bool(*number == 1),
            (Kind::Bits { length, numbers: true }, Value::Int(number)) => {
                let width = length.unwrap_or(1) as usize;
                format!("{number:0width$b}").into()
            }
            (Kind::Decimal { .. }, Value::Int(number)) => number.to_string().into(),
            (Kind::Decimal { .. }, Value::Float(number)) => number.to_string().into(),
            (Kind::Int { .. }, Value::Text(text)) => text.parse().map_or_else(|_| text.clone().into(), whole),
            (_, Value::Int(number)) => whole(*number),
            (_, Value::Float(number)) => {
                serde_json::Number::from_f64(*number).map_or_else(|| number.to_string().into(), Json::Number)
            }
            (Kind::Json, Value::Text(text)) => {
                serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.clone()))
            }
            (Kind::Timestamp, Value::Text(text)) => {
                naive(text).map_or_else(|| text.clone(), |time| time.format("%Y-%m-%dT%H:%M:%S%.f").to_string()).into()
            }
            (Kind::Instant { .. }, Value::Text(text)) => {
                moment(text).map_or_else(|| text.clone(), |time| time.format(SPELLED).to_string()).into()
            }
            (_, Value::Text(text)) => Json::String(text.clone()),
            (_, Value::Bytes(bytes)) => format!("\\x{}", text::hex(bytes)).into(),
        }
    }
}

fn whole(number: i64) -> Json {
    if number.unsigned_abs() > SAFE { number.to_string().into() } else { number.into() }
}

/// A date with a time, as people and servers write it; without a time it is midnight.
fn naive(text: &str) -> Option<NaiveDateTime> {
    let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let parsed = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    parsed.or_else(|| text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)).filter(is_written)
}

/// Whether a moment can be written so that everyone reads it: no 61st second, which a server takes for the next minute, and four
/// digits for its year.
fn is_written(moment: &NaiveDateTime) -> bool {
    moment.nanosecond() < 1_000_000_000 && (0..=9999).contains(&moment.year())
}

/// A moment; without an offset it is UTC, as sessions are.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let with_offset = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z"];
    let parsed = DateTime::parse_from_rfc3339(text).ok();
    let parsed = parsed.or_else(|| with_offset.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()));
    parsed.map(|time| time.naive_utc()).filter(is_written).or_else(|| naive(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn int(bits: u8) -> Kind {
        Kind::of(&Type::integer(bits), false)
    }

    const MONEY: Kind = Kind::Decimal { precision: Some(10), scale: Some(2) };

    #[test]
    fn words_become_values() {
        for (kind, word, value) in [
            (Kind::Bool, "yes", Value::Bool(true)),
            (int(16), "-32768", Value::Int(-32_768)),
            (
                Kind::of(&Type::Integer { bits: 64, unsigned: true }, false),
                "18446744073709551615",
                Value::text("18446744073709551615"),
            ),
            (Kind::Float, "1e3", Value::Float(1_000.0)),
            (MONEY, "+007.50", Value::text("7.50")),
            (MONEY, "-.5", Value::text("-0.5")),
            (MONEY, "1.5000", Value::text("1.5000")),
            (Kind::Minor, "19.99", Value::Int(1_999)),
            (Kind::Text { longest: Some(2) }, " ä", Value::text(" ä")),
            (Kind::Bytes { longest: None }, "\\x00ff", Value::Bytes(vec![0, 255])),
            (Kind::Bytes { longest: None }, "", Value::Bytes(vec![])),
            (Kind::Date, "2026-01-05", Value::text("2026-01-05")),
            (Kind::Timestamp, "2026-01-05T09:00", Value::text("2026-01-05 09:00:00")),
            (Kind::Instant { spelled: false }, "2026-01-05T10:00:00.5+01:00", Value::text("2026-01-05 09:00:00.500")),
            (Kind::Instant { spelled: true }, "2026-01-05", Value::text("2026-01-05T00:00:00.000000Z")),
            (Kind::Uuid, "0198C5A2-7B3E-7C4D-9E5F-6A7B8C9D0E1F", Value::text("0198c5a2-7b3e-7c4d-9e5f-6a7b8c9d0e1f")),
            (Kind::Bits { length: Some(3), numbers: true }, "101", Value::Int(5)),
            (Kind::Any, "7", Value::Int(7)),
            (Kind::Any, "007", Value::text("007")),
            (Kind::Choice(vec!["paid".into()]), "paid", Value::text("paid")),
        ] {
            assert_eq!(kind.parse(word), Ok(value), "{kind:?} {word}");
        }
    }

    #[test]
    fn what_is_no_value_says_why() {
        for (kind, word, why) in [
            (Kind::Bool, "maybe", "is not `true` or `false`"),
            (int(16), "32768", "is not between -32768 and 32767"),
            (int(16), "1.5", "is not a whole number"),
            (Kind::Float, "NaN", "is not a number"),
            (MONEY, "1.001", "has 3 places, of 2 at most"),
            (MONEY, "123456789", "has 9 digits before the point, of 8 at most"),
            (Kind::Decimal { precision: Some(5), scale: Some(-2) }, "1250", "is no multiple of 100"),
            (MONEY, "1e3", "is not a decimal number"),
            (MONEY, ".", "is not a decimal number"),
            (Kind::Minor, "1.001", "is not an amount with at most two places, such as `19.99`"),
            (Kind::Text { longest: Some(2) }, "abc", "has 3 characters, of 2 at most"),
            (Kind::Bytes { longest: Some(1) }, "0102", "is longer than 1 bytes"),
            (Kind::Bytes { longest: None }, "é0", "is not bytes in hexadecimal, such as `\\x00ff`"),
            (Kind::Date, "2026-02-30", "is not a date, such as `2026-01-05`"),
            (Kind::Json, "{", "is not JSON"),
            (Kind::Bits { length: Some(1), numbers: false }, "10", "is not digits 0 and 1"),
            (Kind::Choice(vec!["paid".into()]), "payd", "is none of `paid`"),
        ] {
            assert_eq!(kind.parse(word).map_err(|wrong| wrong.message), Err(why.to_owned()), "{kind:?} {word}");
        }
    }

    #[test]
    fn json_goes_in_and_comes_out() {
        for (kind, json) in [
            (Kind::Bool, json!(true)),
            (int(64), json!(7)),
            (int(64), json!("9223372036854775807")),
            (Kind::Float, json!(0.5)),
            (MONEY, json!("19.90")),
            (Kind::Minor, json!("19.90")),
            (Kind::Text { longest: None }, json!("a\u{0}b")),
            (Kind::Bytes { longest: None }, json!("\\x00")),
            (Kind::Date, json!("2026-01-05")),
            (Kind::Timestamp, json!("2026-01-05T09:00:00.125")),
            (Kind::Instant { spelled: true }, json!("2026-01-05T09:00:00.125000Z")),
            (Kind::Json, json!({ "a": [1, null] })),
            (Kind::Bits { length: Some(4), numbers: true }, json!("0101")),
            (Kind::Any, json!(1.5)),
            (Kind::Any, json!("7")),
        ] {
            let value = kind.parse_json(&json).unwrap();
            assert_eq!(kind.json(&value), json, "{kind:?} {value:?}");
        }
        assert_eq!(Kind::Json.parse_json(&Json::Null), Ok(Value::Null));
        assert_eq!(int(8).parse_json(&json!(5.0)), Ok(Value::Int(5)));
        assert_eq!(int(64).parse_json(&json!(1e3)), Ok(Value::Int(1_000)));
        assert!(int(64).parse_json(&json!(1e99)).is_err());
        assert_eq!(MONEY.parse_json(&json!(1.5e3)), Ok(Value::text("1500.0")));
        assert!(int(8).parse_json(&json!(5.5)).is_err());
        assert!(int(8).parse_json(&json!([5])).is_err());
        for word in
            ["9999-12-31T23:59:60Z", "2016-12-31 23:59:60", "0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"]
        {
            assert!(Kind::Instant { spelled: false }.parse(word).is_err(), "{word}");
        }
        assert_eq!(MONEY.json(&Value::Float(1.5)), json!("1.5"));
    }
}
