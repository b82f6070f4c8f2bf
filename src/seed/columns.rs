//! What a column takes: a value in its one neutral form, from the literal of a file and from what the database gives, and back
//! into what is bound. The model says what a column means where the table has one, else the type of the column does.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use super::source::Expression;
use crate::catalog::{self, Type};
use crate::db::types::Money;
use crate::db::{self, Dialect};
use crate::entities::{Field, Meaning};
use crate::text;

/// A column, with what is known of its meaning.
#[derive(Debug, Clone, Copy)]
pub struct Column<'c> {
    pub catalog: &'c catalog::Column,
    pub field: Option<&'static Field>,
    /// Its values are never shown.
    pub sensitive: bool,
}

/// Moments with six places, as models write them.
const MOMENT: &str = "%Y-%m-%dT%H:%M:%S%.6f";

impl<'c> Column<'c> {
    #[must_use]
    pub fn name(&self) -> &'c str {
        &self.catalog.name
    }

    /// Whether a row may leave it out.
    #[must_use]
    pub fn may_be_left_out(&self) -> bool {
        let column = self.catalog;
        column.nullable || column.default.is_some() || column.identity.is_some() || column.generated.is_some()
    }

    /// Whether it can hold a UUID that is made here.
    #[must_use]
    pub fn takes_ids(&self) -> bool {
        match &self.catalog.neutral {
            Type::Uuid => true,
            Type::Text { length, .. } => length.is_none_or(|length| length >= 36) && self.catalog.identity.is_none(),
            _ => false,
        }
    }

    /// A literal in neutral form; an error says why it is none, to be read behind the column's name.
    pub fn literal(&self, literal: &Expression) -> Result<Value, String> {
        let is_text = matches!(self.catalog.neutral, Type::Text { .. } | Type::Enum { .. } | Type::Set { .. });
        let means_text = self.field.map_or(is_text, |field| {
            matches!(field.meaning, Meaning::Id | Meaning::Text | Meaning::Email | Meaning::Password)
        });
        let value = match literal {
            Expression::Null => Value::Null,
            Expression::Bool(bool) => Value::Bool(*bool),
            Expression::Number(number) if means_text => {
                return Err(format!("takes text, and `{number}` is a number: put it in quotes"));
            }
            // As it was written: a decimal is no float.
            Expression::Number(number) => Value::String(number.replace('_', "")),
            Expression::Text(text) | Expression::Moment(text) => Value::String(text.clone()),
            Expression::Json(_) if !self.is_json() => {
                return Err("takes one value, and this is a list or a table".into());
            }
            Expression::Json(json) => json.clone(),
            _ => return Err("takes a literal here".into()),
        };
        let number = matches!(literal, Expression::Number(_));
        self.value(if self.is_json() && number { number_of(&value) } else { value })
    }

    /// Whether it holds documents.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.field.map_or(self.catalog.neutral == Type::Json, |field| field.meaning == Meaning::Json)
    }

    /// A value in neutral form, checked.
    pub fn value(&self, value: Value) -> Result<Value, String> {
        if let Some(field) = self.field {
            let normal = field.normal(&value).map_err(|broken| broken.message)?;
            let mut broken = Vec::new();
            field.check(&normal, &mut broken);
            return match broken.first() {
                None => Ok(normal),
                Some(_) => Err(broken.into_iter().map(|broken| broken.message).collect::<Vec<_>>().join(", and ")),
            };
        }
        if value.is_null() {
            return if self.catalog.nullable { Ok(value) } else { Err("may not be NULL".into()) };
        }
        self.by_type(value)
    }

    fn by_type(&self, value: Value) -> Result<Value, String> {
        let spelled = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let spelled = spelled.trim();
        let shown = if self.sensitive { "this value".to_owned() } else { format!("`{}`", text::shorten(spelled, 60)) };
        let wants = |what: &str| format!("takes {what}, and {shown} is none");
        match &self.catalog.neutral {
            Type::Boolean => match spelled {
                "true" | "t" | "1" => Ok(true.into()),
                "false" | "f" | "0" => Ok(false.into()),
                _ => Err(wants("`true` or `false`")),
            },
            Type::Integer { bits, unsigned } => {
                let number: i128 = spelled.parse().map_err(|_| wants("a whole number"))?;
                let (low, high) = match (unsigned, bits) {
                    (true, bits) => (0, (1_i128 << bits) - 1),
                    (false, bits) => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
                };
                if number < low || number > high {
                    return Err(format!("takes numbers from {low} to {high}, and not {shown}"));
                }
                Ok(integer(number))
            }
            Type::Year => spelled.parse::<i64>().map(Value::from).map_err(|_| wants("a year")),
            Type::Float { .. } => spelled.parse::<f64>().map(Value::from).map_err(|_| wants("a number")),
            Type::Decimal { precision, scale } => {
                let number = decimal(spelled).ok_or_else(|| wants("a decimal number"))?;
                let number = number.normalize();
                let places = scale.and_then(|scale| u32::try_from(scale).ok());
                if let Some(places) = places.filter(|places| number.scale() > *places) {
                    return Err(format!(
                        "takes {} behind the point, and {shown} has {}",
                        text::count(places as usize, "place"),
                        number.scale()
                    ));
                }
                let whole = number.trunc().mantissa().unsigned_abs().checked_ilog10().map_or(0, |log| log + 1);
                let room = precision.map(|precision| u32::from(precision).saturating_sub(places.unwrap_or(0)));
                if let Some(room) = room.filter(|room| whole > *room) {
                    return Err(format!(
                        "takes {} before the point, and {shown} has {whole}",
                        text::count(room as usize, "digit")
                    ));
                }
                Ok(Value::String(written(number, places)))
            }
            Type::Text { length, fixed } => {
                let Value::String(text) = value else {
                    return Err(format!("takes text, and {shown} is none: put it in quotes"));
                };
                let characters = text.chars().count();
                match length.filter(|length| characters > *length as usize) {
                    Some(length) => Err(format!(
                        "takes {}, and {shown} has {characters}",
                        text::count(length as usize, "character")
                    )),
                    None if *fixed => Ok(Value::String(text.trim_end_matches(' ').to_owned())),
                    None => Ok(Value::String(text)),
                }
            }
            Type::Bytes { .. } => {
                let hex = spelled.strip_prefix("\\x").or_else(|| spelled.strip_prefix("0x")).and_then(text::unhex);
                let bytes = hex.ok_or_else(|| wants("bytes: `0x…`, or `{ file = … }`"))?;
                Ok(Value::String(format!("0x{}", text::hex(&bytes))))
            }
            Type::Date => {
                date(spelled).map(|date| date.to_string().into()).ok_or_else(|| wants("a date such as `2026-01-05`"))
            }
            Type::Time => {
                let form = |form| NaiveTime::parse_from_str(spelled, form).ok();
                let time =
                    form("%H:%M:%S%.f").or_else(|| form("%H:%M")).ok_or_else(|| wants("a time such as `09:30:00`"))?;
                Ok(time.format("%H:%M:%S%.6f").to_string().into())
            }
            Type::Timestamp => {
                let moment = moment(spelled).ok_or_else(|| wants("a moment such as `2026-01-05T09:00:00`"))?;
                Ok(moment.naive_utc().format(MOMENT).to_string().into())
            }
            Type::Instant => {
                let moment = moment(spelled).ok_or_else(|| wants("a moment such as `2026-01-05T09:00:00Z`"))?;
                Ok(format!("{}Z", moment.naive_utc().format(MOMENT)).into())
            }
            Type::Uuid => {
                let id = uuid::Uuid::try_parse(spelled).map_err(|_| wants("a UUID"))?;
                Ok(id.to_string().into())
            }
            Type::Enum { values, .. } if !values.is_empty() => {
                if values.iter().any(|word| word == spelled) {
                    return Ok(spelled.into());
                }
                let words = text::listed(values.iter().map(|word| format!("`{word}`")));
                Err(format!("takes one of {words}, and not {shown}"))
            }
            Type::Json => Ok(value),
            _ => Ok(Value::String(spelled.to_owned())),
        }
    }

    /// What the database gave, in neutral form.
    #[must_use]
    pub fn stored(&self, value: &db::Value) -> Value {
        use db::Value as Given;
        let plain = match value {
            Given::Null => return Value::Null,
            Given::Bool(bool) => Value::Bool(*bool),
            Given::Int(number) => integer(i128::from(*number)),
            Given::Float(number) => Value::from(*number),
            Given::Text(text) => Value::String(text.clone()),
            Given::Bytes(bytes) => Value::String(format!("0x{}", text::hex(bytes))),
        };
        if self.is_minor() {
            return value.as_int().map_or(plain, |minor| Money::from_minor(minor).to_string().into());
        }
        if self.is_json() {
            return plain.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(plain);
        }
        if self.field.is_some_and(|field| field.meaning == Meaning::Instant) {
            // Each database has a form of its own for them.
            let moment = plain.as_str().and_then(moment);
            return moment.map_or(plain, |moment| format!("{}Z", moment.naive_utc().format(MOMENT)).into());
        }
        // What is stored need not keep the rules of today: then it is shown as it is.
        let normal = match self.field {
            Some(field) => field.normal(&plain).ok(),
            None => self.by_type(plain.clone()).ok(),
        };
        normal.unwrap_or(plain)
    }

    /// Money in whole cents.
    fn is_minor(&self) -> bool {
        self.field.is_some_and(|field| field.meaning == Meaning::Money)
            && matches!(self.catalog.neutral, Type::Integer { .. })
    }

    /// The text that the database reads as this value; `None` is NULL.
    #[must_use]
    pub fn text(&self, value: &Value, dialect: &dyn Dialect) -> Option<String> {
        let text = match value {
            Value::Null => return None,
            _ if self.is_json() => return Some(value.to_string()),
            Value::String(text) => text.clone(),
            Value::Bool(bool) => return Some(if *bool { "1" } else { "0" }.into()),
            other => other.to_string(),
        };
        if self.is_minor() {
            let minor = text.parse::<Money>().ok().and_then(Money::minor);
            return Some(minor.map_or(text, |minor| minor.to_string()));
        }
        Some(match &self.catalog.neutral {
            // A column without a zone, in UTC.
            Type::Timestamp => text.trim_end_matches('Z').to_owned(),
            Type::Instant => dialect.instant_text(&text),
            _ => text,
        })
    }

    /// The same to be bound.
    #[must_use]
    pub fn bound(&self, value: &Value, dialect: &dyn Dialect) -> db::Value {
        let Some(text) = self.text(value, dialect) else { return db::Value::Null };
        match (&self.catalog.neutral, value) {
            (Type::Boolean, _) => db::Value::Bool(text == "1"),
            (Type::Integer { .. } | Type::Year, _) => text.parse().map_or(db::Value::Text(text), db::Value::Int),
            (Type::Float { .. }, _) => text.parse().map_or(db::Value::Text(text), db::Value::Float),
            (Type::Bytes { .. }, _) => {
                let bytes = text.strip_prefix("0x").and_then(text::unhex);
                bytes.map_or(db::Value::Text(text), db::Value::Bytes)
            }
            _ => db::Value::Text(text),
        }
    }

    /// How its values come to the bulk loader.
    #[must_use]
    pub fn form(&self) -> db::bulk::Form {
        use db::bulk::Form;
        match self.catalog.neutral {
            Type::Boolean => Form::Boolean,
            Type::Integer { .. } | Type::Year => Form::Integer,
            Type::Float { bits: 32 } => Form::Single,
            Type::Float { .. } => Form::Real,
            Type::Decimal { .. } => Form::Decimal,
            Type::Bits { .. } => Form::Bits,
            Type::Bytes { .. } => Form::Bytes,
            _ => Form::Text,
        }
    }

    /// The bytes of a value for the bulk loader.
    #[must_use]
    pub fn bytes(&self, value: &Value, dialect: &dyn Dialect) -> Option<Vec<u8>> {
        let text = self.text(value, dialect)?;
        match self.catalog.neutral {
            Type::Bytes { .. } => text.strip_prefix("0x").and_then(text::unhex),
            _ => None,
        }
        .or(Some(text.into_bytes()))
    }

    /// A value as it is shown.
    #[must_use]
    pub fn shown(&self, value: &Value) -> String {
        match value {
            Value::Null => "NULL".into(),
            _ if self.sensitive => crate::secret::MASK.into(),
            Value::String(text) => text::shorten(&text.replace('\n', "\\n"), 60),
            other => text::shorten(&other.to_string(), 60),
        }
    }
}

