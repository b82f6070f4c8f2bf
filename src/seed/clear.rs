//! Takes away what seeds put there, or every row of their tables: children before parents, and nobody else's rows without being
//! told to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::database::{Database, cannot, key_of, parts_of};
use super::order::{self, Edge, Order};
use super::plan::{Key, Record};
use super::tables::Table;
use crate::catalog::{Catalog, ForeignKey};
use crate::entities::Registry;
use crate::error::{Code, Error, Result};
use crate::text;

/// What is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The rows that seeds inserted.
    Owned,
    /// Every row.
    AllRows,
}

/// How many rows of each table are gone.
pub type Gone = BTreeMap<String, u64>;

/// Deletes the rows of tables, those of some seeds or all, and gives how many. `cascade`: others may fall with them. `unload`: takes away the rows that a
/// table has from files, and gives their number.
pub fn clear<'a>(
    database: &mut Database<'a>,
    (catalog, registry): (&Catalog, &Registry),
    (tables, files): (&BTreeSet<String>, &BTreeSet<String>),
    seeds: &BTreeSet<String>,
    (extent, cascade): (Extent, bool),
    unload: &mut dyn FnMut(&mut Database<'a>, &str) -> Result<u64>,
) -> Result<Gone> {
    let known: Vec<Table<'_>> =
        tables.iter().filter_map(|name| Some(Table::new(catalog.table(name)?, registry, &[]))).collect();
    let order = sorted(&known)?;
    let mut doomed: BTreeMap<String, BTreeSet<Key>> = BTreeMap::new();
    for table in &known {
        let owned = database.owned(&table.name())?;
        let keys = owned
            .into_iter()
            .filter(|(_, owned)| owned.inserted && seeds.contains(&owned.seed))
            .map(|(key, _)| key)
            .collect();
        doomed.insert(table.name(), keys);
    }
    if !cascade {
        // Of a file's rows it is not known one by one which they are.
        let whole = if extent == Extent::AllRows { tables } else { files };
        check(database, (catalog, registry), &known, &doomed, whole, seeds)?;
    }
    let mut gone = Gone::new();
    for table in &known {
        let_go(database, table, &order, &doomed[&table.name()], extent)?;
    }
    for name in order.tables.iter().rev() {
        let Some(table) = known.iter().find(|table| table.name() == *name) else { continue };
        let unloaded = unload(database, name)?;
        let count = match extent {
            Extent::AllRows => database.empty(table).map_err(|error| cannot("empty", table, error))?,
            Extent::Owned => {
                let mut count = 0;
                for key in &doomed[name] {
                    count += database.delete(table, key).map_err(|error| {
                        cannot("delete rows of", table, error).hint("rows that seeds do not own may refer to them")
                    })?;
                }
                count
            }
        };
        match extent {
            Extent::AllRows => database.forget(name, None)?,
            Extent::Owned => doomed[name].iter().try_for_each(|key| database.forget(name, Some(key)))?,
        }
        gone.insert(name.clone(), count + unloaded);
    }
    Ok(gone)
}

