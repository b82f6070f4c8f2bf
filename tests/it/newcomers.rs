//! What people run into who do not know it yet: they are told what is so, and what to do.

use std::time::{Duration, Instant};

use dbtool::backend::Backend;

use crate::support::{Project, on_each_backend, on_postgres};

/// What a migration made outlives a down that was not written.
#[test]
fn redo_with_an_unwritten_down_says_what_is_in_the_way() {
    on_each_backend(|project| {
        project.ok(&["migrate", "new", "users"]);
        let made = std::fs::read_dir(project.path("migrations")).unwrap().next().unwrap().unwrap().file_name();
        let label = made.to_str().unwrap();
        project.write(&format!("migrations/{label}/up.sql"), "CREATE TABLE users (id INT);");
        project.ok(&["migrate", "up"]);
        let redo = project.expect(5, &["migrate", "redo"]);
        redo.says(&["down.sql` has not been written yet", "its down.sql does nothing: if it was reverted"]);
        redo.says_nothing_of(&["before it had dbtool"]);
        // What the hint says, done: then it can be written, and redone.
        let (_, rest) = redo.stderr.split_once("`dbtool migrate baseline ").unwrap();
        project.ok(&["migrate", "baseline", rest.split('`').next().unwrap()]);
        project.write(&format!("migrations/{label}/down.sql"), "DROP TABLE users;");
        project.ok(&["migrate", "redo"]);
    });
}

#[test]
fn status_names_the_database_and_what_up_will_refuse() {
    on_each_backend(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT);", "").migration("2_b", " \n", "");
        let url = project.url.split('?').next().unwrap();
        let status = project.ok(&["migrate", "status"]);
        status.says(&[&format!("dev ({url}"), "2 pending", "2_b/up.sql` is empty, so that `up` will refuse it"]);
        status.says_nothing_of(&["1_a/up.sql"]);
        project.expect(2, &["migrate", "up"]).says(&["error[source/empty]"]);
        project.write("migrations/2_b/up.sql", "-- written later");
        project.ok(&["migrate", "status"]).says_nothing_of(&["is empty"]);
    });
    // A path that was misspelt looks like a database with nothing in it.
    let project = Project::sqlite().migration("1_a", "CREATE TABLE a (id INT);", "");
    let missing = format!("warning: `{}` is not there yet", project.url);
    project.ok(&["migrate", "status"]).says(&[&missing, "`dbtool migrate up` makes it"]);
    project.ok(&["migrate", "status", "-o", "json"]).says(&[&missing]);
    assert!(!project.path("test.db").exists());
    project.ok(&["migrate", "up"]);
    project.ok(&["migrate", "status"]).says_nothing_of(&["not there yet"]);
}

#[test]
fn history_tells_runs_apart_and_what_never_ran() {
    on_each_backend(|project| {
        let project = project
            .migration("1_a", "CREATE TABLE a (id INT);", "DROP TABLE a;")
            .migration("2_b", "CREATE TABLE b (id INT);", "")
            .migration("3_c", "CREATE TABLE c (id INT);", "");
        project.ok(&["migrate", "up", "--steps", "1"]);
        project.ok(&["migrate", "redo"]);
        let runs = project.json(0, &["migrate", "history"])["runs"].clone();
        let ids: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap()).collect();
        let history = project.ok(&["migrate", "history"]);
        for id in [ids[0], ids[1]] {
            let end = id.rsplit('-').next().unwrap();
            assert!(history.stdout.contains(end), "{id}\n{history}");
        }
        project.session().execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('2')").unwrap();
        project.ok(&["migrate", "history", "2"]).says(&["`2_b` is applied, and was not run by dbtool"]);
        project.ok(&["migrate", "history", "3"]).says(&["`3_c` has never been run: it is pending"]);
    });
}

