//! Events of changes: written with the change, masked, and asked for.

use dbtool::audit::{Event, Options, Trail};
use dbtool::config::AuditMode;
use dbtool::db::AnyConnection;
use dbtool::error::{Code, Error};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, QueryResult};
use serde_json::{Value, json};

use crate::orders::connect;
use crate::pool::with_context;
use crate::support::{Project, on_each_backend, shop};

fn trail(connection: &mut AnyConnection, mode: AuditMode) -> Trail {
    let sensitive = ["users.password_hash"].into_iter().collect();
    Trail::open(connection, Options { mode, sensitive, ..Options::default() }).unwrap()
}

fn row(value: serde_json::Value) -> dbtool::record::Record {
    serde_json::from_value(value).unwrap()
}

#[test]
fn an_event_stands_or_falls_with_its_transaction() {
    on_each_backend(|project| {
        let project = shop(project);
        let mut connection = connect(&project);
        let trail = trail(&mut connection, AuditMode::Auto);
        let before = row(json!({ "name": "A 😀 'b'", "password_hash": "one" }));
        let after = row(json!({ "name": null, "password_hash": "two" }));
        let event = Event::update("users", "7", before, after);
        connection.transaction::<_, diesel::result::Error, _>(|connection| trail.write(connection, &event)).unwrap();
        let rolled_back: QueryResult<()> = connection.transaction(|connection| {
            trail.write(connection, &Event::delete("users", "8", row(json!({}))))?;
            Err(diesel::result::Error::RollbackTransaction)
        });
        assert!(rolled_back.is_err());
        let error = Error::new(Code::Database, "no").because("of this");
        let error = trail.failed(&mut connection, Event::new("delete", "users", "8"), error);
        assert!(error.notes().is_empty(), "{error:?}");
        let events = project.query("SELECT action, entity, entity_id, outcome, reason FROM audit_events ORDER BY id");
        assert_eq!(events, ["update|users|7|done|", "delete|users|8|failed|no: of this"]);
        let (before, after) = project.by_backend(("before", "after"), ("before", "after"), ("`before`", "`after`"));
        let rows = project.query(&format!("SELECT {before} FROM audit_events WHERE entity_id = '7' UNION ALL SELECT {after} FROM audit_events WHERE entity_id = '7'"));
        let rows: Vec<serde_json::Value> = rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
        assert_eq!(rows[0], json!({ "name": "A 😀 'b'", "password_hash": "***" }));
        assert_eq!(rows[1], json!({ "name": null, "password_hash": "*** (changed)" }));
        let who = project.query("SELECT DISTINCT actor, run_id FROM audit_events");
        let system = format!("{}@{}", whoami::account().unwrap(), whoami::hostname().unwrap());
        assert_eq!(who, [format!("{}|{}", trail.actor(), trail.run_id())]);
        assert!(trail.actor().contains(&system), "{}", trail.actor());
    });
}

#[test]
fn without_the_table_nothing_is_recorded_or_nothing_is_done() {
    on_each_backend(|project| {
        project.ok(&["db", "create"]);
        let mut connection = connect(&project);
        let quiet = trail(&mut connection, AuditMode::Auto);
        assert!(!quiet.writes() && quiet.warning().is_none());
        quiet.write(&mut connection, &Event::new("create", "users", "1")).unwrap();
        let required = Options { mode: AuditMode::Required, ..Options::default() };
        let refused = Trail::open(&mut connection, required.clone()).unwrap_err();
        assert_eq!(refused.exit_code().number(), 9);
        assert!(refused.to_string().contains("there is no table `audit_events`"), "{refused}");
        assert!(refused.hints()[0].contains("create_audit_events"), "{refused:?}");

        // Another application's.
        connection.batch_execute("CREATE TABLE audit_events (id INT, action VARCHAR(9), run_id INT)").unwrap();
        let foreign = trail(&mut connection, AuditMode::Auto);
        assert!(!foreign.writes());
        let warning = foreign.warning().unwrap();
        assert!(warning.contains("another application's") && warning.contains("`occurred_at`"), "{warning}");
        let refused = Trail::open(&mut connection, required).unwrap_err();
        assert!(refused.to_string().contains("no column `occurred_at`"), "{refused}");
        assert_eq!(refused.exit_code().number(), 9);
        foreign.write(&mut connection, &Event::new("create", "users", "1")).unwrap();
        assert_eq!(project.query("SELECT count(*) FROM audit_events"), ["0"]);
    });
}

