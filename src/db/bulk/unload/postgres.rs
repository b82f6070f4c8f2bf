//! PostgreSQL: COPY … TO STDOUT in its text format.

use std::io::BufRead as _;
use std::ops::Range;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};

use super::{Cell, Each, Failed};
use crate::backend::Backend;
use crate::db::bulk::postgres::{INTO, Named};
use crate::db::bulk::{Form, Target};

/// What values look like, whatever the role or the database has set.
const SETTINGS: &str = "SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex'; \
    SET LOCAL extra_float_digits = 1; SET LOCAL TimeZone = 'UTC'";

pub fn unload(connection: &mut PgConnection, from: &Target, rest: &str, each: &mut Each<'_>) -> Result<(), Failed> {
    INTO.set(format!("(SELECT {} FROM {}{rest})", from.listed(Backend::Postgres, |name, _| name), from.table));
    connection.transaction(|connection| {
        connection.batch_execute(SETTINGS)?;
        let copied = copy(connection, from, each);
        // libpq knows the COPY's end only now; and an error of the server in its middle is told by nothing else than that the
        // transaction takes no further statement.
        let ended = connection.batch_execute("SELECT 1");
        copied?;
        ended.map_err(|_| Failed::Early("the server ended the rows with an error of its own".into()))
    })
}

fn copy(connection: &mut PgConnection, from: &Target, each: &mut Each<'_>) -> Result<(), Failed> {
    let mut rows = diesel::copy_to(Named).load_raw(connection)?;
    let (mut line, mut row) = (Vec::new(), Line::default());
    loop {
        line.clear();
        let read = rows.read_until(b'\n', &mut line);
        if read.map_err(|cause| Failed::Early(cause.to_string()))? == 0 {
            return Ok(());
        }
        row.cut(line.strip_suffix(b"\n").unwrap_or(&line), from);
        each(&row.cells(&line))?;
    }
}

/// Where the values of a row are.
#[derive(Default)]
struct Line {
    fields: Vec<Field>,
    /// What had to be read from its escapes.
    plain: Vec<u8>,
}

enum Field {
    Null,
    /// As it stands in the line.
    There(Range<usize>),
    Plain(Range<usize>),
    Bytes(Range<usize>),
}

impl Line {
    fn cut(&mut self, line: &[u8], from: &Target) {
        self.fields.clear();
        self.plain.clear();
        let mut start = 0;
        let ends = memchr::memchr_iter(b'\t', line).chain(std::iter::once(line.len()));
        for (end, column) in ends.zip(&from.columns) {
            let text = &line[start..end];
            let field = if text == b"\\N" {
                Field::Null
            } else if column.form == Form::Bytes {
                // \\x…
                let at = self.plain.len();
                let digits = text.get(3..).unwrap_or_default();
                self.plain.extend(digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])));
                Field::Bytes(at..self.plain.len())
            } else if memchr::memchr(b'\\', text).is_some() {
                let at = self.plain.len();
                self.unescape(text);
                Field::Plain(at..self.plain.len())
            } else {
                Field::There(start..end)
            };
            self.fields.push(field);
            start = end + 1;
        }
    }

    fn unescape(&mut self, text: &[u8]) {
        let mut bytes = text.iter();
        while let Some(byte) = bytes.next() {
            self.plain.push(match byte {
                b'\\' => match bytes.next() {
                    Some(b'b') => 8,
                    Some(b'f') => 12,
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b't') => b'\t',
                    Some(b'v') => 11,
                    Some(other) => *other,
                    None => b'\\',
                },
                other => *other,
            });
        }
    }

    fn cells<'a>(&'a self, line: &'a [u8]) -> Vec<Cell<'a>> {
        let cell = |field: &Field| match field {
            Field::Null => Cell::Null,
            Field::There(range) => Cell::Text(&line[range.clone()]),
            Field::Plain(range) => Cell::Text(&self.plain[range.clone()]),
            Field::Bytes(range) => Cell::Bytes(&self.plain[range.clone()]),
        };
        self.fields.iter().map(cell).collect()
    }
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::bulk::Column;

    #[test]
    fn a_line_is_cut_into_its_values() {
        let column = |form| Column { name: String::new(), form };
        let from = Target {
            table: String::new(),
            columns: [Form::Text, Form::Text, Form::Text, Form::Bytes].map(column).into(),
        };
        let mut row = Line::default();
        let line = b"a\\tb\\\\c\\n\t\\N\t\t\\\\x00ff";
        row.cut(line, &from);
        assert_eq!(row.cells(line), [Cell::Text(b"a\tb\\c\n"), Cell::Null, Cell::Text(b""), Cell::Bytes(&[0, 255])]);
    }
}
