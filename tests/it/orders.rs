//! Orders: placed and led through their life, by the commands and by the library, one at a time and by many at once.

use dbtool::audit::{Options, Trail};
use dbtool::backend::Backend;
use dbtool::db::types::{Id, Money};
use dbtool::db::{AnyConnection, TransactionOptions, transaction};
use dbtool::entities::orders::{Order, OrderChanges};
use dbtool::entities::{Registry, Repository, RepositoryError};
use dbtool::error::{Code, Error};
use dbtool::record::Record;
use dbtool::schema::{orders, products, users};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::{Value, json};

use crate::support::{Project, connector, on_each_backend, on_servers, shop};

pub fn connect(project: &Project) -> AnyConnection {
    let connector = connector(&project.url);
    AnyConnection::open(connector.target(), std::time::Duration::from_secs(10)).unwrap()
}

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";

pub fn user(connection: &mut AnyConnection, email: &str, status: &str) -> Id {
    let id = Id::new();
    let names = (users::first_name.eq("A"), users::last_name.eq("B"), users::password_hash.eq(HASH));
    let row = (users::id.eq(id), users::email.eq(email), users::status.eq(status), names);
    diesel::insert_into(users::table).values(row).execute(connection).unwrap();
    id
}

pub fn product(connection: &mut AnyConnection, sku: &str, name: &str, cents: i64, stock: i32) -> Id {
    let id = Id::new();
    let row = (products::id.eq(id), products::sku.eq(sku), products::name.eq(name));
    let row = (row, products::price.eq(Money::from_minor(cents)), products::stock_quantity.eq(stock));
    diesel::insert_into(products::table).values(row).execute(connection).unwrap();
    id
}

/// A shop with two users and three products.
pub fn open(project: Project) -> Project {
    let project = shop(project);
    let mut connection = connect(&project);
    user(&mut connection, "alice@example.com", "active");
    user(&mut connection, "mallory@example.com", "suspended");
    product(&mut connection, "CUP-1", "Cup, white", 1_250, 10);
    product(&mut connection, "CUP-2", "Cup, blue", 1_999, 3);
    product(&mut connection, "POT-1", "Teapot", 5_000, 1);
    project
}

fn stock(project: &Project) -> String {
    project.query("SELECT sku, stock_quantity FROM products ORDER BY sku").join(" ")
}

fn place<'a>(items: &[&'a str]) -> Vec<&'a str> {
    let items = items.iter().flat_map(|item| ["--item", *item]);
    ["order", "place", "--user", "alice@example.com"].into_iter().chain(items).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn an_order_is_placed_and_goes_through_its_life() {
    on_each_backend(|project| {
        let project = open(project);
        let placed = project.json(0, &place(&["CUP-2=1", "CUP-1=2", "CUP-2=1"]));
        assert_eq!(placed["status"], "pending");
        assert_eq!(placed["total_amount"], "64.98");
        assert_eq!(placed["user"], "alice@example.com");
        let items: Vec<_> = placed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| (text(&item["sku"]), &item["quantity"], text(&item["unit_price"]), text(&item["amount"])))
            .collect();
        assert_eq!(items, [("CUP-1", &json!(2), "12.50", "25.00"), ("CUP-2", &json!(2), "19.99", "39.98")]);
        assert_eq!(stock(&project), "CUP-1|8 CUP-2|1 POT-1|1");
        let id = text(&placed["id"]);
        assert_eq!(project.json(0, &["order", "show", id]), placed);
        for (one, status) in [("pay", "paid"), ("ship", "shipped"), ("deliver", "delivered"), ("return", "returned")] {
            assert_eq!(project.json(0, &["order", one, id])["status"], status);
        }
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
        let events = project.query("SELECT action, outcome, entity FROM audit_events ORDER BY occurred_at, id");
        let actions = ["place", "pay", "ship", "deliver", "return"];
        assert_eq!(events, actions.map(|action| format!("{action}|done|orders")));
        let history = project.json(0, &["audit", "list", "--entity", "orders", "--id", id]);
        let latest = &history["events"][0];
        assert_eq!((text(&latest["before"]["status"]), text(&latest["after"]["status"])), ("delivered", "returned"));
        assert_eq!(latest["after"]["total_amount"], "64.98");
    });
}

