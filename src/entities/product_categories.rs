//! Which product is in which category: many to many.

use std::fmt;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::categories::Category;
use super::entity::Entity;
use super::field::{Field, Meaning};
use super::model::model;
use super::products::Product;
use crate::db::types::Id;
use crate::schema::product_categories;

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

/// That a product is in a category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = product_categories, primary_key(product_id, category_id))]
#[diesel(belongs_to(Product), belongs_to(Category))]
pub struct ProductCategory {
    pub product_id: Id,
    pub category_id: Id,
}

/// The same to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Insertable)]
#[diesel(table_name = product_categories, treat_none_as_default_value = false)]
pub struct NewProductCategory {
    pub product_id: Id,
    pub category_id: Id,
}

/// The key: both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProductCategoryKey {
    pub product_id: Id,
    pub category_id: Id,
}

impl fmt::Display for ProductCategoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.product_id, self.category_id)
    }
}

/// What changes: all that there is is the key, so to change one is to make it another's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, AsChangeset)]
#[diesel(table_name = product_categories, primary_key(product_id))]
pub struct ProductCategoryChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_id: Option<Id>,
}

model! {
    ProductCategory, NewProductCategory, ProductCategoryChanges, ProductCategories, product_categories,
    key ProductCategoryKey: |it| ProductCategoryKey { product_id: it.product_id, category_id: it.category_id },
        |key| (key.product_id, key.category_id),
    same |new| product_categories::product_id.eq(new.product_id).and(product_categories::category_id.eq(new.category_id)),
    newest (product_categories::product_id, product_categories::category_id),
    oldest (product_categories::product_id, product_categories::category_id),
    by_key (product_categories::product_id, product_categories::category_id)
}
