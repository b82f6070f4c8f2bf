//! Reports as tables, JSON, CSV and their kin.

use std::borrow::Cow;

use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::format::Format;
use super::terminal::{Style, Terminal};
use crate::error::{Code, Error, Result};
use crate::text;

/// A column of a report.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: Cow<'static, str>,
    /// Numbers stand at the right.
    pub right: bool,
}

impl Column {
    #[must_use]
    pub const fn left(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), right: false }
    }

    #[must_use]
    pub const fn right(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), right: true }
    }
}

/// A report as rows.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<String>>,
}

/// What a command reports.
pub trait Report: Serialize {
    /// As rows, where that makes sense.
    fn rows(&self) -> Option<Rows> {
        None
    }

    /// The key of the list in the JSON document that has one item for each row.
    fn list(&self) -> &'static str {
        ""
    }
}

/// Writes a report in a format; `human` writes the one for people.
pub fn emit<R: Report>(
    terminal: &Terminal,
    format: Format,
    report: &R,
    human: impl FnOnce(&Terminal, &R),
) -> Result<()> {
    let no_rows =
        || Error::new(Code::Usage, "this command's output makes no rows").hint("take `--output table` or `json`");
    let rows = || report.rows().ok_or_else(no_rows);
    let broken = |cause: String| Error::new(Code::Unexpected, "cannot write the report").because(cause);
    match format {
        Format::Table => human(terminal, report),
        Format::Json => {
            let text = serde_json::to_string_pretty(report).map_err(|cause| broken(cause.to_string()))?;
            terminal.data(&format!("{text}\n"));
        }
        Format::Jsonl => {
            rows()?;
            let value = serde_json::to_value(report).map_err(|cause| broken(cause.to_string()))?;
            match value.get(report.list()).and_then(Value::as_array) {
                Some(items) => items.iter().for_each(|item| terminal.data(&format!("{item}\n"))),
                // It is one thing.
                None => terminal.data(&format!("{value}\n")),
            }
        }
        Format::Csv => {
            let rows = rows()?;
            let mut writer = csv::Writer::from_writer(Vec::new());
            let header = rows.columns.iter().map(|column| column.name.replace(' ', "_"));
            let mut written = writer.write_record(header);
            for row in &rows.rows {
                written = written.and_then(|()| writer.write_record(row));
            }
            written.map_err(|cause| broken(cause.to_string()))?;
            let bytes = writer.into_inner().map_err(|cause| broken(cause.to_string()))?;
            terminal.foreign(&String::from_utf8_lossy(&bytes));
        }
        Format::Markdown => {
            let mut rows = rows()?;
            for value in rows.rows.iter_mut().flatten() {
                // A row is a line, and its values end at a `|`.
                *value = value.replace('|', "\\|").replace(['\n', '\r'], " ");
            }
            terminal.foreign(&format!("{}\n", table(&rows, comfy_table::presets::ASCII_MARKDOWN, (1, 1))));
        }
        Format::Vertical => {
            let rows = rows()?;
            let width = rows.columns.iter().map(|column| column.name.len()).max().unwrap_or(0);
            for (at, row) in rows.rows.iter().enumerate() {
                let lines: Vec<_> = rows
                    .columns
                    .iter()
                    .zip(row)
                    .map(|(column, value)| format!("{:>width$}: {}", column.name, text::printable(value)))
                    .collect();
                terminal.data(&format!("{}-- {} --\n{}\n", if at > 0 { "\n" } else { "" }, at + 1, lines.join("\n")));
            }
        }
    }
    Ok(())
}

