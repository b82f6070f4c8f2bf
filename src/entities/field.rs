//! What a column of an entity means, and the rules that its values keep.

use chrono::NaiveDate;
use email_address::{EmailAddress, Options};
use serde_json::Value;

use super::broken::Broken;
use crate::db::types::{Id, Instant, Money};
use crate::text;

/// What a value is, whatever the type of the column that keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A UUID.
    Id,
    Text,
    /// An address, in lower case.
    Email,
    /// The PHC string of a password's hash by argon2id. Sensitive.
    Password,
    Integer,
    Boolean,
    /// An amount with two places: a `decimal` column, and minor units in an `INTEGER` of SQLite's.
    Money,
    Instant,
    Date,
    Json,
}

/// A column that an entity knows.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub meaning: Meaning,
    pub nullable: bool,
    /// It is filled where nothing is given: by a default of the database, or by the model.
    pub has_default: bool,
    /// Masked in every output, log and audit event.
    pub sensitive: bool,
    /// It changes by the entity's own commands alone: [`super::Entity::commands`].
    pub managed: bool,
    /// The most characters of a text.
    pub longest: Option<usize>,
    /// The most digits of an amount, its two places among them.
    pub digits: Option<u32>,
    /// The words that it may be; empty: any.
    pub choices: &'static [&'static str],
    /// The least of a number or an amount.
    pub least: Option<i64>,
    /// The most of a number.
    pub most: Option<i64>,
}

impl Field {
    /// A column that must have a value.
    #[must_use]
    pub const fn new(name: &'static str, meaning: Meaning) -> Self {
        Self {
            name,
            meaning,
            nullable: false,
            has_default: false,
            sensitive: matches!(meaning, Meaning::Password),
            managed: false,
            longest: None,
            digits: None,
            choices: &[],
            least: None,
            most: None,
        }
    }

    /// It may be NULL.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// It is filled where nothing is given.
    #[must_use]
    pub const fn has_default(mut self) -> Self {
        self.has_default = true;
        self
    }

    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    #[must_use]
    pub const fn managed(mut self) -> Self {
        self.managed = true;
        self
    }

    #[must_use]
    pub const fn longest(mut self, characters: usize) -> Self {
        self.longest = Some(characters);
        self
    }

    #[must_use]
    pub const fn digits(mut self, digits: u32) -> Self {
        self.digits = Some(digits);
        self
    }

    #[must_use]
    pub const fn one_of(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }

    #[must_use]
    pub const fn at_least(mut self, least: i64) -> Self {
        self.least = Some(least);
        self
    }

    #[must_use]
    pub const fn at_most(mut self, most: i64) -> Self {
        self.most = Some(most);
        self
    }

    /// Brings a value into the form that a record has it in: an amount with two places, an address in lower case, a moment in
    /// UTC. The texts of a command line and the numbers of a file are taken alike.
    pub fn normal(&self, value: &Value) -> Result<Value, Broken> {
        let text = match value {
            Value::Null => return Ok(Value::Null),
            Value::String(text) => text.as_str(),
            _ => "",
        };
        let spelled = value.as_number().map(ToString::to_string);
        let spelled = spelled.as_deref().unwrap_or(text);
        let found = match self.meaning {
            Meaning::Id => text.parse().ok().map(|id: Id| id.to_string().into()),
            Meaning::Text => value.is_string().then(|| value.clone()),
            Meaning::Email => value.is_string().then(|| text.trim().to_lowercase().into()),
            Meaning::Password => value.is_string().then(|| value.clone()),
            Meaning::Integer => spelled.parse().ok().map(|number: i64| number.into()),
            Meaning::Boolean => value.as_bool().or_else(|| text.parse().ok()).map(Value::Bool),
            Meaning::Money => spelled.parse().ok().map(|money: Money| money.to_string().into()),
            Meaning::Instant => text.parse().ok().map(|instant: Instant| instant.to_string().into()),
            Meaning::Date => text.parse().ok().map(|date: NaiveDate| date.to_string().into()),
            Meaning::Json => Some(value.clone()),
        };
        found.ok_or_else(|| Broken::new(self.name, "type", format!("is {}", self.meaning.wanted())))
    }

