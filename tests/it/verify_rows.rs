//! `migrate verify` and rows: what it gives to tables, and what it says is lost of them.

use dbtool::backend::Backend;
use serde_json::Value;

use crate::support::{Project, on_each_backend};

/// `up people.name 2`, `down changes people.id 1`, of one migration.
fn lost(report: &Value, version: &str) -> String {
    let one = |loss: &Value| {
        let column = loss["column"].as_str().map(|column| format!(".{column}")).unwrap_or_default();
        let changes = if loss["changed"] == true { " changes" } else { "" };
        let (by, table) = (loss["by"].as_str().unwrap(), loss["table"].as_str().unwrap());
        format!("{by}{changes} {table}{column} {}", loss["rows"])
    };
    of(report, version)["lost_rows"].as_array().unwrap().iter().map(one).collect::<Vec<_>>().join(", ")
}

fn of<'r>(report: &'r Value, version: &str) -> &'r Value {
    report["migrations"].as_array().unwrap().iter().find(|one| one["version"] == version).unwrap()
}

/// Wants these losses, version by version.
fn expect_lost(project: &Project, report: &Value, expected: &[(&str, &str)]) {
    for (version, losses) in expected {
        assert_eq!(lost(report, version), *losses, "{version} on {}\n{report:#}", project.backend);
    }
}

#[test]
fn bytes_that_are_no_text_are_values_like_others() {
    let base = "CREATE TABLE z (id BLOB PRIMARY KEY NOT NULL DEFAULT (randomblob(16)), n TEXT);\n\
        CREATE TABLE y (id INTEGER PRIMARY KEY, b DEFAULT x'00ff', t TEXT);\n\
        INSERT INTO y (id, b, t) VALUES (1, x'ff', CAST(x'fe' AS TEXT));\n";
    let project = Project::sqlite()
        .migration("1_bytes", base, "DROP TABLE z;\nDROP TABLE y;\n")
        .migration("2_other", "UPDATE y SET b = x'fd';\n", "SELECT 1;\n")
        .migration("3_back", "UPDATE y SET b = x'fc';\n", "UPDATE y SET b = x'fd';\n");
    let report = project.json(0, &["migrate", "verify"]);
    expect_lost(&project, &report, &[("1", ""), ("2", "up changes y.b 1"), ("3", "")]);
    project.write("migrations/2_other/verify.sql", "SELECT b AS found FROM y;\n");
    project.expect(5, &["migrate", "up"]).says(&["found = X'FD'"]);
}

#[test]
fn many_rows_are_counted() {
    on_each_backend(|project| {
        // 20,000 of them.
        let rows = "CREATE TABLE d (n INTEGER);\n\
            INSERT INTO d VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);\n\
            CREATE TABLE n (a INTEGER NOT NULL PRIMARY KEY, b VARCHAR(20));\n\
            INSERT INTO n SELECT v.n * 10000 + w.n * 1000 + x.n * 100 + y.n * 10 + z.n, 'v' FROM d v, d w, d x, d y, d z WHERE v.n < 2;\n";
        let rename = "ALTER TABLE n RENAME COLUMN b TO c;\n";
        let project = project
            .migration("1_rows", rows, "DROP TABLE n;\nDROP TABLE d;\n")
            .migration("2_delete", "DELETE FROM n WHERE a >= 10500;\n", "SELECT 1;\n")
            .migration("3_null", "UPDATE n SET b = NULL WHERE a >= 10400;\n", "SELECT 1;\n")
            .migration("4_rename", rename, "ALTER TABLE n RENAME COLUMN c TO b;\n")
            .migration("5_drop", "ALTER TABLE n DROP COLUMN c;\n", "ALTER TABLE n ADD COLUMN c VARCHAR(20);\n")
            .migration("6_most", "DELETE FROM n WHERE a > 300;\n", "SELECT 1;\n");
        let report = project.json(4, &["migrate", "verify", "--no-loss"]);
        let expected =
            [("1", ""), ("2", "up n 9500"), ("3", "up n.b 100"), ("4", ""), ("5", "up n.c 10400"), ("6", "up n 10199")];
        expect_lost(&project, &report, &expected);
    });
}

