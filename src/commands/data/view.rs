//! Records as people and scripts read them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value as Json;

use crate::context::Context;
use crate::error::Result;
use crate::output::{Column, Report, Rows, Terminal, emit};
use crate::record::Record;
use crate::text::visible;

/// Several records, in the shape that a command has.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Records<'r, R: Serialize> {
    report: &'r R,
    #[serde(skip)]
    rows: &'r [Record],
    /// The columns, in their order.
    #[serde(skip)]
    names: Vec<String>,
}

impl<'r, R: Serialize> Records<'r, R> {
    pub fn new(report: &'r R, rows: &'r [Record], names: Vec<String>) -> Self {
        Self { report, rows, names }
    }

    pub fn emit(&self, context: &Context<'_>) -> Result<()> {
        emit(context.terminal, context.format, self, |terminal, report| {
            table(report.rows, &report.names, "NULL").visible().print(terminal);
        })
    }
}

impl<R: Serialize> Report for Records<'_, R> {
    fn rows(&self) -> Option<Rows> {
        Some(table(self.rows, &self.names, ""))
    }

    fn list(&self) -> &'static str {
        "rows"
    }
}

/// One record.
#[derive(Serialize)]
#[serde(transparent)]
pub struct One<'r> {
    record: &'r Record,
    /// The columns, in their order.
    #[serde(skip)]
    names: Vec<String>,
}

impl<'r> One<'r> {
    pub fn new(record: &'r Record, names: Vec<String>) -> Self {
        Self { record, names }
    }

    pub fn emit(&self, context: &Context<'_>) -> Result<()> {
        emit(context.terminal, context.format, self, |terminal, one| print(terminal, one.record, &one.names))
    }
}

impl Report for One<'_> {
    fn rows(&self) -> Option<Rows> {
        Some(table(std::slice::from_ref(self.record), &self.names, ""))
    }
}

/// A record, a line for each column.
pub fn print(terminal: &Terminal, record: &Record, names: &[String]) {
    let line = |name: &String| Some(vec![name.clone(), visible(&cell(record.get(name)?, "NULL")).into_owned()]);
    let lines: Vec<Vec<String>> = names.iter().filter_map(line).collect();
    for line in crate::output::aligned(&lines) {
        terminal.data(&format!("{line}\n"));
    }
}

/// What is different after a change, a line for each column.
pub fn print_changes(terminal: &Terminal, before: &Record, after: &Record) {
    let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(*value));
    let lines: Vec<Vec<String>> = changed
        .map(|(name, value)| {
            let old = before.get(name).map_or_else(String::new, |value| cell(value, "NULL"));
            vec![name.clone(), format!("{} -> {}", visible(&old), visible(&cell(value, "NULL")))]
        })
        .collect();
    for line in crate::output::aligned(&lines) {
        terminal.data(&format!("  {line}\n"));
    }
}

/// Records as rows.
fn table(records: &[Record], names: &[String], null: &str) -> Rows {
    let is_number = |name: &String| {
        let mut values =
            records.iter().filter_map(|record| record.get(name)).filter(|value| !value.is_null()).peekable();
        values.peek().is_some() && values.all(|value| value.is_number() || value.as_str().is_some_and(is_amount))
    };
    let columns = names.iter().map(|name| Column { name: Cow::Owned(name.clone()), right: is_number(name) }).collect();
    let row = |record: &Record| {
        names.iter().map(|name| record.get(name).map_or_else(String::new, |value| cell(value, null))).collect()
    };
    Rows { columns, rows: records.iter().map(row).collect() }
}

/// A decimal, which is text in JSON.
fn is_amount(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.contains('.')
        && digits.split('.').count() == 2
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn cell(value: &Json, null: &str) -> String {
    match value {
        Json::Null => null.to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_stand_at_the_right() {
        assert_eq!(["1.10", "-0.5", "1.2.3", "1", "a.b"].map(is_amount), [true, true, false, false, false]);
    }
}
