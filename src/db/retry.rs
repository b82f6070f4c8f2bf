//! Pauses between attempts: exponential, with jitter, up to a deadline.

use std::time::{Duration, Instant};

use crate::config::RetrySettings;

/// Counts the attempts of one piece of work.
#[derive(Debug, Clone)]
pub struct Backoff {
    settings: RetrySettings,
    started: Instant,
    attempt: u32,
}

impl Backoff {
    #[must_use]
    pub fn new(settings: RetrySettings) -> Self {
        Self { settings, started: Instant::now(), attempt: 1 }
    }

    /// The attempt that is under way, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The pause before the next attempt; `None`: there is none.
    pub fn next_pause(&mut self) -> Option<Duration> {
        if self.attempt >= self.settings.attempts {
            return None;
        }
        let pause = jittered(exponential(&self.settings, self.attempt));
        self.attempt += 1;
        (self.started.elapsed() + pause <= self.settings.deadline).then_some(pause)
    }
}

/// The pause behind the attempt of this number, without jitter: `base`, doubled each time, `max` at most.
fn exponential(settings: &RetrySettings, attempt: u32) -> Duration {
    let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
    settings.base.saturating_mul(factor).min(settings.max)
}

/// Between half of a pause and the whole, so that many clients do not come back at once.
#[must_use]
pub fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: RetrySettings = RetrySettings {
        attempts: 5,
        base: Duration::from_millis(200),
        max: Duration::from_secs(1),
        deadline: Duration::from_secs(30),
    };

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<_> = (1..5).map(|attempt| exponential(&SETTINGS, attempt).as_millis()).collect();
        assert_eq!(pauses, [200, 400, 800, 1_000]);
    }

    #[test]
    fn attempts_and_deadline_end_it() {
        let mut backoff = Backoff::new(SETTINGS);
        assert_eq!(std::iter::from_fn(|| backoff.next_pause()).count(), 4);
        let mut backoff = Backoff::new(RetrySettings { deadline: Duration::from_millis(50), ..SETTINGS });
        assert_eq!(backoff.next_pause(), None);
    }

    #[test]
    fn jitter_stays_within_half() {
        for _ in 0..100 {
            let pause = jittered(Duration::from_millis(100));
            assert!((50..=100).contains(&pause.as_millis()));
        }
    }
}
