//! Money: exact everywhere. PostgreSQL and MySQL have `numeric(p, 2)`; SQLite, whose decimals are floats, gets integer minor units.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::mysql::{Mysql, MysqlValue};
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Numeric, SqlType};
use diesel::sqlite::{Sqlite, SqliteValue};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::text::serde_as_text;

/// The SQL type of a column with money in it.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1700, array_oid = 1231), sqlite_type(name = "Long"), mysql_type(name = "Numeric"))]
pub struct MoneyType;

/// Sums are exact: of decimals, or of minor units.
impl diesel::sql_types::Foldable for MoneyType {
    type Sum = diesel::sql_types::Nullable<MoneyType>;
    type Avg = diesel::sql_types::Nullable<diesel::sql_types::Double>;
}

/// An amount with two places.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = MoneyType)]
#[serde(try_from = "String", into = "String")]
pub struct Money(Decimal);

impl Money {
    /// The places that are stored.
    pub const SCALE: u32 = 2;

    /// Takes an amount; `None`: it has more than two places, and rounding is for the caller to decide.
    #[must_use]
    pub fn new(amount: Decimal) -> Option<Self> {
        let amount = amount.normalize();
        (amount.scale() <= Self::SCALE).then(|| {
            let mut amount = amount;
            amount.rescale(Self::SCALE);
            Self(amount)
        })
    }

    /// From minor units: cents.
    #[must_use]
    pub fn from_minor(units: i64) -> Self {
        Self(Decimal::new(units, Self::SCALE))
    }

    /// In minor units; `None`: more than 64 bits hold.
    #[must_use]
    pub fn minor(self) -> Option<i64> {
        i64::try_from(self.0.mantissa()).ok()
    }

    #[must_use]
    pub fn amount(self) -> Decimal {
        self.0
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount with at most two places, such as `19.99`")]
pub struct NoMoney;

impl FromStr for Money {
    type Err = NoMoney;

    fn from_str(text: &str) -> Result<Self, NoMoney> {
        // A digit that would be rounded away is one place too many.
        Decimal::from_str_exact(text).ok().and_then(Self::new).ok_or(NoMoney)
    }
}

serde_as_text!(Money, NoMoney);

impl FromSql<MoneyType, Pg> for Money {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let amount = <Decimal as FromSql<Numeric, Pg>>::from_sql(value)?;
        Self::new(amount).ok_or_else(|| format!("{amount} has more than two places").into())
    }
}

impl ToSql<MoneyType, Pg> for Money {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <Decimal as ToSql<Numeric, Pg>>::to_sql(&self.0, out)
    }
}

impl FromSql<MoneyType, Mysql> for Money {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
        let amount = <Decimal as FromSql<Numeric, Mysql>>::from_sql(value)?;
        Self::new(amount).ok_or_else(|| format!("{amount} has more than two places").into())
    }
}

impl ToSql<MoneyType, Mysql> for Money {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
        <Decimal as ToSql<Numeric, Mysql>>::to_sql(&self.0, out)
    }
}

impl FromSql<MoneyType, Sqlite> for Money {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        <i64 as FromSql<BigInt, Sqlite>>::from_sql(value).map(Self::from_minor)
    }
}

impl ToSql<MoneyType, Sqlite> for Money {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.minor().ok_or("the amount is too large")?);
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_two_places() {
        let money = |text: &str| text.parse().ok().and_then(Money::new).map(|money| money.to_string());
        assert_eq!(money("1.1"), Some("1.10".into()));
        assert_eq!(money("1.100"), Some("1.10".into()));
        assert_eq!(money("1.101"), None);
        assert_eq!(money("-0.05"), Some("-0.05".into()));
        assert_eq!("19.9".parse::<Money>().map(String::from), Ok("19.90".into()));
        for wrong in ["1.001", "", "1,10", "1e2", "NaN", "0.0000000000000000000000000000001"] {
            assert_eq!(wrong.parse::<Money>(), Err(NoMoney), "{wrong}");
        }
        assert_eq!(Money::from_minor(110), Money::new(Decimal::new(11, 1)).unwrap());
        assert_eq!(Money::from_minor(-5).minor(), Some(-5));
    }
}
