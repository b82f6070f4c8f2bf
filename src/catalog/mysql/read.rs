//! Reads the catalog of MySQL and MariaDB: five messages at most, whatever there is to read. Two ask in which mode the session is,
//! and what there is; the third for everything that `information_schema` knows; the fourth for the statements of views,
//! routines and triggers, of which it keeps only a part; the last for MariaDB's sequences.
//!
//! Nothing keeps others from changing the schema between two of them. Rows about what the second has not seen are
//! passed over, and where the tables are others at the end, all is read again.

use std::collections::{BTreeMap, BTreeSet};

use super::{Server, columns, grants, keys, originals, partitions, programs, sequences, tables, views};
use crate::backend::Backend;
use crate::catalog::is_ours;
use crate::catalog::model::{self, Catalog, Grant, Making, Name, Object, Routine, Table, View};
use crate::db::{DbError, Dialect, Home, Row, Session};
use crate::sql::Rules;

/// How often it is read at most, while others change it.
const ATTEMPTS: usize = 3;

const SERVER: &str = "SELECT VERSION(), default_collation_name FROM information_schema.schemata \
    WHERE schema_name = DATABASE()";

/// When it begins is not told: that of one that says nothing is when it was made.
const EVENTS: &str = "SELECT event_name, CONCAT_WS(' ', event_type, execute_at, interval_value, interval_field, ends, status, \
    on_completion, event_definition) FROM information_schema.events WHERE event_schema = DATABASE()";

pub(super) fn read(session: &mut Session, dialect: &dyn Dialect, home: &Home) -> crate::error::Result<Catalog> {
    in_usual_mode(session, |session, mode| {
        let mut attempts = 1;
        loop {
            let (catalog, steady) = attempt(session, dialect, home, mode)?;
            if steady || attempts == ATTEMPTS {
                return Ok(catalog);
            }
            attempts += 1;
            tracing::debug!(attempts, "the tables changed while they were read");
        }
    })
    .map_err(|error| error.into_error("cannot read the schema"))
}

/// The servers write names and texts as the session's `sql_mode` has them quoted, and without backslash escapes MySQL cannot even
/// read the checks that it keeps. So such a mode is laid aside meanwhile.
fn in_usual_mode<T>(
    session: &mut Session,
    read: impl FnOnce(&mut Session, &str) -> Result<T, DbError>,
) -> Result<T, DbError> {
    let mode =
        session.query("SELECT @@SESSION.sql_mode")?.first().map_or_else(String::new, |row| row.text(0).to_owned());
    if !mode.split(',').any(|one| QUOTING.contains(&one)) {
        return read(session, &mode);
    }
    let usual: Vec<&str> = mode.split(',').filter(|one| !QUOTING.contains(one)).collect();
    session.execute(&format!("SET SESSION sql_mode = '{}'", usual.join(",")))?;
    let outcome = read(session, &mode);
    session.execute(&format!("SET SESSION sql_mode = '{mode}'"))?;
    outcome
}

/// The modes that say how names and texts are quoted, and those that bring them along.
const QUOTING: &[&str] =
    &["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"];

/// What is read so far. A name stands here as the server writes it.
#[derive(Default)]
pub(super) struct Found {
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) views: BTreeMap<String, View>,
    /// Of each kind and name: a function and a procedure may have one name.
    pub(super) routines: BTreeMap<(String, String), Routine>,
    pub(super) sequences: Vec<String>,
    pub(super) grants: Vec<Grant>,
    /// The tables whose expressions are as they were written, whatever characters are in them.
    pub(super) restored: BTreeSet<String>,
    pub(super) not_modelled: Vec<Object>,
    pub(super) not_seen: Vec<Object>,
}

impl Found {
    /// As whom an object works, where that is another user than this one.
    pub(super) fn defined_by(&mut self, kind: &str, name: &str, definer: Option<&str>) {
        if let Some(role) = definer {
            let (kind, role, right) = (kind.to_owned(), role.to_owned(), "DEFINER".to_owned());
            self.grants.push(Grant { kind, name: Name::of(None, name), role, right });
        }
    }

