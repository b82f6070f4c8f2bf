//! Rows into a file, as they come from the database: none of them is kept.

use super::list::Query;
use crate::db::bulk::{self, Cell};
use crate::db::{AnyConnection, DbError, Value};
use crate::error::{Error, Result};
use crate::rows::{Column, Shown, Writer};
use crate::tabular::{self, Form};

/// So much is written at once.
const PIECE: usize = 64 << 10;

/// Writes the rows of a query, and gives their number. `out` takes the file piece by piece, and is told how many rows it has so far.
pub fn export(
    connection: &mut AnyConnection,
    query: &Query<'_>,
    form: Form,
    out: &mut dyn FnMut(&[u8], u64) -> Result<()>,
) -> Result<u64> {
    let columns: Vec<&Column> = query.columns.iter().map(|at| &query.subject.columns[*at]).collect();
    let mut file = File { columns, form, reveal: query.reveal, text: Vec::new(), spare: Vec::new(), rows: 0, out };
    file.begin();
    if query.condition.is_none() {
        let mut writer = Writer::new(query.subject.grammar);
        writer.push(" t0");
        query.sort.write(&mut writer, &query.subject);
        let columns =
            file.columns.iter().map(|column| bulk::Column { name: column.name.clone(), form: column.bulk_form() });
        let from = bulk::Target { table: query.subject.quoted(), columns: columns.collect() };
        bulk::unload(connection, &from, &writer.sql, &mut |row| file.row(row))?;
    } else {
        // Values of a filter are bound, for which the servers' own ways have no place.
        let statement = query.statement();
        let read = connection.each_row(&statement.sql, &statement.binds, |row| {
            let cells: Vec<Cell<'_>> = query.columns.iter().map(|at| cell(&row[*at])).collect();
            file.row(&cells).map_err(Stop::Ours)
        });
        read.map_err(|stop| match stop {
            Stop::Server(error) => query.failed(error),
            Stop::Ours(error) => error,
        })?;
    }
    file.end()
}

/// What ends the reading of rows.
enum Stop {
    Server(DbError),
    Ours(Error),
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        Self::Server(error)
    }
}

fn cell(value: &Value) -> Cell<'_> {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Int((*value).into()),
        Value::Int(number) => Cell::Int(*number),
        Value::Float(number) => Cell::Float(*number),
        Value::Text(text) => Cell::Text(text.as_bytes()),
        Value::Bytes(bytes) => Cell::Bytes(bytes),
    }
}

struct File<'a> {
    columns: Vec<&'a Column>,
    form: Form,
    reveal: bool,
    text: Vec<u8>,
    spare: Vec<u8>,
    rows: u64,
    out: &'a mut dyn FnMut(&[u8], u64) -> Result<()>,
}

impl File<'_> {
    fn begin(&mut self) {
        match self.form {
            Form::Csv => {
                for (at, column) in self.columns.iter().enumerate() {
                    if at > 0 {
                        self.text.push(b',');
                    }
                    tabular::write_csv(&mut self.text, Some(column.name.as_bytes()));
                }
                self.text.push(b'\n');
            }
            Form::Json => self.text.push(b'['),
            Form::Jsonl => {}
        }
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        match (self.form, self.rows) {
            (Form::Csv, _) => {}
            (Form::Json, 0) => self.text.extend_from_slice(b"\n{"),
            (Form::Json, _) => self.text.extend_from_slice(b",\n{"),
            (Form::Jsonl, _) => self.text.push(b'{'),
        }
        for (at, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            if at > 0 {
                self.text.push(b',');
            }
            let shown = column.show(*cell, self.reveal, &mut self.spare);
            if self.form == Form::Csv {
                let field = match shown {
                    Shown::Null => None,
                    Shown::Text(text) | Shown::Literal(text) => Some(text),
                };
                tabular::write_csv(&mut self.text, field);
                continue;
            }
            tabular::write_json_text(&mut self.text, column.name.as_bytes());
            self.text.push(b':');
            match shown {
                Shown::Null => self.text.extend_from_slice(b"null"),
                Shown::Text(text) => tabular::write_json_text(&mut self.text, text),
                // A line break between two parts of JSON would end the line of a row.
                Shown::Literal(text) if self.form == Form::Jsonl => {
                    self.text.extend(text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
                }
                Shown::Literal(text) => self.text.extend_from_slice(text),
            }
        }
        self.text.extend_from_slice(match self.form {
            Form::Csv => b"\n",
            Form::Json => b"}",
            Form::Jsonl => b"}\n",
        });
        self.rows += 1;
        if self.text.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        (self.out)(&self.text, self.rows)?;
        self.text.clear();
        Ok(())
    }

    fn end(mut self) -> Result<u64> {
        if self.form == Form::Json {
            self.text.extend_from_slice(if self.rows > 0 { b"\n]\n" } else { b"]\n" });
        }
        self.flush()?;
        Ok(self.rows)
    }
}
