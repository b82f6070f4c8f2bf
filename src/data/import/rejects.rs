//! Rows that are left out of an import: kept in a file of their own, to be mended and imported from there.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::db::Kind as DbKind;
use crate::db::bulk::{Cell, Fault};
use crate::error::{Code, Error, Place, Result};
use crate::record::Record;
use crate::rows::{Column, Kind, Shown, Subject, refused};
use crate::tabular::{self, Form};

/// So many of them are told of by themselves.
const TOLD: usize = 20;

/// A row that was refused.
#[derive(Debug, Clone, Serialize)]
pub struct Rejected {
    pub line: usize,
    /// Which row it is of a JSON array, several of which may stand on one line.
    pub row: Option<u64>,
    pub message: String,
}

/// The file that they go to. It is made when there is one.
pub struct Rejects {
    pub path: PathBuf,
    /// Nothing is written in a run that changes nothing.
    dry_run: bool,
    /// Whether the file was made by this run.
    made: Arc<AtomicBool>,
    file: Option<BufWriter<File>>,
    header: Vec<u8>,
    count: u64,
    /// The first of them.
    pub first: Vec<Rejected>,
}

impl Rejects {
    /// Somebody may be at work on a file that is there: it is never written over.
    pub fn new(path: PathBuf, dry_run: bool) -> Result<Self> {
        if !dry_run && path.symlink_metadata().is_ok() {
            let message = format!("`{}` is there already, with rows of an earlier run perhaps", path.display());
            let error = Error::new(Code::Usage, message).note("nothing was done");
            return Err(error.hint("import it first, or name another file by `--rejects FILE`"));
        }
        Ok(Self { path, dry_run, made: Arc::default(), file: None, header: Vec::new(), count: 0, first: Vec::new() })
    }

    /// What takes the file away, as far as this run made it: from any thread, where nothing comes of the import.
    #[must_use]
    pub fn sweeper(&self) -> Box<dyn Fn() + Send> {
        let (path, made) = (self.path.clone(), Arc::clone(&self.made));
        Box::new(move || {
            if made.swap(false, Ordering::SeqCst) {
                // That it stays does no harm, and the next run says that it is there.
                let _ = std::fs::remove_file(&path);
            }
        })
    }

    /// Where they are; `None`: there are none, or nothing was to be written.
    #[must_use]
    pub fn written(&self) -> Option<PathBuf> {
        self.file.is_some().then(|| self.path.clone())
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn name_columns(&mut self, columns: &[&Column]) {
        self.header = line(columns.iter().map(|column| Some(column.name.as_bytes())));
    }

    /// Keeps a row.
    pub(super) fn add(&mut self, fields: &[Option<&[u8]>], error: &Error, row: Option<u64>) -> Result<()> {
        self.write(&line(fields.iter().copied())).map_err(|cause| Error::io("write", &self.path, &cause))?;
        self.count += 1;
        if self.first.len() < TOLD {
            let line = error.place().map_or(0, |place| place.line);
            self.first.push(Rejected { line, row, message: whole(error) });
        }
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> std::io::Result<()> {
        if self.dry_run {
            return Ok(());
        }
        if let Some(file) = &mut self.file {
            return file.write_all(line);
        }
        let mut file = BufWriter::new(private(&self.path)?);
        self.made.store(true, Ordering::SeqCst);
        file.write_all(&self.header)?;
        file.write_all(line)?;
        self.file = Some(file);
        Ok(())
    }

    /// Forgets what was kept, where all rows are read again.
    pub(super) fn restart(&mut self) -> Result<()> {
        if self.file.take().is_some() {
            std::fs::remove_file(&self.path).map_err(|cause| Error::io("write", &self.path, &cause))?;
        }
        self.count = 0;
        self.first.clear();
        Ok(())
    }

    /// Writes what is left to be written.
    pub fn finish(&mut self) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.flush().map_err(|cause| Error::io("write", &self.path, &cause))
    }
}

/// A new file that nobody else may read: it holds rows, sensitive ones too.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(super) fn locked(rejects: &Mutex<Rejects>) -> MutexGuard<'_, Rejects> {
    rejects.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error as one text, with each rule that was broken.
fn whole(error: &Error) -> String {
    let message = error.cause().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
    let rules: Vec<&str> = error
        .notes()
        .iter()
        .map(String::as_str)
        .filter(|note| error.code() == Code::Invalid && *note != NOTHING)
        .collect();
    if rules.is_empty() { message } else { format!("{message}: {}", rules.join("; ")) }
}

/// What is no rule.
const NOTHING: &str = "nothing was done";

/// Where a row stands, as the one number that a loader carries for it: its line, and above it its number in a JSON array.
pub(super) fn mark(line: u64, row: Option<u64>) -> u64 {
    const MOST: u64 = u32::MAX as u64;
    row.unwrap_or(0).min(MOST) << 32 | line.min(MOST)
}

/// The line and the row of such a number.
pub(super) fn marked(mark: u64) -> (u64, Option<u64>) {
    (mark & u64::from(u32::MAX), Some(mark >> 32).filter(|row| *row > 0))
}

fn line<'f>(fields: impl IntoIterator<Item = Option<&'f [u8]>>) -> Vec<u8> {
    let mut line = Vec::new();
    for (at, field) in fields.into_iter().enumerate() {
        if at > 0 {
            line.push(b',');
        }
        tabular::write_csv(&mut line, field);
    }
    line.push(b'\n');
    line
}

