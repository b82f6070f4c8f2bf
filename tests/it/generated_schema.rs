//! Schemas that nobody thought of: random ones, read, made anew from what was read, and read again.

use std::cell::RefCell;

use dbtool::backend::Backend;
use dbtool::catalog::{self, Catalog, diff};
use dbtool::db::{Session, dialect_of};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use crate::support::Project;

/// A schema as it can be made on any backend.
#[derive(Debug, Clone)]
pub struct Generated {
    /// Where the backend has types of its own for them.
    enums: Vec<(String, Vec<&'static str>)>,
    tables: Vec<Table>,
    views: Vec<View>,
}

/// Each has a column `id` as its primary key, for others to refer to.
#[derive(Debug, Clone)]
struct Table {
    name: String,
    columns: Vec<Column>,
    /// The tables that it refers to, by a column of its own each, and what happens when a row goes.
    references: Vec<(Index, &'static str)>,
    /// Columns, whether they are unique, whether they go down, and whether only some rows are in it.
    indexes: Vec<(Vec<Index>, bool, bool, bool)>,
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    kind: Kind,
    nullable: bool,
    default: bool,
    unique: bool,
    check: bool,
    comment: Option<&'static str>,
}

#[derive(Debug, Clone)]
struct View {
    name: String,
    of: Index,
    condition: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    Big,
    Varchar,
    Decimal,
    Date,
    Text,
    Boolean,
    Timestamp,
    Json,
    Bytes,
    Double,
    /// The first of the schema's own.
    Enum,
}

/// What a backend calls a type, a value of it, and a condition on a column of it.
struct Words {
    name: &'static str,
    value: &'static str,
    condition: &'static str,
}

impl Kind {
    const ALL: &[Kind] = &[
        Kind::Integer,
        Kind::Big,
        Kind::Varchar,
        Kind::Decimal,
        Kind::Date,
        Kind::Text,
        Kind::Boolean,
        Kind::Timestamp,
        Kind::Json,
        Kind::Bytes,
        Kind::Double,
        Kind::Enum,
    ];

    fn can_be_key(self) -> bool {
        matches!(self, Kind::Integer | Kind::Big | Kind::Varchar | Kind::Decimal | Kind::Date)
    }

