//! A column of rows: what it holds, and how its values travel.

use serde_json::Value as Json;

use super::kind::{Kind, Wrong};
use super::number;
use crate::catalog::{self, Type};
use crate::db::{Form, Grammar, Value};
use crate::entities::{Field, Meaning};
use crate::error::{Code, Error, Result};
use crate::secret::{CHANGED, MASK};
use crate::text;

/// A column, as the catalog and its entity tell it.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub form: Form,
    /// The server's type, without lengths.
    pub type_name: String,
    pub nullable: bool,
    /// Its values are masked in whatever is shown.
    pub sensitive: bool,
    /// The database computes it, and takes no value.
    pub generated: bool,
    /// The database counts it up.
    pub counted: bool,
    /// It counts always, and takes a value only when told to.
    pub always: bool,
    /// An expression, where the database fills it.
    pub default: Option<String>,
    /// The entity's own commands alone change it.
    pub managed: bool,
    /// Its entity knows it, and brings its values into their form.
    pub known: bool,
    /// It is stored in lower case, and looked for likewise.
    pub lower: bool,
    /// The database makes a number of 64 bits of whatever looks like a number: SQLite.
    pub numeric: bool,
    /// How many places of a second it keeps, where it rounds.
    pub places: Option<usize>,
    /// It holds years alone: MySQL.
    pub is_year: bool,
}

impl Column {
    pub(super) fn of(
        column: &catalog::Column,
        base: &str,
        field: Option<&Field>,
        sensitive: bool,
        strict: bool,
        grammar: Grammar,
    ) -> Self {
        let (kind, form) = shape(&column.neutral, field.map(|field| field.meaning), grammar);
        Self {
            name: column.name.clone(),
            kind,
            form,
            type_name: without_lengths(base),
            nullable: column.nullable,
            sensitive: sensitive || field.is_some_and(|field| field.sensitive),
            generated: column.generated.is_some(),
            counted: column.identity.is_some(),
            always: column.identity == Some(catalog::Identity::Always),
            default: column.default.clone(),
            managed: field.is_some_and(|field| field.managed),
            known: field.is_some(),
            lower: field.is_some_and(|field| field.meaning == Meaning::Email),
            // In a strict table `ANY` keeps what it is given.
            places: match column.neutral {
                Type::Timestamp | Type::Instant | Type::Time => grammar.places_of_seconds(base),
                _ => None,
            },
            is_year: column.neutral == Type::Year,
            numeric: !grammar.keeps_types()
                && number::is_numeric_in_sqlite(base)
                && !(strict && column.neutral == Type::Any),
        }
    }

    /// Reads a value as a person types it.
    pub fn parse(&self, table: &str, word: &str, grammar: Grammar) -> Result<Value> {
        let lower = if self.lower { word.trim().to_lowercase() } else { String::new() };
        self.checked(table, word, self.kind.parse(if self.lower { &lower } else { word }), grammar)
    }

