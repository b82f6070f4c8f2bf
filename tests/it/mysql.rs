//! MySQL and MariaDB: what commits by itself, what cannot share a transaction, and what must not stand in a file.

use std::time::{Duration, Instant};

use dbtool::backend::Backend;

use crate::private::Private;
use crate::support::{Project, on_mysql, skipped};

/// Which of the numbered statements are in: rows of `ran` and tables `d1`, `d2` …
fn is_in(project: &Project) -> Vec<usize> {
    let tables = project.query(
        "SELECT SUBSTR(table_name, 2) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name REGEXP '^d[0-9]$'",
    );
    let mut numbers: Vec<usize> =
        [project.query("SELECT n FROM ran"), tables].concat().iter().map(|n| n.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn each_choice_does_what_it_says_wherever_a_mixed_file_stopped() {
    on_mysql(|fresh| {
        // What changes the schema stands alone; rows that are changed one after the other are one transaction.
        const UNITS: &[&[usize]] = &[&[1], &[2, 3], &[4], &[5], &[6, 7, 8], &[9]];
        let schema = [1, 4, 5, 9];
        for failing in 1..=9 {
            for choice in ["--retry", "--resume", "--mark-applied", "--mark-pending"] {
                let statement = |number: usize| match (schema.contains(&number), number == failing) {
                    (true, true) => format!("CREATE TABLE d{number} LIKE gate"),
                    (true, false) => format!("CREATE TABLE d{number} (id INT)"),
                    (false, true) => format!("INSERT INTO ran SELECT {number} FROM gate"),
                    (false, false) => format!("INSERT INTO ran VALUES ({number})"),
                };
                let up: Vec<_> = (1..=9).map(statement).collect();
                let project = Project::on(fresh.backend)
                    .unwrap()
                    .migration("1_ran", "CREATE TABLE ran (n INT);", "")
                    .migration("2_up", &format!("{};", up.join(";\n")), "");
                let run = project.expect(5, &["migrate", "up"]);
                run.says(&[&format!("statement {failing} of 9"), &format!("up.sql:{failing}:")]);
                let unit = UNITS.iter().find(|unit| unit.contains(&failing)).unwrap();
                let before: Vec<usize> = (1..unit[0]).collect();
                assert_eq!(is_in(&project), before, "{failing}");
                if failing == 1 {
                    assert_eq!(project.states(), "1:applied 2:pending");
                    continue;
                }
                let status = project.expect(5, &["migrate", "status", "--check"]);
                if failing > unit[0] {
                    status.says(&[&format!("statement {failing} failed, and"), "rolled back with it"]);
                }
                status.says_nothing_of(&["in doubt"]);
                project.expect(5, &["migrate", "up"]).says(&["error[migrate/half-applied]"]);
                assert_eq!(is_in(&project), before, "nothing runs before it is settled");
                // What the failed statement lacked is there now.
                project.session().execute("CREATE TABLE gate (id INT)").unwrap();
                project.session().execute("INSERT INTO gate VALUES (1)").unwrap();
                project.ok(&["migrate", "repair", "2", choice, "--reason", "test"]);
                let all: Vec<usize> = (1..=9).collect();
                let (expected, state) = match choice {
                    "--retry" => (all, "applied"),
                    "--resume" => (all.into_iter().filter(|n| *n != failing).collect(), "applied"),
                    "--mark-applied" => (before, "applied"),
                    _ => (before, "pending"),
                };
                assert_eq!(is_in(&project), expected, "{failing} {choice}");
                assert_eq!(project.states(), format!("1:applied 2:{state}"), "{failing} {choice}");
            }
        }
    });
}

#[test]
fn a_file_that_only_changes_rows_is_all_or_nothing() {
    on_mysql(|project| {
        let up = "SET FOREIGN_KEY_CHECKS = 0;\nINSERT INTO t VALUES (1);\nINSERT INTO nowhere VALUES (2);";
        let project = project.migration("1_t", "CREATE TABLE t (id INT);", "").migration("2_rows", up, "");
        let run = project.expect(5, &["migrate", "up"]);
        run.says(&["statement 3 of 3", "up.sql:3:13", "nothing of it is in the database"]);
        assert_eq!(project.states(), "1:applied 2:pending");
        assert_eq!(project.query("SELECT id FROM t"), [""; 0]);
        let up = "INSERT INTO t VALUES (1);\nSAVEPOINT s;\nINSERT INTO t VALUES (9);\nROLLBACK TO s;\nINSERT INTO t VALUES (2);";
        project.write("migrations/2_rows/up.sql", up);
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT id FROM t"), ["1", "2"]);
    });
}

#[test]
fn tables_without_transactions_are_told_as_they_are() {
    on_mysql(|project| {
        let project = project.migration("1_t", "CREATE TABLE t (id INT) ENGINE=MyISAM;", "").migration(
            "2_rows",
            "INSERT INTO t VALUES (1);\nINSERT INTO nowhere VALUES (2);",
            "",
        );
        project.expect(5, &["migrate", "up"]).says(&["statement 1 of 2 is in the database"]);
        assert_eq!(project.query("SELECT id FROM t WHERE id = 1"), ["1"]);
        assert_eq!(project.states(), "1:applied 2:failed");
    });
}

#[test]
fn a_transaction_of_the_file_that_a_create_commits_is_followed() {
    on_mysql(|project| {
        let up = "START TRANSACTION;\nINSERT INTO t VALUES (1);\nCREATE TABLE u (id INT);\nINSERT INTO t VALUES (2);\nINSERT INTO nowhere VALUES (1);\nCOMMIT;";
        let project = project.migration("1_t", "CREATE TABLE t (id INT);", "").migration("2_own", up, "");
        project.expect(5, &["migrate", "up"]).says(&["statement 5 of 6"]);
        // CREATE has committed what stood before it; the second row was rolled back with the failure.
        assert_eq!(project.query("SELECT id FROM t"), ["1"]);
        let status = project.expect(5, &["migrate", "status", "--check"]);
        status.says(&[
            "statements 1 to 3 of 6 are in the database; statement 5 failed, and statement 4 was rolled back with it",
        ]);
        project.session().execute("CREATE TABLE nowhere (id INT)").unwrap();
        project.ok(&["migrate", "repair", "--retry", "--reason", "the table is there"]);
        assert_eq!(project.query("SELECT id FROM t"), ["1", "2"]);
        assert_eq!(project.query("SELECT id FROM nowhere"), ["1"]);
    });
}

#[test]
fn a_dump_with_locked_tables_runs() {
    on_mysql(|project| {
        let dump = "/*!40101 SET @saved = @@character_set_client */;\nDROP TABLE IF EXISTS `t`;\nCREATE TABLE `t` (`id` int);\nLOCK TABLES `t` WRITE;\n/*!40000 ALTER TABLE `t` DISABLE KEYS */;\nINSERT INTO `t` VALUES (1),(2);\n/*!40000 ALTER TABLE `t` ENABLE KEYS */;\nUNLOCK TABLES;\n/*!40101 SET character_set_client = @saved */;\n";
        let project = project.migration("1_dump", dump, "DROP TABLE t;");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT id FROM t"), ["1", "2"]);
        project.ok(&["migrate", "redo"]);
        let project = project.migration(
            "2_fails",
            "LOCK TABLES t WRITE;\nINSERT INTO t VALUES (3);\nINSERT INTO t VALUES ('x');\nUNLOCK TABLES;",
            "",
        );
        project.expect(5, &["migrate", "up"]).says(&["statement 3 of 4", "statements 1 to 2 of 4 are in"]);
        project.write(
            "migrations/2_fails/up.sql",
            "LOCK TABLES t WRITE;\nINSERT INTO t VALUES (3);\nINSERT INTO t VALUES (4);\nUNLOCK TABLES;",
        );
        project.ok(&["migrate", "repair", "--retry", "--reason", "mended"]);
        assert_eq!(project.query("SELECT id FROM t"), ["1", "2", "3", "4"]);
        let project = project.migration("3_open", "LOCK TABLES t WRITE;\nINSERT INTO t VALUES (5);", "");
        project.expect(5, &["migrate", "up"]).says(&["leaves tables locked", "UNLOCK TABLES"]);
    });
}

#[test]
fn what_went_with_its_connection_is_not_run_on_without() {
    on_mysql(|project| {
        let up = "CREATE TEMPORARY TABLE scratch (id INT);\nCREATE TABLE t (id INT);\nINSERT INTO nowhere VALUES (1);";
        let project = project.migration("1_t", up, "");
        project.expect(5, &["migrate", "up"]);
        let refused = project.expect(9, &["migrate", "repair", "--retry", "--reason", "x"]);
        refused.says(&["went with its connection", "up.sql:1:1", "--mark-applied"]);
    });
}

#[test]
fn files_that_cannot_be_run_are_refused_before_anything_is() {
    on_mysql(|fresh| {
        let longest: usize = fresh.query("SELECT @@max_allowed_packet")[0].parse().unwrap();
        let long = format!("SELECT 1;\n  SELECT '{}';", "x".repeat(longest));
        for (up, words) in [
            (long.as_str(), &["error[sql/too-long]", "up.sql:2:3", "max_allowed_packet", "nothing was run"][..]),
            ("SELECT 1;\nFLUSH TABLES WITH READ LOCK;", &["error[sql/refused]", "up.sql:2:1", "leave it out"]),
            (
                "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE x;",
                &["error[sql/refused]", "reads a file of the client"],
            ),
            ("SET sql_mode = 'ANSI_QUOTES';", &["error[sql/refused]", "how the file itself is read"]),
            ("CREATE PROCEDURE p() BEGIN SELECT 1;", &["error[sql/unterminated]", "a body begins here", "up.sql:1:1"]),
            ("DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 'x; END//", &["error[sql/unterminated]", "a quote"]),
            ("SELECT `a;", &["error[sql/unterminated]", "a quoted name"]),
        ] {
            let project = Project::on(fresh.backend)
                .unwrap()
                .migration("1_good", "CREATE TABLE good (id INT);", "")
                .migration("2_bad", up, "");
            project.expect(2, &["migrate", "up"]).says(words);
            assert_eq!(project.states(), "1:pending 2:pending");
        }
    });
}

#[test]
fn the_servers_errors_have_their_place() {
    on_mysql(|fresh| {
        for (up, place, words) in [
            ("SELECT 1;\nSELECT\n  FROM;", "up.sql:3:3", "1064"),
            ("INSERT INTO\n  nowhere VALUES (1);", "up.sql:2:3", "1146"),
            ("CREATE TABLE t (id INT);\nCREATE TABLE\n t (id INT);", "up.sql:3:2", "1050"),
            ("CREATE TABLE t (id INT);\nINSERT INTO t (no) VALUES (1);", "up.sql:2:16", "1054"),
            ("CREATE TABLE", "up.sql:1:13", "1064"),
        ] {
            let project = Project::on(fresh.backend).unwrap().migration("1_bad", up, "");
            project.expect(5, &["migrate", "up"]).says(&["error[migrate/failed]", place, words]);
        }
    });
}

#[test]
fn wrong_words_for_the_connection() {
    on_mysql(|project| {
        let project = project.migration("1_a", "SELECT 1;", "").variable("DBTOOL_RETRY_ATTEMPTS", "1");
        let user = format!("dbtool_{}", std::process::id());
        let mut session = project.session();
        session.execute(&format!("CREATE USER {user}@'%' IDENTIFIED BY 'right one'")).unwrap();
        let rest = project.url.split_once('@').map_or(project.url.as_str(), |(_, rest)| rest).to_owned();
        let url = |login: &str, rest: &str| format!("mysql://{login}@{rest}");
        let wrong = url(&format!("{user}:s3cret-word"), &rest);
        let run = project.expect(8, &["migrate", "up", "--url", &wrong]);
        run.says(&["error[connect/authentication]", "Access denied"]).says_nothing_of(&["s3cret-word"]);
        // The right one, without a right to the database.
        let run = project.expect(8, &["migrate", "up", "--url", &url(&format!("{user}:right%20one"), &rest)]);
        run.says(&["Access denied"]);
        let (host, _) = rest.split_once('/').unwrap();
        let none = project.expect(8, &["migrate", "up", "--url", &url("root", &format!("{host}/dbtool_no_such"))]);
        none.says(&["error[connect/unknown-database]", "dbtool db create"]);
        let gone = project.expect(8, &["migrate", "up", "--url", "mysql://root@127.0.0.1:1/x"]);
        gone.says(&["error[connect/unreachable]"]);
        let odd = project.expect(2, &["migrate", "up", "--url", &format!("{}?colour=red", project.url)]);
        odd.says(&["error[config/value]", "`colour`", "the parameters are"]);
        project.expect(2, &["migrate", "up", "--url", &url("root", host)]).says(&["the URL names no database"]);
        session.execute(&format!("DROP USER {user}@'%'")).unwrap();
    });
}

#[test]
fn session_sql_switches_the_keys_off() {
    on_mysql(|project| {
        let child = "CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id));";
        let project = project.migration("1_child", child, "").migration(
            "2_parent",
            "CREATE TABLE parent (id INT PRIMARY KEY);",
            "",
        );
        project.expect(5, &["migrate", "up"]);
        let project = project.file("dbtool.toml", "[migrate]\nsession = [\"SET FOREIGN_KEY_CHECKS = 0\"]\n");
        project.ok(&["migrate", "up"]);
        let project = project.file("dbtool.toml", "[migrate]\nsession = [\"SET sql_mode = 'ANSI_QUOTES'\"]\n");
        let project = project.migration("3_x", "SELECT 1;", "");
        project.expect(2, &["migrate", "up"]).says(&["error[config/value]", "changes how SQL is read"]);
    });
}

#[test]
fn the_servers_sql_mode_says_how_a_file_is_read() {
    let ansi = |_: &std::path::Path| vec!["sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES".to_owned()];
    let Some(server) = Private::start(Backend::Mysql, "", ansi) else { return };
    let url = format!("mysql://root@127.0.0.1:{}/shop", server.port);
    let up = "CREATE TABLE \"a\" (\"id;\\\" INT, t TEXT DEFAULT '\\');\nINSERT INTO \"a\" VALUES (1, 'a\\');\nINSERT INTO nowhere VALUES ('\\''x');";
    let project = Project::sqlite().migration("1_a", up, "").variable("DATABASE_URL", &url);
    project.ok(&["db", "create"]);
    // The error, too, is kept as it is: it has the backslash in it.
    project.expect(5, &["migrate", "up"]).says(&["statement 3 of 3", "statement 1 of 3 is in the database"]);
    project.write("migrations/1_a/up.sql", up.replace("nowhere VALUES ('\\''x')", "a VALUES (2, '\\''x')"));
    project.ok(&["migrate", "repair", "--retry", "--reason", "a \\ and a '"]);
    let history = project.json(0, &["migrate", "history"]);
    assert!(history.to_string().contains(r"a \\ and a '"), "{history}");
}

#[test]
fn a_cluster_is_refused_with_the_reason() {
    let provider = ["/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so"];
    let Some(provider) = provider.into_iter().find(|path| std::path::Path::new(path).exists()) else {
        return skipped("on a Galera cluster: its provider is not installed (package galera-4)");
    };
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (group, transfer) = (free(), free());
    let node = |_: &std::path::Path| {
        [
            "wsrep-on=ON".to_owned(),
            "wsrep-new-cluster".to_owned(),
            format!("wsrep-provider={provider}"),
            format!("wsrep-cluster-address=gcomm://127.0.0.1:{group}"),
            format!(
                "wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{group};ist.recv_addr=127.0.0.1:{transfer}"
            ),
            "wsrep-node-address=127.0.0.1".to_owned(),
            "binlog-format=ROW".to_owned(),
            "innodb-autoinc-lock-mode=2".to_owned(),
        ]
        .into()
    };
    let Some(server) = Private::start(Backend::Mysql, "", node) else { return };
    let url = format!("mysql://root@127.0.0.1:{}/shop", server.port);
    let project = Project::sqlite().migration("1_a", "CREATE TABLE a (id INT);", "").variable("DATABASE_URL", &url);
    // It answers before it is a member.
    let started = Instant::now();
    while project.run(&["db", "create"]).code != 0 {
        assert!(started.elapsed() < Duration::from_secs(30), "the node is not ready");
        std::thread::sleep(Duration::from_millis(100));
    }
    let refused = project.expect(9, &["migrate", "up"]);
    refused.says(&["error[migrate/lock-unsupported]", "a Galera cluster", "on one node alone", "--lock none"]);
    assert_eq!(project.states(), "1:pending");
    project.ok(&["migrate", "up", "--lock", "none"]);
    // Where nothing is to be run, no lock is needed.
    project.ok(&["migrate", "up"]).says(&["nothing to do"]);
}

#[test]
fn a_lock_that_is_lost_stops_the_run() {
    on_mysql(|project| {
        let up = "CREATE TABLE t (id INT);\nDO SLEEP(3);\nCREATE TABLE u (id INT);";
        let project = project.migration("1_t", up, "");
        let child = project.command(&["migrate", "up"]).spawn().unwrap();
        let mut session = project.session();
        let started = Instant::now();
        let slow = format!(
            "SELECT 1 FROM information_schema.processlist WHERE db = '{}' AND info = 'DO SLEEP(3)'",
            project.database()
        );
        while session.query(&slow).unwrap().is_empty() {
            assert!(started.elapsed() < Duration::from_secs(20), "it never came to that point");
            std::thread::sleep(Duration::from_millis(20));
        }
        let name = format!(
            "dbtool:{}",
            &blake3::hash(format!("{}:__diesel_schema_migrations", project.database()).as_bytes()).to_hex()[..32]
        );
        let holder = session.query(&format!("SELECT IS_USED_LOCK('{name}')")).unwrap()[0].text(0).to_owned();
        session.execute(&format!("KILL {holder}")).unwrap();
        let run = crate::support::Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 5, "{run}");
        run.says(&["error[migrate/lock-lost]", "statements 1 to 2 of 3 are in the database"]);
        assert_eq!(project.query("SHOW TABLES LIKE 'u'"), [""; 0]);
    });
}

#[test]
fn a_connection_that_breaks_says_what_is_in() {
    on_mysql(|project| {
        let up = "CREATE TABLE t (id INT);\nINSERT INTO t VALUES (1);\nDO SLEEP(30);\nINSERT INTO t VALUES (2);";
        let project = project.migration("1_t", up, "");
        let child = project.command(&["migrate", "up"]).spawn().unwrap();
        let mut session = project.session();
        let started = Instant::now();
        let slow = format!(
            "SELECT id FROM information_schema.processlist WHERE db = '{}' AND info = 'DO SLEEP(30)'",
            project.database()
        );
        let id = loop {
            if let Some(row) = session.query(&slow).unwrap().first() {
                break row.text(0).to_owned();
            }
            assert!(started.elapsed() < Duration::from_secs(20), "it never came to that point");
            std::thread::sleep(Duration::from_millis(20));
        };
        session.execute(&format!("KILL {id}")).unwrap();
        let run = crate::support::Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 5, "{run}");
        run.says(&["statement 3 of 4", "statements 1 to 2 of 4 are in the database; statement 3 may have left"]);
        project.expect(5, &["migrate", "status", "--check"]).says(&["statement 3 is in doubt"]);
        project.ok(&["migrate", "repair", "--resume", "--reason", "it was a pause"]);
        assert_eq!(project.query("SELECT id FROM t"), ["1", "2"]);
    });
}

#[test]
fn the_servers_warnings_are_shown() {
    on_mysql(|project| {
        let project = project.migration(
            "1_t",
            "CREATE TABLE t (id INT PRIMARY KEY);\nINSERT INTO t VALUES (1);\nINSERT IGNORE INTO t VALUES (1);",
            "",
        );
        project.ok(&["migrate", "up"]).says(&["Duplicate entry", "1062"]);
    });
}
