//! Migrations: from directories and the database's history to a plan, and from the plan to the database.
//!
//! [`Source`] is the disk, [`History`] the database, [`Inventory`] both side by side; [`plan`](plan::plan) looks and
//! decides, [`apply`] has the effects, [`report`] says what was done.

pub mod apply;
mod build;
mod create;
mod diesel;
mod direction;
mod half;
mod history;
mod inventory;
mod journal;
pub mod plan;
mod provenance;
mod reach;
mod rehearse;
mod replay;
pub mod report;
mod resolve;
pub mod runs;
mod script;
mod source;
mod sql_file;
pub mod verify;

pub use build::{applied_steps, schema_of};
pub use create::{New, create};
/// Diesel's runner, for applications' tests: a [`Source`] is a source for it, too.
pub use diesel_migrations::MigrationHarness;
pub use direction::Direction;
pub use half::{Half, half_applied};
pub use history::{Applied, Detail, History, Ours};
pub use inventory::{Entry, Inventory, State};
pub use journal::kept as kept_text;
pub use plan::{Plan, Request, Step};
pub use provenance::Provenance;
pub use reach::{check_reach, first_reach};
pub use rehearse::rehearse;
pub use resolve::{Target, resolve};
pub use script::{Mode, Prepared, prepare};
pub use source::{Ahead, Down, Migration, Source};
pub use sql_file::SqlFile;
