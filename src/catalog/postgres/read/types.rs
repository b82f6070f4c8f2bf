//! Enums and domains, and what a type is on any backend.

use std::collections::HashMap;

use super::values::{Oid, made, oid, put, texts};
use super::{Names, Vanished, text};
use crate::catalog::model::{Catalog, Check, Domain, Enum, Name, Object, Options};
use crate::catalog::types::Type;
use crate::db::Row;

/// Those that a person made.
#[derive(Default)]
pub(super) struct Types {
    enums: HashMap<Oid, Enum>,
    domains: HashMap<Oid, KnownDomain>,
    /// Those that belong to an extension, which columns may have all the same.
    hidden: Vec<Oid>,
    /// The comments of composite types, which stand with their types rather than with their relations.
    comments: HashMap<Name, String>,
}

struct KnownDomain {
    domain: Domain,
    base: Oid,
    modifier: i64,
    element: Oid,
}

pub(super) fn read(rows: &[Row], names: &Names<'_>, catalog: &mut Catalog) -> Result<Types, Vanished> {
    let mut types = Types::default();
    for row in rows {
        let (id, name) = (oid(row, 0), names.of(row.text(2), row.text(3)));
        let of_extension = row.flag(4);
        let comment = row.optional(5).map(str::to_owned);
        match row.text(1) {
            "e" => {
                let values = texts(row.text(6)).into_iter().flatten().collect();
                types.enums.insert(id, Enum { name, values, comment });
            }
            "d" => {
                let domain = Domain {
                    name,
                    type_name: row.text(9).to_owned(),
                    nullable: !row.flag(11),
                    default: made(row, 13, row.flag(12))?.map(text::settled),
                    collation: row.optional(14).map(str::to_owned),
                    checks: Vec::new(),
                    comment,
                };
                let modifier = row.number(8).unwrap_or(-1);
                types.domains.insert(id, KnownDomain { domain, base: oid(row, 7), modifier, element: oid(row, 10) });
            }
            "c" => types.comments.extend(comment.map(|comment| (name, comment))),
            other if !of_extension => {
                let kind = match other {
                    "r" => "range type",
                    "b" => "base type",
                    _ => "shell type",
                };
                let definition = row.optional(15).map(str::to_owned);
                catalog.not_modelled.push(Object { definition, ..Object::new(kind, name) });
            }
            _ => {}
        }
        if of_extension {
            types.hidden.push(id);
        }
    }
    Ok(types)
}

impl Types {
    /// The enums and domains that are shown: number, kind and name.
    pub(super) fn shown(&self) -> impl Iterator<Item = (Oid, &'static str, &Name)> {
        let enums = self.enums.iter().map(|(id, one)| (*id, "enum", &one.name));
        let domains = self.domains.iter().map(|(id, known)| (*id, "domain", &known.domain.name));
        enums.chain(domains).filter(|(id, ..)| !self.hidden.contains(id))
    }

    pub(super) fn comment(&self, composite: &Name) -> Option<String> {
        self.comments.get(composite).cloned()
    }

    pub(super) fn add_check(&mut self, domain: Oid, check: Check) {
        if let Some(known) = self.domains.get_mut(&domain) {
            known.domain.checks.push(check);
        }
    }

    /// What a type is on any backend, by its number, its modifier, and the number of its elements' type where it is an array.
    pub(super) fn neutral(&self, id: Oid, modifier: i64, element: Oid, name: &str) -> Type {
        if element != 0 {
            let one = name.strip_suffix("[]").unwrap_or(name);
            return Type::Array { of: Box::new(self.neutral(element, modifier, 0, one)) };
        }
        if let Some(one) = self.enums.get(&id) {
            return Type::Enum { name: Some(one.name.to_string()), values: one.values.clone() };
        }
        if let Some(known) = self.domains.get(&id) {
            return self.neutral(known.base, known.modifier, known.element, &known.domain.type_name);
        }
        built_in(id, modifier).unwrap_or_else(|| Type::Other { name: name.to_owned() })
    }

    pub(super) fn give_to(self, catalog: &mut Catalog) {
        let Self { enums, domains, hidden, .. } = self;
        let shown = |id: &Oid| !hidden.contains(id);
        catalog.enums.extend(enums.into_iter().filter(|(id, _)| shown(id)).map(|(_, one)| one));
        catalog.domains.extend(domains.into_iter().filter(|(id, _)| shown(id)).map(|(_, known)| {
            let mut domain = known.domain;
            domain.checks.sort_by(|a, b| a.name.cmp(&b.name));
            domain
        }));
    }
}

/// By the number in `pg_type.dat`, which never changes.
fn built_in(id: Oid, modifier: i64) -> Option<Type> {
    // Lengths are kept with the four bytes of a header.
    let length = u32::try_from(modifier - 4).ok();
    Some(match id {
        16 => Type::Boolean,
        17 => Type::Bytes { length: None },
        18 => Type::Text { length: Some(1), fixed: true },
        19 => Type::varchar(63),
        20 => Type::integer(64),
        21 => Type::integer(16),
        23 => Type::integer(32),
        25 => Type::text(),
        26 => Type::Integer { bits: 32, unsigned: true },
        114 | 3802 => Type::Json,
        700 => Type::Float { bits: 32 },
        701 => Type::Float { bits: 64 },
        1042 => Type::Text { length, fixed: length.is_some() },
        1043 => Type::Text { length, fixed: false },
        1082 => Type::Date,
        1083 | 1266 => Type::Time,
        1114 => Type::Timestamp,
        1184 => Type::Instant,
        1186 => Type::Interval,
        1560 | 1562 => Type::Bits { length: u32::try_from(modifier).ok() },
        1700 => decimal(modifier),
        2950 => Type::Uuid,
        _ => return None,
    })
}

/// The precision stands above the scale, which has eleven bits and a sign.
fn decimal(modifier: i64) -> Type {
    let Ok(modifier) = u32::try_from(modifier - 4) else { return Type::Decimal { precision: None, scale: None } };
    let scale = i16::try_from(modifier & 0x7ff).unwrap_or_default();
    let scale = if scale >= 0x400 { scale - 0x800 } else { scale };
    Type::Decimal { precision: u16::try_from(modifier >> 16).ok(), scale: Some(scale) }
}

/// A check, of a table or a domain.
pub(super) fn check(row: &Row, name: &str, expression: Option<&str>) -> Result<Check, Vanished> {
    let mut options = Options::new();
    put(&mut options, "comment", row.optional(21));
    let expression = text::bare(&text::settled(expression.ok_or(Vanished)?)).to_owned();
    Ok(Check { name: Some(name.to_owned()), expression, valid: row.flag(6), options })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_its_digits() {
        assert_eq!(decimal(655_366), Type::Decimal { precision: Some(10), scale: Some(2) });
        assert_eq!(decimal(-1), Type::Decimal { precision: None, scale: None });
        // numeric(3, -2)
        assert_eq!(decimal(((3 << 16) | (0x800 - 2)) + 4), Type::Decimal { precision: Some(3), scale: Some(-2) });
    }
}
