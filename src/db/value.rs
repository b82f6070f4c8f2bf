//! A value of a column that is known only at run time, the same for every backend.

use diesel::deserialize::{FromSql, Result};
use diesel::mysql::MysqlType;
use diesel::pg::data_types::PgNumeric;
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{BigInt, Double, Float, Integer, Numeric, SmallInt, Text};
use diesel::sqlite::{Sqlite, SqliteType, SqliteValue};
use mysql::Value as Sent;
use mysql::consts::ColumnType;

use super::mysql::type_of;

/// A value on its way to or from a database. What has no variant of its own (decimals, times, UUIDs, JSON) is its text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into())
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }

    /// Its text; `None`: it is none.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number, also where it came as its text.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn of_sqlite(mut value: SqliteValue<'_, '_, '_>) -> Self {
        match value.value_type() {
            None => Value::Null,
            Some(SqliteType::Binary) => Value::Bytes(value.read_blob().to_vec()),
            Some(SqliteType::Float | SqliteType::Double) => Value::Float(value.read_double()),
            Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => Value::Int(value.read_long()),
            Some(SqliteType::Text) => match <String as FromSql<Text, Sqlite>>::from_sql(value) {
                Ok(text) => Value::Text(text),
                Err(_) => Value::Null,
            },
        }
    }

    /// By the number of its type in `pg_type.dat`. PostgreSQL sends binary; what is not known here is to be cast to text.
    pub(super) fn of_postgres(value: PgValue<'_>) -> Result<Self> {
        let text = |bytes: &[u8]| Ok(Value::Text(std::str::from_utf8(bytes)?.to_owned()));
        let bytes = value.as_bytes();
        match value.get_oid().get() {
            16 => Ok(Value::Bool(bytes.first() == Some(&1))),
            20 => <i64 as FromSql<BigInt, Pg>>::from_sql(value).map(Value::Int),
            21 => <i16 as FromSql<SmallInt, Pg>>::from_sql(value).map(|number| Value::Int(number.into())),
            23 => <i32 as FromSql<Integer, Pg>>::from_sql(value).map(|number| Value::Int(number.into())),
            26 => Ok(Value::Int(u32::from_be_bytes(bytes.try_into()?).into())),
            700 => <f32 as FromSql<Float, Pg>>::from_sql(value).map(|number| Value::Float(widened(number))),
            701 => <f64 as FromSql<Double, Pg>>::from_sql(value).map(Value::Float),
            17 => Ok(Value::Bytes(bytes.to_vec())),
            2950 => Ok(Value::Text(uuid::Uuid::from_slice(bytes)?.to_string())),
            1700 => Ok(Value::Text(decimal(&<PgNumeric as FromSql<Numeric, Pg>>::from_sql(value)?))),
            // The first byte is the version of the format.
            3802 => text(bytes.get(1..).unwrap_or_default()),
            // void
            2278 => Ok(Value::Null),
            // A time, an interval, an array and the like have a binary form of their own; other types that a person made
            // (enums, citext) and those of text are sent as their text.
            known @ (600..=718
            | 829
            | 869
            | 774
            | 790
            | 1000..=1041
            | 1082..=1299
            | 1560..=1699
            | 2202..=2249
            | 2949..=4999) => Err(format!("values of the type with the number {known} must be cast to text").into()),
            _ => text(bytes),
        }
    }

    pub(super) fn of_mysql(value: Sent, column: &mysql::Column) -> Self {
        match value {
            Sent::NULL => Value::Null,
            Sent::Int(number) => Value::Int(number),
            Sent::UInt(number) => i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int),
            Sent::Float(number) => Value::Float(widened(number)),
            Sent::Double(number) => Value::Float(number),
            Sent::Bytes(bytes) => match type_of(column) {
                MysqlType::Blob | MysqlType::Bit => Value::Bytes(bytes),
                _ => String::from_utf8(bytes).map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text),
            },
            Sent::Date(year, month, day, hour, minute, second, micros) => {
                let date = format!("{year:04}-{month:02}-{day:02}");
                if column.column_type() == ColumnType::MYSQL_TYPE_DATE {
                    return Value::Text(date);
                }
                let fraction = fraction(micros, column.decimals());
                Value::Text(format!("{date} {hour:02}:{minute:02}:{second:02}{fraction}"))
            }
            Sent::Time(negative, days, hours, minute, second, micros) => {
                let sign = if negative { "-" } else { "" };
                let hours = u64::from(days) * 24 + u64::from(hours);
                let fraction = fraction(micros, column.decimals());
                Value::Text(format!("{sign}{hours:02}:{minute:02}:{second:02}{fraction}"))
            }
        }
    }

    pub(super) fn to_mysql(&self) -> Sent {
        match self {
            Value::Null => Sent::NULL,
            Value::Bool(value) => Sent::Int((*value).into()),
            Value::Int(number) => Sent::Int(*number),
            Value::Float(number) => Sent::Double(*number),
            Value::Text(text) => Sent::Bytes(text.clone().into_bytes()),
            Value::Bytes(bytes) => Sent::Bytes(bytes.clone()),
        }
    }
}

/// A number of single precision as the double that is written like it: `0.1` rather than `0.10000000149011612`.
fn widened(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| number.into())
}

/// The places behind the point that a column has.
fn fraction(micros: u32, decimals: u8) -> String {
    let digits = format!("{micros:06}");
    // MySQL says 31 where it does not know.
    let places = usize::from(if decimals > 6 { if micros == 0 { 0 } else { 6 } } else { decimals });
    if places == 0 { String::new() } else { format!(".{}", &digits[..places]) }
}

/// The text of a decimal, which PostgreSQL sends as digits of base 10,000.
fn decimal(number: &PgNumeric) -> String {
    let (sign, weight, scale, digits) = match number {
        PgNumeric::Positive { weight, scale, digits } => ("", *weight, *scale, digits),
        PgNumeric::Negative { weight, scale, digits } => ("-", *weight, *scale, digits),
        PgNumeric::NaN => return "NaN".into(),
    };
    let digit = |at: i32| usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
    let weight = i32::from(weight);
    let whole: String = (0..=weight).map(|at| format!("{:04}", digit(at))).collect();
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    if scale == 0 {
        return format!("{sign}{whole}");
    }
    let groups = i32::from(scale).div_euclid(4) + 1;
    let places: String = (0..groups).map(|at| format!("{:04}", digit(weight + 1 + at))).collect();
    format!("{sign}{whole}.{}", &places[..usize::from(scale)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let positive =
            |weight, scale, digits: &[i16]| decimal(&PgNumeric::Positive { weight, scale, digits: digits.to_vec() });
        assert_eq!(positive(0, 2, &[1, 1000]), "1.10");
        assert_eq!(positive(1, 0, &[1, 2345]), "12345");
        assert_eq!(positive(1, 0, &[1]), "10000");
        assert_eq!(positive(-1, 2, &[500]), "0.05");
        assert_eq!(positive(-2, 6, &[1]), "0.00000001"[..8].to_owned());
        assert_eq!(positive(0, 2, &[]), "0.00");
        assert_eq!(decimal(&PgNumeric::Negative { weight: 0, scale: 4, digits: vec![7, 1] }), "-7.0001");
    }

    #[test]
    fn places_are_those_of_the_column() {
        assert_eq!(
            [fraction(120_000, 0), fraction(120_000, 3), fraction(1, 6), fraction(0, 31)],
            ["", ".120", ".000001", ""]
        );
    }
}
