//! `dbtool schema rust`: the file that Diesel's command line writes, and what becomes of it after a run.

use std::fmt::Write as _;

use dbtool::backend::Backend;

use crate::diesel::diesel_cli;
use crate::generated::compare;
use crate::support::{Project, on_each_backend, on_mysql, on_postgres, root};

/// The shop that this repository ships, made in the project's database.
fn shop(project: Project) -> Project {
    let directory = root().join("migrations");
    let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
    project.ok(&["migrate", "up"]);
    project
}

/// What tables can be, as far as Diesel takes them.
const SQLITE: &[&str] = &[
    "CREATE TABLE kinds (id INTEGER PRIMARY KEY, a BOOLEAN, b TINYINT NOT NULL, c SMALLINT, d BIGINT, e INT8, f INT2, g VARCHAR(20), h CLOB, \
     i FLOAT, j DOUBLE PRECISION, k NUMERIC(10, 2), l DECIMAL, m DATETIME, n timestamp, o DATE, p TIME, q BLOB, r VARBINARY(3), s, t MEDIUMINT, u REAL)",
    "CREATE TABLE \"odd names\" (\"a b\" TEXT, \"type\" INTEGER NOT NULL, \"1st\" REAL, odd_names TEXT, größe BLOB, \"say \"\"#1\"\"\" TEXT, \
     is_nullable INT, \"__x\" INT, Id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT)",
    "CREATE TABLE \"table\" (rowid TEXT, n INTEGER)",
    "CREATE TABLE no_key (a TEXT NOT NULL)",
    "CREATE TABLE two_keys (b TEXT, a INT, c TEXT, PRIMARY KEY (a, b))",
    "CREATE TABLE without_row_number (id INTEGER PRIMARY KEY, a TEXT) WITHOUT ROWID",
    "CREATE TABLE computed (id INTEGER NOT NULL PRIMARY KEY, a INT GENERATED ALWAYS AS (id + 1) VIRTUAL, b TEXT AS (id) STORED) STRICT",
    "CREATE TABLE named (code TEXT NOT NULL PRIMARY KEY)",
    "CREATE TABLE __hidden (id INTEGER PRIMARY KEY)",
    "CREATE TABLE sqliteish (id INTEGER PRIMARY KEY)",
    "CREATE TABLE child (id INTEGER PRIMARY KEY, \"type\" TEXT REFERENCES named, tab INTEGER REFERENCES \"table\", kind INTEGER REFERENCES kinds, own INT REFERENCES child, \
     one INT REFERENCES pair (id), odd INTEGER REFERENCES \"odd names\" (Id), a INT, b TEXT, FOREIGN KEY (b, a) REFERENCES two_keys (b, a))",
    "CREATE TABLE pair (id INTEGER PRIMARY KEY, child INT REFERENCES child, u INT UNIQUE)",
    "CREATE TABLE twice (id INTEGER PRIMARY KEY, a INT REFERENCES kinds, b INT REFERENCES kinds, u INT REFERENCES pair (u))",
    "CREATE TABLE a_table_whose_name_is_long_enough_to_take_a_line (id INTEGER PRIMARY KEY)",
    "CREATE VIEW seen AS SELECT 1 AS one",
];

