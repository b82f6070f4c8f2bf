//! Moments: in UTC, to the microsecond, which is as fine as every backend keeps them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, NaiveDateTime, SubsecRound as _, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::mysql::{Mysql, MysqlValue};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Datetime, Timestamptz};
use serde::{Deserialize, Serialize};

use super::sql;
use super::text::{serde_as_text, sqlite_as_text};

/// A moment.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = sql::Instant)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(DateTime<Utc>);

impl Instant {
    /// The current moment.
    #[must_use]
    pub fn now() -> Self {
        Self(Utc::now().trunc_subsecs(6))
    }

    /// Takes a moment; `None`: it is finer than a microsecond, or of a year that has not four digits, which not every backend
    /// can keep.
    #[must_use]
    pub fn new(moment: DateTime<Utc>) -> Option<Self> {
        let fits = (1..=9_999).contains(&moment.year()) && moment.trunc_subsecs(6) == moment;
        fits.then_some(Self(moment))
    }

    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }
}

/// RFC 3339 with six places and `Z`: `2026-01-05T09:00:00.000000Z`. So the order of the texts is that of the moments.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%Y-%m-%dT%H:%M:%S%.6fZ").fmt(f)
    }
}

/// What is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a moment to the microsecond, such as `2026-01-05T09:00:00Z`")]
pub struct NoInstant;

impl FromStr for Instant {
    type Err = NoInstant;

    /// RFC 3339, with any offset. Without one it is UTC, as is what SQLite's own functions write: `2026-01-05 09:00:00`.
    fn from_str(text: &str) -> Result<Self, NoInstant> {
        let with_offset = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc());
        let naive = |form| NaiveDateTime::parse_from_str(text, form).map(|naive| naive.and_utc());
        let moment = with_offset.or_else(|_| naive("%Y-%m-%dT%H:%M:%S%.f")).or_else(|_| naive("%Y-%m-%d %H:%M:%S%.f"));
        moment.ok().and_then(Self::new).ok_or(NoInstant)
    }
}

serde_as_text!(Instant, NoInstant);

impl FromSql<sql::Instant, Pg> for Instant {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::new(<DateTime<Utc> as FromSql<Timestamptz, Pg>>::from_sql(value)?).ok_or(NoInstant)?)
    }
}

impl ToSql<sql::Instant, Pg> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <DateTime<Utc> as ToSql<Timestamptz, Pg>>::to_sql(&self.0, out)
    }
}

impl FromSql<sql::Instant, Mysql> for Instant {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
        let naive = <NaiveDateTime as FromSql<Datetime, Mysql>>::from_sql(value)?;
        Ok(Self::new(naive.and_utc()).ok_or(NoInstant)?)
    }
}

impl ToSql<sql::Instant, Mysql> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
        <NaiveDateTime as ToSql<Datetime, Mysql>>::to_sql(&self.0.naive_utc(), &mut out.reborrow())
    }
}

sqlite_as_text!(Instant);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc() {
        let written = |text: &str| text.parse::<Instant>().map(|instant| instant.to_string());
        assert_eq!(written("2026-01-05T10:00:00+01:00").unwrap(), "2026-01-05T09:00:00.000000Z");
        assert_eq!(written("2026-01-05 09:00:00.5").unwrap(), "2026-01-05T09:00:00.500000Z");
        assert_eq!(written("2026-01-05T09:00:00").unwrap(), "2026-01-05T09:00:00.000000Z");
        for wrong in ["2026-01-05", "2026-01-05T09:00:00.1234567Z", "yesterday", "2026-02-30T00:00:00Z"] {
            assert_eq!(written(wrong), Err(NoInstant), "{wrong}");
        }
    }

    #[test]
    fn now_is_as_fine_as_every_backend_keeps_it() {
        let now = Instant::now();
        assert_eq!(Instant::new(now.utc()), Some(now));
        assert_eq!(serde_json::from_str::<Instant>(&serde_json::to_string(&now).unwrap()).unwrap(), now);
    }
}
