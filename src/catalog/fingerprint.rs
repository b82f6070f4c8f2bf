//! One short text for a whole schema: equal for two that are the same, whatever the order of their columns.

use super::facts;
use super::model::Catalog;

/// Of all facts, in their order.
pub(super) fn of(catalog: &Catalog) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(catalog.backend.name().as_bytes());
    for (path, facts) in facts::of(catalog) {
        // Its own length before each, so that no two lists read the same.
        for text in path.iter().flat_map(|(kind, name)| [kind.as_str(), name.as_str()]) {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        let facts = serde_json::to_vec(&facts).unwrap_or_default();
        hasher.update(&(facts.len() as u64).to_le_bytes()).update(&facts);
    }
    hasher.finalize().to_hex()[..32].to_owned()
}
