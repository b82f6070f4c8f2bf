//! `dbtool data`: the same on each backend, for tables with a model and for any other.

use serde_json::{Value, json};

use crate::support::{Project, on_each_backend, root};

/// The shop, empty.
pub fn shop(project: Project) -> Project {
    let directory = root().join("migrations");
    let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
    project.ok(&["migrate", "up", "-q"]);
    project
}

const HASH: &str = "password_hash=$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA";

/// The shop, with two users, three products in a category, and two orders.
pub fn stocked(project: Project) -> Project {
    let project = shop(project);
    for (email, name) in [("alice@example.com", "Alice"), ("bob@example.com", "Bob")] {
        let (email, name) = (format!("email={email}"), format!("first_name={name}"));
        project.ok(&["data", "create", "users", &email, HASH, &name, "last_name=Doe"]);
    }
    let products = r#"[{"sku": "LAMP", "name": "Lamp", "price": "19.99", "stock_quantity": 5},
        {"sku": "DESK", "name": "Desk", "price": 199, "stock_quantity": 2},
        {"sku": "CHAIR", "name": "Chair", "price": "0.10", "stock_quantity": 0, "description": "wood"}]"#;
    project.write("products.json", products);
    project.ok(&["data", "create", "products", "--from", "products.json"]);
    project.ok(&["data", "create", "categories", "slug=home", "name=Home"]);
    let id = |table: &str, key: &str| text(&project.json(0, &["data", "get", table, key])["id"]);
    let (alice, bob, lamp, desk, home) = (
        id("users", "alice@example.com"),
        id("users", "bob@example.com"),
        id("products", "LAMP"),
        id("products", "DESK"),
        id("categories", "home"),
    );
    project.ok(&[
        "data",
        "create",
        "product_categories",
        &format!("product_id={lamp}"),
        &format!("category_id={home}"),
    ]);
    let mut session = project.session();
    let minor = project.by_backend("3998", "39.98", "39.98");
    for (number, user, product, status) in [(1, &alice, &lamp, "pending"), (2, &bob, &desk, "paid")] {
        let order = order_id(number);
        session.execute(&format!("INSERT INTO orders (id, user_id, status, total_amount) VALUES ('{order}', '{user}', '{status}', {minor})")).unwrap();
        let price = project.by_backend("1999", "19.99", "19.99");
        session.execute(&format!("INSERT INTO order_items (id, order_id, product_id, quantity, unit_price) VALUES ('{}', '{order}', '{product}', 2, {price})", order_id(number + 10))).unwrap();
    }
    project
}

