//! Migrations proven on a scratch database: each up, then down, then up again, and the schema looked at after each.
//!
//! [`Verifier`] has the play. After it `rows` plays once more, with a row in every table, and `order` once where a pending
//! migration is older than an applied one. [`report`] is what came of it.

mod contents;
mod fill;
mod order;
pub mod report;
mod rows;
mod verifier;

pub use contents::Loss;
pub use report::{Verdict, Verified, VerifyReport};
pub use verifier::{Proof, Verifier};
