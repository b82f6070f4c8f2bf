//! The same types over the one connection of every backend, which hands each on to the backend's own.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::HasSqlType;

use super::sql;
use super::{Id, Instant, Json, Money};
use crate::db::connection::AnyBackend;

macro_rules! over_any_connection {
    ($($tpe:ident),*) => {$(
        impl HasSqlType<sql::$tpe> for AnyBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                Self::lookup_sql_type::<sql::$tpe>(lookup)
            }
        }

        impl FromSql<sql::$tpe, AnyBackend> for $tpe {
            fn from_sql(value: <AnyBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                value.from_sql::<$tpe, sql::$tpe>()
            }
        }

        impl ToSql<sql::$tpe, AnyBackend> for $tpe {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, AnyBackend>) -> serialize::Result {
                out.set_value((<sql::$tpe>::default(), self));
                Ok(IsNull::No)
            }
        }
    )*};
}

over_any_connection!(Id, Instant, Json, Money);