/// A line of the file, without the text of it: a value in it may be a sensitive one.
pub(super) fn place(file: &Path, line: u64) -> Place {
    let line = usize::try_from(line).unwrap_or(usize::MAX);
    Place { file: file.to_owned(), line, column: 1, excerpt: String::new() }
}

/// With the number of the row, where lines do not tell it.
pub(super) fn numbered(error: Error, row: Option<u64>) -> Error {
    match row {
        Some(row) => error.note(format!("it is row {row}")),
        None => error,
    }
}

/// The error of a row that the database refused, and its values as a file has them.
pub(super) fn of_fault(
    subject: &Subject<'_>,
    file: &Path,
    form: Form,
    fault: &Fault,
) -> (Error, Vec<Option<Vec<u8>>>, Option<u64>) {
    let mut record = Record::new();
    let mut fields = Vec::new();
    for (name, field) in &fault.row {
        let column = subject.columns.iter().find(|column| column.name == *name);
        let mut spare = Vec::new();
        let shown = match (column, field) {
            (Some(column), Some(field)) => match column.show(cell(column, field), true, &mut spare) {
                Shown::Null => None,
                Shown::Text(text) | Shown::Literal(text) => Some(text.to_vec()),
            },
            (None, field) => field.clone(),
            (_, None) => None,
        };
        let json = shown.as_ref().map(|text| String::from_utf8_lossy(text).into_owned());
        record.insert(name.clone(), json.into());
        fields.push(shown);
    }
    let column = fault.column.as_ref().and_then(|name| subject.columns.iter().find(|column| column.name == *name));
    let error = match (column, fault.error.kind) {
        (Some(column), DbKind::Data) => {
            let value = record.get(&column.name).and_then(serde_json::Value::as_str).unwrap_or("NULL");
            let message = format!("`{}.{}`: {} is refused", subject.name, column.name, column.shown(value));
            let error = Error::new(Code::Value, message);
            // The server's words have the value in them.
            if column.sensitive { error } else { error.because(&fault.error.message) }
        }
        _ => refused(subject, &record, fault.error.clone()),
    };
    let is_null = column.is_some_and(|column| !column.nullable && fault.value.is_none());
    let hint = match form {
        Form::Csv => "an empty field is NULL; `\"\"` is the empty text",
        Form::Json | Form::Jsonl => "`null`, and a column that a row leaves out, is NULL; `\"\"` is the empty text",
    };
    let error = if is_null { error.hint(hint) } else { error };
    let (line, row) = marked(fault.line);
    (numbered(error.at(place(file, line)), row), fields, row)
}

/// A value as it was given to the loader.
fn cell<'f>(column: &Column, field: &'f [u8]) -> Cell<'f> {
    match column.kind {
        Kind::Bytes { .. } => Cell::Bytes(field),
        Kind::Minor => match std::str::from_utf8(field).ok().and_then(|digits| digits.parse().ok()) {
            Some(units) => Cell::Int(units),
            None => Cell::Text(field),
        },
        _ => Cell::Text(field),
    }
}
