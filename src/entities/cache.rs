//! Rows that were found by their key, kept for a while. Off unless a repository is given one.
//!
//! It is cleared by changes through a repository that has it. What other programs, other statements or a cascade change is seen
//! when the time of a row is over; within a transaction nothing is read from it or put into it.

use std::time::Duration;

use super::model::Model;

/// A cache of one model's rows, to share between threads.
pub struct Cache<M: Model>(moka::sync::Cache<M::Key, M>);

impl<M: Model> Cache<M> {
    /// Keeps so many rows at most, each for so long.
    #[must_use]
    pub fn new(rows: u64, time: Duration) -> Self {
        Self(moka::sync::Cache::builder().max_capacity(rows).time_to_live(time).build())
    }

    pub(super) fn get(&self, key: &M::Key) -> Option<M> {
        self.0.get(key)
    }

    pub(super) fn put(&self, row: &M) {
        self.0.insert(row.key(), row.clone());
    }

    pub(super) fn forget(&self, key: &M::Key) {
        self.0.invalidate(key);
    }

    /// Forgets everything: after a change that went by no repository.
    pub fn clear(&self) {
        self.0.invalidate_all();
    }
}
