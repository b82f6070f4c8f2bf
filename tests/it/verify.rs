//! `migrate verify`: what each migration comes to on a scratch database.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use dbtool::backend::Backend;
use serde_json::Value;

use crate::private::Private;
use crate::support::{Project, Run, on_each_backend, on_postgres, on_servers, root, server};

const USERS: &str = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20));\n";

/// The verdict of each migration, by version.
fn verdicts(report: &Value) -> BTreeMap<&str, &str> {
    report["migrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|migration| (migration["version"].as_str().unwrap(), migration["verdict"].as_str().unwrap()))
        .collect()
}

/// What is said of one migration.
fn of<'r>(report: &'r Value, version: &str) -> &'r Value {
    report["migrations"].as_array().unwrap().iter().find(|one| one["version"] == version).unwrap()
}

fn first(report: &Value, version: &str) -> String {
    of(report, version)["first_difference"].as_str().unwrap_or_default().to_owned()
}

fn notes(report: &Value, version: &str) -> String {
    of(report, version)["notes"].to_string()
}

/// The scratch databases that are there now, of this server or in the directory for temporary files.
fn scratch(project: &Project) -> Vec<String> {
    match project.backend {
        Backend::Sqlite => std::fs::read_dir(project.path("tmp"))
            .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default(),
        Backend::Postgres => project.query("SELECT datname FROM pg_database WHERE datname LIKE 'dbtool\\_scratch\\_%'"),
        Backend::Mysql => project.query("SHOW DATABASES LIKE 'dbtool\\_scratch\\_%'"),
    }
}

/// With temporary files of its own.
fn own_temporary(project: Project) -> Project {
    let directory = project.path("tmp");
    std::fs::create_dir(&directory).unwrap();
    project.variable("TMPDIR", directory.to_str().unwrap())
}

#[test]
fn every_kind_of_wrong_down_is_found_and_no_right_one_accused() {
    on_each_backend(|project| {
        let drop_index = project.by_backend("DROP INDEX i;", "DROP INDEX i;", "DROP INDEX i ON users;");
        let project = own_temporary(project)
            .migration("01_users", USERS, "DROP TABLE users;\n")
            .migration("02_index", "CREATE INDEX i ON users (name);\n", drop_index)
            .migration("03_left", "CREATE TABLE a (id INT);\nCREATE TABLE b (id INT);\n", "DROP TABLE a;\n")
            .migration("04_nothing", "CREATE TABLE c (id INT);\n", "-- nothing to do\n")
            .migration("05_broken", "CREATE TABLE d (id INT);\n", "DROP TABLE dd;\n")
            .migration("06_one_way", "CREATE TABLE e (id INT);\n", "")
            .migration("07_rows_only", "INSERT INTO users VALUES (7, 'seven');\n", "DELETE FROM users WHERE id = 7;\n")
            .migration("08_rows_stay", "INSERT INTO users VALUES (8, 'eight');\n", "-- keep them\n")
            .migration("09_comment_only", "-- nothing\n", "-- nothing\n")
            .migration("10_last", "CREATE TABLE f (id INT);\n", "DROP TABLE f;\n");
        let child = project.command(&["migrate", "verify", "-o", "json"]).spawn().unwrap();
        // Other tests have theirs on the same server.
        let own = format!("_{}_", child.id());
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 4, "{run}");
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let expected = [
            ("01", "ok"),
            ("02", "ok"),
            ("03", "differs"),
            ("04", "does_nothing"),
            ("05", "fails"),
            ("06", "irreversible"),
            ("07", "ok"),
            // The second up cannot insert what is there.
            ("08", "fails"),
            ("09", "ok"),
            ("10", "ok"),
        ];
        assert_eq!(verdicts(&report), BTreeMap::from(expected), "on {}\n{report:#}", project.backend);
        assert_eq!(first(&report, "03"), "after down, table `b` is left over");
        assert_eq!(first(&report, "04"), "after down, table `c` is left over");
        assert!(first(&report, "05").starts_with("down fails at line 1: "), "{}", first(&report, "05"));
        assert!(first(&report, "08").starts_with("the second up fails"), "{}", first(&report, "08"));
        assert!(of(&report, "01")["duration_ms"].is_u64());
        assert!(!scratch(&project).iter().any(|name| name.contains(&own)), "on {}", project.backend);
        // Nothing of it reached the database itself.
        assert!(project.states().split(' ').all(|state| state.ends_with(":pending")));
    });
}

