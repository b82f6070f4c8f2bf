//! Files of rows: CSV, JSON and JSON lines, read and written row by row in constant memory. A reader lends the fields of its
//! current row and knows its line; what the fields mean is its user's to say.

mod csv;
mod json;
mod window;

use std::path::Path;

pub use self::csv::{Csv, write as write_csv};
pub use self::json::{Json, Object, not_unicode, without_place, write_text as write_json_text};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Comma-separated values with a header line; nothing is NULL, `""` the empty text.
    Csv,
    /// An array of objects.
    Json,
    /// One object per line.
    #[value(alias = "ndjson")]
    Jsonl,
}

impl Form {
    /// By a file's extension.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Form::Csv),
            "json" => Some(Form::Json),
            "jsonl" | "ndjson" => Some(Form::Jsonl),
            _ => None,
        }
    }
}
