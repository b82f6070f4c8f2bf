//! Whatever is typed where a name, a value, a filter, a sort or a token is asked for: an error, or a harmless value. Never SQL.

use serde_json::json;

use crate::support::{Project, on_each_backend};

/// What breaks out of quotes, names, numbers, lists and comments, on one backend or another.
const PAYLOADS: &[&str] = &[
    "'; DROP TABLE secrets; --",
    "\"; DROP TABLE secrets; --",
    "`; DROP TABLE secrets; -- ",
    "' OR '1'='1",
    "\" OR \"1\"=\"1",
    "1 OR 1=1",
    "1; DELETE FROM secrets",
    "x' UNION SELECT pin FROM secrets --",
    "') UNION SELECT pin FROM secrets --",
    "\\'; DROP TABLE secrets; #",
    "\\",
    "%' --",
    "id) FROM secrets --",
    "(SELECT pin FROM secrets)",
    "$1",
    "?",
    ":a",
    "/*",
    "*/ 1 /*",
    "${jndi:x}",
    "{{7*7}}",
    "a\nb; DROP TABLE secrets",
    "pg_sleep(10)",
    "sleep(10)",
    "load_extension('x')",
    "0x27",
    "\u{ff07}; DROP TABLE secrets",
    "\u{2019} OR 1=1",
];

fn unharmed(project: &Project, payload: &str) {
    assert_eq!(project.query("SELECT pin FROM secrets"), ["1234"], "{payload}");
}

#[test]
fn payloads_are_values_or_errors() {
    on_each_backend(|project| {
        let mut session = project.session();
        session.execute("CREATE TABLE secrets (pin varchar(9) NOT NULL PRIMARY KEY)").unwrap();
        session.execute("INSERT INTO secrets VALUES ('1234')").unwrap();
        session.execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, a varchar(100), b integer)").unwrap();
        session.execute("INSERT INTO t VALUES (0, 'plain', 0)").unwrap();
        for (at, payload) in PAYLOADS.iter().enumerate() {
            let id = format!("id={}", at + 1);
            let value = format!("a={payload}");
            // As a value it goes in and comes out, and is found again.
            let made = project.json(0, &["data", "create", "t", &id, &value, "b=1"]);
            assert_eq!(made["a"], json!(payload));
            let count = |words: &[&str]| project.json(0, &[&["data", "count", "t"], words].concat())["count"].clone();
            assert_eq!(count(&[&value]), json!(1), "{payload}");
            assert_ne!(count(&[&format!("a~{payload}"), "b=1"]), json!(0), "{payload}");
            let quoted = payload.replace('\\', "\\\\").replace('"', "\\\"");
            assert_eq!(count(&["--where", &format!("a = \"{quoted}\"")]), json!(1), "{payload}");
            assert_eq!(count(&["--where", &format!("a in (\"x\", \"{quoted}\")")]), json!(1), "{payload}");
            unharmed(&project, payload);
        }
        for (number, payload) in PAYLOADS.iter().enumerate() {
            // Where a name, a number or an expression stands, it is refused.
            let named = format!("{payload}=1");
            let refused: &[&[&str]] = &[
                &["data", "list", payload],
                &["data", "list", "t", "--sort", payload],
                &["data", "list", "t", "--columns", payload],
                &["data", "list", "t", "--with", payload],
                &["data", "list", "t", "--after", payload],
                &["data", "list", "t", "--where", payload],
                &["data", "list", "t", "--limit", payload],
                &["data", "list", "t", &format!("b={payload}")],
                &["data", "list", "t", "--filter", &format!("id:in=1,{payload}")],
                &["data", "get", "t", payload],
                &["data", "aggregate", "t", "--by", payload],
                &["data", "aggregate", "t", "--sum", payload],
                &["data", "aggregate", "t", "--having", payload],
                &["data", "aggregate", "t", "--sort", payload],
                &["data", "create", "t", &named],
                &["data", "create", payload, "id=1"],
                &["data", "update", "t", "0", &named],
                &["data", "update", "t", "0", &format!("b={payload}")],
                &["data", "update", "t", "0", "b=1", "--if", &format!("b={payload}")],
                &["data", "delete", "t", payload],
            ];
            // Each place takes its part of them, on a server fewer: what is refused is refused before it is asked.
            let each = project.by_backend(2, 5, 5);
            let some = |place: &usize| (place + number).is_multiple_of(each);
            for args in (0..refused.len()).filter(some).map(|place| refused[place]) {
                let run = project.run(args);
                assert!([2, 10, 11].contains(&run.code), "{args:?} on {}\n{run}", project.backend);
                assert!(!run.stderr.contains("syntax") || !run.stderr.contains("SQLSTATE"), "{args:?}\n{run}");
                run.says_nothing_of(&["1234"]);
            }
            unharmed(&project, payload);
        }
        assert_eq!(project.query("SELECT a, b FROM t WHERE id = 0"), ["plain|0"]);
    });
}
