//! Views, virtual tables, indexes and triggers.

use std::collections::HashMap;

use super::create_other::{self, CreateIndex};
use super::expression::expression;
use super::pragmas::{Column, IndexPart, Object};
use super::table::plain_column;
use crate::catalog::model::{self, Catalog, Index, Name, Options, Order, Table, TableKind, Trigger, View};

fn unseen(kind: &str, name: &str) -> model::Object {
    model::Object::new(kind, Name::of(None, name))
}

/// Without the columns that a module hides.
fn shown(columns: Option<Vec<Column>>) -> Vec<model::Column> {
    columns.unwrap_or_default().iter().filter(|column| column.hidden != 1).map(plain_column).collect()
}

pub(super) fn virtual_table(object: &Object, columns: Option<Vec<Column>>, not_seen: &mut Vec<model::Object>) -> Table {
    if columns.is_none() {
        not_seen.push(unseen("columns of the table", &object.name));
    }
    let mut table = Table::new(Name::of(None, &object.name), TableKind::Virtual);
    table.columns = shown(columns);
    table.sql.clone_from(&object.sql);
    match object.sql.as_deref().and_then(create_other::virtual_table) {
        Some(said) => {
            table.options.insert("module".to_owned(), said.module.to_ascii_lowercase());
            table.options.insert("arguments".to_owned(), said.arguments.join(", "));
        }
        None => not_seen.push(unseen("details of the table", &object.name)),
    }
    table
}

pub(super) fn view(object: &Object, columns: Option<Vec<Column>>, not_seen: &mut Vec<model::Object>) -> View {
    if columns.is_none() {
        not_seen.push(unseen("columns of the view", &object.name));
    }
    let sql = object.sql.as_deref().unwrap_or_default();
    let body = create_other::view(sql).map(|said| said.body.to_owned());
    if body.is_none() {
        not_seen.push(unseen("details of the view", &object.name));
    }
    View {
        name: Name::of(None, &object.name),
        materialized: false,
        columns: shown(columns),
        body: body.unwrap_or_default(),
        indexes: Vec::new(),
        triggers: Vec::new(),
        comment: None,
        options: Options::new(),
        sql: object.sql.clone(),
    }
}

/// Puts indexes that a CREATE INDEX made with their tables.
pub(super) fn add_indexes(catalog: &mut Catalog, objects: &[Object], known: &mut HashMap<String, Vec<IndexPart>>) {
    let texts: HashMap<&str, Option<&str>> = objects
        .iter()
        .filter(|object| object.kind == "index")
        .map(|index| (index.name.as_str(), index.sql.as_deref()))
        .collect();
    for table in &mut catalog.tables {
        let parts = known.remove(&table.name.name).unwrap_or_default();
        let parts: Vec<_> = parts.iter().filter(|part| part.origin == "c").collect();
        for parts in parts.chunk_by(|one, other| one.index == other.index) {
            let name = &parts[0].index;
            let sql = texts.get(name.as_str()).copied().flatten();
            let said = sql.and_then(create_other::index).filter(|said| said.parts.len() == parts.len());
            if said.is_none() {
                catalog.not_seen.push(unseen("details of the index", name));
            }
            let index = index(parts, said.as_ref(), sql, table);
            table.indexes.push(index);
        }
    }
}

fn index(parts: &[&IndexPart], said: Option<&CreateIndex<'_>>, sql: Option<&str>, table: &Table) -> Index {
    let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    let text = |range: std::ops::Range<usize>| said.map(|said| expression(&said.pieces[range], &names));
    let part = |(at, part): (usize, &&IndexPart)| {
        let (column, own) = match &part.name {
            Some(name) => (Some(name.clone()), table.column(name).and_then(|column| column.collation.as_deref())),
            None if part.column == -1 => (Some("rowid".to_owned()), None),
            None => (None, None),
        };
        let is_expression = column.is_none();
        let collation = part.collation.to_ascii_uppercase();
        let mut options = Options::new();
        // That of an expression is part of it.
        if !is_expression && collation != own.unwrap_or("BINARY") {
            options.insert("collation".to_owned(), collation);
        }
        model::IndexPart {
            expression: said.filter(|_| is_expression).and_then(|said| text(said.parts[at].clone())),
            column,
            order: if part.descending { Order::Descending } else { Order::Ascending },
            options,
        }
    };
    Index {
        name: parts[0].index.clone(),
        unique: parts[0].unique,
        method: "btree".to_owned(),
        parts: parts.iter().enumerate().map(part).collect(),
        included: Vec::new(),
        predicate: said.and_then(|said| said.predicate.clone()).and_then(text),
        valid: true,
        comment: None,
        options: Options::new(),
        sql: sql.map(str::to_owned),
    }
}

/// Puts triggers with their tables and views.
pub(super) fn add_triggers(catalog: &mut Catalog, objects: &[Object]) {
    let Catalog { tables, views, not_seen, .. } = catalog;
    let mut owners: HashMap<String, (Vec<String>, &mut Vec<Trigger>)> = HashMap::new();
    let names = |columns: &[model::Column]| columns.iter().map(|column| column.name.clone()).collect();
    for table in tables {
        owners.insert(table.name.name.to_ascii_lowercase(), (names(&table.columns), &mut table.triggers));
    }
    for view in views {
        owners.insert(view.name.name.to_ascii_lowercase(), (names(&view.columns), &mut view.triggers));
    }
    for object in objects.iter().filter(|object| object.kind == "trigger") {
        let owner = owners.get_mut(&object.table.to_ascii_lowercase());
        match owner.and_then(|(names, triggers)| Some((trigger(object, names)?, triggers))) {
            Some((trigger, triggers)) => triggers.push(trigger),
            None => not_seen.push(unseen("trigger", &object.name)),
        }
    }
    for (_, triggers) in owners.into_values() {
        number(triggers);
    }
}

/// Says which comes first of the triggers that one statement sets off, which stand here in the order in which they were made: SQLite
/// begins with the newest.
fn number(triggers: &mut [Trigger]) {
    let moment = |trigger: &Trigger| {
        let event = trigger.events.first().and_then(|event| event.split(' ').next());
        (trigger.timing.clone(), event.unwrap_or_default().to_owned())
    };
    let moments: Vec<_> = triggers.iter().map(moment).collect();
    for (at, trigger) in triggers.iter_mut().enumerate() {
        let same = |others: &[(String, String)]| others.iter().filter(|other| **other == moments[at]).count();
        let newer = same(&moments[at + 1..]);
        if newer + same(&moments[..at]) > 0 {
            trigger.options.insert("order".to_owned(), (newer + 1).to_string());
        }
    }
}

fn trigger(object: &Object, columns: &[String]) -> Option<Trigger> {
    let said = create_other::trigger(object.sql.as_deref()?)?;
    Some(Trigger {
        name: object.name.clone(),
        timing: said.timing.to_owned(),
        events: vec![said.event],
        for_each_row: true,
        condition: said.condition.map(|range| expression(&said.pieces[range], columns)),
        body: said.body.to_owned(),
        enabled: true,
        comment: None,
        options: Options::new(),
        sql: object.sql.clone(),
    })
}
