//! Reads the catalog of PostgreSQL: ten queries in one message, as of one moment.

mod columns;
mod constraints;
mod indexes;
mod order;
mod others;
mod relations;
mod routines;
mod text;
mod triggers;
mod types;
mod values;

pub(super) use text::split;

use std::time::Duration;

use crate::backend::Backend;
use crate::catalog::Depth;
use crate::catalog::model::{Catalog, Name, Server};
use crate::db::{DbError, Dialect, Home, Kind, Row, Session};
use crate::error::{Code, Error, Result};

/// In the order in which [`catalog`] takes them.
const QUERIES: [&str; 10] = [
    include_str!("relations.sql"),
    include_str!("columns.sql"),
    include_str!("constraints.sql"),
    include_str!("indexes.sql"),
    include_str!("triggers.sql"),
    include_str!("policies.sql"),
    include_str!("routines.sql"),
    include_str!("types.sql"),
    include_str!("others.sql"),
    include_str!("dependencies.sql"),
];

/// What decides how the server writes texts: the same wherever they are read.
const SETTINGS: [(&str, &str); 10] = [
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("datestyle", "ISO, YMD"),
    ("intervalstyle", "postgres"),
    ("timezone", "UTC"),
    ("lc_monetary", "C"),
    ("xmlbinary", "base64"),
    // A plan over ten thousand tables looks expensive enough to be compiled, which takes longer than to run it.
    ("jit", "off"),
];

/// So many rows more than at first, and than twice those that they were made for, plans are not good for.
const PLANNED_FOR: usize = 200;

/// How often a schema that changes meanwhile is read again.
const ATTEMPTS: u32 = 20;

/// Objects that vanished while they were read: their texts are made from the newest catalog, whatever is seen of the rest.
pub(super) struct Vanished;

pub(super) fn read(session: &mut Session, dialect: &dyn Dialect, home: &Home, depth: Depth) -> Result<Catalog> {
    let schema = home.schema.as_deref().unwrap_or("public");
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(Duration::from_millis(5 * u64::from(attempt)));
        }
        match ask(session, dialect, schema, depth) {
            Ok(answers) => {
                if let Ok(catalog) = catalog(answers, schema, depth) {
                    return Ok(catalog);
                }
                last = None;
            }
            Err(error) if is_of_vanished(&error) => last = Some(error),
            Err(error) if error.kind == Kind::Permission => {
                return Err(error.into_error("cannot read the schema").hint(
                    "the user needs the right to read `pg_catalog`, which everyone has unless it was taken away",
                ));
            }
            Err(error) => return Err(error.into_error("cannot read the schema")),
        }
    }
    let message = "the schema changes while it is read";
    let error = last.map_or_else(|| Error::new(Code::Database, message), |error| error.into_error(message));
    Err(error.hint("try again when nobody changes it"))
}

