//! The contract of the Diesel connection to MySQL and MariaDB: every type, and what goes wrong.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use dbtool::db::{Kind, MysqlConnection};
use diesel::connection::{InstrumentationEvent, SimpleConnection as _};
use diesel::deserialize::FromSql;
use diesel::mysql::{Mysql, MysqlType};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::row::{Field as _, NamedRow};
use diesel::sql_types::{
    BigInt, Binary, Bool, Date, Double, Float, Integer, Nullable, SmallInt, Text, Time, Timestamp, TinyInt, Unsigned,
};

use crate::support::{Project, on_mysql};

fn connect(project: &Project) -> MysqlConnection {
    MysqlConnection::establish(&project.url).unwrap()
}

/// The values of a row as they came: type and bytes.
#[derive(Debug)]
struct Raw(Vec<Option<(MysqlType, Vec<u8>)>>);

impl QueryableByName<Mysql> for Raw {
    fn build<'a>(row: &impl NamedRow<'a, Mysql>) -> diesel::deserialize::Result<Self> {
        let value = |at| {
            let field = diesel::row::Row::get(row, at).ok_or("a column is missing")?;
            Ok(field.value().map(|value| (value.value_type(), value.as_bytes().to_vec())))
        };
        (0..row.field_count()).map(value).collect::<diesel::deserialize::Result<_>>().map(Raw)
    }
}

/// The first value of a query, as a SQL type gives it.
fn value<T, ST>(connection: &mut MysqlConnection, sql: &str) -> diesel::deserialize::Result<T>
where
    T: FromSql<ST, Mysql>,
{
    let rows: Vec<Raw> = diesel::sql_query(sql).load(connection)?;
    let (tpe, bytes) = rows[0].0[0].as_ref().ok_or("NULL")?;
    T::from_sql(diesel::mysql::MysqlValue::new(bytes, *tpe))
}

