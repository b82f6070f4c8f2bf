//! The rows of a file as a table takes them: its columns found by their names, its words read as their types.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::value::RawValue;

use super::Options;
use super::rejects::{Rejects, locked, mark, marked, numbered, place};
use crate::db::bulk::{self, Source};
use crate::error::{Code, Error, Result};
use crate::record::Record;
use crate::rows::{Column, Kind, Subject, Wrong, number};
use crate::tabular::{self, Csv, Form, Json};
use crate::text;

type Input = Box<dyn Read + Send>;

enum Reader {
    Csv(Csv<Input>),
    /// With the names of the first object, which has all of them.
    Json(Json<Input>, Vec<String>),
}

/// Where a value of the current row is.
enum Taken {
    Null,
    /// In the file's own record.
    There,
    Spare(Range<usize>),
}

pub struct Records<'s> {
    reader: Reader,
    file: PathBuf,
    table: String,
    /// Those that the file has, in its order.
    columns: Vec<&'s Column>,
    subject: &'s Subject<'s>,
    taken: Vec<Taken>,
    spare: Vec<u8>,
    /// What one word is read into.
    one: Vec<u8>,
    rejects: Option<&'s Mutex<Rejects>>,
    /// A JSON file's first object was read to know its columns.
    ahead: bool,
}

impl<'s> Records<'s> {
    /// Reads as far as the names of the columns, and finds them in the table.
    pub fn open(
        subject: &'s Subject<'s>,
        (input, name): (Input, &Path),
        options: Options,
        rejects: Option<&'s Mutex<Rejects>>,
    ) -> Result<Self> {
        let (reader, header) = match options.form {
            Form::Csv => {
                let mut csv = Csv::new(input, name);
                let header = if csv.advance()? { header(&csv)? } else { Vec::new() };
                if header.len() == 1 {
                    csv.take_blank_lines();
                }
                (Reader::Csv(csv), header)
            }
            Form::Json | Form::Jsonl => {
                let mut json = Json::new(input, name);
                let header = if json.advance()? {
                    object(&json)?.into_keys().map(Cow::into_owned).collect()
                } else {
                    Vec::new()
                };
                // No lines are no rows, and so `data export` writes them; an array is there though it has none.
                if options.form == Form::Json && json.is_blank() {
                    let message = format!("`{}` is empty: it must have an array of rows", name.display());
                    return Err(Error::new(Code::RowsMalformed, message).hint("`[]` is an array without rows"));
                }
                (Reader::Json(json, header.clone()), header)
            }
        };
        if header.is_empty() && matches!(reader, Reader::Csv(_)) {
            let message = format!("`{}` is empty: its first line must name the columns", name.display());
            return Err(Error::new(Code::RowsMalformed, message));
        }
        let columns = find_columns(subject, &header, options).map_err(|error| error.at(place(name, 1)))?;
        if let Some(rejects) = rejects {
            locked(rejects).name_columns(&columns);
        }
        Ok(Self {
            ahead: matches!(reader, Reader::Json(..)) && !header.is_empty(),
            reader,
            file: name.to_owned(),
            table: subject.name.to_string(),
            columns,
            subject,
            taken: Vec::new(),
            spare: Vec::new(),
            one: Vec::new(),
            rejects,
        })
    }

    /// Where the loader puts them.
    pub fn target(&self) -> bulk::Target {
        let column = |column: &&Column| bulk::Column { name: column.name.clone(), form: column.bulk_form() };
        bulk::Target { table: self.subject.quoted(), columns: self.columns.iter().map(column).collect() }
    }

    fn is_json(&self) -> bool {
        matches!(self.reader, Reader::Json(..))
    }

    pub fn keeps_rejects(&self) -> bool {
        self.rejects.is_some()
    }

    fn step(&mut self) -> Result<bool> {
        if std::mem::take(&mut self.ahead) {
            return Ok(true);
        }
        match &mut self.reader {
            Reader::Csv(csv) => csv.advance(),
            Reader::Json(json, _) => json.advance(),
        }
    }

