//! How many rows of a table went by.

use crate::context::Context;
use crate::observer::Pace;
use crate::output::Progress;
use crate::text;

/// Tells how many rows went by, now and then. `done`: what is done with them.
pub fn pace<'a>(context: &'a Context<'_>, table: &str, done: &'static str) -> Pace<Progress<'a>> {
    Pace::new(Progress::new(context.terminal), table, done, None)
}

/// What came by in all, when nothing is drawn any more: `1,000 rows of users, 1.2 s`.
pub fn summary(pace: Pace<Progress<'_>>, table: &str, rows: u64) -> String {
    let count = if rows == 1 { "1 row".to_owned() } else { format!("{} rows", text::thousands(rows)) };
    format!("{count} of `{table}`, {}", text::duration(pace.finish()))
}
