//! Completion: the scripts, and what dbtool answers a shell.

use crate::support::{Project, Run};

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
