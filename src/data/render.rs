//! Conditions as SQL: names from the catalog, values bound.

use super::condition::Condition;
use super::expr::Op;
use super::link::Link;
use crate::db::{Form, Value};
use crate::rows::{Column, Kind, Subject, Writer};

/// Writes what must hold for the rows of a table that has an alias: `t0`.
pub fn condition(writer: &mut Writer, subject: &Subject<'_>, depth: usize, wanted: &Condition<'_>) {
    match wanted {
        Condition::All(parts) if parts.is_empty() => {
            writer.push("1 = 1");
        }
        Condition::Any(parts) if parts.is_empty() => {
            writer.push("1 = 0");
        }
        Condition::All(parts) => joined(writer, subject, depth, parts, " AND "),
        Condition::Any(parts) => joined(writer, subject, depth, parts, " OR "),
        Condition::Not(part) => {
            writer.push("NOT (");
            condition(writer, subject, depth, part);
            writer.push(")");
        }
        Condition::Compare { column, op, value } => compare(writer, subject, depth, *column, *op, value),
        Condition::In { column, values } => {
            let expression = expression(writer, subject, depth, *column);
            writer.push(&expression).push(" IN (").list(", ", values, |writer, value| {
                writer.bind(&subject.columns[*column], value.clone());
            });
            writer.push(")");
        }
        Condition::IsNull { column, negated } => {
            let expression = expression(writer, subject, depth, *column);
            writer.push(&expression).push(if *negated { " IS NOT NULL" } else { " IS NULL" });
        }
        Condition::Exists { link, condition: inner } => {
            let to = link.to.quoted();
            writer.push("EXISTS (SELECT 1 FROM ").push(&to).push(&format!(" t{} WHERE ", depth + 1));
            related(writer, subject, depth, link);
            writer.push(" AND ");
            condition(writer, &link.to, depth + 1, inner);
            writer.push(")");
        }
    }
}

/// A column of the table at a depth.
pub fn expression(writer: &Writer, subject: &Subject<'_>, depth: usize, column: usize) -> String {
    format!("t{depth}.{}", writer.grammar.identifier(&subject.columns[column].name))
}

/// Half by half: in a row of thousands each would stand within the one before, which is deeper than servers go.
fn joined(writer: &mut Writer, subject: &Subject<'_>, depth: usize, parts: &[Condition<'_>], with: &str) {
    const FEW: usize = 8;
    writer.push("(");
    if parts.len() > FEW {
        let (some, others) = parts.split_at(parts.len() / 2);
        joined(writer, subject, depth, some, with);
        writer.push(with);
        joined(writer, subject, depth, others, with);
    } else {
        writer.list(with, parts, |writer, part| condition(writer, subject, depth, part));
    }
    writer.push(")");
}

fn related(writer: &mut Writer, subject: &Subject<'_>, depth: usize, link: &Link<'_>) {
    writer.list(" AND ", &link.pairs, |writer, (own, other)| {
        let (own, other) = (expression(writer, subject, depth, *own), expression(writer, &link.to, depth + 1, *other));
        writer.push(&other).push(" = ").push(&own);
    });
}

fn compare(writer: &mut Writer, subject: &Subject<'_>, depth: usize, at: usize, op: Op, value: &Value) {
    let column = &subject.columns[at];
    let expression = expression(writer, subject, depth, at);
    match op {
        Op::Contains | Op::NotContains => {
            let place = writer.place(&words(column), value.clone());
            let contains = writer.grammar.contains(&expression, column.form, &place);
            writer.push(&if op == Op::NotContains { format!("NOT ({contains})") } else { contains });
        }
        Op::Like => {
            let place = writer.place(&words(column), value.clone());
            let like = writer.grammar.like(&expression, column.form, &place);
            writer.push(&like);
        }
        _ => {
            writer.push(&expression).push(" ").push(op.sign()).push(" ").bind(column, value.clone());
        }
    }
}

/// A part or a pattern, which is text whatever it is looked for in.
fn words(column: &Column) -> Column {
    Column { form: Form::Text, kind: Kind::Text { longest: None }, ..column.clone() }
}