    /// Reads a value of a JSON document.
    pub fn parse_json(&self, table: &str, json: &Json, grammar: Grammar) -> Result<Value> {
        let word = match json {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.checked(table, &word, self.kind.parse_json(json), grammar)
    }

    fn checked(&self, table: &str, word: &str, value: Result<Value, Wrong>, grammar: Grammar) -> Result<Value> {
        let value = if self.is_mask(word) { Err(Wrong::of_mask()) } else { value };
        let has_nul = |value: &Value| value.as_text().is_some_and(|text| text.contains('\0'));
        let value = match value {
            Ok(value) if has_nul(&value) && !grammar.keeps_nul() => {
                Err(Wrong::new("has a NUL character, which the database cannot hold in text"))
            }
            value => value,
        };
        let value = value.and_then(|value| self.kept(value));
        value.map_err(|wrong| {
            let Wrong { message, hint } = wrong;
            let error = Error::new(Code::Value, format!("`{table}.{}`: {} {message}", self.name, self.shown(word)));
            hint.into_iter().filter(|_| !self.sensitive).fold(error, Error::hint)
        })
    }

    /// A value as the database will keep it. One that it would change in silence is refused.
    fn kept(&self, value: Value) -> Result<Value, Wrong> {
        let Value::Text(text) = &value else { return Ok(value) };
        if let Some(wrong) = self.changes(text).or_else(|| self.rounds(text)) {
            return Err(wrong);
        }
        // As the number itself, for SQLite reads the last digits of a text less well.
        Ok(match (&self.kind, text.parse::<i64>(), text.parse::<f64>()) {
            (Kind::Decimal { .. }, Ok(number), _) if self.numeric => Value::Int(number),
            (Kind::Decimal { .. }, _, Ok(number)) if self.numeric => Value::Float(number),
            _ => value,
        })
    }

    /// Why a text would not come back as it is: SQLite makes a number of it, which has no room for all of it.
    pub(super) fn changes(&self, text: &str) -> Option<Wrong> {
        // So many digits are kept by any float.
        const SAFE_DIGITS: usize = 15;
        let is_number = match self.kind {
            Kind::Decimal { .. } | Kind::Int { .. } if text.len() <= SAFE_DIGITS => return None,
            Kind::Decimal { .. } | Kind::Int { .. } | Kind::Json => true,
            Kind::Text { .. } | Kind::Any | Kind::Other => false,
            _ => return None,
        };
        let stored = number::in_sqlite(text).filter(|_| self.numeric)?;
        if stored == text || (is_number && number::is_same(&stored, text.trim())) {
            return None;
        }
        let stored = if self.sensitive { "another".to_owned() } else { format!("`{stored}`") };
        let wrong =
            Wrong::new(format!("would be {stored}, for SQLite makes numbers of 64 bits in a column of this type"));
        Some(Wrong { hint: Some("a column of type `TEXT` keeps every digit".into()), ..wrong })
    }

    /// Why the database would round a text, or read another year into it.
    pub(super) fn rounds(&self, text: &str) -> Option<Wrong> {
        if self.is_year && (text.len() != 4 || !text.bytes().all(|byte| byte.is_ascii_digit())) {
            return Some(Wrong::new("is not a year of four digits"));
        }
        let most = self.places?;
        let places = text.split_once('.').map_or("", |(_, places)| places);
        let places = places.split(|one: char| !one.is_ascii_digit()).next().unwrap_or_default();
        let used = places.trim_end_matches('0').len();
        (used > most).then(|| Wrong::new(format!("has {} of a second, of {most} at most", text::count(used, "place"))))
    }

    /// Whether a word is not a value, but what stands for one in outputs.
    pub(super) fn is_mask(&self, word: &str) -> bool {
        self.sensitive && [MASK, CHANGED].contains(&word)
    }

    /// A value for an error.
    #[must_use]
    pub fn shown(&self, word: &str) -> String {
        if self.sensitive { MASK.to_owned() } else { format!("`{}`", text::shorten(word, 60)) }
    }

    /// A value of the database for a person: masked, unless it may be seen or there is none.
    #[must_use]
    pub fn json(&self, value: &Value, reveal: bool) -> Json {
        if self.sensitive && !reveal && !value.is_null() { MASK.into() } else { self.kind.json(value) }
    }

    /// Whether values have an order, and sums.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Int { .. } | Kind::Float | Kind::Decimal { .. } | Kind::Minor)
    }
}

/// What a column holds, and how it travels: as its meaning says, within what its type can.
fn shape(column: &Type, meaning: Option<Meaning>, grammar: Grammar) -> (Kind, Form) {
    let form = match column {
        Type::Boolean => Form::Bool,
        Type::Integer { bits: 64, unsigned: true } => Form::Unsigned,
        Type::Integer { .. } => Form::Int,
        Type::Float { bits: 32 } => Form::Single,
        Type::Float { .. } => Form::Float,
        Type::Decimal { .. } => Form::Decimal,
        Type::Text { fixed: true, .. } => Form::Padded,
        Type::Text { .. } | Type::Any => Form::Text,
        Type::Bytes { .. } => Form::Bytes,
        Type::Bits { .. } => Form::Bits,
        _ => Form::Typed,
    };
    let kind = Kind::of(column, grammar.bits_are_numbers());
    let is_text = matches!(column, Type::Text { .. });
    let kind = match meaning {
        Some(Meaning::Money) if matches!(column, Type::Integer { .. }) => Kind::Minor,
        Some(Meaning::Id) => Kind::Uuid,
        Some(Meaning::Instant) => Kind::Instant { spelled: is_text },
        Some(Meaning::Date) => Kind::Date,
        Some(Meaning::Json) => Kind::Json,
        Some(Meaning::Boolean) => Kind::Bool,
        _ => kind,
    };
    (kind, form)
}

/// `numeric(10,2)[]` as `numeric[]`: a cast to a length cuts in silence. What stands in quotes is a name.
fn without_lengths(type_name: &str) -> String {
    let (mut kept, mut quoted, mut depth) = (String::new(), false, 0_usize);
    for character in type_name.chars() {
        match character {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            _ => {}
        }
        if depth == 0 {
            kept.push(character);
        }
        if character == ')' && !quoted {
            depth = depth.saturating_sub(1);
        }
    }
    match kept.as_str() {
        // Of no length it is one character, or one bit.
        "character" => "bpchar".into(),
        "bit" => "varbit".into(),
        _ => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_cast_to_without_their_lengths() {
        for (name, expected) in [
            ("numeric(10,2)", "numeric"),
            ("numeric(10,2)[]", "numeric[]"),
            ("timestamp(3) with time zone", "timestamp with time zone"),
            ("character(2)", "bpchar"),
            ("bit(3)", "varbit"),
            ("shop.\"My (odd) Type\"", "shop.\"My (odd) Type\""),
        ] {
            assert_eq!(without_lengths(name), expected);
        }
    }
}