const POSTGRES: &[&str] = &[
    "CREATE SCHEMA audit",
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE TYPE audit.\"Odd Level\" AS ENUM ('low')",
    "CREATE TYPE a_type_with_a_name_that_is_as_long_as_a_name_can_be_on_this_dbms AS ENUM ('x')",
    "CREATE TYPE pair AS (a INT, b TEXT)",
    "CREATE DOMAIN email AS VARCHAR(50) CHECK (VALUE LIKE '%@%')",
    "CREATE DOMAIN amount AS NUMERIC(10, 2) NOT NULL",
    "CREATE DOMAIN tags AS TEXT[]",
    "CREATE TABLE kinds (id BIGSERIAL PRIMARY KEY, a BOOL, b SMALLINT NOT NULL, c INT, d REAL, e DOUBLE PRECISION, f NUMERIC(10, 2), g VARCHAR(20), h CHAR(5), \
     i TEXT, j BYTEA, k DATE, l TIME(3), m TIMESTAMP(3), n TIMESTAMPTZ, o INTERVAL DAY TO SECOND(2), p UUID, q JSON, r JSONB, s INET, t CIDR, u MACADDR, \
     v MACADDR8, w MONEY, x OID, y INT4RANGE, z TSTZRANGE, aa XML, ab TSVECTOR, ac TIMETZ, ad BIT(3), ae BIT VARYING(5), af \"char\", ag NAME, \
     ah INT[], ai TEXT[] NOT NULL, aj VARCHAR(10)[], ak POINT, al PG_LSN, am JSONPATH, an VARCHAR, ao REGCLASS, ap BPCHAR, aq BOX[])",
    "CREATE TABLE made (id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a mood NOT NULL, b mood[], c audit.\"Odd Level\", d email, e amount, f pair, \
     g a_type_with_a_name_that_is_as_long_as_a_name_can_be_on_this_dbms, h tags, i INT GENERATED ALWAYS AS (1 + 1) STORED, j audit.\"Odd Level\"[])",
    "CREATE TABLE \"Odd Names\" (\"a b\" INT, \"type\" INT NOT NULL, \"1st\" INT, \"Odd_Names\" TEXT, \"größe\" INT, \"say \"\"#1\"\"\" INT, \"Id\" INT PRIMARY KEY)",
    "CREATE TABLE two_keys (b TEXT, a INT, PRIMARY KEY (a, b))",
    "CREATE TABLE __hidden (id INT PRIMARY KEY)",
    "CREATE TABLE child (id INT PRIMARY KEY, \"type\" BIGINT REFERENCES kinds, own INT REFERENCES child, odd INT REFERENCES \"Odd Names\", a INT, b TEXT, \
     FOREIGN KEY (b, a) REFERENCES two_keys (b, a))",
    "CREATE TABLE back (id INT PRIMARY KEY REFERENCES child, u INT UNIQUE)",
    "ALTER TABLE child ADD COLUMN back INT REFERENCES back",
    "CREATE TABLE twice (id INT PRIMARY KEY, a BIGINT REFERENCES kinds, b BIGINT REFERENCES kinds, u INT REFERENCES back (u))",
    "CREATE TABLE parts (id INT, at DATE, child INT REFERENCES child, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
    "CREATE TABLE parts_one PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    "CREATE TABLE lots (id INT PRIMARY KEY) PARTITION BY RANGE (id)",
    "CREATE TABLE lots_one PARTITION OF lots FOR VALUES FROM (1) TO (9) PARTITION BY RANGE (id)",
    "CREATE TABLE lots_two PARTITION OF lots_one FOR VALUES FROM (2) TO (3)",
    "CREATE TABLE of_lots (id INT PRIMARY KEY, lot INT REFERENCES lots)",
    "CREATE TABLE heir (PRIMARY KEY (id)) INHERITS (of_lots)",
    "CREATE TABLE audit.events (id INT PRIMARY KEY, child INT REFERENCES public.child, mood mood, level audit.\"Odd Level\")",
    "CREATE TABLE audit.details (id INT PRIMARY KEY, event INT REFERENCES audit.events)",
    "COMMENT ON TABLE made IS E'What people made.\\n\\n  In two parts.'",
    "COMMENT ON COLUMN made.a IS 'How it felt'",
    "CREATE VIEW seen AS SELECT 1 AS one",
];

