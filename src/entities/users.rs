//! People who can sign in.

use super::entity::Entity;
use super::field::{Field, Meaning};

/// The entity.
pub struct Users;

const FIELDS: &[Field] = &[
    Field::new("id", Meaning::Id).has_default(),
    Field::new("email", Meaning::Email).longest(255),
    Field::new("password_hash", Meaning::Password).longest(255),
    Field::new("first_name", Meaning::Text).longest(100),
    Field::new("last_name", Meaning::Text).longest(100),
    Field::new("role", Meaning::Text).one_of(&["admin", "customer"]).has_default(),
    Field::new("status", Meaning::Text).one_of(&["active", "suspended"]).has_default(),
    Field::new("created_at", Meaning::Instant).has_default(),
    Field::new("updated_at", Meaning::Instant).has_default(),
    Field::new("created_by", Meaning::Id).nullable(),
    Field::new("updated_by", Meaning::Id).nullable(),
];

impl Entity for Users {
    fn table(&self) -> &'static str {
        "users"
    }

    fn singular(&self) -> &'static str {
        "user"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }
}
