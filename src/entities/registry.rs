//! The entities that a program knows: one list, which every feature asks.

use super::entity::Entity;
use super::{categories, countries, order_items, orders, product_categories, products, user_profiles, users};
use crate::catalog::{Table, Type};

use super::field::{Field, Meaning};

/// A list of entities. The reference shop's is [`Registry::reference`]; a team's own program hands its own to `run`.
#[derive(Clone, Copy)]
pub struct Registry {
    entities: &'static [&'static dyn Entity],
    is_reference: bool,
}

/// In the order of their tables.
const REFERENCE: &[&dyn Entity] = &[
    &categories::Categories,
    &countries::Countries,
    &order_items::OrderItems,
    &orders::Orders,
    &product_categories::ProductCategories,
    &products::Products,
    &user_profiles::UserProfiles,
    &users::Users,
];

impl Registry {
    #[must_use]
    pub const fn new(entities: &'static [&'static dyn Entity]) -> Self {
        Self { entities, is_reference: false }
    }

    /// The reference shop's.
    #[must_use]
    pub const fn reference() -> Self {
        Self { entities: REFERENCE, is_reference: true }
    }

    pub fn iter(&self) -> impl Iterator<Item = &'static dyn Entity> + use<> {
        self.entities.iter().copied()
    }

    /// The entity of a table of this name.
    #[must_use]
    pub fn named(&self, table: &str) -> Option<&'static dyn Entity> {
        self.iter().find(|entity| entity.table() == table)
    }

    /// The entity of a table. One of the same name that is another table, with other columns or types, has none: the reference
    /// shop's `users` are not everybody's.
    #[must_use]
    pub fn of(&self, table: &Table) -> Option<&'static dyn Entity> {
        let entity = self.named(&table.name.name).filter(|_| table.name.schema.is_none())?;
        differences(entity, table).is_empty().then_some(entity)
    }

    /// Whether it is the list that dbtool itself brings, which a database need not know.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        self.is_reference
    }

    /// Tables that stand in it twice.
    #[must_use]
    pub fn doubled(&self) -> Vec<&'static str> {
        let mut tables: Vec<_> = self.iter().map(Entity::table).collect();
        tables.sort_unstable();
        let mut doubled: Vec<_> = tables.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        doubled.dedup();
        doubled
    }
}

/// Where an entity and its table are not of one mind, a line for each column.
#[must_use]
pub fn differences(entity: &dyn Entity, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let key = table.primary_key.as_ref().map(|key| key.columns.iter().map(String::as_str).collect::<Vec<_>>());
    if key.as_deref() != Some(entity.key()) {
        let key = key.map_or_else(|| "none".to_owned(), |key| key.join(", "));
        found.push(format!("the primary key is {key}, and that of the model is {}", entity.key().join(", ")));
    }
    for field in entity.fields() {
        let Some(column) = table.column(field.name) else {
            found.push(format!("there is no column `{}`", field.name));
            continue;
        };
        if !keeps(field, &column.neutral) {
            found.push(format!("`{}` is {}, which keeps no {:?}", field.name, column.type_name, field.meaning));
        }
        if field.nullable != column.nullable {
            let said = if column.nullable { "nullable" } else { "not null" };
            found.push(format!("`{}` is {said}, and in the model it is not so", field.name));
        }
    }
    found
}

/// Whether a column of this type keeps values of that meaning. SQLite has fewer types.
fn keeps(field: &Field, column: &Type) -> bool {
    let is_text = matches!(column, Type::Text { .. });
    match field.meaning {
        Meaning::Id => is_text || *column == Type::Uuid,
        Meaning::Text | Meaning::Email | Meaning::Password => is_text || matches!(column, Type::Enum { .. }),
        Meaning::Integer => matches!(column, Type::Integer { .. }),
        Meaning::Boolean => matches!(column, Type::Boolean | Type::Integer { .. }),
        Meaning::Money => matches!(column, Type::Decimal { scale: Some(2), .. } | Type::Integer { bits: 64, .. }),
        Meaning::Instant => is_text || matches!(column, Type::Instant | Type::Timestamp),
        Meaning::Date => is_text || *column == Type::Date,
        Meaning::Json => is_text || *column == Type::Json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_sorted_and_has_no_table_twice() {
        assert!(REFERENCE.is_sorted_by_key(|entity| entity.table()));
        assert!(Registry::reference().doubled().is_empty());
        assert_eq!(Registry::new(&[&users::Users, &countries::Countries, &users::Users]).doubled(), ["users"]);
    }

    #[test]
    fn no_entity_has_a_column_twice_or_lacks_its_key() {
        for entity in Registry::reference().iter() {
            let mut names: Vec<_> = entity.fields().iter().map(|field| field.name).collect();
            assert!(entity.key().iter().all(|key| names.contains(key)), "{}", entity.table());
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{}", entity.table());
        }
    }
}
