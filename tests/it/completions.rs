//! Completion: the scripts, and what dbtool answers a shell.

use std::net::TcpListener;
use std::time::{Duration, Instant, SystemTime};

use crate::support::{Project, Run, on_each_backend};

const SHELLS: [(&str, &str); 5] = [
    ("bash", "dbtool.bash"),
    ("zsh", "_dbtool"),
    ("fish", "dbtool.fish"),
    ("elvish", "dbtool.elv"),
    ("powershell", "_dbtool.ps1"),
];

#[test]
fn the_scripts_in_the_repository_are_what_dbtool_prints() {
    let project = Project::sqlite();
    for (shell, file) in SHELLS {
        let script = project.ok(&["completions", shell]).stdout;
        crate::generated::compare(&format!("completions/{file}"), &script);
    }
    project.expect(2, &["completions", "tcsh"]);
    // A broken dbtool.toml breaks no shell.
    Project::sqlite().file("dbtool.toml", "[broken").ok(&["completions", "bash"]);
}

/// What bash would be offered for the last word.
fn offered(project: &Project, words: &[&str]) -> Vec<String> {
    let index = (words.len() - 1).to_string();
    let mut command = project.command(&[&["--"], words].concat());
    command.env("DBTOOL_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", index).env("_CLAP_IFS", "\n");
    let run = Run::of(&command.output().unwrap());
    assert_eq!(run.code, 0, "{run}");
    // The flags come behind.
    run.stdout.lines().filter(|word| !word.starts_with('-')).map(str::to_owned).collect()
}

#[test]
fn versions_and_environments_are_known_from_the_disk() {
    let project = Project::sqlite()
        .file("dbtool.toml", "[env.dev]\n[env.stage]\n[env.prod]\n")
        .migration("2024-01-01-000000_create_users", "SELECT 1", "")
        .migration("2024-01-02-000000_create_orders", "SELECT 1", "");
    assert_eq!(offered(&project, &["dbtool", "migrate", "to", ""]), ["20240101000000", "20240102000000"]);
    assert_eq!(offered(&project, &["dbtool", "migrate", "up", "--to", "20240102"]), ["20240102000000"]);
    assert_eq!(offered(&project, &["dbtool", "migrate", "to", "create_u"]), ["20240101000000"]);
    assert_eq!(offered(&project, &["dbtool", "migrate", "up", "--env", "s"]), ["stage"]);
    assert!(offered(&project, &["dbtool", "migrate", ""]).contains(&"status".to_owned()));
    assert!(!project.path("test.db").exists());
    // Without a project there is nothing to offer, and nothing to fail over.
    assert_eq!(offered(&Project::sqlite(), &["dbtool", "migrate", "to", ""]), [""; 0]);
}

#[test]
fn seeds_are_known_from_the_disk() {
    let project = Project::sqlite()
        .file("seeds/base/users.toml", "rows = []\n")
        .file("seeds/base/shop/orders.toml", "rows = []\n")
        .file("seeds/dev/many.csv", "id\n1\n")
        .file("seeds/dev/later.sql", "SELECT 1;\n")
        .file("seeds/prod/admins.toml", "rows = []\n");
    for command in ["seed", "reseed"] {
        assert_eq!(offered(&project, &["dbtool", command, ""]), ["later", "many", "shop/orders", "users"]);
        assert_eq!(offered(&project, &["dbtool", command, "sh"]), ["shop/orders"]);
    }
    assert!(!project.path("test.db").exists());
}

#[test]
fn sides_and_flags_of_the_line_are_known() {
    let project = Project::sqlite().file("dbtool.toml", "[env.dev]\n[env.stage]\n").file("dump.json", "{}");
    let sides = offered(&project, &["dbtool", "schema", "diff", ""]);
    for side in ["live", "migrations", "env:dev", "env:stage", "dump.json"] {
        assert!(sides.contains(&side.to_owned()), "{side}: {sides:?}");
    }
    let other = format!("sqlite://{}", project.path("other.db").display());
    project.session_on(&other).execute("CREATE TABLE elsewhere (id INT)").unwrap();
    assert_eq!(offered(&project, &["dbtool", "--url", &other, "schema", "show", ""]), ["elsewhere"]);
    // One directory that is none hides the others no more.
    let project =
        project.migration("2024-01-01-000000_create_users", "SELECT 1", "").file("migrations/_wrong/up.sql", "");
    assert_eq!(offered(&project, &["dbtool", "migrate", "to", ""]), ["20240101000000"]);
}