#[test]
fn the_page_has_a_line_for_each_migration() {
    let project = Project::sqlite()
        .migration("1_users", USERS, "DROP TABLE users;\n")
        .migration("2_more", "ALTER TABLE users ADD COLUMN more TEXT;\n", "-- not undone\n")
        .migration("3_one_way", "CREATE TABLE one_way (a INTEGER);\n", "");
    let run = project.expect(4, &["migrate", "verify"]);
    insta::assert_snapshot!(run.normal(&project), @r"
    ok            1_users  [took]
    does nothing  2_more  [took]
                  after down, column `users.more` is left over
    irreversible  3_one_way  [took]
    ---
    sqlite://[dir]/test.db
    3 migrations: 1 ok, 1 irreversible, 1 does nothing
    ");
    project.expect(0, &["migrate", "verify", "--since", "3"]);
    project.expect(4, &["migrate", "verify", "--since", "3", "--strict"]);
    project.expect(10, &["migrate", "verify", "--since", "7"]).says(&["there is no migration `7`"]);
}

#[test]
fn an_up_that_fails_ends_it() {
    on_each_backend(|project| {
        let project = project
            .migration("1_users", USERS, "DROP TABLE users;\n")
            .migration("2_broken", "INSERT INTO nowhere VALUES (1);\n", "")
            .migration("3_later", "CREATE TABLE later (a INT);\n", "DROP TABLE later;\n");
        let report = project.json(4, &["migrate", "verify"]);
        assert_eq!(verdicts(&report), BTreeMap::from([("1", "ok"), ("2", "fails")]));
        assert!(first(&report, "2").starts_with("up fails at line 1: "));
        assert_eq!(report["not_verified"], 1);
    });
}

#[test]
fn lost_rows_are_named() {
    on_each_backend(|project| {
        let users = |columns: &str| {
            format!("CREATE TABLE people (id INTEGER NOT NULL, {columns}, CONSTRAINT people_key PRIMARY KEY (id));\n")
        };
        let project = project
            .migration("1_people", &users("name VARCHAR(20)"), "DROP TABLE people;\n")
            .migration(
                "2_drop_name",
                "ALTER TABLE people DROP COLUMN name;\nALTER TABLE people ADD COLUMN other VARCHAR(20);\n",
                "ALTER TABLE people DROP COLUMN other;\nALTER TABLE people ADD COLUMN name VARCHAR(20);\n",
            )
            .migration(
                "3_rename",
                "ALTER TABLE people RENAME COLUMN other TO title;\n",
                "ALTER TABLE people RENAME COLUMN title TO other;\n",
            )
            .migration("4_rename", "ALTER TABLE people RENAME TO users;\n", "ALTER TABLE users RENAME TO people;\n")
            .migration("5_back", "ALTER TABLE users RENAME TO people;\n", "ALTER TABLE people RENAME TO users;\n")
            .migration("6_empty", "DELETE FROM people;\n", "SELECT 1;\n")
            .migration("7_drop", "DROP TABLE people;\n", &users("title VARCHAR(20)"));
        let report = project.json(0, &["migrate", "verify"]);
        let lost = |version: &str| {
            let one = |loss: &Value| {
                let column = loss["column"].as_str().map(|column| format!(".{column}")).unwrap_or_default();
                format!("{} {}{column} {}", loss["by"].as_str().unwrap(), loss["table"].as_str().unwrap(), loss["rows"])
            };
            of(&report, version)["lost_rows"].as_array().unwrap().iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let expected = [
            ("1", ""),
            ("2", "up people.name 1"),
            ("3", ""),
            ("4", ""),
            ("5", ""),
            ("6", "up people 2"),
            ("7", "up people 2"),
        ];
        for (version, losses) in expected {
            assert_eq!(lost(version), losses, "{version} on {}\n{report:#}", project.backend);
        }
    });
}

#[test]
fn what_only_fails_with_rows_is_a_note() {
    on_each_backend(|project| {
        // MySQL and MariaDB fill the new column by themselves.
        let up = project.by_backend(
            "ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;\n",
            "ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;\n",
            "ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;\nALTER TABLE users ADD CONSTRAINT adult CHECK (age > 17);\n",
        );
        let down = project.by_backend(
            "ALTER TABLE users DROP COLUMN age;\n",
            "ALTER TABLE users DROP COLUMN age;\n",
            "ALTER TABLE users DROP CONSTRAINT adult;\nALTER TABLE users DROP COLUMN age;\n",
        );
        if project.backend == Backend::Sqlite {
            // It refuses such a column whether there are rows or not.
            return;
        }
        let project = project
            .migration("1_users", USERS, "DROP TABLE users;\n")
            .migration("2_age", up, down)
            .migration("3_later", "CREATE TABLE later (a INT);\n", "DROP TABLE later;\n");
        let report = project.json(0, &["migrate", "verify"]);
        assert_eq!(verdicts(&report), BTreeMap::from([("1", "ok"), ("2", "ok"), ("3", "ok")]));
        assert!(notes(&report, "2").contains("with rows in its tables, up fails at line "), "{report:#}");
        assert_eq!(notes(&report, "3"), "[]");
    });
}

#[test]
fn rows_are_given_to_tables_with_checks_and_keys() {
    on_each_backend(|project| {
        let directory = root().join("migrations");
        let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
        let report = project.json(0, &["migrate", "verify"]);
        let all = report["migrations"].as_array().unwrap();
        assert_eq!(all.len(), std::fs::read_dir(directory.join("sqlite")).unwrap().count());
        for one in all {
            assert_eq!((&one["verdict"], &one["notes"]), (&"ok".into(), &Value::Array(Vec::new())), "{report:#}");
        }
    });
}

#[test]
fn a_table_that_could_not_be_given_a_row_is_named() {
    on_each_backend(|project| {
        let table = "CREATE TABLE strange (a INTEGER NOT NULL, b INTEGER NOT NULL, CHECK (a * b = 391 AND a > b));\n";
        let project = project.migration("1_strange", table, "DROP TABLE strange;\n").migration(
            "2_next",
            "CREATE TABLE next (a INTEGER);\n",
            "DROP TABLE next;\n",
        );
        let report = project.json(0, &["migrate", "verify"]);
        assert!(notes(&report, "2").contains("without a row, since none could be made: `strange`"), "{report:#}");
    });
}

#[test]
fn whether_the_order_matters_is_told() {
    on_each_backend(|project| {
        let project = project.migration("1_users", USERS, "").migration(
            "3_copy",
            "CREATE TABLE copy AS SELECT * FROM users;\n",
            "",
        );
        project.ok(&["migrate", "up"]);
        let project = project.migration("2_age", "ALTER TABLE users ADD COLUMN age INTEGER;\n", "").migration(
            "4_other",
            "CREATE TABLE other (a INTEGER);\n",
            "",
        );
        let report = project.json(0, &["migrate", "verify"]);
        assert!(
            notes(&report, "2")
                .contains("the order matters: column `copy.age` is only there in the order of the versions"),
            "{report:#}"
        );
        assert_eq!(notes(&report, "4"), "[]");
        project.write("migrations/2_age/up.sql", "CREATE TABLE apart (a INTEGER);\n");
        let report = project.json(0, &["migrate", "verify"]);
        assert!(notes(&report, "2").contains("the order does not matter"), "{report:#}");
    });
}

#[test]
fn the_order_of_triggers_is_a_note() {
    let trigger = |name: &str| format!("CREATE TRIGGER {name} AFTER INSERT ON t BEGIN DELETE FROM log; END;\n");
    let project = Project::sqlite()
        .migration(
            "1_t",
            &format!("CREATE TABLE t (a); CREATE TABLE log (a);\n{}{}", trigger("one"), trigger("two")),
            "DROP TABLE t; DROP TABLE log;",
        )
        .migration("2_less", "DROP TRIGGER one;", &trigger("one"));
    let report = project.json(0, &["migrate", "verify"]);
    assert_eq!(of(&report, "2")["verdict"], "ok", "{report:#}");
    assert!(notes(&report, "2").contains("trigger `t.one` has another order"), "{report:#}");
}

#[test]
fn text_comments_and_column_order_are_notes() {
    on_each_backend(|project| {
        let project = project
            .migration("1_t", "CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER);\n", "DROP TABLE t;\n")
            .migration("2_b", "ALTER TABLE t DROP COLUMN b;\n", "ALTER TABLE t ADD COLUMN b INTEGER;\n")
            .migration("3_view", "CREATE VIEW v AS SELECT a FROM t;\n", "DROP VIEW v;\n")
            .migration(
                "4_view",
                "DROP VIEW v;\nCREATE VIEW v AS SELECT a FROM t WHERE a > 1;\n",
                "DROP VIEW v;\nCREATE VIEW v AS SELECT a FROM t WHERE a > 2;\n",
            );
        let report = project.json(0, &["migrate", "verify"]);
        assert_eq!(of(&report, "2")["verdict"], "ok", "{report:#}");
        assert!(notes(&report, "2").contains("another column order"), "{report:#}");
        assert_eq!(of(&report, "4")["verdict"], "ok", "{report:#}");
        assert!(notes(&report, "4").contains("after down, view `v` has another body"), "{report:#}");
    });
}

#[test]
fn checks_are_run_too() {
    let project = Project::sqlite()
        .migration("1_users", USERS, "DROP TABLE users;\n")
        .file("migrations/1_users/verify.sql", "SELECT 'wrong' WHERE NOT EXISTS (SELECT 1 FROM users)\n");
    let report = project.json(4, &["migrate", "verify"]);
    assert_eq!(of(&report, "1")["verdict"], "fails");
    assert!(first(&report, "1").contains("found 1 row"), "{report:#}");
}

#[test]
fn a_protected_environment_is_never_tried_out_on_its_server() {
    on_servers(|project| {
        let toml = |more: &str| format!("[env.prod]\nurl = \"{}\"\nprotected = true\n{more}", project.url);
        let project_url = project.url.clone();
        let project = Project::on(project.backend)
            .unwrap()
            .migration("1_users", USERS, "DROP TABLE users;\n")
            .file("dbtool.toml", toml(""));
        let refused = project.expect(9, &["migrate", "verify", "--env", "prod", "--confirm", "prod"]);
        refused.says(&["error[scratch/place]", "`scratch_url` in `[env.prod]` names another server"]);
        // The same server under another name is the same server.
        let local = project_url.replace("127.0.0.1", "localhost");
        project.write("dbtool.toml", toml(&format!("scratch_url = \"{local}\"\n")));
        project.expect(9, &["migrate", "verify", "--env", "prod"]).says(&["error[scratch/place]"]);
    });
    let project = Project::sqlite().migration("1_users", USERS, "DROP TABLE users;\n");
    project.write("dbtool.toml", format!("[env.prod]\nurl = \"{}\"\nprotected = true\n", project.url));
    project.ok(&["migrate", "verify", "--env", "prod"]);
}

#[test]
fn another_server_takes_what_reaches_beyond_a_database() {
    let Some(other) = Private::start(Backend::Postgres, "secret-of-scratch", |_| Vec::new()) else { return };
    let Some(project) = Project::on(Backend::Postgres) else { return };
    let project = project.migration("1_role", "CREATE ROLE dbtool_test_beyond;\n", "DROP ROLE dbtool_test_beyond;\n");
    let refused = project.expect(9, &["migrate", "verify"]);
    refused.says(&["error[scratch/reaches-beyond]", "the statement changes a role", "up.sql:1:1", "`scratch_url`"]);
    let toml = format!(
        "[env.dev]\nurl = \"{}\"\nscratch_url = \"postgres://postgres:${{SCRATCH}}@127.0.0.1:{}/postgres\"\n",
        project.url, other.port
    );
    let project = project.file("dbtool.toml", toml).variable("SCRATCH", "secret-of-scratch");
    let run = project.ok(&["migrate", "verify"]);
    run.says_nothing_of(&["secret-of-scratch"]);
    assert!(project.query("SELECT 1 FROM pg_roles WHERE rolname = 'dbtool_test_beyond'").is_empty());
    // One that is not used need not be reachable, nor even be written right.
    let toml = format!("[env.dev]\nurl = \"{}\"\nscratch_url = \"${{NOWHERE}}\"\n", project.url);
    project.write("dbtool.toml", toml);
    project.ok(&["migrate", "status"]);
    project.expect(2, &["migrate", "verify"]).says(&["the variable `NOWHERE` is not set"]);
}

#[test]
fn a_scratch_database_goes_when_it_is_interrupted() {
    on_servers(|fresh| {
        let sleep = fresh.by_backend("", "SELECT pg_sleep(60);\n", "DO SLEEP(60);\n");
        let project = fresh.migration("1_long", sleep, "");
        let child = project.command(&["migrate", "verify"]).spawn().unwrap();
        let begun = Instant::now();
        let running = project.by_backend(
            "",
            "SELECT 1 FROM pg_stat_activity WHERE datname LIKE 'dbtool\\_scratch%' AND query LIKE '%pg_sleep(60)%' AND state = 'active'",
            "SELECT 1 FROM information_schema.processlist WHERE db LIKE 'dbtool\\_scratch%' AND info LIKE '%SLEEP(60)%'",
        );
        while project.query(running).is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it never came to that point");
            std::thread::sleep(Duration::from_millis(20));
        }
        let own = format!("_{}_", child.id());
        assert!(scratch(&project).iter().any(|name| name.contains(&own)));
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 130, "{run}");
        assert!(!scratch(&project).iter().any(|name| name.contains(&own)), "{run}");
    });
}

