//! The plans of the repositories' queries on a filled database: what is selective goes by an index.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use dbtool::audit::{Options as TrailOptions, Trail};
use dbtool::backend::Backend;
use dbtool::db::AnyConnection;
use dbtool::db::types::{Id, Instant};
use dbtool::entities::categories::Category;
use dbtool::entities::countries::Country;
use dbtool::entities::order_items::OrderItem;
use dbtool::entities::ordering::{self, Move, Status, Wanted};
use dbtool::entities::orders::Order;
use dbtool::entities::product_categories::{ProductCategory, ProductCategoryKey};
use dbtool::entities::products::Product;
use dbtool::entities::user_profiles::UserProfile;
use dbtool::entities::users::User;
use dbtool::entities::{Filter, Options, Repository};
use dbtool::error::Error;
use diesel::Connection as _;
use diesel::connection::InstrumentationEvent;
use uuid::Uuid;

use crate::support::{Project, on_each_backend, shop};
use crate::values::connection;

const USERS: usize = 2_000;
const PRODUCTS: usize = 4_000;
const CATEGORIES: usize = 1_000;
const ORDERS: usize = 10_000;

/// The id of the row of this number, of a table that has a number itself.
fn id(table: u8, number: usize) -> Id {
    Uuid::from_u128(u128::from(table) << 96 | 7 << 76 | 2 << 62 | number as u128).into()
}

/// Fills the shop, without its triggers of events and rules: hand-written rows.
fn fill(project: &Project) {
    let mut session = project.session();
    let mut insert = |into: &str, count: usize, row: &dyn Fn(usize) -> String| {
        for start in (0..count).step_by(500) {
            let rows: Vec<String> = (start..count.min(start + 500)).map(|at| format!("({})", row(at))).collect();
            session.execute(&format!("INSERT INTO {into} VALUES {}", rows.join(", "))).unwrap();
        }
    };
    let money = |cents: usize| {
        let decimal = || format!("{}.{:02}", cents / 100, cents % 100);
        project.by_backend(cents.to_string(), decimal(), decimal())
    };
    // Over 600 days.
    let at = |number: usize| {
        let moment =
            chrono::DateTime::from_timestamp(1_735_689_600 + (i64::try_from(number).unwrap() * 5_184), 0).unwrap();
        project.by_backend(
            moment.format("'%Y-%m-%dT%H:%M:%S.000000Z'").to_string(),
            moment.format("'%Y-%m-%dT%H:%M:%SZ'").to_string(),
            moment.format("'%Y-%m-%d %H:%M:%S'").to_string(),
        )
    };
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA";
    insert("users (id, email, password_hash, first_name, last_name, created_at)", USERS, &|n| {
        format!("'{}', 'user{n}@example.com', '{hash}', 'A', 'B', {}", id(1, n), at(n))
    });
    insert("user_profiles (user_id, phone)", USERS, &|n| format!("'{}', '{n}'", id(1, n)));
    insert("countries (code, name)", 676, &|n| {
        let letter = |n: usize| char::from(b'A' + u8::try_from(n).unwrap());
        format!("'{}{}', 'Country {n}'", letter(n / 26), letter(n % 26))
    });
    insert("categories (id, slug, name, parent_id)", CATEGORIES, &|n| {
        let parent = if n < 10 { "NULL".into() } else { format!("'{}'", id(2, n / 10)) };
        format!("'{}', 'slug-{n}', 'Category {n}', {parent}", id(2, n))
    });
    insert("products (id, sku, name, price, stock_quantity, created_at)", PRODUCTS, &|n| {
        format!("'{}', 'SKU-{n}', 'Product {n}', {}, {}, {}", id(3, n), money(n + 1), n % 500, at(n))
    });
    insert("product_categories (product_id, category_id)", PRODUCTS * 2, &|n| {
        format!("'{}', '{}'", id(3, n / 2), id(2, (n / 2 + n % 2 * 7) % CATEGORIES))
    });
    let states = ["delivered", "delivered", "delivered", "paid", "cancelled", "delivered", "delivered", "delivered"];
    insert("orders (id, user_id, status, total_amount, created_at)", ORDERS, &|n| {
        let status = if n % 200 == 0 { "pending" } else { states[n % 8] };
        format!("'{}', '{}', '{status}', {}, {}", id(4, n), id(1, n * 7 % USERS), money(n), at(n))
    });
    insert("order_items (id, order_id, product_id, quantity, unit_price)", ORDERS * 2, &|n| {
        format!("'{}', '{}', '{}', 1, {}", id(5, n), id(4, n / 2), id(3, n * 11 % PRODUCTS), money(100))
    });
}

