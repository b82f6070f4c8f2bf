//! `--atomic`: all in one transaction, or none; and what cannot be, refused before anything runs.

use crate::support::{Project, on_each_backend, on_mysql, on_postgres, on_transactional};

fn with_three(project: Project) -> Project {
    project
        .migration("1_a", "CREATE TABLE a (id INT PRIMARY KEY);", "DROP TABLE a;")
        .migration(
            "2_b",
            "CREATE TABLE b (id INT PRIMARY KEY);\nINSERT INTO a VALUES (1);",
            "DROP TABLE b;\nDELETE FROM a;",
        )
        .migration("3_c", "INSERT INTO b VALUES (1);", "DELETE FROM b;")
}

#[test]
fn all_of_them_are_applied_and_reverted_as_one() {
    on_transactional(|project| {
        let project = with_three(project);
        let run = project.ok(&["migrate", "up", "--atomic"]);
        run.says(&["1_a", "2_b", "3_c", "3 migrations applied"]);
        assert_eq!(project.states(), "1:applied 2:applied 3:applied");
        assert_eq!(project.query("SELECT count(*) FROM __dbtool_journal WHERE outcome = 'done'"), ["3"]);
        project.ok(&["migrate", "redo", "--steps", "2", "--atomic"]);
        assert_eq!(project.query("SELECT id FROM b"), ["1"]);
        project.ok(&["migrate", "down", "--all", "--yes", "--atomic"]);
        assert_eq!(project.states(), "1:pending 2:pending 3:pending");
        project.ok(&["migrate", "to", "2", "--atomic"]);
        assert_eq!(project.states(), "1:applied 2:applied 3:pending");
    });
}

