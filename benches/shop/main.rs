//! A shop with a million orders: each query of the repositories, and the everyday work beside the same statements in the plain client
//! libraries.
//!
//! `cargo bench --bench shop` prints the figures, `-- --write` puts them into docs/performance.md. `--only sqlite|postgres|mysql` and
//! `--part queries|work` run less, `--orders 20000` is a quick try, `--keep` leaves the databases and uses those that are there.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bench stops at what it did not expect, and prints"
)]

mod compare;
mod fill;
mod house;
mod plain;
mod queries;
mod report;
mod times;
mod work;

use std::time::{Duration, Instant};

use dbtool::backend::Backend;

use self::fill::Sizes;
use self::house::House;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let has = |name: &str| args.iter().any(|arg| arg == name);
    let value = |name: &str| args.iter().skip_while(|arg| *arg != name).nth(1).map(String::as_str);
    let orders: u64 = value("--orders").map_or(1_000_000, |orders| orders.parse().unwrap());
    assert!((2_000..=1_000_000).contains(&orders), "from 2,000 to 1,000,000 orders");
    let sizes = Sizes { users: orders / 10, products: orders / 100, orders };
    let time = Duration::from_millis(value("--milliseconds").map_or(500, |time| time.parse().unwrap()));
    for backend in Backend::ALL {
        if value("--only").is_some_and(|only| only != backend.name()) {
            continue;
        }
        let Some(house) = House::on(*backend, sizes) else {
            println!("left out, no server answers: {}", backend.title());
            continue;
        };
        let began = Instant::now();
        if !(has("--keep") && house.is_made()) {
            house.make();
            println!("{}: filled in {:.0} s", house.version(), began.elapsed().as_secs_f64());
        }
        let wanted = |part: &str| value("--part").is_none_or(|only| only == part);
        if wanted("queries") {
            let text = report::queries(&house, &queries::measure(&house, time));
            report::give(&house, "queries", &text, has("--write"));
        }
        if wanted("work") {
            let text = report::work(&house, &compare::compare(&house, time));
            report::give(&house, "work", &text, has("--write"));
        }
        if !has("--keep") {
            house.drop();
        }
    }
}
