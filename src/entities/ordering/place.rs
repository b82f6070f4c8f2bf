//! Placing an order: all of it, or nothing.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::json;

use super::details::{Details, amount};
use super::mask::{self, masked};
use super::{Step, changed_meanwhile, shop, stock};
use crate::audit::{Event, Trail};
use crate::db::types::{Id, Money};
use crate::db::{AnyConnection, among, locked, on_each};
use crate::entities::order_items::NewOrderItem;
use crate::entities::orders::NewOrder;
use crate::error::{Code, Error, Result};
use crate::fault;
use crate::record::Record;
use crate::schema::{order_items, orders, products, users};
use crate::text;

/// So much of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub sku: String,
    pub quantity: i64,
}

impl Wanted {
    pub fn new(sku: impl Into<String>, quantity: i64) -> Self {
        Self { sku: sku.into(), quantity }
    }
}

/// The most that ever fits into `orders.total_amount`, in minor units: numeric(12, 2).
const LARGEST: i64 = 999_999_999_999;

/// Places an order of a user, who is named by the e-mail address. Of a product that is wanted twice the quantities are added.
pub fn place(connection: &mut AnyConnection, trail: &Trail, user: &str, items: &[Wanted]) -> Result<Details> {
    let placing = Placing { id: Id::new(), trail, user, items };
    let placed = shop::transaction(connection, |connection| placing.run(connection));
    placed.map_err(|error| trail.failed(connection, placing.event(), error))
}

/// The order as it would be: all is done, and taken back.
pub fn rehearse_place(connection: &mut AnyConnection, trail: &Trail, user: &str, items: &[Wanted]) -> Result<Details> {
    let placing = Placing { id: Id::new(), trail, user, items };
    shop::rehearse(connection, |connection| placing.run(connection))
}

struct Placing<'a> {
    id: Id,
    trail: &'a Trail,
    user: &'a str,
    items: &'a [Wanted],
}

/// A product that is to be sold.
type Product = (Id, String, String, Money, i32);

impl Placing<'_> {
    fn run(&self, connection: &mut AnyConnection) -> Step<Details> {
        let wanted = merged(self.items)?;
        let user = self.user(connection)?;
        let ids = product_ids(connection, &wanted)?;
        let products = products::table.filter(among(products::id, ids.clone())).order(products::id).select((
            products::id,
            products::sku,
            products::name,
            products::price,
            products::stock_quantity,
        ));
        let products: Vec<Product> = locked!(connection, products, |c, query| query.load(c))?;
        fault::point();
        let lines = lines(&products, &wanted)?;
        let by = self.trail.user();
        for (product, quantity, _) in &lines {
            if !stock::take(connection, *product, *quantity, by)? {
                return Err(changed_meanwhile("product"));
            }
            fault::point();
        }
        let total = total(&lines)?;
        let order = NewOrder { id: self.id, created_by: by, updated_by: by, ..NewOrder::new(user, total) };
        let insert = diesel::insert_into(orders::table).values(order);
        on_each!(connection, |c| insert.execute(c))?;
        fault::point();
        for (product_id, quantity, unit_price) in lines {
            let item = NewOrderItem { id: Id::new(), order_id: self.id, product_id, quantity, unit_price };
            let insert = diesel::insert_into(order_items::table).values(item);
            on_each!(connection, |c| insert.execute(c))?;
            fault::point();
        }
        let order = self.check(connection, &ids)?;
        self.trail.write(connection, &self.event().after(masked(&order, self.trail.sensitive())))?;
        Ok(order)
    }

    /// The order as the database has it, if that is what was meant.
    fn check(&self, connection: &mut AnyConnection, products: &[Id]) -> Step<Details> {
        let lost = || Error::new(Code::OrderCheck, format!("the order `{}` is not what was written", self.id));
        let order = Details::find(connection, self.id)?.ok_or_else(lost)?;
        if order.sum() != Some(order.total_amount) || order.items.len() != products.len() {
            let sum = order.sum().map_or_else(|| "too much".to_owned(), |sum| sum.to_string());
            let message = format!("the order's items sum to {sum}, and its total is {}", order.total_amount);
            let error = Error::new(Code::OrderCheck, message).note("nothing was changed");
            return Err(error.hint("does a trigger of the database change orders or their items?").into());
        }
        stock::check(connection, products)?;
        Ok(order)
    }

    /// What was asked for, as an event of it: of one that fails this is all there is.
    fn event(&self) -> Event {
        let items: Vec<_> =
            self.items.iter().map(|wanted| json!({ "sku": wanted.sku, "quantity": wanted.quantity })).collect();
        let asked = [("user".to_owned(), json!(self.user)), ("items".to_owned(), json!(items))];
        let mut asked = Record::from_iter(asked);
        mask::hide(&mut asked, self.trail.sensitive());
        Event::new("place", "orders", self.id.to_string()).after(asked)
    }

    fn user(&self, connection: &mut AnyConnection) -> Step<Id> {
        let email = self.user.trim().to_lowercase();
        let user = users::table.filter(users::email.eq(&email)).select((users::id, users::status));
        let user: Option<(Id, String)> = on_each!(connection, |c| user.first(c)).optional()?;
        match user {
            Some((id, status)) => {
                check_user(&email, &status).map_err(|error| error.note("nothing was placed"))?;
                Ok(id)
            }
            None => Err(unknown_user(connection, &email)?.into()),
        }
    }
}

