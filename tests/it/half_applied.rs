//! A file that runs statement by statement and stops half way: recognised, told exactly, never run again blindly.

use std::time::{Duration, Instant};

use crate::support::{Project, on_each_backend, on_mysql, on_postgres, on_transactional};

#[test]
fn a_failure_half_way_is_told_and_nothing_runs_over_it() {
    on_each_backend(|project| {
        let project = project
            .migration("1_t", "CREATE TABLE t (id INT);", "DROP TABLE t;")
            .plain_migration("2_fill", "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nINSERT INTO nowhere VALUES (3);\nINSERT INTO t VALUES (4);", "DELETE FROM t;")
            .migration("3_u", "CREATE TABLE u (id INT);", "");
        let run = project.expect(5, &["migrate", "up"]);
        run.says(&[
            "error[migrate/failed]",
            "statement 3 of 4",
            "up.sql:3:",
            "statements 1 to 2 of 4 are in the database",
        ]);
        assert_eq!(project.states(), "1:applied 2:failed 3:pending");
        let repair = "dbtool migrate repair 2 --retry --reason";
        project.expect(5, &["migrate", "status", "--check"]).says(&[
            "half applied",
            "statements 1 to 2 of 4 are in",
            repair,
        ]);
        for args in [&["migrate", "up"][..], &["migrate", "down"], &["migrate", "redo"], &["migrate", "to", "1"]] {
            project.expect(5, args).says(&["error[migrate/half-applied]", "statements 1 to 2 of 4 are in"]);
        }
        assert_eq!(project.query("SELECT count(*) FROM t"), ["2"], "no statement ran twice");
        // What the hint says, done: the failed statement is mended, those before it stay as they are.
        project.write(
            "migrations/2_fill/up.sql",
            "INSERT INTO t VALUES (9);\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);",
        );
        let changed = project.expect(4, &["migrate", "repair", "2", "--retry", "--reason", "typo"]);
        changed.says(&[
            "error[migrate/changed]",
            "statement 1 is in the database",
            "up.sql:1:1",
            "it ran as: INSERT INTO t VALUES (1)",
        ]);
        project.write(
            "migrations/2_fill/up.sql",
            "-- mended\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);",
        );
        project.ok(&["migrate", "repair", "--retry", "--reason", "typo"]);
        assert_eq!(project.query("SELECT id FROM t ORDER BY id"), ["1", "2", "3"]);
        let kept = project.query(
            "SELECT action, reason, statement_done FROM __dbtool_journal WHERE outcome = 'done' AND version = '2'",
        );
        assert_eq!(kept, ["retry|typo|3"]);
        project.ok(&["migrate", "up"]);
        assert_eq!(project.states(), "1:applied 2:applied 3:applied");
    });
}

#[test]
fn the_other_way_out_undoes_it() {
    on_each_backend(|project| {
        let project = project.plain_migration("1_t", "CREATE TABLE t (id INT);\nINSERT INTO nowhere VALUES (3);", "");
        project.expect(5, &["migrate", "up"]).says(&["statement 1 of 2 is in"]);
        project.session().execute("DROP TABLE t").unwrap();
        project.expect(2, &["migrate", "repair", "--mark-pending"]).says(&["--reason"]);
        project.expect(2, &["migrate", "repair", "--mark-pending", "--reason", " "]);
        project.ok(&["migrate", "repair", "1", "--mark-pending", "--reason", "undone by hand"]);
        assert_eq!(project.states(), "1:pending");
        project.write("migrations/1_t/up.sql", "CREATE TABLE t (id INT);");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.states(), "1:applied");
        project
            .expect(2, &["migrate", "repair", "--mark-pending", "--reason", "again"])
            .says(&["no migration is half applied"]);
        project.expect(2, &["migrate", "repair", "1", "--retry", "--reason", "again"]).says(&["`1_t` is applied"]);
    });
}

