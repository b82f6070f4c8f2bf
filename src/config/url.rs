//! Database URLs: parsed into parts, and shown without their secrets. What a driver gets is made from the parts.

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::backend::Backend;
use crate::error::{Code, Error, Result};
use crate::secret::{MASK, Secret};
use crate::text;

/// A database, as its URL or its parts name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Sqlite(SqliteTarget),
    Postgres(ServerTarget),
    Mysql(ServerTarget),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqliteTarget {
    /// `None`: in memory.
    pub path: Option<PathBuf>,
    /// SQLite's own URI parameters, such as `mode=ro`.
    pub parameters: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerTarget {
    /// One or several, with commas, as libpq takes them; empty where none is named.
    pub host: String,
    pub port: String,
    pub user: String,
    pub password: Option<Secret>,
    pub database: String,
    /// The driver's own parameters, such as `sslmode`.
    pub parameters: Vec<(String, String)>,
}

const SCHEMES: &[&str] = &["sqlite", "file", "postgres", "postgresql", "mysql", "mariadb"];
/// The parameters whose values may be shown; any other may be a secret.
const SHOWN_PARAMETERS: &[&str] = &[
    "mode",
    "cache",
    "immutable",
    "vfs",
    "nolock",
    "host",
    "hostaddr",
    "port",
    "user",
    "dbname",
    "service",
    "options",
    "application_name",
    "fallback_application_name",
    "client_encoding",
    "connect_timeout",
    "target_session_attrs",
    "load_balance_hosts",
    "channel_binding",
    "gssencmode",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslcrl",
    "sslcrldir",
    "sslsni",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "replication",
    "require_auth",
    "socket",
    "server_public_key",
];

/// `options` may set anything, a password among it.
fn may_show(key: &str, value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    SHOWN_PARAMETERS.contains(&key) && !lower.contains("pass") && !lower.contains("secret")
}

impl Target {
    /// Parses a URL, or a bare path, which is a SQLite file. A relative path starts from `base`. No error quotes the
    /// URL: it may hold a password.
    pub fn parse(url: &str, base: &Path) -> Result<Self> {
        if url.is_empty() {
            return Err(Error::new(Code::ConfigValue, "the database URL is empty"));
        }
        if url.trim() != url || url.starts_with(['"', '\'']) {
            return Err(Error::new(Code::ConfigValue, "the database URL begins or ends with white space or a quote")
                .hint("a file of variables may keep the quotes that stand in it: leave them out"));
        }
        if url == ":memory:" || url == "sqlite::memory:" || url == "sqlite://:memory:" {
            return Ok(Target::Sqlite(SqliteTarget::default()));
        }
        let Some((scheme, rest)) = url.split_once(':').filter(|(scheme, rest)| is_scheme(scheme, rest)) else {
            // A URL with a slip in it is no file name, and may hold a password.
            let slip = url.split_once("//").is_some_and(|(head, _)| is_word(head));
            let port = url.rsplit_once(':').is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
            // A file has a suffix, or a directory; a bare word is meant as something else.
            let word = !url.contains(['.', '/', '\\']);
            if slip
                || port
                || word
                || url.contains(['=', ';'])
                || url.contains("://")
                || (url.contains('@') && url.contains(':'))
            {
                return Err(Error::new(Code::ConfigValue, "the database URL is neither a URL nor a path").hint(
                    "URLs begin with `sqlite://`, `postgres://` or `mysql://`; a file in this directory is `./name`",
                ));
            }
            let path = Some(base.join(url));
            return Ok(Target::Sqlite(SqliteTarget { path, parameters: Vec::new() }));
        };
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "sqlite" | "file" => sqlite(rest, base).map(Target::Sqlite),
            "postgres" | "postgresql" => server(rest).map(Target::Postgres),
            "mysql" | "mariadb" => mysql(rest).map(Target::Mysql),
            _ => {
                let error =
                    Error::new(Code::ConfigValue, format!("`{scheme}:` is not a kind of database that dbtool knows"));
                let error = text::did_you_mean(&scheme, SCHEMES.iter().copied()).into_iter().fold(error, Error::hint);
                Err(error.hint("URLs begin with `sqlite://`, `postgres://` or `mysql://`"))
            }
        }
    }

    /// A server that no URL tells the kind of.
    #[must_use]
    pub fn of_server(backend: Option<Backend>, server: ServerTarget) -> Self {
        if backend == Some(Backend::Mysql) { Target::Mysql(server) } else { Target::Postgres(server) }
    }

    #[must_use]
    pub fn backend(&self) -> Backend {
        match self {
            Target::Sqlite(_) => Backend::Sqlite,
            Target::Postgres(_) => Backend::Postgres,
            Target::Mysql(_) => Backend::Mysql,
        }
    }

    /// The database's own name, for messages: a file's path, or the name on its server.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Target::Sqlite(SqliteTarget { path: Some(path), .. }) => path.display().to_string(),
            Target::Sqlite(_) => ":memory:".into(),
            Target::Postgres(server) | Target::Mysql(server) => server.database.clone(),
        }
    }

    #[must_use]
    pub fn server(&self) -> Option<&ServerTarget> {
        match self {
            Target::Postgres(server) | Target::Mysql(server) => Some(server),
            Target::Sqlite(_) => None,
        }
    }

    /// Whether both are on one server, as far as their names tell. Files are on none.
    #[must_use]
    pub fn shares_server(&self, other: &Target) -> bool {
        let (Some(one), Some(two)) = (self.server(), other.server()) else { return false };
        let local =
            |host: &str| matches!(host, "" | "localhost" | "127.0.0.1" | "[::1]" | "::1") || host.starts_with('/');
        let host = one.host.eq_ignore_ascii_case(&two.host) || (local(&one.host) && local(&two.host));
        let port = |target: &Target, server: &ServerTarget| match (server.port.as_str(), target) {
            ("", Target::Mysql(_)) => "3306".to_owned(),
            ("", _) => "5432".to_owned(),
            (port, _) => port.to_owned(),
        };
        host && port(self, one) == port(other, two)
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Target::Sqlite(file) => file.path.as_deref(),
            Target::Postgres(_) | Target::Mysql(_) => None,
        }
    }

    pub fn server_mut(&mut self) -> Option<&mut ServerTarget> {
        match self {
            Target::Postgres(server) | Target::Mysql(server) => Some(server),
            Target::Sqlite(_) => None,
        }
    }
}

