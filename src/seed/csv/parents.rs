//! Whether the rows that a file refers to are there, by set. A plan has not written those of other seeds, and of the file itself:
//! their keys go into a temporary table.

use std::collections::{BTreeMap, BTreeSet};

use super::load::Load;
use super::part::Lenient;
use super::refuse::number;
use super::{CsvSeed, LINE};
use crate::catalog::ForeignKey;
use crate::db;
use crate::db::bulk::{self, Target};
use crate::error::{Code, Error, Result};
use crate::seed::database::{self, Database};
use crate::seed::plan::{Record, Want};

/// What a plan would have written before a file.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// The tables that get rows.
    pub tables: &'a BTreeSet<String>,
    pub files: &'a [CsvSeed<'a>],
    /// What other seeds list.
    pub listed: &'a [NewRow],
}

/// A row that a plan would have written.
#[derive(Debug, Clone)]
pub struct NewRow {
    pub table: String,
    /// It is inserted; else these are its columns that change.
    pub inserted: bool,
    pub wants: BTreeMap<String, Want>,
}

impl Before<'_> {
    /// Whether other seeds bring rows of a file's table.
    pub fn brings_beside(&self, seed: &CsvSeed<'_>) -> bool {
        let table = seed.table.name();
        let is_other = |file: &CsvSeed<'_>| file.table.name() == table && file.known_as != seed.known_as;
        self.files.iter().any(is_other) || self.listed.iter().any(|row| row.inserted && row.table == table)
    }

    /// The values of columns in the rows of a table that other seeds list. None: the database gives some of them.
    fn listed(&self, table: &str, columns: &[String]) -> Option<Vec<Record>> {
        let mut values = Vec::new();
        for row in self.listed.iter().filter(|row| row.table == table) {
            let value = |column: &String| match row.wants.get(column) {
                Some(Want::Is(value)) => Some((column.clone(), value.clone())),
                _ => None,
            };
            match columns.iter().map(value).collect::<Option<Record>>() {
                Some(record) => values.push(record),
                None if row.inserted => return None,
                None => {}
            }
        }
        Some(values)
    }
}

impl Load<'_, '_> {
    /// The rows that foreign keys refer to are there, or will be.
    pub fn check_parents(&mut self, database: &mut Database<'_>, stage: &str) -> Result<()> {
        let own = &self.seed.table.catalog.name;
        for key in self.seed.foreign_keys() {
            match self.wanted.plan {
                // The database sees to it when they are written.
                None if key.to == *own => {}
                Some(before) if key.to == *own || before.tables.contains(&key.to.to_string()) => {
                    self.check_planned(database, stage, key, before)?;
                }
                _ => self.check_parents_of(database, stage, key, None)?,
            }
        }
        Ok(())
    }

    /// With the rows of a table that the run would write before this file, or with it.
    fn check_planned(
        &mut self,
        database: &mut Database<'_>,
        stage: &str,
        key: &ForeignKey,
        before: Before<'_>,
    ) -> Result<()> {
        let to = key.to.to_string();
        let alone = self.seed.alone;
        let files = || before.files.iter().filter(|file| file.table.name() == to && (alone || !file.alone));
        // What the database is to number has no numbers yet: nobody knows.
        let Some(listed) = before.listed(&to, &key.to_columns) else { return Ok(()) };
        if files().any(|file| !file.has(&key.to_columns)) {
            return Ok(());
        }
        let brought = self.dialect.identifier("__dbtool_brought");
        let names: Vec<String> = key.to_columns.iter().map(|name| self.dialect.identifier(name)).collect();
        let query = format!("SELECT {} FROM {} WHERE 1 = 0", names.join(", "), database.named(&key.to));
        for sql in self.dialect.make_temporary(&brought, &query, &names) {
            self.change(database, &sql)?;
        }
        let mut filled = Ok(());
        for file in files() {
            filled = filled.and_then(|()| file.bring(database, &brought, &key.to_columns, None));
        }
        let checked = filled
            .and_then(|()| self.bring_listed(database, &brought, key, &listed))
            .and_then(|()| self.check_parents_of(database, stage, key, Some(&brought)));
        // After an error, too: MySQL keeps it when the transaction is rolled back.
        let dropped = self.change(database, &self.dialect.drop_temporary(&brought));
        checked.and(dropped.map(|_| ()))
    }

    /// Those that other seeds list.
    fn bring_listed(&self, database: &mut Database<'_>, into: &str, key: &ForeignKey, listed: &[Record]) -> Result<()> {
        let own = key.columns.iter().filter_map(|name| self.seed.table.columns.get(name.as_str()));
        // A column and what it refers to are of one type.
        let columns: Vec<_> = key.to_columns.iter().zip(own).collect();
        let target = Target {
            table: into.to_owned(),
            columns: columns
                .iter()
                .map(|(name, column)| bulk::Column { name: (*name).clone(), form: column.form() })
                .collect(),
        };
        let row = |record: &Record| {
            columns.iter().map(|(name, column)| column.bytes(record.get(*name)?, self.dialect)).collect()
        };
        let mut rows = database::Rows::new(listed.iter().map(row).collect());
        bulk::load(database.connection, &target, &mut rows, &mut Lenient).map(|_| ())
    }

    /// `brought`: where those are that a plan has not written.
    fn check_parents_of(
        &mut self,
        database: &mut Database<'_>,
        stage: &str,
        key: &ForeignKey,
        brought: Option<&str>,
    ) -> Result<()> {
        let quote = |name: &String| self.dialect.identifier(name);
        let pairs = || key.columns.iter().zip(&key.to_columns);
        let on: Vec<_> = pairs().map(|(column, to)| format!("p.{} = s.{}", quote(to), quote(column))).collect();
        let on = on.join(" AND ");
        let some: Vec<_> = pairs().map(|(column, _)| format!("s.{} IS NOT NULL", quote(column))).collect();
        let parent = database.named(&key.to);
        let none: Vec<_> = std::iter::once(parent.as_str())
            .chain(brought)
            .map(|table| format!("NOT EXISTS (SELECT 1 FROM {table} p WHERE {on})"))
            .collect();
        let first = key.columns.first().and_then(|name| self.seed.table.columns.get(name.as_str()));
        let Some(first) = first else { return Ok(()) };
        let value = self.dialect.readable(&format!("s.{}", quote(&key.columns[0])), &first.catalog.type_name);
        let found =
            format!("SELECT s.{LINE}, {value} FROM {stage} s WHERE {} AND {}", some.join(" AND "), none.join(" AND "));
        let own = &self.seed.table.catalog.name;
        self.refuse_all(database, stage, &found, &|load, row: &[db::Value]| {
            let shown = row.get(1).map(|value| first.shown(&first.stored(value))).unwrap_or_default();
            let message = format!(
                "`{own}.{}` is `{shown}`, and `{}` has no row with this `{}`",
                key.columns.join(", "),
                key.to,
                key.to_columns.join(", ")
            );
            Error::new(Code::SeedRejected, message).at(load.seed.place(number(row, 0))).note("nothing was written")
        })
    }
}
