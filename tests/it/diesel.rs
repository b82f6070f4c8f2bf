//! Drop-in: what dbtool leaves is what Diesel leaves, and each can go on where the other stopped.

use std::process::Command;

use dbtool::backend::Backend;
use dbtool::config::Target;
use dbtool::db::AnyConnection;
use diesel::Connection as _;
use diesel_migrations::{EmbeddedMigrations, FileBasedMigrations, MigrationHarness, embed_migrations};

use crate::support::{Project, Run, on_each_backend, on_postgres};

/// A history with the odd things that real ones have.
fn history(project: Project) -> Project {
    let project = match project.backend {
        Backend::Postgres => project
            .migration(
                "00000000000000_diesel_initial_setup",
                "CREATE OR REPLACE FUNCTION diesel_set_updated_at() RETURNS trigger AS $$\nBEGIN\n    IF (NEW IS DISTINCT FROM OLD) THEN\n        NEW.updated_at := current_timestamp;\n    END IF;\n    RETURN NEW;\nEND;\n$$ LANGUAGE plpgsql;",
                "DROP FUNCTION IF EXISTS diesel_set_updated_at();",
            )
            .migration("2020-01-01-000000_types", "CREATE TYPE mood AS ENUM ('sad', 'ok');\nCREATE DOMAIN email AS TEXT CHECK (VALUE LIKE '%@%');", "DROP DOMAIN email; DROP TYPE mood;")
            .migration("2020-01-02-000000_people", "CREATE TABLE people (id SERIAL PRIMARY KEY, mood mood NOT NULL, mail email, updated_at TIMESTAMP);\nCREATE TRIGGER set_updated BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION diesel_set_updated_at();\nINSERT INTO people (mood, mail) VALUES ('ok', 'a;b@c');", "DROP TABLE people;")
            .plain_migration("2020-01-03-000000_index", "CREATE INDEX CONCURRENTLY people_mood ON people (mood);", "DROP INDEX people_mood;")
            .migration("2020-01-04-000000_extension", "CREATE EXTENSION IF NOT EXISTS pgcrypto;\nALTER TYPE mood ADD VALUE 'happy';", "")
            .migration("2020-01-05-000000_view", "CREATE VIEW happy AS SELECT * FROM people; -- a comment; with a semicolon\n/* and /* nested; */ */\nCREATE FUNCTION one() RETURNS INT LANGUAGE SQL BEGIN ATOMIC SELECT 1; END;\nCREATE RULE no_delete AS ON DELETE TO people DO INSTEAD (SELECT 1; SELECT 2);", "DROP VIEW happy;")
            .migration("2020-01-06-000000-0000_set_local", "SET LOCAL search_path = public;\nCREATE TABLE local (id INT PRIMARY KEY);", "DROP TABLE local;"),
        Backend::Sqlite => project
            .migration("2020-01-01-000000_people", "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'a;b', [odd;name] TEXT);", "DROP TABLE people;")
            .migration("2020-01-01-000001_blanks", "CREATE TABLE blanks (id INTEGER PRIMARY KEY) -- end\n  ;\nCREATE INDEX blanks_id ON blanks (id)  ;", "DROP TABLE blanks;")
            .migration("2020-01-02-000000_trigger", "CREATE TRIGGER t AFTER INSERT ON people BEGIN\n  UPDATE people SET name = CASE WHEN NEW.name = ';' THEN 'x' ELSE NEW.name END WHERE id = NEW.id;\n  SELECT 1;\nEND;\nINSERT INTO people (name) VALUES ('b');", "DROP TRIGGER t;")
            .migration("2020-01-03-000000-0000_rebuild", "PRAGMA foreign_keys=OFF;\nCREATE TABLE new_people (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO new_people SELECT id, name FROM people;\nDROP TABLE people;\nALTER TABLE new_people RENAME TO people;\nPRAGMA foreign_keys=ON;", "")
            .plain_migration("2020-01-04-000000_vacuum", "VACUUM;", "-- nothing"),
        Backend::Mysql => project
            .migration("2020-01-01-000000_people", "CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) DEFAULT \"a;b\\\"\", `odd;name` TEXT) # end\n;\nINSERT INTO people (name) VALUES ('it\\'s; \\\\'), (\"x\");", "DROP TABLE people;")
            .migration("2020-01-02-000000_routines", "CREATE PROCEDURE p(IN n INT)\nBEGIN\n  DECLARE i INT DEFAULT 0;\n  WHILE i < n DO SET i = i + 1; END WHILE;\n  SELECT i; SELECT CASE WHEN i > 1 THEN ';' ELSE 'b' END;\nEND;\nCALL p(2);\nCREATE TRIGGER t BEFORE INSERT ON people FOR EACH ROW BEGIN IF NEW.name = ';' THEN SET NEW.name = 'x'; END IF; END;\nCREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;", "DROP FUNCTION f; DROP TRIGGER t; DROP PROCEDURE p;")
            .migration("2020-01-03-000000-0000_view", "CREATE VIEW names AS SELECT name FROM people;\n/*!40101 SET @old = @@sql_mode */;\n-- a comment; with a semicolon\nUPDATE people SET name = 'y' WHERE id = 1;", "DROP VIEW names;")
            .plain_migration("2020-01-04-000000_plain", "START TRANSACTION;\nINSERT INTO people (name) VALUES ('z');\nCOMMIT;\nALTER TABLE people ADD INDEX people_name (name);", "ALTER TABLE people DROP INDEX people_name;")
            .migration("2020-01-05-000000_rows", "SET FOREIGN_KEY_CHECKS = 0;\nDELETE FROM people WHERE name = 'x';\nSET FOREIGN_KEY_CHECKS = 1;", "-- nothing"),
    };
    project
        .migration("10_text_order", "CREATE TABLE ten (id INT PRIMARY KEY);", "DROP TABLE ten;")
        .migration("2_text_order", "CREATE TABLE two (id INT PRIMARY KEY);", "DROP TABLE two;")
        .migration("noversion", "CREATE TABLE no_version (id INT PRIMARY KEY);", "DROP TABLE no_version;")
        .file("migrations/.gitkeep", "")
}