#[test]
fn what_killed_runs_have_left_is_cleared_away() {
    on_each_backend(|project| {
        let project = own_temporary(project).migration("1_users", USERS, "DROP TABLE users;\n");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let (old, young) = (format!("dbtool_scratch_{}_1_0", now - 7_300), format!("dbtool_scratch_{now}_1_0"));
        for name in [&old, &young] {
            match project.backend {
                Backend::Sqlite => {
                    project.write(&format!("tmp/{name}/scratch.db"), "");
                }
                _ => project.session().execute(&format!("CREATE DATABASE {name}")).unwrap(),
            }
        }
        project.ok(&["migrate", "verify"]);
        let left = scratch(&project);
        assert!(!left.contains(&old) && left.contains(&young), "{left:?}");
        if let Some(server) = server(project.backend) {
            project.session_on(&server).execute(&format!("DROP DATABASE {young}")).unwrap();
        }
    });
}

#[test]
fn who_may_not_make_databases_is_told() {
    on_servers(|project| {
        let project = project.migration("1_users", USERS, "DROP TABLE users;\n");
        let user = format!("u{}", std::process::id());
        let database = project.database().to_owned();
        let (make, drop, url) = project.by_backend(
            (String::new(), String::new(), String::new()),
            (
                format!("CREATE ROLE {user} LOGIN PASSWORD 'p'; GRANT ALL ON DATABASE {database} TO {user}"),
                format!("DROP OWNED BY {user}; DROP ROLE {user}"),
                project.url.replace("postgres@", &format!("{user}:p@")),
            ),
            (
                format!("CREATE USER {user}@'%' IDENTIFIED BY 'p'; GRANT ALL ON {database}.* TO {user}@'%'"),
                format!("DROP USER {user}@'%'"),
                project.url.replace("root@", &format!("{user}:p@")),
            ),
        );
        if url == project.url {
            return;
        }
        let mut session = project.session();
        make.split("; ").for_each(|sql| session.execute(sql).unwrap());
        let run = project.run(&["migrate", "verify", "--url", &url]);
        drop.split("; ").for_each(|sql| session.execute(sql).unwrap());
        assert_eq!(run.code, 9, "{run}");
        run.says(&["cannot make a scratch database: the user may not make databases", "`scratch_url`"]);
    });
}

