//! Countries, by their ISO 3166 code: reference data.

use super::entity::Entity;
use super::field::{Field, Meaning};

/// The entity.
pub struct Countries;

const FIELDS: &[Field] =
    &[Field::new("code", Meaning::Text).longest(2), Field::new("name", Meaning::Text).longest(255)];

impl Entity for Countries {
    fn table(&self) -> &'static str {
        "countries"
    }

    fn singular(&self) -> &'static str {
        "country"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn key(&self) -> &'static [&'static str] {
        &["code"]
    }
}
