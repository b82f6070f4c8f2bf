//! A rule that a value breaks. They are gathered, so that all of them are told at once.

use std::fmt;

use serde::Serialize;

/// Which rule, of which column, in words for a person. A sensitive value is in none of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    pub column: String,
    /// Stable, for programs: `mandatory`, `type`, `email`, `length`, `range`, `choice`, `password`, or an entity's own.
    pub rule: &'static str,
    /// `has 300 characters, of 255 at most`: to be read behind the column's name.
    pub message: String,
}

impl Broken {
    #[must_use]
    pub fn new(column: &str, rule: &'static str, message: impl Into<String>) -> Self {
        Self { column: column.to_owned(), rule, message: message.into() }
    }
}

/// `email: is no e-mail address`
impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.column, self.message)
    }
}