/// Lets the database look at its tables.
fn analyze(project: &Project) {
    let mut session = project.session();
    let tables = "users user_profiles countries categories products product_categories orders order_items";
    for table in tables.split(' ') {
        let words = project.by_backend("ANALYZE", "ANALYZE", "ANALYZE TABLE");
        session.execute(&format!("{words} {table}")).unwrap();
    }
}

/// The statements that were sent, with their values.
type Sent = Arc<Mutex<Vec<String>>>;

/// A query of a repository, and the tables that it may read as a whole, each with the reason.
struct Case {
    name: &'static str,
    whole: &'static [(&'static str, &'static str)],
    run: fn(&mut AnyConnection, &Trail) -> Result<(), Error>,
}

fn listed(connection: &mut AnyConnection, only: impl Fn(&mut ordering::Filter)) -> Result<ordering::Page, Error> {
    let mut filter = ordering::Filter::default();
    only(&mut filter);
    ordering::list(connection, &filter, 20, None)
}

const FEW_PRODUCTS: &[(&str, &str)] =
    &[("products", "PostgreSQL reads all of a few thousand rather than forty by key; of more it does not")];

const EVERY_ROW: &str = "all rows are counted or listed: there is nothing to select by";

macro_rules! cases {
    ($($name:literal $whole:expr, |$connection:ident, $trail:ident| $run:expr;)*) => {
        &[$(Case {
            name: $name,
            whole: $whole,
            run: |$connection, $trail| {
                let done: Result<_, Error> = $run.map_err(Into::into);
                done.map(|_| ())
            },
        }),*]
    };
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

const CASES: &[Case] = cases! {
    "a user by key" &[], |connection, trail| Repository::<User>::new(trail).find_by_id(connection, &id(1, 7));
    "a user by e-mail" &[], |connection, trail| Repository::<User>::new(trail).by_email(connection, "user7@example.com");
    "active users" &[("users", "nearly all of them are active")],
        |connection, trail| Repository::<User>::new(trail).active(connection, &Options::new());
    "profiles of users" &[], |connection, trail| {
        let users = Repository::<User>::new(trail);
        let few = vec![users.find_by_id(connection, &id(1, 7))?, users.find_by_id(connection, &id(1, 8))?];
        users.profiles(connection, &few)
    };
    "a profile by key" &[], |connection, trail| Repository::<UserProfile>::new(trail).find_by_id(connection, &id(1, 7));
    "a country by key" &[], |connection, trail| Repository::<Country>::new(trail).find_by_id(connection, &"AT".to_owned());
    "a category by slug" &[], |connection, trail| Repository::<Category>::new(trail).by_slug(connection, "slug-7");
    "categories within another" &[], |connection, trail| Repository::<Category>::new(trail).within(connection, id(2, 7));
    "a product by SKU" &[], |connection, trail| Repository::<Product>::new(trail).by_sku(connection, "SKU-7");
    "products by name" &[],
        |connection, trail| Repository::<Product>::new(trail).by_name(connection, "Product 7", &Options::new());
    "products of low stock" &[("products", "an index on the stock would be written to by every order")],
        |connection, trail| Repository::<Product>::new(trail).low_stock(connection, 5, 20);
    "products in a category" &[],
        |connection, trail| Repository::<Product>::new(trail).in_category(connection, id(2, 7), &Options::new());
    "categories of products" &[], |connection, trail| {
        let products = Repository::<Product>::new(trail);
        let product = products.find_by_id(connection, &id(3, 7))?;
        products.with_categories(connection, vec![product])
    };
    "users, newest first" &[],
        |connection, trail| Repository::<User>::new(trail).find_all(connection, &Filter::all(), &Options::new().without_total());
    "profiles, newest first" &[], |connection, trail| {
        Repository::<UserProfile>::new(trail).find_all(connection, &Filter::all(), &Options::new().without_total())
    };
    "products, newest first" &[], |connection, trail| {
        Repository::<Product>::new(trail).find_all(connection, &Filter::all(), &Options::new().without_total())
    };
    "categories, newest first" &[("categories", "there are few, and they change seldom: an index would serve nobody else")],
        |connection, trail| {
            Repository::<Category>::new(trail).find_all(connection, &Filter::all(), &Options::new().without_total())
        };
    "countries, by their codes" &[], |connection, trail| {
        Repository::<Country>::new(trail).find_all(connection, &Filter::all(), &Options::new().without_total())
    };
    "items, newest first" &[], |connection, trail| {
        Repository::<OrderItem>::new(trail).find_all(connection, &Filter::all(), &Options::new().without_total())
    };
    "products in categories, by both" &[], |connection, trail| {
        Repository::<ProductCategory>::new(trail).find_all(connection, &Filter::all(), &Options::new().without_total())
    };
    "how many products, at most" &[("products", EVERY_ROW)],
        |connection, trail| Repository::<Product>::new(trail).find_all(connection, &Filter::all(), &Options::new());
    "whether a product is in a category" &[], |connection, trail| {
        let key = ProductCategoryKey { product_id: id(3, 7), category_id: id(2, 3) };
        Repository::<ProductCategory>::new(trail).exists(connection, &key)
    };
    "an order by key" &[], |connection, trail| Repository::<Order>::new(trail).find_by_id(connection, &id(4, 7));
    "orders, newest first" &[],
        |connection, trail| Repository::<Order>::new(trail).find_all(connection, &Filter::all(), &Options::new().without_total());
    "how many orders" &[("orders", EVERY_ROW)],
        |connection, trail| Repository::<Order>::new(trail).count(connection, &Filter::all());
    "orders of a user" &[],
        |connection, trail| Repository::<Order>::new(trail).of_user(connection, id(1, 7), &Options::new());
    "orders in a state that few are in" &[],
        |connection, trail| Repository::<Order>::new(trail).in_state(connection, "pending", &Options::new());
    "orders in a state that most are in" &[], |connection, trail| {
        Repository::<Order>::new(trail).in_state(connection, "delivered", &Options::new().without_total())
    };
    "an order as a page" &[], |connection, _trail| ordering::get(connection, id(4, 7));
    "orders as they are listed" FEW_PRODUCTS, |connection, _trail| listed(connection, |_| ());
    "orders as they are listed, of a user" &[],
        |connection, _trail| listed(connection, |filter| filter.user = Some("user7@example.com".into()));
    "orders as they are listed, in a state" FEW_PRODUCTS, |connection, _trail| listed(connection, |filter| filter.status = Some(Status::Delivered));
    "orders as they are listed, of two days" FEW_PRODUCTS, |connection, _trail| listed(connection, |filter| {
        (filter.since, filter.until) = (Some(at("2026-08-20T00:00:00Z")), Some(at("2026-08-22T00:00:00Z")));
    });
    "the next page of orders" FEW_PRODUCTS, |connection, _trail| ordering::list(connection, &ordering::Filter::default(), 20, Some(id(4, 5_000)));
    "orders with items and products" &[], |connection, trail| {
        let orders = Repository::<Order>::new(trail);
        let page = orders.of_user(connection, id(1, 7), &Options::new().limit(3).without_total())?;
        orders.with_items(connection, page.rows)
    };
    "an item by key" &[], |connection, trail| Repository::<OrderItem>::new(trail).find_by_id(connection, &id(5, 7));
    "revenue of two months" &[], |connection, trail| {
        let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-03-01T00:00:00Z"));
        Repository::<Order>::new(trail).revenue_by_month(connection, from, until)
    };
    "what sold best in two days" &[],
        |connection, trail| Repository::<Order>::new(trail).best_sellers(connection, at("2026-08-22T00:00:00Z"), 10);
    "what sold best in two months" &[],
        |connection, trail| Repository::<Order>::new(trail).best_sellers(connection, at("2026-06-22T00:00:00Z"), 10);
    // These last: an order of today is far from all others, which PostgreSQL takes for many.
    "an order is placed" &[], |connection, trail| {
        ordering::place(connection, trail, "user7@example.com", &[Wanted::new("SKU-7", 1), Wanted::new("SKU-8", 2)])
    };
    "an order is cancelled" &[], |connection, trail| ordering::advance(connection, trail, id(4, 0), Move::Cancel);
};

#[test]
fn selective_queries_go_by_an_index() {
    let used: Mutex<BTreeSet<String>> = Mutex::default();
    on_each_backend(|project| {
        let project = shop(project);
        fill(&project);
        // Nobody lets SQLite look at its tables, as servers do by themselves: its plans must be good before, too.
        if project.backend != Backend::Sqlite {
            analyze(&project);
        }
        let mut connection = connection(&project);
        let trail = Trail::open(&mut connection, TrailOptions::default()).unwrap();
        let sent: Sent = Arc::default();
        let log = Arc::clone(&sent);
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                log.lock().unwrap().push(query.to_string());
            }
        });
        let check = |case: &Case, statements: &[String]| {
            let mut wrong = String::new();
            for statement in statements {
                let (sql, plan) = explain(&project, statement);
                for table in read_as_a_whole(&project, &sql, &plan) {
                    if case.whole.iter().any(|(allowed, _)| *allowed == table) {
                        used.lock().unwrap().insert(format!("{} {table}", case.name));
                    } else {
                        let (name, backend, plan) = (case.name, project.backend, plan.join("\n  "));
                        writeln!(wrong, "{name} on {backend} reads all of {table}\n  {sql}\n  {plan}").unwrap();
                    }
                }
            }
            wrong
        };
        let (mut wrong, mut all) = (String::new(), Vec::new());
        for case in CASES {
            (case.run)(&mut connection, &trail).unwrap();
            let mut statements = std::mem::take(&mut *sent.lock().unwrap());
            // The rest begins and ends transactions, and stores rows.
            statements.retain(|sql| sql.starts_with("SELECT") || sql.starts_with("UPDATE"));
            assert!(!statements.is_empty(), "{} asks nothing", case.name);
            wrong += &check(case, &statements);
            all.push((case, statements));
        }
        if project.backend == Backend::Sqlite {
            analyze(&project);
            wrong.extend(all.iter().map(|(case, statements)| check(case, statements)));
        }
        assert!(wrong.is_empty(), "{wrong}");
    });
    // What no backend needs any more is no exception.
    let named = CASES.iter().flat_map(|case| case.whole.iter().map(move |(table, _)| format!("{} {table}", case.name)));
    let idle: Vec<_> = named.filter(|name| !used.lock().unwrap().contains(name)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

/// The statement with its values in it, and its plan.
fn explain(project: &Project, statement: &str) -> (String, Vec<String>) {
    let (sql, binds) = statement.rsplit_once(" -- binds: ").unwrap();
    let values = literals(project, binds);
    let mut filled = String::new();
    if project.backend == Backend::Postgres {
        filled.push_str(sql);
        for (number, value) in values.iter().enumerate().rev() {
            filled = filled.replace(&format!("${}", number + 1), value);
        }
    } else {
        let mut values = values.iter();
        for part in sql.split_inclusive('?') {
            filled.push_str(part.trim_end_matches('?'));
            filled.extend(part.ends_with('?').then(|| values.next().unwrap().as_str()));
        }
    }
    let explain = project.by_backend("EXPLAIN QUERY PLAN ", "EXPLAIN (COSTS OFF) ", "EXPLAIN FORMAT=TRADITIONAL ");
    let plan = project.query(&format!("{explain}{filled}"));
    (filled, plan)
}

/// Diesel's words for the values, as SQL: `[Id(…), "paid", 20, ["a", "b"]]`.
fn literals(project: &Project, binds: &str) -> Vec<String> {
    let (mut values, mut rest) = (Vec::new(), binds.strip_prefix('[').unwrap());
    while !rest.starts_with(']') {
        let (value, behind) = literal(project, rest);
        values.push(value);
        rest = behind.strip_prefix(", ").unwrap_or(behind);
    }
    values
}

fn literal<'t>(project: &Project, text: &'t str) -> (String, &'t str) {
    let postgres = |kind: &str| project.by_backend("", kind, "").to_owned();
    if let Some(rest) = text.strip_prefix("Id(") {
        let (id, rest) = rest.split_once(')').unwrap();
        (format!("'{id}'{}", postgres("::uuid")), rest)
    } else if let Some(rest) = text.strip_prefix("Instant(") {
        let (moment, rest) = rest.split_once(')').unwrap();
        let moment =
            project.by_backend(moment.to_owned(), moment.to_owned(), moment.replace('T', " ").replace('Z', ""));
        (format!("'{moment}'{}", postgres("::timestamptz")), rest)
    } else if let Some(rest) = text.strip_prefix("None") {
        ("NULL".to_owned(), rest)
    } else if let Some(rest) = text.strip_prefix('"') {
        let (word, rest) = rest.split_once('"').unwrap();
        (format!("'{word}'"), rest)
    } else if let Some(mut rest) = text.strip_prefix('[') {
        let mut items = Vec::new();
        while !rest.starts_with(']') {
            let (item, behind) = literal(project, rest);
            items.push(item);
            rest = behind.strip_prefix(", ").unwrap_or(behind);
        }
        (format!("ARRAY[{}]", items.join(", ")), &rest[1..])
    } else {
        let end = text.find([',', ']']).unwrap();
        (text[..end].to_owned(), &text[end..])
    }
}

