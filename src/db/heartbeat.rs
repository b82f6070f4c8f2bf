//! A connection that waits for a long time, and is kept alive meanwhile.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::session::Session;

/// How often it is used, so that neither the server nor what stands between takes it for idle.
const PAUSE: Duration = Duration::from_secs(15);

/// A session with its heartbeat, which ends when this is dropped.
pub(super) struct Alive {
    session: Arc<Mutex<Session>>,
    _beating: Sender<()>,
}

impl Alive {
    pub(super) fn new(session: Session) -> Self {
        let session = Arc::new(Mutex::new(session));
        let (beating, stopped) = channel();
        // Between two beats it is not held: it goes with its owner, and what it held on the server with it.
        let other = Arc::downgrade(&session);
        std::thread::spawn(move || {
            while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                // Whoever uses it next is told of an error.
                if other.upgrade().is_none_or(|session| locked(&session).query("SELECT 1").is_err()) {
                    return;
                }
            }
        });
        Self { session, _beating: beating }
    }

    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        locked(&self.session)
    }
}

fn locked(session: &Mutex<Session>) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}
