//! What types have in common that are written as texts.

/// In JSON, and in whatever else serde writes: by `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($type:ident, $error:ident) => {
        impl TryFrom<String> for $type {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}

/// In a column of SQLite's.
macro_rules! sqlite_as_text {
    ($type:ident) => {
        impl ::diesel::deserialize::FromSql<$crate::db::types::sql::$type, ::diesel::sqlite::Sqlite> for $type {
            fn from_sql(value: ::diesel::sqlite::SqliteValue<'_, '_, '_>) -> ::diesel::deserialize::Result<Self> {
                use ::diesel::deserialize::FromSql;
                use ::diesel::{sql_types::Text, sqlite::Sqlite};
                Ok(<String as FromSql<Text, Sqlite>>::from_sql(value)?.parse()?)
            }
        }

        impl ::diesel::serialize::ToSql<$crate::db::types::sql::$type, ::diesel::sqlite::Sqlite> for $type {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, ::diesel::sqlite::Sqlite>,
            ) -> ::diesel::serialize::Result {
                out.set_value(self.to_string());
                Ok(::diesel::serialize::IsNull::No)
            }
        }
    };
}

pub(super) use {serde_as_text, sqlite_as_text};
