//! Values between the driver's binary protocol and Diesel, which expects them as libmysqlclient lays them out.

use std::borrow::Cow;

use diesel::deserialize::FromSql;
use diesel::mysql::data_types::{MysqlTime, MysqlTimestampType};
use diesel::mysql::{Mysql, MysqlType, MysqlValue};
use diesel::result::Error;
use diesel::row::{Field, PartialRow, RowIndex, RowSealed};
use diesel::sql_types::Timestamp;
use mysql::consts::{ColumnFlags, ColumnType};
use mysql::{Column, Value};

/// A row of an answer.
pub struct MysqlRow(pub(super) mysql::Row);

impl RowSealed for MysqlRow {}

impl RowIndex<usize> for MysqlRow {
    fn idx(&self, index: usize) -> Option<usize> {
        (index < self.0.len()).then_some(index)
    }
}

impl<'a> RowIndex<&'a str> for MysqlRow {
    fn idx(&self, name: &'a str) -> Option<usize> {
        self.0.columns_ref().iter().position(|column| column.name_ref() == name.as_bytes())
    }
}

impl<'a> diesel::row::Row<'a, Mysql> for MysqlRow {
    type Field<'f>
        = MysqlField<'f>
    where
        'a: 'f,
        Self: 'f;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        self.0.len()
    }

    fn get<'b, I>(&'b self, index: I) -> Option<Self::Field<'b>>
    where
        'a: 'b,
        Self: RowIndex<I>,
    {
        let index = self.idx(index)?;
        let column = &self.0.columns_ref()[index];
        let tpe = type_of(column);
        Some(MysqlField { name: column.name_str(), bytes: bytes(self.0.as_ref(index)?, tpe), tpe })
    }

    fn partial_row(&self, range: std::ops::Range<usize>) -> PartialRow<'_, Self::InnerPartialRow> {
        PartialRow::new(self, range)
    }
}

/// A value of a row.
pub struct MysqlField<'a> {
    name: Cow<'a, str>,
    bytes: Option<Cow<'a, [u8]>>,
    tpe: MysqlType,
}

impl<'a> Field<'a, Mysql> for MysqlField<'a> {
    fn field_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn value(&self) -> Option<MysqlValue<'_>> {
        self.bytes.as_deref().map(|bytes| MysqlValue::new(bytes, self.tpe))
    }
}

/// The character set of what is no text. The flag for binary stands at text with a `_bin` collation, too.
const BYTES: u16 = 63;

/// Diesel's type of a column. What it has no name for is bytes.
pub(in crate::db) fn type_of(column: &Column) -> MysqlType {
    use ColumnType as C;
    let flags = column.flags();
    let unsigned = flags.contains(ColumnFlags::UNSIGNED_FLAG);
    let either = |signed, other| if unsigned { other } else { signed };
    match column.column_type() {
        C::MYSQL_TYPE_TINY => either(MysqlType::Tiny, MysqlType::UnsignedTiny),
        C::MYSQL_TYPE_SHORT | C::MYSQL_TYPE_YEAR => either(MysqlType::Short, MysqlType::UnsignedShort),
        C::MYSQL_TYPE_INT24 | C::MYSQL_TYPE_LONG => either(MysqlType::Long, MysqlType::UnsignedLong),
        C::MYSQL_TYPE_LONGLONG => either(MysqlType::LongLong, MysqlType::UnsignedLongLong),
        C::MYSQL_TYPE_FLOAT => MysqlType::Float,
        C::MYSQL_TYPE_DOUBLE => MysqlType::Double,
        C::MYSQL_TYPE_DECIMAL | C::MYSQL_TYPE_NEWDECIMAL => MysqlType::Numeric,
        C::MYSQL_TYPE_TIMESTAMP | C::MYSQL_TYPE_TIMESTAMP2 => MysqlType::Timestamp,
        C::MYSQL_TYPE_DATETIME | C::MYSQL_TYPE_DATETIME2 => MysqlType::DateTime,
        C::MYSQL_TYPE_DATE | C::MYSQL_TYPE_NEWDATE => MysqlType::Date,
        C::MYSQL_TYPE_TIME | C::MYSQL_TYPE_TIME2 => MysqlType::Time,
        C::MYSQL_TYPE_BIT => MysqlType::Bit,
        C::MYSQL_TYPE_JSON => MysqlType::String,
        C::MYSQL_TYPE_ENUM => MysqlType::Enum,
        C::MYSQL_TYPE_SET => MysqlType::Set,
        _ if flags.contains(ColumnFlags::ENUM_FLAG) => MysqlType::Enum,
        _ if flags.contains(ColumnFlags::SET_FLAG) => MysqlType::Set,
        C::MYSQL_TYPE_VARCHAR
        | C::MYSQL_TYPE_VAR_STRING
        | C::MYSQL_TYPE_STRING
        | C::MYSQL_TYPE_TINY_BLOB
        | C::MYSQL_TYPE_MEDIUM_BLOB
        | C::MYSQL_TYPE_LONG_BLOB
        | C::MYSQL_TYPE_BLOB
            if column.character_set() != BYTES =>
        {
            MysqlType::String
        }
        _ => MysqlType::Blob,
    }
}

