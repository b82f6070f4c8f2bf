//! A project in a temporary directory, and the dbtool binary run in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dbtool::backend::Backend;
use dbtool::config::{Flags, PoolSettings, Process, Settings};
use dbtool::db::{Connector, Pool, Purpose, Session};

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Says that something was not tested, past the test runner's capture of the output.
pub fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: {what} ***\n");
}

/// Runs a test on every backend that is at hand. A server that is not there is told loudly, and is a failure where
/// `DBTOOL_TEST_REQUIRE` names its backend.
pub fn on_each_backend(test: impl Fn(Project)) {
    for backend in Backend::ALL {
        if let Some(project) = Project::on(*backend) {
            test(project);
        }
    }
}

/// Runs a test on PostgreSQL, if it is at hand.
pub fn on_postgres(test: impl FnOnce(Project)) {
    if let Some(project) = Project::on(Backend::Postgres) {
        test(project);
    }
}

/// Runs a test on MySQL or MariaDB, if it is at hand.
pub fn on_mysql(test: impl FnOnce(Project)) {
    if let Some(project) = Project::on(Backend::Mysql) {
        test(project);
    }
}

/// Runs a test on each server that is at hand.
pub fn on_servers(test: impl Fn(Project)) {
    for backend in Backend::ALL.iter().filter(|backend| backend.is_server()) {
        Project::on(*backend).into_iter().for_each(&test);
    }
}

/// Runs a test where a migration is all or nothing, whatever it does.
pub fn on_transactional(test: impl Fn(Project)) {
    for backend in Backend::ALL.iter().filter(|backend| backend.transactional_ddl()) {
        Project::on(*backend).into_iter().for_each(&test);
    }
}

/// A directory, a database, and the environment of a process.
pub struct Project {
    directory: tempfile::TempDir,
    pub backend: Backend,
    pub url: String,
    variables: BTreeMap<String, String>,
}

/// A project with the tables of the reference schema, and nothing in them.
pub fn shop(project: Project) -> Project {
    let directory = root().join("migrations");
    let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
    project.ok(&["migrate", "up"]);
    project
}

