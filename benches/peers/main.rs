//! dbtool beside its peers: dbmate, Diesel's CLI, sqlx-cli and refinery, and the servers' own clients, in one run on one disk.
//!
//! `just bench` runs it and writes docs/performance.md; what is not installed is left out, and told. Every figure is the median
//! of some rounds in which the tools take turns; what counts is the ratio to the fastest of the others.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::format_push_string,
    reason = "a bench stops at what it did not expect, and prints"
)]

mod rows;
mod schemas;
mod seeds;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MIGRATIONS: usize = 1_000;
const ROUNDS: usize = 3;
/// Quick commands are run more often, and the median of all is taken.
const QUICK: usize = 15;

type Line = Vec<String>;

/// A tool, and how it is called on a database at a URL.
struct Tool {
    name: &'static str,
    up: Line,
    down: Option<Line>,
    /// Reverting all of them, where they can be one transaction.
    down_together: Option<Line>,
    status: Option<Line>,
    /// What the database is named by.
    variables: Vec<(&'static str, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Backend {
    Sqlite,
    Postgres,
}

fn main() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    let _ = fs::remove_dir_all(&root);
    write_migrations(&root);
    for settings in ["dbtool.toml", "diesel.toml"] {
        // Else this repository's would be found above, and its schema.rs written anew.
        fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(settings), "").unwrap();
    }
    let mut report = Report::default();
    // `cargo bench --bench peers -- --only rows`
    let only = std::env::args().skip_while(|arg| arg != "--only").nth(1);
    let wanted = |part: &str| only.as_ref().is_none_or(|only| only == part);
    if wanted("migrations") {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            compare(&root, backend, &mut report);
        }
    }
    if wanted("schemas") {
        schemas::compare(&root, &mut report);
    }
    if wanted("rows") {
        rows::compare(&root, &mut report);
    }
    if wanted("seeds") {
        seeds::compare(&root, &mut report);
    }
    if wanted("start") {
        quick(&mut report);
    }
    if wanted("memory") {
        memory(&root, &mut report);
    }
    let text = report.text();
    println!("{text}");
    if std::env::args().any(|arg| arg == "--write") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
        let before = fs::read_to_string(&path).unwrap();
        let (above, _) = before.split_once("<!-- figures -->").unwrap();
        fs::write(&path, format!("{above}<!-- figures -->\n\n{text}")).unwrap();
    }
}

/// A table and an index each, in the layouts of all tools.
fn write_migrations(root: &Path) {
    let write = |path: PathBuf, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let (mut all, mut each, mut each_back) = (String::new(), String::new(), String::new());
    for number in 1..=MIGRATIONS {
        let up = format!(
            "CREATE TABLE t{number} (id BIGINT PRIMARY KEY, name VARCHAR(100) NOT NULL, created_at TIMESTAMP);\n\
             CREATE INDEX t{number}_name ON t{number} (name);\n"
        );
        let down = format!("DROP TABLE t{number};\n");
        let version = 20_240_101_000_000 + number;
        write(root.join(format!("diesel/{version}_t{number}/up.sql")), &up);
        write(root.join(format!("diesel/{version}_t{number}/down.sql")), &down);
        let both = format!("-- migrate:up\n{up}\n-- migrate:down\n{down}");
        write(root.join(format!("dbmate/{version}_t{number}.sql")), &both);
        write(root.join(format!("sqlx/{version}_t{number}.up.sql")), &up);
        write(root.join(format!("sqlx/{version}_t{number}.down.sql")), &down);
        write(root.join(format!("refinery/V{number}__t{number}.sql")), &up);
        all.push_str(&up);
        each.push_str(&format!("BEGIN;\n{up}COMMIT;\n"));
        each_back.insert_str(0, &format!("BEGIN;\n{down}COMMIT;\n"));
    }
    write(root.join("each.sql"), &each);
    write(root.join("each-back.sql"), &each_back);
    write(root.join("diesel.toml"), "");
    write(root.join("all.sql"), &all);
    write(root.join("all-in-one.sql"), &format!("BEGIN;\n{all}COMMIT;\n"));
}

fn dbtool() -> String {
    env!("CARGO_BIN_EXE_dbtool").to_owned()
}

/// Where a program is; `None`: it is not installed.
fn find(name: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let in_path = std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file());
    in_path.map(|path| path.display().to_string())
}

/// The program itself, not the script of its npm package.
fn find_dbmate() -> Option<String> {
    let modules = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("bench/node_modules/@dbmate");
    let packages = fs::read_dir(modules).into_iter().flatten().filter_map(Result::ok);
    let own = packages.map(|entry| entry.path().join("bin/dbmate")).find(|path| path.is_file());
    own.map(|path| path.display().to_string()).or_else(|| find("dbmate"))
}

