//! Changes of rows, one by one: through the rules and hooks of an entity, with an event for each, in the transaction that is
//! open.

use serde_json::Value as Json;

use super::key::Key;
use super::refusal::refused;
use super::select::{Lock, find, read};
use super::subject::Subject;
use super::writer::Writer;
use crate::audit::{Event, Trail};
use crate::db::types::Id;
use crate::db::{AnyConnection, DbError, Value, Which};
use crate::entities::{Broken, Entity, Meaning, RepositoryError};
use crate::error::{Code, Error, Result};
use crate::record::Record;
use crate::secret::MASK;
use crate::text;

/// How rows of one table are changed.
pub struct Changes<'s, 'c> {
    pub subject: &'s Subject<'c>,
    pub trail: &'s Trail,
    /// Whether each row has an event of its own.
    pub events: bool,
    /// Whether what an entity keeps for its own commands may be changed all the same: seeds do.
    pub managed: bool,
}

/// What became of a row that was to be there.
#[derive(Debug, Clone, PartialEq)]
pub enum Upserted {
    Created(Record),
    /// Before and after.
    Updated(Record, Record),
    Unchanged(Record),
}

impl<'s, 'c> Changes<'s, 'c> {
    /// With an event for each row, within what users may change.
    #[must_use]
    pub fn new(subject: &'s Subject<'c>, trail: &'s Trail) -> Self {
        Self { subject, trail, events: true, managed: false }
    }

    /// Stores a new row, and gives it as it is stored.
    pub fn create(&self, connection: &mut AnyConnection, record: Record) -> Result<Record> {
        let stored = self.store(connection, record, false)?;
        stored.ok_or_else(|| Error::new(Code::Unexpected, "a row was stored, and nothing came of it"))
    }

    /// The same. `yields`: nothing is stored, and `None` told, where another row has the same key.
    fn store(&self, connection: &mut AnyConnection, mut record: Record, yields: bool) -> Result<Option<Record>> {
        let subject = self.subject;
        subject.to_change()?;
        self.check_columns(&record)?;
        self.check_commands("creates")?;
        if let Some(entity) = subject.entity {
            fill_key(entity, &mut record);
            self.stamp(&mut record, &["created_by", "updated_by"]);
            entity.before_create(connection, &mut record)?;
            check_rules(entity, entity.validate(&mut record, None))?;
        }
        self.fill_defaults(connection, &mut record)?;
        let Some(stored) = self.insert(connection, &record, yields)? else { return Ok(None) };
        if let Some(entity) = subject.entity {
            entity.after_create(connection, &stored)?;
        }
        self.tell(connection, |id| Event::create(self.table(), id, stored.clone()), &stored)?;
        Ok(Some(stored))
    }

    /// Changes columns of a row that was read, and gives it as it is stored then. Nothing is done where nothing changes.
    pub fn update(&self, connection: &mut AnyConnection, before: &[Value], changes: &Record) -> Result<Record> {
        let subject = self.subject;
        subject.to_change()?;
        self.check_columns(changes)?;
        let old = subject.record(before);
        let mut new = old.clone();
        for (name, value) in changes {
            new.insert(name.clone(), value.clone());
        }
        if let Some(entity) = subject.entity {
            self.check_managed(entity, &old, &new)?;
            entity.before_update(connection, &old, &mut new)?;
            check_rules(entity, entity.validate(&mut new, Some(&old)))?;
        }
        let mut changed = Vec::new();
        for (at, column) in subject.columns.iter().enumerate() {
            let Some(json) = new.get(&column.name).filter(|_| !column.generated) else { continue };
            if Some(json) == old.get(&column.name) {
                continue;
            }
            let value = subject.value(at, json)?;
            // Written otherwise, it may be the same.
            if value != before[at] && column.kind.json(&value) != old.get(&column.name).cloned().unwrap_or_default() {
                changed.push((at, value));
            }
        }
        if changed.is_empty() {
            return Ok(old);
        }
        if subject.entity.is_some() {
            self.stamp(&mut new, &["updated_by"]);
            if let Ok(at) = subject.column("updated_by")
                && let Some(json) = new.get("updated_by").filter(|json| Some(*json) != old.get("updated_by"))
                && !changed.iter().any(|(other, _)| *other == at)
            {
                changed.push((at, subject.value(at, json)?));
            }
        }
        let key = self.key_of(before)?;
        let mut writer = Writer::new(subject.grammar);
        writer.push("UPDATE ").push(&subject.quoted()).push(" SET ");
        writer.list(", ", &changed, |writer, (at, value)| {
            let column = &subject.columns[*at];
            writer.name(&column.name).push(" = ").bind(column, value.clone());
        });
        writer.push(" WHERE ");
        key.write(subject, &mut writer);
        self.run(connection, &writer, &new)?;
        let mut now = key;
        for (at, value) in &changed {
            if let Some(part) = now.columns.iter().position(|column| column == at) {
                now.values[part] = value.clone();
            }
        }
        let stored = subject.record(&read(connection, subject, &now, Lock::None)?);
        if let Some(entity) = subject.entity {
            entity.after_update(connection, &old, &stored)?;
        }
        self.tell(connection, |id| Event::update(self.table(), id, old.clone(), stored.clone()), &stored)?;
        Ok(stored)
    }

