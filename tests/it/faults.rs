//! What goes wrong around a run: servers that end, machines that are gone, disks that are full, clocks that are wrong.
//! docs/guarantees.md has a line for each.

use std::process::Stdio;
use std::time::{Duration, Instant};

use dbtool::backend::Backend;

use crate::private::Private;
use crate::support::{Project, Run, on_each_backend, on_servers, skipped};

#[test]
fn a_server_that_restarts_in_the_middle_is_waited_for() {
    for backend in [Backend::Postgres, Backend::Mysql] {
        let Some(server) = Private::start(backend, "pw", |_| Vec::new()) else { continue };
        let login = if backend == Backend::Postgres { "postgres://postgres:pw" } else { "mysql://root" };
        let url = format!("{login}@127.0.0.1:{}/shop", server.port);
        let project = Project::sqlite().variable("DATABASE_URL", &url);
        let slow =
            if backend == Backend::Postgres { "SELECT pg_sleep(30)" } else { "INSERT INTO t SELECT SLEEP(30) FROM t" };
        let project = project.migration("1_t", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);", "").migration(
            "2_slow",
            &format!("INSERT INTO t VALUES (2);\n{slow};"),
            "",
        );
        project.ok(&["db", "create"]);
        project.ok(&["migrate", "up", "--steps", "1"]);
        let child = project.command(&["migrate", "up"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(1500));
        server.restart();
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 5, "{run}");
        run.says(&["nothing of it is in the database", "no migration was run before it"]);
        let status = project.json(0, &["migrate", "status"]);
        assert_eq!(status["summary"]["applied"], 1, "{status}");
        assert_eq!(status["summary"]["pending"], 1, "{status}");
        project.write("migrations/2_slow/up.sql", "INSERT INTO t VALUES (2);");
        project.ok(&["migrate", "up"]);
    }
}

/// PostgreSQL finds a machine that has gone without a word by its keepalives, and so does dbtool a server.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "takes half a minute, and root: `just test-all`"]
fn a_network_that_is_gone_is_found_within_thirty_seconds() {
    use std::process::Command;

    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        Command::new(words[0]).args(&words[1..]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let id = std::process::id() % 1000;
    let (space, here, there) = (format!("dbt{id}"), format!("dbth{id}"), format!("dbtt{id}"));
    if !run(&format!("ip netns add {space}")) {
        return skipped("a network that is gone: no network namespaces");
    }
    let set = [
        format!("ip link add {here} type veth peer name {there} netns {space}"),
        format!("ip addr add 10.211.{}.1/24 dev {here}", id % 250),
        format!("ip link set {here} up"),
        format!("ip netns exec {space} ip addr add 10.211.{}.2/24 dev {there}", id % 250),
        format!("ip netns exec {space} ip link set {there} up"),
    ];
    assert!(set.iter().all(|line| run(line)), "the namespace cannot be set up");
    let host = format!("10.211.{}.1", id % 250);
    let listen = |_: &std::path::Path| vec!["listen_addresses='*'".to_owned()];
    if let Some(server) = Private::start(Backend::Postgres, "pw", listen) {
        let local = format!("postgres://postgres:pw@127.0.0.1:{}/postgres", server.port);
        let remote = format!("postgres://postgres:pw@{host}:{}/postgres?sslmode=disable", server.port);
        server.allow_all();
        let project = Project::sqlite().variable("DATABASE_URL", &local).migration(
            "1_t",
            "CREATE TABLE t (i INT);\nSELECT pg_sleep(120);",
            "",
        );
        let plain = project.command(&["migrate", "up", "--url", &remote]);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &space]).arg(plain.get_program()).args(plain.get_args());
        command.env("DBTOOL_RETRY_DEADLINE", "1s").env("DBTOOL_POOL_CONNECT_TIMEOUT", "2s");
        command.current_dir(plain.get_current_dir().unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_secs(2));
        assert!(run(&format!("ip link set {here} down")));
        let cut = Instant::now();
        let ended = Run::of(&child.wait_with_output().unwrap());
        assert!(cut.elapsed() < Duration::from_secs(35), "{:?}\n{ended}", cut.elapsed());
        assert_eq!(ended.code, 5, "{ended}");
        // The server has let go of what it held for the machine that is gone.
        project.write("migrations/1_t/up.sql", "CREATE TABLE t (i INT);");
        project.ok(&["migrate", "up", "--lock-wait", "40s"]);
        assert!(cut.elapsed() < Duration::from_secs(60), "{:?}", cut.elapsed());
    }
    run(&format!("ip netns del {space}"));
    run(&format!("ip link del {here}"));
}

