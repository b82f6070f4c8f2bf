//! A table: what the pragmas say of it, which is the truth, and what its statement adds.

use std::borrow::Cow;
use std::collections::HashMap;

use super::create_table::{self, CreateTable};
use super::expression::{declared_type, default as default_of, expression};
use super::objects;
use super::pragmas::{Column, Object, OfTables, On, Origin, TableIndex};
use super::texts::Texts;
use super::types::neutral;
use crate::catalog::model::{self, Check, ForeignKey, Generated, Identity, Key, Name, Options, Table, TableKind};
use crate::catalog::types::Type;

/// What is known of tables that have pages of their own.
#[derive(Default)]
pub(super) struct Tables<'a> {
    pub columns: OfTables<'a, Column>,
    pub indexes: OfTables<'a, TableIndex<'a>>,
    /// Of those whose texts cannot be read.
    pub foreign_keys: OfTables<'a, create_table::ForeignKey<'a>>,
}

/// Makes tables and views of what is known.
pub(super) struct Maker<'k> {
    known: &'k Tables<'k>,
    /// What foreign keys need to know of the tables that they refer to, by their names in lower case.
    parents: HashMap<Cow<'k, str>, (&'k str, &'k [Column])>,
    /// Types and defaults that were read already: a few stand everywhere.
    types: HashMap<&'k str, (String, Type)>,
    defaults: HashMap<&'k str, String>,
    pub not_seen: Vec<model::Object>,
}

/// The names of a primary key's columns, in its order.
fn primary_key(columns: &[Column]) -> Vec<String> {
    let mut columns: Vec<_> = columns.iter().filter(|column| column.key > 0).collect();
    columns.sort_by_key(|column| column.key);
    columns.into_iter().map(|column| column.name.clone()).collect()
}

/// A name in lower case.
pub(super) fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

impl<'k> Maker<'k> {
    pub(super) fn of(objects: &'k [Object], known: &'k Tables<'k>) -> Self {
        let tables = objects.iter().filter(|object| object.kind == "table").map(|table| table.name.as_str());
        let parents = tables.map(|name| (lower(name), (name, of(&known.columns, name)))).collect();
        Self { known, parents, types: HashMap::new(), defaults: HashMap::new(), not_seen: Vec::new() }
    }

    pub(super) fn table(&mut self, object: &Object, texts: Option<&Texts<'_>>) -> Table {
        let name = Name::of(None, &object.name);
        let unread = CreateTable::default();
        let text = texts.and_then(|texts| texts.said.as_ref()).unwrap_or_else(|| {
            self.not_seen.push(model::Object::new("details of the table", name.clone()));
            &unread
        });
        let columns = of(&self.known.columns, &object.name);
        let indexes = of(&self.known.indexes, &object.name);
        let is_column = |name: &str| columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        let mut table = Table::new(name, TableKind::Table);
        table.sql.clone_from(&object.sql);
        table.primary_key = primary(columns, indexes, text);
        table.uniques = uniques(indexes, text);
        table.checks = checks(text, &is_column);
        // The pragma's first key is the last one of the text.
        let told = text.foreign_keys.iter().rev().chain(of(&self.known.foreign_keys, &object.name));
        table.foreign_keys = told.map(|key| self.foreign_key(key, columns)).collect();
        let row_number = row_number(columns, indexes);
        table.columns.reserve_exact(columns.len());
        for (at, column) in columns.iter().enumerate() {
            let mut told = self.plain_column(column);
            if row_number == Some(column.name.as_str()) {
                told.said_nullable = told.nullable;
                told.nullable = false;
                told.identity = Some(if text.autoincrement { Identity::AutoIncrement } else { Identity::RowId });
            }
            // As a rule it stands there at the same place.
            let is_it = |said: &&create_table::Column<'_>| said.name.eq_ignore_ascii_case(&column.name);
            let said = text.columns.get(at).filter(is_it).or_else(|| text.columns.iter().find(is_it));
            if let Some(said) = said {
                add(&mut told, column, said, text, &is_column);
            }
            table.columns.push(told);
        }
        for (option, given) in [("strict", text.strict), ("without_rowid", text.without_rowid)] {
            if given {
                table.options.insert(option.to_owned(), "true".to_owned());
            }
        }
        let texts = texts.map(|texts| texts.indexes.as_slice()).unwrap_or_default();
        table.indexes = objects::indexes(indexes, texts, &table, &mut self.not_seen);
        table
    }

    /// A column, as far as the pragmas know it.
    pub(super) fn plain_column(&mut self, column: &'k Column) -> model::Column {
        let (declared, neutral) = self.types.entry(&column.declared).or_insert_with_key(|text| {
            let declared = declared_type(text);
            let neutral = neutral(&declared);
            (declared, neutral)
        });
        let mut told = model::Column::new(&column.name, declared.as_str(), neutral.clone());
        told.nullable = !column.not_null;
        let default = column.default.as_deref();
        told.default =
            default.map(|text| self.defaults.entry(text).or_insert_with_key(|text| default_of(text)).clone());
        told
    }

