//! The guide to orders and audit events: its screens are what dbtool prints, and its code is this.

use std::collections::BTreeMap;

use dbtool::audit::{Options, Trail};
use dbtool::db::AnyConnection;
use dbtool::entities::ordering::{self, Move, Wanted};
use serde_json::Value;

use crate::docs::{blocks, words};
use crate::generated::compare;
use crate::orders::{connect, open};
use crate::seeding::shop;
use crate::support::{Project, root};

fn sell(connection: &mut AnyConnection) -> dbtool::error::Result<()> {
    let trail = Trail::open(connection, Options { actor: Some("checkout".into()), ..Options::default() })?;
    let order = ordering::place(connection, &trail, "alice@example.com", &[Wanted::new("CUP-1", 2)])?;
    ordering::advance(connection, &trail, order.id, Move::Pay)?;
    Ok(())
}

/// Runs a command and shows it.
fn shown(project: &Project, code: i32, args: &[&str]) -> String {
    let run = project.expect(code, args);
    let text = run.normal(project);
    // What stands on stdout comes first.
    let (stdout, stderr) = text.split_once("---\n").unwrap();
    let text = format!("$ dbtool {}\n{stdout}{stderr}", args.join(" "));
    let mut text = text.replace("[time]", "2026-03-01 10:12:00");
    for id in
        project.query("SELECT id FROM orders UNION SELECT id FROM audit_events UNION SELECT run_id FROM audit_events")
    {
        text = text.replace(&id, "[uuid]");
    }
    for moment in project.query("SELECT created_at FROM orders UNION SELECT updated_at FROM orders") {
        text = text.replace(&moment, "2026-03-01T10:12:00.000000Z");
    }
    format!("```text\n{}\n```", text.replace("[uuid]", "01a1f89c-11e7-74f6-985a-f2d714e9d012").trim_end())
}

fn newest(project: &Project, list: &str, args: &[&str]) -> String {
    let list: Value = project.json(0, args)[list].take();
    list[0]["id"].as_str().unwrap().to_owned()
}

fn screens() -> BTreeMap<&'static str, String> {
    let project = open(Project::sqlite()).variable("DBTOOL_ACTOR", "clerk@example.com");
    let mut screens = BTreeMap::new();
    let items = ["--item", "CUP-1=2", "--item", "POT-1=1"];
    let place = [&["order", "place", "--user", "alice@example.com"], &items[..]].concat();
    screens.insert("place", shown(&project, 0, &place));
    screens.insert("stock", shown(&project, 11, &place));
    let order = newest(&project, "orders", &["order", "list"]);
    screens.insert("life-cycle", shown(&project, 11, &["order", "ship", &order]));
    shown(&project, 0, &["order", "pay", &order]);
    sell(&mut connect(&project)).unwrap();
    screens.insert("list", shown(&project, 0, &["order", "list", "--status", "paid"]));
    screens.insert("events", shown(&project, 0, &["audit", "list", "--outcome", "done"]));
    let event = newest(&project, "events", &["audit", "list", "--action", "pay"]);
    screens.insert("event", shown(&project, 0, &["audit", "show", &event]));
    screens.insert("failed", shown(&project, 0, &["audit", "list", "--outcome", "failed"]));
    screens
}

#[test]
fn the_guide_shows_what_a_person_sees() {
    let mut text = std::fs::read_to_string(root().join("docs/audit.in.md")).unwrap();
    for (name, screen) in &screens() {
        let slot = format!("{{{{{name}}}}}");
        assert!(text.contains(&slot), "the guide has no place for {name}");
        text = text.replace(&slot, screen);
    }
    assert!(!text.contains("{{"), "a screen is missing");
    let made = "<!-- Made from docs/audit.in.md and real runs: `UPDATE=1 cargo test` writes it anew. -->\n";
    compare("docs/audit.md", &format!("{made}{text}"));
    let (_, code) = blocks(&text).into_iter().find(|(info, _)| info == "rust").unwrap();
    let (imports, function) = code.split_once("\n\n").unwrap();
    let source = include_str!("audit_guide.rs");
    assert!(imports.lines().all(|line| source.contains(line)) && source.contains(function), "{code}");
}

#[test]
fn the_first_order_can_be_placed_in_the_shop_of_the_seeds() {
    let project = shop(Project::sqlite());
    project.ok(&["seed"]);
    let text = std::fs::read_to_string(root().join("docs/audit.in.md")).unwrap();
    let (_, commands) = blocks(&text).into_iter().find(|(info, _)| info == "sh").unwrap();
    for line in commands.lines() {
        let words = words(line);
        project.ok(&words.iter().skip(1).map(String::as_str).collect::<Vec<_>>());
    }
    project.ok(&["order", "place", "--user", "alice@example.com", "--item", "CUP-1=2", "--item", "POT-1=1"]);
}
