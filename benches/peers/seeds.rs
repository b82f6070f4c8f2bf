//! Seeding many rows from CSV, beside the servers' own clients: into an empty table, beside rows that are there, and again; and ten
//! files whose tables refer to each other.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::rows::path;
use super::{Line, ROUNDS, Report, Times, dbtool, find, line, run, server};

const ROWS: usize = 1_000_000;
const EMPTY: &str = "1,000,000 rows into an empty table";
const BESIDE: &str = "the same beside 100,000 others";
/// The others would insert them once more.
const AGAIN: &str = "again, nothing to do";

const FILES: usize = 10;
const EACH: usize = 100_000;
const TEN: &str = "ten files of 100,000 rows, each table referring to the one before";
const TEN_AGAIN: &str = "the ten again, nothing to do";

/// They are near each other, and vary by a tenth.
const TEN_ROUNDS: usize = 5;

const PSQL: &str = "psql \\copy";

const TABLE: &str = "CREATE TABLE many (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, price NUMERIC(10, 2) NOT NULL, \
    kind INTEGER NOT NULL, note TEXT)";

type Load = dyn Fn(&[String]) -> Line;

/// One server with its client, and the database that both use in turn.
struct Peer {
    title: &'static str,
    /// The client, as it is called in the tables.
    client: &'static str,
    url: String,
    /// Runs SQL beside the database, and in it.
    outside: Box<dyn Fn(&str) -> Line>,
    inside: Box<dyn Fn(&str) -> Line>,
    /// Loads files into tables of their names.
    load: Box<Load>,
}

pub fn compare(root: &Path, report: &mut Report) {
    write_one(root);
    write_ten(root);
    for peer in peers(root) {
        let mut times = Times::default();
        let one = own(root, "one", &peer.url);
        for _ in 0..ROUNDS {
            for (what, others) in [(EMPTY, 0), (BESIDE, 100_000)] {
                peer.table(others);
                times.add(what, peer.client, run(&(peer.load)(&["many".to_owned()]), &[]));
                peer.table(others);
                times.add(what, "dbtool", run(&one, &[]));
                if others == 0 {
                    times.add(AGAIN, "dbtool", run(&one, &[]));
                }
            }
        }
        let mut lines = vec![EMPTY, BESIDE, AGAIN];
        // A file of inserts for each of them says nothing that the one does not.
        if peer.title != "MariaDB" {
            ten(root, &peer, &mut times);
            lines.extend([TEN, TEN_AGAIN]);
        }
        report.table(&format!("{}, seeding from CSV", peer.title), &["dbtool", peer.client], &times, &lines);
        if let Some(resident) = super::resident() {
            peer.table(0);
            let first = resident(one.clone());
            let again = resident(one.clone());
            peer.table(100_000);
            let beside = resident(one);
            report.say(&format!(
                "Resident at most: {first:.1} MiB into the empty table, {beside:.1} MiB beside others, {again:.1} MiB again.\n\n"
            ));
        }
        peer.drop();
    }
}

fn own(root: &Path, project: &str, url: &str) -> Line {
    line(&[&dbtool(), "--config", &path(root, &format!("seeds/{project}/dbtool.toml")), "--url", url, "seed", "-q"])
}

/// The same rows as CSV, with a header and without, and as inserts of a thousand.
fn write_one(root: &Path) {
    let seeds = root.join("seeds/one/seeds/base");
    fs::create_dir_all(&seeds).unwrap();
    fs::write(root.join("seeds/one/dbtool.toml"), "[env.dev]\n").unwrap();
    let (mut rows, mut inserts) = (String::new(), String::new());
    for number in 1..=ROWS {
        let (price, kind) = (number % 1_000, number % 7);
        writeln!(rows, "{number},name {number},{price}.50,{kind},some text of a row").unwrap();
        let head = if number % 1_000 == 1 { "INSERT INTO many VALUES " } else { "," };
        let end = if number % 1_000 == 0 { ";\n" } else { "" };
        write!(inserts, "{head}({number},'name {number}',{price}.50,{kind},'some text of a row'){end}").unwrap();
    }
    fs::write(seeds.join("many.csv"), format!("id,name,price,kind,note\n{rows}")).unwrap();
    fs::write(root.join("seeds/many.csv"), rows).unwrap();
    fs::write(root.join("seeds/many.sql"), inserts + "COMMIT;\n").unwrap();
}

fn write_ten(root: &Path) {
    let seeds = root.join("seeds/ten/seeds/base");
    fs::create_dir_all(&seeds).unwrap();
    fs::write(root.join("seeds/ten/dbtool.toml"), "[env.dev]\n").unwrap();
    for file in 0..FILES {
        let mut rows = String::new();
        for number in 1..=EACH {
            // All over the table before.
            let parent = number * 7_919 % EACH + 1;
            writeln!(rows, "{number},{parent},name {number},{}.50", number % 1_000).unwrap();
        }
        fs::write(seeds.join(format!("t{file}.csv")), format!("id,parent_id,name,amount\n{rows}")).unwrap();
        fs::write(root.join(format!("seeds/t{file}.csv")), rows).unwrap();
    }
}

