//! What users ordered.

use std::collections::HashMap;

use diesel::dsl::{count_star, sum};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use serde::{Deserialize, Serialize};

use super::entity::Entity;
use super::error::RepositoryError;
use super::field::{Field, Meaning};
use super::model::{Filter, model, nullable};
use super::months::{Month, UnionAll, months};
use super::options::{Options, Page};
use super::order_items::OrderItem;
use super::ordering::hooks;
use super::products::Product;
use super::repository::{Repository, Result};
use crate::db::types::{Id, Instant, Money};
use crate::db::{AnyConnection, among, on_each, within};
use crate::record::Record;
use crate::schema::{order_items, orders, products};

/// The states of an order, in the order of its life.
pub const STATUSES: &[&str] = &["pending", "paid", "shipped", "delivered", "cancelled", "returned"];

/// The entity.
pub struct Orders;

const FIELDS: &[Field] = &[
    Field::new("id", Meaning::Id).has_default(),
    Field::new("user_id", Meaning::Id),
    Field::new("status", Meaning::Text).one_of(STATUSES).has_default(),
    Field::new("total_amount", Meaning::Money).digits(12).at_least(0).managed(),
    Field::new("created_at", Meaning::Instant).has_default(),
    Field::new("updated_at", Meaning::Instant).has_default(),
    Field::new("created_by", Meaning::Id).nullable(),
    Field::new("updated_by", Meaning::Id).nullable(),
];

impl Entity for Orders {
    fn table(&self) -> &'static str {
        "orders"
    }

    fn singular(&self) -> &'static str {
        "order"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn commands(&self) -> Option<&'static str> {
        Some("dbtool order")
    }

    fn before_update(
        &self,
        connection: &mut AnyConnection,
        before: &Record,
        after: &mut Record,
    ) -> Result<(), RepositoryError> {
        hooks::before_update(connection, before, after)
    }

    fn after_update(
        &self,
        connection: &mut AnyConnection,
        before: &Record,
        after: &Record,
    ) -> Result<(), RepositoryError> {
        hooks::after_update(connection, before, after)
    }
}

/// An order as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable, Identifiable)]
#[diesel(table_name = orders)]
pub struct Order {
    pub id: Id,
    pub user_id: Id,
    pub status: String,
    pub total_amount: Money,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by: Option<Id>,
    pub updated_by: Option<Id>,
}

/// An order to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Insertable)]
#[diesel(table_name = orders, treat_none_as_default_value = false)]
pub struct NewOrder {
    pub id: Id,
    pub user_id: Id,
    pub status: String,
    pub total_amount: Money,
    pub created_by: Option<Id>,
    pub updated_by: Option<Id>,
}

impl NewOrder {
    /// A pending one.
    #[must_use]
    pub fn new(user_id: Id, total_amount: Money) -> Self {
        let status = "pending".to_owned();
        Self { id: Id::new(), user_id, status, total_amount, created_by: None, updated_by: None }
    }
}

/// What changes of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, AsChangeset)]
#[diesel(table_name = orders)]
pub struct OrderChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_amount: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable::deserialize")]
    pub updated_by: Option<Option<Id>>,
}

/// An order with its items, each with its product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderWithItems {
    #[serde(flatten)]
    pub order: Order,
    pub items: Vec<(OrderItem, Product)>,
}

/// What was sold in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revenue {
    /// `2026-01`, in UTC.
    pub month: String,
    pub revenue: Money,
    pub orders: i64,
}

/// How often a product was sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BestSeller {
    pub product: Product,
    pub sold: i64,
}

/// The states of orders that are paid for, and stay so.
const SOLD: [&str; 3] = ["paid", "shipped", "delivered"];

/// Months that one statement asks for: ten years.
const MONTHS_AT_ONCE: usize = 120;

model! {
    Order, NewOrder, OrderChanges, Orders, orders,
    key Id: |it| it.id, |key| *key,
    same |new| orders::id.eq(new.id),
    newest (orders::created_at.desc(), orders::id.desc()),
    oldest (orders::created_at, orders::id),
    by_key orders::id
}

