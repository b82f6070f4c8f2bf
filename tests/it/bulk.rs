//! Loading many rows: the same on each backend, to the byte, with the row and the column of what is refused.

use std::path::Path;
use std::time::Duration;

use dbtool::backend::Backend;
use dbtool::config::Target as Database;
use dbtool::db::AnyConnection;
use dbtool::db::bulk::{self, Column, Fault, Form, Source, Target, Watch};
use dbtool::error::{Code, Error, Result};
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;

use crate::private::Private;
use crate::support::{Project, on_each_backend};

/// Rows in memory; each is its own line.
struct Rows {
    rows: Vec<Vec<Option<Vec<u8>>>>,
    at: usize,
    /// Fails at this line.
    fails: Option<usize>,
}

impl Rows {
    fn of(rows: Vec<Vec<Option<Vec<u8>>>>) -> Self {
        Self { rows, at: 0, fails: None }
    }
}

impl Source for Rows {
    fn advance(&mut self) -> Result<bool> {
        self.at += 1;
        if self.fails == Some(self.at) {
            return Err(Error::new(Code::Usage, "the file ends in the middle of a row"));
        }
        Ok(self.at <= self.rows.len())
    }

    fn field(&self, column: usize) -> Option<&[u8]> {
        self.rows[self.at - 1][column].as_deref()
    }

    fn line(&self) -> u64 {
        self.at as u64
    }
}

/// Leaves out what is refused, and keeps it; or stops there.
#[derive(Default)]
struct Kept {
    faults: Vec<Fault>,
    stops: bool,
    wrote: u64,
}

impl Watch for Kept {
    fn wrote(&mut self, rows: u64) -> Result<()> {
        self.wrote += rows;
        Ok(())
    }

    fn refused(&mut self, fault: Fault) -> Result<()> {
        self.faults.push(fault);
        if self.stops { Err(Error::new(Code::Database, "refused")) } else { Ok(()) }
    }
}

fn open(project: &Project) -> AnyConnection {
    let database = Database::parse(&project.url, Path::new("")).unwrap();
    AnyConnection::open(&database, Duration::from_secs(10)).unwrap()
}

fn target(project: &Project, columns: &[(&str, Form)]) -> Target {
    let quote = project.by_backend('"', '"', '`');
    let columns = columns.iter().map(|(name, form)| Column { name: (*name).to_owned(), form: *form }).collect();
    Target { table: format!("{quote}t{quote}"), columns }
}

#[expect(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "a row is a list of such calls")]
fn text(text: impl ToString) -> Option<Vec<u8>> {
    Some(text.to_string().into_bytes())
}

const NASTY: [&str; 14] = [
    "",
    " ",
    "\\",
    "\\.",
    "\\N",
    "NULL",
    "a\tb",
    "line\nline\r\nline",
    "'\"`;--",
    "\u{1}\u{8}\u{b}\u{1f}\u{7f}",
    "Zoë 🦀 \u{202e}rtl",
    "\\x41",
    "{\"a\": [1]}",
    "\r",
];

