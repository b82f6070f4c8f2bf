//! No secret in any output: a canary in every place where a password can stand, every command, every failure.

use crate::support::{Project, Run, on_mysql, on_postgres, server};

const CANARY: &str = "c4n4ry+/@:x";
/// As a URL has it.
const ENCODED: &str = "c4n4ry%2B%2F%40%3Ax";

const COMMANDS: &[&[&str]] = &[
    &["config", "show"],
    &["config", "show", "-o", "json"],
    &["db", "ping"],
    &["db", "wait", "--timeout", "200ms"],
    &["db", "create"],
    &["db", "drop", "--yes"],
    &["db", "reset", "--yes"],
    &["db", "stamp", "x"],
    &["migrate", "up"],
    &["migrate", "down"],
    &["migrate", "to", "0", "--yes"],
    &["migrate", "redo"],
    &["migrate", "status"],
    &["migrate", "new", "x"],
];

/// Runs with everything that could say more.
fn loud(project: &Project, args: &[&str]) -> Vec<Run> {
    let text = project.run(&[args, &["-vv"]].concat());
    let json = project.run(&[args, &["-vv", "--log-format", "json", "-o", "json"]].concat());
    vec![text, json]
}

fn hides(run: &Run, what: &str) {
    let all = format!("{}{}", run.stdout, run.stderr);
    for secret in [CANARY, ENCODED, "c4n4ry"] {
        assert!(!all.contains(secret), "{what} shows the secret\n{run}");
    }
}

