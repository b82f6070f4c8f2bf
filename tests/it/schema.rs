//! `dbtool schema`: what it shows of a live database, on each backend.

use std::process::Command;

use dbtool::backend::Backend;
use dbtool::db::dialect_of;
use dbtool::sql::split;
use serde_json::{Value, json};

use crate::diagrams::{picture, read_mermaid};
use crate::support::{Project, Run, on_each_backend, on_postgres, root, skipped};

/// The shop that this repository ships, made in the project's database.
fn shop(project: Project) -> Project {
    let directory = root().join("migrations");
    let project = project.variable("DBTOOL_MIGRATE_DIR", directory.to_str().unwrap());
    project.ok(&["migrate", "up"]);
    project
}

/// What does not comply with docs/schema.json.
fn violations(document: &Value) -> Option<String> {
    let mut schemas = boon::Schemas::new();
    let path = root().join("docs/schema.json");
    let index = boon::Compiler::new().compile(path.to_str().unwrap(), &mut schemas).unwrap();
    schemas.validate(document, index).err().map(|error| format!("{error:#}"))
}

/// A screen in which nothing depends on the server: what was measured is made the same.
fn screen(project: &Project, run: &Run) -> String {
    let text = run.normal(project).replace(&project.url, "[url]").replace(project.database(), "[database]");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        for unit in [" KiB", " MiB", " B"] {
            if let Some(end) = line.find(unit) {
                let start = line[..end].rfind(|c: char| !c.is_ascii_digit() && c != '.').map_or(0, |at| at + 1);
                if start < end {
                    line.replace_range(start..end + unit.len(), "[size]");
                }
            }
        }
        if let Some(at) = line.find('~') {
            let digits = line[at + 1..].find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(0);
            line.replace_range(at..=at + digits, "~[rows]");
        }
    }
    lines.join("\n")
}

/// Whether the texts of this server are those of the screens: MySQL writes types and checks otherwise than MariaDB.
fn writes_as_shown(project: &Project) -> bool {
    project.by_backend(true, true, false) || project.query("SELECT VERSION()")[0].contains("MariaDB")
}

#[test]
fn tables_are_listed_with_their_sizes() {
    on_each_backend(|project| {
        let project = shop(project);
        let document = project.json(0, &["schema", "tables"]);
        let tables = document["tables"].as_array().unwrap();
        let names: Vec<_> = tables.iter().map(|table| table["name"].as_str().unwrap()).collect();
        let expected = [
            "audit_events",
            "categories",
            "countries",
            "order_items",
            "orders",
            "product_categories",
            "products",
            "user_profiles",
            "users",
        ];
        assert_eq!(names, expected, "neither dbtool's nor Diesel's");
        let keys: Vec<_> = tables[0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["name", "kind", "rows", "bytes", "columns", "comment"]);
        assert_eq!((&tables[2]["columns"], &tables[2]["kind"]), (&json!(2), &json!("table")));
        let run = project.ok(&["schema", "tables"]);
        run.says(&["dev (", "9 tables"]);
        assert!(run.stdout.starts_with("name ") && !run.stdout.contains("kind"), "{run}");
        assert!(
            project.ok(&["schema", "tables", "-o", "csv"]).stdout.starts_with("name,kind,rows,bytes,columns,comment\n")
        );
    });
}

#[test]
fn an_empty_database_has_no_tables() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE __dbtool_x (a INT)").unwrap();
        assert_eq!(project.json(0, &["schema", "tables"]), json!({ "tables": [] }));
        project.ok(&["schema", "tables"]).says(&["0 tables"]);
    });
}

#[test]
fn a_file_that_is_not_there_is_not_made() {
    let project = Project::sqlite();
    for command in ["tables", "dump", "er"] {
        project.expect(8, &["schema", command]).says(&["connect/unknown-database"]);
    }
    assert!(!project.path("test.db").exists());
}

