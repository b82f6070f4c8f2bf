//! The recovery guide: each state that it tells of is made here, and its screens are what dbtool prints.
#![cfg(unix)]

use std::collections::BTreeMap;

use dbtool::backend::Backend;

use crate::generated::compare;
use crate::half_applied::kill_when;
use crate::interrupts::{signal, sleeping, started};
use crate::lost_commit;
use crate::support::{Project, Run, root, skipped};

const VERSION: &str = "2026-03-01-100000_change_orders";

/// A command and what it prints, with the words of a project that a reader can think of.
fn screen(project: &Project, args: &[&str], run: &Run) -> String {
    let text = run.normal(project);
    // What stands on stdout comes first.
    let (stdout, stderr) = text.split_once("---\n").unwrap();
    let mut text = format!("{stdout}{stderr}");
    let url = project.url.split('?').next().unwrap();
    for (from, to) in [
        (format!("{url}?sslmode=prefer"), format!("{}://shop_migrate@db/shop", project.backend)),
        (format!("{}.", project.database()), "shop.".to_owned()),
        ("[dir]/".to_owned(), String::new()),
        ("[time]".to_owned(), "2026-03-01 10:12:00".to_owned()),
        ("[uuid]".to_owned(), "01a1f89c-11e7-74f6-985a-f2d714e9d012".to_owned()),
        ("[user]".to_owned(), "ci@runner".to_owned()),
        ("[took]".to_owned(), "12 ms".to_owned()),
        ("root@127.0.0.1".to_owned(), "shop_migrate@%".to_owned()),
        ("root@localhost".to_owned(), "shop_migrate@%".to_owned()),
        ("postgres (ci@runner)".to_owned(), "shop_migrate (ci@runner)".to_owned()),
    ] {
        text = text.replace(&from, &to);
    }
    for number in 0..1_000 {
        text = text.replace(&format!("duration ms: {number}\n"), "duration ms: 12\n");
    }
    let lines: Vec<_> = realigned(&text).iter().map(|line| line.trim_end().to_owned()).collect();
    let quoted = |arg: &&str| if arg.contains(' ') { format!("\"{arg}\"") } else { (*arg).to_owned() };
    let command = args.iter().map(quoted).collect::<Vec<_>>().join(" ");
    format!("```text\n$ dbtool {command}\n{}\n```", lines.join("\n").trim_end())
}

