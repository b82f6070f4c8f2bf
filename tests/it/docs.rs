//! The guides: every command in them is run, every file in them is written.

use dbtool::backend::Backend;

use crate::support::{Project, Run, on_each_backend, on_servers, root, server};

/// A fenced block: what stands behind the fence, and its text.
pub fn blocks(markdown: &str) -> Vec<(String, String)> {
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

/// A command's words, as a shell takes them: what stands in single quotes is one, and a redirection is none of a guide's.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for character in line.trim_end().chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            '<' | '>' | '|' | '&' | ';' | '*' if !quoted => panic!("a shell takes `{character}` as its own: {line}"),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    assert!(!quoted, "{line}");
    words
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
    assert!(follow("docs/databases.md") >= 3);
    assert!(follow("docs/diesel-schema.md") >= 7);
}

#[test]
fn the_adoption_guide_works_in_a_diesel_project() {
    on_each_backend(|project| {
        let project = project.migration("2020-01-01-000000_a", "CREATE TABLE a (id INT);", "DROP TABLE a;");
        crate::diesel::run_harness(&project);
        let project = project.migration("2020-01-02-000000_b", "CREATE TABLE b (id INT);", "DROP TABLE b;");
        let text = std::fs::read_to_string(root().join("docs/adoption.md")).unwrap();
        let mut commands = 0;
        for (info, text) in blocks(&text) {
            match info.as_str() {
                "sh" => text.lines().for_each(|line| {
                    project.ok(&line.split_whitespace().skip(1).collect::<Vec<_>>());
                    commands += 1;
                }),
                "sql" => text.lines().for_each(|line| project.session().execute(line).unwrap()),
                _ => {}
            }
        }
        assert_eq!(commands, 4);
        // And back: Diesel goes on.
        let project = project.migration("2020-01-03-000000_c", "CREATE TABLE c (id INT);", "DROP TABLE c;");
        crate::diesel::run_harness(&project);
        assert_eq!(project.states(), "20200101000000:applied 20200102000000:applied 20200103000000:applied");
    });
}

/// The errors in the guide to migrations are what dbtool prints, to the last hint.
#[test]
fn the_errors_of_the_migrations_guide_are_what_is_printed() {
    let guide = std::fs::read_to_string(root().join("docs/migrations.md")).unwrap();
    let shown: Vec<_> = blocks(&guide).into_iter().map(|block| block.1).filter(|it| it.starts_with("error[")).collect();
    let failed = Project::sqlite()
        .migration("2026-01-01-000000-0000_users", "CREATE TABLE users (id INT, mail TEXT);", "")
        .migration(
            "2026-01-02-000000-0000_add_mail",
            "ALTER TABLE users ADD COLUMN seen INT;\nCREATE UNIQUE INDEX users_mail ON user (mail);\n",
            "",
        );
    let half = Project::sqlite().plain_migration(
        "1_fill",
        "CREATE TABLE a (i INT);\nINSERT INTO b VALUES (1);\nINSERT INTO a VALUES (2);",
        "",
    );
    half.expect(5, &["migrate", "up"]);
    let printed = [failed, half].map(|project| {
        let text = project.expect(5, &["migrate", "up"]).normal(&project).replace("[dir]/", "");
        text[text.find("error[").unwrap()..].to_owned()
    });
    let same = |text: &str| {
        let text = text.replace("01a1f89c-11e7-74f6-985a-f2d714e9d012", "[uuid]");
        text.replace("2026-11-20T10:59:00.238Z", "[time]").replace("alice@laptop", "[user]")
    };
    assert_eq!(shown.iter().map(|text| same(text)).collect::<Vec<_>>(), printed);
}

/// The users that the set-up guide makes can do what it says, and no more.
#[test]
fn the_users_of_the_set_up_guide_are_enough() {
    on_servers(|project| {
        let name = project.database().to_owned();
        let guide = std::fs::read_to_string(root().join("docs/databases.md")).unwrap().replace("shop", &name);
        let run = |project: &Project, url: &str, part: &str| {
            for (_, sql) in blocks(&guide).iter().filter(|(info, _)| info.ends_with(&format!("run={part}"))) {
                for statement in sql.split(";\n").filter(|statement| !statement.trim().is_empty()) {
                    project.session_on(url).execute(statement).unwrap();
                }
            }
        };
        let url = project.url.clone();
        let server = server(project.backend).unwrap();
        project.session_on(&server).execute(&format!("DROP DATABASE {name}")).unwrap();
        run(&project, &server, project.backend.name());
        if project.backend == Backend::Mysql
            && project.session_on(&server).query("SELECT @@log_bin").unwrap()[0].flag(0)
        {
            run(&project, &server, "mysql-triggers");
        }
        let login = |user: &str, password: &str| {
            let (head, rest) = url.split_once("://").unwrap();
            let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
            format!("{head}://{name}_{user}:{password}@{rest}")
        };
        let (migrate, app) = (login("migrate", "change-me-1"), login("app", "change-me-2"));
        run(&project, &migrate, &format!("{}-owner", project.backend.name()));
        let directory = root().join("migrations");
        let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
        project.ok(&["migrate", "up", "--url", &migrate]);
        run(&project, &migrate, &format!("{}-after", project.backend.name()));
        let mut session = project.session_on(&app);
        let forged = session.execute("DELETE FROM __diesel_schema_migrations WHERE version = 'none'");
        assert!(
            forged.is_err() || project.backend == Backend::Mysql,
            "the application's user cannot rewrite the record"
        );
        session.execute("INSERT INTO countries (code, name) VALUES ('DE', 'Germany')").unwrap();
        // PostgreSQL 14 lets everybody make tables in `public`.
        let open = project.backend == Backend::Postgres && project.query("SHOW server_version")[0].starts_with("14");
        assert!(open || session.execute("CREATE TABLE mine (id INT)").is_err());
        assert!(session.execute("DROP TABLE countries").is_err());
        project.ok(&["migrate", "status", "--url", &app]);
        project.ok(&["migrate", "down", "--all", "--yes", "--url", &migrate]);
        drop(session);
        let mut session = project.session_on(&server);
        let drops = project.by_backend(
            vec![],
            vec![
                format!("DROP DATABASE {name} WITH (FORCE)"),
                format!("DROP ROLE {name}_migrate"),
                format!("DROP ROLE {name}_app"),
            ],
            vec![format!("DROP USER {name}_migrate"), format!("DROP USER {name}_app")],
        );
        for sql in drops {
            session.execute(&sql).unwrap();
        }
    });
}

#[test]
fn the_guide_to_inspection_works_on_each_backend() {
    on_each_backend(|project| {
        let directory = root().join("migrations");
        let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
        project.ok(&["migrate", "up"]);
        let text = std::fs::read_to_string(root().join("docs/inspection.md")).unwrap();
        let mut commands = 0;
        for line in blocks(&text).iter().filter(|(info, _)| info == "sh").flat_map(|(_, text)| text.lines()) {
            project.ok(&line.split_whitespace().skip(1).collect::<Vec<_>>());
            commands += 1;
        }
        assert_eq!(commands, 7);
    });
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
    assert_eq!(commands, 5);
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
