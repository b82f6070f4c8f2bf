//! JSON: `jsonb`, MySQL's `JSON`, and text that SQLite checks.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::mysql::{Mysql, MysqlValue};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sql;
use super::text::sqlite_as_text;

/// A value of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Json)]
#[serde(transparent)]
pub struct Json(pub Value);

impl<T: Into<Value>> From<T> for Json {
    fn from(value: T) -> Self {
        Self(value.into())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Json {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

/// What stands before the text of a `jsonb`: the version of its format.
const JSONB: u8 = 1;

impl FromSql<sql::Json, Pg> for Json {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            [JSONB, text @ ..] => Ok(serde_json::from_slice(text)?),
            _ => Err("a `jsonb` of an unknown version".into()),
        }
    }
}

impl ToSql<sql::Json, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, &[JSONB])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Json, Mysql> for Json {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
        Ok(serde_json::from_slice(value.as_bytes())?)
    }
}

impl ToSql<sql::Json, Mysql> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

sqlite_as_text!(Json);
