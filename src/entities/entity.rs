//! What an entity is: a table with meanings, rules, and what is to be done when its rows change.

use super::broken::Broken;
use super::error::RepositoryError;
use super::field::Field;
use crate::db::AnyConnection;
use crate::record::Record;

/// A model that is mapped to a table. Whatever changes a row goes by it: repositories, `data`, `seed`, imports.
///
/// Hooks run in the transaction of the change; an error from one rolls the change back.
pub trait Entity: Sync {
    /// The table, by its name in the connection's own schema.
    fn table(&self) -> &'static str;

    /// What one row is called: `user`.
    fn singular(&self) -> &'static str;

    /// The columns that it knows. Others of the table are taken as the database takes them.
    fn fields(&self) -> &'static [Field];

    /// The columns of its primary key.
    fn key(&self) -> &'static [&'static str] {
        &["id"]
    }

    /// The commands that alone make and remove its rows, and change its managed columns: `dbtool order`.
    fn commands(&self) -> Option<&'static str> {
        None
    }

    /// Rules about more than one column. Those of single columns are kept already.
    fn rules(&self, _record: &Record, _broken: &mut Vec<Broken>) {}

    /// May fill and change the record before it is validated.
    fn before_create(&self, _: &mut AnyConnection, _: &mut Record) -> Result<(), RepositoryError> {
        Ok(())
    }

    /// Is told the row as it is stored.
    fn after_create(&self, _: &mut AnyConnection, _: &Record) -> Result<(), RepositoryError> {
        Ok(())
    }

    /// `before` is the row as it is stored, `after` as it will be: it may be changed before it is validated.
    fn before_update(
        &self,
        _: &mut AnyConnection,
        _before: &Record,
        _after: &mut Record,
    ) -> Result<(), RepositoryError> {
        Ok(())
    }

    /// Is told both as they were and are stored.
    fn after_update(&self, _: &mut AnyConnection, _before: &Record, _after: &Record) -> Result<(), RepositoryError> {
        Ok(())
    }

    /// The row that is about to go.
    fn before_delete(&self, _: &mut AnyConnection, _: &Record) -> Result<(), RepositoryError> {
        Ok(())
    }

    /// The row that is gone.
    fn after_delete(&self, _: &mut AnyConnection, _: &Record) -> Result<(), RepositoryError> {
        Ok(())
    }
}

impl dyn Entity {
    /// A column that it knows.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name)
    }

    /// The columns whose values are masked.
    pub fn sensitive(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.fields().iter().filter(|field| field.sensitive).map(|field| field.name)
    }

    /// Brings a record into its normal form, and gives every rule that it breaks. With the row as it was, only columns that
    /// change are looked at: what was stored before there was a rule does not stand in the way of other changes.
    pub fn validate(&self, record: &mut Record, before: Option<&Record>) -> Vec<Broken> {
        let mut broken = Vec::new();
        for field in self.fields() {
            let Some(given) = record.get_mut(field.name) else {
                if before.is_none() && !field.has_default {
                    field.check(&serde_json::Value::Null, &mut broken);
                }
                continue;
            };
            match field.normal(given) {
                Ok(normal) => *given = normal,
                Err(wrong) => {
                    broken.push(wrong);
                    continue;
                }
            }
            if before.is_none_or(|before| before.get(field.name) != Some(given)) {
                field.check(given, &mut broken);
            }
        }
        if broken.is_empty() {
            self.rules(record, &mut broken);
        }
        broken
    }

    /// The key of a row, its parts joined by commas, as a person types it.
    #[must_use]
    pub fn key_of(&self, record: &Record) -> String {
        let part = |column: &&str| match record.get(*column) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        self.key().iter().map(part).collect::<Vec<_>>().join(",")
    }
}
