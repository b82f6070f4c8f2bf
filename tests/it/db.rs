//! create, drop, reset, wait, ping, stamp.

use crate::support::{Project, on_each_backend, on_postgres};

#[test]
fn create_and_drop_are_idempotent() {
    on_each_backend(|project| {
        project.ok(&["db", "drop", "--yes"]);
        assert_eq!(project.json(0, &["db", "drop", "--yes"])["dropped"], false);
        assert_eq!(project.json(0, &["db", "create"])["created"], true);
        assert_eq!(project.json(0, &["db", "create"])["created"], false);
        assert_eq!(project.json(0, &["db", "wait"])["database"], true);
        assert_eq!(project.json(0, &["db", "drop", "--yes"])["dropped"], true);
    });
}

#[test]
fn reset_makes_it_anew() {
    on_each_backend(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT);", "");
        project.ok(&["migrate", "up"]);
        project.session().execute("INSERT INTO a VALUES (1)").unwrap();
        project.expect(9, &["db", "reset"]).says(&["error[guard/refused]", "--yes"]);
        assert_eq!(project.query("SELECT count(*) FROM a"), ["1"]);
        project.ok(&["db", "reset", "--yes"]);
        assert_eq!(project.query("SELECT count(*) FROM a"), ["0"]);
        assert_eq!(project.states(), "1:applied");
        // What is wrong with the files is found before anything is dropped.
        let project = project.file("migrations/2_stray/x", "");
        project.expect(2, &["db", "reset", "--yes"]);
        std::fs::remove_dir_all(project.path("migrations/2_stray")).unwrap();
        let project = project.migration("2_bad", "\n", "");
        project.expect(2, &["db", "reset", "--yes"]).says(&["error[source/empty]"]);
        std::fs::remove_dir_all(project.path("migrations/2_bad")).unwrap();
        assert_eq!(project.query("SELECT count(*) FROM a"), ["0"]);
    });
}

#[test]
fn ping_tells_server_version_and_encryption() {
    on_each_backend(|project| {
        project.ok(&["db", "create"]);
        let ping = project.json(0, &["db", "ping"]);
        let titles = project.by_backend(vec!["SQLite"], vec!["PostgreSQL"], vec!["MySQL", "MariaDB"]);
        assert!(titles.contains(&ping["server"].as_str().unwrap()), "{ping}");
        assert!(ping["version"].as_str().unwrap().contains('.'));
        assert!(ping["latency_ms"].as_f64().unwrap() >= 0.0);
        assert!(ping.get("tls").is_some());
        project.ok(&["db", "ping"]);
    });
}

#[test]
fn a_database_in_use_is_not_dropped() {
    on_postgres(|project| {
        let _open = project.session();
        project.expect(7, &["db", "drop", "--yes"]).says(&["error[db/in-use]", "pid", "(dbtool)"]);
    });
    let project = Project::sqlite();
    project.ok(&["db", "create"]);
    let mut writer = project.session();
    writer.execute("BEGIN IMMEDIATE").unwrap();
    project.expect(7, &["db", "drop", "--yes"]).says(&["error[db/in-use]"]);
    assert!(project.path("test.db").exists());
}

#[test]
fn drop_deletes_databases_only() {
    let project = Project::sqlite().file("letter.txt", "Dear Sir or Madam, this is no database at all.");
    let url = format!("sqlite://{}", project.path("letter.txt").display());
    project.run(&["db", "drop", "--yes", "--url", &url]);
    assert!(project.path("letter.txt").exists());
    project
        .expect(8, &["migrate", "status", "--url", &url, "--migrations-dir", "."])
        .says(&["is another file, and no SQLite database"]);
}

#[test]
fn a_stamp_keeps_other_environments_out() {
    on_each_backend(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT);", "DROP TABLE a;");
        project.ok(&["migrate", "up", "--env", "stage"]);
        project.add_migration("2_b", "CREATE TABLE b (id INT);", "DROP TABLE b;");
        project.ok(&["migrate", "up", "--dry-run"]).says(&["warning", "stamped as `stage`"]);
        for args in [&["migrate", "down"][..], &["migrate", "up"], &["db", "drop", "--yes"], &["db", "reset", "--yes"]]
        {
            project.expect(9, args).says(&["error[guard/other-environment]", "stamped as `stage`", "--env stage"]);
        }
        project.ok(&["migrate", "status"]).says(&["warning", "stamped as `stage`"]);
        assert_eq!(project.ledger(), ["1"]);
        project.expect(9, &["db", "stamp", "copy"]).says(&["--confirm stage"]);
        project.expect(9, &["db", "stamp", "copy", "--confirm", "other"]);
        project.ok(&["db", "stamp", "copy", "--confirm", "stage"]);
        project.ok(&["db", "stamp", "copy"]);
        project.ok(&["migrate", "down", "--env", "copy"]);
        // An environment that was not named leaves no stamp.
        let plain = Project::on(project.backend).unwrap().migration("1_a", "SELECT 1;", "");
        plain.ok(&["migrate", "up"]);
        plain.ok(&["migrate", "up", "--env", "first"]);
        plain.add_migration("2_b", "SELECT 1;", "");
        plain.expect(9, &["migrate", "up", "--env", "second"]);
    });
}

#[test]
fn reset_keeps_the_stamp() {
    on_each_backend(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT);", "");
        project.ok(&["db", "create"]);
        project.ok(&["db", "stamp", "dev"]);
        project.ok(&["db", "reset", "--yes"]);
        project.expect(9, &["db", "drop", "--yes", "--env", "other"]).says(&["stamped as `dev`"]);
    });
}

#[test]
fn a_stamp_holds_in_whichever_schema_it_stands() {
    on_postgres(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT);", "");
        project.ok(&["migrate", "up", "--env", "prod"]);
        project.session().execute("CREATE SCHEMA other").unwrap();
        let elsewhere = format!("{}?options=-csearch_path%3Dother", project.url);
        project.expect(9, &["db", "drop", "--yes", "--env", "dev", "--url", &elsewhere]).says(&["stamped as `prod`"]);
    });
}

#[test]
fn an_open_wal_database_is_not_dropped() {
    let project = Project::sqlite();
    project.ok(&["db", "create"]);
    let mut other = project.session();
    other.query("SELECT count(*) FROM sqlite_master").unwrap();
    project.expect(7, &["db", "drop", "--yes"]).says(&["error[db/in-use]"]);
    drop(other);
    project.ok(&["db", "drop", "--yes"]);
}
