//! How work tells what it is doing, without knowing who watches: `output/` draws it, a test collects it.

mod pace;

use std::time::Duration;

pub use pace::Pace;

/// Something worth telling while work goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A run of so many steps begins, on what.
    Started { steps: usize, target: String },
    /// A step begins. `label` is what it is about, such as a migration's directory name.
    Step { label: String },
    /// The step that began last is done: `applied`, `reverted`.
    StepDone { done: &'static str, label: String, took: Duration },
    /// The step that began last is over; what came of it is told in the end.
    StepPassed,
    /// How far a step that takes its time has come, as the server tells it.
    Progress { label: String, progress: String },
    /// Someone else is at work, and we wait for them.
    Waiting { reason: String },
    /// Something failed and is tried again.
    Retrying { reason: String, delay: Duration },
    /// What the server said while a statement ran: its NOTICE and WARNING.
    Server { severity: String, message: String },
    /// Something that should be known, but stops nothing.
    Warning { message: String, hint: Option<String> },
}

/// Whoever watches. Several threads may tell.
pub trait Observer: Sync {
    fn on(&self, event: Event);

    fn warn(&self, message: String) {
        self.on(Event::Warning { message, hint: None });
    }

    fn warn_with(&self, message: String, hint: String) {
        self.on(Event::Warning { message, hint: Some(hint) });
    }
}

impl<O: Observer + ?Sized> Observer for &O {
    fn on(&self, event: Event) {
        (**self).on(event);
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _: Event) {}
}
