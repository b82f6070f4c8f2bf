//! What the statements of indexes, views, triggers and virtual tables say.

use std::ops::Range;

use super::pieces::{Cursor, Piece};

/// Expressions are ranges among the pieces.
#[derive(Debug)]
pub(super) struct CreateIndex<'a> {
    pub pieces: Vec<Piece<'a>>,
    /// Each without its order.
    pub parts: Vec<Range<usize>>,
    pub unique: bool,
    /// One of them says that it goes down.
    pub descending: bool,
    pub predicate: Option<Range<usize>>,
}

/// Reads a CREATE INDEX; `None`, here and below: it is not what SQLite's grammar says.
pub(super) fn index(sql: &str) -> Option<CreateIndex<'_>> {
    let mut cursor = Cursor::new(sql);
    cursor.expect(&["create"])?;
    let unique = cursor.take(&["unique"]);
    cursor.expect(&["index"])?;
    cursor.take(&["if", "not", "exists"]);
    cursor.qualified_name()?;
    cursor.expect(&["on"])?;
    cursor.name()?;
    let list = cursor.group()?;
    let mut parts = cursor.items(list);
    let mut descending = false;
    for part in &mut parts {
        let Some(last) = cursor.pieces[part.clone()].last().filter(|_| part.len() > 1) else { continue };
        if last.is("asc") || last.is("desc") {
            descending |= last.is("desc");
            part.end -= 1;
        }
    }
    let predicate = cursor.take(&["where"]).then(|| cursor.at()..cursor.pieces.len());
    Some(CreateIndex { pieces: cursor.pieces, parts, unique, descending, predicate })
}

#[derive(Debug)]
pub(super) struct CreateView<'a> {
    /// The query.
    pub body: &'a str,
}

pub(super) fn view(sql: &str) -> Option<CreateView<'_>> {
    let mut cursor = Cursor::new(sql);
    cursor.expect(&["create"])?;
    let _ = cursor.take(&["temp"]) || cursor.take(&["temporary"]);
    cursor.expect(&["view"])?;
    cursor.take(&["if", "not", "exists"]);
    cursor.qualified_name()?;
    if cursor.ahead(&["("]) {
        cursor.group()?;
    }
    cursor.expect(&["as"])?;
    Some(CreateView { body: cursor.rest() })
}

#[derive(Debug)]
pub(super) struct CreateTrigger<'a> {
    pub pieces: Vec<Piece<'a>>,
    pub timing: &'static str,
    pub event: String,
    pub condition: Option<Range<usize>>,
    /// The statements.
    pub body: &'a str,
}

pub(super) fn trigger(sql: &str) -> Option<CreateTrigger<'_>> {
    let mut cursor = Cursor::new(sql);
    cursor.expect(&["create"])?;
    let _ = cursor.take(&["temp"]) || cursor.take(&["temporary"]);
    cursor.expect(&["trigger"])?;
    cursor.take(&["if", "not", "exists"]);
    cursor.qualified_name()?;
    let timing = if cursor.take(&["after"]) {
        "after"
    } else if cursor.take(&["instead", "of"]) {
        "instead of"
    } else {
        // So it is where nothing is said.
        cursor.take(&["before"]);
        "before"
    };
    let event = event(&mut cursor)?;
    cursor.expect(&["on"])?;
    cursor.qualified_name()?;
    cursor.take(&["for", "each", "row"]);
    let condition = if cursor.take(&["when"]) { Some(condition(&mut cursor)?) } else { None };
    cursor.expect(&["begin"])?;
    let end = cursor.pieces.iter().rposition(|piece| piece.is("end"))?;
    let body = cursor.text(cursor.at()..end);
    Some(CreateTrigger { pieces: cursor.pieces, timing, event, condition, body })
}

fn event(cursor: &mut Cursor<'_>) -> Option<String> {
    let event = cursor.next()?.text.to_ascii_lowercase();
    if event != "update" || !cursor.take(&["of"]) {
        return Some(event);
    }
    let mut columns = vec![cursor.name()?.into_owned()];
    while cursor.take(&[","]) {
        columns.push(cursor.name()?.into_owned());
    }
    Some(format!("update of {}", columns.join(", ")))
}

/// Goes up to the BEGIN.
fn condition(cursor: &mut Cursor<'_>) -> Option<Range<usize>> {
    let start = cursor.at();
    loop {
        if cursor.ahead(&["begin"]) {
            return Some(start..cursor.at());
        }
        if cursor.ahead(&["("]) {
            cursor.group()?;
        } else if cursor.next()?.is(".") {
            // A column may have the name.
            cursor.next()?;
        }
    }
}

#[derive(Debug)]
pub(super) struct CreateVirtualTable {
    pub module: String,
    pub arguments: Vec<String>,
}

pub(super) fn virtual_table(sql: &str) -> Option<CreateVirtualTable> {
    let mut cursor = Cursor::new(sql);
    cursor.expect(&["create", "virtual", "table"])?;
    cursor.take(&["if", "not", "exists"]);
    cursor.qualified_name()?;
    cursor.expect(&["using"])?;
    let module = cursor.name()?.into_owned();
    let arguments = match cursor.group() {
        Some(list) => cursor.items(list).into_iter().map(|item| cursor.text(item).to_owned()).collect(),
        None => Vec::new(),
    };
    Some(CreateVirtualTable { module, arguments })
}