const MYSQL: &[&str] = &[
    "CREATE TABLE kinds (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, a TINYINT(1), b TINYINT NOT NULL, c SMALLINT UNSIGNED, d MEDIUMINT, e INT, f INT UNSIGNED, \
     g FLOAT, h DOUBLE, i DECIMAL(10, 2), j DECIMAL(8, 3) UNSIGNED, k CHAR(5), l VARCHAR(20), m TINYTEXT, n TEXT, o MEDIUMTEXT, p LONGTEXT, q BINARY(16), \
     r VARBINARY(3), s TINYBLOB, t BLOB, u LONGBLOB, v DATE, w TIME(3), x DATETIME(6), y TIMESTAMP NULL, z YEAR, aa BIT(8), ab JSON, ac ENUM('a', 'long', 'it''s'), \
     ad SET('a', 'bc') NOT NULL, ae POINT, af TINYINT UNSIGNED)",
    "CREATE TABLE `odd names` (`a b` INT, `type` INT NOT NULL, `1st` INT, odd_names TEXT, `größe` INT, `say \"#1\"` INT, Zed INT, Id INT PRIMARY KEY)",
    "CREATE TABLE two_keys (b VARCHAR(10), a INT, PRIMARY KEY (a, b))",
    "CREATE TABLE __hidden (id INT PRIMARY KEY)",
    "CREATE TABLE child (id INT PRIMARY KEY COMMENT 'Its number', `type` BIGINT UNSIGNED, own INT, odd INT, a INT, b VARCHAR(10), state ENUM('on', 'off'), \
     FOREIGN KEY (`type`) REFERENCES kinds (id), FOREIGN KEY (own) REFERENCES child (id), FOREIGN KEY (odd) REFERENCES `odd names` (Id), \
     FOREIGN KEY (a, b) REFERENCES two_keys (a, b)) COMMENT 'A child'",
    "CREATE TABLE back (id INT PRIMARY KEY, u INT UNIQUE, FOREIGN KEY (id) REFERENCES child (id))",
    "CREATE TABLE twice (id INT PRIMARY KEY, a BIGINT UNSIGNED, b BIGINT UNSIGNED, u INT, \
     FOREIGN KEY (a) REFERENCES kinds (id), FOREIGN KEY (b) REFERENCES kinds (id), FOREIGN KEY (u) REFERENCES back (u))",
    "CREATE VIEW seen AS SELECT 1 AS one",
];

fn odd(project: Project) -> Project {
    project.ok(&["db", "create"]);
    let mut session = project.session();
    for sql in project.by_backend(SQLITE, POSTGRES, MYSQL) {
        session.execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    project
}

/// What may stand in `[print_schema]`.
fn settings(backend: Backend) -> Vec<&'static str> {
    let all = [
        "",
        "with_docs = true",
        "with_docs = \"only-database-comments\"",
        "column_sorting = \"name\"",
        "filter = { only_tables = [\"^c\", \"kinds\", \"(?i)odd\"] }",
        "filter = { except_tables = [\"^c\", \"table$\"] }",
        "filter = { only_tables = [\"nothing\"] }",
        "filter = { only_tables = [\"^.{1,9}$\"] }",
        "allow_tables_to_appear_in_same_query_config = \"fk_related_tables\"",
        "allow_tables_to_appear_in_same_query_config = \"none\"",
        "import_types = [\"diesel::sql_types::*\", \"crate::types::*\"]",
        "generate_missing_sql_type_definitions = false",
        "except_custom_type_definitions = [\"^M\", \"Enum\"]",
        "custom_type_derives = [\"diesel::query_builder::QueryId\", \"Clone\"]",
        "custom_type_derives = [\"diesel::query_builder::QueryId\", \"Clone\", \"std::fmt::Debug\"]",
        "custom_type_derives = [\"diesel::query_builder::QueryId\", \"Clone\", \"std::fmt::Debug\", \"std::hash::Hash\", \"Copy\"]",
        "import_types = [\"crate::a\"]\nwith_docs = true\n[print_schema.default]\n[print_schema.other]\nfilter = { only_tables = [\"child\"] }",
    ];
    let own: &[&str] = match backend {
        Backend::Sqlite => &["sqlite_integer_primary_key_is_bigint = true"],
        Backend::Postgres => &[
            "schema = \"audit\"",
            "schema = \"audit\"\nwith_docs = true\ncustom_type_derives = [\"diesel::query_builder::QueryId\", \"Clone\"]",
            "schema = \"audit\"\nfilter = { only_tables = [\"nothing\"] }",
            "schema = \"public\"",
            "pg_domains_as_custom_types = [\"mail$\", \"tags\"]",
        ],
        Backend::Mysql => &[],
    };
    all.iter().chain(own).copied().collect()
}

