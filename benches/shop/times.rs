//! How long each of many calls took, and what of that is told.

use std::time::Duration;

#[derive(Debug, Default, Clone)]
pub struct Times {
    calls: Vec<Duration>,
    /// How long all of it took, however many were at it.
    whole: Duration,
}

impl Times {
    pub fn add(&mut self, took: Duration) {
        self.calls.push(took);
    }

    pub fn took(&mut self, whole: Duration) {
        self.whole += whole;
    }

    /// What somebody else measured at the same time.
    pub fn join(&mut self, other: Self) {
        self.calls.extend(other.calls);
        self.whole += other.whole;
    }

    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// The time within which so many of a hundred calls were done.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.calls.clone();
        sorted.sort_unstable();
        sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
    }

    /// Calls a second.
    pub fn rate(&self) -> f64 {
        self.calls.len() as f64 / self.whole.as_secs_f64()
    }

    /// `0.12 / 0.20 / 0.31`: the 50th, 95th and 99th percentile, in milliseconds.
    pub fn percentiles(&self) -> String {
        [50, 95, 99].map(|percent| shown(self.percentile(percent))).join(" / ")
    }
}

/// In milliseconds, with as many places as tell something.
pub fn shown(took: Duration) -> String {
    let milliseconds = took.as_secs_f64() * 1e3;
    match milliseconds {
        0.0..1.0 => format!("{milliseconds:.3}"),
        1.0..10.0 => format!("{milliseconds:.2}"),
        10.0..100.0 => format!("{milliseconds:.1}"),
        _ => format!("{milliseconds:.0}"),
    }
}