const SHOW: &[&str] = &["dbtool", "schema", "show", ""];

#[test]
fn tables_are_known_from_the_database() {
    on_each_backend(|project| {
        assert_eq!(offered(&project, SHOW), [""; 0]);
        assert!(!project.path("test.db").exists());
        project.session().execute("CREATE TABLE orders (id INT)").unwrap();
        project.session().execute("CREATE VIEW sums AS SELECT 1 AS one").unwrap();
        make_old(&project);
        assert_eq!(offered(&project, SHOW), ["orders", "sums"]);
        assert_eq!(offered(&project, &["dbtool", "schema", "er", "--around", "Or"]), ["orders"]);
        // For a while they are taken as they were; then they are asked for again.
        project.session().execute("CREATE TABLE users (id INT)").unwrap();
        assert_eq!(offered(&project, SHOW), ["orders", "sums"]);
        make_old(&project);
        assert_eq!(offered(&project, SHOW), ["orders", "sums", "users"]);
        // What another command has seen is known as well.
        project.session().execute("CREATE TABLE zebras (id INT)").unwrap();
        project.ok(&["schema", "tables"]);
        assert_eq!(offered(&project, SHOW), ["orders", "sums", "users", "zebras"]);
    });
}

/// As if what is kept had been kept long ago.
fn make_old(project: &Project) {
    let Ok(kept) = std::fs::read_dir(project.path(".cache/dbtool/names")) else { return };
    for entry in kept {
        let file = std::fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    }
}

#[test]
fn a_database_that_does_not_answer_keeps_no_shell_waiting() {
    let project = Project::sqlite();
    project.session().execute("CREATE TABLE orders (id INT)").unwrap();
    assert_eq!(offered(&project, SHOW), ["orders"]);
    // The names are kept when the database is not there.
    std::fs::remove_file(project.path("test.db")).unwrap();
    make_old(&project);
    assert_eq!(offered(&project, SHOW), ["orders"]);
    assert!(!project.path("test.db").exists());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for scheme in ["postgres", "mysql"] {
        let project = Project::sqlite().variable("DATABASE_URL", &format!("{scheme}://u@127.0.0.1:{port}/x"));
        let start = Instant::now();
        assert_eq!(offered(&project, SHOW), [""; 0]);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?} on {scheme}", start.elapsed());
    }
}

#[test]
fn completion_asks_nobody_for_a_password_and_needs_no_home() {
    let project = Project::sqlite().without_variable("DATABASE_URL").file(
        "dbtool.toml",
        "[env.dev]\nurl = \"postgres://u@127.0.0.1:1/x\"\npassword_command = \"touch asked; echo x\"\n",
    );
    assert_eq!(offered(&project, SHOW), [""; 0]);
    assert!(!project.path("asked").exists());
    let project = Project::sqlite().variable("HOME", "");
    project.session().execute("CREATE TABLE orders (id INT)").unwrap();
    assert_eq!(offered(&project, SHOW), ["orders"]);
    assert!(!project.path(".cache").exists());
    let cache = project.path("elsewhere");
    let project = project.variable("XDG_CACHE_HOME", cache.to_str().unwrap());
    assert_eq!(offered(&project, SHOW), ["orders"]);
    assert!(cache.join("dbtool/names").is_dir());
    // A cache that is no cache is asked over.
    for entry in std::fs::read_dir(cache.join("dbtool/names")).unwrap() {
        std::fs::write(entry.unwrap().path(), "{").unwrap();
    }
    assert_eq!(offered(&project, SHOW), ["orders"]);
}
