//! Views, virtual tables, indexes and triggers.

use std::collections::HashMap;

use super::create_other::{self, CreateIndex};
use super::expression::expression;
use super::pragmas::{Column, IndexPart, Object, On, Origin, TableIndex};
use super::table::{Maker, lower};
use super::texts::IndexText;
use crate::catalog::model::{self, Catalog, Index, Name, Options, Order, Table, TableKind, Trigger, View};

fn unseen(kind: &str, name: &str) -> model::Object {
    model::Object::new(kind, Name::of(None, name))
}

impl<'k> Maker<'k> {
    pub(super) fn virtual_table(&mut self, object: &Object, columns: Option<&'k [Column]>) -> Table {
        if columns.is_none() {
            self.not_seen.push(unseen("columns of the table", &object.name));
        }
        let mut table = Table::new(Name::of(None, &object.name), TableKind::Virtual);
        table.columns = self.shown(columns);
        table.sql.clone_from(&object.sql);
        match object.sql.as_deref().and_then(create_other::virtual_table) {
            Some(said) => {
                table.options.insert("module".to_owned(), said.module.to_ascii_lowercase());
                table.options.insert("arguments".to_owned(), said.arguments.join(", "));
            }
            None => self.not_seen.push(unseen("details of the table", &object.name)),
        }
        table
    }

    pub(super) fn view(&mut self, object: &Object, columns: Option<&'k [Column]>) -> View {
        if columns.is_none() {
            self.not_seen.push(unseen("columns of the view", &object.name));
        }
        let sql = object.sql.as_deref().unwrap_or_default();
        let body = create_other::view(sql).map(|said| said.body.to_owned());
        if body.is_none() {
            self.not_seen.push(unseen("details of the view", &object.name));
        }
        View {
            name: Name::of(None, &object.name),
            materialized: false,
            columns: self.shown(columns),
            body: body.unwrap_or_default(),
            indexes: Vec::new(),
            triggers: Vec::new(),
            comment: None,
            options: Options::new(),
            sql: object.sql.clone(),
        }
    }

    /// Without the columns that a module hides.
    fn shown(&mut self, columns: Option<&'k [Column]>) -> Vec<model::Column> {
        let columns = columns.unwrap_or_default().iter().filter(|column| column.hidden != 1);
        columns.map(|column| self.plain_column(column)).collect()
    }
}

/// The indexes of a table that a CREATE INDEX made.
pub(super) fn indexes(
    known: &[TableIndex<'_>],
    texts: &[IndexText<'_>],
    table: &Table,
    not_seen: &mut Vec<model::Object>,
) -> Vec<Index> {
    let made = known.iter().filter(|index| index.origin == Origin::Statement);
    let made = made.map(|index| {
        let text = texts.iter().find(|text| text.name == index.name);
        let said = text.and_then(|text| text.said.as_ref()).filter(|said| said.parts.len() == index.parts.len());
        if said.is_none() {
            not_seen.push(unseen("details of the index", &index.name));
        }
        self::index(index, said, text.and_then(|text| text.sql), table)
    });
    made.collect()
}

fn index(known: &TableIndex<'_>, said: Option<&CreateIndex<'_>>, sql: Option<&str>, table: &Table) -> Index {
    let is_column = |name: &str| table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let text = |range: std::ops::Range<usize>| said.map(|said| expression(&said.pieces[range], &is_column));
    let part = |(at, part): (usize, &IndexPart<'_>)| {
        let mut options = Options::new();
        let (column, own) = match &part.on {
            On::Column(name) => (Some(&**name), table.column(name).and_then(|column| column.collation.as_deref())),
            On::Row => (Some("rowid"), None),
            // Its collation is part of it.
            On::Expression => (None, None),
        };
        let collation = part.collation.as_ref().filter(|_| column.is_some()).map(|name| name.to_ascii_uppercase());
        if let Some(collation) = collation.filter(|collation| collation != own.unwrap_or("BINARY")) {
            options.insert("collation".to_owned(), collation);
        }
        model::IndexPart {
            expression: said.filter(|_| column.is_none()).and_then(|said| text(said.parts[at].clone())),
            column: column.map(str::to_owned),
            order: if part.descending { Order::Descending } else { Order::Ascending },
            options,
        }
    };
    Index {
        name: known.name.clone().into_owned(),
        unique: known.unique,
        method: "btree".to_owned(),
        parts: known.parts.iter().enumerate().map(part).collect(),
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
    if !objects.iter().any(|object| object.kind == "trigger") {
        return;
    }
    let Catalog { tables, views, not_seen, .. } = catalog;
    let mut owners: HashMap<String, (&[model::Column], &mut Vec<Trigger>)> = HashMap::new();
    for table in tables {
        owners.insert(lower(&table.name.name).into_owned(), (&table.columns, &mut table.triggers));
    }
    for view in views {
        owners.insert(lower(&view.name.name).into_owned(), (&view.columns, &mut view.triggers));
    }
    for object in objects.iter().filter(|object| object.kind == "trigger") {
        let owner = owners.get_mut(&*lower(&object.table));
        match owner.and_then(|(columns, triggers)| Some((trigger(object, columns)?, triggers))) {
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

fn trigger(object: &Object, columns: &[model::Column]) -> Option<Trigger> {
    let is_column = |name: &str| columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let said = create_other::trigger(object.sql.as_deref()?)?;
    Some(Trigger {
        name: object.name.clone(),
        timing: said.timing.to_owned(),
        events: vec![said.event],
        for_each_row: true,
        condition: said.condition.map(|range| expression(&said.pieces[range], &is_column)),
        body: said.body.to_owned(),
        enabled: true,
        comment: None,
        options: Options::new(),
        sql: object.sql.clone(),
    })
}
