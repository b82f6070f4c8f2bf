//! A table: what the pragmas say of it, which is the truth, and what its statement adds.

use std::collections::HashMap;

use super::create_table::{self, CreateTable};
use super::expression::{declared_type, default, expression};
use super::pragmas::{Column, IndexPart, KeyPart, Object, Pragmas};
use super::types::neutral;
use crate::catalog::model::{self, Check, ForeignKey, Generated, Identity, Key, Name, Options, Table, TableKind};

/// What foreign keys need to know of the tables that they refer to, by their names in lower case.
pub(super) struct Parents(HashMap<String, Parent>);

struct Parent {
    name: String,
    columns: Vec<String>,
    primary_key: Vec<String>,
}

impl Parents {
    pub(super) fn of(objects: &[Object], columns: &HashMap<String, Vec<Column>>) -> Self {
        let tables = objects.iter().filter(|object| object.kind == "table");
        let parent = |table: &Object| {
            let columns = columns.get(&table.name).map(Vec::as_slice).unwrap_or_default();
            Parent {
                name: table.name.clone(),
                columns: columns.iter().map(|column| column.name.clone()).collect(),
                primary_key: primary_key(columns),
            }
        };
        Self(tables.map(|table| (table.name.to_ascii_lowercase(), parent(table))).collect())
    }
}

/// The names of a primary key's columns, in its order.
fn primary_key(columns: &[Column]) -> Vec<String> {
    let mut columns: Vec<_> = columns.iter().filter(|column| column.key > 0).collect();
    columns.sort_by_key(|column| column.key);
    columns.into_iter().map(|column| column.name.clone()).collect()
}

fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.eq_ignore_ascii_case(other))
}

pub(super) fn table(
    object: &Object,
    known: &mut Pragmas,
    parents: &Parents,
    not_seen: &mut Vec<model::Object>,
) -> Table {
    let name = Name::of(None, &object.name);
    let text = object.sql.as_deref().and_then(create_table::parse).unwrap_or_else(|| {
        not_seen.push(model::Object::new("details of the table", name.clone()));
        CreateTable::default()
    });
    let columns = known.columns.remove(&object.name).unwrap_or_default();
    let parts = known.indexes.get(&object.name).map(Vec::as_slice).unwrap_or_default();
    let keys = known.foreign_keys.remove(&object.name).unwrap_or_default();
    let mut table = Table::new(name, TableKind::Table);
    table.sql.clone_from(&object.sql);
    table.primary_key = primary(&columns, parts, &text);
    table.uniques = uniques(parts, &text);
    table.foreign_keys = foreign_keys(&keys, &text, parents);
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    table.checks = checks(&text, &names);
    let row_number = row_number(&columns, parts);
    table.columns = columns
        .iter()
        .map(|column| {
            let identity = (row_number == Some(column.name.as_str())).then_some(if text.autoincrement {
                Identity::AutoIncrement
            } else {
                Identity::RowId
            });
            let said = text.columns.iter().find(|said| said.name.eq_ignore_ascii_case(&column.name));
            self::column(column, identity, said, &text, &names)
        })
        .collect();
    for (option, given) in [("strict", text.strict), ("without_rowid", text.without_rowid)] {
        if given {
            table.options.insert(option.to_owned(), "true".to_owned());
        }
    }
    table
}

/// The column that is the number of the row: the only one of a primary key that has no index.
fn row_number<'c>(columns: &'c [Column], parts: &[IndexPart]) -> Option<&'c str> {
    let mut key = columns.iter().filter(|column| column.key > 0);
    let only = key.next().filter(|_| key.next().is_none())?;
    (!parts.iter().any(|part| part.origin == "pk")).then_some(only.name.as_str())
}

fn column(
    column: &Column,
    identity: Option<Identity>,
    said: Option<&create_table::Column>,
    text: &CreateTable<'_>,
    names: &[String],
) -> model::Column {
    let mut told = plain_column(column);
    told.said_nullable = told.nullable && identity.is_some();
    told.nullable &= identity.is_none();
    told.identity = identity;
    if let Some(said) = said {
        told.generated = said
            .generated
            .clone()
            .map(|range| Generated { expression: expression(&text.pieces[range], names), stored: column.hidden == 3 });
        let collation = said.collation.as_ref().map(|collation| collation.to_ascii_uppercase());
        told.collation = collation.filter(|collation| collation != "BINARY");
        if let Some(conflict) = &said.not_null_conflict {
            told.options.insert("not_null_on_conflict".to_owned(), conflict.clone());
        }
    }
    told
}

/// A column, as far as the pragmas know it.
pub(super) fn plain_column(column: &Column) -> model::Column {
    let declared = declared_type(&column.declared);
    let neutral = neutral(&declared);
    let mut told = model::Column::new(&column.name, declared, neutral);
    told.nullable = !column.not_null;
    told.default = column.default.as_deref().map(default);
    told
}

