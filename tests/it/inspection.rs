//! The guide to `dbtool schema`: its screens are what dbtool prints.

use std::collections::BTreeMap;

use dbtool::backend::Backend;

use crate::generated::compare;
use crate::support::{Project, root, skipped};

/// A small shop, with a bit of everything.
const SHOP: &[&str] = &[
    "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email varchar(255) NOT NULL CONSTRAINT uq_users_email UNIQUE)",
    "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
     user_id bigint NOT NULL CONSTRAINT fk_orders_user_id REFERENCES users ON DELETE RESTRICT, \
     status varchar(20) NOT NULL DEFAULT 'pending' CONSTRAINT ck_orders_status CHECK (status <> ''), \
     total_amount numeric(12,2) NOT NULL, created_at timestamptz NOT NULL DEFAULT now())",
    "CREATE TABLE order_items (order_id bigint NOT NULL CONSTRAINT fk_order_items_order_id REFERENCES orders ON DELETE CASCADE, \
     line integer NOT NULL, sku varchar(64) NOT NULL, PRIMARY KEY (order_id, line))",
    "CREATE INDEX idx_orders_user_id_created_at ON orders (user_id, created_at DESC)",
    "CREATE VIEW order_totals AS SELECT user_id, sum(total_amount) AS total FROM orders GROUP BY user_id",
    "COMMENT ON TABLE orders IS 'What was bought'",
    "COMMENT ON COLUMN orders.total_amount IS 'with tax'",
    "INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, 12) n",
    "INSERT INTO orders (user_id, total_amount) SELECT n % 12 + 1, 10 FROM generate_series(1, 30) n",
    "ANALYZE",
];

fn screens() -> Option<BTreeMap<&'static str, String>> {
    let project = Project::on(Backend::Postgres)?;
    let mut session = project.session();
    for sql in SHOP {
        session.execute(sql).unwrap();
    }
    let shown = |code: i32, args: &[&str]| {
        let text = project.expect(code, args).normal(&project);
        // What stands on stdout comes first.
        let (stdout, stderr) = text.split_once("---\n").unwrap();
        let url = format!("{}?sslmode=prefer", project.url.split('?').next().unwrap());
        let text = format!("{stdout}{stderr}").replace(&url, "postgres://shop@db/shop");
        format!("```text\n$ dbtool {}\n{}\n```", args.join(" "), text.trim_end())
    };
    let mut screens = BTreeMap::new();
    screens.insert("tables", shown(0, &["schema", "tables"]));
    screens.insert("show", shown(0, &["schema", "show", "orders"]));
    screens.insert("unknown", shown(10, &["schema", "show", "ordrs"]));
    let dump = shown(0, &["schema", "dump"]);
    // Servers of two versions write the query of a view in two ways.
    let (head, rest) = dump.split_once("Fingerprint: ").unwrap();
    let dump = format!("{head}Fingerprint: 40a3fad9a401fce817b04261070d4ea3{}", &rest[32..]);
    // Its beginning is enough.
    let (first, _) = dump.match_indices(";\n\n").nth(2).unwrap();
    screens.insert("dump", format!("{};\n\n…\n```", &dump[..first]));
    screens.insert("er", format!("```mermaid\n{}```", project.ok(&["schema", "er"]).stdout));
    Some(screens)
}

#[test]
fn the_guide_shows_what_a_person_sees() {
    let Some(screens) = screens() else { return skipped("the screens of docs/inspection.md: they need PostgreSQL") };
    let mut text = std::fs::read_to_string(root().join("docs/inspection.in.md")).unwrap();
    for (name, screen) in &screens {
        let slot = format!("{{{{{name}}}}}");
        assert!(text.contains(&slot), "the guide has no place for {name}");
        text = text.replace(&slot, screen);
    }
    assert!(!text.contains("{{"), "a screen is missing");
    let made = "<!-- Made from docs/inspection.in.md and real runs: `UPDATE=1 cargo test` writes it anew. -->\n";
    compare("docs/inspection.md", &format!("{made}{text}"));
}
