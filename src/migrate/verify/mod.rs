//! Migrations proven on a scratch database: each up, then down, then up again, and the schema looked at after each.
//!
//! [`Verifier`] sets the stages, `act` plays a migration on one, with rows in its tables that `fill` makes and whose loss
//! `contents` finds. `order` tells whether it matters that a pending migration is older than an applied one. [`report`] is what
//! came of it.

mod act;
mod contents;
mod fill;
mod order;
pub mod report;
mod verifier;

pub use contents::Loss;
pub use report::{Asked, Verdict, Verified, VerifyReport};
pub use verifier::{Proof, Verifier};