#[test]
fn what_down_brings_back_from_elsewhere_is_not_lost() {
    on_each_backend(|project| {
        let table = |name: &str| format!("CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY, e VARCHAR(20));\n");
        let out = |name: &str| {
            format!(
                "{}INSERT INTO {name}_e SELECT id, e FROM {name};\nALTER TABLE {name} DROP COLUMN e;\n",
                table(&format!("{name}_e"))
            )
        };
        let back = |name: &str, how: &str| {
            format!("ALTER TABLE {name} ADD COLUMN e VARCHAR(20);\n{how}DROP TABLE {name}_e;\n")
        };
        let copy = "UPDATE t SET e = (SELECT t_e.e FROM t_e WHERE t_e.id = t.id);\n";
        let all = format!("{}{}{}", table("t"), table("u"), table("w"));
        let project = project
            .migration("1_tables", &all, "DROP TABLE t;\nDROP TABLE u;\nDROP TABLE w;\n")
            .migration("2_right", &out("t"), &back("t", copy))
            .migration("3_wrong", &out("u"), &back("u", ""))
            .migration(
                "4_rebuilt",
                "CREATE TABLE w2 (id INTEGER NOT NULL PRIMARY KEY, other VARCHAR(20));\nINSERT INTO w2 SELECT * FROM w;\nDROP TABLE w;\n",
                &format!("{}INSERT INTO w SELECT * FROM w2;\nDROP TABLE w2;\n", table("w")),
            );
        let report = project.json(0, &["migrate", "verify"]);
        expect_lost(&project, &report, &[("2", ""), ("3", "up u.e 1"), ("4", "")]);
        project.expect(0, &["migrate", "verify", "--since", "4", "--no-loss"]);
        project.expect(4, &["migrate", "verify", "--since", "3", "--no-loss"]);
    });
}

#[test]
fn no_two_columns_hold_the_same() {
    on_each_backend(|project| {
        let pairs = [("a", "VARCHAR(20)"), ("b", "INTEGER"), ("c", "NUMERIC(10, 2)"), ("d", "CHAR(1)"), ("e", "DATE")];
        let make: String = pairs
            .iter()
            .map(|(name, kind)| format!("CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY, x {kind}, y {kind});\n"))
            .collect();
        let drop: String = pairs.iter().map(|(name, _)| format!("DROP TABLE {name};\n")).collect();
        let names = "ALTER TABLE a RENAME COLUMN x TO z;\nALTER TABLE a RENAME COLUMN y TO x;\nALTER TABLE a RENAME COLUMN z TO y;\n";
        let project = project.migration("01_pairs", &make, &drop).migration("02_names", names, "SELECT 1;\n");
        for (at, (name, _)) in pairs.iter().enumerate() {
            let up = format!("UPDATE {name} SET x = y;\n");
            project.add_migration(&format!("{:02}_{name}", at + 3), &up, "SELECT 1;\n");
        }
        let report = project.json(0, &["migrate", "verify"]);
        expect_lost(&project, &report, &[("02", "up changes a.x 1, up changes a.y 1")]);
        for (at, (name, _)) in pairs.iter().enumerate() {
            let version = format!("{:02}", at + 3);
            expect_lost(&project, &report, &[(&version, &format!("up changes {name}.x 1"))]);
        }
    });
}