#[test]
fn each_choice_does_what_it_says_wherever_it_stopped() {
    on_each_backend(|fresh| {
        const COUNT: usize = 4;
        for failing in 1..=COUNT {
            for choice in ["--retry", "--resume", "--mark-applied", "--mark-pending"] {
                // Each statement leaves its number, and can be run any number of times.
                let statement = |number: usize| {
                    if number == failing {
                        "INSERT INTO ran SELECT n FROM gate".to_owned()
                    } else {
                        format!("INSERT INTO ran VALUES ({number})")
                    }
                };
                let up: Vec<_> = (1..=COUNT).map(statement).collect();
                let project = Project::on(fresh.backend)
                    .unwrap()
                    .migration("1_ran", "CREATE TABLE ran (n INT);", "")
                    .plain_migration("2_up", &format!("{};", up.join(";\n")), "");
                project.expect(5, &["migrate", "up"]);
                if failing == 1 {
                    assert_eq!(project.states(), "1:applied 2:pending");
                    continue;
                }
                assert_eq!(project.states(), "1:applied 2:failed", "{failing} {choice}");
                // What the failed statement lacked is there now.
                project.session().execute(&format!("CREATE TABLE gate AS SELECT {failing} AS n")).unwrap();
                project.ok(&["migrate", "repair", "2", choice, "--reason", "test"]);
                let before: Vec<_> = (1..failing).map(|n| n.to_string()).collect();
                let after: Vec<_> = (failing + 1..=COUNT).map(|n| n.to_string()).collect();
                let (expected, state) = match choice {
                    "--retry" => ([before, vec![failing.to_string()], after].concat(), "applied"),
                    "--resume" => ([before, after].concat(), "applied"),
                    "--mark-applied" => (before, "applied"),
                    _ => (before, "pending"),
                };
                assert_eq!(project.query("SELECT n FROM ran ORDER BY n"), expected, "{failing} {choice}");
                assert_eq!(project.states(), format!("1:applied 2:{state}"), "{failing} {choice}");
            }
        }
    });
}

#[test]
fn marking_is_guarded() {
    let project = Project::sqlite().file("dbtool.toml", "[env.prod]\nprotected = true\n").plain_migration(
        "1_t",
        "CREATE TABLE t (id INT);\nINSERT INTO nowhere VALUES (3);",
        "",
    );
    let prod = |code, args: &[&str]| project.expect(code, &[args, &["--env", "prod"]].concat());
    prod(5, &["migrate", "up"]);
    prod(9, &["migrate", "repair", "--mark-applied", "--reason", "x"]).says(&["error[guard/protected]"]);
    prod(5, &["migrate", "repair", "--retry", "--reason", "x"]);
    prod(0, &["migrate", "repair", "--mark-applied", "--reason", "x", "--confirm", "prod"]);
}

#[test]
fn a_changed_file_can_be_accepted() {
    on_each_backend(|project| {
        let project =
            project.migration("1_t", "CREATE TABLE t (id INT);", "").migration("2_u", "CREATE TABLE u (id INT);", "");
        project.ok(&["migrate", "up"]);
        let before = project.json(0, &["migrate", "status"])["migrations"][0]["applied_at"].clone();
        project.write("migrations/1_t/up.sql", "CREATE TABLE t (id INTEGER);");
        project.expect(4, &["migrate", "up"]).says(&["repair --accept-checksum"]);
        project.ok(&["migrate", "repair", "--accept-checksum", "--reason", "the same type, spelled out"]);
        assert_eq!(project.states(), "1:applied 2:applied");
        assert_eq!(project.json(0, &["migrate", "status"])["migrations"][0]["applied_at"], before);
        project.ok(&["migrate", "up"]);
    });
}

#[test]
fn settings_of_the_session_hold_for_the_rest() {
    on_postgres(|project| {
        let project = project.plain_migration("1_t", "CREATE SCHEMA app;\nSET search_path TO app, public;\nCREATE TABLE t (id INT);\nINSERT INTO nowhere VALUES (1);\nCREATE TABLE u (id INT);", "");
        project.expect(5, &["migrate", "up"]);
        project.session().execute("CREATE TABLE app.nowhere (id INT)").unwrap();
        project.ok(&["migrate", "repair", "--retry", "--reason", "made what was missing"]);
        assert_eq!(project.query("SELECT table_schema FROM information_schema.tables WHERE table_name = 'u'"), ["app"]);
    });
}

#[test]
fn a_first_statement_that_fails_leaves_it_pending() {
    on_each_backend(|project| {
        let project = project.plain_migration("1_t", "INSERT INTO nowhere VALUES (3);\nSELECT 1;", "");
        project.expect(5, &["migrate", "up"]).says(&["nothing of it is in the database"]);
        assert_eq!(project.states(), "1:pending");
    });
}