#[test]
fn off_is_off_and_an_actor_may_be_a_user_of_the_shop() {
    on_each_backend(|project| {
        let project = shop(project);
        let mut connection = connect(&project);
        assert!(!trail(&mut connection, AuditMode::Off).writes());
        let named = |actor: &str, connection: &mut AnyConnection| {
            Trail::open(connection, Options { actor: Some(actor.into()), ..Options::default() }).unwrap()
        };
        project.session().execute("INSERT INTO users (email, password_hash, first_name, last_name) VALUES ('ann@example.com', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g', 'A', 'B')").unwrap();
        let ann = named("Ann@Example.com", &mut connection);
        assert_eq!(ann.actor(), "Ann@Example.com");
        assert_eq!(project.query("SELECT id FROM users"), [ann.user().unwrap().to_string()]);
        assert!(named("bob@example.com", &mut connection).user().is_none());
        assert!(named("nightly job", &mut connection).user().is_none());
    });
}

#[test]
fn the_settings_say_what_is_masked_beside_what_the_models_say() {
    on_each_backend(|project| {
        let project = shop(project);
        let settings = [("DBTOOL_COLUMNS_SENSITIVE", "products.price"), ("DBTOOL_ACTOR", "a job")];
        with_context(&project, &settings, |context| {
            let mut connection = context.diesel().unwrap();
            let trail = context.trail(&mut connection).unwrap();
            let users = row(json!({ "email": "a@example.com", "password_hash": "secret-1" }));
            let profile = row(json!({ "phone": "secret-2", "country_code": "DE" }));
            let product = row(json!({ "sku": "A", "price": "secret-3" }));
            for (entity, row) in [("users", users), ("user_profiles", profile), ("products", product)] {
                trail.write(&mut connection, &Event::create(entity, "1", row)).unwrap();
            }
            trail
                .write(&mut connection, &Event::bulk("import", "products", [("inserted", 3), ("updated", 0)]))
                .unwrap();
        });
        let told = project.json(0, &["audit", "list"]);
        assert!(!told.to_string().contains("secret"), "{told}");
        let after: Vec<&Value> = told["events"].as_array().unwrap().iter().map(|event| &event["after"]).collect();
        let expected = [
            json!({ "inserted": 3, "updated": 0 }),
            json!({ "sku": "A", "price": "***" }),
            json!({ "phone": "***", "country_code": "DE" }),
            json!({ "email": "a@example.com", "password_hash": "***" }),
        ];
        assert_eq!(after, expected.iter().collect::<Vec<_>>());
        assert_eq!(told["events"][0]["entity_id"], "*");
        assert!(told["events"].as_array().unwrap().iter().all(|event| event["actor"] == "a job"));
    });
}

/// Five events of three runs: `(action, entity, id)`, and whether it failed.
const EVENTS: [(&str, &str, &str, bool); 5] = [
    ("create", "users", "1", false),
    ("update", "users", "1", false),
    ("delete", "users", "2", true),
    ("create", "products", "1", false),
    ("place", "orders", "7", true),
];