#[test]
fn one_that_fails_takes_the_others_back() {
    on_transactional(|project| {
        let project = with_three(project).migration("4_bad", "INSERT INTO nowhere VALUES (1);", "").migration(
            "5_e",
            "CREATE TABLE e (id INT);",
            "",
        );
        project.expect(5, &["migrate", "up", "--atomic"]).says(&[
            "the migration `4_bad` failed",
            "nothing is in the database: the transaction was rolled back",
            "3 migrations before it were rolled back with it, 1 after it not run",
        ]);
        assert_eq!(project.states(), "1:pending 2:pending 3:pending 4:pending 5:pending");
        let report = project.json(5, &["migrate", "up", "--atomic"]);
        let outcomes: Vec<_> =
            report["migrations"].as_array().unwrap().iter().map(|ran| ran["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["rolled_back", "rolled_back", "rolled_back", "failed", "not_run"]);
        // What is tried again is found as it was.
        project.write("migrations/4_bad/up.sql", "INSERT INTO a VALUES (2);");
        project.ok(&["migrate", "up", "--atomic"]);
        assert_eq!(project.query("SELECT id FROM a ORDER BY id"), ["1", "2"]);
    });
}

/// On PostgreSQL short files go as one message: what fails in it is told as that file's.
#[test]
fn whoever_fails_among_many_is_named_with_its_place() {
    on_transactional(|project| {
        let project = project
            .migration("1_a", "CREATE TABLE a (id INT PRIMARY KEY); -- é: no line end, no `;`", "DROP TABLE a")
            .migration("2_b", "CREATE TABLE b (id INT PRIMARY KEY)", "DROP TABLE b")
            .migration("3_nothing", "-- nothing at all", "-- nothing")
            .migration(
                "4_c",
                "INSERT INTO a VALUES (1);\n\nINSERT INTO a VALUES (2);\n  INSERT INTO nope VALUES (1);",
                "",
            )
            .migration("5_d", "CREATE TABLE d (id INT);", "");
        let words = [
            "the migration `4_c` failed at statement 3 of 3",
            "4_c/up.sql:4:",
            "3 migrations before it were rolled back with it",
        ];
        project.expect(5, &["migrate", "up", "--atomic"]).says(&words);
        assert_eq!(project.states(), "1:pending 2:pending 3:pending 4:pending 5:pending");
        // One whose place the server does not tell.
        project.write("migrations/4_c/up.sql", "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (1);");
        let words = ["the migration `4_c` failed at statement 2 of 2", "4_c/up.sql:2:1"];
        project.expect(5, &["migrate", "up", "--atomic"]).says(&words);
        // One that the server finds before any is run.
        project.write("migrations/4_c/up.sql", "INSERT INTO a VALUES (1);\nINSRT INTO a VALUES (2);");
        let words = ["the migration `4_c` failed at statement 2 of 2", "4_c/up.sql:2:1"];
        project.expect(5, &["migrate", "up", "--atomic"]).says(&words);
        project.write("migrations/4_c/up.sql", "INSERT INTO a VALUES (1);");
        project.ok(&["migrate", "up", "--atomic"]);
        assert_eq!(
            project.query("SELECT statements FROM __dbtool_journal WHERE outcome = 'done' ORDER BY id"),
            ["1", "1", "0", "1", "1"]
        );
        let history = project.json(0, &["migrate", "history"]);
        assert!(
            history["runs"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|run| run["outcome"] == "done")
                .all(|run| run["duration_ms"].is_i64()),
            "{history}"
        );
    });
}

/// A server may answer more than once to a statement, or point into the text of another one.
#[test]
fn the_one_that_fails_is_named_whatever_the_server_answers() {
    on_postgres(|project| {
        let project = project
            .migration(
                "1_p",
                "CREATE TABLE p (i INT); CREATE RULE r AS ON INSERT TO p DO ALSO (SELECT 1; SELECT 2);",
                "",
            )
            .migration("2_rows", "INSERT INTO p VALUES (1);", "")
            .migration("3_ok", "DO $$ BEGIN RAISE WARNING 'of the third'; END $$;", "")
            .migration("4_bad", "SELECT 1 / 0;", "")
            .migration("5_e", "CREATE TABLE e ();", "");
        let failed = project.expect(5, &["migrate", "up", "--atomic"]);
        failed.says(&[
            "the migration `4_bad` failed",
            "division by zero",
            "`3_ok`: of the third",
            "1 after it not run",
        ]);
        assert_eq!(project.query("SELECT version, outcome FROM __dbtool_journal"), ["4|rolled_back"]);
        project.write("migrations/4_bad/up.sql", "EXECUTE x;");
        project.write("migrations/2_rows/up.sql", "PREPARE x AS SELECT i + 1 FROM p;");
        project.write("migrations/3_ok/up.sql", "ALTER TABLE p DROP COLUMN i;");
        project.expect(5, &["migrate", "up", "--atomic"]).says(&["the migration `4_bad` failed", "does not exist"]);
    });
}

/// What is wrong only at the end is the fault of none by itself.
#[test]
fn a_commit_that_fails_is_told_as_that_of_all() {
    on_postgres(|project| {
        let project = project
            .migration("1_p", "CREATE TABLE p (i INT PRIMARY KEY);", "")
            .migration("2_q", "CREATE TABLE q (i INT REFERENCES p DEFERRABLE INITIALLY DEFERRED);", "")
            .migration("3_rows", "INSERT INTO q VALUES (9);", "")
            .migration("4_e", "CREATE TABLE e ();", "");
        let failed = project.expect(5, &["migrate", "up", "--atomic"]);
        failed.says(&["the transaction of 4 migrations failed at its end", "q_i_fkey"]);
        assert_eq!(project.states(), "1:pending 2:pending 3:pending 4:pending");
    });
}

/// What a file sets may change how the server reads the next one.
#[test]
fn a_setting_holds_for_the_files_that_follow() {
    on_postgres(|project| {
        let project = project
            .migration("1_a", "CREATE TABLE a (t TEXT);", "")
            .migration("2_set", "SET standard_conforming_strings = off;", "")
            .migration("3_b", r"INSERT INTO a VALUES ('it\'s; here');", "")
            .migration("4_c", r"INSERT INTO a VALUES ('x\\y');", "")
            .migration("5_d", "SET standard_conforming_strings = on;", "");
        project.ok(&["migrate", "up", "--atomic"]);
        assert_eq!(project.query("SELECT t FROM a ORDER BY t"), ["it's; here", r"x\y"]);
    });
}

#[test]
fn what_cannot_share_a_transaction_is_refused_and_named() {
    on_transactional(|project| {
        let project =
            with_three(project).plain_migration("4_plain", "INSERT INTO a VALUES (4);", "").migration("5_e", "", "");
        project.write("migrations/5_e/up.sql", "SELECT 1;");
        project.expect(2, &["migrate", "up", "--atomic"]).says(&[
            "error[migrate/not-atomic]: `4_plain` cannot share a transaction with the others",
            "metadata.toml",
            "leave out `--atomic`, or run those before it with `--to`, and then `4_plain` by itself",
        ]);
        assert_eq!(project.states(), "1:pending 2:pending 3:pending 4:pending 5:pending");
        project.ok(&["migrate", "up", "--atomic", "--to", "3"]);
        // Now none is before it.
        project
            .expect(2, &["migrate", "up", "--atomic"])
            .says(&["leave out `--atomic`, or run `4_plain` by itself with `--steps 1`"])
            .says_nothing_of(&["those before it"]);
        project.ok(&["migrate", "up", "--steps", "1"]);
        project.ok(&["migrate", "up", "--atomic"]);
    });
    on_mysql(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT PRIMARY KEY);", "DROP TABLE a;");
        project.expect(2, &["migrate", "up", "--atomic"]).says(&[
            "`1_a` cannot share a transaction with the others",
            "up.sql:1:1",
            "commits",
        ]);
        project.ok(&["migrate", "up"]);
        // What changes rows alone can.
        let project = project.migration("2_one", "INSERT INTO a VALUES (1);", "").migration(
            "3_two",
            "INSERT INTO a VALUES (2);\nINSERT INTO a VALUES (1);",
            "",
        );
        project.expect(5, &["migrate", "up", "--atomic"]).says(&["`3_two` failed at statement 2 of 2", "rolled back"]);
        assert_eq!(project.states(), "1:applied 2:pending 3:pending");
        assert_eq!(project.query("SELECT count(*) FROM a"), ["0"]);
        project.write("migrations/3_two/up.sql", "INSERT INTO a VALUES (2);");
        project.ok(&["migrate", "up", "--atomic"]);
        assert_eq!(project.states(), "1:applied 2:applied 3:applied");
        // Nothing takes back what a table without transactions has.
        project.session().execute("CREATE TABLE m (id INT) ENGINE=MyISAM").unwrap();
        let project = project.migration("4_m", "INSERT INTO m VALUES (1);", "");
        project.expect(2, &["migrate", "up", "--atomic"]).says(&["tables without transactions"]);
        assert_eq!(project.query("SELECT count(*) FROM m"), ["0"]);
    });
}