    /// The words of the current row, in the order of the columns; `None` is NULL.
    fn words(&self) -> Result<Vec<Option<Cow<'_, str>>>> {
        match &self.reader {
            Reader::Csv(csv) => {
                self.check_fields(csv)?;
                let word = |at| {
                    let field = csv.field(at)?;
                    Some(std::str::from_utf8(field).map(Cow::Borrowed).map_err(|_| self.no_text(at, field)))
                };
                (0..self.columns.len()).map(|at| word(at).transpose()).collect()
            }
            Reader::Json(json, names) => {
                let object = object(json)?;
                // What has no column in a file of refused rows is no row's own fault: it ends the import.
                if let Some(key) = object.keys().find(|key| !names.iter().any(|name| name == *key)) {
                    let error = json.malformed(format!("the row has `{key}`, which the first row does not have"));
                    return Err(error.hint("name every column in the first row, with `null` where it has no value"));
                }
                let word = |(name, column): (&String, &&Column)| {
                    Ok(match object.get(name.as_str()).map(|value| value.get()) {
                        None | Some("null") => None,
                        // A text is JSON, too.
                        Some(text) if text.starts_with('"') && column.kind != Kind::Json => {
                            let text = serde_json::from_str::<String>(text).map_err(|cause| {
                                let column = format!("{}.{}", self.table, column.name);
                                tabular::not_unicode(json.malformed(""), &column, &cause)
                            })?;
                            Some(Cow::Owned(text))
                        }
                        Some(text) => Some(Cow::Owned(text.to_owned())),
                    })
                };
                names.iter().zip(&self.columns).map(word).collect()
            }
        }
    }

    /// The next row as a record, for a model.
    pub fn next_record(&mut self) -> Result<Option<Record>> {
        while self.step()? {
            let record = self.words().and_then(|words| {
                let value = |(column, word): (&&Column, Option<Cow<'_, str>>)| {
                    let json = match word {
                        Some(word) => {
                            let word = if self.is_json() { whole(column, word) } else { word };
                            column.kind.json(&column.parse(&self.table, &word, self.subject.grammar)?)
                        }
                        None => serde_json::Value::Null,
                    };
                    Ok((column.name.clone(), json))
                };
                self.columns.iter().zip(words).map(value).collect::<Result<Record>>()
            });
            match record {
                Ok(record) => return Ok(Some(record)),
                Err(error) => self.reject(error)?,
            }
        }
        Ok(None)
    }

    /// Leaves out the current row, or ends the import.
    pub fn reject(&mut self, error: Error) -> Result<()> {
        let (line, row) = marked(Source::line(self));
        let error = if error.place().is_some() { error } else { error.at(place(&self.file, line)) };
        // A file that cannot be read any further is no row's fault.
        let Some(rejects) = self.rejects.filter(|_| error.code() != Code::RowsMalformed) else {
            return Err(numbered(error, row));
        };
        if let Reader::Csv(csv) = &self.reader {
            // As they stand there, though they are too many, or no text.
            let fields: Vec<_> = (0..csv.fields()).map(|at| csv.field(at)).collect();
            return locked(rejects).add(&fields, &error, row);
        }
        let words = self.words()?;
        let fields: Vec<_> = words.iter().map(|word| word.as_deref().map(str::as_bytes)).collect();
        locked(rejects).add(&fields, &error, row)
    }

    fn no_text(&self, column: usize, field: &[u8]) -> Error {
        refuse(self.columns[column], &self.table, &String::from_utf8_lossy(field), Wrong::of_bytes())
    }

    fn check_fields(&self, csv: &Csv<Input>) -> Result<()> {
        let (has, wants) = (csv.fields(), self.columns.len());
        if has == wants {
            return Ok(());
        }
        let error = csv.malformed(format!("the row has {}, and the header names {wants}", text::count(has, "field")));
        Err(error.with_code(Code::Value).hint("a field with a comma or a line break stands in quotes"))
    }

    /// Reads the words of the current row for the loader.
    fn take(&mut self) -> Result<()> {
        self.taken.clear();
        self.spare.clear();
        let Reader::Csv(csv) = &self.reader else {
            let words: Vec<Option<String>> = self.words()?.into_iter().map(|word| word.map(Cow::into_owned)).collect();
            for (column, word) in self.columns.iter().zip(words) {
                let Some(word) = word else {
                    self.taken.push(Taken::Null);
                    continue;
                };
                let word = whole(column, Cow::Owned(word));
                let taken =
                    column.take(&word, &mut self.one).map_err(|wrong| refuse(column, &self.table, &word, wrong))?;
                let start = self.spare.len();
                self.spare.extend_from_slice(taken);
                self.taken.push(Taken::Spare(start..self.spare.len()));
            }
            return Ok(());
        };
        self.check_fields(csv)?;
        for (at, column) in self.columns.iter().enumerate() {
            let Some(field) = csv.field(at) else {
                self.taken.push(Taken::Null);
                continue;
            };
            let word = std::str::from_utf8(field).map_err(|_| self.no_text(at, field))?;
            let taken = column.take(word, &mut self.one).map_err(|wrong| refuse(column, &self.table, word, wrong))?;
            if std::ptr::eq(taken, field) {
                self.taken.push(Taken::There);
            } else {
                let start = self.spare.len();
                self.spare.extend_from_slice(taken);
                self.taken.push(Taken::Spare(start..self.spare.len()));
            }
        }
        Ok(())
    }
}

