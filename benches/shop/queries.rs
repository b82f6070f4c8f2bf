//! Each query of the repositories, with values that differ from call to call.

use std::time::{Duration, Instant as Clock};

use chrono::DateTime;
use dbtool::audit::{Options as TrailOptions, Trail};
use dbtool::db::AnyConnection;
use dbtool::db::types::{Id, Instant};
use dbtool::entities::categories::Category;
use dbtool::entities::countries::Country;
use dbtool::entities::order_items::OrderItem;
use dbtool::entities::ordering::{self, Status};
use dbtool::entities::orders::Order;
use dbtool::entities::product_categories::{ProductCategory, ProductCategoryKey};
use dbtool::entities::products::Product;
use dbtool::entities::user_profiles::UserProfile;
use dbtool::entities::users::User;
use dbtool::entities::{Filter, Options, Repository};

use super::fill::{CATEGORIES, SPAN, Sizes, Table};
use super::house::House;
use super::times::Times;

/// What a query runs with.
struct Call<'c> {
    connection: &'c mut AnyConnection,
    trail: &'c Trail,
    sizes: Sizes,
}

impl Call<'_> {
    fn any(&self, table: Table) -> u64 {
        fastrand::u64(
            0..match table {
                Table::Users => self.sizes.users,
                Table::Categories => CATEGORIES,
                Table::Products => self.sizes.products,
                Table::Orders | Table::Items => self.sizes.orders,
            },
        )
    }

    fn id(&self, table: Table) -> Id {
        let number = self.any(table);
        self.sizes.id(table, if matches!(table, Table::Items) { number * 8 } else { number })
    }

    /// The user of any order: whoever orders more is met more often.
    fn customer(&self) -> Id {
        self.sizes.id(Table::Users, self.sizes.user_of(self.any(Table::Orders)))
    }

    /// So many days before the last order.
    fn days_ago(&self, days: u64) -> Instant {
        let end = self.sizes.moment(Table::Orders, 0) + SPAN;
        let moment = DateTime::from_timestamp_millis(i64::try_from(end - days * 86_400_000).unwrap()).unwrap();
        Instant::new(moment).unwrap()
    }
}

