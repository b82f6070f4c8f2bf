//! TLS on servers of our own: one vocabulary for both.

use std::fs;
use std::path::Path;

use dbtool::backend::Backend;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::private::Private;
use crate::support::{Project, Run};

const PASSWORD: &str = "c4n4ry";
const SERVERS: [Backend; 2] = [Backend::Postgres, Backend::Mysql];

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes a certificate for a name, and its key, as `NAME.crt` and `NAME.key`.
fn certificate(directory: &Path, authority: &Authority, file: &str, name: &str) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let signed = params.signed_by(&key, authority).unwrap();
    fs::write(directory.join(format!("{file}.crt")), signed.pem()).unwrap();
    let path = directory.join(format!("{file}.key"));
    fs::write(&path, key.serialize_pem()).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

struct Lab {
    server: Private,
    backend: Backend,
    /// The authorities' certificates, and a client's.
    files: tempfile::TempDir,
}

impl Lab {
    /// A server with a certificate for `localhost`, or one without TLS.
    fn start(backend: Backend, tls: bool) -> Option<Self> {
        let files = tempfile::tempdir().unwrap();
        let (right, wrong) = (authority("right"), authority("wrong"));
        fs::write(files.path().join("right.crt"), right.pem()).unwrap();
        fs::write(files.path().join("wrong.crt"), wrong.pem()).unwrap();
        certificate(files.path(), &right, "client", "certified");
        let server = Private::start(backend, PASSWORD, |data| {
            let file = |name: &str| data.join(name).display().to_string();
            if !tls {
                return if backend == Backend::Postgres { vec!["ssl=off".into()] } else { vec!["skip-ssl".into()] };
            }
            certificate(data, &right, "server", "localhost");
            fs::write(data.join("ca.crt"), right.pem()).unwrap();
            if backend == Backend::Postgres {
                let rules = "local all all trust\nhostssl all certified all cert\nhostssl all secure all trust\nhost all certified,secure all reject\nhost all all all scram-sha-256\n";
                fs::write(data.join("pg_hba.conf"), rules).unwrap();
                [
                    "ssl=on".into(),
                    format!("ssl_cert_file={}", file("server.crt")),
                    format!("ssl_key_file={}", file("server.key")),
                    format!("ssl_ca_file={}", file("ca.crt")),
                ]
                .into()
            } else {
                ["ssl-cert=", "ssl-key=", "ssl-ca="]
                    .iter()
                    .zip(["server.crt", "server.key", "ca.crt"])
                    .map(|(option, name)| format!("{option}{}", file(name)))
                    .collect()
            }
        })?;
        let lab = Self { server, backend, files };
        let first = lab.url("root", "sslmode=prefer");
        let project = Project::sqlite().variable("DATABASE_URL", &first);
        if backend == Backend::Mysql {
            project.ok(&["db", "create"]);
            Self::sql(
                &project,
                "ALTER USER root@localhost IDENTIFIED BY 'c4n4ry'; CREATE USER secure@localhost REQUIRE SSL; CREATE USER certified@localhost REQUIRE X509; GRANT ALL ON shop.* TO secure@localhost, certified@localhost;",
            );
        } else {
            Self::sql(
                &project.variable("DATABASE_URL", &lab.url("", "sslmode=prefer")),
                "CREATE ROLE secure LOGIN; CREATE ROLE certified LOGIN;",
            );
        }
        Some(lab)
    }

    /// Runs SQL on the server, as its owner.
    fn sql(project: &Project, sql: &str) {
        project.write("migrations/1_setup/up.sql", sql);
        project.ok(&["migrate", "up"]);
    }

    /// The URL by the name that the certificate has. An empty user is the owner of the server, with the password.
    fn url(&self, user: &str, query: &str) -> String {
        let (scheme, owner, database) = match self.backend {
            Backend::Mysql => ("mysql", "root", "shop"),
            _ => ("postgres", "postgres", "postgres"),
        };
        let login = if user.is_empty() { format!("{owner}:{PASSWORD}") } else { user.to_owned() };
        let files = self.files.path().display().to_string();
        let query = query
            .replace("CA=", &format!("sslrootcert={files}/"))
            .replace("CLIENT", &format!("sslcert={files}/client.crt&sslkey={files}/client.key"));
        format!("{scheme}://{login}@localhost:{}/{database}?{query}", self.server.port)
    }

    fn ping(url: &str) -> Run {
        Project::sqlite().variable("DBTOOL_RETRY_ATTEMPTS", "1").run(&["db", "ping", "-o", "json", "--url", url])
    }

