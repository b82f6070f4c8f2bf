//! How many rows went by, how fast, and how long the others will take.

use std::time::{Duration, Instant};

use super::{Event, Observer};
use crate::text;

/// So often it is told at most, and not before: what is over by then needs no news.
const EVERY: Duration = Duration::from_millis(200);

/// The clock is asked once in so many rows: it costs more than a row may.
const ROWS: u64 = 256;

/// Rows on their way, told now and then.
#[derive(Debug)]
pub struct Pace<O> {
    observer: O,
    label: String,
    /// What is done with them: `loaded`.
    done: &'static str,
    /// How many there are; none: nobody knows.
    total: Option<u64>,
    rows: u64,
    /// How many there were when the clock was asked last.
    asked: u64,
    started: Instant,
    told: Instant,
}

impl<O: Observer> Pace<O> {
    pub fn new(observer: O, label: impl Into<String>, done: &'static str, total: Option<u64>) -> Self {
        let now = Instant::now();
        Self { observer, label: label.into(), done, total, rows: 0, asked: 0, started: now, told: now }
    }

    /// So many more rows went by.
    pub fn went(&mut self, rows: u64) {
        self.rows += rows;
        if self.rows - self.asked >= ROWS {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.asked = self.rows;
        if self.told.elapsed() < EVERY {
            return;
        }
        self.told = Instant::now();
        let progress = told(self.done, self.rows, self.total, self.started.elapsed());
        self.observer.on(Event::Progress { label: self.label.clone(), progress });
    }

    /// So many rows went by until now.
    pub fn is_at(&mut self, rows: u64) {
        self.went(rows.saturating_sub(self.rows));
    }

    /// Nothing more is told. Gives how long it took.
    pub fn finish(self) -> Duration {
        self.started.elapsed()
    }
}

/// `loaded 1,000 rows, 500 a second, 2.0 s left`
fn told(done: &str, rows: u64, total: Option<u64>, took: Duration) -> String {
    let speed = u128::from(rows) * 1_000 / took.as_millis().max(1);
    let speed = u64::try_from(speed).unwrap_or(u64::MAX);
    let told = format!("{done} {} rows, {} a second", text::thousands(rows), text::thousands(speed));
    match total {
        None => told,
        Some(total) => {
            let left = u128::from(total.saturating_sub(rows)) * took.as_millis() / u128::from(rows.max(1));
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX));
            format!("{told}, {} left", text::duration(left))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<Event>>);

    impl Observer for Kept {
        fn on(&self, event: Event) {
            self.0.lock().unwrap().push(event);
        }
    }

    #[test]
    fn what_is_left_follows_from_what_was() {
        let second = Duration::from_secs(1);
        assert_eq!(told("loaded", 1_000, Some(5_000), 2 * second), "loaded 1,000 rows, 500 a second, 8.0 s left");
        assert_eq!(told("read", 300, Some(300), second), "read 300 rows, 300 a second, 0 ms left");
        // There are more than were counted, and a clock that stands still.
        assert_eq!(told("read", 500, Some(300), Duration::ZERO), "read 500 rows, 500,000 a second, 0 ms left");
        assert_eq!(told("exported", 50, None, second), "exported 50 rows, 50 a second");
    }

    #[test]
    fn it_is_told_now_and_then() {
        let kept = Kept::default();
        let mut pace = Pace::new(&kept, "things", "loaded", Some(10_000));
        for _ in 0..5_000 {
            pace.went(1);
        }
        assert!(kept.0.lock().unwrap().is_empty(), "what is quick needs no news");
        std::thread::sleep(EVERY);
        for _ in 0..ROWS {
            pace.went(1);
        }
        pace.went(ROWS);
        let told = kept.0.lock().unwrap();
        let [Event::Progress { label, progress }] = told.as_slice() else { panic!("{told:?}") };
        assert!(label == "things" && progress.starts_with("loaded 5,") && progress.ends_with(" left"), "{progress}");
    }
}
