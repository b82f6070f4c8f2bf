//! Data commands at their edges: what is masked, what is nearly right, what two do at once, and what a file may be.

use serde_json::{Value, json};

use crate::data::{shop, stocked, text};
use crate::support::{Project, Run, on_each_backend, on_mysql, on_postgres, on_servers};

/// A table with a sensitive key, and another that refers to it.
fn secrets(project: Project) -> Project {
    let mut session = project.session();
    session.execute("CREATE TABLE people (ssn varchar(20) NOT NULL PRIMARY KEY, pin varchar(20), n integer)").unwrap();
    session
        .execute("CREATE TABLE pets (id integer NOT NULL PRIMARY KEY, person_id varchar(20), FOREIGN KEY (person_id) REFERENCES people (ssn))")
        .unwrap();
    for at in 1..=5 {
        session.execute(&format!("INSERT INTO people VALUES ('hush-{at}', 'hush-pin-{at}', {at})")).unwrap();
    }
    session.execute("INSERT INTO pets VALUES (1, 'hush-1'), (2, 'hush-2')").unwrap();
    project.file("dbtool.toml", "[columns]\nsensitive = [\"people.ssn\", \"People.PIN\", \"pets.person_id\"]\n")
}

fn decoded(token: &str) -> String {
    use base64::Engine as _;
    String::from_utf8(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap()
}

#[test]
fn a_token_tells_nothing_of_a_sensitive_key() {
    on_each_backend(|project| {
        let project = secrets(project);
        let (mut seen, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut args = vec!["data", "list", "people", "--limit", "2", "--columns", "n"];
            args.extend(token.iter().flat_map(|token| ["--after", token.as_str()]));
            let page = project.json(0, &args);
            seen.extend(page["rows"].as_array().unwrap().iter().map(|row| row["n"].as_u64().unwrap()));
            token = page["next"].as_str().map(str::to_owned);
            let Some(token) = &token else { break };
            assert!(!decoded(token).contains("hush"), "{}", decoded(token));
        }
        assert_eq!(seen, [1, 2, 3, 4, 5], "{}", project.backend);
        // Who may see it has a place among the rows, which nobody else may ask with.
        let page = project.json(0, &["data", "list", "people", "--limit", "2", "--reveal"]);
        let token = text(&page["next"]);
        assert!(decoded(&token).contains("hush-2"));
        let next = project.json(0, &["data", "list", "people", "--limit", "9", "--reveal", "--after", &token]);
        assert_eq!(next["rows"].as_array().unwrap().len(), 3);
        project
            .expect(2, &["data", "list", "people", "--after", &token])
            .says(&["showed what is sensitive", "--reveal"]);
        project.expect(2, &["data", "list", "people", "--after", "bm8"]).says(&["is none of dbtool's"]);
    });
}

#[test]
fn related_rows_are_masked_as_their_own_are() {
    on_each_backend(|project| {
        let project = secrets(project);
        for format in ["table", "json", "jsonl", "csv", "markdown", "vertical"] {
            let run = project.ok(&["data", "list", "pets", "--with", "people", "-o", format]);
            run.says_nothing_of(&["hush"]);
            assert!(run.stdout.contains("***"), "{format}: {run}");
            project.ok(&["data", "get", "pets", "1", "--with", "people.pets", "-o", format]).says_nothing_of(&["hush"]);
        }
        let seen = project.json(0, &["data", "get", "pets", "1", "--with", "people", "--reveal"]);
        assert_eq!(seen["people"]["pin"], json!("hush-pin-1"));
    });
}

#[test]
fn a_masked_value_that_changes_is_shown_as_changed() {
    on_each_backend(|project| {
        let project = secrets(project);
        let update = ["data", "update", "people", "hush-1", "pin=hush-new", "n=7"];
        let dry = project.json(0, &[&update[..], &["--dry-run"]].concat());
        let row = &dry["rows"][0];
        assert_eq!((&row["before"]["pin"], &row["after"]["pin"]), (&json!("***"), &json!("*** (changed)")));
        assert_eq!((&row["before"]["ssn"], &row["after"]["ssn"]), (&json!("***"), &json!("***")));
        let done = project.ok(&update);
        done.says_nothing_of(&["hush"]);
        assert!(done.stdout.contains("*** -> *** (changed)") && done.stdout.contains("1 -> 7"), "{done}");
        let done = project.json(0, &["data", "update", "people", "hush-2", "pin=hush-new"]);
        assert_eq!(done, json!({ "ssn": "***", "pin": "***", "n": 2 }));
        for mask in ["pin=***", "pin=*** (changed)"] {
            project.expect(11, &["data", "update", "people", "hush-1", mask]).says(&["stands for a masked value"]);
        }
        // Nothing else than a masked column.
        let same = project.ok(&["data", "update", "people", "hush-1", "pin=hush-new"]);
        same.says(&["0 rows changed, 1 row as it was"]);
    });
}

#[test]
fn a_wrong_name_of_a_sensitive_column_is_told() {
    on_each_backend(|project| {
        let project = secrets(project);
        let config = "[columns]\nsensitive = [\"people.snn\", \"people.n\", \"nothing.like_it\"]\n";
        let project = project.file("dbtool.toml", config);
        let run = project.ok(&["data", "count", "people"]);
        run.says(&[
            "`[columns] sensitive` names `people.snn`",
            "did you mean `people.ssn`?",
            "names `nothing.like_it`",
        ]);
        run.says_nothing_of(&["names `people.n`"]);
        let one = project.file("dbtool.toml", "[columns]\nsensitive = [\"people.ssn\"]\n");
        one.ok(&["data", "count", "people"]).says_nothing_of(&["warning"]);
    });
}

#[test]
fn a_filter_that_finds_every_row_is_all_by_another_word() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a integer)").unwrap();
        let config = format!("[env.prod]\nurl = \"{}\"\nprotected = true\n", project.url);
        let project = project.file("dbtool.toml", config).variable("DBTOOL_ENV", "prod");
        project.session().execute("INSERT INTO t VALUES (1, 1), (2, 1), (3, 2)").unwrap();
        let every = ["--where", "id is not null", "--max-rows", "100"];
        let delete = [&["data", "delete", "t"], &every[..]].concat();
        project.expect(9, &delete).says(&["guard/protected", "as `--all` does", "--confirm prod"]);
        let update = [&["data", "update", "t", "a=5"], &every[..]].concat();
        project.expect(9, &update).says(&["guard/protected"]);
        project.expect(9, &["data", "update", "t", "a=5", "--filter", "a:in=1,2", "--max-rows", "3"]).says(&["--all"]);
        assert_eq!(project.query("SELECT sum(a) FROM t"), ["4"]);
        // Some of them are some of them, keys are what they are, and who means all says so.
        assert_eq!(
            project.json(0, &["data", "update", "t", "a=3", "--filter", "a=1", "--max-rows", "2"])["count"],
            json!(2)
        );
        project.ok(&["data", "update", "t", "1", "2", "3", "a=4"]);
        project.ok(&[&update[..], &["--confirm", "prod"]].concat());
        assert_eq!(project.query("SELECT sum(a) FROM t"), ["15"]);
        project.ok(&["data", "delete", "t", "1", "2"]);
        project.ok(&["data", "delete", "t", "id=3"]);
    });
}

