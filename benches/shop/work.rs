//! The everyday work of a shop: an order is found, those of a user are listed, one is joined with its items and products, and placed.

use std::sync::{Arc, Mutex};

use dbtool::audit::{Options as TrailOptions, Trail};
use dbtool::db::AnyConnection;
use dbtool::db::types::Id;
use dbtool::entities::ordering::{self, Wanted};
use dbtool::entities::orders::Order;
use dbtool::entities::{Options, Repository};
use dbtool::error::{Code, Error};
use diesel::Connection as _;
use diesel::connection::InstrumentationEvent;

use super::fill::{Sizes, Table};
use super::house::House;

/// Something to do.
#[derive(Debug, Clone)]
pub enum Task {
    Find(Id),
    /// The newest orders of a user, with the total.
    List(Id),
    Join(Id),
    /// The e-mail address, and how many of which product.
    Place(String, Vec<(String, i64)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Find,
    List,
    Join,
    Place,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Find, Self::List, Self::Join, Self::Place];

    pub fn name(self) -> &'static str {
        match self {
            Self::Find => "find an order",
            Self::List => "list a user's orders, with the total",
            Self::Join => "an order with its items and products",
            Self::Place => "place an order of three items",
        }
    }

    /// One of many such tasks.
    pub fn task(self, sizes: Sizes) -> Task {
        let order = fastrand::u64(0..sizes.orders);
        match self {
            Self::Find => Task::Find(sizes.id(Table::Orders, order)),
            Self::List => Task::List(sizes.id(Table::Users, sizes.user_of(order))),
            Self::Join => Task::Join(sizes.id(Table::Orders, order)),
            Self::Place => {
                // Nobody who is suspended, and nothing of which there is little.
                let user = fastrand::u64(0..sizes.users);
                let user = if user % 33 == 32 { user - 1 } else { user };
                let first = sizes.product_of(order);
                let item = |number: u64| {
                    let product = (first + number * (sizes.products / 3)) % sizes.products;
                    let product = if product % 100 == 99 { product - 1 } else { product };
                    (format!("SKU-{product}"), fastrand::i64(1..=3))
                };
                Task::Place(format!("user{user}@example.com"), (0..3).map(item).collect())
            }
        }
    }
}

/// Does tasks with dbtool.
pub struct Worker {
    connection: AnyConnection,
    trail: Trail,
    /// Errors that a caller would see because another was at the same rows.
    pub conflicts: usize,
}

impl Worker {
    pub fn new(house: &House) -> Self {
        let mut connection = house.open();
        let trail = Trail::open(&mut connection, TrailOptions::default()).unwrap();
        Self { connection, trail, conflicts: 0 }
    }

    /// Does a task, and gives how many rows it came to.
    pub fn run(&mut self, task: &Task) -> usize {
        let orders = Repository::<Order>::new(&self.trail);
        match task {
            Task::Find(id) => orders.find_by_id(&mut self.connection, id).map(|_| 1).unwrap(),
            Task::List(user) => orders.of_user(&mut self.connection, *user, &Options::new()).unwrap().rows.len(),
            Task::Join(id) => {
                let order = orders.find_by_id(&mut self.connection, id).unwrap();
                orders.with_items(&mut self.connection, vec![order]).unwrap()[0].items.len()
            }
            Task::Place(user, items) => {
                let items: Vec<Wanted> = items.iter().map(|(sku, quantity)| Wanted::new(sku, *quantity)).collect();
                match ordering::place(&mut self.connection, &self.trail, user, &items) {
                    Ok(order) => order.items.len(),
                    Err(error) => {
                        assert!(is_conflict(&error), "{error:?}");
                        self.conflicts += 1;
                        0
                    }
                }
            }
        }
    }
}

fn is_conflict(error: &Error) -> bool {
    matches!(error.code(), Code::Conflict | Code::LockBusy)
}

/// The statements of each task, as they were sent.
#[derive(Debug, Default)]
pub struct Seen {
    pub find: Vec<String>,
    pub list: Vec<String>,
    pub join: Vec<String>,
    pub place: Vec<String>,
}

impl Seen {
    /// Looks what dbtool sends. What belongs to no transaction has its values behind it.
    pub fn look(house: &House) -> Self {
        let mut worker = Worker::new(house);
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let sent = Arc::clone(&log);
        worker.connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                let text = query.to_string();
                let text = text.split_once(" -- binds: ").map_or(text.as_str(), |(sql, _)| sql).to_owned();
                sent.lock().unwrap().push(text);
            }
        });
        let mut of = |kind: Kind| {
            worker.run(&kind.task(house.sizes));
            std::mem::take(&mut *log.lock().unwrap())
        };
        Self { find: of(Kind::Find), list: of(Kind::List), join: of(Kind::Join), place: of(Kind::Place) }
    }
}
