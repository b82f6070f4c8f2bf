//! Made-up values. Each depends on the table, the key of its row, its column and [`VERSION`] alone, so that a new row or
//! column changes no other value, on no machine.

use chrono::{Days, NaiveDate};
use serde_json::Value;

use crate::text;

/// Raised when a generator gives other values than before: everything that is generated then changes.
pub const VERSION: u32 = 1;

/// What there is, with what it is told.
pub const KINDS: &[(&str, &str)] = &[
    ("first_name", "Maria"),
    ("last_name", "Novak"),
    ("name", "Maria Novak"),
    ("email", "maria.novak.3f9a2c01de@example.com: at example.com, and never twice"),
    ("phone", "+1 202 555 0143: a number that nobody has"),
    ("company", "Novak & Sons"),
    ("street", "12 Mill Lane"),
    ("city", "Lindon"),
    ("postcode", "40218"),
    ("word", "amber"),
    ("words", "amber river stone; `words = 5` for another number"),
    ("slug", "amber-river-3f9a2c01de: never twice"),
    ("sentence", "a sentence of ten words or so"),
    ("paragraph", "several sentences"),
    ("product", "Oak Reading Lamp"),
    ("integer", "from `min` to `max`: 0 to 100"),
    ("decimal", "from `min` to `max` with `places`: 0 to 100, 2"),
    ("boolean", "true or false"),
    ("date", "from `from` to `to`: 1950-01-01 to 2005-12-31"),
    ("uuid", "a UUID"),
    ("one_of", "one of the values in `of`"),
    ("pattern", "`format` with a digit for each `#` and a letter for each `?`"),
];

const FIRST: &[&str] = &[
    "Ada", "Ahmed", "Aiko", "Alma", "Amara", "Anton", "Beatriz", "Bruno", "Carla", "Chen", "Daria", "David", "Elena",
    "Emil", "Fatima", "Felix", "Greta", "Hana", "Hugo", "Ines", "Ivan", "Jana", "Jonas", "Kofi", "Lea", "Leon",
    "Lucia", "Maja", "Marco", "Maria", "Mateo", "Mina", "Nadia", "Noah", "Olga", "Omar", "Paula", "Priya", "Rafael",
    "Rosa", "Samir", "Sara", "Sofia", "Tariq", "Tomas", "Vera", "Yusuf", "Zoe",
];
const LAST: &[&str] = &[
    "Almeida", "Andersen", "Bakker", "Bauer", "Berg", "Castro", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia",
    "Haddad", "Hansen", "Horvat", "Ito", "Jansen", "Kaya", "Keller", "Kim", "Klein", "Kovacs", "Larsen", "Lopez",
    "Mendes", "Meyer", "Moreau", "Nakamura", "Novak", "Okafor", "Olsen", "Petrov", "Popescu", "Rossi", "Santos",
    "Schmidt", "Silva", "Singh", "Suzuki", "Tanaka", "Toth", "Varga", "Vogel", "Weber", "Wolf", "Yilmaz", "Zeman",
];
const CITIES: &[&str] = &[
    "Ashford",
    "Brightwater",
    "Cedar Falls",
    "Drayton",
    "Eastmoor",
    "Fairview",
    "Greenhaven",
    "Harlow",
    "Ironbridge",
    "Kingsport",
    "Lindon",
    "Marlow",
    "Northgate",
    "Oakridge",
    "Pinewood",
    "Redcliff",
    "Stonebrook",
    "Thornbury",
    "Westfield",
];
const STREETS: &[&str] = &[
    "Birch Road",
    "Bridge Street",
    "Castle Street",
    "Chapel Lane",
    "Church Street",
    "Garden Road",
    "High Street",
    "Hill Road",
    "Lake Avenue",
    "Market Square",
    "Mill Lane",
    "North Street",
    "Orchard Close",
    "Park Avenue",
    "River Walk",
    "School Lane",
    "Station Road",
    "Victoria Road",
];
const WORDS: &[&str] = &[
    "amber", "anchor", "apple", "autumn", "beacon", "birch", "bloom", "breeze", "bright", "bronze", "calm", "canvas",
    "cedar", "cloud", "coast", "copper", "coral", "cotton", "crisp", "dawn", "delta", "drift", "ember", "fern",
    "field", "flint", "forest", "garden", "gentle", "glass", "golden", "granite", "grove", "harbor", "hazel", "honey",
    "indigo", "ivory", "lake", "lantern", "leaf", "linen", "maple", "marble", "meadow", "mist", "morning", "mountain",
    "north", "oak", "ocean", "olive", "pearl", "pine", "plain", "quiet", "rain", "river", "sage", "sand", "shore",
    "silver", "slate", "spring", "stone", "summer", "timber", "valley", "velvet", "willow", "wind", "winter", "wood",
];
const MATERIALS: &[&str] =
    &["Oak", "Linen", "Steel", "Cotton", "Walnut", "Glass", "Ceramic", "Wool", "Copper", "Bamboo"];
