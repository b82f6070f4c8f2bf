//! Rows into a table and out of it, beside the servers' own clients: a million of them, in CSV.
//!
//! What else loads rows adds its case to `import` or its own function beside it: the table, the file and the clients are here.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use super::{Line, ROUNDS, Report, Times, dbtool, find, line, run, server};

pub const ROWS: usize = 1_000_000;
const IMPORT: &str = "import, 1,000,000 rows";
const EXPORT: &str = "export, 1,000,000 rows";

/// No model knows a table of this name.
const TABLE: &str = "CREATE TABLE items (id BIGINT PRIMARY KEY, name VARCHAR(100) NOT NULL, price NUMERIC(10, 2) NOT NULL, \
    quantity INTEGER, created_at TIMESTAMP NOT NULL)";

/// One server with its client, and the database that all of them use in turn.
pub struct Peer {
    title: &'static str,
    /// The client, as it is called in the tables.
    pub name: &'static str,
    url: String,
    /// Runs SQL with the client.
    sql: Box<dyn Fn(&str) -> Line>,
    import: Line,
    export: Line,
}

pub fn compare(root: &Path, report: &mut Report) {
    fs::create_dir_all(root).unwrap();
    write_rows(root);
    for peer in peers(root) {
        let mut times = Times::default();
        let (file, out) = (path(root, "rows.csv"), path(root, "out.csv"));
        let import = line(&[&dbtool(), "--url", &peer.url, "data", "import", "items", &file, "-q"]);
        let export = line(&[&dbtool(), "--url", &peer.url, "data", "export", "items", "--file", &out, "-q"]);
        for _ in 0..ROUNDS {
            peer.anew(root);
            times.add(IMPORT, peer.name, run(&peer.import, &[]));
            peer.anew(root);
            times.add(IMPORT, "dbtool", run(&import, &[]));
            times.add(EXPORT, "dbtool", run(&export, &[]));
            assert_eq!(count_lines(&out), ROWS + 1);
            times.add(EXPORT, peer.name, run(&peer.export, &[]));
        }
        report.table(&format!("{}, rows", peer.title), &["dbtool", peer.name], &times, &[IMPORT, EXPORT]);
        if let Some(resident) = super::resident() {
            peer.anew(root);
            let (import, export) = (resident(import), resident(export));
            report.say(&format!("Resident at most: {import:.1} MiB importing, {export:.1} MiB exporting.\n\n"));
        }
        peer.drop(root);
    }
}

pub fn path(root: &Path, name: &str) -> String {
    root.join(name).display().to_string()
}

fn count_lines(file: &str) -> usize {
    fs::read_to_string(file).unwrap().lines().count()
}

/// The same rows as CSV, with a header and without, and as inserts of a thousand.
fn write_rows(root: &Path) {
    let create = |name: &str| BufWriter::new(fs::File::create(root.join(name)).unwrap());
    let (mut csv, mut plain, mut inserts) = (create("rows.csv"), create("plain.csv"), create("rows.sql"));
    csv.write_all(b"id,name,price,quantity,created_at\n").unwrap();
    let mut row = String::new();
    for id in 0..ROWS {
        row.clear();
        let (cents, second) = (id * 7 % 100, id % 86_400);
        let quantity = if id % 10 == 0 { String::new() } else { (id % 1_000).to_string() };
        let at = format!("2024-01-{:02} {:02}:{:02}:{:02}", id % 28 + 1, second / 3_600, second / 60 % 60, second % 60);
        write!(row, "{id},an item with the number {id},{}.{cents:02},{quantity},{at}", id % 10_000).unwrap();
        writeln!(csv, "{row}").unwrap();
        writeln!(plain, "{row}").unwrap();
        let quantity = if quantity.is_empty() { "NULL" } else { &quantity };
        let head = if id % 1_000 == 0 { "INSERT INTO items VALUES " } else { "," };
        let end = if id % 1_000 == 999 { ";\n" } else { "" };
        let price = format!("{}.{cents:02}", id % 10_000);
        write!(inserts, "{head}({id},'an item with the number {id}',{price},{quantity},'{at}'){end}").unwrap();
    }
}

fn peers(root: &Path) -> Vec<Peer> {
    let (rows, plain, out) = (path(root, "rows.csv"), path(root, "plain.csv"), path(root, "peer.csv"));
    let mut peers = Vec::new();
    if let Some(program) = find("sqlite3") {
        let file = path(root, "rows.db");
        let (call, database) = (program.clone(), file.clone());
        peers.push(Peer {
            title: "SQLite",
            name: "sqlite3",
            url: format!("sqlite://{file}"),
            sql: Box::new(move |sql| line(&[&call, &database, sql])),
            import: line(&[&program, &file, &format!(".import --csv {plain} items")]),
            export: line(&[&program, "-csv", "-header", &file, &format!(".once {out}"), "SELECT * FROM items"]),
        });
    }
    if let Some(program) = find("psql") {
        let url = format!("{}/bench_rows?sslmode=disable", server().rsplit_once('/').unwrap().0);
        let call = program.clone();
        peers.push(Peer {
            title: "PostgreSQL",
            name: "psql \\copy",
            sql: Box::new(move |sql| line(&[&call, "-q", &server(), "-c", sql])),
            import: line(&[&program, "-q", &url, "-c", &format!("\\copy items FROM '{rows}' CSV HEADER")]),
            export: line(&[&program, "-q", &url, "-c", &format!("\\copy items TO '{out}' CSV HEADER")]),
            url,
        });
    }
    if let Some(program) = find("mariadb") {
        let login = [program.as_str(), "-h127.0.0.1", "-uroot"];
        let shell = |words: &str| line(&["sh", "-c", &format!("{} {words}", login.join(" "))]);
        let call: Line = line(&login);
        peers.push(Peer {
            title: "MariaDB",
            name: "mariadb, inserts of 1,000 rows",
            url: "mysql://root@127.0.0.1/bench_rows".to_owned(),
            sql: Box::new(move |sql| [call.clone(), line(&["-e", sql])].concat()),
            import: shell(&format!("--init-command='SET autocommit = 0' bench_rows < {}", path(root, "committed.sql"))),
            export: shell(&format!("-B --quick bench_rows -e 'SELECT * FROM items' > {out}")),
        });
        let inserts = fs::read_to_string(root.join("rows.sql")).unwrap();
        fs::write(root.join("committed.sql"), inserts + "COMMIT;\n").unwrap();
    }
    peers
}

impl Peer {
    /// An empty table.
    pub fn anew(&self, root: &Path) {
        self.drop(root);
        if self.title == "SQLite" {
            run(&(self.sql)(TABLE), &[]);
            return;
        }
        run(&(self.sql)("CREATE DATABASE bench_rows"), &[]);
        match self.title {
            "PostgreSQL" => {
                let program = find("psql").unwrap();
                run(&line(&[&program, "-q", &self.url, "-c", TABLE]), &[]);
                run(&(self.sql)("CHECKPOINT"), &[]);
            }
            _ => {
                run(&(self.sql)(&format!("USE bench_rows; {TABLE}")), &[]);
            }
        }
    }

    pub fn drop(&self, root: &Path) {
        if self.title == "SQLite" {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let _ = fs::remove_file(root.join(format!("rows.db{suffix}")));
            }
        } else {
            run(&(self.sql)("DROP DATABASE IF EXISTS bench_rows"), &[]);
        }
    }
}