impl ServerTarget {
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn set_parameter(&mut self, name: &str, value: impl Into<String>) {
        self.parameters.retain(|(key, _)| key != name);
        self.parameters.push((name.to_owned(), value.into()));
    }

    /// The secrets among the parameters.
    pub fn secret_parameters(&self) -> impl Iterator<Item = &str> {
        let secret = |(key, value): &&(String, String)| !may_show(key, value);
        self.parameters.iter().filter(secret).map(|(_, value)| value.as_str())
    }
}

/// `a:` begins a scheme when it is longer than a drive letter, and has a form that no path has by chance.
fn is_scheme(scheme: &str, rest: &str) -> bool {
    is_word(scheme) && (rest.starts_with("//") || SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()))
}

fn is_word(text: &str) -> bool {
    text.len() > 1 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn decode(text: &str, what: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    let text =
        decoded.map_err(|_| Error::new(Code::ConfigValue, format!("the URL's {what} is not UTF-8 when decoded")))?;
    if text.contains('\0') {
        return Err(Error::new(Code::ConfigValue, format!("the URL's {what} holds a NUL byte")));
    }
    Ok(text.into_owned())
}

fn parameters(query: &str) -> Result<Vec<(String, String)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let wrong = |what: &str| {
        Error::new(Code::ConfigValue, format!("the URL has a parameter {what}"))
            .hint("a `?` in a password is written %3F; or give the parts: `host`, `user`, `password`, `name`")
    };
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').ok_or_else(|| wrong("without a value"))?;
            let key = decode(key, "parameter")?;
            // Behind a `?` of a password come its rest, the `@` and the host, which are nothing to show.
            if pair.contains('@')
                && !SHOWN_PARAMETERS.contains(&key.as_str())
                && !matches!(key.as_str(), "password" | "sslpassword")
            {
                return Err(wrong("that nobody knows, with an `@` in it"));
            }
            Ok((key, decode(value, "parameter")?))
        })
        .collect()
}

fn sqlite(rest: &str, base: &Path) -> Result<SqliteTarget> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    // `sqlite://relative`, `sqlite:///absolute`, `sqlite:path`, `file:path`
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.strip_prefix("localhost").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let path = decode(path, "path")?;
    if path.contains("://") || (path.contains('@') && path.contains(':')) {
        return Err(Error::new(Code::ConfigValue, "the SQLite URL's path looks like another URL")
            .hint("a server's URL begins with `postgres://` or `mysql://`"));
    }
    if path.is_empty() {
        return Err(Error::new(Code::ConfigValue, "the SQLite URL names no file")
            .hint("`sqlite://app.db` is a file, `sqlite::memory:` is in memory"));
    }
    let parameters = parameters(query)?;
    let memory = path == ":memory:" || parameters.iter().any(|(key, value)| key == "mode" && value == "memory");
    Ok(SqliteTarget { path: (!memory).then(|| base.join(path)), parameters })
}

