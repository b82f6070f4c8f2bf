//! up, down, to, redo, status: the same on every backend.

use dbtool::backend::Backend;

use crate::support::{Project, on_each_backend, on_postgres, on_transactional};

fn three(project: Project) -> Project {
    project
        .migration("1_one", "CREATE TABLE one (id INT);", "DROP TABLE one;")
        .migration("2_two", "CREATE TABLE two (id INT);", "DROP TABLE two;")
        .migration("3_three", "CREATE TABLE three (id INT);", "DROP TABLE three;")
}

#[test]
fn up_down_to_and_redo_do_what_they_say() {
    on_each_backend(|project| {
        let project = three(project);
        assert_eq!(project.states(), "1:pending 2:pending 3:pending");
        project.ok(&["migrate", "up", "--steps", "1"]);
        assert_eq!(project.ledger(), ["1"]);
        project.ok(&["migrate", "up", "--to", "two"]);
        assert_eq!(project.ledger(), ["1", "2"]);
        project.ok(&["migrate", "up"]);
        assert_eq!(project.states(), "1:applied 2:applied 3:applied");
        project.ok(&["migrate", "up"]).says(&["nothing to do"]);
        project.ok(&["migrate", "down"]);
        assert_eq!(project.ledger(), ["1", "2"]);
        project.ok(&["migrate", "redo", "--steps", "2"]);
        assert_eq!(project.ledger(), ["1", "2"]);
        project.ok(&["migrate", "to", "3"]);
        project.ok(&["migrate", "to", "1"]);
        assert_eq!(project.ledger(), ["1"]);
        project.ok(&["migrate", "to", "0", "--yes"]);
        assert_eq!(project.ledger(), [""; 0]);
        assert_eq!(project.schema(), "");
        project.ok(&["migrate", "up"]);
        project.ok(&["migrate", "down", "--to", "1"]);
        assert_eq!(project.ledger(), ["1"]);
        project.ok(&["migrate", "down", "--all", "--yes"]);
        assert_eq!(project.ledger(), [""; 0]);
    });
}

#[test]
fn reports_have_the_shape_that_scripts_rely_on() {
    on_each_backend(|project| {
        let project = three(project);
        let planned = project.json(0, &["migrate", "up", "--dry-run"]);
        assert_eq!(planned["dry_run"], true);
        assert_eq!(planned["migrations"][0]["outcome"], "planned");
        assert_eq!(project.states(), "1:pending 2:pending 3:pending", "a dry run changes nothing");
        let done = project.json(0, &["migrate", "up"]);
        assert_eq!(done["environment"], "dev");
        assert_eq!(done["backend"], project.backend.name());
        assert_eq!(done["migrations"][2]["version"], "3");
        assert_eq!(done["migrations"][2]["name"], "three");
        assert_eq!(done["migrations"][2]["direction"], "up");
        assert_eq!(done["migrations"][2]["outcome"], "done");
        assert!(done["migrations"][2]["duration_ms"].is_u64());
        assert_eq!(done["migrations"][2]["error"], serde_json::Value::Null);
        assert_eq!(project.json(0, &["migrate", "up"])["migrations"], serde_json::json!([]));
        let status = project.json(0, &["migrate", "status"]);
        let first = &status["migrations"][0];
        assert_eq!(first["state"], "applied");
        assert_eq!(first["reversible"], true);
        assert!(first["applied_at"].as_str().unwrap().ends_with('Z'));
        assert!(first["applied_by"].as_str().unwrap().contains('@'));
        assert_eq!(
            status["summary"],
            serde_json::json!({"applied": 3, "pending": 0, "changed": 0, "missing": 0, "failed": 0})
        );
    });
}

