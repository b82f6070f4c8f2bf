//! Rows of a file that refer to each other. Where the database looks at each row by itself, and not at the end of the statement,
//! they are written without what they refer to, and get it when all of them are there.

use super::CsvSeed;
use super::load::Load;
use crate::db::{Dialect, Grammar};
use crate::error::Result;
use crate::seed::apply::OnError;
use crate::seed::database::Database;

impl CsvSeed<'_> {
    /// The columns, quoted, that are left NULL at first. None where the order of the rows does not matter, or where they must have a value.
    pub fn circular(&self, dialect: &dyn Dialect) -> Vec<String> {
        if !Grammar::new(dialect.backend()).checks_each_row() {
            return Vec::new();
        }
        let own = self.foreign_keys().filter(|key| key.to == self.table.catalog.name);
        let names: Vec<&String> = own.flat_map(|key| &key.columns).collect();
        let may_wait = self.columns.iter().filter(|column| {
            names.iter().any(|name| *name == column.name())
                && column.catalog.nullable
                && !self.key.iter().any(|key| key == column.name())
        });
        may_wait.map(|column| dialect.identifier(column.name())).collect()
    }
}

impl Load<'_, '_> {
    /// Inserts the rows of the temporary table that the table does not have. `on`: what tells that a row `t` is the row `s`.
    pub fn insert(&mut self, database: &mut Database<'_>, stage: &str, on: &str) -> Result<()> {
        let (dialect, table) = (self.dialect, database.quoted(&self.seed.table));
        let names: Vec<_> = self.seed.columns.iter().map(|column| dialect.identifier(column.name())).collect();
        let insert = |left_open: &[String], range: &str| {
            let value = |name: &String| if left_open.contains(name) { "NULL".to_owned() } else { name.clone() };
            let values: Vec<_> = names.iter().map(value).collect();
            format!(
                "INSERT INTO {table} ({}) SELECT {} FROM {stage} s WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {on}) AND {range}",
                names.join(", "),
                values.join(", ")
            )
        };
        let circular = self.seed.circular(dialect);
        if circular.is_empty() {
            return self.write(database, &|range| insert(&[], range), stage).map(|_| ());
        }
        // Only what is inserted is set: what is there was compared.
        let same = self.seed.key.iter().map(|name| {
            let name = dialect.identifier(name);
            format!("t.{name} = {stage}.{name}")
        });
        let same = same.collect::<Vec<_>>().join(" AND ");
        self.change(database, &format!("DELETE FROM {stage} WHERE EXISTS (SELECT 1 FROM {table} t WHERE {same})"))?;
        let some: Vec<_> = circular.iter().map(|name| format!("s.{name} IS NOT NULL")).collect();
        let set = |range: &str| {
            let condition = format!("{on} AND ({}) AND {range}", some.join(" OR "));
            dialect.update_from(&table, stage, &circular, &condition)
        };
        if self.wanted.on_error == OnError::Quarantine {
            // A row that is left out must not stay without what it refers to: one after the other then.
            return match Self::tried(database, &[insert(&circular, "1 = 1"), set("1 = 1")]) {
                Ok(_) => Ok(()),
                Err(_) => self.write(database, &|range| insert(&[], range), stage).map(|_| ()),
            };
        }
        self.write(database, &|range| insert(&circular, range), stage)?;
        // What refers to a row that is at fault is not at fault.
        if self.faults.is_empty() { self.write(database, &set, stage).map(|_| ()) } else { Ok(()) }
    }
}