#[test]
fn a_password_of_the_connection_never_shows() {
    let url = |rest: &str| format!("postgres://user:{ENCODED}@{rest}");
    let base = || {
        Project::sqlite()
            .without_variable("DATABASE_URL")
            .variable("DBTOOL_RETRY_ATTEMPTS", "2")
            .variable("DBTOOL_RETRY_BASE", "1ms")
            .variable("DBTOOL_LOG_SQL", "all")
            .migration("1_a", "SELECT 1", "SELECT 1")
    };
    let refused = url("127.0.0.1:1/db");
    let mut places: Vec<(String, Project)> = vec![
        ("DATABASE_URL".into(), base().variable("DATABASE_URL", &refused)),
        ("a parameter".into(), base().variable("DATABASE_URL", &format!("postgres://127.0.0.1:1/db?user=u&password={ENCODED}&sslpassword={ENCODED}"))),
        (".env".into(), base().file(".env", format!("DATABASE_URL={refused}\n"))),
        ("a broken .env".into(), base().file(".env", format!("DATABASE_URL={refused} x y 'z\n"))),
        ("dbtool.toml".into(), base().file("dbtool.toml", format!("[env.dev]\nurl = \"{refused}\"\n"))),
        ("a broken dbtool.toml".into(), base().file("dbtool.toml", format!("[env.dev]\nurl = \"{refused}\n"))),
        ("a wrong key".into(), base().file("dbtool.toml", format!("[env.dev]\nurll = \"{refused}\"\n"))),
        ("a reference".into(), base().file("dbtool.toml", "[env.dev]\nurl = \"${MY_URL}\"\n").variable("MY_URL", &refused)),
        ("a password".into(), base().file("dbtool.toml", format!("[env.dev]\nhost = \"127.0.0.1\"\nport = 1\nname = \"d\"\npassword = \"{CANARY}\"\n"))),
        ("a password's type".into(), base().file("dbtool.toml", format!("[env.dev]\nhost = \"127.0.0.1\"\npassword = [\"{CANARY}\"]\n"))),
        ("password_file".into(), base().file("pw", CANARY).file("dbtool.toml", "[env.dev]\nhost = \"127.0.0.1\"\nport = 1\nname = \"d\"\npassword_file = \"pw\"\n")),
        ("password_command".into(), base().file("dbtool.toml", format!("[env.dev]\nhost = \"127.0.0.1\"\nport = 1\nname = \"d\"\npassword_command = \"echo '{CANARY}'\"\n"))),
        ("a failing password_command".into(), base().file("dbtool.toml", format!("[env.dev]\nhost = \"127.0.0.1\"\nport = 1\nname = \"d\"\npassword_command = \"echo '{CANARY}' >&2; exit 3\"\n"))),
        ("DB_PASSWORD".into(), base().variable("DB_HOST", "127.0.0.1").variable("DB_PORT", "1").variable("DB_NAME", "d").variable("DB_PASSWORD", CANARY)),
        ("PGPASSWORD".into(), base().variable("DATABASE_URL", "postgres://127.0.0.1:1/d").variable("PGPASSWORD", CANARY)),
        ("a scratch_url".into(), base().variable("DATABASE_URL", "postgres://127.0.0.1:1/d").file("dbtool.toml", format!("[env.dev]\nscratch_url = \"{refused}\"\n"))),
        ("a wrong port".into(), base().variable("DATABASE_URL", &url("127.0.0.1:none/db"))),
        ("a password that was not encoded".into(), base().variable("DATABASE_URL", &format!("postgres://user:{CANARY}@127.0.0.1:1/db"))),
        ("a URL in quotes".into(), base().variable("DATABASE_URL", &format!("\"{refused}\""))),
        ("a URL in single quotes".into(), base().variable("DATABASE_URL", &format!("'{refused}'"))),
        ("a URL behind a space".into(), base().variable("DATABASE_URL", &format!(" {refused}"))),
        ("a URL of Java".into(), base().variable("DATABASE_URL", &format!("jdbc:{refused}"))),
        ("a URL without its colon".into(), base().variable("DATABASE_URL", &refused.replacen(':', "", 1))),
        ("a question mark in it".into(), base().variable("DATABASE_URL", &format!("postgres://u:a@b?{ENCODED}@h/d"))),
        ("a parameter that nobody knows".into(), base().variable("DATABASE_URL", &format!("postgres://127.0.0.1:1/d?passwd={ENCODED}&PASSWORD={ENCODED}"))),
        (
            "a reference in session SQL".into(),
            base()
                .variable("DATABASE_URL", "sqlite://a.db")
                .variable("APP_KEY", "c4n4ry_key")
                .file("dbtool.toml", "[migrate]\nsession = [\"SELECT ${APP_KEY}\"]\n"),
        ),
        ("an unknown scheme".into(), base().variable("DATABASE_URL", &refused.replace("postgres", "postgress"))),
        ("a wrong sslmode".into(), base().variable("DATABASE_URL", &format!("{refused}?sslmode=sometimes"))),
        ("an unknown parameter".into(), base().variable("DATABASE_URL", &format!("{refused}?colour=red"))),
        ("an unknown host".into(), base().variable("DATABASE_URL", &url("nowhere.invalid/db"))),
        ("session SQL".into(), base().variable("DATABASE_URL", "sqlite://a.db").file("dbtool.toml", format!("[migrate]\nsession = [\"ALTER ROLE x PASSWORD '{CANARY}'\"]\n"))),
    ];
    if let Some(server) = server(dbtool::backend::Backend::Postgres) {
        // A server that answers, and refuses.
        let address =
            server.split("://").nth(1).unwrap().rsplit('@').next().unwrap().split('/').next().unwrap().to_owned();
        places.push((
            "an unknown user".into(),
            base().variable("DATABASE_URL", &format!("postgres://no_such_user:{ENCODED}@{address}/postgres")),
        ));
        places.push((
            "an unknown database".into(),
            base().variable("DATABASE_URL", &format!("postgres://postgres:{ENCODED}@{address}/no_such_db")),
        ));
        places.push((
            "no TLS".into(),
            base().variable(
                "DATABASE_URL",
                &format!("postgres://postgres:{ENCODED}@{address}/postgres?sslmode=verify-full"),
            ),
        ));
    }
    for (place, project) in &places {
        // Never drop or make what is not ours.
        let harmful = ["an unknown user", "an unknown database", "no TLS"].contains(&place.as_str());
        for args in COMMANDS.iter().filter(|args| !harmful || !matches!(args[..2], ["db", "create" | "drop" | "reset"]))
        {
            for run in loud(project, args) {
                hides(&run, &format!("{place}: dbtool {}", args.join(" ")));
            }
        }
    }
}

