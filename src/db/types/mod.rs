//! Values that each backend stores in its own way, and a program sees in one.

mod any;
mod id;
mod instant;
mod json;
mod money;
pub mod sql;
mod text;

pub use id::{Id, NoId};
pub use instant::{Instant, NoInstant};
pub use json::Json;
pub use money::{Money, MoneyType, NoMoney};
