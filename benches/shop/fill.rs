//! The shop, filled: the same rows on each backend, made by the database itself, a statement for each table.
//!
//! Every row has a number, and everything in it follows from that. Ids are as the application makes them: in the order of time.

use dbtool::backend::Backend;
use dbtool::db::types::Id;
use uuid::Uuid;

/// How many rows there are of what.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub users: u64,
    pub products: u64,
    pub orders: u64,
}

pub const CATEGORIES: u64 = 200;
/// Of them the first have no parent.
pub const ROOTS: u64 = 10;
/// From then on, for three years.
const BEGIN: u64 = 1_672_531_200_000;
pub const SPAN: u64 = 3 * 365 * 86_400_000;
/// A prime, larger than any number of rows that is divided into a part of it.
const PRIME: u64 = 1_000_003;
pub const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA";

/// A table whose rows have an id.
#[derive(Debug, Clone, Copy)]
pub enum Table {
    Users = 1,
    Categories,
    Products,
    Orders,
    Items,
}

impl Sizes {
    /// The moment of a row, in milliseconds.
    pub fn moment(self, table: Table, number: u64) -> u64 {
        let (number, of) = match table {
            Table::Users => (number, self.users),
            Table::Categories => (number, CATEGORIES),
            Table::Products => (number, self.products),
            Table::Orders => (number, self.orders),
            // Five for each order at most, at its moment.
            Table::Items => (number / 8, self.orders),
        };
        BEGIN + number * (SPAN / of)
    }

    pub fn id(self, table: Table, number: u64) -> Id {
        let moment = u128::from(self.moment(table, number));
        let version = 7 << 12 | table as u128;
        Uuid::from_u128(moment << 80 | version << 64 | 2 << 62 | u128::from(number)).into()
    }

    /// The user of an order: some order far more often than others.
    pub fn user_of(self, order: u64) -> u64 {
        skewed(order, 7_919, self.users)
    }

    /// The first product of an order.
    pub fn product_of(self, order: u64) -> u64 {
        skewed(order, 104_729, self.products)
    }
}

/// A number below this one, small ones more often.
fn skewed(number: u64, step: u64, below: u64) -> u64 {
    let part = number * step % PRIME;
    part * part / PRIME * below / PRIME
}

/// How a backend says what the statements are made of.
struct Words {
    backend: Backend,
    sizes: Sizes,
}

impl Words {
    fn by<T>(&self, sqlite: T, postgres: T, mysql: T) -> T {
        match self.backend {
            Backend::Sqlite => sqlite,
            Backend::Postgres => postgres,
            Backend::Mysql => mysql,
        }
    }

    /// A relation with one column, both of this name: the numbers from 0.
    fn numbers(&self, name: &str, count: u64) -> String {
        let last = count - 1;
        let numbers = self.by(
            format!(
                "WITH RECURSIVE c (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM c WHERE n < {last}) SELECT n AS {name} FROM c"
            ),
            format!("SELECT n AS {name} FROM generate_series(0::bigint, {last}) AS s (n)"),
            format!("SELECT CAST(seq AS SIGNED) AS {name} FROM seq_0_to_{last}"),
        );
        format!("({numbers}) {name}")
    }

    fn divided(&self, number: &str, by: u64) -> String {
        self.by(format!("(({number}) / {by})"), format!("(({number}) / {by})"), format!("(({number}) DIV {by})"))
    }

    fn moment(&self, table: Table, number: &str) -> String {
        let number = match table {
            Table::Items => self.divided(number, 8),
            _ => format!("({number})"),
        };
        let step = self.sizes.moment(table, 8) - self.sizes.moment(table, 0);
        let step = if matches!(table, Table::Items) { step } else { step / 8 };
        format!("({BEGIN} + {number} * {step})")
    }

    fn id(&self, table: Table, number: &str) -> String {
        let moment = self.moment(table, number);
        let (high, low) = (self.divided(&moment, 65_536), format!("({moment} % 65536)"));
        let version = format!("7{:03x}", table as u8);
        self.by(
            format!("printf('%08x-%04x-{version}-8000-%012x', {high}, {low}, {number})"),
            format!(
                "(lpad(to_hex({moment}), 12, '0') || '{version}8000' || lpad(to_hex(({number})::bigint), 12, '0'))::uuid"
            ),
            format!(
                "LOWER(CONCAT(LPAD(HEX({high}), 8, '0'), '-', LPAD(HEX({low}), 4, '0'), '-{version}-8000-', \
                 LPAD(HEX({number}), 12, '0')))"
            ),
        )
    }

    /// A column of the type of moments.
    fn at(&self, table: Table, number: &str) -> String {
        let moment = self.moment(table, number);
        self.by(
            format!("(strftime('%Y-%m-%dT%H:%M:%f', {moment} / 1000.0, 'unixepoch') || '000Z')"),
            format!("to_timestamp({moment} / 1000.0)"),
            format!("(TIMESTAMP'1970-01-01 00:00:00' + INTERVAL {moment} * 1000 MICROSECOND)"),
        )
    }

    fn money(&self, cents: &str) -> String {
        self.by(format!("({cents})"), format!("(({cents}) / 100.0)"), format!("(({cents}) / 100)"))
    }

    fn text(&self, parts: &[&str]) -> String {
        self.by(parts.join(" || "), parts.join(" || "), format!("CONCAT({})", parts.join(", ")))
    }

    /// [`skewed`]
    fn skewed(&self, number: &str, step: u64, below: u64) -> String {
        let part = format!("({number} * {step} % {PRIME})");
        let square = self.divided(&format!("{part} * {part}"), PRIME);
        self.divided(&format!("{square} * {below}"), PRIME)
    }
}

