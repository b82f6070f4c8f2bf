//! SQLite's foreign keys: a table rebuild never deletes children, and no migration leaves orphans behind.

use crate::support::Project;

fn family() -> Project {
    let project = Project::sqlite().migration(
        "1_family",
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);\n\
         CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INT REFERENCES parent (id) ON DELETE CASCADE);\n\
         INSERT INTO parent VALUES (1, 'a'), (2, 'b');\nINSERT INTO child VALUES (1, 1), (2, 2);",
        "",
    );
    project.ok(&["migrate", "up"]);
    project
}

const REBUILD: &str = "CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n\
    INSERT INTO new_parent SELECT id, name FROM parent;\nDROP TABLE parent;\nALTER TABLE new_parent RENAME TO parent;";

#[test]
fn a_rebuild_keeps_the_children() {
    for up in [REBUILD.to_owned(), format!("PRAGMA foreign_keys=OFF;\n{REBUILD}\nPRAGMA foreign_keys=ON;")] {
        let project = family().migration("2_rebuild", &up, "");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT count(*) FROM child"), ["2"]);
        assert_eq!(project.query("SELECT count(*) FROM pragma_foreign_key_check"), ["0"]);
    }
}

#[test]
fn a_rebuild_that_loses_a_parent_is_rolled_back() {
    let project = family().migration("2_rebuild", &REBUILD.replace("FROM parent", "FROM parent WHERE id = 1"), "");
    project
        .expect(5, &["migrate", "up"])
        .says(&["foreign keys refer to nothing", "`child` has 1 row that refers to no row of `parent`"]);
    assert_eq!(project.query("SELECT count(*) FROM parent"), ["2"]);
    assert_eq!(project.states(), "1:applied 2:pending");
}

#[test]
fn violations_that_were_there_before_are_no_reason_to_refuse() {
    let project = family();
    project.session().execute("PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (3, 99)").unwrap();
    let project = project.migration("2_rebuild", REBUILD, "");
    project.ok(&["migrate", "up"]);
    assert_eq!(project.query("SELECT count(*) FROM child"), ["3"]);
}

#[test]
fn keys_are_on_and_looked_at_when_the_file_is_done() {
    let project = family().migration(
        "2_order",
        "INSERT INTO child VALUES (5, 5);\nINSERT INTO parent VALUES (5, 'e');\nDELETE FROM parent WHERE id = 2;",
        "",
    );
    project.ok(&["migrate", "up"]);
    assert_eq!(project.query("SELECT id FROM child ORDER BY id"), ["1", "5"], "the cascade works");
    let project = project.migration("3_orphan", "INSERT INTO child VALUES (7, 7);", "");
    project
        .expect(5, &["migrate", "up"])
        .says(&["FOREIGN KEY constraint failed", "`child` has 1 row that refers to no row of `parent`"]);
    assert_eq!(project.query("SELECT count(*) FROM child"), ["2"]);
}

#[test]
fn what_dbtool_makes_is_wal_and_what_is_there_keeps_its_mode() {
    let project = Project::sqlite().migration("1_a", "CREATE TABLE a (id INT);", "");
    project.ok(&["migrate", "up"]);
    assert_eq!(project.query("PRAGMA journal_mode"), ["wal"]);
    let project = Project::sqlite().migration("1_a", "CREATE TABLE a (id INT);", "");
    let made =
        std::process::Command::new("sqlite3").arg(project.path("test.db")).arg("CREATE TABLE z (id INT)").status();
    if made.is_ok_and(|status| status.success()) {
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("PRAGMA journal_mode"), ["delete"]);
    } else {
        crate::support::skipped("no sqlite3 to make a database with");
    }
}

#[test]
fn looking_makes_no_file() {
    let project = Project::sqlite().migration("1_a", "CREATE TABLE a (id INT);", "");
    project.ok(&["migrate", "status"]);
    project.ok(&["migrate", "up", "--dry-run"]);
    project.expect(8, &["db", "ping"]);
    assert!(!project.path("test.db").exists());
}

#[test]
fn vacuum_runs_outside_a_transaction() {
    let project = family().plain_migration("2_vacuum", "VACUUM;\nPRAGMA optimize;", "");
    project.ok(&["migrate", "up"]);
    let project = family().migration("2_vacuum", "VACUUM;", "");
    project.expect(5, &["migrate", "up"]).says(&["run_in_transaction = false"]);
}

#[test]
fn keys_that_are_wrong_in_themselves_stop_nothing_that_diesel_lets_pass() {
    // A parent that comes later, and one without a unique key.
    let project = Project::sqlite()
        .migration(
            "1_child",
            "CREATE TABLE child (id INT, parent_id INT REFERENCES parent (id));\nINSERT INTO child VALUES (1, 1);",
            "",
        )
        .migration(
            "2_parent",
            "CREATE TABLE parent (id INT);\nINSERT INTO parent VALUES (1);\nINSERT INTO child VALUES (2, 1);",
            "",
        )
        .migration("3_more", "INSERT INTO child VALUES (3, 1);", "");
    project.ok(&["migrate", "up"]);
    assert_eq!(project.query("SELECT count(*) FROM child"), ["3"]);
}

/// The other way round: the old table is renamed, and the references go with it.
const RENAMED: &str = "ALTER TABLE parent RENAME TO old_parent;\nCREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n\
    INSERT INTO parent SELECT id, name FROM old_parent;\nDROP TABLE old_parent;";

