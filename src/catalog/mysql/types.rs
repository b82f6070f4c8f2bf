//! What a column of MySQL or MariaDB holds, from the type that the server writes.

use crate::catalog::types::Type;

/// `decimal(10,2) unsigned`, cut into its word, what stands in parentheses, and what follows.
struct Parts<'a> {
    word: &'a str,
    arguments: &'a str,
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(type_name: &'a str) -> Self {
        // The parentheses of an ENUM may stand in its words.
        let end = type_name.find(['(', ' ']).unwrap_or(type_name.len());
        let (word, rest) = type_name.split_at(end);
        match rest.strip_prefix('(').and_then(|rest| rest.rsplit_once(')')) {
            Some((arguments, rest)) => Self { word, arguments, rest },
            None => Self { word, arguments: "", rest },
        }
    }

    fn number<N: std::str::FromStr>(&self, at: usize) -> Option<N> {
        self.arguments.split(',').nth(at)?.trim().parse().ok()
    }
}

/// The neutral type of a column. JSON of MariaDB is none of its own: whoever sees its check says so.
pub(super) fn neutral(type_name: &str) -> Type {
    let parts = Parts::of(type_name);
    let unsigned = parts.rest.contains("unsigned");
    let integer = |bits| Type::Integer { bits, unsigned };
    match parts.word {
        "tinyint" if parts.arguments == "1" && !unsigned => Type::Boolean,
        "tinyint" => integer(8),
        "smallint" => integer(16),
        "mediumint" => integer(24),
        "int" => integer(32),
        "bigint" => integer(64),
        "float" => Type::Float { bits: 32 },
        "double" => Type::Float { bits: 64 },
        "decimal" => Type::Decimal { precision: parts.number(0), scale: parts.number(1) },
        "char" => Type::Text { length: parts.number(0), fixed: true },
        "varchar" => Type::Text { length: parts.number(0), fixed: false },
        "tinytext" | "text" | "mediumtext" | "longtext" => Type::text(),
        "binary" | "varbinary" => Type::Bytes { length: parts.number(0) },
        "tinyblob" | "blob" | "mediumblob" | "longblob" => Type::Bytes { length: None },
        "date" => Type::Date,
        "time" => Type::Time,
        "datetime" => Type::Timestamp,
        "timestamp" => Type::Instant,
        "year" => Type::Year,
        "uuid" => Type::Uuid,
        "json" => Type::Json,
        "bit" => Type::Bits { length: parts.number(0) },
        "enum" => Type::Enum { name: None, values: words(parts.arguments) },
        "set" => Type::Set { values: words(parts.arguments) },
        other => Type::Other { name: other.to_owned() },
    }
}

/// The words of an ENUM or SET: `'a','it''s','c\\d'`.
fn words(list: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        match (&mut word, character) {
            (None, '\'') => word = Some(String::new()),
            (None, _) => {}
            (Some(text), '\'') if characters.next_if_eq(&'\'').is_some() => text.push('\''),
            (Some(_), '\'') => words.extend(word.take()),
            (Some(text), '\\') => text.extend(characters.next().map(super::expression::escaped)),
            (Some(text), other) => text.push(other),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_both_servers_are_the_same() {
        for (type_name, expected) in [
            ("tinyint(1)", Type::Boolean),
            ("tinyint(4)", Type::integer(8)),
            ("tinyint(1) unsigned", Type::Integer { bits: 8, unsigned: true }),
            ("int(11)", Type::integer(32)),
            ("int", Type::integer(32)),
            ("bigint(20) unsigned zerofill", Type::Integer { bits: 64, unsigned: true }),
            ("decimal(10,2) unsigned", Type::Decimal { precision: Some(10), scale: Some(2) }),
            ("varchar(10) /*M!100301 COMPRESSED*/", Type::varchar(10)),
            ("char(3)", Type::Text { length: Some(3), fixed: true }),
            ("datetime(6)", Type::Timestamp),
            ("bit(3)", Type::Bits { length: Some(3) }),
            ("point", Type::Other { name: "point".into() }),
        ] {
            assert_eq!(neutral(type_name), expected, "{type_name}");
        }
    }

    #[test]
    fn words_of_an_enum_keep_quotes_and_commas() {
        let Type::Enum { values, .. } = neutral(r"enum('a','it''s','c\\d','e,f',')','')") else { unreachable!() };
        assert_eq!(values, ["a", "it's", r"c\d", "e,f", ")", ""]);
    }
}