#[test]
fn every_column_type_reads_as_what_it_is_or_as_bytes() {
    on_mysql(|project| {
        let mut connection = connect(&project);
        let maria = project.query("SELECT VERSION()")[0].contains("MariaDB");
        // The type, a literal, and what Diesel is told that it is.
        let mut types = vec![
            ("TINYINT", "-128", MysqlType::Tiny),
            ("TINYINT UNSIGNED", "255", MysqlType::UnsignedTiny),
            ("BOOLEAN", "TRUE", MysqlType::Tiny),
            ("SMALLINT", "-32768", MysqlType::Short),
            ("SMALLINT UNSIGNED", "65535", MysqlType::UnsignedShort),
            ("MEDIUMINT", "-8388608", MysqlType::Long),
            ("MEDIUMINT UNSIGNED", "16777215", MysqlType::UnsignedLong),
            ("INT", "-2147483648", MysqlType::Long),
            ("INT UNSIGNED", "4294967295", MysqlType::UnsignedLong),
            ("INT(5) ZEROFILL", "42", MysqlType::UnsignedLong),
            ("BIGINT", "-9223372036854775808", MysqlType::LongLong),
            ("BIGINT UNSIGNED", "18446744073709551615", MysqlType::UnsignedLongLong),
            ("FLOAT", "1.5", MysqlType::Float),
            ("DOUBLE", "-2.25", MysqlType::Double),
            (
                "DECIMAL(65, 30)",
                "12345678901234567890123456789012345.123456789012345678901234567890",
                MysqlType::Numeric,
            ),
            ("BIT(1)", "b'1'", MysqlType::Bit),
            ("BIT(64)", "b'1000000000000000000000000000000000000000000000000000000000000001'", MysqlType::Bit),
            ("YEAR", "2155", MysqlType::UnsignedShort),
            ("DATE", "'9999-12-31'", MysqlType::Date),
            ("TIME", "'12:34:56'", MysqlType::Time),
            ("TIME(6)", "'-838:59:58.999999'", MysqlType::Time),
            ("DATETIME", "'1000-01-01 00:00:00'", MysqlType::DateTime),
            ("DATETIME(6)", "'9999-12-31 23:59:59.999999'", MysqlType::DateTime),
            ("TIMESTAMP NULL", "'2038-01-19 03:14:07'", MysqlType::Timestamp),
            ("TIMESTAMP(6) NULL", "'1970-01-01 00:00:01.000001'", MysqlType::Timestamp),
            ("CHAR(10)", "'Łódź 🦀'", MysqlType::String),
            ("VARCHAR(100)", "''", MysqlType::String),
            ("VARCHAR(100) COLLATE utf8mb4_bin", "'é'", MysqlType::String),
            ("TINYTEXT", "'a'", MysqlType::String),
            ("TEXT", "'b'", MysqlType::String),
            ("MEDIUMTEXT", "'c'", MysqlType::String),
            ("LONGTEXT", "'d'", MysqlType::String),
            ("BINARY(4)", "X'00ff00ff'", MysqlType::Blob),
            ("VARBINARY(10)", "X'fffe'", MysqlType::Blob),
            ("TINYBLOB", "X'00'", MysqlType::Blob),
            ("BLOB", "X'01'", MysqlType::Blob),
            ("MEDIUMBLOB", "X'02'", MysqlType::Blob),
            ("LONGBLOB", "X'03'", MysqlType::Blob),
            ("ENUM('a', 'b')", "'b'", MysqlType::Enum),
            ("SET('x', 'y', 'z')", "'x,z'", MysqlType::Set),
            ("JSON", "'{\"a\": [1, null]}'", MysqlType::String),
            ("GEOMETRY", "ST_GeomFromText('POINT(1 2)')", MysqlType::Blob),
            ("POINT", "ST_GeomFromText('POINT(1 2)')", MysqlType::Blob),
            ("POLYGON", "ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))')", MysqlType::Blob),
            ("GEOMETRYCOLLECTION", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')", MysqlType::Blob),
        ];
        if maria {
            types.extend([
                ("INET6", "'::1'", MysqlType::String),
                ("INET4", "'10.0.0.1'", MysqlType::String),
                ("UUID", "'123e4567-e89b-12d3-a456-426655440000'", MysqlType::String),
            ]);
        } else {
            types.push(("VECTOR(2)", "TO_VECTOR('[1, 2]')", MysqlType::Blob));
        }
        for (at, (tpe, literal, expected)) in types.into_iter().enumerate() {
            let table = format!("t{at}");
            let make =
                format!("CREATE TABLE {table} (v {tpe}, n INT); INSERT INTO {table} VALUES ({literal}, 1), (NULL, 2)");
            connection.batch_execute(&make).unwrap_or_else(|error| panic!("{tpe}: {error}"));
            let rows: Vec<Raw> =
                diesel::sql_query(format!("SELECT v FROM {table} ORDER BY n")).load(&mut connection).unwrap();
            let (found, bytes) = rows[0].0[0].clone().unwrap_or_else(|| panic!("{tpe} reads as NULL"));
            assert_eq!(found, expected, "{tpe}");
            assert!(rows[1].0[0].is_none(), "{tpe}: NULL");
            assert!(!bytes.is_empty() || literal == "''", "{tpe}");
            // The engine's text of it: never a panic, and the same as the server's own.
            let texts = project.query(&format!("SELECT v FROM {table} ORDER BY n"));
            if !matches!(expected, MysqlType::Blob | MysqlType::Bit) {
                let server = project.query(&format!("SELECT CAST(v AS CHAR) FROM {table} ORDER BY n"));
                assert_eq!(texts, server, "{tpe}");
            }
        }
        // A column without a type, and one that nothing is known of.
        let rows: Vec<Raw> = diesel::sql_query("SELECT NULL, 1 + 1, CONCAT('a', 1)").load(&mut connection).unwrap();
        assert!(rows[0].0[0].is_none());
    });
}

#[test]
fn values_come_back_as_they_went_in() {
    on_mysql(|project| {
        let mut connection = connect(&project);
        let c = &mut connection;
        assert_eq!(value::<i8, TinyInt>(c, "SELECT CAST(-1 AS SIGNED)").err().map(|_| ()), None);
        c.batch_execute("CREATE TABLE v (a TINYINT, b TINYINT UNSIGNED, s SMALLINT, i INT, l BIGINT, u BIGINT UNSIGNED, f FLOAT, d DOUBLE, t TEXT, bin BLOB, da DATE, ti TIME(6), ts DATETIME(6), n INT NULL)").unwrap();
        let date = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
        let time = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
        let at = NaiveDateTime::new(date, time);
        let text = "it's \\ \"quoted\" ? :x 🦀".to_owned();
        let inserted = diesel::sql_query("INSERT INTO v VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind::<Bool, _>(true)
            .bind::<Unsigned<TinyInt>, _>(200_u8)
            .bind::<SmallInt, _>(i16::MIN)
            .bind::<Integer, _>(i32::MAX)
            .bind::<BigInt, _>(i64::MIN)
            .bind::<Unsigned<BigInt>, _>(u64::MAX)
            .bind::<Float, _>(1.5_f32)
            .bind::<Double, _>(-2.25_f64)
            .bind::<Text, _>(&text)
            .bind::<Binary, _>(vec![0_u8, 255, 10])
            .bind::<Date, _>(date)
            .bind::<Time, _>(time)
            .bind::<Timestamp, _>(at)
            .bind::<Nullable<Integer>, _>(None::<i32>)
            .execute(c)
            .unwrap();
        assert_eq!(inserted, 1);
        assert_eq!(value::<i8, TinyInt>(c, "SELECT a FROM v").unwrap(), 1);
        assert!(value::<bool, Bool>(c, "SELECT a FROM v").unwrap());
        assert_eq!(value::<u8, Unsigned<TinyInt>>(c, "SELECT b FROM v").unwrap(), 200);
        assert_eq!(value::<i16, SmallInt>(c, "SELECT s FROM v").unwrap(), i16::MIN);
        assert_eq!(value::<i32, Integer>(c, "SELECT i FROM v").unwrap(), i32::MAX);
        assert_eq!(value::<i64, BigInt>(c, "SELECT l FROM v").unwrap(), i64::MIN);
        assert_eq!(value::<u64, Unsigned<BigInt>>(c, "SELECT u FROM v").unwrap(), u64::MAX);
        assert!((value::<f32, Float>(c, "SELECT f FROM v").unwrap() - 1.5).abs() < f32::EPSILON);
        assert!((value::<f64, Double>(c, "SELECT d FROM v").unwrap() + 2.25).abs() < f64::EPSILON);
        assert_eq!(value::<String, Text>(c, "SELECT t FROM v").unwrap(), text);
        assert_eq!(value::<Vec<u8>, Binary>(c, "SELECT bin FROM v").unwrap(), [0, 255, 10]);
        assert_eq!(value::<NaiveDate, Date>(c, "SELECT da FROM v").unwrap(), date);
        assert_eq!(value::<NaiveTime, Time>(c, "SELECT ti FROM v").unwrap(), time);
        assert_eq!(value::<NaiveDateTime, Timestamp>(c, "SELECT ts FROM v").unwrap(), at);
        assert_eq!(
            value::<NaiveDateTime, Timestamp>(c, "SELECT CAST('2024-01-02 03:04:05' AS DATETIME)").unwrap().to_string(),
            "2024-01-02 03:04:05"
        );
    });
}

#[test]
fn what_no_rust_type_holds_is_an_error_and_never_another_value() {
    on_mysql(|project| {
        let c = &mut connect(&project);
        c.batch_execute("SET sql_mode = ''; CREATE TABLE odd (t TIME, d DATE, dt DATETIME); INSERT INTO odd VALUES ('30:00:00', '0000-00-00', '0000-00-00 00:00:00'), ('-01:00:00', '2024-00-10', NULL)").unwrap();
        assert!(value::<NaiveTime, Time>(c, "SELECT t FROM odd LIMIT 1").is_err(), "no time of day has 30 hours");
        assert!(value::<NaiveTime, Time>(c, "SELECT t FROM odd WHERE t < 0").is_err(), "none is negative");
        assert!(value::<NaiveDate, Date>(c, "SELECT d FROM odd LIMIT 1").is_err());
        assert!(value::<NaiveDate, Date>(c, "SELECT d FROM odd WHERE t < 0").is_err());
        assert!(value::<NaiveDateTime, Timestamp>(c, "SELECT dt FROM odd LIMIT 1").is_err());
        assert_eq!(
            project.query("SELECT t, d, dt FROM odd"),
            ["30:00:00|0000-00-00|0000-00-00 00:00:00", "-01:00:00|2024-00-10|"]
        );
        assert!(value::<String, Text>(c, "SELECT X'ff'").is_err(), "bytes that are no UTF-8");
    });
}

#[test]
fn the_session_is_in_utc_and_utf8() {
    on_mysql(|project| {
        let c = &mut connect(&project);
        assert_eq!(value::<String, Text>(c, "SELECT @@time_zone").unwrap(), "+00:00");
        assert_eq!(value::<String, Text>(c, "SELECT @@character_set_client").unwrap(), "utf8mb4");
        assert_eq!(value::<String, Text>(c, "SELECT @@character_set_results").unwrap(), "utf8mb4");
        let found = diesel::sql_query("CREATE TABLE f (id INT PRIMARY KEY, n INT)").execute(c).unwrap();
        assert_eq!(found, 0);
        diesel::sql_query("INSERT INTO f VALUES (1, 5)").execute(c).unwrap();
        // As in Diesel's own connection: the rows that were found, changed or not.
        assert_eq!(diesel::sql_query("UPDATE f SET n = 5").execute(c).unwrap(), 1);
    });
}

#[test]
fn errors_keep_their_kind_number_and_sqlstate() {
    on_mysql(|project| {
        let c = &mut connect(&project);
        c.batch_execute("CREATE TABLE p (id INT PRIMARY KEY, n INT NOT NULL CHECK (n > 0)); CREATE TABLE k (id INT, FOREIGN KEY (id) REFERENCES p (id)); INSERT INTO p VALUES (1, 1)").unwrap();
        for (sql, kind, numbers) in [
            ("INSERT INTO p VALUES (1, 1)", DatabaseErrorKind::UniqueViolation, &[1062][..]),
            ("INSERT INTO k VALUES (2)", DatabaseErrorKind::ForeignKeyViolation, &[1452]),
            ("INSERT INTO p VALUES (2, NULL)", DatabaseErrorKind::NotNullViolation, &[1048]),
            ("INSERT INTO p VALUES (2, 0)", DatabaseErrorKind::CheckViolation, &[3819, 4025]),
            ("SELEC", DatabaseErrorKind::Unknown, &[1064]),
        ] {
            let error = diesel::sql_query(sql).execute(c).unwrap_err();
            assert!(
                matches!(&error, Error::DatabaseError(found, _) if format!("{found:?}") == format!("{kind:?}")),
                "{sql}: {error:?}"
            );
            let last = c.last_error().unwrap();
            assert!(
                numbers.contains(&last.errno.unwrap()) && last.sqlstate.as_ref().is_some_and(|state| state.len() == 5),
                "{last:?}"
            );
        }
    });
}

#[test]
fn a_deadlock_rolls_back_up_to_the_top() {
    on_mysql(|project| {
        let mut first = connect(&project);
        first.batch_execute("CREATE TABLE d (id INT PRIMARY KEY, n INT); INSERT INTO d VALUES (1, 0), (2, 0)").unwrap();
        let url = project.url.clone();
        let (ready, wait) = std::sync::mpsc::channel();
        let other = std::thread::spawn(move || {
            let mut second = MysqlConnection::establish(&url).unwrap();
            second.transaction(|c| {
                diesel::sql_query("UPDATE d SET n = 2 WHERE id = 2").execute(c)?;
                ready.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(300));
                diesel::sql_query("UPDATE d SET n = 2 WHERE id = 1").execute(c)
            })
        });
        let ours: Result<usize, Error> = first.transaction(|c| {
            diesel::sql_query("UPDATE d SET n = 1 WHERE id = 1").execute(c)?;
            wait.recv().unwrap();
            // Within a savepoint, which goes with the whole.
            c.transaction(|c| diesel::sql_query("UPDATE d SET n = 1 WHERE id = 2").execute(c))
        });
        let theirs = other.join().unwrap();
        assert!(ours.is_ok() != theirs.is_ok(), "one of them is the victim: {ours:?} {theirs:?}");
        let victim = ours.err().or(theirs.err()).unwrap();
        assert!(matches!(victim, Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)), "{victim:?}");
        // The connection goes on.
        let again: Result<usize, Error> = first.transaction(|c| diesel::sql_query("UPDATE d SET n = 3").execute(c));
        assert_eq!(again.unwrap(), 2);
        assert_eq!(project.query("SELECT n FROM d"), ["3", "3"]);
    });
}