/// The screen of the guide to verification is what is printed, and its commands work.
#[test]
fn the_guide_to_verification_works_as_it_stands() {
    let guide = std::fs::read_to_string(root().join("docs/verification.md")).unwrap();
    let project = Project::sqlite().without_variable("DATABASE_URL");
    let (mut commands, mut screens) = (0, 0);
    for (info, text) in crate::docs::blocks(&guide) {
        if let Some(file) = info.split("file=").nth(1) {
            project.write(file, text);
        } else if info == "sh" {
            for line in text.lines() {
                let args: Vec<&str> = line.split_whitespace().skip(1).collect();
                project.ok(&args);
                commands += 1;
            }
        } else if let Some(screen) = text.strip_prefix("$ dbtool migrate verify --since 20260301\n") {
            let run = project.expect(4, &["migrate", "verify", "--since", "20260301"]);
            let printed = run.normal(&project).replace("---\n", "").replace("sqlite://[dir]/dev.db\n", "");
            assert_eq!(printed, screen.replace("2 ms", "[took]"));
            screens += 1;
        }
    }
    assert_eq!((commands, screens), (11, 1));
}

#[test]
fn each_run_has_a_connection_of_its_own() {
    on_each_backend(|project| {
        // What is temporary, or set, is gone by the time that a person reverts it.
        let set = project.by_backend(
            "PRAGMA user_version;\n",
            "SELECT pg_catalog.set_config('search_path', '', false);\n",
            "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';\n",
        );
        let temporary = format!("CREATE TEMPORARY TABLE stage (a INTEGER);\n{set}");
        let project = project
            .migration("1_users", USERS, "DROP TABLE users;\n")
            .migration("2_stage", &temporary, "SELECT 1;\n")
            .migration("3_again", &temporary, "SELECT 1;\n")
            .migration("4_last", "CREATE TABLE last (a INTEGER);\n", "DROP TABLE last;\n");
        let report = project.json(0, &["migrate", "verify"]);
        assert!(verdicts(&report).values().all(|verdict| *verdict == "ok"), "{report:#}");
    });
}

