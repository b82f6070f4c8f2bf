//! `data export` and `data import`: what goes out comes back as it was, and what is wrong is told with its line.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::data;
use crate::support::{Project, on_each_backend, on_postgres};

/// A table of every type of a backend, and values that are hard on a file.
fn wide(project: &Project) -> (&'static str, Vec<&'static str>) {
    project.by_backend(
        (
            "(id INTEGER PRIMARY KEY, yes BOOLEAN, small SMALLINT, big BIGINT, real_one REAL, exact DECIMAL(15, 4), name VARCHAR(50), \
             words TEXT, bytes BLOB, day DATE, at DATETIME, doc JSON, anything)",
            vec![
                "(1, 1, -32768, 9223372036854775807, 1e300, 12345678901.5, 'Zoë 🦀', '', x'00ff27', '2024-02-29', '2024-02-29 12:34:56', '{\"a\": [1, null]}', 7)",
                "(2, 0, 32767, -9223372036854775808, -0.1, 0, '\"quoted\", it''s', 'a\tb\nc\r\nd\\.', x'', '9999-12-31', '1970-01-01 00:00:00.123', '[]', 'x')",
                "(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
                "(4, 1, 0, 0, 9e999, 1, ' ', '\\.', x'5c782e', '2000-01-01', '2000-01-01 00:00:00', '\"\"', 1.5)",
                "(5, 0, 1, 1, 0.0, -1.5, '\\N', char(1, 8, 11, 31, 127), x'0a0d', '2000-01-01', '2000-01-01 00:00:00', 'true', 'NULL')",
            ],
        ),
        (
            "(id INTEGER PRIMARY KEY, yes BOOLEAN, small SMALLINT, big BIGINT, single REAL, real_one DOUBLE PRECISION, exact NUMERIC, \
             price NUMERIC(10, 2), fixed CHAR(5), name VARCHAR(50), words TEXT, bytes BYTEA, day DATE, hour TIME, zoned TIMETZ, \
             at TIMESTAMP, moment TIMESTAMPTZ, span INTERVAL, uid UUID, plain JSON, doc JSONB, bits BIT(4), more BIT VARYING, \
             numbers INTEGER[], texts TEXT[], mood mood, address INET, place POINT, area INT4RANGE)",
            vec![
                "(1, true, -32768, 9223372036854775807, 0.1, 1e300, 123456789012345678901234567890.1234567890, 19.99, 'ab', 'Zoë 🦀', '', '\\x00ff27', \
                 '2024-02-29', '12:34:56.5', '12:34:56+02', '2024-02-29 12:34:56.123456', '2024-02-29 12:34:56.5+02', '1 year 2 days -3:04:05', \
                 '0198c5a2-7b3e-7c4d-9e5f-6a7b8c9d0e1f', '{\"b\":  1.10, \"a\": null}', '{\"a\": [1, \"x\"]}', B'0101', B'1', '{1,NULL,3}', \
                 '{\"a,b\",\"c\\\"d\",NULL,\"\"}', 'so so', '10.0.0.1/8', '(1.5,-2)', '[1,5)')",
                "(2, false, 32767, -9223372036854775808, 'NaN', 'Infinity', 'NaN', -0.01, '', '\"quoted\", it''s', E'a\\tb\\nc\\r\\nd\\\\.', '', \
                 'infinity', '00:00', '23:59:59.999999-12', '-infinity', 'infinity', '-1 day', NULL, '[]', 'false', B'0000', B'', '{}', '{}', 'good', '::1', \
                 '(0,0)', 'empty')",
                "(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
                 NULL, NULL, NULL, NULL, NULL, NULL)",
                "(4, true, 0, 0, '-Infinity', -0.0, 1e-20, 0, '     ', ' ', E'\\\\.', '\\x5c2e', '0044-03-15 BC', '24:00', '00:00+00', \
                 '0044-03-15 12:00:00 BC', '0044-03-15 12:00:00+00 BC', '0', '00000000-0000-0000-0000-000000000000', '\"\"', '\"\"', B'1111', B'10101010101', \
                 '{{1,2},{3,4}}', '{NULL}', 'so so', '0.0.0.0/0', '(1e10,1e-10)', '(,)')",
                "(5, false, 1, 1, 1e-45, 5e-324, 0.1, 99999999.99, 'x', '\\N', E'\\x01\\x08\\x0b\\x1f\\x7f', '\\x0a0d', '5874897-12-31', '01:02:03', \
                 '01:02:03+05:30', '294276-12-31 23:59:59.999999', '1999-01-08 04:05:06.7891+00', '178000000 years', NULL, '1', '12345678901234567890.5', \
                 B'0001', B'0', '{7}', '{\" \"}', 'good', '1.2.3.4', '(0,1)', '[,3)')",
            ],
        ),
        (
            "(id INTEGER PRIMARY KEY, yes BOOLEAN, small SMALLINT, big BIGINT, huge BIGINT UNSIGNED, single FLOAT, real_one DOUBLE, \
             exact DECIMAL(65, 30), price DECIMAL(10, 2), fixed CHAR(5), name VARCHAR(50), words TEXT, bytes BLOB, short BINARY(4), day DATE, hour TIME(6), \
             at DATETIME(6), moment TIMESTAMP(6) NULL, year YEAR, doc JSON, bits BIT(4), mood ENUM('good', 'so so'), moods SET('a', 'b'))",
            vec![
                "(1, 1, -32768, 9223372036854775807, 18446744073709551615, 0.1, 1e300, 12345678901234567890123456789012345.123456789012345678901234567890, \
                 19.99, 'ab', 'Zoë 🦀', '', x'00ff27', x'01020304', '2024-02-29', '-838:59:58.999999', '2024-02-29 12:34:56.123456', '2024-02-29 12:34:56.5', 2155, \
                 '{\"a\": [1, null]}', b'0101', 'so so', 'a,b')",
                "(2, 0, 32767, -9223372036854775808, 0, 16777217, -0.1, -0.5, -0.01, '', '\"quoted\", it''s', 'a\\tb\\nc\\r\\nd\\\\.', '', x'00000000', '1000-01-01', \
                 '00:00:00', '1000-01-01 00:00:00', '1970-01-02 00:00:01', 1901, '[]', b'0', 'good', '')",
                "(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
                "(4, 127, 0, 0, 1, 3.4e38, 1.7976931348623157e308, 0, 0, 'x', ' ', '\\\\.', x'5c2e0a', x'0a0d0900', '9999-12-31', '23:59:59', '9999-12-31 23:59:59.999999', \
                 '2038-01-19 03:14:07', 2000, '\"\"', b'1111', NULL, NULL)",
                "(5, 0, 1, 1, 2, 1e-38, 5e-324, 0.1, 99999999.99, '\\\\N', '\\\\N', concat(char(1), char(8), char(11), char(31), char(127)), x'0d', x'ffffffff', \
                 '2000-01-01', '01:02:03.4', '2000-01-01 00:00:00.1', '2000-01-01 00:00:00', 2024, '7', b'1', 'good', 'b')",
            ],
        ),
    )
}

