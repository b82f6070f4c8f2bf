//! Seeds: rows that every database of a kind should have. Files in layers become rows of tables; beside what is there they
//! become a plan; and the plan is done in one transaction.

mod apply;
mod clear;
mod columns;
mod csv;
mod database;
mod desired;
pub mod order;
mod owned;
pub mod plan;
pub mod report;
mod run;
pub mod source;
mod sql_file;
mod tables;
pub mod values;

pub use apply::OnError;
pub use clear::Extent;
pub use plan::OnDrift;
pub use report::Report;
pub use run::{Act, Context, Files, IN_MEMORY, Request, Runner, Seeds};
