//! Numbers come back with all their digits, or are refused; averages are the same on each backend.

use dbtool::backend::Backend;
use serde_json::json;

use crate::support::{Project, on_each_backend, on_servers};

fn sqlite(columns: &str) -> Project {
    let project = Project::sqlite();
    project.session().execute(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {columns})")).unwrap();
    project
}

#[test]
fn sqlite_is_given_no_number_that_it_would_round() {
    let project = sqlite("d DECIMAL(20, 2), n NUMERIC, s STRING, a ANY, u UNSIGNED BIG INT, doc JSON");
    for (word, would) in [
        ("d=12345678901234567.89", "12345678901234568"),
        ("n=0.1234567890123456789", "0.12345678901234568"),
        ("n=-9223372036854775809", "-9223372036854776000"),
        ("s=007", "7"),
        ("s= 1.50", "1.5"),
        ("a=12345678901234567.89", "12345678901234568"),
        ("u=18446744073709551615", "18446744073709552000"),
        ("doc=12345678901234567.89", "12345678901234568"),
    ] {
        let refused = project.expect(11, &["data", "create", "t", "id=1", word]);
        refused.says(&["error[data/value]", &format!("would be `{would}`"), "`TEXT`"]);
        let (column, value) = word.split_once('=').unwrap();
        let csv = format!("id,{column}\n1,\"{value}\"\n");
        // A loader reads 64 bits with a sign, and says so itself.
        if column != "u" {
            project.write("t.csv", csv);
            project.expect(11, &["data", "import", "t", "t.csv"]).says(&["t.csv:2", &format!("would be `{would}`")]);
            project.expect(11, &["data", "import", "t", "t.csv", "--upsert"]).says(&[&format!("would be `{would}`")]);
        }
    }
    project.write("t.json", "{\"id\": 1, \"d\": 12345678901234567.89}");
    project.expect(11, &["data", "create", "t", "--from", "t.json"]).says(&["would be `12345678901234568`"]);
    project.expect(11, &["data", "import", "t", "t.json"]).says(&["would be `12345678901234568`"]);
    assert_eq!(project.query("SELECT count(*) FROM t"), ["0"]);
    for (word, back) in [
        ("d=1234567890123.45", json!("1234567890123.45")),
        ("d=9007199254740993", json!("9007199254740993")),
        ("d=0.10", json!("0.1")),
        ("n=0.12345678901234568", json!("0.12345678901234568")),
        ("n=-1e-3", json!(null)),
        ("s=abc", json!("abc")),
        ("a=1.5", json!(1.5)),
        ("doc=1.50", json!(1.5)),
    ] {
        let (column, _) = word.split_once('=').unwrap();
        if back.is_null() {
            project.expect(11, &["data", "create", "t", word]).says(&["is not a decimal number"]);
            continue;
        }
        let made = project.json(0, &["data", "create", "t", word]);
        assert_eq!(made[column].to_string(), back.to_string(), "{word}");
        let id = made["id"].to_string();
        let same = project.ok(&["data", "update", "t", &id, word]);
        same.says(&["0 rows changed, 1 row as it was"]);
        if column != "doc" {
            assert_eq!(
                project.json(0, &["data", "count", "t", &format!("id={id}"), word])["count"],
                json!(1),
                "{word}"
            );
        }
    }
    // What would be compared as another number is compared with nothing.
    let filter = "d = 12345678901234567.89";
    project
        .expect(2, &["data", "count", "t", "--where", filter])
        .says(&["would be `12345678901234568`", "--where:1:1"]);
    project.expect(2, &["data", "update", "t", "1", "s=x", "--if", "n=0.1234567890123456789"]).says(&["would be"]);
    project
        .expect(2, &["data", "aggregate", "t", "--sum", "d", "--having", &format!("sum_{filter}")])
        .says(&["would be"]);
}

#[test]
fn what_would_be_rounded_is_not_told_where_it_is_sensitive() {
    let project = sqlite("d DECIMAL(20, 2)").file("dbtool.toml", "[columns]\nsensitive = [\"t.d\"]\n");
    let refused = project.expect(11, &["data", "create", "t", "d=12345678901234567.89"]);
    refused.says(&["`t.d`: *** would be another"]).says_nothing_of(&["123456789"]);
}

#[test]
fn a_strict_table_of_sqlite_keeps_every_digit_as_text() {
    let project = Project::sqlite();
    project.session().execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a ANY, b) STRICT").unwrap_err();
    project.session().execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a ANY) STRICT").unwrap();
    let made = project.json(0, &["data", "create", "t", "a=12345678901234567.89"]);
    assert_eq!(made["a"], json!("12345678901234567.89"));
    project.write("t.json", "{\"a\": 12345678901234567.89}");
    assert_eq!(project.json(0, &["data", "create", "t", "--from", "t.json"])["a"], json!("12345678901234567.89"));
}

#[test]
fn numbers_of_json_keep_their_digits() {
    on_servers(|project| {
        project
            .session()
            .execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, n bigint, d decimal(40, 10))")
            .unwrap();
        let rows = "[{\"id\": 1, \"n\": 9007199254740993.0, \"d\": 12345678901234567890.0123456789}, {\"id\": 2, \"n\": 1e3, \"d\": 1.5e3}]";
        project.write("t.json", rows);
        let made = project.json(0, &["data", "create", "t", "--from", "t.json"]);
        assert_eq!(made["rows"][0]["d"], json!("12345678901234567890.0123456789"));
        assert_eq!(made["rows"][0]["n"], json!("9007199254740993"));
        assert_eq!((&made["rows"][1]["n"], &made["rows"][1]["d"]), (&json!(1000), &json!("1500.0000000000")));
        project.write("t.json", "{\"id\": 3, \"d\": 1e400}");
        project.expect(11, &["data", "create", "t", "--from", "t.json"]).says(&["`t.d`"]);
    });
}

