//! Draws what work tells: a line for each step, and a bar on a terminal where there are many.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::{Style, Terminal, Verbosity};
use crate::observer::{Event, Observer};
use crate::text;

/// From how many steps on a bar is drawn.
const MANY: usize = 10;

/// How often a bar moves by itself.
const TICK: Duration = Duration::from_millis(200);

/// Watches work on behalf of a terminal.
#[derive(Debug)]
pub struct Progress<'a> {
    terminal: &'a Terminal,
    bar: Mutex<Option<ProgressBar>>,
}

impl<'a> Progress<'a> {
    #[must_use]
    pub fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, bar: Mutex::default() }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_bar(&self, draw: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.bar().as_ref() {
            draw(bar);
        }
    }

    /// A step is over. What was drawn for it alone goes with it.
    fn passed(&self) {
        self.with_bar(|bar| bar.inc(1));
        let mut drawn = self.bar();
        if drawn.as_ref().is_some_and(|bar| bar.length() == Some(0)) {
            drawn.take().iter().for_each(ProgressBar::finish_and_clear);
        }
    }

    /// Prints above the bar.
    pub fn above(&self, print: impl FnOnce(&Terminal)) {
        match self.bar().as_ref() {
            Some(bar) => bar.suspend(|| print(self.terminal)),
            None => print(self.terminal),
        }
    }
}

impl Observer for Progress<'_> {
    fn on(&self, event: Event) {
        let terminal = self.terminal;
        match event {
            Event::Started { steps, target } => {
                terminal.status(&terminal.paint(Style::Dim, &target));
                if terminal.progress && steps >= MANY {
                    *self.bar() = Some(bar(steps as u64, "{bar:30} {pos}/{len}  {elapsed} {wide_msg}"));
                }
            }
            Event::Step { label } => self.with_bar(|bar| bar.set_message(label)),
            Event::StepDone { done, label, took } => {
                let mark = terminal.paint(Style::Good, &format!("{done:<8}"));
                let took = terminal.paint(Style::Dim, &text::duration(took));
                self.above(|terminal| terminal.status(&format!("{mark}  {label}  {took}")));
                self.passed();
            }
            Event::StepPassed => self.passed(),
            Event::Progress { label, progress } if terminal.progress => {
                let message = format!("{label}  {}", text::printable(&progress));
                let mut drawn = self.bar();
                // Where there are few steps, it comes with the first news, and goes with the step.
                let drawn = drawn.get_or_insert_with(|| {
                    let bar = bar(0, "{spinner} {elapsed} {wide_msg}");
                    // Something moves, too, while there is no news.
                    bar.enable_steady_tick(TICK);
                    bar
                });
                drawn.set_message(message);
            }
            Event::Progress { .. } => {}
            Event::Waiting { reason } => {
                let mark = terminal.paint(Style::Warning, "waiting");
                self.above(|terminal| terminal.status(&format!("{mark}: {reason}")));
            }
            Event::Retrying { reason, delay } => {
                let mark = terminal.paint(Style::Warning, "retrying");
                self.above(|terminal| terminal.status(&format!("{mark} in {}: {reason}", text::duration(delay))));
            }
            Event::Server { severity, message } => {
                // Servers say much that nobody needs ("relation exists, skipping"); a warning is for everyone.
                if severity == "WARNING" || terminal.verbosity() >= Verbosity::Verbose {
                    self.above(|terminal| {
                        terminal.status(&format!("{}: {}", severity.to_lowercase(), text::printable(&message)));
                    });
                }
            }
            Event::Warning { message, hint } => self.above(|terminal| terminal.warning(&message, hint.as_deref())),
        }
    }
}

fn bar(steps: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.with_bar(ProgressBar::finish_and_clear);
    }
}