#[test]
fn a_failing_migration_leaves_nothing_and_says_where() {
    on_transactional(|project| {
        let project = three(project).migration(
            "2_two",
            "CREATE TABLE two (id INT);\nINSERT INTO two\n  VALUES (1);\nINSERT INTO nowhere VALUES (1);\n",
            "",
        );
        let run = project.expect(5, &["migrate", "up"]);
        run.says(&[
            "error[migrate/failed]",
            "statement 3 of 3",
            "up.sql:4:",
            "nowhere",
            "^",
            "1 migration done before it, 1 after it not run",
            "rolled back",
        ]);
        assert_eq!(project.states(), "1:applied 2:pending 3:pending");
        let report = project.json(5, &["migrate", "up"]);
        let outcomes: Vec<_> =
            report["migrations"].as_array().unwrap().iter().map(|m| m["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["failed", "not_run"]);
        assert!(report["migrations"][0]["error"].as_str().unwrap().contains("nowhere"));
        let failures =
            project.query("SELECT outcome, statements, statement_done FROM __dbtool_journal WHERE version = '2'");
        assert_eq!(failures, ["rolled_back|3|0", "rolled_back|3|0"]);
        // The error is the last line of stderr, as JSON.
        let run = project.run(&["migrate", "up", "-o", "json"]);
        let error: serde_json::Value = serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap();
        assert_eq!(error["error"]["code"], "migrate/failed");
        assert_eq!(error["error"]["place"]["line"], 4);
        assert!(error["error"]["hints"].is_array());
    });
}

#[test]
fn the_journal_tells_who_ran_what_from_where() {
    on_each_backend(|project| {
        let project = three(project)
            .variable("GITHUB_RUN_ID", "4711")
            .variable("GITHUB_SHA", "0123456789012345678901234567890123456789");
        project.ok(&["migrate", "up"]);
        let rows = project.query("SELECT version, direction, outcome, in_transaction, statements, git_commit, ci_run, tool_version, masked FROM __dbtool_journal ORDER BY id");
        let expected =
            format!("1|up|done|1|1|0123456789012345678901234567890123456789|4711|{}|0", env!("CARGO_PKG_VERSION"));
        assert_eq!(rows[0], expected);
        assert_eq!(project.query("SELECT count(DISTINCT run_id) FROM __dbtool_journal"), ["1"]);
        let hex = if project.backend == Backend::Postgres { "encode(up_sql, 'hex')" } else { "hex(up_sql)" };
        let packed = project.query(&format!("SELECT {hex} FROM __dbtool_journal WHERE version = '1'"));
        let bytes: Vec<u8> = (0..packed[0].len() / 2)
            .map(|at| u8::from_str_radix(&packed[0][at * 2..at * 2 + 2], 16).unwrap())
            .collect();
        let text = miniz_oxide::inflate::decompress_to_vec_zlib(&bytes).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "CREATE TABLE one (id INT);");
    });
}

#[test]
fn changed_and_missing_files_are_found() {
    on_each_backend(|project| {
        let project = three(project);
        project.ok(&["migrate", "up"]);
        // Comments, white space and line ends are no change.
        project.write("migrations/1_one/up.sql", "\u{feff}-- why\r\nCREATE TABLE one\r\n  (id INT);\r\n");
        assert_eq!(project.states(), "1:applied 2:applied 3:applied");
        project.ok(&["migrate", "status", "--check"]);
        project.write("migrations/1_one/up.sql", "CREATE TABLE one (id BIGINT);");
        assert_eq!(project.states(), "1:changed 2:applied 3:applied");
        project.expect(4, &["migrate", "status", "--check"]);
        project.expect(4, &["migrate", "up"]).says(&["error[migrate/changed]", "1_one"]);
        project.write("migrations/1_one/up.sql", "CREATE TABLE one (id INT);");
        std::fs::remove_dir_all(project.path("migrations/2_two")).unwrap();
        assert_eq!(project.states(), "1:applied 2:missing 3:applied");
        project.expect(4, &["migrate", "status", "--check"]);
        project.ok(&["migrate", "up"]).says(&["warning", "2_two", "no directory"]);
        project.ok(&["migrate", "down"]);
        // Pending and missing: the first of 5, 4, 3.
        project.expect(4, &["migrate", "status", "--check"]);
        project.expect(4, &["migrate", "down"]).says(&["cannot revert"]);
        assert_eq!(project.ledger(), ["1", "2"]);
    });
}

#[test]
fn the_policies_are_settings() {
    let project = three(Project::sqlite())
        .file("dbtool.toml", "[migrate]\nout_of_order = \"refuse\"\nmissing = \"refuse\"\nchanged = \"warn\"\n");
    project.ok(&["migrate", "up", "--to", "2"]);
    project.write("migrations/1_one/up.sql", "CREATE TABLE one (id TEXT);");
    project.ok(&["migrate", "up"]).says(&["warning", "changed after it was applied"]);
    project.add_migration("2a_late", "SELECT 1;", "");
    project.expect(9, &["migrate", "up"]).says(&["error[migrate/out-of-order]", "2a_late"]);
    std::fs::remove_dir_all(project.path("migrations/2a_late")).unwrap();
    std::fs::remove_dir_all(project.path("migrations/3_three")).unwrap();
    project.expect(4, &["migrate", "up"]).says(&["error[migrate/missing]"]);
}

#[test]
fn versions_are_found_as_people_write_them() {
    let project = Project::sqlite().migration("2024-01-02-030405-0000_create_users", "SELECT 1;", "").migration(
        "2024-01-02-030406-0000_create_orders",
        "SELECT 1;",
        "",
    );
    for version in [
        "202401020304050000",
        "2024-01-02-030405-0000",
        "2024-01-02-030405",
        "20240102030405",
        "create_u",
        "2024-01-02-030405-0000_create_users",
    ] {
        let plan = project.json(0, &["migrate", "up", "--dry-run", "--to", version]);
        assert_eq!(plan["migrations"].as_array().unwrap().len(), 1, "{version}");
    }
    project.expect(2, &["migrate", "to", "2024"]).says(&[
        "error[migrate/ambiguous-version]",
        "create_users",
        "create_orders",
    ]);
    project.expect(2, &["migrate", "to", "create_"]).says(&["ambiguous"]);
    project
        .expect(10, &["migrate", "to", "create_user_s"])
        .says(&["error[migrate/unknown-version]", "did you mean `create_users`?"]);
}

#[test]
fn downs_that_are_missing_are_named_before_anything_runs() {
    on_each_backend(|project| {
        let project = three(project).migration("1_one", "CREATE TABLE one (id INT);", " \n").migration(
            "2_two",
            "CREATE TABLE two (id INT);",
            "-- nothing to undo\n",
        );
        std::fs::remove_file(project.path("migrations/3_three/down.sql")).unwrap();
        project.ok(&["migrate", "up"]);
        let run = project.expect(2, &["migrate", "down", "--all", "--yes"]);
        run.says(&["error[migrate/irreversible]", "3_three", "1_one"]).says_nothing_of(&["2_two"]);
        assert_eq!(project.ledger(), ["1", "2", "3"]);
        project.write("migrations/3_three/down.sql", "DROP TABLE three;");
        project.ok(&["migrate", "down", "--steps", "2"]);
        assert_eq!(project.ledger(), ["1"]);
        project.expect(2, &["migrate", "down"]).says(&["has an empty down.sql"]);
    });
}

#[test]
fn a_run_is_blind_to_the_search_path_that_a_file_leaves() {
    on_postgres(|project| {
        let project = project
            .migration("1_path", "CREATE SCHEMA app;\nSELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE app.a (id INT);", "DROP SCHEMA app CASCADE;")
            .migration("2_next", "CREATE TABLE app.b (id INT);", "DROP TABLE app.b;");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.ledger(), ["1", "2"]);
        project.ok(&["migrate", "down", "--all", "--yes"]);
        assert_eq!(project.ledger(), [""; 0]);
    });
}

