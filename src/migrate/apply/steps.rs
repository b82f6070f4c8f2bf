//! The steps of a run, one after the other, to the last one or to the first that fails.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::file::Why;
use super::runner::{Finished, Runner};
use super::transaction::Stopped;
use super::work::Work;
use crate::migrate::report::{Outcome, Ran};
use crate::migrate::script::{Mode, Prepared};
use crate::observer::Event;
use crate::text;

/// After so many migrations a database lets go of what it keeps of them: more often takes time, less often memory.
const OFTEN: usize = 16;

impl Runner<'_> {
    pub(super) fn steps(&self, work: &mut Work<'_>, steps: Vec<Prepared>) -> Finished {
        let mut finished = Finished::default();
        let target = format!("{} ({})", self.environment, self.connector.target());
        self.observer.on(Event::Started { steps: steps.len(), target });
        // What was run is dropped: others take its memory.
        let mut rest = VecDeque::from(steps);
        // The first of those that the server has committed, and may not have on its disk yet.
        let mut unsure = 0;
        while !rest.is_empty() {
            if let Err(error) = self.interrupt.check() {
                let error = self.make_sure(work, &mut finished.migrations[unsure..], error);
                let done = count_done(&finished);
                finished.failure = Some(error.note(standing(done, rest.len())).hint(self.way_on()));
                finished.migrations.extend(rest.iter().map(|step| Ran::new(&step.step, Outcome::NotRun)));
                break;
            }
            // What stands or falls together.
            let together: Vec<Prepared> =
                if self.atomic { std::mem::take(&mut rest).into() } else { rest.pop_front().into_iter().collect() };
            if rest.len() < rest.capacity() / 2 {
                rest.shrink_to_fit();
            }
            let started = Instant::now();
            let result = match together[0].mode {
                Mode::Transaction => {
                    // The last commit of a run takes all before it to the disk.
                    work.waits = rest.is_empty();
                    self.in_transaction(work, &together)
                }
                Mode::Statements => {
                    work.begin_step(&together[..1], self.observer);
                    let run = self.by_statements(work, &together[0], &Why::RUN);
                    run.map(|run| vec![run.then(|| started.elapsed())]).map_err(|error| Stopped { at: 0, error })
                }
            };
            match result {
                Ok(durations) => {
                    for (prepared, took) in together.iter().zip(durations) {
                        self.tell_notices(&prepared.step.migration.label(), work.session.take_notices());
                        finished.migrations.extend(took.map(|took| self.tell_done(prepared, took)));
                    }
                    if together[0].mode == Mode::Statements {
                        unsure = finished.migrations.len();
                    }
                }
                Err(Stopped { at, error }) => {
                    self.tell_notices(&together[at].step.migration.label(), work.session.take_notices());
                    let error = self.make_sure(work, &mut finished.migrations[unsure..], error);
                    let done = count_done(&finished);
                    let left = together.len() - at - 1 + rest.len();
                    let standing = if at > 0 { rolled_back(at, left) } else { standing(done, left) };
                    let error = self.as_interrupted(&together[at], error).note(standing);
                    let ran = |prepared: &Prepared, outcome| Ran::new(&prepared.step, outcome);
                    finished.migrations.extend(together[..at].iter().map(|step| ran(step, Outcome::RolledBack)));
                    let failed = Ran {
                        duration_ms: Some(started.elapsed().as_millis()),
                        error: Some(
                            error.cause().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
                        ),
                        ..ran(&together[at], Outcome::Failed)
                    };
                    finished.migrations.push(failed);
                    let not_run = together[at + 1..].iter().chain(&rest);
                    finished.migrations.extend(not_run.map(|step| ran(step, Outcome::NotRun)));
                    finished.failure = Some(error);
                    break;
                }
            }
            if finished.migrations.len().is_multiple_of(OFTEN)
                && let Err(error) = work.dialect.let_go(&mut work.session)
            {
                tracing::debug!(%error, "the database keeps its memory");
            }
        }
        finished
    }

    /// A migration is in.
    fn tell_done(&self, prepared: &Prepared, took: Duration) -> Ran {
        let mut ran = Ran::new(&prepared.step, Outcome::Done);
        tracing::info!(
            run_id = self.run_id,
            version = ran.version,
            direction = ran.direction.name(),
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "migrated"
        );
        ran.duration_ms = Some(took.as_millis());
        let (done, label) = (prepared.step.direction.done(), ran.label.clone());
        self.observer.on(Event::StepDone { done, label, took });
        ran
    }
}

fn count_done(finished: &Finished) -> usize {
    finished.migrations.iter().filter(|ran| ran.outcome == Outcome::Done).count()
}

fn standing(done: usize, left: usize) -> String {
    let before = if done == 0 {
        "no migration was run before it".to_owned()
    } else {
        format!("{} done before it", text::count(done, "migration"))
    };
    with_those_after(before, left)
}

/// The same where those before it went with it.
fn rolled_back(count: usize, left: usize) -> String {
    let were = if count == 1 { "was" } else { "were" };
    with_those_after(format!("{} before it {were} rolled back with it", text::count(count, "migration")), left)
}

fn with_those_after(before: String, left: usize) -> String {
    if left == 0 { before } else { format!("{before}, {left} after it not run") }
}
