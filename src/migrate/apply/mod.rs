//! Runs a plan: locked, journaled, all or nothing where the database can, and otherwise to the letter where it stopped.

mod baseline;
mod batch;
mod checks;
mod durable;
mod file;
mod masking;
mod repair;
mod runner;
mod stage;
mod statements;
mod steps;
mod transaction;
mod watch;
mod work;

pub use repair::Choice;
pub use runner::{Finished, Runner, Wanted};
pub use stage::Stage;
