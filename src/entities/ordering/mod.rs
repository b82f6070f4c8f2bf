//! Orders: placed and led through their life, with the stock of their products.
//!
//! Each operation is one transaction that is tried again after a deadlock. Rows are locked in one order (the order, then its
//! products by their ids), so that there are few. What fails is recorded as failed, after the rollback.

mod advance;
mod details;
mod find;
pub mod hooks;
mod mask;
mod place;
mod shop;
mod status;
mod stock;

pub use advance::{advance, rehearse_advance};
pub use details::{Details, Item};
pub use find::{Filter, Page, get, list};
pub use mask::masked;
pub use place::{Wanted, place, rehearse_place};
pub use status::{Move, Status};

use crate::db::{DbError, Kind};
use crate::entities::RepositoryError;

/// What is done within a transaction.
type Step<T> = Result<T, RepositoryError>;

/// Something was changed or deleted between the look and the lock: worth another try.
fn changed_meanwhile(what: &str) -> RepositoryError {
    DbError::new(Kind::Serialization, format!("the {what} was changed by another meanwhile")).into()
}