    /// The protocol of the connection, `plain`, or the code of the error.
    fn outcome(url: &str) -> String {
        let run = Self::ping(url);
        if run.code == 0 {
            let ping: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
            return ping["tls"].as_str().map_or("plain".into(), |tls| tls.split(['v', '.']).next().unwrap().to_owned());
        }
        run.says_nothing_of(&[PASSWORD]);
        let error: serde_json::Value = serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap();
        format!("{} {}", run.code, error["error"]["code"].as_str().unwrap())
    }
}

#[test]
fn the_same_words_mean_the_same_on_both_servers() {
    for backend in SERVERS {
        let Some(lab) = Lab::start(backend, true) else { continue };
        let refused = "8 connect/tls";
        for (query, expected) in [
            ("sslmode=disable", "plain"),
            ("sslmode=prefer", "TLS"),
            ("sslmode=require", "TLS"),
            // As in libpq: who names an authority wants it asked.
            ("sslmode=require&CA=right.crt", "TLS"),
            ("sslmode=require&CA=wrong.crt", refused),
            ("sslmode=verify-ca&CA=right.crt", "TLS"),
            ("sslmode=verify-ca&CA=wrong.crt", refused),
            ("sslmode=verify-full&CA=right.crt", "TLS"),
            ("sslmode=verify-full&CA=wrong.crt", refused),
            // The system's authorities did not sign it.
            ("sslmode=verify-full", refused),
            ("sslmode=verify-full&sslrootcert=system", refused),
            ("sslmode=verify-full&CA=missing.crt", refused),
        ] {
            assert_eq!(Lab::outcome(&lab.url("", query)), expected, "{backend}: {query}");
        }
        // Another name than the certificate's.
        let other_name = |query: &str| lab.url("", query).replace("@localhost:", "@127.0.0.1:");
        assert_eq!(Lab::outcome(&other_name("sslmode=verify-ca&CA=right.crt")), "TLS", "{backend}");
        assert_eq!(Lab::outcome(&other_name("sslmode=verify-full&CA=right.crt")), refused, "{backend}");
        // Users of whom the server asks TLS, or a certificate.
        for (user, query, works) in [
            ("secure", "sslmode=disable", false),
            ("secure", "sslmode=require", true),
            ("certified", "sslmode=require", false),
            ("certified", "sslmode=require&CLIENT", true),
            ("certified", "sslmode=verify-full&CA=right.crt&CLIENT", true),
        ] {
            let outcome = Lab::outcome(&lab.url(user, query));
            assert_eq!(outcome == "TLS", works, "{backend}: {user}, {query}: {outcome}");
            assert!(works || outcome.starts_with("8 "), "{backend}: {user}, {query}: {outcome}");
        }
        if backend == Backend::Mysql {
            let run = Lab::ping(&lab.url("secure", "sslmode=disable"));
            run.says(&["Access denied", "sslmode=require"]);
            // The words of MySQL's own tools.
            assert_eq!(
                Lab::outcome(&lab.url("", "ssl_mode=VERIFY_IDENTITY&CA=right.crt").replace("sslrootcert", "ssl_ca")),
                "TLS"
            );
        }
        // The settings of an environment are the same.
        let url = lab.url("", "").replace('?', "");
        let settings = format!("[env.dev]\nurl = \"{url}\"\nsslmode = \"verify-full\"\nsslrootcert = \"ca.crt\"\n");
        let project = Project::sqlite().without_variable("DATABASE_URL").file("dbtool.toml", settings);
        project.write("ca.crt", fs::read(lab.files.path().join("right.crt")).unwrap());
        project.ok(&["db", "ping"]);
        project.write("ca.crt", fs::read(lab.files.path().join("wrong.crt")).unwrap());
        project.expect(8, &["db", "ping"]).says(&["error[connect/tls]", "sslrootcert"]);
    }
}

#[test]
fn a_server_without_tls_is_told_with_the_setting_that_allows_it() {
    for backend in SERVERS {
        let Some(lab) = Lab::start(backend, false) else { continue };
        for (query, expected) in [
            ("sslmode=disable", "plain"),
            ("sslmode=prefer", "plain"),
            ("sslmode=require", "8 connect/tls"),
            ("sslmode=verify-ca&CA=right.crt", "8 connect/tls"),
            ("sslmode=verify-full&CA=right.crt", "8 connect/tls"),
        ] {
            assert_eq!(Lab::outcome(&lab.url("", query)), expected, "{backend}: {query}");
        }
        Lab::ping(&lab.url("", "sslmode=require")).says(&["sslmode=disable"]);
    }
}
