//! One short text for a whole schema: equal for two that are the same, whatever the order of their columns. What it is taken
//! of is what `facts` compares; a test holds the two against each other.

use std::collections::BTreeMap;

use serde::Serialize;

use super::facts::FILLED;
use super::model::{Catalog, Column, Composite, Domain, Enum, Extension, Object, Routine, Sequence, Table, View};

/// Of everything in a catalog whose lists are in order.
pub(super) fn of(catalog: &Catalog) -> String {
    let mut sum = Sum::default();
    sum.add("backend", &catalog.backend);
    sum.all("schemas", &catalog.schemas, |sum, Object { name, .. }| sum.add("name", name));
    sum.all("extensions", &catalog.extensions, |sum, Extension { name, schema, version: _, comment }| {
        sum.add("extension", &(name, schema, comment));
    });
    sum.all("enums", &catalog.enums, |sum, one: &Enum| sum.add("enum", one));
    sum.all("domains", &catalog.domains, |sum, one: &Domain| sum.add("domain", one));
    sum.all("composites", &catalog.composites, |sum, one: &Composite| sum.add("composite", one));
    sum.all("sequences", &catalog.sequences, |sum, one: &Sequence| sum.add("sequence", one));
    sum.all("tables", &catalog.tables, table);
    sum.all("views", &catalog.views, view);
    sum.all("routines", &catalog.routines, |sum, one: &Routine| sum.add("routine", one));
    sum.all("not modelled", &catalog.not_modelled, |sum, one: &Object| sum.add("object", one));
    sum.finish()
}

/// All of a table, but for what is measured, and with its columns in the order of their names.
fn table(sum: &mut Sum, table: &Table) {
    let Table {
        name,
        kind,
        comment,
        rows: _,
        bytes: _,
        columns,
        primary_key,
        foreign_keys,
        uniques,
        checks,
        exclusions,
        indexes,
        triggers,
        policies,
        inherits,
        partition_by,
        partition_bound,
        options,
        sql: _,
    } = table;
    sum.add("table", &(name, kind, comment, inherits, partition_by, partition_bound, options));
    self::columns(sum, columns);
    sum.add("keys", &(primary_key, foreign_keys, uniques));
    sum.add("rules", &(checks, exclusions, indexes, triggers, policies));
}

fn view(sum: &mut Sum, view: &View) {
    let View { name, materialized, columns, body, indexes, triggers, comment, options, sql: _ } = view;
    self::columns(sum, columns);
    let options: BTreeMap<_, _> = options.iter().filter(|(option, _)| *option != FILLED).collect();
    sum.add("view", &(name, materialized, body, indexes, triggers, comment, options));
}

fn columns(sum: &mut Sum, columns: &[Column]) {
    let mut columns: Vec<_> = columns.iter().collect();
    columns.sort_by(|a, b| a.name.cmp(&b.name));
    sum.all("columns", &columns, |sum, column| {
        let Column { name, type_name, neutral: _, nullable, default, identity, generated, .. } = column;
        let Column { collation, on_update, comment, options, .. } = column;
        sum.add("column", &(name, type_name, nullable, default, identity, generated));
        sum.add("column", &(collation, on_update, comment, options));
    });
}

/// What is taken in so far.
#[derive(Default)]
struct Sum {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl Sum {
    /// Takes in a list, and how long it is.
    fn all<T>(&mut self, what: &str, list: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.add(what, &list.len());
        for one in list {
            each(self, one);
        }
    }

    /// Takes in a value, as JSON: no two values are written alike.
    fn add(&mut self, what: &str, value: &impl Serialize) {
        self.buffer.clear();
        self.buffer.extend_from_slice(what.as_bytes());
        self.buffer.push(b'\n');
        // Into memory, and of structs without maps that have odd keys, it cannot fail.
        let _ = serde_json::to_writer(&mut self.buffer, value);
        self.buffer.push(b'\n');
        self.hasher.update(&self.buffer);
    }

    fn finish(self) -> String {
        self.hasher.finalize().to_hex()[..32].to_owned()
    }
}
