//! Secrets that cannot be printed by accident, and the redaction that foreign words pass through.

use std::fmt;

/// What stands where a secret was.
pub const MASK: &str = "***";

/// What stands where a secret was that is not the one before.
pub const CHANGED: &str = "*** (changed)";

/// A text whose `Display` and `Debug` show the mask.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for the driver, never for an output.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Replaces known secrets in words that come from elsewhere: a driver, a server, a file.
#[derive(Debug, Clone, Default)]
pub struct Redactor(Vec<Secret>);

impl Redactor {
    /// A shorter text would be found in every other word, and tell by its absence where it stood.
    const SHORTEST: usize = 4;

    /// Takes a secret. `harmless` are words (user, host, database name) that must stay readable: a password that equals
    /// one of them gives nothing away that is not shown anyway.
    pub fn add(&mut self, secret: &str, harmless: &[&str]) {
        if secret.chars().count() < Self::SHORTEST || harmless.contains(&secret) {
            return;
        }
        self.0.push(Secret::new(secret));
        // The longest first, so that a secret that contains another is replaced whole.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.0.len()));
    }

    pub fn merge(&mut self, other: &Redactor) {
        for secret in &other.0 {
            self.add(&secret.0, &[]);
        }
    }

    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(&secret.0, MASK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        let mut redactor = Redactor::default();
        redactor.add("hunter2", &[]);
        redactor.add("alice", &["alice"]);
        assert_eq!(redactor.redact("alice:hunter2@h"), "alice:***@h");
        assert_eq!(format!("{redactor:?}"), "Redactor([***])");
    }
}
