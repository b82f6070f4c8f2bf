//! What is in stock of the products: taken, and put back.

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use super::Step;
use crate::db::AnyConnection;
use crate::db::types::Id;
use crate::error::{Code, Error};
use crate::fault;
use crate::schema::products;

/// Takes so much of a product; `false`: there is less. The product should be locked.
pub fn take(connection: &mut AnyConnection, product: Id, quantity: i32, by: Option<Id>) -> Step<bool> {
    let enough = products::table.find(product).filter(products::stock_quantity.ge(quantity));
    let changed = diesel::update(enough)
        .set((products::stock_quantity.eq(products::stock_quantity - quantity), products::updated_by.eq(by)))
        .execute(connection)?;
    Ok(changed == 1)
}

/// Puts products back, in the order of their ids.
pub fn give_back(connection: &mut AnyConnection, items: &mut [(Id, i32)], by: Option<Id>) -> Step<()> {
    items.sort_unstable();
    let ids: Vec<Id> = items.iter().map(|(id, _)| *id).collect();
    connection.lock_rows("products", &ids)?;
    for (product, quantity) in items {
        let stock = products::stock_quantity + *quantity;
        diesel::update(products::table.find(*product))
            .set((products::stock_quantity.eq(stock), products::updated_by.eq(by)))
            .execute(connection)?;
        fault::point();
    }
    Ok(())
}

/// Checks, after a change, that no product has less than nothing in stock.
pub fn check(connection: &mut AnyConnection, ids: &[Id]) -> Step<()> {
    let below = products::table.filter(products::id.eq_any(ids.to_vec())).filter(products::stock_quantity.lt(0));
    let below: Vec<String> = below.select(products::sku).order(products::sku).load(connection)?;
    if below.is_empty() {
        return Ok(());
    }
    let products = crate::text::listed(below.iter().map(|sku| format!("`{sku}`")));
    let error = Error::new(Code::OrderCheck, format!("the stock of {products} would be less than nothing"));
    Err(error.note("nothing was changed").into())
}