#[test]
fn every_value_comes_as_it_was() {
    on_each_backend(|project| {
        let (bytes, real) = project.by_backend(("BLOB", "REAL"), ("BYTEA", "DOUBLE PRECISION"), ("BLOB", "DOUBLE"));
        project
            .session()
            .execute(&format!(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, words TEXT, {q}the bytes{q} {bytes}, yes BOOLEAN, exact DECIMAL(30, 10), real_one {real})",
                q = project.by_backend('"', '"', '`')
            ))
            .unwrap();
        let forms = [
            ("id", Form::Integer),
            ("words", Form::Text),
            ("the bytes", Form::Bytes),
            ("yes", Form::Boolean),
            ("exact", Form::Decimal),
            ("real_one", Form::Real),
        ];
        let all: Vec<u8> = (0..=255).collect();
        let mut rows: Vec<_> = NASTY
            .iter()
            .enumerate()
            .map(|(id, words)| {
                let yes = if id % 2 == 0 { "true" } else { "f" };
                vec![text(id), text(words), Some(all[id..].to_vec()), text(yes), text("-0.5"), text("1e-300")]
            })
            .collect();
        rows.push(vec![text(100), None, None, None, None, None]);
        // Enough of them for the way of many.
        for id in 1_000..3_000 {
            let words = NASTY[id % NASTY.len()];
            rows.push(vec![text(id), text(words), Some(all.clone()), text("1"), text("123456789012.5"), text("0.1")]);
        }
        let mut watch = Kept::default();
        let count = rows.len() as u64;
        let target = target(&project, &forms);
        assert_eq!(bulk::load(&mut open(&project), &target, &mut Rows::of(rows), &mut watch).unwrap(), count);
        assert_eq!(watch.wrote, count);
        let name = project.by_backend("\"the bytes\"", "\"the bytes\"", "`the bytes`");
        let hex = project.by_backend(
            format!("lower(hex({name}))"),
            format!("encode({name}, 'hex')"),
            format!("lower(hex({name}))"),
        );
        let words = project.by_backend("hex(words)", "upper(encode(convert_to(words, 'UTF8'), 'hex'))", "hex(words)");
        let yes = project.by_backend("yes", "yes::int", "yes");
        let sql = |clause: &str| {
            format!(
                "SELECT id, {words}, {hex}, {yes}, exact = -0.5, real_one = 1e-300 FROM t WHERE {clause} ORDER BY id"
            )
        };
        let upper = |bytes: &[u8]| dbtool::text::hex(bytes).to_uppercase();
        let truth = project.by_backend(("1", "0"), ("t", "f"), ("1", "0"));
        let expected: Vec<_> = NASTY
            .iter()
            .enumerate()
            .map(|(id, words)| {
                let hex = dbtool::text::hex(&all[id..]);
                format!("{id}|{}|{hex}|{}|{}|{}", upper(words.as_bytes()), (id + 1) % 2, truth.0, truth.0)
            })
            .collect();
        assert_eq!(project.query(&sql("id < 100")), expected, "{}", project.backend);
        let nothing = "SELECT count(*) FROM t WHERE id = 100 AND words IS NULL AND yes IS NULL AND exact IS NULL AND real_one IS NULL";
        assert_eq!(project.query(nothing), ["1"]);
        let many = format!("SELECT count(*) FROM t WHERE id >= 1000 AND {hex} = '{}'", dbtool::text::hex(&all));
        assert_eq!(project.query(&many), ["2000"]);
        let last = 2_999;
        let expected = upper(NASTY[last % NASTY.len()].as_bytes());
        assert_eq!(project.query(&format!("SELECT {words} FROM t WHERE id = {last}")), [expected]);
    });
}

/// A table with rules, and rows that break none.
fn ruled(project: &Project) -> (Target, Vec<Vec<Option<Vec<u8>>>>) {
    project
        .session()
        .execute(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(10) NOT NULL UNIQUE, price DECIMAL(6, 2) CHECK (price >= 0))",
        )
        .unwrap();
    let target = target(project, &[("id", Form::Integer), ("name", Form::Text), ("price", Form::Decimal)]);
    let rows = (0..3_000).map(|id| vec![text(id), text(format!("name {id}")), text("1.50")]).collect();
    (target, rows)
}

#[test]
fn a_row_that_is_refused_is_found_and_nothing_is_written() {
    type Break = (&'static str, usize, Option<&'static str>, Option<&'static str>);
    let cases: [Break; 5] = [
        ("a name that is there", 1, Some("name 7"), None),
        ("no name", 1, None, Some("name")),
        ("no number", 2, Some("cheap"), Some("price")),
        ("below zero", 2, Some("-1.00"), None),
        ("a key that is no number", 0, Some("x"), Some("id")),
    ];
    on_each_backend(|project| {
        let (target, rows) = ruled(&project);
        for (case, column, value, named) in &cases {
            for at in [2_000, 2_999, 8] {
                let mut rows = rows.clone();
                rows[at][*column] = value.and_then(text);
                let mut watch = Kept { stops: true, ..Kept::default() };
                let error = bulk::load(&mut open(&project), &target, &mut Rows::of(rows), &mut watch).unwrap_err();
                assert_eq!(error.to_string(), "refused", "{case} on {}: {error:?}", project.backend);
                let [fault] = &watch.faults[..] else { panic!("{} faults", watch.faults.len()) };
                assert_eq!(fault.line, at as u64 + 1, "{case} on {}: {fault:?}", project.backend);
                assert_eq!(fault.row[*column].1.as_deref(), value.map(str::as_bytes), "{case}");
                if let Some(named) = named {
                    assert_eq!(fault.column.as_deref(), Some(*named), "{case} on {}: {fault:?}", project.backend);
                    assert_eq!(fault.value.as_deref(), value.map(str::as_bytes), "{case}");
                }
                assert_eq!(project.query("SELECT count(*) FROM t"), ["0"], "{case} on {}", project.backend);
            }
        }
    });
}

#[test]
fn what_the_server_is_strict_about_names_its_column() {
    // SQLite takes any length.
    crate::support::on_servers(|project| {
        let (target, mut rows) = ruled(&project);
        rows[1_234][1] = text("much longer than ten");
        rows[2_345][2] = text("12345.67");
        let mut watch = Kept::default();
        let count = bulk::load(&mut open(&project), &target, &mut Rows::of(rows), &mut watch).unwrap();
        assert_eq!(count, 2_998);
        let found: Vec<_> = watch.faults.iter().map(|fault| (fault.line, fault.column.as_deref())).collect();
        assert_eq!(found, [(1_235, Some("name")), (2_346, Some("price"))], "{}", project.backend);
    });
}

#[test]
fn refused_rows_can_be_left_out() {
    on_each_backend(|project| {
        let (target, mut rows) = ruled(&project);
        for at in [0, 999, 1_000, 2_999] {
            rows[at][1] = None;
        }
        rows[5][0] = text(4);
        let mut watch = Kept::default();
        let count = bulk::load(&mut open(&project), &target, &mut Rows::of(rows), &mut watch).unwrap();
        assert_eq!((count, watch.wrote), (2_995, 2_995), "{}", project.backend);
        let lines: Vec<_> = watch.faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [1, 6, 1_000, 1_001, 3_000], "{}", project.backend);
        assert_eq!(project.query("SELECT count(*) FROM t"), ["2995"]);
    });
}