#[test]
fn commas_in_keys_stand_behind_backslashes() {
    on_each_backend(|project| {
        let mut session = project.session();
        session.execute("CREATE TABLE one (k varchar(20) NOT NULL PRIMARY KEY, a integer)").unwrap();
        session.execute("CREATE TABLE two (k varchar(20) NOT NULL, n integer NOT NULL, PRIMARY KEY (k, n))").unwrap();
        for key in ["a,b", "C:\\dir", "a\\,b"] {
            project.ok(&["data", "create", "one", &format!("k={key}")]);
            project.ok(&["data", "create", "two", &format!("k={key}"), "n=1"]);
        }
        let found = |table: &str, key: &str| text(&project.json(0, &["data", "get", table, key])["k"]);
        for (word, key) in [("a,b", "a,b"), ("a\\,b", "a,b"), ("C:\\dir", "C:\\dir"), ("a\\\\\\,b", "a\\,b")] {
            assert_eq!(found("one", word), key, "{word} on {}", project.backend);
        }
        for (word, key) in [("a\\,b,1", "a,b"), ("C:\\dir,1", "C:\\dir"), ("a\\\\\\,b,1", "a\\,b")] {
            assert_eq!(found("two", word), key, "{word} on {}", project.backend);
        }
        project.expect(2, &["data", "get", "two", "a,b,1"]).says(&["has 2 parts, and `a,b,1` has 3", "`\\,`"]);
        project.expect(10, &["data", "get", "one", "a\\,c"]).says(&["`one` has no row"]);
        let listed = project.json(0, &["data", "list", "one", "k:in=C:\\dir,a\\,b", "--sort", "k"]);
        assert_eq!(listed["rows"].as_array().unwrap().len(), 2);
        // What finds a row again is what an event calls it.
        for table in ["one", "two"] {
            project.expect(2, &["data", "list", table, "=1"]).says(&["a column is missing before `=`", "--key"]);
        }
        project.expect(2, &["data", "delete", "one", ">=1"]).says(&["a column is missing before `>=`"]);
        project.expect(2, &["data", "update", "one", "=1", "a=1"]).says(&["a column is missing before `=`"]);
        project.ok(&["data", "create", "one", "k==1"]);
        assert_eq!(text(&project.json(0, &["data", "get", "one", "--key", "=1"])["k"]), "=1");
        project.ok(&["data", "delete", "one", "--key", "=1"]);
    });
}

