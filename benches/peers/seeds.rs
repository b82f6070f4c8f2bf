//! Seeding many rows from CSV, beside the servers' own loaders: into an empty table, beside rows that are there, and again.

use std::fs;
use std::path::Path;

use super::{Backend, Line, ROUNDS, Report, Times, anew, dbtool, find, line, run, url};

const ROWS: usize = 1_000_000;
const EMPTY: &str = "1,000,000 rows into an empty table";
const BESIDE: &str = "the same beside 100,000 others";
/// The others would insert them once more.
const AGAIN: &str = "again, nothing to do";

pub fn compare(root: &Path, report: &mut Report) {
    let seeds = root.join("seeds/seeds/base");
    fs::create_dir_all(&seeds).unwrap();
    fs::write(root.join("seeds/dbtool.toml"), "[env.dev]\n").unwrap();
    let row =
        |number: usize| format!("{number},name {number},{}.50,{},some text of a row\n", number % 1_000, number % 7);
    let rows: String = (1..=ROWS).map(row).collect();
    fs::write(seeds.join("many.csv"), format!("id,name,price,kind,note\n{rows}")).unwrap();
    fs::write(root.join("seeds/plain.csv"), rows).unwrap();
    for (backend, name) in [(Backend::Sqlite, "SQLite"), (Backend::Postgres, "PostgreSQL")] {
        let client = if backend == Backend::Sqlite { "sqlite3" } else { "psql" };
        if find(client).is_none() {
            println!("not installed, left out: {client}");
            continue;
        }
        load(root, backend, name, report);
    }
}

/// Makes the table, with rows of others in it.
fn table(root: &Path, backend: Backend, others: usize) -> String {
    anew(root, backend, "seed");
    let theirs = url(root, backend, "seed");
    let create = "CREATE TABLE many (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, price NUMERIC(10, 2) NOT NULL, kind INTEGER NOT NULL, note TEXT)";
    let fill = format!(
        "WITH RECURSIVE n (i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to}) INSERT INTO many SELECT i, 'other', 1, 1, NULL FROM n",
        from = ROWS + 1,
        to = ROWS + others
    );
    let sql: Vec<&str> = if others > 0 { vec![create, &fill] } else { vec![create] };
    for statement in sql {
        match backend {
            Backend::Sqlite => run(&line(&["sqlite3", &theirs.replace("sqlite://", ""), statement]), &[]),
            Backend::Postgres => run(&line(&["psql", "-q", &theirs, "-c", statement]), &[]),
        };
    }
    theirs
}

fn load(root: &Path, backend: Backend, name: &str, report: &mut Report) {
    let theirs = if backend == Backend::Sqlite { "sqlite3 .import" } else { "psql \\copy" };
    let settings = root.join("seeds/dbtool.toml").display().to_string();
    let plain = root.join("seeds/plain.csv").display().to_string();
    let own = |url: &str| line(&[&dbtool(), "--config", &settings, "--url", url, "seed", "-q"]);
    let client = |url: &str| -> Line {
        match backend {
            Backend::Sqlite => {
                line(&["sqlite3", &url.replace("sqlite://", ""), &format!(".import --csv {plain} many")])
            }
            Backend::Postgres => line(&["psql", "-q", url, "-c", &format!("\\copy many FROM '{plain}' (FORMAT csv)")]),
        }
    };
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        for (what, others) in [(EMPTY, 0), (BESIDE, 100_000)] {
            let url = table(root, backend, others);
            times.add(what, theirs, run(&client(&url), &[]));
            let url = table(root, backend, others);
            times.add(what, "dbtool", run(&own(&url), &[]));
            if others == 0 {
                times.add(AGAIN, "dbtool", run(&own(&url), &[]));
            }
        }
    }
    anew(root, backend, "seed");
    report.table(&format!("{name}, seeding from CSV"), &["dbtool", theirs], &times, &[EMPTY, BESIDE, AGAIN]);
}
