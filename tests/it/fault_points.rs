//! The process is killed at each step of each command that writes, one after the other: what `status` says is what is in the
//! database, and running again finishes, if need be after the repair that the error names.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use dbtool::backend::Backend;

use crate::support::{Project, Run, root};

/// SIGKILL.
const KILLED: i32 = 9;

/// A statement, and what of a [`snapshot`] it makes, or takes away.
type Statement = (String, &'static str);

struct Migration {
    name: &'static str,
    plain: bool,
    up: Vec<Statement>,
    down: Vec<Statement>,
}

/// Statements of every kind: a table and rows in one transaction, an index and rows without one, rows alone.
fn migrations(backend: Backend) -> Vec<Migration> {
    let all =
        |statements: &[(&str, &'static str)]| statements.iter().map(|(sql, item)| ((*sql).to_owned(), *item)).collect();
    let concurrently = if backend == Backend::Postgres { "CONCURRENTLY " } else { "" };
    let on = if backend == Backend::Mysql { " ON a" } else { "" };
    let (index, drop) =
        (format!("CREATE INDEX {concurrently}a_note ON a (note)"), format!("DROP INDEX {concurrently}a_note{on}"));
    vec![
        Migration {
            name: "1_base",
            plain: false,
            up: all(&[
                ("CREATE TABLE a (id INT PRIMARY KEY, note VARCHAR(20))", "a"),
                ("INSERT INTO a VALUES (1, 'one')", "a:1"),
            ]),
            down: all(&[("DROP TABLE a", "a")]),
        },
        Migration {
            name: "2_more",
            plain: false,
            up: all(&[
                ("INSERT INTO a VALUES (2, 'two')", "a:2"),
                ("CREATE TABLE b (id INT PRIMARY KEY, note VARCHAR(20))", "b"),
            ]),
            down: all(&[("DROP TABLE b", "b"), ("DELETE FROM a WHERE id = 2", "a:2")]),
        },
        Migration {
            name: "3_plain",
            plain: true,
            up: all(&[(&index, "a_note"), ("INSERT INTO a VALUES (3, 'three')", "a:3")]),
            down: all(&[("DELETE FROM a WHERE id = 3", "a:3"), (&drop, "a_note")]),
        },
        Migration {
            name: "4_rows",
            plain: false,
            up: all(&[
                ("UPDATE a SET note = 'uno' WHERE id = 1", "a:1=uno"),
                ("INSERT INTO b VALUES (4, 'four')", "b:4"),
            ]),
            down: all(&[("DELETE FROM b WHERE id = 4", "b:4"), ("UPDATE a SET note = 'one' WHERE id = 1", "a:1=uno")]),
        },
    ]
}

/// What can share a transaction on this backend.
fn atomic_migrations(backend: Backend) -> Vec<Migration> {
    let mut all = migrations(backend);
    if backend == Backend::Mysql {
        // Rows alone: the tables are there before.
        all = Vec::new();
        for (name, sql, back, item) in [
            ("1_a", "INSERT INTO a VALUES (1, 'one')", "DELETE FROM a WHERE id = 1", "a:1"),
            ("2_b", "INSERT INTO b VALUES (2, 'two')", "DELETE FROM b WHERE id = 2", "b:2"),
            ("3_c", "UPDATE a SET note = 'uno' WHERE id = 1", "UPDATE a SET note = 'one' WHERE id = 1", "a:1=uno"),
        ] {
            all.push(Migration { name, plain: false, up: vec![(sql.into(), item)], down: vec![(back.into(), item)] });
        }
    }
    all.retain(|migration| !migration.plain);
    all
}

/// What is in the database: tables, valid indexes, rows by number and with their note.
fn snapshot(project: &Project) -> BTreeSet<String> {
    let made = project.by_backend(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'",
        "SELECT CASE WHEN indisvalid IS FALSE THEN 'invalid ' ELSE '' END || relname FROM pg_class LEFT JOIN pg_index ON indexrelid = pg_class.oid \
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') AND relname NOT LIKE '\\_\\_%'",
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name NOT LIKE '\\_\\_%' \
         UNION SELECT index_name FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name NOT LIKE '\\_\\_%'",
    );
    let mut session = project.session();
    let mut items: BTreeSet<_> = session.query(made).unwrap().iter().map(|row| row.text(0).to_owned()).collect();
    for table in ["a", "b"] {
        if items.contains(table) {
            for row in session.query(&format!("SELECT id, note FROM {table}")).unwrap() {
                items.insert(format!("{table}:{}", row.text(0)));
                items.insert(format!("{table}:{}={}", row.text(0), row.text(1)));
            }
        }
    }
    items
}

/// Waits until the server no longer works for those who were killed.
fn settle(project: &Project) {
    let others = project.by_backend(
        "SELECT 0",
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
    );
    let started = Instant::now();
    while project.query(others) != ["0"] {
        assert!(started.elapsed() < Duration::from_secs(20), "the server still works for a process that is gone");
        std::thread::sleep(Duration::from_millis(5));
    }
}

struct Loop<'a> {
    project: Project,
    migrations: &'a [Migration],
}

impl Loop<'_> {
    /// The ledger says what is in the database: all of an applied migration, nothing of a pending one.
    fn check_truth(&self, at: usize) {
        let (states, items) = (self.project.json(0, &["migrate", "status"]), snapshot(&self.project));
        for (migration, told) in self.migrations.iter().zip(states["migrations"].as_array().unwrap()) {
            let made = migration.up.iter().filter(|(_, item)| items.contains(*item)).count();
            let (state, total) = (told["state"].as_str().unwrap(), migration.up.len());
            let fits = match state {
                "applied" => made == total,
                "pending" => made == 0,
                _ => state == "failed",
            };
            assert!(
                fits,
                "point {at} on {}: {} is {state}, and {made} of {total} are in: {items:?}",
                self.project.backend, migration.name
            );
        }
    }

    /// Goes on as the errors say, until the command has come to its end.
    fn finish(&self, at: usize, finish: &[&str]) {
        for _ in 0..4 {
            let run = self.project.run(finish);
            if run.code == 0 {
                return;
            }
            assert_eq!(run.code, 5, "point {at} on {}\n{run}", self.project.backend);
            self.repair(at, &run);
        }
        panic!("point {at} on {}: it does not come to its end", self.project.backend);
    }

    /// Does what the error says, as a person who looks at the database.
    fn repair(&self, at: usize, run: &Run) {
        let half = self.project.query(
            "SELECT version, direction, statement_started, statement_done FROM __dbtool_journal WHERE outcome IN ('started', 'failed') ORDER BY id DESC",
        );
        let half: Vec<&str> = half[0].split('|').collect();
        let migration = self.migrations.iter().find(|one| one.name.starts_with(&format!("{}_", half[0]))).unwrap();
        let (up, started, done) =
            (half[1] == "up", half[2].parse::<usize>().unwrap(), half[3].parse::<usize>().unwrap());
        let statements = if up { &migration.up } else { &migration.down };
        let items = snapshot(&self.project);
        let doubtful = statements.get(done).filter(|_| started > done);
        let is_in = doubtful.is_some_and(|(_, item)| items.contains(*item) == up);
        let choice = match (is_in, started == statements.len(), up) {
            (false, ..) => "--retry",
            (true, false, _) => "--resume",
            (true, true, true) => "--mark-applied",
            (true, true, false) => "--mark-pending",
        };
        let command = format!("`dbtool migrate repair {} {choice} --reason TEXT`", half[0]);
        assert!(
            run.stderr.contains(&command),
            "point {at} on {}: the error lacks {command}\n{run}",
            self.project.backend
        );
        self.project.ok(&["migrate", "repair", half[0], choice, "--reason", "the process was killed"]);
    }

    fn all(&self, commands: &[&[&str]]) {
        for command in commands {
            self.project.ok(command);
        }
    }

    /// Kills the command at its first, second, third point, until it has no more. Gives how many it had, or a few more.
    fn run(&self, command: &[&str], finish: &[&str], back: &[&[&str]]) -> usize {
        self.all(back);
        let expected = {
            self.project.ok(command);
            let expected = (self.project.states(), snapshot(&self.project));
            self.all(back);
            expected
        };
        for at in (1..).step_by(step(self.project.backend)) {
            let output = self.project.command(command).env("DBTOOL_FAULT_AT", at.to_string()).output().unwrap();
            if output.status.signal() != Some(KILLED) {
                assert!(output.status.success(), "without a fault\n{}", Run::of(&output));
                return at;
            }
            settle(&self.project);
            self.check_truth(at);
            self.finish(at, finish);
            let reached = (self.project.states(), snapshot(&self.project));
            assert_eq!(reached, expected, "point {at} of `{}` on {}", command.join(" "), self.project.backend);
            if let Backend::Postgres = self.project.backend {
                assert_eq!(self.project.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"), ["0"]);
            }
            self.all(back);
        }
        unreachable!()
    }
}

fn project(backend: Backend, migrations: &[Migration]) -> Option<Project> {
    let project = Project::on(backend)?;
    for migration in migrations {
        let text = |statements: &[Statement]| statements.iter().map(|(sql, _)| format!("{sql};\n")).collect::<String>();
        project.add_migration(migration.name, &text(&migration.up), &text(&migration.down));
        if migration.plain {
            project.write(&format!("migrations/{}/metadata.toml", migration.name), "run_in_transaction = false\n");
        }
    }
    Some(project)
}

/// All of them where that is asked for, and one of several at every change of the code.
fn step(backend: Backend) -> usize {
    match std::env::var_os("DBTOOL_TEST_ALL_POINTS") {
        Some(_) => 1,
        None if backend.is_server() => 11,
        None => 4,
    }
}

fn on(backend: Backend) -> usize {
    let all = migrations(backend);
    let Some(project) = project(backend, &all) else { return 0 };
    let one = Loop { project, migrations: &all };
    let (up, down): (&[&str], &[&str]) = (&["migrate", "up"], &["migrate", "down", "--all", "--yes"]);
    let (to_1, to_2): (&[&str], &[&str]) = (&["migrate", "down", "--to", "1"], &["migrate", "to", "2"]);
    let mut points = one.run(up, up, &[down]);
    points += one.run(to_1, to_1, &[up]);
    points += one.run(to_2, to_2, &[up]);
    points += one.run(&["migrate", "redo", "--steps", "2"], up, &[up]);
    let all = atomic_migrations(backend);
    let Some(project) = self::project(backend, &all) else { return 0 };
    if backend == Backend::Mysql {
        for table in ["a", "b"] {
            project.session().execute(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, note VARCHAR(20))")).unwrap();
        }
    }
    let one = Loop { project, migrations: &all };
    let (up, down): (&[&str], &[&str]) =
        (&["migrate", "up", "--atomic"], &["migrate", "down", "--all", "--yes", "--atomic"]);
    points += one.run(up, up, &[down]);
    points += one.run(down, down, &[up]);
    one.project.ok(down);
    assert!(!one.project.path("test.db-dbtool-lock").exists(), "what killed ones have left goes with the next");
    points
}

#[test]
fn killed_at_every_point() {
    let points: Vec<usize> = std::thread::scope(|scope| {
        let each: Vec<_> = Backend::ALL.iter().map(|backend| scope.spawn(|| on(*backend))).collect();
        each.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let told = std::fs::read_to_string(root().join("README.md")).unwrap();
    let told = told.split(" points").next().unwrap().split_whitespace().next_back().unwrap().replace(',', "");
    let told: usize = told.parse().expect("the README says at how many points the commands are killed");
    let sum: usize = points.iter().sum();
    let _ = writeln!(std::io::stderr(), "killed at {sum} points: {points:?}");
    assert!(points.contains(&0) || sum >= told, "the README says {told} points, and there are {sum}: {points:?}");
}

#[test]
fn new_files_are_there_as_a_whole_or_not_at_all() {
    for at in 1.. {
        let project = Project::sqlite();
        let killed = |args: &[&str]| {
            let output = project.command(args).env("DBTOOL_FAULT_AT", at.to_string()).output().unwrap();
            output.status.signal() == Some(KILLED)
        };
        let init = killed(&["init"]);
        project.ok(&["init"]);
        let new = killed(&["migrate", "new", "users"]);
        project.ok(&["migrate", "new", "orders"]);
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(project.path("migrations")).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_dir() {
                assert_eq!(std::fs::read_dir(entry.path()).unwrap().count(), 3, "{}", entry.path().display());
                names.insert(entry.file_name());
            }
        }
        assert!((1..=2).contains(&names.len()), "{names:?}");
        project.ok(&["migrate", "up"]);
        let whole = |file: &str| std::fs::read(project.path(file)).unwrap();
        let other = Project::sqlite();
        other.ok(&["init"]);
        for file in ["dbtool.toml", "diesel.toml", "seeds/README.md"] {
            assert_eq!(whole(file), std::fs::read(other.path(file)).unwrap(), "{file} at point {at}");
        }
        if !init && !new {
            return;
        }
    }
}

/// The commands beside up, down, to and redo that write to a database.
#[test]
fn a_killed_baseline_reset_or_stamp_is_run_again() {
    let all = migrations(Backend::Sqlite);
    let commands: [&[&str]; 4] =
        [&["migrate", "baseline", "4"], &["db", "reset", "--yes"], &["db", "stamp", "dev"], &["db", "create"]];
    for command in commands {
        for at in 1.. {
            let one = Loop { project: project(Backend::Sqlite, &all).unwrap(), migrations: &all };
            if command[1] == "baseline" {
                // What is to be adopted: the same schema, without a record of it.
                one.project.ok(&["migrate", "up"]);
                one.project
                    .session()
                    .execute("DELETE FROM __diesel_schema_migrations; DROP TABLE __dbtool_journal")
                    .unwrap();
            } else if command[1] == "reset" {
                one.project.ok(&["migrate", "up", "--to", "2"]);
            } else if command[1] == "stamp" {
                one.project.ok(&["db", "create"]);
            }
            let output = one.project.command(command).env("DBTOOL_FAULT_AT", at.to_string()).output().unwrap();
            if output.status.signal() != Some(KILLED) {
                assert!(output.status.success(), "without a fault\n{}", Run::of(&output));
                assert!(at > 1, "`{}` has points", command.join(" "));
                break;
            }
            one.project.ok(command);
            let states = if matches!(command[1], "baseline" | "reset") { "applied" } else { "pending" };
            assert_eq!(one.project.states().matches(states).count(), 4, "point {at} of `{}`", command.join(" "));
        }
    }
}