#[test]
fn views_are_listed_as_what_they_are() {
    on_each_backend(|project| {
        let mut session = project.session();
        session.execute("CREATE TABLE a (b INT)").unwrap();
        session.execute("CREATE VIEW c AS SELECT b FROM a").unwrap();
        let kinds = |table: &Value| format!("{} {}", table["kind"].as_str().unwrap(), table["name"].as_str().unwrap());
        let document = project.json(0, &["schema", "tables"]);
        let kinds: Vec<_> = document["tables"].as_array().unwrap().iter().map(kinds).collect();
        assert_eq!(kinds, ["table a", "view c"]);
        let run = project.ok(&["schema", "tables"]);
        run.says(&["1 table, 1 view"]);
        assert!(run.stdout.lines().next().unwrap().contains("kind"), "{run}");
        let view = project.ok(&["schema", "show", "c"]);
        assert!(view.stdout.starts_with("c  view\n") && view.stdout.contains("\nQuery\n"), "{view}");
    });
}

#[test]
fn the_page_of_a_table() {
    on_each_backend(|project| {
        let project = shop(project);
        let run = project.ok(&["schema", "show", "orders"]);
        if writes_as_shown(&project) {
            insta::assert_snapshot!(format!("show_orders_{}", project.backend), screen(&project, &run));
        }
        let run = project.ok(&["schema", "show", "USERS", "-o", "csv"]);
        assert!(run.stdout.starts_with("name,type,null,default,key,extra,comment\nid,"), "{run}");
        let document = project.json(0, &["schema", "show", "countries"]);
        assert_eq!(document["name"], "countries");
        let referrers = document["referred_to_by"].as_array().unwrap();
        assert_eq!(referrers.len(), 1);
        assert_eq!(
            (&referrers[0]["table"], &referrers[0]["columns"]),
            (&json!("user_profiles"), &json!(["country_code"]))
        );
    });
}

#[test]
fn a_table_that_is_not_there_is_not_found() {
    on_each_backend(|project| {
        let project = shop(project);
        let run = project.expect(10, &["schema", "show", "ordrs"]);
        run.says(&["schema/unknown-table", "did you mean `orders`?", "`dbtool schema tables` lists them"]);
        project.expect(10, &["schema", "er", "--around", "ordrs"]).says(&["did you mean `orders`?"]);
        project.expect(2, &["schema", "er", "--distance", "2"]);
        project.expect(2, &["schema", "tables", "-o", "yaml"]);
        project.expect(2, &["schema", "dump", "-o", "csv"]).says(&["makes no rows"]);
    });
}

#[test]
fn other_schemas_are_named_where_they_must_be() {
    on_postgres(|project| {
        let mut session = project.session();
        for sql in [
            "CREATE TABLE events (id INT PRIMARY KEY)",
            "CREATE SCHEMA audit",
            "CREATE TABLE audit.events (id INT REFERENCES public.events)",
            "CREATE TABLE audit.only_here (id INT)",
            "CREATE SCHEMA other",
            "CREATE TABLE other.twice (id INT)",
            "CREATE TABLE audit.twice (id INT)",
            "CREATE SEQUENCE numbers",
            "CREATE TYPE mood AS ENUM ('sad', 'happy')",
        ] {
            session.execute(sql).unwrap();
        }
        let title = |name: &str| {
            let run = project.ok(&["schema", "show", name]);
            run.stdout.lines().next().unwrap().split(',').next().unwrap().to_owned()
        };
        assert_eq!(title("events"), "events  table");
        assert_eq!(title("public.events"), "events  table");
        assert_eq!(title("audit.events"), "audit.events  table");
        assert_eq!(title("Only_Here"), "audit.only_here  table");
        assert_eq!(title("numbers"), "numbers  sequence");
        assert_eq!(title("mood"), "mood  enum");
        let run = project.expect(2, &["schema", "show", "twice"]);
        run.says(&["schema/ambiguous-table", "`audit.twice`, `other.twice`"]);
        let document = project.json(0, &["schema", "show", "events"]);
        assert_eq!(document["referred_to_by"][0]["table"], "audit.events");
    });
}

/// Applies a dump as a migration in a new, empty database, and gives the dump of that.
fn made_anew(project: &Project, dump: &str) -> (Project, String) {
    let other = Project::on(project.backend).unwrap().migration("1_all", dump, "");
    other.ok(&["migrate", "up"]);
    let again = other.ok(&["schema", "dump"]).stdout;
    (other, again)
}