fn server(rest: &str) -> Result<ServerTarget> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // A password that holds an unencoded `/` or `@` is the commonest mistake: the last `@` ends the user, as in libpq.
    let (authority, database) = if let Some((user, host)) = rest.rsplit_once('@') {
        let (host, database) = host.split_once('/').unwrap_or((host, ""));
        (Some(user).map(|user| (user, host)).unwrap_or_default(), database)
    } else {
        let (host, database) = rest.split_once('/').unwrap_or((rest, ""));
        (("", host), database)
    };
    let (login, hosts) = authority;
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(Secret::new(decode(password, "password")?))),
        None => (login, None),
    };
    let mut target = ServerTarget {
        user: decode(user, "user")?,
        password,
        database: decode(database, "database name")?,
        parameters: parameters(query)?,
        ..ServerTarget::default()
    };
    let mut ports = Vec::new();
    let mut names = Vec::new();
    for host in hosts.split(',') {
        // `[::1]:5432`
        let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((name, port)) => (name, port.strip_prefix(':').unwrap_or("")),
            None => host.split_once(':').unwrap_or((host, "")),
        };
        if !port.chars().all(|c| c.is_ascii_digit()) {
            return Err(Error::new(Code::ConfigValue, "the URL's port is not a number")
                .hint("a `:`, `/`, `?`, `#` or `@` in a password is written %3A, %2F, %3F, %23 or %40; or give the parts: `host`, `user`, `password`, `name`"));
        }
        names.push(decode(name, "host")?);
        ports.push(port);
    }
    target.host = names.join(",");
    target.port = if ports.iter().all(|port| port.is_empty()) { String::new() } else { ports.join(",") };
    // libpq takes these as parameters too; one place for each.
    for (key, value) in std::mem::take(&mut target.parameters) {
        match key.as_str() {
            "host" => target.host = value,
            "port" => target.port = value,
            "user" => target.user = value,
            "dbname" => target.database = value,
            "password" => target.password = Some(Secret::new(value)),
            "ssl" if value == "true" => target.set_parameter("sslmode", "require"),
            _ => target.parameters.push((key, value)),
        }
    }
    Ok(target)
}

/// The same for MySQL and MariaDB, whose other tools have other words for TLS and for a socket.
fn mysql(rest: &str) -> Result<ServerTarget> {
    let mut target = server(rest)?;
    for (key, value) in std::mem::take(&mut target.parameters) {
        let key = key.replace('-', "_").to_ascii_lowercase();
        match key.as_str() {
            "ssl_mode" => {
                let lower = value.to_ascii_lowercase().replace('_', "-");
                let mode = match lower.as_str() {
                    "disabled" => "disable",
                    "preferred" => "prefer",
                    "required" => "require",
                    "verify-identity" => "verify-full",
                    other => other,
                };
                target.set_parameter("sslmode", mode);
            }
            "ssl_ca" => target.set_parameter("sslrootcert", value),
            "ssl_cert" => target.set_parameter("sslcert", value),
            "ssl_key" => target.set_parameter("sslkey", value),
            "unix_socket" => target.set_parameter("socket", value),
            _ => target.parameters.push((key, value)),
        }
    }
    Ok(target)
}

