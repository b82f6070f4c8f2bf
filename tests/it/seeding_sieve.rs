//! CSV beside rows that are there: what is compared in memory and what is compared in the database come to the same end.

use std::fmt::Write as _;

use dbtool::db::{AnyConnection, Value};
use dbtool::observer::Silent;
use dbtool::seed::{Act, IN_MEMORY, OnDrift, OnError, Report, Request};
use diesel::Connection as _;
use fastrand::Rng;

use crate::seeding_place::{Place, request};
use crate::support::{Project, on_each_backend};

/// All that a seeding can leave behind, and what it tells.
fn end(connection: &mut AnyConnection, told: &Result<Report, String>) -> String {
    let mut text = match told {
        Ok(report) => format!("{:?} {:?}\n", report.seeds, report.rejects),
        Err(error) => format!("{error}\n"),
    };
    for sql in [
        "SELECT a, b, name, price, flag, ratio, moment, place, parent_id FROM things ORDER BY a, b",
        "SELECT table_name, row_key, seed, inserted, written FROM __dbtool_seed_rows ORDER BY 1, 2",
        "SELECT seed, table_name, hash FROM __dbtool_seed_files ORDER BY 1",
    ] {
        let sql = if matches!(connection, AnyConnection::Postgres(_)) {
            sql.replace(" price,", " CAST(price AS text),").replace(" moment,", " CAST(moment AS text),")
        } else {
            sql.to_owned()
        };
        for row in connection.select(&sql, &[]).unwrap() {
            writeln!(text, "{row:?}").unwrap();
        }
    }
    text
}

/// A value of a file, in one of its spellings.
fn word(random: &mut Rng, column: usize, number: usize) -> String {
    let of = |random: &mut Rng, words: &[&str]| random.choice(words).copied().unwrap_or_default().to_owned();
    match column {
        0 => (number / 2).to_string(),
        1 => format!("k{}", number % 2),
        2 => of(random, &["", "\"\"", "one", "One", "\"a, b\"", "é", "one ", "bad"]),
        3 => of(random, &["", "1.5", "1.50", "01.5", "0", "-0.00", "12.25", "+3"]),
        4 => of(random, &["true", "t", "1", "f", "false", "0"]),
        5 => of(random, &["", "0.5", "5e-1", "1", "1.0", "0.1"]),
        6 => of(random, &["", "2026-01-05T09:00:00", "2026-01-05 09:00:00.000", "2026-01-05T09:00:00.25"]),
        7 => of(random, &["", "ab", "ab  ", "abcd"]),
        _ => of(random, &["", "1", "2", "02"]),
    }
}

const COLUMNS: [&str; 9] = ["a", "b", "name", "price", "flag", "ratio", "moment", "place", "parent_id"];

/// Rows of a file. Now and then one stands twice, refers to nobody, or is refused.
fn file(random: &mut Rng, words: &[Vec<String>]) -> String {
    let mut text = COLUMNS.join(",") + "\n";
    for row in words {
        let mut row = row.clone();
        if random.u32(..60) == 0 {
            row[8] = "77".into();
        }
        if random.u32(..80) == 0 {
            row[4] = "perhaps".into();
        }
        writeln!(text, "{}", row.join(",")).unwrap();
        if random.u32(..60) == 0 {
            writeln!(text, "{}", row.join(",")).unwrap();
        }
    }
    text
}

fn rows(random: &mut Rng) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for number in 0..20 {
        if random.bool() {
            rows.push((0..COLUMNS.len()).map(|column| word(random, column, number)).collect());
        }
    }
    if random.u32(..3) > 0 {
        // Most files have nothing that the table refuses.
        rows.iter_mut().filter(|row: &&mut Vec<String>| row[2] == "bad").for_each(|row| row[2] = "good".into());
    }
    rows
}

/// Somebody is at the table, too.
fn meddle(random: &mut Rng, connection: &mut AnyConnection) {
    for _ in 0..random.usize(..4) {
        let (a, b) = (random.u8(..10), format!("k{}", random.u8(..2)));
        let sql = match random.u8(..4) {
            0 => format!("DELETE FROM things WHERE a = {a}"),
            1 => format!("UPDATE things SET name = 'edited' WHERE a = {a} AND b = '{b}'"),
            2 => format!("UPDATE things SET price = 9.75, flag = NULL WHERE a = {a}"),
            _ => format!(
                "INSERT INTO things (a, b, name) SELECT {a}, '{b}', 'mine' WHERE NOT EXISTS (SELECT 1 FROM things WHERE a = {a} AND b = '{b}')"
            ),
        };
        connection.change(&sql, &[]).unwrap();
    }
}