#[test]
fn a_cancelled_order_gives_its_stock_back() {
    on_each_backend(|project| {
        let project = open(project);
        let placed = project.json(0, &place(&["POT-1=1"]));
        let id = text(&placed["id"]);
        project
            .expect(11, &place(&["POT-1=1"]))
            .says(&["error[order/stock]", "`POT-1` (Teapot): 1 wanted, 0 available"]);
        let paid = project.ok(&["order", "pay", id]);
        paid.says(&["next: `dbtool order ship", "`dbtool order cancel"]);
        assert!(paid.stdout.contains("  paid\n") && paid.stdout.contains("total"), "{paid}");
        project.ok(&["order", "cancel", id]);
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
        project.ok(&place(&["POT-1=1"]));
    });
}

#[test]
fn what_the_life_cycle_does_not_allow_is_refused_and_recorded() {
    on_each_backend(|project| {
        let project = open(project);
        let placed = project.json(0, &place(&["CUP-1=1"]));
        let id = text(&placed["id"]);
        let refused = project.expect(11, &["order", "ship", id]);
        refused.says(&["error[order/life-cycle]", &format!("the order `{id}` cannot become shipped: it is pending")]);
        refused.says(&[&format!("hint: what can be done: `dbtool order pay {id}`, `dbtool order cancel {id}`")]);
        project.ok(&["order", "cancel", id]);
        project.expect(11, &["order", "cancel", id]).says(&["is cancelled already", "no move leads on from cancelled"]);
        project.expect(11, &["order", "pay", id]).says(&["cannot become paid: it is cancelled"]);
        let failed = project.query(
            "SELECT action, entity_id, reason FROM audit_events WHERE outcome = 'failed' ORDER BY occurred_at, id",
        );
        assert_eq!(failed.len(), 3);
        assert_eq!(failed[0], format!("ship|{id}|the order `{id}` cannot become shipped: it is pending"));
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
    });
}

#[test]
fn what_cannot_be_ordered_is_refused_with_the_reason() {
    on_each_backend(|project| {
        let project = open(project);
        let alice = "alice@example.com";
        let cases: &[(i32, &str, &[&str], &[&str])] = &[
            (11, alice, &[], &["order/invalid", "an order has at least one item", "--item SKU=QUANTITY"]),
            (11, alice, &["CUP-1=0"], &["order/invalid", "the quantity of `CUP-1` must be 1 or more, not 0"]),
            (11, alice, &["CUP-1=-5"], &["must be 1 or more, not -5"]),
            (11, alice, &["CUP-1=2000000000", "CUP-1=2000000000"], &["is more than 2147483647"]),
            (
                11,
                "Mallory@Example.com",
                &["CUP-1=1"],
                &["order/invalid", "the user `mallory@example.com` is suspended, and cannot order"],
            ),
            (
                10,
                "alise@example.com",
                &["CUP-1=1"],
                &[
                    "data/not-found",
                    "no user has the e-mail address `alise@example.com`",
                    "did you mean `alice@example.com`?",
                ],
            ),
            (10, alice, &["CUP1=1"], &["data/not-found", "no product has the SKU `CUP1`", "did you mean `CUP-1`?"]),
            (10, alice, &["zzzzzz=1"], &["no product has the SKU `zzzzzz`"]),
            (10, alice, &["cup-1=1"], &["no product has the SKU `cup-1`", "did you mean `CUP-1`?"]),
            (10, alice, &["'; DROP TABLE products; --=1"], &["no product has the SKU `'; DROP TABLE products; --`"]),
            (
                11,
                alice,
                &["CUP-1=11", "CUP-2=1", "POT-1=2"],
                &[
                    "order/stock",
                    "`CUP-1` (Cup, white): 11 wanted, 10 available",
                    "`POT-1` (Teapot): 2 wanted, 1 available",
                    "nothing was placed",
                ],
            ),
            (2, alice, &["CUP-1"], &["an item is a product's SKU and a whole number"]),
        ];
        for (code, user, items, words) in cases {
            let items: Vec<&str> = items.iter().flat_map(|item| ["--item", *item]).collect();
            project.expect(*code, &[&["order", "place", "--user", user], &items[..]].concat()).says(words);
        }
        assert_eq!(project.query("SELECT count(*) FROM orders"), ["0"]);
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
        // All but the wrong command line.
        let recorded = project.query("SELECT count(*) FROM audit_events WHERE outcome = 'failed' AND action = 'place'");
        assert_eq!(recorded, [(cases.len() - 1).to_string()]);
        let unknown = Id::new().to_string();
        for args in
            [&["order", "show", &unknown][..], &["order", "pay", &unknown], &["order", "list", "--after", &unknown]]
        {
            project.expect(10, args).says(&["data/not-found", &format!("there is no order `{unknown}`")]);
        }
        project
            .expect(10, &["order", "list", "--user", "alice@exampel.com"])
            .says(&["did you mean `alice@example.com`?"]);
        project.expect(2, &["order", "show", "7"]).says(&["not a UUID"]);
    });
}

