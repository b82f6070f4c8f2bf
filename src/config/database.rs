//! Which database a command is about, and where its password comes from.

use std::path::{Path, PathBuf};

use super::file::Raw;
use super::keys::{ENVIRONMENT_KEYS, Key, Kind};
use super::layers::{Layers, Value, wrong_value};
use super::url::{ServerTarget, SqliteTarget, Target};
use super::{Origin, Process};
use crate::backend::Backend;
use crate::error::{Code, Error, Result};
use crate::secret::{Redactor, Secret};

/// A database and how to sign in to it.
#[derive(Debug, Clone)]
pub struct Database {
    pub target: Target,
    pub origin: Origin,
    pub password: Password,
    /// Something to tell before connecting.
    pub warnings: Vec<String>,
}

/// A password, or where to fetch it when it is needed.
#[derive(Debug, Clone)]
pub enum Password {
    /// In the URL or in the driver's own places.
    Target,
    File(PathBuf),
    Command {
        command: Secret,
        origin: Origin,
    },
}

impl Database {
    /// Finds the first of `--url`, `DBTOOL_URL`, the environment's URL or parts, `DATABASE_URL`, `DB_*`.
    pub fn find(layers: &Layers) -> Result<Option<Self>> {
        let flag = layers.flags.url.clone().map(|url| (url, Origin::Flag(layers.flags.url_from.unwrap_or("--url"))));
        if let Some((url, origin)) = flag.or_else(|| layers.variable("DBTOOL_URL")) {
            return Self::from_url(layers, &url, origin, false).map(Some);
        }
        if let Some(url) = layers.environment_key("url")? {
            return Self::from_url(layers, url.text(), url.origin.clone(), true)
                .map(|found| Some(found.passing_over(layers, url.text())));
        }
        if layers.environment_key("host")?.is_some() || layers.environment_key("name")?.is_some() {
            return Self::from_parts(layers).map(|found| Some(found.passing_over(layers, "")));
        }
        if let Some((url, origin)) = layers.variable("DATABASE_URL") {
            return Self::from_url(layers, &url, origin, true).map(Some);
        }
        Self::from_variables(layers)
    }

    /// Where throw-away databases are made, if that is named.
    pub fn find_scratch(layers: &Layers) -> Result<Option<Self>> {
        let url = layers.environment_key("scratch_url")?;
        url.map(|url| Self::from_url(layers, url.text(), url.origin.clone(), false)).transpose()
    }