#[test]
fn a_full_disk_takes_all_of_it_back() {
    // SQLite's own limit gives the error of a full disk.
    let rows = "INSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000) SELECT x, hex(zeroblob(100)) FROM c;";
    let project = Project::sqlite()
        .file("dbtool.toml", "[migrate]\nsession = [\"PRAGMA max_page_count = 100\"]\n")
        .migration("1_t", "CREATE TABLE t (i INT, filler TEXT);", "")
        .migration("2_rows", rows, "");
    let run = project.expect(5, &["migrate", "up"]);
    run.says(&["database or disk is full", "nothing of it is in the database", "1 migration done before it"])
        .says_nothing_of(&["retrying"]);
    assert_eq!(project.states(), "1:applied 2:pending");
    assert_eq!(project.query("SELECT count(*) FROM t"), ["0"]);
    project.write("dbtool.toml", "");
    project.ok(&["migrate", "up"]);
}

/// A disk of four megabytes, for a tablespace.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_of_a_server_takes_all_of_it_back() {
    use std::process::Command;

    struct Disk(tempfile::TempDir);
    impl Drop for Disk {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
        }
    }
    let Some(server) = Private::start(Backend::Postgres, "pw", |_| Vec::new()) else { return };
    let disk = Disk(tempfile::tempdir().unwrap());
    let succeeds = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).arg(disk.0.path()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !succeeds("mount", &["-t", "tmpfs", "-o", "size=4m", "none"]) || !succeeds("chown", &["postgres"]) {
        return skipped("a full disk of a server: nothing can be mounted");
    }
    let url = format!("postgres://postgres:pw@127.0.0.1:{}/shop", server.port);
    let project = Project::sqlite()
        .variable("DATABASE_URL", &url)
        .migration("1_t", "CREATE TABLE t (filler TEXT) TABLESPACE small;", "DROP TABLE t;")
        .migration(
            "2_rows",
            "INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 20000);",
            "DELETE FROM t;",
        );
    project.ok(&["db", "create"]);
    let mut session = project.session_on(&url);
    session.execute(&format!("CREATE TABLESPACE small LOCATION '{}'", disk.0.path().display())).unwrap();
    let run = project.expect(5, &["migrate", "up"]);
    run.says(&["No space left on device", "53100", "nothing of it is in the database", "1 migration done before it"])
        .says_nothing_of(&["retrying"]);
    assert_eq!(project.json(0, &["migrate", "status"])["summary"]["pending"], 1);
    assert_eq!(session.query("SELECT count(*) FROM t").unwrap()[0].text(0), "0");
    assert!(succeeds("mount", &["-o", "remount,size=64m"]));
    project.ok(&["migrate", "up"]);
    assert_eq!(session.query("SELECT count(*) FROM t").unwrap()[0].text(0), "20000");
}

#[test]
fn a_statement_that_takes_too_long_is_ended() {
    on_servers(|project| {
        // MySQL's limit is for statements that read.
        let slow = project.by_backend("", "SELECT pg_sleep(20);", "SELECT SLEEP(20) FROM t;");
        let project = project
            .variable("DBTOOL_MIGRATE_STATEMENT_TIMEOUT", "500ms")
            .migration("1_t", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);", "")
            .migration("2_slow", slow, "");
        let started = Instant::now();
        let run = project.run(&["migrate", "up"]);
        assert!(started.elapsed() < Duration::from_secs(10), "{run}");
        // MySQL's SLEEP ends quietly when it is ended; the time is what was looked at.
        if run.code != 0 || project.backend == Backend::Postgres {
            assert_eq!(run.code, 5, "{run}");
            run.says(&["`statement_timeout` in `[migrate]`", "nothing of it is in the database"]);
            assert_eq!(project.states(), "1:applied 2:pending");
        }
    });
}

