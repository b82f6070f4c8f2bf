//! The data access of one entity. Each method takes the connection that it is given, so that it works within any transaction; a
//! change is one of its own, or a savepoint in the caller's, and writes its event there.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cache::Cache;
use super::change;
use super::counted;
use super::error::RepositoryError;
use super::model::{Filter, Model};
use super::options::{Options, Page};
use crate::audit::{Event, Trail};
use crate::db::{AnyConnection, DbError, Isolation, Kind, TransactionOptions, Which, transaction};
use crate::record::Record;

pub type Result<T, E = RepositoryError> = std::result::Result<T, E>;

/// What every entity's repository can do. What only one of them can stands in its own file.
pub struct Repository<'t, M: Model> {
    trail: &'t Trail,
    cache: Option<&'t Cache<M>>,
}

/// Whether an upsert made the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upserted<M> {
    Created(M),
    Updated(M),
}

impl<M> Upserted<M> {
    #[must_use]
    pub fn into_row(self) -> M {
        match self {
            Self::Created(row) | Self::Updated(row) => row,
        }
    }
}

impl<'t, M: Model> Repository<'t, M> {
    /// Changes are recorded by the trail, and made in the name of its actor.
    #[must_use]
    pub fn new(trail: &'t Trail) -> Self {
        Self { trail, cache: None }
    }