#[test]
fn a_dump_makes_the_same_schema() {
    on_each_backend(|project| {
        let project = shop(project);
        let dump = project.ok(&["schema", "dump"]).stdout;
        assert!(dump.contains("CREATE TABLE"), "{dump}");
        assert_eq!(project.ok(&["schema", "dump"]).stdout, dump, "two dumps of one schema");
        let (other, again) = made_anew(&project, &dump);
        assert_eq!(again, dump, "on {}", project.backend);
        let (one, two) = (project.json(0, &["schema", "dump"]), other.json(0, &["schema", "dump"]));
        assert_eq!(one["fingerprint"], two["fingerprint"]);
        assert!(dump.contains(one["fingerprint"].as_str().unwrap()));
        if project.backend.is_server() {
            // SQLite keeps the text, which is not the same.
            assert_eq!(project.schema(), other.schema());
        }
    });
}

/// Clients that understand texts in ways of their own.
const ODD_CLIENTS: &[(Backend, &str)] = &[
    (
        Backend::Postgres,
        "SET client_encoding = 'LATIN1'; SET standard_conforming_strings = off; SET intervalstyle = sql_standard; SET datestyle = 'SQL, DMY'; \
         SET timezone = 'Asia/Tokyo'",
    ),
    (Backend::Mysql, "SET NAMES latin1; SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', time_zone = '+09:00'"),
];

#[test]
fn a_dump_means_the_same_to_every_client() {
    on_each_backend(|project| {
        let mut session = project.session();
        for sql in project.by_backend(
            &["CREATE TABLE a (\"größe\" TEXT DEFAULT 'ä\\''b' CHECK (\"größe\" <> 'ü'))"][..],
            &["CREATE TABLE a (\"größe\" text DEFAULT 'ä\\''b' CHECK (\"größe\" <> 'ü'), b interval DEFAULT '-1 day -02:00:00', \
               c timestamptz DEFAULT '2020-02-01 00:00:00+00')"],
            &["CREATE TABLE a (`größe` varchar(20) DEFAULT 'ä\\\\''b' CHECK (`größe` <> 'ü'), c timestamp DEFAULT '2020-02-01 00:00:00')",
              "CREATE PROCEDURE p() SELECT 'ä\\\\'"],
        ) {
            session.execute(sql).unwrap();
        }
        let dump = project.ok(&["schema", "dump"]).stdout;
        let other = Project::on(project.backend).unwrap();
        let mut client = other.session();
        for (_, sql) in ODD_CLIENTS.iter().filter(|(backend, _)| *backend == project.backend) {
            sql.split("; ").for_each(|sql| client.execute(sql).unwrap());
        }
        for statement in split(&dump, dialect_of(project.backend).rules()).unwrap() {
            client.execute(statement.text).unwrap_or_else(|error| panic!("{error}\n{}", statement.text));
        }
        if project.backend == Backend::Mysql {
            // What it had before is what it has now.
            let settings = client.query("SELECT @@sql_mode, @@character_set_client, @@time_zone").unwrap();
            assert_eq!(settings[0].text(0), "ANSI_QUOTES,NO_BACKSLASH_ESCAPES");
            assert_eq!((settings[0].text(1), settings[0].text(2)), ("latin1", "+09:00"));
        }
        assert_eq!(other.ok(&["schema", "dump"]).stdout, dump, "on {}", project.backend);
    });
}

