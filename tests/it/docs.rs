//! The guides: every command in them is run, every file in them is written.

use crate::support::{Project, Run, root};

/// A fenced block: what stands behind the fence, and its text.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// Does what a guide says, from top to bottom, in a new directory.
fn follow(guide: &str) -> usize {
    let project = Project::sqlite().without_variable("DATABASE_URL");
    let text = std::fs::read_to_string(root().join(guide)).unwrap();
    let mut commands = 0;
    for (info, text) in blocks(&text) {
        if let Some(file) = info.split("file=").nth(1) {
            project.write(file, text);
        } else if info == "sh" {
            for line in text.lines().filter(|line| line.starts_with("dbtool ")) {
                let args: Vec<_> = line.split_whitespace().skip(1).collect();
                let run: Run = project.run(&args);
                assert_eq!(run.code, 0, "{guide}: {line}\n{run}");
                commands += 1;
            }
        }
    }
    commands
}

#[test]
fn the_guides_work_as_they_stand() {
    assert!(follow("README.md") >= 7);
    assert!(follow("docs/getting-started.md") >= 8);
    assert!(follow("docs/migrations.md") >= 12);
}

#[test]
fn the_ci_guide_works_in_a_project() {
    let project = Project::sqlite().migration("1_a", "CREATE TABLE a (id INT);", "");
    let text = std::fs::read_to_string(root().join("docs/ci.md")).unwrap();
    let mut commands = 0;
    for (_, text) in blocks(&text).iter().filter(|(info, _)| info == "sh") {
        for line in text.lines() {
            let args: Vec<_> = line.split_whitespace().skip(1).collect();
            project.ok(&args);
            commands += 1;
        }
    }
    assert_eq!(commands, 6);
}

#[test]
fn links_lead_somewhere() {
    let mut guides = vec![root().join("README.md"), root().join("CONTRIBUTING.md"), root().join("CHANGELOG.md")];
    guides.extend(std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    for guide in guides {
        let text = std::fs::read_to_string(&guide).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let target = link.split('#').next().unwrap();
            if !target.contains("://") && !target.is_empty() {
                assert!(guide.parent().unwrap().join(target).exists(), "{} links to {link}", guide.display());
            }
        }
    }
}

#[test]
fn the_readme_names_the_commands_that_ci_runs() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let ci = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(readme.contains("cargo run -- migrate up\ncargo test\n"));
    assert!(ci.contains("cargo test"));
}
