//! Leading an order through its life.

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use super::details::Details;
use super::mask::masked;
use super::status::{Move, Status};
use super::{Step, changed_meanwhile, shop, stock};
use crate::audit::{Event, Trail};
use crate::db::types::Id;
use crate::db::{AnyConnection, on_each};
use crate::error::{Code, Error, Result};
use crate::fault;
use crate::schema::orders;

/// Pays, ships, delivers, cancels or returns an order. What was ordered comes back into stock with the last two.
pub fn advance(connection: &mut AnyConnection, trail: &Trail, id: Id, one: Move) -> Result<Details> {
    let moved = shop::transaction(connection, |connection| run(connection, trail, id, one));
    moved.map_err(|error| trail.failed(connection, Event::new(one.name(), "orders", id.to_string()), error))
}

/// The order as it would be: all is done, and taken back.
pub fn rehearse_advance(connection: &mut AnyConnection, trail: &Trail, id: Id, one: Move) -> Result<Details> {
    shop::rehearse(connection, |connection| run(connection, trail, id, one))
}

fn run(connection: &mut AnyConnection, trail: &Trail, id: Id, one: Move) -> Step<Details> {
    connection.lock_rows("orders", &[id])?;
    let before = Details::find(connection, id)?.ok_or_else(|| no_order(id))?;
    let status = Status::from_name(&before.status)
        .ok_or_else(|| Error::new(Code::OrderLifeCycle, format!("`{}` is no status of an order", before.status)))?;
    status.check(&id.to_string(), one.status())?;
    // Within a transaction of the caller, what was read may be older than the lock.
    let order = orders::table.find(id).filter(orders::status.eq(status.name()));
    let change = (orders::status.eq(one.status().name()), orders::updated_by.eq(trail.user()));
    let update = diesel::update(order).set(change);
    if on_each!(connection, |c| update.execute(c))? != 1 {
        return Err(changed_meanwhile("order"));
    }
    fault::point();
    if one.status().is_restocked() {
        let mut items: Vec<_> = before.items.iter().map(|item| (item.product_id, item.quantity)).collect();
        stock::give_back(connection, &mut items, trail.user())?;
    }
    let after = Details::find(connection, id)?.ok_or_else(|| no_order(id))?;
    let event = Event::new(one.name(), "orders", id.to_string()).before(masked(&before, trail.sensitive()));
    let event = event.after(masked(&after, trail.sensitive()));
    trail.write(connection, &event)?;
    Ok(after)
}

pub(super) fn no_order(id: Id) -> Error {
    Error::new(Code::NoRow, format!("there is no order `{id}`")).hint("`dbtool order list` shows them")
}