#[test]
fn events_are_found_by_what_is_known_of_them() {
    on_each_backend(|project| {
        let project = shop(project);
        let mut connection = connect(&project);
        let mut runs = Vec::new();
        for (at, (action, entity, id, failed)) in EVENTS.into_iter().enumerate() {
            let actor = Some(if at < 3 { "ann" } else { "O'Brien" }.to_owned());
            let trail = Trail::open(&mut connection, Options { actor, ..Options::default() }).unwrap();
            runs.push(trail.run_id().to_string());
            let event = Event::new(action, entity, id)
                .before(row(json!({ "a": 1 })))
                .after(row(json!({ "a": 2, "b": "x\n\u{1b}" })));
            if failed {
                let error = Error::new(Code::Invalid, "it may\nnot be");
                assert_eq!(trail.failed(&mut connection, event, error).to_string(), "it may\nnot be");
            } else {
                trail.write(&mut connection, &event).unwrap();
            }
        }
        let found = |args: &[&str]| -> String {
            let page = project.json(0, &[&["audit", "list"], args].concat());
            let events = page["events"].as_array().unwrap();
            events.iter().map(|event| event["action"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found(&[]), "place create delete update create");
        assert_eq!(found(&["--entity", "users"]), "delete update create");
        assert_eq!(found(&["--entity", "users", "--id", "1"]), "update create");
        assert_eq!(found(&["--action", "create"]), "create create");
        assert_eq!(found(&["--actor", "O'Brien"]), "place create");
        assert_eq!(found(&["--outcome", "failed"]), "place delete");
        assert_eq!(found(&["--outcome", "done", "--actor", "ann"]), "update create");
        assert_eq!(found(&["--run", &runs[1]]), "update");
        assert_eq!(found(&["--since", "1h"]), "place create delete update create");
        assert_eq!(found(&["--until", "1h"]), "");
        assert_eq!(found(&["--since", "2999-01-01"]), "");
        assert_eq!(found(&["--entity", "' OR 1 = 1 --"]), "");

        let mut pages = Vec::new();
        let mut after = Vec::new();
        loop {
            let page = project.json(
                0,
                &[&["audit", "list", "--limit", "2"], &after.iter().map(String::as_str).collect::<Vec<_>>()[..]]
                    .concat(),
            );
            pages.push(page["events"].as_array().unwrap().len());
            let Some(next) = page["next"].as_str() else { break };
            after = vec!["--after".to_owned(), next.to_owned()];
        }
        assert_eq!(pages, [2, 2, 1]);

        let shown = project.ok(&["audit", "list", "--limit", "1"]);
        shown.says(&["1 event, and there are more: `--after "]);
        assert!(shown.stdout.contains("place   orders  7   O'Brien  failed   it may not be"), "{shown}");
        project.ok(&["audit", "list", "--action", "nothing"]).says(&["no events"]);
        let csv = project.ok(&["audit", "list", "--limit", "1", "-o", "csv"]).stdout;
        assert!(
            csv.starts_with("id,occurred_at,actor,action,entity,entity_id,outcome,reason,before,after,run_id\n"),
            "{csv}"
        );

        let newest = project.json(0, &["audit", "list", "--limit", "1"])["events"][0].clone();
        let id = newest["id"].as_str().unwrap();
        let event = project.json(0, &["audit", "show", id]);
        assert_eq!(
            event["changes"],
            json!([{ "column": "a", "before": 1, "after": 2 }, { "column": "b", "before": null, "after": "x\n\u{1b}" }])
        );
        assert_eq!((&event["reason"], &event["run_id"]), (&json!("it may\nnot be"), &json!(runs[4])));
        let shown = project.ok(&["audit", "show", id]).stdout;
        assert!(shown.starts_with("place orders 7\n") && shown.contains("failed: it may not be"), "{shown}");
        assert!(shown.contains("\\u{1b}") && !shown.contains('\u{1b}'), "{shown}");

        let unknown = dbtool::db::types::Id::new().to_string();
        project
            .expect(10, &["audit", "show", &unknown])
            .says(&["audit/unknown-event", "`dbtool audit list` shows them"]);
        project.expect(10, &["audit", "list", "--after", &unknown]).says(&["audit/unknown-event"]);
        project.expect(2, &["audit", "list", "--since", "yesterday"]).says(&["a time is `2026-01-05T09:00:00Z`"]);
        project.expect(2, &["audit", "list", "--outcome", "maybe"]).says(&["done, failed"]);
    });
}

#[test]
fn an_event_without_a_difference_says_so() {
    let project = shop(Project::sqlite());
    let mut connection = connect(&project);
    let trail = Trail::open(&mut connection, Options::default()).unwrap();
    let same = row(json!({ "a": 1 }));
    trail.write(&mut connection, &Event::update("users", "1", same.clone(), same)).unwrap();
    let id = project.query("SELECT id FROM audit_events").remove(0);
    project.ok(&["audit", "show", &id]).says(&["no value is another than before"]);
}

#[test]
fn what_cannot_be_recorded_as_failed_is_told_with_the_error() {
    on_each_backend(|project| {
        let project = shop(project);
        let mut connection = connect(&project);
        let trail = Trail::open(&mut connection, Options::default()).unwrap();
        project.session().execute("DROP TABLE audit_events").unwrap();
        let error = trail.failed(&mut connection, Event::new("place", "orders", "1"), Error::new(Code::Invalid, "no"));
        assert_eq!((error.to_string().as_str(), error.code()), ("no", Code::Invalid));
        assert!(error.notes()[0].starts_with("that it failed could not be recorded in `audit_events`: "), "{error:?}");
    });
}