    fn foreign_key(&self, said: &create_table::ForeignKey<'_>, columns: &[Column]) -> ForeignKey {
        let parent = self.parents.get(&*lower(&said.to));
        ForeignKey {
            name: said.name.as_deref().map(str::to_owned),
            columns: said.columns.iter().map(|name| own(name, columns)).collect(),
            to: Name::of(None, parent.map_or(&*said.to, |(name, _)| name)),
            to_columns: match parent {
                Some((_, columns)) if said.to_columns.is_empty() => primary_key(columns),
                Some((_, columns)) => said.to_columns.iter().map(|name| own(name, columns)).collect(),
                None => said.to_columns.iter().map(|name| name.clone().into_owned()).collect(),
            },
            on_delete: said.on_delete.to_owned(),
            on_update: said.on_update.to_owned(),
            deferrable: said.deferrable.map(str::to_owned),
            valid: true,
            options: Options::new(),
        }
    }
}

/// Those of one table.
fn of<'k, T>(tables: &'k OfTables<'_, T>, name: &str) -> &'k [T] {
    tables.get(name).map(Vec::as_slice).unwrap_or_default()
}

/// A column's name as its table writes it.
fn own(name: &str, columns: &[Column]) -> String {
    let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    column.map_or(name, |column| &column.name).to_owned()
}

/// The column that is the number of the row: the only one of a primary key that has no index.
fn row_number<'c>(columns: &'c [Column], indexes: &[TableIndex<'_>]) -> Option<&'c str> {
    let mut key = columns.iter().filter(|column| column.key > 0);
    let only = key.next().filter(|_| key.next().is_none())?;
    (!indexes.iter().any(|index| index.origin == Origin::PrimaryKey)).then_some(only.name.as_str())
}

/// Adds to a column what only the text knows of it.
fn add(
    told: &mut model::Column,
    column: &Column,
    said: &create_table::Column<'_>,
    text: &CreateTable<'_>,
    is_column: &dyn Fn(&str) -> bool,
) {
    told.generated = said
        .generated
        .clone()
        .map(|range| Generated { expression: expression(&text.pieces[range], is_column), stored: column.hidden == 3 });
    let collation = said.collation.as_ref().map(|collation| collation.to_ascii_uppercase());
    told.collation = collation.filter(|collation| collation != "BINARY");
    if let Some(conflict) = &said.not_null_conflict {
        told.options.insert("not_null_on_conflict".to_owned(), conflict.clone());
    }
}

fn primary(columns: &[Column], indexes: &[TableIndex<'_>], text: &CreateTable<'_>) -> Option<Key> {
    let columns = primary_key(columns);
    if columns.is_empty() {
        return None;
    }
    let index = indexes.iter().find(|index| index.origin == Origin::PrimaryKey);
    let mut options = index.map(|index| key_options(index, text)).unwrap_or_default();
    let said = text.primary_key.as_ref();
    if let Some(conflict) = said.and_then(|said| said.conflict.clone()) {
        options.insert("on_conflict".to_owned(), conflict);
    }
    let name = said.and_then(|said| said.name.as_deref()).map(str::to_owned);
    Some(Key { name, columns, included: Vec::new(), options })
}

/// Constraints, each by its index. One that is in the text twice has one.
fn uniques(indexes: &[TableIndex<'_>], text: &CreateTable<'_>) -> Vec<Key> {
    let key = |index: &TableIndex<'_>| {
        let columns: Vec<String> = names(index).map(str::to_owned).collect();
        let mut options = key_options(index, text);
        let is_it = |said: &&create_table::Key<'_>| {
            said.columns.len() == columns.len()
                && said.columns.iter().zip(&columns).all(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        let same = || text.uniques.iter().filter(is_it);
        if let Some(conflict) = same().find_map(|said| said.conflict.clone()) {
            options.insert("on_conflict".to_owned(), conflict);
        }
        let name = same().find_map(|said| said.name.as_deref()).map(str::to_owned);
        Key { name, columns, included: Vec::new(), options }
    };
    indexes.iter().filter(|index| index.origin == Origin::Unique).map(key).collect()
}

/// The names of an index's columns.
fn names<'i>(index: &'i TableIndex<'_>) -> impl Iterator<Item = &'i str> {
    index.parts.iter().filter_map(|part| match &part.on {
        On::Column(name) => Some(&**name),
        On::Row | On::Expression => None,
    })
}

/// What is not as usual of a key's columns.
fn key_options(index: &TableIndex<'_>, text: &CreateTable<'_>) -> Options {
    let mut options = Options::new();
    let (mut descending, mut collations) = (Vec::new(), Vec::new());
    for part in &index.parts {
        let On::Column(name) = &part.on else { continue };
        if part.descending {
            descending.push(&**name);
        }
        let collation = part.collation.as_ref().map(|collation| collation.to_ascii_uppercase());
        if let Some(collation) = collation.filter(|collation| *collation != usual_collation(name, text)) {
            collations.push(format!("{name} {collation}"));
        }
    }
    if !descending.is_empty() {
        options.insert("descending".to_owned(), descending.join(", "));
    }
    if !collations.is_empty() {
        options.insert("collation".to_owned(), collations.join(", "));
    }
    options
}

fn usual_collation(column: &str, text: &CreateTable<'_>) -> String {
    let said = text.columns.iter().find(|said| said.name.eq_ignore_ascii_case(column));
    said.and_then(|said| said.collation.as_deref()).unwrap_or("BINARY").to_ascii_uppercase()
}

fn checks(text: &CreateTable<'_>, is_column: &dyn Fn(&str) -> bool) -> Vec<Check> {
    let check = |said: &create_table::Check<'_>| Check {
        name: said.name.as_deref().map(str::to_owned),
        expression: expression(&text.pieces[said.expression.clone()], is_column),
        valid: true,
        options: Options::new(),
    };
    text.checks.iter().map(check).collect()
}
