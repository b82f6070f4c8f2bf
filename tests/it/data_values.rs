//! Any legal name and any value comes back as it went in.

use dbtool::audit::{Options, Trail};
use dbtool::config::AuditMode;
use dbtool::data::{Condition, Query, World, parse};
use dbtool::db::{AnyConnection, Value};
use dbtool::entities::Registry;
use dbtool::rows::{Changes, Key, Subject};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::data_filters::catalog;
use crate::statement::connect;
use crate::support::{Project, on_each_backend};

fn quiet(connection: &mut AnyConnection) -> Trail {
    Trail::open(connection, Options { mode: AuditMode::Off, actor: Some("test".into()), ..Options::default() }).unwrap()
}

/// A name, quoted as the backend has it.
fn quoted(project: &Project, name: &str) -> String {
    let quote = project.by_backend('"', '"', '`');
    format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
}

#[test]
fn any_text_and_bytes_come_back() {
    on_each_backend(|project| {
        let types = project.by_backend(
            "a TEXT, y BLOB",
            "a text, y bytea",
            "a longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, y longblob",
        );
        project.session().execute(&format!("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, {types})")).unwrap();
        let catalog = catalog(&project);
        let connection = std::cell::RefCell::new(connect(&project));
        let trail = quiet(&mut connection.borrow_mut());
        let subject = Subject::find(&catalog, "t", Registry::new(&[]), &[]).unwrap();
        let changes = Changes::new(&subject, &trail);
        let id = std::cell::Cell::new(0);
        let round = |text: String, bytes: Vec<u8>| {
            let connection = &mut *connection.borrow_mut();
            id.set(id.get() + 1);
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let row = json!({ "id": id.get(), "a": text, "y": format!("\\x{hex}") });
            let row = row.as_object().unwrap().clone();
            let stored = changes.create(connection, row.clone());
            if text.contains('\0') && !subject.grammar.keeps_nul() {
                assert!(stored.unwrap_err().to_string().contains("NUL"));
                return;
            }
            assert_eq!(stored.unwrap(), row);
            let key = Key::parse(&subject, &id.get().to_string()).unwrap();
            let found = dbtool::rows::find(connection, &subject, &key, dbtool::rows::Lock::None).unwrap().unwrap();
            assert_eq!(found[1], Value::Text(text));
            assert_eq!(found[2], Value::Bytes(bytes));
        };
        for text in [
            "",
            " ",
            "NULL",
            "null",
            "\\N",
            "\u{feff}",
            "\u{202e}אבג",
            "👩‍👩‍👧‍👦",
            "a\r\n\tb",
            "\u{1}\u{7f}",
            "a\0b",
            "%_\\'\"`$1?:x",
        ] {
            round(text.to_owned(), text.as_bytes().to_vec());
        }
        round("é🦀x".repeat(150_000), vec![0xff; 1 << 20]);
        let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
        runner
            .run(&(any::<String>(), any::<Vec<u8>>()), |(text, bytes)| {
                round(text, bytes);
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn any_name_serves() {
    on_each_backend(|project| {
        let connection = std::cell::RefCell::new(connect(&project));
        let trail = quiet(&mut connection.borrow_mut());
        let mut runner = TestRunner::new(Config { cases: 25, failure_persistence: None, ..Config::default() });
        // Names are no longer than the shortest limit, 63 bytes, and MySQL takes no character beyond the basic plane in them,
        // and no blank at the end.
        let name = "[a-zA-Z0-9_ .;:'\"`%$?\\\\=<>~!@#()/*é\u{627}\u{4e2d}-]{1,14}[a-z\"']";
        let strategy = (name, name).prop_filter("two names", |(table, column)| {
            table.to_lowercase() != column.to_lowercase() && column.to_lowercase() != "id"
        });
        let count = std::cell::Cell::new(0);
        runner
            .run(&strategy, |(table, column)| {
                count.set(count.get() + 1);
                let table = format!("{table}{}", count.get());
                let (one, other) = (quoted(&project, &table), quoted(&project, &column));
                project
                    .session()
                    .execute(&format!("CREATE TABLE {one} (id integer NOT NULL PRIMARY KEY, {other} varchar(20))"))
                    .unwrap();
                let catalog = catalog(&project);
                let world = World { registry: Registry::new(&[]), sensitive: &[], reveal: false };
                let subject = Subject::find(&catalog, &table, world.registry, &[]).unwrap();
                let connection = &mut *connection.borrow_mut();
                let row = json!({ "id": 1, column.clone(): "x" }).as_object().unwrap().clone();
                let changes = Changes::new(&subject, &trail);
                prop_assert_eq!(changes.create(connection, row.clone()).unwrap(), row);
                let filter = format!("`{}` = 'x'", column.replace('\\', "\\\\").replace('`', "``"));
                let condition = Condition::resolve(&subject, &parse(&filter).unwrap(), world).unwrap();
                let query = Query { condition: Some(condition), ..Query::new(subject.clone(), true).unwrap() };
                let found = query.values(connection).unwrap();
                prop_assert_eq!(found.len(), 1);
                changes.delete(connection, &found[0]).unwrap();
                prop_assert_eq!(query.counted(connection).unwrap(), 0);
                project.session().execute(&format!("DROP TABLE {one}")).unwrap();
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn values_of_every_type_come_back() {
    on_each_backend(|project| {
        let columns: Vec<(&str, &str, serde_json::Value)> = project.by_backend(
            vec![
                ("INTEGER", "-9223372036854775808", json!("-9223372036854775808")),
                ("BOOLEAN", "false", json!(false)),
                ("REAL", "0.1", json!(0.1)),
                ("DECIMAL(10,2)", "1.5", json!("1.5")),
                ("VARCHAR(3)", "äöü", json!("äöü")),
                ("DATE", "2026-01-05", json!("2026-01-05")),
                ("DATETIME", "2026-01-05T09:00:00.25", json!("2026-01-05T09:00:00.250")),
                ("JSON", "{\"b\": [1, null]}", json!({ "b": [1, null] })),
                ("", "007", json!("007")),
                ("", "7", json!(7)),
            ],
            vec![
                ("smallint", "-32768", json!(-32768)),
                ("bigint", "9007199254740993", json!("9007199254740993")),
                ("real", "0.1", json!(0.1)),
                ("double precision", "1e-300", json!(1e-300)),
                ("numeric(40,10)", "12345678901234567890.0123456789", json!("12345678901234567890.0123456789")),
                ("character(3)", "ab", json!("ab ")),
                ("date", "infinity", json!("infinity")),
                ("time", "09:00:01.5", json!("09:00:01.5")),
                ("timestamp", "2026-01-05 09:00", json!("2026-01-05T09:00:00")),
                ("timestamptz", "2026-01-05T10:00:00.000001+01:00", json!("2026-01-05T09:00:00.000001Z")),
                ("interval", "1 day 02:00:00", json!("1 day 02:00:00")),
                ("uuid", "0198C5A2-7B3E-7C4D-9E5F-6A7B8C9D0E1F", json!("0198c5a2-7b3e-7c4d-9e5f-6a7b8c9d0e1f")),
                ("jsonb", "{\"b\": [1, null]}", json!({ "b": [1, null] })),
                ("bit(3)", "101", json!("101")),
                ("integer[]", "{1,NULL,3}", json!("{1,NULL,3}")),
                ("mood", "sad", json!("sad")),
                ("small", "3", json!(3)),
                ("inet", "10.0.0.1/8", json!("10.0.0.1/8")),
                ("int4range", "[1,5)", json!("[1,5)")),
                ("money", "$1.50", json!("$1.50")),
                ("oid", "4294967295", json!(4_294_967_295_u32)),
            ],
            vec![
                ("tinyint", "-128", json!(-128)),
                ("bigint unsigned", "18446744073709551615", json!("18446744073709551615")),
                ("boolean", "true", json!(true)),
                ("float", "0.1", json!(0.1)),
                ("decimal(40,10)", "12345678901234567890.0123456789", json!("12345678901234567890.0123456789")),
                ("date", "2026-01-05", json!("2026-01-05")),
                ("time(1)", "-30:00:01.5", json!("-30:00:01.5")),
                ("datetime(6)", "2026-01-05 09:00:00.000001", json!("2026-01-05T09:00:00.000001")),
                ("timestamp NULL", "2026-01-05T10:00:00+01:00", json!("2026-01-05T09:00:00.000000Z")),
                ("year", "2026", json!(2026)),
                ("json", "{\"b\": [1, null]}", json!({ "b": [1, null] })),
                ("bit(4)", "101", json!("0101")),
                ("enum('it''s','b')", "it's", json!("it's")),
                ("set('a','b')", "a,b", json!("a,b")),
                ("varbinary(3)", "\\x00ff", json!("\\x00ff")),
            ],
        );
        let mut session = project.session();
        if project.by_backend(false, true, false) {
            session.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')").unwrap();
            session.execute("CREATE DOMAIN small AS integer CHECK (VALUE < 10)").unwrap();
        }
        for (at, (type_name, word, expected)) in columns.iter().enumerate() {
            session.execute(&format!("CREATE TABLE t{at} (id integer NOT NULL PRIMARY KEY, v {type_name})")).unwrap();
            let table = format!("t{at}");
            let made = project.json(0, &["data", "create", &table, "id=1", &format!("v={word}")]);
            assert_eq!(made["v"], *expected, "{type_name} on {}", project.backend);
            // What came out goes in, and finds the row again.
            project.write("row.json", json!({ "id": 2, "v": expected }).to_string());
            let again = project.json(0, &["data", "create", &table, "--from", "row.json"]);
            assert_eq!(again["v"], *expected, "{type_name} on {}", project.backend);
            let same = project.json(0, &["data", "update", &table, "1", &format!("v={word}")]);
            assert_eq!(same["v"], *expected);
            let is_found =
                !type_name.starts_with("json") && !type_name.starts_with("JSON") && !["float"].contains(type_name);
            if is_found {
                let count = project.json(0, &["data", "count", &table, &format!("v={word}")]);
                assert_eq!(count["count"], json!(2), "{type_name} on {}", project.backend);
            }
        }
    });
}

#[test]
fn control_characters_do_not_reach_a_table() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a varchar(40))").unwrap();
        project.ok(&["data", "create", "t", "id=1", "a=x\u{1b}[2J\u{202e}y\nz"]);
        let shown = project.ok(&["data", "list", "t"]).stdout;
        assert!(shown.contains("x\\u{1b}[2J\\u{202e}y\\nz"), "{shown}");
        assert_eq!(project.json(0, &["data", "get", "t", "1"])["a"], json!("x\u{1b}[2J\u{202e}y\nz"));
    });
}
