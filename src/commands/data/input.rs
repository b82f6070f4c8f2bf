//! Values for rows: words of the command line, a file, or stdin.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::data::{self, Assignment};
use crate::error::{Code, Error, Place, Result};
use crate::record::Record;
use crate::rows::{Column, Kind, Subject, number};
use crate::tabular::{Object, not_unicode, without_place};
use crate::text;

/// Records to store, and whether they were one rather than a list of one.
pub struct Input {
    pub records: Vec<Record>,
    pub single: bool,
}

/// Words that give columns values, and the others, which are keys where there are any. A slip of either kind is told.
pub fn assignments(subject: &Subject<'_>, words: &[String]) -> Result<(Vec<Assignment>, Vec<String>)> {
    let (mut assignments, mut others) = (Vec::new(), Vec::new());
    for word in words {
        if let Some(assignment) = data::assignment(word) {
            assignments.push(assignment);
        } else {
            check_colon(subject, word)?;
            others.push(word.clone());
        }
    }
    Ok((assignments, others))
}

/// `price:nul` is no key that anybody means.
fn check_colon(subject: &Subject<'_>, word: &str) -> Result<()> {
    let Some((name, value)) = word.split_once(':') else { return Ok(()) };
    let Ok(at) = subject.column(name) else { return Ok(()) };
    let name = &subject.columns[at].name;
    let error = Error::new(Code::Usage, format!("`{}` gives no column a value", text::shorten(word, 60)));
    let error = error.note("nothing was done");
    Err(if text::nearest(value, ["null"]).is_some() || value.is_empty() {
        error.hint(format!("did you mean `{name}:null`?"))
    } else {
        error.hint(format!(
            "did you mean `{name}=…`? `{name}:null` is NULL, and a key that looks like this stands in `--key`"
        ))
    })
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

/// What is wrong with a file that a command names.
pub fn unreadable(path: &Path, cause: &std::io::Error) -> Error {
    let shown = path.display();
    match cause.kind() {
        ErrorKind::NotFound => Error::new(Code::Usage, format!("there is no file `{shown}`")),
        ErrorKind::IsADirectory => Error::new(Code::Usage, format!("`{shown}` is a directory, and no file")),
        ErrorKind::PermissionDenied => Error::new(Code::Usage, format!("`{shown}` may not be read")).because(cause),
        _ => Error::io("read", path, cause),
    }
}

/// Refuses a file that could not be written where it is wanted, before anything is done for it.
pub fn check_writable(path: &Path, example: &str) -> Result<()> {
    let shown = path.display();
    if path.is_dir() {
        let error = Error::new(Code::Usage, format!("`{shown}` is a directory, and no file")).note("nothing was done");
        return Err(error.hint(format!("name a file in it: `{}`", path.join(example).display())));
    }
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) if !parent.is_dir() => {
            let message = format!("there is no directory `{}` to write `{shown}` into", parent.display());
            Err(Error::new(Code::Usage, message).note("nothing was done"))
        }
        _ => Ok(()),
    }
}

/// The records of a JSON document: an object, or a list of objects. `-` is stdin.
pub fn of_file(subject: &Subject<'_>, path: &Path) -> Result<Input> {
    let name = if path.as_os_str() == "-" { PathBuf::from("stdin") } else { path.to_owned() };
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(|cause| Error::io("read", &name, &cause))?;
    } else {
        bytes = std::fs::read(path).map_err(|cause| unreadable(path, &cause))?;
    }
    let text = String::from_utf8(bytes).map_err(|wrong| {
        let valid = wrong.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&wrong.as_bytes()[..valid]);
        let place = Place { excerpt: String::new(), ..Place::of(&name, &before, valid) };
        Error::new(Code::Usage, "this is no UTF-8 text").at(place).hint("save the file as UTF-8")
    })?;
    let wrong = |cause: serde_json::Error| {
        let offset: usize = text.split_inclusive('\n').take(cause.line().saturating_sub(1)).map(str::len).sum();
        // The line may have a sensitive value in it.
        let place =
            Place { excerpt: String::new(), ..Place::of(&name, &text, offset + cause.column().saturating_sub(1)) };
        Error::new(Code::Usage, "this is no JSON").because(&cause).at(place)
    };
    let single = !text.trim_start().starts_with('[');
    let items: Vec<&RawValue> = if single {
        vec![serde_json::from_str(&text).map_err(wrong)?]
    } else {
        serde_json::from_str(&text).map_err(wrong)?
    };
    let record = |(at, item): (usize, &RawValue)| {
        if !item.get().starts_with('{') {
            let message = format!("item {} of `{}` is no object", at + 1, name.display());
            return Err(Error::new(Code::Usage, message).hint("rows are objects: `{\"column\": value}`"));
        }
        let number = at + 1;
        let Object(given) = serde_json::from_str(item.get()).map_err(|cause| {
            Error::new(Code::Usage, format!("item {number} of `{}` is no row", name.display()))
                .because(without_place(&cause))
        })?;
        let path = name.clone();
        let checked = || -> Result<Record> {
            let mut record = Record::new();
            for (name, raw) in given {
                let at = subject.column(&name)?;
                let column = &subject.columns[at];
                let json = of_raw(&subject.name.to_string(), column, raw).map_err(|error| {
                    let offset = raw.get().as_ptr().addr().saturating_sub(text.as_ptr().addr());
                    error.at(Place { excerpt: String::new(), ..Place::of(&path, &text, offset) })
                })?;
                // Its entity reads it together with the others.
                let json = if column.known { json } else { column.kind.json(&subject.value(at, &json)?) };
                if record.insert(column.name.clone(), json).is_some() {
                    return Err(Error::new(Code::Usage, format!("`{}` is given two values", column.name)));
                }
            }
            Ok(record)
        };
        checked().map_err(|error| error.note(format!("it is item {} of `{}`", at + 1, name.display())))
    };
    Ok(Input { records: items.into_iter().enumerate().map(record).collect::<Result<_>>()?, single })
}

/// A value of a document. A number that no float is equal to stays its text, where its column has room for it.
fn of_raw(table: &str, column: &Column, raw: &RawValue) -> Result<Json> {
    let text = raw.get();
    let json = serde_json::from_str::<Json>(text);
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let is_exact = json.as_ref().is_ok_and(|json| number::is_same(&json.to_string(), text));
    if is_number && !is_exact && (column.is_number() || column.kind == Kind::Any) {
        let is_odd = text.contains(['e', 'E']) || matches!(column.kind, Kind::Int { .. });
        let written_out = number::plain(text).filter(|_| is_odd);
        return Ok(Json::String(written_out.unwrap_or_else(|| text.to_owned())));
    }
    json.map_err(|cause| {
        let name = format!("{table}.{}", column.name);
        match without_place(&cause).as_str() {
            "number out of range" => Error::new(Code::Value, format!("a number of `{name}` is too large for JSON")),
            "recursion limit exceeded" => Error::new(Code::Value, format!("the value of `{name}` is nested too deep")),
            _ => not_unicode(Error::new(Code::RowsMalformed, ""), &name, &cause),
        }
    })
}
