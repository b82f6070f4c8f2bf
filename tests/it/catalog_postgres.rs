//! The schema of a PostgreSQL database: read as it is, and written so that it is the same again.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use dbtool::catalog::{self, Catalog, diff};
use dbtool::db::{Session, dialect_of};
use serde_json::Value;

use crate::round_trips::counting;
use crate::support::{Project, meanwhile, on_postgres};

/// At least one of every kind of object.
const ODD_CASES: &str = include_str!("catalog_postgres.sql");

fn read(session: &mut Session, project: &Project) -> Catalog {
    let dialect = dialect_of(project.backend);
    let home = session.home(dialect).unwrap();
    catalog::read(session, dialect, &home).unwrap()
}

/// The objects that are modelled, and those that are not.
fn odd_cases() -> (&'static str, &'static str) {
    ODD_CASES.split_once("-- What is not modelled.").unwrap()
}

fn version(session: &mut Session) -> i64 {
    session.query("SELECT current_setting('server_version_num')::int / 10000").unwrap()[0].number(0).unwrap()
}

/// Makes a schema anew in a database of its own, and reads it there.
fn made_anew(catalog: &Catalog, prepare: &str) -> Catalog {
    let project = Project::on(catalog.backend).unwrap();
    let mut session = project.session();
    session.execute(prepare).unwrap();
    for sql in catalog::ddl(catalog, dialect_of(catalog.backend)) {
        session.execute(&sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }
    read(&mut session, &project)
}

fn assert_same(one: &Catalog, other: &Catalog) {
    let changes = diff::diff(one, other);
    // Only what a table inherits comes first when it is made anew.
    assert!(!diff::differs(&changes), "{changes:#?}");
    assert_eq!(one.fingerprint, other.fingerprint);
}

/// Makes what is told, reads it, and asserts that it is the same when it is made anew.
fn comes_back(sql: &str) -> Option<Catalog> {
    let project = Project::on(dbtool::backend::Backend::Postgres)?;
    let mut session = project.session();
    session.execute(sql).unwrap();
    let catalog = read(&mut session, &project);
    assert_same(&catalog, &made_anew(&catalog, ""));
    Some(catalog)
}

/// A thing for each line, without what is empty, what is measured, and the texts that differ between versions of the server.
fn lines(catalog: &Catalog) -> String {
    let mut out = String::new();
    let Value::Object(kinds) = serde_json::to_value(catalog).unwrap() else { panic!("no object") };
    for (kind, things) in kinds.into_iter().filter(|(_, things)| things.is_array()) {
        for thing in things.as_array().unwrap() {
            let mut thing = thing.clone();
            if kind == "views" || thing["options"]["sql body"] == "yes" {
                thing["body"] = Value::Null;
            }
            let _ = writeln!(out, "{kind} {}", line(&thing));
            let lists = thing.as_object().unwrap().iter().filter(|(_, list)| {
                list.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_object))
            });
            for (part, list) in lists {
                for one in list.as_array().unwrap() {
                    let _ = writeln!(out, "  {part} {}", line(one));
                }
            }
        }
    }
    out
}

fn line(thing: &Value) -> String {
    let shown = |(name, value): &(&String, &Value)| {
        let empty = value.is_null()
            || **value == Value::Bool(false)
            || value.as_object().is_some_and(serde_json::Map::is_empty);
        let list = value
            .as_array()
            .is_some_and(|list| list.is_empty() || !list.is_empty() && list.iter().all(Value::is_object));
        !(empty || list && name.as_str() != "parts" || ["rows", "bytes"].contains(&name.as_str()))
    };
    let fields: Vec<String> =
        thing.as_object().unwrap().iter().filter(shown).map(|(name, value)| format!("{name}: {value}")).collect();
    fields.join(", ")
}

