//! What a column holds, in words that mean the same on every backend.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    Boolean,
    /// Whole numbers by their bits, and whether they are never negative.
    Integer {
        bits: u8,
        unsigned: bool,
    },
    /// Binary floating point, by its bits.
    Float {
        bits: u8,
    },
    /// Exact: digits in all, digits behind the point. None: as many as the server takes.
    Decimal {
        precision: Option<u16>,
        scale: Option<i16>,
    },
    /// Characters; None: as many as the server takes. `fixed`: padded to that length.
    Text {
        length: Option<u32>,
        fixed: bool,
    },
    /// Bytes, likewise.
    Bytes {
        length: Option<u32>,
    },
    Date,
    Time,
    /// Without a zone.
    Timestamp,
    /// A moment, whatever the zone that it is shown in.
    Instant,
    Interval,
    Year,
    Uuid,
    Json,
    /// One of several words: MySQL's ENUM with its words, PostgreSQL's by the name of its type.
    Enum {
        name: Option<String>,
        values: Vec<String>,
    },
    /// MySQL's SET.
    Set {
        values: Vec<String>,
    },
    /// A bit string; None: of any length.
    Bits {
        length: Option<u32>,
    },
    Array {
        of: Box<Type>,
    },
    /// SQLite: whatever is put in; what it prefers is in the type's name.
    Any,
    /// None of these: addresses, ranges, geometry, those of extensions, by the server's name.
    Other {
        name: String,
    },
}

impl Type {
    #[must_use]
    pub const fn integer(bits: u8) -> Self {
        Self::Integer { bits, unsigned: false }
    }

    #[must_use]
    pub const fn text() -> Self {
        Self::Text { length: None, fixed: false }
    }

    #[must_use]
    pub const fn varchar(length: u32) -> Self {
        Self::Text { length: Some(length), fixed: false }
    }
}
