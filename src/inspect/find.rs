//! What a person means by a name.

use serde::Serialize;

use crate::catalog::{Catalog, Composite, Domain, Enum, Name, Routine, Sequence, Table, View, unknown_table};
use crate::error::{Code, Error, Result};

/// Something of a schema that can be shown by its name.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub enum Thing<'c> {
    Table(&'c Table),
    View(&'c View),
    Enum(&'c Enum),
    Domain(&'c Domain),
    Composite(&'c Composite),
    Sequence(&'c Sequence),
    Routine(&'c Routine),
}

impl Thing<'_> {
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Thing::Table(table) => &table.name,
            Thing::View(view) => &view.name,
            Thing::Enum(one) => &one.name,
            Thing::Domain(domain) => &domain.name,
            Thing::Composite(composite) => &composite.name,
            Thing::Sequence(sequence) => &sequence.name,
            Thing::Routine(routine) => &routine.name,
        }
    }

    /// The names that it goes by, the one that tells it from all others last.
    fn titles(&self) -> Vec<String> {
        let mut titles = vec![self.name().to_string()];
        if let Thing::Routine(routine) = self {
            titles.push(format!("{}({})", routine.name, routine.arguments));
        }
        titles
    }
}

/// How near a name is to what was given.
type Way = fn(title: &str, bare: &str, wanted: &str) -> bool;

/// From the nearest. A bare name finds what stands in another schema, too.
const WAYS: [Way; 4] = [
    |title, _, wanted| title == wanted,
    |title, _, wanted| same_letters(title, wanted),
    |_, bare, wanted| bare == wanted,
    |_, bare, wanted| same_letters(bare, wanted),
];

fn same_letters(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// The one that a name means: a table or view, else what else there is.
pub fn find<'c>(catalog: &'c Catalog, wanted: &str) -> Result<Thing<'c>> {
    let groups = [relations(catalog), others(catalog)];
    for way in WAYS {
        for group in &groups {
            let near = |thing: &&Thing<'c>| thing.titles().iter().any(|title| way(title, &thing.name().name, wanted));
            let found: Vec<Thing<'c>> = group.iter().filter(near).copied().collect();
            match found.as_slice() {
                [] => {}
                [one] => return Ok(*one),
                several => return Err(ambiguous(wanted, several)),
            }
        }
    }
    Err(unknown_table(catalog, wanted))
}

fn relations(catalog: &Catalog) -> Vec<Thing<'_>> {
    catalog.tables.iter().map(Thing::Table).chain(catalog.views.iter().map(Thing::View)).collect()
}

fn others(catalog: &Catalog) -> Vec<Thing<'_>> {
    let types = catalog.enums.iter().map(Thing::Enum).chain(catalog.domains.iter().map(Thing::Domain));
    let types = types.chain(catalog.composites.iter().map(Thing::Composite));
    types
        .chain(catalog.sequences.iter().map(Thing::Sequence))
        .chain(catalog.routines.iter().map(Thing::Routine))
        .collect()
}

fn ambiguous(wanted: &str, several: &[Thing<'_>]) -> Error {
    let titles: Vec<String> =
        several.iter().filter_map(|thing| thing.titles().pop()).map(|title| format!("`{title}`")).collect();
    Error::new(Code::AmbiguousTable, format!("`{wanted}` may be one of {}", titles.len()))
        .hint(format!("write the one that you mean: {}", titles.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Object;
    use crate::inspect::samples;

    #[test]
    fn the_nearest_name_is_meant() {
        let catalog = samples::catalog();
        let name = |wanted: &str| find(&catalog, wanted).map(|thing| thing.name().to_string());
        for (wanted, found) in [
            ("users", "users"),
            ("Users", "Users"),
            ("ORDERS", "orders"),
            ("events", "audit.events"),
            ("Audit.Events", "audit.events"),
            ("order_totals", "order_totals"),
            ("mood", "mood"),
            ("total(uuid)", "total"),
        ] {
            assert_eq!(name(wanted).unwrap(), found);
        }
        // Two differ in nothing but the size of their letters.
        assert_eq!(name("USERS").unwrap_err().code(), Code::AmbiguousTable);
    }

    #[test]
    fn what_cannot_be_shown_is_told_what_it_is() {
        let mut catalog = samples::catalog();
        catalog.not_modelled.push(Object::new("event", Name::of(None, "nightly")));
        catalog.not_modelled.push(Object::new("aggregate", Name::of(None, "median(integer)")));
        catalog.not_seen.push(Object::new("view", Name::of(None, "secrets")));
        let told = |wanted: &str| find(&catalog, wanted).unwrap_err().to_string();
        assert_eq!(told("nightly"), "`nightly` is an event, and no table");
        assert_eq!(told("median"), "`median` is an aggregate, and no table");
        assert_eq!(told("secrets"), "view `secrets` could not be read, for want of a right or of an answer");
        let error = find(&catalog, "\"orders\"").unwrap_err();
        assert_eq!(error.hints()[0], "did you mean `orders`?");
    }

    #[test]
    fn what_is_not_there_has_a_nearest_name() {
        let catalog = samples::catalog();
        let error = find(&catalog, "ordrs").unwrap_err();
        assert_eq!(error.code(), Code::UnknownTable);
        assert_eq!(error.hints(), ["did you mean `orders`?", "`dbtool schema tables` lists them"]);
        let error = find(&Catalog::empty(catalog.backend), "ordrs").unwrap_err();
        assert!(error.hints()[0].starts_with("`dbtool migrate up` makes"), "{error:?}");
        let error = find(&catalog, "total").unwrap_err();
        assert_eq!(error.hints(), ["write the one that you mean: `total(uuid)`, `total(uuid, text)`"]);
    }
}