/// A URL to read, with its secrets masked.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = |parameters: &[(String, String)]| {
            let pair = |(key, value): &(String, String)| {
                let value = if may_show(key, value) { value } else { MASK };
                format!("{key}={value}")
            };
            let pairs: Vec<_> = parameters.iter().map(pair).collect();
            if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
        };
        match self {
            Target::Sqlite(SqliteTarget { path: None, .. }) => f.write_str("sqlite::memory:"),
            Target::Sqlite(SqliteTarget { path: Some(path), parameters }) => {
                write!(f, "sqlite://{}{}", path.display(), query(parameters))
            }
            Target::Postgres(server) | Target::Mysql(server) => {
                let password = if server.password.is_some() { format!(":{MASK}") } else { String::new() };
                let at = if server.user.is_empty() && password.is_empty() { "" } else { "@" };
                let port = if server.port.is_empty() { String::new() } else { format!(":{}", server.port) };
                let ServerTarget { user, host, database, .. } = server;
                let scheme = self.backend().name();
                write!(f, "{scheme}://{user}{password}{at}{host}{port}/{database}{}", query(&server.parameters))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> String {
        match Target::parse(url, Path::new("/base")) {
            Ok(target) => target.to_string(),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn urls_are_read_and_shown() {
        let cases = [
            ("sqlite://a/b.db", "sqlite:///base/a/b.db"),
            ("sqlite:///a/b.db?mode=ro", "sqlite:///a/b.db?mode=ro"),
            ("file:a%20b.db", "sqlite:///base/a b.db"),
            ("a.db", "sqlite:///base/a.db"),
            ("a:b.db", "sqlite:///base/a:b.db"),
            ("/data//a.db", "sqlite:///data//a.db"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("postgres://u:p%40x@h:1/d", "postgres://u:***@h:1/d"),
            ("postgresql://h/d?sslmode=require&sslpassword=x", "postgres://h/d?sslmode=require&sslpassword=***"),
            ("postgres://u:p/@x@h/d", "postgres://u:***@h/d"),
            ("postgres://[::1]:2,b:3/d", "postgres://::1,b:2,3/d"),
            ("postgres:///d?host=/tmp&password=x", "postgres://:***@/tmp/d"),
            ("postgres://u@h:x/d", "error: the URL's port is not a number"),
            ("sqlite://", "error: the SQLite URL names no file"),
            ("POSTGRES://h/d", "postgres://h/d"),
            ("sqlite:////a/b.db", "sqlite:////a/b.db"),
            ("file://localhost/a.db", "sqlite:///a.db"),
            ("postgres://h/d?passwd=x", "postgres://h/d?passwd=***"),
            ("\"postgres://u:p@h/d\"", "error: the database URL begins or ends with white space or a quote"),
            ("host=h password=x", "error: the database URL is neither a URL nor a path"),
            ("sqlite:postgres://u:x@h/d", "error: the SQLite URL's path looks like another URL"),
            ("postgres://h/d?options=-cfoo.password%3Dx", "postgres://h/d?options=***"),
            ("prod", "error: the database URL is neither a URL nor a path"),
            ("127.0.0.1:5432", "error: the database URL is neither a URL nor a path"),
            ("./prod", "sqlite:///base/./prod"),
            ("postgres//u:p@h/d", "error: the database URL is neither a URL nor a path"),
            ("jdbc:postgresql://u:p@h/d", "error: the database URL is neither a URL nor a path"),
            ("postgres://u:p@x?y@h/d", "error: the URL has a parameter without a value"),
            ("postgres://u:1?y=2@h/d", "error: the URL has a parameter that nobody knows, with an `@` in it"),
            ("postgres://h/d?user=a@b", "postgres://a@b@h/d"),
            (
                "mysql://u:p%40x@h:3306/d?ssl_mode=VERIFY_IDENTITY&ssl-ca=/ca",
                "mysql://u:***@h:3306/d?sslmode=verify-full&sslrootcert=/ca",
            ),
            ("mariadb://u@/d?unix_socket=/s", "mysql://u@/d?socket=/s"),
            ("mysql://h/d?pass=x", "mysql://h/d?pass=***"),
            ("oracle://h/d", "error: `oracle:` is not a kind of database that dbtool knows"),
        ];
        for (url, shown) in cases {
            assert_eq!(parse(url), shown, "{url}");
        }
    }

    proptest::proptest! {
        /// No part of a password that was not encoded is taken for a host, a user, a name or a parameter.
        #[test]
        fn an_unencoded_password_is_one_or_is_refused(password in "[a-z0-9@:/?#&=%+ ]{1,14}") {
            for scheme in ["postgres", "mysql"] {
                let shown = parse(&format!("{scheme}://user:{password}@h.example:5/db?sslmode=disable"));
                let whole = format!("{scheme}://user:***@h.example:5/db?sslmode=disable");
                proptest::prop_assert!(shown == whole || shown.starts_with("error: the URL"), "{password:?}: {shown}");
            }
        }
    }

    #[test]
    fn a_password_is_decoded_and_never_shown() {
        let target = Target::parse("postgres://u:p%40x@h/d", Path::new("")).unwrap();
        let password = target.server().unwrap().password.clone().unwrap();
        assert_eq!(password.expose(), "p@x");
        assert!(!format!("{target:?}").contains("p@x"));
    }
}