/// Runs `diesel`; `None`: it is not installed, which is told loudly.
pub fn diesel_cli(project: &Project, args: &[&str]) -> Option<Run> {
    let output = Command::new("diesel")
        .args(args)
        .current_dir(project.path(""))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("DATABASE_URL", &project.url)
        .output();
    match output {
        Ok(output) => Some(Run::of(&output)),
        Err(_) => {
            crate::support::skipped("`diesel` is not in the PATH; `just tools` installs it");
            None
        }
    }
}

#[test]
fn the_same_schema_and_ledger_as_diesel_itself() {
    on_each_backend(|project| {
        let ours = history(project);
        let theirs = history(Project::on(ours.backend).unwrap());
        ours.ok(&["migrate", "up"]);
        run_harness(&theirs);
        assert_eq!(ours.schema(), theirs.schema());
        assert_eq!(ours.ledger(), theirs.ledger());
    });
}

/// Diesel's own harness, as an application with `embed_migrations!` runs it at its start.
pub fn run_harness(project: &Project) {
    let source = FileBasedMigrations::from_path(project.path("migrations")).unwrap();
    match project.backend {
        Backend::Postgres => {
            let mut connection = diesel::PgConnection::establish(&project.url).unwrap();
            connection.run_pending_migrations(source).unwrap();
        }
        Backend::Mysql => {
            let mut connection = dbtool::db::MysqlConnection::establish(&project.url).unwrap();
            connection.run_pending_migrations(source).unwrap();
        }
        Backend::Sqlite => {
            let mut connection = diesel::SqliteConnection::establish(&project.url).unwrap();
            connection.run_pending_migrations(source).unwrap();
        }
    }
}

#[test]
fn an_application_and_dbtool_take_turns() {
    on_each_backend(|project| {
        let project = history(project);
        project.ok(&["migrate", "up", "--steps", "3"]);
        run_harness(&project);
        assert_eq!(project.json(0, &["migrate", "status"])["summary"]["pending"], 0);
        // What Diesel applied has no checksum and no author, and is applied all the same.
        project.ok(&["migrate", "up"]).says(&["nothing to do"]);
        project.ok(&["migrate", "down"]);
        run_harness(&project);
        project.ok(&["migrate", "status", "--check"]);
    });
}

/// The example of this repository, as an application carries it.
const EMBEDDED: [(Backend, EmbeddedMigrations); 3] = [
    (Backend::Sqlite, embed_migrations!("migrations/sqlite")),
    (Backend::Postgres, embed_migrations!("migrations/postgres")),
    (Backend::Mysql, embed_migrations!("migrations/mysql")),
];