    /// The passwords that are known before connecting, for the redaction of every output.
    #[must_use]
    pub fn secrets(&self) -> Redactor {
        let mut redactor = Redactor::default();
        if let Some(server) = self.target.server() {
            let harmless = [server.user.as_str(), &server.database, &server.host, "postgres", "postgresql"];
            for secret in server.password.iter().map(Secret::expose).chain(server.secret_parameters()) {
                redactor.add(secret, &harmless);
                let encoded = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC);
                redactor.add(&encoded.to_string(), &harmless);
            }
        }
        redactor
    }

    /// The target with its password, which is fetched now if it stands elsewhere.
    pub fn resolved(&self) -> Result<Target> {
        let mut target = self.target.clone();
        let password = match &self.password {
            Password::Target => return Ok(target),
            Password::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|cause| {
                    Error::new(Code::ConfigReference, format!("cannot read the password file `{}`", path.display()))
                        .because(cause)
                })?;
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
            Password::Command { command, origin } => run(command, origin)?,
        };
        if let Some(server) = target.server_mut() {
            server.password = Some(Secret::new(password));
        }
        Ok(target)
    }

    /// Tells when a `DATABASE_URL` of the process is not the one that is used.
    fn passing_over(mut self, layers: &Layers, url: &str) -> Self {
        if layers.process.variable("DATABASE_URL").is_some_and(|other| other != url) {
            let origin = &self.origin;
            self.warnings.push(format!("`DATABASE_URL` is set, and passed over: the database is named by {origin}"));
        }
        self
    }

    fn from_url(layers: &Layers, url: &str, origin: Origin, of_environment: bool) -> Result<Self> {
        let base = base_of(&layers.process, &origin);
        let target = Target::parse(url, &base).map_err(|error| {
            let hinted = format!("the URL comes from {origin}");
            error.note(hinted)
        })?;
        let mut database = Self { target, origin, password: Password::Target, warnings: Vec::new() };
        if of_environment {
            database.take_environment(layers)?;
        }
        database.settle(layers)
    }

    fn from_parts(layers: &Layers) -> Result<Self> {
        let part = |name: &str| {
            layers.environment_key(name).map(|value| value.map(|v| v.text().to_owned()).unwrap_or_default())
        };
        let backend = layers.environment_key("backend")?.map(|value| {
            named_backend(value.text()).ok_or_else(|| wrong_value("backend", key("backend").kind, &value))
        });
        let name = layers.environment_key("name")?;
        let host = layers.environment_key("host")?;
        let origin = host.or_else(|| name.clone()).map_or(Origin::Default, |value| value.origin);
        let backend = backend.transpose()?;
        let target = if backend == Some(Backend::Sqlite) {
            let name =
                name.ok_or_else(|| Error::new(Code::ConfigMissing, "`backend = \"sqlite\"` needs `name`, the file"))?;
            let path = base_of(&layers.process, &name.origin).join(name.text());
            Target::Sqlite(SqliteTarget { path: Some(path), parameters: Vec::new() })
        } else {
            let port = port(&part("port")?, "port")?;
            let (host, user, database) = (part("host")?, part("user")?, part("name")?);
            Target::of_server(backend, ServerTarget { host, port, user, database, ..ServerTarget::default() })
        };
        let mut database = Self { target, origin, password: Password::Target, warnings: Vec::new() };
        database.take_environment(layers)?;
        database.settle(layers)
    }

    fn from_variables(layers: &Layers) -> Result<Option<Self>> {
        let get = |name: &str| layers.variable(name).map(|(value, _)| value).unwrap_or_default();
        let Some((_, origin)) = layers.variable("DB_HOST").or_else(|| layers.variable("DB_NAME")) else {
            return Ok(None);
        };
        let mut server = ServerTarget {
            host: get("DB_HOST"),
            port: port(&get("DB_PORT"), "DB_PORT")?,
            user: get("DB_USER"),
            database: get("DB_NAME"),
            password: layers.variable("DB_PASSWORD").map(|(value, _)| Secret::new(value)),
            parameters: Vec::new(),
        };
        match get("DB_SSL").as_str() {
            "" => {}
            "true" | "1" => server.set_parameter("sslmode", "verify-full"),
            "false" | "0" => server.set_parameter("sslmode", "disable"),
            mode => server.set_parameter("sslmode", mode),
        }
        let backend = layers.environment_key("backend")?.map(|value| value.text().to_owned());
        let backend = backend.unwrap_or_else(|| get("DB_BACKEND"));
        let known = named_backend(&backend).filter(|backend| backend.is_server());
        if known.is_none() && !backend.is_empty() {
            let message = format!("`DB_BACKEND` must be postgres, mysql or mariadb, not `{backend}`");
            return Err(Error::new(Code::ConfigValue, message));
        }
        let target = Target::of_server(known, server);
        let database = Self { target, origin, password: Password::Target, warnings: Vec::new() };
        database.settle(layers).map(Some)
    }

    /// Adds what stands beside the URL in `[env.NAME]`: password, user, TLS.
    fn take_environment(&mut self, layers: &Layers) -> Result<()> {
        let text = |name: &str| layers.environment_key(name);
        let path = |value: &Value| base_of(&layers.process, &value.origin).join(value.text());
        let ssl = text("ssl")?;
        let password = text("password")?;
        let (file, command) = (text("password_file")?, text("password_command")?);
        let Some(server) = self.target.server_mut() else {
            return Ok(());
        };
        if server.user.is_empty() {
            server.user = text("user")?.map(|value| value.text().to_owned()).unwrap_or_default();
        }
        if let (Some(password), true) = (password, server.password.is_none()) {
            if let Some(entry) = layers
                .file
                .environments
                .get(&layers.environment)
                .and_then(|e| e.get(&(String::new(), "password".into())))
                && !matches!(&entry.raw, Raw::Text(text) if text.contains("${"))
            {
                self.warnings.push(format!(
                    "`password` stands in plain text in {}; use a reference such as `${{DB_PASSWORD}}`, `password_file` or `password_command`",
                    password.origin
                ));
            }
            server.password = Some(Secret::new(password.text()));
        }
        if server.password.is_none() {
            if let Some(value) = file {
                self.password = Password::File(path(&value));
            } else if let Some(value) = command {
                self.password = Password::Command { command: Secret::new(value.text()), origin: value.origin };
            }
        }
        if let Some(ssl) = ssl {
            let mode = match ssl.text() {
                "true" => "verify-full",
                "false" => "disable",
                _ => return Err(wrong_value("ssl", Kind::Flag, &ssl)),
            };
            server.set_parameter("sslmode", mode);
        }
        for name in ["sslmode", "sslrootcert", "sslcert", "sslkey"] {
            let Some(value) = text(name)? else { continue };
            let system = name == "sslrootcert" && value.text() == "system";
            let value =
                if name == "sslmode" || system { value.text().to_owned() } else { path(&value).display().to_string() };
            if server.parameter(name).is_none() || name == "sslmode" {
                server.set_parameter(name, value);
            }
        }
        Ok(())
    }

    /// Takes libpq's variables that only `.env` has, checks the words, and decides on TLS where nothing is asked for.
    fn settle(mut self, layers: &Layers) -> Result<Self> {
        // libpq's variables are about PostgreSQL alone.
        let libpq = matches!(self.target, Target::Postgres(_));
        let Some(server) = self.target.server_mut() else {
            return Ok(self);
        };
        let variable = |name: &str| layers.variable(name).map(|(value, _)| value).filter(|_| libpq);
        let fill = |slot: &mut String, name: &str| {
            if slot.is_empty() && layers.process.variable(name).is_none() {
                *slot = variable(name).unwrap_or_default();
            }
        };
        fill(&mut server.host, "PGHOST");
        let elsewhere = ["PGHOST", "PGHOSTADDR", "PGSERVICE"].iter().any(|name| variable(name).is_some())
            || ["hostaddr", "service"].iter().any(|name| server.parameter(name).is_some());
        if libpq && server.host.is_empty() && !elsewhere {
            let port =
                if server.port.is_empty() { variable("PGPORT").unwrap_or_default() } else { server.port.clone() };
            server.host = socket_directory(&port).unwrap_or_default();
        }
        fill(&mut server.port, "PGPORT");
        fill(&mut server.user, "PGUSER");
        fill(&mut server.database, "PGDATABASE");
        let elsewhere = ["PGDATABASE", "PGSERVICE"].iter().any(|name| variable(name).is_some())
            || server.parameter("service").is_some();
        if libpq && server.database.is_empty() && !elsewhere {
            let user = Some(server.user.clone()).filter(|user| !user.is_empty()).or_else(|| variable("PGUSER"));
            let user = user.map_or_else(|| "yours on this machine".to_owned(), |user| format!("`{user}`"));
            self.warnings.push(format!(
                "no database is named, so PostgreSQL takes the one with the user's name, {user}; a URL names one at its end: `/NAME`"
            ));
        }
        if server.password.is_none()
            && layers.process.variable("PGPASSWORD").is_none()
            && matches!(self.password, Password::Target)
        {
            server.password = variable("PGPASSWORD").map(Secret::new);
        }
        let asked = server.parameter("sslmode").map(str::to_owned).or_else(|| variable("PGSSLMODE"));
        if let Some(mode) = asked {
            let value = Value { raw: Raw::Text(mode.clone()), origin: self.origin.clone(), references: Vec::new() };
            let kind = key("sslmode").kind;
            if matches!(kind, Kind::Choice(modes) if !modes.contains(&mode.as_str())) {
                return Err(wrong_value("sslmode", kind, &value));
            }
            server.set_parameter("sslmode", mode);
        } else if server.parameter("service").is_none() && variable("PGSERVICE").is_none() {
            let host =
                if server.host.is_empty() { variable("PGHOST").unwrap_or_default() } else { server.host.clone() };
            let mode = match reach(&host) {
                Reach::Machine => "prefer",
                Reach::Private => {
                    self.warnings.push(format!(
                        "the connection to `{host}` is encrypted only if the server offers it; set `sslmode` to say what you want"
                    ));
                    "prefer"
                }
                Reach::Public => "verify-full",
            };
            server.set_parameter("sslmode", mode);
        }
        Ok(self)
    }
}

