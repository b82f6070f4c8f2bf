//! Events of changes: written with the change, masked, and asked for.

use dbtool::audit::{Event, Options, Trail};
use dbtool::config::AuditMode;
use dbtool::db::AnyConnection;
use dbtool::error::{Code, Error};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, QueryResult};
use serde_json::json;

use crate::support::{Project, connector, on_each_backend, shop};

fn connect(project: &Project) -> AnyConnection {
    let connector = connector(&project.url);
    AnyConnection::open(connector.target(), std::time::Duration::from_secs(10)).unwrap()
}

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
