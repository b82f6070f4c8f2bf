//! The catalog of SQLite: what is read of a schema, and the statements that make it anew.

use dbtool::backend::Backend;
use dbtool::catalog::{self, Catalog, Column, Identity, Index, Key, Order, Table, TableKind, Type};
use dbtool::config::{Flags, Process, Settings};
use dbtool::db::{Connector, Purpose, Session, dialect_of};

use crate::support::{Project, root};

fn read_from(session: &mut Session) -> Catalog {
    let dialect = dialect_of(Backend::Sqlite);
    let home = session.home(dialect).unwrap();
    catalog::read(session, dialect, &home).unwrap()
}

/// The catalog of a new database with this schema.
fn read(schema: &str) -> Catalog {
    let project = Project::sqlite();
    let mut session = project.session();
    session.execute(schema).unwrap_or_else(|error| panic!("{schema}: {error}"));
    read_from(&mut session)
}

/// The same schema, made anew from its statements.
fn rebuilt(catalog: &Catalog) -> Catalog {
    read(&catalog::ddl(catalog, dialect_of(Backend::Sqlite)).join(";\n"))
}

/// What one table became.
fn table(schema: &str) -> Table {
    let mut catalog = read(schema);
    assert_eq!((catalog.tables.len(), &catalog.not_seen), (1, &Vec::new()), "{schema}");
    catalog.tables.remove(0)
}

fn column<'t>(table: &'t Table, name: &str) -> &'t Column {
    table.column(name).unwrap_or_else(|| panic!("no column {name} in {table:?}"))
}

fn index<'t>(table: &'t Table, name: &str) -> &'t Index {
    table.indexes.iter().find(|index| index.name == name).unwrap()
}

