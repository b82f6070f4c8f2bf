//! Files that are not held in memory: read in parts, applied as one, with the right place for what is wrong in them.

use std::fmt::Write as _;

use crate::support::{Project, Run, on_each_backend, on_mysql, on_postgres, on_transactional};

/// About `megabytes` of statements that change rows, of 2 KB each, on lines of their own, from the third line on.
fn rows(megabytes: usize) -> String {
    let mut sql = "-- é\nCREATE TABLE big (id INT PRIMARY KEY, data TEXT);\n".to_owned();
    let data = "é".repeat(1000);
    for id in 0..megabytes * 512 {
        writeln!(sql, "INSERT INTO big VALUES ({id}, '{data}');").unwrap();
    }
    sql
}

#[test]
fn a_long_file_is_applied_as_one_and_known_again() {
    on_each_backend(|project| {
        let project = project.migration("1_big", &rows(3), "DROP TABLE big;");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT count(*), min(id), max(id) FROM big"), ["1536|0|1535"]);
        assert_eq!(project.query("SELECT statements, statement_done FROM __dbtool_journal"), ["1537|1537"]);
        assert_eq!(project.query("SELECT up_sql IS NULL FROM __dbtool_journal")[0].replace('t', "1"), "1");
        assert_eq!(project.states(), "1:applied");
        // A comment is no change, a value is.
        project.write("migrations/1_big/up.sql", format!("{}-- more", rows(3)));
        assert_eq!(project.states(), "1:applied");
        project.write("migrations/1_big/up.sql", rows(3).replace("(1535,", "(1536,"));
        assert_eq!(project.states(), "1:changed");
        project.ok(&["migrate", "down"]);
        assert_eq!(project.states(), "1:pending");
    });
}

#[test]
fn what_is_wrong_in_the_last_part_takes_all_of_it_back() {
    on_transactional(|project| {
        let wrong = format!("{}INSERT INTO big VALUES (7, 'again');\n", rows(3));
        let project = project.migration("1_big", &wrong, "");
        let run = project.expect(5, &["migrate", "up"]);
        run.says(&[
            "failed at statement 1538 of 1538",
            "1_big/up.sql:1539:1",
            "INSERT INTO big VALUES (7, 'again');",
            "nothing of it is in the database",
        ]);
        assert_eq!(project.states(), "1:pending");
        project.write("migrations/1_big/up.sql", format!("{}INSERT INTO big VALUES (-1, 'it''s\n", rows(3)));
        project.expect(2, &["migrate", "up"]).says(&["error[sql/unterminated]", "1_big/up.sql:1539:29"]);
        let mut bytes = rows(3).into_bytes();
        bytes.extend(b"SELECT '\xe9';\n");
        project.write("migrations/1_big/up.sql", &bytes);
        project.expect(2, &["migrate", "up"]).says(&["error[source/encoding]", "1_big/up.sql:1539:9", "0xE9"]);
        project.write("migrations/1_big/up.sql", format!("{}COMMIT;\n", rows(3)));
        project.expect(2, &["migrate", "up"]).says(&["error[sql/transaction-control]", "1_big/up.sql:1539:1"]);
        let utf16: Vec<u8> = rows(3).encode_utf16().flat_map(u16::to_le_bytes).collect();
        project.write("migrations/1_big/up.sql", [b"\xff\xfe".to_vec(), utf16].concat());
        project.expect(2, &["migrate", "up"]).says(&["is UTF-16"]);
    });
}

#[test]
fn one_statement_may_be_longer_than_a_part() {
    on_transactional(|project| {
        let long = format!(
            "\u{feff}CREATE TABLE t (data TEXT);\nINSERT INTO t VALUES ('{}');\nINSERT INTO t VALUES ('short');",
            "x;".repeat(2 << 20)
        );
        let project = project.migration("1_t", &long, "");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT length(data) FROM t ORDER BY 1"), ["5", "4194304"]);
    });
}

