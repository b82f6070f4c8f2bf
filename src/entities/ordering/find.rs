//! Orders as they are asked for: one, or page by page, the newest first.

use std::collections::HashMap;

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _,
    SelectableHelper as _,
};
use serde::Serialize;

use super::Step;
use super::advance::no_order;
use super::details::{Details, Head};
use super::place::unknown_user;
use super::shop;
use super::status::Status;
use crate::db::types::{Id, Instant};
use crate::db::{AnyConnection, among, on_each};
use crate::entities::orders::Order;
use crate::error::Result;
use crate::schema::{orders, users};

/// Which orders are wanted: those for which everything holds that is asked here.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The user's e-mail address.
    pub user: Option<String>,
    pub status: Option<Status>,
    /// Placed at this moment, or later.
    pub since: Option<Instant>,
    /// Placed before this moment.
    pub until: Option<Instant>,
}

/// Some orders, and what the next page is asked for with.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    pub orders: Vec<Details>,
    /// The last of these orders; null: there are no more.
    pub next: Option<Id>,
}

/// An order with its items.
pub fn get(connection: &mut AnyConnection, id: Id) -> Result<Details> {
    let found =
        Details::find(connection, id).map_err(Into::into).and_then(|found| found.ok_or_else(|| no_order(id).into()));
    found.map_err(|failure| shop::explain(connection, failure))
}

/// The orders of a filter, the newest first; those that are older than one of them, where that is given.
pub fn list(connection: &mut AnyConnection, filter: &Filter, limit: u32, older_than: Option<Id>) -> Result<Page> {
    page(connection, filter, limit, older_than).map_err(|failure| shop::explain(connection, failure))
}

fn page(connection: &mut AnyConnection, filter: &Filter, limit: u32, older_than: Option<Id>) -> Step<Page> {
    // Without their users: a join with them leaves it to the server where to begin, and MariaDB begins at the users.
    let mut query = orders::table.into_boxed();
    if let Some(last) = older_than {
        let at = orders::table.find(last).select(orders::created_at).first::<Instant>(connection).optional()?;
        let at = at.ok_or_else(|| no_order(last))?;
        query = query.filter(orders::created_at.lt(at).or(orders::created_at.eq(at).and(orders::id.lt(last))));
    }
    if let Some(email) = &filter.user {
        let email = email.trim().to_lowercase();
        let user = users::table.filter(users::email.eq(&email)).select(users::id).first::<Id>(connection).optional()?;
        let Some(user) = user else { return Err(unknown_user(connection, &email)?.into()) };
        query = query.filter(orders::user_id.eq(user));
    }
    if let Some(status) = filter.status {
        query = query.filter(orders::status.eq(status.name()));
    }
    if let Some(since) = filter.since {
        query = query.filter(orders::created_at.ge(since));
    }
    if let Some(until) = filter.until {
        query = query.filter(orders::created_at.lt(until));
    }
    let newest_first = (orders::created_at.desc(), orders::id.desc());
    // One more than is wanted tells whether there are more.
    let query = query.order(newest_first).limit(i64::from(limit) + 1);
    let mut found: Vec<Order> = query.select(Order::as_select()).load(connection)?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > wanted;
    found.truncate(wanted);
    let emails = emails(connection, found.iter().map(|order| order.user_id).collect())?;
    let head = |order: Order| -> Option<Head> {
        let email = emails.get(&order.user_id)?.clone();
        let Order { id, user_id, status, total_amount, created_at, updated_at, .. } = order;
        Some((id, status, user_id, email, total_amount, created_at, updated_at))
    };
    let orders = Details::load(connection, found.into_iter().filter_map(head).collect())?;
    let next = orders.last().filter(|_| more).map(|order| order.id);
    Ok(Page { orders, next })
}

fn emails(connection: &mut AnyConnection, mut users: Vec<Id>) -> Step<HashMap<Id, String>> {
    users.sort_unstable();
    users.dedup();
    let found = users::table.filter(among(users::id, users)).select((users::id, users::email));
    let found: Vec<(Id, String)> = on_each!(connection, |c| found.load(c))?;
    Ok(found.into_iter().collect())
}