#[test]
fn an_application_with_embedded_migrations_takes_its_turn() {
    on_each_backend(|project| {
        let directory = crate::support::root().join("migrations");
        let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
        let application = || {
            let (_, embedded) = EMBEDDED.into_iter().find(|(backend, _)| *backend == project.backend).unwrap();
            let target = Target::parse(&project.url, std::path::Path::new("")).unwrap();
            let mut connection = AnyConnection::open(&target, std::time::Duration::from_secs(10)).unwrap();
            connection.run_pending_migrations(embedded).unwrap().len()
        };
        let all = std::fs::read_dir(directory.join(project.backend.name())).unwrap().count();
        project.ok(&["migrate", "up", "--steps", "2"]);
        assert_eq!(application(), all - 2);
        project.ok(&["migrate", "up"]).says(&["nothing to do"]);
        project.ok(&["migrate", "down", "--steps", "3", "--yes"]);
        assert_eq!(application(), 3);
        project.ok(&["migrate", "down"]);
        project.ok(&["migrate", "up"]);
        assert_eq!(application(), 0);
        project.ok(&["migrate", "status", "--check"]);
    });
}

#[test]
fn diesel_cli_goes_back_and_forth_with_dbtool() {
    on_each_backend(|project| {
        let project = history(project);
        project.ok(&["db", "create"]);
        project.ok(&["migrate", "up", "--steps", "2"]);
        let Some(run) = diesel_cli(&project, &["migration", "run"]) else {
            return;
        };
        assert_eq!(run.code, 0, "{run}");
        project.ok(&["migrate", "up"]).says(&["nothing to do"]);
        let run = diesel_cli(&project, &["migration", "revert"]).unwrap();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(project.json(0, &["migrate", "status"])["summary"]["pending"], 1);
        project.ok(&["migrate", "up"]);
        project.ok(&["migrate", "down"]);
        project.ok(&["migrate", "up"]);
        let run = diesel_cli(&project, &["migration", "list"]).unwrap();
        assert!(!run.stdout.contains("[ ]"), "Diesel sees everything applied\n{run}");
        let run = diesel_cli(&project, &["migration", "pending"]).unwrap();
        assert!(run.stdout.contains("false"), "{run}");
        // Our tables are hidden from print-schema.
        let run = diesel_cli(&project, &["print-schema"]).unwrap();
        assert_eq!(run.code, 0, "{run}");
        assert!(!run.stdout.contains("__"), "{run}");
    });
}

#[test]
fn a_source_runs_under_diesels_harness() {
    let project = history(Project::sqlite());
    let source = dbtool::migrate::Source::read(&project.path("migrations")).unwrap();
    let mut connection = diesel::SqliteConnection::establish(&project.url).unwrap();
    let run = connection.run_pending_migrations(source.clone()).unwrap();
    assert_eq!(run.len(), 8);
    drop(run);
    assert!(!connection.has_pending_migration(source).unwrap());
    project.ok(&["migrate", "status", "--check"]);
}

#[test]
fn versions_and_order_are_diesels() {
    let project = history(Project::sqlite());
    let status = project.json(0, &["migrate", "status"]);
    let versions: Vec<_> =
        status["migrations"].as_array().unwrap().iter().map(|m| m["version"].as_str().unwrap()).collect();
    assert_eq!(
        versions,
        [
            "10",
            "2",
            "20200101000000",
            "20200101000001",
            "20200102000000",
            "202001030000000000",
            "20200104000000",
            "noversion"
        ]
    );
}

#[test]
fn reading_needs_no_right_to_make_tables() {
    on_postgres(|project| {
        let project = history(project);
        let role = format!("reader_{}", std::process::id());
        // Before PostgreSQL 15 everybody could make tables.
        let set = format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        project.session().execute(&set).unwrap();
        let url = project.url.replace("postgres@", &format!("{role}@"));
        if url != project.url {
            assert_eq!(project.json(0, &["migrate", "status", "--url", &url])["summary"]["pending"], 10);
            let denied = project.expect(1, &["migrate", "up", "--url", &url]);
            denied.says(&["cannot make the tables", "the right to create tables"]);
            // Whoever may read Diesel's table alone, sees what Diesel sees.
            project.ok(&["migrate", "up"]);
            project.session().execute(&format!("GRANT SELECT ON __diesel_schema_migrations TO {role}")).unwrap();
            assert_eq!(project.json(0, &["migrate", "status", "--url", &url])["summary"]["applied"], 10);
            project.session().execute(&format!("DROP OWNED BY {role}")).unwrap();
        }
        project.session().execute(&format!("DROP ROLE {role}")).unwrap();
    });
}
