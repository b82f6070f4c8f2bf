//! COMMENT ON everything that has one.

use super::Writer;
use crate::catalog::model::{Column, Index, Name, Options, Table, TableKind, Trigger};

impl Writer<'_> {
    pub(super) fn comments(&mut self) {
        let catalog = self.catalog;
        for extension in &catalog.extensions {
            self.comment("EXTENSION", self.quote(&extension.name), extension.comment.as_ref());
        }
        for one in &catalog.enums {
            self.comment("TYPE", self.name(&one.name), one.comment.as_ref());
        }
        for composite in &catalog.composites {
            let name = self.name(&composite.name);
            self.comment("TYPE", &name, composite.comment.as_ref());
            for (attribute, _) in &composite.attributes {
                let comment = composite.options.get(&format!("comment of {attribute}"));
                self.comment("COLUMN", format!("{name}.{}", self.quote(attribute)), comment);
            }
        }
        for domain in &catalog.domains {
            let name = self.name(&domain.name);
            for check in &domain.checks {
                self.constraint_comment(&format!("DOMAIN {name}"), check.name.as_deref(), &check.options);
            }
            self.comment("DOMAIN", name, domain.comment.as_ref());
        }
        for sequence in &catalog.sequences {
            self.comment("SEQUENCE", self.name(&sequence.name), sequence.comment.as_ref());
        }
        for routine in &catalog.routines {
            let name = format!("{}({})", self.name(&routine.name), routine.arguments);
            self.comment(&routine.kind.to_uppercase(), name, routine.comment.as_ref());
        }
        for table in &catalog.tables {
            self.table_comments(table);
        }
        for view in &catalog.views {
            let kind = if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" };
            self.comment(kind, self.name(&view.name), view.comment.as_ref());
            self.part_comments(&view.name, &view.columns, &view.indexes, &view.triggers);
        }
    }

    fn table_comments(&mut self, table: &Table) {
        let kind = if table.kind == TableKind::Foreign { "FOREIGN TABLE" } else { "TABLE" };
        let name = self.name(&table.name);
        for key in table.primary_key.iter().chain(&table.uniques) {
            self.constraint_comment(&name, key.name.as_deref(), &key.options);
            self.index_comment(&table.name, key.name.as_deref(), &key.options);
        }
        for exclusion in &table.exclusions {
            self.constraint_comment(&name, Some(&exclusion.name), &exclusion.options);
            self.index_comment(&table.name, Some(&exclusion.name), &exclusion.options);
        }
        for column in &table.columns {
            self.comment("SEQUENCE", self.identity_sequence(table, column), column.options.get("sequence comment"));
        }
        for key in &table.foreign_keys {
            self.constraint_comment(&name, key.name.as_deref(), &key.options);
        }
        for check in &table.checks {
            self.constraint_comment(&name, check.name.as_deref(), &check.options);
        }
        for policy in &table.policies {
            self.comment("POLICY", format!("{} ON {name}", self.quote(&policy.name)), policy.comment.as_ref());
        }
        self.comment(kind, name, table.comment.as_ref());
        self.part_comments(&table.name, &table.columns, &table.indexes, &table.triggers);
    }

    fn part_comments(&mut self, of: &Name, columns: &[Column], indexes: &[Index], triggers: &[Trigger]) {
        let name = self.name(of);
        for column in columns {
            self.comment("COLUMN", format!("{name}.{}", self.quote(&column.name)), column.comment.as_ref());
        }
        for index in indexes.iter().filter(|index| index.valid) {
            let index_name = Name { schema: of.schema.clone(), name: index.name.clone() };
            self.comment("INDEX", self.name(&index_name), index.comment.as_ref());
        }
        for trigger in triggers {
            self.comment("TRIGGER", format!("{} ON {name}", self.quote(&trigger.name)), trigger.comment.as_ref());
        }
    }

    fn constraint_comment(&mut self, on: &str, name: Option<&str>, options: &Options) {
        if let Some(name) = name {
            self.comment("CONSTRAINT", format!("{} ON {on}", self.quote(name)), options.get("comment"));
        }
    }

    /// Of the index that a constraint made.
    fn index_comment(&mut self, on: &Name, name: Option<&str>, options: &Options) {
        if let Some(name) = name {
            let name = Name { schema: on.schema.clone(), name: name.to_owned() };
            self.comment("INDEX", self.name(&name), options.get("index comment"));
        }
    }

    fn comment(&mut self, kind: &str, name: impl AsRef<str>, comment: Option<&String>) {
        if let Some(comment) = comment {
            self.put(format!("COMMENT ON {kind} {} IS {}", name.as_ref(), self.literal(comment)));
        }
    }
}