#[test]
fn nothing_stands_where_it_may() {
    on_each_backend(|project| {
        let table = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, e VARCHAR(20), f VARCHAR(20) NOT NULL);\n";
        let again = |null: &str, copied: &str| {
            format!(
                "CREATE TABLE t2 (id INTEGER NOT NULL PRIMARY KEY, e VARCHAR(20){null}, f VARCHAR(20) NOT NULL);\n\
                 INSERT INTO t2 SELECT id, e, {copied} FROM t;\nDROP TABLE t;\nALTER TABLE t2 RENAME TO t;\n"
            )
        };
        let up = project.by_backend(
            again(" NOT NULL", "'one'"),
            "UPDATE t SET f = 'one';\nALTER TABLE t ALTER COLUMN e SET NOT NULL;\n".to_owned(),
            "UPDATE t SET f = 'one';\nALTER TABLE t MODIFY e VARCHAR(20) NOT NULL;\n".to_owned(),
        );
        let down = project.by_backend(
            again("", "f"),
            "ALTER TABLE t ALTER COLUMN e DROP NOT NULL;\n".to_owned(),
            "ALTER TABLE t MODIFY e VARCHAR(20);\n".to_owned(),
        );
        let project = project
            .migration("1_table", table, "DROP TABLE t;\n")
            .migration("2_not_null", &up, &down)
            // The same the other way round is right.
            .migration("3_null", &down, &up.replace("'one'", "f").replace("UPDATE t SET f = f;\n", ""))
            .migration("4_later", "CREATE TABLE later (a INTEGER);\n", "DROP TABLE later;\n");
        let report = project.json(0, &["migrate", "verify"]);
        for version in ["1", "2", "3", "4"] {
            assert_eq!(of(&report, version)["verdict"], "ok", "on {}\n{report:#}", project.backend);
            assert_eq!(of(&report, version)["fails_with_rows"], version == "2", "on {}\n{report:#}", project.backend);
        }
        let notes = of(&report, "2")["notes"].to_string();
        assert!(notes.contains("with two rows, NULL where it may stand, in its tables, up fails at line "), "{notes}");
        // What it loses of other columns is found all the same.
        expect_lost(&project, &report, &[("2", "up changes t.f 1"), ("3", "")]);
        project.expect(4, &["migrate", "verify", "--strict"]);
    });
}

#[test]
fn rows_of_a_dropped_table_are_lost_also_where_down_fails() {
    on_each_backend(|project| {
        let tables = "CREATE TABLE keep (id INTEGER NOT NULL);\nCREATE TABLE gone (v INTEGER NOT NULL);\n";
        let down = "CREATE TABLE gone (v INTEGER NOT NULL);\nINSERT INTO gone SELECT NULL FROM keep;\n";
        let project = project.migration("1_tables", tables, "DROP TABLE keep;\nDROP TABLE gone;\n").migration(
            "2_drop",
            "DROP TABLE gone;\n",
            down,
        );
        let report = project.json(0, &["migrate", "verify"]);
        let one = of(&report, "2");
        assert_eq!((&one["verdict"], &one["fails_with_rows"]), (&"ok".into(), &true.into()), "{report:#}");
        assert!(lost(&report, "2").starts_with("up gone "), "on {}\n{report:#}", project.backend);
        let run = project.expect(4, &["migrate", "verify", "--no-loss"]);
        assert!(run.stdout.contains("fails with --no-loss: it loses rows or values"), "{run}");
    });
}

#[test]
fn rows_of_keys_of_several_columns_go_together() {
    on_each_backend(|project| {
        // Elsewhere a key needs no index of its own.
        let own = project.by_backend("", "", "KEY own (a, b), ");
        let tables = format!(
            "CREATE TABLE parent (a INTEGER NOT NULL, b INTEGER NOT NULL, note VARCHAR(9), PRIMARY KEY (a, b));\n\
             CREATE TABLE child (id INTEGER NOT NULL PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, {own}\
             FOREIGN KEY (a, b) REFERENCES parent (a, b));\n"
        );
        let unique = "CREATE UNIQUE INDEX once ON child (a, b);\n";
        let drop = if project.backend == Backend::Mysql { "DROP INDEX once ON child;\n" } else { "DROP INDEX once;\n" };
        let project = project
            .migration("1_tables", &tables, "DROP TABLE child;\nDROP TABLE parent;\n")
            .migration("2_unique", unique, drop)
            .migration("3_empty", "DELETE FROM child;\n", "SELECT 1;\n");
        let report = project.json(0, &["migrate", "verify"]);
        assert_eq!(of(&report, "2")["fails_with_rows"], false, "on {}\n{report:#}", project.backend);
        expect_lost(&project, &report, &[("3", "up child 2")]);
    });
}
