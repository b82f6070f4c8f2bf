//! Files that are made from the code. A stale one fails; `UPDATE=1 cargo test` writes them anew.

use std::fmt::Write as _;

use dbtool::config::{ENVIRONMENT_KEYS, KEYS, Key, VARIABLES, variable_of};
use dbtool::error::Code;
use dbtool::exit_code;

use crate::support::root;

/// Compares a file of the repository with what it should be, or writes it.
pub fn compare(path: &str, expected: &str) {
    let path = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, expected).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let line = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert!(found == expected, "{} is stale: run `UPDATE=1 cargo test`; first {line:?}", path.display());
}

const MADE: &str = "<!-- Made from the code: `UPDATE=1 cargo test` writes it anew. -->\n";

#[test]
fn exit_codes() {
    let mut text = format!(
        "# Exit codes and errors\n\n{MADE}\nIf several of 3, 4 and 5 apply, the highest is returned.\n\n| code | meaning |\n|---|---|\n"
    );
    for (code, meaning) in exit_code::ALL {
        writeln!(text, "| {} | {meaning} |", code.number()).unwrap();
    }
    text.push_str("\n## Errors\n\nThe name stands in brackets behind `error`, and as `code` (a wrong command line is a plain `error:` on a terminal) in `--output json`. It is stable.\n\n| name | exit code | when |\n|---|---|---|\n");
    for code in Code::ALL {
        writeln!(text, "| `{}` | {} | {} |", code.name(), code.exit_code().number(), code.about()).unwrap();
    }
    compare("docs/exit-codes.md", &text);
}

#[test]
fn configuration() {
    let introduction = std::fs::read_to_string(root().join("docs/configuration.in.md")).unwrap();
    let row = |text: &mut String, key: &Key, variable: bool| {
        let default = match key.default {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let variable = if variable { format!("`{}` |", variable_of(key)) } else { String::new() };
        writeln!(text, "| `{}` | {} | {default} | {variable} {} |", key.name, key.kind.expected(), key.about).unwrap();
    };
    let mut text = format!("{MADE}{introduction}\n## Every setting\n");
    let mut section = None;
    for key in KEYS {
        if section != Some(key.section) {
            section = Some(key.section);
            let title = if key.section.is_empty() { "At the top".to_owned() } else { format!("`[{}]`", key.section) };
            writeln!(text, "\n### {title}\n\n| key | value | default | variable | |\n|---|---|---|---|---|").unwrap();
        }
        row(&mut text, key, true);
    }
    text.push_str("\n### `[env.NAME]`\n\n| key | value | default | |\n|---|---|---|---|\n");
    for key in ENVIRONMENT_KEYS {
        row(&mut text, key, false);
    }
    text.push_str("\n## Variables\n\nBeside the variable of each setting:\n\n| variable | |\n|---|---|\n");
    for (name, about) in VARIABLES {
        writeln!(text, "| `{name}` | {about} |").unwrap();
    }
    compare("docs/configuration.md", &text);
}

#[test]
fn command_line() {
    let mut text = format!("# The command line\n\n{MADE}\n");
    let mut command = dbtool::command().term_width(100);
    command.build();
    write_help(&mut text, &command, &[]);
    compare("docs/cli.md", &text);
}

/// The help of a command and of all below it.
fn write_help(text: &mut String, command: &clap::Command, above: &[&str]) {
    let path = [above, &[command.get_name()]].concat();
    let mut shown = command.clone().term_width(100);
    if !above.is_empty() {
        // The global options stand once, at the top.
        let ids: Vec<_> = shown
            .get_arguments()
            .filter(|arg| arg.is_global_set() || arg.get_id() == "help")
            .map(|arg| arg.get_id().clone())
            .collect();
        for id in ids {
            shown = shown.mut_arg(id, |arg| arg.hide(true));
        }
    }
    let help = shown.render_long_help().to_string();
    let help: Vec<_> = help.lines().map(str::trim_end).collect();
    writeln!(text, "## `{}`\n\n```text\n{}\n```\n", path.join(" "), help.join("\n").trim_end()).unwrap();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        write_help(text, sub, &path);
    }
}
