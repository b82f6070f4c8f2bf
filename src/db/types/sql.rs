//! The SQL types of columns that each backend stores in its own way: what the file of `schema rust` names instead of Diesel's, so
//! that one file serves all backends.

use diesel::query_builder::QueryId;
use diesel::sql_types::SqlType;

/// A UUID; text of 36 characters where the database has none.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), mysql_type(name = "String"), sqlite_type(name = "Text"))]
pub struct Id;

/// A moment in UTC.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), mysql_type(name = "DateTime"), sqlite_type(name = "Text"))]
pub struct Instant;

/// JSON; text that is checked where the database has no such type.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807), mysql_type(name = "String"), sqlite_type(name = "Text"))]
pub struct Json;

pub use super::money::MoneyType as Money;