#[test]
fn every_kind_of_object_is_read_as_it_is() {
    on_postgres(|project| {
        let mut session = project.session();
        session.execute(ODD_CASES).unwrap();
        let catalog = read(&mut session, &project);
        insta::assert_snapshot!(lines(&catalog));
        // What differs between versions of the server.
        let view = catalog.view("a_first").unwrap();
        assert!(view.body.starts_with("SELECT ") && view.body.ends_with("name)"), "{}", view.body);
        let total = catalog.routines.iter().find(|routine| routine.name.name == "first_total").unwrap();
        assert!(total.body.starts_with("BEGIN ATOMIC") && total.body.ends_with("END"), "{}", total.body);
        assert!(total.sql.as_ref().unwrap().starts_with("CREATE OR REPLACE FUNCTION first_total(a audit.level)"));
        assert!(catalog.table("customers").unwrap().bytes.unwrap() > 0);
    });
}

#[test]
fn what_is_written_is_what_was_read() {
    let Some(catalog) = comes_back(odd_cases().0) else { return };
    let again = serde_json::to_value(&catalog).unwrap();
    assert_eq!(serde_json::from_value::<Catalog>(again).unwrap().fingerprint, catalog.fingerprint);
}

#[test]
fn what_newer_servers_have_comes_back() {
    let Some(project) = Project::on(dbtool::backend::Backend::Postgres) else { return };
    let version = version(&mut project.session());
    if version >= 15 {
        let catalog = comes_back(
            "CREATE TABLE a (id int, tenant int, other text, PRIMARY KEY (tenant, id), UNIQUE NULLS NOT DISTINCT (other)); \
             CREATE UNIQUE INDEX a_once ON a (lower(other)) NULLS NOT DISTINCT; \
             CREATE TABLE b (a int, tenant int, FOREIGN KEY (tenant, a) REFERENCES a ON DELETE SET NULL (a)); \
             CREATE VIEW v WITH (security_invoker = true) AS SELECT id FROM a",
        )
        .unwrap();
        assert_eq!(catalog.table("a").unwrap().uniques[0].options["nulls not distinct"], "yes");
        assert_eq!(catalog.table("a").unwrap().indexes[0].options["nulls not distinct"], "yes");
        assert_eq!(catalog.table("b").unwrap().foreign_keys[0].options["set columns"], "\"a\"");
        assert_eq!(catalog.view("v").unwrap().options["security_invoker"], "true");
    }
    if version >= 17 {
        let catalog = comes_back(
            "CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL) PARTITION BY RANGE (at); \
             CREATE TABLE a_1 PARTITION OF a FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        )
        .unwrap();
        // Before 17, a partition did not say so.
        assert!(catalog.table("a_1").unwrap().column("id").unwrap().identity.is_none());
    }
    if version >= 18 {
        let catalog = comes_back(
            "CREATE TABLE a (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) VIRTUAL, \
               b int CONSTRAINT b_is_there NOT NULL NO INHERIT, c int, d int NOT NULL, e int, CONSTRAINT small CHECK (e < 5) NOT ENFORCED); \
             ALTER TABLE a ADD CONSTRAINT a_c_not_null NOT NULL c NOT VALID; \
             CREATE TABLE rooms (room int4range, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS)); \
             CREATE TABLE stays (room int4range, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES rooms (room, PERIOD during)); \
             ALTER TABLE stays ADD CONSTRAINT hoped FOREIGN KEY (room, PERIOD during) REFERENCES rooms (room, PERIOD during) NOT ENFORCED",
        )
        .unwrap();
        let a = catalog.table("a").unwrap();
        assert!(!a.column("twice").unwrap().generated.as_ref().unwrap().stored);
        assert_eq!(a.column("b").unwrap().options["not null name"], "b_is_there");
        assert!(a.column("c").unwrap().nullable && !a.column("d").unwrap().nullable);
        assert!(a.column("d").unwrap().options.is_empty() && a.column("id").unwrap().options.is_empty());
        assert_eq!(a.checks[0].options["not enforced"], "yes");
        assert_eq!(catalog.table("rooms").unwrap().primary_key.as_ref().unwrap().options["without overlaps"], "yes");
        assert!(catalog.table("stays").unwrap().foreign_keys.iter().all(|key| key.options["period"] == "yes"));
    }
}

#[test]
fn the_home_schema_has_no_name_of_its_own() {
    on_postgres(|project| {
        let mut session = project.session();
        session.execute(odd_cases().0).unwrap();
        let catalog = read(&mut session, &project);
        // The same in a schema of another name, beside a `public` that is empty. One function says `public` in its settings.
        let other = made_anew(&catalog, "CREATE SCHEMA \"Other home\"; SET search_path = \"Other home\"");
        assert_same(&catalog, &other);
    });
}

#[test]
fn tables_on_other_servers_come_back_where_the_server_is() {
    on_postgres(|project| {
        // The server is no part of the schema: it is told by its name.
        let server = "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far";
        let mut session = project.session();
        session.execute(server).unwrap();
        session
            .execute(
                "CREATE FOREIGN TABLE there (id int OPTIONS (col '1') NOT NULL, name text CHECK (name <> '')) SERVER away OPTIONS (\"file name\" 'a=''b'''); \
                 COMMENT ON FOREIGN TABLE there IS 'elsewhere'",
            )
            .unwrap();
        let catalog = read(&mut session, &project);
        let table = catalog.table("there").unwrap();
        assert_eq!((table.options["server"].as_str(), table.options["option file name"].as_str()), ("away", "a='b'"));
        assert_eq!(table.column("id").unwrap().options["option col"], "1");
        assert_same(&catalog, &made_anew(&catalog, server));
    });
}

#[test]
fn objects_of_extensions_are_left_out() {
    on_postgres(|project| {
        let mut session = project.session();
        let there = session.query("SELECT FROM pg_available_extensions WHERE name = 'hstore'").unwrap();
        if there.is_empty() {
            return crate::support::skipped("objects of extensions: the server has no hstore");
        }
        session
            .execute("CREATE SCHEMA tools; CREATE EXTENSION hstore SCHEMA tools; CREATE TABLE t (id int PRIMARY KEY, tags tools.hstore); CREATE INDEX t_tags ON t USING gist (tags tools.gist_hstore_ops (siglen = 32))")
            .unwrap();
        let catalog = read(&mut session, &project);
        assert_eq!(catalog.extensions.len(), 1);
        assert_eq!(catalog.extensions[0].schema.as_deref(), Some("tools"));
        assert!(catalog.routines.is_empty() && catalog.not_modelled.is_empty(), "{:?}", catalog.not_modelled);
        let part = &catalog.table("t").unwrap().indexes[0].parts[0];
        assert_eq!(part.options["class parameters"], "siglen=32");
        assert_same(&catalog, &made_anew(&catalog, ""));
    });
}

#[test]
fn who_may_nothing_sees_the_same() {
    on_postgres(|project| {
        let mut session = project.session();
        session.execute(ODD_CASES).unwrap();
        let role = format!("nobody_{}", project.database());
        session.execute(&format!("CREATE ROLE {role}; REVOKE ALL ON SCHEMA audit FROM PUBLIC")).unwrap();
        let catalog = read(&mut session, &project);
        session.execute(&format!("SET ROLE {role}")).unwrap();
        let seen = read(&mut session, &project);
        session.execute(&format!("RESET ROLE; DROP ROLE {role}")).unwrap();
        // PostgreSQL's catalog is everyone's to read; what it hides is no part of a schema.
        assert_same(&catalog, &seen);
        assert!(seen.not_seen.is_empty());
        assert!(!serde_json::to_string(&catalog).unwrap().contains("hidden"));
    });
}

#[test]
fn it_is_asked_in_one_message_however_many_tables_there_are() {
    on_postgres(|project| {
        let Some(address) = project.address() else { return };
        let (port, count) = counting(address);
        let mut session = project.session_on(&project.url_at(&format!("127.0.0.1:{port}")));
        let dialect = dialect_of(project.backend);
        let home = session.home(dialect).unwrap();
        for tables in [1, 30] {
            for number in 0..tables {
                session
                    .execute(&format!("CREATE TABLE t{tables}_{number} (id int PRIMARY KEY, v text UNIQUE)"))
                    .unwrap();
            }
            count.store(0, Ordering::SeqCst);
            assert!(catalog::read(&mut session, dialect, &home).unwrap().tables.len() >= tables);
            assert_eq!(count.load(Ordering::SeqCst), 1);
        }
    });
}

#[test]
fn an_open_transaction_stays_as_it_was() {
    on_postgres(|project| {
        let mut session = project.session();
        session.execute("CREATE SCHEMA other; CREATE TABLE t (id int); CREATE TEMP TABLE t (other text)").unwrap();
        session.execute("BEGIN; CREATE TABLE fresh (id int); SET LOCAL search_path = other, public; SET LOCAL timezone = 'Asia/Tokyo'").unwrap();
        let dialect = dialect_of(project.backend);
        let mut home = session.home(dialect).unwrap();
        home.schema = Some("public".to_owned());
        let catalog = catalog::read(&mut session, dialect, &home).unwrap();
        assert!(catalog.table("fresh").is_some() && catalog.table("t").unwrap().column("id").is_some());
        assert!(session.in_transaction(false));
        let settings = session.query("SELECT current_setting('search_path'), current_setting('timezone')").unwrap();
        assert_eq!((settings[0].text(0), settings[0].text(1)), ("other, public", "Asia/Tokyo"));
        session.execute("COMMIT").unwrap();
        let before = session.query("SHOW search_path").unwrap();
        assert_same(&catalog, &catalog::read(&mut session, dialect, &home).unwrap());
        assert_eq!(session.query("SHOW search_path").unwrap(), before);
        assert!(!session.in_transaction(false));
        // In one that has failed, nothing can be read; and it is left to its owner.
        session.execute("BEGIN").unwrap();
        session.execute("SELECT 1/0").unwrap_err();
        catalog::read(&mut session, dialect, &home).unwrap_err();
        assert!(session.in_transaction(false));
    });
}

#[test]
fn a_schema_that_changes_meanwhile_is_read_as_of_one_moment() {
    on_postgres(|project| {
        let mut session = project.session();
        session.execute(odd_cases().0).unwrap();
        let before = read(&mut session, &project);
        let mut other = project.session();
        let again = || {
            other
                        .execute(
                            "CREATE TABLE come_and_go (id int PRIMARY KEY, v text DEFAULT 'x' CHECK (v <> ''), w int UNIQUE, FOREIGN KEY (w) REFERENCES come_and_go); \
                             CREATE INDEX come_index ON come_and_go (lower(v)) WHERE id > 0; \
                             CREATE VIEW come_view AS SELECT id, v FROM come_and_go; \
                             CREATE FUNCTION come_call(come_and_go) RETURNS int LANGUAGE sql AS 'SELECT 1'",
                        )
                        .unwrap();
            other.execute("DROP TABLE come_and_go CASCADE").unwrap();
        };
        meanwhile(again, || {
            for _ in 0..40 {
                let catalog = read(&mut session, &project);
                // All of it is there, or nothing.
                let mut rest = catalog.clone();
                let parts = rest
                    .tables
                    .iter()
                    .position(|table| table.name.name == "come_and_go")
                    .map(|at| rest.tables.remove(at));
                rest.views.retain(|view| view.name.name != "come_view");
                rest.routines.retain(|routine| routine.name.name != "come_call");
                assert_eq!(diff::diff(&before, &rest), []);
                assert_eq!(catalog.view("come_view").is_some(), parts.is_some());
                assert_eq!(catalog.routines.len() > before.routines.len(), parts.is_some());
                if let Some(table) = parts {
                    assert_eq!(
                        (table.columns.len(), table.checks.len(), table.uniques.len(), table.indexes.len()),
                        (3, 1, 1, 1)
                    );
                }
            }
        });
    });
}

/// Conditions on the columns of [`TEXTS_TABLE`], each in a form that the server writes in another one.
const CONDITIONS: &[&str] = &[
    "v IN ('a', 'b')",
    "v NOT IN ('a', 'it''s')",
    "v = 'a'",
    "v::varchar(3) IN ('a', 'b')",
    "c IN ('DE', 'FR')",
    "t IN (v, c, 'x')",
    "coalesce(v, 'x') IN (lower('A'), 'b')",
    "n IN (1, 2.5)",
    "s IN (1, 2)",
    "b IN (1, 20000000000)",
    "v = ANY (ARRAY['a', v]::text[])",
    "v = ANY ('{a,b}')",
    "a && ARRAY['x', v]::text[]",
    "a @> ARRAY[v, c]::text[]",
    "(ARRAY[1, 2])[1] > i",
    "ARRAY[i, s]::bigint[] <> '{1}'",
    "ARRAY[[1, 2], [3, 4]]::bigint[] = ARRAY[[i, 2], [3, 4]]::bigint[]",
    "i BETWEEN -1 AND +5",
    "n BETWEEN SYMMETRIC 1e3 AND -.5",
    "v LIKE 'a%' AND v NOT ILIKE '%\\_b' ESCAPE '\\'",
    "v SIMILAR TO '(a|b)%'",
    "v ~* '^[a-z]+$' OR v IS NULL",
    "i IS DISTINCT FROM s",
    "(i, s) < (1, 2)",
    "CASE WHEN f THEN v IN ('a', 'b') ELSE i > 0 END",
    "CASE v WHEN 'a' THEN true ELSE false END",
    "f IS NOT TRUE",
    "NOT (f AND NOT (i > 1 OR s > 2))",
    "at > '2020-01-01 00:00+02' AND at < TIMESTAMPTZ '2030-01-01 00:00:00 Europe/Berlin'",
    "at AT TIME ZONE 'UTC' > '2020-01-01'",
    "extract(year FROM d) > 2000 AND date_part('month', d) < 13",
    "d + 1 > DATE '2020-01-01' AND d - interval '1 month 2 days' < '2030-01-01'",
    "substring(t FROM 2 FOR 3) = 'x' AND trim(BOTH ' ' FROM t) <> '' AND position('a' IN t) > 0 AND overlay(t PLACING 'x' FROM 1) <> ''",
    "j ->> 'a' = 'b' AND j @> '{\"a\": [1]}' AND j #>> '{a,b}' IS NULL",
    "greatest(i, s, 3) > least(i, 2) AND nullif(i, 0) > 1",
    "t COLLATE \"C\" < 'x' COLLATE \"C\"",
    "x <> '\\x00ff' AND t <> E'a\\n''b' AND t <> U&'\\00e9'",
    "i % 2 = 0 AND i ^ 2 > 1 AND @ i > -i AND |/ n > 0 AND i & 1 = 1 AND i << 1 > 0",
    "t || v || c <> 'a' || 'b'",
    "t IS NFC NORMALIZED",
    "length(t::varchar(5)) + char_length(v) > n::integer",
];

const TEXTS_TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, v varchar(20), c char(2), t text, n numeric(10,2), i int, s smallint, b bigint, \
    a text[], f boolean, at timestamptz, d date, j jsonb, x bytea)";