#[test]
fn concurrent_index_builds_run_one_by_one() {
    on_postgres(|project| {
        let project = project.migration("1_t", "CREATE TABLE t (a INT, b INT);", "DROP TABLE t;").plain_migration(
            "2_i",
            "CREATE INDEX CONCURRENTLY t_a ON t (a);\nCREATE INDEX CONCURRENTLY t_b ON t (b);\nINSERT INTO t VALUES (1, 2);",
            "DROP INDEX CONCURRENTLY t_a;\nDROP INDEX CONCURRENTLY t_b;",
        );
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT indexname FROM pg_indexes WHERE tablename = 't' ORDER BY 1"), ["t_a", "t_b"]);
        assert_eq!(
            project.query("SELECT in_transaction, statement_done, outcome FROM __dbtool_journal WHERE version = '2'"),
            ["0|3|done"]
        );
        project.ok(&["migrate", "down"]);
    });
}

#[test]
fn a_file_may_commit_when_it_says_so() {
    on_transactional(|project| {
        let project = project.migration(
            "1_own",
            "BEGIN;\nCREATE TABLE a (id INT);\nINSERT INTO a VALUES (1);\nCOMMIT;\nINSERT INTO a VALUES (2);",
            "DROP TABLE a;",
        );
        project.expect(2, &["migrate", "up"]).says(&["error[sql/transaction-control]", "up.sql:1:1", "allow_commit"]);
        project.write("migrations/1_own/metadata.toml", "run_in_transaction = true\nallow_commit = true\n");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT count(*) FROM a"), ["2"]);
        assert_eq!(project.states(), "1:applied");
    });
}