struct Query {
    name: &'static str,
    /// It finds one row by its primary key.
    by_key: bool,
    run: fn(Call<'_>) -> usize,
}

/// So that nothing is left out because nobody looks at it.
fn seen<T>(rows: &[T]) -> usize {
    rows.len()
}

macro_rules! queries {
    ($($name:literal $by_key:expr, |$call:ident| $run:expr;)*) => {
        &[$(Query { name: $name, by_key: $by_key, run: |$call| $run }),*]
    };
}

const QUERIES: &[Query] = queries! {
    "`User`: `find_by_id`" true, |call| {
        let id = call.id(Table::Users);
        Repository::<User>::new(call.trail).find_by_id(call.connection, &id).unwrap().email.len()
    };
    "`UserProfile`: `find_by_id`" true, |call| {
        let id = call.id(Table::Users);
        Repository::<UserProfile>::new(call.trail).find_by_id(call.connection, &id).unwrap().phone.iter().len()
    };
    "`Country`: `find_by_id`" true, |call| {
        Repository::<Country>::new(call.trail).find_by_id(call.connection, &"AT".to_owned()).unwrap().name.len()
    };
    "`Category`: `find_by_id`" true, |call| {
        let id = call.id(Table::Categories);
        Repository::<Category>::new(call.trail).find_by_id(call.connection, &id).unwrap().name.len()
    };
    "`Product`: `find_by_id`" true, |call| {
        let id = call.id(Table::Products);
        Repository::<Product>::new(call.trail).find_by_id(call.connection, &id).unwrap().name.len()
    };
    "`ProductCategory`: `exists`" true, |call| {
        let key = ProductCategoryKey { product_id: call.id(Table::Products), category_id: call.id(Table::Categories) };
        usize::from(Repository::<ProductCategory>::new(call.trail).exists(call.connection, &key).unwrap())
    };
    "`Order`: `find_by_id`" true, |call| {
        let id = call.id(Table::Orders);
        Repository::<Order>::new(call.trail).find_by_id(call.connection, &id).unwrap().status.len()
    };
    "`OrderItem`: `find_by_id`" true, |call| {
        let id = call.id(Table::Items);
        usize::try_from(Repository::<OrderItem>::new(call.trail).find_by_id(call.connection, &id).unwrap().quantity).unwrap()
    };
    "`User`: `by_email`" false, |call| {
        let email = format!("user{}@example.com", call.any(Table::Users));
        Repository::<User>::new(call.trail).by_email(call.connection, &email).unwrap().iter().len()
    };
    "`User`: `active`" false, |call| {
        seen(&Repository::<User>::new(call.trail).active(call.connection, &Options::new()).unwrap().rows)
    };
    "`User`: `profiles` of 20" false, |call| {
        let users = Repository::<User>::new(call.trail);
        let page = users.active(call.connection, &Options::new().without_total()).unwrap();
        seen(&users.profiles(call.connection, &page.rows).unwrap())
    };
    "`Category`: `by_slug`" false, |call| {
        let slug = format!("category-{}", call.any(Table::Categories));
        Repository::<Category>::new(call.trail).by_slug(call.connection, &slug).unwrap().iter().len()
    };
    "`Category`: `within`" false, |call| {
        let id = call.sizes.id(Table::Categories, fastrand::u64(0..10));
        seen(&Repository::<Category>::new(call.trail).within(call.connection, id).unwrap())
    };
    "`Product`: `by_sku`" false, |call| {
        let sku = format!("SKU-{}", call.any(Table::Products));
        Repository::<Product>::new(call.trail).by_sku(call.connection, &sku).unwrap().iter().len()
    };
    "`Product`: `by_name`" false, |call| {
        let name = format!("Product {}", call.any(Table::Products) / 3);
        seen(&Repository::<Product>::new(call.trail).by_name(call.connection, &name, &Options::new()).unwrap().rows)
    };
    "`Product`: `low_stock`" false, |call| {
        seen(&Repository::<Product>::new(call.trail).low_stock(call.connection, 5, 20).unwrap())
    };
    "`Product`: `in_category`" false, |call| {
        let id = call.id(Table::Categories);
        seen(&Repository::<Product>::new(call.trail).in_category(call.connection, id, &Options::new()).unwrap().rows)
    };
    "`Product`: `with_categories` of 20" false, |call| {
        let products = Repository::<Product>::new(call.trail);
        let page = products.find_all(call.connection, &Filter::all(), &Options::new().without_total()).unwrap();
        seen(&products.with_categories(call.connection, page.rows).unwrap())
    };
    "`Order`: `of_user`" false, |call| {
        let user = call.customer();
        seen(&Repository::<Order>::new(call.trail).of_user(call.connection, user, &Options::new()).unwrap().rows)
    };
    "`Order`: `in_state`, `pending`" false, |call| {
        seen(&Repository::<Order>::new(call.trail).in_state(call.connection, "pending", &Options::new()).unwrap().rows)
    };
    "`Order`: `in_state`, `returned`" false, |call| {
        seen(&Repository::<Order>::new(call.trail).in_state(call.connection, "returned", &Options::new()).unwrap().rows)
    };
    "`Order`: `in_state`, `delivered`" false, |call| {
        seen(&Repository::<Order>::new(call.trail).in_state(call.connection, "delivered", &Options::new()).unwrap().rows)
    };
    "`Order`: `with_items` of 20" false, |call| {
        let (orders, offset) = (Repository::<Order>::new(call.trail), fastrand::i64(0..100));
        let options = Options::new().offset(offset).without_total();
        let page = orders.find_all(call.connection, &Filter::all(), &options).unwrap();
        seen(&orders.with_items(call.connection, page.rows).unwrap())
    };
    "`Order`: `revenue_by_month`, a month" false, |call| {
        let from = fastrand::u64(31..1_000);
        let (from, until) = (call.days_ago(from), call.days_ago(from - 30));
        seen(&Repository::<Order>::new(call.trail).revenue_by_month(call.connection, from, until).unwrap())
    };
    "`Order`: `revenue_by_month`, a year" false, |call| {
        let from = fastrand::u64(365..1_000);
        let (from, until) = (call.days_ago(from), call.days_ago(from - 365));
        seen(&Repository::<Order>::new(call.trail).revenue_by_month(call.connection, from, until).unwrap())
    };
    "`Order`: `best_sellers`, a week" false, |call| {
        let since = call.days_ago(7);
        seen(&Repository::<Order>::new(call.trail).best_sellers(call.connection, since, 10).unwrap())
    };
    "`Order`: `best_sellers`, a month" false, |call| {
        let since = call.days_ago(30);
        seen(&Repository::<Order>::new(call.trail).best_sellers(call.connection, since, 10).unwrap())
    };
    "`Category` and `Country`: `find_all`" false, |call| {
        let (options, c) = (Options::new(), call.connection);
        seen(&Repository::<Category>::new(call.trail).find_all(c, &Filter::all(), &options).unwrap().rows)
            + seen(&Repository::<Country>::new(call.trail).find_all(c, &Filter::all(), &options).unwrap().rows)
    };
    "`User`: `find_all`" false, |call| {
        seen(&Repository::<User>::new(call.trail).find_all(call.connection, &Filter::all(), &Options::new()).unwrap().rows)
    };
    "`UserProfile`: `find_all`" false, |call| {
        let profiles = Repository::<UserProfile>::new(call.trail);
        seen(&profiles.find_all(call.connection, &Filter::all(), &Options::new()).unwrap().rows)
    };
    "`Product`: `find_all`" false, |call| {
        let products = Repository::<Product>::new(call.trail);
        seen(&products.find_all(call.connection, &Filter::all(), &Options::new()).unwrap().rows)
    };
    "`Order`: `find_all`" false, |call| {
        seen(&Repository::<Order>::new(call.trail).find_all(call.connection, &Filter::all(), &Options::new()).unwrap().rows)
    };
    "`OrderItem`: `find_all`" false, |call| {
        let items = Repository::<OrderItem>::new(call.trail);
        seen(&items.find_all(call.connection, &Filter::all(), &Options::new()).unwrap().rows)
    };
    "`Order`: `count` of all, exactly" false, |call| {
        let orders = Repository::<Order>::new(call.trail);
        usize::try_from(orders.count(call.connection, &Filter::all()).unwrap()).unwrap()
    };
    "`ordering::get`" true, |call| {
        let id = call.id(Table::Orders);
        seen(&ordering::get(call.connection, id).unwrap().items)
    };
    "`ordering::list`, the newest" false, |call| {
        seen(&ordering::list(call.connection, &ordering::Filter::default(), 20, None).unwrap().orders)
    };
    "`ordering::list`, `delivered` of a week" false, |call| {
        let from = fastrand::u64(8..1_000);
        let (since, until) = (Some(call.days_ago(from)), Some(call.days_ago(from - 7)));
        let filter = ordering::Filter { status: Some(Status::Delivered), since, until, ..ordering::Filter::default() };
        seen(&ordering::list(call.connection, &filter, 20, None).unwrap().orders)
    };
};

/// What each of them may take.
pub const LONGEST: Duration = Duration::from_millis(100);
pub const LONGEST_BY_KEY: Duration = Duration::from_millis(2);

/// What was measured of a query.
pub struct Measured {
    pub name: &'static str,
    pub by_key: bool,
    pub times: Times,
}

impl Measured {
    pub fn is_in_time(&self) -> bool {
        self.times.percentile(95) <= if self.by_key { LONGEST_BY_KEY } else { LONGEST }
    }
}

/// Runs each query for so long, at least thirty times.
pub fn measure(house: &House, time: Duration) -> Vec<Measured> {
    let mut connection = house.open();
    let trail = Trail::open(&mut connection, TrailOptions::default()).unwrap();
    let mut measure = |query: &Query| {
        let mut times = Times::default();
        let mut call = |query: &Query| {
            let call = Call { connection: &mut connection, trail: &trail, sizes: house.sizes };
            let began = Clock::now();
            std::hint::black_box((query.run)(call));
            began.elapsed()
        };
        // The first one finds nothing in the caches.
        call(query);
        let began = Clock::now();
        while times.len() < 30 || began.elapsed() < time {
            times.add(call(query));
        }
        times.took(began.elapsed());
        Measured { name: query.name, by_key: query.by_key, times }
    };
    QUERIES.iter().map(&mut measure).collect()
}
