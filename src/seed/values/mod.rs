//! What stands behind the values that are no literals.

pub mod fake;
pub mod label;
pub mod moment;
pub mod password;
