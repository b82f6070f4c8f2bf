//! What differs between databases in statements that read and change rows: how a value is bound, a column read, a row put in
//! the place of another.

use super::dialect::{Dialect, of as dialect_of};
use crate::backend::Backend;

/// How the values of a column travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Bool,
    Int,
    /// A whole number that may be beyond 64 bits with a sign.
    Unsigned,
    Float,
    /// Of single precision.
    Single,
    /// As its text, compared as a number.
    Decimal,
    Text,
    /// Text that is padded to a length.
    Padded,
    Bytes,
    /// A bit string.
    Bits,
    /// As its text, compared as what its type says.
    Typed,
}

/// The words of one backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grammar(Backend);

impl Grammar {
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self(backend)
    }

    fn dialect(self) -> &'static dyn Dialect {
        dialect_of(self.0)
    }

    /// A name, quoted.
    #[must_use]
    pub fn identifier(self, name: &str) -> String {
        self.dialect().identifier(name)
    }

    /// The place of the n-th bound value, from 1, as a value of a column's type: so that it is compared as the column is, and
    /// an index serves. `type_name` is without lengths, which would cut a value short.
    #[must_use]
    pub fn bound(self, number: usize, form: Form, type_name: &str) -> String {
        match (self.0, form) {
            (Backend::Postgres, Form::Single | Form::Decimal | Form::Padded | Form::Typed) => {
                format!("CAST(${number} AS {type_name})")
            }
            (Backend::Postgres, Form::Bits) => format!("CAST(${number} AS varbit)"),
            (Backend::Postgres, _) => format!("${number}"),
            // Beside a number, text would be compared as a float.
            (Backend::Mysql, Form::Decimal) => "CAST(? AS DECIMAL(65, 30))".into(),
            // MySQL 9 takes a text that is bound for UNSIGNED as a number with a sign first.
            (Backend::Mysql, Form::Unsigned) => "CAST(CAST(? AS CHAR) AS UNSIGNED)".into(),
            (Backend::Mysql | Backend::Sqlite, _) => "?".into(),
        }
    }

    /// An expression as it is read: what PostgreSQL would send in a binary form of its own, as text.
    #[must_use]
    pub fn read(self, expression: &str, form: Form) -> String {
        match (self.0, form) {
            (Backend::Postgres, Form::Decimal | Form::Typed | Form::Bits | Form::Unsigned) => {
                format!("CAST({expression} AS text)")
            }
            (Backend::Mysql, Form::Bits) => format!("CAST({expression} AS UNSIGNED)"),
            _ => expression.to_owned(),
        }
    }

    /// Whether a text has another in it, letters of one case being others than those of the other: the same on each backend.
    #[must_use]
    pub fn contains(self, text: &str, form: Form, part: &str) -> String {
        let text = self.as_text(text, form);
        match self.0 {
            Backend::Postgres => format!("position({part} in {text}) > 0"),
            Backend::Mysql => format!("locate(CAST({part} AS BINARY), CAST({text} AS BINARY)) > 0"),
            Backend::Sqlite => format!("instr({text}, {part}) > 0"),
        }
    }

    /// Whether a text is like a pattern, by the rules of the backend.
    #[must_use]
    pub fn like(self, text: &str, form: Form, pattern: &str) -> String {
        format!("{} LIKE {pattern}", self.as_text(text, form))
    }

    fn as_text(self, expression: &str, form: Form) -> String {
        match (self.0, form) {
            (_, Form::Text | Form::Bytes) => expression.to_owned(),
            (Backend::Mysql, _) => format!("CAST({expression} AS CHAR)"),
            (Backend::Postgres | Backend::Sqlite, _) => format!("CAST({expression} AS text)"),
        }
    }

    /// A part of ORDER BY. NULL comes before every value, and after all of them where the order is turned round.
    #[must_use]
    pub fn order(self, expression: &str, descending: bool, nullable: bool) -> String {
        let nulls = match (self.0, nullable, descending) {
            (Backend::Postgres, true, false) => " NULLS FIRST",
            (Backend::Postgres, true, true) => " NULLS LAST",
            _ => "",
        };
        format!("{expression}{}{nulls}", if descending { " DESC" } else { "" })
    }

    /// What stands behind a query whose rows nobody else may change until the transaction ends; nothing where a transaction
    /// that writes is alone anyway.
    #[must_use]
    pub fn locked(self) -> &'static str {
        match self.0 {
            Backend::Sqlite => "",
            Backend::Postgres | Backend::Mysql => " FOR UPDATE",
        }
    }

    /// How many rows at most, from which on.
    #[must_use]
    pub fn page(self, limit: Option<u64>, offset: u64) -> String {
        // More than any table has, and than a server reads.
        const MOST: u64 = i64::MAX as u64;
        let (limit, offset) = (limit.map(|limit| limit.min(MOST)), offset.min(MOST));
        let limit = match (self.0, limit) {
            (_, Some(limit)) => format!(" LIMIT {limit}"),
            // An OFFSET must not stand alone.
            (Backend::Mysql, None) if offset > 0 => format!(" LIMIT {}", u64::MAX),
            (Backend::Sqlite, None) if offset > 0 => " LIMIT -1".into(),
            (_, None) => String::new(),
        };
        if offset > 0 { format!("{limit} OFFSET {offset}") } else { limit }
    }

    /// Whether an INSERT can give back what it stored.
    #[must_use]
    pub fn returns(self) -> bool {
        match self.0 {
            Backend::Sqlite | Backend::Postgres => true,
            Backend::Mysql => false,
        }
    }

    /// The number that the last INSERT of this connection was given, where it does not give back what it stored.
    #[must_use]
    pub fn last_number(self) -> &'static str {
        "SELECT LAST_INSERT_ID()"
    }

    /// What stands between the table and the end of an INSERT of nothing but defaults.
    #[must_use]
    pub fn only_defaults(self) -> &'static str {
        match self.0 {
            Backend::Mysql => "() VALUES ()",
            Backend::Sqlite | Backend::Postgres => "DEFAULT VALUES",
        }
    }

    /// Where a column counts up by itself and takes no value, the words that make it take one.
    #[must_use]
    pub fn overriding(self, always: bool) -> &'static str {
        if always && self.0 == Backend::Postgres { " OVERRIDING SYSTEM VALUE" } else { "" }
    }

    /// How many places of a second a type of moments or times keeps; it rounds the others away. None: it keeps the text.
    #[must_use]
    pub fn places_of_seconds(self, type_name: &str) -> Option<usize> {
        let given = || type_name.split_once('(')?.1.split_once(')')?.0.trim().parse().ok();
        match self.0 {
            Backend::Sqlite => None,
            Backend::Postgres => Some(given().unwrap_or(6)),
            Backend::Mysql => Some(given().unwrap_or(0)),
        }
    }

    /// Whether a text may have the character NUL.
    #[must_use]
    pub fn keeps_nul(self) -> bool {
        self.0 != Backend::Postgres
    }

    /// Whether a pattern must not end with a backslash that hides nothing.
    #[must_use]
    pub fn needs_whole_patterns(self) -> bool {
        self.0 == Backend::Postgres
    }

    /// How many values one statement takes at most.
    #[must_use]
    pub fn most_values(self) -> usize {
        match self.0 {
            Backend::Sqlite => 32_766,
            Backend::Postgres | Backend::Mysql => 65_535,
        }
    }

    /// What stands behind the values of an INSERT that stores nothing where another row is in its way, rather than end the
    /// transaction; nothing where an error does not end it.
    #[must_use]
    pub fn yielding(self) -> &'static str {
        match self.0 {
            Backend::Postgres => " ON CONFLICT DO NOTHING",
            Backend::Mysql | Backend::Sqlite => "",
        }
    }

    /// Whether to look with a lock for a row that is not there keeps others from storing it, and them us.
    #[must_use]
    pub fn locks_gaps(self) -> bool {
        self.0 == Backend::Mysql
    }

    /// Whether a foreign key is checked with each row that a statement writes, not when it ends.
    #[must_use]
    pub fn checks_each_row(self) -> bool {
        self.0 == Backend::Mysql
    }

    /// Whether declared types bind: where they do not, whatever is put into a column may come out of it.
    #[must_use]
    pub fn keeps_types(self) -> bool {
        self.0 != Backend::Sqlite
    }

    /// Whether a bit string is read and bound as the number that it is.
    #[must_use]
    pub fn bits_are_numbers(self) -> bool {
        self.0 == Backend::Mysql
    }
}
