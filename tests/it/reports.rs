//! Revenue and best sellers of orders at random: as a plain sum in memory gives them, on every backend.

use std::collections::BTreeMap;

use dbtool::audit::{Options as TrailOptions, Trail};
use dbtool::backend::Backend;
use dbtool::db::types::{Id, Instant, Money};
use dbtool::entities::Repository;
use dbtool::entities::orders::Order;
use dbtool::entities::products::{NewProduct, Product};
use dbtool::entities::users::{NewUser, User};

use crate::support::{on_each_backend, shop};
use crate::values::connection;

const STATES: [&str; 6] = ["pending", "paid", "shipped", "delivered", "cancelled", "returned"];
const PRODUCTS: usize = 12;

struct Made {
    status: &'static str,
    at: Instant,
    cents: i64,
    /// Of which product, how many.
    items: Vec<(usize, i64)>,
}

impl Made {
    fn is_sold(&self) -> bool {
        ["paid", "shipped", "delivered"].contains(&self.status)
    }
}

/// A moment of a time that a shop may have been open in: now and then at the edge of a month, and once far before all others.
fn moment(random: &mut fastrand::Rng) -> Instant {
    let month = random.i32(24_000..24_040);
    let text = match random.u8(0..10) {
        0 => format!("{}-{:02}-01T00:00:00Z", month / 12, month % 12 + 1),
        1 => format!("{}-02-{}T23:59:59.999999Z", month / 12, if month / 12 % 4 == 0 { 29 } else { 28 }),
        2 => format!("{}-12-31T23:59:59.999999Z", month / 12),
        3 => format!("1970-0{}-01T00:00:00.000001Z", month % 9 + 1),
        _ => format!(
            "{}-{:02}-{:02}T{:02}:00:00.{:06}Z",
            month / 12,
            month % 12 + 1,
            random.u8(1..=28),
            random.u8(0..24),
            random.u32(0..1_000_000)
        ),
    };
    text.parse().unwrap()
}

fn orders(random: &mut fastrand::Rng) -> Vec<Made> {
    let order = |_| {
        let first = random.usize(0..PRODUCTS);
        let items = (0..random.usize(0..4)).map(|at| ((first + at) % PRODUCTS, random.i64(1..9))).collect();
        let cents = random.i64(0..1_000_000_000_000);
        Made { status: STATES[random.usize(0..6)], at: moment(random), cents, items }
    };
    (0..300).map(order).collect()
}

fn revenue(made: &[Made], from: Instant, until: Instant) -> Vec<String> {
    let mut months: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for order in made.iter().filter(|order| order.is_sold() && order.at >= from && order.at < until) {
        let (cents, orders) = months.entry(order.at.to_string()[..7].to_owned()).or_default();
        *cents += order.cents;
        *orders += 1;
    }
    let told = |(month, (cents, orders))| format!("{month} {} {orders}", Money::from_minor(cents));
    months.into_iter().map(told).collect()
}

fn best_sellers(made: &[Made], since: Instant, products: &[Id], limit: usize) -> Vec<(Id, i64)> {
    let mut sold: BTreeMap<Id, i64> = BTreeMap::new();
    for order in made.iter().filter(|order| order.is_sold() && order.at >= since) {
        order.items.iter().for_each(|(product, quantity)| *sold.entry(products[*product]).or_default() += quantity);
    }
    let mut sold: Vec<_> = sold.into_iter().collect();
    sold.sort_by_key(|(id, quantity)| (-quantity, id.to_string()));
    sold.truncate(limit);
    sold
}

#[test]
fn reports_are_what_a_sum_in_memory_gives() {
    let seed = fastrand::u64(..);
    on_each_backend(|project| {
        let mut random = fastrand::Rng::with_seed(seed);
        let made = orders(&mut random);
        let project = shop(project);
        let mut connection = connection(&project);
        let trail = Trail::open(&mut connection, TrailOptions::default()).unwrap();
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA";
        let user = NewUser::new("alice@example.com", hash, "Alice", "Archer");
        let user = Repository::<User>::new(&trail).create(&mut connection, &user).unwrap().id;
        let mut product = |number: usize| {
            let new = NewProduct::new(&format!("P-{number}"), "Pot", Money::from_minor(100), 1);
            Repository::<Product>::new(&trail).create(&mut connection, &new).unwrap().id
        };
        let products: Vec<Id> = (0..PRODUCTS).map(&mut product).collect();
        let decimal = |cents: i64| match project.backend {
            Backend::Sqlite => cents.to_string(),
            Backend::Postgres | Backend::Mysql => format!("{}.{:02}", cents / 100, cents % 100),
        };
        let (mut rows, mut items) = (Vec::new(), Vec::new());
        for order in &made {
            let id = Id::new();
            let at = order.at.to_string();
            let at = project.by_backend(at.clone(), at.clone(), at.replace('T', " ").replace('Z', ""));
            rows.push(format!("('{id}', '{user}', '{}', {}, '{at}')", order.status, decimal(order.cents)));
            let item = |(product, quantity): &(usize, i64)| {
                format!("('{}', '{id}', '{}', {quantity}, {})", Id::new(), products[*product], decimal(100))
            };
            items.extend(order.items.iter().map(item));
        }
        let into = [
            "orders (id, user_id, status, total_amount, created_at)",
            "order_items (id, order_id, product_id, quantity, unit_price)",
        ];
        let mut session = project.session();
        for (into, rows) in into.into_iter().zip([rows, items]) {
            session.execute(&format!("INSERT INTO {into} VALUES {}", rows.join(", "))).unwrap();
        }
        let repository = Repository::<Order>::new(&trail);
        let ends = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"].map(|text| text.parse().unwrap());
        let mut times = vec![(ends[0], ends[1]), (ends[1], ends[0]), (made[0].at, made[0].at)];
        // From or to the very moment of an order, which is in, or no longer.
        times.extend((0..20).map(|_| (made[random.usize(0..300)].at, made[random.usize(0..300)].at)));
        times.extend((0..20).map(|_| (moment(&mut random), moment(&mut random))));
        for (from, until) in times {
            let told = repository.revenue_by_month(&mut connection, from, until).unwrap();
            let told: Vec<_> = told.iter().map(|it| format!("{} {} {}", it.month, it.revenue, it.orders)).collect();
            assert_eq!(told, revenue(&made, from, until), "{from} {until} on {}, seed {seed}", project.backend);
            let limit = random.usize(1..PRODUCTS + 3);
            let best = repository.best_sellers(&mut connection, from, i64::try_from(limit).unwrap()).unwrap();
            let best: Vec<_> = best.iter().map(|it| (it.product.id, it.sold)).collect();
            assert_eq!(best, best_sellers(&made, from, &products, limit), "{from} on {}, seed {seed}", project.backend);
        }
    });
}
