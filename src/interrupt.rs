//! Signals that ask the process to stop: INT, TERM, HUP. The first one cancels what runs on the server and lets the work come
//! to an orderly end, which says what is in; a second one leaves at once.

use std::fmt;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Code, Error, Result};

/// Cancels the statement that runs on a connection, from another thread.
pub type Canceller = Box<dyn Fn() + Send>;

/// A signal that asks to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Hangup,
    Interrupt,
    Terminate,
}

impl Signal {
    /// The code of the error that a run ends with; its exit code is 128 and the signal's number.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Signal::Hangup => Code::HungUp,
            Signal::Interrupt => Code::Interrupted,
            Signal::Terminate => Code::Terminated,
        }
    }

    fn of(number: i32) -> Option<Self> {
        match number {
            1 => Some(Signal::Hangup),
            2 => Some(Signal::Interrupt),
            15 => Some(Signal::Terminate),
            _ => None,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Signal::Hangup => "HUP",
            Signal::Interrupt => "INT",
            Signal::Terminate => "TERM",
        })
    }
}

/// Whether the process was asked to stop, and what is at work in it. Clones are the same.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<State>);

#[derive(Default)]
struct State {
    /// The signal's number; 0: none.
    raised: AtomicI32,
    /// How much is at work that must come to an orderly end.
    working: AtomicUsize,
    canceller: Mutex<Option<Canceller>>,
    /// Clears away what the process would leave behind.
    sweeper: Mutex<Option<Canceller>>,
    ending: Mutex<Ending>,
}

/// Work that ends with the process: what was not committed is taken back then.
#[derive(Default)]
struct Ending {
    /// Says what became of the work.
    tell: Option<Box<dyn Fn(Signal) + Send>>,
    /// It is being committed, or is done: nothing is stopped any more.
    is_over: bool,
}

impl Interrupt {
    /// Listens to the process's signals, on a thread of its own, as long as the process lives.
    #[cfg(unix)]
    #[must_use]
    pub fn listen() -> Self {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

        let interrupt = Self::default();
        // Without it a signal ends the process, as it does by default.
        if let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]) {
            let interrupt = interrupt.clone();
            std::thread::spawn(move || signals.forever().for_each(|number| interrupt.raise(number)));
        }
        interrupt
    }

    #[cfg(not(unix))]
    #[must_use]
    pub fn listen() -> Self {
        Self::default()
    }

    /// The signal that asked to stop.
    #[must_use]
    pub fn raised(&self) -> Option<Signal> {
        Signal::of(self.0.raised.load(Ordering::SeqCst))
    }

    /// Something is at work from now on, until the guard is dropped; this cancels its statement. What was at work around
    /// it is cancelled again after that.
    #[must_use]
    pub fn working(&self, canceller: Option<Canceller>) -> Working {
        let around = std::mem::replace(&mut *self.canceller(), canceller);
        self.0.working.fetch_add(1, Ordering::SeqCst);
        Working { interrupt: self.clone(), around, sweeps: false }
    }

    /// Something is at work that has no statement to cancel, and must be cleared away all the same: in order, or, where the
    /// process leaves at once, by the sweeper.
    #[must_use]
    pub fn tidying(&self, sweeper: Option<Canceller>) -> Working {
        *self.sweeper() = sweeper;
        let mut working = self.working(Some(Box::new(|| {})));
        working.sweeps = true;
        working
    }

    /// From now on a signal ends the process at once, after this told what became of the work.
    pub fn ends_with(&self, tell: Box<dyn Fn(Signal) + Send>) {
        self.ending().tell = Some(tell);
    }

    /// Whether that work is so far that it is not stopped any more. Where a signal was there before, this does not return.
    pub fn set_over(&self, is_over: bool) {
        self.ending().is_over = is_over;
    }

    /// The work goes on, on another connection.
    pub fn replace(&self, canceller: Option<Canceller>) {
        *self.canceller() = canceller;
    }

    /// An error, if a signal asked to stop.
    pub fn check(&self) -> Result<()> {
        match self.raised() {
            Some(signal) => Err(Error::new(signal.code(), format!("stopped by {signal}"))),
            None => Ok(()),
        }
    }

    fn canceller(&self) -> MutexGuard<'_, Option<Canceller>> {
        self.0.canceller.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ending(&self) -> MutexGuard<'_, Ending> {
        self.0.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sweeper(&self) -> MutexGuard<'_, Option<Canceller>> {
        self.0.sweeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(unix)]
    fn raise(&self, number: i32) {
        let ending = self.ending();
        if let (Some(tell), Some(signal)) = (&ending.tell, Signal::of(number)) {
            if !ending.is_over {
                tell(signal);
                exit(number);
            }
            return;
        }
        drop(ending);
        let before = self.0.raised.swap(number, Ordering::SeqCst);
        let leave = |number, text| {
            if let Some(sweep) = &*self.sweeper() {
                sweep();
            }
            leave(number, text)
        };
        if before != 0 {
            leave(number, "left at once; `dbtool migrate status` tells what is in the database");
        }
        if self.0.working.load(Ordering::SeqCst) == 0 {
            leave(number, "interrupted; nothing was run");
        }
        let canceller = self.canceller();
        match &*canceller {
            Some(cancel) => {
                tell("stopping: the running statement is cancelled; a second signal leaves at once");
                cancel();
            }
            None if self.sweeper().is_some() => {
                leave(number, "interrupted on a scratch database; nothing was run on the database itself");
            }
            // What is not committed goes with the process.
            None => leave(
                number,
                "interrupted; what was not committed is taken back; `dbtool migrate status` tells what is in",
            ),
        }
    }
}

#[cfg(unix)]
fn tell(text: &str) {
    use std::io::Write as _;
    // A closed stderr is no reason to go on.
    let _ = writeln!(std::io::stderr(), "\n{text}");
}

#[cfg(unix)]
fn leave(number: i32, text: &str) -> ! {
    tell(text);
    exit(number)
}

#[cfg(unix)]
#[expect(clippy::exit, reason = "a signal ends the process from a thread that nobody waits for")]
fn exit(number: i32) -> ! {
    std::process::exit(128 + number)
}

/// Something is at work.
pub struct Working {
    interrupt: Interrupt,
    around: Option<Canceller>,
    /// It was given a sweeper, which goes with it.
    sweeps: bool,
}

impl Drop for Working {
    fn drop(&mut self) {
        self.interrupt.0.working.fetch_sub(1, Ordering::SeqCst);
        self.interrupt.replace(self.around.take());
        if self.sweeps {
            *self.interrupt.sweeper() = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweeper_goes_with_what_it_would_clear_away() {
        let interrupt = Interrupt::default();
        let working = interrupt.tidying(Some(Box::new(|| {})));
        assert!(interrupt.sweeper().is_some());
        drop(working);
        assert!(interrupt.sweeper().is_none());
    }
}
