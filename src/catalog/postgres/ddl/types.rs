//! Enums, domains, composite types and sequences.

use super::{Clauses, Writer, has};
use crate::catalog::model::{Check, Composite, Domain, Enum, Sequence};

impl Writer<'_> {
    pub(super) fn make_enum(&mut self, one: &Enum) {
        let values: Vec<String> = one.values.iter().map(|value| self.literal(value)).collect();
        self.put(format!("CREATE TYPE {} AS ENUM ({})", self.name(&one.name), values.join(", ")));
    }

    pub(super) fn make_domain(&mut self, domain: &Domain) {
        let name = self.name(&domain.name);
        let mut sql = Clauses(format!("CREATE DOMAIN {name} AS {}", domain.type_name));
        if let Some(collation) = &domain.collation {
            sql.add(format!(" COLLATE {collation}"));
        }
        if let Some(default) = &domain.default {
            sql.add(format!(" DEFAULT {default}"));
        }
        if !domain.nullable {
            sql.add(" NOT NULL");
        }
        let written =
            |check: &Check| format!(" {}CHECK ({})", self.constraint(check.name.as_deref()), check.expression);
        let (valid, others): (Vec<&Check>, Vec<&Check>) = domain.checks.iter().partition(|check| check.valid);
        sql.add(valid.into_iter().map(written).collect::<String>());
        let others: Vec<String> = others.into_iter().map(written).collect();
        self.put(sql.0);
        for check in others {
            self.put(format!("ALTER DOMAIN {name} ADD{check} NOT VALID"));
        }
    }

    pub(super) fn make_composite(&mut self, composite: &Composite) {
        let attribute = |(name, kind): &(String, String)| {
            let collation = composite.options.get(&format!("collation of {name}"));
            let collation = collation.map(|collation| format!(" COLLATE {collation}"));
            format!("{} {kind}{}", self.quote(name), collation.unwrap_or_default())
        };
        let attributes: Vec<String> = composite.attributes.iter().map(attribute).collect();
        self.put(format!("CREATE TYPE {} AS ({})", self.name(&composite.name), attributes.join(", ")));
    }

    pub(super) fn make_sequence(&mut self, sequence: &Sequence) {
        let Sequence { type_name, start, increment, minimum, maximum, cache, .. } = sequence;
        let cycle = if sequence.cycle { " CYCLE" } else { "" };
        let unlogged = if has(&sequence.options, "unlogged") { "UNLOGGED " } else { "" };
        self.put(format!(
            "CREATE {unlogged}SEQUENCE {} AS {type_name} INCREMENT BY {increment} MINVALUE {minimum} MAXVALUE {maximum} START WITH {start} CACHE {cache}{cycle}",
            self.name(&sequence.name)
        ));
    }

    /// Says which column a sequence goes with.
    pub(super) fn own_sequence(&mut self, sequence: &Sequence) {
        if let Some((table, column)) = &sequence.owned_by {
            let owner = format!("{}.{}", self.name(table), self.quote(column));
            self.put(format!("ALTER SEQUENCE {} OWNED BY {owner}", self.name(&sequence.name)));
        }
    }

    /// `CONSTRAINT "name" `, where it has one.
    pub(super) fn constraint(&self, name: Option<&str>) -> String {
        name.map(|name| format!("CONSTRAINT {} ", self.quote(name))).unwrap_or_default()
    }
}
