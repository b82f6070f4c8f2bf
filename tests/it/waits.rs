//! What a run waits for is named, what it has left is taken away, and what a dead client held is free soon.
#![cfg(unix)]

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Project, Run, on_postgres, on_servers};
use crate::terminal::AtTerminal;

fn kill(child: &std::process::Child) {
    assert!(Command::new("kill").args(["-KILL", &child.id().to_string()]).status().unwrap().success());
}

/// Waits until a query gives a row.
fn until(project: &Project, query: &str) {
    let (mut session, begun) = (project.session(), Instant::now());
    while !session.query(query).is_ok_and(|rows| !rows.is_empty()) {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came to that point");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn whoever_holds_the_table_is_named() {
    on_servers(|project| {
        let project = project
            .variable("DBTOOL_MIGRATE_LOCK_TIMEOUT", "2s")
            .variable("DBTOOL_RETRY_ATTEMPTS", "1")
            .migration("1_t", "CREATE TABLE t (i INT, note VARCHAR(40));\nINSERT INTO t VALUES (1, 'one');", "");
        project.ok(&["migrate", "up"]);
        project.add_migration("2_wide", "ALTER TABLE t ADD COLUMN j INT;", "");
        let mut application = project.session();
        application.execute("BEGIN").unwrap();
        application.execute("UPDATE t SET note = 'a secret of ours' WHERE i = 1").unwrap();
        let run = project.expect(7, &["migrate", "up"]);
        let who = format!("{} {}", project.by_backend("", "pid", "connection"), application.id().unwrap());
        run.says(&[
            &format!("waiting: `2_wide` waits for a lock of {who}"),
            "error[migrate/lock-timeout]",
            &format!("it waited for {who}"),
            "since 20",
        ]);
        let does = project.by_backend("", "UPDATE t SET note = ? WHERE i = ?", "idle in its transaction");
        run.says(&[does]).says_nothing_of(&["a secret of ours"]);
        application.execute("ROLLBACK").unwrap();
        project.ok(&["migrate", "up"]);
    });
}

#[test]
fn a_failed_concurrent_build_leaves_nothing() {
    on_postgres(|project| {
        let project = project
            .migration("1_t", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1), (1);", "")
            .plain_migration("2_i", "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"T i\" ON t (i);", "");
        project
            .expect(5, &["migrate", "up"])
            .says(&["could not create unique index", "nothing of it is in the database"]);
        assert_eq!(project.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), ["0"]);
        assert_eq!(project.states(), "1:applied 2:pending");
        project.session().execute("DELETE FROM t").unwrap();
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = '\"T i\"'::regclass"), ["t"]);
    });
}

#[test]
fn an_index_of_no_use_is_not_skipped_over() {
    on_postgres(|project| {
        let project = project.migration("1_t", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1), (1);", "");
        project.ok(&["migrate", "up"]);
        assert!(project.session().execute("CREATE UNIQUE INDEX CONCURRENTLY t_i ON t (i)").is_err());
        project.session().execute("DELETE FROM t").unwrap();
        let project =
            project.plain_migration("2_i", "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_i ON t (i);", "");
        project.expect(5, &["migrate", "up"]).says(&[
            "the index `t_i` is there, and of no use",
            "2_i/up.sql:1:1",
            "`DROP INDEX CONCURRENTLY t_i;`",
        ]);
        assert_eq!(project.states(), "1:applied 2:pending");
        project.session().execute("DROP INDEX CONCURRENTLY t_i").unwrap();
        project.ok(&["migrate", "up"]);
    });
}

#[test]
fn a_killed_concurrent_build_is_taken_away_and_built_again() {
    on_postgres(|project| {
        let project = project
            .migration("1_t", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);", "")
            .plain_migration("2_i", "CREATE INDEX CONCURRENTLY t_i ON t (i);\nINSERT INTO t VALUES (2);", "");
        project.ok(&["migrate", "up", "--steps", "1"]);
        // The build waits for this transaction.
        let mut application = project.session();
        application.execute("BEGIN; INSERT INTO t VALUES (3)").unwrap();
        let child = project.command(&["migrate", "up"]).spawn().unwrap();
        until(&project, "SELECT 1 FROM pg_index WHERE NOT indisvalid");
        kill(&child);
        assert_eq!(Run::of(&child.wait_with_output().unwrap()).code, -1);
        // The server sees that its client is gone, and gives up.
        let gone = format!(
            "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '{}' AND query LIKE 'CREATE INDEX%')",
            project.database()
        );
        until(&project, &gone);
        assert_eq!(project.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), ["1"]);
        project.expect(5, &["migrate", "up"]).says(&["`dbtool migrate repair 2 --retry --reason TEXT`"]);
        application.execute("ROLLBACK").unwrap();
        project.ok(&["migrate", "repair", "2", "--retry", "--reason", "it was killed"]);
        assert_eq!(project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_i'::regclass"), ["t"]);
        assert_eq!(project.states(), "1:applied 2:applied");
    });
}

