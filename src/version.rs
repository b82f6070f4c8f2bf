//! A migration's version: text, ordered as text, as Diesel has it.

use std::fmt;

use crate::error::{Code, Error, Result};

/// The directory name up to the first `_`, with every `-` removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// The longest version that Diesel's ledger (`VARCHAR(50)`) holds, in characters.
    pub const MAX: usize = 50;

    /// Takes a version as the ledger has it.
    pub fn from_ledger(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Splits a directory's name into the version and the rest.
    pub fn from_directory(directory: &str) -> Result<(Self, String)> {
        let (head, name) = directory.split_once('_').unwrap_or((directory, ""));
        let version = head.replace('-', "");
        let length = version.chars().count();
        if version.is_empty() || length > Self::MAX {
            let what = if version.is_empty() {
                "has no version before its first `_`".to_owned()
            } else {
                format!("has a version of {length} characters, and the ledger holds {}", Self::MAX)
            };
            return Err(Error::new(Code::SourceVersion, format!("the migration directory `{directory}` {what}"))
                .hint("name it like `2026-01-31-120000-0000_create_users`; `dbtool migrate new NAME` does"));
        }
        Ok((Self(version), name.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_diesel_reads_them() {
        let version = |name| Version::from_directory(name).map(|(v, n)| (v.0, n)).ok();
        assert_eq!(version("2024-01-02-030405-0000_a_b"), Some(("202401020304050000".into(), "a_b".into())));
        assert_eq!(version("noversion"), Some(("noversion".into(), String::new())));
        assert_eq!(version("_x"), None);
        assert_eq!(version(&"1".repeat(51)), None);
        assert!(Version("10".into()) < Version("2".into()));
    }
}
