//! Orders as they are asked for: one, or page by page, the newest first.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};
use serde::Serialize;

use super::Step;
use super::advance::no_order;
use super::details::{Details, Head, head_columns};
use super::place::unknown_user;
use super::shop;
use super::status::Status;
use crate::db::AnyConnection;
use crate::db::types::{Id, Instant};
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
    let mut query = orders::table.inner_join(users::table.on(users::id.eq(orders::user_id))).into_boxed();
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
    let query = query.order(newest_first).limit(i64::from(limit) + 1).select(head_columns());
    let mut heads: Vec<Head> = query.load(connection)?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = heads.len() > wanted;
    heads.truncate(wanted);
    let orders = Details::load(connection, heads)?;
    let next = orders.last().filter(|_| more).map(|order| order.id);
    Ok(Page { orders, next })
}
