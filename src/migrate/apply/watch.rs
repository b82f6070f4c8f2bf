//! Watches the work over a connection of its own: what it waits for, and how far it has come.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::db::{Connector, Purpose, Session, Sight};
use crate::observer::{Event, Observer};

/// Work that is done sooner is not watched.
const SOON: Duration = Duration::from_millis(700);
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// What is watched, and what was seen.
#[derive(Default)]
pub(super) struct Watch {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ended: bool,
    watched: Option<Watched>,
    /// Counts the steps, so that the watcher sees when one has followed another.
    step: u64,
    /// The watcher waits for the next step. Otherwise it looks by itself: to wake it for each would cost more than most take.
    waits: bool,
    blockers: Vec<String>,
}

#[derive(Clone)]
struct Watched {
    connection: u64,
    label: String,
    since: Instant,
}

impl Watch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step begins on a connection; `None`: it cannot be watched.
    pub(super) fn begin(&self, connection: Option<u64>, label: &str) {
        let mut state = self.state();
        state.step += 1;
        state.blockers.clear();
        state.watched =
            connection.map(|connection| Watched { connection, label: label.to_owned(), since: Instant::now() });
        if std::mem::take(&mut state.waits) {
            self.changed.notify_all();
        }
    }

    /// Who held what the step waited for when it was last looked at.
    pub(super) fn blockers(&self) -> Vec<String> {
        self.state().blockers.clone()
    }

    /// Ends the watching when it is dropped.
    pub(super) fn until_dropped(&self) -> Ended<'_> {
        Ended(self)
    }

    /// Watches until it is ended. `lock`: a wait for a lock that lasts as long is over.
    pub(super) fn run(&self, connector: &Connector, lock: Duration, observer: &dyn Observer) {
        let soon = if lock.is_zero() { SOON } else { SOON.min(lock / 2) };
        let mut session: Option<Session> = None;
        while let Some((step, watched)) = self.next(soon) {
            if session.is_none() {
                session = connector.open(Purpose::Read).ok();
            }
            let Some(open) = &mut session else {
                // Without a connection there is nothing to be seen, and the work is not disturbed.
                self.pause(step);
                continue;
            };
            match connector.dialect().sight(open, watched.connection) {
                Ok(sight) => self.tell(step, &watched, sight, observer),
                Err(error) => {
                    tracing::debug!(%error, "cannot look at what the work waits for");
                    session = None;
                }
            }
            self.pause(step);
        }
    }

    /// Waits for a step that takes its time; `None`: it is over.
    fn next(&self, soon: Duration) -> Option<(u64, Watched)> {
        let mut state = self.state();
        loop {
            if state.ended {
                return None;
            }
            let left = state.watched.as_ref().map(|watched| soon.saturating_sub(watched.since.elapsed()));
            match (left, state.watched.clone()) {
                (Some(Duration::ZERO), Some(watched)) => return Some((state.step, watched)),
                (Some(left), _) => {
                    let waited = self.changed.wait_timeout(state, left);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                (None, _) => {
                    state.waits = true;
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn pause(&self, step: u64) {
        let mut state = self.state();
        state.waits = true;
        let same = |state: &mut State| !state.ended && state.step == step;
        drop(self.changed.wait_timeout_while(state, PAUSE, same));
    }

    fn tell(&self, step: u64, watched: &Watched, sight: Sight, observer: &dyn Observer) {
        let mut state = self.state();
        if state.step != step {
            return;
        }
        let new: Vec<_> = sight.blockers.iter().filter(|one| !state.blockers.contains(one)).cloned().collect();
        // What it has waited for stays known when the wait is over.
        if !sight.blockers.is_empty() {
            state.blockers = sight.blockers;
        }
        drop(state);
        for blocker in new {
            observer.on(Event::Waiting { reason: format!("`{}` waits for a lock of {blocker}", watched.label) });
        }
        if let Some(progress) = sight.progress {
            observer.on(Event::Progress { label: watched.label.clone(), progress });
        }
    }
}

/// Ends the watching.
pub(super) struct Ended<'w>(&'w Watch);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.state().ended = true;
        self.0.changed.notify_all();
    }
}