fn order_id(number: u32) -> String {
    format!("01990000-0000-7000-8000-{number:012}")
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The values of a column of a listing.
fn column(listing: &Value, name: &str) -> Vec<String> {
    listing["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned))
        .collect()
}

#[test]
fn a_row_lives_from_create_to_delete() {
    on_each_backend(|project| {
        let project = shop(project);
        let made = project.json(0, &["data", "create", "products", "sku=A", "name=it's \"x\"", "price=19.99"]);
        assert_eq!(
            (&made["price"], &made["stock_quantity"], &made["description"]),
            (&json!("19.99"), &json!(0), &json!(null))
        );
        assert!(text(&made["created_at"]).ends_with('Z'));
        let id = text(&made["id"]);
        assert_eq!(id.as_bytes()[14], b'7', "ids rise with time");
        assert_eq!(project.json(0, &["data", "get", "products", &id]), made);
        assert_eq!(project.json(0, &["data", "get", "products", "A"]), made);
        let changed = project.json(0, &["data", "update", "products", "A", "price=20", "description="]);
        assert_eq!((&changed["price"], &changed["description"]), (&json!("20.00"), &json!("")));
        let changed = project.json(0, &["data", "update", "products", "A", "description:null"]);
        assert_eq!(changed["description"], json!(null));
        let same = project.ok(&["data", "update", "products", "A", "price=20.00"]);
        same.says(&["0 rows changed, 1 row as it was"]);
        let again = project.json(0, &["data", "create", "products", "sku=A", "name=B", "price=1", "--upsert"]);
        assert_eq!((&again["id"], &again["name"]), (&json!(id), &json!("B")));
        project.json(0, &["data", "create", "products", "sku=C", "name=C", "price=1", "--upsert"]);
        assert_eq!(project.json(0, &["data", "count", "products"]), json!({ "count": 2 }));
        assert_eq!(project.json(0, &["data", "delete", "products", "A"])["id"], json!(id));
        project
            .expect(10, &["data", "get", "products", "A"])
            .says(&["`products` has no row `A`", "data list products"]);
        project.expect(10, &["data", "delete", "products", "A"]);
        project.expect(10, &["data", "update", "products", &id, "price=1"]);
        let actions = project.json(0, &["data", "list", "audit_events", "entity=products", "--sort", "occurred_at"]);
        assert_eq!(column(&actions, "action"), ["create", "update", "update", "update", "create", "delete"]);
        // SQLite keeps JSON as text.
        let price = |side: &str| match &actions["rows"][1][side] {
            Value::String(text) => serde_json::from_str::<Value>(text).unwrap()["price"].clone(),
            row => row["price"].clone(),
        };
        assert_eq!((price("before"), price("after")), (json!("19.99"), json!("20.00")));
    });
}

/// The commands of the guide, run as they stand.
#[test]
fn the_guide_works_on_each_backend() {
    on_each_backend(|project| {
        let project = shop(project);
        let text = std::fs::read_to_string(root().join("docs/data.md")).unwrap();
        let mut commands = 0;
        for (info, text) in crate::docs::blocks(&text) {
            if let Some(file) = info.split("file=").nth(1) {
                project.write(file, text);
                continue;
            }
            for line in text.lines().filter(|_| info == "sh") {
                let words = crate::docs::words(line);
                project.ok(&words.iter().skip(1).map(String::as_str).collect::<Vec<_>>());
                commands += 1;
            }
        }
        assert_eq!(commands, 15);
    });
}

#[test]
fn filters_read_and_relations_exist() {
    on_each_backend(|project| {
        let project = stocked(project);
        let skus = |words: &[&str]| {
            let args = [&["data", "list", "products", "--sort", "sku"], words].concat();
            column(&project.json(0, &args), "sku").join(" ")
        };
        for (words, expected) in [
            (&["price>1"][..], "DESK LAMP"),
            (&["price:gte=19.99", "price<199"], "LAMP"),
            (&["price=199.0"], "DESK"),
            (&["name~a"], "CHAIR LAMP"),
            (&["name!~a"], "DESK"),
            (&["name:like=%a%"], "CHAIR LAMP"),
            (&["sku:in=LAMP,DESK"], "DESK LAMP"),
            (&["description:is=null"], "DESK LAMP"),
            (&["description:not=null"], "CHAIR"),
            (&["description!=wood"], ""),
            (&["stock_quantity!=0"], "DESK LAMP"),
            (&["categories.slug=home"], "LAMP"),
            (&["order_items.quantity=2"], "DESK LAMP"),
            (&["order_items.order.user.email=Alice@example.com"], "LAMP"),
            (&["--filter", "price>1", "name=Desk"], "DESK"),
            (&["LAMP", "CHAIR"], "CHAIR LAMP"),
            (&["--where", "price > 1 and not (name = 'Desk' or categories.name = 'x')"], "LAMP"),
            (&["--where", "created_at > '2020-01-01T00:00:00Z' and created_at < '2020-01-01T00:00:00Z'"], ""),
        ] {
            let found = if words[0].starts_with("name:like") && !project.backend.is_server() {
                expected.into()
            } else {
                skus(words)
            };
            assert_eq!(found, expected, "{words:?} on {}", project.backend);
        }
        let orders = |filter: &str| project.json(0, &["data", "count", "orders", "--where", filter])["count"].clone();
        assert_eq!(orders("total_amount > 39 and (status = \"paid\" or user.email = \"alice@example.com\")"), json!(2));
        assert_eq!(orders("user.role = \"admin\""), json!(0));
        assert_eq!(orders("items.product.sku = 'LAMP'"), json!(1));
        let users = project.json(0, &["data", "list", "users", "orders.status=paid"]);
        assert_eq!(column(&users, "email"), ["bob@example.com"]);
        assert_eq!(users["rows"][0]["password_hash"], json!("***"));
        let seen = project.json(0, &["data", "list", "users", "--reveal", "--columns", "password_hash"]);
        assert!(text(&seen["rows"][0]["password_hash"]).starts_with("$argon2id$"));
    });
}

#[test]
fn related_rows_stand_within() {
    on_each_backend(|project| {
        let project = stocked(project);
        let order = project.json(0, &["data", "get", "orders", &order_id(1), "--with", "items.product,user"]);
        assert_eq!(order["user"]["email"], json!("alice@example.com"));
        assert_eq!(order["user"]["password_hash"], json!("***"));
        assert_eq!(order["items"][0]["product"]["sku"], json!("LAMP"));
        assert_eq!((&order["items"][0]["unit_price"], &order["total_amount"]), (&json!("19.99"), &json!("39.98")));
        let products = project.json(0, &["data", "list", "products", "--with", "categories", "--sort", "sku"]);
        let slugs: Vec<_> = products["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["categories"].to_string().contains("home"))
            .collect();
        assert_eq!(slugs, [false, false, true]);
        let error = project.expect(2, &["data", "list", "orders", "--with", "itms"]);
        error.says(&["`orders` is related to nothing called `itms`", "did you mean `items`?"]);
        let error = project.expect(2, &["data", "list", "orders", "usr.role=x"]);
        error.says(&["did you mean `user`?"]);
    });
}

#[test]
fn pages_follow_one_another() {
    on_each_backend(|project| {
        let mut session = project.session();
        session.execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a integer, b varchar(9))").unwrap();
        for id in 0..23 {
            let a = if id % 4 == 0 { "NULL".to_owned() } else { (id % 3).to_string() };
            let b = if id % 5 == 0 { "NULL".to_owned() } else { format!("'{}'", id % 2) };
            session.execute(&format!("INSERT INTO t VALUES ({id}, {a}, {b})")).unwrap();
        }
        for sort in ["id", "-id", "a", "-a", "a,-b", "-b,a", "b,-id"] {
            let whole = column(&project.json(0, &["data", "list", "t", "--sort", sort]), "id");
            assert_eq!(whole.len(), 23);
            let (mut paged, mut token) = (Vec::new(), None::<String>);
            loop {
                let mut args = vec!["data", "list", "t", "--sort", sort, "--limit", "6", "--count", "exact"];
                args.extend(token.iter().flat_map(|token| ["--after", token.as_str()]));
                let page = project.json(0, &args);
                assert_eq!(page["count"], json!(23));
                paged.extend(column(&page, "id"));
                token = page["next"].as_str().map(str::to_owned);
                if token.is_none() {
                    break;
                }
            }
            assert_eq!(paged, whole, "{sort} on {}", project.backend);
        }
        let page = project.json(0, &["data", "list", "t", "--limit", "2", "--offset", "3", "--sort", "id"]);
        assert_eq!(column(&page, "id"), ["3", "4"]);
        assert_eq!(page["count"], json!(null));
        let token = text(&page["next"]);
        project.expect(2, &["data", "list", "t", "--sort", "a", "--after", &token]).says(&["of another table or sort"]);
        project.expect(2, &["data", "list", "t", "--after", "nonsense"]).says(&["none of dbtool's"]);
        project
            .expect(2, &["data", "list", "t", "--sort", "idd"])
            .says(&["`t` has no column `idd`", "did you mean `id`?"]);
        let shown = project.ok(&["data", "list", "t", "--limit", "2", "--count", "exact"]);
        shown.says(&["2 of 23, next: --after "]);
        let csv = project.ok(&["data", "list", "t", "id:lt=2", "--columns", "b,id", "--sort", "id", "-o", "csv"]);
        assert_eq!(csv.stdout, "b,id\n,0\n1,1\n");
    });
}

#[test]
fn sums_are_exact() {
    on_each_backend(|project| {
        let project = stocked(project);
        let rows = |args: &[&str]| project.json(0, &[&["data", "aggregate"], args].concat())["rows"].clone();
        let all = rows(&[
            "products",
            "--count",
            "--sum",
            "price,stock_quantity",
            "--avg",
            "price",
            "--min",
            "price",
            "--max",
            "name",
        ]);
        let expected = json!([{ "count": 3, "sum_price": "219.09", "sum_stock_quantity": 7, "avg_price": "73.03", "min_price": "0.10", "max_name": "Lamp" }]);
        assert_eq!(all, expected);
        let by = rows(&["orders", "--by", "status", "--sum", "total_amount", "--count"]);
        assert_eq!(
            by,
            json!([{ "status": "paid", "count": 1, "sum_total_amount": "39.98" }, { "status": "pending", "count": 1, "sum_total_amount": "39.98" }])
        );
        let some = rows(&[
            "products",
            "--by",
            "sku",
            "--sum",
            "price",
            "--having",
            "sum_price > 1 and count > 0",
            "--count",
            "--sort",
            "-sum_price",
            "--limit",
            "1",
        ]);
        assert_eq!(some, json!([{ "sku": "DESK", "count": 1, "sum_price": "199.00" }]));
        assert_eq!(rows(&["products", "price>1"]), json!([{ "count": 2 }]));
        assert_eq!(
            rows(&["products", "price>1000", "--sum", "price", "--avg", "price"]),
            json!([{ "sum_price": null, "avg_price": null }])
        );
        project
            .expect(2, &["data", "aggregate", "products", "--sum", "name"])
            .says(&["`products.name` is no number", "`price`"]);
        project.expect(2, &["data", "aggregate", "products", "--having", "cont > 1"]).says(&["did you mean `count`?"]);
        project.expect(2, &["data", "aggregate", "users", "--by", "password_hash"]).says(&["is sensitive"]);
        project.expect(2, &["data", "aggregate", "users", "--min", "password_hash"]).says(&["is sensitive"]);
    });
}

#[test]
fn sums_of_any_table_are_exact() {
    on_each_backend(|project| {
        let types =
            project.by_backend("n INTEGER, d DECIMAL(12,3)", "n bigint, d numeric(12,3)", "n bigint, d decimal(12,3)");
        project.session().execute(&format!("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, {types})")).unwrap();
        for (id, n, d) in [("1", "4611686018427387904", "0.100"), ("2", "3", "0.2"), ("3", "5", "0.7")] {
            project.ok(&["data", "create", "t", &format!("id={id}"), &format!("n={n}"), &format!("d={d}")]);
        }
        let rows = project.json(0, &["data", "aggregate", "t", "--sum", "n,d", "--avg", "d,n"])["rows"][0].clone();
        assert_eq!(rows["sum_n"], json!("4611686018427387912"));
        assert_eq!(rows["avg_n"], json!("1537228672809129304"));
        // A decimal of SQLite's is a float, which docs/data.md says.
        if project.backend.is_server() {
            assert_eq!((&rows["sum_d"], &rows["avg_d"]), (&json!("1.000"), &json!("0.3333333")));
        }
    });
}

#[test]
fn a_result_is_not_called_as_a_column_is() {
    on_each_backend(|project| {
        project
            .session()
            .execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, count integer, sum_id integer)")
            .unwrap();
        project.session().execute("INSERT INTO t VALUES (1, 7, 3), (2, 7, 4), (3, 8, 5)").unwrap();
        let grouped = ["data", "aggregate", "t", "--by", "count", "--count", "--sum", "id", "--sort", "count"];
        let rows = project.json(0, &grouped)["rows"].clone();
        let expected = json!([{"count": 7, "count_": 2, "sum_id_": 3}, {"count": 8, "count_": 1, "sum_id_": 3}]);
        assert_eq!(rows, expected);
        let rows = project.json(0, &[&grouped[..], &["--having", "count_>1"]].concat())["rows"].clone();
        assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    });
}

#[test]
fn the_database_and_the_rules_refuse() {
    on_each_backend(|project| {
        let project = stocked(project);
        let product = ["data", "create", "products", "sku=X", "name=X"];
        let broken =
            project.expect(11, &["data", "create", "users", "email=nonsense", "password_hash=secret", "first_name="]);
        broken.says(&[
            "error[data/invalid]",
            "`email`",
            "`password_hash`",
            "`first_name`",
            "`last_name`",
            "nothing was done",
        ]);
        broken.says_nothing_of(&["secret"]);
        project
            .expect(11, &[&product[..], &["price=1.001"]].concat())
            .says(&["`price` is no amount with at most two places"]);
        project.expect(11, &[&product[..], &["price=-1"]].concat()).says(&["`price`"]);
        project
            .expect(2, &[&product[..], &["prise=1"]].concat())
            .says(&["has no column `prise`", "did you mean `price`?"]);
        project.expect(2, &[&product[..], &["price=1", "price=2"]].concat()).says(&["given two values"]);
        project.expect(2, &["data", "create", "products", "nonsense"]).says(&["gives no column a value"]);
        project.expect(2, &["data", "update", "products", "LAMP"]).says(&["no column is given a value"]);
        let twice = project.expect(11, &["data", "create", "products", "sku=LAMP", "name=X", "price=1"]);
        twice.says(&["error[data/constraint]", "`products.sku` must be unique, and another row has `LAMP`"]);
        let orphan = [
            "data",
            "create",
            "product_categories",
            "product_id=01990000-0000-7000-8000-000000000000",
            "category_id=01990000-0000-7000-8000-000000000000",
        ];
        project.expect(11, &orphan).says(&["error[data/constraint]", "refer"]);
        project.expect(11, &["data", "delete", "products", "LAMP"]).says(&["error[data/constraint]", "order_items"]);
        project
            .expect(10, &["data", "list", "prducts"])
            .says(&["there is no table `prducts`", "did you mean `products`?"]);
        project.expect(2, &["data", "get", "product_categories", "x"]).says(&["has 2 parts"]);
        project.expect(2, &["data", "list", "products", "price=x"]).says(&["`products.price`: `x` is not"]);
        project.expect(2, &["data", "list", "products", "--where", "price > "]).says(&[
            "a value is expected here",
            "--where:1:",
            "^",
        ]);
        // Orders change by their own commands, and their status within its life cycle.
        project.expect(11, &["data", "create", "orders", "total_amount=1"]).says(&["dbtool order"]);
        project.expect(11, &["data", "delete", "orders", &order_id(1)]).says(&["dbtool order"]);
        project
            .expect(11, &["data", "update", "orders", &order_id(1), "total_amount=1"])
            .says(&["`orders.total_amount` changes by"]);
        project.expect(11, &["data", "update", "orders", &order_id(1), "status=delivered"]).says(&[
            "order/life-cycle",
            "it is pending",
            "dbtool order pay",
        ]);
        assert_eq!(
            project.json(0, &["data", "update", "orders", &order_id(1), "status=paid"])["status"],
            json!("paid")
        );
        let failed = project.json(0, &["data", "count", "audit_events", "outcome=failed"]);
        assert!(failed["count"].as_u64().unwrap() > 5);
    });
}

#[test]
fn several_rows_change_only_when_meant() {
    on_each_backend(|project| {
        let project = stocked(project);
        let prices = |project: &Project| {
            column(&project.json(0, &["data", "list", "products", "--sort", "sku"]), "price").join(" ")
        };
        let before = prices(&project);
        let update = ["data", "update", "products", "price=1"];
        project.expect(9, &update).says(&["guard/refused", "is not said", "--all"]);
        project.expect(9, &["data", "delete", "products"]).says(&["guard/refused"]);
        let filter = [&update[..], &["--filter", "price>1"]].concat();
        project.expect(9, &filter).says(&[
            "guard/too-many-rows",
            "2 rows of `products` would change, and 1 may",
            "--max-rows 2",
        ]);
        project
            .expect(10, &[&update[..], &["--filter", "price>1000"]].concat())
            .says(&["no row of `products` is as the filter says"]);
        assert_eq!(prices(&project), before);
        let dry = project.json(0, &[&filter[..], &["--max-rows", "2", "--dry-run"]].concat());
        assert_eq!((&dry["dry_run"], &dry["count"]), (&json!(true), &json!(2)));
        assert_ne!(dry["rows"][0]["before"]["price"], dry["rows"][0]["after"]["price"]);
        let dry = project.ok(&[&filter[..], &["--max-rows", "2", "--dry-run"]].concat());
        dry.says(&["2 rows would be changed; nothing was done"]);
        assert!(dry.stdout.contains("199.00 -> 1.00"), "{dry}");
        assert_eq!(prices(&project), before);
        // Where one of several is refused, none is changed.
        project.expect(11, &["data", "update", "products", "sku=SAME", "--filter", "price>1", "--max-rows", "2"]);
        assert_eq!(prices(&project), before);
        let done = project.json(0, &[&filter[..], &["--max-rows", "2"]].concat());
        assert_eq!((&done["count"], done["rows"].as_array().unwrap().len()), (&json!(2), 2));
        assert_eq!(prices(&project), "0.10 1.00 1.00");
        project.ok(&["data", "update", "products", "LAMP", "DESK", "price=2"]);
        project
            .ok(&["data", "update", "products", "price=3", "--where", "orders.status = 'x' or sku = 'LAMP'"])
            .says(&["1 row changed"]);
        assert_eq!(project.json(0, &["data", "update", "products", "price=4", "--all"])["count"], json!(3));
        assert_eq!(prices(&project), "4.00 4.00 4.00");
        project.expect(2, &["data", "delete", "products", "LAMP", "--all"]);
        // Optimistic locking.
        let old = text(&project.json(0, &["data", "get", "products", "LAMP"])["updated_at"]);
        let guarded =
            ["data", "update", "products", "LAMP", "price=5", "--if", &format!("updated_at={old}")].map(str::to_owned);
        let guarded: Vec<&str> = guarded.iter().map(String::as_str).collect();
        project.ok(&guarded);
        project.expect(9, &guarded).says(&["guard/not-as-expected", "--if"]);
    });
}

#[test]
fn a_protected_environment_keeps_its_rows() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a integer)").unwrap();
        let config = format!("[env.prod]\nurl = \"{}\"\nprotected = true\n", project.url);
        let project = project.file("dbtool.toml", config);
        project.ok(&["data", "create", "t", "id=1", "a=1", "--env", "prod"]);
        project.ok(&["data", "create", "t", "id=2", "a=1", "--env", "prod"]);
        let all = ["data", "delete", "t", "--all", "--env", "prod"];
        project.expect(9, &all).says(&["guard/protected"]);
        project.expect(9, &["data", "update", "t", "a=2", "--all", "--env", "prod"]).says(&["guard/protected"]);
        project
            .expect(9, &[&all[..], &["--confirm", "prod", "--max-rows", "1"]].concat())
            .says(&["guard/too-many-rows"]);
        assert_eq!(
            project.json(0, &["data", "update", "t", "a=2", "--all", "--env", "prod", "--confirm", "prod"])["count"],
            json!(2)
        );
        assert_eq!(project.json(0, &[&all[..], &["--confirm", "prod"]].concat())["count"], json!(2));
        project.ok(&["db", "stamp", "prod", "--env", "prod"]);
        project.ok(&["data", "create", "t", "id=1", "--env", "prod"]);
        let config = format!("[env.test]\nurl = \"{}\"\n", project.url);
        let project = project.file("dbtool.toml", config);
        project.expect(9, &["data", "create", "t", "id=2", "--env", "test"]).says(&["guard/other-environment"]);
    });
}

