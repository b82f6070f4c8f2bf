//! A migration that stopped half way: what is in, what is in doubt, and how to go on.

use super::direction::Direction;
use super::inventory::Entry;
use crate::error::{Code, Error};
use crate::version::Version;

/// A migration that is neither in the database nor out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    pub direction: Direction,
    pub statements: usize,
    /// The last statement that was begun, from 1; 0: none.
    pub started: usize,
    /// The last statement that is in.
    pub done: usize,
    /// The statement that failed. Those between it and the last that is in were rolled back with it.
    pub failed: Option<usize>,
    pub at: String,
    pub by: String,
    pub run_id: String,
    pub error: Option<String>,
    /// Its runner did not close it: it is still at work, or died.
    pub open: bool,
    /// The number by which the server knew its connection.
    pub connection: Option<u64>,
    /// The number of its row in the journal.
    pub row: i64,
    /// It ended the transaction that it was to run in: which of its statements are in is not known.
    pub escaped: bool,
    /// As the journal has it.
    pub name: String,
    /// Its runner is gone, and the server still works for it.
    pub at_work: bool,
    /// What it has left went with its connection, so that the rest cannot be run on another one.
    pub stranded: bool,
    /// The statement that failed begins or ends a transaction, so that it cannot be taken as done.
    pub ends: bool,
    /// Its text is too long for the journal, so that its rest runs only as it was.
    pub long: bool,
}

impl Half {
    /// The statement that failed, or is in doubt, from 1.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failed.unwrap_or(self.started).max(self.done + 1)
    }

    /// Every statement is in; what is missing is the record of it.
    #[must_use]
    pub fn is_through(&self) -> bool {
        self.statements > 0 && self.done >= self.statements
    }

    /// The first of the statements that were rolled back with the one that failed.
    fn rolled_back(&self) -> Option<usize> {
        (self.started == self.done && self.done + 1 < self.failed()).then_some(self.done + 1)
    }

    /// Which statements are in, and which one is in doubt.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.escaped {
            return "it ended the transaction that it ran in: which of its statements are in is not known".to_owned();
        }
        let still = self.connection.filter(|_| self.at_work);
        let still = still.map(|id| format!("its runner died, and the server still works on it, on connection {id}"));
        if self.started <= self.done {
            let reached = reached(self.direction, self.statements, self.done, self.failed);
            // What it works on is a transaction, and not in yet.
            return still.map_or(reached.clone(), |still| format!("{reached}; {still}"));
        }
        let reached = reached(self.direction, self.statements, self.done, None);
        let why = still.unwrap_or_else(|| {
            let why = if self.open {
                "its runner died while it ran"
            } else {
                "it failed, and may have left something behind"
            };
            why.to_owned()
        });
        let doubtful = doubtful(self.done, self.started);
        format!("{reached}; {doubtful} in doubt: {why}")
    }
}

/// `statement 4 is`, `statements 4 to 6 are`.
fn doubtful(done: usize, started: usize) -> String {
    if started > done + 1 {
        format!("statements {} to {started} are", done + 1)
    } else {
        format!("statement {started} is")
    }
}

/// How far a file has come: `statements 1 to 3 of 9 are in the database; statement 6 failed, and statements 4 to 5 were
/// rolled back with it`. What a down does is not in the database afterwards, so its statements have run.
#[must_use]
pub fn reached(direction: Direction, total: usize, done: usize, failed: Option<usize>) -> String {
    let (one, many) = if direction == Direction::Up {
        ("is in the database", "are in the database")
    } else {
        ("has run", "have run")
    };
    let is_in = match (total, done) {
        (1, 0) => format!("whether its only statement {one} is not known"),
        (_, 0) => format!("none of its {total} statements is known to have run"),
        (_, 1) => format!("statement 1 of {total} {one}"),
        (_, done) => format!("statements 1 to {done} of {total} {many}"),
    };
    match failed {
        Some(failed) if failed == done + 2 => {
            format!("{is_in}; statement {failed} failed, and statement {} was rolled back with it", failed - 1)
        }
        Some(failed) if failed > done + 2 => {
            let (first, last) = (done + 1, failed - 1);
            format!("{is_in}; statement {failed} failed, and statements {first} to {last} were rolled back with it")
        }
        _ => is_in,
    }
}

/// The error for a half-applied migration: what is in, what is in doubt, how to go on.
#[must_use]
pub fn half_applied(entry: &Entry, half: &Half) -> Error {
    let up = half.direction == Direction::Up;
    let done_to = if up { "applied" } else { "reverted" };
    let mut error = Error::new(Code::HalfApplied, format!("the migration `{}` is half {done_to}", entry.label()))
        .note(format!("it ran at {} by {}, run {}", half.at, half.by, half.run_id))
        .note(half.describe());
    if let Some(cause) = &half.error {
        error = error.because(cause);
    }
    let repair = format!("dbtool migrate repair {}", entry.version);
    let (failed, total) = (half.failed(), half.statements);
    if half.at_work {
        // Until then no answer is taken.
        return error.hint("wait until the server is done with it, or end that connection, and look again").hint(GUIDE);
    }
    if entry.migration.is_none() {
        error = error.hint(format!(
            "its directory is not here: `dbtool migrate history {}` shows the text that ran; a checkout that has it can run the rest",
            entry.version
        ));
    } else if half.is_through() {
        error =
            error.hint(format!("`{repair} --retry --reason TEXT` records that all of it is in; it runs nothing again"));
    } else if half.long && half.direction == Direction::Down {
        error =
            error.hint("its down.sql is too long to be compared with what ran, so its rest cannot be run by itself");
    } else if half.stranded {
        error = error.hint(
            "what it left went with its connection, such as a temporary table, so its rest cannot be run by itself",
        );
    } else if !half.escaped {
        // What was rolled back with it runs again in both ways.
        let again = match half.rolled_back() {
            Some(first) => format!("statements {first} to {failed}"),
            None if half.started > half.done + 1 => format!("statements {} to {failed}", half.done + 1),
            None => format!("statement {failed}"),
        };
        let mend = if half.long {
            "the file must be as it was: it is too long to be compared with what ran"
        } else {
            "mend the file before, if it was wrong"
        };
        error = error.hint(format!("`{repair} --retry --reason TEXT` runs {again} again and goes on; {mend}"));
        let alone = half.started <= half.done + 1;
        if alone && !half.ends && (failed < total || half.rolled_back().is_some()) {
            let next = half.rolled_back().unwrap_or(failed + 1);
            error = error.hint(format!(
                "`{repair} --resume --reason TEXT` takes statement {failed} as done, and goes on with statement {next}"
            ));
        }
    }
    if half.long && up && entry.migration.is_some() {
        error = error.hint(anew(&entry.version));
    }
    let (finished, undone) =
        if up { ("--mark-applied", "--mark-pending") } else { ("--mark-pending", "--mark-applied") };
    error
        .hint(format!(
            "`{repair} {finished} --reason TEXT` when you have finished it by hand, `{undone}` when you have undone it"
        ))
        .hint(GUIDE)
}

const GUIDE: &str = "docs/recovery.md goes through it";

/// How a file is mended whose rest cannot be run by itself.
#[must_use]
pub fn anew(version: &Version) -> String {
    format!(
        "to mend it, undo by hand what is in, `dbtool migrate repair {version} --mark-pending --reason TEXT`, mend the file, and `dbtool migrate up`"
    )
}
