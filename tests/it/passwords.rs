//! Passwords, on a server of our own that asks for them: the test's server trusts everybody.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Project, postgres, skipped};

const PASSWORD: &str = "c4n4ry pass'w\\rd";

/// A PostgreSQL that goes when it is dropped.
struct Server {
    bin: PathBuf,
    directory: tempfile::TempDir,
    port: u16,
}

impl Server {
    /// `None`: the server's own programs are not at hand.
    fn start() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let bin = versions
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .find(|bin| bin.join("initdb").is_file())?;
        let directory = tempfile::tempdir().ok()?;
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        std::fs::write(directory.path().join("pw"), PASSWORD).ok()?;
        // The server does not run as root.
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(directory.path()))?;
        }
        let server = Self { bin, directory, port };
        let data = server.data();
        let password = format!("--pwfile={}", server.directory.path().join("pw").display());
        server.run("initdb", &["-D", &data, "-U", "postgres", "-A", "scram-sha-256", &password])?;
        let options = format!("-p {port} -h 127.0.0.1 -k {} -c fsync=off", server.directory.path().display());
        server.run("pg_ctl", &["-D", &data, "-w", "-o", &options, "start"])?;
        Some(server)
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, args: &[&str]) -> Option<()> {
        let program = self.bin.join(program);
        let mut command = if is_root() { Command::new("runuser") } else { Command::new(&program) };
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(&program);
        }
        run(command.args(args))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }
}

fn is_root() -> bool {
    whoami::account().is_ok_and(|user| user == "root")
}

fn run(command: &mut Command) -> Option<()> {
    let quiet = command.current_dir(Path::new("/")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().ok()?.success().then_some(())
}

#[test]
fn a_wrong_password_is_told_at_once_and_a_right_one_works_from_everywhere() {
    if postgres().is_none() {
        return;
    }
    let Some(server) = Server::start() else {
        return skipped("passwords: no initdb in /usr/lib/postgresql to make a server with");
    };
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
    let project = Project::sqlite().migration("1_a", "SELECT 1;", "").variable("DATABASE_URL", &url);
    for wrong in [url.clone(), url.replace('@', ":wrong@")] {
        let run = project.expect(8, &["migrate", "up", "--url", &wrong]);
        run.says(&["error[connect/authentication]", "config show"]).says_nothing_of(&["retrying", "wrong@"]);
    }
    let encoded = "c4n4ry%20pass%27w%5Crd";
    project.ok(&["db", "ping", "--url", &url.replace('@', &format!(":{encoded}@"))]).says_nothing_of(&["c4n4ry"]);
    let tls = format!("{}?sslmode=require", url.replace('@', &format!(":{encoded}@")));
    project
        .expect(8, &["db", "ping", "--url", &tls])
        .says(&["error[connect/tls]", "sslmode=disable"])
        .says_nothing_of(&["c4n4ry"]);
    let with = |name: &str, value: &str| Project::sqlite().variable("DATABASE_URL", &url).variable(name, value);
    with("PGPASSWORD", PASSWORD).ok(&["db", "ping"]);
    let parts =
        format!("[env.dev]\nhost = \"127.0.0.1\"\nport = {}\nname = \"postgres\"\nuser = \"postgres\"\n", server.port);
    let kept =
        |line: &str| Project::sqlite().without_variable("DATABASE_URL").file("dbtool.toml", format!("{parts}{line}\n"));
    kept("password = \"${PW}\"").variable("PW", PASSWORD).ok(&["db", "ping"]);
    kept("password_file = \"pw\"").file("pw", format!("{PASSWORD}\n")).ok(&["db", "ping"]);
    kept("password_command = \"cat pw\"").file("pw", PASSWORD).ok(&["db", "ping"]);
    kept("").variable("PGPASSWORD", PASSWORD).ok(&["db", "ping"]);
    let pool = kept("password = \"${PW}\"").variable("PW", "wrong");
    pool.expect(8, &["migrate", "status", "--migrations-dir", "."]).says(&["error[connect/authentication]"]);
}
