//! Servers of a test's own, with settings that the shared ones do not have.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dbtool::backend::Backend;

use crate::support::{server, skipped};

/// A server that goes when it is dropped.
pub struct Private {
    backend: Backend,
    bin: PathBuf,
    directory: tempfile::TempDir,
    pub port: u16,
    /// What it was started with.
    options: Vec<String>,
}

impl Private {
    /// Starts a server. `None`: that backend is not tested here, or its programs are not at hand, which is told. `prepare` is
    /// given the directory of its data before it starts, and gives the options to start it with.
    pub fn start(backend: Backend, password: &str, prepare: impl FnOnce(&Path) -> Vec<String>) -> Option<Self> {
        server(backend)?;
        let server = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Self::postgres(password, prepare),
            Backend::Mysql => Self::mariadb(prepare),
        };
        if server.is_none() {
            skipped(&format!("on a private {}: its programs are not at hand", backend.title()));
        }
        server
    }

    fn new(backend: Backend, bin: PathBuf) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        Some(Self { backend, bin, directory: tempfile::tempdir().ok()?, port, options: Vec::new() })
    }

    fn postgres(password: &str, prepare: impl FnOnce(&Path) -> Vec<String>) -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let mut bins = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
        let server = Self::new(Backend::Postgres, bins.find(|bin| bin.join("initdb").is_file())?)?;
        let file = server.directory.path().join("pw");
        std::fs::write(&file, password).ok()?;
        server.own()?;
        let file = format!("--pwfile={}", file.display());
        server.run("initdb", &["-D", &server.data(), "-U", "postgres", "-A", "scram-sha-256", &file])?;
        let options = prepare(Path::new(&server.data()));
        server.own()?;
        let directory = server.directory.path().display();
        let options = [
            vec![format!("-p {} -h 127.0.0.1,::1 -k {directory} -c fsync=off", server.port)],
            options.iter().map(|option| format!("-c {option}")).collect(),
        ];
        server.run("pg_ctl", &["-D", &server.data(), "-w", "-o", &options.concat().join(" "), "start"])?;
        Some(server)
    }

    fn mariadb(prepare: impl FnOnce(&Path) -> Vec<String>) -> Option<Self> {
        let find = |name: &str| {
            ["/usr/sbin", "/usr/bin"].map(|bin| Path::new(bin).join(name)).into_iter().find(|p| p.is_file())
        };
        let mut server = Self::new(Backend::Mysql, find("mariadbd")?.parent()?.to_owned())?;
        server.own()?;
        let data = format!("--datadir={}", server.data());
        // A server that starts deletes what looks like its temporary tables: in /tmp, those of every other server of this machine.
        let temporary = format!("--tmpdir={}", server.directory.path().display());
        let install = find("mariadb-install-db")?;
        run(server.command(&install).args([
            "--no-defaults",
            &data,
            &temporary,
            "--auth-root-authentication-method=normal",
        ]))?;
        let options = prepare(Path::new(&server.data()));
        server.own()?;
        let (port, directory) = (server.port, server.directory.path().display().to_string());
        server.options =
            ["--no-defaults", &data, &temporary, "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"]
                .map(str::to_owned)
                .into_iter()
                .chain([
                    format!("--port={port}"),
                    format!("--socket={directory}/socket"),
                    format!("--pid-file={directory}/pid"),
                ])
                .chain(options.iter().map(|option| format!("--{option}")))
                .collect();
        server.spawn_mariadb()?;
        Some(server)
    }

    fn spawn_mariadb(&self) -> Option<()> {
        let mut command = self.command(&self.bin.join("mariadbd"));
        quiet(command.args(&self.options)).spawn().ok()?;
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(30), "the private server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(())
    }

    fn kill_mariadb(&self) {
        if let Ok(pid) = std::fs::read_to_string(self.directory.path().join("pid")) {
            run(Command::new("kill").args(["-9", pid.trim()]));
        }
    }

    /// Lets a PostgreSQL server take connections from everywhere, with the password.
    pub fn allow_all(&self) {
        let file = Path::new(&self.data()).join("pg_hba.conf");
        let rules = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{rules}host all all 0.0.0.0/0 scram-sha-256\n")).unwrap();
        self.run("pg_ctl", &["-D", &self.data(), "reload"]).unwrap();
    }

    /// As after a power cut.
    pub fn restart(&self) {
        if self.backend == Backend::Postgres {
            self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "restart"]).unwrap();
            return;
        }
        self.kill_mariadb();
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.spawn_mariadb().unwrap();
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    /// The servers do not run as root.
    fn user(&self) -> Option<&'static str> {
        let user = if self.backend == Backend::Postgres { "postgres" } else { "mysql" };
        whoami::account().is_ok_and(|user| user == "root").then_some(user)
    }

    fn own(&self) -> Option<()> {
        let Some(user) = self.user() else { return Some(()) };
        run(Command::new("chown").args(["-R", user]).arg(self.directory.path()))
    }

    fn command(&self, program: &Path) -> Command {
        let Some(user) = self.user() else { return Command::new(program) };
        let mut command = Command::new("runuser");
        command.args(["-u", user, "--"]).arg(program);
        command
    }

    fn run(&self, program: &str, args: &[&str]) -> Option<()> {
        run(self.command(&self.bin.join(program)).args(args))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if self.backend == Backend::Postgres {
            self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
        } else {
            self.kill_mariadb();
        }
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.current_dir(Path::new("/")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

fn run(command: &mut Command) -> Option<()> {
    quiet(command).status().ok()?.success().then_some(())
}

/// A PgBouncer in transaction mode, which goes when it is dropped.
pub struct Pooler {
    directory: tempfile::TempDir,
    pub port: u16,
}

impl Pooler {
    /// Starts one before a server. `None`: it is not at hand, which is told.
    pub fn start(server: &str) -> Option<Self> {
        let Some(program) =
            ["/usr/sbin", "/usr/bin"].map(|bin| Path::new(bin).join("pgbouncer")).into_iter().find(|p| p.is_file())
        else {
            skipped("behind a pooler: pgbouncer is not at hand");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let pooler = Self { directory: tempfile::tempdir().ok()?, port };
        let (host, server_port) = server.split_once(':')?;
        let path = |name: &str| pooler.directory.path().join(name).display().to_string();
        std::fs::write(path("users"), "\"postgres\" \"\"\n").ok()?;
        let settings = format!(
            "[databases]\n* = host={host} port={server_port} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 20\n\
             max_client_conn = 500\nlogfile = {}\npidfile = {}\n",
            path("users"),
            path("log"),
            path("pid")
        );
        std::fs::write(path("ini"), settings).ok()?;
        let root = whoami::account().is_ok_and(|user| user == "root");
        let mut command = Command::new(if root { "runuser" } else { "env" });
        if root {
            run(Command::new("chown").args(["-R", "postgres"]).arg(pooler.directory.path()))?;
            command.args(["-u", "postgres", "--"]);
        }
        run(command.arg(program).args(["-d", "-q", &path("ini")]))?;
        Some(pooler)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        if let Ok(pid) = std::fs::read_to_string(self.directory.path().join("pid")) {
            run(Command::new("kill").args(["-9", pid.trim()]));
        }
    }
}