#[test]
fn a_killed_connection_is_broken() {
    on_mysql(|project| {
        let c = &mut connect(&project);
        let id = value::<u64, Unsigned<BigInt>>(c, "SELECT CONNECTION_ID()").unwrap();
        assert!(!diesel::r2d2::R2D2Connection::is_broken(c));
        let result: Result<(), Error> = c.transaction(|c| {
            project.session().execute(&format!("KILL {id}")).unwrap();
            diesel::sql_query("SELECT 1").execute(c).map(|_| ())
        });
        assert!(matches!(result.unwrap_err(), Error::DatabaseError(DatabaseErrorKind::ClosedConnection, _)));
        assert_eq!(c.last_error().unwrap().kind, Kind::Lost);
        assert!(diesel::r2d2::R2D2Connection::is_broken(c));
        assert!(diesel::r2d2::R2D2Connection::ping(c).is_err());
    });
}

#[test]
fn procedures_savepoints_and_batches() {
    on_mysql(|project| {
        let c = &mut connect(&project);
        c.batch_execute("CREATE TABLE s (id INT); CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS b, 3 AS c; INSERT INTO s VALUES (9); END").unwrap();
        // The first answer is the query's; the others are read, so that the connection stays usable.
        assert_eq!(value::<i64, BigInt>(c, "CALL two()").unwrap(), 1);
        c.batch_execute("CALL two(); SELECT 1; SELECT 2").unwrap();
        let error =
            c.batch_execute("INSERT INTO s VALUES (10); SELECT * FROM nowhere; INSERT INTO s VALUES (11)").unwrap_err();
        assert!(error.to_string().contains("nowhere"), "an error of a later statement is one: {error}");
        assert_eq!(project.query("SELECT id FROM s"), ["9", "9", "10"]);
        let nested: Result<(), Error> = c.transaction(|c| {
            diesel::sql_query("INSERT INTO s VALUES (1)").execute(c)?;
            let inner: Result<(), Error> = c.transaction(|c| {
                diesel::sql_query("INSERT INTO s VALUES (2)").execute(c)?;
                Err(Error::RollbackTransaction)
            });
            assert!(inner.is_err());
            diesel::sql_query("INSERT INTO s VALUES (3)").execute(c).map(|_| ())
        });
        nested.unwrap();
        assert_eq!(project.query("SELECT id FROM s WHERE id < 9 ORDER BY id"), ["1", "3"]);
    });
}

