//! What a person reads: the screens themselves.

use crate::support::Project;

fn project() -> Project {
    Project::sqlite()
        .migration(
            "2026-01-01-000000-0000_create_users",
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);",
            "DROP TABLE users;",
        )
        .migration(
            "2026-01-02-000000-0000_add_mail",
            "ALTER TABLE users ADD COLUMN mail TEXT;\nCREATE UNIQUE INDEX users_mail ON user (mail);",
            "",
        )
}

#[test]
fn the_screen_of_status() {
    let project = project();
    project.ok(&["migrate", "up", "--steps", "1"]);
    // However long it took here.
    project.session().execute("UPDATE __dbtool_journal SET duration_ms = 0").unwrap();
    let run = project.ok(&["migrate", "status"]);
    insta::assert_snapshot!(run.normal(&project));
}

#[test]
fn the_screen_of_a_failure() {
    let project = project();
    let run = project.expect(5, &["migrate", "up"]);
    insta::assert_snapshot!(run.normal(&project));
}

#[test]
fn the_screen_of_a_half_applied_migration() {
    let project =
        Project::sqlite().plain_migration("1_fill", "CREATE TABLE a (id INT);\nINSERT INTO b VALUES (1);", "");
    project.expect(5, &["migrate", "up"]);
    let run = project.expect(5, &["migrate", "up"]);
    insta::assert_snapshot!(run.normal(&project));
}

#[test]
fn the_screen_of_a_wrong_key() {
    let project = Project::sqlite().file("dbtool.toml", "[pool]\nmax = 5\nmxa = 3\n");
    let run = project.expect(2, &["migrate", "status"]);
    insta::assert_snapshot!(run.normal(&project));
}

#[test]
fn one_report_in_every_format() {
    let project = project();
    let formats = ["csv", "jsonl", "markdown", "vertical"];
    let all: Vec<_> = formats
        .iter()
        .map(|format| format!("== {format}\n{}", project.ok(&["migrate", "status", "-o", format]).stdout))
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn colour_is_asked_for_and_never_needed() {
    let project = project();
    assert!(!project.ok(&["migrate", "status"]).stdout.contains('\u{1b}'));
    assert!(project.ok(&["migrate", "status", "--color", "always"]).stdout.contains('\u{1b}'));
    let quiet = project.ok(&["migrate", "up", "--steps", "1", "--quiet"]);
    assert_eq!(quiet.stderr, "");
    let loud = project.run(&["--quiet", "migrate", "up"]);
    assert!(loud.stderr.contains("error["), "an error is told all the same\n{loud}");
}

#[test]
fn flags_stand_before_or_after_the_command() {
    let project = project();
    assert_eq!(
        project.ok(&["-o", "json", "migrate", "status"]).stdout,
        project.ok(&["migrate", "status", "-o", "json"]).stdout
    );
    assert_eq!(project.variable("DBTOOL_OUTPUT", "json").ok(&["migrate", "status"]).stdout.chars().next(), Some('{'));
}

#[test]
fn a_wrong_command_line_is_json_too_where_json_was_asked_for() {
    let project = Project::sqlite();
    for args in [
        &["-o=json", "bogus"][..],
        &["-qo", "json", "bogus"],
        &["-qojson", "bogus"],
        &["-o", "JSON", "bogus"],
        &["-o", "jsonl", "bogus"],
        &["--output=json", "bogus"],
    ] {
        let run = project.expect(2, args);
        let error: serde_json::Value = serde_json::from_str(run.stderr.lines().last().unwrap())
            .unwrap_or_else(|error| panic!("{error}: {args:?}\n{run}"));
        assert_eq!(error["error"]["code"], "usage");
    }
}

#[test]
fn a_password_that_is_a_word_of_json_breaks_no_json() {
    for password in ["null", "error", "message", "code"] {
        let url = format!("postgres://u:{password}@127.0.0.1:1/x");
        let project = Project::sqlite().variable("DBTOOL_RETRY_ATTEMPTS", "1");
        let run = project.expect(8, &["db", "ping", "-o", "json", "--url", &url]);
        let error: serde_json::Value = serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap();
        assert_eq!(error["error"]["code"], "connect/unreachable");
    }
}