/// `id INTEGER not null, name TEXT`
fn columns(columns: &[Column]) -> String {
    let one = |column: &Column| {
        let null = if column.nullable { "" } else { " not null" };
        format!("{} {}{null}", column.name, column.type_name).replace("  ", " ").trim_end().to_owned()
    };
    columns.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `name (columns) option=value`
fn key(key: &Key) -> String {
    let options: String = key.options.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("{} ({}){options}", key.name.as_deref().unwrap_or("-"), key.columns.join(", "))
}

#[test]
fn the_reference_schema_is_read_right() {
    let project = Project::sqlite().variable("DBTOOL_MIGRATE_DIR", root().join("migrations").to_str().unwrap());
    project.ok(&["migrate", "up"]);
    let catalog = read_from(&mut project.session());
    let tables: Vec<_> = catalog.tables.iter().map(|table| table.name.name.as_str()).collect();
    assert_eq!(
        tables,
        [
            "audit_events",
            "categories",
            "countries",
            "order_items",
            "orders",
            "product_categories",
            "products",
            "user_profiles",
            "users"
        ]
    );
    assert!(catalog.not_seen.is_empty() && catalog.not_modelled.is_empty() && catalog.views.is_empty());
    let users = catalog.table("users").unwrap();
    assert_eq!(users.options.get("strict").map(String::as_str), Some("true"));
    assert_eq!(key(users.primary_key.as_ref().unwrap()), "- (id)");
    assert_eq!(users.uniques.iter().map(key).collect::<Vec<_>>(), ["uq_users_email (email)"]);
    let checks: Vec<_> = users.checks.iter().map(|check| check.name.as_deref().unwrap()).collect();
    assert_eq!(
        checks,
        [
            "ck_users_email",
            "ck_users_id",
            "ck_users_names",
            "ck_users_password_hash",
            "ck_users_role",
            "ck_users_status"
        ]
    );
    assert_eq!(users.checks[5].expression, "status IN ('active', 'suspended')");
    let status = column(users, "status");
    assert_eq!((status.default.as_deref(), status.nullable, &status.neutral), (Some("'active'"), false, &Type::text()));
    assert_eq!(
        column(users, "created_at").default.as_deref(),
        Some("(strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')")
    );
    let trigger = &users.triggers[0];
    assert_eq!((trigger.timing.as_str(), &trigger.events), ("after", &vec!["update".to_owned()]));
    assert_eq!(trigger.condition.as_deref(), Some("NEW.updated_at = OLD.updated_at"));
    assert_eq!(
        trigger.body,
        "UPDATE users SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z' WHERE id = NEW.id;"
    );
    let orders = catalog.table("orders").unwrap();
    let keys: Vec<_> =
        orders.foreign_keys.iter().map(|key| (key.name.as_deref().unwrap(), key.on_delete.as_str())).collect();
    assert_eq!(
        keys,
        [("fk_orders_created_by", "set null"), ("fk_orders_updated_by", "set null"), ("fk_orders_user_id", "restrict")]
    );
    assert_eq!(catalog.referrers(&orders.name).count(), 1);
    assert_eq!(orders.indexes.len(), 5);
    assert_eq!(catalog::diff::diff(&catalog, &rebuilt(&catalog)), []);
    assert_eq!(catalog.fingerprint, rebuilt(&catalog).fingerprint);
}

#[test]
fn columns_are_read_as_they_are() {
    let read = table(
        "CREATE TABLE /* of */ \"all types\" ( -- odd ones
            \"a\"\"b\" UNSIGNED  BIG INT, `key` VARCHAR ( 10 ) COLLATE nocase NOT NULL DEFAULT 'x', [c d] decimal(10, 2) DEFAULT - 5,
            'e' , group_ 'my type', größe double precision NOT NULL ON CONFLICT IGNORE, action BOOLEAN DEFAULT TRUE,
            g INT GENERATED ALWAYS AS (\"a\"\"b\" * 2) STORED, h AS ( [c d]||'x' ), i TEXT CHECK(i<>'') NULL DEFAULT (lower ( 'A' )) /* , j */
        )",
    );
    assert_eq!(read.name.name, "all types");
    assert_eq!(
        columns(&read.columns),
        "a\"b UNSIGNED BIG INT, key VARCHAR(10) not null, c d DECIMAL(10,2), e, group_ MY TYPE, größe DOUBLE PRECISION not null, \
         action BOOLEAN, g INT, h, i TEXT"
    );
    let key = column(&read, "key");
    assert_eq!((key.collation.as_deref(), key.default.as_deref()), (Some("NOCASE"), Some("'x'")));
    assert_eq!(key.neutral, Type::varchar(10));
    assert_eq!(column(&read, "c d").default.as_deref(), Some("-5"));
    assert_eq!(column(&read, "c d").neutral, Type::Decimal { precision: Some(10), scale: Some(2) });
    assert_eq!(column(&read, "e").neutral, Type::Any);
    assert_eq!(column(&read, "größe").options.get("not_null_on_conflict").map(String::as_str), Some("ignore"));
    assert_eq!(column(&read, "action").default.as_deref(), Some("TRUE"));
    let (stored, computed) =
        (column(&read, "g").generated.as_ref().unwrap(), column(&read, "h").generated.as_ref().unwrap());
    assert_eq!((stored.expression.as_str(), stored.stored), ("\"a\"\"b\" * 2", true));
    assert_eq!((computed.expression.as_str(), computed.stored), ("\"c d\" || 'x'", false));
    assert_eq!(column(&read, "i").default.as_deref(), Some("(lower('A'))"));
    assert_eq!(read.checks[0].expression, "i <> ''");
    assert_eq!((&read.primary_key, read.kind), (&None, TableKind::Table));
}

#[test]
fn keys_are_read_as_they_are() {
    let identity = |schema: &str| {
        let read = table(schema);
        let first = &read.columns[0];
        (first.identity, first.nullable, key(read.primary_key.as_ref().unwrap()))
    };
    let plain = |identity, nullable| (identity, nullable, "- (a)".to_owned());
    for (schema, expected) in [
        ("CREATE TABLE t (a INTEGER PRIMARY KEY)", plain(Some(Identity::RowId), false)),
        ("CREATE TABLE t (a integer, PRIMARY KEY (\"a\" ASC))", plain(Some(Identity::RowId), false)),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)", plain(Some(Identity::AutoIncrement), false)),
        ("CREATE TABLE t (a INTEGER, PRIMARY KEY (a AUTOINCREMENT))", plain(Some(Identity::AutoIncrement), false)),
        // Not the number of the row: SQLite has it so for ever.
        ("CREATE TABLE t (a INTEGER PRIMARY KEY DESC)", (None, true, "- (a) descending=a".to_owned())),
        ("CREATE TABLE t (a INT PRIMARY KEY)", plain(None, true)),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY) WITHOUT ROWID", plain(None, false)),
        ("CREATE TABLE t (a TEXT PRIMARY KEY) STRICT", plain(None, false)),
        ("CREATE TABLE t (a INTEGER UNIQUE PRIMARY KEY)", plain(Some(Identity::RowId), false)),
        ("CREATE TABLE t (a TEXT UNIQUE PRIMARY KEY)", plain(None, true)),
        (
            "CREATE TABLE t (a TEXT, b, CONSTRAINT \"the key\" PRIMARY KEY (b COLLATE nocase DESC, a) ON CONFLICT replace)",
            (None, true, "the key (b, a) collation=b NOCASE descending=b on_conflict=replace".to_owned()),
        ),
    ] {
        assert_eq!(identity(schema), expected, "{schema}");
    }
    let read = table(
        "CREATE TABLE t (a CONSTRAINT one UNIQUE ON CONFLICT FAIL, b COLLATE NOCASE, c, d, \
         UNIQUE (b, [c]) CONSTRAINT two UNIQUE (c DESC, b COLLATE BINARY), UNIQUE (B, \"c\"), CONSTRAINT three UNIQUE (d))",
    );
    assert_eq!(
        read.uniques.iter().map(key).collect::<Vec<_>>(),
        ["- (b, c)", "one (a) on_conflict=fail", "three (d)", "two (c, b) collation=b BINARY descending=c"]
    );
    assert!(read.indexes.is_empty());
}