#[test]
fn a_rebuild_by_renaming_loses_no_children() {
    // SQLite lets the references follow the old table: they would be left without one.
    let project = family().migration("2_rebuild", RENAMED, "");
    project
        .expect(5, &["migrate", "up"])
        .says(&["`child` has 2 rows that refer to `old_parent`, which is no table", "rename the new one"]);
    assert_eq!(project.query("SELECT count(*) FROM child"), ["2"]);
    let project = family().migration("2_rebuild", &format!("PRAGMA legacy_alter_table = ON;\n{RENAMED}"), "");
    project.ok(&["migrate", "up"]);
    assert_eq!(project.query("SELECT count(*) FROM child"), ["2"]);
    assert_eq!(project.query("SELECT count(*) FROM pragma_foreign_key_check"), ["0"]);
}

#[test]
fn a_rebuild_outside_a_transaction_keeps_the_children() {
    for up in [REBUILD.to_owned(), format!("{REBUILD}\nVACUUM;")] {
        let project = family().plain_migration("2_rebuild", &up, "");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT count(*) FROM child"), ["2"], "{up}");
    }
}

#[test]
fn orphans_are_refused_in_a_files_own_transaction() {
    let lossy = REBUILD.replace("FROM parent", "FROM parent WHERE id = 1");
    let up = format!("PRAGMA foreign_keys=OFF;\nBEGIN;\n{lossy}\nCOMMIT;\nPRAGMA foreign_keys=ON;");
    let project = family()
        .migration("2_rebuild", &up, "")
        .file("migrations/2_rebuild/metadata.toml", "run_in_transaction = true\nallow_commit = true\n");
    project.expect(5, &["migrate", "up"]).says(&["foreign keys refer to nothing"]);
    assert_eq!(project.query("SELECT count(*) FROM parent"), ["2"]);
}

#[test]
fn keys_that_one_file_switched_off_are_on_for_the_next() {
    let project = family()
        .plain_migration("2_off", "PRAGMA foreign_keys=OFF;\nINSERT INTO parent VALUES (3, 'c');", "")
        .migration("3_delete", "DELETE FROM parent WHERE id = 2;", "");
    project.ok(&["migrate", "up"]);
    assert_eq!(project.query("SELECT id FROM child"), ["1"], "the cascade works");
}

#[test]
fn a_parent_that_is_dropped_for_good_takes_nobody_along() {
    for plain in [false, true] {
        let project = family();
        let project = if plain {
            project.plain_migration("2_drop", "DROP TABLE parent;", "")
        } else {
            project.migration("2_drop", "DROP TABLE parent;", "")
        };
        project.expect(5, &["migrate", "up"]).says(&["`child` has 2 rows that refer to `parent`, which is no table"]);
        assert_eq!(project.query("SELECT count(*) FROM child"), ["2"]);
    }
    let project = family().migration("2_drop", "DELETE FROM child;\nDROP TABLE parent;", "");
    project.ok(&["migrate", "up"]);
}

#[test]
fn a_repair_does_not_switch_keys_on_again() {
    let up = "PRAGMA foreign_keys = ON;\nCREATE TABLE p2 (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO p2 SELECT id, nosuch FROM parent;\nDROP TABLE parent;\nALTER TABLE p2 RENAME TO parent;";
    let project = family().plain_migration("2_t", up, "");
    project.expect(5, &["migrate", "up"]);
    project.write("migrations/2_t/up.sql", up.replace("nosuch", "name"));
    project.ok(&["migrate", "repair", "--retry", "--reason", "x"]);
    assert_eq!(project.query("SELECT count(*) FROM child"), ["2"]);
}

#[test]
fn a_quoted_pragma_is_one_too() {
    for (up, code) in [
        (
            "PRAGMA \"foreign_keys\"=ON;\nCREATE TABLE p2 (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO p2 SELECT * FROM parent;\nDROP TABLE parent;\nALTER TABLE p2 RENAME TO parent;",
            0,
        ),
        ("PRAGMA \"foreign_keys\"=OFF;\nDELETE FROM parent WHERE id = 1;", 5),
    ] {
        let project = family().plain_migration("2_t", up, "");
        project.expect(code, &["migrate", "up"]);
        assert_eq!(project.query("SELECT count(*) FROM child"), ["2"], "{up}");
        assert_eq!(project.query("SELECT count(*) FROM pragma_foreign_key_check"), ["0"], "{up}");
    }
}

#[test]
fn a_bad_key_hides_its_own_table_only_and_orphans_are_no_balance() {
    let bad = "CREATE TABLE u (x INT);\nCREATE TABLE zz (a INT REFERENCES u (x));";
    let project = family().migration("2_bad", bad, "").migration(
        "3_rebuild",
        &REBUILD.replace("FROM parent", "FROM parent WHERE id = 1"),
        "",
    );
    project.expect(5, &["migrate", "up"]).says(&["`child` has 1 row that refers to no row of `parent`"]);
    let project = family();
    project.session().execute("PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (9, 99)").unwrap();
    let swap =
        "CREATE TABLE z (a INT);\nDROP TABLE z;\nDELETE FROM child WHERE id = 9;\nDELETE FROM parent WHERE id = 1;";
    let project = project.migration("2_swap", swap, "");
    project.expect(5, &["migrate", "up"]).says(&["`child` has 1 row that refers to no row of `parent`"]);
}

#[test]
fn a_savepoint_outside_of_a_transaction_is_refused() {
    let project = family().plain_migration("2_s", "SAVEPOINT a;\nDELETE FROM child;\nRELEASE a;", "");
    project.expect(2, &["migrate", "up"]).says(&[
        "error[sql/transaction-control]",
        "a SAVEPOINT stands outside",
        "up.sql:1:1",
    ]);
}