/// A value as libmysqlclient would lay it out for that type.
fn bytes(value: &Value, tpe: MysqlType) -> Option<Cow<'_, [u8]>> {
    Some(match value {
        Value::NULL => return None,
        Value::Bytes(bytes) => Cow::Borrowed(bytes.as_slice()),
        Value::Int(number) => Cow::Owned(integer(i128::from(*number), tpe)),
        Value::UInt(number) => Cow::Owned(integer(i128::from(*number), tpe)),
        Value::Float(number) => Cow::Owned(number.to_ne_bytes().to_vec()),
        Value::Double(number) => Cow::Owned(number.to_ne_bytes().to_vec()),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let kind = match tpe {
                MysqlType::Date => MysqlTimestampType::MYSQL_TIMESTAMP_DATE,
                _ => MysqlTimestampType::MYSQL_TIMESTAMP_DATETIME,
            };
            let time = MysqlTime::new(
                (*year).into(),
                (*month).into(),
                (*day).into(),
                (*hour).into(),
                (*minute).into(),
                (*second).into(),
                (*micros).into(),
                false,
                kind,
                0,
            );
            Cow::Owned(time.serialize().to_vec())
        }
        Value::Time(negative, days, hours, minute, second, micros) => {
            // More than 24 hours stay hours: no time of day has as many, so reading it as one is an error.
            let hours = days.saturating_mul(24).saturating_add((*hours).into());
            let kind = MysqlTimestampType::MYSQL_TIMESTAMP_TIME;
            let (minute, second) = ((*minute).into(), (*second).into());
            let time = MysqlTime::new(0, 0, 0, hours, minute, second, (*micros).into(), *negative, kind, 0);
            Cow::Owned(time.serialize().to_vec())
        }
    })
}

/// The bytes of a whole number. It came in the width of its column.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the column's type is the number's width")]
fn integer(number: i128, tpe: MysqlType) -> Vec<u8> {
    match tpe {
        MysqlType::Tiny | MysqlType::UnsignedTiny => (number as u8).to_ne_bytes().to_vec(),
        MysqlType::Short | MysqlType::UnsignedShort => (number as u16).to_ne_bytes().to_vec(),
        MysqlType::Long | MysqlType::UnsignedLong => (number as u32).to_ne_bytes().to_vec(),
        _ => (number as u64).to_ne_bytes().to_vec(),
    }
}

/// A bind as the driver wants it. What Diesel's types write is as wide as they like: a boolean is four bytes.
pub(super) fn bind(tpe: MysqlType, bytes: Option<Vec<u8>>) -> Result<Value, Error> {
    let Some(bytes) = bytes else { return Ok(Value::NULL) };
    let wrong = || Error::SerializationError(format!("{} bytes are no value of type {tpe:?}", bytes.len()).into());
    let small = |number: u64| u8::try_from(number).map_err(|_| wrong());
    Ok(match tpe {
        MysqlType::Tiny | MysqlType::Short | MysqlType::Long | MysqlType::LongLong => Value::Int(match *bytes {
            [a] => i8::from_ne_bytes([a]).into(),
            [a, b] => i16::from_ne_bytes([a, b]).into(),
            [a, b, c, d] => i32::from_ne_bytes([a, b, c, d]).into(),
            _ => i64::from_ne_bytes(bytes.as_slice().try_into().map_err(|_| wrong())?),
        }),
        MysqlType::UnsignedTiny | MysqlType::UnsignedShort | MysqlType::UnsignedLong | MysqlType::UnsignedLongLong => {
            Value::UInt(match *bytes {
                [a] => a.into(),
                [a, b] => u16::from_ne_bytes([a, b]).into(),
                [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]).into(),
                _ => u64::from_ne_bytes(bytes.as_slice().try_into().map_err(|_| wrong())?),
            })
        }
        MysqlType::Float => Value::Float(f32::from_ne_bytes(bytes.as_slice().try_into().map_err(|_| wrong())?)),
        MysqlType::Double => Value::Double(f64::from_ne_bytes(bytes.as_slice().try_into().map_err(|_| wrong())?)),
        MysqlType::Time | MysqlType::Date | MysqlType::DateTime | MysqlType::Timestamp => {
            let value = MysqlValue::new(&bytes, tpe);
            let time = <MysqlTime as FromSql<Timestamp, Mysql>>::from_sql(value).map_err(Error::SerializationError)?;
            let (hour, minute, second) =
                (small(time.hour.into())?, small(time.minute.into())?, small(time.second.into())?);
            let micros = u32::try_from(time.second_part).map_err(|_| wrong())?;
            if tpe == MysqlType::Time {
                Value::Time(time.neg, time.day, hour, minute, second, micros)
            } else {
                let year = u16::try_from(time.year).map_err(|_| wrong())?;
                Value::Date(year, small(time.month.into())?, small(time.day.into())?, hour, minute, second, micros)
            }
        }
        _ => Value::Bytes(bytes),
    })
}