fn key(name: &str) -> &'static Key {
    ENVIRONMENT_KEYS.iter().find(|key| key.name == name).unwrap_or(&ENVIRONMENT_KEYS[0])
}

/// MariaDB is another product, and spoken to in the same way.
fn named_backend(name: &str) -> Option<Backend> {
    Backend::from_name(if name == "mariadb" { "mysql" } else { name })
}

fn port(text: &str, name: &str) -> Result<String> {
    if text.is_empty() || text.parse::<u16>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(Error::new(Code::ConfigValue, format!("`{name}` must be a port from 0 to 65535, not `{text}`")))
}

/// Where the local server's socket is: libpq knows one directory, that of its own build, and systems have their own.
fn socket_directory(port: &str) -> Option<String> {
    let socket = format!(".s.PGSQL.{}", if port.is_empty() { "5432" } else { port });
    let directories = ["/var/run/postgresql", "/run/postgresql", "/tmp"];
    directories.into_iter().find(|directory| Path::new(directory).join(&socket).exists()).map(str::to_owned)
}

/// Where relative paths of a value start.
pub fn base_of(process: &Process, origin: &Origin) -> PathBuf {
    origin.base().map_or_else(|| process.directory.clone(), Path::to_owned)
}

fn run(command: &Secret, origin: &Origin) -> Result<String> {
    // The command and what it prints may hold the secret: no error quotes either.
    let failed = |why: String| {
        Error::new(Code::ConfigReference, format!("the `password_command` gave no password ({origin})"))
            .because(why)
            .hint("run the command by itself to see what it says")
    };
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(command.expose())
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|cause| failed(cause.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    let password = String::from_utf8(output.stdout).map_err(|_| failed("its output is not UTF-8 text".into()))?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(failed("its output is empty".into()));
    }
    Ok(password.to_owned())
}

