//! Categories of products: a tree.

use super::entity::Entity;
use super::field::{Field, Meaning};

/// The entity.
pub struct Categories;

const FIELDS: &[Field] = &[
    Field::new("id", Meaning::Id).has_default(),
    Field::new("slug", Meaning::Text).longest(255),
    Field::new("name", Meaning::Text).longest(255),
    Field::new("parent_id", Meaning::Id).nullable(),
    Field::new("created_at", Meaning::Instant).has_default(),
    Field::new("updated_at", Meaning::Instant).has_default(),
    Field::new("created_by", Meaning::Id).nullable(),
    Field::new("updated_by", Meaning::Id).nullable(),
];

impl Entity for Categories {
    fn table(&self) -> &'static str {
        "categories"
    }

    fn singular(&self) -> &'static str {
        "category"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }
}
