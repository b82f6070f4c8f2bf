//! Ids: UUIDs, made by the application in the order of time (version 7), so that new rows stand at the end of an index.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::mysql::{Mysql, MysqlValue};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::sql;
use super::text::{serde_as_text, sqlite_as_text};

/// The id of a row.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = sql::Id)]
#[serde(try_from = "String", into = "String")]
pub struct Id(Uuid);

impl Id {
    /// A new one, later than those that were made before.
    #[expect(clippy::new_without_default, reason = "no two are the same, which a default would be")]
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for Id {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

/// In lower case, with dashes.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is no UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID, such as `0198c5a2-7b3e-7c4d-9e5f-6a7b8c9d0e1f`")]
pub struct NoId;

impl FromStr for Id {
    type Err = NoId;

    fn from_str(text: &str) -> Result<Self, NoId> {
        Uuid::try_parse(text).map(Self).map_err(|_| NoId)
    }
}

serde_as_text!(Id, NoId);

impl FromSql<sql::Id, Pg> for Id {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl ToSql<sql::Id, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Id, Mysql> for Id {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
        Ok(<String as FromSql<Text, Mysql>>::from_sql(value)?.parse()?)
    }
}

impl ToSql<sql::Id, Mysql> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
        std::io::Write::write_fmt(out, format_args!("{self}"))?;
        Ok(IsNull::No)
    }
}

sqlite_as_text!(Id);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_come_in_the_order_of_time() {
        let ids: Vec<Id> = (0..100).map(|_| Id::new()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b && a.to_string() < b.to_string()));
    }

    #[test]
    fn an_id_is_its_text() {
        let text = "0198c5a2-7b3e-7c4d-9e5f-6a7b8c9d0e1f";
        let id: Id = text.to_uppercase().parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Id>(&format!("\"{text}\"")).unwrap(), id);
        assert_eq!("17".parse::<Id>(), Err(NoId));
    }
}
