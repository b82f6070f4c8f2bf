//! What people run into who do not know it yet: they are told what is so, and what to do.

use crate::support::{Project, on_each_backend};

/// What a migration made outlives a down that was not written.
#[test]
fn redo_with_an_unwritten_down_says_what_is_in_the_way() {
    on_each_backend(|project| {
        project.ok(&["migrate", "new", "users"]);
        let made = std::fs::read_dir(project.path("migrations")).unwrap().next().unwrap().unwrap().file_name();
        let label = made.to_str().unwrap();
        project.write(&format!("migrations/{label}/up.sql"), "CREATE TABLE users (id INT);");
        project.ok(&["migrate", "up"]);
        let redo = project.expect(5, &["migrate", "redo"]);
        redo.says(&["down.sql` has not been written yet", "its down.sql does nothing: if it was reverted"]);
        redo.says_nothing_of(&["before it had dbtool"]);
        // What the hint says, done: then it can be written, and redone.
        let (_, rest) = redo.stderr.split_once("`dbtool migrate baseline ").unwrap();
        project.ok(&["migrate", "baseline", rest.split('`').next().unwrap()]);
        project.write(&format!("migrations/{label}/down.sql"), "DROP TABLE users;");
        project.ok(&["migrate", "redo"]);
    });
}

#[test]
fn status_names_the_database_and_what_up_will_refuse() {
    on_each_backend(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT);", "").migration("2_b", " \n", "");
        let url = project.url.split('?').next().unwrap();
        let status = project.ok(&["migrate", "status"]);
        status.says(&[&format!("dev ({url}"), "2 pending", "2_b/up.sql` is empty, so that `up` will refuse it"]);
        status.says_nothing_of(&["1_a/up.sql"]);
        project.expect(2, &["migrate", "up"]).says(&["error[source/empty]"]);
        project.write("migrations/2_b/up.sql", "-- written later");
        project.ok(&["migrate", "status"]).says_nothing_of(&["is empty"]);
    });
    // A path that was misspelt looks like a database with nothing in it.
    let project = Project::sqlite().migration("1_a", "CREATE TABLE a (id INT);", "");
    let missing = format!("warning: `{}` is not there yet", project.url);
    project.ok(&["migrate", "status"]).says(&[&missing, "`dbtool migrate up` makes it"]);
    project.ok(&["migrate", "status", "-o", "json"]).says(&[&missing]);
    assert!(!project.path("test.db").exists());
    project.ok(&["migrate", "up"]);
    project.ok(&["migrate", "status"]).says_nothing_of(&["not there yet"]);
}