#[test]
fn foreign_keys_are_read_as_they_are() {
    let catalog = read(
        "CREATE TABLE Parents (Id INTEGER PRIMARY KEY, x, y, UNIQUE (x, y));
         CREATE TABLE pairs (a, b, PRIMARY KEY (b, a)) WITHOUT ROWID;
         CREATE TABLE children (
            id INTEGER PRIMARY KEY, up REFERENCES children ON DELETE SET NULL NOT NULL,
            p CONSTRAINT \"to parent\" REFERENCES \"parents\" (id) MATCH FULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
            a, b, lost REFERENCES nowhere NOT DEFERRABLE,
            CONSTRAINT pair FOREIGN KEY (a, b) REFERENCES pairs DEFERRABLE,
            FOREIGN KEY ([a], `b`) REFERENCES PARENTS (\"X\", 'y') ON DELETE NO ACTION ON UPDATE RESTRICT
         );",
    );
    let children = catalog.table("children").unwrap();
    let told: Vec<_> = children
        .foreign_keys
        .iter()
        .map(|key| {
            let deferrable = key.deferrable.as_deref().unwrap_or("-");
            let name = key.name.as_deref().unwrap_or("-");
            let (from, to) = (key.columns.join(", "), key.to_columns.join(", "));
            format!("{name} ({from}) to {} ({to}), {}, {}, {deferrable}", key.to, key.on_delete, key.on_update)
        })
        .collect();
    assert_eq!(
        told,
        [
            "- (a, b) to Parents (x, y), no action, restrict, -",
            "- (lost) to nowhere (), no action, no action, -",
            "- (up) to children (id), set null, no action, -",
            "pair (a, b) to pairs (b, a), no action, no action, immediate",
            "to parent (p) to Parents (Id), no action, cascade, deferred",
        ]
    );
    assert!(!column(children, "up").nullable);
    assert_eq!(catalog.referrers(&catalog.table("Parents").unwrap().name).count(), 2);
    assert_eq!(catalog.table("pairs").unwrap().options.get("without_rowid").map(String::as_str), Some("true"));
}

#[test]
fn indexes_are_read_as_they_are() {
    let read = table(
        "CREATE TABLE t (a TEXT COLLATE NOCASE, b TEXT, \"c d\", CONSTRAINT u UNIQUE (b));
         CREATE INDEX plain ON t (b, a DESC);
         CREATE UNIQUE INDEX IF NOT EXISTS main.[odd one] ON t (\"c d\" /* , */ COLLATE rtrim, a COLLATE BINARY) WHERE [c d]  IS NOT NULL AND b IN('x');
         CREATE INDEX computed ON t (lower( b ) DESC, a, b || \"c d\" COLLATE NOCASE);",
    );
    let told = |name: &str| {
        let index = index(&read, name);
        let part = |part: &dbtool::catalog::IndexPart| {
            let text =
                part.column.clone().or_else(|| part.expression.as_ref().map(|text| format!("= {text}"))).unwrap();
            let order = if part.order == Order::Descending { " desc" } else { "" };
            let options: String = part.options.values().map(|value| format!(" {value}")).collect();
            format!("{text}{order}{options}")
        };
        let parts: Vec<_> = index.parts.iter().map(part).collect();
        (index.unique, parts.join(", "), index.predicate.clone())
    };
    assert_eq!(told("plain"), (false, "b, a desc".to_owned(), None));
    let predicate = "\"c d\" IS NOT NULL AND b IN ('x')".to_owned();
    assert_eq!(told("odd one"), (true, "c d RTRIM, a BINARY".to_owned(), Some(predicate)));
    assert_eq!(told("computed"), (false, "= lower(b) desc, a, = b || \"c d\" COLLATE NOCASE".to_owned(), None));
    assert_eq!(read.indexes.len(), 3);
}

#[test]
fn views_and_triggers_are_read_as_they_are() {
    let catalog = read(
        "CREATE TABLE t (a INTEGER PRIMARY KEY, begin TEXT NOT NULL, c VARCHAR(5));
         CREATE VIEW IF NOT EXISTS v (x, \"y z\") AS -- why
            SELECT a,  c FROM t;
         CREATE VIEW w AS SELECT * FROM v;
         CREATE TRIGGER quiet DELETE ON t BEGIN SELECT 1; END;
         CREATE TRIGGER \"of some\" AFTER UPDATE OF a, \"c\" ON t FOR EACH ROW WHEN (NEW.begin <> 'begin'  OR old.[c]>CASE WHEN 1 THEN 2 END)
         BEGIN
            UPDATE t SET c = CASE WHEN 1 THEN 2 END;
            SELECT ';  END';
         END;
         CREATE TRIGGER on_view INSTEAD OF INSERT ON v BEGIN DELETE FROM t; END;",
    );
    assert!(catalog.not_seen.is_empty());
    let v = catalog.view("v").unwrap();
    assert_eq!((columns(&v.columns).as_str(), v.body.as_str()), ("x INTEGER, y z VARCHAR(5)", "SELECT a,  c FROM t"));
    assert_eq!(columns(&catalog.view("w").unwrap().columns), "x INTEGER, y z VARCHAR(5)");
    let table = catalog.table("t").unwrap();
    let [of_some, quiet] = table.triggers.as_slice() else { panic!("{:?}", table.triggers) };
    assert_eq!(
        (quiet.timing.as_str(), quiet.events.as_slice(), &quiet.condition),
        ("before", &["delete".to_owned()][..], &None)
    );
    assert_eq!((of_some.timing.as_str(), of_some.events.as_slice()), ("after", &["update of a, c".to_owned()][..]));
    assert_eq!(of_some.condition.as_deref(), Some("NEW.begin <> 'begin' OR old.c > CASE WHEN 1 THEN 2 END"));
    assert_eq!(of_some.body, "UPDATE t SET c = CASE WHEN 1 THEN 2 END;\n            SELECT ';  END';");
    assert_eq!((v.triggers[0].timing.as_str(), v.triggers[0].body.as_str()), ("instead of", "DELETE FROM t;"));
}

#[test]
fn a_view_that_no_longer_compiles_is_told() {
    let schema = "CREATE TABLE t (a INT); CREATE TABLE gone (b); CREATE VIEW good AS SELECT a FROM t;
         CREATE VIEW broken AS SELECT b FROM gone; CREATE VIEW after_it AS SELECT a AS z FROM good; DROP TABLE gone;
         CREATE VIRTUAL TABLE words USING fts5 (body);";
    let catalog = read(schema);
    let unseen: Vec<_> = catalog.not_seen.iter().map(|one| format!("{} {}", one.kind, one.name)).collect();
    assert_eq!(unseen, ["columns of the view broken"]);
    let of = |name: &str| columns(&catalog.view(name).unwrap().columns);
    assert_eq!([of("after_it"), of("broken"), of("good")], ["z INT", "", "a INT"]);
    assert_eq!(catalog.view("broken").unwrap().body, "SELECT b FROM gone");
    assert_eq!(columns(&catalog.table("words").unwrap().columns), "body");
    assert_eq!(rebuilt(&catalog).fingerprint, catalog.fingerprint);
}

#[test]
fn a_virtual_table_without_its_module_is_told() {
    let project = Project::sqlite();
    let schema = "CREATE TABLE t (a INT); CREATE VIRTUAL TABLE words USING fts5 (body); PRAGMA writable_schema = ON;
         INSERT INTO sqlite_master VALUES ('table', 'places', 'places', 0, 'CREATE VIRTUAL TABLE places USING \"No Such\" (a, b(1, 2))')";
    project.session().execute(schema).unwrap();
    let catalog = read_from(&mut project.session());
    let unseen: Vec<_> = catalog.not_seen.iter().map(|one| format!("{} {}", one.kind, one.name)).collect();
    assert_eq!(unseen, ["columns of the table places"]);
    let places = catalog.table("places").unwrap();
    assert_eq!((places.options["module"].as_str(), places.options["arguments"].as_str()), ("no such", "a, b(1, 2)"));
    assert_eq!(columns(&catalog.table("words").unwrap().columns), "body");
    assert_eq!(columns(&catalog.table("t").unwrap().columns), "a INT");
}

#[test]
fn virtual_tables_hide_what_they_stand_on() {
    let catalog = read(
        "CREATE TABLE docs_extra (a); CREATE TABLE other_data (a);
         CREATE VIRTUAL TABLE IF NOT EXISTS Docs USING FTS5 (title, body, tokenize = 'porter  ascii' , prefix='2 3');
         CREATE VIRTUAL TABLE old USING fts4; CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);
         INSERT INTO Docs VALUES ('a', 'b'); INSERT INTO boxes VALUES (1, 2, 3);",
    );
    let tables: Vec<_> = catalog.tables.iter().map(|table| (table.name.name.as_str(), table.kind)).collect();
    assert_eq!(
        tables,
        [
            ("Docs", TableKind::Virtual),
            ("boxes", TableKind::Virtual),
            ("docs_extra", TableKind::Table),
            ("old", TableKind::Virtual),
            ("other_data", TableKind::Table)
        ]
    );
    let docs = catalog.table("Docs").unwrap();
    assert_eq!(docs.options["module"], "fts5");
    assert_eq!(docs.options["arguments"], "title, body, tokenize = 'porter  ascii', prefix='2 3'");
    assert_eq!(columns(&docs.columns), "title, body");
    assert_eq!(catalog.fingerprint, rebuilt(&catalog).fingerprint);
}

/// SQLite itself knows which tables are a module's, from 3.37 on.
#[test]
fn the_tables_of_modules_are_those_that_sqlite_names() {
    let project = Project::sqlite();
    let mut session = project.session();
    session
        .execute(
            "CREATE TABLE r_data (a); CREATE VIRTUAL TABLE f USING fts3 (a); CREATE VIRTUAL TABLE g USING fts4 (a);
             CREATE VIRTUAL TABLE h USING fts5 (a); CREATE VIRTUAL TABLE [r x] USING rtree (i, a, b);
             CREATE VIRTUAL TABLE s USING rtree_i32 (i, a, b); CREATE VIRTUAL TABLE c USING fts5 (a, content='');
             CREATE TABLE s_data (a TEXT PRIMARY KEY) WITHOUT ROWID, STRICT; INSERT INTO g VALUES ('x'); INSERT INTO g(g) VALUES ('optimize')",
        )
        .unwrap();
    let known = session
        .query(
            "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' AND name NOT LIKE 'sqlite%' ORDER BY name",
        )
        .unwrap();
    let known: Vec<_> = known.iter().map(|row| (row.text(0).to_owned(), row.flag(1), row.flag(2))).collect();
    let read: Vec<_> = read_from(&mut session)
        .tables
        .iter()
        .map(|table| {
            let is = |option| table.options.contains_key(option);
            (table.name.name.clone(), is("without_rowid"), is("strict"))
        })
        .collect();
    assert_eq!(read, known);
}

#[test]
fn a_changed_table_is_as_one_that_was_made_so() {
    let changed = read(
        "CREATE TABLE old (a INTEGER PRIMARY KEY, b TEXT NOT NULL CHECK (b <> ''), c, gone, CHECK (b > c)); CREATE TABLE other (o REFERENCES old (a));
         CREATE INDEX i ON old (b) WHERE c > 1; CREATE TRIGGER tr AFTER INSERT ON old WHEN NEW.b = 1 BEGIN SELECT 1; END;
         CREATE VIEW v AS SELECT 1;
         ALTER TABLE old RENAME TO new; ALTER TABLE new RENAME COLUMN b TO \"bb\"; ALTER TABLE new DROP COLUMN gone;
         ALTER TABLE new ADD COLUMN d VARCHAR(3) DEFAULT 'x' /* late */ REFERENCES new CONSTRAINT late CHECK (d<>'y');",
    );
    let made = read(
        "create table new(a integer not null on conflict abort primary key,bb text not null,c,d varchar( 3 )default('x')references new(a),
           check(bb<>''),constraint late check(d <> 'y') check (  (bb > c) ) );
         create table other(o references [new]);
         create index i on new(bb) where(c>1);
         create trigger tr after insert on new for each row when NEW.bb = 1 begin SELECT 1; end;
         create view v as SELECT 1;",
    );
    // The number of a row is never null, whether that is said or not.
    assert_eq!(catalog::diff::diff(&changed, &made), []);
    assert_eq!(changed.fingerprint, made.fingerprint);
    let selected =
        read("CREATE TABLE t (a INT, b TEXT); CREATE TABLE s AS SELECT a AS \"x y\", b || 'z' AS c, b FROM t");
    assert_eq!(columns(&selected.table("s").unwrap().columns), "x y INT, c, b TEXT");
    assert_eq!(selected.not_seen, []);
}

#[test]
fn what_is_ours_or_sqlites_is_left_out() {
    let catalog = read(
        "CREATE TABLE __diesel_schema_migrations (version TEXT PRIMARY KEY, run_on TEXT); CREATE TABLE __DBTOOL_x (a, b);
         CREATE INDEX on_ours ON __DBTOOL_x (b); CREATE TRIGGER of_ours AFTER INSERT ON __dbtool_x BEGIN SELECT 1; END;
         CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b); CREATE INDEX i ON t (b); INSERT INTO t (b) VALUES (1), (2), (3); ANALYZE;
         CREATE TEMP TABLE t (other); CREATE TEMP VIEW tv AS SELECT 1; CREATE TEMP TRIGGER tt AFTER INSERT ON main.t BEGIN SELECT 1; END;
         ATTACH ':memory:' AS beside; CREATE TABLE beside.u (a);",
    );
    assert_eq!(catalog.tables.len(), 1);
    let table = catalog.table("t").unwrap();
    assert_eq!(
        (columns(&table.columns).as_str(), table.rows, table.triggers.len()),
        ("a INTEGER not null, b", Some(3), 0)
    );
    assert!(catalog.not_seen.is_empty() && catalog.not_modelled.is_empty() && catalog.views.is_empty());
}

#[test]
fn a_transaction_that_is_open_stays_open() {
    let project = Project::sqlite();
    let mut session = project.session();
    session.execute("CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1); CREATE TABLE u (a)").unwrap();
    assert_eq!(read_from(&mut session).tables.len(), 2);
    session.execute("ROLLBACK").unwrap();
    assert_eq!(read_from(&mut session).tables.len(), 1);
    assert!(project.query("SELECT * FROM t").is_empty());
    // Nothing is left open: BEGIN is taken.
    session.execute("BEGIN IMMEDIATE; ROLLBACK").unwrap();
}

/// What a session was asked.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A session that logs every statement.
fn logged_session(project: &Project) -> Session {
    let flags = Flags { url: Some(project.url.clone()), ..Flags::default() };
    let variables = [("DBTOOL_LOG_SQL".to_owned(), "all".to_owned())].into();
    let process = Process { directory: std::env::temp_dir(), variables, ..Process::default() };
    Connector::new(&Settings::read(process, flags).unwrap()).unwrap().open(Purpose::Write).unwrap()
}

#[test]
fn the_number_of_questions_does_not_grow() {
    let questions = |tables: usize| {
        let project = Project::sqlite();
        let mut session = logged_session(&project);
        for n in 0..tables {
            let schema = format!(
                "CREATE TABLE t{n} (a INTEGER PRIMARY KEY, b REFERENCES t{n} (a), c UNIQUE); CREATE INDEX i{n} ON t{n} (b);
                 CREATE INDEX d{n} ON t{n} (c DESC);
                 CREATE VIEW v{n} AS SELECT * FROM t{n}; CREATE VIRTUAL TABLE f{n} USING fts5 (a);
                 CREATE TRIGGER tr{n} AFTER INSERT ON t{n} BEGIN SELECT 1; END"
            );
            session.execute(&schema).unwrap();
        }
        session.execute("ANALYZE").unwrap();
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        let read = tracing::subscriber::with_default(subscriber, || read_from(&mut session));
        assert_eq!((read.tables.len(), read.views.len()), (2 * tables, tables));
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("SELECT") && line.contains("main")).count()
    };
    let (few, many) = (questions(1), questions(40));
    assert_eq!(few, 5);
    assert_eq!(many, few);
}