#[test]
fn it_is_part_of_the_transaction_that_is_open() {
    on_each_backend(|project| {
        let (target, rows) = ruled(&project);
        let mut connection = open(&project);
        let count = |connection: &mut AnyConnection, sign: &str| {
            // What a connection sees within its transaction.
            connection.batch_execute(&format!("INSERT INTO t SELECT count(*) {sign} 9000, 'sum', 0 FROM t")).unwrap();
        };
        let rolled_back = connection.transaction::<(), diesel::result::Error, _>(|connection| {
            bulk::load(connection, &target, &mut Rows::of(rows.clone()), &mut Kept::default()).unwrap();
            count(connection, "+");
            Err(diesel::result::Error::RollbackTransaction)
        });
        assert!(rolled_back.is_err());
        assert_eq!(project.query("SELECT count(*) FROM t"), ["0"]);
        // A failed loading leaves the transaction as it was before it.
        connection
            .transaction::<(), diesel::result::Error, _>(|connection| {
                let mut bad = rows.clone();
                bad[2_500][1] = None;
                let mut watch = Kept { stops: true, ..Kept::default() };
                bulk::load(connection, &target, &mut Rows::of(bad), &mut watch).unwrap_err();
                count(connection, "+");
                bulk::load(connection, &target, &mut Rows::of(rows.clone()), &mut Kept::default()).unwrap();
                Ok(())
            })
            .unwrap();
        assert_eq!(project.query("SELECT count(*) FROM t"), ["3001"], "{}", project.backend);
        assert_eq!(project.query("SELECT id FROM t WHERE name = 'sum'"), ["9000"], "{}", project.backend);
    });
}

#[test]
fn a_source_that_fails_ends_it_after_the_rows_before() {
    on_each_backend(|project| {
        let (target, mut rows) = ruled(&project);
        let mut source = Rows { fails: Some(2_000), ..Rows::of(rows.clone()) };
        let error = bulk::load(&mut open(&project), &target, &mut source, &mut Kept::default()).unwrap_err();
        assert!(error.to_string().contains("in the middle"), "{error}");
        assert_eq!(project.query("SELECT count(*) FROM t"), ["0"]);
        // What is wrong further up is told first.
        rows[1_000][1] = None;
        let mut source = Rows { fails: Some(2_000), ..Rows::of(rows) };
        let mut watch = Kept { stops: true, ..Kept::default() };
        bulk::load(&mut open(&project), &target, &mut source, &mut watch).unwrap_err();
        assert_eq!(watch.faults[0].line, 1_001);
    });
}

#[test]
fn what_is_no_rows_fault_is_told_as_it_is() {
    on_each_backend(|project| {
        let (mut target, rows) = ruled(&project);
        target.table = "no_such_table".into();
        let mut watch = Kept::default();
        let error = bulk::load(&mut open(&project), &target, &mut Rows::of(rows), &mut watch).unwrap_err();
        assert!(watch.faults.is_empty(), "{}: {:?}", project.backend, watch.faults.first());
        assert!(error.cause().unwrap().contains("no_such_table"), "{error:?}");
    });
}

#[test]
fn a_server_without_local_infile_gets_inserts() {
    let off = |_: &Path| vec!["local-infile=0".to_owned()];
    let Some(server) = Private::start(Backend::Mysql, "", off) else { return };
    let mut project = Project::sqlite();
    project.backend = Backend::Mysql;
    let url = |name: &str| format!("mysql://root@127.0.0.1:{}/{name}", server.port);
    project.session_on(&url("mysql")).execute("CREATE DATABASE loaded").unwrap();
    project.url = url("loaded");
    let (target, mut rows) = ruled(&project);
    rows[1_500][1] = None;
    let mut watch = Kept::default();
    assert_eq!(bulk::load(&mut open(&project), &target, &mut Rows::of(rows), &mut watch).unwrap(), 2_999);
    assert_eq!(watch.faults[0].line, 1_501);
    assert_eq!(project.query("SELECT count(*) FROM t"), ["2999"]);
    project.backend = Backend::Sqlite;
}
