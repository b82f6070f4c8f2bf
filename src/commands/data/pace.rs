//! How many rows went by, and how fast.

use std::time::{Duration, Instant};

use crate::context::Context;
use crate::observer::{Event, Observer as _};
use crate::output::Progress;
use crate::text;

/// Tells how many rows went by, now and then.
pub struct Pace<'a> {
    progress: Progress<'a>,
    table: &'a str,
    started: Instant,
    told: Instant,
}

impl<'a> Pace<'a> {
    pub fn new(context: &'a Context<'_>, table: &'a str) -> Self {
        let now = Instant::now();
        Self { progress: Progress::new(context.terminal), table, started: now, told: now }
    }

    pub fn tell(&mut self, rows: u64) {
        if self.told.elapsed() < Duration::from_millis(100) {
            return;
        }
        self.told = Instant::now();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a pace for people"
        )]
        let pace = (rows as f64 / self.started.elapsed().as_secs_f64()) as u64;
        let progress = format!("{} rows, {}/s", text::thousands(rows), text::thousands(pace));
        self.progress.on(Event::Progress { label: self.table.to_owned(), progress });
    }

    /// What came by in all, when nothing is drawn any more: `1,000 rows of users, 1.2 s`.
    pub fn summary(self, rows: u64) -> String {
        let count = if rows == 1 { "1 row".to_owned() } else { format!("{} rows", text::thousands(rows)) };
        format!("{count} of `{}`, {}", self.table, text::duration(self.started.elapsed()))
    }
}
