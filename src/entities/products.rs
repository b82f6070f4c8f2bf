//! What the shop sells.

use super::entity::Entity;
use super::field::{Field, Meaning};

/// The entity.
pub struct Products;

const FIELDS: &[Field] = &[
    Field::new("id", Meaning::Id).has_default(),
    Field::new("sku", Meaning::Text).longest(64),
    Field::new("name", Meaning::Text).longest(255),
    Field::new("description", Meaning::Text).nullable(),
    Field::new("price", Meaning::Money).digits(10).at_least(0),
    Field::new("stock_quantity", Meaning::Integer).at_least(0).has_default(),
    Field::new("created_at", Meaning::Instant).has_default(),
    Field::new("updated_at", Meaning::Instant).has_default(),
    Field::new("created_by", Meaning::Id).nullable(),
    Field::new("updated_by", Meaning::Id).nullable(),
];

impl Entity for Products {
    fn table(&self) -> &'static str {
        "products"
    }

    fn singular(&self) -> &'static str {
        "product"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }
}