#[test]
fn the_document_of_a_dump_is_what_its_description_says() {
    on_each_backend(|project| {
        let project = shop(project);
        let document = project.json(0, &["schema", "dump"]);
        assert_eq!(violations(&document), None);
        let text = project.ok(&["schema", "dump", "-o", "json"]).stdout;
        let keys = ["\"backend\"", "\"fingerprint\"", "\"tables\"", "\"views\"", "\"not_modelled\"", "\"not_seen\""];
        let places: Vec<_> = keys.iter().map(|key| text.find(key).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
        let mut wrong = document.clone();
        wrong["tables"][0]["surprise"] = json!(true);
        assert!(violations(&wrong).is_some(), "a key that is not described");
        let mut wrong = document;
        wrong["tables"][0].as_object_mut().unwrap().remove("columns");
        assert!(violations(&wrong).is_some(), "a key that is missing");
    });
}

/// A bit of everything that a backend has.
fn rich(project: &Project) -> &'static [&'static str] {
    project.by_backend(
        &[
            "CREATE TABLE parents (a INT, b VARCHAR(10) COLLATE NOCASE, PRIMARY KEY (a, b)) WITHOUT ROWID",
            "CREATE TABLE children (id INTEGER PRIMARY KEY AUTOINCREMENT, pa INT, pb TEXT, price REAL DEFAULT 1.5, \
             twice REAL GENERATED ALWAYS AS (price * 2) STORED, FOREIGN KEY (pa, pb) REFERENCES parents (a, b) \
             ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, CHECK (price > 0), UNIQUE (pa, price))",
            "CREATE UNIQUE INDEX part ON children (lower(pb) DESC) WHERE pa > 0",
            "CREATE VIEW seen AS SELECT id, price FROM children",
            "CREATE TRIGGER made INSTEAD OF INSERT ON seen BEGIN INSERT INTO children (price) VALUES (new.price); END",
            "CREATE VIRTUAL TABLE words USING fts5 (body)",
        ][..],
        &[
            "CREATE SCHEMA audit",
            "CREATE TYPE mood AS ENUM ('sad', 'happy')",
            "CREATE DOMAIN percent AS integer NOT NULL DEFAULT 0 CHECK (VALUE BETWEEN 0 AND 100)",
            "CREATE TYPE pair AS (a integer, b text)",
            "CREATE SEQUENCE numbers START 100 INCREMENT 5 CYCLE",
            "CREATE TABLE parents (a integer, b varchar(10) COLLATE \"C\", PRIMARY KEY (a, b) INCLUDE (c), c interval)",
            "CREATE TABLE children (id bigserial PRIMARY KEY, pa integer, pb varchar(10), feels mood[], share percent, \
             price numeric(10,2) DEFAULT 1.5, twice numeric GENERATED ALWAYS AS (price * 2) STORED, during tstzrange, place inet, \
             CONSTRAINT fk_parent FOREIGN KEY (pa, pb) REFERENCES parents (a, b) MATCH FULL ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, \
             CONSTRAINT never_twice EXCLUDE USING gist (place inet_ops WITH &&) WHERE (pa > 0))",
            "ALTER TABLE children ADD CONSTRAINT positive CHECK (price > 0) NOT VALID",
            "CREATE UNIQUE INDEX part ON children (lower(pb) DESC NULLS LAST) INCLUDE (price) WHERE pa > 0",
            "CREATE TABLE audit.events (at timestamptz NOT NULL, child bigint REFERENCES children, bits bit(3), raw bytea, doc jsonb) PARTITION BY RANGE (at)",
            "CREATE TABLE audit.events_2026 PARTITION OF audit.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
            "CREATE TABLE heirs (note text) INHERITS (parents)",
            "ALTER TABLE children ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY own ON children AS RESTRICTIVE FOR UPDATE TO public USING (pa > 0) WITH CHECK (pa > 1)",
            "CREATE VIEW seen WITH (security_barrier) AS SELECT id, price FROM children WITH CHECK OPTION",
            "CREATE MATERIALIZED VIEW kept AS SELECT id FROM children",
            "CREATE UNIQUE INDEX kept_id ON kept (id)",
            "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.price := 1; RETURN NEW; END $$",
            "CREATE PROCEDURE nothing(INOUT x integer) LANGUAGE sql AS $$ SELECT 1 $$",
            "CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF price ON children FOR EACH ROW WHEN (NEW.price > 5) EXECUTE FUNCTION touch()",
            "COMMENT ON COLUMN children.price IS 'it''s; odd'",
            "CREATE PUBLICATION news FOR TABLE parents",
        ],
        &[
            "CREATE TABLE parents (a INT, b VARCHAR(10) CHARACTER SET latin1, PRIMARY KEY (a, b)) COMMENT = 'it''s; odd'",
            "CREATE TABLE children (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, pa INT, pb VARCHAR(10) CHARACTER SET latin1, \
             feels ENUM('sad', 'ha''ppy') DEFAULT 'sad', some SET('a', 'b'), price DECIMAL(10,2) NOT NULL DEFAULT 1.5 COMMENT 'with tax', \
             twice DECIMAL(11,2) GENERATED ALWAYS AS (price * 2) STORED, born YEAR, bits BIT(3), raw VARBINARY(16), ratio DOUBLE, \
             touched TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, body TEXT, \
             CONSTRAINT fk_parent FOREIGN KEY (pa, pb) REFERENCES parents (a, b) ON DELETE SET NULL ON UPDATE CASCADE, \
             CONSTRAINT positive CHECK (price > 0), UNIQUE KEY uq_price (price, born), KEY prefix (body(10)), FULLTEXT KEY words (body))",
            "CREATE VIEW seen AS SELECT id, price FROM children WHERE price > 1 WITH CHECK OPTION",
            "CREATE TRIGGER touched BEFORE INSERT ON children FOR EACH ROW BEGIN SET NEW.ratio = 1; SET NEW.born = 2026; END",
            "CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC COMMENT 'x' RETURN x * 2",
            "CREATE PROCEDURE nothing(IN x INT, OUT y INT) BEGIN SET y = x; SELECT '$$'; END",
            "CREATE TABLE parts (id INT NOT NULL PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)",
        ],
    )
}