#[test]
fn no_file_of_the_client_is_given_away() {
    on_mysql(|project| {
        let c = &mut connect(&project);
        c.batch_execute("CREATE TABLE f (line TEXT)").unwrap();
        for sql in [
            "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE f",
            "SELECT 1; LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE f",
        ] {
            let error = c.batch_execute(sql).unwrap_err().to_string();
            assert!(error.contains("LOCAL INFILE") || error.contains("Loading local data is disabled"), "{error}");
        }
        assert_eq!(project.query("SELECT count(*) FROM f"), ["0"]);
        c.batch_execute("SELECT 1").unwrap();
    });
}

#[test]
fn instrumentation_hears_of_every_query() {
    on_mysql(|project| {
        let c = &mut connect(&project);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        c.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { query, .. } => sink.lock().unwrap().push(format!("start {query}")),
            InstrumentationEvent::FinishQuery { error, .. } => {
                sink.lock().unwrap().push(format!("finish {}", error.is_some()));
            }
            InstrumentationEvent::BeginTransaction { .. } => sink.lock().unwrap().push("begin".into()),
            _ => {}
        });
        c.batch_execute("SELECT 1").unwrap();
        assert!(diesel::sql_query("SELECT nothing").execute(c).is_err());
        let heard = heard.lock().unwrap();
        assert_eq!(heard.len(), 4, "{heard:?}");
        assert!(heard[0].contains("SELECT 1") && heard[1] == "finish false" && heard[3] == "finish true", "{heard:?}");
    });
}