/// The tables of which every row is read. What is made while a query runs, for a count up to a limit, is none.
fn read_as_a_whole(project: &Project, sql: &str, plan: &[String]) -> Vec<String> {
    let mut tables = scanned(project, sql, plan);
    tables.retain(|table| !matches!(table.as_str(), "counted" | "(subquery" | "<derived2>"));
    tables
}

fn scanned(project: &Project, sql: &str, plan: &[String]) -> Vec<String> {
    let behind = |line: &String, words: &str| {
        let rest = line.split_once(words)?.1;
        Some(rest.split([' ', '|']).next().unwrap().to_owned())
    };
    match project.backend {
        Backend::Postgres => plan.iter().filter_map(|line| behind(line, "Seq Scan on ")).collect(),
        // One that goes along an index in the order that is wanted stops early.
        Backend::Sqlite => {
            let sorted = plan.iter().any(|line| line.contains("USE TEMP B-TREE FOR ORDER BY"));
            let stops = sql.contains(" ORDER BY ") && !sorted;
            let whole = plan.iter().filter(|line| !(stops && line.contains(" INDEX ")));
            whole.filter_map(|line| behind(line, "SCAN ")).collect()
        }
        Backend::Mysql => {
            let columns = plan.iter().map(|line| line.split('|').collect::<Vec<_>>());
            // MySQL has a column more than MariaDB before the kind of access.
            columns.filter(|columns| columns[3..5].contains(&"ALL")).map(|columns| columns[2].to_owned()).collect()
        }
    }
}