/// The most memory that a run has taken, in KiB.
#[cfg(target_os = "linux")]
fn peak(project: &Project, args: &[&str]) -> u64 {
    let mut child = project.command(args).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (mut most, mut code) = (0, None);
    while code.is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        // Before it has its own name, its memory is still this process's.
        if text.starts_with("Name:\tdbtool\n") {
            most = most.max(peak.unwrap_or(0));
        }
        code = child.try_wait().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(child.wait().unwrap().success());
    most
}

#[test]
#[cfg(target_os = "linux")]
fn memory_is_bound_by_the_longest_statement() {
    on_each_backend(|project| {
        // What the program itself takes differs from build to build.
        let project = project.migration("1_short", &rows(4).replace("big", "short"), "");
        let short = peak(&project, &["migrate", "up", "-q"]);
        let project = project.migration("2_long", &rows(40), "");
        let long = peak(&project, &["migrate", "up", "-q"]);
        let told = format!("{short} KiB for a file of 4 MiB and {long} for one of 40 on {}", project.backend);
        assert!(short > 1_000 && long < short + (8 << 10), "{told}");
    });
}

/// Into an empty table, beside rows of others, and where nothing is to be done.
#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_a_seed_of_many_rows() {
    on_each_backend(|project| {
        let up = "CREATE TABLE lots (id INTEGER NOT NULL PRIMARY KEY, note VARCHAR(500) NOT NULL);";
        let project = project.migration("1_lots", up, "");
        project.ok(&["migrate", "up"]);
        let note = "x".repeat(490);
        let rows: String = (0..120_000).map(|id| format!("{id},{note}\n")).collect();
        project.write("seeds/base/lots.csv", format!("id,note\n{rows}"));
        for sql in ["SELECT 1", "DELETE FROM lots WHERE id > 9", "SELECT 2"] {
            project.session().execute(sql).unwrap();
            let most = peak(&project, &["seed", "-q"]);
            assert!((1_000..64 << 10).contains(&most), "{most} KiB for a file of 60 MB on {}", project.backend);
        }
    });
}

/// What was run is let go of, by us and by the database that runs in our process.
#[test]
#[cfg(target_os = "linux")]
fn many_migrations_take_little_more_than_few() {
    let project = Project::sqlite();
    for number in 1..=1_000 {
        let up = format!(
            "CREATE TABLE t{number} (id INT PRIMARY KEY, name TEXT);\nCREATE INDEX i{number} ON t{number} (name);\n"
        );
        project.write(&format!("migrations/{number:04}_t/up.sql"), up);
        project.write(&format!("migrations/{number:04}_t/down.sql"), format!("DROP TABLE t{number};"));
    }
    let few = peak(&project, &["migrate", "up", "-q", "--steps", "50"]);
    let many = peak(&project, &["migrate", "up", "-q"]);
    // The schema of the tables is a half of it; what was run took 2,000 more while it was kept.
    assert!(many < few + 3_000, "{few} KiB for 50 migrations, {many} for 950");
}

#[test]
fn long_files_are_run_statement_by_statement_too() {
    on_each_backend(|project| {
        let metadata = "run_in_transaction = false\n";
        let project = project.migration("1_big", &rows(3), "DROP TABLE big;");
        project.write("migrations/1_big/metadata.toml", metadata);
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT count(*) FROM big"), ["1536"]);
        assert_eq!(project.query("SELECT statement_done FROM __dbtool_journal"), ["1537"]);
        project.ok(&["migrate", "down"]);
        // What fails is told with its place, and the rest runs once the cause is gone.
        let blocked = rows(3).replace("INSERT INTO big VALUES (1535,", "INSERT INTO missing VALUES (1535,");
        project.write("migrations/1_big/up.sql", &blocked);
        let failed = project.expect(5, &["migrate", "up"]);
        failed.says(&["statement 1537", "1_big/up.sql:1538:", "statements 1 to 1536 of 1537 are in"]);
        project.query("CREATE TABLE missing (id INT, data TEXT)");
        project.ok(&["migrate", "repair", "--retry", "--reason", "mended", "--yes"]);
        assert_eq!(project.query("SELECT count(*) FROM big"), ["1535"]);
        assert_eq!(project.query("SELECT count(*) FROM missing"), ["1"]);
        assert_eq!(project.states(), "1:applied");
    });
}

