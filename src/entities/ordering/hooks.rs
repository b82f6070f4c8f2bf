//! The same rules for whoever changes a row of orders otherwise: `data update`, an import, a program's repository.

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};

use super::status::Status;
use super::{Step, changed_meanwhile, place, stock};
use crate::db::types::Id;
use crate::db::{AnyConnection, on_each};
use crate::error::{Code, Error};
use crate::record::Record;
use crate::schema::{order_items, orders, users};

/// Refuses a status that the life cycle does not have behind the present one. From here on nobody else changes the order.
pub fn before_update(connection: &mut AnyConnection, before: &Record, after: &Record) -> Step<()> {
    if before.get("user_id") != after.get("user_id")
        && let Some(user) = text(after, "user_id").and_then(|user| user.parse().ok())
    {
        may_order(connection, user)?;
    }
    let Some((from, to)) = change(before, after)? else { return Ok(()) };
    let id = id(before)?;
    from.check(&id.to_string(), to)?;
    if !is_still(connection, id, from)? {
        return Err(changed_meanwhile("order"));
    }
    Ok(())
}

/// Refuses a user who could not have placed the order. Whether there is such a user, the foreign key tells.
fn may_order(connection: &mut AnyConnection, user: Id) -> Step<()> {
    let found = users::table.find(user).select((users::email, users::status));
    let found: Option<(String, String)> = on_each!(connection, |c| found.first(c)).optional()?;
    found.map_or(Ok(()), |(email, status)| place::check_user(&email, &status).map_err(Into::into))
}

/// Puts back what was ordered, where the order is now cancelled or returned.
pub fn after_update(connection: &mut AnyConnection, before: &Record, after: &Record) -> Step<()> {
    let Some((_, to)) = change(before, after)? else { return Ok(()) };
    if !to.is_restocked() {
        return Ok(());
    }
    let items = order_items::table.filter(order_items::order_id.eq(id(before)?));
    let mut items: Vec<(Id, i32)> = items.select((order_items::product_id, order_items::quantity)).load(connection)?;
    let by = text(after, "updated_by").and_then(|by| by.parse().ok());
    stock::give_back(connection, &mut items, by)
}

/// Whether an order is still where it was seen. It is locked from here on. Asked by a change that changes nothing: a query may be
/// told what was there when the transaction began.
fn is_still(connection: &mut AnyConnection, id: Id, status: Status) -> Step<bool> {
    let order = orders::table.find(id).filter(orders::status.eq(status.name()));
    Ok(diesel::update(order).set(orders::status.eq(status.name())).execute(connection)? == 1)
}

/// The status before and after; `None`: it stays.
fn change(before: &Record, after: &Record) -> Step<Option<(Status, Status)>> {
    let status = |row| {
        let name = text(row, "status").unwrap_or_default();
        Status::from_name(name)
            .ok_or_else(|| Error::new(Code::OrderLifeCycle, format!("`{name}` is no status of an order")))
    };
    if before.get("status") == after.get("status") || !after.contains_key("status") {
        return Ok(None);
    }
    Ok(Some((status(before)?, status(after)?)))
}

fn id(row: &Record) -> Step<Id> {
    let id = text(row, "id").and_then(|id| id.parse().ok());
    Ok(id.ok_or_else(|| Error::new(Code::Unexpected, "the row of an order has no id"))?)
}

fn text<'r>(row: &'r Record, column: &str) -> Option<&'r str> {
    row.get(column).and_then(serde_json::Value::as_str)
}