#[test]
fn a_total_that_fits_no_column_is_refused() {
    on_each_backend(|project| {
        let project = open(project);
        product(&mut connect(&project), "GOLD", "Gold", 9_999_999_999, 2_000_000_000);
        project.expect(11, &place(&["GOLD=2000"])).says(&["order/invalid", "the total is more than 9999999999.99"]);
        let placed = project.json(0, &place(&["GOLD=100"]));
        assert_eq!(placed["total_amount"], "9999999999.00");
    });
}

#[test]
fn a_dry_run_changes_nothing() {
    on_each_backend(|project| {
        let project = open(project);
        let shown = project.json(0, &[&place(&["CUP-1=2"])[..], &["--dry-run"]].concat());
        assert_eq!(shown["total_amount"], "25.00");
        project.ok(&[&place(&["CUP-1=2"])[..], &["--dry-run"]].concat()).says(&["dry run: nothing was placed"]);
        project.expect(11, &[&place(&["CUP-1=12"])[..], &["--dry-run"]].concat()).says(&["12 wanted, 10 available"]);
        assert_eq!(
            project.query("SELECT count(*) FROM orders UNION ALL SELECT count(*) FROM audit_events"),
            ["0", "0"]
        );
        let id = project.json(0, &place(&["CUP-1=2"]))["id"].as_str().unwrap().to_owned();
        let cancelled = project.json(0, &["order", "cancel", &id, "--dry-run"]);
        assert_eq!(cancelled["status"], "cancelled");
        assert_eq!(project.json(0, &["order", "show", &id])["status"], "pending");
        assert_eq!(stock(&project), "CUP-1|8 CUP-2|3 POT-1|1");
        assert_eq!(project.query("SELECT count(*) FROM audit_events"), ["1"]);
    });
}

