//! Settings: the layers, the references, what is refused, and what is shown.

use crate::support::Project;

/// The value and origin of a setting.
fn shown(project: &Project, args: &[&str], key: &str) -> (String, String) {
    let shown = project.json(0, &[&["config", "show"], args].concat());
    let lines = shown["settings"].as_array().unwrap().clone();
    let line = lines.iter().find(|line| line["key"] == key).unwrap_or_else(|| panic!("no {key} in {shown}"));
    (line["value"].as_str().unwrap().to_owned(), line["origin"].as_str().unwrap().to_owned())
}

#[test]
fn the_table_of_layers() {
    let everywhere = "default_env = \"dev\"\n[pool]\nmax = 7\n[env.dev.pool]\nmax = 8\n[env.test]\n";
    // dbtool.toml, .env, the variable, arguments → value, origin
    type Case = (&'static str, &'static str, &'static str, &'static [&'static str], &'static str, &'static str);
    let cases: [Case; 7] = [
        ("", "", "", &[], "20", "default"),
        ("[pool]\nmax = 7", "", "", &[], "7", "dbtool.toml:2 [pool]"),
        (everywhere, "", "", &[], "8", "dbtool.toml:5 [env.dev.pool]"),
        (everywhere, "", "", &["--env", "test"], "7", "dbtool.toml:3 [pool]"),
        (everywhere, "DBTOOL_POOL_MAX=9", "", &[], "9", ".env (DBTOOL_POOL_MAX)"),
        (everywhere, "DBTOOL_POOL_MAX=9", "10", &[], "10", "DBTOOL_POOL_MAX"),
        (everywhere, "DBTOOL_POOL_MAX=9", "", &["--env", "test"], "9", ".env (DBTOOL_POOL_MAX)"),
    ];
    for (file, dotenv, variable, args, value, origin) in cases {
        let mut project = Project::sqlite().file("dbtool.toml", file).file(".env", dotenv);
        if !variable.is_empty() {
            project = project.variable("DBTOOL_POOL_MAX", variable);
        }
        assert_eq!(
            shown(&project, args, "pool.max"),
            (value.into(), origin.into()),
            "{file} {dotenv} {variable} {args:?}"
        );
    }
}

#[test]
fn the_table_of_databases() {
    // dbtool.toml, variables, arguments → the database, its origin
    type Case =
        (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str], &'static str, &'static str);
    let own = "[env.dev]\nurl = \"postgres://localhost/own\"\n";
    let parts = "[env.dev]\nhost = \"localhost\"\nport = 5433\nname = \"a b\"\nuser = \"u@x\"\npassword = \"${PW}\"\n";
    let all: &[(&str, &str)] = &[
        ("DBTOOL_URL", "postgres://localhost/tool"),
        ("DATABASE_URL", "postgres://localhost/diesel"),
        ("DB_NAME", "db"),
        ("DB_HOST", "localhost"),
    ];
    let cases: [Case; 8] = [
        (own, all, &["--url", "postgres://localhost/flag"], "postgres://localhost/flag?sslmode=prefer", "--url"),
        (own, all, &[], "postgres://localhost/tool?sslmode=prefer", "DBTOOL_URL"),
        (own, &all[1..], &[], "postgres://localhost/own?sslmode=prefer", "dbtool.toml:2 [env.dev]"),
        (
            parts,
            &[("PW", "p:/@")],
            &[],
            "postgres://u@x:***@localhost:5433/a b?sslmode=prefer",
            "dbtool.toml:2 [env.dev]",
        ),
        ("", &all[1..], &[], "postgres://localhost/diesel?sslmode=prefer", "DATABASE_URL"),
        ("", &all[2..], &[], "postgres://localhost/db?sslmode=prefer", "DB_HOST"),
        (
            "",
            &[
                ("DB_HOST", "db.example.com"),
                ("DB_NAME", "x"),
                ("DB_USER", "u"),
                ("DB_PASSWORD", "p"),
                ("DB_PORT", "1"),
                ("DB_SSL", "true"),
            ],
            &[],
            "postgres://u:***@db.example.com:1/x?sslmode=verify-full",
            "DB_HOST",
        ),
        (
            "[env.dev]\nbackend = \"sqlite\"\nname = \"x.db\"\n",
            &[],
            &[],
            "sqlite://[dir]/x.db",
            "dbtool.toml:3 [env.dev]",
        ),
    ];
    for (file, variables, args, value, origin) in cases {
        let mut project = Project::sqlite().without_variable("DATABASE_URL").file("dbtool.toml", file);
        for (name, value) in variables {
            project = project.variable(name, value);
        }
        let (got, from) = shown(&project, args, "database");
        let directory = std::fs::canonicalize(project.path("")).unwrap();
        assert_eq!(
            (got.replace(directory.to_str().unwrap().trim_end_matches('/'), "[dir]"), from),
            (value.into(), origin.into()),
            "{file} {variables:?}"
        );
    }
}

#[test]
fn tls_is_asked_for_where_it_is_needed() {
    let cases = [
        ("postgres://localhost/x", "prefer", false),
        ("postgres:///x?host=/run/postgresql", "prefer", false),
        ("postgres://10.1.2.3/x", "prefer", true),
        ("postgres://db/x", "prefer", true),
        ("postgres://db/x?sslmode=require", "require", false),
        ("postgres://db.example.com/x", "verify-full", false),
    ];
    for (url, mode, warned) in cases {
        let run = Project::sqlite().ok(&["config", "show", "--url", url]);
        assert!(run.stdout.contains(&format!("sslmode={mode}")), "{url}\n{run}");
        assert_eq!(run.stderr.contains("encrypted only if the server offers it"), warned, "{url}\n{run}");
    }
    Project::sqlite()
        .expect(2, &["config", "show", "--url", "postgres://h/x?sslmode=verify"])
        .says(&["`sslmode` must be one of"]);
}

#[test]
fn relative_paths_start_from_the_file_that_holds_them() {
    let project = Project::sqlite()
        .without_variable("DATABASE_URL")
        .file("dbtool.toml", "[migrate]\ndir = \"changes\"\n[env.dev]\nurl = \"sqlite://data/app.db\"\n")
        .file("changes/1_a/up.sql", "CREATE TABLE a (id INT);")
        .file("data/.keep", "")
        .file("deep/er/.keep", "");
    let run = Run::of(&project.command(&["migrate", "up"]).current_dir(project.path("deep/er")).output().unwrap());
    assert_eq!(run.code, 0, "{run}");
    assert!(project.path("data/app.db").exists());
    // A variable's path starts from the working directory.
    let run = Run::of(
        &project
            .command(&["migrate", "up", "--url", "sqlite://here.db"])
            .current_dir(project.path("deep"))
            .output()
            .unwrap(),
    );
    assert_eq!(run.code, 0, "{run}");
    assert!(project.path("deep/here.db").exists());
    // A repository's root ends the search.
    let project = project.file("deep/.git/HEAD", "");
    let run = Run::of(&project.command(&["migrate", "up"]).current_dir(project.path("deep/er")).output().unwrap());
    assert_eq!(run.code, 2, "{run}");
}

use crate::support::Run;

#[test]
fn what_is_wrong_in_the_file_is_refused_with_its_place() {
    let cases: [(&str, i32, &[&str]); 15] = [
        (
            "[pol]\nmax = 1",
            2,
            &["error[config/unknown-key]", "unknown key `pol`", "did you mean `pool`?", "dbtool.toml:1:2"],
        ),
        ("[pool]\nmaxx = 1", 2, &["unknown key `maxx` in `[pool]`", "did you mean `max`?", "dbtool.toml:2:1"]),
        ("max = 1", 2, &["unknown key `max`", "belongs to"]),
        ("[env.dev]\nurll = \"x\"", 2, &["unknown key `urll`", "did you mean `url`?", "dbtool.toml:2:1"]),
        ("[env.dev.migrate]\nlockwait = \"1s\"", 2, &["did you mean `lock_wait`?"]),
        (
            "[pool]\nmax = \"many\"",
            2,
            &["error[config/value]", "`pool.max` must be a whole number, not `many`", "dbtool.toml:2"],
        ),
        ("[pool]\nmax = 0", 2, &["`pool.max`"]),
        ("[pool]\nmax = 3", 2, &["`pool.min` is 5, more than `pool.max`"]),
        ("[pool]\nidle_timeout = 10", 2, &["a duration with its unit", "not `10`"]),
        ("[migrate]\nchanged = \"maybe\"", 2, &["one of `warn`, `refuse`, `allow`"]),
        ("[migrate]\nsession = \"x\"", 2, &["`session` must be a list of texts"]),
        ("[pool\nmax = 3", 2, &["error[config/syntax]", "not valid TOML", "dbtool.toml:1:", "hint: "]),
        ("[env]\ndev = 1", 2, &["`env.dev` must be a table"]),
        ("[env.dev]\nurl = \"${NOT_THERE}\"", 2, &["error[config/reference]", "`NOT_THERE` is not set"]),
        ("[env.dev]\nprotected = \"maybe\"", 2, &["`protected` must be"]),
    ];
    for (file, code, words) in cases {
        let project = Project::sqlite().file("dbtool.toml", file);
        project.expect(code, &["config", "show"]).says(words);
    }
    Project::sqlite()
        .file(".env", "A = b c d\n")
        .expect(2, &["config", "show"])
        .says(&["error[config/syntax]", ".env"]);
    Project::sqlite()
        .expect(2, &["config", "show", "--config", "nowhere.toml"])
        .says(&["error[config/missing]", "nowhere.toml"]);
    Project::sqlite()
        .variable("DBTOOL_RETRY_BASE", "soon")
        .expect(2, &["config", "show"])
        .says(&["`retry.base`", "DBTOOL_RETRY_BASE"]);
    Project::sqlite().variable("DBTOOL_SOMETHING_ELSE", "x").ok(&["config", "show"]);
    Project::sqlite()
        .file("dbtool.toml", "[env.dev]\n[env.prod]\n")
        .expect(10, &["config", "show", "--env", "prdo"])
        .says(&["error[config/unknown-environment]", "did you mean `prod`?"]);
}

#[test]
fn references_are_replaced() {
    let project = Project::sqlite()
        .without_variable("DATABASE_URL")
        .file("dbtool.toml", "[env.dev]\nurl = \"sqlite://${NAME}-${ELSE:-b}-$${X}.db\"\n")
        .file(".env", "NAME=a\n");
    assert!(shown(&project, &[], "database").0.ends_with("/a-b-${X}.db"));
}

#[test]
fn settings_of_seeds_are_shown() {
    let project = Project::sqlite().file(
        "dbtool.toml",
        "[seed]\ndir = \"rows\"\n[env.dev]\nlayers = [\"base\", \"more\"]\n[env.dev.seed]\non_drift = \"fail\"\n",
    );
    assert_eq!(shown(&project, &[], "seed.dir").0, "rows");
    assert_eq!(shown(&project, &[], "seed.on_drift").0, "fail");
    assert_eq!(shown(&project, &[], "env.dev.layers").0, "base; more");
}

#[test]
fn lists_in_variables_are_split_at_semicolons() {
    let project = Project::sqlite().variable("DBTOOL_MIGRATE_SESSION", "SELECT 1; SELECT 2");
    assert_eq!(shown(&project, &[], "migrate.session"), ("SELECT 1; SELECT 2".into(), "DBTOOL_MIGRATE_SESSION".into()));
}

#[test]
fn a_service_names_its_own_host() {
    let project = Project::sqlite()
        .without_variable("DATABASE_URL")
        .file("svc.conf", "[svc]\nhost=127.0.0.1\nport=1\ndbname=x\nuser=u\n")
        .variable("DBTOOL_RETRY_ATTEMPTS", "1");
    let path = project.path("svc.conf").display().to_string();
    let project = project.variable("PGSERVICEFILE", &path);
    project.expect(8, &["db", "ping", "--url", "postgres://?service=svc"]).says(&["\"127.0.0.1\", port 1 failed"]);
    let project = project.variable("PGSERVICE", "svc");
    project.expect(8, &["db", "ping", "--url", "postgres://"]).says(&["\"127.0.0.1\", port 1 failed"]);
}

#[test]
fn a_sensitive_column_is_named_by_its_table() {
    let set = |value: &str| Project::sqlite().variable("DBTOOL_COLUMNS_SENSITIVE", value);
    set("users.email; users.phone").ok(&["config", "show"]);
    for wrong in ["users.email,users.phone", "email", "users.", ".email"] {
        let run = set(wrong).expect(2, &["config", "show"]);
        run.says(&[
            "error[config/value]: `columns.sensitive` takes columns by their tables",
            &format!("`{wrong}` is none (DBTOOL_COLUMNS_SENSITIVE)"),
            "in a variable with `;` between two of them",
        ]);
    }
    let file = |list: &str| Project::sqlite().file("dbtool.toml", format!("[columns]\nsensitive = {list}\n"));
    file("[\"users.a,b\"]").ok(&["config", "show"]);
    file("[\"users\"]").expect(2, &["config", "show"]).says(&["`users` is none (dbtool.toml:2 [columns])"]);
}
