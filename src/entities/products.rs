//! What the shop sells.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::categories::Category;
use super::counted::{self, Counted, One};
use super::entity::Entity;
use super::field::{Field, Meaning};
use super::model::{Filter, model, nullable};
use super::options::{Options, Page};
use super::product_categories::ProductCategory;
use super::repository::{Repository, Result};
use crate::db::types::{Id, Instant, Money};
use crate::db::{AnyConnection, among, on_each};
use crate::schema::{categories, product_categories, products};

/// The entity.
pub struct Products;

const FIELDS: &[Field] = &[
    Field::new("id", Meaning::Id).has_default(),
    Field::new("sku", Meaning::Text).longest(64),
    Field::new("name", Meaning::Text).longest(255),
    Field::new("description", Meaning::Text).nullable(),
    Field::new("price", Meaning::Money).digits(10).at_least(0),
    Field::new("stock_quantity", Meaning::Integer).at_least(0).at_most(i32::MAX as i64).has_default(),
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

/// A product as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable, Identifiable)]
#[diesel(table_name = products)]
pub struct Product {
    pub id: Id,
    pub sku: String,
    pub name: String,
    pub description: Option<String>,
    pub price: Money,
    pub stock_quantity: i32,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by: Option<Id>,
    pub updated_by: Option<Id>,
}

/// A product to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Insertable)]
#[diesel(table_name = products, treat_none_as_default_value = false)]
pub struct NewProduct {
    pub id: Id,
    pub sku: String,
    pub name: String,
    pub description: Option<String>,
    pub price: Money,
    pub stock_quantity: i32,
    pub created_by: Option<Id>,
    pub updated_by: Option<Id>,
}

impl NewProduct {
    /// A product without a description.
    #[must_use]
    pub fn new(sku: &str, name: &str, price: Money, stock_quantity: i32) -> Self {
        Self {
            id: Id::new(),
            sku: sku.to_owned(),
            name: name.to_owned(),
            description: None,
            price,
            stock_quantity,
            created_by: None,
            updated_by: None,
        }
    }
}

/// What changes of a product.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, AsChangeset)]
#[diesel(table_name = products)]
pub struct ProductChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable::deserialize")]
    pub description: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock_quantity: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable::deserialize")]
    pub updated_by: Option<Option<Id>>,
}

/// A product with all categories that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProductWithCategories {
    #[serde(flatten)]
    pub product: Product,
    pub categories: Vec<Category>,
}

model! {
    Product, NewProduct, ProductChanges, Products, products,
    key Id: |it| it.id, |key| *key,
    same |new| products::id.eq(new.id).or(products::sku.eq(new.sku.clone())),
    newest (products::created_at.desc(), products::id.desc()),
    oldest (products::created_at, products::id),
    by_key products::id
}

impl Repository<'_, Product> {
    pub fn by_sku(&self, connection: &mut AnyConnection, sku: &str) -> Result<Option<Product>> {
        let product = products::table.filter(products::sku.eq(sku));
        Ok(on_each!(connection, |c| product.select(Product::as_select()).first(c)).optional()?)
    }

    /// The products of a name.
    pub fn by_name(&self, connection: &mut AnyConnection, name: &str, options: &Options) -> Result<Page<Product>> {
        let name = name.to_owned();
        self.find_all(connection, &Filter::of(move || products::name.eq(name.clone())), options)
    }

    /// The products of which there is less than this, the fewest first.
    pub fn low_stock(&self, connection: &mut AnyConnection, below: i32, limit: i64) -> Result<Vec<Product>> {
        let low = products::table.filter(products::stock_quantity.lt(below));
        let low = low.order((products::stock_quantity, products::id)).limit(limit);
        Ok(on_each!(connection, |c| low.select(Product::as_select()).load(c))?)
    }

    /// The products in a category, by their names.
    pub fn in_category(
        &self,
        connection: &mut AnyConnection,
        category: Id,
        options: &Options,
    ) -> Result<Page<Product>> {
        let all = || product_categories::table.filter(product_categories::category_id.eq(category));
        let rows = all().inner_join(products::table).order((products::name, products::id));
        let rows = rows.limit(options.limit).offset(options.offset);
        let rows = on_each!(connection, |c| rows.select(Product::as_select()).load(c))?;
        let total = counted::total(
            connection,
            options.count,
            |connection| all().count().first(connection),
            |connection, most| Counted(all().select(One).limit(most)).get_result(connection),
        )?;
        Ok(Page { rows, total })
    }

    /// Each of these with its categories, in their order: one query.
    pub fn with_categories(
        &self,
        connection: &mut AnyConnection,
        products: Vec<Product>,
    ) -> Result<Vec<ProductWithCategories>> {
        let of = among(product_categories::product_id, products.iter().map(|product| product.id));
        let found = product_categories::table.inner_join(categories::table).filter(of);
        let found = found.order((categories::name, categories::id));
        let found: Vec<(ProductCategory, Category)> =
            on_each!(connection, |c| { found.select((ProductCategory::as_select(), Category::as_select())).load(c) })?;
        let grouped = found.grouped_by(&products);
        let with = |(product, found): (Product, Vec<(ProductCategory, Category)>)| ProductWithCategories {
            product,
            categories: found.into_iter().map(|(_, category)| category).collect(),
        };
        Ok(products.into_iter().zip(grouped).map(with).collect())
    }
}