#[test]
fn a_check_after_the_change_that_fails_takes_all_of_it_back() {
    on_each_backend(|project| {
        let project = open(project);
        // A trigger that is of another mind about prices.
        project.session().execute(project.by_backend(
            "CREATE TRIGGER dearer AFTER INSERT ON order_items BEGIN UPDATE order_items SET unit_price = unit_price + 1 WHERE id = NEW.id; END",
            "CREATE FUNCTION dearer() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.unit_price := NEW.unit_price + 0.01; RETURN NEW; END $$; \
             CREATE TRIGGER dearer BEFORE INSERT ON order_items FOR EACH ROW EXECUTE FUNCTION dearer()",
            "CREATE TRIGGER dearer BEFORE INSERT ON order_items FOR EACH ROW SET NEW.unit_price = NEW.unit_price + 0.01",
        )).unwrap();
        let failed = project.expect(11, &place(&["CUP-1=2"]));
        failed.says(&[
            "error[order/check]",
            "the order's items sum to 25.02, and its total is 25.00",
            "nothing was changed",
        ]);
        assert_eq!(project.query("SELECT count(*) FROM orders UNION ALL SELECT count(*) FROM order_items"), ["0", "0"]);
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
        let events = project.json(0, &["audit", "list", "--outcome", "failed"]);
        assert_eq!(events["events"].as_array().unwrap().len(), 1);
        let event = &events["events"][0];
        assert_eq!(event["action"], "place");
        assert!(text(&event["reason"]).starts_with("the order's items sum to 25.02"), "{event}");
        assert_eq!(event["after"]["items"][0], json!({ "sku": "CUP-1", "quantity": 2 }));
    });
}

#[test]
fn no_product_is_left_with_less_than_nothing() {
    on_servers(|project| {
        let project = open(project);
        let mut session = project.session();
        // A trigger that takes more than was asked for, where no constraint is in its way.
        session.execute("ALTER TABLE products DROP CONSTRAINT ck_products_stock_quantity").unwrap();
        session.execute(project.by_backend(
            "",
            "CREATE FUNCTION greedy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.stock_quantity := NEW.stock_quantity - 10; RETURN NEW; END $$; \
             CREATE TRIGGER greedy BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION greedy()",
            "CREATE TRIGGER greedy BEFORE UPDATE ON products FOR EACH ROW SET NEW.stock_quantity = NEW.stock_quantity - 10",
        )).unwrap();
        let failed = project.expect(11, &place(&["CUP-1=1", "CUP-2=1"]));
        failed.says(&[
            "error[order/check]",
            "the stock of `CUP-1`, `CUP-2` would be less than nothing",
            "nothing was changed",
        ]);
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
        assert_eq!(project.query("SELECT count(*) FROM orders"), ["0"]);
        assert_eq!(project.query("SELECT action, outcome FROM audit_events"), ["place|failed"]);
    });
}

#[test]
fn an_order_is_placed_in_no_other_environment() {
    on_each_backend(|project| {
        let project = open(project);
        project.ok(&["db", "stamp", "prod"]);
        project.expect(9, &place(&["CUP-1=1"])).says(&["guard/other-environment", "stamped as `prod`"]);
        project.expect(9, &["order", "pay", &Id::new().to_string()]).says(&["guard/other-environment"]);
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
        project.ok(&["order", "list"]);
        project.ok(&[&place(&["CUP-1=1"])[..], &["--dry-run"]].concat());
    });
}

