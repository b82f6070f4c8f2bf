//! The models: what tables mean, the rules that their rows keep, and how they are read and changed.

mod broken;
pub mod categories;
pub mod countries;
mod entity;
mod error;
mod field;
pub mod order_items;
pub mod ordering;
pub mod orders;
pub mod product_categories;
pub mod products;
mod registry;
pub mod user_profiles;
pub mod users;

pub use self::broken::Broken;
pub use self::entity::Entity;
pub use self::error::RepositoryError;
pub use self::field::{Field, Meaning};
pub use self::registry::{Registry, differences};
pub use crate::record::Record;