/// The statements, in the order of the tables' references.
pub fn statements(backend: Backend, sizes: Sizes) -> Vec<String> {
    let words = Words { backend, sizes };
    let mut all = people(&words);
    all.extend(goods(&words));
    all.extend(sales(&words));
    all
}

fn people(words: &Words) -> Vec<String> {
    let (id, at) = (words.id(Table::Users, "n"), words.at(Table::Users, "n"));
    let from = words.numbers("n", words.sizes.users);
    let email = words.text(&["'user'", "n", "'@example.com'"]);
    let (first, last) = (words.text(&["'First'", "(n % 700)"]), words.text(&["'Last'", "(n % 9001)"]));
    let letter =
        |number: &str| words.by(format!("char({number})"), format!("chr(({number})::int)"), format!("CHAR({number})"));
    let code = words.text(&[&letter(&format!("65 + {}", words.divided("n", 26))), &letter("65 + n % 26")]);
    let phone = words.text(&["'+43 '", "(n * 7919)"]);
    vec![
        format!(
            "INSERT INTO users (id, email, password_hash, first_name, last_name, role, status, created_at, updated_at) \
             SELECT {id}, {email}, '{HASH}', {first}, {last}, CASE WHEN n % 1000 = 0 THEN 'admin' ELSE 'customer' END, \
             CASE WHEN n % 33 = 32 THEN 'suspended' ELSE 'active' END, {at}, {at} FROM {from}"
        ),
        format!(
            "INSERT INTO countries (code, name) SELECT {code}, {} FROM {}",
            words.text(&["'Country '", "n"]),
            words.numbers("n", 240)
        ),
        format!(
            "INSERT INTO user_profiles (user_id, phone, birth_date, created_at, updated_at) \
             SELECT {id}, {phone}, '1990-02-28', {at}, {at} FROM {from}"
        ),
    ]
}

fn goods(words: &Words) -> Vec<String> {
    let products = words.sizes.products;
    let (id, at) = (|number: &str| words.id(Table::Products, number), words.at(Table::Products, "n"));
    let category = |number: &str| words.id(Table::Categories, number);
    let made = words.at(Table::Categories, "n");
    let half = words.divided("n", 2);
    // Each name in three colours.
    let name = words.text(&["'Product '", &words.divided("n", 3)]);
    let description = words.text(&["'What can be said of the product with the number '", "n", "', in a line or two.'"]);
    vec![
        format!(
            "INSERT INTO categories (id, slug, name, parent_id, created_at, updated_at) \
             SELECT {}, {}, {}, CASE WHEN n < {ROOTS} THEN NULL ELSE {} END, {made}, {made} FROM {}",
            category("n"),
            words.text(&["'category-'", "n"]),
            words.text(&["'Category '", "n"]),
            category(&format!("(n % {ROOTS})")),
            words.numbers("n", CATEGORIES),
        ),
        format!(
            "INSERT INTO products (id, sku, name, description, price, stock_quantity, created_at, updated_at) \
             SELECT {}, {}, {name}, {description}, {}, CASE WHEN n % 100 = 99 THEN n % 7 ELSE 1000000 + n END, {at}, {at} FROM {}",
            id("n"),
            words.text(&["'SKU-'", "n"]),
            words.money(&price("n")),
            words.numbers("n", products),
        ),
        format!(
            "INSERT INTO product_categories (product_id, category_id) SELECT {}, {} FROM {}",
            id(&half),
            category(&format!("({half} + n % 2 * 7) % {CATEGORIES}")),
            words.numbers("n", products * 2),
        ),
    ]
}

fn sales(words: &Words) -> Vec<String> {
    let Sizes { users, products, orders } = words.sizes;
    // Up to five items, three in the middle; some products far more often than others, and none twice.
    let product = format!("(({} + k * 1999) % {products})", words.skewed("n", 104_729, products));
    let quantity = "(1 + (n + k) % 3)";
    let items = format!("{} CROSS JOIN {} WHERE k <= n % 5", words.numbers("n", orders), words.numbers("k", 5));
    // The last hundredth is on its way.
    let recent = orders - orders / 100;
    let status = format!(
        "CASE WHEN n >= {recent} THEN CASE n % 3 WHEN 0 THEN 'pending' WHEN 1 THEN 'paid' ELSE 'shipped' END \
         WHEN n % 14 = 3 THEN 'cancelled' WHEN n % 20 = 7 THEN 'returned' ELSE 'delivered' END"
    );
    let (id, at) = (words.id(Table::Orders, "n"), words.at(Table::Orders, "n"));
    vec![
        format!(
            "INSERT INTO orders (id, user_id, status, total_amount, created_at, updated_at) \
             SELECT {id}, {}, {status}, {}, {at}, {at} \
             FROM (SELECT n, SUM({} * {quantity}) AS cents FROM {items} GROUP BY n) n",
            words.id(Table::Users, &words.skewed("n", 7_919, users)),
            words.money("cents"),
            price(&product),
        ),
        format!(
            "INSERT INTO order_items (id, order_id, product_id, quantity, unit_price) \
             SELECT {}, {id}, {}, {quantity}, {} FROM {items}",
            words.id(Table::Items, "(n * 8 + k)"),
            words.id(Table::Products, &product),
            words.money(&price(&product)),
        ),
    ]
}

/// The price of a product, in cents.
fn price(product: &str) -> String {
    format!("(199 + {product} * 37 % 9800)")
}