/// What two tables do not have alike.
fn differences(project: &Project) -> Vec<String> {
    let sql = project.by_backend(
        "SELECT 'one' AS side, *, typeof(yes), typeof(exact), typeof(anything), typeof(bytes) FROM (SELECT * FROM wide EXCEPT SELECT * FROM copy) \
         UNION ALL SELECT 'other', *, typeof(yes), typeof(exact), typeof(anything), typeof(bytes) FROM (SELECT * FROM copy EXCEPT SELECT * FROM wide)",
        "(SELECT 'one', t::text FROM wide t EXCEPT ALL SELECT 'one', t::text FROM copy t) UNION ALL (SELECT 'other', t::text FROM copy t EXCEPT ALL SELECT 'other', t::text FROM wide t)",
        "(SELECT 'one', wide.* FROM wide EXCEPT SELECT 'one', copy.* FROM copy) UNION ALL (SELECT 'other', copy.* FROM copy EXCEPT SELECT 'other', wide.* FROM wide)",
    );
    project.query(sql)
}

#[test]
fn what_goes_out_comes_back() {
    on_each_backend(|project| {
        let (columns, rows) = wide(&project);
        let mut session = project.session();
        let mood = project.by_backend("", "CREATE TYPE mood AS ENUM ('good', 'so so');", "");
        session.execute(&format!("{mood} CREATE TABLE wide {columns}; CREATE TABLE copy {columns}")).unwrap();
        for row in rows {
            session.execute(&format!("INSERT INTO wide VALUES {row}")).unwrap();
        }
        for file in ["wide.csv", "wide.json", "wide.jsonl"] {
            project.ok(&["data", "export", "wide", "--file", file]).says(&["5 rows of `wide`"]);
            project.session().execute("DELETE FROM copy").unwrap();
            project.ok(&["data", "import", "copy", file]).says(&["5 inserted"]);
            let text = std::fs::read_to_string(project.path(file)).unwrap();
            assert_eq!(project.query("SELECT count(*) FROM copy"), ["5"]);
            assert!(
                differences(&project).is_empty(),
                "{file} on {}: {:#?}\n{text}",
                project.backend,
                differences(&project)
            );
        }
    });
}

