//! What is known of a user beside the account: one for each user at most.

use super::entity::Entity;
use super::field::{Field, Meaning};

/// The entity.
pub struct UserProfiles;

const FIELDS: &[Field] = &[
    Field::new("user_id", Meaning::Id),
    Field::new("phone", Meaning::Text).longest(50).sensitive().nullable(),
    Field::new("country_code", Meaning::Text).longest(2).nullable(),
    Field::new("birth_date", Meaning::Date).nullable(),
    Field::new("created_at", Meaning::Instant).has_default(),
    Field::new("updated_at", Meaning::Instant).has_default(),
    Field::new("created_by", Meaning::Id).nullable(),
    Field::new("updated_by", Meaning::Id).nullable(),
];

impl Entity for UserProfiles {
    fn table(&self) -> &'static str {
        "user_profiles"
    }

    fn singular(&self) -> &'static str {
        "user profile"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn key(&self) -> &'static [&'static str] {
        &["user_id"]
    }
}