    /// The rules that a value in that form breaks.
    pub fn check(&self, value: &Value, broken: &mut Vec<Broken>) {
        let mut add = |rule, message: String| broken.push(Broken::new(self.name, rule, message));
        let text = match value {
            Value::Null if self.nullable => return,
            Value::Null => return add("mandatory", "has no value, and must have one".into()),
            Value::String(text) => text.as_str(),
            Value::Number(number) => {
                if let (Some(least), Some(number)) = (self.least, number.as_i64())
                    && number < least
                {
                    add("range", format!("is {}less than {least}", self.shown(&number.to_string())));
                }
                if let (Some(most), Some(number)) = (self.most, number.as_i64())
                    && number > most
                {
                    add("range", format!("is {}more than {most}", self.shown(&number.to_string())));
                }
                return;
            }
            _ => return,
        };
        let blank = text.trim().is_empty();
        if blank && !self.nullable && matches!(self.meaning, Meaning::Text | Meaning::Email | Meaning::Password) {
            return add("mandatory", "is empty, and must have a value".into());
        }
        if let Some(longest) = self.longest {
            let characters = text.chars().count();
            if characters > longest {
                add("length", format!("has {characters} characters, of {longest} at most"));
            }
        }
        if !self.choices.is_empty() && !self.choices.contains(&text) {
            let choices = self.choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", ");
            let meant = text::did_you_mean(text, self.choices.iter().copied()).filter(|_| !self.sensitive);
            let meant = meant.map(|meant| format!("; {meant}")).unwrap_or_default();
            add("choice", format!("is {}none of {choices}{meant}", self.shown(text)));
        }
        match self.meaning {
            Meaning::Email if !is_address(text) => add("email", format!("is {}no e-mail address", self.shown(text))),
            Meaning::Password if !is_hash(text) => {
                add(
                    "password",
                    "is not the PHC string of an argon2id hash: a password is never stored as it is".into(),
                );
            }
            Meaning::Money => self.check_money(text, &mut add),
            _ => {}
        }
    }

    fn check_money(&self, text: &str, add: &mut impl FnMut(&'static str, String)) {
        let Ok(money) = text.parse::<Money>() else { return };
        if self.least.is_some_and(|least| money.amount() < least.into()) {
            let least = self.least.unwrap_or_default();
            add("range", format!("is {}less than {least}", self.shown(text)));
        }
        let digits = money.amount().mantissa().unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
        if self.digits.is_some_and(|most| digits > most) {
            let most = self.digits.unwrap_or_default();
            add("range", format!("is {}more than {most} digits, two of them behind the point", self.shown(text)));
        }
    }

    /// The value, to be read before what it is; nothing of one that is sensitive.
    fn shown(&self, value: &str) -> String {
        if self.sensitive { String::new() } else { format!("`{}`, ", text::shorten(value, 60)) }
    }
}

impl Meaning {
    fn wanted(self) -> &'static str {
        match self {
            Meaning::Id => "no UUID",
            Meaning::Text | Meaning::Email | Meaning::Password => "no text",
            Meaning::Integer => "no whole number",
            Meaning::Boolean => "neither `true` nor `false`",
            Meaning::Money => "no amount with at most two places, such as `19.99`",
            Meaning::Instant => "no moment, such as `2026-01-05T09:00:00Z`",
            Meaning::Date => "no date, such as `2026-01-05`",
            Meaning::Json => "no JSON",
        }
    }
}

fn is_address(text: &str) -> bool {
    let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
    EmailAddress::parse_with_options(text, options).is_ok()
}