/// People with a secret and a rule.
fn people(project: Project) -> Project {
    project
        .session()
        .execute(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(10) NOT NULL, age SMALLINT CHECK (age >= 0), joined DATE, code VARCHAR(20) UNIQUE)",
        )
        .unwrap();
    project.file("dbtool.toml", "[columns]\nsensitive = [\"people.code\"]\n")
}

const HEADER: &str = "id,name,age,joined,code\n";

#[test]
fn what_is_wrong_is_told_with_its_line_and_nothing_is_imported() {
    on_each_backend(|project| {
        let project = people(project);
        for (row, words) in [
            ("3,Cleo,old,,", &["people.csv:4", "`people.age`: `old` is not a whole number"][..]),
            ("3,Cleo,40000,,", &["people.csv:4", "`people.age`: `40000` is not between"]),
            (
                "3,Cleopatra VII,40,,",
                &["people.csv:4", "`people.name`: `Cleopatra VII` has 13 characters, of 10 at most"],
            ),
            ("3,Cleo,40,2024-02-30,", &["people.csv:4", "`people.joined`: `2024-02-30` is not a date"]),
            ("3,,40,,", &["people.csv:4", "`people.name` must have a value", "`\"\"` is the empty text"]),
            ("3,Cleo,-1,,", &["people.csv:4", "check"]),
            ("2,Cleo,40,,", &["people.csv:4", "must be unique"]),
            ("3,Cleo,40,,s3cret", &["people.csv:4", "must be unique"]),
            ("3,Cleo,40,,much-too-long-s3cret-value", &["people.csv:4", "`people.code`: *** has"]),
            ("3,Cleo", &["people.csv:4", "the row has 2 fields, and the header names 5"]),
            ("3,\"Cleo\"x,40,,", &["people.csv:4", "behind a closing quote"]),
        ] {
            project.write("people.csv", format!("{HEADER}1,Ann,,,\n2,\"Bo\",7,2024-02-29,s3cret\n{row}\n4,Dan,,,\n"));
            let run = project.run(&["data", "import", "people", "people.csv"]);
            assert!(matches!(run.code, 2 | 11), "{row} on {}\n{run}", project.backend);
            run.says(words).says(&["nothing was imported"]).says_nothing_of(&["s3cret"]);
            assert_eq!(project.query("SELECT count(*) FROM people"), ["0"]);
        }
    });
}

#[test]
fn headers_are_found_by_name_and_never_guessed() {
    let project = people(Project::sqlite());
    for (header, code, words) in [
        ("id,nmae", 2, &["`people` has no column `nmae`", "did you mean `name`"][..]),
        ("id,name,NAME", 2, &["stands twice"]),
        ("id,,name", 2, &["no name for column 2"]),
        ("id,age", 11, &["no column `name`, which must have a value"]),
        ("", 2, &["must name the columns"]),
    ] {
        project.write("a.csv", format!("{header}\n"));
        project.expect(code, &["data", "import", "people", "a.csv"]).says(words);
    }
    project.write("a.csv", "Name,ID\r\nAnn,1\r\n");
    project.ok(&["data", "import", "people", "a.csv"]);
    assert_eq!(project.query("SELECT id, name FROM people"), ["1|Ann"]);
    project.expect(10, &["data", "import", "peopel", "a.csv"]).says(&["did you mean `people`"]);
    project.expect(2, &["data", "import", "people", "none.csv"]).says(&["there is no file `none.csv`"]);
    project.expect(2, &["data", "import", "people", "-"]).says(&["--format"]);
}