/// Tables, each behind those that it refers to. A circle that cannot be broken is a question of the database then.
fn sorted(tables: &[Table<'_>]) -> Result<Order> {
    let names: Vec<String> = tables.iter().map(Table::name).collect();
    let mut edges = Vec::new();
    for table in tables {
        for key in table.catalog.foreign_keys.iter().filter(|key| names.contains(&key.to.to_string())) {
            let (from, to) = (table.name(), key.to.to_string());
            edges.push(Edge {
                from,
                columns: key.columns.clone(),
                to,
                nullable: is_nullable(table, key),
                deferred: false,
            });
        }
    }
    order::order(&names, &edges)
}

fn is_nullable(table: &Table<'_>, key: &ForeignKey) -> bool {
    key.columns.iter().all(|name| table.columns.get(name.as_str()).is_some_and(|column| column.catalog.nullable))
}

/// Rows that refer to each other in a circle let go of each other first.
fn let_go(
    database: &mut Database<'_>,
    table: &Table<'_>,
    order: &Order,
    keys: &BTreeSet<Key>,
    extent: Extent,
) -> Result<()> {
    let name = table.name();
    let keeps =
        |key: &&ForeignKey| is_nullable(table, key) && key.on_delete != "cascade" && key.on_delete != "set null";
    let in_circle = |key: &&ForeignKey| {
        key.to == table.catalog.name
            || key.columns.iter().any(|column| order.second_pass.contains(&(name.clone(), column.clone())))
    };
    let circular = table.catalog.foreign_keys.iter().filter(keeps).filter(in_circle);
    let columns: BTreeSet<&String> = circular.flat_map(|key| &key.columns).collect();
    for column in columns {
        match extent {
            Extent::AllRows => {
                let (name, quoted) = (database.dialect.identifier(column), database.quoted(table));
                let sql = format!("UPDATE {quoted} SET {name} = NULL WHERE {name} IS NOT NULL");
                database.connection.change(&sql, &[]).map_err(|error| cannot("empty", table, error))?;
            }
            Extent::Owned => {
                let sets = Record::from_iter([(column.clone(), Value::Null)]);
                for key in keys {
                    database.update(table, key, &sets).map_err(|error| cannot("delete rows of", table, error))?;
                }
            }
        }
    }
    Ok(())
}

/// Refuses where rows would fall by a cascade that nobody named.
fn check(
    database: &mut Database<'_>,
    (catalog, registry): (&Catalog, &Registry),
    known: &[Table<'_>],
    doomed: &BTreeMap<String, BTreeSet<Key>>,
    whole: &BTreeSet<String>,
    seeds: &BTreeSet<String>,
) -> Result<()> {
    let mut falling: BTreeMap<String, BTreeSet<Key>> = BTreeMap::new();
    // What is looked at: a table, and the rows of it that go; none named: all of them.
    let mut open: Vec<(String, Option<BTreeSet<Key>>)> = known
        .iter()
        .map(|table| (table.name(), (!whole.contains(&table.name())).then(|| doomed[&table.name()].clone())))
        .collect();
    while let Some((name, keys)) = open.pop() {
        let Some(parent) = catalog.table(&name).map(|table| Table::new(table, registry, &[])) else { continue };
        let cascades: Vec<_> =
            catalog.referrers(&parent.catalog.name).filter(|(_, key)| key.on_delete == "cascade").collect();
        for (child, key) in cascades {
            let child = Table::new(child, registry, &[]);
            if whole.contains(&child.name()) {
                continue;
            }
            let identity = child.keys().first().cloned().unwrap_or_default();
            let mut wanted: BTreeSet<String> = identity.iter().cloned().collect();
            let owned = doomed.get(&child.name());
            // The ledger knows its rows by the key of their seed.
            let by_ledger: BTreeSet<String> = owned
                .iter()
                .flat_map(|keys| keys.iter())
                .flat_map(|key| parts_of(key).keys().cloned().collect::<Vec<_>>())
                .collect();
            wanted.extend(by_ledger.iter().cloned());
            let rows = children(database, &parent, &child, key, keys.as_ref(), &wanted)?;
            let mut fresh = BTreeSet::new();
            for row in rows {
                let of = |columns: &mut dyn Iterator<Item = &String>| {
                    let columns: Vec<&String> = columns.collect();
                    key_of(columns.into_iter().map(|column| (column, row.get(column).unwrap_or(&Value::Null))))
                };
                let known_as = of(&mut by_ledger.iter());
                let is_owned = owned.is_some_and(|owned| owned.contains(&known_as));
                let identity = of(&mut identity.iter());
                if !is_owned && falling.entry(child.name()).or_default().insert(identity.clone()) {
                    fresh.insert(identity);
                }
            }
            if !fresh.is_empty() {
                open.push((child.name(), Some(fresh)));
            }
        }
    }
    falling.retain(|_, keys| !keys.is_empty());
    if falling.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> =
        falling.iter().map(|(table, keys)| format!("{} of `{table}`", text::count(keys.len(), "row"))).collect();
    let shown = shown.join(", ");
    let mut others = BTreeSet::new();
    for table in falling.keys() {
        let owned = database.owned(table)?.into_values().filter(|owned| owned.inserted);
        others.extend(owned.map(|owned| owned.seed).filter(|seed| !seeds.contains(seed)));
    }
    let error = if others.is_empty() {
        let message = format!("{shown} that no seed put there would be deleted, too, by a cascade");
        Error::new(Code::SeedCascade, message).note("nothing was done")
    } else {
        let error = Error::new(Code::SeedCascade, format!("{shown} would be deleted, too, by a cascade"));
        let names: Vec<_> = others.iter().map(|name| format!("`{name}`")).collect();
        let who = if names.len() == 1 { "the seed" } else { "the seeds" };
        let all: Vec<_> = others.union(seeds).map(String::as_str).collect();
        error
            .note(format!("{who} {} put rows there", names.join(", ")))
            .note("nothing was done")
            .hint(format!("`dbtool reseed {}` seeds these anew as well", all.join(" ")))
    };
    Err(error.hint("add `--cascade`, if they may go"))
}

/// The rows of a table that refer to some of another by this foreign key.
fn children(
    database: &mut Database<'_>,
    parent: &Table<'_>,
    child: &Table<'_>,
    key: &ForeignKey,
    parents: Option<&BTreeSet<Key>>,
    wanted: &BTreeSet<String>,
) -> Result<Vec<Record>> {
    let Some(parents) = parents else {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", database.quoted(parent));
        let any = database.connection.select(&sql, &[]).map_err(|error| cannot("read", parent, error))?;
        return if any.is_empty() { Ok(Vec::new()) } else { database.referring(child, &key.columns, wanted) };
    };
    let Some(first) = parents.first() else { return Ok(Vec::new()) };
    let names: Vec<String> = parts_of(first).keys().cloned().collect();
    let values: Vec<Vec<Value>> = parents.iter().map(|key| parts_of(key).values().cloned().collect()).collect();
    let targets: BTreeSet<String> = key.to_columns.iter().cloned().collect();
    let rows = database.rows(parent, &names, &values, &targets)?;
    let values: Vec<Vec<Value>> = rows
        .iter()
        .map(|row| key.to_columns.iter().map(|column| row.get(column).cloned().unwrap_or_default()).collect())
        .collect();
    if values.is_empty() { Ok(Vec::new()) } else { database.rows(child, &key.columns, &values, wanted) }
}
