//! Ids for rows that have none of their own: UUIDs of version 5, the same on every machine.

use uuid::Uuid;

/// The name of the namespace that they stand in.
const NAMESPACE: &[u8] = b"dbtool:seeds";

/// The id of a row: by its label, or else by its key.
#[must_use]
pub fn id(table: &str, name: &str) -> String {
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, NAMESPACE);
    Uuid::new_v5(&namespace, format!("{table}/{name}").as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_everywhere() {
        assert_eq!(id("users", "alice"), "3dce03b1-9060-531d-a8d1-8b0d18d57eb5");
        assert_ne!(id("users", "alice"), id("products", "alice"));
        assert_eq!(Uuid::parse_str(&id("users", "alice")).unwrap().get_version_num(), 5);
    }
}