/// `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`
fn is_hash(text: &str) -> bool {
    let parts: Vec<&str> = text.split('$').collect();
    let [before, algorithm, version, parameters, salt, hash] = parts[..] else { return false };
    let names: Vec<&str> = parameters.split(',').filter_map(|one| one.split_once('=')).map(|(name, _)| name).collect();
    let base64 = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b));
    before.is_empty()
        && algorithm == "argon2id"
        && version.starts_with("v=")
        && names == ["m", "t", "p"]
        && base64(salt)
        && base64(hash)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn broken(field: Field, value: &Value) -> Vec<&'static str> {
        let mut broken = Vec::new();
        match field.normal(value) {
            Ok(value) => field.check(&value, &mut broken),
            Err(wrong) => broken.push(wrong),
        }
        broken.iter().map(|broken| broken.rule).collect()
    }

    #[test]
    fn values_take_the_form_of_a_record() {
        let normal = |meaning, value: Value| Field::new("a", meaning).normal(&value);
        assert_eq!(normal(Meaning::Money, json!("19.9")), Ok(json!("19.90")));
        assert_eq!(normal(Meaning::Money, json!(19.9)), Ok(json!("19.90")));
        assert_eq!(normal(Meaning::Money, json!(20)), Ok(json!("20.00")));
        assert_eq!(normal(Meaning::Email, json!(" Alice@Example.COM ")), Ok(json!("alice@example.com")));
        assert_eq!(normal(Meaning::Integer, json!("-7")), Ok(json!(-7)));
        assert_eq!(normal(Meaning::Boolean, json!("true")), Ok(json!(true)));
        assert_eq!(normal(Meaning::Date, json!("2026-01-05")), Ok(json!("2026-01-05")));
        assert_eq!(
            normal(Meaning::Instant, json!("2026-01-05T10:00:00+01:00")),
            Ok(json!("2026-01-05T09:00:00.000000Z"))
        );
        assert_eq!(
            normal(Meaning::Id, json!("0198C5A2-7B3E-7C4D-9E5F-6A7B8C9D0E1F")),
            Ok(json!("0198c5a2-7b3e-7c4d-9e5f-6a7b8c9d0e1f"))
        );
        assert_eq!(normal(Meaning::Json, json!({"a": [1]})), Ok(json!({"a": [1]})));
        assert_eq!(normal(Meaning::Text, Value::Null), Ok(Value::Null));
    }

    #[test]
    fn wrong_values_name_their_rule() {
        let field = |meaning| Field::new("a", meaning);
        for (field, value, rules) in [
            (field(Meaning::Text), json!(null), vec!["mandatory"]),
            (field(Meaning::Text), json!("  "), vec!["mandatory"]),
            (field(Meaning::Text).nullable(), json!(""), vec![]),
            (field(Meaning::Text), json!(7), vec!["type"]),
            (field(Meaning::Text).longest(3), json!("äöü"), vec![]),
            (field(Meaning::Text).longest(3), json!("äöüß"), vec!["length"]),
            (field(Meaning::Text).one_of(&["paid"]), json!("payd"), vec!["choice"]),
            (field(Meaning::Email), json!("alice@example.com"), vec![]),
            (field(Meaning::Email), json!("alice@localhost"), vec!["email"]),
            (field(Meaning::Email).longest(10), json!("no address at all"), vec!["length", "email"]),
            (field(Meaning::Integer).at_least(1), json!(0), vec!["range"]),
            (field(Meaning::Integer).at_most(9), json!(9), vec![]),
            (field(Meaning::Integer).at_most(9), json!(10), vec!["range"]),
            (field(Meaning::Integer), json!(1.5), vec!["type"]),
            (field(Meaning::Integer), json!("99999999999999999999"), vec!["type"]),
            (field(Meaning::Money).at_least(0), json!("-0.01"), vec!["range"]),
            (field(Meaning::Money).digits(4), json!("99.99"), vec![]),
            (field(Meaning::Money).digits(4), json!("100"), vec!["range"]),
            (field(Meaning::Money), json!("1.001"), vec!["type"]),
            (field(Meaning::Date), json!("2026-02-30"), vec!["type"]),
            (field(Meaning::Instant), json!("now"), vec!["type"]),
            (field(Meaning::Id), json!(17), vec!["type"]),
            (field(Meaning::Boolean), json!("maybe"), vec!["type"]),
            (field(Meaning::Password), json!("s3cret"), vec!["password"]),
            (field(Meaning::Password), json!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA"), vec![]),
        ] {
            assert_eq!(broken(field, &value), rules, "{field:?} {value}");
        }
    }

    #[test]
    fn sensitive_values_are_in_no_message() {
        let field = Field::new("a", Meaning::Email).sensitive().longest(3).one_of(&["b"]);
        let mut broken = Vec::new();
        field.check(&json!("s3cret"), &mut broken);
        Field::new("a", Meaning::Password).check(&json!("s3cret"), &mut broken);
        assert_eq!(broken.len(), 4);
        assert!(broken.iter().all(|broken| !broken.message.contains("s3cret")), "{broken:?}");
    }
}
