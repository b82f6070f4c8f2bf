//! The catalog of SQLite, whatever the texts of its tables look like: the same table in two formats is the same table.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;

use dbtool::backend::Backend;
use dbtool::catalog::{self, Catalog, ForeignKey, Table, TableKind};
use dbtool::db::{Session, dialect_of};
use proptest::prelude::*;

use crate::support::Project;

/// Choices, one after the other; all are the first one when the numbers run out.
struct Dice<'a>(std::slice::Iter<'a, u8>);

impl<'a> Dice<'a> {
    fn new(numbers: &'a [u8]) -> Self {
        Self(numbers.iter())
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0.next().map_or(0, |number| usize::from(*number) % limit)
    }

    fn one_in(&mut self, limit: usize) -> bool {
        self.below(limit) == 1
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// A word of a statement, before it has a form.
#[derive(Debug, Clone)]
enum Word {
    Keyword(&'static str),
    /// A name; within an expression one in single quotes would be text.
    Name(String, bool),
    /// As it is.
    Raw(String),
}

const NAMES: &[&str] = &[
    "a",
    "b",
    "key",
    "order",
    "größe",
    "x y",
    "q\"t",
    "back`tick",
    "Select",
    "action",
    "generated",
    "c$1",
    "it's",
    "_",
    "check",
    "virtual",
    "filter",
    "--",
    "/*",
    "a.b",
    "end",
    "begin",
    "1st",
];
const TYPES: &[&str] =
    &["", "INTEGER", "INT", "TEXT", "VARCHAR ( 10 )", "DECIMAL ( 10 , 2 )", "UNSIGNED BIG INT", "BLOB", "my type"];
/// What SQLite takes for a name only in quotes; `end` without them may end a CASE.
const RESERVED: &[&str] = &["order", "Select", "check", "end"];

/// A table with everything that can be in one.
struct Plan {
    words: Vec<Word>,
    columns: Vec<String>,
    primary_key: Vec<String>,
    foreign_keys: usize,
    checks: usize,
}

fn plan(dice: &mut Dice<'_>) -> Plan {
    let mut plan = Plan { words: Vec::new(), columns: Vec::new(), primary_key: Vec::new(), foreign_keys: 0, checks: 0 };
    plan.keywords("CREATE TABLE");
    plan.name("the table");
    plan.raw("(");
    let count = 1 + dice.below(6);
    let first = dice.below(NAMES.len());
    for at in 0..count {
        if at > 0 {
            plan.raw(",");
        }
        plan.column(dice, NAMES[(first + at) % NAMES.len()]);
    }
    if plan.primary_key.is_empty() && dice.one_in(2) {
        plan.raw(",");
        plan.constraint_name(dice);
        plan.keywords("PRIMARY KEY");
        plan.primary_key = plan.some_columns(dice);
    }
    for _ in 0..dice.below(4) {
        plan.raw(",");
        plan.constraint_name(dice);
        plan.table_constraint(dice);
    }
    plan.raw(")");
    plan
}

impl Plan {
    fn keywords(&mut self, words: &'static str) {
        self.words.extend(words.split(' ').map(Word::Keyword));
    }

    fn raw(&mut self, text: &str) {
        self.words.extend(text.split(' ').map(|word| Word::Raw(word.to_owned())));
    }

    fn name(&mut self, name: &str) {
        self.words.push(Word::Name(name.to_owned(), false));
    }

    fn value(&mut self, column: &str) {
        self.words.push(Word::Name(column.to_owned(), true));
    }

    fn constraint_name(&mut self, dice: &mut Dice<'_>) {
        if dice.one_in(2) {
            self.keywords("CONSTRAINT");
            self.name(dice.of(NAMES));
        }
    }

    fn column(&mut self, dice: &mut Dice<'_>, name: &str) {
        self.columns.push(name.to_owned());
        self.name(name);
        let declared = dice.of(TYPES);
        if !declared.is_empty() {
            self.raw(declared);
        }
        for _ in 0..dice.below(4) {
            self.constraint_name(dice);
            match dice.below(9) {
                0 => self.keywords("NOT NULL"),
                1 => self.keywords("UNIQUE"),
                2 => self.check(name),
                3 => {
                    self.keywords("DEFAULT");
                    self.raw(dice.of(&[
                        "'ab)'",
                        "- 1.5e-3",
                        "( 1 + - 2 )",
                        "CURRENT_TIMESTAMP",
                        "x'00'",
                        "NULL",
                        ".5",
                    ]));
                }
                4 => {
                    self.keywords("COLLATE");
                    self.name(dice.of(&["NOCASE", "RTRIM"]));
                }
                5 => {
                    self.foreign_keys += 1;
                    self.references(dice, 1);
                }
                6 if self.primary_key.is_empty() => {
                    self.primary_key.push(name.to_owned());
                    self.keywords("PRIMARY KEY");
                    let ending: &'static str = dice.of(&["", "ASC", "DESC", "ON CONFLICT ROLLBACK"]);
                    if !ending.is_empty() {
                        self.keywords(ending);
                    }
                }
                7 => self.keywords("NOT NULL ON CONFLICT REPLACE"),
                _ => self.keywords("NULL"),
            }
        }
    }

    fn check(&mut self, column: &str) {
        self.checks += 1;
        self.keywords("CHECK");
        self.raw("(");
        self.value(column);
        self.words.extend(["<>", "'it''s )'", "||"].map(|word| Word::Raw(word.to_owned())));
        self.value(column);
        // How keywords of an expression are written is kept.
        self.raw("AND length (");
        self.value(column);
        self.raw(") - - 1 IN ( 1 , -2 ) )");
    }

    /// A list of columns, the first of them or the first two, with what a key may say of each.
    fn some_columns(&mut self, dice: &mut Dice<'_>) -> Vec<String> {
        let count = (1 + dice.below(2)).min(self.columns.len());
        let columns = self.columns[..count].to_vec();
        self.raw("(");
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                self.raw(",");
            }
            self.name(column);
            let ending: &'static str = dice.of(&["", "DESC", "ASC"]);
            if !ending.is_empty() {
                self.keywords(ending);
            }
        }
        self.raw(")");
        columns
    }

    fn references(&mut self, dice: &mut Dice<'_>, columns: usize) {
        self.keywords("REFERENCES");
        self.name("Other");
        self.raw("(");
        self.name("x");
        if columns > 1 {
            self.raw(",");
            self.name("y z");
        }
        self.raw(")");
        for _ in 0..dice.below(3) {
            self.keywords(dice.of(&["ON DELETE CASCADE", "ON UPDATE SET NULL", "MATCH FULL", "ON DELETE NO ACTION"]));
        }
        if dice.one_in(3) {
            self.keywords(dice.of(&["DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE", "NOT DEFERRABLE"]));
        }
    }

    fn table_constraint(&mut self, dice: &mut Dice<'_>) {
        match dice.below(3) {
            0 => {
                self.keywords("UNIQUE");
                self.some_columns(dice);
            }
            1 => {
                let column = self.columns[0].clone();
                self.check(&column);
            }
            _ => {
                self.foreign_keys += 1;
                self.keywords("FOREIGN KEY");
                let columns = self.columns[..2.min(self.columns.len())].to_vec();
                self.raw("(");
                for (at, column) in columns.iter().enumerate() {
                    if at > 0 {
                        self.raw(",");
                    }
                    self.name(column);
                }
                self.raw(")");
                self.references(dice, columns.len());
            }
        }
    }

    /// The statement in some format; without numbers it is the plainest one.
    fn write(&self, dice: &mut Dice<'_>) -> String {
        let mut text = String::new();
        for word in &self.words {
            let between = dice.of(&[" ", "\n\t", "  ", " /* ', \" ( */ ", " -- don't )\n", "\r\n"]);
            match word {
                Word::Keyword(word) if dice.one_in(2) => write!(text, "{}", word.to_lowercase()).unwrap(),
                Word::Keyword(word) => text.push_str(word),
                Word::Name(name, is_value) => text.push_str(&written(name, *is_value, dice)),
                Word::Raw(word) => text.push_str(word),
            }
            text.push_str(between);
        }
        text
    }
}

fn written(name: &str, is_value: bool, dice: &mut Dice<'_>) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !RESERVED.contains(&name);
    match dice.below(5) {
        1 if plain => name.to_owned(),
        2 => format!("`{}`", name.replace('`', "``")),
        3 if !name.contains(']') => format!("[{name}]"),
        4 if !is_value => format!("'{}'", name.replace('\'', "''")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

fn read(session: &mut Session) -> Catalog {
    let dialect = dialect_of(Backend::Sqlite);
    let home = session.home(dialect).unwrap();
    catalog::read(session, dialect, &home).unwrap()
}

/// The catalog of these statements in an empty database; `None`: SQLite does not take them.
fn made_of(project: &Project, statements: &[String]) -> Option<Catalog> {
    let mut session = project.session_on("sqlite::memory:");
    for statement in statements {
        session.execute(statement).ok()?;
    }
    Some(read(&mut session))
}

/// The same, with one more index: one whose text does not tell all of it, so that the pragmas are asked of all of the table. It
/// is left out again. And what a pragma says of the table's foreign keys.
fn by_pragmas(project: &Project, statements: &[String], column: &str) -> (Catalog, Vec<String>) {
    let mut session = project.session_on("sqlite::memory:");
    let column = column.replace('"', "\"\"");
    let more = format!("CREATE INDEX untold ON \"the table\" (\"{column}\" DESC)");
    for statement in statements.iter().chain([&more]) {
        session.execute(statement).unwrap();
    }
    let mut catalog = read(&mut session);
    for table in &mut catalog.tables {
        table.indexes.retain(|index| index.name != "untold");
    }
    let rows = session
        .query("SELECT id, \"from\", \"table\", \"to\", lower(on_delete), lower(on_update) FROM pragma_foreign_key_list('the table')")
        .unwrap();
    let key = |rows: &[dbtool::db::Row]| {
        let listed = |at| rows.iter().map(|row| row.text(at)).collect::<Vec<_>>().join(", ");
        let [to, on_delete, on_update] = [2, 4, 5].map(|at| rows[0].text(at).to_lowercase());
        format!("({}) to {to} ({}) {on_delete} {on_update}", listed(1), listed(3))
    };
    let mut keys: Vec<_> = rows.chunk_by(|one, other| one.text(0) == other.text(0)).map(key).collect();
    keys.sort();
    (catalog, keys)
}

/// Its foreign keys, as [`by_pragmas`] writes them.
fn told_foreign_keys(table: &Table) -> Vec<String> {
    let told = |key: &ForeignKey| {
        let (columns, to_columns) = (key.columns.join(", "), key.to_columns.join(", "));
        format!("({columns}) to {} ({to_columns}) {} {}", key.to, key.on_delete, key.on_update)
    };
    let mut keys: Vec<_> = table.foreign_keys.iter().map(told).collect();
    keys.sort();
    keys
}

fn numbers(count: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..count)
}

#[test]
fn a_table_is_the_same_in_every_format() {
    let project = Project::sqlite();
    let taken = Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1_000));
    let outcome = runner.run(&(numbers(60), numbers(400)), |(what, how)| {
        let plan = plan(&mut Dice::new(&what));
        let (plain, odd) = (plan.write(&mut Dice::new(&[])), plan.write(&mut Dice::new(&how)));
        let other = "CREATE TABLE other (x, \"y z\", PRIMARY KEY (x, \"y z\"))".to_owned();
        let Some(of_plain) = made_of(&project, &[other.clone(), plain.clone()]) else {
            // Two primary keys, or the like.
            return Ok(());
        };
        let Some(of_odd) = made_of(&project, &[other.clone(), odd.clone()]) else {
            return Err(TestCaseError::fail(format!("only the plain one is taken:\n{plain}\n{odd}")));
        };
        prop_assert_eq!(&of_odd.not_seen, &Vec::new(), "{}", odd);
        let table = of_odd.table("the table").unwrap();
        let columns: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
        prop_assert_eq!(columns, plan.columns.clone());
        let key = table.primary_key.as_ref().map(|key| key.columns.clone()).unwrap_or_default();
        prop_assert_eq!(key, plan.primary_key.clone());
        prop_assert_eq!((table.foreign_keys.len(), table.checks.len()), (plan.foreign_keys, plan.checks));
        prop_assert_eq!(catalog::diff::diff(&of_plain, &of_odd), Vec::new(), "{}\n{}", plain, odd);
        prop_assert_eq!(&of_plain.fingerprint, &of_odd.fingerprint);
        let (by_pragmas, foreign_keys) = by_pragmas(&project, &[other, odd], &plan.columns[0]);
        prop_assert_eq!(catalog::diff::diff(&of_odd, &by_pragmas), Vec::new());
        prop_assert_eq!(told_foreign_keys(table), foreign_keys);
        let again = made_of(&project, &catalog::ddl(&of_odd, dialect_of(Backend::Sqlite))).unwrap();
        prop_assert_eq!(&again.fingerprint, &of_odd.fingerprint);
        taken.set(taken.get() + 1);
        Ok(())
    });
    outcome.unwrap();
    let taken = taken.get();
    assert!(taken > 300, "only {taken} of the tables were taken by SQLite");
}

/// Fragments that meet each other in texts, in any order.
fn soup() -> impl Strategy<Value = String> {
    let fragments = prop::sample::select(vec![
        "CREATE ",
        "TABLE ",
        "VIEW ",
        "INDEX ",
        "TRIGGER ",
        "VIRTUAL ",
        "UNIQUE ",
        "t ",
        "( ",
        ") ",
        ", ",
        "\" ",
        "' ",
        "` ",
        "[ ",
        "] ",
        "-- ",
        "/* ",
        "*/ ",
        "ON ",
        "AS ",
        "USING ",
        "BEGIN ",
        "END ",
        "WHEN ",
        "UPDATE ",
        "OF ",
        "PRIMARY ",
        "KEY ",
        "CONSTRAINT ",
        "REFERENCES ",
        "DEFAULT ",
        "- ",
        "1e",
        "x'",
        ". ",
        "CHECK ",
        "COLLATE ",
        "NOT ",
        "GENERATED ",
        "ALWAYS ",
        "DEFERRABLE ",
        "; ",
        "é",
        "\0",
        "WHERE ",
        "DESC ",
        "SELECT ",
        "WITHOUT ",
        "ROWID ",
        "\n",
    ]);
    prop_oneof![prop::collection::vec(fragments, 0..40).prop_map(|all| all.concat()), any::<String>()]
}

/// Whatever stands in the list of objects, reading it ends well: what cannot be understood is told.
#[test]
fn no_text_stops_the_reader() {
    let project = Project::sqlite();
    let mut session = project.session_on("sqlite::memory:");
    session
        .execute(
            "CREATE TABLE t (a, b); CREATE INDEX i ON t (a) WHERE b; CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5 (x);
             CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END; PRAGMA writable_schema = ON",
        )
        .unwrap();
    let session = RefCell::new(session);
    let dialect = dialect_of(Backend::Sqlite);
    let kinds = [
        ("t", "TABLE t ("),
        ("i", "INDEX i ON t ("),
        ("v", "VIEW v "),
        ("f", "VIRTUAL TABLE f "),
        ("tr", "TRIGGER tr "),
    ];
    proptest!(ProptestConfig::with_cases(1_000), |(texts in prop::collection::vec(soup(), kinds.len()), whole in any::<bool>())| {
        let mut session = session.borrow_mut();
        session.execute("SAVEPOINT before").unwrap();
        for ((name, beginning), text) in kinds.iter().zip(&texts) {
            let text = if whole { text.replace('\0', "") } else { format!("CREATE {beginning}{}", text.replace('\0', "")) };
            let text = dialect.literal(&text);
            session.execute(&format!("UPDATE sqlite_master SET sql = {text} WHERE name = '{name}'")).unwrap();
        }
        let read = read(&mut session);
        session.execute("ROLLBACK TO before; RELEASE before").unwrap();
        prop_assert!(read.tables.iter().any(|table| table.kind == TableKind::Table && table.columns.len() == 2));
        prop_assert!(read.table("f").is_some());
        prop_assert_eq!(read.views.len(), 1);
    });
}
