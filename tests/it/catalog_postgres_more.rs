//! What is easily overlooked in a PostgreSQL schema: each such thing is another schema, or is told beside it, and comes back.

use dbtool::backend::Backend;
use dbtool::catalog::{self, Catalog, diff};
use dbtool::db::{Session, dialect_of};

use crate::support::{Project, on_postgres};

fn read(session: &mut Session) -> Catalog {
    let dialect = dialect_of(Backend::Postgres);
    let home = session.home(dialect).unwrap();
    catalog::read(session, dialect, &home).unwrap()
}

/// Makes a schema anew in a database of its own, and wants it to be the same.
fn comes_back(catalog: &Catalog) {
    let project = Project::on(Backend::Postgres).unwrap();
    let mut session = project.session();
    let statements = catalog::ddl(catalog, dialect_of(Backend::Postgres));
    for sql in &statements {
        session.execute(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }
    let again = read(&mut session);
    let changes = diff::diff(catalog, &again);
    assert!(!diff::differs(&changes), "{changes:#?}\n{}", statements.join(";\n"));
    assert_eq!(catalog.fingerprint, again.fingerprint);
}

fn version(session: &mut Session) -> i64 {
    session.query("SELECT current_setting('server_version_num')::int / 10000").unwrap()[0].number(0).unwrap()
}

const LITTLE: &str = "CREATE TABLE rooms (id int GENERATED ALWAYS AS IDENTITY CONSTRAINT rooms_pk PRIMARY KEY, during tsrange, name text, \
    CONSTRAINT once EXCLUDE USING gist (during WITH &&)); \
  CREATE TYPE address AS (street text, zip text); \
  CREATE INDEX rooms_index ON rooms (lower(name), (id + 1)); \
  CREATE SEQUENCE numbers; \
  CREATE MATERIALIZED VIEW kept AS SELECT id FROM rooms; \
  CREATE TABLE events (at date, n int) PARTITION BY RANGE (at); \
  CREATE TABLE events_1 PARTITION OF events DEFAULT PARTITION BY LIST (n); \
  CREATE TABLE events_2 PARTITION OF events_1 DEFAULT; \
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
  CREATE TRIGGER touched AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION touch()";

/// Each makes it another schema, and can be made anew.
const LITTLE_CHANGES: &[&str] = &[
    "COMMENT ON CONSTRAINT once ON rooms IS 'never twice'",
    "COMMENT ON INDEX once IS 'how'",
    "COMMENT ON INDEX rooms_pk IS 'of the key'",
    "COMMENT ON SEQUENCE rooms_id_seq IS 'of the identity'",
    "COMMENT ON COLUMN address.street IS 'and number'",
    "ALTER TYPE address ADD ATTRIBUTE city text COLLATE \"C\"",
    "ALTER INDEX rooms_index ALTER COLUMN 2 SET STATISTICS 500",
    "ALTER TABLE rooms CLUSTER ON once",
    "ALTER TABLE ONLY events_1 DISABLE TRIGGER touched",
    "ALTER TABLE events_2 ENABLE ALWAYS TRIGGER touched",
];

#[test]
fn little_things_are_seen_and_come_back() {
    on_postgres(|project| {
        let mut session = project.session();
        session.execute(LITTLE).unwrap();
        let mut before = read(&mut session);
        let unlogged = "CREATE UNLOGGED SEQUENCE more; ALTER SEQUENCE rooms_id_seq SET UNLOGGED";
        let newer = [unlogged].into_iter().filter(|_| version(&mut session) >= 15);
        for sql in LITTLE_CHANGES.iter().copied().chain(newer.collect::<Vec<_>>()) {
            session.execute(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
            let after = read(&mut session);
            let changes = diff::diff(&before, &after);
            assert!(diff::differs(&changes) && before.fingerprint != after.fingerprint, "{sql}");
            let is_comment = sql.starts_with("COMMENT");
            assert!(
                changes.iter().all(|change| (change.weight == diff::Weight::Text) == is_comment),
                "{sql} {changes:#?}"
            );
            before = after;
        }
        assert!(before.not_modelled.is_empty(), "{:?}", before.not_modelled);
        comes_back(&before);

        // A refresh changes rows and no schema, and yet a view without data comes back without.
        session.execute("REFRESH MATERIALIZED VIEW kept WITH NO DATA").unwrap();
        let after = read(&mut session);
        assert_eq!(diff::diff(&before, &after), []);
        assert_eq!(before.fingerprint, after.fingerprint);
        let filled = |catalog: &Catalog| {
            let ddl = catalog::ddl(catalog, dialect_of(Backend::Postgres)).join(";\n");
            ddl.contains("REFRESH MATERIALIZED VIEW")
        };
        assert!(filled(&before) && !filled(&after));
    });
}

/// Each changes what is known of an object that cannot be made anew.
const DEFINITIONS: &[(&str, &str)] = &[
    (
        "CREATE RULE quiet AS ON DELETE TO t DO INSTEAD NOTHING",
        "CREATE OR REPLACE RULE quiet AS ON DELETE TO t DO ALSO NOTHING",
    ),
    ("CREATE TYPE span AS RANGE (subtype = int8)", "DROP TYPE span; CREATE TYPE span AS RANGE (subtype = int4)"),
    (
        "CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int)",
        "CREATE OR REPLACE AGGREGATE total(int) (sfunc = int4mul, stype = int)",
    ),
    ("CREATE STATISTICS pair ON a, b FROM t", "DROP STATISTICS pair; CREATE STATISTICS pair (mcv) ON a, b FROM t"),
    ("CREATE PUBLICATION news", "ALTER PUBLICATION news ADD TABLE t"),
    ("CREATE SCHEMA other; COMMENT ON SCHEMA other IS 'a'", "COMMENT ON SCHEMA other IS 'b'"),
    (
        "CREATE TEXT SEARCH CONFIGURATION search (COPY = simple)",
        "ALTER TEXT SEARCH CONFIGURATION search DROP MAPPING FOR email",
    ),
    ("ALTER TABLE u DISABLE TRIGGER ALL", "ALTER TABLE t DISABLE TRIGGER ALL"),
];

#[test]
fn what_is_not_modelled_is_compared_by_its_definition() {
    on_postgres(|project| {
        let mut session = project.session();
        session.execute("CREATE TABLE t (a int PRIMARY KEY, b int); CREATE TABLE u (a int REFERENCES t)").unwrap();
        for (one, other) in DEFINITIONS {
            let known = read(&mut session);
            session.execute(one).unwrap();
            let before = read(&mut session);
            assert!(before.not_modelled.len() > known.not_modelled.len(), "{one}");
            session.execute(other).unwrap_or_else(|error| panic!("{error}\n{other}"));
            let after = read(&mut session);
            assert!(diff::differs(&diff::diff(&before, &after)) && before.fingerprint != after.fingerprint, "{other}");
            assert_eq!(read(&mut session).fingerprint, after.fingerprint);
        }
    });
}

#[test]
fn grants_are_told_and_are_no_difference() {
    on_postgres(|project| {
        let mut session = project.session();
        let role = format!("reader_{}", project.database());
        session
            .execute(&format!(
                "CREATE ROLE {role}; CREATE TABLE t (a int, b int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SCHEMA s"
            ))
            .unwrap();
        let mut before = read(&mut session);
        assert_eq!(before.grants, []);
        for (sql, told) in [
            ("GRANT SELECT, INSERT ON t TO @ WITH GRANT OPTION", "INSERT with grant option on table t to @"),
            ("GRANT UPDATE (b) ON t TO @", "UPDATE on column t.b to @"),
            ("REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC", "no EXECUTE on function f() to public"),
            ("GRANT USAGE ON SCHEMA s TO @", "USAGE on schema s to @"),
            ("ALTER TABLE t OWNER TO @", "OWNER on table t to @"),
        ] {
            session.execute(&sql.replace('@', &role)).unwrap();
            let after = read(&mut session);
            let changes = diff::diff(&before, &after);
            assert!(changes.iter().any(|change| change.name == told.replace('@', &role)), "{sql} {changes:#?}");
            assert!(changes.iter().all(|change| change.weight == diff::Weight::Grant));
            assert_eq!(after.fingerprint, before.fingerprint);
            before = after;
        }
        session.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
    });
}

#[test]
fn views_in_a_circle_come_back() {
    on_postgres(|project| {
        let mut session = project.session();
        session
            .execute(
                "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (id int PRIMARY KEY, name text COLLATE \"C\", mood mood); \
                 CREATE VIEW a AS SELECT id, name, mood FROM t; \
                 CREATE VIEW b WITH (security_barrier) AS SELECT id, name, mood FROM a; \
                 CREATE OR REPLACE VIEW a AS SELECT id, name, mood FROM b; \
                 CREATE VIEW c AS SELECT * FROM a; \
                 CREATE VIEW own AS SELECT 1 AS x; CREATE OR REPLACE VIEW own AS SELECT x FROM own; \
                 CREATE VIEW called AS SELECT 1::bigint AS n; \
                 CREATE FUNCTION m() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT n FROM called; END; \
                 CREATE OR REPLACE VIEW called AS SELECT m() AS n; \
                 ALTER VIEW a ALTER COLUMN name SET DEFAULT 'x'; COMMENT ON VIEW a IS 'round'",
            )
            .unwrap();
        comes_back(&read(&mut session));
    });
}

#[test]
fn collations_in_indexes_come_back() {
    on_postgres(|project| {
        let mut session = project.session();
        session
            .execute(
                "CREATE TABLE t (a text, b text COLLATE \"C\"); \
                 CREATE INDEX i1 ON t (((a || b) COLLATE \"C\"), ((a COLLATE \"C\") > 'x')); \
                 CREATE INDEX i2 ON t ((lower(a COLLATE \"C\") COLLATE \"default\"), (b || 'x'), b COLLATE \"default\", a); \
                 CREATE INDEX i3 ON t ((lower(a COLLATE \"C\") COLLATE \"POSIX\"), lower(a COLLATE \"C\"))",
            )
            .unwrap();
        comes_back(&read(&mut session));
    });
}

#[test]
fn indexes_of_a_partitioned_table_alone_and_columns_of_kept_views_come_back() {
    on_postgres(|project| {
        let mut session = project.session();
        for sql in [
            "CREATE TABLE events (at date, n int, t text) PARTITION BY RANGE (at)",
            "CREATE TABLE events_1 PARTITION OF events DEFAULT",
            "CREATE INDEX alone ON ONLY events (n)",
            "CREATE MATERIALIZED VIEW kept AS SELECT n, t FROM events",
            "ALTER MATERIALIZED VIEW kept ALTER COLUMN n SET STATISTICS 321",
            "ALTER MATERIALIZED VIEW kept ALTER COLUMN n SET (n_distinct = 12)",
            "ALTER MATERIALIZED VIEW kept ALTER COLUMN t SET STORAGE external",
            "ALTER MATERIALIZED VIEW kept ALTER COLUMN t SET COMPRESSION pglz",
        ] {
            session.execute(sql).unwrap();
        }
        let catalog = read(&mut session);
        assert!(!catalog.table("events").unwrap().indexes[0].valid);
        let written = catalog::ddl(&catalog, dialect_of(Backend::Postgres)).join(";\n");
        for part in ["ON ONLY", "321", "n_distinct = 12", "STORAGE external", "COMPRESSION pglz"] {
            assert!(written.contains(part), "{part}\n{written}");
        }
        comes_back(&catalog);
        project.ok(&["schema", "dump"]).says_nothing_of(&["not in the dump"]);
    });
}

#[test]
fn an_index_that_was_given_up_is_told() {
    on_postgres(|project| {
        let mut session = project.session();
        session.execute("CREATE TABLE twice (a int)").unwrap();
        session.execute("INSERT INTO twice VALUES (1), (1)").unwrap();
        session.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON twice (a)").unwrap_err();
        let run = project.ok(&["schema", "dump"]);
        run.says(&["not in the dump: invalid index `broken`"]);
        assert!(run.stdout.contains("-- Not in this file: invalid index `broken`"), "{run}");
    });
}

#[test]
fn passwords_among_options_are_not_shown() {
    on_postgres(|project| {
        let mut session = project.session();
        for sql in [
            "CREATE FOREIGN DATA WRAPPER w",
            "CREATE SERVER s FOREIGN DATA WRAPPER w",
            "CREATE FOREIGN TABLE far (a int OPTIONS (sslpassword 'hush')) SERVER s OPTIONS (password 'secret-of-far', host 'h')",
        ] {
            session.execute(sql).unwrap();
        }
        for args in [&["schema", "dump"][..], &["schema", "show", "far"], &["schema", "dump", "-o", "json"]] {
            let run = project.ok(args);
            run.says_nothing_of(&["secret-of-far", "hush"]);
            assert!(run.stdout.contains("***") && run.stdout.contains('h'), "{run}");
        }
    });
}
