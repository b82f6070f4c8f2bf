//! Values that each backend stores in its own way come back as they went in.

use std::time::Duration;

use chrono::{NaiveDate, TimeZone as _, Utc};
use dbtool::config::Target;
use dbtool::db::AnyConnection;
use dbtool::db::types::{Id, Instant, Json, Money};
use diesel::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Project, on_each_backend};

mod schema {
    diesel::table! {
        kept (id) {
            id -> dbtool::db::types::sql::Id,
            moment -> dbtool::db::types::sql::Instant,
            amount -> dbtool::db::types::sql::Money,
            document -> dbtool::db::types::sql::Json,
            day -> Date,
            absent -> Nullable<dbtool::db::types::sql::Json>,
        }
    }
}
use schema::kept;

#[derive(Debug, Clone, PartialEq, Insertable, Queryable, Selectable, serde::Serialize, serde::Deserialize)]
#[diesel(table_name = kept)]
struct Kept {
    id: Id,
    moment: Instant,
    amount: Money,
    document: Json,
    day: NaiveDate,
    absent: Option<Json>,
}

/// A connection for models.
pub fn connection(project: &Project) -> AnyConnection {
    let target = Target::parse(&project.url, std::path::Path::new("")).unwrap();
    AnyConnection::open(&target, Duration::from_secs(10)).unwrap()
}

fn table(project: &Project) -> AnyConnection {
    project.ok(&["db", "create"]);
    project
        .session()
        .execute(project.by_backend(
            "CREATE TABLE kept (id TEXT PRIMARY KEY, moment TEXT, amount INTEGER, document TEXT CHECK (json_valid(document)), day TEXT, absent TEXT) STRICT",
            "CREATE TABLE kept (id UUID PRIMARY KEY, moment TIMESTAMPTZ, amount NUMERIC(20, 2), document JSONB, day DATE, absent JSONB)",
            "CREATE TABLE kept (id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, moment DATETIME(6), amount DECIMAL(20, 2), document JSON, day DATE, absent JSON)",
        ))
        .unwrap();
    connection(project)
}

fn goes_in_and_comes_out(connection: &mut AnyConnection, row: &Kept) {
    diesel::insert_into(kept::table).values(row).execute(connection).unwrap();
    let found: Kept = kept::table.find(row.id).select(Kept::as_select()).first(connection).unwrap();
    assert_eq!(found, *row);
    // As the neutral form has it, too.
    let text = serde_json::to_string(row).unwrap();
    assert_eq!(serde_json::from_str::<Kept>(&text).unwrap(), *row);
    // Every type stands in a condition as well as in a row.
    let same = kept::table
        .filter(kept::moment.eq(row.moment).and(kept::amount.eq(row.amount)).and(kept::day.eq(row.day)))
        .filter(kept::id.eq_any([row.id]).and(kept::absent.is_null()))
        .count()
        .get_result::<i64>(connection)
        .unwrap();
    assert_eq!(same, 1);
}

fn row(moment: &str, amount: &str, document: Value, day: &str) -> Kept {
    Kept {
        id: Id::new(),
        moment: moment.parse().unwrap(),
        amount: amount.parse().unwrap(),
        document: Json(document),
        day: day.parse().unwrap(),
        absent: None,
    }
}

#[test]
fn values_at_the_edges_come_back_as_they_went_in() {
    on_each_backend(|project| {
        let mut connection = table(&project);
        for row in [
            row("1970-01-01T00:00:00Z", "0", json!(null), "1970-01-01"),
            row("1000-01-01T00:00:00Z", "-0.01", json!([]), "1000-01-01"),
            row("9999-12-31T23:59:59.999999Z", "92233720368547758.07", json!({"": {"a": [1, null]}}), "9999-12-31"),
            row("2026-03-29T01:30:00.000001Z", "1.10", json!("\u{202e}שלום \u{1f980} \\\" ' `\n"), "2024-02-29"),
            row("2026-10-25T02:30:00+02:00", "-92233720368547758.07", json!(u64::MAX), "2026-10-25"),
            row("2026-10-25T02:30:00+01:00", "0.10", json!([i64::MIN, 0.1, 1.5e-7, true]), "2026-10-25"),
        ] {
            goes_in_and_comes_out(&mut connection, &row);
        }
    });
}

fn json() -> impl Strategy<Value = Value> {
    // A whole number beyond 2^53 that was written with an exponent comes back from `jsonb` without one.
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "[^\0]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[^\0]{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_row() -> impl Strategy<Value = Kept> {
    let moment = (-30_000_000_000_000_000_i64..=250_000_000_000_000_000)
        .prop_map(|micros| Instant::new(Utc.timestamp_micros(micros).unwrap()).unwrap());
    let day = (366_000..3_652_000).prop_map(|day| NaiveDate::from_num_days_from_ce_opt(day).unwrap());
    (moment, any::<i64>(), json(), day).prop_map(|(moment, minor, document, day)| Kept {
        id: Id::new(),
        moment,
        amount: Money::from_minor(minor),
        document: Json(document),
        day,
        absent: None,
    })
}

#[test]
fn any_value_comes_back_as_it_went_in() {
    on_each_backend(|project| {
        let mut connection = table(&project);
        let connection = std::cell::RefCell::new(&mut connection);
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(100));
        runner
            .run(&any_row(), |row| {
                goes_in_and_comes_out(&mut connection.borrow_mut(), &row);
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn what_another_program_wrote_is_read() {
    let project = Project::sqlite();
    let mut connection = table(&project);
    let id = "0198C5A2-7B3E-7C4D-9E5F-6A7B8C9D0E1F";
    let insert = format!(
        "INSERT INTO kept VALUES ('{id}', datetime('2026-01-05 09:00:00'), 110, '{{\"a\":1}}', '2026-01-05', '7')"
    );
    project.session().execute(&insert).unwrap();
    let found: Kept = kept::table.select(Kept::as_select()).first(&mut connection).unwrap();
    assert_eq!(found.moment.to_string(), "2026-01-05T09:00:00.000000Z");
    assert_eq!(found.id.to_string(), id.to_lowercase());
    assert_eq!((found.amount.to_string(), found.absent), ("1.10".into(), Some(json!(7).into())));
    project.session().execute("UPDATE kept SET moment = 'yesterday'").unwrap();
    let error = kept::table.select(kept::moment).first::<Instant>(&mut connection).unwrap_err();
    let error = dbtool::db::DbError::from(error);
    assert_eq!(error.kind, dbtool::db::Kind::Data);
    assert!(error.message.contains("`moment`") || error.message.contains("not a moment"), "{error}");
}
