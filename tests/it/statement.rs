//! Statements whose columns are known only at run time, on Diesel's connections.

use std::path::Path;
use std::time::Duration;

use dbtool::config::Target;
use dbtool::db::{AnyConnection, DbError, Kind, Value, Which};

use crate::support::{Project, on_each_backend};

pub fn connect(project: &Project) -> AnyConnection {
    project.session();
    let target = Target::parse(&project.url, Path::new("")).unwrap();
    AnyConnection::open(&target, Duration::from_secs(10)).unwrap()
}

/// `?` as the backend writes its placeholders.
fn placed(project: &Project, sql: &str) -> String {
    let mut parts = sql.split('?');
    let first = parts.next().unwrap().to_owned();
    parts.enumerate().fold(first, |sql, (at, part)| {
        let number = at + 1;
        sql + &project.by_backend("?".to_owned(), format!("${number}"), "?".to_owned()) + part
    })
}

#[test]
fn values_come_back_as_they_went_in() {
    on_each_backend(|project| {
        let mut session = project.session();
        let types = project.by_backend(
            "b INTEGER, i INTEGER, f REAL, t TEXT, y BLOB",
            "b boolean, i bigint, f double precision, t text, y bytea",
            "b tinyint(1), i bigint, f double, t text, y longblob",
        );
        session.execute(&format!("CREATE TABLE v (n integer primary key, {types})")).unwrap();
        let mut connection = connect(&project);
        let text = "it's \"q\" \u{1f980} \u{202e}rtl\\ $1 ? -- ;";
        let rows = [
            [
                Value::Bool(true),
                Value::Int(i64::MIN),
                Value::Float(0.1),
                Value::text(text),
                Value::Bytes(vec![0, 255, 39]),
            ],
            [Value::Bool(false), Value::Int(i64::MAX), Value::Float(-1e300), Value::text(""), Value::Bytes(vec![])],
            [Value::Null, Value::Null, Value::Null, Value::Null, Value::Null],
        ];
        let insert = placed(&project, "INSERT INTO v (n, b, i, f, t, y) VALUES (?, ?, ?, ?, ?, ?)");
        for (number, row) in (1..).zip(&rows) {
            let binds = [&[Value::Int(number)], row.as_slice()].concat();
            assert_eq!(connection.change(&insert, &binds).unwrap(), 1);
        }
        let found = connection.select("SELECT b, i, f, t, y FROM v ORDER BY n", &[]).unwrap();
        for (found, sent) in found.iter().zip(&rows) {
            // Two of them have no type for truth.
            assert!(found[0] == sent[0] || found[0] == Value::Int(i64::from(sent[0] == Value::Bool(true))));
            assert_eq!(found[1..], sent[1..], "{}", project.backend);
        }
        let update = placed(&project, "UPDATE v SET t = ? WHERE t = ?");
        assert_eq!(connection.change(&update, &[Value::text("x"), Value::text(text)]).unwrap(), 1);
        assert_eq!(connection.change(&update, &[Value::text("x"), Value::text(text)]).unwrap(), 0);
    });
}

