//! verify.sql: queries that must find nothing after an up.

use dbtool::backend::Backend;

use crate::support::{Project, on_each_backend, on_servers};

const USERS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, password_hash VARCHAR(40), email VARCHAR(40));\n\
     INSERT INTO users VALUES (1, 'h-of-ann', 'ann@example.com'), (2, 'h-of-bob', NULL);\n";

fn with_check(project: Project, check: &str) -> Project {
    project.migration("1_users", USERS, "DROP TABLE users;\n").file("migrations/1_users/verify.sql", check)
}

#[test]
fn what_finds_nothing_lets_the_migration_in() {
    on_each_backend(|project| {
        let check =
            "-- Each user has an id.\nSELECT * FROM users WHERE id IS NULL;\nSELECT 1 FROM users WHERE id > 2\n";
        let project = with_check(project, check);
        project.ok(&["migrate", "up"]);
        assert_eq!(project.states(), "1:applied");
        project.ok(&["migrate", "redo"]);
    });
}

#[test]
fn what_finds_rows_takes_the_migration_back_and_shows_them() {
    on_each_backend(|project| {
        let toml = "[columns]\nsensitive = [\"users.password_hash\"]\n";
        let project =
            with_check(project, "SELECT 1 FROM users WHERE id > 2;\nSELECT * FROM users WHERE email IS NULL;\n")
                .file("dbtool.toml", toml);
        let run = project.expect(5, &["migrate", "up"]);
        run.says(&[
            "a check of `1_users` found 1 row, and there should be none",
            "verify.sql:2:1",
            "id = 2, password_hash = ***, email is null",
        ]);
        run.says_nothing_of(&["h-of-bob"]);
        if project.backend.transactional_ddl() {
            assert_eq!(project.states(), "1:pending");
            assert_eq!(project.schema(), "");
            project.write("migrations/1_users/verify.sql", "SELECT 1 FROM users WHERE id > 2\n");
            project.ok(&["migrate", "up"]);
        } else {
            // Its table is in; the rows, which the check found, went with their transaction.
            assert_eq!(project.states(), "1:failed");
            assert_eq!(project.query("SELECT count(*) FROM users"), ["0"]);
            project.expect(5, &["migrate", "up"]);
            project.write("migrations/1_users/verify.sql", "SELECT 1 FROM users WHERE id > 2\n");
            project.ok(&["migrate", "repair", "1", "--retry", "--reason", "the check was wrong"]);
        }
        assert_eq!(project.states(), "1:applied");
    });
}

#[test]
fn what_a_model_calls_sensitive_is_masked_without_settings() {
    let project = with_check(Project::sqlite(), "SELECT * FROM users WHERE email IS NULL;\n");
    let run = project.expect(5, &["migrate", "up"]);
    run.says(&["id = 2, password_hash = ***, email is null", "or the check in verify.sql"]);
    run.says_nothing_of(&["h-of-bob"]);
}

#[test]
fn statements_that_commit_by_themselves_are_checked_at_the_end() {
    on_each_backend(|project| {
        let up = format!("{USERS}CREATE TABLE other (a INTEGER);\n");
        let project = project
            .plain_migration("1_users", &up, "DROP TABLE other;\nDROP TABLE users;\n")
            .file("migrations/1_users/verify.sql", "SELECT email FROM users WHERE email IS NOT NULL\n");
        let run = project.expect(5, &["migrate", "up"]);
        run.says(&["found 1 row", "email = ann@example.com", "`dbtool migrate status`"]);
        assert_eq!(project.states(), "1:failed");
        // All of it is in, and once the check finds nothing, so is the migration.
        project.expect(5, &["migrate", "repair", "1", "--retry", "--reason", "again"]);
        project.session().execute("UPDATE users SET email = NULL").unwrap();
        project.ok(&["migrate", "repair", "1", "--retry", "--reason", "the rows were mended"]);
        assert_eq!(project.states(), "1:applied");
    });
}

#[test]
fn with_atomic_all_are_taken_back() {
    on_each_backend(|project| {
        if !project.backend.transactional_ddl() {
            return;
        }
        let project = with_check(project, "SELECT id FROM users WHERE id = 1\n")
            .migration("0_first", "CREATE TABLE first (a INTEGER);\n", "DROP TABLE first;\n")
            .migration("2_last", "CREATE TABLE last (a INTEGER);\n", "DROP TABLE last;\n");
        project.expect(5, &["migrate", "up", "--atomic"]).says(&["a check of `1_users` found 1 row"]);
        assert_eq!(project.schema(), "");
        project.write("migrations/1_users/verify.sql", "SELECT id FROM users WHERE id = 3\n");
        project.ok(&["migrate", "up", "--atomic"]);
        assert_eq!(project.states(), "0:applied 1:applied 2:applied");
    });
}

#[test]
fn a_check_that_cannot_be_run_or_changes_something_is_told() {
    on_each_backend(|project| {
        let project = with_check(project, "SELECT nothing FROM users\n");
        let run = project.expect(5, &["migrate", "up"]);
        run.says(&["a check of `1_users` cannot be run", "verify.sql:1:"]);
    });
    for change in
        ["DELETE FROM users\n", "WITH gone AS (DELETE FROM users RETURNING id) SELECT id FROM gone WHERE id > 9\n"]
    {
        let project = with_check(Project::sqlite(), change);
        project.expect(2, &["migrate", "up"]).says(&["a verify.sql holds queries, and nothing else", "verify.sql:1:1"]);
        assert_eq!(project.states(), "1:pending");
    }
}

#[test]
fn a_function_that_changes_something_changes_nothing() {
    let Some(project) = Project::on(Backend::Postgres) else { return };
    let project = with_check(project, "SELECT 1 WHERE change() > 5\n");
    let change = "CREATE FUNCTION change() RETURNS INTEGER LANGUAGE sql AS 'DELETE FROM users RETURNING 1';\n";
    project.write("migrations/1_users/up.sql", format!("{USERS}{change}"));
    project.expect(5, &["migrate", "up"]).says(&["a check of `1_users` cannot be run", "read-only transaction"]);
    assert_eq!(project.states(), "1:pending");
}

#[test]
fn another_name_hides_nothing() {
    on_each_backend(|project| {
        let toml = "[columns]\nsensitive = [\"users.email\"]\n";
        let project =
            with_check(project, "SELECT id, lower(email) AS e FROM users WHERE id = 1\n").file("dbtool.toml", toml);
        let run = project.expect(5, &["migrate", "up"]);
        run.says(&["id = 1, e = ***"]).says_nothing_of(&["ann@example.com"]);
    });
    on_servers(|project| {
        let up = format!(
            "{USERS}CREATE UNIQUE INDEX users_email ON users (email);\nINSERT INTO users SELECT 3, 'h', email FROM users WHERE id = 1;\n"
        );
        let toml = "[columns]\nsensitive = [\"users.email\"]\n";
        let project = project.migration("1_users", &up, "DROP TABLE users;\n").file("dbtool.toml", toml);
        let run = project.expect(5, &["migrate", "up"]);
        run.says(&["***"]).says_nothing_of(&["ann@example.com"]);
    });
}

#[test]
fn a_new_migration_may_have_one() {
    let project = Project::sqlite();
    let run = project.ok(&["migrate", "new", "create_users", "--verify"]);
    assert_eq!(run.stdout.lines().filter(|line| line.ends_with("verify.sql")).count(), 1);
    let plain = project.ok(&["migrate", "new", "create_more"]);
    assert!(!plain.stdout.contains("verify.sql"), "{plain}");
    // As it is made, it checks nothing.
    project.ok(&["migrate", "up"]);
}
