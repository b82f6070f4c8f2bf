//! The guide to seeding: its files are written, its commands are run, and its screens are what they print.

use std::fmt::Write as _;

use dbtool::seed::values::fake;

use crate::generated::compare;
use crate::support::{Project, root};

/// Does what the guide says, and puts what is printed where a command stands.
fn follow(guide: &str, project: &Project) -> String {
    let mut made = String::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else {
            made.push_str(line);
            made.push('\n');
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let text: String = block.iter().map(|line| format!("{line}\n")).collect();
        if let Some(code) = info.strip_prefix("run") {
            let code = code.trim().parse().unwrap_or(0);
            made.push_str("```text\n");
            for command in &block {
                let args: Vec<_> = command.split_whitespace().skip(1).collect();
                if command.starts_with("dbtool init") {
                    // What it writes is a long list.
                    project.ok(&args);
                    writeln!(made, "$ {command}").unwrap();
                    continue;
                }
                let printed = project.expect(code, &args).normal(project).replace("---\n", "").replace("[dir]/", "");
                write!(made, "$ {command}\n{printed}").unwrap();
            }
            made.push_str("```\n");
            continue;
        }
        let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
        if let Some(file) = rest.strip_prefix("file=") {
            project.write(file, &text);
            writeln!(
                made,
                "```{language}\n{}",
                if language == "csv" || language == "sql" { String::new() } else { format!("# {file}") }.trim_end()
            )
            .unwrap();
        } else {
            assert_eq!(info, "sql run", "a block that nothing runs");
            project.session().execute(&text).unwrap();
            writeln!(made, "```{language}").unwrap();
        }
        let made_so_far = made.trim_end_matches('\n').len();
        made.truncate(made_so_far);
        made.push('\n');
        made.push_str(&text);
        made.push_str("```\n");
    }
    made
}

#[test]
fn the_guide_shows_what_a_person_sees() {
    let project = Project::sqlite();
    let guide = std::fs::read_to_string(root().join("docs/seeding.in.md")).unwrap();
    let mut fakes = String::from("| | such as |\n|---|---|\n");
    for (kind, example) in fake::KINDS {
        writeln!(fakes, "| `{kind}` | {example} |").unwrap();
    }
    let text = follow(&guide, &project).replace("{{fakes}}\n", &fakes);
    let made = "<!-- Made from docs/seeding.in.md and real runs: `UPDATE=1 cargo test` writes it anew. -->\n";
    compare("docs/seeding.md", &format!("{made}{text}"));
}
