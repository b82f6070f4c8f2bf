//! The questions to the database: its list of objects, and the pragmas of all tables at once.

use std::collections::HashMap;

use crate::backend::Backend;
use crate::catalog::model::Server;
use crate::db::{DbError, Row, Session};

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

/// A column or expression of an index.
#[derive(Debug)]
pub(super) struct IndexPart {
    pub index: String,
    pub unique: bool,
    /// `c`: a CREATE INDEX made it; `u`, `pk`: a constraint.
    pub origin: String,
    /// -1: the number of the row; -2: an expression.
    pub column: i64,
    pub name: Option<String>,
    pub descending: bool,
    pub collation: String,
}

/// A column of a foreign key.
#[derive(Debug)]
pub(super) struct KeyPart {
    /// The number of the key within its table: the last one of the text has 0.
    pub key: i64,
    pub to: String,
    pub column: String,
    /// None: the primary key's.
    pub to_column: Option<String>,
    pub on_update: String,
    pub on_delete: String,
}

/// All that is asked of tables, by the names of the tables.
#[derive(Debug, Default)]
pub(super) struct Pragmas {
    pub columns: HashMap<String, Vec<Column>>,
    pub indexes: HashMap<String, Vec<IndexPart>>,
    pub foreign_keys: HashMap<String, Vec<KeyPart>>,
}

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

/// What the pragmas know of all tables that are none of a module's: these can fail, and would take all others with them. What is as
/// usual is NULL: of a thousand tables, most of the time goes into handing values over.
pub(super) fn tables(session: &mut Session) -> Result<Pragmas, DbError> {
    let mut known = Pragmas::default();
    let tables = "FROM main.sqlite_master AS t";
    let stored = "WHERE t.type = 'table' AND t.rootpage <> 0";
    let columns = session
        .query(&format!("SELECT t.name, {COLUMN} {tables} JOIN pragma_table_xinfo(t.name, 'main') AS c {stored}"))?;
    for (table, column) in columns.into_iter().map(column) {
        known.columns.entry(table).or_default().push(column);
    }
    let parts = session.query(&format!(
        "SELECT t.name, i.name, NULLIF(i.\"unique\", 0), i.origin, c.cid, c.name, NULLIF(c.\"desc\", 0), c.coll {tables} \
         JOIN pragma_index_list(t.name, 'main') AS i JOIN pragma_index_xinfo(i.name, 'main') AS c \
         {stored} AND c.key"
    ))?;
    for mut row in parts {
        let part = IndexPart {
            index: row.take(1),
            unique: row.flag(2),
            origin: row.take(3),
            column: row.number(4).unwrap_or(-2),
            descending: row.flag(6),
            collation: row.take(7),
            name: row.0.get_mut(5).and_then(Option::take),
        };
        known.indexes.entry(row.take(0)).or_default().push(part);
    }
    let parts = session.query(&format!(
        "SELECT t.name, k.id, k.\"table\", k.\"from\", k.\"to\", k.on_update, k.on_delete {tables} \
         JOIN pragma_foreign_key_list(t.name, 'main') AS k {stored}"
    ))?;
    for mut row in parts {
        let part = KeyPart {
            key: row.number(1).unwrap_or(0),
            to: row.take(2),
            column: row.take(3),
            on_update: row.take(5).to_ascii_lowercase(),
            on_delete: row.take(6).to_ascii_lowercase(),
            to_column: row.0.get_mut(4).and_then(Option::take),
        };
        known.foreign_keys.entry(row.take(0)).or_default().push(part);
    }
    Ok(known)
}

/// The columns of all views and virtual tables. It fails if one of them cannot be compiled, or has no module here.
pub(super) fn compiled(session: &mut Session) -> Result<HashMap<String, Vec<Column>>, DbError> {
    let mut known: HashMap<String, Vec<Column>> = HashMap::new();
    let columns = session.query(&format!(
        "SELECT t.name, {COLUMN} FROM main.sqlite_master AS t JOIN pragma_table_xinfo(t.name, 'main') AS c \
         WHERE t.type IN ('view', 'table') AND coalesce(t.rootpage, 0) = 0"
    ))?;
    for (table, column) in columns.into_iter().map(column) {
        known.entry(table).or_default().push(column);
    }
    Ok(known)
}

/// The columns of one, by its name as a literal.
pub(super) fn compiled_one(session: &mut Session, name: &str) -> Result<Vec<Column>, DbError> {
    let rows = session.query(&format!("SELECT '', {COLUMN} FROM pragma_table_xinfo({name}, 'main') AS c"))?;
    Ok(rows.into_iter().map(|row| column(row).1).collect())
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

/// A column, and the table that it is in.
fn column(mut row: Row) -> (String, Column) {
    let column = Column {
        name: row.take(1),
        declared: row.take(2),
        not_null: row.flag(3),
        key: row.number(5).unwrap_or(0),
        hidden: row.number(6).unwrap_or(0),
        default: row.0.get_mut(4).and_then(Option::take),
    };
    (row.take(0), column)
}