/// The questions to PostgreSQL are left prepared, and prepared anew for a schema that has grown.
#[test]
fn a_schema_is_read_whatever_becomes_of_what_was_prepared() {
    on_postgres(|project| {
        let loop_of =
            |what: &str| format!("DO $$ BEGIN FOR n IN 1..90 LOOP EXECUTE format('{what}', n); END LOOP; END $$;\n");
        let project = project
            .migration("1_users", USERS, "DROP TABLE users;\n")
            .migration("2_forgets", "DEALLOCATE ALL;\nCREATE TABLE b (a INT);\n", "DROP TABLE b;\nDEALLOCATE ALL;\n")
            .migration(
                "3_grows",
                &loop_of("CREATE TABLE t%s (a INT PRIMARY KEY, b TEXT, c INT DEFAULT 5 UNIQUE)"),
                &loop_of("DROP TABLE t%s"),
            )
            .migration("4_left", "CREATE TABLE c (id INTEGER);\n", "SELECT 1;\n")
            .migration("5_column", "ALTER TABLE t90 ADD d INT;\n", "ALTER TABLE t90 DROP d;\n")
            .migration("6_comment", "COMMENT ON COLUMN t7.b IS 'x';\nCOMMENT ON TABLE t8 IS 'y';\n", "SELECT 1;\n");
        let report = project.json(4, &["migrate", "verify"]);
        let expected = [("1", "ok"), ("2", "ok"), ("3", "ok"), ("4", "does_nothing"), ("5", "ok"), ("6", "ok")];
        assert_eq!(verdicts(&report), BTreeMap::from(expected), "{report:#}");
        let told = notes(&report, "6");
        assert!(told.contains("`t7.b` has another comment") && told.contains("`t8` has another comment"), "{told}");
    });
}

