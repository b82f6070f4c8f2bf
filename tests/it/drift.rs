//! `schema diff` and `schema check`: what two schemas do not have in common.

use serde_json::Value;

use crate::support::{Project, on_each_backend, on_mysql, on_postgres};

fn users(project: Project) -> Project {
    project
        .migration(
            "1_users",
            "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20));\n",
            "DROP TABLE users;\n",
        )
        .migration("2_index", "CREATE INDEX idx_users_name ON users (name);\n", "")
}

/// `+ column users.age`, one for each difference.
fn lines(report: &Value) -> Vec<String> {
    let sign = |change: &str| match change {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    };
    let word = |change: &Value, key: &str| change[key].as_str().unwrap().to_owned();
    report["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| format!("{} {} {}", sign(&word(change, "change")), word(change, "kind"), word(change, "name")))
        .collect()
}

#[test]
fn drift_is_what_the_applied_migrations_do_not_make() {
    on_each_backend(|project| {
        let project = users(project);
        project.ok(&["migrate", "up", "--to", "1"]);
        // What is pending is no drift.
        let report = project.json(0, &["schema", "check"]);
        assert_eq!(lines(&report), [""; 0], "{}", project.backend);
        project.ok(&["migrate", "up"]);
        assert_eq!(lines(&project.json(0, &["schema", "check"])), [""; 0]);
        let mut session = project.session();
        session.execute("ALTER TABLE users ADD COLUMN age INTEGER").unwrap();
        session.execute("CREATE TABLE extra (a INTEGER)").unwrap();
        let drop = project.by_backend(
            "DROP INDEX idx_users_name",
            "DROP INDEX idx_users_name",
            "DROP INDEX idx_users_name ON users",
        );
        session.execute(drop).unwrap();
        let report = project.json(4, &["schema", "check"]);
        assert_eq!(lines(&report), ["+ table extra", "+ column users.age", "- index users.idx_users_name"]);
        let run = project.expect(4, &["schema", "check"]);
        assert!(run.stdout.contains("+ table extra\n+ column users.age\n- index users.idx_users_name\n"), "{run}");
        run.says(&["from `migrations` to `live`: 2 added, 1 removed"]);
        // Both ways round.
        let report = project.json(4, &["schema", "diff", "live", "migrations"]);
        assert_eq!(lines(&report), ["- table extra", "- column users.age", "+ index users.idx_users_name"]);
    });
}

#[test]
fn a_change_is_told_field_by_field() {
    on_each_backend(|project| {
        let project = users(project);
        project.ok(&["migrate", "up"]);
        let mut session = project.session();
        let change: &[&str] = project.by_backend(
            &[
                "DROP INDEX idx_users_name",
                "ALTER TABLE users DROP COLUMN name",
                "ALTER TABLE users ADD COLUMN name VARCHAR(30) DEFAULT 'x'",
                "CREATE INDEX idx_users_name ON users (name)",
            ],
            &["ALTER TABLE users ALTER COLUMN name TYPE VARCHAR(30), ALTER COLUMN name SET DEFAULT 'x'"],
            &["ALTER TABLE users MODIFY name VARCHAR(30) DEFAULT 'x'"],
        );
        for sql in change {
            session.execute(sql).unwrap();
        }
        let run = project.expect(4, &["schema", "check"]);
        assert!(run.stdout.starts_with("~ column users.name\n    default: none -> `'x'"), "{run}");
        assert!(run.stdout.contains("(20)` -> ") && run.stdout.contains("(30)`\n"), "{run}");
        let csv = project.expect(4, &["schema", "check", "-o", "csv"]);
        assert!(
            csv.stdout.starts_with("change,kind,name,field,from,to\nchanged,column,users.name,default,none,"),
            "{csv}"
        );
    });
}

#[test]
fn each_side_may_be_another_place() {
    on_each_backend(|project| {
        let other = Project::on(project.backend).unwrap();
        other.session().execute("CREATE TABLE apart (a INTEGER)").unwrap();
        let toml = format!("[env.dev]\nurl = \"{}\"\n\n[env.other]\nurl = \"{}\"\n", project.url, other.url);
        let project = users(project).file("dbtool.toml", toml);
        project.ok(&["migrate", "up"]);
        let dump = project.ok(&["schema", "dump", "-o", "json"]);
        project.write("dumped.json", &dump.stdout);
        project.ok(&["schema", "diff", "live", "dumped.json"]).says(&["`live` and `dumped.json` are the same"]);
        project.ok(&["schema", "diff", "migrations", "dumped.json"]);
        for side in ["env:other", other.url.as_str()] {
            let report = project.json(4, &["schema", "diff", "dumped.json", side]);
            assert_eq!(lines(&report), ["+ table apart", "- table users"], "{side}");
        }
        project.expect(10, &["schema", "diff", "live", "env:othr"]).says(&["did you mean `other`?"]);
        // The settings file is the one that was named.
        std::fs::create_dir(project.path("conf")).unwrap();
        std::fs::rename(project.path("dbtool.toml"), project.path("conf/elsewhere.toml")).unwrap();
        let config = ["--config", "conf/elsewhere.toml"];
        project.expect(4, &[&config[..], &["schema", "diff", "dumped.json", "env:other"]].concat());
    });
}

#[test]
fn what_is_no_schema_is_told() {
    let project = users(Project::sqlite());
    project.ok(&["migrate", "up"]);
    project.expect(1, &["schema", "diff", "live", "nothing.json"]).says(&["nothing.json", "a side is `live`"]);
    project.write("wrong.json", "{\"tables\": 3}");
    project
        .expect(2, &["schema", "diff", "live", "wrong.json"])
        .says(&["error[schema/not-comparable]", "is no dumped schema"]);
    project.write("other.json", "{\"backend\": \"postgres\", \"tables\": []}");
    let run = project.expect(2, &["schema", "diff", "live", "other.json"]);
    run.says(&["a schema of SQLite and one of PostgreSQL cannot be compared"]);
}

#[test]
fn the_file_of_a_database_is_a_side() {
    let project = users(Project::sqlite());
    project.ok(&["migrate", "up"]);
    project.ok(&["schema", "diff", "live", "test.db"]).says(&["are the same"]);
}

#[test]
fn sql_is_no_side_and_a_url_is_told_as_one() {
    let project = users(Project::sqlite());
    project.ok(&["migrate", "up"]);
    let dump = project.ok(&["schema", "dump"]).stdout;
    let project = project.file("dump.sql", dump).file("other.sql", "-- MariaDB dump\nCREATE TABLE a (b INT);\n");
    for file in ["dump.sql", "other.sql"] {
        let run = project.expect(2, &["schema", "diff", file, "live"]);
        run.says(&["is SQL, and a schema is compared as data", "`dbtool schema dump -o json`"]);
    }
    let run = project.expect(8, &["schema", "diff", "live", "sqlite:///nowhere/at.db"]);
    run.says(&["a side of the comparison"]).says_nothing_of(&["--url"]);
}

#[test]
fn what_is_not_on_disk_any_more_is_taken_from_the_journal() {
    on_each_backend(|project| {
        let project = users(project);
        project.ok(&["migrate", "up"]);
        std::fs::remove_dir_all(project.path("migrations/2_index")).unwrap();
        assert_eq!(lines(&project.json(0, &["schema", "check"])), [""; 0]);
        // Of what another tool has applied, nobody knows the text.
        project.session().execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('3')").unwrap();
        project.ok(&["schema", "check"]).says(&["`3` is applied, and its text is nowhere"]);
    });
}

#[test]
fn what_cannot_be_seen_is_never_called_the_same() {
    on_each_backend(|project| {
        let project = users(project);
        project.ok(&["migrate", "up"]);
        let dump = project.json(0, &["schema", "dump"]);
        let mut hidden = dump.clone();
        hidden["not_seen"] = serde_json::json!([{"kind": "view", "schema": null, "name": "hidden"}]);
        project.write("hidden.json", hidden.to_string());
        let run = project.expect(9, &["schema", "diff", "live", "hidden.json"]);
        run.says(&["error[schema/not-seen]", "view `hidden`", "it is not known whether there are differences"]);
        run.says_nothing_of(&["are the same"]);
    });
}

#[test]
fn what_is_not_modelled_is_compared_by_name_and_told() {
    on_postgres(|project| {
        let project = users(project);
        project.ok(&["migrate", "up"]);
        let aggregate = "CREATE AGGREGATE first_of (INTEGER) (SFUNC = int4larger, STYPE = INTEGER)";
        project.session().execute(aggregate).unwrap();
        let report = project.json(4, &["schema", "check"]);
        assert_eq!(lines(&report).len(), 1, "{report:#}");
        assert!(lines(&report)[0].starts_with("+ aggregate first_of"), "{report:#}");
        let run = project.ok(&["schema", "diff", "live", "live"]);
        run.says(&["compared by name, and by definition as far as it is known: ", "first_of"]);
    });
}

#[test]
fn a_rehearsal_comes_before_the_run() {
    on_each_backend(|project| {
        let project = users(project);
        project.ok(&["migrate", "up", "--to", "1", "--rehearse"]).says(&["rehearsed: 1 migration on a scratch copy"]);
        assert_eq!(project.states(), "1:applied 2:pending");
        // Something that the migrations do not know of is in the way.
        let index = "CREATE INDEX idx_users_name ON users (id)";
        project.session().execute(index).unwrap();
        let run = project.expect(4, &["migrate", "up", "--rehearse"]);
        run.says(&["error[migrate/rehearsal]", "up.sql:1:", "nothing was run on the database itself"]);
        assert_eq!(project.states(), "1:applied 2:pending");
        // The journal knows nothing of it either: it did not happen.
        let history = project.json(0, &["migrate", "history"]);
        assert!(!history.to_string().contains("rolled_back"), "{history:#}");
        let drop = project.by_backend(
            "DROP INDEX idx_users_name",
            "DROP INDEX idx_users_name",
            "DROP INDEX idx_users_name ON users",
        );
        project.session().execute(drop).unwrap();
        project.ok(&["migrate", "up", "--rehearse"]);
        assert_eq!(project.states(), "1:applied 2:applied");
        project.ok(&["migrate", "up", "--rehearse"]).says(&["nothing to do"]);
    });
}

#[test]
fn what_one_side_could_not_see_is_no_difference() {
    on_mysql(|project| {
        let project = users(project);
        project.ok(&["migrate", "up"]);
        let (user, database) = (format!("low{}", std::process::id()), project.database().to_owned());
        let mut session = project.session();
        session.execute("CREATE TRIGGER trg BEFORE INSERT ON users FOR EACH ROW SET NEW.name = 'x'").unwrap();
        session.execute(&format!("CREATE USER {user}@'%' IDENTIFIED BY 'p'")).unwrap();
        session.execute(&format!("GRANT SELECT ON {database}.* TO {user}@'%'")).unwrap();
        let low = project.url.replace("root@", &format!("{user}:p@"));
        if low == project.url {
            return;
        }
        let run = project.run(&["schema", "diff", &low, "live"]);
        session.execute(&format!("DROP USER {user}@'%'")).unwrap();
        assert_eq!(run.code, 9, "{run}");
        run.says(&["error[schema/not-seen]"]);
        assert!(!run.stdout.contains("trg"), "{run}");
    });
}

#[test]
fn a_rehearsal_leaves_what_is_half_done_to_the_run() {
    on_each_backend(|project| {
        let up = "CREATE TABLE a (i INTEGER);\nINSERT INTO nowhere VALUES (1);\n";
        let project = project.plain_migration("1_half", up, "");
        project.expect(5, &["migrate", "up"]);
        project.expect(5, &["migrate", "up", "--rehearse"]).says(&["error[migrate/half-applied]", "--retry"]);
    });
}

#[test]
fn the_order_of_columns_is_told_and_is_no_difference() {
    on_each_backend(|project| {
        let project = users(project);
        project.ok(&["migrate", "up"]);
        let mut dump = project.json(0, &["schema", "dump"]);
        dump["tables"][0]["columns"].as_array_mut().unwrap().reverse();
        project.write("turned.json", dump.to_string());
        let run = project.ok(&["schema", "diff", "live", "turned.json"]);
        run.says(&["are the same, but for the order of columns"]);
        assert!(run.stdout.contains("~ table users\n    column order: `id, name` -> `name, id`"), "{run}");
    });
    let project = users(Project::sqlite());
    project.ok(&["migrate", "up"]);
    project.expect(1, &["schema", "diff", "lvie", "live"]).says(&["did you mean `live`?"]);
}
