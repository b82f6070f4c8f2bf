//! Data commands beside others who hold the rows, and what is told when the end of a command is another than it should be.

use crate::data::stocked;
use crate::support::{Project, Run, on_each_backend};

/// Holds the rows of a table, or the whole database, while something is done.
fn held(project: &Project, table: &str, test: impl FnOnce()) {
    let mut holder = project.session();
    let lock = project.by_backend("BEGIN IMMEDIATE".into(), hold(table), hold(table));
    holder.execute(&lock).unwrap();
    test();
    holder.execute("ROLLBACK").unwrap();
}

fn hold(table: &str) -> String {
    format!("BEGIN; SELECT * FROM {table} FOR UPDATE")
}

#[test]
fn rows_that_another_holds_end_a_command_as_a_conflict() {
    on_each_backend(|project| {
        let project = stocked(project).variable("DBTOOL_DATA_LOCK_TIMEOUT", "100ms");
        held(&project, "products", || {
            for args in [
                &["data", "update", "products", "LAMP", "name=Lamps"][..],
                &["data", "delete", "products", "CHAIR"],
                &["order", "place", "--user", "alice@example.com", "--item", "LAMP=1"],
            ] {
                let run = project.expect(7, args);
                run.says(&["error[data/conflict]", "another session holds the rows", "run it again"]);
            }
        });
        project.ok(&["data", "update", "products", "LAMP", "name=Lamps"]);
    });
}

#[cfg(unix)]
#[test]
fn what_is_done_is_told_though_the_output_fails() {
    if !std::path::Path::new("/dev/full").exists() {
        return crate::support::skipped("a full stdout: there is no /dev/full");
    }
    let project = stocked(Project::sqlite());
    for (args, words) in [
        (
            &["order", "place", "--user", "alice@example.com", "--item", "LAMP=1"][..],
            "is placed: do not place it again",
        ),
        (&["data", "update", "products", "LAMP", "name=Lamps"], "it is done all the same: 1 row of `products` changed"),
        (&["data", "create", "countries", "code=NL", "name=Netherlands", "-o", "json"], "1 row of `countries` created"),
        (&["data", "delete", "countries", "NL", "-o", "json"], "1 row of `countries` removed"),
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = Run::of(&project.command(args).stdout(full).output().unwrap());
        assert_eq!(run.code, 1, "{run}");
        run.says(&["cannot write to stdout", words]);
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let dry = [args, &["--dry-run"]].concat();
        Run::of(&project.command(&dry).stdout(full).output().unwrap()).says_nothing_of(&["it is done", "is placed"]);
    }
}