#[test]
#[cfg(unix)]
fn a_hot_journal_is_rolled_back() {
    let project = Project::sqlite().migration("1_t", "CREATE TABLE t (i INT, filler TEXT);", "");
    // A database of its owner's, which is not in WAL mode.
    std::fs::write(project.path("test.db"), b"").unwrap();
    project.session().execute("PRAGMA journal_mode = DELETE; CREATE TABLE own (i INT)").unwrap();
    project.ok(&["migrate", "up"]);
    let endless = "INSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000000) SELECT x, hex(zeroblob(200)) FROM c;";
    let project = project.migration("2_rows", &format!("DELETE FROM t;\n{endless}"), "");
    let mut child = project.command(&["migrate", "up"]).spawn().unwrap();
    let started = Instant::now();
    // More than the cache holds is in the file, and its old pages are in the journal.
    while std::fs::metadata(project.path("test.db")).unwrap().len() < 4 << 20 {
        assert!(started.elapsed() < Duration::from_secs(30), "it never came to that point");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(project.path("test.db-journal").exists(), "a hot journal is left");
    assert_eq!(project.states(), "1:applied 2:pending");
    assert_eq!(project.query("SELECT count(*) FROM t"), ["0"]);
    project.write("migrations/2_rows/up.sql", "INSERT INTO t VALUES (1, 'one');");
    project.ok(&["migrate", "up"]);
    assert_eq!(project.query("SELECT i FROM t"), ["1"]);
}

#[test]
fn a_clock_that_was_set_back_puts_nothing_out_of_order() {
    on_each_backend(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (i INT);", "DROP TABLE a;").migration(
            "2_b",
            "CREATE TABLE b (i INT);",
            "DROP TABLE b;",
        );
        project.ok(&["migrate", "up"]);
        // What was done until now was done in the future.
        let future = project.by_backend("'2037-01-01T00:00:00.000Z'", "'2037-01-01'", "'2037-01-01 00:00:00'");
        let mut session = project.session();
        session.execute(&format!("UPDATE __dbtool_journal SET started_at = {future}")).unwrap();
        let future = "'2037-01-01 00:00:00'";
        session.execute(&format!("UPDATE __diesel_schema_migrations SET run_on = {future}")).unwrap();
        session.execute(&format!("UPDATE __dbtool_journal SET run_on = {future}")).unwrap();
        assert_eq!(project.states(), "1:applied 2:applied");
        project.ok(&["migrate", "redo"]);
        project.ok(&["migrate", "down"]);
        assert_eq!(project.states(), "1:applied 2:pending");
        project.ok(&["migrate", "up"]);
        assert_eq!(project.states(), "1:applied 2:applied");
        // A new one must come after those that are there: the clock is asked about.
        project.add_migration("2037-01-01-000000-0000_last", "CREATE TABLE last (i INT);", "");
        project.expect(2, &["migrate", "new", "after"]).says(&["lies in the future", "is the clock right?"]);
    });
}

#[test]
#[cfg(unix)]
fn neither_stdin_nor_home_is_needed() {
    let project = Project::sqlite().migration("1_a", "CREATE TABLE a (i INT);", "DROP TABLE a;");
    let plain = project.command(&["migrate", "up"]);
    let line = format!("exec '{}' \"$@\" <&-", plain.get_program().display());
    let closed = |args: &[&str]| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &line, "sh"]).args(args).current_dir(plain.get_current_dir().unwrap());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("DATABASE_URL", &project.url);
        Run::of(&command.output().unwrap())
    };
    assert_eq!(closed(&["migrate", "up"]).code, 0);
    assert_eq!(closed(&["migrate", "status", "--check"]).code, 0);
    // Nobody can be asked.
    assert_eq!(closed(&["migrate", "down", "--all"]).code, 9);
    assert_eq!(closed(&["migrate", "down", "--all", "--yes"]).code, 0);
}
