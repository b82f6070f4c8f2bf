//! Fifty runners at once: all succeed, every migration runs once, and nothing is left behind.

use std::process::Stdio;

use dbtool::backend::Backend;

use crate::private::Pooler;
use crate::support::{Project, Run, on_each_backend, on_postgres};

const RUNNERS: usize = 50;

/// How often each round is run, on a database of its own.
fn rounds() -> usize {
    std::env::var("DBTOOL_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// Runs `migrate up` with what a project is filled with, by fifty at once, and looks that each migration ran once.
fn at_once(
    backend: Backend,
    fill: impl Fn(Project) -> Project,
    url: impl Fn(&Project) -> String,
    after: impl Fn(&Project),
) {
    for round in 0..rounds() {
        let Some(project) = Project::on(backend) else { return };
        let project = fill(project);
        let url = url(&project);
        let spawn = |_| project.command(&["migrate", "up", "--url", &url]).stdin(Stdio::null()).spawn().unwrap();
        let children: Vec<_> = (0..RUNNERS).map(spawn).collect();
        for child in children {
            let run = Run::of(&child.wait_with_output().unwrap());
            assert_eq!(run.code, 0, "on {backend} in round {round}\n{run}");
        }
        let ran = project.query(
            "SELECT version, count(*) FROM __dbtool_journal WHERE outcome = 'done' GROUP BY version ORDER BY version",
        );
        let migrations = std::fs::read_dir(project.path("migrations")).unwrap().count();
        assert_eq!(ran.len(), migrations);
        assert!(ran.iter().all(|row| row.ends_with("|1")), "{ran:?}");
        assert_eq!(project.ledger().len(), migrations);
        assert!(!project.path("test.db-dbtool-lock").exists(), "the lock file is gone");
        if backend == Backend::Postgres {
            let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            assert_eq!(project.query(locks), ["0"], "no lock is left");
            assert_eq!(project.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), ["0"]);
        }
        after(&project);
    }
}

fn direct(project: &Project) -> String {
    project.url.clone()
}

/// A second run of any of them would fail, or leave a second row.
fn tables(project: Project) -> Project {
    for number in 1..=5 {
        let up = format!("CREATE TABLE t{number} (id INT); INSERT INTO t{number} VALUES (1);");
        project.add_migration(&format!("{number}_t"), &up, &format!("DROP TABLE t{number};"));
    }
    project
}

fn one_row_each(project: &Project) {
    for number in 1..=5 {
        assert_eq!(project.query(&format!("SELECT count(*) FROM t{number}")), ["1"]);
    }
}

/// Data outside of a transaction.
fn rows(project: Project) -> Project {
    project
        .migration("1_t", "CREATE TABLE t (id INT);", "")
        .plain_migration("2_fill", "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);", "")
        .migration("3_more", "INSERT INTO t VALUES (3);", "")
}

fn three_rows(project: &Project) {
    assert_eq!(project.query("SELECT count(*) FROM t"), ["3"]);
}

fn indexes(project: Project) -> Project {
    let fill = "CREATE TABLE t (a INT, b INT); INSERT INTO t SELECT n, n FROM generate_series(1, 20000) n;";
    let build = "CREATE INDEX CONCURRENTLY t_a ON t (a);\nCREATE INDEX CONCURRENTLY t_b ON t (b);";
    let project = project.migration("1_t", fill, "").plain_migration("2_i", build, "");
    project.migration("3_u", "CREATE TABLE u (a INT);", "")
}

fn two_indexes(project: &Project) {
    assert_eq!(project.query("SELECT count(*) FROM pg_indexes WHERE tablename = 't'"), ["2"]);
}

#[test]
fn fifty_runners_at_once() {
    for backend in Backend::ALL {
        at_once(*backend, tables, direct, one_row_each);
    }
}

#[test]
fn fifty_runners_with_a_file_outside_a_transaction() {
    for backend in Backend::ALL {
        at_once(*backend, rows, direct, three_rows);
    }
}

#[test]
fn fifty_runners_with_concurrent_index_builds() {
    at_once(Backend::Postgres, indexes, direct, two_indexes);
}

/// With all of these behind a pooler that gives each transaction another connection.
#[test]
fn fifty_runners_behind_a_pooler() {
    on_postgres(|project| {
        let Some(address) = project.address() else { return };
        let Some(pooler) = Pooler::start(&address) else { return };
        let through = |project: &Project| project.url_at(&format!("127.0.0.1:{}", pooler.port));
        at_once(Backend::Postgres, tables, through, one_row_each);
        at_once(Backend::Postgres, rows, through, three_rows);
        at_once(Backend::Postgres, indexes, through, two_indexes);
    });
}

#[test]
fn whoever_waits_says_for_whom_and_gives_up_in_time() {
    on_postgres(|project| {
        let project =
            project.migration("1_slow", "SELECT pg_sleep(3);", "").migration("2_t", "CREATE TABLE t (id INT);", "");
        let first = project.command(&["migrate", "up"]).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1_000));
        let second = project.expect(7, &["migrate", "up", "--lock-wait", "500ms"]);
        second.says(&[
            "waiting: another runner is at work: pid",
            "(dbtool)",
            "error[migrate/lock-busy]",
            "--lock-wait",
        ]);
        let status = project.ok(&["migrate", "status"]);
        assert!(status.stdout.contains("pending"), "status waits for nobody\n{status}");
        assert_eq!(first.wait_with_output().unwrap().status.code(), Some(0));
    });
    let project = Project::sqlite().migration("1_t", "CREATE TABLE t (id INT);", "");
    project.ok(&["db", "create"]);
    let mut writer = project.session();
    writer.execute("BEGIN IMMEDIATE").unwrap();
    project.expect(7, &["migrate", "up", "--lock-wait", "600ms"]).says(&["waiting", "error[migrate/lock-busy]"]);
    writer.execute("ROLLBACK").unwrap();
    project.ok(&["migrate", "up"]);
}