#[test]
fn refused_rows_go_to_a_file_of_their_own() {
    on_each_backend(|project| {
        let project = people(project);
        project.write(
            "in.csv",
            format!("{HEADER}1,Ann,,,a\n2,Bo,old,,b\n3,Cleo,,,a\n4,\"D,an\",-1,,d\n5,Eve,5,2024-01-01,e\n6,,,,f\n"),
        );
        let args = ["data", "import", "people", "in.csv", "--on-error", "quarantine"];
        let outcome = project.json(11, &args);
        assert_eq!((&outcome["inserted"], &outcome["rejected"]), (&json!(2), &json!(4)), "{outcome}");
        let mut lines: Vec<_> =
            outcome["rejects"].as_array().unwrap().iter().map(|one| one["line"].as_u64().unwrap()).collect();
        lines.sort_unstable();
        assert_eq!(lines, [3, 4, 5, 7]);
        assert_eq!(project.query("SELECT id FROM people ORDER BY id"), ["1", "5"]);
        let rejected = std::fs::read_to_string(project.path("in.csv.rejected.csv")).unwrap();
        let mut rejected: Vec<_> = rejected.lines().collect();
        assert_eq!(rejected.remove(0), HEADER.trim_end());
        rejected.sort_unstable();
        assert_eq!(rejected, ["2,Bo,old,,b", "3,Cleo,,,a", "4,\"D,an\",-1,,d", "6,,,,f"], "{}", project.backend);
    });
}

#[test]
fn rows_that_are_there_are_changed_when_asked() {
    on_each_backend(|project| {
        let project = people(project);
        project.session().execute("INSERT INTO people (id, name, age) VALUES (1, 'Ann', 1), (2, 'Bo', 2)").unwrap();
        project.write("in.csv", "id,name,age\n1,Ann,1\n2,Bob,2\n3,Cleo,3\n");
        project.expect(11, &["data", "import", "people", "in.csv"]).says(&["in.csv:2"]);
        let outcome = project.json(0, &["data", "import", "people", "in.csv", "--upsert", "--dry-run"]);
        let counts =
            |outcome: &Value| format!("{} {} {}", outcome["inserted"], outcome["updated"], outcome["unchanged"]);
        assert_eq!(counts(&outcome), "1 1 1");
        assert_eq!(project.query("SELECT count(*) FROM people"), ["2"]);
        let outcome = project.json(0, &["data", "import", "people", "in.csv", "--upsert"]);
        assert_eq!(counts(&outcome), "1 1 1");
        assert_eq!(project.query("SELECT name FROM people ORDER BY id"), ["Ann", "Bob", "Cleo"]);
        project.write("more.csv", "id,name\n7,Gus\n");
        project.ok(&["data", "import", "people", "more.csv", "--dry-run"]).says(&["1 inserted", "taken back"]);
        assert_eq!(project.query("SELECT count(*) FROM people"), ["3"]);
    });
}

#[test]
fn null_in_json_is_no_value_and_in_csv_a_document() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE a (id INTEGER PRIMARY KEY, doc JSON)").unwrap();
        project.write("a.csv", "id,doc\n1,null\n2,\n");
        project.ok(&["data", "import", "a", "a.csv"]);
        assert_eq!(project.query("SELECT id FROM a WHERE doc IS NULL"), ["2"]);
        assert_eq!(project.ok(&["data", "export", "a", "--sort", "id"]).stdout, "id,doc\n1,null\n2,\n");
        project.write("a.json", "[{\"id\": 3, \"doc\": null},\n {\"id\": 4, \"doc\": [1,\n 2]}]");
        project.ok(&["data", "import", "a", "a.json"]);
        assert_eq!(project.query("SELECT id FROM a WHERE doc IS NULL ORDER BY id"), ["2", "3"]);
        // A row stays a line.
        let lines = project.ok(&["data", "export", "a", "id=4", "-o", "jsonl"]).stdout;
        assert!(lines.ends_with('\n') && lines.lines().count() == 1, "{lines}");
    });
}