/// Refuses a user who is not active.
pub(super) fn check_user(email: &str, status: &str) -> Result<()> {
    if status == "active" {
        return Ok(());
    }
    Err(Error::new(Code::OrderInvalid, format!("the user `{email}` is {status}, and cannot order")))
}

/// The error of an e-mail address that no user has, with the nearest that one has.
pub(super) fn unknown_user(connection: &mut AnyConnection, email: &str) -> Step<Error> {
    let from = users::table.filter(users::email.ge(email)).order(users::email).limit(NEIGHBOURS);
    let before = users::table.filter(users::email.lt(email)).order(users::email.desc()).limit(NEIGHBOURS);
    let mut near: Vec<String> = from.select(users::email).load(connection)?;
    near.extend(before.select(users::email).load::<String>(connection)?);
    Ok(not_found(format!("no user has the e-mail address `{}`", text::visible(email)), email, &near))
}

/// So many words on either side are looked at for the nearest, by the index that they stand in.
const NEIGHBOURS: i64 = 100;

fn not_found(message: String, word: &str, near: &[String]) -> Error {
    let error = Error::new(Code::NoRow, message);
    match text::did_you_mean(word, near.iter().map(String::as_str)) {
        Some(meant) => error.hint(meant),
        None => error,
    }
}

/// What is wanted of each product, by SKU.
fn merged(items: &[Wanted]) -> Result<BTreeMap<&str, i32>> {
    if items.is_empty() {
        let error = Error::new(Code::OrderInvalid, "an order has at least one item");
        return Err(error.hint("`--item SKU=QUANTITY` names a product, and how many of it"));
    }
    let invalid = |wanted: &Wanted, why: String| {
        Error::new(Code::OrderInvalid, format!("the quantity of `{}` {why}", wanted.sku)).note("nothing was placed")
    };
    let mut sum: BTreeMap<&str, i32> = BTreeMap::new();
    for wanted in items {
        if wanted.quantity < 1 {
            return Err(invalid(wanted, format!("must be 1 or more, not {}", wanted.quantity)));
        }
        let so_far = sum.entry(&wanted.sku).or_default();
        let more = i64::from(*so_far).checked_add(wanted.quantity).and_then(|sum| i32::try_from(sum).ok());
        *so_far = more.ok_or_else(|| invalid(wanted, format!("is more than {}", i32::MAX)))?;
    }
    Ok(sum)
}

/// The products' ids, in their order.
fn product_ids(connection: &mut AnyConnection, wanted: &BTreeMap<&str, i32>) -> Step<Vec<Id>> {
    let skus: Vec<&str> = wanted.keys().copied().collect();
    let found = products::table.filter(among(products::sku, skus.clone())).select((products::id, products::sku));
    let found: Vec<(Id, String)> = on_each!(connection, |c| found.load(c))?;
    // Where the database compares without regard to case, `cup` is another word for `CUP`, and not the product's.
    if let Some(unknown) = skus.iter().find(|sku| !found.iter().any(|(_, found)| found == *sku)) {
        return Err(unknown_product(connection, unknown)?.into());
    }
    let mut ids: Vec<Id> = found.into_iter().map(|(id, _)| id).collect();
    ids.sort_unstable();
    Ok(ids)
}

