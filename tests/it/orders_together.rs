//! Sixteen clients that place and lead orders at random: whatever they do at once, and however they end, nothing is sold
//! that is not there, and every change is recorded once.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use dbtool::audit::{Options, Trail};
use dbtool::db::types::Id;
use dbtool::db::{Pool, TransactionOptions, transaction};
use dbtool::entities::RepositoryError;
use dbtool::entities::ordering::{self, Move, Wanted};
use dbtool::error::{Code, Error};

use crate::orders::{connect, product, user};
use crate::support::{Project, on_each_backend, pool, shop};

const CLIENTS: usize = 16;

/// How much each of them does, and how many clients are killed.
fn scale(some: usize, all: usize) -> usize {
    if std::env::var_os("DBTOOL_TEST_ALL_POINTS").is_some() { all } else { some }
}

/// How much there is of each product, in stock or ordered.
const STOCK: [(&str, i32); 5] = [("A", 3), ("B", 10), ("C", 40), ("D", 2), ("E", 1_000)];

fn open(project: Project) -> Project {
    let project = shop(project);
    let mut connection = connect(&project);
    for number in 0..4 {
        user(&mut connection, &format!("user{number}@example.com"), "active");
    }
    for (at, (sku, stock)) in (1_i64..).zip(STOCK) {
        product(&mut connection, sku, sku, at * 101, stock);
    }
    project
}

/// A total of what clients did.
#[derive(Default)]
struct Done {
    placed: AtomicUsize,
    moved: AtomicUsize,
    refused: AtomicUsize,
}

/// One client, for so many steps. Any error that is not a rule's ends the test.
fn client(pool: &Pool, trail: &Trail, seed: u64, steps: usize, done: &Done) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut own: Vec<Id> = Vec::new();
    for _ in 0..steps {
        let mut connection = pool.get().unwrap();
        let outcome = if own.is_empty() || random.u8(..) < 100 {
            let items: Vec<Wanted> = (0..random.usize(1..=3))
                .map(|_| Wanted::new(STOCK[random.usize(..STOCK.len())].0, random.i64(1..=3)))
                .collect();
            let who = format!("user{}@example.com", random.usize(..4));
            ordering::place(&mut connection, trail, &who, &items).map(|order| {
                own.push(order.id);
                done.placed.fetch_add(1, Ordering::Relaxed);
            })
        } else {
            let id = own[random.usize(..own.len())];
            // More often than not what was ordered comes back, so that there is something to sell.
            let moves = [Move::Pay, Move::Ship, Move::Deliver, Move::Cancel, Move::Cancel, Move::Cancel, Move::Return];
            ordering::advance(&mut connection, trail, id, moves[random.usize(..moves.len())]).map(|_| {
                done.moved.fetch_add(1, Ordering::Relaxed);
            })
        };
        if let Err(error) = outcome {
            assert!(matches!(error.code(), Code::OrderStock | Code::OrderLifeCycle), "with seed {seed}: {error:?}");
            assert!(
                !error.notes().iter().any(|note| note.contains("could not be recorded")),
                "with seed {seed}: {error:?}"
            );
            done.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// For each product what is in stock, and how much there is in all.
fn stock(project: &Project) -> Vec<(String, i32, i32)> {
    let rows = project.query(
        "SELECT p.sku, p.stock_quantity, p.stock_quantity + COALESCE((SELECT SUM(i.quantity) FROM order_items i \
         JOIN orders o ON o.id = i.order_id WHERE i.product_id = p.id AND o.status NOT IN ('cancelled', 'returned')), 0) \
         FROM products p ORDER BY p.sku",
    );
    let row = |row: &String| {
        let parts: Vec<_> = row.split('|').collect();
        (parts[0].to_owned(), parts[1].parse().unwrap(), parts[2].parse().unwrap())
    };
    rows.iter().map(row).collect()
}

/// What holds at any moment.
fn check_stock(project: &Project) {
    for ((sku, in_stock, in_all), (name, all)) in stock(project).into_iter().zip(STOCK) {
        assert_eq!((sku.as_str(), in_all), (name, all), "on {}", project.backend);
        assert!(in_stock >= 0, "{sku} on {}: {in_stock}", project.backend);
    }
}

/// What holds of every order, and of the events.
fn check_orders(project: &Project) {
    let wrong = project.query(
        "SELECT o.id, o.total_amount FROM orders o WHERE o.total_amount <> \
         COALESCE((SELECT SUM(i.quantity * i.unit_price) FROM order_items i WHERE i.order_id = o.id), -1)",
    );
    assert!(wrong.is_empty(), "totals are not the items' sums: {wrong:?}");
    // Each order has one event of its beginning, and one for each status that it went through.
    let wrong = project.query(
        "SELECT o.id, o.status, COUNT(e.id) FROM orders o LEFT JOIN audit_events e \
         ON e.entity_id = CAST(o.id AS CHAR(36)) AND e.entity = 'orders' AND e.outcome = 'done' GROUP BY o.id, o.status \
         HAVING COUNT(e.id) <> CASE o.status WHEN 'pending' THEN 1 WHEN 'paid' THEN 2 WHEN 'shipped' THEN 3 \
         WHEN 'delivered' THEN 4 WHEN 'returned' THEN 5 ELSE COUNT(e.id) END OR (o.status = 'cancelled' AND COUNT(e.id) NOT IN (2, 3))",
    );
    assert!(wrong.is_empty(), "not one event for each change: {wrong:?}");
    let strangers = project.query(
        "SELECT count(*) FROM audit_events e WHERE e.outcome = 'done' \
         AND NOT EXISTS (SELECT 1 FROM orders o WHERE CAST(o.id AS CHAR(36)) = e.entity_id)",
    );
    assert_eq!(strangers, ["0"], "events of what was never done");
}

fn number(project: &Project, of: &str) -> usize {
    project.query(&format!("SELECT count(*) FROM {of}"))[0].parse().unwrap()
}

#[test]
fn sixteen_clients_sell_what_is_there_and_no_more() {
    on_each_backend(|project| {
        let project = open(project);
        let pool = pool(&project, CLIENTS);
        let trail = Trail::open(&mut pool.get().unwrap(), Options::default()).unwrap();
        let done = Done::default();
        let steps = scale(20, 400);
        let seed = fastrand::u64(..);
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS as u64)
                .map(|number| {
                    let (pool, trail, done) = (&pool, &trail, &done);
                    scope.spawn(move || client(pool, trail, seed.wrapping_add(number), steps, done))
                })
                .collect();
            while clients.iter().any(|client| !client.is_finished()) {
                check_stock(&project);
            }
        });
        check_stock(&project);
        check_orders(&project);
        let Done { placed, moved, refused } = done;
        let (placed, moved, refused) = (placed.into_inner(), moved.into_inner(), refused.into_inner());
        assert_eq!(placed + moved + refused, CLIENTS * steps);
        assert!(placed > CLIENTS && moved > CLIENTS && refused > 0, "{placed} {moved} {refused}");
        assert_eq!(number(&project, "orders"), placed);
        assert_eq!(number(&project, "audit_events WHERE outcome = 'done'"), placed + moved);
        assert_eq!(number(&project, "audit_events WHERE outcome = 'failed'"), refused);
    });
}

