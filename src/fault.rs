//! Points at which a test ends the process as `kill -9` would: nothing is flushed, dropped or told. In a release they are
//! nothing at all.

#[cfg(all(debug_assertions, unix))]
mod armed {
    use std::sync::atomic::{AtomicU64, Ordering};

    /// How many points are left until the end; 0: none is armed.
    static LEFT: AtomicU64 = AtomicU64::new(0);

    pub fn arm(at: &str) {
        LEFT.store(at.parse().unwrap_or(0), Ordering::SeqCst);
    }

    pub fn point() {
        let before = LEFT.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if before == Ok(1) {
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGKILL);
        }
    }
}

/// The variable that arms a point, by its number from 1.
pub const VARIABLE: &str = "DBTOOL_FAULT_AT";

/// From now on the process ends at the point of this number.
#[cfg(all(debug_assertions, unix))]
pub use armed::arm;
/// One step of the work is behind, and the next not begun.
#[cfg(all(debug_assertions, unix))]
pub use armed::point;

/// One step of the work is behind, and the next not begun.
#[cfg(not(all(debug_assertions, unix)))]
#[inline]
pub fn point() {}

/// A release has no points.
#[cfg(not(all(debug_assertions, unix)))]
#[inline]
pub fn arm(_: &str) {}
