//! MySQL and MariaDB: what dbtool says of the database is so, whatever a file does.

use std::time::{Duration, Instant};

use crate::support::{Project, on_mysql};

/// A project with a table that remembers which statements ran.
fn logged(project: Project) -> Project {
    let log = "CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, n INT);\nCREATE TABLE busy (v INT);\nINSERT INTO busy VALUES (0);\nCREATE PROCEDURE add_row(x INT) INSERT INTO log (n) VALUES (x);\nCREATE FUNCTION add_one() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO log (n) VALUES (7); RETURN 7; END;\nCREATE PROCEDURE opens() BEGIN INSERT INTO log (n) VALUES (1); START TRANSACTION; INSERT INTO log (n) VALUES (2); END;";
    if project.query("SELECT @@log_bin")[0] == "1" {
        project.session().execute("SET GLOBAL log_bin_trust_function_creators = 1").unwrap();
    }
    let project = project.migration("1_log", log, "");
    project.ok(&["migrate", "up"]);
    project
}

fn ran(project: &Project) -> String {
    project.query("SELECT n FROM log ORDER BY id").join(" ")
}

fn is_maria(project: &Project) -> bool {
    project.query("SELECT VERSION()")[0].contains("MariaDB")
}

/// A file, what is said of it, and the rows that are there: after it failed, and after it was mended and run again.
struct Case {
    up: &'static str,
    says: &'static [&'static str],
    rows: &'static str,
    state: &'static str,
    /// What is replaced to mend it, and the choice; none: `up` again.
    mend: (&'static str, &'static str),
    choice: Option<&'static str>,
    /// The exit code of that, and the rows then.
    then: (i32, &'static str),
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn what_is_in_is_told_and_nothing_runs_twice() {
    on_mysql(|fresh| {
        let cases = [
            // A delimiter of one's own makes one message of many statements.
            Case {
                up: "DELIMITER //\nINSERT INTO log (n) VALUES (1); CREATE TABLE b (i INT); INSERT INTO log (n) VALUES (2); INSERT INTO nope VALUES (1)//",
                says: &["statement 1 may have left something behind"],
                rows: "1 2",
                state: "failed",
                mend: ("nope", "log"),
                choice: Some("--mark-applied"),
                then: (0, "1 2"),
            },
            // A procedure that begins a transaction.
            Case {
                up: "CALL opens();",
                says: &["leaves a transaction open", "statement 1 may have left something behind"],
                rows: "1",
                state: "failed",
                mend: ("opens", "opens"),
                choice: Some("--mark-pending"),
                then: (0, "1"),
            },
            // Tables without transactions, by whatever way they came to be.
            Case {
                up: "CREATE TABLE h (n INT) ENGINE=HEAP;\nINSERT INTO h VALUES (1);\nINSERT INTO log (n) VALUES (1);\nINSERT INTO nope VALUES (1);",
                says: &["statements 1 to 3 of 4 are in the database"],
                rows: "1",
                state: "failed",
                mend: ("nope VALUES", "log (n) VALUES"),
                choice: Some("--retry"),
                then: (0, "1 1"),
            },
            // What a repair would have to do again, and must not.
            Case {
                up: "SET @a = add_one();\nALTER TABLE nope ADD x INT;\nINSERT INTO log (n) VALUES (@a);",
                says: &["statement 1 of 3 is in the database"],
                rows: "7",
                state: "failed",
                mend: ("TABLE nope", "TABLE busy"),
                choice: Some("--retry"),
                then: (9, "7"),
            },
            Case {
                up: "INSERT INTO log (n) VALUES (1);\nALTER TABLE nope ADD x INT;\nINSERT INTO log (n) VALUES (LAST_INSERT_ID());",
                says: &["statement 1 of 3 is in the database"],
                rows: "1",
                state: "failed",
                mend: ("TABLE nope", "TABLE busy"),
                choice: Some("--retry"),
                then: (9, "1"),
            },
            Case {
                up: "CREATE TABLE x (i INT);\nSELECT 5 INTO\n  @k;\nALTER TABLE nope ADD x INT;\nINSERT INTO log (n) VALUES (@k);",
                says: &["statements 1 to 2 of 4 are in the database"],
                rows: "",
                state: "failed",
                mend: ("TABLE nope", "TABLE busy"),
                choice: Some("--retry"),
                then: (9, ""),
            },
            // The file's own transactions, and a repair behind one.
            Case {
                up: "START TRANSACTION;\nINSERT INTO log (n) VALUES (1);\nCOMMIT;\nCALL nope();\nINSERT INTO log (n) VALUES (2);",
                says: &["statements 1 to 3 of 5 are in the database"],
                rows: "1",
                state: "failed",
                mend: ("nope()", "add_row(9)"),
                choice: Some("--retry"),
                then: (0, "1 9 2"),
            },
            // Nothing is committed while the tables are locked.
            Case {
                up: "SET autocommit = 0;\nLOCK TABLES log WRITE;\nINSERT INTO log (n) VALUES (1);\nINSERT INTO log (n) VALUES (2);\nINSERT INTO log (n) VALUES ('bad');\nCOMMIT;\nUNLOCK TABLES;\nSET autocommit = 1;",
                says: &["nothing of it is in the database"],
                rows: "",
                state: "pending",
                mend: ("'bad'", "3"),
                choice: None,
                then: (0, "1 2 3"),
            },
            // What the journal cannot tell on this connection, it tells on another one.
            Case {
                up: "CREATE TABLE x (i INT);\nSET sql_select_limit = 0;\nSTART TRANSACTION;\nINSERT INTO log (n) VALUES (1);\nINSERT INTO nope VALUES (3);\nCOMMIT;",
                says: &[
                    "statements 1 to 2 of 6 are in the database",
                    "statement 5 failed, and statements 3 to 4 were rolled back",
                ],
                rows: "",
                state: "failed",
                mend: ("nope", "log (n)"),
                choice: Some("--retry"),
                then: (0, "1 3"),
            },
            // A setting that fails, and is taken as done, is not made again.
            Case {
                up: "CREATE TABLE x (i INT);\nSET SESSION no_such_variable = 1;\nINSERT INTO log (n) VALUES (1);",
                says: &["statement 1 of 3 is in the database"],
                rows: "",
                state: "failed",
                mend: ("x (i INT)", "x (i INT)"),
                choice: Some("--resume"),
                then: (0, "1"),
            },
            // Tables and prepared statements that are gone again.
            Case {
                up: "SET @id = 5;\nINSERT INTO log (n) VALUES (@id);\nCREATE TABLE o (i INT);\nLOCK TABLES o WRITE;\nUNLOCK TABLES;\nDROP TABLE o;\nALTER TABLE nope ADD x INT;\nINSERT INTO log (n) VALUES (@id);",
                says: &["statements 1 to 6 of 8 are in the database"],
                rows: "5",
                state: "failed",
                mend: ("TABLE nope", "TABLE busy"),
                choice: Some("--retry"),
                then: (0, "5 5"),
            },
            Case {
                up: "DELIMITER //\nUSE information_schema; SET @x = 1//\nCREATE TABLE z1 (a INT); INSERT INTO log (n) VALUES (1); CREATE TABLE log (a INT)//",
                says: &["may have left something behind"],
                rows: "",
                state: "failed",
                mend: ("z1", "z1"),
                choice: Some("--mark-pending"),
                then: (0, ""),
            },
            // What only changed the connection.
            Case {
                up: "SET FOREIGN_KEY_CHECKS = 0;\nCREATE TEMPORARY TABLE guard (i INT PRIMARY KEY);\nINSERT INTO guard VALUES (1), (1);\nINSERT INTO log (n) VALUES (1);",
                says: &["nothing of it is in the database"],
                rows: "",
                state: "pending",
                mend: ("(1), (1)", "(1), (2)"),
                choice: None,
                then: (0, "1"),
            },
        ];
        for case in cases {
            let project = logged(Project::on(fresh.backend).unwrap()).migration("2_file", case.up, "");
            project.expect(5, &["migrate", "up"]).says(case.says);
            assert_eq!(ran(&project), case.rows, "{}", case.up);
            assert_eq!(project.states(), format!("1:applied 2:{}", case.state), "{}", case.up);
            project.write("migrations/2_file/up.sql", case.up.replace(case.mend.0, case.mend.1));
            let args = match case.choice {
                Some(choice) => vec!["migrate", "repair", "2", choice, "--reason", "test"],
                None => vec!["migrate", "up"],
            };
            project.expect(case.then.0, &args);
            assert_eq!(ran(&project), case.then.1, "{}", case.up);
        }
    });
}

#[test]
fn mariadbs_own_statements_are_told_as_they_are() {
    on_mysql(|fresh| {
        if !is_maria(&fresh) {
            return;
        }
        for (up, says, rows) in [
            (
                "INSERT INTO log (n) VALUES (1);\nSET STATEMENT max_statement_time = 10 FOR ALTER TABLE nope ADD x INT;",
                &["statement 1 of 2 is in the database"][..],
                "1",
            ),
            (
                "CREATE OR REPLACE TABLE busy (a INT PRIMARY KEY) AS SELECT 1 AS a UNION ALL SELECT 1;",
                &["may have left something behind"],
                "",
            ),
            ("CREATE ROLE dbtool_r1, dbtool_r1;", &["may have left something behind"], ""),
        ] {
            let project = logged(Project::on(fresh.backend).unwrap()).migration("2_file", up, "");
            project.expect(5, &["migrate", "up"]).says(says);
            assert_eq!(ran(&project), rows, "{up}");
            assert_eq!(project.states(), "1:applied 2:failed", "{up}");
        }
        let _ = fresh.session().execute("DROP ROLE IF EXISTS dbtool_r1");
        // A setting for one statement is no setting for the connection.
        let up = "CREATE TABLE x (a INT);\nSET STATEMENT max_statement_time = 10 FOR INSERT INTO log (n) VALUES (1);\nALTER TABLE nope ADD y INT;\nINSERT INTO log (n) VALUES (2);";
        let project = logged(Project::on(fresh.backend).unwrap()).migration("2_file", up, "");
        project.expect(5, &["migrate", "up"]);
        project.write("migrations/2_file/up.sql", up.replace("TABLE nope", "TABLE x"));
        project.ok(&["migrate", "repair", "--retry", "--reason", "test"]);
        assert_eq!(ran(&project), "1 2");
    });
}

#[test]
fn only_what_is_as_it_was_is_tried_again() {
    on_mysql(|fresh| {
        let elsewhere = Project::on(fresh.backend).unwrap();
        elsewhere.session().execute("CREATE TABLE m (n INT) ENGINE=MyISAM").unwrap();
        let other = elsewhere.database().to_owned();
        // There the server itself refuses to mix the two.
        let strict =
            elsewhere.query("SHOW VARIABLES LIKE 'enforce_gtid_consistency'") == ["enforce_gtid_consistency|ON"];
        for (up, says, tries) in [
            // Rows in another database's table without transactions stay.
            (format!("INSERT INTO {other}.m VALUES (1);\nUPDATE busy SET v = 1;"), "statements 1 to 2 may have left", false),
            ("SET @n := 0;\nALTER TABLE log ADD pos INT;\nUPDATE log SET pos = (@n := @n + 1);\nUPDATE busy SET v = 1;".into(), "statements 1 to 2 of 4 are in the database", false),
            // A setting that the file itself changes on its way.
            (
                "INSERT INTO log (n) VALUES (1);\nSET time_zone = '+05:00';\nUPDATE busy SET v = 1;".into(),
                "nothing of it is in the database",
                false,
            ),
            // Plain rows are tried again.
            ("INSERT INTO log (n) VALUES (1);\nUPDATE busy SET v = 1;".into(), "nothing of it is in the database", true),
        ] {
            if strict && up.contains(".m ") {
                continue;
            }
            let project = logged(Project::on(fresh.backend).unwrap())
                .variable("DBTOOL_MIGRATE_LOCK_TIMEOUT", "1s")
                .variable("DBTOOL_RETRY_ATTEMPTS", "2")
                .migration("2_file", &up, "");
            let mut holder = project.session();
            holder.execute("BEGIN; SELECT * FROM busy FOR UPDATE").unwrap();
            let run = project.run(&["migrate", "up"]);
            assert!(run.code == 5 || run.code == 7, "{run}");
            run.says(&[says]);
            assert_eq!(run.stderr.contains("retrying"), tries, "{run}");
            holder.execute("ROLLBACK").unwrap();
        }
        assert!(strict || elsewhere.query("SELECT n FROM m") == ["1"], "it ran once");
    });
}

#[test]
fn a_file_whose_statements_are_all_in_only_lacks_the_record() {
    on_mysql(|project| {
        let project = logged(project).migration("2_file", "CREATE TABLE c1 (i INT);\nCALL add_row(1);", "");
        // As a runner leaves it that dies between its last note and the record.
        project.ok(&["migrate", "up"]);
        let mut session = project.session();
        session.execute("DELETE FROM __diesel_schema_migrations WHERE version = '2'").unwrap();
        session
            .execute("UPDATE __dbtool_journal SET outcome = 'started', connection = NULL WHERE version = '2'")
            .unwrap();
        let status = project.expect(5, &["migrate", "status", "--check"]);
        status.says(&[
            "statements 1 to 2 of 2 are in the database",
            "records that all of it is in; it runs nothing again",
        ]);
        project.ok(&["migrate", "repair", "--retry", "--reason", "test"]);
        assert_eq!(ran(&project), "1");
        assert_eq!(project.states(), "1:applied 2:applied");
    });
}

#[test]
fn a_repair_waits_until_the_server_is_done_whoever_asks() {
    on_mysql(|project| {
        let project = logged(project);
        let name = project.database().to_owned();
        let (worker, other) = (format!("w_{}", &name[12..]), format!("o_{}", &name[12..]));
        let mut session = project.session();
        for user in [&worker, &other] {
            session.execute(&format!("CREATE USER {user}@'%' IDENTIFIED BY 'pw'")).unwrap();
            session.execute(&format!("GRANT ALL ON {name}.* TO {user}@'%'")).unwrap();
        }
        let rest = project.url.split_once('@').unwrap().1.to_owned();
        let project = project.migration("2_file", "CREATE TABLE c1 (i INT);\nDO SLEEP(4);\nCALL add_row(1);", "");
        let url = |user: &str| format!("mysql://{user}:pw@{rest}");
        let mut child = project.command(&["migrate", "up", "--url", &url(&worker)]).spawn().unwrap();
        let started = Instant::now();
        // The statement is noted before it is sent: at work it is once the server says so.
        while session
            .query(&format!(
                "SELECT 1 FROM information_schema.processlist WHERE user = '{worker}' AND info LIKE 'DO SLEEP%'"
            ))
            .unwrap()
            .is_empty()
        {
            assert!(started.elapsed() < Duration::from_secs(20), "it never came to that point");
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // Without the right PROCESS, others' connections are not in the list.
        for choice in ["--retry", "--resume", "--mark-applied", "--mark-pending"] {
            let args = ["migrate", "repair", choice, "--reason", "x", "--url", &url(&other)];
            project.expect(7, &args).says(&["the server still works on it"]);
        }
        std::thread::sleep(Duration::from_millis(4_500));
        project.ok(&["migrate", "repair", "--resume", "--reason", "x", "--url", &url(&other)]);
        assert_eq!(ran(&project), "1");
        for user in [&worker, &other] {
            session.execute(&format!("DROP USER {user}@'%'")).unwrap();
        }
    });
}

#[test]
fn what_a_file_leaves_does_not_mislead_the_next() {
    on_mysql(|fresh| {
        let other = Project::on(fresh.backend).unwrap();
        for up in [
            format!("USE {};\nCREATE TABLE there (i INT);", other.database()),
            "SET autocommit = 0;\nINSERT INTO log (n) VALUES (1);\nCOMMIT;".to_owned(),
            "SET sql_select_limit = 0;\nINSERT INTO log (n) VALUES (1);".to_owned(),
        ] {
            let project = logged(Project::on(fresh.backend).unwrap()).migration("2_file", &up, "").migration(
                "3_next",
                "CREATE TABLE here (i INT);\nINSERT INTO log (n) VALUES (2);",
                "",
            );
            project.ok(&["migrate", "up"]);
            assert!(ran(&project).ends_with('2'), "{up}");
            assert_eq!(project.query("SHOW TABLES LIKE 'here'"), ["here"], "{up}");
            assert_eq!(project.states(), "1:applied 2:applied 3:applied");
            let open = project.query("SELECT count(*) FROM __dbtool_journal WHERE outcome <> 'done'");
            assert_eq!(open, ["0"], "{up}");
        }
    });
}

#[test]
fn the_record_is_not_a_files_to_change() {
    on_mysql(|fresh| {
        let own = format!("DROP DATABASE IF EXISTS `{}`;", fresh.database());
        for up in [
            "DROP TABLE __dbtool_journal;",
            "RENAME TABLE __dbtool_journal TO x;",
            "DELETE FROM __dbtool_journal;",
            "TRUNCATE `__diesel_schema_migrations`;",
            "LOCK TABLES __dbtool_journal WRITE;",
            "XA START 'x'; XA END 'x';",
            "SET sql_mode = 'ANSI';",
        ] {
            let project = Project::on(fresh.backend).unwrap().migration("1_x", &format!("SELECT 1;\n{up}"), "");
            project.expect(2, &["migrate", "up"]).says(&["error[sql/refused]", "up.sql:2:1"]);
            assert_eq!(project.states(), "1:pending", "{up}");
        }
        let project = fresh.migration("1_x", &own, "");
        project.expect(2, &["migrate", "up"]).says(&["error[sql/refused]", "drops the database that it runs in"]);
    });
}
