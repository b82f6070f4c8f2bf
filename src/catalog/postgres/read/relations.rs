//! Tables, views, sequences and composite types, by the server's numbers while the catalog is put together.

use std::collections::HashMap;

use super::types::Types;
use super::values::{Oid, made, numbers, oid, put, put_flag, put_pairs, qualified};
use super::{Names, Vanished, text};
use crate::catalog::is_ours;
use crate::catalog::model::{
    Catalog, Column, Composite, Index, Name, Options, Sequence, Table, TableKind, Trigger, View,
};
use crate::catalog::types::Type;
use crate::db::Row;

/// Everything that has columns.
pub(super) struct Relation {
    pub(super) name: Name,
    /// It is an extension's or ours: known, since others may refer to it, and not shown.
    pub(super) hidden: bool,
    pub(super) is_partition: bool,
    pub(super) what: What,
    /// In the order of the columns: their numbers, and their collations.
    pub(super) attributes: Vec<(i64, Oid)>,
}

impl Relation {
    pub(super) fn columns(&self) -> &[Column] {
        match &self.what {
            What::Table(table) => &table.columns,
            What::View(view) => &view.columns,
            What::Composite(columns) => columns,
            What::Sequence(..) => &[],
        }
    }

    pub(super) fn add(&mut self, column: Column) {
        match &mut self.what {
            What::Table(table) => table.columns.push(column),
            What::View(view) => view.columns.push(column),
            What::Composite(columns) => columns.push(column),
            What::Sequence(..) => {}
        }
    }

    /// Where a column stands, by its number: one that was dropped leaves a gap.
    pub(super) fn place(&self, number: i64) -> Option<usize> {
        self.attributes.iter().position(|(other, _)| *other == number)
    }

    /// Of a sequence: whether it is an identity column's, and the table and column that it goes with.
    fn owner(&self) -> Option<(bool, Oid, i64)> {
        match &self.what {
            What::Sequence(_, owner) => *owner,
            _ => None,
        }
    }
}

pub(super) enum What {
    Table(Box<Table>),
    View(Box<View>),
    /// With its owner, see [`Relation::owner`].
    Sequence(Box<Sequence>, Option<(bool, Oid, i64)>),
    Composite(Vec<Column>),
}

#[derive(Default)]
pub(super) struct Relations(pub(super) HashMap<Oid, Relation>);

pub(super) fn read(rows: &[Row], names: &Names<'_>) -> Result<Relations, Vanished> {
    let mut relations = Relations::default();
    let mut parents: Vec<(Oid, Vec<i64>)> = Vec::new();
    for row in rows {
        let name = names.of(row.text(2), row.text(3));
        let hidden = row.flag(4) || is_ours(&name.name);
        if let Some(list) = row.optional(11) {
            parents.push((oid(row, 0), numbers(list)));
        }
        let what = match row.text(1) {
            "v" | "m" => What::View(Box::new(view(row, name.clone())?)),
            "S" => What::Sequence(Box::new(sequence(row, name.clone())), owner(row)),
            "c" => What::Composite(Vec::new()),
            kind => What::Table(Box::new(table(row, kind, name.clone())?)),
        };
        let relation = Relation { name, hidden, is_partition: row.flag(8), what, attributes: Vec::new() };
        relations.0.insert(oid(row, 0), relation);
    }
    for (child, parents) in parents {
        let names = parents.into_iter().filter_map(|parent| relations.name(Oid::try_from(parent).ok()?).cloned());
        let names: Vec<Name> = names.collect();
        if let Some(table) = relations.table(child) {
            table.inherits = names;
        }
    }
    Ok(relations)
}