#[test]
fn a_file_with_its_own_transaction_ends_nothing() {
    on_each_backend(|project| {
        let project = project
            .migration("1_users", &format!("BEGIN;\n{USERS}COMMIT;\n"), "DROP TABLE users;\n")
            .migration("2_left", "CREATE TABLE b (id INTEGER);\n", "SELECT 1;\n");
        let report = project.json(4, &["migrate", "verify"]);
        assert_eq!(verdicts(&report), BTreeMap::from([("1", "ok"), ("2", "does_nothing")]), "{report:#}");
        let told = notes(&report, "1").contains("`up` refuses it without `allow_commit = true`");
        assert_eq!(told, project.backend.transactional_ddl(), "{report:#}");
    });
}

#[test]
fn what_stands_before_a_file_that_reaches_beyond_is_verified() {
    on_servers(|project| {
        let project = project
            .migration("1_users", USERS, "DROP TABLE users;\n")
            .migration("2_left", "CREATE TABLE b (id INTEGER);\n", "SELECT 1;\n")
            .migration("3_role", "CREATE ROLE dbtool_test_never;\n", "DROP ROLE dbtool_test_never;\n");
        let run = project.expect(4, &["migrate", "verify", "-o", "json"]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(verdicts(&report), BTreeMap::from([("1", "ok"), ("2", "does_nothing")]));
        assert_eq!(report["not_verified"], 1);
        run.says(&["it and those after it were not verified", "migrate/verify"]);
        project.write("migrations/2_left/down.sql", "DROP TABLE b;\n");
        project.expect(9, &["migrate", "verify"]).says(&["error[scratch/reaches-beyond]", "3_role/up.sql:1:1"]);
        let run = project.expect(9, &["migrate", "verify", "--since", "3"]);
        run.says(&["error[scratch/reaches-beyond]"]).says_nothing_of(&["there is nothing to verify"]);
    });
}

#[test]
fn what_is_left_over_and_in_use_stays() {
    on_servers(|project| {
        let project = project.migration("1_users", USERS, "DROP TABLE users;\n");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let old = format!("dbtool_scratch_{}_{}_0", now - 7_300, std::process::id());
        let mut session = project.session();
        session.execute(&format!("CREATE DATABASE {old}")).unwrap();
        let used = project.session_on(&project.url.replace(project.database(), &old));
        let begun = Instant::now();
        let run = project.ok(&["migrate", "verify"]);
        run.says(&[&format!("`{old}` was left over by an earlier run, and stays: somebody is connected to it")]);
        assert!(begun.elapsed() < Duration::from_secs(60), "it waited for somebody to leave");
        assert!(scratch(&project).contains(&old));
        drop(used);
        let begun = Instant::now();
        while scratch(&project).contains(&old) && begun.elapsed() < Duration::from_secs(20) {
            let _ = session.execute(&format!("DROP DATABASE IF EXISTS {old}"));
        }
    });
}

#[test]
fn a_check_that_is_refused_has_its_place() {
    let project = Project::sqlite()
        .migration("1_users", USERS, "DROP TABLE users;\n")
        .file("migrations/1_users/verify.sql", "SELECT 1 WHERE 1 > 2;\nDELETE FROM users;\n");
    let report = project.json(4, &["migrate", "verify"]);
    let told = first(&report, "1");
    assert!(told.starts_with("up cannot be run: ") && told.ends_with("(verify.sql:2)"), "{told}");
}

#[test]
fn an_interrupted_rehearsal_says_that_it_was_one() {
    on_servers(|fresh| {
        let sleep = fresh.by_backend("", "SELECT pg_sleep(61);\n", "DO SLEEP(61);\n");
        let project = fresh.migration("1_long", sleep, "");
        let child = project.command(&["migrate", "up", "--rehearse"]).spawn().unwrap();
        let begun = Instant::now();
        let running = project.by_backend(
            "",
            "SELECT 1 FROM pg_stat_activity WHERE datname LIKE 'dbtool\\_scratch%' AND query LIKE '%pg_sleep(61)%' AND state = 'active'",
            "SELECT 1 FROM information_schema.processlist WHERE db LIKE 'dbtool\\_scratch%' AND info LIKE '%SLEEP(61)%'",
        );
        while project.query(running).is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it never came to that point");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 130, "{run}");
        run.says(&["the rehearsal was interrupted", "nothing was run on the database itself"]);
        run.says_nothing_of(&["repair", "migrate status"]);
    });
}

#[test]
fn a_reason_is_always_given() {
    let project = Project::sqlite()
        .migration("1_users", USERS, "DROP TABLE users;\n")
        .migration(
            "2_pets",
            "CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES users (id));\n\
             INSERT INTO users VALUES (5, 'five');\nINSERT INTO pets VALUES (1, 5);\n",
            "DELETE FROM users WHERE id = 5;\nDROP TABLE pets;\n",
        )
        .migration("3_drop", "CREATE TABLE more (a INTEGER);\n", "DROP TABLE more;\nDROP TABLE users;\n");
    let report = project.json(4, &["migrate", "verify"]);
    let said = first(&report, "3");
    assert!(
        said.starts_with("down fails: the migration would leave rows whose foreign keys refer to nothing: "),
        "{said}"
    );
}

#[test]
fn no_other_database_of_a_server_is_reached() {
    let Some(other) = Project::on(Backend::Mysql) else { return };
    let name = other.database().to_owned();
    for sql in [
        format!("CREATE TABLE t (a INT);\nDROP TABLE t, {name}.keep;\n"),
        format!("TRUNCATE `{name}`.keep;\n"),
        format!("CREATE TABLE t (a INT);\nUPDATE t, {name}.keep k SET k.a = 2;\n"),
        format!("CREATE TABLE t (a INT);\nRENAME TABLE t TO {name}.moved;\n"),
    ] {
        other.session().execute("CREATE TABLE IF NOT EXISTS keep (a INT)").unwrap();
        let project = Project::on(Backend::Mysql).unwrap().migration("1_reach", &sql, "");
        let run = project.expect(9, &["migrate", "verify"]);
        run.says(&["error[scratch/reaches-beyond]", &format!("the database `{name}`, which it names")]);
        assert_eq!(other.query("SHOW TABLES"), ["keep"], "{sql}");
    }
}

#[test]
fn a_scratch_file_goes_when_the_process_leaves_at_once() {
    let long = "CREATE TABLE t (a INTEGER);\nWITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 300000000) \
                INSERT INTO t SELECT max(n) FROM r;\n";
    let project = own_temporary(Project::sqlite()).migration("1_long", long, "");
    let child = project.command(&["migrate", "verify"]).spawn().unwrap();
    let begun = Instant::now();
    while scratch(&project).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came to that point");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 130, "{run}");
    assert_eq!(scratch(&project), [""; 0]);
}

#[test]
fn a_scratch_directory_must_be_there() {
    let project = Project::sqlite().migration("1_users", USERS, "DROP TABLE users;\n");
    project.write("dbtool.toml", format!("[env.dev]\nurl = \"{}\"\nscratch_url = \"sqlite://nowhere\"\n", project.url));
    project.expect(2, &["migrate", "verify"]).says(&["`scratch_url` names", "which is no directory"]);
    std::fs::create_dir(project.path("nowhere")).unwrap();
    project.ok(&["migrate", "verify"]);
    assert_eq!(std::fs::read_dir(project.path("nowhere")).unwrap().count(), 0);
}

#[test]
fn a_text_that_is_run_may_reach_beyond_too() {
    on_servers(|project| {
        let (constant, elsewhere, ordinary) = project.by_backend(
            ("", "", ""),
            (
                "DO $$ BEGIN EXECUTE 'CREATE ROLE dbtool_test_never'; END $$;\n",
                "CREATE TABLE todo (what TEXT);\nINSERT INTO todo VALUES ('CREATE ROLE dbtool_test_never');\n\
                 DO $$ DECLARE one TEXT; BEGIN FOR one IN SELECT what FROM todo LOOP EXECUTE one; END LOOP; END $$;\n",
                "DO $$ DECLARE one TEXT; BEGIN FOR one IN SELECT 'CREATE TABLE made (a INT)' LOOP EXECUTE one; END LOOP; END $$;\n",
            ),
            (
                "PREPARE s FROM 'CREATE USER dbtool_test_never';\nEXECUTE s;\n",
                "SET @what = 'CREATE USER dbtool_test_never';\nPREPARE s FROM @what;\nEXECUTE s;\n",
                "SET @what = (SELECT IF(1 = 1, 'CREATE TABLE made (a INT)', 'SELECT 1'));\nPREPARE s FROM @what;\nEXECUTE s;\n",
            ),
        );
        let project = project.migration("1_text", constant, "");
        project.expect(9, &["migrate", "verify"]).says(&[
            "error[scratch/reaches-beyond]",
            "up.sql:1:1",
            "`scratch_url`",
        ]);
        project.write("migrations/1_text/up.sql", elsewhere);
        let refused = project.expect(9, &["migrate", "verify"]);
        refused.says(&["runs a text that is put together elsewhere", "such a text stands at", "`scratch_url`"]);
        project.write("migrations/1_text/up.sql", ordinary);
        project.write("migrations/1_text/down.sql", "DROP TABLE made;\n");
        project.ok(&["migrate", "verify"]);
    });
}

#[test]
fn values_that_are_cut_or_rounded_are_lost() {
    on_each_backend(|project| {
        let cut = |length: u8| {
            project.by_backend(
                format!("UPDATE people SET name = substr(name, 1, {length});\n"),
                format!("ALTER TABLE people ALTER COLUMN name TYPE VARCHAR({length}) USING left(name, {length});\n"),
                format!("UPDATE people SET name = left(name, {length});\nALTER TABLE people MODIFY name VARCHAR({length});\n"),
            )
        };
        let wide = project.by_backend(
            "SELECT 1;\n",
            "ALTER TABLE people ALTER COLUMN name TYPE VARCHAR(30);\n",
            "ALTER TABLE people MODIFY name VARCHAR(30);\n",
        );
        let (round, exact) = project.by_backend(
            ("UPDATE people SET size = round(size, 1);\n", "SELECT 1;\n"),
            (
                "ALTER TABLE people ALTER COLUMN size TYPE NUMERIC(10, 1);\n",
                "ALTER TABLE people ALTER COLUMN size TYPE NUMERIC(10, 3);\n",
            ),
            ("ALTER TABLE people MODIFY size NUMERIC(10, 1);\n", "ALTER TABLE people MODIFY size NUMERIC(10, 3);\n"),
        );
        let people = "CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(30), size NUMERIC(10, 3));\n";
        let cut = cut(5);
        let project = project
            .migration("1_people", people, "DROP TABLE people;\n")
            .migration("2_cut", &cut, wide)
            .migration("3_round", round, exact)
            .migration("4_turn", "UPDATE people SET id = -id;\n", "UPDATE people SET id = -id;\n");
        let report = project.json(0, &["migrate", "verify"]);
        let lost = |version: &str| of(&report, version)["lost_rows"].clone();
        let expected = |column: &str| serde_json::json!([{"table": "people", "column": column, "rows": 1, "changed": true, "by": "up"}]);
        assert_eq!(lost("2"), expected("name"), "on {}\n{report:#}", project.backend);
        assert_eq!(lost("3"), expected("size"), "on {}\n{report:#}", project.backend);
        // What down changes back is not lost.
        assert_eq!(lost("4"), serde_json::json!([]), "on {}\n{report:#}", project.backend);
        let run = project.expect(4, &["migrate", "verify", "--no-loss"]);
        run.says(&["2 with losses"]);
        assert!(run.stdout.contains("up changes 1 value of `people.name`, and down does not bring them back"), "{run}");
    });
}

#[test]
fn what_is_not_written_or_fails_only_with_rows_fails_when_strict() {
    let project = Project::sqlite();
    project.ok(&["migrate", "new", "later"]);
    let run = project.ok(&["migrate", "verify"]);
    run.says(&["1 not written yet"]);
    assert!(run.stdout.contains("note: its up.sql has not been written yet: it does nothing"), "{run}");
    let run = project.expect(4, &["migrate", "verify", "--strict"]);
    assert!(run.stdout.contains("fails with --strict: it is not written yet"), "{run}");
    let Some(project) = Project::on(Backend::Postgres) else { return };
    let project = project.migration("1_users", USERS, "DROP TABLE users;\n").migration(
        "2_age",
        "ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;\n",
        "ALTER TABLE users DROP COLUMN age;\n",
    );
    let report = project.json(0, &["migrate", "verify"]);
    assert_eq!(of(&report, "2")["fails_with_rows"], true);
    project.expect(4, &["migrate", "verify", "--strict"]).says(&["1 failing only with rows"]);
}

#[test]
fn where_it_fails_is_shown() {
    let project = Project::sqlite().migration("1_users", USERS, "SELECT 1;\nDROP TABLE nowhere;\n");
    let run = project.expect(4, &["migrate", "verify"]);
    insta::assert_snapshot!(run.normal(&project), @r"
    fails         1_users  [took]
                  down fails at line 2: no such table: nowhere
                  2 | DROP TABLE nowhere;
                    |            ^
    ---
    sqlite://[dir]/test.db
    1 migration: 1 fails
    ");
}

#[test]
fn a_scratch_database_goes_though_it_became_a_template() {
    let Some(other) = Private::start(Backend::Postgres, "secret-of-scratch", |_| Vec::new()) else { return };
    let Some(project) = Project::on(Backend::Postgres) else { return };
    let template = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I IS_TEMPLATE true', current_database()); END $$;\n";
    let project = project.migration("1_template", template, "SELECT 1;\n");
    let scratch = format!("postgres://postgres:secret-of-scratch@127.0.0.1:{}/postgres", other.port);
    project.write("dbtool.toml", format!("[env.dev]\nurl = \"{}\"\nscratch_url = \"{scratch}\"\n", project.url));
    project.ok(&["migrate", "verify"]);
    let mut session = project.session_on(&scratch);
    let left = session.query("SELECT datname FROM pg_database WHERE datname LIKE 'dbtool\\_scratch\\_%'").unwrap();
    assert!(left.is_empty());
}
