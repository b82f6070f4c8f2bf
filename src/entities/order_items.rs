//! The products of an order, at the prices that they had.

use super::entity::Entity;
use super::field::{Field, Meaning};

/// The entity.
pub struct OrderItems;

const FIELDS: &[Field] = &[
    Field::new("id", Meaning::Id).has_default(),
    Field::new("order_id", Meaning::Id).managed(),
    Field::new("product_id", Meaning::Id).managed(),
    Field::new("quantity", Meaning::Integer).at_least(1).managed(),
    Field::new("unit_price", Meaning::Money).digits(10).at_least(0).managed(),
];

impl Entity for OrderItems {
    fn table(&self) -> &'static str {
        "order_items"
    }

    fn singular(&self) -> &'static str {
        "order item"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn commands(&self) -> Option<&'static str> {
        Some("dbtool order")
    }
}