    /// Removes a row that was read, and gives it as it was.
    pub fn delete(&self, connection: &mut AnyConnection, before: &[Value]) -> Result<Record> {
        let subject = self.subject;
        subject.to_change()?;
        self.check_commands("removes")?;
        let old = subject.record(before);
        if let Some(entity) = subject.entity {
            entity.before_delete(connection, &old)?;
        }
        let key = self.key_of(before)?;
        let mut writer = Writer::new(subject.grammar);
        writer.push("DELETE FROM ").push(&subject.quoted()).push(" WHERE ");
        key.write(subject, &mut writer);
        self.run(connection, &writer, &old)?;
        if let Some(entity) = subject.entity {
            entity.after_delete(connection, &old)?;
        }
        self.tell(connection, |id| Event::delete(self.table(), id, old.clone()), &old)?;
        Ok(old)
    }

    /// Makes a row be there: changes the one that has the same key, or stores a new one.
    pub fn upsert(&self, connection: &mut AnyConnection, record: Record) -> Result<Upserted> {
        let subject = self.subject;
        let Some(key) = Key::of_record(subject, &record)? else {
            let keys = subject.keys();
            let names = |key: &Vec<usize>| {
                format!("`{}`", key.iter().map(|at| subject.columns[*at].name.as_str()).collect::<Vec<_>>().join(", "))
            };
            let message = format!("no key of `{}` is given, by which a row that is there could be known", subject.name);
            // Without a value it is this row that is at fault, and not whoever left the column out.
            let is_there = |key: &Vec<usize>| key.iter().all(|at| record.contains_key(&subject.columns[*at].name));
            let code = if keys.iter().any(is_there) { Code::Value } else { Code::Usage };
            let error = Error::new(code, message).note("nothing was done");
            return Err(error.hint(format!("give one of {}", text::listed(keys.iter().map(names)))));
        };
        // Two that lock the place of a row that is not there would wait for each other.
        let is_there = !subject.grammar.locks_gaps() || find(connection, subject, &key, Lock::None)?.is_some();
        let found = if is_there { find(connection, subject, &key, Lock::ForUpdate)? } else { None };
        let before = match found {
            Some(before) => before,
            None => match self.store(connection, record.clone(), true)? {
                Some(created) => return Ok(Upserted::Created(created)),
                // Another stored it meanwhile; or a row of another key is in the way, which is an error.
                None => match find(connection, subject, &key, Lock::ForUpdate)? {
                    Some(before) => before,
                    None => return self.create(connection, record).map(Upserted::Created),
                },
            },
        };
        let old = subject.record(&before);
        let after = self.update(connection, &before, &record)?;
        Ok(if after == old { Upserted::Unchanged(after) } else { Upserted::Updated(old, after) })
    }

    /// Changes every row of a table without an entity by one statement, and tells how many. `most`: more are refused.
    pub fn update_all(&self, connection: &mut AnyConnection, changes: &Record, most: Option<u64>) -> Result<u64> {
        let subject = self.subject;
        subject.to_change()?;
        self.check_columns(changes)?;
        let mut writer = Writer::new(subject.grammar);
        writer.push("UPDATE ").push(&subject.quoted()).push(" SET ");
        let values = changes.iter().map(|(name, json)| {
            let at = subject.column(name)?;
            Ok((at, subject.value(at, json)?))
        });
        writer.list(", ", values.collect::<Result<Vec<_>>>()?, |writer, (at, value)| {
            let column = &subject.columns[at];
            writer.name(&column.name).push(" = ").bind(column, value);
        });
        let count = self.run(connection, &writer, changes)?;
        self.check_most(count, most)?;
        self.tell_all(connection, "update", "updated", count)?;
        Ok(count)
    }