/// What a run of the binary gave.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// An empty directory, with a SQLite database in it that is not yet there.
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let project = Self { directory, backend: Backend::Sqlite, url: url.clone(), variables: BTreeMap::new() };
        project.variable("DATABASE_URL", &url)
    }

    /// A project on a backend; `None`: it is not at hand.
    pub fn on(backend: Backend) -> Option<Self> {
        if !backend.is_server() {
            return Some(Self::sqlite());
        }
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let server = server(backend)?;
        let name = format!("dbtool_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let url = with_database(&server, &name);
        let mut project = Self::sqlite().variable("DATABASE_URL", &url);
        project.backend = backend;
        project.url = url;
        let utf8 = if backend == Backend::Mysql { " CHARACTER SET utf8mb4" } else { "" };
        session(&server).execute(&format!("CREATE DATABASE {name}{utf8}")).unwrap();
        Some(project)
    }

    /// The name of its database.
    pub fn database(&self) -> &str {
        self.url.split('?').next().unwrap().rsplit('/').next().unwrap()
    }

    /// Host and port of its server. `None`: it is not reached over TCP, which is told.
    pub fn address(&self) -> Option<String> {
        let rest = self.url.split_once("://")?.1;
        let (host, path) = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest).split_once('/')?;
        if host.is_empty() || path.contains("host=") {
            skipped("what stands between client and server: the server is not reached over TCP");
            return None;
        }
        let port = self.by_backend("", "5432", "3306");
        Some(if host.contains(':') { host.to_owned() } else { format!("{host}:{port}") })
    }

    /// Its URL at another address, without TLS.
    pub fn url_at(&self, address: &str) -> String {
        let login = self.url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).unwrap().0;
        let (scheme, plain) = self.by_backend(("", ""), ("postgres", "&gssencmode=disable"), ("mysql", ""));
        format!("{scheme}://{login}@{address}/{}?sslmode=disable{plain}", self.database())
    }

    /// One of several words, by backend.
    pub fn by_backend<T>(&self, sqlite: T, postgres: T, mysql: T) -> T {
        match self.backend {
            Backend::Sqlite => sqlite,
            Backend::Postgres => postgres,
            Backend::Mysql => mysql,
        }
    }

    /// Sets a variable for every run.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    pub fn without_variable(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// Writes a file.
    pub fn file(self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.write(path, contents);
        self
    }

    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// Writes a migration into `migrations/`; an empty down is none.
    pub fn migration(self, directory: &str, up: &str, down: &str) -> Self {
        self.add_migration(directory, up, down);
        self
    }

    pub fn add_migration(&self, directory: &str, up: &str, down: &str) {
        self.write(&format!("migrations/{directory}/up.sql"), up);
        if !down.is_empty() {
            self.write(&format!("migrations/{directory}/down.sql"), down);
        }
    }

    /// The same, outside of a transaction.
    pub fn plain_migration(self, directory: &str, up: &str, down: &str) -> Self {
        self.write(&format!("migrations/{directory}/metadata.toml"), "run_in_transaction = false\n");
        self.migration(directory, up, down)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// The command, ready to be run or spawned. Nothing of the test's own environment reaches it.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dbtool"));
        command
            .args(args)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            // Where coverage is measured.
            .envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().unwrap())
    }

    /// Runs, and asserts the exit code.
    pub fn expect(&self, code: i32, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, code, "dbtool {} on {}\n{run}", args.join(" "), self.backend);
        run
    }

    /// Runs a command that must succeed.
    pub fn ok(&self, args: &[&str]) -> Run {
        self.expect(0, args)
    }

    /// Runs with `--output json`, and gives the document.
    pub fn json(&self, code: i32, args: &[&str]) -> serde_json::Value {
        let run = self.expect(code, &[args, &["-o", "json"]].concat());
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
    }

    /// The states of all migrations, as `1:applied 2:pending`.
    pub fn states(&self) -> String {
        let status = self.json(0, &["migrate", "status"]);
        let one = |migration: &serde_json::Value| {
            format!("{}:{}", migration["version"].as_str().unwrap(), migration["state"].as_str().unwrap())
        };
        status["migrations"].as_array().unwrap().iter().map(one).collect::<Vec<_>>().join(" ")
    }

    /// A connection of the test's own.
    pub fn session(&self) -> Session {
        session(&self.url)
    }

    /// The same, to another URL.
    #[expect(clippy::unused_self, reason = "read as one of the project's")]
    pub fn session_on(&self, url: &str) -> Session {
        session(url)
    }

    /// The rows of a query, values joined by `|`.
    pub fn query(&self, sql: &str) -> Vec<String> {
        let rows = self.session().query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter()
            .map(|row| row.0.iter().map(|v| v.clone().unwrap_or_default()).collect::<Vec<_>>().join("|"))
            .collect()
    }

    /// Everything in the database that a person made, one line for each object, to compare two databases.
    pub fn schema(&self) -> String {
        let sql = match self.backend {
            Backend::Sqlite => {
                "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite_%' AND tbl_name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY 1, 2"
            }
            Backend::Postgres => {
                "SELECT 'column', n.nspname, c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid) \
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
                 LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
                 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relname NOT LIKE '\\_\\_%' \
                 UNION ALL SELECT 'constraint', n.nspname, conname, contype, '', pg_get_constraintdef(k.oid), convalidated, '' FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND conname NOT LIKE '\\_\\_%' \
                 UNION ALL SELECT 'index', schemaname, indexname, 'i', '', indexdef, true, '' FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog') AND indexname NOT LIKE '\\_\\_%' \
                 UNION ALL SELECT 'function', n.nspname, p.proname, 'f', '', pg_get_functiondef(p.oid), true, '' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prokind = 'f' \
                 UNION ALL SELECT 'trigger', '', tgname, 't', '', pg_get_triggerdef(oid), true, '' FROM pg_trigger WHERE NOT tgisinternal \
                 ORDER BY 1, 2, 3, 5, 6"
            }
            Backend::Mysql => {
                "SELECT 'column', table_name, column_name, column_type, is_nullable, column_default, extra, collation_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name NOT LIKE '\\_\\_%' \
                 UNION ALL SELECT 'index', table_name, index_name, non_unique, seq_in_index, column_name, sub_part, '' FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name NOT LIKE '\\_\\_%' \
                 UNION ALL SELECT 'constraint', table_name, constraint_name, constraint_type, '', '', '', '' FROM information_schema.table_constraints WHERE table_schema = DATABASE() AND table_name NOT LIKE '\\_\\_%' \
                 UNION ALL SELECT 'routine', routine_name, routine_type, routine_definition, '', '', '', '' FROM information_schema.routines WHERE routine_schema = DATABASE() \
                 UNION ALL SELECT 'trigger', trigger_name, event_object_table, action_statement, '', '', '', '' FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
                 UNION ALL SELECT 'view', table_name, view_definition, '', '', '', '', '' FROM information_schema.views WHERE table_schema = DATABASE() ORDER BY 1, 2, 3, 4, 5"
            }
        };
        // A view's text on MySQL has the database's name in it.
        self.query(sql).join("\n").replace(self.database(), "[database]")
    }

    /// The versions in Diesel's table.
    pub fn ledger(&self) -> Vec<String> {
        self.query("SELECT version FROM __diesel_schema_migrations ORDER BY version")
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if let Some(server) = server(self.backend) {
            let force = if self.backend == Backend::Postgres { " WITH (FORCE)" } else { "" };
            let drop = format!("DROP DATABASE IF EXISTS {}{force}", self.database());
            // A server that is gone has failed the test already: a second panic would end the run of all tests.
            let opened = connector(&server).open(Purpose::Write);
            let _ = opened.and_then(|mut session| session.execute(&drop));
        }
    }
}