/// How far away a host is.
#[derive(Debug, PartialEq, Eq)]
enum Reach {
    /// Loopback or a socket.
    Machine,
    /// A private address, or a name without a dot: a compose file, a cluster.
    Private,
    Public,
}

/// The farthest of the named hosts decides.
fn reach(hosts: &str) -> Reach {
    let one = |host: &str| {
        if host.is_empty() || host.starts_with(['/', '@']) || host == "localhost" {
            return Reach::Machine;
        }
        match host.parse::<std::net::IpAddr>() {
            Ok(address) if address.is_loopback() => Reach::Machine,
            Ok(std::net::IpAddr::V4(address)) if address.is_private() || address.is_link_local() => Reach::Private,
            Ok(std::net::IpAddr::V6(address)) if address.is_unique_local() || address.is_unicast_link_local() => {
                Reach::Private
            }
            Err(_) if !host.contains('.') => Reach::Private,
            Ok(_) | Err(_) => Reach::Public,
        }
    };
    let reaches: Vec<_> = hosts.split(',').map(one).collect();
    if reaches.contains(&Reach::Public) {
        Reach::Public
    } else if reaches.contains(&Reach::Private) {
        Reach::Private
    } else {
        Reach::Machine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farthest_host_decides() {
        assert_eq!(reach(""), Reach::Machine);
        assert_eq!(reach("/run/postgresql"), Reach::Machine);
        assert_eq!(reach("localhost,127.0.0.1,::1"), Reach::Machine);
        assert_eq!(reach("db"), Reach::Private);
        assert_eq!(reach("10.0.0.1"), Reach::Private);
        assert_eq!(reach("localhost,db.example.com"), Reach::Public);
        assert_eq!(reach("8.8.8.8"), Reach::Public);
    }
}
