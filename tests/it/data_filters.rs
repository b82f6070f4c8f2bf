//! A law of filters: for random expressions over random rows, a database finds the rows that a plain evaluation in memory finds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dbtool::catalog::{self, Catalog};
use dbtool::data::{Condition, Nested, Query, World, holds, parse};
use dbtool::db::{AnyConnection, Value};
use dbtool::entities::Registry;
use dbtool::rows::Subject;
use diesel::Connection as _;
use diesel::connection::InstrumentationEvent;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::statement::connect;
use crate::support::{Project, connector, on_each_backend};

pub fn catalog(project: &Project) -> Catalog {
    let mut session = project.session();
    let dialect = connector(&project.url).dialect();
    let home = session.home(dialect).unwrap();
    catalog::read(&mut session, dialect, &home).unwrap()
}

/// Two tables, one of which refers to the other, full of what compares in unexpected ways.
fn tables(project: &Project) {
    let text = project.by_backend(
        "TEXT",
        "varchar(20) COLLATE \"C\"",
        "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    );
    let decimal = project.by_backend("DECIMAL(10,2)", "numeric(10,2)", "decimal(10,2)");
    let mut session = project.session();
    let columns =
        format!("a integer, b {text}, c boolean, d {decimal}, f double precision, t timestamp NULL DEFAULT NULL");
    session.execute(&format!("CREATE TABLE parents (id integer NOT NULL PRIMARY KEY, {columns})")).unwrap();
    session.execute(&format!("CREATE TABLE kids (id integer NOT NULL PRIMARY KEY, parent_id integer, {columns}, CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES parents (id))")).unwrap();
    let some = |values: &[&str], at: usize| values[at % values.len()].to_owned();
    let row = |id: usize| {
        [
            some(&["NULL", "-1", "0", "1", "7", "10", "100"], id),
            some(
                &["NULL", "''", "'a'", "'A'", "'ab'", "'b'", "'10'", "'9'", "'it''s'", "'%'", "'_'", "'é'", "'🦀'"],
                id * 5,
            ),
            some(&["NULL", "true", "false"], id * 2),
            some(&["NULL", "0", "-1.5", "1.10", "1.1", "9.99", "10", "100.25"], id * 3),
            some(&["NULL", "0", "0.5", "-2.25", "10"], id * 7),
            some(&["NULL", "'2026-01-05 09:00:00'", "'2026-01-05 10:00:00'", "'2025-12-31 23:59:59'"], id),
        ]
        .join(", ")
    };
    for id in 0..40 {
        session.execute(&format!("INSERT INTO parents VALUES ({id}, {})", row(id))).unwrap();
    }
    for id in 0..40 {
        let parent = if id % 4 == 0 { "NULL".into() } else { (id * 7 % 20).to_string() };
        session.execute(&format!("INSERT INTO kids VALUES ({id}, {parent}, {})", row(id))).unwrap();
    }
}

/// An expression in the language of `--where`.
fn expression(kid: bool) -> BoxedStrategy<String> {
    let sign = || prop::sample::select(vec!["=", "!=", ">", ">=", "<", "<="]);
    let number = || prop::sample::select(vec!["-1", "0", "1", "7", "9", "10", "100"]);
    let amount = || prop::sample::select(vec!["0", "-1.5", "1.1", "1.10", "9.99", "10.00", "100.25", "3"]);
    let word = || prop::sample::select(vec!["", "a", "A", "ab", "b", "10", "it's", "%", "_", "é", "🦀"]);
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let time =
        prop::sample::select(vec!["2026-01-05T09:00:00", "2026-01-05 09:30", "2025-12-31", "2026-01-05T10:00:00"]);
    let leaf = prop_oneof![
        (sign(), number()).prop_map(|(sign, value)| format!("a {sign} {value}")),
        (sign(), word()).prop_map(move |(sign, value)| format!("b {sign} {}", quoted(value))),
        (prop::sample::select(vec!["~", "!~"]), word())
            .prop_map(move |(sign, value)| format!("b {sign} {}", quoted(value))),
        (prop::sample::select(vec!["=", "!="]), any::<bool>()).prop_map(|(sign, value)| format!("c {sign} {value}")),
        (sign(), amount()).prop_map(|(sign, value)| format!("d {sign} {value}")),
        (sign(), prop::sample::select(vec!["0", "0.5", "-2.25", "10"]))
            .prop_map(|(sign, value)| format!("f {sign} {value}")),
        (sign(), time).prop_map(|(sign, value)| format!("t {sign} '{value}'")),
        prop::collection::vec(number(), 1..4).prop_map(|values| format!("a in ({})", values.join(", "))),
        prop::collection::vec(amount(), 1..3).prop_map(|values| format!("d not in ({})", values.join(", "))),
        (
            prop::sample::select(vec!["a", "b", "c", "d", "f", "t"]),
            prop::sample::select(vec!["is null", "is not null"])
        )
            .prop_map(|(column, is)| format!("{column} {is}")),
    ];
    let related = if kid { "parent" } else { "kids" };
    leaf.clone()
        .prop_recursive(4, 12, 3, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
                prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
                inner.prop_map(|part| format!("not ({part})")),
                leaf.clone().prop_map(move |leaf| format!("{related}.{leaf}")),
                leaf.clone().prop_map(move |leaf| format!("{related}.{}.{leaf}", if kid { "kids" } else { "parent" })),
            ]
        })
        .boxed()
}

