//! Writes the statements that make a schema on PostgreSQL.

mod comments;
mod constraints;
mod programs;
mod tables;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Frame;
use crate::catalog::model::{
    Catalog, Composite, Domain, Enum, Name, Object, Options, Routine, Sequence, Table, TableKind, View,
};
use crate::db::Dialect;

pub(super) fn ddl(catalog: &Catalog, dialect: &dyn Dialect) -> Vec<String> {
    let mut writer = Writer { catalog, dialect, statements: Vec::new() };
    writer.write();
    writer.statements
}

/// What decides how the server reads texts, and what it gives to objects that say nothing.
const SETTINGS: [(&str, &str); 12] = [
    ("client_encoding", "'UTF8'"),
    ("client_min_messages", "warning"),
    ("standard_conforming_strings", "on"),
    ("datestyle", "'ISO, YMD'"),
    ("intervalstyle", "postgres"),
    ("timezone", "'UTC'"),
    ("lc_monetary", "'C'"),
    ("xmloption", "content"),
    ("array_nulls", "on"),
    ("transform_null_equals", "off"),
    ("default_tablespace", "''"),
    ("default_table_access_method", "heap"),
];

pub(super) fn frame() -> Frame {
    Frame {
        before: SETTINGS.iter().map(|(name, value)| format!("SET {name} = {value}")).collect(),
        after: SETTINGS.iter().rev().map(|(name, _)| format!("RESET {name}")).collect(),
    }
}

struct Writer<'c> {
    catalog: &'c Catalog,
    dialect: &'c dyn Dialect,
    statements: Vec<String>,
}

impl<'c> Writer<'c> {
    fn write(&mut self) {
        let catalog = self.catalog;
        let has_routines = !catalog.routines.is_empty();
        if has_routines {
            // A body may name what is made later.
            self.put("SET check_function_bodies = off".to_owned());
        }
        for schema in &catalog.schemas {
            self.put(format!("CREATE SCHEMA IF NOT EXISTS {}", self.name(&schema.name)));
        }
        for extension in &catalog.extensions {
            let schema = extension.schema.as_ref().map(|schema| format!(" WITH SCHEMA {}", self.quote(schema)));
            let name = self.quote(&extension.name);
            self.put(format!("CREATE EXTENSION IF NOT EXISTS {name}{}", schema.unwrap_or_default()));
        }
        self.objects();
        self.table_parts();
        self.programs();
        self.comments();
        // Only now is everything there that a query may call.
        let kept = |view: &&View| view.materialized && !has(&view.options, "populated");
        for view in self.views_in_order().into_iter().filter(kept) {
            self.put(format!("REFRESH MATERIALIZED VIEW {}", self.name(&view.name)));
        }
        if has_routines {
            self.put("RESET check_function_bodies".to_owned());
        }
    }

    /// Types, sequences, routines, tables and views, each behind what it needs.
    fn objects(&mut self) {
        let catalog = self.catalog;
        let mut makers: BTreeMap<Object, Maker<'_>> = BTreeMap::new();
        let object = |kind: &str, name: &Name| Object::new(kind, name.clone());
        makers.extend(catalog.enums.iter().map(|one| (object("enum", &one.name), Maker::Enum(one))));
        makers.extend(catalog.domains.iter().map(|one| (object("domain", &one.name), Maker::Domain(one))));
        makers
            .extend(catalog.composites.iter().map(|one| (object("composite type", &one.name), Maker::Composite(one))));
        makers.extend(catalog.sequences.iter().map(|one| (object("sequence", &one.name), Maker::Sequence(one))));
        makers.extend(catalog.routines.iter().map(|one| (routine_object(one), Maker::Routine(one))));
        makers.extend(catalog.tables.iter().map(|one| (object("table", &one.name), Maker::Table(one))));
        makers.extend(catalog.views.iter().map(|one| (object("view", &one.name), Maker::View(one))));
        for object in &catalog.making.order {
            if let Some(maker) = makers.remove(object) {
                self.make(&maker);
            }
        }
        // Where no order is known, kinds tell it: types, routines, tables, views.
        for maker in makers.into_values() {
            self.make(&maker);
        }
    }

    fn make(&mut self, maker: &Maker<'_>) {
        match maker {
            Maker::Enum(one) => self.make_enum(one),
            Maker::Domain(domain) => self.make_domain(domain),
            Maker::Composite(composite) => self.make_composite(composite),
            Maker::Sequence(sequence) => self.make_sequence(sequence),
            Maker::Routine(routine) => self.make_routine(routine),
            Maker::Table(table) => self.make_table(table),
            Maker::View(view) => self.make_view(view),
        }
    }

