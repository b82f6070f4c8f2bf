//! What a person sees while many rows are seeded: at a real terminal, and nowhere else.
#![cfg(unix)]

use std::fmt::Write as _;

use crate::support::{Project, on_each_backend};
use crate::terminal::{AtTerminal, Shown};

/// So many take long enough for news, on any machine that runs a debug build.
const ROWS: usize = 150_000;

fn big(project: Project) -> Project {
    let project = project.migration(
        "1_a",
        "CREATE TABLE things (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, price DECIMAL(8, 2));",
        "",
    );
    project.ok(&["migrate", "up"]);
    let mut text = "id,name,price\n".to_owned();
    for id in 0..ROWS {
        writeln!(text, "{id},thing number {id},{}.50", id % 1000).unwrap();
    }
    project.write("seeds/base/things.csv", text);
    project
}

fn seed(project: &Project, args: &[&str]) -> Shown {
    let args: Vec<&str> = ["seed"].iter().chain(args).copied().collect();
    let shown = AtTerminal::spawn(project, &args, Some("xterm"), "").end();
    assert_eq!(shown.code, 0, "{}", shown.sent);
    shown
}

/// Whether there was news of this kind, with all that belongs to it.
fn tells(shown: &Shown, done: &str) -> bool {
    shown.sent.split(['\r', '\n', '\u{1b}']).any(|line| {
        let Some((_, news)) = line.split_once(&format!("things  {done} ")) else { return false };
        let parts: Vec<&str> = news.trim_end().split(", ").collect();
        let number = |text: &str, of: &str| {
            let digits = text.strip_suffix(of).unwrap_or_default();
            !digits.is_empty() && digits.chars().all(|one| one.is_ascii_digit() || one == ',')
        };
        matches!(parts.as_slice(), [rows, speed, left]
            if number(rows, " rows") && number(speed, " a second") && left.ends_with(" left") && left.starts_with(|one: char| one.is_ascii_digit()))
    })
}

fn table(inserted: usize, unchanged: usize) -> String {
    let row = format!("things  things  {inserted:>8}        0  {unchanged:>9}        0");
    format!("seed    table   inserted  updated  unchanged  deleted\n{row}\n")
}

#[test]
fn a_terminal_shows_how_fast_rows_go_and_how_long_it_takes() {
    on_each_backend(|project| {
        let project = big(project);
        let first = seed(&project, &[]);
        assert!(tells(&first, "loaded"), "{}: {:?}", project.backend, first.sent);
        // When it is over, nothing of that is left.
        assert_eq!(first.screen(), table(ROWS, 0) + &format!("{ROWS} inserted, 0 updated, 0 deleted\n"));
        // Where nothing is written, what takes its time is to compare.
        let second = seed(&project, &[]);
        assert!(tells(&second, "compared"), "{}: {:?}", project.backend, second.sent);
        assert_eq!(second.screen(), table(0, ROWS) + "0 inserted, 0 updated, 0 deleted\n");
        // Some of the rows are others: they are told on their way through the database.
        project.session().execute("UPDATE things SET name = 'edited'").unwrap();
        let project = project.variable("DBTOOL_SEED_ON_DRIFT", "overwrite");
        let third = seed(&project, &["-v"]);
        assert!(tells(&third, "read"), "{}: {:?}", project.backend, third.sent);
        let news = format!("things  comparing {}", dbtool::text::thousands(ROWS as u64));
        assert!(third.sent.contains(&news), "{}: {:?}", project.backend, third.sent);
        assert!(!third.screen().contains("comparing"), "{}", third.screen());
    });
}

#[test]
fn nobody_else_is_shown_any_of_it() {
    on_each_backend(|project| {
        let project = big(project);
        let run = project.ok(&["seed"]);
        assert_eq!((run.stdout, run.stderr), (table(ROWS, 0), format!("{ROWS} inserted, 0 updated, 0 deleted\n")));
        let silent = |args: &[&str], more: &str| {
            let shown = seed(&project, args);
            assert!(!shown.sent.contains("a second") && !shown.sent.contains("\u{1b}[2K"), "{:?}", shown.sent);
            assert_eq!(shown.screen(), table(0, ROWS) + more);
        };
        silent(&["--no-progress"], "0 inserted, 0 updated, 0 deleted\n");
        silent(&["-q"], "");
    });
}

#[test]
fn an_error_leaves_nothing_of_the_bar() {
    let project = big(Project::sqlite());
    let mut text = std::fs::read_to_string(project.path("seeds/base/things.csv")).unwrap();
    text += "x,bad,1\n";
    project.write("seeds/base/things.csv", text);
    let shown = AtTerminal::spawn(&project, &["seed"], Some("xterm"), "").end();
    assert_eq!(shown.code, 11, "{}", shown.sent);
    assert!(shown.sent.contains("a second"), "{:?}", shown.sent);
    let screen = shown.screen();
    assert!(screen.starts_with("error[seed/rejected]") && !screen.contains("a second"), "{screen}");
}
