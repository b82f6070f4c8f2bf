//! A team's own program: dbtool with its entities, built from the example and run.

use std::path::PathBuf;
use std::process::Command;

use dbtool::entities::{Entity, Field, Meaning, Registry, disagreements};

use crate::support::{Project, Run, on_each_backend, root, shop};

/// Builds the example as the tests are built, and gives its program.
fn program() -> PathBuf {
    let profile = PathBuf::from(env!("CARGO_BIN_EXE_dbtool")).parent().unwrap().to_owned();
    let release = if cfg!(debug_assertions) { &[][..] } else { &["--release"] };
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--offline", "--example", "own_models", "--target-dir"])
        .arg(profile.parent().unwrap())
        .args(release)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    profile.join("examples/own_models")
}

#[test]
fn the_example_is_dbtool_with_its_own_entities() {
    let table = |price: &str| {
        format!(
            "CREATE TABLE books (isbn TEXT NOT NULL PRIMARY KEY, title TEXT NOT NULL, price {price} NOT NULL, author_email TEXT) STRICT;"
        )
    };
    let seed = |email: &str| {
        format!(
            "key = 'isbn'\n[[rows]]\nisbn = '9783161484100'\ntitle = 'Diesel'\nprice = 19.99\nauthor_email = '{email}'\n"
        )
    };
    let project = Project::sqlite()
        .migration("2026-01-01-000000_books", &table("INTEGER"), "DROP TABLE books;")
        .file("diesel.toml", "[print_schema]\nfile = \"schema.rs\"\n")
        .file("seeds/base/books.toml", seed("nobody"));
    let program = program();
    let run = |args: &[&str]| {
        let mut command = Command::new(&program);
        let own = project.command(args);
        command.args(args).current_dir(project.path("")).env_clear();
        command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Run::of(&command.output().unwrap())
    };
    assert_eq!(run(&["migrate", "up"]).code, 0);
    // The rules are the model's.
    let refused = run(&["seed"]);
    assert_eq!(refused.code, 2, "{refused}");
    refused.says(&["`books.author_email` is no e-mail address"]);
    project.write("seeds/base/books.toml", seed("a@example.com"));
    let seeded = run(&["seed"]);
    assert_eq!(seeded.code, 0, "{seeded}");
    // Money is what the model says it is; to dbtool itself, the column is a whole number.
    assert_eq!(project.query("SELECT isbn, title, price FROM books"), ["9783161484100|Diesel|1999"]);
    assert_ne!(project.run(&["seed"]).code, 0);
    // The same by `data`: the hook takes the dashes out, and what is sensitive is masked.
    let create = |email: &str| {
        let email = format!("author_email={email}");
        run(&["data", "create", "books", "isbn=978-0-13-110362-7", "title=C", "price=1.1", &email, "-o", "json"])
    };
    assert_eq!(create("nobody").code, 11);
    let made = create("b@example.com");
    assert_eq!(made.code, 0, "{made}");
    let made: serde_json::Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!((made["isbn"].as_str(), made["price"].as_str()), (Some("9780131103627"), Some("1.10")), "{made}");
    assert_ne!(made["author_email"], "b@example.com");

    assert_eq!(run(&["schema", "rust", "--check"]).code, 0);
    let changed = format!("DROP TABLE books;\n{}", table("TEXT"));
    project.add_migration("2026-01-02-000000_text", &changed, "");
    assert_eq!(run(&["migrate", "up"]).code, 0);
    let stale = run(&["schema", "rust", "--check"]);
    assert_eq!(stale.code, 4, "{stale}");
    stale.says(&["models and database differ in 1 place", "books: `price` is TEXT, which keeps no Money"]);
    let told = run(&["schema", "rust", "--check", "-o", "json"]);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["models"].as_array().unwrap().len(), 1, "{told}");
    // The shop's models are not everybody's.
    project.ok(&["schema", "rust", "--check"]);
}

#[test]
fn the_shops_models_are_what_its_tables_are() {
    on_each_backend(|project| {
        let project = shop(project);
        let project = project.file("diesel.toml", "[print_schema]\nfile = \"schema.rs\"\n");
        project.ok(&["schema", "rust"]);
        project.ok(&["schema", "rust", "--check"]);
        project
            .session()
            .execute(project.by_backend(
                "ALTER TABLE countries ADD COLUMN continent TEXT",
                "ALTER TABLE countries ALTER COLUMN name DROP NOT NULL",
                "ALTER TABLE countries MODIFY name VARCHAR(255)",
            ))
            .unwrap();
        project.ok(&["schema", "rust"]);
        let checked = project.run(&["schema", "rust", "--check"]);
        // A column more is none of the model's business.
        assert_eq!(checked.code, project.by_backend(0, 4, 4), "{checked}");
        if project.backend.is_server() {
            checked.says(&["countries: `name` is nullable, and in the model it is not so"]);
        }
    });
}

struct Wrong;

impl Entity for Wrong {
    fn table(&self) -> &'static str {
        "wrong"
    }

    fn singular(&self) -> &'static str {
        "wrong"
    }

    fn fields(&self) -> &'static [Field] {
        const FIELDS: &[Field] = &[Field::new("id", Meaning::Id), Field::new("gone", Meaning::Text)];
        FIELDS
    }
}

#[test]
fn a_table_or_column_that_is_not_there_is_named() {
    let registry = Registry::new(&[&Wrong]);
    let mut catalog = dbtool::catalog::Catalog::empty(dbtool::backend::Backend::Sqlite);
    assert_eq!(disagreements(&registry, &catalog), ["wrong: there is no such table"]);
    let name = dbtool::catalog::Name::of(None, "wrong");
    catalog.tables.push(dbtool::catalog::Table::new(name, dbtool::catalog::TableKind::Table));
    let found = disagreements(&registry, &catalog);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].contains("primary key"), "{found:?}");
    assert!(disagreements(&Registry::reference(), &catalog).is_empty());
}