fn primary(columns: &[Column], parts: &[IndexPart], text: &CreateTable<'_>) -> Option<Key> {
    let columns = primary_key(columns);
    if columns.is_empty() {
        return None;
    }
    let parts: Vec<_> = parts.iter().filter(|part| part.origin == "pk").collect();
    let mut options = key_options(&parts, text);
    let said = text.primary_key.as_ref();
    if let Some(conflict) = said.and_then(|said| said.conflict.clone()) {
        options.insert("on_conflict".to_owned(), conflict);
    }
    Some(Key { name: said.and_then(|said| said.name.clone()), columns, included: Vec::new(), options })
}

/// Constraints, each by its index. One that is in the text twice has one.
fn uniques(parts: &[IndexPart], text: &CreateTable<'_>) -> Vec<Key> {
    let parts: Vec<_> = parts.iter().filter(|part| part.origin == "u").collect();
    let key = |parts: &[&IndexPart]| {
        let columns: Vec<String> = parts.iter().filter_map(|part| part.name.clone()).collect();
        let mut options = key_options(parts, text);
        let same: Vec<_> = text.uniques.iter().filter(|said| same(&said.columns, &columns)).collect();
        if let Some(conflict) = same.iter().find_map(|said| said.conflict.clone()) {
            options.insert("on_conflict".to_owned(), conflict);
        }
        Key { name: same.iter().find_map(|said| said.name.clone()), columns, included: Vec::new(), options }
    };
    parts.chunk_by(|one, other| one.index == other.index).map(key).collect()
}

/// What is not as usual of a key's columns.
fn key_options(parts: &[&IndexPart], text: &CreateTable<'_>) -> Options {
    let mut options = Options::new();
    let descending: Vec<_> =
        parts.iter().filter(|part| part.descending).filter_map(|part| part.name.as_deref()).collect();
    if !descending.is_empty() {
        options.insert("descending".to_owned(), descending.join(", "));
    }
    let collation = |part: &&IndexPart| {
        let name = part.name.as_deref()?;
        let collation = part.collation.to_ascii_uppercase();
        (collation != usual_collation(name, text)).then(|| format!("{name} {collation}"))
    };
    let collations: Vec<_> = parts.iter().filter_map(collation).collect();
    if !collations.is_empty() {
        options.insert("collation".to_owned(), collations.join(", "));
    }
    options
}

fn usual_collation(column: &str, text: &CreateTable<'_>) -> String {
    let said = text.columns.iter().find(|said| said.name.eq_ignore_ascii_case(column));
    said.and_then(|said| said.collation.as_deref()).unwrap_or("BINARY").to_ascii_uppercase()
}

fn checks(text: &CreateTable<'_>, names: &[String]) -> Vec<Check> {
    let check = |said: &create_table::Check| Check {
        name: said.name.clone(),
        expression: expression(&text.pieces[said.expression.clone()], names),
        valid: true,
        options: Options::new(),
    };
    text.checks.iter().map(check).collect()
}

fn foreign_keys(parts: &[KeyPart], text: &CreateTable<'_>, parents: &Parents) -> Vec<ForeignKey> {
    let keys: Vec<&[KeyPart]> = parts.chunk_by(|one, other| one.key == other.key).collect();
    let all_said = keys.len() == text.foreign_keys.len();
    let key = |(parts, said): (&&[KeyPart], Option<&create_table::ForeignKey>)| {
        let first = &parts[0];
        let columns: Vec<String> = parts.iter().map(|part| part.column.clone()).collect();
        let said = said.filter(|said| same(&said.columns, &columns));
        let parent = parents.0.get(&first.to.to_ascii_lowercase());
        ForeignKey {
            name: said.and_then(|said| said.name.clone()),
            to: Name::of(None, parent.map_or(&first.to, |parent| &parent.name)),
            to_columns: to_columns(parts, parent),
            on_delete: first.on_delete.clone(),
            on_update: first.on_update.clone(),
            deferrable: said.and_then(|said| said.deferrable).map(str::to_owned),
            valid: true,
            options: Options::new(),
            columns,
        }
    };
    // The pragma's first key is the last one of the text.
    let said = text.foreign_keys.iter().rev().filter(|_| all_said).map(Some).chain(std::iter::repeat(None));
    keys.iter().zip(said).map(key).collect()
}

/// As the table that is referred to writes them.
fn to_columns(parts: &[KeyPart], parent: Option<&Parent>) -> Vec<String> {
    let named: Vec<String> = parts.iter().filter_map(|part| part.to_column.clone()).collect();
    let Some(parent) = parent else { return named };
    if named.is_empty() {
        return parent.primary_key.clone();
    }
    let own =
        |name: String| parent.columns.iter().find(|column| column.eq_ignore_ascii_case(&name)).cloned().unwrap_or(name);
    named.into_iter().map(own).collect()
}