/// From some number of tables on, the pragmas are asked of all.
#[test]
fn indexes_that_the_texts_do_not_tell_are_read_of_many_tables() {
    let schema: String = (0..600)
        .map(|n| {
            format!("CREATE TABLE t{n} (a, \"b'c\"); CREATE INDEX i{n} ON t{n} (\"b'c\" DESC, a COLLATE NOCASE); ")
        })
        .collect();
    let catalog = read(&format!("{schema} CREATE TABLE \"it's\" (a); CREATE INDEX i ON \"it's\" (a DESC)"));
    assert_eq!((catalog.tables.len(), catalog.not_seen.len()), (601, 0));
    for table in &catalog.tables {
        let parts = &table.indexes[0].parts;
        assert_eq!((table.indexes.len(), parts[0].order), (1, Order::Descending));
        assert!(parts.iter().skip(1).all(|part| part.options["collation"] == "NOCASE"));
    }
}

/// With its contents elsewhere, fts5 has no such table of its own.
#[test]
fn a_table_that_fts5_reads_from_is_the_users() {
    let project = Project::sqlite();
    let mut session = project.session();
    session.execute("CREATE TABLE docs_content (id INTEGER PRIMARY KEY, body TEXT)").unwrap();
    session
        .execute("CREATE VIRTUAL TABLE docs USING fts5 (body, content = 'docs_content', content_rowid = 'id')")
        .unwrap();
    session.execute("CREATE VIRTUAL TABLE own USING fts5 (body)").unwrap();
    let catalog = read_from(&mut session);
    let names: Vec<_> = catalog.tables.iter().map(|table| table.name.name.as_str()).collect();
    assert_eq!(names, ["docs", "docs_content", "own"]);
}

