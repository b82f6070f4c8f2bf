//! The questions to the database: its list of objects, and the pragmas of all tables, or of many, at once.

use std::borrow::Cow;
use std::collections::HashMap;

use super::create_table::{ForeignKey, action};
use crate::backend::Backend;
use crate::catalog::model::Server;
use crate::db::{DbError, Dialect, Row, Session};

/// An object, as `sqlite_schema` lists it.
#[derive(Debug)]
pub(super) struct Object {
    /// `table`, `index`, `view`, `trigger`
    pub kind: String,
    pub name: String,
    /// The table or view that it stands on; its own name for those.
    pub table: String,
    /// None for an index that a constraint made.
    pub sql: Option<String>,
    /// It has pages of its own: virtual tables have none.
    pub stored: bool,
}

#[derive(Debug)]
pub(super) struct Column {
    pub name: String,
    pub declared: String,
    pub not_null: bool,
    pub default: Option<String>,
    /// Its place in the primary key, from 1; 0: it is not in it.
    pub key: i64,
    /// 1: of a virtual table, and not shown; 2: computed when it is read; 3: computed when it is written.
    pub hidden: i64,
}

/// An index of a table, whoever told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableIndex<'a> {
    pub name: Cow<'a, str>,
    pub unique: bool,
    pub origin: Origin,
    pub parts: Vec<IndexPart<'a>>,
}

/// What an index was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    PrimaryKey,
    Unique,
    /// A CREATE INDEX made it.
    Statement,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexPart<'a> {
    pub on: On<'a>,
    pub descending: bool,
    /// None: that of its column.
    pub collation: Option<Cow<'a, str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum On<'a> {
    Column(Cow<'a, str>),
    /// The number of the row.
    Row,
    Expression,
}

/// By the names of their tables.
pub(super) type OfTables<'a, T> = HashMap<Cow<'a, str>, Vec<T>>;

/// From how many tables on it is easier to ask of all than to name them.
const MANY: usize = 500;

/// In the order in which they were made.
pub(super) fn objects(session: &mut Session) -> Result<Vec<Object>, DbError> {
    let rows = session.query("SELECT type, name, tbl_name, sql, rootpage FROM main.sqlite_master ORDER BY rowid")?;
    let object = |mut row: Row| Object {
        kind: row.take(0),
        name: row.take(1),
        table: row.take(2),
        stored: row.number(4).is_some_and(|page| page != 0),
        sql: row.0.get_mut(3).and_then(Option::take),
    };
    Ok(rows.into_iter().map(object).collect())
}

/// The tables that are none of a module's: these can fail, and would take all others with them.
const STORED: &str = "t.type = 'table' AND t.rootpage <> 0";

/// The columns of all tables that have pages of their own.
pub(super) fn columns(session: &mut Session) -> Result<OfTables<'static, Column>, DbError> {
    columns_where(session, STORED)
}

/// The columns of all views and virtual tables. It fails if one of them cannot be compiled, or has no module here.
pub(super) fn compiled(session: &mut Session) -> Result<OfTables<'static, Column>, DbError> {
    columns_where(session, "t.type IN ('view', 'table') AND coalesce(t.rootpage, 0) = 0")
}

/// What is as usual is NULL, and a table's name stands with its first column only: of a thousand tables, most of the time goes into
/// handing values over.
fn columns_where(session: &mut Session, condition: &str) -> Result<OfTables<'static, Column>, DbError> {
    let rows = session.query(&format!(
        "SELECT CASE c.cid WHEN 0 THEN t.name END, {COLUMN} FROM main.sqlite_master AS t \
         JOIN pragma_table_xinfo(t.name, 'main') AS c WHERE {condition}"
    ))?;
    let mut known = OfTables::new();
    let mut current: Option<(String, Vec<Column>)> = None;
    for mut row in rows {
        let begun = row.0.first_mut().and_then(Option::take).map(|table| (table, Vec::new()));
        if let Some((table, columns)) = begun.and_then(|begun| current.replace(begun)) {
            known.insert(table.into(), columns);
        }
        if let Some((_, columns)) = &mut current {
            columns.push(column(row));
        }
    }
    known.extend(current.map(|(table, columns)| (table.into(), columns)));
    Ok(known)
}