/// Asks everything in one message, and leaves the connection as it was: within a transaction that is open already, what is
/// set goes with a savepoint.
fn ask(session: &mut Session, dialect: &dyn Dialect, schema: &str, depth: Depth) -> Result<Answers, DbError> {
    let is_open = session.in_transaction(false);
    let (begin, end, undo) = if is_open {
        let end = vec!["ROLLBACK TO SAVEPOINT dbtool_catalog", "RELEASE SAVEPOINT dbtool_catalog"];
        ("SAVEPOINT dbtool_catalog", end.clone(), end)
    } else {
        ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", vec!["COMMIT"], vec!["ROLLBACK"])
    };
    // What is temporary must not stand before what is read, as it does unless it is named.
    let path = format!("{}, pg_temp", dialect.identifier(schema));
    // The queries ask for it: what is measured, and what depends on what, takes as long as all the rest.
    let all = ("dbtool.everything", if depth == Depth::Everything { "on" } else { "off" });
    let settings: Vec<String> = [("search_path", path.as_str()), all]
        .into_iter()
        .chain(SETTINGS)
        .map(|(name, value)| format!("pg_catalog.set_config('{name}', {}, true)", dialect.literal(value)))
        .collect();
    let server = "SELECT pg_catalog.current_setting('server_version')".to_owned();
    let mut message = vec![begin.to_owned(), format!("{server}, {}", settings.join(", "))];
    let mut before = message.len();
    if depth == Depth::Structure {
        // Asked again and again on a connection of our own, they are worth planning once: that takes longer than running them. But a
        // plan for few tables is none for many.
        let plans = session.plans();
        let name = |made: usize, at: usize| format!("dbtool_catalog_{made}_{at}");
        let outgrown = plans.made_for.is_some_and(|rows| plans.rows > 2 * rows + PLANNED_FOR);
        if outgrown {
            message.extend((0..QUERIES.len()).map(|at| format!("DEALLOCATE {}", name(plans.made, at))));
        }
        if outgrown || plans.made_for.is_none() {
            plans.made += 1;
            plans.made_for = Some(plans.rows);
            // Behind the settings: under another search path they would be planned again.
            let prepare = |(at, sql): (usize, &&str)| format!("PREPARE {} AS {sql}", name(plans.made, at));
            message.extend(QUERIES.iter().enumerate().map(prepare));
        }
        before = message.len();
        message.extend((0..QUERIES.len()).map(|at| format!("EXECUTE {}", name(plans.made, at))));
    } else {
        message.extend(QUERIES.map(str::to_owned));
    }
    message.extend(end.iter().map(ToString::to_string));
    let answers = session.query_each(&message);
    if answers.is_err() {
        // What of them is there, nobody knows.
        session.plans().made_for = None;
    }
    if answers.is_err() && session.in_transaction(false) {
        // Where it fails, there is no more than the first error to tell.
        let undo: Vec<String> = undo.iter().map(ToString::to_string).collect();
        let undone = session.query_each(&undo);
        tracing::debug!(undone = undone.is_ok(), "the schema could not be read");
    }
    let mut answers = answers?;
    answers.truncate(before + QUERIES.len());
    let rows = answers.split_off(before.min(answers.len()));
    session.plans().rows = rows.iter().map(Vec::len).sum();
    let version = answers.get(1).and_then(|rows| rows.first()).map_or("", |row| row.text(0));
    let server = Server { name: Backend::Postgres.title().to_owned(), version: version.to_owned() };
    Ok(Answers { server, rows })
}

/// What the server said.
struct Answers {
    server: Server,
    /// To each of [`QUERIES`].
    rows: Vec<Vec<Row>>,
}

/// `cache lookup failed for …`, `could not open relation …`, `… does not exist`; a statement that was prepared and is not any more.
fn is_of_vanished(error: &DbError) -> bool {
    matches!(error.sqlstate.as_deref(), Some("XX000" | "42P01" | "42703" | "42704" | "42883" | "3F000" | "26000"))
}

/// Puts the answers together.
fn catalog(answers: Answers, schema: &str, depth: Depth) -> Result<Catalog, Vanished> {
    let rows: [Vec<Row>; QUERIES.len()] = answers.rows.try_into().map_err(|_| Vanished)?;
    let [relations, columns, constraints, indexes, triggers, policies, routines, types, others, dependencies] = rows;
    let names = Names { home: schema };
    let mut catalog = Catalog { server: Some(answers.server), ..Catalog::empty(Backend::Postgres) };
    let mut types = types::read(&types, &names, &mut catalog)?;
    let mut relations = relations::read(&relations, &names)?;
    columns::read(columns, &types, &mut relations)?;
    relations.place_sequences();
    let made = constraints::read(&constraints, &mut relations, &mut types)?;
    indexes::read(&indexes, &made, &mut relations)?;
    triggers::read(&triggers, &mut relations)?;
    triggers::read_policies(&policies, &mut relations)?;
    let routine_names = routines::read(&routines, &names, &mut catalog)?;
    others::read(&others, &names, &mut catalog);
    if depth == Depth::Everything {
        catalog.making = order::of(&dependencies, &relations, &types, &routine_names);
    }
    relations.give_to(&types, &mut catalog);
    types.give_to(&mut catalog);
    Ok(catalog)
}

/// How objects are called.
pub(super) struct Names<'h> {
    /// The connection's own schema, whose objects are told without one.
    home: &'h str,
}

impl Names<'_> {
    fn of(&self, schema: &str, name: &str) -> Name {
        Name::of(Some(schema).filter(|schema| *schema != self.home), name)
    }
}