const QUERIES: &[&str] = &[
    "SELECT DISTINCT ON (v) * FROM t ORDER BY v, i DESC NULLS LAST",
    "SELECT v, sum(n) FILTER (WHERE v IN ('a', 'b')) AS s, count(DISTINCT i), array_agg(i ORDER BY i DESC) FROM t GROUP BY v HAVING count(*) > 1",
    "SELECT id, rank() OVER w, lag(i, 1, 0) OVER (PARTITION BY v ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t WINDOW w AS (PARTITION BY c ORDER BY id)",
    "WITH a AS (SELECT * FROM t WHERE v NOT IN ('x', 'y')), b AS MATERIALIZED (SELECT id FROM a) SELECT a.*, b.id AS other FROM a LEFT JOIN b USING (id)",
    "SELECT * FROM t NATURAL JOIN (SELECT id, v AS w FROM t) u",
    "SELECT x.id, y.a FROM t x CROSS JOIN LATERAL (SELECT unnest(x.a) AS a LIMIT 2) y",
    "SELECT id, v FROM t UNION ALL (SELECT 1, 'x' UNION SELECT i, c FROM t EXCEPT SELECT 2, NULL) ORDER BY 1 LIMIT 3 OFFSET 1",
    "SELECT v, c, sum(n), grouping(v) FROM t GROUP BY GROUPING SETS ((v, c), ROLLUP (v), ())",
    "SELECT u, (u).id AS one, u.* FROM t u",
    "SELECT EXISTS (SELECT FROM t u WHERE u.id = t.i) AS e, ARRAY(SELECT i FROM t) AS l, (SELECT max(i) FROM t) AS m FROM t WHERE id IN (SELECT i FROM t WHERE v = ANY (ARRAY['a', 'b']))",
    "SELECT g, o FROM generate_series(1, 3) WITH ORDINALITY AS x (g, o)",
    "SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a', 'b'])) AS x (a, b)",
    "SELECT * FROM json_to_recordset('[]') AS x (a int, \"B c\" text)",
    "SELECT i::text, n::int AS n, at::date, '1'::int + 1 AS p, NULL AS nothing, 'x' AS x, v AS \"odd \"\"name\"\"\", 1.50, interval '1 day 02:00', DATE '2020-01-01' FROM t",
    "SELECT a[1], a[1:2] AS part, array_length(a, 1), j -> 'a' -> 0 AS j FROM t TABLESAMPLE bernoulli (10) REPEATABLE (1)",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n) AS p, mode() WITHIN GROUP (ORDER BY v) FROM t",
    "SELECT CASE WHEN v IN ('a', 'b') THEN 1 WHEN c = 'x' THEN 2 END AS c FROM t FULL JOIN (VALUES (1, 'a'), (2, 'b')) w (id, k) USING (id)",
    "VALUES (1, 'a'::varchar), (2, NULL)",
    "SELECT * FROM t WHERE (i, s) IN (SELECT 1, 2) AND v > ALL (SELECT v FROM t) AND ROW(i, v) IS NOT NULL",
];

#[test]
fn texts_that_the_server_writes_another_way_come_back() {
    let checks: String =
        CONDITIONS.iter().map(|condition| format!("; ALTER TABLE t ADD CHECK ({condition})")).collect();
    let indexes: String = CONDITIONS
        .iter()
        .filter(|condition| !["at >", "at AT", "interval"].iter().any(|word| condition.contains(word)))
        .map(|condition| format!("; CREATE INDEX ON t (({condition})) WHERE {condition}"))
        .collect();
    let policies: String = CONDITIONS
        .iter()
        .enumerate()
        .map(|(at, condition)| format!("; CREATE POLICY p{at} ON t USING ({condition}) WITH CHECK ({condition})"))
        .collect();
    let queries = QUERIES.iter().map(|query| (*query).to_owned());
    let queries = queries
        .chain(CONDITIONS.iter().map(|condition| format!("SELECT id, ({condition}) AS it FROM t WHERE {condition}")));
    let views: String = queries.enumerate().map(|(at, query)| format!("; CREATE VIEW v{at} AS {query}")).collect();
    comes_back(&format!("{TEXTS_TABLE}{checks}{indexes}{policies}{views}"));
}
