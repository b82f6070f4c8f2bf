//! A statement as it is written: names quoted, values bound, in the order of its text.

use super::column::Column;
use super::subject::Subject;
use crate::db::{Grammar, Value};

/// SQL, and the values that are bound to it.
#[derive(Debug, Clone)]
pub struct Writer {
    pub grammar: Grammar,
    pub sql: String,
    pub binds: Vec<Value>,
}

impl Writer {
    #[must_use]
    pub fn new(grammar: Grammar) -> Self {
        Self { grammar, sql: String::new(), binds: Vec::new() }
    }

    /// Words of ours, which hold nothing of a user's.
    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// A name, quoted.
    pub fn name(&mut self, name: &str) -> &mut Self {
        let quoted = self.grammar.identifier(name);
        self.push(&quoted)
    }

    /// A value of a column.
    pub fn bind(&mut self, column: &Column, value: Value) -> &mut Self {
        let place = self.place(column, value);
        self.push(&place)
    }

    /// The place of a value that was bound: to be pushed before the next one is.
    pub fn place(&mut self, column: &Column, value: Value) -> String {
        self.binds.push(value);
        self.grammar.bound(self.binds.len(), column.form, &column.type_name)
    }

    /// A list: what is between its parts, and how each is written.
    pub fn list<T>(
        &mut self,
        between: &str,
        parts: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (at, part) in parts.into_iter().enumerate() {
            if at > 0 {
                self.push(between);
            }
            write(self, part);
        }
        self
    }

    /// The columns as they are read, of the table by its alias.
    pub fn columns(&mut self, subject: &Subject<'_>, alias: &str, wanted: &[usize]) -> &mut Self {
        self.list(", ", wanted, |writer, at| {
            let column = &subject.columns[*at];
            let expression = format!("{alias}.{}", writer.grammar.identifier(&column.name));
            let read = writer.grammar.read(&expression, column.form);
            writer.push(&read);
        })
    }
}