#[test]
fn averages_are_the_same_everywhere() {
    on_each_backend(|project| {
        let types = project.by_backend(
            "n INTEGER, d DECIMAL(12, 3), f REAL",
            "n bigint, d numeric(12, 3), f double precision",
            "n bigint, d decimal(12, 3), f double",
        );
        let mut session = project.session();
        session.execute(&format!("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, g integer, {types})")).unwrap();
        session
            .execute("INSERT INTO t (id, g, n, d, f) VALUES (1, 1, 1, 0.1, 1.5), (2, 1, 2, 0.2, 0.5), (3, 1, 2, 0.7, 1), (4, 2, -7, -0.005, NULL), (5, 2, NULL, NULL, NULL)")
            .unwrap();
        let rows =
            |args: &[&str]| project.json(0, &[&["data", "aggregate", "t", "--by", "g"], args].concat())["rows"].clone();
        let averages = rows(&["--avg", "n,d,f"]);
        assert_eq!(
            averages,
            json!([
                { "g": 1, "avg_n": "1.6667", "avg_d": "0.3333333", "avg_f": 1.0 },
                { "g": 2, "avg_n": "-7", "avg_d": "-0.005", "avg_f": null },
            ]),
            "{}",
            project.backend
        );
        // By their values, not by their texts, and with a point where the column has none.
        for (having, groups) in [
            ("avg_n > 1.5", json!([1])),
            ("avg_d < 0", json!([2])),
            ("sum_d > 0.9", json!([1])),
            ("sum_n >= 5 and avg_f = 1", json!([1])),
            ("count_f = 0 or min_d > 100", json!([])),
            ("not (max_n in (2, 3))", json!([2])),
            ("avg_f is null", json!([2])),
        ] {
            let found = rows(&[
                "--avg",
                "n,d,f",
                "--sum",
                "n,d",
                "--min",
                "d",
                "--max",
                "n",
                "--having",
                &having.replace("count_f = 0", "sum_d > 100"),
            ]);
            let found: Vec<_> = found.as_array().unwrap().iter().map(|row| row["g"].clone()).collect();
            assert_eq!(json!(found), groups, "{having} on {}", project.backend);
        }
        let sorted = rows(&["--avg", "n", "--sort", "-avg_n", "--limit", "1"]);
        assert_eq!(sorted, json!([{ "g": 1, "avg_n": "1.6667" }]));
        project
            .expect(2, &["data", "aggregate", "t", "--avg", "n", "--having", "avg_n ~ 'x'"])
            .says(&["is compared by"]);
        project
            .expect(2, &["data", "aggregate", "t", "--avg", "n", "--having", "avg_n > 'x'"])
            .says(&["`t.avg_n`: `x` is not"]);
    });
}

#[test]
fn averages_of_any_size_are_exact() {
    on_servers(|project| {
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, d decimal(40, 10))").unwrap();
        project
            .session()
            .execute("INSERT INTO t VALUES (1, 123456789012345678901234567890.0000000001), (2, 0)")
            .unwrap();
        let row = project.json(0, &["data", "aggregate", "t", "--avg", "d"])["rows"][0].clone();
        assert_eq!(row["avg_d"], json!("61728394506172839450617283945.00000000005"));
    });
}

#[test]
fn no_place_of_a_second_is_rounded_away() {
    on_servers(|project| {
        let types = project.by_backend(
            "",
            "a timestamp(0), b timestamptz(3), c time(0), d timestamp",
            "a datetime, b datetime(3), c time, d datetime(6)",
        );
        project.session().execute(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {types})")).unwrap();
        for (value, wrong) in [
            ("a=2026-01-05T09:00:00.5", "has 1 place of a second, of 0 at most"),
            ("b=2026-01-05T09:00:00.1234", "has 4 places of a second, of 3 at most"),
            ("c=09:00:00.25", "has 2 places of a second, of 0 at most"),
            ("d=2026-01-05T09:00:00.1234567", "has 7 places of a second, of 6 at most"),
        ] {
            project.expect(11, &["data", "create", "t", "id=1", value]).says(&["error[data/value]", wrong]);
            let (column, value) = value.split_once('=').unwrap();
            project.write("t.csv", format!("id,{column}\n1,{value}\n"));
            project.expect(11, &["data", "import", "t", "t.csv"]).says(&["t.csv:2", wrong]);
        }
        assert_eq!(project.query("SELECT count(*) FROM t"), ["0"]);
        let values =
            ["a=2026-01-05T09:00:00.000", "b=2026-01-05T09:00:00.125", "c=09:00:00", "d=2026-01-05 09:00:00.123456"];
        let made = project.json(0, &[&["data", "create", "t", "id=1"][..], &values].concat());
        let b = project.by_backend("", "2026-01-05T09:00:00.125000Z", "2026-01-05T09:00:00.125");
        assert_eq!(
            (&made["a"], &made["b"], &made["d"]),
            (&json!("2026-01-05T09:00:00"), &json!(b), &json!("2026-01-05T09:00:00.123456"))
        );
    });
}

#[test]
fn no_other_year_is_read_into_two_digits() {
    on_servers(|project| {
        if project.backend != Backend::Mysql {
            return;
        }
        project.session().execute("CREATE TABLE t (id INTEGER PRIMARY KEY, y YEAR)").unwrap();
        for year in ["0", "26", "69"] {
            let run = project.expect(11, &["data", "create", "t", "id=1", &format!("y={year}")]);
            run.says(&["is not a year of four digits"]);
        }
        let made = project.json(0, &["data", "create", "t", "id=1", "y=2026"]);
        assert_eq!(made["y"], json!(2026), "{made}");
    });
}