/// SQLite begins with the trigger that was made last.
#[test]
fn triggers_come_in_the_order_that_they_had() {
    let trigger =
        |name: &str, when: &str| format!("CREATE TRIGGER {name} {when} BEGIN INSERT INTO log VALUES ('{name}'); END;");
    let insert = |name: &str| trigger(name, "AFTER INSERT ON t");
    let tables = "CREATE TABLE t (a, b); CREATE TABLE log (x);";
    let others = trigger("first", "BEFORE INSERT ON t")
        + &trigger("v", "AFTER UPDATE OF a ON t")
        + &trigger("u", "AFTER UPDATE ON t");
    let made = |order: &[&str]| {
        read(&format!("{tables}{others}{}", order.iter().map(|name| insert(name)).collect::<String>()))
    };
    let fires = |schema: &str| {
        let project = Project::sqlite();
        let mut session = project.session();
        session.execute(&format!("{schema}; INSERT INTO t VALUES (1, 1); UPDATE t SET a = 2")).unwrap();
        session
            .query("SELECT x FROM log ORDER BY rowid")
            .unwrap()
            .iter()
            .map(|row| row.text(0).to_owned())
            .collect::<Vec<_>>()
    };
    let one = made(&["b", "a", "c"]);
    let ddl = catalog::ddl(&one, dialect_of(Backend::Sqlite)).join(";\n");
    assert_eq!(fires(&ddl), ["first", "c", "a", "b", "u", "v"]);
    assert_eq!(rebuilt(&one).fingerprint, one.fingerprint);
    assert_ne!(made(&["a", "b", "c"]).fingerprint, one.fingerprint);
    // Where one comes before another kind of them, nobody sees.
    let order = |catalog: &Catalog| {
        catalog.tables[1].triggers.iter().map(|one| one.options.get("order").cloned()).collect::<Vec<_>>()
    };
    let number = |number: &str| Some(number.to_owned());
    assert_eq!(order(&one), [number("2"), number("3"), number("1"), None, number("1"), number("2")]);
    let other = read(&format!("{tables}{}{others}{}", insert("b"), insert("a") + &insert("c")));
    assert_eq!(other.fingerprint, one.fingerprint);
}
