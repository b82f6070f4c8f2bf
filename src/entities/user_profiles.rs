//! What is known of a user beside the account: one for each user at most.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::entity::Entity;
use super::field::{Field, Meaning};
use super::model::{model, nullable};
use super::users::User;
use crate::db::types::{Id, Instant};
use crate::schema::user_profiles;

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

/// A profile as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = user_profiles, primary_key(user_id), belongs_to(User))]
pub struct UserProfile {
    pub user_id: Id,
    pub phone: Option<String>,
    pub country_code: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by: Option<Id>,
    pub updated_by: Option<Id>,
}

/// A profile to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Insertable)]
#[diesel(table_name = user_profiles, treat_none_as_default_value = false)]
pub struct NewUserProfile {
    pub user_id: Id,
    pub phone: Option<String>,
    pub country_code: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub created_by: Option<Id>,
    pub updated_by: Option<Id>,
}

/// What changes of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, AsChangeset)]
#[diesel(table_name = user_profiles)]
pub struct UserProfileChanges {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable::deserialize")]
    pub phone: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable::deserialize")]
    pub country_code: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable::deserialize")]
    pub birth_date: Option<Option<NaiveDate>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable::deserialize")]
    pub updated_by: Option<Option<Id>>,
}

model! {
    UserProfile, NewUserProfile, UserProfileChanges, UserProfiles, user_profiles,
    key Id: |it| it.user_id, |key| *key,
    same |new| user_profiles::user_id.eq(new.user_id),
    newest (user_profiles::created_at.desc(), user_profiles::user_id.desc()),
    oldest (user_profiles::created_at, user_profiles::user_id),
    by_key user_profiles::user_id
}
