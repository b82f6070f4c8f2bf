//! Signals: the running statement is cancelled on the server, the work ends in order, and says what is in.
#![cfg(unix)]

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::support::{Project, Run, on_servers};

/// Starts a run, and waits until a query gives a row.
pub fn started(project: &Project, args: &[&str], until: &str) -> Child {
    let child = project.command(args).spawn().unwrap();
    let mut session = project.session();
    let begun = Instant::now();
    while !session.query(until).is_ok_and(|rows| !rows.is_empty()) {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came to that point");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// A query for the statement that sleeps, on the project's database.
pub fn sleeping(project: &Project) -> String {
    let name = project.database();
    project.by_backend(
        String::new(),
        format!("SELECT 1 FROM pg_stat_activity WHERE datname = '{name}' AND wait_event = 'PgSleep' AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"),
        format!("SELECT 1 FROM information_schema.processlist WHERE db = '{name}' AND info LIKE '%SLEEP(60)%' AND id <> CONNECTION_ID()"),
    )
}

fn sleep(project: &Project) -> &'static str {
    // SLEEP alone ends quietly when it is cancelled.
    project.by_backend("", "SELECT pg_sleep(60);", "INSERT INTO t SELECT SLEEP(60) FROM t;")
}

#[test]
fn a_signal_cancels_the_statement_and_takes_the_rest_back() {
    on_servers(|fresh| {
        for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
            let project = Project::on(fresh.backend)
                .unwrap()
                .migration("1_t", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);", "")
                .migration("2_long", &format!("INSERT INTO t VALUES (2);\n{}", sleep(&fresh)), "")
                .migration("3_next", "INSERT INTO t VALUES (3);", "");
            let child = started(&project, &["migrate", "up"], &sleeping(&project));
            let sent = Instant::now();
            signal(&child, name);
            let run = Run::of(&child.wait_with_output().unwrap());
            assert!(sent.elapsed() < Duration::from_secs(10), "it is cancelled, not waited for");
            assert_eq!(run.code, code, "{run}");
            run.says(&[
                &format!(
                    "error[interrupted/{}]: stopped by {name} within the migration `2_long`\n",
                    name.to_lowercase()
                ),
                "2_long/up.sql:2:",
                "hint: run the same command again to go on",
                "nothing of it is in the database",
                "1 migration done before it, 1 after it not run",
            ]);
            run.says_nothing_of(&["mend the file", "statement_timeout", "failed at"]);
            assert_eq!(project.query(&sleeping(&project)), [""; 0], "the server has stopped, too");
            assert_eq!(project.query("SELECT i FROM t"), ["1"]);
            assert_eq!(project.states(), "1:applied 2:pending 3:pending");
            // The lock is free.
            project.write("migrations/2_long/up.sql", "INSERT INTO t VALUES (2);");
            project.ok(&["migrate", "up", "--lock-wait", "1s"]);
        }
    });
}

#[test]
fn half_way_it_says_how_far_it_has_come() {
    on_servers(|project| {
        let long = format!("CREATE TABLE u (i INT);\n{}\nCREATE TABLE v (i INT);", sleep(&project));
        let project = project
            .migration("1_t", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);", "")
            .plain_migration("2_long", &long, "");
        let child = started(&project, &["migrate", "up"], &sleeping(&project));
        signal(&child, "INT");
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 130, "{run}");
        run.says(&[
            "error[interrupted/int]: stopped by INT within the migration `2_long`\n",
            "statement 1 of 3 is in the database",
            "`dbtool migrate status` tells how to go on",
        ]);
        run.says_nothing_of(&["mend the file"]);
        assert_eq!(project.states(), "1:applied 2:failed");
        project.ok(&["migrate", "repair", "--resume", "--reason", "it only slept"]);
        assert_eq!(project.states(), "1:applied 2:applied");
    });
}

#[test]
fn who_waits_for_another_runner_leaves_at_once() {
    on_servers(|project| {
        let long = sleep(&project);
        let project = project
            .migration("1_t", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);", "")
            .migration("2_long", long, "");
        let worker = started(&project, &["migrate", "up"], &sleeping(&project));
        let waiter = project.command(&["migrate", "up"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(700));
        signal(&waiter, "TERM");
        let run = Run::of(&waiter.wait_with_output().unwrap());
        assert_eq!(run.code, 143, "{run}");
        run.says(&["another runner is at work", "nothing was run"]);
        signal(&worker, "INT");
        assert_eq!(Run::of(&worker.wait_with_output().unwrap()).code, 130);
    });
}

#[test]
fn a_second_signal_leaves_at_once() {
    on_servers(|project| {
        // The statement is not cancelled: it waits within a handler, or cannot be.
        let stubborn = project.by_backend(
            "",
            "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;",
            "CREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; DO SLEEP(1); DO SLEEP(2); DO SLEEP(60); DO SLEEP(60); END;\nCALL p();",
        );
        let project = project.migration("1_t", stubborn, "");
        let child = started(&project, &["migrate", "up"], &sleeping(&project));
        signal(&child, "INT");
        std::thread::sleep(Duration::from_millis(300));
        let left = Instant::now();
        signal(&child, "INT");
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 130, "{run}");
        assert!(left.elapsed() < Duration::from_secs(5));
        // On MySQL a procedure ends with its cancelled statement, before the second signal.
        run.says(&[project.by_backend("", "left at once", "stopp")]);
        let end = project.by_backend(
            String::new(),
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()", project.database()),
            "SELECT 1".to_owned(),
        );
        project.query(&end);
    });
}

#[test]
fn on_sqlite_the_process_leaves_and_the_journal_takes_it_back() {
    let long = "INSERT INTO t VALUES (2);\nINSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000000) SELECT max(x) FROM c;";
    let project = Project::sqlite()
        .migration("1_t", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);", "")
        .migration("2_long", long, "");
    project.ok(&["migrate", "up", "--steps", "1"]);
    let child = project.command(&["migrate", "up"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    signal(&child, "INT");
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 130, "{run}");
    run.says(&["what was not committed is taken back"]);
    assert_eq!(project.query("SELECT i FROM t"), ["1"]);
    assert_eq!(project.states(), "1:applied 2:pending");
    project.write("migrations/2_long/up.sql", "INSERT INTO t VALUES (2);");
    project.ok(&["migrate", "up"]);
}