    pub(super) fn unseen(&mut self, kind: impl Into<String>, name: &str) {
        self.not_seen.push(object(kind, name));
    }

    pub(super) fn unmodelled(&mut self, kind: impl Into<String>, name: &str, definition: Option<&str>) {
        let definition = definition.map(str::to_owned);
        self.not_modelled.push(Object { definition, ..object(kind, name) });
    }
}

fn object(kind: impl Into<String>, name: &str) -> Object {
    Object::new(kind, Name::of(None, name))
}

/// Reads once, and says whether the tables were the same all the while.
fn attempt(session: &mut Session, dialect: &dyn Dialect, home: &Home, mode: &str) -> Result<(Catalog, bool), DbError> {
    let mut first = Answers::of(session, &[SERVER, tables::QUERY])?;
    let about = first.next();
    let about = about.first();
    let text = |column| about.map_or("", |row: &Row| row.text(column));
    let server = Server {
        maria: text(0).contains("MariaDB"),
        sql_mode: mode.to_owned(),
        collation: text(1).to_owned(),
        database: &home.database,
        rules: &Rules::MYSQL,
    };
    let listed = first.next();
    let mut found = Found::default();
    tables::read(&listed, &server, &mut found);
    let mut answers = Answers::of(
        session,
        &[
            columns::query(&server),
            keys::index_query(&server),
            keys::REFERENCES,
            keys::RULES,
            keys::check_query(&server),
            views::query(&server),
            programs::TRIGGERS,
            programs::ROUTINES,
            programs::PARAMETERS,
            partitions::QUERY,
            EVENTS,
            grants::QUERY,
            grants::GIVEN,
            tables::QUERY,
        ],
    )?;
    let columns = answers.next();
    columns::read(&columns, &server, &mut found);
    keys::read_indexes(answers.next(), &server, &mut found);
    let references = answers.next();
    keys::read_references(references, &answers.next(), &server, &mut found);
    keys::read_checks(&answers.next(), &server, &mut found);
    views::read(&answers.next(), &server, &mut found);
    programs::read_triggers(answers.next(), &server, &mut found);
    programs::read_routines(&answers.next(), &server, &mut found);
    programs::read_parameters(answers.next(), &server, &mut found);
    partitions::read(answers.next(), &mut found);
    for row in answers.next() {
        found.unmodelled("event", row.text(0), row.optional(1));
    }
    grants::read(&answers.next(), &server, &mut found);
    grants::read_given(&answers.next(), &mut found);
    let steady = same_tables(&listed, &answers.next());
    originals::read(session, dialect, &server, &mut found)?;
    let sequences = sequences::read(session, dialect, &mut found)?;
    let product = if server.maria { "MariaDB" } else { "MySQL" };
    let catalog = Catalog {
        server: Some(model::Server { name: product.to_owned(), version: text(0).to_owned() }),
        making: Making { sql_mode: Some(mode.to_owned()), ..Making::default() },
        sequences,
        tables: found.tables.into_values().collect(),
        views: found.views.into_values().collect(),
        routines: found.routines.into_values().collect(),
        grants: found.grants,
        not_modelled: found.not_modelled,
        not_seen: found.not_seen,
        ..Catalog::empty(Backend::Mysql)
    };
    Ok((catalog, steady))
}

fn same_tables(before: &[Row], after: &[Row]) -> bool {
    let set = |rows: &[Row]| -> BTreeSet<(String, String)> {
        let theirs = rows.iter().filter(|row| !is_ours(row.text(0)));
        theirs.map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect()
    };
    set(before) == set(after)
}

/// The answers to several queries, in their order.
struct Answers(std::vec::IntoIter<Vec<Row>>);

impl Answers {
    fn of(session: &mut Session, queries: &[&str]) -> Result<Self, DbError> {
        let queries: Vec<String> = queries.iter().map(ToString::to_string).collect();
        Ok(Self(session.query_each(&queries)?.into_iter()))
    }

    fn next(&mut self) -> Vec<Row> {
        self.0.next().unwrap_or_default()
    }
}