#[test]
fn what_is_text_in_every_program_is_text() {
    on_each_backend(|project| {
        let mut connection = connect(&project);
        let sql = project.by_backend(
            "SELECT '12.50', 'x'",
            "SELECT 12.50::numeric, '{\"a\": 1}'::jsonb::json, 'a6a6a6a6-0000-7000-8000-000000000000'::uuid, 1::smallint, 0.1::real, \
             10000.0001::numeric, -0.000123::numeric, 'NaN'::numeric, NULL::date",
            "SELECT CAST(12.50 AS DECIMAL(10,2)), TIMESTAMP'2026-01-05 09:00:00.120000', DATE'2026-01-05', TIME'-30:00:01', \
             CAST(18446744073709551615 AS UNSIGNED), CAST(5 AS SIGNED)",
        );
        let text = |words: &[&str]| words.iter().map(|word| Value::text(*word)).collect::<Vec<_>>();
        let expected = project.by_backend(
            text(&["12.50", "x"]),
            [
                text(&["12.50", "{\"a\": 1}", "a6a6a6a6-0000-7000-8000-000000000000"]),
                vec![Value::Int(1), Value::Float(0.1)],
                text(&["10000.0001", "-0.000123", "NaN"]),
                vec![Value::Null],
            ]
            .concat(),
            [
                text(&["12.50", "2026-01-05 09:00:00.120000", "2026-01-05", "-30:00:01", "18446744073709551615"]),
                vec![Value::Int(5)],
            ]
            .concat(),
        );
        assert_eq!(connection.select(sql, &[]).unwrap(), [expected]);
        let error = project.by_backend("", "SELECT now()", "");
        if !error.is_empty() {
            assert!(connection.select(error, &[]).unwrap_err().message.contains("cast to text"));
        }
    });
}

#[test]
fn rows_are_handed_over_one_by_one() {
    on_each_backend(|project| {
        let mut connection = connect(&project);
        let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n";
        let mut sum = 0;
        let told = connection.each_row(numbers, &[], |row| {
            sum += row[0].as_int().unwrap();
            Ok::<_, DbError>(())
        });
        assert_eq!((told, sum), (Ok(()), 405_450));
        let mut seen = 0;
        let told = connection.each_row(numbers, &[], |_| {
            seen += 1;
            if seen == 3 { Err(DbError::new(Kind::Other, "enough")) } else { Ok(()) }
        });
        assert_eq!((told.unwrap_err().message.as_str(), seen), ("enough", 3));
        // The connection serves on.
        assert_eq!(connection.select("SELECT 7", &[]).unwrap()[0][0].as_int(), Some(7));
    });
}

#[test]
fn an_error_says_what_was_broken() {
    on_each_backend(|project| {
        let mut session = project.session();
        let engine = project.by_backend("", "", " ENGINE=InnoDB");
        session.execute(&format!("CREATE TABLE p (id integer primary key, name varchar(5) NOT NULL, CONSTRAINT uq_name UNIQUE (name), CONSTRAINT ck_id CHECK (id > 0)){engine}")).unwrap();
        session
            .execute(&format!(
                "CREATE TABLE c (p integer NOT NULL, CONSTRAINT fk_p FOREIGN KEY (p) REFERENCES p (id)){engine}"
            ))
            .unwrap();
        let mut connection = connect(&project);
        connection.change("INSERT INTO p (id, name) VALUES (1, 'a')", &[]).unwrap();
        let cases = [
            ("INSERT INTO p (id, name) VALUES (2, 'a')", Which::Unique, "uq_name", "name"),
            ("INSERT INTO p (id, name) VALUES (2, NULL)", Which::NotNull, "", "name"),
            ("INSERT INTO p (id, name) VALUES (-2, 'b')", Which::Check, "ck_id", ""),
            ("INSERT INTO c (p) VALUES (9)", Which::ForeignKey, "fk_p", "p"),
        ];
        for (sql, rule, name, column) in cases {
            let error = connection.change(sql, &[]).unwrap_err();
            assert_eq!(error.kind, Kind::Constraint, "{error:?}");
            let constraint = error.constraint.unwrap();
            assert_eq!(constraint.which, rule);
            assert!(constraint.name.is_none_or(|told| name.is_empty() || told == name), "{sql}");
            assert!(constraint.columns.first().is_none_or(|told| column.is_empty() || told == column), "{sql}");
        }
        let kind = |connection: &mut AnyConnection, sql: &str| connection.change(sql, &[]).unwrap_err().kind;
        if project.backend.is_server() {
            assert_eq!(kind(&mut connection, "INSERT INTO p (id, name) VALUES (3, 'too long')"), Kind::Data);
        }
    });
}