#[test]
fn an_order_within_a_transaction_of_the_caller_goes_with_it() {
    on_each_backend(|project| {
        let project = open(project);
        let mut connection = connect(&project);
        let trail = Trail::open(&mut connection, Options::default()).unwrap();
        let outcome: Result<(), RepositoryError> =
            transaction(&mut connection, &TransactionOptions::new(), |connection| {
                ordering::place(connection, &trail, "user1@example.com", &[Wanted::new("D", 2)])?;
                let short =
                    ordering::place(connection, &trail, "user1@example.com", &[Wanted::new("D", 1)]).unwrap_err();
                assert_eq!(short.code(), Code::OrderStock);
                Err(short.into())
            });
        assert_eq!(Error::from(outcome.unwrap_err()).code(), Code::OrderStock);
        check_stock(&project);
        assert_eq!(number(&project, "orders"), 0);
        assert_eq!(number(&project, "audit_events"), 0);
    });
}

/// Whether a client that ends at this step without a word is killed before it is through.
#[cfg(unix)]
fn is_killed(project: &Project, output: &std::process::Output) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    if output.status.signal() == Some(9) {
        return true;
    }
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 11)), "on {}: {words}", project.backend);
    false
}

#[cfg(unix)]
#[test]
fn clients_that_are_killed_leave_all_of_an_order_or_nothing() {
    const PLACE: [&str; 8] = ["order", "place", "--user", "user1@example.com", "--item", "C=2", "--item", "E=3"];
    on_each_backend(|project| {
        let project = open(project);
        let start = |args: &[&str], at: usize| {
            let mut command = project.command(args);
            command.env("DBTOOL_FAULT_AT", at.to_string()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        };
        // One alone, at one step after the other: so it is known how many there are.
        let is_through = |at: &usize| {
            let killed = is_killed(&project, &start(&PLACE, *at).wait_with_output().unwrap());
            check_stock(&project);
            check_orders(&project);
            !killed
        };
        let steps = (1..).step_by(scale(4, 1)).find(is_through).unwrap();
        assert!(steps > 8, "{steps} steps");
        let (mut killed, mut finished) = (0, 0);
        for _ in 0..scale(3, 40) {
            let pending = project.query("SELECT id FROM orders WHERE status = 'pending'");
            let client = |number: usize| {
                let at = fastrand::usize(1..=steps * 3 / 2);
                match pending.get(number).filter(|_| number.is_multiple_of(2)) {
                    Some(id) => start(&["order", "cancel", id], at),
                    None => start(&PLACE[..if number.is_multiple_of(3) { 6 } else { 8 }], at),
                }
            };
            let clients: Vec<_> = (0..8).map(client).collect();
            for client in clients {
                if is_killed(&project, &client.wait_with_output().unwrap()) {
                    killed += 1;
                } else {
                    finished += 1;
                }
            }
            check_stock(&project);
            check_orders(&project);
        }
        assert!(killed > 0 && finished > 0, "{killed} killed, {finished} finished");
        // Nothing is held any more.
        project.ok(&PLACE);
    });
}
