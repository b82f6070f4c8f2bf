//! What the driver is given: host, login and TLS, in the vocabulary that libpq has for PostgreSQL.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mysql::{ClientIdentity, LocalInfileHandler, Opts, OptsBuilder, SslOpts};

use crate::config::ServerTarget;
use crate::db::error::{DbError, Kind};
use crate::secret::Secret;

/// What a connection asks of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    Disable,
    /// If the server has it; nothing is verified.
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Tls {
    pub(super) fn of(server: &ServerTarget) -> Self {
        match server.parameter("sslmode") {
            Some("disable") => Tls::Disable,
            // As in libpq, a named authority is there to be asked.
            Some("require") if server.parameter("sslrootcert").is_some() => Tls::VerifyCa,
            Some("require") => Tls::Require,
            Some("verify-ca") => Tls::VerifyCa,
            Some("verify-full") => Tls::VerifyFull,
            _ => Tls::Prefer,
        }
    }

    pub(super) fn verifies(self) -> bool {
        matches!(self, Tls::VerifyCa | Tls::VerifyFull)
    }

    /// The file of the only authority that is trusted; `None`: the system's are.
    pub(super) fn authority(self, server: &ServerTarget) -> Option<PathBuf> {
        let named = server.parameter("sslrootcert").filter(|path| !path.is_empty() && *path != "system");
        named.filter(|_| self.verifies()).map(PathBuf::from)
    }
}

/// There is no file of this name, and the driver asks for it where it would otherwise take a key from whoever answers:
/// `caching_sha2_password` over a connection that is not encrypted.
const NO_SERVER_KEY: &str = "/dev/null/no-key-of-the-server-is-named";

/// The driver's own parameters that a URL may have; all others are unknown.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "socket",
    "application_name",
    "connect_timeout",
    "server_public_key",
];

/// The driver's options for one attempt, with TLS or without.
pub(super) fn options(
    server: &ServerTarget,
    tls: Option<Tls>,
    timeout: Duration,
    local_infile: LocalInfileHandler,
) -> Result<Opts, DbError> {
    let parameter = |name: &str| server.parameter(name).filter(|value| !value.is_empty());
    if let Some((key, _)) = server.parameters.iter().find(|(key, _)| !PARAMETERS.contains(&key.as_str())) {
        let error = DbError::new(Kind::Parameters, format!("unknown parameter `{key}` in the URL"));
        return Err(DbError { advice: Some(format!("the parameters are {}", PARAMETERS.join(", "))), ..error });
    }
    let port = if server.port.is_empty() { "3306" } else { &server.port };
    let port = port.parse().map_err(|_| DbError::new(Kind::Parameters, "one port is needed"))?;
    let host = if server.host.is_empty() { "127.0.0.1" } else { &server.host };
    let socket = parameter("socket").or_else(|| server.host.starts_with('/').then_some(host));
    let text = |value: &str| Some(value).filter(|value| !value.is_empty()).map(str::to_owned);
    let key = parameter("server_public_key").unwrap_or(NO_SERVER_KEY);
    let attributes = [("program_name".to_owned(), parameter("application_name").unwrap_or("dbtool").to_owned())];
    let builder = OptsBuilder::new()
        .ip_or_hostname(Some(host.trim_matches(['[', ']'])))
        .tcp_port(port)
        // The driver would otherwise go to the socket of a server on this machine, and drop the TLS that was asked for.
        .prefer_socket(false)
        .socket(socket.map(str::to_owned))
        .user(text(&server.user))
        .pass(server.password.as_ref().map(Secret::expose))
        .db_name(text(&server.database))
        .tcp_connect_timeout(Some(timeout))
        // A dead peer is found within 30 s; there is no read timeout, which would cut long statements.
        .tcp_keepalive_time_ms(Some(10_000))
        .tcp_keepalive_probe_interval_secs(Some(5))
        .tcp_keepalive_probe_count(Some(3))
        .tcp_user_timeout_ms(Some(30_000))
        // The server judges; to ask it for its limit would cost a round trip.
        .max_allowed_packet(Some(1 << 30))
        .additional_capabilities(
            mysql::consts::CapabilityFlags::CLIENT_FOUND_ROWS | mysql::consts::CapabilityFlags::CLIENT_SESSION_TRACK,
        )
        .connect_attrs(Some(attributes.into_iter().collect()))
        .stmt_cache_size(128_usize)
        .server_key_path(Some(PathBuf::from(key)))
        .local_infile_handler(Some(local_infile))
        .ssl_opts(tls.map(|tls| ssl(server, tls)));
    Ok(builder.into())
}

fn ssl(server: &ServerTarget, tls: Tls) -> SslOpts {
    let file = |name: &str| server.parameter(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let owned = |path: PathBuf| -> Cow<'static, Path> { Cow::Owned(path) };
    let mut options = SslOpts::default();
    if let (Some(certificate), Some(key)) = (file("sslcert"), file("sslkey")) {
        options = options.with_client_identity(Some(ClientIdentity::new(owned(certificate), owned(key))));
    }
    if tls.verifies() {
        let authorities = tls.authority(server).or_else(|| openssl_probe::probe().cert_file);
        options = options.with_root_cert_path(authorities.map(owned));
    }
    options.with_danger_accept_invalid_certs(!tls.verifies()).with_danger_skip_domain_validation(tls != Tls::VerifyFull)
}
