//! The order of rows, and the place in it from which the next page begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use super::render::expression;
use crate::db::Value;
use crate::error::{Code, Error, Result};
use crate::rows::{Column, Kind, Subject, Writer};

/// A column by which rows are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    pub column: usize,
    pub descending: bool,
}

/// An order in which no two rows have the same place, where the table has a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    pub by: Vec<By>,
    /// Whether no two rows have the same place.
    pub total: bool,
}

impl Sort {
    /// Reads `-created_at,name`; without it, the newest first where rows have a `created_at`. The primary key breaks ties.
    pub fn parse(subject: &Subject<'_>, words: Option<&str>, reveal: bool) -> Result<Self> {
        let mut by: Vec<By> = Vec::new();
        if let Some(words) = words {
            for word in words.split(',') {
                let word = word.trim();
                let (descending, name) = match word.strip_prefix('-') {
                    Some(rest) => (true, rest),
                    None => (false, word.strip_prefix('+').unwrap_or(word)),
                };
                let column = subject.column(name)?;
                let title = format!("`{}.{}`", subject.name, subject.columns[column].name);
                if subject.columns[column].kind == Kind::Json {
                    return Err(Error::new(Code::Filter, format!("{title} is JSON, which has no order")));
                }
                if subject.columns[column].sensitive && !reveal {
                    let error = Error::new(Code::Filter, format!("{title} is sensitive, and its order tells of it"));
                    return Err(error.hint("add `--reveal`, if you may see it"));
                }
                if !by.iter().any(|one| one.column == column) {
                    by.push(By { column, descending });
                }
            }
        } else {
            let shows = |column: &Column| column.name == "created_at" && (reveal || !column.sensitive);
            let newest = subject.columns.iter().position(shows);
            by.extend(newest.map(|column| By { column, descending: true }));
        }
        let whole = |key: &&Vec<usize>| key.iter().all(|at| !subject.columns[*at].nullable);
        let shows = |key: &&Vec<usize>| reveal || !key.iter().any(|at| subject.columns[*at].sensitive);
        let keys = subject.keys();
        let key = keys.iter().filter(whole).find(shows).or_else(|| keys.iter().find(whole));
        // As the first column goes, so does the key: an index serves in either direction.
        let descending = by.first().is_some_and(|by| by.descending);
        for column in key.into_iter().flatten().copied() {
            if !by.iter().any(|one| one.column == column) {
                by.push(By { column, descending });
            }
        }
        Ok(Self { by, total: key.is_some() })
    }

    /// Writes ORDER BY.
    pub fn write(&self, writer: &mut Writer, subject: &Subject<'_>) {
        if self.by.is_empty() {
            return;
        }
        writer.push(" ORDER BY ").list(", ", &self.by, |writer, by| {
            let expression = expression(writer, subject, 0, by.column);
            let part = writer.grammar.order(&expression, by.descending, subject.columns[by.column].nullable);
            writer.push(&part);
        });
    }

    /// Whether the place of a row tells what may not be seen: by the key that breaks ties.
    fn hides(&self, subject: &Subject<'_>, reveal: bool) -> bool {
        !reveal && self.by.iter().any(|by| subject.columns[by.column].sensitive)
    }

    /// What names it in tokens.
    fn title(&self, subject: &Subject<'_>) -> String {
        let one = |by: &By| format!("{}{}", if by.descending { "-" } else { "" }, subject.columns[by.column].name);
        let by = self.by.iter().map(one).collect::<Vec<_>>().join(",");
        format!("{}:{by}", subject.name)
    }
}

/// From where on rows are wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum After {
    /// Behind the place of a row in an order.
    Row(Vec<Value>),
    /// Behind so many rows: where the place of one would tell what is sensitive.
    Rows(u64),
}

impl After {
    /// Behind a row, all columns of which were read, and which is the last of so many.
    #[must_use]
    pub fn of(subject: &Subject<'_>, sort: &Sort, row: &[Value], rows: u64, reveal: bool) -> Self {
        if sort.hides(subject, reveal) {
            return Self::Rows(rows);
        }
        Self::Row(sort.by.iter().map(|by| row[by.column].clone()).collect())
    }

    /// How many rows are passed over.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match self {
            Self::Row(_) => 0,
            Self::Rows(rows) => *rows,
        }
    }

    /// As a word that a person hands back.
    #[must_use]
    pub fn token(&self, subject: &Subject<'_>, sort: &Sort) -> String {
        let place = match self {
            Self::Row(values) => {
                sort.by.iter().zip(values).map(|(by, value)| subject.columns[by.column].kind.json(value)).collect()
            }
            Self::Rows(rows) => Json::from(*rows),
        };
        URL_SAFE_NO_PAD.encode(Json::from(vec![Json::from(sort.title(subject)), place]).to_string())
    }

    /// Reads such a word. One of another order or table has no place in this one.
    pub fn parse(subject: &Subject<'_>, sort: &Sort, token: &str, reveal: bool) -> Result<Self> {
        let wrong = |message: &str| {
            let error =
                Error::new(Code::Filter, message).note(format!("the token is `{}`", crate::text::shorten(token, 80)));
            error.hint("take the token that the page before ended with, together with the same table, filter and sort")
        };
        let no = || wrong("the token of `--after` is none of dbtool's");
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| no())?;
        let (title, place): (String, Json) = serde_json::from_slice(&bytes).map_err(|_| no())?;
        if title != sort.title(subject) {
            return Err(wrong("the token of `--after` is of another table or sort"));
        }
        let values = match place {
            Json::Array(values) if values.len() == sort.by.len() => values,
            Json::Number(rows) => return rows.as_u64().map(Self::Rows).ok_or_else(no),
            _ => return Err(no()),
        };
        // With a place of one's own making the values could be found out one by one.
        if sort.hides(subject, reveal) {
            let error = Error::new(Code::Filter, "the token of `--after` is of a page that showed what is sensitive");
            return Err(error.hint("add `--reveal`, if you may see it"));
        }
        let value = |(by, json): (&By, &Json)| subject.value(by.column, json).map_err(|_| no());
        sort.by.iter().zip(&values).map(value).collect::<Result<_>>().map(Self::Row)
    }

    /// Writes what holds for the rows behind a place. NULL comes before every value.
    pub fn write(writer: &mut Writer, subject: &Subject<'_>, sort: &Sort, place: &[Value]) {
        let parts: Vec<(&By, &Value)> = sort.by.iter().zip(place).collect();
        writer.push("(").list(" OR ", 0..parts.len(), |writer, last| {
            writer.push("(").list(" AND ", 0..=last, |writer, at| {
                let (by, value) = parts[at];
                let column = &subject.columns[by.column];
                let expression = expression(writer, subject, 0, by.column);
                match (at == last, value.is_null(), by.descending) {
                    (false, true, _) => writer.push(&format!("{expression} IS NULL")),
                    (false, false, _) => writer.push(&format!("{expression} = ")).bind(column, value.clone()),
                    (true, true, false) => writer.push(&format!("{expression} IS NOT NULL")),
                    (true, true, true) => writer.push("1 = 0"),
                    (true, false, false) => writer.push(&format!("{expression} > ")).bind(column, value.clone()),
                    (true, false, true) if column.nullable => {
                        writer.push(&format!("({expression} < ")).bind(column, value.clone());
                        writer.push(&format!(" OR {expression} IS NULL)"))
                    }
                    (true, false, true) => writer.push(&format!("{expression} < ")).bind(column, value.clone()),
                };
            });
            writer.push(")");
        });
        writer.push(")");
    }
}
