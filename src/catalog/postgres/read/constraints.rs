//! Keys, foreign keys, checks and exclusions.

use std::collections::HashMap;

use super::Vanished;
use super::relations::Relations;
use super::types::{self, Types};
use super::values::{Oid, made, numbers, oid, put, put_flag, quoted};
use crate::catalog::model::{Exclusion, ForeignKey, Key, Name, Options};
use crate::db::Row;

/// The constraints that an index was made for, by its number.
pub(super) type Made = HashMap<Oid, Constraint>;

/// A constraint that has an index.
pub(super) enum Constraint {
    Primary,
    /// By its name.
    Unique(String),
    Exclusion(String),
}

pub(super) fn read(rows: &[Row], relations: &mut Relations, types: &mut Types) -> Result<Made, Vanished> {
    let mut made = Made::new();
    for row in rows {
        let (table, name, index) = (oid(row, 0), row.text(3).to_owned(), oid(row, 10));
        if table == 0 {
            types.add_check(oid(row, 1), types::check(row, &name, row.optional(20))?);
            continue;
        }
        match row.text(2) {
            "p" => {
                made.insert(index, Constraint::Primary);
                let key = key(row, &name, relations);
                if let Some(table) = relations.table(table) {
                    table.primary_key = Some(key);
                }
            }
            "u" => {
                made.insert(index, Constraint::Unique(name.clone()));
                let key = key(row, &name, relations);
                if let Some(table) = relations.table(table) {
                    table.uniques.push(key);
                }
            }
            "x" => {
                made.insert(index, Constraint::Exclusion(name.clone()));
                exclusion(row, name, relations)?;
            }
            // What a partition has from its parent goes with the parent's.
            "f" if !row.flag(9) => {
                let key = foreign_key(row, &name, relations);
                if let Some(table) = relations.table(table) {
                    table.foreign_keys.push(key);
                }
            }
            "c" => check(row, &name, relations)?,
            "n" => not_null(row, &name, relations),
            _ => {}
        }
    }
    Ok(made)
}

/// `immediate` or `deferred`, where it is deferrable.
fn deferrable(row: &Row) -> Option<&'static str> {
    row.flag(4).then_some(if row.flag(5) { "deferred" } else { "immediate" })
}

/// What is told of any constraint.
fn options(row: &Row) -> Options {
    let mut options = Options::new();
    put_flag(&mut options, "not enforced", row.flag(19));
    put(&mut options, "comment", row.optional(21));
    options
}

fn key(row: &Row, name: &str, relations: &Relations) -> Key {
    let mut options = options(row);
    put(&mut options, "deferrable", deferrable(row));
    put_flag(&mut options, "without overlaps", row.flag(18));
    let columns = relations.columns(oid(row, 0), &numbers(row.text(11)));
    Key { name: Some(name.to_owned()), columns, included: Vec::new(), options }
}

fn exclusion(row: &Row, name: String, relations: &mut Relations) -> Result<(), Vanished> {
    let definition = made(row, 20, true)?.unwrap_or_default().to_owned();
    let of_partition = row.flag(9);
    let mut options = Options::new();
    put(&mut options, "comment", row.optional(21));
    if let Some(table) = relations.table(oid(row, 0)).filter(|_| !of_partition) {
        table.exclusions.push(Exclusion { name, definition, options });
    }
    Ok(())
}

fn foreign_key(row: &Row, name: &str, relations: &Relations) -> ForeignKey {
    let (table, other) = (oid(row, 0), oid(row, 12));
    let mut options = options(row);
    put(
        &mut options,
        "match",
        match row.text(16) {
            "f" => Some("full"),
            "p" => Some("partial"),
            _ => None,
        },
    );
    put_flag(&mut options, "period", row.flag(18));
    let set = relations.columns(table, &numbers(row.text(17)));
    put(&mut options, "set columns", Some(&quoted(&set)));
    ForeignKey {
        name: Some(name.to_owned()),
        columns: relations.columns(table, &numbers(row.text(11))),
        to: relations.name(other).cloned().unwrap_or_else(|| Name::of(None, "?")),
        to_columns: relations.columns(other, &numbers(row.text(13))),
        on_delete: action(row.text(15)).to_owned(),
        on_update: action(row.text(14)).to_owned(),
        deferrable: deferrable(row).map(str::to_owned),
        valid: row.flag(6),
        options,
    }
}

fn action(letter: &str) -> &'static str {
    match letter {
        "r" => "restrict",
        "c" => "cascade",
        "n" => "set null",
        "d" => "set default",
        _ => "no action",
    }
}

fn check(row: &Row, name: &str, relations: &mut Relations) -> Result<(), Vanished> {
    let in_partition = relations.0.get(&oid(row, 0)).is_some_and(|relation| relation.is_partition);
    let Some(table) = relations.table(oid(row, 0)) else { return Ok(()) };
    let mut check = types::check(row, name, row.optional(20))?;
    put_flag(&mut check.options, "no inherit", row.flag(7));
    put_flag(&mut check.options, "inherited", !in_partition && row.text(8) == "f");
    put_flag(&mut check.options, "not enforced", row.flag(19));
    table.checks.push(check);
    Ok(())
}

/// PostgreSQL 18: what more is known of a NOT NULL. One that is not valid yet keeps new rows only from being NULL.
fn not_null(row: &Row, name: &str, relations: &mut Relations) {
    let Some(relation) = relations.0.get(&oid(row, 0)).filter(|relation| !relation.is_partition) else { return };
    let place = numbers(row.text(11)).first().and_then(|number| relation.place(*number));
    let Some(table) = relations.table(oid(row, 0)) else { return };
    let Some(column) = place.and_then(|place| table.columns.get_mut(place)) else { return };
    let usual = name.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with("_not_null");
    put(&mut column.options, "not null name", Some(name).filter(|_| !usual));
    put_flag(&mut column.options, "not null no inherit", row.flag(7));
    if !row.flag(6) {
        column.nullable = true;
        put_flag(&mut column.options, "not null for new rows", true);
    }
}
