//! What users ordered.

use super::entity::Entity;
use super::error::RepositoryError;
use super::field::{Field, Meaning};
use super::ordering::hooks;
use crate::db::AnyConnection;
use crate::record::Record;

/// The states of an order, in the order of its life.
pub const STATUSES: &[&str] = &["pending", "paid", "shipped", "delivered", "cancelled", "returned"];

/// The entity.
pub struct Orders;

const FIELDS: &[Field] = &[
    Field::new("id", Meaning::Id).has_default(),
    Field::new("user_id", Meaning::Id),
    Field::new("status", Meaning::Text).one_of(STATUSES).has_default(),
    Field::new("total_amount", Meaning::Money).digits(12).at_least(0).managed(),
    Field::new("created_at", Meaning::Instant).has_default(),
    Field::new("updated_at", Meaning::Instant).has_default(),
    Field::new("created_by", Meaning::Id).nullable(),
    Field::new("updated_by", Meaning::Id).nullable(),
];

impl Entity for Orders {
    fn table(&self) -> &'static str {
        "orders"
    }

    fn singular(&self) -> &'static str {
        "order"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn commands(&self) -> Option<&'static str> {
        Some("dbtool order")
    }

    fn before_update(
        &self,
        connection: &mut AnyConnection,
        before: &Record,
        after: &mut Record,
    ) -> Result<(), RepositoryError> {
        hooks::before_update(connection, before, after)
    }

    fn after_update(
        &self,
        connection: &mut AnyConnection,
        before: &Record,
        after: &Record,
    ) -> Result<(), RepositoryError> {
        hooks::after_update(connection, before, after)
    }
}