#[test]
fn a_password_in_a_migration_never_shows() {
    on_postgres(|project| {
        let role = format!("canary_{}", std::process::id());
        let project = project.variable("DBTOOL_LOG_SQL", "all");
        let up = format!("CREATE ROLE {role}\n  LOGIN PASSWORD '{CANARY}';\nCOMMENT ON ROLE {role} IS 'x';");
        let project = project.migration("1_role", &up, &format!("DROP ROLE {role};"));
        for args in [&["migrate", "up"][..], &["migrate", "status"], &["migrate", "redo"], &["migrate", "down"]] {
            for run in loud(&project, args) {
                hides(&run, &args.join(" "));
            }
        }
        let bad = [
            format!("CREATE ROLE {role} PASSWORD '{CANARY}' NONSENSE;"),
            format!("CREATE ROLE {role} PASSWORD\n'{CANARY}' NONSENSE;"),
            format!("SELECT 1; CREATE ROLE {role} PASSWORD $x${CANARY}$x$ '{CANARY}';"),
            format!("CREATE SUBSCRIPTION s CONNECTION 'host=nowhere password={CANARY}' PUBLICATION p;"),
            format!("DO $$ BEGIN EXECUTE 'CREATE ROLE {role} NONSENSE PASSWORD ''{CANARY}'''; END $$;"),
            format!("CREATE ROLE {role} PASSWORD '{CANARY};"),
            format!("CREATE ROLE {role} PASSWORD U&'{CANARY}' NONSENSE;"),
            format!("CREATE ROLE {role} PASSWORD 'abc'\n'{CANARY}' NONSENSE;"),
            format!("-- CREATE ROLE {role} PASSWORD '{CANARY}'\nSELECT nonsense;"),
            format!("DO $$ BEGIN EXECUTE format('CREATE ROLE {role} PASSWORD %L NONSENSE', '{CANARY}'); END $$;"),
        ];
        for up in bad {
            let project =
                Project::on(project.backend).unwrap().variable("DBTOOL_LOG_SQL", "all").migration("1_bad", &up, "");
            for plain in [false, true] {
                project.write("migrations/1_bad/metadata.toml", format!("run_in_transaction = {}", !plain));
                for run in loud(&project, &["migrate", "up"]) {
                    assert_ne!(run.code, 0, "{run}");
                    hides(&run, &up);
                }
            }
            for row in project.query("SELECT coalesce(error, ''), encode(up_sql, 'hex') FROM __dbtool_journal") {
                let (error, hex) = row.split_once('|').unwrap();
                let text = unpacked(hex);
                assert!(!error.contains("c4n4ry") && !text.contains("c4n4ry"), "the journal shows it: {error}\n{text}");
            }
        }
    });
    on_postgres(|project| {
        let role = format!("canary_kept_{}", std::process::id());
        let project = project.migration(
            "1_role",
            &format!("CREATE ROLE {role} PASSWORD '{CANARY}';"),
            &format!("DROP ROLE {role};"),
        );
        project.ok(&["migrate", "up"]);
        let packed = project.query("SELECT encode(up_sql, 'hex'), masked FROM __dbtool_journal");
        let (hex, masked) = packed[0].split_once('|').unwrap();
        assert_eq!(masked, "1");
        let text = unpacked(hex);
        assert_eq!(text, format!("CREATE ROLE {role} PASSWORD '***';"));
        project.ok(&["migrate", "down"]);
    });
}

