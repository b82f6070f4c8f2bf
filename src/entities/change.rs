//! How a row of an entity is changed: hooks, rules, the statement, the event, in this order. The statement is the caller's; so
//! one way serves every model, and is compiled once.

use serde_json::Value;

use super::entity::Entity;
use super::error::RepositoryError;
use crate::audit::{Event, Trail};
use crate::db::AnyConnection;
use crate::record::Record;
use crate::secret::MASK;

/// Writes a record, or columns that change, and gives the row as it is stored then.
pub type Store<'s> = &'s mut dyn FnMut(&mut AnyConnection, &Record) -> Result<Record, RepositoryError>;

/// Stores a new row.
pub fn create(
    connection: &mut AnyConnection,
    entity: &'static dyn Entity,
    trail: &Trail,
    mut record: Record,
    store: Store<'_>,
) -> Result<Record, RepositoryError> {
    stamp(entity, trail, &mut record, &["created_by", "updated_by"]);
    entity.before_create(connection, &mut record)?;
    check(entity, &mut record, None)?;
    let stored = store(connection, &record)?;
    entity.after_create(connection, &stored)?;
    trail.write(
        connection,
        &Event::create(entity.table(), id_of(entity, trail, entity.key_of(&stored)), stored.clone()),
    )?;
    Ok(stored)
}

/// Changes columns of a row. Nothing is done where nothing changes.
pub fn update(
    connection: &mut AnyConnection,
    entity: &'static dyn Entity,
    trail: &Trail,
    before: &Record,
    changes: Record,
    store: Store<'_>,
) -> Result<Record, RepositoryError> {
    let mut after = before.clone();
    after.extend(changes);
    entity.before_update(connection, before, &mut after)?;
    check(entity, &mut after, Some(before))?;
    let mut changed: Record = after.into_iter().filter(|(column, value)| before.get(column) != Some(value)).collect();
    if changed.is_empty() {
        return Ok(before.clone());
    }
    stamp(entity, trail, &mut changed, &["updated_by"]);
    let stored = store(connection, &changed)?;
    entity.after_update(connection, before, &stored)?;
    let event =
        Event::update(entity.table(), id_of(entity, trail, entity.key_of(&stored)), before.clone(), stored.clone());
    trail.write(connection, &event)?;
    Ok(stored)
}

/// Removes a row.
pub fn delete(
    connection: &mut AnyConnection,
    entity: &'static dyn Entity,
    trail: &Trail,
    before: Record,
    remove: &mut dyn FnMut(&mut AnyConnection) -> Result<(), RepositoryError>,
) -> Result<(), RepositoryError> {
    entity.before_delete(connection, &before)?;
    remove(connection)?;
    entity.after_delete(connection, &before)?;
    trail.write(connection, &Event::delete(entity.table(), id_of(entity, trail, entity.key_of(&before)), before))?;
    Ok(())
}

/// A key in an event. It is masked where one of its parts is sensitive.
pub(super) fn id_of(entity: &dyn Entity, trail: &Trail, key: String) -> String {
    let is_sensitive = |column: &&str| trail.sensitive().has(entity.table(), column);
    if entity.key().iter().any(is_sensitive) { MASK.to_owned() } else { key }
}

fn check(entity: &'static dyn Entity, record: &mut Record, before: Option<&Record>) -> Result<(), RepositoryError> {
    let broken = entity.validate(record, before);
    if broken.is_empty() { Ok(()) } else { Err(RepositoryError::Validation { entity: entity.singular(), broken }) }
}

/// In whose name, where the entity keeps that and nothing else was said.
fn stamp(entity: &'static dyn Entity, trail: &Trail, record: &mut Record, columns: &[&str]) {
    let Some(user) = trail.user() else { return };
    for column in columns.iter().filter(|column| entity.field(column).is_some()) {
        let value = record.entry(*column).or_insert(Value::Null);
        if value.is_null() {
            *value = user.to_string().into();
        }
    }
}