/// Where the schema cannot be changed in a transaction, what changes rows is in as a whole, however many parts it has.
#[test]
fn rows_of_all_parts_are_one_transaction() {
    on_mysql(|project| {
        let text = rows(3).replace("(1535,", "(1534,");
        let project = project.migration("1_big", &text, "DROP TABLE big;");
        let failed = project.expect(5, &["migrate", "up"]);
        failed.says(&["1_big/up.sql:1538:", "statements 2 to 1536 were rolled back"]);
        assert_eq!(project.query("SELECT count(*) FROM big"), ["0"]);
        // Mended, it may be another file altogether.
        project.write("migrations/1_big/up.sql", rows(3));
        project.expect(4, &["migrate", "repair", "--retry", "--reason", "mended", "--yes"]).says(&[
            "too long to be kept",
            "to mend it, undo by hand what is in",
            "repair 1 --mark-pending",
        ]);
        project.ok(&["migrate", "status"]).says(&["to mend it, undo by hand what is in", "repair 1 --mark-pending"]);
        project.write("migrations/1_big/up.sql", &text);
        project.query("INSERT INTO big VALUES (1, 'in the way')");
        project.expect(5, &["migrate", "repair", "--retry", "--reason", "mended", "--yes"]).says(&["1_big/up.sql:4:"]);
        project.query("DROP TABLE big");
        project.write("migrations/1_big/up.sql", rows(3));
        project.ok(&["migrate", "repair", "--mark-pending", "--reason", "dropped", "--yes"]);
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT count(*) FROM big"), ["1536"]);
    });
}

/// What was not there when the file was looked at is not run, and what stands before it is not recorded.
#[test]
fn a_file_that_grows_while_it_runs_is_taken_back() {
    on_mysql(|project| {
        let project =
            project.migration("1_big", &format!("DO SLEEP(1.5);\n{}", rows(3).replace("CREATE TABLE", "-- ")), "");
        project.query("CREATE TABLE big (id INT PRIMARY KEY, data TEXT)");
        let child = project.command(&["migrate", "up"]).spawn().unwrap();
        let sleeps = "SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'DO SLEEP%'";
        while project.query(sleeps).is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let file = project.path("migrations/1_big/up.sql");
        let grown = [std::fs::read(&file).unwrap(), b"INSERT INTO big VALUES (-1, 'late');\n".to_vec()].concat();
        std::fs::write(&file, grown).unwrap();
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 5, "{run}");
        run.says(&["was changed while it ran"]);
        assert_eq!(project.query("SELECT count(*) FROM big"), ["0"]);
        assert_eq!(project.ledger(), Vec::<String>::new());
    });
}

/// It is read once to look at it, and once to run it.
#[test]
fn a_file_that_changes_while_it_runs_is_taken_back() {
    on_postgres(|project| {
        let slow = |last: &str| format!("SELECT pg_sleep(1.5);\n{}INSERT INTO big VALUES ({last}, 'last');\n", rows(3));
        let project = project.migration("1_big", &slow("-1"), "");
        let child = project.command(&["migrate", "up"]).spawn().unwrap();
        let sleeps = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
        while project.query(sleeps).is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        project.write("migrations/1_big/up.sql", slow("-2"));
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 5, "{run}");
        run.says(&["was changed while it ran", "nothing of it is in the database", "run the same command again"]);
        assert_eq!(project.states(), "1:pending");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.query("SELECT min(id) FROM big"), ["-2"]);
    });
}
