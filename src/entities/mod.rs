//! The models: what tables mean, the rules that their rows keep, and how they are read and changed.

mod agreement;
mod broken;
mod cache;
pub mod categories;
mod change;
mod counted;
pub mod countries;
mod entity;
mod error;
mod field;
mod model;
mod months;
mod options;
pub mod order_items;
pub mod ordering;
pub mod orders;
pub mod product_categories;
pub mod products;
mod registry;
mod repository;
pub mod user_profiles;
pub mod users;

pub use self::agreement::disagreements;
pub use self::broken::Broken;
pub use self::cache::Cache;
pub use self::entity::Entity;
pub use self::error::RepositoryError;
pub use self::field::{Field, Meaning};
pub use self::model::{Condition, Filter, Model};
pub use self::options::{Count, Options, Page, Sort, Total};
pub use self::registry::{Registry, differences};
pub use self::repository::{Repository, Upserted};
pub use crate::record::Record;