#[test]
fn json_and_standard_streams_do() {
    on_each_backend(|project| {
        let project = people(project);
        let pipe = |text: &str, args: &[&str]| {
            use std::io::Write as _;
            let mut child = project.command(args).stdin(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            crate::support::Run::of(&child.wait_with_output().unwrap())
        };
        let run = pipe(
            "[{\"id\": 1, \"name\": \"A\\nn\", \"age\": 5.0},\n {\"id\": 2, \"name\": \"\", \"age\": null}]",
            &["data", "import", "people", "-", "--format", "json"],
        );
        assert_eq!(run.code, 0, "{run}");
        let run = pipe(
            "{\"id\": 3, \"name\": \"C\"}\n{\"id\": 4, \"name\": \"D\", \"aeg\": 4}\n",
            &["data", "import", "people", "-", "--format", "ndjson"],
        );
        assert_eq!(run.code, 2, "{run}");
        run.says(&["stdin:2", "`aeg`", "first row does not have"]);
        let rows = project.json(0, &["data", "export", "people", "--columns", "name,age,joined", "--sort", "-id"]);
        assert_eq!(
            rows,
            json!([{ "name": "", "age": null, "joined": null }, { "name": "A\nn", "age": 5, "joined": null }])
        );
        let csv = project.ok(&["data", "export", "people", "--columns", "id,name,age", "--sort", "id"]);
        assert_eq!(csv.stdout, "id,name,age\n1,\"A\nn\",5\n2,\"\",\n");
        let lines = project.ok(&["data", "export", "people", "age:is=null", "-o", "jsonl", "--columns", "id,age"]);
        assert_eq!(lines.stdout, "{\"id\":2,\"age\":null}\n");
        let none = project.ok(&["data", "export", "people", "id>7", "-o", "json", "-q"]);
        assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("[]\n", ""));
    });
}

#[test]
fn what_is_sensitive_is_masked_unless_it_may_be_seen() {
    on_each_backend(|project| {
        let project = people(project);
        project.session().execute("INSERT INTO people (id, name, code) VALUES (1, 'Ann', 's3cret')").unwrap();
        for filter in [&[][..], &["id=1"]] {
            let run = project.ok(&[&["data", "export", "people", "--columns", "id,code"], filter].concat());
            assert_eq!(run.stdout, "id,code\n1,***\n");
            run.says(&["masked: `code`", "--reveal"]);
            let run = project.ok(&[&["data", "export", "people", "--columns", "id,code", "--reveal"], filter].concat());
            assert_eq!(run.stdout, "id,code\n1,s3cret\n");
        }
    });
}

#[test]
fn a_file_is_there_as_a_whole_or_not_at_all() {
    on_each_backend(|project| {
        let project = people(project);
        project.write("people.csv", "as it was\n");
        // A view that fails in its middle.
        let fails = project.by_backend(
            "SELECT id, abs((id > 1000) * -9223372036854775807 - (id > 1000)) AS x FROM people",
            "SELECT id, 1 / (1000 - id) AS x FROM people",
            "SELECT id, (SELECT id FROM people p WHERE people.id < 1000 OR p.id < 1002) AS x FROM people WHERE id >= 0",
        );
        let mut rows = String::new();
        (1..=2_000).for_each(|id| write!(rows, "{}({id}, 'n')", if id > 1 { "," } else { "" }).unwrap());
        project
            .session()
            .execute(&format!("INSERT INTO people (id, name) VALUES {rows}; CREATE VIEW fails AS {fails}"))
            .unwrap();
        project.expect(1, &["data", "export", "fails", "--file", "people.csv"]).says(&["cannot read the rows"]);
        assert_eq!(std::fs::read_to_string(project.path("people.csv")).unwrap(), "as it was\n");
        let files: Vec<_> =
            std::fs::read_dir(project.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!files.iter().any(|name| name.to_string_lossy().contains("unfinished")), "{files:?}");
        project.ok(&["data", "export", "people", "--file", "people.csv"]);
        assert_eq!(std::fs::read_to_string(project.path("people.csv")).unwrap().lines().count(), 2_001);
        project.expect(2, &["data", "export", "people", "-o", "markdown"]).says(&["data list"]);
    });
}

#[test]
fn a_reader_that_goes_is_no_error() {
    on_each_backend(|project| {
        let project = people(project);
        let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) ";
        let insert = "INSERT INTO people (id, name) ";
        let select = "SELECT a.i * 1000 + b.i, 'somebody' FROM n a, n b WHERE b.i <= 60";
        let sql = project.by_backend(
            format!("{numbers}{insert}{select}"),
            format!("{numbers}{insert}{select}"),
            format!("{insert}{numbers}{select}"),
        );
        project.session().execute(&sql).unwrap();
        let mut child = project.command(&["data", "export", "people"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), HEADER.trim_end());
        drop(lines);
        let run = crate::support::Run::of(&child.wait_with_output().unwrap());
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (0, "warning: masked: `code`\nhint: `--reveal` shows what is sensitive\n"),
            "{run}"
        );
    });
}

