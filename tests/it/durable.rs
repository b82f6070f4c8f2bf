//! What dbtool has told as done when it ends is on the server's disk, though only the last commit of a run waits for that; and
//! a server that goes down in the middle loses whole migrations with their records, the last ones first.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::time::Duration;

use dbtool::backend::Backend;

use crate::interrupts::{signal, started};
use crate::private::Private;
use crate::support::{Project, Run};

/// So many short migrations come first.
const SHORT: usize = 20;

/// A statement that sleeps is at work.
const SLEEPS: &str =
    "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()";

/// A server that by itself writes out what nobody waits for only every ten seconds, and a project on it.
fn lazy() -> Option<(Private, Project)> {
    let options = ["wal_writer_delay=10s", "wal_writer_flush_after=1GB"].map(str::to_owned).to_vec();
    let server = Private::start(Backend::Postgres, "pw", |_| options)?;
    let url = format!("postgres://postgres:pw@127.0.0.1:{}/shop", server.port);
    let mut project = Project::sqlite().variable("DATABASE_URL", &url);
    project.url = url;
    for number in 1..=SHORT {
        let (up, down) = (format!("CREATE TABLE t{number} (i INT);"), format!("DROP TABLE t{number};"));
        project.add_migration(&format!("{number:03}_t"), &up, &down);
    }
    project.ok(&["db", "create"]);
    // What makes our tables, and waits.
    project.ok(&["migrate", "up", "--steps", "1"]);
    Some((server, project))
}

/// The applied versions, and those whose tables are there.
fn applied(project: &Project) -> (BTreeSet<String>, BTreeSet<String>) {
    let tables = project
        .query("SELECT lpad(substr(relname, 2), 3, '0') FROM pg_class WHERE relkind = 'r' AND relname ~ '^t[0-9]+$'");
    (project.ledger().into_iter().collect(), tables.into_iter().collect())
}

/// The numbers of the short ones up to one of them.
fn up_to(last: usize) -> BTreeSet<String> {
    (1..=last).map(|number| format!("{number:03}")).collect()
}

/// The power goes as soon as dbtool has ended: all that it told as done must be there afterwards.
fn cut_the_power(server: &Private, project: &Project, run: &Run) {
    server.restart();
    let (ledger, tables) = applied(project);
    assert_eq!(ledger, tables, "the ledger says what is in the database\n{run}");
    assert!(ledger.is_superset(&up_to(SHORT)), "{ledger:?}\n{run}");
}

#[test]
fn what_was_told_as_done_outlives_the_server() {
    let Some((server, project)) = lazy() else { return };
    let run = project.ok(&["migrate", "up"]);
    cut_the_power(&server, &project, &run);
    // Reverted likewise.
    let run = project.ok(&["migrate", "down", "--all", "--yes"]);
    server.restart();
    assert_eq!(applied(&project), (BTreeSet::new(), BTreeSet::new()), "{run}");
}

#[test]
fn what_was_done_before_a_failure_outlives_the_server() {
    let Some((server, project)) = lazy() else { return };
    let project = project.migration("100_wrong", "SELECT nonsense;", "");
    let run = project.expect(5, &["migrate", "up"]);
    run.says(&["19 migrations done before it"]).says_nothing_of(&["on the server's disk"]);
    cut_the_power(&server, &project, &run);
}

#[test]
fn what_was_done_before_a_signal_outlives_the_server() {
    let Some((server, project)) = lazy() else { return };
    // It goes on when its statement is cancelled: the signal is heeded after it.
    let deaf = "CREATE TABLE t100 (i INT);\nDO $$ BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END $$;";
    let project = project.migration("100_deaf", deaf, "").migration("101_next", "CREATE TABLE t101 (i INT);", "");
    let child = started(&project, &["migrate", "up"], SLEEPS);
    signal(&child, "INT");
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 130, "{run}");
    run.says(&["20 migrations done before it, 1 after it not run"]);
    cut_the_power(&server, &project, &run);
    assert!(applied(&project).0.contains("100"), "{run}");
}

/// A file that has no transaction begins with a record that is waited for.
#[test]
fn what_stands_before_a_file_without_a_transaction_is_written_first() {
    let Some((server, project)) = lazy() else { return };
    let project = project.plain_migration("100_slow", "SELECT pg_sleep(60);", "");
    let mut child = started(&project, &["migrate", "up"], SLEEPS);
    child.kill().unwrap();
    let run = Run::of(&child.wait_with_output().unwrap());
    cut_the_power(&server, &project, &run);
}

#[test]
fn what_goes_down_with_the_server_is_told() {
    let Some((server, project)) = lazy() else { return };
    let project = project.migration("100_slow", "SELECT pg_sleep(60);", "");
    let child = started(&project, &["migrate", "up", "--output", "json"], SLEEPS);
    std::thread::sleep(Duration::from_millis(100));
    server.restart();
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 5, "{run}");
    let (ledger, tables) = applied(&project);
    assert_eq!(ledger, tables, "{run}");
    // Those that are lost are the last ones.
    assert_eq!(ledger, up_to(ledger.len()), "{run}");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let told = |outcome: &str| -> BTreeSet<String> {
        let all = report["migrations"].as_array().unwrap();
        let such = all.iter().filter(|ran| ran["outcome"] == outcome);
        such.map(|ran| ran["version"].as_str().unwrap().to_owned()).collect()
    };
    let done: BTreeSet<_> = told("done").into_iter().chain(["001".to_owned()]).collect();
    assert_eq!(done, ledger, "what is told as done is in\n{run}");
    let lost = SHORT - ledger.len();
    assert_eq!(told("rolled_back").len(), lost, "{run}");
    // Now and then the server has written them out just before.
    if lost > 0 {
        run.says(&[&format!("{lost} migrations that were told as done went down with the server")]);
    }
    project.write("migrations/100_slow/up.sql", "SELECT 1;");
    project.ok(&["migrate", "up"]);
    assert!(applied(&project).0.is_superset(&up_to(SHORT)));
}

/// Who asks that even the last commit does not wait is not overruled, and a file may ask for its own to wait.
#[test]
fn the_last_commit_waits_as_the_database_says() {
    let Some((server, project)) = lazy() else { return };
    let project = project
        .migration("100_own", "CREATE TABLE seen (at TEXT, how TEXT);\nINSERT INTO seen VALUES ('100', current_setting('synchronous_commit'));", "")
        .migration("101_asks", "SET LOCAL synchronous_commit = remote_write;\nINSERT INTO seen VALUES ('101', current_setting('synchronous_commit'));", "")
        .migration("102_next", "INSERT INTO seen VALUES ('102', current_setting('synchronous_commit'));", "")
        .migration("103_last", "INSERT INTO seen VALUES ('103', current_setting('synchronous_commit'));", "");
    project.session().execute("ALTER DATABASE shop SET synchronous_commit = local").unwrap();
    project.ok(&["migrate", "up"]);
    let seen = "SELECT at, how FROM seen ORDER BY at";
    assert_eq!(project.query(seen), ["100|off", "101|remote_write", "102|off", "103|local"]);
    drop(server);
}