const USES: &[&str] = &["Reading", "Travel", "Kitchen", "Garden", "Desk", "Camping", "Evening", "Everyday"];
const THINGS: &[&str] = &["Lamp", "Bag", "Chair", "Mug", "Blanket", "Knife", "Notebook", "Kettle", "Shelf", "Clock"];

/// A stream of numbers for one value.
struct Dice(blake3::OutputReader);

impl Dice {
    fn new(table: &str, key: &str, column: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("dbtool fake values");
        hasher.update(&VERSION.to_le_bytes());
        for part in [table, key, column] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Self(hasher.finalize_xof())
    }

    fn next(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number below another. What is uneven about it is far below what anybody sees.
    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end.max(1))) >> 64) as u64
    }

    fn between(&mut self, min: i64, max: i64) -> i64 {
        let span = max.abs_diff(min).saturating_add(1);
        min.saturating_add_unsigned(self.below(span))
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let at = self.below(list.len() as u64);
        usize::try_from(at).ok().and_then(|at| list.get(at)).copied().unwrap_or_default()
    }

    fn tag(&mut self) -> String {
        format!("{:010x}", self.next() & 0xff_ffff_ffff)
    }

    fn words(&mut self, count: u64) -> Vec<&'static str> {
        (0..count).map(|_| self.of(WORDS)).collect()
    }

    fn sentence(&mut self) -> String {
        let count = 6 + self.below(8);
        format!("{}.", capital(&self.words(count).join(" ")))
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Makes a value; an error says what is wrong with what was asked for, and what to do.
#[expect(clippy::too_many_lines, reason = "the list of kinds")]
pub fn fake(
    kind: &str,
    arguments: &[(String, Value)],
    table: &str,
    key: &str,
    column: &str,
) -> Result<Value, (String, Option<String>)> {
    let mut dice = Dice::new(table, key, column);
    let argument = |name: &str| arguments.iter().find(|(argument, _)| argument == name).map(|(_, value)| value);
    let number = |name: &str, default: i64| match argument(name) {
        None => Ok(default),
        Some(value) => value.as_i64().ok_or_else(|| (format!("`{name}` must be a whole number"), None)),
    };
    let date = |name: &str, default: (i32, u32, u32)| match argument(name) {
        None => Ok(NaiveDate::from_ymd_opt(default.0, default.1, default.2).unwrap_or_default()),
        Some(value) => {
            value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| (format!("`{name}` must be a date"), None))
        }
    };
    let range = |low: i64, high: i64| {
        if low > high {
            Err((format!("`min` is {low}, more than `max`, which is {high}"), None))
        } else {
            Ok((low, high))
        }
    };
    Ok(match kind {
        "first_name" => dice.of(FIRST).into(),
        "last_name" => dice.of(LAST).into(),
        "name" => format!("{} {}", dice.of(FIRST), dice.of(LAST)).into(),
        "email" => {
            let (first, last) = (dice.of(FIRST).to_lowercase(), dice.of(LAST).to_lowercase());
            format!("{first}.{last}.{}@example.com", dice.tag()).into()
        }
        // 555-0100 to 555-0199 are kept free for such use.
        "phone" => format!("+1 202 555 01{:02}", dice.below(100)).into(),
        "company" => match dice.below(3) {
            0 => format!("{} & Sons", dice.of(LAST)),
            1 => format!("{} {}", capital(dice.of(WORDS)), dice.of(&["Works", "Trading", "Studio", "Supply"])),
            _ => format!("{} {}", dice.of(LAST), dice.of(&["Ltd", "Group", "Partners"])),
        }
        .into(),
        "street" => format!("{} {}", 1 + dice.below(180), dice.of(STREETS)).into(),
        "city" => dice.of(CITIES).into(),
        "postcode" => format!("{:05}", 10_000 + dice.below(89_999)).into(),
        "word" => dice.of(WORDS).into(),
        "words" => {
            let count = u64::try_from(number("words", 3)?).unwrap_or(3);
            dice.words(count).join(" ").into()
        }
        "slug" => format!("{}-{}", dice.words(2).join("-"), dice.tag()).into(),
        "sentence" => dice.sentence().into(),
        "paragraph" => {
            let count = 3 + dice.below(3);
            (0..count).map(|_| dice.sentence()).collect::<Vec<_>>().join(" ").into()
        }
        "product" => format!("{} {} {}", dice.of(MATERIALS), dice.of(USES), dice.of(THINGS)).into(),
        "integer" => {
            let (min, max) = range(number("min", 0)?, number("max", 100)?)?;
            dice.between(min, max).into()
        }
        "decimal" => {
            let (min, max) = range(number("min", 0)?, number("max", 100)?)?;
            let places = u32::try_from(number("places", 2)?).unwrap_or(2).min(9);
            let unit = 10_i64.pow(places);
            let minor = dice.between(min.saturating_mul(unit), max.saturating_mul(unit));
            rust_decimal::Decimal::new(minor, places).to_string().into()
        }
        "boolean" => (dice.below(2) == 1).into(),
        "date" => {
            let (from, to) = (date("from", (1950, 1, 1))?, date("to", (2005, 12, 31))?);
            let days =
                u64::try_from((to - from).num_days()).map_err(|_| ("`from` is later than `to`".to_owned(), None))?;
            let day = from.checked_add_days(Days::new(dice.below(days + 1))).unwrap_or(from);
            day.to_string().into()
        }
        "uuid" => {
            let mut bytes = [0; 16];
            dice.0.fill(&mut bytes);
            uuid::Builder::from_random_bytes(bytes).into_uuid().to_string().into()
        }
        "one_of" => {
            let of = argument("of").and_then(Value::as_array).filter(|of| !of.is_empty());
            let of = of.ok_or_else(|| ("`one_of` needs a list of values in `of`".to_owned(), None))?;
            let at = usize::try_from(dice.below(of.len() as u64)).unwrap_or(0);
            of[at].clone()
        }
        "pattern" => {
            let format = argument("format").and_then(Value::as_str);
            let format = format.ok_or_else(|| ("`pattern` needs its `format`, such as `SKU-####`".to_owned(), None))?;
            let letter = |dice: &mut Dice| char::from(b'A' + u8::try_from(dice.below(26)).unwrap_or(0));
            let digit = |dice: &mut Dice| char::from(b'0' + u8::try_from(dice.below(10)).unwrap_or(0));
            let made: String = format
                .chars()
                .map(|c| match c {
                    '#' => digit(&mut dice),
                    '?' => letter(&mut dice),
                    c => c,
                })
                .collect();
            made.into()
        }
        unknown => {
            let names = KINDS.iter().map(|(name, _)| *name);
            let hint = text::did_you_mean(unknown, names.clone())
                .unwrap_or_else(|| format!("there are: {}", names.collect::<Vec<_>>().join(", ")));
            return Err((format!("there is no fake `{unknown}`"), Some(hint)));
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(kind: &str, key: &str) -> Value {
        let arguments = [("of".to_owned(), json!(["a", "b"])), ("format".to_owned(), json!("SKU-##?"))];
        fake(kind, &arguments, "users", key, "column").unwrap()
    }

    #[test]
    fn each_kind_gives_the_same_value_again() {
        for (kind, _) in KINDS {
            assert_eq!(made(kind, "1"), made(kind, "1"), "{kind}");
        }
        // The values of this version: a change here is a new version.
        let first: Vec<_> = ["first_name", "decimal", "date"].iter().map(|kind| made(kind, "1").to_string()).collect();
        let other: Vec<_> = ["first_name", "decimal", "date"].iter().map(|kind| made(kind, "2").to_string()).collect();
        assert_ne!(first, other);
    }

    #[test]
    fn what_must_differ_differs() {
        for kind in ["email", "slug", "uuid"] {
            let all: std::collections::BTreeSet<_> =
                (0..5_000).map(|key| made(kind, &key.to_string()).to_string()).collect();
            assert_eq!(all.len(), 5_000, "{kind}");
        }
        assert!((0..100).all(|key| made("email", &key.to_string()).as_str().unwrap().ends_with("@example.com")));
    }

    #[test]
    fn ranges_hold() {
        let arguments = [("min".to_owned(), json!(3)), ("max".to_owned(), json!(5))];
        let all: std::collections::BTreeSet<i64> = (0..200)
            .map(|key| fake("integer", &arguments, "t", &key.to_string(), "c").unwrap().as_i64().unwrap())
            .collect();
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
        let wrong = fake("firstname", &[], "t", "1", "c").unwrap_err();
        assert_eq!(wrong.1.as_deref(), Some("did you mean `first_name`?"));
    }
}