    fn words(self, backend: Backend) -> Words {
        let of = |sqlite, postgres, mysql| match backend {
            Backend::Sqlite => sqlite,
            Backend::Postgres => postgres,
            Backend::Mysql => mysql,
        };
        let (name, value, condition) = match self {
            Kind::Integer => ("integer", "-7", "{} BETWEEN 0 AND 9"),
            Kind::Big => ("bigint", "12345678901", "{} > 0 OR {} < -5"),
            Kind::Varchar => ("varchar(40)", "'it''s; a ''\"value\"'''", "{} IN ('a', 'b', 'it''s)')"),
            Kind::Decimal => ("decimal(10,2)", "0.50", "{} >= 0.5"),
            Kind::Date => ("date", "'2024-02-29'", "{} > '2000-01-01'"),
            Kind::Text => ("text", of("'x'", "E'a\\nb'", "('x')"), "{} LIKE 'a%' AND NOT {} = ''"),
            Kind::Boolean => ("boolean", "true", "{} IS NOT NULL"),
            Kind::Timestamp => (of("text", "timestamptz", "datetime(3)"), "CURRENT_TIMESTAMP", "{} IS NOT NULL"),
            Kind::Json => (of("text", "jsonb", "json"), of("'{}'", "'{\"a\": 1}'", "('{}')"), "{} IS NOT NULL"),
            Kind::Bytes => (of("blob", "bytea", "blob"), of("x'00ff'", "'\\x00ff'", "('x')"), "length({}) < 10"),
            Kind::Double => (of("real", "double precision", "double"), "1.5e-3", "{} <> 0.1"),
            Kind::Enum => (of("text", "", "enum('new','it''s')"), "'new'", "{} <> 'new'"),
        };
        // MySQL's timestamps want their precision again.
        let value = if backend == Backend::Mysql && self == Kind::Timestamp { "CURRENT_TIMESTAMP(3)" } else { value };
        Words { name, value, condition }
    }
}

/// Names as people give them; a number makes each one of its kind.
fn name() -> impl Strategy<Value = String> {
    select(vec!["orders", "Käse und Öl", "select", "a \"quoted\" one", "it's", "CamelCase", "x.y", "1st", "naïve_名前"])
        .prop_map(str::to_owned)
}

fn column() -> impl Strategy<Value = Column> {
    let comment = prop::option::weighted(0.2, select(vec!["what it's for", "\\ and \"", "Größe"]));
    let parts = (name(), select(Kind::ALL), any::<[bool; 4]>(), comment);
    parts.prop_map(|(name, kind, [nullable, default, unique, check], comment)| Column {
        name,
        kind,
        nullable,
        default,
        unique,
        check,
        comment,
    })
}

fn table() -> impl Strategy<Value = Table> {
    let action = select(vec!["NO ACTION", "CASCADE", "SET NULL", "RESTRICT"]);
    let index = (prop::collection::vec(any::<Index>(), 1..4), any::<bool>(), any::<bool>(), any::<bool>());
    let parts = (
        name(),
        prop::collection::vec(column(), 1..7),
        prop::collection::vec((any::<Index>(), action), 0..3),
        prop::collection::vec(index, 0..3),
    );
    parts.prop_map(|(name, columns, references, indexes)| Table { name, columns, references, indexes })
}

pub fn schema() -> impl Strategy<Value = Generated> {
    let view = (name(), any::<Index>(), any::<bool>()).prop_map(|(name, of, condition)| View { name, of, condition });
    let tables = prop::collection::vec(table(), 1..6);
    let enums = prop::collection::vec((name(), Just(vec!["new", "it''s", "ü b"])), 1..3);
    (enums, tables, prop::collection::vec(view, 0..3)).prop_map(|(enums, tables, views)| {
        let mut schema = Generated { enums, tables, views };
        let mut number = 0;
        let mut numbered = |name: &mut String| {
            number += 1;
            *name = format!("{name} {number}");
        };
        schema.enums.iter_mut().for_each(|(name, _)| numbered(name));
        for table in &mut schema.tables {
            numbered(&mut table.name);
            table.columns.iter_mut().for_each(|column| numbered(&mut column.name));
        }
        schema.views.iter_mut().for_each(|view| numbered(&mut view.name));
        schema
    })
}

impl Generated {
    /// The statements that make it.
    pub fn statements(&self, backend: Backend) -> Vec<String> {
        let writer = Writer { schema: self, backend };
        let mut statements = Vec::new();
        if backend == Backend::Postgres {
            for (name, values) in &self.enums {
                let values: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
                statements.push(format!("CREATE TYPE {} AS ENUM ({})", writer.quote(name), values.join(", ")));
            }
        }
        for (number, table) in self.tables.iter().enumerate() {
            statements.push(writer.table(number, table));
            statements.extend(table.indexes.iter().enumerate().filter_map(|(at, _)| writer.index(number, table, at)));
            if backend == Backend::Postgres {
                statements.extend(table.columns.iter().filter_map(|column| writer.comment(table, column)));
            }
        }
        statements.extend(self.views.iter().map(|view| writer.view(view)));
        statements
    }

    pub fn tables(&self) -> usize {
        self.tables.len()
    }

    pub fn views(&self) -> usize {
        self.views.len()
    }
}

struct Writer<'g> {
    schema: &'g Generated,
    backend: Backend,
}

impl Writer<'_> {
    fn quote(&self, name: &str) -> String {
        dialect_of(self.backend).identifier(name)
    }

    fn type_of(&self, column: &Column) -> String {
        match column.kind {
            Kind::Enum if self.backend == Backend::Postgres => self.quote(&self.schema.enums[0].0),
            kind => kind.words(self.backend).name.to_owned(),
        }
    }

    fn condition(&self, column: &Column) -> String {
        column.kind.words(self.backend).condition.replace("{}", &self.quote(&column.name))
    }

    fn table(&self, number: usize, table: &Table) -> String {
        let mut parts = vec!["id integer NOT NULL PRIMARY KEY".to_owned()];
        for column in &table.columns {
            let words = column.kind.words(self.backend);
            let default = if column.default { format!(" DEFAULT {}", words.value) } else { String::new() };
            let null = if column.nullable { "" } else { " NOT NULL" };
            let unique = if column.unique && column.kind.can_be_key() { " UNIQUE" } else { "" };
            parts.push(format!("{} {}{default}{null}{unique}", self.quote(&column.name), self.type_of(column)));
        }
        // Those that are there, and itself.
        let others = &self.schema.tables[..=number];
        parts.extend((0..table.references.len()).map(|at| format!("ref_{at} integer")));
        for (at, column) in table.columns.iter().enumerate().filter(|(_, column)| column.check) {
            parts.push(format!("CONSTRAINT ck_{number}_{at} CHECK ({})", self.condition(column)));
        }
        for (at, (other, action)) in table.references.iter().enumerate() {
            let other = self.quote(&other.get(others).name);
            parts.push(format!(
                "CONSTRAINT fk_{number}_{at} FOREIGN KEY (ref_{at}) REFERENCES {other} (id) ON DELETE {action}"
            ));
        }
        format!("CREATE TABLE {} ({})", self.quote(&table.name), parts.join(", "))
    }