#[test]
fn a_password_in_a_migration_on_mysql_never_shows() {
    on_mysql(|project| {
        let user = format!("canary_{}", std::process::id());
        let project = project.variable("DBTOOL_LOG_SQL", "all");
        let up = format!("CREATE USER {user}\n  IDENTIFIED BY '{CANARY}';\nCREATE TABLE t (id INT);");
        let project = project.migration("1_user", &up, &format!("DROP USER {user}; DROP TABLE t;"));
        for args in [&["migrate", "up"][..], &["migrate", "status"], &["migrate", "redo"], &["migrate", "down"]] {
            for run in loud(&project, args) {
                hides(&run, &args.join(" "));
            }
        }
        let long = format!("{CANARY}{}", "-x".repeat(60));
        let bad = [
            format!("CREATE USER {user} IDENTIFIED BY '{CANARY}' NONSENSE;"),
            format!("CREATE USER {user} NONSENSE IDENTIFIED BY '{CANARY}';"),
            format!("CREATE USER {user} NONSENSE IDENTIFIED BY '{long}';"),
            format!("CREATE USER {user} IDENTIFIED NONSENSE '{long}';"),
            format!("CREATE USER {user} IDENTIFIED BY \"{CANARY}\" NONSENSE;"),
            format!("CREATE USER {user} IDENTIFIED WITH mysql_native_password AS '{CANARY}' NONSENSE;"),
            format!("SELECT 1; SET PASSWORD FOR nobody_at_all = PASSWORD('{CANARY}');"),
            format!("SET PASSWORD FOR nobody_at_all = '{CANARY}';"),
            format!("ALTER USER nobody_at_all IDENTIFIED BY '{CANARY}';"),
            format!("CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'u', PASSWORD '{CANARY}') NONSENSE;"),
            format!("CHANGE MASTER TO MASTER_PASSWORD = '{CANARY}' NONSENSE;"),
            format!("GRANT ALL ON *.* TO {user} IDENTIFIED BY '{CANARY}' NONSENSE;"),
            format!(
                "CREATE PROCEDURE p() BEGIN EXECUTE IMMEDIATE 'CREATE USER x IDENTIFIED BY ''{CANARY}'''; END; SELEC;"
            ),
            format!("SET PASSWORD FOR nobody_at_all = 'x' REPLACE '{CANARY}';"),
            format!("PREPARE s FROM \"CREATE USER {user} IDENTIFIED BY '{CANARY}' NONSENSE\";"),
            format!("SELECT CONCAT('CREATE USER {user} IDENTIFIED BY ', QUOTE('{CANARY}')) FROM nowhere;"),
            "CREATE USER nobody_at_all IDENTIFIED BY c4n4ry;".to_owned(),
            format!("CREATE USER {user} IDENTIFIED BY '{CANARY};"),
        ];
        for up in bad {
            let project =
                Project::on(project.backend).unwrap().variable("DBTOOL_LOG_SQL", "all").migration("1_bad", &up, "");
            for run in loud(&project, &["migrate", "up"]) {
                assert_ne!(run.code, 0, "{up}\n{run}");
                hides(&run, &up);
            }
            if project.query("SHOW TABLES LIKE '\\_\\_dbtool\\_journal'").is_empty() {
                continue;
            }
            for row in project.query("SELECT coalesce(error, ''), hex(up_sql) FROM __dbtool_journal") {
                let (error, hex) = row.rsplit_once('|').unwrap();
                let text = unpacked(hex);
                assert!(!error.contains("c4n4ry") && !text.contains("c4n4ry"), "the journal shows it: {error}\n{text}");
            }
        }
    });
}

/// A text of the journal.
fn unpacked(hex: &str) -> String {
    let digits = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap());
    let packed: Vec<u8> = digits.collect();
    String::from_utf8(miniz_oxide::inflate::decompress_to_vec_zlib(&packed).unwrap()).unwrap()
}