impl Source for Records<'_> {
    fn advance(&mut self) -> Result<bool> {
        while self.step()? {
            match self.take() {
                Ok(()) => return Ok(true),
                Err(error) => self.reject(error)?,
            }
        }
        Ok(false)
    }

    fn field(&self, column: usize) -> Option<&[u8]> {
        match (&self.taken[column], &self.reader) {
            (Taken::Spare(range), _) => Some(&self.spare[range.clone()]),
            (Taken::There, Reader::Csv(csv)) => csv.field(column),
            _ => None,
        }
    }

    fn line(&self) -> u64 {
        match &self.reader {
            Reader::Csv(csv) => mark(csv.line(), None),
            Reader::Json(json, _) => mark(json.line(), json.row()),
        }
    }
}

/// The current object of a file. One without columns would be a row of nothing but defaults, which nobody means.
fn object(json: &Json<Input>) -> Result<BTreeMap<Cow<'_, str>, &RawValue>> {
    let object = json.object_now()?;
    if object.is_empty() {
        let error = numbered(json.malformed("the row has no column"), json.row());
        return Err(error.hint("leave it out, or name a column in it: `{\"column\": null}`"));
    }
    Ok(object)
}

/// JSON may write a whole number as `5.0`, and any as `5e3`.
fn whole<'w>(column: &Column, word: Cow<'w, str>) -> Cow<'w, str> {
    let is_odd = match column.kind {
        Kind::Int { .. } => word.contains(['.', 'e', 'E']),
        Kind::Decimal { .. } | Kind::Minor => word.contains(['e', 'E']),
        _ => false,
    };
    match number::plain(&word).filter(|_| is_odd) {
        Some(plain) => Cow::Owned(plain),
        None => word,
    }
}

/// The error of a word that is none of its column.
fn refuse(column: &Column, table: &str, word: &str, wrong: Wrong) -> Error {
    let Wrong { message, hint } = wrong;
    let error = Error::new(Code::Value, format!("`{table}.{}`: {} {message}", column.name, column.shown(word)));
    hint.into_iter().filter(|_| !column.sensitive).fold(error, Error::hint)
}

fn header(csv: &Csv<Input>) -> Result<Vec<String>> {
    let name = |at: usize| match csv.field(at).map(std::str::from_utf8) {
        Some(Ok(name)) if !name.trim().is_empty() => Ok(name.trim().to_owned()),
        Some(Err(_)) => Err(csv.malformed("the header is not UTF-8")),
        _ => Err(csv.malformed(format!("the header has no name for column {}", at + 1))),
    };
    (0..csv.fields()).map(name).collect()
}

/// A header that is one name with other separators in it is that of another kind of file.
fn separated(header: &[String], error: Error) -> Error {
    match header {
        [one] if one.contains([';', '\t', '|']) => error.hint("the fields of a CSV are separated by commas"),
        _ => error,
    }
}

/// The columns of the table that the file names. Nothing is guessed: a name that is none is an error.
fn find_columns<'s>(subject: &'s Subject<'_>, header: &[String], options: Options) -> Result<Vec<&'s Column>> {
    let mut columns: Vec<&Column> = Vec::new();
    for name in header {
        let column = &subject.columns[subject.column(name).map_err(|error| separated(header, error))?];
        if column.generated {
            let message = format!("`{}.{}` is computed by the database, and takes no value", subject.name, column.name);
            return Err(Error::new(Code::Usage, message).hint(format!("leave the column `{name}` out of the file")));
        }
        if columns.iter().any(|other| other.name == column.name) {
            return Err(Error::new(Code::RowsMalformed, format!("the column `{name}` stands twice in the file")));
        }
        columns.push(column);
    }
    if header.is_empty() || subject.entity.is_some() || options.upsert {
        return Ok(columns);
    }
    let key = subject.key();
    let counts_up = |at: usize| !subject.grammar.keeps_types() && key == [at];
    let missing = subject.columns.iter().enumerate().filter(|(at, column)| {
        let is_filled =
            column.nullable || column.default.is_some() || column.generated || column.counted || counts_up(*at);
        !is_filled && !columns.iter().any(|other| other.name == column.name)
    });
    let missing: Vec<String> = missing.map(|(_, column)| format!("`{}`", column.name)).collect();
    if missing.is_empty() {
        return Ok(columns);
    }
    let message =
        format!("the file has no column {}, which must have a value in `{}`", text::listed(missing), subject.name);
    Err(Error::new(Code::Constraint, message).note("nothing was imported"))
}
