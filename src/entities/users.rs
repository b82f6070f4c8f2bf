//! People who can sign in.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::entity::Entity;
use super::field::{Field, Meaning};
use super::model::{Filter, model, nullable};
use super::options::{Options, Page};
use super::repository::{Repository, Result};
use super::user_profiles::UserProfile;
use crate::db::types::{Id, Instant};
use crate::db::{AnyConnection, among, on_each};
use crate::schema::{user_profiles, users};

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

/// A user as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable, Identifiable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: Id,
    pub email: String,
    pub password_hash: String,
    pub first_name: String,
    pub last_name: String,
    pub role: String,
    pub status: String,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by: Option<Id>,
    pub updated_by: Option<Id>,
}

/// A user to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct NewUser {
    pub id: Id,
    pub email: String,
    pub password_hash: String,
    pub first_name: String,
    pub last_name: String,
    pub role: String,
    pub status: String,
    pub created_by: Option<Id>,
    pub updated_by: Option<Id>,
}

impl NewUser {
    /// An active customer. The hash is the PHC string of argon2id.
    #[must_use]
    pub fn new(email: &str, password_hash: &str, first_name: &str, last_name: &str) -> Self {
        Self {
            id: Id::new(),
            email: email.to_owned(),
            password_hash: password_hash.to_owned(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            role: "customer".to_owned(),
            status: "active".to_owned(),
            created_by: None,
            updated_by: None,
        }
    }
}

/// What changes of a user.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, AsChangeset)]
#[diesel(table_name = users)]
pub struct UserChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable::deserialize")]
    pub updated_by: Option<Option<Id>>,
}

model! {
    User, NewUser, UserChanges, Users, users,
    key Id: |it| it.id, |key| *key,
    same |new| users::id.eq(new.id).or(users::email.eq(new.email.trim().to_lowercase())),
    newest (users::created_at.desc(), users::id.desc()),
    oldest (users::created_at, users::id),
    by_key users::id
}

impl Repository<'_, User> {
    /// The user of an e-mail address, in whatever case it is typed.
    pub fn by_email(&self, connection: &mut AnyConnection, email: &str) -> Result<Option<User>> {
        let user = users::table.filter(users::email.eq(email.trim().to_lowercase()));
        Ok(on_each!(connection, |c| user.select(User::as_select()).first(c)).optional()?)
    }

    /// The users who may order.
    pub fn active(&self, connection: &mut AnyConnection, options: &Options) -> Result<Page<User>> {
        self.find_all(connection, &Filter::of(|| users::status.eq("active")), options)
    }

    /// What is known of each of these beside the account, in their order: one query.
    pub fn profiles(&self, connection: &mut AnyConnection, users: &[User]) -> Result<Vec<Option<UserProfile>>> {
        let found = user_profiles::table.filter(among(user_profiles::user_id, users.iter().map(|user| user.id)));
        let found: Vec<UserProfile> = on_each!(connection, |c| found.select(UserProfile::as_select()).load(c))?;
        Ok(found.grouped_by(users).into_iter().map(|profiles| profiles.into_iter().next()).collect())
    }
}