fn ten(root: &Path, peer: &Peer, times: &mut Times) {
    let names: Vec<String> = (0..FILES).map(|file| format!("t{file}")).collect();
    let tables = || {
        peer.anew();
        for file in 0..FILES {
            let parent = file.checked_sub(1).map_or(String::new(), |before| format!(" REFERENCES t{before} (id)"));
            run(
                &(peer.inside)(&format!(
                    "CREATE TABLE t{file} (id BIGINT NOT NULL PRIMARY KEY, parent_id BIGINT NOT NULL{parent}, \
                     name VARCHAR(50) NOT NULL, amount NUMERIC(10, 2) NOT NULL)"
                )),
                &[],
            );
        }
    };
    let own = own(root, "ten", &peer.url);
    for round in 0..TEN_ROUNDS {
        // Who comes second finds another server than who comes first.
        for turn in [round % 2, 1 - round % 2] {
            tables();
            if turn == 0 {
                times.add(TEN, peer.client, run(&(peer.load)(&names), &[]));
            } else {
                times.add(TEN, "dbtool", run(&own, &[]));
                times.add(TEN_AGAIN, "dbtool", run(&own, &[]));
            }
        }
    }
}

fn peers(root: &Path) -> Vec<Peer> {
    let directory = path(root, "seeds");
    let mut peers = Vec::new();
    if let Some(program) = find("sqlite3") {
        let file = path(root, "seed.db");
        let (own, call, database, from) = (program.clone(), program.clone(), file.clone(), directory.clone());
        let (load, there) = (program, file.clone());
        peers.push(Peer {
            title: "SQLite",
            client: "sqlite3 .import",
            url: format!("sqlite://{file}"),
            outside: Box::new(move |sql| line(&[&own, ":memory:", sql])),
            inside: Box::new(move |sql| line(&[&call, &database, sql])),
            load: Box::new(move |tables| {
                let imports = tables.iter().map(|table| format!(".import --csv {from}/{table}.csv {table}"));
                // dbtool checks foreign keys; so does the client, then.
                let words = [load.as_str(), "-cmd", "PRAGMA foreign_keys = ON", &there];
                [line(&words), imports.collect()].concat()
            }),
        });
    }
    if let Some(program) = find("psql") {
        let url = format!("{}/bench_seed?sslmode=disable", server().rsplit_once('/').unwrap().0);
        let (own, call, load) = (program.clone(), program.clone(), program);
        let (inside, into, from) = (url.clone(), url.clone(), directory.clone());
        peers.push(Peer {
            title: "PostgreSQL",
            client: PSQL,
            url,
            outside: Box::new(move |sql| line(&[&own, "-q", &server(), "-c", sql])),
            inside: Box::new(move |sql| line(&[&call, "-q", &inside, "-c", sql])),
            load: Box::new(move |tables| {
                let copies = tables.iter().flat_map(|table| {
                    ["-c".to_owned(), format!("\\copy {table} FROM '{from}/{table}.csv' (FORMAT csv)")]
                });
                [line(&[&load, "-q", &into]), copies.collect()].concat()
            }),
        });
    }
    if let Some(program) = find("mariadb") {
        let login = [program.as_str(), "-h127.0.0.1", "-uroot"].join(" ");
        let call: Line = line(&[&program, "-h127.0.0.1", "-uroot"]);
        let (own, from) = (call.clone(), directory);
        peers.push(Peer {
            title: "MariaDB",
            client: "mariadb, inserts of 1,000 rows",
            url: "mysql://root@127.0.0.1/bench_seed".to_owned(),
            outside: Box::new(move |sql| [own.clone(), line(&["-e", sql])].concat()),
            inside: Box::new(move |sql| [call.clone(), line(&["bench_seed", "-e", sql])].concat()),
            load: Box::new(move |tables| {
                let files: Vec<_> = tables.iter().map(|table| format!("{from}/{table}.sql")).collect();
                line(&[
                    "sh",
                    "-c",
                    &format!("{login} --init-command='SET autocommit = 0' bench_seed < {}", files.join(" ")),
                ])
            }),
        });
    }
    peers
}

impl Peer {
    /// An empty database.
    fn anew(&self) {
        self.drop();
        if self.title != "SQLite" {
            run(&(self.outside)("CREATE DATABASE bench_seed"), &[]);
        }
        if self.title == "PostgreSQL" {
            run(&(self.outside)("CHECKPOINT"), &[]);
        }
    }

    fn drop(&self) {
        if let Some(file) = self.url.strip_prefix("sqlite://") {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let _ = fs::remove_file(format!("{file}{suffix}"));
            }
        } else {
            run(&(self.outside)("DROP DATABASE IF EXISTS bench_seed"), &[]);
        }
    }

    /// Makes the table, with rows of others in it.
    fn table(&self, others: usize) {
        self.anew();
        run(&(self.inside)(TABLE), &[]);
        if others > 0 {
            let (with, into) =
                ("WITH RECURSIVE n (i) AS (SELECT", "INSERT INTO many SELECT i, 'other', 1, 1, NULL FROM n");
            let numbers = format!("{} UNION ALL SELECT i + 1 FROM n WHERE i < {})", ROWS + 1, ROWS + others);
            let fill = if self.title == "MariaDB" {
                // It wants the words in another order, and stops after a thousand where it is not told otherwise.
                format!(
                    "SET max_recursive_iterations = {others}; INSERT INTO many {with} {numbers} SELECT i, 'other', 1, 1, NULL FROM n"
                )
            } else {
                format!("{with} {numbers} {into}")
            };
            run(&(self.inside)(&fill), &[]);
        }
    }
}