    /// What stands on tables, and needs all of them.
    fn table_parts(&mut self) {
        let catalog = self.catalog;
        for view in &catalog.views {
            if self.is_later_query(view) {
                self.view_query(view, "CREATE OR REPLACE");
            }
        }
        for table in &catalog.tables {
            self.later_parts(table);
        }
        for sequence in &catalog.sequences {
            self.own_sequence(sequence);
        }
        // A partition's own indexes, before it becomes one: they are then those of its parent's.
        for table in &catalog.tables {
            self.indexes(&table.name, &table.indexes, "TABLE");
        }
        for view in catalog.views.iter().filter(|view| view.materialized) {
            self.indexes(&view.name, &view.indexes, "MATERIALIZED VIEW");
        }
        for table in catalog.tables.iter().filter(|table| table.kind == TableKind::Partition) {
            self.attach(table);
        }
        for table in &catalog.tables {
            self.own_indexes(table);
            self.exclusions(table);
            self.cluster_by_key(table);
        }
        for table in &catalog.tables {
            self.foreign_keys(table);
        }
    }

    /// Each behind those that it reads.
    fn views_in_order(&self) -> Vec<&'c View> {
        let order = self.catalog.making.order.iter().enumerate().filter(|(_, object)| object.kind == "view");
        let places: BTreeMap<&Name, usize> = order.map(|(place, object)| (&object.name, place)).collect();
        let mut views: Vec<&View> = self.catalog.views.iter().collect();
        views.sort_by_key(|view| places.get(&view.name));
        views
    }

    /// Whether a default or check must wait until all objects are there.
    fn is_later(&self, table: &Table, part: &str) -> bool {
        self.catalog.making.later.iter().any(|(name, other)| *name == table.name && other == part)
    }

    /// Whether a view's query must wait until all objects are there.
    fn is_later_query(&self, view: &View) -> bool {
        self.catalog.making.views.contains(&view.name)
    }

    fn put(&mut self, statement: String) {
        self.statements.push(statement);
    }

    fn quote(&self, name: &str) -> String {
        self.dialect.identifier(name)
    }

    fn name(&self, name: &Name) -> String {
        match &name.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(&name.name)),
            None => self.quote(&name.name),
        }
    }

    fn list(&self, names: &[String]) -> String {
        names.iter().map(|name| self.quote(name)).collect::<Vec<_>>().join(", ")
    }

    fn literal(&self, text: &str) -> String {
        self.dialect.literal(text)
    }

    /// ` WITH (…)` with the storage parameters among options: whatever has no meaning of its own here.
    fn storage(&self, options: &Options) -> String {
        let own: BTreeSet<&str> =
            ["unlogged", "row_security", "tablespace", "server", "clustered", "comment", "deferrable", "populated"]
                .into();
        let parameter = |(name, value): (&String, &String)| format!("{name} = {}", self.literal(value));
        let parameters = options.iter().filter(|(name, _)| !name.contains(' ') && !own.contains(name.as_str()));
        let parameters: Vec<String> = parameters.map(parameter).collect();
        if parameters.is_empty() { String::new() } else { format!(" WITH ({})", parameters.join(", ")) }
    }

    fn tablespace(&self, options: &Options, before: &str) -> String {
        options.get("tablespace").map(|name| format!("{before}{}", self.quote(name))).unwrap_or_default()
    }
}

/// A statement, clause by clause.
struct Clauses(String);

impl Clauses {
    fn add(&mut self, clause: impl AsRef<str>) {
        self.0.push_str(clause.as_ref());
    }
}

/// An object that comes in the order of what it needs.
enum Maker<'c> {
    Enum(&'c Enum),
    Domain(&'c Domain),
    Composite(&'c Composite),
    Sequence(&'c Sequence),
    Routine(&'c Routine),
    Table(&'c Table),
    View(&'c View),
}

/// A routine goes by its name and arguments.
fn routine_object(routine: &Routine) -> Object {
    let name = format!("{}({})", routine.name.name, routine.arguments);
    Object::new("routine", Name { schema: routine.name.schema.clone(), name })
}

/// Whether an option is there that says no more.
fn has(options: &Options, name: &str) -> bool {
    options.contains_key(name)
}