/// The indexes of some tables.
pub(super) fn indexes(
    session: &mut Session,
    dialect: &dyn Dialect,
    tables: &[&str],
) -> Result<OfTables<'static, TableIndex<'static>>, DbError> {
    let mut known: OfTables<'static, TableIndex<'static>> = OfTables::new();
    let rows = session.query(&format!(
        "SELECT t.name, i.name, i.\"unique\", i.origin, c.cid, c.name, c.\"desc\", c.coll FROM main.sqlite_master AS t \
         JOIN pragma_index_list(t.name, 'main') AS i JOIN pragma_index_xinfo(i.name, 'main') AS c \
         WHERE {STORED}{} AND c.key",
        named(dialect, tables)
    ))?;
    for mut row in rows {
        let indexes = known.entry(row.take(0).into()).or_default();
        if indexes.last().is_none_or(|last| last.name != row.text(1)) {
            let origin = match row.text(3) {
                "pk" => Origin::PrimaryKey,
                "u" => Origin::Unique,
                _ => Origin::Statement,
            };
            indexes.push(TableIndex { unique: row.flag(2), origin, name: row.take(1).into(), parts: Vec::new() });
        }
        let on = match row.0.get_mut(5).and_then(Option::take) {
            Some(name) => On::Column(name.into()),
            None if row.number(4) == Some(-1) => On::Row,
            None => On::Expression,
        };
        let part = IndexPart { on, descending: row.flag(6), collation: Some(row.take(7).into()) };
        indexes.iter_mut().next_back().into_iter().for_each(|last| last.parts.push(part.clone()));
    }
    Ok(known)
}

/// The foreign keys of some tables. The last one of the text is the first.
pub(super) fn foreign_keys(
    session: &mut Session,
    dialect: &dyn Dialect,
    tables: &[&str],
) -> Result<OfTables<'static, ForeignKey<'static>>, DbError> {
    let mut known: OfTables<'static, ForeignKey<'static>> = OfTables::new();
    let rows = session.query(&format!(
        "SELECT t.name, k.seq, k.\"table\", k.\"from\", k.\"to\", k.on_update, k.on_delete FROM main.sqlite_master AS t \
         JOIN pragma_foreign_key_list(t.name, 'main') AS k WHERE {STORED}{}",
        named(dialect, tables)
    ))?;
    for mut row in rows {
        let keys = known.entry(row.take(0).into()).or_default();
        if row.number(1) == Some(0) {
            keys.push(ForeignKey {
                name: None,
                columns: Vec::new(),
                to: row.take(2).into(),
                to_columns: Vec::new(),
                on_delete: action(row.text(6)),
                on_update: action(row.text(5)),
                deferrable: None,
            });
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(row.take(3).into());
            key.to_columns.extend(row.0.get_mut(4).and_then(Option::take).map(Cow::from));
        }
    }
    Ok(known)
}

/// A condition that the table is one of these.
fn named(dialect: &dyn Dialect, tables: &[&str]) -> String {
    if tables.len() > MANY {
        return String::new();
    }
    let names: Vec<String> = tables.iter().map(|table| dialect.literal(table)).collect();
    format!(" AND t.name IN ({})", names.join(", "))
}

/// The columns of one, by its name as a literal.
pub(super) fn compiled_one(session: &mut Session, name: &str) -> Result<Vec<Column>, DbError> {
    let rows = session.query(&format!("SELECT '', {COLUMN} FROM pragma_table_xinfo({name}, 'main') AS c"))?;
    Ok(rows.into_iter().map(column).collect())
}

/// How many rows ANALYZE found.
pub(super) fn rows(session: &mut Session) -> Result<HashMap<String, u64>, DbError> {
    let rows = session.query("SELECT tbl, max(CAST(stat AS INTEGER)) FROM main.sqlite_stat1 GROUP BY tbl")?;
    let count = |row: &Row| row.number(1).and_then(|count| u64::try_from(count).ok());
    Ok(rows.iter().filter_map(|row| Some((row.text(0).to_owned(), count(row)?))).collect())
}

pub(super) fn server(session: &mut Session) -> Result<Option<Server>, DbError> {
    let rows = session.query("SELECT sqlite_version()")?;
    let server = |row: &Row| Server { name: Backend::Sqlite.title().to_owned(), version: row.text(0).to_owned() };
    Ok(rows.first().map(server))
}

const COLUMN: &str = "c.name, c.type, NULLIF(c.\"notnull\", 0), c.dflt_value, NULLIF(c.pk, 0), NULLIF(c.hidden, 0)";

/// A column, behind whatever stands first.
fn column(mut row: Row) -> Column {
    Column {
        name: row.take(1),
        declared: row.take(2),
        not_null: row.flag(3),
        key: row.number(5).unwrap_or(0),
        hidden: row.number(6).unwrap_or(0),
        default: row.0.get_mut(4).and_then(Option::take),
    }
}
