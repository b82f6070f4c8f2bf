//! Which product is in which category: many to many.

use super::entity::Entity;
use super::field::{Field, Meaning};

/// The entity.
pub struct ProductCategories;

const FIELDS: &[Field] = &[Field::new("product_id", Meaning::Id), Field::new("category_id", Meaning::Id)];

impl Entity for ProductCategories {
    fn table(&self) -> &'static str {
        "product_categories"
    }

    fn singular(&self) -> &'static str {
        "product category"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn key(&self) -> &'static [&'static str] {
        &["product_id", "category_id"]
    }
}
