//! What is wrong with a file gets an error with a place and a hint, and nothing changes.

use crate::support::{Project, on_each_backend, on_postgres, on_servers, on_transactional};

/// Runs `up` beside a good migration before it, and asserts that nothing was changed.
fn refused(project: &Project, code: i32, words: &[&str]) {
    let run = project.expect(code, &["migrate", "up"]);
    run.says(words).says(&["hint: "]);
    let tables = project.schema();
    assert!(!tables.contains("good"), "something was run\n{tables}\n{run}");
}

#[test]
fn files_that_are_no_sql_text() {
    let cases: [(&[u8], &[&str]); 4] = [
        (b"CREATE TABLE a\n (b \0 INT);", &["error[source/encoding]", "NUL byte", "up.sql:2:5"]),
        (b"CREATE TABLE a\n -- caf\xe9\n;", &["error[source/encoding]", "0xE9", "up.sql:2:8", "iconv"]),
        (b"\xff\xfeC\0R\0", &["error[source/encoding]", "UTF-16"]),
        (b" \n\t", &["error[source/empty]", "is empty", "comment alone"]),
    ];
    for (bytes, words) in cases {
        on_each_backend(|project| {
            let project =
                project.migration("1_good", "CREATE TABLE good (id INT);", "").file("migrations/2_bad/up.sql", bytes);
            refused(&project, 2, words);
        });
    }
}

#[test]
fn quotes_and_bodies_without_an_end() {
    let project = Project::sqlite().migration("1_good", "CREATE TABLE good (id INT);", "");
    let project = project.migration("2_bad", "SELECT 1;\nSELECT 'a;\n", "");
    refused(&project, 2, &["error[sql/unterminated]", "a quote begins here", "up.sql:2:8", "^"]);
    let project = project.migration("2_bad", "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;", "");
    refused(&project, 2, &["error[sql/unterminated]", "a body begins here", "up.sql:1:1"]);
    on_postgres(|project| {
        // A file that must be split is judged before anything runs.
        let project = project.migration("1_good", "CREATE TABLE good (id INT);", "");
        let project = project.plain_migration("2_bad", "SELECT 1;\nSELECT $x$ a;\n", "");
        refused(&project, 2, &["error[sql/unterminated]", "dollar quote", "up.sql:2:8"]);
        // One that runs as a whole is the server's to judge, and it rolls back.
        let project = project
            .migration("1_good", "SELECT 1;", "")
            .file("migrations/2_bad/metadata.toml", "run_in_transaction = true");
        let project = project.migration("2_bad", "CREATE TABLE x (id INT);\nSELECT 'a;\n", "");
        project.expect(5, &["migrate", "up"]).says(&[
            "error[migrate/failed]",
            "unterminated quoted string",
            "up.sql:2:8",
        ]);
        assert_eq!(project.ledger(), ["1"]);
        assert_eq!(project.schema(), "");
    });
}

#[test]
fn directories_that_are_no_migrations() {
    on_each_backend(|project| {
        let project = project
            .migration("1_good", "CREATE TABLE good (id INT);", "")
            .file("migrations/README.md", "a file is passed over")
            .file("migrations/.hidden/x", "");
        std::fs::create_dir(project.path("migrations/2_empty")).unwrap();
        project.json(0, &["migrate", "up", "--dry-run"]);
        project.write("migrations/3_stray/notes.txt", "x");
        refused(&project, 2, &["error[source/directory]", "3_stray", "no up.sql"]);
        std::fs::remove_dir_all(project.path("migrations/3_stray")).unwrap();
        let project = project.migration("1_again", "SELECT 1;", "");
        refused(&project, 2, &["error[source/duplicate-version]", "1_again", "1_good"]);
        std::fs::remove_dir_all(project.path("migrations/1_again")).unwrap();
        let project = project.migration(&format!("{}_x", "9".repeat(51)), "SELECT 1;", "");
        refused(&project, 2, &["error[source/version]", "51 characters"]);
    });
}

/// A connection may be under way on another thread when the files turn out to be wrong.
#[test]
fn what_is_wrong_on_disk_is_told_while_a_connection_is_under_way() {
    on_servers(|project| {
        let project =
            (1..=200).fold(project, |project, number| project.migration(&format!("{number}_a"), "SELECT 1;", ""));
        let project = project.migration("200_b", "SELECT 1;", "");
        for _ in 0..50 {
            project.expect(2, &["migrate", "up"]).says(&["error[source/duplicate-version]"]);
        }
    });
}

#[test]
fn commits_inside_a_transaction() {
    on_transactional(|project| {
        for (sql, place) in
            [("SELECT 1;\n  COMMIT;", "up.sql:2:3"), ("ROLLBACK;", "up.sql:1:1"), ("/* x */ BEGIN;", "up.sql:1:9")]
        {
            let project = Project::on(project.backend)
                .unwrap()
                .migration("1_good", "CREATE TABLE good (id INT);", "")
                .migration("2_bad", sql, "");
            refused(&project, 2, &["error[sql/transaction-control]", place, "allow_commit = true"]);
        }
        let fine = project.migration(
            "1_a",
            "CREATE TABLE a (id INT); SAVEPOINT s; INSERT INTO a VALUES (1); ROLLBACK TO SAVEPOINT s; RELEASE s;",
            "",
        );
        fine.ok(&["migrate", "up"]);
    });
}