#[test]
fn a_failed_concurrent_build_of_an_index_without_a_name_is_in_doubt() {
    on_postgres(|project| {
        let project = project
            .migration("1_t", "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (1);", "")
            .plain_migration("2_i", "CREATE UNIQUE INDEX CONCURRENTLY ON t (a);", "");
        project
            .expect(5, &["migrate", "up"])
            .says(&["could not create unique index", "statement 1 may have left something behind"]);
        assert_eq!(project.states(), "1:applied 2:failed");
    });
}

#[test]
fn a_down_that_stops_half_way_is_half_reverted() {
    on_each_backend(|project| {
        let project = project.plain_migration(
            "1_t",
            "CREATE TABLE t (id INT);\nCREATE TABLE u (id INT);",
            "DROP TABLE u;\nDROP TABLE nowhere;\nDROP TABLE t;",
        );
        project.ok(&["migrate", "up"]);
        project.expect(5, &["migrate", "down"]).says(&["statement 2 of 3", "statement 1 of 3 has run"]);
        assert_eq!(project.states(), "1:failed");
        project.expect(5, &["migrate", "up"]).says(&["half reverted", "migrate repair 1 --resume"]);
    });
}

/// Kills a run with SIGKILL as soon as a query gives a row.
pub fn kill_when(project: &Project, args: &[&str], query: &str) {
    let mut child = project.command(args).spawn().unwrap();
    let started = Instant::now();
    loop {
        let mut session = project.session();
        if session.query(query).is_ok_and(|rows| !rows.is_empty()) {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "it never came to that point");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_runner_leaves_a_statement_in_doubt() {
    on_each_backend(|project| {
        // The second statement cannot share a transaction with the journal, and takes long.
        let long = match project.backend {
            dbtool::backend::Backend::Postgres => "DO $$ BEGIN PERFORM pg_sleep(4); END $$",
            dbtool::backend::Backend::Mysql => "CALL slowly()",
            dbtool::backend::Backend::Sqlite => "PRAGMA journal_mode; PRAGMA integrity_check; VACUUM",
        };
        if project.backend == dbtool::backend::Backend::Sqlite {
            // SQLite has no statement that is surely slow: the row of a runner that died is written by hand.
            let project = project.migration("1_t", "CREATE TABLE t (id INT);", "").plain_migration(
                "2_x",
                &format!("INSERT INTO t VALUES (1);\n{long};"),
                "",
            );
            project.ok(&["migrate", "up"]);
            project.session().execute("DELETE FROM __diesel_schema_migrations WHERE version = '2'").unwrap();
            project.session().execute("UPDATE __dbtool_journal SET outcome = 'started', statement_started = 3, statement_done = 2 WHERE version = '2'").unwrap();
            project
                .expect(5, &["migrate", "up"])
                .says(&["statements 1 to 2 of 4 are in the database; statement 3 is in doubt: its runner died"]);
            return;
        }
        let slowly = project.by_backend("", "", "CREATE PROCEDURE slowly() DO SLEEP(4);");
        let project = project.migration("1_t", &format!("CREATE TABLE t (id INT);{slowly}"), "").plain_migration(
            "2_x",
            &format!("INSERT INTO t VALUES (1);\n{long};\nINSERT INTO t VALUES (2);"),
            "",
        );
        let works = project.by_backend(
            "",
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'DO $$ BEGIN PERFORM pg_sleep(4)%'",
            "SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND info = 'DO SLEEP(4)'",
        );
        kill_when(&project, &["migrate", "up"], works);
        // The server may hold the lock until it notices.
        let run = project.expect(5, &["migrate", "up"]);
        run.says(&[
            "error[migrate/half-applied]",
            "statement 1 of 3 is in the database; statement 2 is in doubt: its runner died",
        ]);
        assert_eq!(project.states(), "1:applied 2:failed");
        if project.backend == dbtool::backend::Backend::Mysql {
            // The server does not notice that nobody listens: what is run again would run twice at once.
            let busy = project.expect(7, &["migrate", "repair", "--retry", "--reason", "again"]);
            busy.says(&["error[migrate/lock-busy]", "the server still works on it"]);
        }
        while !project.query(works).is_empty() {
            std::thread::sleep(Duration::from_millis(100));
        }
        project.ok(&["migrate", "repair", "--resume", "--reason", "it came to its end"]);
        assert_eq!(project.query("SELECT id FROM t ORDER BY id"), ["1", "2"]);
    });
}

#[test]
fn a_killed_runner_in_a_transaction_leaves_nothing() {
    on_postgres(|project| {
        let project = project.migration("1_t", "CREATE TABLE t (id INT);\nSELECT pg_sleep(4);", "");
        kill_when(
            &project,
            &["migrate", "up"],
            "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(4)%' AND pid <> pg_backend_pid() AND datname = current_database()",
        );
        assert_eq!(project.states(), "1:pending");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT count(*) FROM __dbtool_journal WHERE outcome = 'done'"), ["1"]);
    });
}

#[test]
fn a_chain_of_commits_is_followed() {
    on_postgres(|project| {
        let up = "BEGIN;\nCREATE TABLE a (i INT);\nCOMMIT AND CHAIN;\nCREATE TABLE b (i INT);\nSELECT 1/0;\nCOMMIT;";
        let project = project
            .migration("1_a", up, "")
            .file("migrations/1_a/metadata.toml", "run_in_transaction = true\nallow_commit = true\n");
        project.expect(5, &["migrate", "up"]).says(&["statements 1 to 3 of 6 are in the database"]);
        assert_eq!(project.states(), "1:failed");
        assert_eq!(project.query("SELECT to_regclass('a'), to_regclass('b')"), ["a|"]);
    });
}

#[test]
fn a_lock_timeout_half_way_is_half_way() {
    on_postgres(|project| {
        let project = project
            .migration("1_busy", "CREATE TABLE busy (i INT);", "")
            .variable("DBTOOL_MIGRATE_LOCK_TIMEOUT", "100ms")
            .variable("DBTOOL_RETRY_ATTEMPTS", "2")
            .variable("DBTOOL_RETRY_BASE", "10ms");
        project.ok(&["migrate", "up"]);
        let project = project.plain_migration("2_x", "CREATE TABLE a (i INT);\nALTER TABLE busy ADD COLUMN j INT;", "");
        let mut session = project.session();
        session.execute("BEGIN; LOCK TABLE busy").unwrap();
        project.expect(5, &["migrate", "up"]).says(&[
            "retrying",
            "SQLSTATE 55P03",
            "statement 1 of 2 is in the database",
        ]);
        session.execute("ROLLBACK").unwrap();
        project.ok(&["migrate", "repair", "--retry", "--reason", "the table is free"]);
        assert_eq!(project.states(), "1:applied 2:applied");
    });
}

#[test]
fn a_connection_that_breaks_half_way_is_told_from_the_journal() {
    on_postgres(|project| {
        let project = project.plain_migration(
            "1_x",
            "CREATE TABLE a (i INT);\nDO $$ BEGIN PERFORM pg_sleep(10); END $$;\nCREATE TABLE b (i INT);",
            "",
        );
        let child = project.command(&["migrate", "up"]).spawn().unwrap();
        let started = Instant::now();
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'DO %' AND datname = current_database()";
        while project.query(kill).is_empty() {
            assert!(started.elapsed() < Duration::from_secs(20), "it never came to that point");
            std::thread::sleep(Duration::from_millis(50));
        }
        let run = crate::support::Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 5, "{run}");
        run.says(&["statement 1 of 3 is in the database; statement 2 may have left something behind"]);
        assert_eq!(project.states(), "1:failed");
    });
}

#[test]
fn the_end_of_a_transaction_is_not_taken_as_done() {
    on_postgres(|project| {
        let up = "CREATE TABLE h (i INT PRIMARY KEY, p INT REFERENCES h DEFERRABLE INITIALLY DEFERRED);\nBEGIN;\nINSERT INTO h VALUES (1, 2);\nCOMMIT;";
        let project = project
            .migration("1_h", up, "")
            .file("migrations/1_h/metadata.toml", "run_in_transaction = true\nallow_commit = true\n");
        project.expect(5, &["migrate", "up"]).says(&["statement 4 of 4", "statement 1 of 4 is in the database"]);
        project
            .expect(9, &["migrate", "repair", "--resume", "--reason", "x"])
            .says(&["begins or ends a transaction", "--retry"]);
        project.session().execute("INSERT INTO h VALUES (2, 2)").unwrap();
        project.ok(&["migrate", "repair", "--retry", "--reason", "x"]);
        assert_eq!(project.query("SELECT i FROM h ORDER BY i"), ["1", "2"]);
    });
}

#[test]
fn a_statement_of_the_files_own_transaction_is_taken_as_done_by_itself() {
    on_transactional(|project| {
        let up = "CREATE TABLE h (i INT);\nBEGIN;\nINSERT INTO h VALUES (1);\nINSERT INTO h SELECT n FROM gate;\nINSERT INTO h VALUES (3);\nCOMMIT;";
        let project = project
            .migration("1_h", up, "")
            .file("migrations/1_h/metadata.toml", "run_in_transaction = true\nallow_commit = true\n");
        project.expect(5, &["migrate", "up"]);
        project.expect(5, &["migrate", "status", "--check"]).says(&[
            "statement 1 of 6 is in the database; statement 4 failed, and statements 2 to 3 were rolled back with it",
        ]);
        project.ok(&["migrate", "repair", "--resume", "--reason", "not needed"]);
        assert_eq!(project.query("SELECT i FROM h ORDER BY i"), ["1", "3"]);
        assert_eq!(project.states(), "1:applied");
    });
}

#[test]
fn a_file_that_escaped_its_transaction_is_settled_by_hand() {
    on_postgres(|project| {
        // The server has another setting than our splitter, and reads a COMMIT.
        let name = project.query("SELECT current_database()").remove(0);
        project.session().execute(&format!("ALTER DATABASE {name} SET standard_conforming_strings = off")).unwrap();
        let project = project.migration(
            "1_a",
            "CREATE TABLE a ();\nSELECT '\\'';COMMIT;--';\nSELECT 1/0;\nCREATE TABLE c ();",
            "",
        );
        project.expect(5, &["migrate", "up"]).says(&["may be in the database"]);
        assert_eq!(project.states(), "1:failed");
        project
            .expect(5, &["migrate", "up"])
            .says(&["which of its statements are in is not known", "--mark-applied"])
            .says_nothing_of(&["--retry"]);
        project.expect(9, &["migrate", "repair", "--retry", "--reason", "x"]);
        project.ok(&["migrate", "repair", "--mark-applied", "--reason", "made c by hand"]);
        assert_eq!(project.states(), "1:applied");
    });
}

#[test]
fn what_a_statement_did_on_its_way_counts() {
    let allowed = "run_in_transaction = true\nallow_commit = true\n";
    on_postgres(|project| {
        let project = project.migration("1_t", "CREATE TABLE src AS SELECT 1 AS n;\nCREATE TABLE log (n INT);", "");
        project.ok(&["migrate", "up"]);
        let up = "CREATE TEMP TABLE moved AS WITH d AS (DELETE FROM src RETURNING n) SELECT n FROM d;\nINSERT INTO nope SELECT n FROM moved;";
        let project = project.migration("2_move", up, "").file("migrations/2_move/metadata.toml", allowed);
        project.expect(5, &["migrate", "up"]).says(&["statement 1 of 2 is in the database"]);
        assert_eq!(project.states(), "1:applied 2:failed");
        project.expect(9, &["migrate", "repair", "--retry", "--reason", "x"]).says(&["went with its connection"]);
    });
    let project = Project::sqlite()
        .migration("1_v", "PRAGMA user_version = 7;\nINSERT INTO nope VALUES (1);", "")
        .file("migrations/1_v/metadata.toml", allowed);
    project.expect(5, &["migrate", "up"]).says(&["statement 1 of 2 is in the database"]);
}

#[test]
fn settings_that_were_rolled_back_are_not_made_again() {
    on_postgres(|project| {
        let up = "CREATE SCHEMA o;\nCREATE TABLE o.log (n INT);\nCREATE TABLE log (n INT);\nBEGIN;\nSET search_path = o;\nROLLBACK;\nINSERT INTO log VALUES (1);\nINSERT INTO nope VALUES (1);\nINSERT INTO log VALUES (2);";
        let project = project
            .migration("1_s", up, "")
            .file("migrations/1_s/metadata.toml", "run_in_transaction = true\nallow_commit = true\n");
        project.expect(5, &["migrate", "up"]);
        project.write("migrations/1_s/up.sql", up.replace("nope", "log"));
        project.ok(&["migrate", "repair", "--retry", "--reason", "x"]);
        assert_eq!(project.query("SELECT n FROM public.log ORDER BY n"), ["1", "1", "2"]);
    });
}

#[test]
fn a_repair_by_another_user_waits_for_the_server_too() {
    on_postgres(|project| {
        let name = project.database().to_owned();
        let (one, two) = (format!("{name}_a"), format!("{name}_b"));
        let mut session = project.session();
        for role in [&one, &two] {
            session.execute(&format!("CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA public TO {role}")).unwrap();
        }
        session.execute(&format!("ALTER DEFAULT PRIVILEGES FOR ROLE {one} GRANT ALL ON TABLES TO {two}")).unwrap();
        let url = |role: &str| project.url.replace("postgres@", &format!("{role}@"));
        let up = "CREATE TABLE log (n INT);\nDO $$ BEGIN PERFORM pg_sleep(4); END $$;\nINSERT INTO log VALUES (1);";
        let (first, second) = (url(&one), url(&two));
        let project = project.plain_migration("1_slow", up, "");
        if first != project.url {
            kill_when(
                &project,
                &["migrate", "up", "--url", &first],
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%pg_sleep(4)%'",
            );
            let busy = project.expect(7, &["migrate", "repair", "--retry", "--reason", "x", "--url", &second]);
            busy.says(&["the server still works on it"]);
        }
        session
            .execute(&format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('{one}', '{two}')"
            ))
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
        for role in [&one, &two] {
            session.execute(&format!("DROP OWNED BY {role}")).unwrap();
            session.execute(&format!("DROP ROLE {role}")).unwrap();
        }
    });
}