fn integer(number: i128) -> Value {
    match (i64::try_from(number), u64::try_from(number)) {
        (Ok(number), _) => number.into(),
        (_, Ok(number)) => number.into(),
        _ => number.to_string().into(),
    }
}

fn number_of(value: &Value) -> Value {
    value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}

fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// With all the places that the column has.
fn written(number: Decimal, places: Option<u32>) -> String {
    match places {
        Some(places) => format!("{number:.*}", places as usize),
        None => number.to_string(),
    }
}

fn date(text: &str) -> Option<NaiveDate> {
    // A moment's date, where the database gives one.
    text.get(..10).filter(|_| text.len() == 10 || text.ends_with("00:00:00")).and_then(|date| date.parse().ok())
}

/// With an offset or without one, which is UTC. A 61st second is none: some servers take it for the next minute.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    spelled_moment(text).filter(|moment| moment.nanosecond() < 1_000_000_000)
}

fn spelled_moment(text: &str) -> Option<DateTime<Utc>> {
    let spaced = text.replacen('T', " ", 1);
    let with_offset = |form| DateTime::parse_from_str(&spaced, form).ok().map(|moment| moment.to_utc());
    let naive = |form| NaiveDateTime::parse_from_str(&spaced, form).ok().map(|moment| moment.and_utc());
    let spelled = spaced.strip_suffix(['Z', 'z']).map(|bare| format!("{bare}+00:00"));
    if let Some(spelled) = spelled {
        return DateTime::parse_from_str(&spelled, "%Y-%m-%d %H:%M:%S%.f%:z").ok().map(|moment| moment.to_utc());
    }
    with_offset("%Y-%m-%d %H:%M:%S%.f%:z")
        // PostgreSQL leaves out minutes that are none.
        .or_else(|| with_offset("%Y-%m-%d %H:%M:%S%.f%#z"))
        .or_else(|| naive("%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|| {
            text.parse::<NaiveDate>().ok().and_then(|date| date.and_hms_opt(0, 0, 0)).map(|moment| moment.and_utc())
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken(neutral: Type, literal: &Expression) -> Result<Value, String> {
        let catalog = catalog::Column::new("a", "whatever", neutral);
        Column { catalog: &catalog, field: None, sensitive: false }.literal(literal)
    }

    fn number(text: &str) -> Expression {
        Expression::Number(text.into())
    }

    fn words(text: &str) -> Expression {
        Expression::Text(text.into())
    }

    #[test]
    fn literals_take_the_form_of_their_column() {
        let decimal = || Type::Decimal { precision: Some(6), scale: Some(2) };
        for (neutral, literal, expected) in [
            (Type::Boolean, Expression::Bool(true), json!(true)),
            (Type::integer(32), number("-7"), json!(-7)),
            (Type::Integer { bits: 64, unsigned: true }, number("18446744073709551615"), json!(u64::MAX)),
            (decimal(), number("19.9"), json!("19.90")),
            (decimal(), words("20"), json!("20.00")),
            (Type::varchar(3), words("äöü"), json!("äöü")),
            (Type::Date, Expression::Moment("2026-01-05".into()), json!("2026-01-05")),
            (
                Type::Instant,
                Expression::Moment("2026-01-05T10:00:00+01:00".into()),
                json!("2026-01-05T09:00:00.000000Z"),
            ),
            (Type::Timestamp, Expression::Moment("2026-01-05 10:00:00.5".into()), json!("2026-01-05T10:00:00.500000")),
            (Type::Json, Expression::Json(json!({"a": [1]})), json!({"a": [1]})),
            (Type::Json, number("1.5"), json!(1.5)),
            (Type::Bytes { length: None }, words("0xFF00"), json!("0xff00")),
            (Type::Text { length: None, fixed: false }, Expression::Null, Value::Null),
        ] {
            assert_eq!(taken(neutral.clone(), &literal), Ok(expected), "{neutral:?} {literal:?}");
        }
    }

    #[test]
    fn wrong_literals_are_refused_in_words() {
        for (neutral, literal, expected) in [
            (Type::integer(16), number("40000"), "takes numbers from -32768 to 32767, and not `40000`"),
            (Type::integer(16), number("1.5"), "takes a whole number, and `1.5` is none"),
            (
                Type::Decimal { precision: Some(4), scale: Some(2) },
                number("1.234"),
                "takes 2 places behind the point, and `1.234` has 3",
            ),
            (
                Type::Decimal { precision: Some(4), scale: Some(2) },
                number("100"),
                "takes 2 digits before the point, and `100` has 3",
            ),
            (Type::varchar(2), words("abc"), "takes 2 characters, and `abc` has 3"),
            (Type::text(), number("7"), "takes text, and `7` is a number: put it in quotes"),
            (Type::Boolean, words("maybe"), "takes `true` or `false`, and `maybe` is none"),
            (Type::Instant, words("soon"), "takes a moment such as `2026-01-05T09:00:00Z`, and `soon` is none"),
            (
                Type::Instant,
                words("2016-12-31T23:59:60Z"),
                "takes a moment such as `2026-01-05T09:00:00Z`, and `2016-12-31T23:59:60Z` is none",
            ),
            (Type::Uuid, words("alice"), "takes a UUID, and `alice` is none"),
            (Type::integer(32), Expression::Json(json!([1])), "takes one value, and this is a list or a table"),
        ] {
            assert_eq!(taken(neutral.clone(), &literal), Err(expected.to_owned()), "{neutral:?} {literal:?}");
        }
    }

    #[test]
    fn what_databases_give_is_the_same() {
        let stored = |neutral: Type, value: db::Value| {
            let catalog = catalog::Column::new("a", "whatever", neutral);
            Column { catalog: &catalog, field: None, sensitive: false }.stored(&value)
        };
        let text = |text: &str| db::Value::Text(text.into());
        assert_eq!(stored(Type::Boolean, db::Value::Int(1)), json!(true));
        assert_eq!(stored(Type::Decimal { precision: Some(6), scale: Some(2) }, db::Value::Float(1.1)), json!("1.10"));
        for moment in ["2026-01-05 10:00:00+01", "2026-01-05 09:00:00+00:00", "2026-01-05T09:00:00.000000Z"] {
            assert_eq!(stored(Type::Instant, text(moment)), json!("2026-01-05T09:00:00.000000Z"), "{moment}");
        }
        assert_eq!(stored(Type::Text { length: Some(5), fixed: true }, text("ab   ")), json!("ab"));
        assert_eq!(stored(Type::Date, text("2026-01-05 00:00:00")), json!("2026-01-05"));
    }
}