#[test]
fn a_plan_that_was_overtaken_is_made_anew() {
    on_each_backend(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (i INT);", "DROP TABLE a;").migration(
            "2_b",
            "CREATE TABLE b (i INT);",
            "DROP TABLE b;",
        );
        project.ok(&["migrate", "up"]);
        let project = project.migration("3_c", "ALTER TABLE b ADD COLUMN j INT;", "ALTER TABLE b DROP COLUMN j;");
        for _ in 0..3 {
            // Whoever comes second finds what the first has left: 3 is reverted, or 2 before 3 is applied again.
            let up = project.command(&["migrate", "up"]).spawn().unwrap();
            let down = project.command(&["migrate", "down"]).spawn().unwrap();
            let runs = [up, down].map(|child| Run::of(&child.wait_with_output().unwrap()));
            for run in &runs {
                assert_eq!(run.code, 0, "on {}\n{run}", project.backend);
            }
            let ledger = project.ledger();
            assert!(ledger == ["1", "2"] || ledger == ["1", "2", "3"], "{ledger:?} on {}", project.backend);
            project.ok(&["migrate", "to", "2"]);
        }
    });
}

#[cfg(unix)]
#[test]
fn a_link_is_the_database_that_it_leads_to() {
    let project = Project::sqlite().migration("1_a", "CREATE TABLE a (i INT);", "");
    project.ok(&["migrate", "up"]);
    std::os::unix::fs::symlink(project.path("test.db"), project.path("link.db")).unwrap();
    let link = format!("sqlite://{}", project.path("link.db").display());
    let statements: String = (1..=20).map(|number| format!("INSERT INTO a VALUES ({number});\nVACUUM;\n")).collect();
    let project = project.plain_migration("2_b", &statements, "");
    let spawn = |at: usize| {
        let url = if at.is_multiple_of(2) { project.url.as_str() } else { link.as_str() };
        project.command(&["migrate", "up", "--url", url]).spawn().unwrap()
    };
    let children: Vec<_> = (0..6).map(spawn).collect();
    for child in children {
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{run}");
    }
    assert_eq!(project.query("SELECT count(*) FROM a"), ["20"]);
    project.ok(&["db", "drop", "--yes", "--url", &link]);
    assert!(!project.path("test.db").exists(), "the database itself is dropped");
}
