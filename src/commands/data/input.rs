//! Values for rows: words of the command line, a file, or stdin.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::data::Assignment;
use crate::error::{Code, Error, Place, Result};
use crate::record::Record;
use crate::rows::Subject;

/// Records to store, and whether they were one rather than a list of one.
pub struct Input {
    pub records: Vec<Record>,
    pub single: bool,
}

/// The record of some assignments, each value checked as its column's.
pub fn of_assignments(subject: &Subject<'_>, assignments: &[Assignment]) -> Result<Record> {
    let mut record = Record::new();
    let table = subject.name.to_string();
    for Assignment { column, value } in assignments {
        let column = &subject.columns[subject.column(column)?];
        let json = match value {
            None => Json::Null,
            // Its entity reads it together with the others, so that all that is wrong is told at once.
            Some(word) if column.known => Json::String(word.clone()),
            Some(word) => column.kind.json(&column.parse(&table, word, subject.grammar)?),
        };
        if record.insert(column.name.clone(), json).is_some() {
            let message = format!("`{}` is given two values", column.name);
            return Err(Error::new(Code::Usage, message).note("nothing was done"));
        }
    }
    Ok(record)
}

/// The records of a JSON document: an object, or a list of objects. `-` is stdin.
pub fn of_file(subject: &Subject<'_>, path: &Path) -> Result<Input> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.map_err(|cause| Error::new(Code::Usage, "stdin is no UTF-8 text").because(cause))?;
    } else {
        text = std::fs::read_to_string(path).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => Error::new(Code::Usage, format!("there is no file `{}`", path.display())),
            _ => Error::io("read", path, &cause),
        })?;
    }
    let name = if path.as_os_str() == "-" { PathBuf::from("stdin") } else { path.to_owned() };
    let document: Json = serde_json::from_str(&text).map_err(|cause| {
        let offset: usize = text.split_inclusive('\n').take(cause.line().saturating_sub(1)).map(str::len).sum();
        // The line may have a sensitive value in it.
        let place =
            Place { excerpt: String::new(), ..Place::of(&name, &text, offset + cause.column().saturating_sub(1)) };
        Error::new(Code::Usage, "this is no JSON").because(&cause).at(place)
    })?;
    let (items, single) = match document {
        Json::Array(items) => (items, false),
        one => (vec![one], true),
    };
    let record = |(at, item): (usize, Json)| {
        let Json::Object(given) = item else {
            let message = format!("item {} of `{}` is no object", at + 1, name.display());
            return Err(Error::new(Code::Usage, message).hint("rows are objects: `{\"column\": value}`"));
        };
        let checked = given.iter().map(|(column, json)| {
            let at = subject.column(column)?;
            if subject.columns[at].known {
                return Ok((subject.columns[at].name.clone(), json.clone()));
            }
            let value = subject.value(at, json)?;
            Ok((subject.columns[at].name.clone(), subject.columns[at].kind.json(&value)))
        });
        let checked = checked.collect::<Result<Record>>();
        checked.map_err(|error| error.note(format!("it is item {} of `{}`", at + 1, name.display())))
    };
    Ok(Input { records: items.into_iter().enumerate().map(record).collect::<Result<_>>()?, single })
}
