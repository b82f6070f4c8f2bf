//! One change, as it is recorded.

use std::fmt;

use serde::Serialize;

use crate::record::Record;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    #[default]
    Done,
    Failed,
}

impl Outcome {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Failed => "failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A change of one row, or what bulk work did to one table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Event {
    /// What was done: `create`, `update`, `delete`; `place`, `pay` … an order; `import`, `seed`.
    pub action: String,
    /// The table.
    pub entity: String,
    /// The primary key, its parts joined by `,`; [`Event::MANY`] for bulk work.
    pub entity_id: String,
    pub outcome: Outcome,
    /// Why it failed.
    pub reason: Option<String>,
    /// The row as it was; nothing where there was none.
    pub before: Option<Record>,
    /// The row as it is; nothing where there is none any more. For bulk work the counts.
    pub after: Option<Record>,
}

impl Event {
    /// Stands for the id where an event is about many rows.
    pub const MANY: &str = "*";

    pub fn new(action: impl Into<String>, entity: impl Into<String>, entity_id: impl Into<String>) -> Self {
        Self { action: action.into(), entity: entity.into(), entity_id: entity_id.into(), ..Self::default() }
    }

    pub fn create(entity: impl Into<String>, id: impl Into<String>, after: Record) -> Self {
        Self::new("create", entity, id).after(after)
    }

    pub fn update(entity: impl Into<String>, id: impl Into<String>, before: Record, after: Record) -> Self {
        Self::new("update", entity, id).before(before).after(after)
    }

    pub fn delete(entity: impl Into<String>, id: impl Into<String>, before: Record) -> Self {
        Self::new("delete", entity, id).before(before)
    }

    /// What bulk work did to a table: its counts, such as `inserted` and `updated`.
    pub fn bulk<'n>(
        action: impl Into<String>,
        entity: impl Into<String>,
        counts: impl IntoIterator<Item = (&'n str, u64)>,
    ) -> Self {
        let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
        Self::new(action, entity, Self::MANY).after(counts)
    }

    #[must_use]
    pub fn before(mut self, row: Record) -> Self {
        self.before = Some(row);
        self
    }

    #[must_use]
    pub fn after(mut self, row: Record) -> Self {
        self.after = Some(row);
        self
    }

    /// The same as something that was tried, and was not done.
    #[must_use]
    pub fn failed(mut self, reason: impl Into<String>) -> Self {
        self.outcome = Outcome::Failed;
        self.reason = Some(reason.into());
        self
    }
}