#[test]
fn a_table_without_a_model_goes_by_its_columns() {
    on_each_backend(|project| {
        let serial = project.by_backend(
            "INTEGER PRIMARY KEY",
            "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            "bigint AUTO_INCREMENT PRIMARY KEY",
        );
        let mut session = project.session();
        session.execute(&format!("CREATE TABLE notes (id {serial}, title varchar(10) NOT NULL DEFAULT 'none', done boolean, CONSTRAINT uq UNIQUE (title))")).unwrap();
        session.execute("CREATE TABLE logs (line varchar(10))").unwrap();
        session.execute("CREATE VIEW titles AS SELECT title FROM notes").unwrap();
        let first = project.json(0, &["data", "create", "notes"]);
        assert_eq!(first, json!({ "id": 1, "title": "none", "done": null }));
        let second = project.json(0, &["data", "create", "notes", "title=b", "done=yes"]);
        assert_eq!((&second["id"], &second["done"]), (&json!(2), &json!(true)));
        let chosen = project.json(0, &["data", "create", "notes", "id=7", "title=c", "done=false"]);
        assert_eq!(chosen["id"], json!(7));
        assert_eq!(project.json(0, &["data", "count", "notes", "done=true"])["count"], json!(1));
        project
            .expect(11, &["data", "create", "notes", "title=much too long"])
            .says(&["`notes.title`", "has 13 characters, of 10 at most"]);
        project.expect(11, &["data", "create", "notes", "title:null"]).says(&["`notes.title` must have a value"]);
        project
            .expect(11, &["data", "create", "notes", "title=d", "done=perhaps"])
            .says(&["`notes.done`: `perhaps` is not `true` or `false`"]);
        // GENERATED ALWAYS means always.
        if project.by_backend(true, false, true) {
            project.json(0, &["data", "update", "notes", "7", "id=8"]);
            project.ok(&["data", "get", "notes", "8"]);
        }
        project.json(0, &["data", "create", "logs", "line=a"]);
        assert_eq!(project.json(0, &["data", "list", "logs"])["rows"], json!([{ "line": "a" }]));
        project.expect(9, &["data", "delete", "logs", "line=a"]).says(&["has no primary key"]);
        project.expect(2, &["data", "get", "logs", "a"]).says(&["has no primary key"]);
        assert_eq!(project.json(0, &["data", "delete", "logs", "--all", "--yes"])["count"], json!(1));
        assert_eq!(
            project.json(0, &["data", "list", "titles", "--sort", "title"])["rows"].as_array().unwrap().len(),
            3
        );
        project.expect(9, &["data", "create", "titles", "title=x"]).says(&["is a view"]);
        project.expect(9, &["data", "get", "notes", "id:gt=0"]).says(&["several rows"]);
    });
}

