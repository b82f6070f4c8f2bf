//! Data commands beside others who hold the rows, and what is told when the end of a command is another than it should be.

use std::io::Write as _;
use std::process::Stdio;

use dbtool::backend::Backend;

use crate::data::stocked;
use crate::support::{Project, Run, on_each_backend, on_servers};

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

fn piped(project: &Project, args: &[&str], input: &str) -> Run {
    let mut command = project.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Run::of(&child.wait_with_output().unwrap())
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

#[test]
fn an_import_from_stdin_is_tried_again() {
    on_servers(|project| {
        let project = stocked(project).variable("DBTOOL_DATA_LOCK_TIMEOUT", "1s");
        let mut holder = project.session();
        holder.execute(&hold("products")).unwrap();
        std::thread::scope(|scope| {
            let args = ["data", "import", "products", "-", "--format", "csv", "--upsert"];
            let project = &project;
            let importing = scope.spawn(move || piped(project, &args, "sku,name,price\nLAMP,Lamps,21.00\n"));
            std::thread::sleep(std::time::Duration::from_millis(2_500));
            holder.execute("ROLLBACK").unwrap();
            let run = importing.join().unwrap();
            assert_eq!(run.code, 0, "{run}");
        });
        assert_eq!(project.query("SELECT name FROM products WHERE sku = 'LAMP'"), ["Lamps"]);
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

#[test]
fn a_number_beyond_its_type_is_refused_everywhere() {
    on_each_backend(|project| {
        let project = stocked(project);
        for number in ["2147483648", "4294967296", "9223372036854775807"] {
            let given = format!("stock_quantity={number}");
            project.expect(11, &["data", "update", "products", "LAMP", &given]);
        }
        project.ok(&["data", "update", "products", "LAMP", "stock_quantity=2147483647"]);
        project.ok(&["order", "place", "--user", "alice@example.com", "--item", "LAMP=1"]);
    });
}

#[test]
fn no_name_of_a_product_acts_on_a_terminal() {
    on_each_backend(|project| {
        let project = stocked(project);
        project.ok(&["data", "update", "products", "LAMP", "name=La\u{202e}mp\ntwo"]);
        let place = ["order", "place", "--user", "alice@example.com", "--item"];
        let placed = project.ok(&[&place[..], &["LAMP=1"]].concat());
        assert!(placed.stdout.contains("La\\u{202e}mp\\ntwo"), "{placed}");
        let short = project.expect(11, &[&place[..], &["LAMP=99"]].concat());
        short.says(&["(La\\u{202e}mp\\ntwo): 99 wanted"]).says_nothing_of(&["\u{202e}"]);
        project.expect(10, &[&place[..], &["NO\u{202e}\nNE=1"]].concat()).says(&["`NO\\u{202e}\\nNE`"]);
        project.ok(&["audit", "list"]).says_nothing_of(&["\u{202e}"]);
    });
}

#[cfg(unix)]
#[test]
fn a_signal_ends_an_import_and_says_that_nothing_is_in() {
    on_each_backend(|project| {
        let project = stocked(project);
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY)").unwrap();
        for (signal, code, name) in [("INT", 130, "int"), ("TERM", 143, "term"), ("HUP", 129, "hup")] {
            for format in ["table", "json"] {
                let args = ["data", "import", "t", "-", "--format", "csv", "--on-error", "quarantine", "-o", format];
                let mut command = project.command(&args);
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
                let mut child = command.spawn().unwrap();
                let mut input = child.stdin.take().unwrap();
                // Enough to be more than a buffer, with rows that are refused.
                let rows: String = (0..20_000).map(|at| format!("{at}\nwrong\n")).collect();
                input.write_all(format!("id\n{rows}").as_bytes()).unwrap();
                let rejects = project.path("stdin.rejected.csv");
                while !rejects.exists() {
                    std::thread::sleep(std::time::Duration::from_millis(10));
                }
                let killed =
                    std::process::Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
                assert!(killed.unwrap().success());
                let run = Run::of(&child.wait_with_output().unwrap());
                assert_eq!(run.code, code, "{run}");
                run.says(&[&format!("interrupted/{name}"), &format!("stopped by {signal}"), "nothing was imported"]);
                assert!(!rejects.exists(), "{run}");
                drop(input);
            }
        }
        assert_eq!(project.query("SELECT count(*) FROM t"), ["0"]);
    });
}

#[test]
fn a_least_of_what_has_none_is_refused_alike() {
    on_each_backend(|project| {
        let project = stocked(project);
        project.session().execute("CREATE TABLE flags (id integer NOT NULL PRIMARY KEY, yes boolean)").unwrap();
        for (table, column, what) in [("products", "id", "a UUID"), ("flags", "yes", "`true` or `false`")] {
            for function in ["min", "max"] {
                let run = project.expect(2, &["data", "aggregate", table, &format!("--{function}"), column]);
                run.says(&[&format!("`{table}.{column}` is {what}, and has no {function}")]);
            }
        }
    });
}

#[test]
fn a_sum_beyond_what_sqlite_can_hold_names_its_column() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, n bigint)").unwrap();
        project.session().execute("INSERT INTO t VALUES (1, 9223372036854775807), (2, 9223372036854775807)").unwrap();
        let sum = ["data", "aggregate", "t", "--sum", "n", "-o", "json"];
        if project.backend == Backend::Sqlite {
            project.expect(11, &sum).says(&["a sum of `t.n`", "64 bits"]);
        } else {
            project.ok(&sum).says_nothing_of(&["error"]);
            assert!(project.ok(&sum).stdout.contains("18446744073709551614"));
        }
    });
}
