//! Values that each backend stores in its own way, and a program sees in one.

mod money;
pub mod sql;

pub use money::{Money, MoneyType};