#[test]
fn a_slip_is_told_with_the_form_that_was_meant() {
    on_each_backend(|project| {
        let project = stocked(project);
        let create = ["data", "create", "products", "sku=X", "name=X", "price=1"];
        for (word, hint) in [
            ("description:nul", "did you mean `description:null`?"),
            ("description:", "did you mean `description:null`?"),
            ("Description:NULL", "did you mean `description:null`?"),
            ("description:wood", "did you mean `description=…`?"),
            ("nonsense", "write `column=value`"),
        ] {
            project.expect(2, &[&create[..], &[word]].concat()).says(&[
                "gives no column a value",
                hint,
                "nothing was done",
            ]);
        }
        project
            .expect(2, &["data", "update", "products", "LAMP", "description:nul"])
            .says(&["did you mean `description:null`?"]);
        project.expect(2, &["data", "update", "products", "LAMP", "prise=1"]).says(&["did you mean `price`?"]);
        assert_eq!(project.json(0, &["data", "count", "products"])["count"], json!(3));
    });
}

#[test]
fn keys_of_json_are_in_the_order_of_the_columns() {
    on_each_backend(|project| {
        let project = stocked(project);
        let in_order = |run: &Run, names: &[&str]| {
            let places: Vec<_> = names.iter().map(|name| run.stdout.find(&format!("\"{name}\":")).unwrap()).collect();
            assert!(places.is_sorted(), "{names:?}: {run}");
        };
        let columns = ["id", "sku", "name", "description", "price", "stock_quantity"];
        in_order(&project.ok(&["data", "get", "products", "LAMP", "-o", "json"]), &columns);
        in_order(&project.ok(&["data", "list", "products", "-o", "json"]), &columns);
        in_order(&project.ok(&["data", "update", "products", "LAMP", "price=2", "-o", "json"]), &columns);
        in_order(&project.ok(&["data", "list", "products", "--columns", "sku,id", "-o", "jsonl"]), &["sku", "id"]);
        let sums = ["data", "aggregate", "products", "--by", "sku", "--sum", "price", "--count", "-o", "json"];
        in_order(&project.ok(&sums), &["sku", "count", "sum_price"]);
        let created = ["data", "create", "products", "price=1", "name=N", "sku=N", "-o", "json"];
        in_order(&project.ok(&created), &columns);
    });
}