/// The lines of a text, with the columns of a table of migrations as wide as what now stands in them: names and times were as
/// long as they are on this machine.
fn realigned(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if !lines.first().is_some_and(|line| line.starts_with("version ")) {
        return lines;
    }
    // No cell is empty in the first rows but the last columns, so a cell is told by the gap before it, or by its column.
    let end = lines.iter().position(|line| line.starts_with("dev (mysql://")).unwrap_or(lines.len());
    let cells = |line: &str| -> Vec<String> {
        let parts: Vec<_> =
            line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect();
        match parts.as_slice() {
            // A migration that is not applied has no time, duration and author.
            [version, name, state, reversible] => {
                [version, name, state, "", "", "", reversible].map(ToString::to_string).to_vec()
            }
            [version, name, state, at, _, by, reversible] if !at.starts_with("applied") => {
                [version, name, state, at, "12", by, reversible].map(ToString::to_string).to_vec()
            }
            _ => parts,
        }
    };
    let rows: Vec<_> = lines[..end].iter().map(|line| cells(line)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    for (line, row) in lines.iter_mut().zip(&rows) {
        let padded = row.iter().enumerate().map(|(at, cell)| match at {
            4 => format!("{cell:>width$}", width = width(at)),
            _ => format!("{cell:<width$}", width = width(at)),
        });
        *line = padded.collect::<Vec<_>>().join("  ");
    }
    lines
}

/// Runs a command and shows it.
fn shown(project: &Project, code: i32, args: &[&str]) -> String {
    let run = project.expect(code, args);
    screen(project, args, &run)
}

/// The same, with the number of the server's connection replaced.
fn without_connection(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let number = ["it is connection ", "on connection "].into_iter().find_map(|words| {
            let (head, rest) = line.split_once(words)?;
            Some(format!("{head}{words}4711{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())))
        });
        lines.push(number.unwrap_or_else(|| line.to_owned()));
    }
    lines.join("\n")
}

fn on_mysql(up: &str) -> Option<Project> {
    Some(
        Project::on(Backend::Mysql)?
            .migration("2026-01-05-090000_create_orders", "CREATE TABLE orders (id INT PRIMARY KEY, number INT);", "")
            .migration(VERSION, up, ""),
    )
}

fn screens() -> Option<BTreeMap<&'static str, String>> {
    let up = &["migrate", "up"];
    let mut screens = BTreeMap::new();

    let project = Project::on(Backend::Postgres)?
        .migration("2026-01-05-090000_create_orders", "CREATE TABLE orders (id INT PRIMARY KEY, number INT);", "")
        .migration(VERSION, "ALTER TABLE orders ADD COLUMN note TEXT;\nUPDATE orders SET not = '';\n", "");
    project.ok(&["migrate", "up", "--steps", "1"]);
    screens.insert("rolled-back", shown(&project, 5, up));

    let project = on_mysql(
        "ALTER TABLE orders ADD COLUMN note TEXT;\nALTER TABLE orders ADD INDEX orders_note (nota);\nUPDATE orders SET number = id;\n",
    )?;
    project.ok(&["migrate", "up", "--steps", "1"]);
    screens.insert("mysql-schema", shown(&project, 5, up));
    screens.insert("mysql-schema-status", shown(&project, 0, &["migrate", "status"]));
    let path = format!("migrations/{VERSION}/up.sql");
    project.write(&path, "ALTER TABLE orders ADD COLUMN note VARCHAR(50);\nALTER TABLE orders ADD INDEX orders_note (note);\nUPDATE orders SET number = id;\n");
    let retry = &["migrate", "repair", "--retry", "--reason", "mended"];
    screens.insert("changed", shown(&project, 4, retry));
    project.write(&path, "ALTER TABLE orders ADD COLUMN note TEXT;\nALTER TABLE orders ADD INDEX orders_note (note(50));\nUPDATE orders SET number = id;\n");
    project.ok(retry);
    screens.insert("history", shown(&project, 0, &["migrate", "history", "-o", "vertical"]));

    let project = on_mysql(
        "ALTER TABLE orders ADD COLUMN note TEXT;\nALTER TABLE orders ADD COLUMN total INT;\nUPDATE orders SET total = 0;\nUPDATE archive SET note = '';\n",
    )?;
    project.ok(&["migrate", "up", "--steps", "1"]);
    screens.insert("mysql-rows", shown(&project, 5, up));
    screens.insert("mysql-rows-status", shown(&project, 0, &["migrate", "status"]));

    // More than 1 MiB.
    let filling = format!("INSERT INTO archive VALUES ('{}');\n", "x".repeat(2_000)).repeat(600);
    let project =
        on_mysql(&format!("CREATE TABLE archive (line TEXT);\n{filling}INSERT INTO archiv VALUES ('the last');\n"))?;
    project.expect(5, up);
    screens.insert("long", shown(&project, 0, &["migrate", "status"]));

    let project = on_mysql("ALTER TABLE orders ADD COLUMN note TEXT;\nDO SLEEP(3);\nUPDATE orders SET note = '';\n")?;
    kill_when(
        &project,
        up,
        "SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'DO SLEEP%'",
    );
    let died = project.expect(0, &["migrate", "status"]);
    screens.insert("died", without_connection(&screen(&project, &["migrate", "status"], &died)));
    let args = &["migrate", "repair", "--resume", "--reason", "it was done"];
    let busy = project.expect(7, args);
    screens.insert("still-at-work", without_connection(&screen(&project, args, &busy)));

    let project = Project::on(Backend::Postgres)?
        .migration("2026-01-05-090000_create_orders", "CREATE TABLE orders (id INT PRIMARY KEY, number INT);", "")
        .migration(VERSION, "ALTER TABLE orders ADD COLUMN note TEXT;\nSELECT pg_sleep(60);\n", "");
    project.ok(&["migrate", "up", "--steps", "1"]);
    let child = started(&project, up, &sleeping(&project));
    signal(&child, "INT");
    let run = Run::of(&child.wait_with_output().unwrap());
    screens.insert("stopped", screen(&project, up, &run));

    let project = Project::on(Backend::Postgres)?
        .migration(
            "2026-01-05-090000_create_orders",
            "CREATE TABLE orders (id INT PRIMARY KEY, number INT);\nINSERT INTO orders VALUES (1, 7), (2, 7);",
            "",
        )
        .plain_migration(VERSION, "CREATE UNIQUE INDEX CONCURRENTLY orders_number ON orders (number);\n", "");
    project.ok(&["migrate", "up", "--steps", "1"]);
    screens.insert("concurrently", shown(&project, 5, up));

    let project = Project::on(Backend::Postgres)?.migration(
        "2026-01-05-090000_create_orders",
        "CREATE TABLE orders (id INT PRIMARY KEY, number INT);",
        "",
    );
    project.ok(up);
    let project = project.migration(VERSION, "UPDATE orders SET number = id;\n", "");
    let through = lost_commit::through(&project, lost_commit::Reaches::All)?;
    let run = project.expect(0, &["migrate", "up", "--url", &through]);
    let shown_url = run.stderr.lines().next().unwrap().split(['(', ')']).nth(1).unwrap().to_owned();
    let run = Run { stderr: run.stderr.replace(&shown_url, "postgres://shop_migrate@db/shop"), ..run };
    screens.insert("commit-arrived", screen(&project, up, &run));

    let project = on_mysql(
        "CREATE TEMPORARY TABLE late AS SELECT id FROM orders;\nALTER TABLE orders ADD COLUMN late INT;\nUPDATE order_late SET late = 1 WHERE id IN (SELECT id FROM late);\n",
    )?;
    project.expect(5, up);
    screens.insert("temporary", shown(&project, 9, retry));
    std::fs::remove_dir_all(project.path(&format!("migrations/{VERSION}"))).unwrap();
    screens.insert("directory-gone", shown(&project, 0, &["migrate", "status"]));

    let project = Project::on(Backend::Mysql)?.migration(
        "2026-01-05-090000_create_orders",
        "CREATE TABLE orders (id INT PRIMARY KEY, number INT);\nCREATE TABLE items (id INT);\n",
        "DROP TABLE items;\nDROP TABLE order_lines;\nDROP TABLE orders;\n",
    );
    project.ok(up);
    project.expect(5, &["migrate", "down"]);
    screens.insert("half-reverted", shown(&project, 0, &["migrate", "status"]));
    Some(screens)
}

#[test]
fn the_guide_shows_what_a_person_sees() {
    let Some(screens) = screens() else { return skipped("the screens of docs/recovery.md: they need both servers") };
    let mut text = std::fs::read_to_string(root().join("docs/recovery.in.md")).unwrap();
    for (name, screen) in &screens {
        let slot = format!("{{{{{name}}}}}");
        assert!(text.contains(&slot), "the guide has no place for {name}");
        text = text.replace(&slot, screen);
    }
    assert!(!text.contains("{{"), "a screen is missing");
    let made = "<!-- Made from docs/recovery.in.md and real runs: `UPDATE=1 cargo test` writes it anew. -->\n";
    compare("docs/recovery.md", &format!("{made}{text}"));
}
