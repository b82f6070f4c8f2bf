//! A row in neutral form, which every feature may hand to another.

/// The values of a row by their columns: ids, times and money as text (`"19.99"`), whole numbers as numbers, NULL as null.
pub type Record = serde_json::Map<String, serde_json::Value>;