#[test]
fn json_comes_from_files_and_from_stdin() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a varchar(20))").unwrap();
        project.write("rows.json", r#"[{"id": 1, "a": "x"}, {"id": 2}]"#);
        let made = project.json(0, &["data", "create", "t", "--from", "rows.json"]);
        assert_eq!(made, json!({ "rows": [{ "id": 1, "a": "x" }, { "id": 2, "a": null }], "count": 2 }));
        use std::io::Write as _;
        let mut child = project
            .command(&["data", "create", "t", "-", "-o", "json"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(br#"{"id": 3, "a": "y"}"#).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), json!({ "id": 3, "a": "y" }));
        // One that is refused takes the others with it.
        project.write("rows.json", r#"[{"id": 4}, {"id": 3}]"#);
        project.expect(11, &["data", "create", "t", "--from", "rows.json"]).says(&["must be unique", "it is row 2"]);
        assert_eq!(project.json(0, &["data", "count", "t"])["count"], json!(3));
        let upserted = project.json(0, &["data", "create", "t", "--from", "rows.json", "--upsert"]);
        assert_eq!(upserted["count"], json!(2));
        project.write("rows.json", "[{\"id\": 5},\n {\"ib\": 6}]");
        project.expect(2, &["data", "create", "t", "--from", "rows.json"]).says(&["has no column `ib`", "item 2"]);
        project.write("rows.json", "[1]");
        project.expect(2, &["data", "create", "t", "--from", "rows.json"]).says(&["is no object"]);
        project.write("rows.json", "{\n  oops");
        project.expect(2, &["data", "create", "t", "--from", "rows.json"]).says(&["this is no JSON", "rows.json:2:"]);
        project
            .expect(2, &["data", "create", "t", "--from", "nowhere.json"])
            .says(&["there is no file `nowhere.json`"]);
        project.expect(2, &["data", "create", "t", "id=9", "--upsert", "--from", "nowhere.json"]);
    });
}

#[test]
fn sensitive_values_are_masked_wherever_they_could_show() {
    on_each_backend(|project| {
        project
            .session()
            .execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, pin varchar(20) UNIQUE, n integer)")
            .unwrap();
        let project = project.file("dbtool.toml", "[columns]\nsensitive = [\"t.pin\", \"t.n\"]\n");
        let runs = [
            project.ok(&["data", "create", "t", "id=1", "pin=hunter2-pin"]),
            project.expect(11, &["data", "create", "t", "id=2", "pin=hunter2-pin"]),
            project.expect(11, &["data", "create", "t", "id=2", "pin=hunter2-pin-that-is-too-long"]),
            project.expect(11, &["data", "create", "t", "id=2", "n=hunter2-pin"]),
            project.ok(&["data", "list", "t"]),
            project.ok(&["data", "get", "t", "1", "-o", "vertical"]),
            project.ok(&["data", "update", "t", "1", "n=5", "--dry-run", "-o", "json"]),
            project.expect(2, &["data", "list", "t", "--sort", "pin"]),
            project.expect(2, &["data", "list", "t", "n=hunter2-pin"]),
        ];
        for run in runs {
            run.says_nothing_of(&["hunter2"]);
        }
        assert_eq!(project.json(0, &["data", "get", "t", "1", "--reveal"])["pin"], json!("hunter2-pin"));
    });
}

#[test]
fn nobody_finds_out_by_filters_what_is_masked() {
    let project = stocked(Project::sqlite());
    for filter in ["password_hash>=$a", "password_hash:lt=z", "password_hash~argon", "password_hash:like=%argon%"] {
        project.expect(2, &["data", "count", "users", filter]).says(&["`users.password_hash` is sensitive"]);
    }
    project.expect(2, &["data", "list", "orders", "user.password_hash~argon"]).says(&["is sensitive"]);
    project.ok(&["data", "list", "users", "password_hash~argon", "--reveal"]);
    project.ok(&["data", "count", "users", "password_hash:not=null"]);
    let one = project.ok(&["data", "count", "products", "-o", "jsonl"]).stdout;
    assert_eq!(one, "{\"count\":3}\n");
    project.expect(2, &["data", "count", "products", "price:gtt=5"]).says(&["`:gtt=` is no operator", "`:gte=`"]);
}

#[test]
fn audit_events_are_written_by_changes_alone() {
    on_each_backend(|project| {
        let project = stocked(project);
        let before = project.query("SELECT count(*) FROM audit_events");
        project.write("events.json", "[]");
        for words in [
            &["create", "audit_events", "actor=boss"][..],
            &["update", "audit_events", "actor=boss", "--all"],
            &["delete", "audit_events", "--all"],
            &["import", "audit_events", "events.json"],
        ] {
            let args: Vec<&str> = ["data"].into_iter().chain(words.iter().copied()).collect();
            project.expect(9, &args).says(&["`audit_events` is written by dbtool itself"]);
        }
        assert_eq!(project.query("SELECT count(*) FROM audit_events"), before);
    });
}
