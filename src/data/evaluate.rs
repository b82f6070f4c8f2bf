//! Conditions evaluated over rows in memory, as SQL has it: what is compared with NULL is neither true nor false.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::condition::Condition;
use super::expr::Op;
use crate::db::Value;
use crate::rows::{Kind, Subject};

/// The rows of a table by its name, all columns in their order.
pub type Rows<'r> = dyn Fn(&str) -> Vec<Vec<Value>> + 'r;

/// Whether a condition holds; `None`: unknown, which finds no row.
#[must_use]
pub fn holds(condition: &Condition<'_>, subject: &Subject<'_>, row: &[Value], others: &Rows<'_>) -> Option<bool> {
    match condition {
        Condition::All(parts) => {
            let each = parts.iter().map(|part| holds(part, subject, row, others).map(|holds| !holds));
            any(each).map(|one_does_not| !one_does_not)
        }
        Condition::Any(parts) => any(parts.iter().map(|part| holds(part, subject, row, others))),
        Condition::Not(part) => holds(part, subject, row, others).map(|holds| !holds),
        Condition::IsNull { column, negated } => Some(row[*column].is_null() != *negated),
        Condition::Compare { column, op, value } => compare(&subject.columns[*column].kind, &row[*column], *op, value),
        Condition::In { column, values } => {
            let kind = &subject.columns[*column].kind;
            any(values.iter().map(|value| compare(kind, &row[*column], Op::Equal, value)))
        }
        Condition::Exists { link, condition } => {
            let related = |other: &Vec<Value>| {
                link.pairs.iter().all(|(own, theirs)| {
                    compare(&link.to.columns[*theirs].kind, &other[*theirs], Op::Equal, &row[*own]) == Some(true)
                })
            };
            let rows = others(&link.to.name.to_string());
            Some(
                rows.iter()
                    .filter(|other| related(other))
                    .any(|other| holds(condition, &link.to, other, others) == Some(true)),
            )
        }
    }
}

/// True where one is; else unknown where one is.
fn any(each: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut is_known = true;
    for one in each {
        match one {
            Some(true) => return Some(true),
            Some(false) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(false)
}

fn compare(kind: &Kind, stored: &Value, op: Op, with: &Value) -> Option<bool> {
    if stored.is_null() || with.is_null() {
        return None;
    }
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    Some(match op {
        Op::Contains => text(stored).contains(&text(with)),
        Op::NotContains => !text(stored).contains(&text(with)),
        _ => {
            let order = order(kind, stored, with)?;
            match op {
                Op::Equal => order == Ordering::Equal,
                Op::NotEqual => order != Ordering::Equal,
                Op::Greater => order == Ordering::Greater,
                Op::GreaterOrEqual => order != Ordering::Less,
                Op::Less => order == Ordering::Less,
                Op::LessOrEqual => order != Ordering::Greater,
                _ => return None,
            }
        }
    })
}

/// The order of two values of a column.
#[must_use]
pub fn order(kind: &Kind, one: &Value, other: &Value) -> Option<Ordering> {
    let whole = |value: &Value| match value {
        Value::Bool(value) => Some(i64::from(*value)),
        value => value.as_int(),
    };
    match (one, other) {
        (Value::Float(one), Value::Float(other)) => one.partial_cmp(other),
        (Value::Bytes(one), Value::Bytes(other)) => Some(one.cmp(other)),
        _ if matches!(kind, Kind::Decimal { .. }) => {
            let decimal = |value: &Value| match value {
                Value::Text(text) => text.parse::<Decimal>().ok(),
                Value::Int(number) => Some((*number).into()),
                Value::Float(number) => number.to_string().parse().ok(),
                _ => None,
            };
            Some(decimal(one)?.cmp(&decimal(other)?))
        }
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        _ => Some(whole(one)?.cmp(&whole(other)?)),
    }
}