#[test]
fn models_keep_their_rules_and_write_down_what_was_imported() {
    on_each_backend(|project| {
        let migrations = crate::support::root().join("migrations");
        let project = project.variable("DBTOOL_MIGRATE_DIR", migrations.to_str().unwrap());
        project.ok(&["db", "create"]);
        project.ok(&["migrate", "up"]);
        project.write("products.csv", "sku,name,price,stock_quantity\nA-1,Lamp,19.9,3\nA-2,Chair,-1,3\n");
        let run = project.expect(11, &["data", "import", "products", "products.csv"]);
        run.says(&["products.csv:3", "price"]);
        assert_eq!(project.query("SELECT count(*) FROM products"), ["0"]);
        project.write("products.csv", "sku,name,price,stock_quantity\nA-1,Lamp,19.9,3\nA-2,Chair,100,3\n");
        project.ok(&["data", "import", "products", "products.csv", "--actor", "importer"]).says(&["2 inserted"]);
        let events = project.json(0, &["audit", "list", "--action", "import", "--outcome", "done"]);
        assert_eq!(events["events"].as_array().unwrap().len(), 1, "{events}");
        let event = &events["events"][0];
        assert_eq!(
            (&event["entity"], &event["actor"], &event["after"]["inserted"]),
            (&json!("products"), &json!("importer"), &json!(2))
        );
        let failed = project.json(0, &["audit", "list", "--action", "import", "--outcome", "failed"]);
        assert_eq!(failed["events"].as_array().unwrap().len(), 1, "{failed}");
        project.write("more.csv", "sku,name,price,stock_quantity\nA-3,Desk,7,1\n");
        project.ok(&["data", "import", "products", "more.csv", "--audit", "rows"]);
        let events = project.json(0, &["audit", "list", "--action", "create", "--entity", "products"]);
        assert_eq!(events["events"][0]["after"]["sku"], json!("A-3"), "{events}");
        // Money is the same everywhere.
        let csv = project.ok(&["data", "export", "products", "--columns", "sku,price", "--sort", "sku"]);
        assert_eq!(csv.stdout, "sku,price\nA-1,19.90\nA-2,100.00\nA-3,7.00\n");
    });
}

#[test]
fn a_server_with_settings_of_its_own_writes_the_same() {
    on_postgres(|project| {
        let database = project.database().to_owned();
        project
            .session()
            .execute(&format!(
                "CREATE TABLE a (d DATE, t TIMESTAMPTZ, b BYTEA, i INTERVAL); INSERT INTO a VALUES ('2024-03-01', '2024-03-01 10:00+01', '\\x01', '1 day'); \
                 ALTER DATABASE {database} SET DateStyle = 'German, DMY'; ALTER DATABASE {database} SET TimeZone = 'Asia/Kolkata'; \
                 ALTER DATABASE {database} SET bytea_output = 'escape'; ALTER DATABASE {database} SET IntervalStyle = 'iso_8601'"
            ))
            .unwrap();
        let csv = project.ok(&["data", "export", "a"]);
        assert_eq!(csv.stdout, "d,t,b,i\n2024-03-01,2024-03-01T09:00:00.000000Z,\\x01,1 day\n");
    });
}