    /// The same with a cache in front of [`Repository::find_by_id`].
    #[must_use]
    pub fn cached(self, cache: &'t Cache<M>) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// The row of a key.
    pub fn find_by_id(&self, connection: &mut AnyConnection, key: &M::Key) -> Result<M> {
        let cache = self.cache.filter(|_| !connection.is_in_transaction());
        if let Some(row) = cache.and_then(|cache| cache.get(key)) {
            return Ok(row);
        }
        let row = M::find(connection, key)?.ok_or_else(|| Self::missing(key))?;
        cache.inspect(|cache| cache.put(&row));
        Ok(row)
    }

    /// Some of the rows that a filter takes.
    pub fn find_all(&self, connection: &mut AnyConnection, filter: &Filter<M>, options: &Options) -> Result<Page<M>> {
        let rows = M::page(connection, filter, options)?;
        let total = counted::total(
            connection,
            options.count,
            |connection| M::count(connection, filter),
            |connection, most| M::count_up_to(connection, filter, most),
        )?;
        Ok(Page { rows, total })
    }

    /// How many rows a filter takes.
    pub fn count(&self, connection: &mut AnyConnection, filter: &Filter<M>) -> Result<i64> {
        Ok(M::count(connection, filter)?)
    }

    pub fn exists(&self, connection: &mut AnyConnection, key: &M::Key) -> Result<bool> {
        Ok(M::find(connection, key)?.is_some())
    }

    /// Stores a new row, and gives it as it is stored.
    pub fn create(&self, connection: &mut AnyConnection, new: &M::New) -> Result<M> {
        let record = to_record(new)?;
        let event = Event::create(M::entity().table(), self.id_of(&M::key_of(new)), record.clone());
        self.whole(connection, event, |connection| self.insert(connection, record.clone()))
    }

    /// Changes columns of a row, and gives it as it is stored then.
    pub fn update(&self, connection: &mut AnyConnection, key: &M::Key, changes: &M::Changes) -> Result<M> {
        let record = to_record(changes)?;
        let event = Event::new("update", M::entity().table(), self.id_of(key)).after(record.clone());
        let row = self.whole(connection, event, |connection| {
            let before = Self::locked(connection, key)?;
            self.write(connection, &before, record.clone())
        });
        self.forget(key);
        row
    }

    /// Removes a row, and gives it as it was.
    pub fn delete(&self, connection: &mut AnyConnection, key: &M::Key) -> Result<M> {
        let event = Event::new("delete", M::entity().table(), self.id_of(key));
        let row = self.whole(connection, event, |connection| {
            let row = Self::locked(connection, key)?;
            change::delete(connection, M::entity(), self.trail, to_record(&row)?, &mut |connection| {
                M::remove(connection, key)?;
                Ok(())
            })?;
            Ok(row)
        });
        self.forget(key);
        row
    }

    /// Stores a row: a new one, or what is new of the one that is there, by its key or its natural key.
    pub fn upsert(&self, connection: &mut AnyConnection, new: &M::New) -> Result<Upserted<M>> {
        let record = to_record(new)?;
        let event = Event::new("upsert", M::entity().table(), self.id_of(&M::key_of(new))).after(record.clone());
        let upserted = self.whole(connection, event, |connection| {
            if let Some(row) = M::same(connection, new)? {
                return self.renew(connection, &row, record.clone());
            }
            // Somebody else may store it at the same time: what fails is taken back, and the row is looked for again.
            let created = transaction(connection, &TransactionOptions::new(), |connection| {
                self.insert(connection, record.clone())
            });
            match (created, M::same(connection, new)) {
                (Err(RepositoryError::Constraint(refused)), Ok(Some(row))) if refused.which == Which::Unique => {
                    self.renew(connection, &row, record.clone())
                }
                (created, _) => created.map(Upserted::Created),
            }
        })?;
        if let Upserted::Updated(row) = &upserted {
            self.forget(&row.key());
        }
        Ok(upserted)
    }

    fn insert(&self, connection: &mut AnyConnection, record: Record) -> Result<M> {
        let stored = change::create(connection, M::entity(), self.trail, record, &mut |connection, record| {
            let new: M::New = from_record(record)?;
            M::insert(connection, &new)?;
            again::<M>(connection, &M::key_of(&new))
        })?;
        from_record(&stored)
    }

    fn write(&self, connection: &mut AnyConnection, before: &M, changes: Record) -> Result<M> {
        let key = before.key();
        let before = to_record(before)?;
        let stored =
            change::update(connection, M::entity(), self.trail, &before, changes, &mut |connection, changed| {
                M::change(connection, &key, &from_record(changed)?)?;
                again::<M>(connection, &key)
            })?;
        from_record(&stored)
    }

    /// The key of the row that is there stays, and so does who created it.
    fn renew(&self, connection: &mut AnyConnection, row: &M, mut record: Record) -> Result<Upserted<M>> {
        for column in M::entity().key().iter().chain(&["created_by"]) {
            record.remove(*column);
        }
        if record.get("updated_by").is_some_and(serde_json::Value::is_null) {
            record.remove("updated_by");
        }
        self.write(connection, row, record).map(Upserted::Updated)
    }

    /// A row that nobody else changes until the transaction is over, where its key is an id.
    fn locked(connection: &mut AnyConnection, key: &M::Key) -> Result<M> {
        if let Ok(id) = key.to_string().parse()
            && M::entity().key() == ["id"]
        {
            connection.lock_rows(M::entity().table(), &[id])?;
        }
        M::find(connection, key)?.ok_or_else(|| Self::missing(key))
    }

    /// Does all of a change, or nothing; one that fails is recorded by whoever owns the transaction.
    fn whole<T>(
        &self,
        connection: &mut AnyConnection,
        event: Event,
        work: impl FnMut(&mut AnyConnection) -> Result<T>,
    ) -> Result<T> {
        let options = TransactionOptions::new();
        // So that what others stored meanwhile is seen when it stands in the way.
        let own = !connection.is_in_transaction();
        let options = if own { options.isolation(Isolation::ReadCommitted) } else { options };
        transaction(connection, &options, work).map_err(|error| {
            if matches!(error, RepositoryError::Connection(_)) {
                return error;
            }
            match (self.trail.note_of_failure(connection, event, error.to_string()), error) {
                (Some(note), RepositoryError::Refused(error)) => error.note(note).into(),
                (Some(note), error) => {
                    // The other kinds are for programs, and have no place for it.
                    tracing::warn!("{note}");
                    error
                }
                (None, error) => error,
            }
        })
    }

    /// A key in an event.
    fn id_of(&self, key: &impl Display) -> String {
        change::id_of(M::entity(), self.trail, key.to_string())
    }

    fn forget(&self, key: &M::Key) {
        if let Some(cache) = self.cache {
            cache.forget(key);
        }
    }

    fn missing(key: &impl Display) -> RepositoryError {
        RepositoryError::NotFound { entity: M::entity().singular(), key: key.to_string() }
    }
}

/// The row as it is stored: what the database filled in is in it.
fn again<M: Model>(connection: &mut AnyConnection, key: &M::Key) -> Result<Record> {
    to_record(&M::find(connection, key)?.ok_or_else(|| Repository::<M>::missing(key))?)
}

fn to_record(value: &impl Serialize) -> Result<Record> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::Object(record)) => Ok(record),
        Ok(other) => Err(no_record(&other)),
        Err(error) => Err(no_record(&error)),
    }
}

fn from_record<T: DeserializeOwned>(record: &Record) -> Result<T> {
    serde_json::from_value(record.clone().into()).map_err(|error| no_record(&error))
}

/// A model whose serde attributes and fields are not of one mind.
fn no_record(cause: &impl Display) -> RepositoryError {
    DbError::new(Kind::Data, format!("the model is no record: {cause}")).into()
}