#[test]
fn everything_that_a_backend_has_is_shown_described_and_dumped() {
    on_each_backend(|project| {
        let mut session = project.session();
        for sql in rich(&project) {
            session.execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        let document = project.json(0, &["schema", "dump"]);
        assert_eq!(violations(&document), None, "on {}", project.backend);
        let kinds = ["enums", "domains", "composites", "sequences", "tables", "views", "routines"];
        let mut shown = 0;
        for thing in kinds.iter().flat_map(|kind| document[kind].as_array().unwrap()) {
            let name = thing["name"].as_str().unwrap();
            let name = thing["schema"].as_str().map_or(name.to_owned(), |schema| format!("{schema}.{name}"));
            let run = project.ok(&["schema", "show", &name]);
            assert!(run.stdout.starts_with(&format!("{name}  ")) && run.stderr.is_empty(), "{run}");
            shown += 1;
        }
        assert!(shown >= project.by_backend(4, 14, 6), "{shown}");
        let run = project.ok(&["schema", "show", "children"]);
        if writes_as_shown(&project) {
            insta::assert_snapshot!(format!("show_children_{}", project.backend), screen(&project, &run));
        }
        let (entities, _) = read_mermaid(&project.ok(&["schema", "er"]).stdout);
        assert!(entities.contains("children") && !entities.contains("audit_events_2026"), "{entities:?}");
        picture(&project.ok(&["schema", "er", "--format", "dot"]).stdout);
        let run = project.ok(&["schema", "dump"]);
        assert_eq!(run.stderr.contains("warning: "), !document["not_modelled"].as_array().unwrap().is_empty(), "{run}");
        // What is not modelled is not made, and told in a comment.
        let statements = |dump: &str| -> Vec<String> {
            dump.lines().filter(|line| !line.starts_with("-- ")).map(str::to_owned).collect()
        };
        assert_eq!(statements(&made_anew(&project, &run.stdout).1), statements(&run.stdout), "on {}", project.backend);
    });
}

/// The command line client of the project's backend, about a database; `None`: it is not there, or the server not reached over TCP.
fn client(project: &Project) -> Option<Command> {
    let mut command = Command::new(project.by_backend("sqlite3", "psql", "mariadb"));
    if command.arg("--version").output().is_err() {
        skipped(&format!("whether the client of {} takes a dump: it is not there", project.backend.title()));
        return None;
    }
    let mut command = Command::new(command.get_program());
    match project.backend {
        Backend::Sqlite => command.args(["-bail", project.path("test.db").to_str().unwrap()]),
        Backend::Postgres => command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", &project.url]),
        Backend::Mysql => {
            let address = project.address()?;
            let (host, port) = address.rsplit_once(':').unwrap();
            let login = project.url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).unwrap().0;
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            command.env("MYSQL_PWD", password);
            command.args(["--no-defaults", "-h", host, "-P", port, "-u", user, project.database()])
        }
    };
    Some(command)
}