fn line(words: &[&str]) -> Line {
    words.iter().map(ToString::to_string).collect()
}

fn server() -> String {
    std::env::var("DBTOOL_BENCH_POSTGRES_URL").unwrap_or_else(|_| "postgres://postgres@127.0.0.1/postgres".to_owned())
}

/// The URL of a tool's own database.
fn url(root: &Path, backend: Backend, name: &str) -> String {
    match backend {
        Backend::Sqlite => format!("sqlite://{}", root.join(format!("{name}.db")).display()),
        Backend::Postgres => {
            let server = server();
            // One of them has no TLS, so none has.
            let plain = if name == "refinery" { "" } else { "?sslmode=disable" };
            format!("{}/bench_{name}{plain}", server.rsplit_once('/').unwrap().0)
        }
    }
}

fn tools(root: &Path, backend: Backend) -> Vec<Tool> {
    let directory = |name: &str| root.join(name).display().to_string();
    let url = |name: &str| url(root, backend, name);
    let mut tools = Vec::new();
    let own = |words: &[&str]| {
        let (program, url, directory) = (dbtool(), url("dbtool"), directory("diesel"));
        line(&[&[program.as_str(), "--url", &url, "--migrations-dir", &directory, "migrate"], words].concat())
    };
    tools.push(Tool {
        name: "dbtool",
        up: own(&["up"]),
        down: Some(own(&["down", "--all", "--yes"])),
        down_together: Some(own(&["down", "--all", "--yes", "--atomic"])),
        status: Some(own(&["status"])),
        variables: Vec::new(),
    });
    if let Some(program) = find_dbmate() {
        let plain = url("dbmate").replace("sqlite://", "sqlite:");
        let call =
            |verb: &str| line(&[&program, "--url", &plain, "-d", &directory("dbmate"), "--no-dump-schema", verb]);
        tools.push(Tool {
            name: "dbmate",
            up: call("up"),
            down: None,
            down_together: None,
            status: Some(call("status")),
            variables: Vec::new(),
        });
    }
    if let Some(program) = find("diesel") {
        let plain = url("diesel").replace("sqlite://", "");
        let call = |words: &[&str]| {
            // Else it would find this repository's, and write a schema.rs.
            let rest = [
                "--database-url",
                &plain,
                "--migration-dir",
                &directory("diesel"),
                "--config-file",
                &directory("diesel.toml"),
            ];
            line(&[&[program.as_str(), "migration"], words, &rest].concat())
        };
        tools.push(Tool {
            name: "diesel",
            up: call(&["run"]),
            down: Some(call(&["revert", "--all"])),
            down_together: None,
            status: Some(call(&["list"])),
            variables: Vec::new(),
        });
    }
    if let Some(program) = find("sqlx") {
        let plain = url("sqlx") + if backend == Backend::Sqlite { "?mode=rwc" } else { "" };
        let call = |words: &[&str]| {
            let rest = ["--source", &directory("sqlx"), "-D", &plain];
            line(&[&[program.as_str(), "migrate"], words, &rest].concat())
        };
        tools.push(Tool {
            name: "sqlx",
            up: call(&["run"]),
            down: Some(call(&["revert", "--target-version", "0"])),
            down_together: None,
            status: Some(call(&["info"])),
            variables: Vec::new(),
        });
    }
    if let Some(program) = find("refinery") {
        tools.push(Tool {
            name: "refinery",
            up: line(&[&program, "migrate", "-e", "DATABASE_URL", "-p", &directory("refinery")]),
            down: None,
            down_together: None,
            status: None,
            variables: vec![("DATABASE_URL", url("refinery"))],
        });
    }
    for name in ["dbmate", "diesel", "sqlx", "refinery"] {
        if !tools.iter().any(|tool| tool.name == name) {
            println!("not installed, left out: {name}");
        }
    }
    tools
}