fn make(project: Project) -> Project {
    let (real, moment) =
        project.by_backend(("REAL", "TIMESTAMP"), ("DOUBLE PRECISION", "TIMESTAMP"), ("DOUBLE", "DATETIME(6)"));
    let up = format!(
        "CREATE TABLE parents (id INTEGER NOT NULL PRIMARY KEY);\n\
         INSERT INTO parents VALUES (1), (2);\n\
         CREATE TABLE things (a INTEGER NOT NULL, b VARCHAR(10) NOT NULL, name VARCHAR(20) CHECK (name <> 'bad'), price DECIMAL(8, 2), \
         flag BOOLEAN, ratio {real}, moment {moment}, place CHAR(4), parent_id INTEGER, PRIMARY KEY (a, b), \
         CONSTRAINT fk_things FOREIGN KEY (parent_id) REFERENCES parents (id));"
    );
    let project = project.migration("1_a", &up, "");
    project.ok(&["migrate", "up"]);
    project
}

#[test]
fn memory_and_database_come_to_the_same_end() {
    on_each_backend(|project| {
        let project = make(project);
        let place = Place::new(&project);
        let mut connection = place.connector.diesel(&Silent).unwrap();
        place.with(&mut connection, |runner| runner.prepare().unwrap());
        let (mut clean, mut refused, mut changed) = (0, 0, 0);
        for case in 0..60 {
            let mut random = Rng::with_seed(case);
            let mode = if random.u8(..4) == 0 { "ensure" } else { "sync" };
            project.write("seeds/base/things.toml", format!("key = ['a', 'b']\nmode = '{mode}'\n"));
            let first = rows(&mut random);
            let second = if random.bool() { first.clone() } else { rows(&mut random) };
            let (first, second) = (file(&mut random, &first), file(&mut random, &second));
            let on_drift = *random.choice(&[OnDrift::Keep, OnDrift::Overwrite, OnDrift::Fail]).unwrap();
            let on_error = *random.choice(&[OnError::Stop, OnError::Quarantine]).unwrap();
            let act = if random.u8(..4) == 0 { Act::Plan } else { Act::Run };
            let seed = random.u64(..);
            let mut ends = Vec::new();
            for in_memory in [0, IN_MEMORY] {
                let mut random = Rng::with_seed(seed);
                let mut all = String::new();
                let undone: Result<(), diesel::result::Error> = connection.transaction(|connection| {
                    meddle(&mut random, connection);
                    project.write("seeds/base/things.csv", &first);
                    let told = place.seed(connection, &request(in_memory));
                    all += &end(connection, &told);
                    meddle(&mut random, connection);
                    project.write("seeds/base/things.csv", &second);
                    let told = place.seed(connection, &Request { act, on_drift, on_error, ..request(in_memory) });
                    all += &end(connection, &told);
                    if in_memory > 0 {
                        match &told {
                            Ok(report) if report.summary.changes() => changed += 1,
                            Ok(_) => clean += 1,
                            Err(_) => refused += 1,
                        }
                    }
                    Err(diesel::result::Error::RollbackTransaction)
                });
                assert_eq!(undone, Err(diesel::result::Error::RollbackTransaction));
                ends.push(all);
            }
            assert_eq!(ends[0], ends[1], "case {case} on {:?}\n{first}\n{second}", project.backend);
        }
        assert!(clean > 3 && refused > 3 && changed > 3, "{clean} {refused} {changed}: the cases are too much alike");
    });
}

#[test]
fn other_spellings_of_a_value_are_no_change() {
    on_each_backend(|project| {
        let project = make(project).file("seeds/base/things.toml", "key = ['a', 'b']\n");
        project.write(
            "seeds/base/things.csv",
            "a,b,name,price,flag,ratio,moment,place\n1,x,one,1.50,t,5e-1,2026-01-05T09:00:00,ab\n",
        );
        project.session().execute("INSERT INTO things (a, b) VALUES (9, 'mine')").unwrap();
        let place = Place::new(&project);
        let mut connection = place.connector.diesel(&Silent).unwrap();
        place.with(&mut connection, |runner| runner.prepare().unwrap());
        let summary = |report: Report| {
            let sum = report.summary;
            (sum.inserted, sum.updated, sum.unchanged)
        };
        assert_eq!(place.seed(&mut connection, &request(IN_MEMORY)).map(summary), Ok((1, 0, 0)));
        assert_eq!(place.seed(&mut connection, &request(IN_MEMORY)).map(summary), Ok((0, 0, 1)));
        let rows = connection.select("SELECT name FROM things ORDER BY a", &[]).unwrap();
        assert_eq!(rows, [[Value::text("one")], [Value::Null]]);
    });
}
