//! Reading and writing down schemas, beside the servers' own tools and Diesel's CLI; and what it takes to verify migrations.

use std::fs;
use std::path::Path;

use super::{Backend, Line, ROUNDS, Report, Times, anew, dbtool, find, line, run, server, url};

const THOUSAND: &str = "1,000 tables of 10 columns";
const TEN_THOUSAND: &str = "10,000 tables";
const VERIFY: &str = "285 migrations";

/// So many migrations are verified.
const VERIFIED: usize = 285;

pub fn compare(root: &Path, report: &mut Report) {
    for (backend, name) in [(Backend::Sqlite, "SQLite"), (Backend::Postgres, "PostgreSQL")] {
        if backend == Backend::Postgres && find("psql").is_none() {
            continue;
        }
        dump(root, backend, name, report);
    }
    verify(root, report);
}

/// Tables with foreign keys and indexes, each statement on a line.
fn tables(count: usize) -> String {
    let table = |number: usize| {
        let parent = number.div_ceil(2);
        let key = if number > 1 { format!("REFERENCES t{parent} (id)") } else { String::new() };
        format!(
            "CREATE TABLE t{number} (id BIGINT PRIMARY KEY, parent BIGINT NOT NULL {key}, name VARCHAR(100) NOT NULL UNIQUE, \
             a INTEGER NOT NULL DEFAULT 0, b NUMERIC(10, 2), c TEXT, d TIMESTAMP, e BOOLEAN NOT NULL DEFAULT FALSE, \
             f DATE, g DOUBLE PRECISION CHECK (g >= 0));\n\
             CREATE INDEX t{number}_parent ON t{number} (parent);\nCREATE INDEX t{number}_d ON t{number} (d, name);\n"
        )
    };
    (1..=count).map(table).collect()
}

/// Makes the tables in the database that all of them read.
fn load(root: &Path, backend: Backend, count: usize) -> String {
    anew(root, backend, "schema");
    let file = root.join("schema.sql");
    let theirs = url(root, backend, "schema");
    match backend {
        Backend::Sqlite => {
            fs::write(&file, format!("BEGIN;\n{}COMMIT;\n", tables(count))).unwrap();
            let path = theirs.replace("sqlite://", "");
            run(&line(&["sqlite3", &path, &format!(".read {}", file.display())]), &[]);
        }
        Backend::Postgres => {
            // In one transaction they would be more locks than a server has room for.
            fs::write(&file, format!("SET synchronous_commit = off;\n{}ANALYZE;\n", tables(count))).unwrap();
            run(&line(&["psql", "-q", &theirs, "-f", &file.display().to_string()]), &[]);
        }
    }
    theirs
}

/// The server's own program, not the script around it.
fn pg_dump() -> Option<String> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let mut programs: Vec<_> =
        versions.map(|entry| entry.path().join("bin/pg_dump")).filter(|path| path.is_file()).collect();
    programs.sort();
    programs.pop().map(|path| path.display().to_string()).or_else(|| find("pg_dump"))
}

fn dump(root: &Path, backend: Backend, name: &str, report: &mut Report) {
    let (theirs, program) = match backend {
        Backend::Sqlite => ("sqlite3 .schema", find("sqlite3")),
        Backend::Postgres => ("pg_dump -s", pg_dump()),
    };
    let Some(program) = program else { return println!("not installed, left out: {theirs}") };
    let own = |url: &str| line(&[&dbtool(), "--url", url, "schema", "dump", "-q"]);
    let client = |url: &str| -> Line {
        match backend {
            Backend::Sqlite => line(&[&program, &url.replace("sqlite://", ""), ".schema"]),
            Backend::Postgres => line(&[&program, "-s", url]),
        }
    };
    let mut times = Times::default();
    let url = load(root, backend, 1_000);
    for _ in 0..3 * ROUNDS {
        times.add(THOUSAND, "dbtool", run(&own(&url), &[]));
        times.add(THOUSAND, theirs, run(&client(&url), &[]));
    }
    if let Some(diesel) = find("diesel") {
        // Once: it asks for each table by itself.
        let plain = url.replace("sqlite://", "");
        let settings = root.join("diesel.toml").display().to_string();
        let print = line(&[&diesel, "print-schema", "--database-url", &plain, "--config-file", &settings]);
        times.add(THOUSAND, "diesel", run(&print, &[]));
    }
    let url = load(root, backend, 10_000);
    for _ in 0..ROUNDS {
        times.add(TEN_THOUSAND, "dbtool", run(&own(&url), &[]));
        times.add(TEN_THOUSAND, theirs, run(&client(&url), &[]));
    }
    anew(root, backend, "schema");
    report.table(&format!("{name}, a schema as SQL"), &["dbtool", theirs, "diesel"], &times, &[THOUSAND, TEN_THOUSAND]);
}

/// Verifying migrations on PostgreSQL, beside applying them.
fn verify(root: &Path, report: &mut Report) {
    if find("psql").is_none() {
        return;
    }
    let migrations = root.join("verify");
    for number in 1..=VERIFIED {
        let directory = migrations.join(format!("{number:04}_m{number}"));
        fs::create_dir_all(&directory).unwrap();
        // Forty tables, and then a column or an index of one of them.
        let table = number % 40 + 1;
        let (up, down) = match number {
            1..=40 => (
                format!(
                    "CREATE TABLE t{number} (id SERIAL PRIMARY KEY, parent INTEGER REFERENCES t{} (id), name TEXT NOT NULL);\n\
                     CREATE INDEX t{number}_parent ON t{number} (parent);\n",
                    number.saturating_sub(1).max(1)
                ),
                format!("DROP TABLE t{number};\n"),
            ),
            _ if number % 2 == 0 => (
                format!("ALTER TABLE t{table} ADD COLUMN c{number} TEXT;\n"),
                format!("ALTER TABLE t{table} DROP COLUMN c{number};\n"),
            ),
            _ => (
                format!("CREATE INDEX t{table}_i{number} ON t{table} (name, id);\n"),
                format!("DROP INDEX t{table}_i{number};\n"),
            ),
        };
        fs::write(directory.join("up.sql"), up).unwrap();
        fs::write(directory.join("down.sql"), down).unwrap();
    }
    let (own, directory) = (url(root, Backend::Postgres, "dbtool"), migrations.display().to_string());
    let call = |verb: &str| line(&[&dbtool(), "--url", &own, "--migrations-dir", &directory, "migrate", verb, "-q"]);
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        anew(root, Backend::Postgres, "dbtool");
        times.add(VERIFY, "up", run(&call("up"), &[]));
        times.add(VERIFY, "verify", run(&call("verify"), &[]));
    }
    run(&line(&["psql", "-q", &server(), "-c", "DROP DATABASE bench_dbtool"]), &[]);
    let of = |what: &str| super::median(&times.all[VERIFY][what]);
    let (up, verify) = (of("up"), of("verify"));
    let limit = 5 * up + std::time::Duration::from_millis(10) * 2 * u32::try_from(VERIFIED).unwrap();
    report.table("PostgreSQL, `migrate verify`", &["up", "verify"], &times, &[VERIFY]);
    report.say(&format!(
        "Five times what applying them takes and 10 ms for each way of each: {}. Verifying took {:.2} of that.\n\n",
        super::shown(limit),
        verify.as_secs_f64() / limit.as_secs_f64()
    ));
}