impl Run {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts that stderr holds each of these.
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stderr.contains(word), "stderr lacks {word:?}\n{self}");
        }
        self
    }

    pub fn says_nothing_of(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(!self.stderr.contains(word) && !self.stdout.contains(word), "the output has {word:?}\n{self}");
        }
        self
    }

    /// Both streams, with times, ids and paths made the same for every run.
    pub fn normal(&self, project: &Project) -> String {
        let text = format!("{}---\n{}", self.stdout, self.stderr);
        let canonical = fs::canonicalize(project.directory.path()).unwrap();
        let text = text.replace(&canonical.display().to_string(), "[dir]");
        let text = text.replace(&project.directory.path().display().to_string(), "[dir]");
        normal_words(&text)
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Times, durations, UUIDs and who runs the tests, replaced.
fn normal_words(text: &str) -> String {
    let user = format!("{}@{}", whoami::account().unwrap(), whoami::hostname().unwrap());
    let text = text.replace(&user, "[user]");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let (length, with) = shape(rest, out.chars().last());
        if length > 0 {
            out.push_str(with);
            rest = &rest[length..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// The length of a time, UUID or duration at the beginning of a text, and what stands for it.
fn shape(text: &str, before: Option<char>) -> (usize, &'static str) {
    let like = |pattern: &str| {
        text.len() >= pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, want)| match want {
                b'0' => byte.is_ascii_digit(),
                b'x' => byte.is_ascii_hexdigit(),
                want => byte == want,
            })
    };
    if before.is_some_and(|c| c.is_ascii_alphanumeric()) {
        return (0, "");
    }
    if like("0000-00-00T00:00:00.000Z") {
        return (24, "[time]");
    }
    if like("0000-00-00 00:00:00") {
        return (19, "[time]");
    }
    if like("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
        return (36, "[uuid]");
    }
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    if digits > 0 && (text[digits..].starts_with(" ms") || text[digits..].starts_with(" s\n")) {
        return (digits + 3 - usize::from(text[digits..].starts_with(" s")), "[took]");
    }
    (0, "")
}

/// The URL of a server for tests: `DBTOOL_TEST_POSTGRES_URL` or `DBTOOL_TEST_MYSQL_URL`, else the local one. None for a
/// backend that has no servers.
pub fn server(backend: Backend) -> Option<String> {
    static POSTGRES: OnceLock<Option<String>> = OnceLock::new();
    static MYSQL: OnceLock<Option<String>> = OnceLock::new();
    let local = ["postgres://postgres@127.0.0.1/postgres", "postgres:///postgres?host=/var/run/postgresql"];
    let found = match backend {
        Backend::Sqlite => return None,
        Backend::Postgres => POSTGRES.get_or_init(|| find(backend, "DBTOOL_TEST_POSTGRES_URL", &local)),
        Backend::Mysql => MYSQL.get_or_init(|| find(backend, "DBTOOL_TEST_MYSQL_URL", &["mysql://root@127.0.0.1/"])),
    };
    found.clone()
}

fn find(backend: Backend, variable: &str, local: &[&str]) -> Option<String> {
    let named = std::env::var(variable).ok().filter(|url| !url.is_empty());
    let candidates = named.map_or_else(|| local.iter().map(ToString::to_string).collect(), |url| vec![url]);
    let found = candidates.into_iter().find(|url| connector(url).open(Purpose::Read).is_ok());
    if found.is_none() {
        let required = std::env::var("DBTOOL_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.contains(backend.name()), "DBTOOL_TEST_REQUIRE asks for {backend}, and no server answers");
        skipped(&format!("on {}: no server answers; set {variable}", backend.title()));
    }
    found
}

pub fn connector(url: &str) -> Connector {
    let directory = std::env::temp_dir();
    let flags = Flags { url: Some(url.to_owned()), ..Flags::default() };
    let process =
        Process { directory, variables: [("DBTOOL_RETRY_ATTEMPTS".into(), "1".into())].into(), ..Process::default() };
    Connector::new(&Settings::read(process, flags).unwrap()).unwrap()
}

/// Runs a test while another thread does something again and again, until the test has ended, well or not.
pub fn meanwhile(mut again: impl FnMut() + Send, test: impl FnOnce()) {
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                again();
            }
        });
        let _done = Done(&done);
        test();
    });
}

/// A pool of connections to a project's database.
pub fn pool(project: &Project, connections: usize) -> Pool {
    let max = u32::try_from(connections).unwrap();
    let settings = Settings::read(Process::default(), Flags::default()).unwrap().pool;
    Pool::new(&connector(&project.url), &PoolSettings { max, min: max, ..settings }).unwrap()
}

fn session(url: &str) -> Session {
    connector(url).open(Purpose::Write).unwrap()
}

/// The URL with another database's name.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, String::new()), |(base, query)| (base, format!("?{query}")));
    let at = base.rfind('/').unwrap();
    format!("{}/{name}{query}", &base[..at])
}
