//! Keys of rows as words: the values of the primary key, or of another key, their parts joined by commas.

use super::subject::Subject;
use super::writer::Writer;
use crate::db::Value;
use crate::error::{Code, Error, Result};
use crate::record::Record;
use crate::secret::MASK;
use crate::text;

/// Which row: columns in which no two are the same, with their values.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub columns: Vec<usize>,
    pub values: Vec<Value>,
}

impl Key {
    /// Reads a word: a value of the primary key, or else of the first other key that takes it. `\,` is a comma within a part; a key
    /// of one part may have commas as they are.
    pub fn parse(subject: &Subject<'_>, word: &str) -> Result<Self> {
        let keys = subject.keys();
        if keys.is_empty() {
            let error = Error::new(
                Code::Usage,
                format!("`{}` has no primary key, by which `{word}` could be found", subject.name),
            );
            return Err(error.hint("name rows by a filter: `column=value`"));
        }
        let table = subject.name.to_string();
        let mut first = None;
        for columns in keys {
            let parts = if columns.len() > 1 || word.contains("\\,") {
                text::split_at_commas(word)
            } else {
                vec![word.to_owned()]
            };
            if parts.len() != columns.len() {
                let names = columns.iter().map(|at| format!("`{}`", subject.columns[*at].name));
                let message = format!(
                    "the key of `{table}` has {}, and `{word}` has {}",
                    text::count(columns.len(), "part"),
                    parts.len()
                );
                let error = Error::new(Code::Usage, message);
                let names = text::listed(names);
                let hint = format!("its parts, joined by commas, are {names}; `\\,` is a comma within one");
                first.get_or_insert(error.hint(hint));
                continue;
            }
            let values = columns.iter().zip(&parts);
            let values = values.map(|(at, part)| subject.columns[*at].parse(&table, part, subject.grammar));
            match values.collect::<Result<Vec<_>>>() {
                Ok(values) => return Ok(Self { columns, values }),
                Err(error) => {
                    first.get_or_insert(error.with_code(Code::Usage));
                }
            }
        }
        Err(first.unwrap_or_else(|| Error::new(Code::Usage, "a key is missing")))
    }

    /// The primary key of a row that was read, all of its columns.
    #[must_use]
    pub fn of_values(subject: &Subject<'_>, values: &[Value]) -> Option<Self> {
        let columns = subject.key();
        let own: Vec<Value> = columns.iter().map(|at| values[*at].clone()).collect();
        (!columns.is_empty()).then_some(Self { columns, values: own })
    }

    /// The first key whose columns all have a value in a record.
    pub fn of_record(subject: &Subject<'_>, record: &Record) -> Result<Option<Self>> {
        let given = |at: &usize| record.get(&subject.columns[*at].name).filter(|value| !value.is_null());
        for columns in subject.keys() {
            if let Some(values) = columns.iter().map(given).collect::<Option<Vec<_>>>() {
                let values = columns.iter().zip(values).map(|(at, json)| subject.value(*at, json));
                return Ok(Some(Self { values: values.collect::<Result<_>>()?, columns }));
            }
        }
        Ok(None)
    }

    /// The condition that finds its row.
    pub fn write(&self, subject: &Subject<'_>, writer: &mut Writer) {
        writer.list(" AND ", self.columns.iter().zip(&self.values), |writer, (at, value)| {
            let column = &subject.columns[*at];
            writer.name(&column.name).push(" = ").bind(column, value.clone());
        });
    }

    /// The sensitive columns that are part of it.
    #[must_use]
    pub fn sensitive(&self, subject: &Subject<'_>) -> Vec<String> {
        let columns = self.columns.iter().map(|at| &subject.columns[*at]).filter(|column| column.sensitive);
        columns.map(|column| format!("`{}.{}`", subject.name, column.name)).collect()
    }

    /// Whether a sensitive column is part of it.
    #[must_use]
    pub fn is_sensitive(&self, subject: &Subject<'_>) -> bool {
        !self.sensitive(subject).is_empty()
    }

    /// Its parts, joined by commas: what finds the row again. It is masked where one of them is sensitive.
    #[must_use]
    pub fn shown(&self, subject: &Subject<'_>) -> String {
        if self.is_sensitive(subject) {
            return MASK.to_owned();
        }
        let part = |(at, value): (&usize, &Value)| match subject.columns[*at].kind.json(value) {
            serde_json::Value::String(text) if self.columns.len() > 1 || text.contains("\\,") => {
                text.replace('\\', "\\\\").replace(',', "\\,")
            }
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        self.columns.iter().zip(&self.values).map(part).collect::<Vec<_>>().join(",")
    }
}