#[test]
fn statements_are_kept_and_large_batches_are_not() {
    on_mysql(|project| {
        let c = &mut connect(&project);
        c.batch_execute("CREATE TABLE b (id INT PRIMARY KEY)").unwrap();
        diesel::table! { b (id) { id -> Integer, } }
        let count = |c: &mut MysqlConnection| -> u64 {
            let rows: Vec<Raw> = diesel::sql_query("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'").load(c).unwrap();
            String::from_utf8(rows[0].0[1].clone().unwrap().1).unwrap().parse().unwrap()
        };
        let before = count(c);
        for id in 0..50 {
            let found: Vec<i32> = b::table.select(b::id).filter(b::id.eq(id)).load(c).unwrap();
            assert!(found.is_empty());
        }
        assert!(count(c) - before <= 2, "one statement is prepared once");
        let open = |c: &mut MysqlConnection| {
            let rows: Vec<Raw> = diesel::sql_query("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'").load(c).unwrap();
            String::from_utf8(rows[0].0[1].clone().unwrap().1).unwrap().parse::<i64>().unwrap()
        };
        let before = open(c);
        for size in 1..200_i32 {
            let rows: Vec<_> = (0..size).map(|n| b::id.eq(size * 1_000 + n)).collect();
            diesel::insert_into(b::table).values(&rows).execute(c).unwrap();
        }
        assert!(open(c) - before < 150, "batches of every size are closed again");
    });
}