/// Only what would be taken is offered.
#[test]
fn a_server_that_still_works_on_several_statements_is_named_and_waited_for() {
    on_mysql(|project| {
        let project = project.migration("1_t", "CREATE TABLE t (id INT);\nINSERT INTO t VALUES (0);", "").migration(
            "2_rows",
            "CREATE TABLE u (id INT);\nINSERT INTO t VALUES (1);\nINSERT INTO t SELECT SLEEP(4) FROM t LIMIT 1;",
            "",
        );
        project.ok(&["migrate", "up", "--steps", "1"]);
        let works = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'INSERT INTO t SELECT SLEEP%'";
        kill_when(&project, &["migrate", "up"], works);
        let connection = project.query(works).remove(0);
        let status = project.ok(&["migrate", "status"]);
        status.says(&[
            "statement 1 of 3 is in the database; its runner died, and the server still works on it",
            &format!("on connection {connection}"),
            "wait until the server is done with it",
        ]);
        status.says_nothing_of(&["--retry", "--resume", "--mark-"]);
        for choice in ["--retry", "--resume", "--mark-applied", "--mark-pending"] {
            project.expect(7, &["migrate", "repair", choice, "--reason", "x"]);
        }
        while !project.query(works).is_empty() {
            std::thread::sleep(Duration::from_millis(100));
        }
        project.ok(&["migrate", "status"]).says(&["--retry", "--mark-applied"]);
        project.ok(&["migrate", "repair", "--retry", "--reason", "x"]);
        assert_eq!(project.states(), "1:applied 2:applied");
    });
}

#[test]
fn of_several_in_doubt_none_is_taken_as_done() {
    on_each_backend(|project| {
        let project = project.migration("1_t", "CREATE TABLE t (id INT);", "").plain_migration(
            "2_rows",
            "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\nINSERT INTO nowhere VALUES (4);",
            "",
        );
        project.expect(5, &["migrate", "up"]);
        let stands = "statement_started = 3, statement_done = 1, statement_failed = NULL, outcome = 'started'";
        project.session().execute(&format!("UPDATE __dbtool_journal SET {stands} WHERE version = '2'")).unwrap();
        let status = project.ok(&["migrate", "status"]);
        status.says(&["statements 2 to 3 are in doubt", "--retry --reason TEXT` runs statements 2 to 3 again"]);
        status.says_nothing_of(&["--resume"]);
        project.expect(9, &["migrate", "repair", "--resume", "--reason", "x"]).says(&["`--retry` runs them again"]);
    });
}