    /// Removes every row of a table without an entity by one statement, and tells how many. `most`: more are refused.
    pub fn delete_all(&self, connection: &mut AnyConnection, most: Option<u64>) -> Result<u64> {
        self.subject.to_change()?;
        let mut writer = Writer::new(self.subject.grammar);
        writer.push("DELETE FROM ").push(&self.subject.quoted());
        let count = self.run(connection, &writer, &Record::new())?;
        self.check_most(count, most)?;
        self.tell_all(connection, "delete", "deleted", count)?;
        Ok(count)
    }

    fn check_most(&self, count: u64, most: Option<u64>) -> Result<()> {
        let Some(most) = most.filter(|most| count > *most) else { return Ok(()) };
        let message = format!("{count} rows of `{}` would change, and {most} may", self.subject.name);
        Err(Error::new(Code::TooManyRows, message).note("nothing was done"))
    }

    /// Writes one event for many rows.
    pub fn tell_all(&self, connection: &mut AnyConnection, action: &str, done: &str, count: u64) -> Result<()> {
        let event = Event::bulk(action, self.table(), [(done, count)]);
        self.write(connection, &event)
    }

    fn table(&self) -> String {
        self.subject.name.to_string()
    }

    fn key_of(&self, before: &[Value]) -> Result<Key> {
        Key::of_values(self.subject, before).ok_or_else(|| {
            let message =
                format!("`{}` has no primary key, by which one of its rows could be changed", self.subject.name);
            Error::new(Code::Refused, message).note("nothing was done")
        })
    }

    /// What is no column, or takes no value.
    fn check_columns(&self, record: &Record) -> Result<()> {
        for name in record.keys() {
            let column = &self.subject.columns[self.subject.column(name)?];
            if column.generated {
                let message = format!("`{}.{name}` is computed by the database, and takes no value", self.subject.name);
                return Err(Error::new(Code::Usage, message).note("nothing was done"));
            }
        }
        Ok(())
    }

    /// The rows of some entities come and go by commands of their own.
    fn check_commands(&self, does: &str) -> Result<()> {
        let Some(commands) = self.subject.entity.and_then(Entity::commands).filter(|_| !self.managed) else {
            return Ok(());
        };
        let message = format!("`{commands}` alone {does} rows of `{}`", self.subject.name);
        Err(Error::new(Code::Invalid, message).note("nothing was done").hint(format!("`{commands} --help` tells how")))
    }

    fn check_managed(&self, entity: &'static dyn Entity, old: &Record, new: &Record) -> Result<()> {
        let Some(commands) = entity.commands().filter(|_| !self.managed) else { return Ok(()) };
        let column =
            self.subject.columns.iter().find(|column| column.managed && old.get(&column.name) != new.get(&column.name));
        let Some(column) = column else { return Ok(()) };
        let message = format!("`{}.{}` changes by `{commands}` alone", self.subject.name, column.name);
        Err(Error::new(Code::Invalid, message).note("nothing was done").hint(format!("`{commands} --help` tells how")))
    }

    /// Who it was, where the table keeps it and the actor is one of its users.
    fn stamp(&self, record: &mut Record, columns: &[&str]) {
        let Some(user) = self.trail.user() else { return };
        for name in columns {
            if self.subject.columns.iter().any(|column| column.name == *name) {
                record.insert((*name).to_owned(), user.to_string().into());
            }
        }
    }

    /// Where an INSERT does not give back what it stored, a key that the database makes by an expression is asked for before.
    fn fill_defaults(&self, connection: &mut AnyConnection, record: &mut Record) -> Result<()> {
        if self.subject.grammar.returns() {
            return Ok(());
        }
        for at in self.subject.key() {
            let column = &self.subject.columns[at];
            let Some(default) =
                column.default.as_ref().filter(|_| !column.counted && !record.contains_key(&column.name))
            else {
                continue;
            };
            let rows = connection.select(&format!("SELECT {default}"), &[])?;
            if let Some(value) = rows.into_iter().flatten().next() {
                record.insert(column.name.clone(), column.kind.json(&value));
            }
        }
        Ok(())
    }