fn unknown_product(connection: &mut AnyConnection, sku: &str) -> Step<Error> {
    let from = products::table.filter(products::sku.ge(sku)).order(products::sku).limit(NEIGHBOURS);
    let before = products::table.filter(products::sku.lt(sku)).order(products::sku.desc()).limit(NEIGHBOURS);
    let mut near: Vec<String> = from.select(products::sku).load(connection)?;
    near.extend(before.select(products::sku).load::<String>(connection)?);
    Ok(not_found(format!("no product has the SKU `{}`", text::visible(sku)), sku, &near))
}

/// What is sold of each product at which price, or of which there is too little.
fn lines(products: &[Product], wanted: &BTreeMap<&str, i32>) -> Step<Vec<(Id, i32, Money)>> {
    let mut short = Vec::new();
    let mut lines = Vec::new();
    for (id, sku, name, price, available) in products {
        let quantity = wanted.get(sku.as_str()).copied().ok_or_else(|| changed_meanwhile("product"))?;
        if *available < quantity {
            let [sku, name] = [sku, name].map(|word| text::visible(word));
            short.push(format!("`{sku}` ({name}): {quantity} wanted, {available} available"));
        }
        lines.push((*id, quantity, *price));
    }
    if lines.len() != wanted.len() {
        return Err(changed_meanwhile("product"));
    }
    if short.is_empty() {
        return Ok(lines);
    }
    let error = Error::new(Code::OrderStock, format!("not enough in stock: {}", text::listed(short)));
    Err(error.note("nothing was placed").into())
}

fn total(lines: &[(Id, i32, Money)]) -> Result<Money> {
    let minor = lines.iter().try_fold(0_i64, |sum, (_, quantity, price)| {
        sum.checked_add(amount(*price, *quantity)?.minor()?).filter(|sum| *sum <= LARGEST)
    });
    minor.map(Money::from_minor).ok_or_else(|| {
        let error = Error::new(Code::OrderInvalid, format!("the total is more than {}", Money::from_minor(LARGEST)));
        error.note("nothing was placed")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::RepositoryError;

    #[test]
    fn the_same_product_is_one_item() {
        let items = [Wanted::new("b", 1), Wanted::new("a", 2), Wanted::new("b", 3)];
        assert_eq!(merged(&items).unwrap(), BTreeMap::from([("a", 2), ("b", 4)]));
    }

    #[test]
    fn quantities_are_whole_and_positive() {
        let refused = |items: &[Wanted]| {
            let error = merged(items).unwrap_err();
            assert_eq!(error.exit_code().number(), 11);
            error.to_string()
        };
        assert_eq!(refused(&[]), "an order has at least one item");
        assert_eq!(refused(&[Wanted::new("a", 0)]), "the quantity of `a` must be 1 or more, not 0");
        assert_eq!(
            refused(&[Wanted::new("a", 1), Wanted::new("a", i64::MAX)]),
            "the quantity of `a` is more than 2147483647"
        );
    }

    #[test]
    fn a_shortage_names_each_product() {
        let product = |id, sku: &str, stock| (id, sku.to_owned(), format!("The {sku}"), Money::from_minor(150), stock);
        let (a, b, c) = (Id::new(), Id::new(), Id::new());
        let products = [product(a, "a", 1), product(b, "b", 5), product(c, "c", 0)];
        let wanted = BTreeMap::from([("a", 2), ("b", 5), ("c", 1)]);
        let Err(RepositoryError::Refused(error)) = lines(&products, &wanted) else { panic!("there is too little") };
        assert_eq!(
            error.to_string(),
            "not enough in stock: `a` (The a): 2 wanted, 1 available, `c` (The c): 1 wanted, 0 available"
        );
    }

    #[test]
    fn a_total_has_its_limit() {
        let line = |quantity, minor| (Id::new(), quantity, Money::from_minor(minor));
        assert_eq!(total(&[line(2, 150), line(1, 5)]).unwrap().to_string(), "3.05");
        assert_eq!(total(&[line(1, LARGEST)]).unwrap().to_string(), "9999999999.99");
        for lines in [&[line(1, LARGEST), line(1, 1)][..], &[line(i32::MAX, i64::MAX)]] {
            assert_eq!(total(lines).unwrap_err().exit_code().number(), 11);
        }
    }
}