impl Rows {
    /// Without the columns in which there is nothing, and those that are not wanted.
    #[must_use]
    pub fn without_empty(mut self, unwanted: impl Fn(&str) -> bool) -> Self {
        let kept: Vec<bool> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| !unwanted(&column.name) && self.rows.iter().any(|row| !row[at].is_empty()))
            .collect();
        let keep = |at: usize| kept.get(at).copied().unwrap_or(false);
        let wanted = |(at, column): (usize, Column)| keep(at).then_some(column);
        self.columns = self.columns.into_iter().enumerate().filter_map(wanted).collect();
        for row in &mut self.rows {
            let values = std::mem::take(row).into_iter().enumerate();
            *row = values.filter_map(|(at, value)| keep(at).then_some(value)).collect();
        }
        self
    }

    /// With each value on one line, whatever it holds: values of a database, for people.
    #[must_use]
    pub fn visible(mut self) -> Self {
        for value in self.rows.iter_mut().flatten() {
            if let Cow::Owned(shown) = text::visible(value) {
                *value = shown;
            }
        }
        self
    }

    /// As a table for people. The header stands out; nothing is drawn that is not needed. Where each
    /// value is one line, it is done here: to draw them takes most of the time of a long `status`.
    pub fn print(&self, terminal: &Terminal) {
        if self.rows.is_empty() {
            return;
        }
        let shown: Vec<Vec<Cow<'_, str>>> =
            self.rows.iter().map(|row| row.iter().map(|value| text::printable(value)).collect()).collect();
        if shown.iter().flatten().any(|value| value.contains(['\n', '\t'])) {
            let text = table(self, comfy_table::presets::NOTHING, (0, 2));
            let mut lines: Vec<_> = text.lines().map(|line| line.trim_end().to_owned()).collect();
            if let Some(header) = lines.first_mut() {
                *header = terminal.paint_data(Style::Bold, header);
            }
            terminal.data(&format!("{}\n", lines.join("\n")));
            return;
        }
        let mut widths: Vec<usize> = self.columns.iter().map(|column| width(&column.name)).collect();
        for row in &shown {
            for (widest, value) in widths.iter_mut().zip(row) {
                *widest = width(value).max(*widest);
            }
        }
        let mut header = String::new();
        self.line(&widths, self.columns.iter().map(|column| &*column.name), &mut header);
        let mut text = terminal.paint_data(Style::Bold, header.trim_end());
        text.push('\n');
        for row in &shown {
            self.line(&widths, row.iter().map(|value| &**value), &mut text);
        }
        terminal.data(&text);
    }

    /// One line, without white space at its end.
    fn line<'v>(&self, widths: &[usize], values: impl Iterator<Item = &'v str>, text: &mut String) {
        let start = text.len();
        for (at, ((value, column), widest)) in values.zip(&self.columns).zip(widths).enumerate() {
            let blank = widest - width(value);
            let (left, right) = if column.right { (blank, 0) } else { (0, blank) };
            text.extend(std::iter::repeat_n(' ', left + if at > 0 { 2 } else { 0 }));
            text.push_str(value);
            text.extend(std::iter::repeat_n(' ', right));
        }
        text.truncate(start + text[start..].trim_end().len());
        text.push('\n');
    }
}

/// Lists without a header: the cells of each line below those of the line above. What is empty in all of them takes no room.
#[must_use]
pub fn aligned(lines: &[Vec<String>]) -> Vec<String> {
    let cells = lines.iter().map(Vec::len).max().unwrap_or(0);
    let used: Vec<usize> =
        (0..cells).filter(|at| lines.iter().any(|line| line.get(*at).is_some_and(|cell| !cell.is_empty()))).collect();
    let cell =
        |line: &[String], at: usize| text::printable(line.get(at).map(String::as_str).unwrap_or_default()).into_owned();
    let widths: Vec<usize> =
        used.iter().map(|at| lines.iter().map(|line| width(&cell(line, *at))).max().unwrap_or(0)).collect();
    let rows = Rows { columns: vec![Column::left(""); used.len()], rows: Vec::new() };
    let mut text = String::new();
    for line in lines {
        let shown: Vec<String> = used.iter().map(|at| cell(line, *at)).collect();
        rows.line(&widths, shown.iter().map(String::as_str), &mut text);
    }
    text.lines().map(str::to_owned).collect()
}

/// How many columns of a terminal a text takes.
fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

fn table(rows: &Rows, style: comfy_table::TableStyle, padding: (u16, u16)) -> String {
    let mut table = Table::new();
    table.load_style(style);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(rows.columns.iter().map(|column| &*column.name));
    for row in &rows.rows {
        table.add_row(row.iter().map(|value| text::printable(value).into_owned()));
    }
    for (at, column) in rows.columns.iter().enumerate() {
        if let Some(drawn) = table.column_mut(at) {
            drawn.set_padding(padding);
            if column.right {
                drawn.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.to_string()
}