#[test]
fn the_clients_of_the_databases_take_a_dump() {
    on_each_backend(|project| {
        let mut session = project.session();
        for sql in rich(&project) {
            session.execute(sql).unwrap();
        }
        let dump = project.ok(&["schema", "dump"]).stdout;
        let other = Project::on(project.backend).unwrap();
        let Some(mut client) = client(&other) else { return };
        other.write("dump.sql", &dump);
        let file = std::fs::File::open(other.path("dump.sql")).unwrap();
        let run = Run::of(&client.stdin(file).output().unwrap());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}\n{dump}");
        let names = |project: &Project| project.json(0, &["schema", "tables"])["tables"].clone();
        let names = |project: &Project| {
            names(project).as_array().unwrap().iter().map(|table| table["name"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&other), names(&project));
    });
}

#[test]
fn diagrams_of_a_live_schema_are_well_formed() {
    on_each_backend(|project| {
        let project = shop(project);
        let (entities, references) = read_mermaid(&project.ok(&["schema", "er"]).stdout);
        assert_eq!(entities.len(), 9);
        assert!(references >= 8, "{references}");
        let around = project.ok(&["schema", "er", "--around", "countries"]).stdout;
        assert_eq!(read_mermaid(&around).0.into_iter().collect::<Vec<_>>(), ["countries", "user_profiles"]);
        let farther = project.ok(&["schema", "er", "--around", "countries", "--distance", "2"]).stdout;
        assert!(read_mermaid(&farther).0.contains("users"));
        if let Some(svg) = picture(&project.ok(&["schema", "er", "--format", "dot"]).stdout) {
            assert_eq!(svg.matches("class=\"node\"").count(), 9);
            assert_eq!(svg.matches("class=\"edge\"").count(), references);
        }
        let document = project.json(0, &["schema", "er", "--around", "countries"]);
        assert_eq!((&document["format"], &document["text"]), (&json!("mermaid"), &json!(around)));
    });
}

/// Names that have to be quoted, in a database and not only in a struct.
#[test]
fn odd_names_are_shown_and_dumped() {
    on_each_backend(|project| {
        let quote = project.by_backend('"', '"', '`');
        let named = |name: &str| format!("{quote}{}{quote}", name.replace(quote, &quote.to_string().repeat(2)));
        let odd = ["order", "two words", "it's; -- odd", "日本", "a\"b`c"];
        let mut session = project.session();
        for name in odd {
            let table = named(name);
            session.execute(&format!("CREATE TABLE {table} ({table} INT NOT NULL PRIMARY KEY)")).unwrap();
        }
        let document = project.json(0, &["schema", "tables"]);
        assert_eq!(document["tables"].as_array().unwrap().len(), odd.len());
        for name in odd {
            let run = project.ok(&["schema", "show", name]);
            assert!(run.stdout.starts_with(&format!("{name}  table")), "{run}");
        }
        assert_eq!(read_mermaid(&project.ok(&["schema", "er"]).stdout).0.len(), odd.len());
        picture(&project.ok(&["schema", "er", "--format", "dot"]).stdout);
        let dump = project.ok(&["schema", "dump"]).stdout;
        assert_eq!(made_anew(&project, &dump).1, dump);
    });
}

#[test]
fn terminal_sequences_in_comments_do_nothing() {
    on_postgres(|project| {
        let mut session = project.session();
        session.execute("CREATE TABLE a (b INT)").unwrap();
        session.execute("COMMENT ON TABLE a IS E'x\\x1b[2Jy'").unwrap();
        for args in [&["schema", "tables"][..], &["schema", "show", "a"]] {
            let run = project.ok(args);
            assert!(!run.stdout.contains('\u{1b}') && run.stdout.contains("[2Jy"), "{run}");
        }
    });
}

#[test]
fn the_description_of_the_document_is_itself_a_schema() {
    let text = std::fs::read_to_string(root().join("docs/schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let mut schemas = boon::Schemas::new();
    let draft = boon::Compiler::new().compile("https://json-schema.org/draft/2020-12/schema", &mut schemas).unwrap();
    assert!(schemas.validate(&schema, draft).is_ok());
}
