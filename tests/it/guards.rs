//! Who may destroy what: (command, environment, flags, terminal or not) → exit code.

use crate::support::{Project, on_each_backend};
use crate::terminal::AtTerminal;

const SETTINGS: &str = "[env.dev]\n[env.other]\n[env.prod]\nprotected = true\n";

fn project(project: Project) -> Project {
    let project = project
        .file("dbtool.toml", SETTINGS)
        .migration("1_a", "CREATE TABLE a (id INT);", "DROP TABLE a;")
        .migration("2_b", "CREATE TABLE b (id INT);", "DROP TABLE b;");
    project.ok(&["db", "create"]);
    project.ok(&["migrate", "up"]);
    project
}

/// Arguments, what is typed at a terminal (`None`: there is none), the exit code.
type Case = (&'static [&'static str], Option<&'static str>, i32);

#[test]
fn the_table_of_guards() {
    let cases: &[Case] = &[
        // In an open environment what reverts is free, what destroys asks.
        (&["migrate", "down"], None, 0),
        (&["migrate", "redo"], None, 0),
        (&["migrate", "to", "1"], None, 0),
        (&["migrate", "down", "--steps", "2"], None, 0),
        (&["migrate", "down", "--all"], None, 9),
        (&["migrate", "down", "--all"], Some("n\n"), 9),
        (&["migrate", "down", "--all"], Some("\n"), 9),
        (&["migrate", "down", "--all"], Some("y\n"), 0),
        (&["migrate", "down", "--all", "--yes"], None, 0),
        (&["migrate", "down", "--all", "--confirm", "dev"], None, 0),
        (&["migrate", "down", "--all", "--confirm", "prod"], None, 9),
        (&["migrate", "down", "--all", "--dry-run"], None, 0),
        (&["migrate", "down", "--to", "0"], None, 9),
        (&["migrate", "to", "0"], None, 9),
        (&["migrate", "to", "0"], Some("yes\n"), 0),
        (&["migrate", "to", "0", "-y"], None, 0),
        (&["db", "drop"], None, 9),
        (&["db", "drop"], Some("n\n"), 9),
        (&["db", "drop"], Some("y\n"), 0),
        (&["db", "reset"], None, 9),
        (&["db", "reset", "--yes"], None, 0),
        // A protected one refuses both, unless it is named.
        (&["migrate", "up", "--env", "prod"], None, 0),
        (&["migrate", "status", "--env", "prod"], None, 0),
        (&["migrate", "to", "2", "--env", "prod"], None, 0),
        (&["migrate", "down", "--env", "prod"], None, 9),
        (&["migrate", "down", "--env", "prod", "--yes"], None, 9),
        (&["migrate", "down", "--env", "prod"], Some("y\n"), 9),
        (&["migrate", "down", "--env", "prod", "--confirm", "prod"], None, 0),
        (&["migrate", "down", "--env", "prod", "--confirm", "dev"], None, 9),
        (&["migrate", "down", "--env", "prod", "--dry-run"], None, 0),
        (&["migrate", "redo", "--env", "prod"], None, 9),
        (&["migrate", "redo", "--env", "prod", "--confirm", "prod"], None, 0),
        (&["migrate", "to", "1", "--env", "prod"], None, 9),
        (&["migrate", "to", "1", "--env", "prod", "--confirm", "prod"], None, 0),
        (&["migrate", "to", "0", "--env", "prod", "--confirm", "prod"], None, 0),
        (&["migrate", "down", "--all", "--env", "prod", "--yes"], None, 9),
        (&["db", "drop", "--env", "prod", "--yes"], None, 9),
        (&["db", "drop", "--env", "prod", "--confirm", "prod"], None, 0),
        (&["db", "reset", "--env", "prod", "--yes"], None, 9),
        (&["db", "reset", "--env", "prod", "--confirm", "prod"], None, 0),
        // An environment that does not exist is a slip of the finger, whatever the URL.
        (&["migrate", "up", "--env", "prdo"], None, 10),
    ];
    on_each_backend(|fresh| {
        let backend = fresh.backend;
        for (args, typed, code) in cases {
            let project = project(Project::on(backend).unwrap());
            let before = project.ledger();
            let (got, screen) = match typed {
                None => {
                    let run = project.run(args);
                    (run.code, run.stderr)
                }
                Some(answer) => {
                    let shown = AtTerminal::spawn(&project, args, None, answer).end();
                    (shown.code, shown.sent)
                }
            };
            assert_eq!(got, *code, "{} typing {typed:?} on {backend}\n{screen}", args.join(" "));
            if *code == 9 {
                assert_eq!(project.ledger(), before, "something was done: {}", args.join(" "));
            }
        }
    });
}

#[test]
fn a_url_in_dotenv_never_redirects_a_named_environment() {
    let project = Project::sqlite()
        .without_variable("DATABASE_URL")
        .migration("1_a", "CREATE TABLE a (id INT);", "")
        .file(".env", "DATABASE_URL=sqlite://wrong.db\nDBTOOL_URL=sqlite://wrong.db\nDB_NAME=wrong\nDB_HOST=wrong\nPGHOST=wrong\nOTHER=sqlite://stage.db\n");
    let project = project.file("dbtool.toml", "[env.dev]\n[env.prod]\nurl = \"sqlite://prod.db\"\nprotected = true\n[env.open]\n[env.stage]\nurl = \"${OTHER}\"\n[env.vault]\nurl = \"${OTHER}\"\nprotected = true\n");
    // The default environment takes it: that is what .env is for.
    assert_eq!(database(&project, &[]), "wrong.db");
    assert_eq!(database(&project, &["--env", "prod"]), "prod.db");
    project.ok(&["migrate", "up", "--env", "prod"]);
    assert!(project.path("prod.db").exists() && !project.path("wrong.db").exists());
    // Without a database of its own, a named environment has none, rather than the wrong one.
    project.expect(2, &["migrate", "up", "--env", "open"]).says(&["error[config/missing]"]);
    project.expect(2, &["migrate", "up", "--env", "dev"]);
    // Other variables of .env serve a named environment, but not a protected one.
    assert_eq!(database(&project, &["--env", "stage"]), "stage.db");
    project.expect(2, &["migrate", "up", "--env", "vault"]).says(&["error[config/reference]", "`OTHER` is not set"]);
    let project = project.variable("OTHER", "sqlite://vault.db");
    assert_eq!(database(&project, &["--env", "vault"]), "vault.db");
    // Named by a variable is named.
    let project = project.variable("DBTOOL_ENV", "prod");
    assert_eq!(database(&project, &[]), "prod.db");
}

/// The file name of the database that a command would work on.
fn database(project: &Project, args: &[&str]) -> String {
    let shown = project.json(0, &[&["config", "show"], args].concat());
    let line = shown["settings"].as_array().unwrap().iter().find(|line| line["key"] == "database").unwrap();
    line["value"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

#[test]
fn a_slip_in_the_default_environment_lifts_no_protection() {
    let settings = "default_env = \"prdo\"\n[env.prod]\nurl = \"sqlite://prod.db\"\nprotected = true\n";
    let project = Project::sqlite().file("dbtool.toml", settings).migration("1_a", "SELECT 1;", "");
    project.expect(10, &["db", "drop", "--yes"]).says(&["error[config/unknown-environment]", "did you mean `prod`?"]);
}