impl Repository<'_, Order> {
    /// The orders of a user.
    pub fn of_user(&self, connection: &mut AnyConnection, user: Id, options: &Options) -> Result<Page<Order>> {
        self.find_all(connection, &Filter::of(move || orders::user_id.eq(user)), options)
    }

    /// The orders in a state: `pending`, `paid` …
    pub fn in_state(&self, connection: &mut AnyConnection, status: &str, options: &Options) -> Result<Page<Order>> {
        let status = status.to_owned();
        self.find_all(connection, &Filter::of(move || orders::status.eq(status.clone())), options)
    }

    /// Each of these with its items and their products, in their order: two queries, however many there are.
    pub fn with_items(&self, connection: &mut AnyConnection, orders: Vec<Order>) -> Result<Vec<OrderWithItems>> {
        let items = order_items::table.filter(among(order_items::order_id, orders.iter().map(|order| order.id)));
        let items = items.order(order_items::id);
        let items: Vec<OrderItem> = on_each!(connection, |c| items.select(OrderItem::as_select()).load(c))?;
        let mut ids: Vec<Id> = items.iter().map(|item| item.product_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let products = products_of(connection, ids)?;
        let items = items.into_iter().filter_map(|item| Some((item.clone(), products.get(&item.product_id)?.clone())));
        let mut by_order: HashMap<Id, Vec<(OrderItem, Product)>> = HashMap::new();
        for (item, product) in items {
            by_order.entry(item.order_id).or_default().push((item, product));
        }
        let with = |order: Order| OrderWithItems { items: by_order.remove(&order.id).unwrap_or_default(), order };
        Ok(orders.into_iter().map(with).collect())
    }

    /// What was sold in each month of a time, from its beginning to before its end. Months without orders are left out.
    pub fn revenue_by_month(
        &self,
        connection: &mut AnyConnection,
        from: Instant,
        until: Instant,
    ) -> Result<Vec<Revenue>> {
        let mut sold = Vec::new();
        let mut from = from;
        // However long the time is, months are asked for from the first in which there is an order.
        while let Some(first) = first_order(connection, from, until)? {
            let months: Vec<Month> = months(first, until).take(MONTHS_AT_ONCE).collect();
            let of_month = |(at, month): (i32, &Month)| {
                orders::table
                    .filter(orders::created_at.ge(month.from).and(orders::created_at.lt(month.until)))
                    .filter(orders::status.eq_any(SOLD))
                    .select((at.into_sql::<Integer>(), sum(orders::total_amount), count_star()))
            };
            let sums = UnionAll((0..).zip(&months).map(of_month).collect());
            let mut sums: Vec<(i32, Option<Money>, i64)> = sums.load(connection)?;
            sums.sort_unstable_by_key(|(at, ..)| *at);
            let told = |(at, revenue, orders): (i32, Option<Money>, i64)| {
                let month = months.get(usize::try_from(at).ok()?)?.name();
                Some(Revenue { month, revenue: revenue?, orders })
            };
            sold.extend(sums.into_iter().filter_map(told));
            from = months.last().map_or(until, |last| last.until);
        }
        Ok(sold)
    }

    /// The products that were sold most since then.
    pub fn best_sellers(&self, connection: &mut AnyConnection, since: Instant, limit: i64) -> Result<Vec<BestSeller>> {
        let orders = orders::table.filter(orders::created_at.ge(since).and(orders::status.eq_any(SOLD)));
        let sold = sum(order_items::quantity);
        let best = order_items::table
            .filter(within(order_items::order_id, orders.select(orders::id)))
            .group_by(order_items::product_id)
            .select((order_items::product_id, sold))
            .order((sold.desc(), order_items::product_id))
            .limit(limit);
        let best: Vec<(Id, Option<i64>)> = on_each!(connection, |c| best.load(c))?;
        let products = products_of(connection, best.iter().map(|(id, _)| *id).collect())?;
        let with = |(id, sold): (Id, Option<i64>)| {
            Some(BestSeller { product: products.get(&id)?.clone(), sold: sold.unwrap_or_default() })
        };
        Ok(best.into_iter().filter_map(with).collect())
    }
}

/// When the first order of a time was made.
fn first_order(connection: &mut AnyConnection, from: Instant, until: Instant) -> Result<Option<Instant>> {
    let made = orders::table.filter(orders::created_at.ge(from).and(orders::created_at.lt(until)));
    Ok(made.select(orders::created_at).order(orders::created_at).first(connection).optional()?)
}

fn products_of(connection: &mut AnyConnection, ids: Vec<Id>) -> Result<HashMap<Id, Product>> {
    let found = products::table.filter(among(products::id, ids));
    let found: Vec<Product> = on_each!(connection, |c| found.select(Product::as_select()).load(c))?;
    Ok(found.into_iter().map(|product| (product.id, product)).collect())
}
