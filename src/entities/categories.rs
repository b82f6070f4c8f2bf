//! Categories of products: a tree.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::broken::Broken;
use super::entity::Entity;
use super::error::RepositoryError;
use super::field::{Field, Meaning};
use super::model::{model, nullable};
use super::repository::{Repository, Result};
use crate::db::types::{Id, Instant};
use crate::db::{AnyConnection, on_each};
use crate::record::Record;
use crate::schema::categories;

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

    fn rules(&self, record: &Record, broken: &mut Vec<Broken>) {
        let text = |column: &str| record.get(column).and_then(serde_json::Value::as_str);
        if text("parent_id").is_some_and(|parent| text("id") == Some(parent)) {
            broken.push(Broken::new("parent_id", "tree", "is the category itself"));
        }
    }

    /// A tree has no circles: above the new parent, the category must not be found.
    fn before_update(&self, connection: &mut AnyConnection, before: &Record, after: &mut Record) -> Result<()> {
        let id = |row: &Record, column: &str| -> Option<Id> { row.get(column)?.as_str()?.parse().ok() };
        let (Some(own), Some(parent)) = (id(before, "id"), id(after, "parent_id")) else { return Ok(()) };
        if id(before, "parent_id") == Some(parent) || own == parent {
            return Ok(());
        }
        let mut seen = vec![parent];
        while let Some(above) = parent_of(connection, seen[seen.len() - 1])? {
            if above == own {
                let broken = vec![Broken::new("parent_id", "tree", "is a category within this one")];
                return Err(RepositoryError::Validation { entity: self.singular(), broken });
            }
            // What was a circle before there was this rule.
            if seen.contains(&above) {
                break;
            }
            seen.push(above);
        }
        Ok(())
    }
}

fn parent_of(connection: &mut AnyConnection, category: Id) -> Result<Option<Id>> {
    let parent = categories::table.find(category).select(categories::parent_id);
    let parent: Option<Option<Id>> = on_each!(connection, |c| parent.first(c)).optional()?;
    Ok(parent.flatten())
}

/// A category as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable, Identifiable)]
#[diesel(table_name = categories)]
pub struct Category {
    pub id: Id,
    pub slug: String,
    pub name: String,
    pub parent_id: Option<Id>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by: Option<Id>,
    pub updated_by: Option<Id>,
}

/// A category to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Insertable)]
#[diesel(table_name = categories, treat_none_as_default_value = false)]
pub struct NewCategory {
    pub id: Id,
    pub slug: String,
    pub name: String,
    pub parent_id: Option<Id>,
    pub created_by: Option<Id>,
    pub updated_by: Option<Id>,
}

impl NewCategory {
    /// A category at the root, or in another one.
    #[must_use]
    pub fn new(slug: &str, name: &str, parent_id: Option<Id>) -> Self {
        let (slug, name) = (slug.to_owned(), name.to_owned());
        Self { id: Id::new(), slug, name, parent_id, created_by: None, updated_by: None }
    }
}

/// What changes of a category.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, AsChangeset)]
#[diesel(table_name = categories)]
pub struct CategoryChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable::deserialize")]
    pub parent_id: Option<Option<Id>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable::deserialize")]
    pub updated_by: Option<Option<Id>>,
}

model! {
    Category, NewCategory, CategoryChanges, Categories, categories,
    key Id: |it| it.id, |key| *key,
    same |new| categories::id.eq(new.id).or(categories::slug.eq(new.slug.clone())),
    newest (categories::created_at.desc(), categories::id.desc()),
    oldest (categories::created_at, categories::id),
    by_key categories::id
}

impl Repository<'_, Category> {
    pub fn by_slug(&self, connection: &mut AnyConnection, slug: &str) -> Result<Option<Category>> {
        let category = categories::table.filter(categories::slug.eq(slug));
        Ok(on_each!(connection, |c| category.select(Category::as_select()).first(c)).optional()?)
    }

    /// The categories within another one, by their names.
    pub fn within(&self, connection: &mut AnyConnection, parent: Id) -> Result<Vec<Category>> {
        let within = categories::table.filter(categories::parent_id.eq(parent));
        let within = within.order((categories::name, categories::id));
        Ok(on_each!(connection, |c| within.select(Category::as_select()).load(c))?)
    }
}