#[test]
fn metadata_is_read_as_diesel_reads_it() {
    let project =
        Project::sqlite().migration("1_a", "SELECT 1;", "").file("migrations/1_a/metadata.toml", "# no key\n");
    project.ok(&["migrate", "up"]).says(&["warning", "does not name `run_in_transaction`"]);
    assert_eq!(project.query("SELECT in_transaction FROM __dbtool_journal"), ["0"]);
    let project = Project::sqlite()
        .migration("1_a", "SELECT 1;", "")
        .file("migrations/1_a/metadata.toml", "run_in_transaction = ");
    project.ok(&["migrate", "up"]).says(&["warning", "is not valid TOML"]);
    assert_eq!(project.query("SELECT in_transaction FROM __dbtool_journal"), ["1"]);
    let project =
        Project::sqlite().migration("1_a", "SELECT 1;", "").file("migrations/1_a/metadata.toml", "allow_commit = 1");
    project.expect(2, &["migrate", "up"]).says(&["error[source/metadata]"]);
}

#[test]
fn directories_that_are_named_must_exist() {
    let project = Project::sqlite();
    project.expect(2, &["migrate", "up"]).says(&["error[config/missing]", "no `migrations` directory", "dbtool init"]);
    project.expect(2, &["migrate", "up", "--migrations-dir", "nowhere"]).says(&["nowhere", "--migrations-dir"]);
    let project = project.file("diesel.toml", "[migrations_directory]\ndir = \"db/changes\"\n");
    project.expect(2, &["migrate", "up"]).says(&["db/changes", "diesel.toml"]);
    let project = project.file("db/changes/1_a/up.sql", "SELECT 1;");
    project.ok(&["migrate", "up"]);
    assert!(!project.path("migrations").exists());
}

#[test]
fn databases_that_take_no_changes() {
    let project = Project::sqlite().migration("1_a", "CREATE TABLE a (id INT);", "");
    project.ok(&["db", "create"]);
    let read_only = format!("{}?mode=ro", project.url);
    project.expect(9, &["migrate", "up", "--url", &read_only]).says(&["error[guard/read-only]", "hint: "]);
    project.ok(&["migrate", "status", "--url", &read_only]);
    on_postgres(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT);", "");
        let name = project.query("SELECT current_database()").remove(0);
        project.session().execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).unwrap();
        project.expect(9, &["migrate", "up"]).says(&["error[guard/read-only]", "nothing was run", "hint: "]);
        project.ok(&["migrate", "status"]);
    });
}

#[test]
fn a_broken_pipe_stops_nothing() {
    on_each_backend(|project| {
        let mut project = project;
        for number in 0..40 {
            project = project.migration(&format!("{number:02}_t"), &format!("CREATE TABLE t{number} (id INT);"), "");
        }
        for args in [&["migrate", "up", "-o", "json"][..], &["migrate", "status"]] {
            let mut child = project.command(args).spawn().unwrap();
            drop(child.stdout.take());
            drop(child.stderr.take());
            assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}");
        }
        assert_eq!(project.ledger().len(), 40);
    });
}

#[test]
fn a_full_stdout_is_an_error() {
    if !std::path::Path::new("/dev/full").exists() {
        return crate::support::skipped("a full stdout: there is no /dev/full");
    }
    let project = Project::sqlite().migration("1_a", "SELECT 1;", "");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = project.command(&["migrate", "status"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to stdout"));
}

#[test]
fn servers_that_cannot_be_reached() {
    let project = Project::sqlite()
        .migration("1_a", "SELECT 1;", "")
        .variable("DBTOOL_RETRY_ATTEMPTS", "3")
        .variable("DBTOOL_RETRY_BASE", "10ms");
    let refused = project.expect(8, &["migrate", "up", "--url", "postgres://127.0.0.1:1/x"]);
    refused.says(&[
        "error[connect/unreachable]",
        "after 3 attempts",
        "retrying in",
        "attempt 1",
        "attempt 2",
        "Connection refused",
        "named by --url",
    ]);
    let unknown = project.expect(8, &["migrate", "up", "--url", "postgres://no-such-host.invalid/x?sslmode=disable"]);
    unknown.says(&["error[connect/unreachable]", "no-such-host.invalid"]);
    let deadline = project.expect(8, &["db", "wait", "--timeout", "300ms", "--url", "postgres://127.0.0.1:1/x"]);
    deadline.says(&["error[connect/unreachable]"]);
    on_postgres(|project| {
        let unknown = project.url.replace("dbtool_test", "dbtool_none");
        project
            .expect(8, &["migrate", "status", "--url", &unknown, "--migrations-dir", "."])
            .says(&["error[connect/unknown-database]", "db create"]);
        project
            .expect(2, &["db", "ping", "--url", &format!("{}?no_such_thing=1", project.url)])
            .says(&["invalid connection option"]);
    });
}

#[test]
fn the_command_line_is_checked() {
    let project = Project::sqlite();
    project.expect(2, &[]);
    project.expect(2, &["migrat", "up"]).says(&["unrecognized subcommand", "migrate"]);
    project.expect(2, &["migrate", "up", "--stepz", "1"]).says(&["--steps"]);
    project.expect(2, &["migrate", "up", "--to", "1", "--steps", "2"]);
    let run = project.expect(2, &["migrate", "up", "--nope", "-o", "json"]);
    let error: serde_json::Value = serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "usage");
    project.expect(2, &["migrate", "up", "-o", "csvv"]);
    let project = project.migration("1_a", "SELECT 1", "");
    project.expect(2, &["db", "create", "-o", "csv"]).says(&["makes no rows"]);
    let project = project.variable("DBTOOL_OUTPUT", "tabel");
    project.expect(2, &["migrate", "status"]).says(&["DBTOOL_OUTPUT", "`table`"]);
}