#[test]
fn a_database_without_its_tables_is_to_be_migrated() {
    on_each_backend(|project| {
        let project = project.migration(
            "2026-01-01-000000-0000_things",
            "CREATE TABLE things (id integer PRIMARY KEY);",
            "DROP TABLE things;",
        );
        project.session().execute("CREATE TABLE other (id integer PRIMARY KEY)").unwrap();
        for command in ["list", "count", "export"] {
            project
                .expect(10, &["data", command, "things"])
                .says(&["there is no table `things`", "`dbtool migrate up`"]);
        }
        project.ok(&["migrate", "up"]);
        project.ok(&["data", "list", "things"]);
        project
            .expect(10, &["data", "list", "thing"])
            .says(&["did you mean `things`?"])
            .says_nothing_of(&["migrate up"]);
    });
}

#[test]
fn thousands_of_comparisons_are_one_filter() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a integer)").unwrap();
        project.session().execute("INSERT INTO t VALUES (1, 1), (2, 4999), (3, 9999)").unwrap();
        let every = |op: &str, with: &str| (0..5_000).map(|at| format!("a {op} {at}")).collect::<Vec<_>>().join(with);
        let count = |filter: &str| project.json(0, &["data", "count", "t", "--where", filter])["count"].clone();
        assert_eq!(count(&every("=", " or ")), json!(2), "{}", project.backend);
        assert_eq!(count(&every("!=", " and ")), json!(1), "{}", project.backend);
        let having = every("=", " or ").replace("a =", "count =");
        let groups = project.json(0, &["data", "aggregate", "t", "--count", "--having", &having]);
        assert_eq!(groups["rows"], json!([{ "count": 3 }]));
        let numbers: Vec<String> = (0..40_000).map(|at| at.to_string()).collect();
        // An argument has a limit of its own, so that it takes two.
        let (some, others) = numbers.split_at(20_000);
        let (some, others) = (format!("a in ({})", some.join(",")), format!("id in ({})", others.join(",")));
        let args = ["data", "count", "t", "--where", &some, "--where", &others];
        if project.backend.is_server() {
            project.ok(&args);
        } else {
            project.expect(2, &args).says(&["compares with 40,000 values, and the database takes 32,766 at once"]);
        }
    });
}

#[test]
fn a_path_goes_only_so_far() {
    on_each_backend(|project| {
        project
            .session()
            .execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, parent_id integer, FOREIGN KEY (parent_id) REFERENCES t (id))")
            .unwrap();
        let path = |links: usize| format!("{}.id=1", vec!["parent"; links].join("."));
        assert_eq!(project.json(0, &["data", "count", "t", &path(15)])["count"], json!(0));
        project.expect(2, &["data", "count", "t", &path(40)]).says(&["leads through 16 related tables at most"]);
    });
}

#[test]
fn a_file_that_is_none_is_wrong_usage() {
    let project = Project::sqlite();
    project.session().execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)").unwrap();
    project.write("bad.json", b"[{\"id\": 1},\n {\"a\": \"\xff\"}]");
    project.expect(2, &["data", "create", "t", "--from", "bad.json"]).says(&[
        "this is no UTF-8 text",
        "bad.json:2:9",
        "UTF-8",
    ]);
    std::fs::create_dir(project.path("folder")).unwrap();
    project.expect(2, &["data", "create", "t", "--from", "folder"]).says(&["`folder` is a directory"]);
    project.expect(2, &["data", "import", "t", "folder", "--format", "csv"]).says(&["`folder` is a directory"]);
    project.expect(2, &["data", "export", "t", "--file", "folder"]).says(&["is a directory", "t.csv`"]);
    project.expect(2, &["data", "export", "t", "--file", "none/t.csv"]).says(&["there is no directory"]);
    project.write("t.csv", "id\n1\n");
    let quarantine = ["data", "import", "t", "t.csv", "--on-error", "quarantine", "--rejects"];
    project.expect(2, &[&quarantine[..], &["folder"]].concat()).says(&["is a directory"]);
    project.expect(2, &[&quarantine[..], &["none/r.csv"]].concat()).says(&["there is no directory"]);
    assert_eq!(project.query("SELECT count(*) FROM t"), ["0"]);
}