    /// Stores a row, and gives it as it is stored, with what the database filled in. `yields`: `None` where another row is in its
    /// way.
    fn insert(&self, connection: &mut AnyConnection, record: &Record, yields: bool) -> Result<Option<Record>> {
        let subject = self.subject;
        let (mut given, mut always) = (Vec::new(), false);
        for (name, json) in record {
            let at = subject.column(name)?;
            always |= subject.columns[at].always;
            given.push((at, subject.value(at, json)?));
        }
        let key = subject.key();
        let mut writer = Writer::new(subject.grammar);
        writer.push("INSERT INTO ").push(&subject.quoted()).push(" ");
        if given.is_empty() {
            let words = subject.grammar.only_defaults();
            writer.push(words);
        } else {
            writer.push("(").list(", ", &given, |writer, (at, _)| {
                writer.name(&subject.columns[*at].name);
            });
            let overriding = subject.grammar.overriding(always);
            writer.push(")").push(overriding).push(" VALUES (").list(", ", &given, |writer, (at, value)| {
                writer.bind(&subject.columns[*at], value.clone());
            });
            writer.push(")");
        }
        if yields {
            let words = subject.grammar.yielding();
            writer.push(words);
        }
        let gives_way = |error: &DbError| {
            yields && error.constraint.as_ref().is_some_and(|constraint| constraint.which == Which::Unique)
        };
        let stored: Option<Key> = if subject.grammar.returns() {
            // What a trigger changes afterwards is no part of RETURNING: the row is read again by its key.
            let wanted: Vec<usize> = if key.is_empty() { (0..subject.columns.len()).collect() } else { key.clone() };
            writer.push(" RETURNING ");
            let bare = |at: &usize| {
                let column = &subject.columns[*at];
                subject.grammar.read(&subject.grammar.identifier(&column.name), column.form)
            };
            writer.list(", ", wanted.iter().map(bare), |writer, column| {
                writer.push(&column);
            });
            let rows = match connection.select(&writer.sql, &writer.binds) {
                Err(error) if gives_way(&error) => return Ok(None),
                rows => rows.map_err(|error| refused(subject, record, error))?,
            };
            let values = match rows.into_iter().next() {
                None if yields => return Ok(None),
                values => values.unwrap_or_default(),
            };
            if key.is_empty() {
                return Ok(Some(subject.record(&values)));
            }
            Some(Key { columns: key, values })
        } else {
            match connection.change(&writer.sql, &writer.binds) {
                Err(error) if gives_way(&error) => return Ok(None),
                done => done.map_err(|error| refused(subject, record, error))?,
            };
            let counted =
                key.iter().any(|at| subject.columns[*at].counted && !given.iter().any(|(given, _)| given == at));
            let last = if counted { connection.select(subject.grammar.last_number(), &[])? } else { Vec::new() };
            let last = last.into_iter().flatten().next();
            let part = |at: &usize| {
                given.iter().find(|(given, _)| given == at).map(|(_, value)| value.clone()).or_else(|| last.clone())
            };
            let values = key.iter().map(part).collect::<Option<Vec<_>>>();
            values.filter(|values| !values.is_empty()).map(|values| Key { columns: key, values })
        };
        Ok(Some(match stored {
            Some(key) => subject.record(&read(connection, subject, &key, Lock::None)?),
            None => record.clone(),
        }))
    }

    fn run(&self, connection: &mut AnyConnection, writer: &Writer, record: &Record) -> Result<u64> {
        connection.change(&writer.sql, &writer.binds).map_err(|error| refused(self.subject, record, error))
    }

    /// Writes the event of a row, where there is a place for it.
    fn tell(&self, connection: &mut AnyConnection, event: impl FnOnce(String) -> Event, row: &Record) -> Result<()> {
        if !self.events || !self.trail.writes() {
            return Ok(());
        }
        let part = |at: usize| match row.get(&self.subject.columns[at].name) {
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let key = self.subject.key();
        let id = if key.iter().any(|at| self.subject.columns[*at].sensitive) {
            MASK.to_owned()
        } else {
            key.into_iter().map(part).collect::<Vec<_>>().join(",")
        };
        self.write(connection, &event(id))
    }

    fn write(&self, connection: &mut AnyConnection, event: &Event) -> Result<()> {
        self.trail
            .write(connection, event)
            .map_err(|error| connection.failure(error).into_error("the change could not be recorded, and was not made"))
    }
}

fn check_rules(entity: &'static dyn Entity, broken: Vec<Broken>) -> Result<()> {
    if broken.is_empty() {
        return Ok(());
    }
    Err(Error::from(RepositoryError::Validation { entity: entity.singular(), broken }).note("nothing was done"))
}

/// Ids are made here, so that they rise with time.
fn fill_key(entity: &'static dyn Entity, record: &mut Record) {
    if let [key] = entity.key()
        && entity.field(key).is_some_and(|field| field.meaning == Meaning::Id && field.has_default)
    {
        record.entry(*key).or_insert_with(|| Id::new().to_string().into());
    }
}