#[test]
fn a_setting_asks_for_it_too() {
    on_transactional(|project| {
        let project = with_three(project)
            .migration("4_bad", "INSERT INTO nowhere VALUES (1);", "")
            .file("dbtool.toml", "[migrate]\ntransaction = \"all\"\n");
        project.expect(5, &["migrate", "up"]).says(&["rolled back"]);
        assert_eq!(project.states(), "1:pending 2:pending 3:pending 4:pending");
    });
}

#[test]
fn rows_that_a_key_would_have_deleted_stop_it_where_keys_are_off() {
    let project = Project::sqlite()
        .migration(
            "1_tables",
            "CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p INT REFERENCES p ON DELETE CASCADE);\n\
             INSERT INTO p VALUES (1);\nINSERT INTO c VALUES (1);\nCREATE TABLE x (id INT);",
            "",
        )
        .migration("2_delete", "DELETE FROM p;", "")
        .migration("3_drop", "DROP TABLE x;", "");
    project.ok(&["migrate", "up", "--to", "1"]);
    project
        .expect(5, &["migrate", "up", "--atomic"])
        .says(&["`c` has 1 row that refers to no row of `p`", "leave out `--atomic`"]);
    assert_eq!(project.states(), "1:applied 2:pending 3:pending");
    project.ok(&["migrate", "up"]);
    assert_eq!(project.query("SELECT count(*) FROM c"), ["0"]);
}

#[test]
fn nothing_to_do_is_done() {
    on_each_backend(|project| {
        project.write("migrations/.keep", "");
        project.ok(&["migrate", "up", "--atomic"]).says(&["nothing to do"]);
    });
}
