//! The products of an order, at the prices that they had.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::entity::Entity;
use super::field::{Field, Meaning};
use super::model::model;
use super::orders::Order;
use super::products::Product;
use crate::db::types::{Id, Money};
use crate::schema::order_items;

/// The entity.
pub struct OrderItems;

const FIELDS: &[Field] = &[
    Field::new("id", Meaning::Id).has_default(),
    Field::new("order_id", Meaning::Id).managed(),
    Field::new("product_id", Meaning::Id).managed(),
    Field::new("quantity", Meaning::Integer).at_least(1).at_most(i32::MAX as i64).managed(),
    Field::new("unit_price", Meaning::Money).digits(10).at_least(0).managed(),
];

impl Entity for OrderItems {
    fn table(&self) -> &'static str {
        "order_items"
    }

    fn singular(&self) -> &'static str {
        "order item"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn commands(&self) -> Option<&'static str> {
        Some("dbtool order")
    }
}

/// An item as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = order_items, belongs_to(Order), belongs_to(Product))]
pub struct OrderItem {
    pub id: Id,
    pub order_id: Id,
    pub product_id: Id,
    pub quantity: i32,
    pub unit_price: Money,
}

/// An item to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Insertable)]
#[diesel(table_name = order_items, treat_none_as_default_value = false)]
pub struct NewOrderItem {
    pub id: Id,
    pub order_id: Id,
    pub product_id: Id,
    pub quantity: i32,
    pub unit_price: Money,
}

/// What changes of an item.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, AsChangeset)]
#[diesel(table_name = order_items)]
pub struct OrderItemChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
}

model! {
    OrderItem, NewOrderItem, OrderItemChanges, OrderItems, order_items,
    key Id: |it| it.id, |key| *key,
    same |new| order_items::order_id.eq(new.order_id).and(order_items::product_id.eq(new.product_id)),
    newest order_items::id.desc(),
    oldest order_items::id,
    by_key order_items::id
}
