//! The one thing dbtool takes from diesel.toml, read leniently: that file is Diesel's.

use std::path::{Path, PathBuf};

use super::file::find_upwards;

/// `[migrations_directory] dir` of the nearest diesel.toml, with the path of that file.
#[must_use]
pub fn migrations_directory(directory: &Path) -> Option<(String, PathBuf)> {
    let path = find_upwards(directory, "diesel.toml")?;
    let document: toml::Table = std::fs::read_to_string(&path).ok()?.parse().ok()?;
    let named = document.get("migrations_directory")?.get("dir")?.as_str()?;
    Some((named.to_owned(), path))
}