/// The guide's files are written, its commands run, and what they print is what stands there.
#[test]
fn the_guide_shows_what_is_printed() {
    let project = Project::sqlite().without_variable("DATABASE_URL");
    let guide = std::fs::read_to_string(crate::support::root().join("docs/import-export.md")).unwrap();
    let timeless = |text: &str| -> String {
        let line = |line: &str| match (line.find("`, "), line.find(" ms: ")) {
            (Some(start), Some(end)) if start < end => format!("{}{}\n", &line[..start], &line[end..]),
            _ => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    };
    let mut screens = 0;
    for (info, text) in crate::docs::blocks(&guide) {
        if let Some(file) = info.split("file=").nth(1) {
            project.write(file, text);
        } else if info == "sh" {
            for line in text.lines() {
                project.ok(&line.split_whitespace().skip(1).collect::<Vec<_>>());
            }
        } else if let Some((command, shown)) = text.strip_prefix("$ dbtool ").and_then(|text| text.split_once('\n')) {
            let run = project.run(&command.split_whitespace().collect::<Vec<_>>());
            let printed =
                format!("{}{}", run.stdout, run.stderr).replace(&project.path("").display().to_string(), "[dir]/");
            assert_eq!(timeless(&printed.replace("[dir]//", "[dir]/")), timeless(shown), "{command}");
            screens += 1;
        }
    }
    assert_eq!(screens, 6);
}

#[test]
fn a_file_of_refused_rows_is_never_written_over() {
    let project = people(Project::sqlite());
    project.write("in.csv", "id,name,age\n1,Ann,1\n2,,2\n");
    let quarantine = ["data", "import", "people", "in.csv", "--on-error", "quarantine"];
    let dry: Vec<&str> = quarantine.into_iter().chain(["--dry-run"]).collect();
    project.expect(11, &dry).says(&["1 refused"]);
    assert!(!project.path("in.csv.rejected.csv").exists());
    project.expect(11, &quarantine);
    let refused = || std::fs::read_to_string(project.path("in.csv.rejected.csv")).unwrap();
    assert_eq!(refused(), "id,name,age\n2,,2\n");
    project.write("in.csv.rejected.csv", "id,name,age\n2,Bo,2\n");
    project.expect(2, &quarantine).says(&["is there already", "--rejects FILE"]);
    project.expect(11, &dry);
    assert_eq!(refused(), "id,name,age\n2,Bo,2\n");
}

#[test]
fn what_is_no_text_and_what_is_a_mask_are_no_values() {
    let project = data::stocked(Project::sqlite());
    std::fs::write(project.path("bad.csv"), b"sku,name,price\nA5,x\xffy,1\n").unwrap();
    project.expect(11, &["data", "import", "products", "bad.csv"]).says(&["bad.csv:2", "is not UTF-8"]);

    let alice = data::text(&project.json(0, &["data", "get", "users", "alice@example.com"])["id"]);
    project.ok(&["data", "create", "user_profiles", &format!("user_id={alice}"), "phone=+49 30 1"]);
    project.ok(&["data", "export", "user_profiles", "--file", "profiles.csv"]).says(&["masked"]);
    let back = project.expect(11, &["data", "import", "user_profiles", "profiles.csv", "--upsert"]);
    back.says(&["profiles.csv:2", "stands for a masked value"]);
    project.expect(11, &["data", "update", "user_profiles", &alice, "phone=***"]).says(&["stands for a masked value"]);
    assert_eq!(project.query("SELECT phone FROM user_profiles"), ["+49 30 1"]);
}

#[test]
fn half_of_a_character_is_no_text_and_no_null() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a varchar(20))").unwrap();
        for (text, line) in [(r#"{"id": 1, "a": "x"}"#, 1), ("{\"id\": 1,\n \"a\": \"x\"}", 2)] {
            for half in [r"caf\ud83d", r"\udc00", r"\ud83dx"] {
                let row = text.replace("\"x\"", &format!("\"{half}\""));
                project.write("in.json", format!("[{row}]"));
                let run = project.expect(2, &["data", "import", "t", "in.json"]);
                run.says(&[
                    "error[data/malformed]: `t.a`: the value is not text in Unicode",
                    "in.json:1",
                    "write both halves",
                ]);
                run.says(&["nothing was imported"]);
                let run = project.expect(2, &["data", "create", "t", "--from", "in.json"]);
                let place = format!("in.json:{line}:");
                run.says(&["error[data/malformed]: `t.a`: the value is not text in Unicode", &place]);
                run.says_nothing_of(&["too large"]);
            }
        }
        project.write("in.jsonl", "{\"id\": 1, \"a\": \"b\"}\n{\"id\": 2, \"a\": \"\\ud83d\"}\n");
        let quarantine = ["data", "import", "t", "in.jsonl", "--on-error", "quarantine"];
        project.expect(2, &quarantine).says(&["in.jsonl:2", "not text in Unicode", "nothing was imported"]);
        assert_eq!(project.query("SELECT count(*) FROM t"), ["0"]);
        project.write("in.json", r#"[{"id": 1, "a": "\ud83d\ude00"}]"#);
        project.ok(&["data", "import", "t", "in.json"]);
        assert_eq!(project.query("SELECT a FROM t"), ["😀"]);
    });
}