#[test]
fn what_a_killed_client_held_is_free_within_five_seconds() {
    on_postgres(|project| {
        let project = project.migration("1_t", "CREATE TABLE t (i INT);", "").migration(
            "2_long",
            "INSERT INTO t VALUES (2);\nSELECT pg_sleep(60);",
            "",
        );
        let child = project.command(&["migrate", "up"]).spawn().unwrap();
        until(
            &project,
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid() AND state = 'active'",
        );
        kill(&child);
        let killed = Instant::now();
        drop(child.wait_with_output());
        project.write("migrations/2_long/up.sql", "ALTER TABLE t ADD COLUMN j INT;");
        project.ok(&["migrate", "up"]);
        assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
        assert_eq!(project.states(), "1:applied 2:applied");
    });
}

#[test]
fn a_build_tells_on_a_terminal_how_far_it_has_come() {
    on_postgres(|project| {
        let project = project
            .migration("1_t", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);", "")
            .plain_migration("2_i", "CREATE INDEX CONCURRENTLY t_i ON t (i);", "");
        project.ok(&["migrate", "up", "--steps", "1"]);
        let mut application = project.session();
        application.execute("BEGIN; INSERT INTO t VALUES (3)").unwrap();
        let run = AtTerminal::spawn(&project, &["migrate", "up"], Some("xterm"), "");
        std::thread::sleep(Duration::from_millis(2500));
        application.execute("ROLLBACK").unwrap();
        let shown = run.end();
        assert_eq!(shown.code, 0, "{}", shown.sent);
        let shown = shown.sent;
        assert!(shown.contains("2_i  waiting for writers before build"), "{shown}");
        assert!(shown.contains("waits for a lock of pid"), "{shown}");
    });
}

#[test]
fn a_lock_that_is_lost_stops_the_run() {
    on_postgres(|project| {
        let project = project.migration("1_t", "CREATE TABLE t (i INT);\nSELECT pg_sleep(2);", "").migration(
            "2_u",
            "CREATE TABLE u (i INT);",
            "",
        );
        let child = project.command(&["migrate", "up"]).spawn().unwrap();
        let works = "datname = current_database() AND query LIKE '%pg_sleep(2)%' AND state = 'active' AND pid <> pg_backend_pid()";
        until(&project, &format!("SELECT 1 FROM pg_stat_activity WHERE {works}"));
        let holder = "locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        project.query(&format!("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {holder}"));
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 5, "{run}");
        run.says(&["error[migrate/lock-lost]", "nothing of it is in the database", "1 after it not run"]);
        assert_eq!(project.states(), "1:pending 2:pending");
        assert_eq!(project.query("SELECT to_regclass('t') IS NULL"), ["t"]);
    });
}

#[test]
fn what_can_pass_is_tried_again() {
    on_postgres(|project| {
        for state in ["40P01", "40001", "55P03"] {
            let project = Project::on(project.backend).unwrap().variable("DBTOOL_RETRY_BASE", "10ms");
            project.session().execute("CREATE SEQUENCE attempts").unwrap();
            let fails = format!(
                "CREATE TABLE t (i INT);\nDO $$ BEGIN IF nextval('attempts') < 3 THEN RAISE EXCEPTION 'not now' USING ERRCODE = '{state}'; END IF; END $$;"
            );
            let project = project.migration("1_t", &fails, "");
            project.ok(&["migrate", "up"]).says(&["retrying in", "not now"]);
            assert_eq!(project.query("SELECT last_value FROM attempts"), ["3"]);
            assert_eq!(project.states(), "1:applied");
        }
    });
}
