//! What a model gives the generic repository: its queries, which Diesel checks against the table at compile time.

use std::fmt::Display;
use std::hash::Hash;

use diesel::QueryResult;
use diesel::expression::BoxableExpression;
use diesel::sql_types::Bool;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::entity::Entity;
use super::options::Options;
use crate::db::{AnyBackend, AnyConnection};

/// A row of an entity's table as a struct, with the structs that make and change one.
pub trait Model: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The primary key.
    type Key: Clone + Eq + Hash + Display + Send + Sync + 'static;
    type New: Serialize + DeserializeOwned;
    /// Columns that change; those that are `None` stay as they are.
    type Changes: Serialize + DeserializeOwned;
    type Table;

    /// What the table means, its rules and hooks.
    fn entity() -> &'static dyn Entity;

    fn key(&self) -> Self::Key;

    fn key_of(new: &Self::New) -> Self::Key;

    fn find(connection: &mut AnyConnection, key: &Self::Key) -> QueryResult<Option<Self>>;

    /// The row that a new one would be a second of: of the same key, or of the same natural key.
    fn same(connection: &mut AnyConnection, new: &Self::New) -> QueryResult<Option<Self>>;

    fn page(connection: &mut AnyConnection, filter: &Filter<Self>, options: &Options) -> QueryResult<Vec<Self>>;

    fn count(connection: &mut AnyConnection, filter: &Filter<Self>) -> QueryResult<i64>;

    /// The same, and no more than so many.
    fn count_up_to(connection: &mut AnyConnection, filter: &Filter<Self>, most: i64) -> QueryResult<i64>;

    fn insert(connection: &mut AnyConnection, new: &Self::New) -> QueryResult<usize>;

    fn change(connection: &mut AnyConnection, key: &Self::Key, changes: &Self::Changes) -> QueryResult<usize>;

    fn remove(connection: &mut AnyConnection, key: &Self::Key) -> QueryResult<usize>;
}

/// A condition on a table, checked at compile time, of which the type is forgotten.
pub type Condition<T> = Box<dyn BoxableExpression<T, AnyBackend, SqlType = Bool>>;

/// Conditions that all must hold.
pub struct Filter<M: Model>(Vec<Box<dyn Fn() -> Condition<M::Table>>>);

impl<M: Model> Filter<M> {
    /// Every row.
    #[must_use]
    pub fn all() -> Self {
        Self(Vec::new())
    }