#[test]
fn what_another_tool_does_to_the_ledger_holds() {
    on_each_backend(|project| {
        let project = three(project);
        project.ok(&["migrate", "up"]);
        let mut session = project.session();
        // Another tool reverts and applies again, from another text.
        session.execute("DELETE FROM __diesel_schema_migrations WHERE version = '1'").unwrap();
        session
            .execute("INSERT INTO __diesel_schema_migrations (version, run_on) VALUES ('1', '2020-01-01 00:00:00')")
            .unwrap();
        project.write("migrations/1_one/up.sql", "CREATE TABLE one (id TEXT);");
        assert_eq!(project.states(), "1:applied 2:applied 3:applied");
        let status = project.json(0, &["migrate", "status"]);
        assert_eq!(status["migrations"][0]["applied_by"], serde_json::Value::Null);
    });
}

#[test]
fn a_database_that_is_already_there_is_adopted() {
    on_each_backend(|project| {
        let project = three(project);
        project.ok(&["db", "create"]);
        let mut session = project.session();
        session.execute("CREATE TABLE one (id INT)").unwrap();
        session.execute("CREATE TABLE two (id INT)").unwrap();
        let planned = project.json(0, &["migrate", "baseline", "2", "--dry-run"]);
        assert_eq!(planned["migrations"].as_array().unwrap().len(), 2);
        assert_eq!(project.states(), "1:pending 2:pending 3:pending");
        let done = project.json(0, &["migrate", "baseline", "two"]);
        assert_eq!(done["migrations"][1]["outcome"], "recorded");
        assert_eq!(project.states(), "1:applied 2:applied 3:pending");
        project.ok(&["migrate", "baseline", "2"]).says(&["nothing to do"]);
        project.ok(&["migrate", "up"]);
        assert_eq!(
            project.query("SELECT version, action FROM __dbtool_journal ORDER BY id"),
            ["1|baseline", "2|baseline", "3|run"]
        );
        // What was adopted is watched from now on, and can be reverted.
        project.write("migrations/1_one/up.sql", "CREATE TABLE one (id TEXT);");
        assert_eq!(project.states(), "1:changed 2:applied 3:applied");
        project.ok(&["migrate", "down", "--steps", "2"]);
        project.expect(10, &["migrate", "baseline", "9"]);
        project.expect(2, &["migrate", "baseline", "0"]);
    });
    three(Project::sqlite()).expect(8, &["migrate", "baseline", "2"]);
}