/// Asserts that Diesel's command line and dbtool write the same, for each of the settings.
fn same_as_diesel(project: &Project, settings: &[&str]) {
    let mut wrong = String::new();
    for settings in settings {
        project.write("diesel.toml", format!("[print_schema]\n{settings}\n"));
        let Some(theirs) = diesel_cli(project, &["print-schema"]) else { return };
        assert_eq!(theirs.code, 0, "{settings}\n{theirs}");
        let ours = project.ok(&["schema", "rust"]);
        if ours.stdout != theirs.stdout {
            let diff = similar::TextDiff::from_lines(&theirs.stdout, &ours.stdout);
            writeln!(wrong, "{}: `{settings}`\n{}", project.backend, diff.unified_diff().header("Diesel", "dbtool"))
                .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_shop_is_as_diesel_writes_it() {
    on_each_backend(|project| same_as_diesel(&shop(project), &["", "with_docs = true"]));
}

/// So that something is known where Diesel's command line is not installed.
#[test]
fn odd_tables_are_as_they_were() {
    on_each_backend(|project| {
        let project = odd(project).file("diesel.toml", "[print_schema]\nwith_docs = \"only-database-comments\"\n");
        let text = project.ok(&["schema", "rust"]).stdout;
        // MariaDB's JSON is a text.
        let text = project.by_backend(text.clone(), text.clone(), text.replace("Nullable<Json>", "Nullable<Longtext>"));
        insta::assert_snapshot!(format!("odd_tables_{}", project.backend), text);
    });
}

#[test]
fn odd_tables_are_as_diesel_writes_them() {
    on_each_backend(|project| {
        let settings = settings(project.backend);
        same_as_diesel(&odd(project), &settings);
    });
}

/// With the home in which rustfmt finds itself.
fn with_rustfmt(project: Project) -> Project {
    let of_user = ["HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    let given = of_user.iter().filter_map(|name| Some((name, std::env::var(name).ok()?)));
    given.fold(project, |project, (name, value)| project.variable(name, &value))
}

#[test]
fn a_layout_of_the_projects_own_is_kept() {
    let project = with_rustfmt(odd(Project::sqlite()))
        .file("rustfmt.toml", "tab_spaces = 2\nmax_width = 200\nuse_small_heuristics = \"Max\"\n");
    same_as_diesel(&project, &["", "with_docs = true"]);
    let project = project.file("diesel.toml", "[print_schema]\nfile = \"src/schema.rs\"\n");
    project.ok(&["schema", "rust"]);
    let written = std::fs::read_to_string(project.path("src/schema.rs")).unwrap();
    project.write("src/schema.rs", written.replace("  ", "\t").replace("\n\n", "\n"));
    project.ok(&["schema", "rust", "--check"]);
    project.ok(&["schema", "rust"]).says(&["unchanged  src/schema.rs"]);
}

#[test]
fn the_reference_file_is_made_from_every_backend() {
    on_each_backend(|project| {
        let settings = std::fs::read_to_string(root().join("dbtool.toml")).unwrap();
        let project = project.file("dbtool.toml", settings);
        let project = with_rustfmt(shop(project))
            .file("rustfmt.toml", std::fs::read_to_string(root().join("rustfmt.toml")).unwrap());
        let run = project.ok(&["schema", "rust"]);
        assert_eq!(run.stderr, "", "{run}");
        compare("src/schema.rs", &run.stdout);
    });
}

#[test]
fn the_reference_tables_are_read_with_the_reference_types() {
    use dbtool::schema::{products, users};
    use diesel::prelude::*;
    let project = shop(Project::sqlite());
    project.session().execute("INSERT INTO products (sku, name, price) VALUES ('a', 'b', 150)").unwrap();
    let mut connection = diesel::SqliteConnection::establish(&project.url).unwrap();
    let prices: Vec<dbtool::db::types::Money> = products::table.select(products::price).load(&mut connection).unwrap();
    assert_eq!(prices, [dbtool::db::types::Money::from_minor(150)]);
    let nobody: i64 = users::table.filter(users::created_by.is_null()).count().get_result(&mut connection).unwrap();
    assert_eq!(nobody, 0);
}

const ONE: &str = "CREATE TABLE one (id INTEGER NOT NULL PRIMARY KEY);";
const TWO: &str = "CREATE TABLE two (id INTEGER NOT NULL PRIMARY KEY, one_id INTEGER NOT NULL REFERENCES one (id));";

/// Two migrations, and a diesel.toml that names a file.
fn kept(project: Project) -> Project {
    let two = project.by_backend(TWO, TWO, "CREATE TABLE two (id INTEGER NOT NULL PRIMARY KEY, one_id INTEGER NOT NULL, FOREIGN KEY (one_id) REFERENCES one (id));");
    project
        .file("diesel.toml", "[print_schema]\nfile = \"src/schema.rs\"\n")
        .migration("1_one", ONE, "DROP TABLE one;")
        .migration("2_two", two, "DROP TABLE two;")
}

fn schema(project: &Project) -> Option<String> {
    std::fs::read_to_string(project.path("src/schema.rs")).ok()
}

#[test]
fn a_run_keeps_the_file_up_with_the_database() {
    on_each_backend(|project| {
        let project = kept(project);
        project.ok(&["migrate", "up", "--dry-run"]);
        assert_eq!(schema(&project), None);
        project.ok(&["migrate", "up", "--steps", "1", "--no-schema"]);
        assert_eq!(schema(&project), None);
        project.ok(&["migrate", "up"]).says(&["written   src/schema.rs", "1 migration applied"]);
        let both = schema(&project).unwrap();
        assert!(both.contains("diesel::joinable!(two -> one (one_id));"), "{both}");
        // Nothing ran, so nothing is looked at.
        project.write("src/schema.rs", "");
        project.ok(&["migrate", "up"]).says_nothing_of(&["schema.rs"]);
        project.ok(&["migrate", "redo", "--yes"]).says(&["written   src/schema.rs"]);
        assert_eq!(schema(&project).unwrap(), both);
        project.ok(&["migrate", "redo", "--yes"]).says_nothing_of(&["schema.rs"]);
        project.ok(&["migrate", "down", "--yes"]).says(&["written   src/schema.rs"]);
        assert!(!schema(&project).unwrap().contains("two"));
        project.ok(&["migrate", "to", "2"]);
        assert_eq!(schema(&project).unwrap(), both);
        project.write("src/schema.rs", "");
        project.ok(&["db", "reset", "--yes", "--no-schema"]);
        project.ok(&["db", "reset", "--yes"]).says(&["written   src/schema.rs"]);
        assert_eq!(schema(&project).unwrap(), both);
    });
}

#[test]
fn a_locked_file_is_not_changed_and_the_migrations_are_in() {
    on_each_backend(|project| {
        let project = kept(project);
        project.ok(&["migrate", "up", "--steps", "1"]);
        let before = schema(&project);
        let run = project.expect(4, &["migrate", "up", "--locked-schema"]);
        run.says(&[
            "error[schema/stale]",
            "`src/schema.rs` is not what the database is",
            "note: the migrations ran, and are in the database",
            "+    two (id) {",
            "`dbtool schema rust` writes it",
        ]);
        assert_eq!(schema(&project), before);
        assert_eq!(project.states(), "1:applied 2:applied");
        // Also when nothing ran.
        project.expect(4, &["migrate", "up", "--locked-schema"]).says_nothing_of(&["the migrations ran"]);
        project.ok(&["schema", "rust"]);
        project.ok(&["migrate", "up", "--locked-schema"]);
        project.expect(2, &["migrate", "up", "--locked-schema", "--no-schema"]);
    });
}

#[test]
fn a_file_that_cannot_be_written_does_not_hide_that_the_migrations_are_in() {
    let project = kept(Project::sqlite()).file("src", "a file where a directory should be");
    let run = project.expect(1, &["migrate", "up"]);
    run.says(&["2 migrations applied", "src", "note: the migrations ran, and are in the database"]);
    assert_eq!(project.states(), "1:applied 2:applied");
}

#[test]
fn what_is_wrong_in_diesel_toml_is_told_before_anything_runs() {
    let project =
        kept(Project::sqlite()).file("diesel.toml", "[print_schema]\nfile = \"a.rs\"\ncolumn_sorting = \"type\"\n");
    project
        .expect(2, &["migrate", "up"])
        .says(&["`column_sorting` in `[print_schema]`", "must be one of `ordinal_position`"]);
    assert_eq!(project.states(), "1:pending 2:pending");
    project.expect(2, &["migrate", "up"]).says(&["`--no-schema` goes on without"]);
    project.ok(&["migrate", "up", "--no-schema"]);
}

#[test]
fn a_database_in_memory_is_no_schema_to_keep() {
    let project = kept(Project::sqlite()).file("src/schema.rs", "as it was");
    project.ok(&["migrate", "up", "--url", "sqlite::memory:"]).says(&["2 migrations applied"]);
    assert_eq!(schema(&project).unwrap(), "as it was");
}

#[test]
fn a_patch_is_diesels() {
    let settings = "[print_schema]\nfile = \"src/schema.rs\"\npatch_file = \"src/schema.patch\"\nunheard_of = true\n";
    let project = kept(Project::sqlite()).file("diesel.toml", settings).file("src/schema.rs", "patched");
    project.ok(&["migrate", "up"]).says(&["has a `patch_file`", "the file is left as it is", "[schema.types]"]);
    assert_eq!(schema(&project).unwrap(), "patched");
    project.expect(2, &["schema", "rust"]).says(&["has a `patch_file`", "[schema.types]"]);
    project.write("diesel.toml", settings.replace("patch_file = \"src/schema.patch\"\n", ""));
    project.ok(&["schema", "rust"]).says(&["`unheard_of` in `[print_schema]`", "has no effect"]);
}

#[test]
fn check_shows_what_is_stale_and_writes_nothing() {
    on_each_backend(|project| {
        let project = kept(project);
        project.ok(&["migrate", "up", "--no-schema"]);
        let run = project.expect(4, &["schema", "rust", "--check"]);
        assert!(run.stdout.starts_with("--- the file\n+++ the database\n"), "{run}");
        run.says(&[
            "error[schema/stale]: `src/schema.rs` is not what the database is",
            "`dbtool schema rust` writes it",
        ]);
        assert_eq!(schema(&project), None);
        project.ok(&["schema", "rust"]).says(&["written    src/schema.rs"]);
        assert_eq!(project.ok(&["schema", "rust", "--check"]).stdout, "");
        // Another type, or another nullability, is a difference.
        let written = schema(&project).unwrap();
        let (from, to) = project.by_backend(("Integer", "BigInt"), ("Int4", "Int8"), ("Integer", "Bigint"));
        for changed in [written.replacen(from, to, 1), written.replacen(from, &format!("Nullable<{from}>"), 1)] {
            project.write("src/schema.rs", changed);
            let document = project.json(4, &["schema", "rust", "--check"]);
            assert_eq!(document["files"][0]["outcome"], "stale");
            assert!(document["files"][0]["difference"].as_str().unwrap().contains(&format!("+        id -> {from},")));
        }
        let document = project.json(0, &["schema", "rust"]);
        assert_eq!(document["files"][0]["outcome"], "written");
        assert_eq!(schema(&project).unwrap(), written);
    });
}

#[test]
fn a_file_is_named_by_flag_or_it_is_stdout() {
    let project = kept(Project::sqlite());
    project.ok(&["migrate", "up"]);
    let text = schema(&project).unwrap();
    assert_eq!(project.ok(&["schema", "rust", "--file", "-"]).stdout, text);
    assert_eq!(project.json(0, &["schema", "rust", "--file", "-"])["files"][0]["text"], text);
    project.ok(&["schema", "rust", "--file", "other.rs"]).says(&["written    other.rs"]);
    assert_eq!(std::fs::read_to_string(project.path("other.rs")).unwrap(), text);
    project.expect(2, &["schema", "rust", "--file", "-", "--check"]).says(&["no file is named that could be checked"]);
    project.write(
        "diesel.toml",
        "[print_schema.a]\nfile = \"a.rs\"\n[print_schema.b]\nfile = \"b.rs\"\nfilter = { only_tables = [\"two\"] }\n",
    );
    project.expect(2, &["schema", "rust", "--file", "c.rs"]).says(&["asks for several", "--section"]);
    project
        .expect(2, &["schema", "rust", "--section", "c"])
        .says(&["no `[print_schema.c]`", "there are: a, b, default"]);
    project.ok(&["schema", "rust", "--section", "b"]);
    assert!(!project.path("a.rs").exists());
    assert!(!std::fs::read_to_string(project.path("b.rs")).unwrap().contains("one (id)"));
    // Diesel's variable for another file.
    let project = project
        .variable("DIESEL_CONFIG_FILE", "other.toml")
        .file("other.toml", "[print_schema]\nfile = \"of_variable.rs\"\n");
    project.ok(&["schema", "rust"]).says(&["of_variable.rs"]);
}

#[test]
fn types_are_named_by_column_and_by_the_servers_type() {
    on_each_backend(|project| {
        let sql = project.by_backend(
            "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, note VARCHAR(9), other TEXT, at TIMESTAMP NOT NULL, odd JSON)",
            "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, note VARCHAR(9), other TEXT, at TIMESTAMPTZ NOT NULL, odd JSON)",
            "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, note VARCHAR(9), other TEXT, at DATETIME(6) NOT NULL, odd JSON)",
        );
        let project = project.migration("1_a", sql, "").file(
            "dbtool.toml",
            "[schema.types]\na.id = \"crate::Id\"\n\"*.id\" = \"crate::Other\"\n\"*.odd\" = \"crate::Json\"\nvarchar = \"crate::Name\"\n\
             TIMESTAMP = \"crate::At\"\ntimestamptz = \"crate::At\"\ndatetime = \"crate::At\"\nb.id = \"Text\"\na.nothing = \"Text\"\n",
        );
        project.ok(&["migrate", "up"]);
        let run = project.ok(&["schema", "rust"]);
        let expected = "// @generated by `dbtool schema rust`, with the types of `[schema.types]` in dbtool.toml.\n\n\
             diesel::table! {\n    a (id) {\n        id -> crate::Id,\n        note -> Nullable<crate::Name>,\n        other -> Nullable<Text>,\n        \
             at -> crate::At,\n        odd -> Nullable<crate::Json>,\n    }\n}\n";
        assert_eq!(run.stdout, expected);
        assert_eq!(run.stderr, "warning: `[schema.types]` names `a.nothing`, a column that is not there\n");
        let project = project.variable("DBTOOL_SCHEMA_TYPES", "*.id = crate::V; * = x; a.at=Y");
        let run = project.run(&["schema", "rust"]);
        if project.backend == Backend::Sqlite {
            assert_eq!(run.code, 2);
            run.says(&[
                "error[schema/unknown-type]: Diesel has no type for `a.odd`, which is `JSON`",
                "[schema.types]",
            ]);
        } else {
            assert!(run.stdout.contains("id -> crate::V") && run.stdout.contains("at -> Y,"), "{run}");
        }
        let project = project.variable("DBTOOL_SCHEMA_TYPES", "nothing");
        project.expect(2, &["schema", "rust"]).says(&["`schema.types` must be a table of texts"]);
    });
}

#[test]
fn a_table_without_a_key_is_left_out_and_told() {
    on_postgres(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT); CREATE TABLE b (id INT PRIMARY KEY);", "");
        project.ok(&["migrate", "up"]);
        let run = project.ok(&["schema", "rust"]);
        run.says(&["warning: left out the table `a`: Diesel needs a primary key"]);
        assert!(run.stdout.contains("b (id)") && !run.stdout.contains("a (id)"), "{run}");
    });
}

#[test]
fn a_schema_that_the_backend_has_not_is_refused() {
    let settings = "[print_schema]\nschema = \"audit\"\n";
    let project = Project::sqlite().migration("1_one", ONE, "");
    project.ok(&["migrate", "up"]);
    project.write("diesel.toml", settings);
    project.expect(2, &["schema", "rust"]).says(&["SQLite has no schemas"]);
    on_mysql(|project| {
        let project = project.file("diesel.toml", settings);
        project.expect(2, &["schema", "rust"]).says(&["the database `audit`, which this connection is not in"]);
        project.write("diesel.toml", format!("[print_schema]\nschema = \"{}\"\n", project.database()));
        project.ok(&["schema", "rust"]);
    });
}

#[test]
fn two_things_of_one_name_are_refused() {
    for (sql, told) in [
        (
            "CREATE TABLE \"a b\" (id INTEGER PRIMARY KEY); CREATE TABLE \"a-b\" (id INTEGER PRIMARY KEY);",
            "the tables `a b` and `a-b` would both be `a_b` in Rust",
        ),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, \"x y\" INT, x_y INT);",
            "the columns `t.x y` and `t.x_y` would both be `x_y` in Rust",
        ),
    ] {
        on_each_backend(|project| {
            let sql = if project.backend == Backend::Mysql { sql.replace('"', "`") } else { sql.to_owned() };
            let project = project.migration("1_one", &sql, "");
            project.ok(&["migrate", "up"]);
            project.expect(2, &["schema", "rust"]).says(&[told, "except_tables"]);
        });
    }
    on_postgres(|project| {
        let sql = "CREATE TYPE mood AS ENUM ('a'); CREATE TYPE \"Mood\" AS ENUM ('b'); CREATE TABLE t (id INT PRIMARY KEY, a mood, b \"Mood\");";
        let project = project.migration("1_one", sql, "");
        project.ok(&["migrate", "up"]);
        project
            .expect(2, &["schema", "rust"])
            .says(&["the types `mood` and `Mood` would both be `Mood` in Rust", "\"t.b\" = \"Text\""]);
        let project = project.variable("DBTOOL_SCHEMA_TYPES", "t.b = Text");
        project.ok(&["schema", "rust"]);
    });
}