fn table(row: &Row, kind: &str, name: Name) -> Result<Table, Vanished> {
    let is_partition = row.flag(8);
    let kind = match kind {
        "f" => TableKind::Foreign,
        _ if is_partition => TableKind::Partition,
        "p" => TableKind::Partitioned,
        _ => TableKind::Table,
    };
    let mut table = Table::new(name, kind);
    table.comment = row.optional(5).map(str::to_owned);
    table.rows = row.number(6).and_then(|rows| u64::try_from(rows).ok());
    table.bytes = row.number(7).and_then(|bytes| u64::try_from(bytes).ok());
    table.partition_by = made(row, 9, row.text(1) == "p")?.map(text::settled);
    table.partition_bound = made(row, 10, is_partition)?.map(text::settled);
    let options = &mut table.options;
    put_flag(options, "unlogged", row.text(12) == "u");
    let security = match (row.flag(13), row.flag(14)) {
        (true, true) => "forced",
        (true, false) => "on",
        (false, true) => "off, forced",
        (false, false) => "",
    };
    put(options, "row_security", Some(security));
    put(
        options,
        "replica identity",
        match row.text(15) {
            "n" => Some("nothing"),
            "f" => Some("full"),
            // That of an index is told by its name, when it is read.
            _ => None,
        },
    );
    put_pairs(options, "", row.text(16));
    put_pairs(options, "toast.", row.text(17));
    put(options, "tablespace", row.optional(18));
    put(options, "access method", row.optional(19));
    put(options, "of type", row.optional(20));
    put(options, "server", row.optional(21));
    put_pairs(options, "option ", row.text(22));
    Ok(table)
}

fn view(row: &Row, name: Name) -> Result<View, Vanished> {
    let body = made(row, 23, true)?.unwrap_or_default().trim().trim_end_matches(';');
    let mut options = Options::new();
    put_pairs(&mut options, "", row.text(16));
    put(&mut options, "tablespace", row.optional(18));
    put(&mut options, "access method", row.optional(19));
    put(&mut options, "populated", row.flag(32).then_some("no"));
    Ok(View {
        name,
        materialized: row.text(1) == "m",
        columns: Vec::new(),
        body: text::settled(body),
        indexes: Vec::new(),
        triggers: Vec::new(),
        comment: row.optional(5).map(str::to_owned),
        options,
        sql: None,
    })
}

fn sequence(row: &Row, name: Name) -> Sequence {
    let mut options = Options::new();
    put_flag(&mut options, "unlogged", row.text(12) == "u");
    Sequence {
        name,
        type_name: row.text(24).to_owned(),
        start: row.text(25).to_owned(),
        increment: row.text(26).to_owned(),
        minimum: row.text(27).to_owned(),
        maximum: row.text(28).to_owned(),
        cache: row.text(29).to_owned(),
        cycle: row.flag(30),
        owned_by: None,
        comment: row.optional(5).map(str::to_owned),
        options,
    }
}

/// `i 16400 1`: what a sequence goes with, and how.
fn owner(row: &Row) -> Option<(bool, Oid, i64)> {
    let (kind, place) = row.text(31).split_once(' ')?;
    match numbers(place)[..] {
        [table, column] => Some((kind == "i", Oid::try_from(table).ok()?, column)),
        _ => None,
    }
}

/// What is not as usual with the sequence of an identity column.
fn put_identity(column: &mut Column, sequence: &Sequence, usual: &Name) {
    let bits = match column.neutral {
        Type::Integer { bits, .. } => bits,
        _ => 64,
    };
    let down = sequence.increment.starts_with('-');
    let (most, least) = (i64::MAX >> (64 - bits), i64::MIN >> (64 - bits));
    let (minimum, maximum) = if down { (least, -1) } else { (1, most) };
    let start = if down { &sequence.maximum } else { &sequence.minimum };
    let options = &mut column.options;
    let mut unusual = |name: &str, value: &str, usual: &str| put(options, name, (value != usual).then_some(value));
    unusual("sequence start", &sequence.start, start);
    unusual("sequence increment", &sequence.increment, "1");
    unusual("sequence minimum", &sequence.minimum, &minimum.to_string());
    unusual("sequence maximum", &sequence.maximum, &maximum.to_string());
    unusual("sequence cache", &sequence.cache, "1");
    unusual("sequence cycle", if sequence.cycle { "yes" } else { "no" }, "no");
    if sequence.name != *usual {
        put(options, "sequence name", Some(&qualified(&sequence.name)));
    }
    put(options, "sequence comment", sequence.comment.as_deref());
}

