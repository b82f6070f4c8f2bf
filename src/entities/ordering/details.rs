//! An order as a person reads it: with its user and its items.

use std::collections::HashMap;

use diesel::{ExpressionMethods as _, JoinOnDsl as _, QueryDsl as _, QueryResult, RunQueryDsl as _};
use serde::Serialize;

use super::status::Status;
use crate::db::types::{Id, Instant, Money};
use crate::db::{AnyConnection, among, on_each};
use crate::record::Record;
use crate::schema::{order_items, orders, products, users};

/// An order with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Details {
    pub id: Id,
    pub status: String,
    pub user_id: Id,
    /// The user's e-mail address.
    pub user: String,
    pub total_amount: Money,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// By their SKUs.
    pub items: Vec<Item>,
}

/// So much of a product, at the price that it had.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    pub product_id: Id,
    pub sku: String,
    pub name: String,
    pub quantity: i32,
    pub unit_price: Money,
    /// Price times quantity.
    pub amount: Money,
}

/// A row of orders, and the e-mail address of its user.
pub(super) type Head = (Id, String, Id, String, Money, Instant, Instant);

/// An item with the order that it belongs to, and its product.
type Line = (Id, Id, String, String, i32, Money);

impl Details {
    /// What can come of it next.
    #[must_use]
    pub fn next(&self) -> &'static [Status] {
        Status::from_name(&self.status).map_or(&[], Status::next)
    }

    /// As an audit event keeps it.
    #[must_use]
    pub fn record(&self) -> Record {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(record)) => record,
            _ => Record::new(),
        }
    }

    /// The items' sum; `None`: it is more than a number holds.
    pub(super) fn sum(&self) -> Option<Money> {
        let minor = self.items.iter().try_fold(0_i64, |sum, item| sum.checked_add(item.amount.minor()?))?;
        Some(Money::from_minor(minor))
    }

    /// Orders with their items, read in one query for all of them.
    pub(super) fn load(connection: &mut AnyConnection, heads: Vec<Head>) -> QueryResult<Vec<Self>> {
        let of = among(order_items::order_id, heads.iter().map(|head| head.0));
        let lines = order_items::table
            .inner_join(products::table)
            .filter(of)
            .order((order_items::order_id, products::sku))
            .select((
                order_items::order_id,
                products::id,
                products::sku,
                products::name,
                order_items::quantity,
                order_items::unit_price,
            ));
        let lines: Vec<Line> = on_each!(connection, |c| lines.load(c))?;
        let mut items: HashMap<Id, Vec<Item>> = HashMap::new();
        for (order, product_id, sku, name, quantity, unit_price) in lines {
            let amount = amount(unit_price, quantity)
                .ok_or_else(|| diesel::result::Error::DeserializationError("an item's amount is too large".into()))?;
            items.entry(order).or_default().push(Item { product_id, sku, name, quantity, unit_price, amount });
        }
        let order = |(id, status, user_id, user, total_amount, created_at, updated_at): Head| Self {
            items: items.remove(&id).unwrap_or_default(),
            id,
            status,
            user_id,
            user,
            total_amount,
            created_at,
            updated_at,
        };
        Ok(heads.into_iter().map(order).collect())
    }

    /// One of them; `None`: it is not there.
    pub(super) fn find(connection: &mut AnyConnection, id: Id) -> QueryResult<Option<Self>> {
        let head = orders::table.inner_join(users::table.on(users::id.eq(orders::user_id))).filter(orders::id.eq(id));
        let head = head.select((
            orders::id,
            orders::status,
            orders::user_id,
            users::email,
            orders::total_amount,
            orders::created_at,
            orders::updated_at,
        ));
        let head: Vec<Head> = on_each!(connection, |c| head.load(c))?;
        Ok(Self::load(connection, head)?.pop())
    }
}

/// Price times quantity; `None`: it is more than a number holds.
pub(super) fn amount(price: Money, quantity: i32) -> Option<Money> {
    price.minor()?.checked_mul(i64::from(quantity)).map(Money::from_minor)
}