/// Runs a command that must succeed, and gives how long it took.
fn run(line: &Line, variables: &[(&'static str, String)]) -> Duration {
    let started = Instant::now();
    let output = Command::new(&line[0])
        .args(&line[1..])
        // No tool finds settings of its own here.
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let took = started.elapsed();
    assert!(output.status.success(), "{line:?}\n{}", String::from_utf8_lossy(&output.stderr));
    took
}

/// Takes away what a tool has made. On PostgreSQL an empty database is made.
fn anew(root: &Path, backend: Backend, name: &str) {
    match backend {
        Backend::Sqlite => {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let _ = fs::remove_file(root.join(format!("{name}.db{suffix}")));
            }
            // The others make it themselves.
            if name == "refinery" {
                fs::write(root.join("refinery.db"), b"").unwrap();
            }
        }
        Backend::Postgres => {
            let database = format!("bench_{name}");
            for sql in [
                format!("DROP DATABASE IF EXISTS {database}"),
                format!("CREATE DATABASE {database}"),
                "CHECKPOINT".to_owned(),
            ] {
                run(&line(&["psql", "-q", &server(), "-c", &sql]), &[]);
            }
        }
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

#[derive(Default)]
struct Times {
    /// By what was done, and by tool.
    all: BTreeMap<&'static str, BTreeMap<&'static str, Vec<Duration>>>,
}

impl Times {
    fn add(&mut self, what: &'static str, tool: &'static str, took: Duration) {
        self.all.entry(what).or_default().entry(tool).or_default().push(took);
    }
}

const UP: &str = "1,000 migrations, a transaction each";
const DOWN: &str = "reverting them";
/// The others know no such thing: their figure is the one above.
const DOWN_TOGETHER: &str = "reverting them, dbtool with `--atomic`";
const NOTHING: &str = "`up` with nothing to do";
const STATUS: &str = "`status`, 1,000 applied";

fn compare(root: &Path, backend: Backend, report: &mut Report) {
    if backend == Backend::Postgres && find("psql").is_none() {
        return println!("PostgreSQL is left out: there is no psql");
    }
    let tools = tools(root, backend);
    let mut times = Times::default();
    for round in 0..ROUNDS {
        for number in 0..tools.len() {
            // None is always the first.
            let tool = &tools[(number + round) % tools.len()];
            anew(root, backend, tool.name);
            times.add(UP, tool.name, run(&tool.up, &tool.variables));
            for _ in 0..QUICK {
                times.add(NOTHING, tool.name, run(&tool.up, &tool.variables));
                if let Some(status) = &tool.status {
                    times.add(STATUS, tool.name, run(status, &tool.variables));
                }
            }
            if let Some(down) = &tool.down {
                let took = run(down, &tool.variables);
                times.add(DOWN, tool.name, took);
                if let Some(together) = &tool.down_together {
                    run(&tool.up, &tool.variables);
                    times.add(DOWN_TOGETHER, tool.name, run(together, &tool.variables));
                } else {
                    times.add(DOWN_TOGETHER, tool.name, took);
                }
            }
        }
    }
    let name = if backend == Backend::Sqlite { "SQLite" } else { "PostgreSQL" };
    let columns: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
    report.table(name, &columns, &times, &[UP, DOWN, DOWN_TOGETHER, NOTHING, STATUS]);
    if backend == Backend::Postgres {
        least(root, &tools[0], name, report);
    }
    atomic(root, backend, name, report);
}

/// What the server takes by itself: its own client reads the same statements with a BEGIN and a COMMIT around each migration, and
/// keeps no record of them.
fn least(root: &Path, dbtool: &Tool, name: &str, report: &mut Report) {
    let (Some(program), Some(down)) = (find("psql"), &dbtool.down) else { return };
    let theirs = url(root, Backend::Postgres, "client");
    let client = |file: &str| {
        line(&[&program, "-q", &theirs, "-v", "ON_ERROR_STOP=1", "-f", &root.join(file).display().to_string()])
    };
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        anew(root, Backend::Postgres, "dbtool");
        times.add(UP, "dbtool", run(&dbtool.up, &[]));
        times.add(DOWN, "dbtool", run(down, &[]));
        anew(root, Backend::Postgres, "client");
        times.add(UP, "psql", run(&client("each.sql"), &[]));
        times.add(DOWN, "psql", run(&client("each-back.sql"), &[]));
    }
    report.table(&format!("{name}, a transaction each, beside its client"), &["dbtool", "psql"], &times, &[UP, DOWN]);
}

/// All in one transaction, beside the server's own client that reads the same statements.
fn atomic(root: &Path, backend: Backend, name: &str, report: &mut Report) {
    let client = if backend == Backend::Sqlite { "sqlite3" } else { "psql" };
    let Some(program) = find(client) else { return println!("not installed, left out: {client}") };
    let (own, directory) = (url(root, backend, "dbtool"), root.join("diesel").display().to_string());
    let up = line(&[&dbtool(), "--url", &own, "--migrations-dir", &directory, "migrate", "up", "--atomic"]);
    let theirs = url(root, backend, "client");
    let file = |name: &str| root.join(name).display().to_string();
    let client_line = match backend {
        Backend::Sqlite => {
            line(&[&program, &theirs.replace("sqlite://", ""), &format!(".read {}", file("all-in-one.sql"))])
        }
        Backend::Postgres => line(&[&program, "-q", "-1", &theirs, "-f", &file("all.sql")]),
    };
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        anew(root, backend, "dbtool");
        times.add("all in one transaction", "dbtool", run(&up, &[]));
        anew(root, backend, "client");
        times.add("all in one transaction", client, run(&client_line, &[]));
    }
    report.table(&format!("{name}, `--atomic`"), &["dbtool", client], &times, &["all in one transaction"]);
}

/// How long it takes to start.
fn quick(report: &mut Report) {
    let mut programs = vec![("dbtool", dbtool())];
    programs.extend(find_dbmate().map(|path| ("dbmate", path)));
    programs.extend(["diesel", "sqlx", "refinery"].into_iter().filter_map(|name| Some((name, find(name)?))));
    let mut times = Times::default();
    for _ in 0..4 * QUICK {
        for (name, program) in &programs {
            times.add("`--version`", name, run(&line(&[program, "--version"]), &[]));
        }
    }
    let columns: Vec<&str> = programs.iter().map(|(name, _)| *name).collect();
    report.table("Start", &columns, &times, &["`--version`"]);
}

/// Runs a command, and gives the most memory that was resident, in MiB, by GNU time; `None`: it is not installed.
fn resident() -> Option<impl Fn(Line) -> f64> {
    let Some(time) = find("time").filter(|_| cfg!(target_os = "linux")) else {
        println!("memory is left out: GNU time is not installed");
        return None;
    };
    Some(move |words: Line| {
        let mut command = Command::new(&time);
        let command = command.args(["-f", "%M"]).args(&words).current_dir(env!("CARGO_TARGET_TMPDIR"));
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{text}");
        text.lines().last().unwrap().trim().parse::<f64>().unwrap() / 1024.0
    })
}

/// The memory of migrations.
fn memory(root: &Path, report: &mut Report) {
    let Some(resident) = resident() else { return };
    // 200 MB in 20,000 statements.
    let big = root.join("big/1_big");
    fs::create_dir_all(&big).unwrap();
    let row = "x".repeat(490);
    let statement = |number: usize| {
        let rows: Vec<_> = (0..20).map(|at| format!("({},'{row}')", number * 20 + at)).collect();
        format!("INSERT INTO big VALUES {};\n", rows.join(","))
    };
    let text: String = (0..20_000).map(statement).collect();
    fs::write(big.join("up.sql"), format!("CREATE TABLE big (id INT PRIMARY KEY, data TEXT);\n{text}")).unwrap();
    let mut lines = Vec::new();
    for (backend, name) in [(Backend::Sqlite, "SQLite"), (Backend::Postgres, "PostgreSQL")] {
        if backend == Backend::Postgres && find("psql").is_none() {
            continue;
        }
        let call = |directory: &str| {
            let (url, directory) = (url(root, backend, "dbtool"), root.join(directory).display().to_string());
            line(&[&dbtool(), "--url", &url, "--migrations-dir", &directory, "migrate", "up", "-q"])
        };
        anew(root, backend, "dbtool");
        let thousand = resident(call("diesel"));
        anew(root, backend, "dbtool");
        let long = resident(call("big"));
        lines.push(format!("| {name} | {thousand:.1} MiB | {long:.1} MiB |\n"));
        anew(root, backend, "dbtool");
    }
    report.text.push_str("### Memory\n\n| | 1,000 migrations | one of 200 MB in 20,000 statements |\n|---|---|---|\n");
    report.text.extend(lines);
    report.text.push('\n');
}

#[derive(Default)]
struct Report {
    text: String,
}

impl Report {
    fn table(&mut self, title: &str, columns: &[&str], times: &Times, lines: &[&'static str]) {
        let others = columns.contains(&"dbtool") && columns.len() > 1;
        let ratio = if others { " to the fastest other |" } else { "" };
        let rule = "---|".repeat(columns.len() + usize::from(others));
        self.text += &format!("### {title}\n\n| | {} |{ratio}\n|---|{rule}\n", columns.join(" | "));
        for what in lines {
            let Some(by_tool) = times.all.get(what) else { continue };
            let of = |tool: &str| by_tool.get(tool).map(|times| median(times));
            let cells: Vec<String> = columns.iter().map(|tool| of(tool).map_or("–".to_owned(), shown)).collect();
            let fastest = columns.iter().filter(|tool| **tool != "dbtool").filter_map(|tool| of(tool)).min();
            let ratio = match (of("dbtool"), fastest) {
                (Some(ours), Some(theirs)) => format!(" {:.2} |", ours.as_secs_f64() / theirs.as_secs_f64()),
                _ => String::new(),
            };
            self.text += &format!("| {what} | {} |{ratio}\n", cells.join(" | "));
        }
        self.text.push('\n');
    }

    fn say(&mut self, text: &str) {
        self.text += text;
    }

    fn text(&self) -> String {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        format!("{cores} cores, {} {}.\n\n{}", std::env::consts::OS, kernel.trim(), self.text.trim_end()) + "\n"
    }
}

fn shown(took: Duration) -> String {
    if took < Duration::from_millis(100) {
        format!("{:.1} ms", took.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", took.as_secs_f64())
    }
}