/// What is told of a composite type's attributes beside their types.
fn attribute_options(columns: &[Column]) -> Options {
    let mut options = Options::new();
    for column in columns {
        put(&mut options, &format!("collation of {}", column.name), column.collation.as_deref());
        put(&mut options, &format!("comment of {}", column.name), column.comment.as_deref());
    }
    options
}

impl Relations {
    pub(super) fn name(&self, id: Oid) -> Option<&Name> {
        self.0.get(&id).map(|relation| &relation.name)
    }

    /// A table that is shown.
    pub(super) fn table(&mut self, id: Oid) -> Option<&mut Table> {
        match self.0.get_mut(&id)? {
            Relation { hidden: false, what: What::Table(table), .. } => Some(table),
            _ => None,
        }
    }

    /// The triggers and indexes of a table or view that is shown.
    pub(super) fn parts(&mut self, id: Oid) -> Option<(&mut Vec<Index>, &mut Vec<Trigger>)> {
        match self.0.get_mut(&id)? {
            Relation { hidden: false, what: What::Table(table), .. } => Some((&mut table.indexes, &mut table.triggers)),
            Relation { hidden: false, what: What::View(view), .. } => Some((&mut view.indexes, &mut view.triggers)),
            _ => None,
        }
    }

    /// The names of columns, by their numbers.
    pub(super) fn columns(&self, id: Oid, numbers: &[i64]) -> Vec<String> {
        let Some(relation) = self.0.get(&id) else { return Vec::new() };
        let name = |number: &i64| Some(relation.columns().get(relation.place(*number)?)?.name.clone());
        numbers.iter().filter_map(name).collect()
    }

    /// Puts the sequences of identity columns into the columns, and says of the others what they go with.
    pub(super) fn place_sequences(&mut self) {
        let owned: Vec<Oid> =
            self.0.iter().filter(|(_, relation)| relation.owner().is_some()).map(|(id, _)| *id).collect();
        for id in owned {
            let Some((is_identity, table, number)) = self.0.get(&id).and_then(Relation::owner) else { continue };
            if is_identity {
                self.place_identity(id, table, number);
                continue;
            }
            let hidden = self.0.get(&table).is_some_and(|relation| relation.hidden);
            let owner = self.name(table).cloned().zip(self.columns(table, &[number]).pop());
            if let Some(relation) = self.0.get_mut(&id) {
                relation.hidden |= hidden;
                if let What::Sequence(sequence, _) = &mut relation.what {
                    sequence.owned_by = owner;
                }
            }
        }
    }

    fn place_identity(&mut self, id: Oid, table: Oid, number: i64) {
        let Some(Relation { what: What::Sequence(sequence, _), .. }) = self.0.remove(&id) else { return };
        let Some(place) = self.0.get(&table).and_then(|relation| relation.place(number)) else { return };
        let Some(table) = self.table(table) else { return };
        // Before PostgreSQL 15 none was, whatever its table is.
        let unlogged = (sequence.options.contains_key("unlogged"), table.options.contains_key("unlogged"));
        if let Some(column) = table.columns.get_mut(place) {
            put_flag(&mut column.options, "sequence unlogged", unlogged == (true, false));
            let usual =
                Name { schema: table.name.schema.clone(), name: format!("{}_{}_seq", table.name.name, column.name) };
            put_identity(column, &sequence, &usual);
        }
    }

    pub(super) fn give_to(self, types: &Types, catalog: &mut Catalog) {
        for relation in self.0.into_values().filter(|relation| !relation.hidden) {
            match relation.what {
                What::Table(table) => catalog.tables.push(*table),
                What::View(view) => catalog.views.push(*view),
                What::Sequence(sequence, _) => catalog.sequences.push(*sequence),
                What::Composite(columns) => catalog.composites.push(Composite {
                    comment: types.comment(&relation.name),
                    name: relation.name,
                    options: attribute_options(&columns),
                    attributes: columns.into_iter().map(|column| (column.name, column.type_name)).collect(),
                }),
            }
        }
    }
}
