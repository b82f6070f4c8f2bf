//! Keys, foreign keys, exclusions and indexes.

use super::{Clauses, Writer, has};
use crate::catalog::model::{ForeignKey, Index, IndexPart, Key, Name, Options, Order, Table};

impl Writer<'_> {
    /// A primary key or unique constraint, as it stands in a table.
    pub(super) fn key(&self, kind: &str, key: &Key) -> String {
        let nulls = if has(&key.options, "nulls not distinct") { " NULLS NOT DISTINCT" } else { "" };
        let overlaps = if has(&key.options, "without overlaps") { " WITHOUT OVERLAPS" } else { "" };
        let included = self.included(&key.included);
        let storage = self.storage(&key.options);
        let tablespace = self.tablespace(&key.options, " USING INDEX TABLESPACE ");
        let deferrable = deferrable(key.options.get("deferrable"));
        let (name, columns) = (self.constraint(key.name.as_deref()), self.list(&key.columns));
        format!("{name}{kind}{nulls} ({columns}{overlaps}){included}{storage}{tablespace}{deferrable}")
    }

    fn included(&self, columns: &[String]) -> String {
        if columns.is_empty() { String::new() } else { format!(" INCLUDE ({})", self.list(columns)) }
    }

    pub(super) fn foreign_keys(&mut self, table: &Table) {
        let name = self.name(&table.name);
        for key in &table.foreign_keys {
            self.put(format!("ALTER TABLE {name} ADD {}", self.foreign_key(key)));
        }
    }

    fn foreign_key(&self, key: &ForeignKey) -> String {
        let columns = |names: &[String]| match names.split_last() {
            Some((last, others)) if has(&key.options, "period") => {
                let others: String = others.iter().map(|name| format!("{}, ", self.quote(name))).collect();
                format!("{others}PERIOD {}", self.quote(last))
            }
            _ => self.list(names),
        };
        let mut sql = Clauses(format!(
            "{}FOREIGN KEY ({}) REFERENCES {} ({})",
            self.constraint(key.name.as_deref()),
            columns(&key.columns),
            self.name(&key.to),
            columns(&key.to_columns)
        ));
        if let Some(how) = key.options.get("match") {
            sql.add(format!(" MATCH {}", how.to_uppercase()));
        }
        if key.on_delete != "no action" {
            let set = key.options.get("set columns").map(|columns| format!(" ({columns})"));
            sql.add(format!(" ON DELETE {}{}", key.on_delete.to_uppercase(), set.unwrap_or_default()));
        }
        if key.on_update != "no action" {
            sql.add(format!(" ON UPDATE {}", key.on_update.to_uppercase()));
        }
        sql.add(deferrable(key.deferrable.as_ref()));
        if has(&key.options, "not enforced") {
            sql.add(" NOT ENFORCED");
        } else if !key.valid {
            sql.add(" NOT VALID");
        }
        sql.0
    }

    pub(super) fn exclusions(&mut self, table: &Table) {
        let name = self.name(&table.name);
        for exclusion in &table.exclusions {
            self.put(format!(
                "ALTER TABLE {name} ADD {}{}",
                self.constraint(Some(&exclusion.name)),
                exclusion.definition
            ));
        }
    }

    /// The indexes of a table or materialized view. One that is not valid was given up, and cannot be made so.
    pub(super) fn indexes(&mut self, on: &Name, indexes: &[Index], kind: &str) {
        self.make_indexes(on, indexes.iter().filter(|index| index.valid), kind, "");
    }

    /// The indexes that a partitioned table has without its partitions: they are not valid, and are made so when there are
    /// partitions already.
    pub(super) fn own_indexes(&mut self, table: &Table) {
        if table.partition_by.is_some() {
            self.make_indexes(&table.name, table.indexes.iter().filter(|index| !index.valid), "TABLE", "ONLY ");
        }
    }

    fn make_indexes<'i>(&mut self, on: &Name, indexes: impl Iterator<Item = &'i Index>, kind: &str, only: &str) {
        let table = self.name(on);
        for index in indexes {
            let unique = if index.unique { "UNIQUE " } else { "" };
            let parts: Vec<String> = index.parts.iter().map(|part| self.part(part)).collect();
            let mut sql = Clauses(format!(
                "CREATE {unique}INDEX {} ON {only}{table} USING {} ({})",
                self.quote(&index.name),
                self.quote(&index.method),
                parts.join(", ")
            ));
            sql.add(self.included(&index.included));
            if has(&index.options, "nulls not distinct") {
                sql.add(" NULLS NOT DISTINCT");
            }
            sql.add(self.storage(&index.options));
            sql.add(self.tablespace(&index.options, " TABLESPACE "));
            if let Some(predicate) = &index.predicate {
                sql.add(format!(" WHERE {predicate}"));
            }
            self.put(sql.0);
            self.statistics(on, index);
            self.cluster(&table, kind, Some(&index.name), &index.options);
        }
    }

    fn statistics(&mut self, on: &Name, index: &Index) {
        let name = self.name(&Name { schema: on.schema.clone(), name: index.name.clone() });
        for (part, number) in index.parts.iter().zip(1..) {
            if let Some(target) = part.options.get("statistics") {
                self.put(format!("ALTER INDEX {name} ALTER COLUMN {number} SET STATISTICS {target}"));
            }
        }
    }

    fn part(&self, part: &IndexPart) -> String {
        let mut sql = Clauses(match (&part.column, &part.expression) {
            (Some(column), _) => self.quote(column),
            (None, expression) => format!("({})", expression.as_deref().unwrap_or_default()),
        });
        if let Some(collation) = part.options.get("collation") {
            sql.add(format!(" COLLATE {collation}"));
        }
        if let Some(class) = part.options.get("class") {
            sql.add(format!(" {class}"));
        }
        if let Some(parameters) = part.options.get("class parameters") {
            sql.add(format!(" ({parameters})"));
        }
        if part.order == Order::Descending {
            sql.add(" DESC");
        }
        if let Some(nulls) = part.options.get("nulls") {
            sql.add(format!(" NULLS {}", nulls.to_uppercase()));
        }
        sql.0
    }

    /// Says that a table is clustered by the index of a key.
    pub(super) fn cluster_by_key(&mut self, table: &Table) {
        let name = self.name(&table.name);
        for key in table.primary_key.iter().chain(&table.uniques) {
            self.cluster(&name, "TABLE", key.name.as_deref(), &key.options);
        }
        for exclusion in &table.exclusions {
            self.cluster(&name, "TABLE", Some(&exclusion.name), &exclusion.options);
        }
    }

    fn cluster(&mut self, table: &str, kind: &str, index: Option<&str>, options: &Options) {
        if let Some(index) = index.filter(|_| has(options, "clustered")) {
            self.put(format!("ALTER {kind} {table} CLUSTER ON {}", self.quote(index)));
        }
    }
}

/// ` DEFERRABLE INITIALLY …`
pub(super) fn deferrable(initially: Option<&String>) -> String {
    initially.map(|initially| format!(" DEFERRABLE INITIALLY {}", initially.to_uppercase())).unwrap_or_default()
}
