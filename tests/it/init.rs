//! What a project starts with.

use crate::support::Project;

#[test]
fn the_shop_is_a_working_project() {
    let project = Project::sqlite().without_variable("DATABASE_URL");
    project.ok(&["init", "--template", "shop"]);
    project.ok(&["migrate", "up"]);
    assert!(project.path("dev.db").exists());
    assert_eq!(project.json(0, &["migrate", "status"])["summary"]["applied"], 9);
    for path in ["dbtool.toml", "diesel.toml", "seeds/README.md", "migrations/postgres"] {
        assert!(project.path(path).exists(), "{path}");
    }
}

#[test]
fn an_empty_project_takes_its_first_migration() {
    let project = Project::sqlite().without_variable("DATABASE_URL");
    project.ok(&["init"]);
    project.ok(&["migrate", "status"]).says(&["no migrations yet"]);
    project.ok(&["migrate", "new", "create_users"]);
    project.ok(&["migrate", "up"]);
    // Diesel's own reader takes the file that init wrote.
    assert!(std::fs::read_to_string(project.path("diesel.toml")).unwrap().contains("dir = \"migrations\""));
}

#[test]
fn what_init_writes_takes_the_database_that_is_named() {
    let project = Project::sqlite().variable("DATABASE_URL", "sqlite://mine.db");
    project.ok(&["init", "--template", "shop"]);
    project.ok(&["migrate", "up"]);
    assert!(project.path("mine.db").exists() && !project.path("dev.db").exists());
    // An environment that has its own goes before it, and says so.
    let project = project.file("dbtool.toml", "[env.dev]\nurl = \"sqlite://own.db\"\n");
    project.ok(&["migrate", "status"]).says(&["warning", "`DATABASE_URL` is set, and passed over"]);
}

#[test]
fn what_is_there_is_kept() {
    let project = Project::sqlite().file("dbtool.toml", "# mine\n");
    let made = project.json(0, &["init"]);
    assert_eq!(made["kept"], serde_json::json!(["dbtool.toml"]));
    assert_eq!(std::fs::read_to_string(project.path("dbtool.toml")).unwrap(), "# mine\n");
    // Init works where the settings do not.
    Project::sqlite().file("dbtool.toml", "[broken").ok(&["init"]);
}
