//! The texts that SQLite keeps, each read once; and what they tell of indexes, for which it takes as long to ask the pragmas as for all
//! the rest. Where they leave anything open, the pragmas are asked.

use std::borrow::Cow;
use std::collections::HashMap;

use super::create_other::{self, CreateIndex};
use super::create_table::{self, CreateTable, Key};
use super::pieces::{Kind, Piece};
use super::pragmas::{IndexPart, Object, On, Origin, TableIndex};

/// Those of a table.
#[derive(Default)]
pub(super) struct Texts<'a> {
    /// None: its own cannot be read.
    pub said: Option<CreateTable<'a>>,
    /// In the order in which they were made.
    pub indexes: Vec<IndexText<'a>>,
}

pub(super) struct IndexText<'a> {
    pub name: &'a str,
    /// None: a constraint made it.
    pub sql: Option<&'a str>,
    pub said: Option<CreateIndex<'a>>,
}

/// The texts of all tables that have pages of their own, by their names.
pub(super) fn texts(objects: &[Object]) -> HashMap<&str, Texts<'_>> {
    let mut known: HashMap<&str, Texts<'_>> = HashMap::with_capacity(objects.len());
    for object in objects {
        let sql = object.sql.as_deref();
        match object.kind.as_str() {
            "table" if object.stored => {
                known.entry(&object.name).or_default().said = sql.and_then(create_table::parse);
            }
            "index" => {
                let said = sql.and_then(create_other::index);
                known.entry(&object.table).or_default().indexes.push(IndexText { name: &object.name, sql, said });
            }
            _ => {}
        }
    }
    known
}

/// These are values, whatever columns there are.
const VALUES: [&str; 4] = ["NULL", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"];

impl Texts<'_> {
    /// All indexes of the table, the newest first, as the pragma has them. `None`: the texts leave open what they are.
    pub(super) fn told(&self) -> Option<Vec<TableIndex<'_>>> {
        let said = self.said.as_ref().filter(|said| !said.without_rowid)?;
        let mut keys = said.uniques.iter().map(|key| (key, Origin::Unique)).collect::<Vec<_>>();
        let made_by_keys = self.indexes.iter().filter(|index| index.sql.is_none());
        // Of two constraints of the same columns one has an index: as many as there are constraints, and each has its own.
        match (&said.primary_key, made_by_keys.clone().count()) {
            (None, count) if count == keys.len() => {}
            (Some(key), count) if count == keys.len() && is_row_number(key, said) => {}
            (Some(key), count) if count == keys.len() + 1 => keys.push((key, Origin::PrimaryKey)),
            _ => return None,
        }
        let names = made_by_keys.map(|index| index.name);
        let of_keys: Option<Vec<_>> =
            keys.iter().zip(names).map(|((key, origin), name)| of_key(key, *origin, name, said)).collect();
        let statements = self.indexes.iter().filter(|index| index.sql.is_some());
        let of_statements: Option<Vec<_>> = statements.map(|index| of_statement(index, said)).collect();
        let (mut all, of_statements) = (of_keys?, of_statements?);
        all.extend(of_statements);
        all.reverse();
        Some(all)
    }
}

/// Whether a primary key is the number of the row, and has no index.
fn is_row_number(key: &Key<'_>, said: &CreateTable<'_>) -> bool {
    let [only] = key.columns.as_slice() else { return false };
    let is = |column: &&create_table::Column<'_>| column.name.eq_ignore_ascii_case(only);
    key.plain && said.columns.iter().find(is).is_some_and(|column| column.integer)
}

fn of_key<'t>(key: &'t Key<'_>, origin: Origin, name: &'t str, said: &'t CreateTable<'_>) -> Option<TableIndex<'t>> {
    let parts: Option<Vec<_>> = key.columns.iter().map(|name| part(name, said)).collect();
    Some(TableIndex { name: name.into(), unique: true, origin, parts: parts.filter(|_| key.plain)? })
}

fn of_statement<'t>(index: &'t IndexText<'_>, table: &'t CreateTable<'_>) -> Option<TableIndex<'t>> {
    // Where a database is in SQLite's old format, DESC means nothing.
    let said = index.said.as_ref().filter(|said| !said.descending)?;
    let column = |piece: &Piece<'_>| match piece.kind {
        Kind::Word if VALUES.iter().any(|value| piece.is(value)) => None,
        Kind::Word | Kind::Name => part(&piece.name()?, table),
        _ => None,
    };
    let of_part = |range: &std::ops::Range<usize>| match &said.pieces[range.clone()] {
        [only] => column(only),
        _ => None,
    };
    let parts: Option<Vec<_>> = said.parts.iter().map(of_part).collect();
    Some(TableIndex { name: index.name.into(), unique: said.unique, origin: Origin::Statement, parts: parts? })
}

/// A column as its table writes it.
fn part<'t>(name: &str, said: &'t CreateTable<'_>) -> Option<IndexPart<'t>> {
    let column = said.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))?;
    Some(IndexPart { on: On::Column(Cow::Borrowed(&column.name)), descending: false, collation: None })
}