    fn index(&self, number: usize, table: &Table, at: usize) -> Option<String> {
        let (columns, unique, down, partial) = &table.indexes[at];
        let mut names: Vec<String> = Vec::new();
        for column in columns.iter().map(|column| column.get(&table.columns)).filter(|column| column.kind.can_be_key())
        {
            let name = self.quote(&column.name);
            if !names.iter().any(|other| other.starts_with(&name)) {
                names.push(if *down { format!("{name} DESC") } else { name });
            }
        }
        if names.is_empty() {
            return None;
        }
        let unique = if *unique { "UNIQUE " } else { "" };
        let partial = partial.then(|| format!(" WHERE {}", self.condition(&table.columns[0])));
        let partial = partial.filter(|_| self.backend != Backend::Mysql).unwrap_or_default();
        let table = self.quote(&table.name);
        Some(format!("CREATE {unique}INDEX idx_{number}_{at} ON {table} ({}){partial}", names.join(", ")))
    }

    fn comment(&self, table: &Table, column: &Column) -> Option<String> {
        let comment = dialect_of(self.backend).literal(column.comment?);
        Some(format!("COMMENT ON COLUMN {}.{} IS {comment}", self.quote(&table.name), self.quote(&column.name)))
    }

    fn view(&self, view: &View) -> String {
        let table = view.of.get(&self.schema.tables);
        let columns: Vec<String> = table.columns.iter().map(|column| self.quote(&column.name)).collect();
        let condition = if view.condition { self.condition(&table.columns[0]) } else { "id > 1".to_owned() };
        format!(
            "CREATE VIEW {} AS SELECT id, {} FROM {} WHERE {condition}",
            self.quote(&view.name),
            columns.join(", "),
            self.quote(&table.name)
        )
    }
}

fn read(session: &mut Session, backend: Backend) -> Catalog {
    let dialect = dialect_of(backend);
    let home = session.home(dialect).unwrap();
    catalog::read(session, dialect, &home).unwrap()
}

fn run(session: &mut Session, statements: &[String]) {
    for sql in statements {
        session.execute(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }
}

/// Makes a schema, reads it, makes what was read in another database, and reads that.
fn comes_back(schema: &Generated, first: &Project, second: &Project) {
    let backend = first.backend;
    let mut session = first.session();
    run(&mut session, &schema.statements(backend));
    let catalog = read(&mut session, backend);
    assert_eq!((catalog.tables.len(), catalog.views.len()), (schema.tables(), schema.views()));
    let mut session = second.session();
    run(&mut session, &catalog::ddl(&catalog, dialect_of(backend)));
    let again = read(&mut session, backend);
    assert_eq!(diff::diff(&catalog, &again), []);
    assert_eq!(catalog.fingerprint, again.fingerprint);
}

/// To make a database takes longer than all the rest.
fn emptied(project: Project) -> Project {
    let database = project.database();
    let sql = match project.backend {
        Backend::Sqlite => return Project::sqlite(),
        Backend::Postgres => "DROP SCHEMA public CASCADE; CREATE SCHEMA public".to_owned(),
        Backend::Mysql => format!("DROP DATABASE {database}; CREATE DATABASE {database} CHARACTER SET utf8mb4"),
    };
    project.session().execute(&sql).unwrap();
    project
}

fn on(backend: Backend) {
    let Some(places) = Project::on(backend).zip(Project::on(backend)) else { return };
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(16);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 50, ..Config::default() };
    let places = RefCell::new(Some(places));
    let result = TestRunner::new(config).run(&schema(), |schema| {
        let (first, second) =
            places.take().unwrap_or_else(|| (Project::on(backend).unwrap(), Project::on(backend).unwrap()));
        comes_back(&schema, &first, &second);
        places.replace(Some((emptied(first), emptied(second))));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn any_schema_comes_back_on_postgres() {
    on(Backend::Postgres);
}

#[test]
fn any_schema_comes_back_on_mysql() {
    on(Backend::Mysql);
}

#[test]
fn any_schema_comes_back_on_sqlite() {
    on(Backend::Sqlite);
}
