//! What is in stock of the products: taken, and put back.

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use super::Step;
use crate::db::types::Id;
use crate::db::{AnyConnection, among, locked, on_each};
use crate::error::{Code, Error};
use crate::fault;
use crate::schema::products;
use crate::text;

/// Takes so much of a product; `false`: there is less. The product should be locked.
pub fn take(connection: &mut AnyConnection, product: Id, quantity: i32, by: Option<Id>) -> Step<bool> {
    let enough = products::table.find(product).filter(products::stock_quantity.ge(quantity));
    let less = products::stock_quantity.eq(products::stock_quantity - quantity);
    let update = diesel::update(enough).set((less, products::updated_by.eq(by)));
    let changed = on_each!(connection, |c| update.execute(c))?;
    Ok(changed == 1)
}

/// Puts products back, in the order of their ids.
pub fn give_back(connection: &mut AnyConnection, items: &mut [(Id, i32)], by: Option<Id>) -> Step<()> {
    items.sort_unstable();
    let products = products::table
        .filter(among(products::id, items.iter().map(|(id, _)| *id)))
        .order(products::id)
        .select((products::id, products::sku, products::stock_quantity));
    let products: Vec<(Id, String, i32)> = locked!(connection, products, |c, query| query.load(c))?;
    let more =
        |id: Id| items.iter().filter(move |(product, _)| *product == id).map(|(_, quantity)| i64::from(*quantity));
    if let Some((_, sku, stock)) =
        products.iter().find(|(id, _, stock)| i64::from(*stock) + more(*id).sum::<i64>() > i64::from(i32::MAX))
    {
        let message =
            format!("the stock of `{}` is {stock}, and would become more than {}", text::visible(sku), i32::MAX);
        return Err(Error::new(Code::OrderStock, message).note("nothing was changed").into());
    }
    for (product, quantity) in items {
        let stock = products::stock_quantity + *quantity;
        let update = diesel::update(products::table.find(*product));
        let update = update.set((products::stock_quantity.eq(stock), products::updated_by.eq(by)));
        on_each!(connection, |c| update.execute(c))?;
        fault::point();
    }
    Ok(())
}

/// Checks, after a change, that no product has less than nothing in stock.
pub fn check(connection: &mut AnyConnection, ids: &[Id]) -> Step<()> {
    let below = products::table.filter(among(products::id, ids.iter().copied())).filter(products::stock_quantity.lt(0));
    let below = below.select(products::sku).order(products::sku);
    let below: Vec<String> = on_each!(connection, |c| below.load(c))?;
    if below.is_empty() {
        return Ok(());
    }
    let products = text::listed(below.iter().map(|sku| format!("`{}`", text::visible(sku))));
    let error = Error::new(Code::OrderCheck, format!("the stock of {products} would be less than nothing"));
    Err(error.note("nothing was changed").into())
}