#[test]
fn a_refused_row_is_told_with_its_rules_and_its_number() {
    on_each_backend(|project| {
        let project = shop(project);
        let one_line = r#"[{"sku": "A", "name": "A", "price": 1}, {"sku": "", "name": "B", "price": -1}, {"sku": "C", "name": "C", "price": "x"}, {"sku": "A", "name": "D", "price": 1}]"#;
        project.write("in.json", one_line);
        project.expect(11, &["data", "import", "products", "in.json"]).says(&[
            "in.json:1",
            "it is row 2",
            "`sku`",
            "`price`",
        ]);
        let outcome = project.json(11, &["data", "import", "products", "in.json", "--on-error", "quarantine"]);
        let told: Vec<(u64, String)> = outcome["rejects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["row"].as_u64().unwrap(), text(&one["message"])))
            .collect();
        assert_eq!(told.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [2, 3, 4], "{outcome}");
        assert!(told[0].1.contains("`sku` is empty") && told[0].1.contains("`price`"), "{outcome}");
        assert!(told[2].1.contains("must be unique"), "{outcome}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(project.path("in.json.rejected.csv")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        // By the loader as well, which reads ahead; and a line is enough where each row has its own.
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, n smallint)").unwrap();
        project.write("t.json", r#"[{"id": 1, "n": 1}, {"id": 2, "n": 99999}, {"id": 1, "n": 2}]"#);
        let run = project.expect(11, &["data", "import", "t", "t.json", "--on-error", "quarantine"]);
        run.says(&["refused line 1, row 2: `t.n`", "refused line 1, row 3:"]);
        project.write("u.jsonl", "{\"id\": 5, \"n\": 99999}\n");
        project.expect(11, &["data", "import", "t", "u.jsonl"]).says(&["u.jsonl:1"]).says_nothing_of(&["it is row"]);
    });
}

/// The number of connections to the project's own database that wait for a lock.
fn waiting(project: &Project) -> Vec<String> {
    project.query(project.by_backend(
        "",
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        "SELECT count(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE p.db = database() AND t.trx_state = 'LOCK WAIT'",
    ))
}

#[test]
fn two_that_store_the_same_key_both_succeed() {
    on_servers(|project| {
        project
            .session()
            .execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a integer, b integer UNIQUE)")
            .unwrap();
        project.write("in.csv", "id,a,b\n1,10,1\n2,20,2\n3,30,3\n");
        let mut other = project.session();
        other.execute("BEGIN").unwrap();
        other.execute("INSERT INTO t VALUES (2, 5, 2)").unwrap();
        let mut import = project.command(&["data", "import", "t", "in.csv", "--upsert", "-o", "json"]).spawn().unwrap();
        // It waits for the one who was first.
        let mut rounds = 0;
        while waiting(&project) == ["0"] {
            rounds += 1;
            let ended = import.try_wait().unwrap();
            assert!(rounds < 200 && ended.is_none(), "nobody waits on {}: {ended:?}", project.backend);
            // MariaDB looks anew only when nobody asked for a tenth of a second.
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        other.execute("COMMIT").unwrap();
        let run = Run::of(&import.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{run} on {}", project.backend);
        let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((&outcome["inserted"], &outcome["updated"]), (&json!(2), &json!(1)), "{outcome}");
        assert_eq!(project.query("SELECT id, a FROM t ORDER BY id"), ["1|10", "2|20", "3|30"]);
        // What stands in the way by another key is an error, with that key.
        project.write("in.csv", "id,a,b\n9,90,3\n");
        project.expect(11, &["data", "import", "t", "in.csv", "--upsert"]).says(&["`t.b` must be unique"]);
        project.expect(11, &["data", "create", "t", "id=9", "b=3", "--upsert"]).says(&["`t.b` must be unique"]);
    });
}

#[test]
fn two_imports_of_the_same_rows_both_succeed() {
    on_servers(|project| {
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a integer)").unwrap();
        let rows: String = (0..400).map(|id| format!("{id},{id}\n")).collect();
        project.write("in.csv", format!("id,a\n{rows}"));
        let start = || project.command(&["data", "import", "t", "in.csv", "--upsert"]).spawn().unwrap();
        let runs = [start(), start(), start()].map(|child| Run::of(&child.wait_with_output().unwrap()));
        for run in &runs {
            assert_eq!(run.code, 0, "{run} on {}", project.backend);
        }
        assert_eq!(project.query("SELECT count(*), sum(a) FROM t"), ["400|79800"]);
    });
}

#[test]
fn a_refused_row_is_kept_as_it_was() {
    on_each_backend(|project| {
        project.session().execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a varchar(20))").unwrap();
        project.write("in.csv", b"id,a\n1,b\n2,c,more\n3\n4,\xff\n5,\"x, y\",z\n");
        let outcome = project.json(11, &["data", "import", "t", "in.csv", "--on-error", "quarantine"]);
        assert_eq!((&outcome["inserted"], &outcome["rejected"]), (&json!(1), &json!(4)), "{outcome}");
        let rejected = std::fs::read(project.path("in.csv.rejected.csv")).unwrap();
        assert_eq!(rejected, b"id,a\n2,c,more\n3\n4,\xff\n5,\"x, y\",z\n");
        // What has no place in such a file is left out by nobody.
        project.write("in.json", "[{\"id\": 6}, {\"id\": 7, \"a\": \"lost\"}]");
        let run = project.expect(2, &["data", "import", "t", "in.json", "--on-error", "quarantine"]);
        run.says(&["the row has `a`, which the first row does not have", "it is row 2", "nothing was imported"]);
        assert_eq!(project.query("SELECT id FROM t"), ["1"]);
    });
}

#[cfg(unix)]
#[test]
fn an_export_keeps_what_stands_under_its_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::sqlite();
    project.session().execute("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (7)").unwrap();
    // A pipe is written to, and stays one.
    let pipe = project.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let export = project.command(&["data", "export", "t", "--file", "pipe"]).spawn().unwrap();
    assert_eq!(std::fs::read_to_string(&pipe).unwrap(), "id\n7\n");
    assert_eq!(Run::of(&export.wait_with_output().unwrap()).code, 0);
    // A file keeps its rights, and a link points to where it did.
    project.write("private.csv", "old");
    std::fs::set_permissions(project.path("private.csv"), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink(project.path("private.csv"), project.path("link.csv")).unwrap();
    project.ok(&["data", "export", "t", "--file", "link.csv"]);
    assert!(project.path("link.csv").symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(project.path("private.csv")).unwrap(), "id\n7\n");
    assert_eq!(project.path("private.csv").metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn odd_words_are_wrong_usage_and_no_surprise() {
    on_each_backend(|project| {
        let address = project.by_backend("text, list text", "inet, list int[]", "text, list text");
        project
            .session()
            .execute(&format!("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a varchar(20), address {address})"))
            .unwrap();
        project.session().execute("INSERT INTO t (id, a) VALUES (1, 'x'), (2, 'y')").unwrap();
        let most = u64::MAX.to_string();
        let page = project.json(0, &["data", "list", "t", "--limit", &most]);
        assert_eq!(page["rows"].as_array().unwrap().len(), 2);
        assert_eq!(project.json(0, &["data", "list", "t", "--offset", &most])["rows"], json!([]));
        project.expect(2, &["data", "get", "t", "1", "2"]).says(&["2 keys are named", "data list t"]);
        project.ok(&["data", "update", "t", "1", "1", "a=z"]).says(&["1 row changed"]);
        project.expect(2, &["data", "list", "t", "--columns", ""]).says_nothing_of(&["did you mean"]);
        if project.by_backend(false, true, false) {
            project.expect(2, &["data", "list", "t", "a:like=x\\"]).says(&["ends with a backslash"]);
            for filter in ["address=nowhere", "list=nothing", "list={1,"] {
                project.expect(2, &["data", "list", "t", filter]).says(&["error[data/filter]"]);
                project.expect(2, &["data", "export", "t", filter]).says(&["error[data/filter]"]);
                project.expect(2, &["data", "aggregate", "t", filter]).says(&["error[data/filter]"]);
            }
        } else {
            project.ok(&["data", "list", "t", "a:like=x\\"]);
        }
        project.ok(&["data", "list", "t", "a:like=x\\\\"]);
        project.write("twice.json", "{\"id\": 5, \"ID\": 6}");
        project.expect(2, &["data", "create", "t", "--from", "twice.json"]).says(&["`id` is given two values"]);
        // A row without its key is left out, and a file without it is of no use.
        project.write("in.csv", "id,a\n1,b\n,c\n");
        let quarantine = ["data", "import", "t", "in.csv", "--upsert", "--on-error", "quarantine"];
        let outcome = project.json(11, &quarantine);
        assert_eq!((&outcome["updated"], &outcome["rejected"]), (&json!(1), &json!(1)), "{outcome}");
        project.write("same.json", "{\"id\": 5, \"id\": 6}");
        project.expect(2, &["data", "create", "t", "--from", "same.json"]).says(&["the key `id` stands twice"]);
        project.expect(2, &["data", "import", "t", "same.json"]).says(&["the key `id` stands twice", "same.json:1"]);
        project.write("semicolons.csv", "id;a\n1;2\n");
        project.expect(2, &["data", "import", "t", "semicolons.csv"]).says(&["separated by commas"]);
        project.write("other.csv", "a\nb\n");
        project.expect(2, &["data", "import", "t", "other.csv", "--upsert"]).says(&["no key of `t` is given"]);
    });
}

#[test]
fn a_sensitive_key_that_is_not_there_is_not_repeated() {
    on_each_backend(|project| {
        let project = secrets(project);
        for key in [&["hush-9"][..], &["--key", "hush-9"]] {
            let run = project.expect(10, &[&["data", "get", "people"], key].concat());
            run.says(&["`people` has no row of this key"]).says_nothing_of(&["hush"]);
        }
        project.expect(10, &["data", "get", "people", "hush-9", "--reveal"]).says(&["`people` has no row `hush-9`"]);
        project.expect(10, &["data", "get", "pets", "9"]).says(&["`pets` has no row `9`"]);
    });
}

#[test]
fn a_table_without_transactions_is_no_place_to_rehearse() {
    on_mysql(|project| {
        let aria = project.query("SELECT engine FROM information_schema.engines WHERE engine = 'Aria'");
        let aria = if aria.is_empty() { "ENGINE=MyISAM" } else { "ENGINE=Aria TRANSACTIONAL=0" };
        for engine in ["ENGINE=MyISAM", aria] {
            let mut session = project.session();
            session
                .execute(&format!(
                    "DROP TABLE IF EXISTS t; CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a varchar(5)) {engine}"
                ))
                .unwrap();
            session.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')").unwrap();
            project.write("in.csv", "id,a\n3,c\n");
            for change in [
                &["data", "delete", "t", "1"][..],
                &["data", "delete", "t", "--all"],
                &["data", "update", "t", "1", "a=x"],
                &["data", "create", "t", "id=3"],
                &["data", "import", "t", "in.csv"],
                &["data", "import", "t", "in.csv", "--upsert"],
                &["data", "import", "t", "in.csv", "--on-error", "quarantine"],
            ] {
                let run = project.expect(9, &[change, &["--dry-run"]].concat());
                run.says(&["error[guard/refused]", "has no transactions", "nothing was done"]);
                run.says(&["`ALTER TABLE `t` ENGINE = InnoDB`", "leave out `--dry-run`"]);
                assert_eq!(project.query("SELECT concat(id, a) FROM t ORDER BY id"), ["1a", "2b"], "{change:?}");
            }
            project.ok(&["data", "import", "t", "in.csv"]).says(&["1 inserted"]);
            assert_eq!(project.query("SELECT id FROM t ORDER BY id"), ["1", "2", "3"]);
        }
        project.session().execute("ALTER TABLE t ENGINE = InnoDB").unwrap();
        project.ok(&["data", "delete", "t", "1", "--dry-run"]).says(&["nothing was done"]);
        assert_eq!(project.query("SELECT id FROM t ORDER BY id"), ["1", "2", "3"]);
    });
}

#[test]
fn what_stays_of_a_change_that_fails_is_told() {
    on_mysql(|project| {
        let engine = "ENGINE=MyISAM";
        let columns = "(id integer NOT NULL PRIMARY KEY, a varchar(5) UNIQUE, n integer NOT NULL)";
        project.session().execute(&format!("CREATE TABLE t {columns} {engine}")).unwrap();
        let rows = |project: &Project| project.query("SELECT concat(id, a) FROM t ORDER BY id");
        project.write("in.csv", "id,a,n\n1,a,1\n2,b,1\n3,a,1\n4,d,1\n");
        for more in [&[][..], &["--upsert"]] {
            project.session().execute("DELETE FROM t").unwrap();
            let run = project.expect(11, &[&["data", "import", "t", "in.csv"], more].concat());
            run.says(&["in.csv:4", "must be unique", "2 rows of `t` were imported before it, and stay"]);
            run.says(&["engine MyISAM has no transactions"]).says_nothing_of(&["nothing was", "in.csv:2"]);
            assert_eq!(rows(&project), ["1a", "2b"]);
        }
        // What failed at its first row did nothing.
        project.expect(11, &["data", "import", "t", "in.csv"]).says(&["in.csv:2", "nothing was imported"]);
        // Each refused row alone is left out, and no other stored twice.
        project.session().execute("DELETE FROM t").unwrap();
        let outcome = project.json(11, &["data", "import", "t", "in.csv", "--on-error", "quarantine"]);
        assert_eq!((&outcome["inserted"], &outcome["rejected"]), (&json!(3), &json!(1)), "{outcome}");
        assert_eq!(rows(&project), ["1a", "2b", "4d"]);
        // A bulk update, and rows of a document.
        let update = ["data", "update", "t", "a=z", "--where", "id>0", "--max-rows", "9"];
        let run = project.expect(11, &update);
        run.says(&["must be unique", "1 row of `t` was changed before it, and stays"])
            .says_nothing_of(&["nothing was"]);
        assert_eq!(rows(&project), ["1z", "2b", "4d"]);
        let run = project.expect(11, &["data", "update", "t", "a=y", "--all"]);
        run.says(&["rows of `t` that were changed before it stay"]).says_nothing_of(&["nothing was"]);
        project.expect(9, &["data", "update", "t", "n=7", "--all", "--max-rows", "2"]).says(&["nothing was done"]);
        assert_eq!(project.query("SELECT count(*) FROM t WHERE n = 7"), ["0"]);
        project.write("in.json", r#"[{"id": 7, "a": "q", "n": 1}, {"id": 7, "a": "r", "n": 1}]"#);
        let run = project.expect(11, &["data", "create", "t", "--from", "in.json"]);
        run.says(&["it is row 2", "1 row of `t` was created before it, and stays"]);
    });
}

#[test]
fn a_refused_row_is_told_without_empty_words() {
    let project = Project::sqlite();
    let tables = "CREATE TABLE a (id INTEGER PRIMARY KEY); \
                  CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id))";
    project.session().execute(tables).unwrap();
    let run = project.expect(11, &["data", "create", "b", "id=1", "a_id=7"]);
    run.says(&["what it refers to is not there (`a_id`)"]).says_nothing_of(&["()", "other rows refer"]);
    project.session().execute("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1)").unwrap();
    let run = project.expect(11, &["data", "delete", "a", "1"]);
    run.says(&["other rows refer to it (`b`)"]).says_nothing_of(&["()", "what it refers to"]);
    on_postgres(|project| {
        let tables = "CREATE TABLE sp (id integer PRIMARY KEY) PARTITION BY RANGE (id); \
                      CREATE TABLE sp_1 PARTITION OF sp FOR VALUES FROM (0) TO (10)";
        project.session().execute(tables).unwrap();
        let run = project.expect(11, &["data", "create", "sp", "id=99"]);
        run.says(&["`sp` has no partition for the row: they are by RANGE (id)"]).says_nothing_of(&["``"]);
        let run = project.expect(11, &["data", "create", "sp_1", "id=99"]);
        run.says(&["the partition `sp_1` does not take the row: it is FOR VALUES FROM (0) TO (10)"]);
    });
}