#[test]
fn the_actor_stands_in_the_rows_and_in_the_events() {
    on_each_backend(|project| {
        let project = open(project);
        let clerk = user(&mut connect(&project), "clerk@example.com", "active");
        let placed = project.json(0, &[&place(&["CUP-1=1"])[..], &["--actor", "Clerk@example.com"]].concat());
        let id = text(&placed["id"]);
        let by =
            |project: &Project| project.query(&format!("SELECT created_by, updated_by FROM orders WHERE id = '{id}'"));
        assert_eq!(by(&project), [format!("{clerk}|{clerk}")]);
        assert_eq!(project.query("SELECT updated_by FROM products WHERE sku = 'CUP-1'"), [clerk.to_string()]);
        project.ok(&["order", "pay", id, "--actor", "nightly"]);
        assert_eq!(by(&project), [format!("{clerk}|")]);
        assert_eq!(
            project.query("SELECT actor FROM audit_events ORDER BY occurred_at, id"),
            ["Clerk@example.com", "nightly"]
        );
        let nightly = project.json(0, &["audit", "list", "--actor", "nightly"]);
        assert_eq!(nightly["events"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn whoever_changes_a_status_otherwise_keeps_to_the_life_cycle() {
    on_each_backend(|project| {
        let project = open(project);
        let mut connection = connect(&project);
        let placed = project.json(0, &place(&["CUP-1=2", "POT-1=1"]));
        let id = text(&placed["id"]);
        let orders = Registry::reference().named("orders").unwrap();
        let row = |status: &str| -> Record { serde_json::from_value(json!({ "id": id, "status": status })).unwrap() };
        let mut change = |from: &str, to: &str| -> Result<(), Error> {
            let work = |connection: &mut AnyConnection| -> Result<(), RepositoryError> {
                orders.before_update(connection, &row(from), &mut row(to))?;
                let order = orders::table.find(id.parse::<Id>().unwrap());
                diesel::update(order).set(orders::status.eq(to)).execute(connection)?;
                orders.after_update(connection, &row(from), &row(to))
            };
            transaction(&mut connection, &TransactionOptions::new().attempts(2), work).map_err(Error::from)
        };
        let refused = change("pending", "delivered").unwrap_err();
        assert_eq!((refused.code(), refused.exit_code().number()), (Code::OrderLifeCycle, 11));
        assert_eq!(change("pending", "lost").unwrap_err().to_string(), "`lost` is no status of an order");
        change("pending", "paid").unwrap();
        // It is no longer what whoever changes it has seen.
        assert_eq!(change("pending", "cancelled").unwrap_err().code(), Code::Conflict);
        assert_eq!(stock(&project), "CUP-1|8 CUP-2|3 POT-1|0");
        change("paid", "cancelled").unwrap();
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
        change("cancelled", "cancelled").unwrap();
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
    });
}

#[test]
fn a_repository_gives_stock_back_and_records_what_it_was_refused() {
    on_each_backend(|project| {
        let project = open(project);
        let placed = project.json(0, &place(&["CUP-1=2", "POT-1=1"]));
        let id: Id = text(&placed["id"]).parse().unwrap();
        let mut connection = connect(&project);
        let trail = Trail::open(&mut connection, Options::default()).unwrap();
        let repository = Repository::<Order>::new(&trail);
        let to = |status: &str| OrderChanges { status: Some(status.to_owned()), ..OrderChanges::default() };
        let refused = repository.update(&mut connection, &id, &to("shipped")).unwrap_err();
        assert_eq!(Error::from(refused).code(), Code::OrderLifeCycle);
        assert_eq!(repository.update(&mut connection, &id, &to("cancelled")).unwrap().status, "cancelled");
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
        let events = project.query("SELECT action, outcome FROM audit_events ORDER BY occurred_at, id");
        assert_eq!(events, ["place|done", "update|failed", "update|done"]);
    });
}

#[test]
fn orders_are_listed_page_by_page() {
    on_each_backend(|project| {
        let project = open(project);
        user(&mut connect(&project), "bob@example.com", "active");
        let mut placed = Vec::new();
        for number in 0..5 {
            let who = if number == 2 { "bob@example.com" } else { "alice@example.com" };
            let order = project.json(0, &["order", "place", "--user", who, "--item", "CUP-1=1"]);
            placed.push(text(&order["id"]).to_owned());
        }
        placed.reverse();
        project.ok(&["order", "pay", &placed[0]]);
        let ids = |page: &Value| -> Vec<String> {
            page["orders"].as_array().unwrap().iter().map(|order| text(&order["id"]).to_owned()).collect()
        };
        let all = project.json(0, &["order", "list"]);
        assert_eq!(ids(&all), placed);
        assert_eq!(all["next"], Value::Null);
        assert_eq!(all["orders"][0]["items"][0]["sku"], "CUP-1");
        let first = project.json(0, &["order", "list", "--limit", "2"]);
        assert_eq!(ids(&first), placed[..2]);
        let second = project.json(0, &["order", "list", "--limit", "2", "--after", text(&first["next"])]);
        assert_eq!(ids(&second), placed[2..4]);
        let third = project.json(0, &["order", "list", "--limit", "2", "--after", text(&second["next"])]);
        assert_eq!((ids(&third).as_slice(), &third["next"]), (&placed[4..], &Value::Null));
        assert_eq!(ids(&project.json(0, &["order", "list", "--user", "Bob@example.com"])), placed[2..3]);
        assert_eq!(ids(&project.json(0, &["order", "list", "--status", "paid"])), placed[..1]);
        assert!(ids(&project.json(0, &["order", "list", "--until", "2020-01-01"])).is_empty());
        assert_eq!(ids(&project.json(0, &["order", "list", "--since", "1h"])).len(), 5);
        let shown = project.ok(&["order", "list", "--limit", "1"]);
        shown.says(&["1 order, and there are more: `--after"]);
        assert!(shown.stdout.contains("alice@example.com") && shown.stdout.contains("12.50"), "{shown}");
        project.ok(&["order", "list", "--status", "returned"]).says(&["no orders"]);
        let csv = project.ok(&["order", "list", "-o", "csv", "--limit", "1"]).stdout;
        assert!(csv.starts_with("id,status,user,items,total_amount,created_at\n"), "{csv}");
    });
}

#[test]
fn a_database_without_the_shop_is_told_what_is_missing() {
    on_each_backend(|project| {
        project.ok(&["db", "create"]);
        let id = Id::new().to_string();
        for args in [&["order", "list"][..], &["order", "show", &id], &["order", "pay", &id], &place(&["CUP-1=1"])] {
            let run = project.expect(10, args);
            run.says(&[
                "schema/unknown-table",
                "tables `order_items`, `orders`, `products`, `users`",
                "dbtool init --template shop",
            ]);
        }
        project.session().execute("CREATE TABLE users (id INT)").unwrap();
        project
            .expect(10, &["order", "list"])
            .says(&["tables `order_items`, `orders`, `products`", "the columns `users.email`, `users.status`"]);
        for args in [&["audit", "list"][..], &["audit", "show", &id]] {
            project.expect(10, args).says(&["schema/unknown-table", "there is no table `audit_events`"]);
        }
    });
}

#[test]
fn where_changes_must_be_recorded_nothing_is_placed_without() {
    on_each_backend(|project| {
        let project = open(project);
        project.session().execute("DROP TABLE audit_events").unwrap();
        let project = project.file("dbtool.toml", "[env.dev.audit]\nmode = \"required\"\n");
        project.expect(9, &place(&["CUP-1=1"])).says(&[
            "audit/required",
            "there is no table `audit_events`",
            "create_audit_events",
        ]);
        assert_eq!(stock(&project), "CUP-1|10 CUP-2|3 POT-1|1");
        let off = project.variable("DBTOOL_AUDIT_MODE", "off");
        off.ok(&place(&["CUP-1=1"]));
        let project = off.variable("DBTOOL_AUDIT_MODE", "auto");
        project.ok(&place(&["CUP-1=1"]));
        project.session().execute("CREATE TABLE audit_events (id INT)").unwrap();
        project.ok(&place(&["CUP-1=1"])).says(&["warning: no change is recorded", "another application's"]);
    });
}

#[test]
fn people_see_an_order_as_a_page() {
    let project = open(Project::on(Backend::Sqlite).unwrap());
    let run = project.ok(&place(&["CUP-1=2", "CUP-2=1"]));
    insta::assert_snapshot!(run.normal(&project));
}

#[test]
fn an_order_is_given_to_nobody_who_may_not_order() {
    on_each_backend(|project| {
        let project = open(project);
        let mut connection = connect(&project);
        let bob = user(&mut connection, "bob@example.com", "active").to_string();
        let placed = project.json(0, &place(&["CUP-1=1"]));
        let id = text(&placed["id"]);
        let mallory = project.query("SELECT id FROM users WHERE email = 'mallory@example.com'").swap_remove(0);
        project
            .expect(11, &["data", "update", "orders", id, &format!("user_id={mallory}")])
            .says(&["error[order/invalid]", "the user `mallory@example.com` is suspended, and cannot order"]);
        assert_eq!(project.json(0, &["order", "show", id])["user"], "alice@example.com");
        project.ok(&["data", "update", "orders", id, &format!("user_id={bob}")]);
        assert_eq!(project.json(0, &["order", "show", id])["user"], "bob@example.com");
        // Of whoever is not there, the foreign key tells.
        project.expect(11, &["data", "update", "orders", id, &format!("user_id={}", Id::new())]);
        // Who was suspended since keeps the order.
        project.ok(&["data", "update", "users", &bob, "status=suspended"]);
        project.ok(&["order", "pay", id]);
    });
}

#[test]
fn stock_that_a_column_cannot_hold_is_told() {
    on_each_backend(|project| {
        let project = open(project);
        let id = project.json(0, &place(&["CUP-1=3", "POT-1=1"]))["id"].as_str().unwrap().to_owned();
        project.session().execute("UPDATE products SET stock_quantity = 2147483645 WHERE sku = 'CUP-1'").unwrap();
        let words = "the stock of `CUP-1` is 2147483645, and would become more than 2147483647";
        project.expect(11, &["order", "cancel", &id]).says(&["error[order/stock]", words, "nothing was changed"]);
        project.expect(11, &["data", "update", "orders", &id, "status=cancelled"]).says(&[words]);
        assert_eq!(stock(&project), "CUP-1|2147483645 CUP-2|3 POT-1|0");
        assert_eq!(project.json(0, &["order", "show", &id])["status"], "pending");
        project.session().execute("UPDATE products SET stock_quantity = 2147483644 WHERE sku = 'CUP-1'").unwrap();
        project.ok(&["order", "cancel", &id]);
        assert_eq!(stock(&project), "CUP-1|2147483647 CUP-2|3 POT-1|1");
    });
}

#[test]
fn sensitive_columns_are_masked_in_orders_and_their_events() {
    on_each_backend(|project| {
        let settings = "[columns]\nsensitive = [\"users.email\", \"order_items.unit_price\"]\n";
        let project = open(project).file("dbtool.toml", settings);
        let placed = project.json(0, &place(&["CUP-1=2"]));
        assert_eq!((&placed["user"], &placed["total_amount"]), (&json!("***"), &json!("25.00")));
        assert_eq!((&placed["items"][0]["unit_price"], &placed["items"][0]["amount"]), (&json!("***"), &json!("***")));
        assert_eq!((&placed["items"][0]["sku"], &placed["items"][0]["quantity"]), (&json!("CUP-1"), &json!(2)));
        let id = text(&placed["id"]);
        project.expect(11, &place(&["POT-1=9"]));
        let all = [
            project.ok(&["order", "show", id]),
            project.ok(&["order", "list"]),
            project.ok(&["order", "list", "--output", "csv"]),
            project.ok(&["order", "pay", id]),
            project.ok(&["audit", "list", "--output", "json"]),
        ];
        for run in &all {
            run.says_nothing_of(&["alice@example.com", "12.50"]);
            assert!(run.stdout.contains("***"), "{run}");
        }
        let kept = project.query("SELECT count(*) FROM audit_events WHERE CAST(after AS CHAR(2000)) LIKE '%alice%'");
        assert_eq!(kept, ["0"]);
        // Whoever knows it may ask for it.
        assert_eq!(project.json(0, &["order", "list", "--user", "alice@example.com"])["orders"][0]["id"], id);
    });
}
