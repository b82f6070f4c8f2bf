//! Data commands beside others who hold the rows, and what is told when the end of a command is another than it should be.

use crate::data::stocked;
use crate::support::{Project, on_each_backend};

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