    /// The rows for which a condition holds: `Filter::of(|| users::status.eq("active"))`.
    pub fn of<E>(condition: impl Fn() -> E + 'static) -> Self
    where
        E: BoxableExpression<M::Table, AnyBackend, SqlType = Bool> + 'static,
    {
        Self::all().and(condition)
    }

    /// And another one.
    #[must_use]
    pub fn and<E>(mut self, condition: impl Fn() -> E + 'static) -> Self
    where
        E: BoxableExpression<M::Table, AnyBackend, SqlType = Bool> + 'static,
    {
        self.0.push(Box::new(move || Box::new(condition())));
        self
    }

    /// The conditions, made anew for each query.
    pub fn conditions(&self) -> impl Iterator<Item = Condition<M::Table>> {
        self.0.iter().map(|condition| condition())
    }
}

/// The queries of a model, the same for each but for the names. Diesel's builders have another type for each table, so that
/// no function can be generic over them without a page of bounds.
macro_rules! model {
    (
        $row:ident, $new:ident, $changes:ident, $entity:expr, $table:ident,
        key $key:ty: |$row_of:ident| $key_of:expr, |$k:ident| $find:expr,
        same |$n:ident| $same:expr,
        newest $newest:expr, oldest $oldest:expr, by_key $by_key:expr
    ) => {
        impl $crate::entities::Model for $row {
            type Key = $key;
            type New = $new;
            type Changes = $changes;
            type Table = $table::table;

            fn entity() -> &'static dyn $crate::entities::Entity {
                &$entity
            }

            fn key(&self) -> $key {
                let $row_of = self;
                $key_of
            }

            fn key_of($row_of: &$new) -> $key {
                $key_of
            }

            fn find(connection: &mut $crate::db::AnyConnection, $k: &$key) -> ::diesel::QueryResult<Option<Self>> {
                use ::diesel::{OptionalExtension as _, QueryDsl as _, RunQueryDsl as _, SelectableHelper as _};
                let row = $table::table.find($find);
                $crate::db::on_each!(connection, |c| row.select(Self::as_select()).first(c)).optional()
            }

            fn same(connection: &mut $crate::db::AnyConnection, $n: &$new) -> ::diesel::QueryResult<Option<Self>> {
                use ::diesel::{OptionalExtension as _, QueryDsl as _, RunQueryDsl as _, SelectableHelper as _};
                let row = $table::table.filter($same);
                $crate::db::on_each!(connection, |c| row.select(Self::as_select()).first(c)).optional()
            }

            fn page(
                connection: &mut $crate::db::AnyConnection,
                filter: &$crate::entities::Filter<Self>,
                options: &$crate::entities::Options,
            ) -> ::diesel::QueryResult<Vec<Self>> {
                use ::diesel::{QueryDsl as _, RunQueryDsl as _, SelectableHelper as _};
                use $crate::entities::Sort;
                let rows = $table::table.select(Self::as_select()).into_boxed();
                let rows = filter.conditions().fold(rows, |rows, condition| rows.filter(condition));
                let rows = match options.sort {
                    Sort::Newest => rows.order($newest),
                    Sort::Oldest => rows.order($oldest),
                    Sort::Key => rows.order($by_key),
                };
                rows.limit(options.limit).offset(options.offset).load(connection)
            }

            fn count(
                connection: &mut $crate::db::AnyConnection,
                filter: &$crate::entities::Filter<Self>,
            ) -> ::diesel::QueryResult<i64> {
                use ::diesel::{QueryDsl as _, RunQueryDsl as _};
                let rows = $table::table.select(::diesel::dsl::count_star()).into_boxed();
                filter.conditions().fold(rows, |rows, condition| rows.filter(condition)).first(connection)
            }

            fn count_up_to(
                connection: &mut $crate::db::AnyConnection,
                filter: &$crate::entities::Filter<Self>,
                most: i64,
            ) -> ::diesel::QueryResult<i64> {
                use ::diesel::{QueryDsl as _, RunQueryDsl as _};
                use $crate::entities::counted::{Counted, One};
                let rows = $table::table.select(One).into_boxed();
                let rows = filter.conditions().fold(rows, |rows, condition| rows.filter(condition));
                Counted(rows.limit(most)).get_result(connection)
            }

            fn insert(connection: &mut $crate::db::AnyConnection, new: &$new) -> ::diesel::QueryResult<usize> {
                use ::diesel::RunQueryDsl as _;
                let insert = ::diesel::insert_into($table::table).values(new);
                $crate::db::on_each!(connection, |c| insert.execute(c))
            }

            fn change(
                connection: &mut $crate::db::AnyConnection,
                $k: &$key,
                changes: &$changes,
            ) -> ::diesel::QueryResult<usize> {
                use ::diesel::{QueryDsl as _, RunQueryDsl as _};
                let update = ::diesel::update($table::table.find($find)).set(changes);
                $crate::db::on_each!(connection, |c| update.execute(c))
            }

            fn remove(connection: &mut $crate::db::AnyConnection, $k: &$key) -> ::diesel::QueryResult<usize> {
                use ::diesel::{QueryDsl as _, RunQueryDsl as _};
                let delete = ::diesel::delete($table::table.find($find));
                $crate::db::on_each!(connection, |c| delete.execute(c))
            }
        }
    };
}
pub(super) use model;

/// Tells a column that becomes NULL from one that stays as it is: `Some(None)` and `None`.
pub(super) mod nullable {
    use serde::{Deserialize, Deserializer};

    #[expect(clippy::option_option, reason = "stays as it is, becomes NULL, becomes this: three things")]
    pub(in super::super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Option::deserialize(deserializer).map(Some)
    }
}
