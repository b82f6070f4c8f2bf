//! Several short files as one message, where they share a transaction: the way to the server and back is most of what they
//! take.

use std::time::Duration;

use super::work::MOST;
use crate::db::{Dialect, Failure, Took};
use crate::migrate::script::Prepared;
use crate::sql::Statement;

/// So long is a message of several files at most, in bytes.
const LONGEST: usize = 64 << 10;
/// What stands between two files: a comment may end the one before, or a statement without its `;`.
const BETWEEN: &str = "\n;\n";

/// Files that are one message.
pub(super) struct Batch<'s> {
    pub(super) source: String,
    /// The statements of all files, counted on from one to the next, and where they begin in the message.
    pub(super) statements: Vec<Statement<'s>>,
    files: Vec<Place>,
}

/// Where a file stands in its message.
struct Place {
    /// How many statements stand before it.
    statements: usize,
    /// How many bytes.
    bytes: usize,
}

/// How many files, from the first on, can be one message.
pub(super) fn together(steps: &[Prepared]) -> usize {
    let direction = steps.first().map(|prepared| prepared.step.direction);
    let mut bytes = 0;
    let fits = |prepared: &&Prepared| {
        bytes += prepared.file.held().map_or(LONGEST, |text| text.len() + BETWEEN.len());
        let alone =
            !prepared.found.is_split() || !prepared.found.survey.outside.is_empty() || prepared.verify.is_some();
        !alone && bytes < LONGEST && Some(prepared.step.direction) == direction
    };
    steps.iter().take(MOST).take_while(fits).count().max(1)
}

impl<'s> Batch<'s> {
    pub(super) fn of(steps: &'s [Prepared], dialect: &'s dyn Dialect) -> Self {
        let mut batch = Self { source: String::new(), statements: Vec::new(), files: Vec::new() };
        for prepared in steps {
            if !batch.source.is_empty() {
                batch.source.push_str(BETWEEN);
            }
            let place = Place { statements: batch.statements.len(), bytes: batch.source.len() };
            let text = prepared.file.held().map_or("", |text| &**text);
            for mut statement in prepared.statements(text, dialect) {
                statement.number += place.statements;
                statement.start += place.bytes;
                batch.statements.push(statement);
            }
            batch.source.push_str(text);
            batch.files.push(place);
        }
        batch
    }

    /// The file that failed, from 0, and its failure as if it had been sent by itself.
    pub(super) fn locate(&self, failure: Failure) -> (usize, Failure) {
        let found = match (failure.statement, failure.offset) {
            (Some(number), _) => self.files.partition_point(|place| place.statements < number),
            (None, Some(offset)) => self.files.partition_point(|place| place.bytes <= offset),
            (None, None) => 1,
        };
        let at = found.saturating_sub(1);
        let Place { statements, bytes } = self.files[at];
        let statement = failure.statement.map(|number| number - statements);
        let offset = failure.offset.map(|offset| offset.saturating_sub(bytes));
        (at, Failure { statement, offset, ..failure })
    }

    /// How long each file took, from what its statements did.
    pub(super) fn durations(&self, took: &[Took], all: Duration) -> Vec<Duration> {
        if took.len() != self.statements.len() {
            // The server counts statements in another way.
            let count = u32::try_from(self.files.len()).unwrap_or(1).max(1);
            return vec![all / count; self.files.len()];
        }
        let ends = self.files.iter().skip(1).map(|place| place.statements).chain([took.len()]);
        self.files
            .iter()
            .zip(ends)
            .map(|(place, end)| took[place.statements..end].iter().map(|one| one.1).sum())
            .collect()
    }
}