#[test]
fn more_steps_than_there_are_take_what_there_is_and_say_so() {
    on_each_backend(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT);", "DROP TABLE a;").migration(
            "2_b",
            "CREATE TABLE b (id INT);",
            "DROP TABLE b;",
        );
        project.ok(&["migrate", "down", "--steps", "9"]).says(&["nothing to do"]);
        project.ok(&["migrate", "up"]);
        project.ok(&["migrate", "down", "--steps", "2"]).says_nothing_of(&["asked for"]);
        project.ok(&["migrate", "up"]);
        let fewer = "99 migrations were asked for, and only 2 are applied";
        project.ok(&["migrate", "redo", "--steps", "99"]).says(&[fewer, "2 migrations applied"]);
        project.ok(&["migrate", "down", "--steps", "99"]).says(&[fewer, "2 migrations reverted"]);
        assert_eq!(project.states(), "1:pending 2:pending");
    });
    assert!(Project::sqlite().ok(&["migrate", "down", "--help"]).stdout.contains("where fewer are applied"));
}

#[test]
fn a_server_of_another_kind_is_told_at_once() {
    let Some((postgres, mysql)) = Project::on(Backend::Postgres).zip(Project::on(Backend::Mysql)) else { return };
    let Some((to_postgres, to_mysql)) = postgres.address().zip(mysql.address()) else { return };
    let project = Project::sqlite().migration("1_a", "SELECT 1;", "");
    let status = |url: &str| {
        let started = Instant::now();
        let run = project.expect(8, &["migrate", "status", "--url", url]);
        assert!(started.elapsed() < Duration::from_secs(5), "{run}");
        run.says(&["error[connect/unreachable]", "is this the right port?"]).says_nothing_of(&["retrying"]);
        run
    };
    status(&format!("mysql://root@{to_postgres}/x")).says(&["a PostgreSQL server answers there"]);
    status(&format!("postgres://postgres@{to_mysql}/x"));
    status(&format!("postgres://postgres@{to_mysql}/x?sslmode=disable"));
}

#[test]
fn a_url_without_a_database_says_which_one_is_meant() {
    on_postgres(|project| {
        let Some(address) = project.address() else { return };
        let meant = "no database is named, so PostgreSQL takes the one with the user's name, `postgres`";
        let ping = |url: &str| project.run(&["db", "ping", "--url", url]);
        ping(&format!("postgres://postgres@{address}")).says(&[meant]);
        ping(&format!("postgres://postgres@{address}/postgres")).says_nothing_of(&["no database is named"]);
        let project = project.variable("PGDATABASE", "postgres");
        let named = project.run(&["db", "ping", "--url", &format!("postgres://postgres@{address}")]);
        named.says_nothing_of(&["no database is named"]);
    });
}

#[test]
fn a_migration_can_be_made_before_there_is_a_database() {
    let project = Project::sqlite().without_variable("DATABASE_URL");
    let made = project.ok(&["migrate", "new", "users"]);
    made.says(&["no database is named yet: `dbtool init`"]);
    let up = made.stdout.lines().find(|line| line.ends_with("_users/up.sql")).unwrap();
    assert_eq!(up.split('/').count(), 3, "{made}");
    assert!(project.path(up).is_file());
    // Where there is a folder for each backend, somebody must say which.
    let project = Project::sqlite().without_variable("DATABASE_URL");
    project.ok(&["migrate", "new", "users", "--backend", "all"]);
    project.expect(2, &["migrate", "new", "orders"]).says(&["a folder for each backend", "`--backend` says which"]);
    project.ok(&["migrate", "new", "orders", "--backend", "postgres"]);
}

#[test]
fn commands_of_other_tools_are_known() {
    let project = Project::sqlite();
    for (typed, meant) in [
        (&["up"][..], "dbtool migrate up"),
        (&["status"], "dbtool migrate status"),
        (&["rollback"], "dbtool migrate down"),
        (&["migrate", "rollback"], "dbtool migrate down"),
        (&["migrate", "create", "users"], "dbtool migrate new"),
        (&["run"], "dbtool migrate up"),
        (&["ping"], "dbtool db ping"),
    ] {
        let tip = format!("did you mean `{meant}`?");
        project.expect(2, typed).says(&[&format!("tip: {tip}"), "Usage: dbtool"]);
        let json = project.expect(2, &[typed, &["-o", "json"]].concat());
        let line = json.stderr.lines().last().unwrap();
        let error: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(error["error"]["hints"][0], tip, "{json}");
    }
    // What is only misspelt is still told by its likeness.
    project.expect(2, &["migrate", "statsu"]).says(&["similar subcommand exists: 'status'"]);
}