fn ids(rows: &[Vec<Value>]) -> Vec<i64> {
    let mut ids: Vec<i64> = rows.iter().map(|row| row[0].as_int().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_database_finds_what_an_evaluation_in_memory_finds() {
    on_each_backend(|project| {
        tables(&project);
        let catalog = catalog(&project);
        let mut connection: AnyConnection = connect(&project);
        let world = World { registry: Registry::new(&[]), sensitive: &[], reveal: false };
        let subject = |name: &str| Subject::find(&catalog, name, world.registry, &[]).unwrap();
        let mut all = std::collections::HashMap::new();
        for name in ["parents", "kids"] {
            let rows = Query::new(subject(name), true).unwrap().values(&mut connection).unwrap();
            assert_eq!(rows.len(), 40);
            all.insert(name.to_owned(), rows);
        }
        let others = |name: &str| all[name].clone();
        let connection = std::cell::RefCell::new(connection);
        let (found, not_found) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
        let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
        let strategy = any::<bool>().prop_flat_map(|kid| (Just(kid), expression(kid)));
        let ran = runner.run(&strategy, |(kid, text)| {
            let subject = subject(if kid { "kids" } else { "parents" });
            let condition = Condition::resolve(&subject, &parse(&text).unwrap(), world)
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            let rows = &all[&subject.name.to_string()];
            let expected: Vec<Vec<Value>> =
                rows.iter().filter(|row| holds(&condition, &subject, row, &others) == Some(true)).cloned().collect();
            let query = Query { condition: Some(condition), ..Query::new(subject, true).unwrap() };
            let rows = query
                .values(&mut connection.borrow_mut())
                .map_err(|error| TestCaseError::fail(format!("{text}: {:?}", error.cause())))?;
            prop_assert_eq!(ids(&rows), ids(&expected), "{} on {}", text, project.backend);
            found.set(found.get() + usize::from(!expected.is_empty()));
            not_found.set(not_found.get() + usize::from(expected.len() < 40));
            Ok(())
        });
        ran.unwrap_or_else(|error| panic!("{}: {error}", project.backend));
        assert!(found.get() > 50 && not_found.get() > 50, "the expressions tell rows apart");
    });
}

#[test]
fn related_rows_take_as_many_queries_as_names() {
    on_each_backend(|project| {
        tables(&project);
        let catalog = catalog(&project);
        let mut connection: AnyConnection = connect(&project);
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        let world = World { registry: Registry::new(&[]), sensitive: &[], reveal: false };
        for limit in [7, 40] {
            let subject = Subject::find(&catalog, "parents", world.registry, &[]).unwrap();
            let nested = Nested::parse(&subject, "kids.parent.kids", world).unwrap();
            let query = Query { nested, limit: Some(limit), ..Query::new(subject, true).unwrap() };
            let listing = query.run(&mut connection).unwrap();
            assert_eq!(listing.rows.len() as u64, limit);
            assert_eq!(count.swap(0, Ordering::SeqCst), 4, "{limit} rows on {}", project.backend);
            let nested = listing.rows.iter().flat_map(|row| row["kids"].as_array().unwrap());
            assert!(nested.clone().all(|kid| kid["parent"]["id"] == kid["parent_id"]));
            assert!(limit < 40 || nested.count() == 30, "all kids that have a parent are there");
        }
    });
}