#[test]
fn a_row_without_columns_is_none() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE t (id integer PRIMARY KEY, a varchar(20))").unwrap();
        for (text, place) in [
            ("[{}]", "in.json:1"),
            ("[{},{}]", "in.json:1"),
            ("[\n {}\n]", "in.json:2"),
            ("[{\"id\": 1},\n {}]", "in.json:2"),
        ] {
            project.write("in.json", text);
            for more in [&[][..], &["--dry-run"], &["--on-error", "quarantine"], &["--upsert"]] {
                let run = project.expect(2, &[&["data", "import", "t", "in.json"], more].concat());
                run.says(&["error[data/malformed]: the row has no column", place, "leave it out"]);
            }
        }
        for text in ["", " \n", "\u{feff}"] {
            project.write("in.json", text);
            project.expect(2, &["data", "import", "t", "in.json"]).says(&["error[data/malformed]: `in.json` is empty"]);
        }
        // As an export without rows writes them.
        for (name, text) in [("in.json", "[]\n"), ("in.jsonl", "")] {
            project.write(name, text);
            project.ok(&["data", "import", "t", name]).says(&["0 rows"]);
        }
        assert_eq!(project.query("SELECT count(*) FROM t"), ["0"]);
    });
}

#[test]
fn a_null_is_told_as_the_file_writes_it() {
    on_each_backend(|project| {
        let project = people(project);
        for (name, text) in
            [("in.json", "[{\"id\": 1, \"name\": null}]"), ("in.jsonl", "{\"id\": 1, \"name\": \"a\"}\n{\"id\": 2}\n")]
        {
            project.write(name, text);
            let run = project.expect(11, &["data", "import", "people", name]);
            run.says(&["`people.name` must have a value", "a column that a row leaves out"]);
            run.says_nothing_of(&["an empty field"]);
        }
    });
}

#[test]
fn two_that_write_one_file_write_it_whole() {
    let project = people(Project::sqlite());
    let mut rows = String::new();
    (1..=20_000).for_each(|id| write!(rows, "{}({id}, 'n')", if id > 1 { "," } else { "" }).unwrap());
    project.session().execute(&format!("INSERT INTO people (id, name) VALUES {rows}")).unwrap();
    let columns = ["id", "id,name", "id,name,age", "id,name,age,joined"];
    let export = |columns: &str| {
        project.command(&["data", "export", "people", "--columns", columns, "--file", "out.csv"]).spawn().unwrap()
    };
    for child in columns.map(export) {
        let run = crate::support::Run::of(&child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{run}");
    }
    let out = std::fs::read_to_string(project.path("out.csv")).unwrap();
    let header = out.lines().next().unwrap();
    assert!(columns.contains(&header), "{header}");
    let commas = header.matches(',').count();
    assert!(out.lines().all(|line| line.matches(',').count() == commas));
    assert_eq!(out.lines().count(), 20_001);
    assert_eq!(unfinished(&project), 0);
    // What a process left that was killed goes with the next one, unless another may be at it.
    for (name, hours) in [(".out.csv.1.dbtool-unfinished", 25), (".out.csv.2.dbtool-unfinished", 1)] {
        project.write(name, "id\n1");
        let file = std::fs::File::options().write(true).open(project.path(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_hours(hours)).unwrap();
    }
    project.ok(&["data", "export", "people", "--file", "out.csv"]);
    assert!(!project.path(".out.csv.1.dbtool-unfinished").exists());
    assert!(project.path(".out.csv.2.dbtool-unfinished").exists());
}

/// How many files are there that were not finished.
fn unfinished(project: &Project) -> usize {
    let names = std::fs::read_dir(project.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().contains("unfinished")).count()
}

#[cfg(unix)]
#[test]
fn an_export_that_is_interrupted_leaves_nothing() {
    on_postgres(|project| {
        let project = people(project);
        project.write("out.csv", "as it was\n");
        project.session().execute("CREATE VIEW slow AS SELECT pg_sleep(60)::text AS x").unwrap();
        for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
            let child = crate::interrupts::started(
                &project,
                &["data", "export", "slow", "--file", "out.csv"],
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
            );
            assert_eq!(unfinished(&project), 1);
            crate::interrupts::signal(&child, signal);
            let run = crate::support::Run::of(&child.wait_with_output().unwrap());
            assert_eq!(run.code, code, "{run}");
            run.says(&["interrupted; nothing was changed"]);
            assert_eq!(unfinished(&project), 0);
            assert_eq!(std::fs::read_to_string(project.path("out.csv")).unwrap(), "as it was\n");
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
            while !project.query(end).is_empty() {}
        }
    });
}
