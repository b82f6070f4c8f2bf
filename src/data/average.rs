//! Averages: a sum divided by its count, by its digits, so that neither the size of the sum nor the backend matters.

use serde_json::Value as Json;

use crate::db::Value;
use crate::rows::Kind;

/// The places that an average has beyond those of its column.
const PLACES: usize = 4;
/// A float of SQLite's has no more places that mean something.
const MEANT: usize = 17;

/// A sum divided by its count: exact up to four places more than the column has. `sum` is in the units in which the column is stored.
pub fn average(kind: &Kind, sum: &Value, count: i64) -> Json {
    let Ok(count @ 1..) = u128::try_from(count) else { return Json::Null };
    #[expect(clippy::cast_precision_loss, reason = "an average of floating-point numbers is one")]
    let floating = |number: f64| kind.json(&Value::Float(number / count as f64));
    let (text, places) = match (kind, sum) {
        (_, Value::Null | Value::Bool(_) | Value::Bytes(_)) => return Json::Null,
        // SQLite's, whose columns have as many places as their values.
        (Kind::Float | Kind::Decimal { scale: None, .. }, Value::Float(number)) => return floating(*number),
        (_, Value::Float(number)) => (number.to_string(), places(kind)),
        (_, Value::Int(number)) => (number.to_string(), places(kind)),
        (_, Value::Text(text)) => (text.clone(), places(kind)),
    };
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        // `NaN`, `Infinity`
        return text.into();
    }
    let places = places.unwrap_or(fraction.len());
    let fraction = &fraction[..fraction.len().min(places + MEANT)];
    // Minor units have two places more than they are written with.
    let shift = if *kind == Kind::Minor { 2 } else { 0 };
    let digits = divided(&format!("{whole}{fraction}"), fraction.len() + shift, count, places + PLACES);
    let is_zero = digits == "0";
    if negative && !is_zero { format!("-{digits}").into() } else { digits.into() }
}

/// The places that the values of a column have; `None`: as many as each has.
fn places(kind: &Kind) -> Option<usize> {
    match kind {
        Kind::Minor => Some(2),
        Kind::Decimal { scale, .. } => scale.map(|scale| usize::try_from(scale).unwrap_or(0)),
        _ => Some(0),
    }
}

/// The quotient of digits, the last `scale` of which are places, rounded to so many places; halves go away from zero.
fn divided(digits: &str, scale: usize, count: u128, places: usize) -> String {
    let zeros = "0".repeat(places.saturating_sub(scale));
    let excess = u32::try_from(scale.saturating_sub(places)).unwrap_or(u32::MAX);
    let Some(divisor) = 10_u128.checked_pow(excess).and_then(|power| power.checked_mul(count)) else {
        return "0".into();
    };
    let (mut quotient, mut rest) = (String::new(), 0_u128);
    for digit in digits.chars().chain(zeros.chars()) {
        rest = rest * 10 + u128::from(digit.to_digit(10).unwrap_or(0));
        quotient.push(char::from_digit(u32::try_from(rest / divisor).unwrap_or(0), 10).unwrap_or('0'));
        rest %= divisor;
    }
    if rest * 2 >= divisor {
        quotient = one_more(&quotient);
    }
    let padded = format!("{quotient:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

fn one_more(digits: &str) -> String {
    let kept = digits.trim_end_matches('9');
    let nines = digits.len() - kept.len();
    let (before, last) = kept.split_at(kept.len().saturating_sub(1));
    let next = last.chars().next().and_then(|digit| digit.to_digit(10)).unwrap_or(0) + 1;
    format!("{before}{next}{}", "0".repeat(nines))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MONEY: Kind = Kind::Decimal { precision: Some(10), scale: Some(2) };
    const NUMERIC: Kind = Kind::Decimal { precision: None, scale: None };
    const INT: Kind = Kind::Int { least: -128, most: 127 };

    #[test]
    fn four_places_more_than_the_column_has() {
        let text = Value::text;
        for (kind, sum, count, expected) in [
            (MONEY, text("10.00"), 3, json!("3.333333")),
            (MONEY, text("20.00"), 3, json!("6.666667")),
            (MONEY, text("-20.00"), 3, json!("-6.666667")),
            (MONEY, text("219.09"), 3, json!("73.03")),
            (MONEY, Value::Float(20.0), 3, json!("6.666667")),
            (MONEY, Value::Float(0.1 + 0.2), 1, json!("0.3")),
            (MONEY, Value::Float(1e-300), 1, json!("0")),
            (Kind::Minor, Value::Int(2_000), 3, json!("6.666667")),
            (Kind::Minor, text("5"), 1, json!("0.05")),
            (INT, text("10"), 4, json!("2.5")),
            (INT, Value::Int(-2), 3, json!("-0.6667")),
            (INT, Value::Int(0), 3, json!("0")),
            (NUMERIC, text("0.12345"), 2, json!("0.061725")),
            (NUMERIC, text("NaN"), 2, json!("NaN")),
            (NUMERIC, Value::Float(1.0), 4, json!("0.25")),
            (Kind::Float, Value::Float(1.0), 4, json!(0.25)),
            (
                INT,
                text("99999999999999999999999999999999999999999"),
                2,
                json!("49999999999999999999999999999999999999999.5"),
            ),
            (INT, Value::Int(199_999), 2, json!("99999.5")),
            (INT, Value::Int(1_999_999), 20_000, json!("100")),
            (INT, Value::Int(7), 0, json!(null)),
            (INT, Value::Null, 2, json!(null)),
        ] {
            assert_eq!(average(&kind, &sum, count), expected, "{kind:?} {sum:?} {count}");
        }
    }
}