#[test]
fn history_tells_what_ran_and_how_the_file_differs() {
    on_each_backend(|project| {
        let project = three(project);
        project.ok(&["migrate", "up", "--steps", "2"]);
        project.ok(&["migrate", "redo"]);
        project.write("migrations/2_two/up.sql", "CREATE TABLE two (\n  id BIGINT\n);");
        let told = project.json(0, &["migrate", "history"]);
        let runs: Vec<_> = told["runs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| format!("{}{}", run["direction"].as_str().unwrap(), run["version"].as_str().unwrap()))
            .collect();
        assert_eq!(runs, ["up1", "up2", "down2", "up2"]);
        assert_eq!(told["runs"][0]["outcome"], "done");
        let one = project.json(0, &["migrate", "history", "two"]);
        assert_eq!(one["runs"].as_array().unwrap().len(), 3);
        assert_eq!(one["last"]["up"], "CREATE TABLE two (id INT);");
        let difference = one["last"]["up_difference"].as_str().unwrap();
        assert!(
            difference.contains("-CREATE TABLE two (id INT);") && difference.contains("+  id BIGINT"),
            "{difference}"
        );
        assert_eq!(one["last"]["down_difference"], serde_json::Value::Null);
        let screen = project.ok(&["migrate", "history", "2"]);
        assert!(screen.stdout.contains("+  id BIGINT"), "{screen}");
        project.expect(10, &["migrate", "history", "9"]);
    });
}

#[test]
fn what_is_not_on_this_branch_is_reverted_from_the_history() {
    on_each_backend(|project| {
        let project = three(project);
        project.ok(&["migrate", "up"]);
        for gone in ["2_two", "3_three"] {
            std::fs::remove_dir_all(project.path("migrations").join(gone)).unwrap();
        }
        project.expect(4, &["migrate", "down"]).says(&["--from-history"]);
        let planned = project.json(0, &["migrate", "down", "--from-history", "--dry-run"]);
        assert_eq!(planned["migrations"][0]["version"], "3");
        project.ok(&["migrate", "down", "--from-history", "--steps", "1"]);
        assert_eq!(project.ledger(), ["1", "2"]);
        project.ok(&["migrate", "down", "--from-history"]);
        assert_eq!(project.ledger(), ["1"]);
        project.ok(&["migrate", "down", "--from-history"]).says(&["nothing to do"]);
        assert!(project.schema().contains("one") && !project.schema().contains("two"));
        // What another tool applied, or what has no way back, is named before anything runs.
        project.session().execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9')").unwrap();
        project
            .expect(2, &["migrate", "down", "--from-history"])
            .says(&["error[migrate/irreversible]", "`9` was not applied by dbtool"]);
    });
}

#[test]
fn session_sql_runs_before_the_migrations() {
    on_postgres(|project| {
        let project = project.migration("1_s", "CREATE TABLE s AS SELECT current_setting('my.flag') AS flag;", "");
        let project = project.file("dbtool.toml", "[migrate]\nsession = [\"SET my.flag = 'on'\"]\n");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT flag FROM s"), ["on"]);
        let project =
            project.file("dbtool.toml", "[migrate]\nsession = [\"SELEC 1\"]\n").migration("2_s", "SELECT 1", "");
        project.expect(1, &["migrate", "up"]).says(&["statement 1 of `migrate.session`"]);
    });
}

#[test]
fn a_server_that_speaks_is_heard() {
    on_postgres(|project| {
        let project =
            project.migration("1_n", "DO $$ BEGIN RAISE WARNING 'look here'; RAISE NOTICE 'by the way'; END $$;", "");
        let run = project.ok(&["migrate", "up"]);
        run.says(&["warning: `1_n`: look here"]).says_nothing_of(&["by the way"]);
    });
}

#[test]
fn a_lock_timeout_is_busy_after_retries() {
    on_postgres(|project| {
        let project = project
            .migration("1_t", "CREATE TABLE t (a INT);", "")
            .variable("DBTOOL_MIGRATE_LOCK_TIMEOUT", "100ms")
            .variable("DBTOOL_RETRY_ATTEMPTS", "2");
        project.ok(&["migrate", "up"]);
        let project = project.migration("2_t", "ALTER TABLE t ADD COLUMN b INT;", "");
        let mut session = project.session();
        session.execute("BEGIN; LOCK TABLE t").unwrap();
        project.expect(7, &["migrate", "up"]).says(&["error[migrate/lock-timeout]", "retrying", "SQLSTATE 55P03"]);
        session.execute("ROLLBACK").unwrap();
        project.ok(&["migrate", "up"]);
    });
}

#[test]
fn an_environment_of_several_sets_takes_its_own() {
    let project = Project::sqlite()
        .file("migrations/sqlite/1_a/up.sql", "CREATE TABLE a (id INT)")
        .file("migrations/postgres/1_a/up.sql", "CREATE TABLE a (id UUID)");
    project.ok(&["migrate", "up"]);
    assert!(project.schema().contains("id INT"));
    let project = Project::sqlite().file("migrations/postgres/1_a/up.sql", "CREATE TABLE a (id UUID)");
    project.expect(2, &["migrate", "up"]).says(&["error[source/directory]", "migrations for postgres"]);
}

#[test]
fn new_migrations_come_after_every_other() {
    let project = Project::sqlite().file("migrations/.keep", "");
    let made = project.ok(&["migrate", "new", "Create Users"]);
    assert_eq!(made.stdout.lines().count(), 3, "{made}");
    assert!(made.stdout.contains("_create_users/up.sql"), "{made}");
    project.ok(&["migrate", "new", "create_orders"]);
    let status = project.json(0, &["migrate", "status"]);
    let names: Vec<_> = status["migrations"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["create_users", "create_orders"], "two within a second keep their order");
    // The text of a new migration is a comment: it can be applied as it is, but hardly on purpose.
    project.ok(&["migrate", "up"]).says(&["up.sql` has not been written yet", "migrate down"]);
    let down = project.ok(&["migrate", "down"]);
    down.says(&["down.sql` has not been written yet", "stays"]);
    assert!(!down.stderr.contains("take it back"), "{down}");
    project.expect(2, &["migrate", "new", "both", "--backend", "all"]).says(&["would hide them"]);
    let several = Project::sqlite().file("migrations/.keep", "");
    several.ok(&["migrate", "new", "both", "--backend", "all"]);
    assert!(several.path("migrations/postgres").is_dir() && several.path("migrations/sqlite").is_dir());
    several.ok(&["migrate", "generate", "more"]);
    assert_eq!(several.json(0, &["migrate", "list"])["summary"]["pending"], 2);
    project.expect(2, &["migrate", "new", "a/b"]).says(&["not a name for a migration"]);
}

#[test]
fn a_carriage_return_ends_a_comment_as_the_server_has_it() {
    on_postgres(|project| {
        let project = project.plain_migration("1_a", "CREATE TABLE a();\r-- note\rCREATE TABLE b();\r", "").migration(
            "2_c",
            "CREATE TABLE c();\r-- note\rCREATE TABLE d();\r",
            "",
        );
        project.ok(&["migrate", "up"]);
        assert_eq!(
            project.query(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('a', 'b', 'c', 'd')"
            ),
            ["4"]
        );
        let project = project.migration("3_e", "CREATE TABLE e();\r-- note\rCOMMIT;\r", "");
        project.expect(2, &["migrate", "up"]).says(&["error[sql/transaction-control]"]);
    });
}

#[test]
fn logging_changes_nothing_of_how_a_file_runs() {
    on_postgres(|project| {
        let up = "CREATE TABLE b (t TEXT);\nINSERT INTO b SELECT E'x'\n'\\';\\'';\nSELECT set_config('x.y', txid_current()::text, true);";
        let project = project.migration("1_b", up, "");
        let project = project.variable("DBTOOL_LOG_SQL", "all");
        project.ok(&["migrate", "up"]).says(&["CREATE TABLE b (t TEXT)", "INSERT INTO b SELECT ?"]);
        assert_eq!(project.query("SELECT t FROM b"), ["x';'"]);
    });
}

#[test]
fn six_new_migrations_at_once_have_six_versions() {
    // Versions that are no times stand beside those that are.
    let project = Project::sqlite().migration("3_old", "SELECT 1;", "");
    let spawn = |number: i32| project.command(&["migrate", "new", &format!("m{number}")]).spawn().unwrap();
    let children: Vec<_> = (0..6).map(spawn).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(project.json(0, &["migrate", "status"])["summary"]["pending"], 7);
}

#[cfg(unix)]
#[test]
fn files_with_odd_names_are_passed_over() {
    use std::os::unix::ffi::OsStrExt as _;
    let project = Project::sqlite().migration("1_a", "SELECT 1;", "");
    std::fs::write(project.path("migrations").join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt")), "x").unwrap();
    project.ok(&["migrate", "up"]);
    std::fs::create_dir(project.path("migrations").join(std::ffi::OsStr::from_bytes(b"caf\xe9"))).unwrap();
    project.expect(2, &["migrate", "up"]).says(&["is not UTF-8"]);
}

#[test]
fn an_isolation_level_can_begin_a_file() {
    on_postgres(|project| {
        let project = project.migration("1_a", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nCREATE TABLE a ();", "");
        project.ok(&["migrate", "up"]);
    });
}

#[test]
fn what_is_masked_in_one_file_hides_nothing_in_another() {
    on_postgres(|project| {
        let role = format!("app_{}", std::process::id());
        let project = project
            .migration("1_role", &format!("CREATE ROLE {role} PASSWORD '{role}';"), &format!("DROP ROLE {role};"))
            .plain_migration(
                "2_x",
                &format!("CREATE TABLE a ();\nGRANT SELECT ON a TO {role};\nINSERT INTO nowhere VALUES (1);"),
                "DROP TABLE a;",
            );
        project.expect(5, &["migrate", "up"]);
        project.session().execute("CREATE TABLE nowhere (i INT)").unwrap();
        project.ok(&["migrate", "repair", "--retry", "--reason", "x"]);
        project.ok(&["migrate", "history", "1"]).says(&["the files are as they ran"]);
        project.ok(&["migrate", "down", "--steps", "2"]);
    });
}
