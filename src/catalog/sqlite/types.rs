//! What a declared type usually means. SQLite itself looks only for a few syllables in it.

use crate::catalog::types::Type;

/// The neutral type of a declared one, which is in capitals: `VARCHAR(10)`.
pub(super) fn neutral(declared: &str) -> Type {
    let (before, arguments) = declared.split_once('(').map_or((declared, ""), |(name, rest)| (name, rest));
    let numbers: Vec<i64> = arguments.trim_end_matches(')').split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let length = numbers.first().and_then(|n| u32::try_from(*n).ok());
    let unsigned = before.split(' ').any(|word| word == "UNSIGNED");
    let words: Vec<&str> = before.split(' ').filter(|word| !matches!(*word, "UNSIGNED" | "SIGNED")).collect();
    let name = words.join(" ");
    let integer = |bits| Type::Integer { bits, unsigned };
    match name.as_str() {
        // NUM is what SQLite calls a number that a view computes.
        "" | "ANY" | "NUM" if !unsigned => Type::Any,
        "BOOLEAN" | "BOOL" => Type::Boolean,
        "TINYINT" | "INT1" => integer(8),
        "SMALLINT" | "INT2" => integer(16),
        "MEDIUMINT" | "INT3" => integer(24),
        "INT4" => integer(32),
        // SQLite's own are of 64 bits, whichever of its two names they have.
        "" | "INTEGER" | "INT" | "BIGINT" | "INT8" | "BIG INT" | "LONG" | "BIGSERIAL" | "SERIAL" => integer(64),
        "REAL" | "DOUBLE" | "DOUBLE PRECISION" | "FLOAT" | "FLOAT8" | "FLOAT4" => Type::Float { bits: 64 },
        "DECIMAL" | "NUMERIC" | "DEC" | "NUMBER" => decimal(&numbers),
        "CHAR" | "CHARACTER" | "NCHAR" | "NATIVE CHARACTER" => Type::Text { length, fixed: length.is_some() },
        "DATE" => Type::Date,
        "TIME" => Type::Time,
        "TIMESTAMP" | "DATETIME" | "TIMESTAMP WITHOUT TIME ZONE" => Type::Timestamp,
        // The last one is Diesel's.
        "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" | "TIMESTAMPTZSQLITE" => Type::Instant,
        "INTERVAL" => Type::Interval,
        "YEAR" => Type::Year,
        "BINARY" | "VARBINARY" | "BYTEA" => Type::Bytes { length },
        "JSON" | "JSONB" => Type::Json,
        "UUID" | "GUID" => Type::Uuid,
        "STRING" => Type::Text { length, fixed: false },
        _ if ["CHAR", "CLOB", "TEXT"].iter().any(|part| name.contains(part)) => Type::Text { length, fixed: false },
        _ if name.contains("BLOB") => Type::Bytes { length },
        _ if ["REAL", "FLOA", "DOUB"].iter().any(|part| name.contains(part)) => Type::Float { bits: 64 },
        _ if words.contains(&"INT") || words.contains(&"INTEGER") => integer(64),
        _ => Type::Other { name: declared.to_ascii_lowercase() },
    }
}

fn decimal(numbers: &[i64]) -> Type {
    let precision = numbers.first().and_then(|n| u16::try_from(*n).ok());
    let scale = numbers.get(1).and_then(|n| i16::try_from(*n).ok());
    Type::Decimal { precision, scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_mean_what_people_mean_by_them() {
        for (declared, meant) in [
            ("", Type::Any),
            ("ANY", Type::Any),
            ("INTEGER", Type::integer(64)),
            ("UNSIGNED BIG INT", Type::Integer { bits: 64, unsigned: true }),
            ("SMALLINT UNSIGNED", Type::Integer { bits: 16, unsigned: true }),
            ("TINYINT(1)", Type::integer(8)),
            ("VARCHAR(10)", Type::varchar(10)),
            ("VARYING CHARACTER(255)", Type::varchar(255)),
            ("CHAR(2)", Type::Text { length: Some(2), fixed: true }),
            ("TEXT", Type::text()),
            ("LONGTEXT", Type::text()),
            ("DECIMAL(10,2)", Type::Decimal { precision: Some(10), scale: Some(2) }),
            ("NUMERIC", Type::Decimal { precision: None, scale: None }),
            ("DOUBLE PRECISION", Type::Float { bits: 64 }),
            ("VARBINARY(16)", Type::Bytes { length: Some(16) }),
            ("BLOB", Type::Bytes { length: None }),
            ("DATETIME", Type::Timestamp),
            ("POINT", Type::Other { name: "point".into() }),
        ] {
            assert_eq!(neutral(declared), meant, "{declared}");
        }
    }
}
