//! MySQL and MariaDB: LOAD DATA LOCAL from our memory where the server allows it, else inserts of many rows.
//!
//! The server turns the errors of a LOAD DATA LOCAL into warnings, and goes on with another value or without the row. So a block that
//! brings a warning is rolled back and inserted, which gives the error itself.

use std::ops::Range;

use diesel::Connection as _;

use super::block::Block;
use super::failure::{Failed, Refused};
use super::insert::{self, Bind, Insert};
use super::sqlite::truth;
use super::{Column, Form, Loader, Target};
use crate::backend::Backend;
use crate::db::dialect;
use crate::db::error::{DbError, Kind};
use crate::db::mysql::MysqlConnection;

/// So many rows in one statement.
const ROWS: usize = 500;
/// So many values; the protocol takes 65,535.
const VALUES: usize = 60_000;
/// Fewer rows are not worth a LOAD DATA, and after an error are known to have one.
const FEW: usize = 500;

/// The errors of a server that does not allow it, as its manuals number them.
const NOT_ALLOWED: [u16; 3] = [1148, 3948, 4166];

pub struct LoadData<'a> {
    into: &'a Target,
    load: String,
    head: String,
    row: String,
    rows: usize,
    /// Whether LOAD DATA is worth a try.
    may_load: bool,
}

impl<'a> LoadData<'a> {
    pub fn new(into: &'a Target) -> Self {
        let name = |column: &Column| dialect::of(Backend::Mysql).identifier(&column.name);
        let (mut fields, mut sets) = (Vec::new(), Vec::new());
        for (number, column) in into.columns.iter().enumerate() {
            let variable = format!("@dbtool_{number}");
            match column.form {
                Form::Bytes => sets.push(format!("{} = UNHEX({variable})", name(column))),
                Form::Bits => sets.push(format!("{} = {}", name(column), bits(&variable))),
                _ => {
                    fields.push(name(column));
                    continue;
                }
            }
            fields.push(variable);
        }
        let sets = if sets.is_empty() { String::new() } else { format!(" SET {}", sets.join(", ")) };
        // The characters in hexadecimal, for what a backslash in a literal is depends on the server's mode.
        let load = format!(
            "LOAD DATA LOCAL INFILE 'dbtool' INTO TABLE {} CHARACTER SET utf8mb4 FIELDS TERMINATED BY X'09' ENCLOSED BY '' \
             ESCAPED BY X'5C' LINES STARTING BY '' TERMINATED BY X'0A' ({}){sets}",
            into.table,
            fields.join(", ")
        );
        let names = into.listed(Backend::Mysql, |name, _| name);
        let value = |column: &Column| if column.form == Form::Bits { bits("?") } else { "?".to_owned() };
        let values: Vec<_> = into.columns.iter().map(value).collect();
        Self {
            into,
            load,
            head: format!("INSERT INTO {} ({names}) VALUES ", into.table),
            row: format!("({})", values.join(", ")),
            rows: ROWS.min(VALUES / into.columns.len().max(1)).max(1),
            may_load: true,
        }
    }

    /// Whether they are in the table, all of them and as they came.
    fn load(&mut self, connection: &mut MysqlConnection, block: &Block, range: &Range<usize>) -> Result<bool, Failed> {
        let mut data = Vec::new();
        for row in range.clone() {
            self.write_row(&mut data, block, row);
        }
        let loaded = connection.transaction(|connection| {
            let (rows, warnings) = connection.load_data(&self.load, data)?;
            if rows == range.len() as u64 && warnings == 0 {
                Ok(())
            } else {
                Err(diesel::result::Error::RollbackTransaction)
            }
        });
        match loaded {
            Ok(()) => Ok(true),
            Err(diesel::result::Error::RollbackTransaction) => Ok(false),
            Err(error) => {
                let refused = self.error(connection, error);
                match refused.error.errno {
                    Some(number) if NOT_ALLOWED.contains(&number) => {
                        self.may_load = false;
                        Ok(false)
                    }
                    _ if refused.is_of_a_row() => Ok(false),
                    _ => Err(Failed::Refused(refused)),
                }
            }
        }
    }

    fn write_row(&self, out: &mut Vec<u8>, block: &Block, row: usize) {
        for (number, column) in self.into.columns.iter().enumerate() {
            if number > 0 {
                out.push(b'\t');
            }
            let Some(field) = block.field(row, number) else {
                out.extend_from_slice(b"\\N");
                continue;
            };
            match column.form {
                Form::Bytes => super::write_hex(out, field),
                // What is no boolean brings a warning, and is told as an error then.
                Form::Boolean => match std::str::from_utf8(field).ok().and_then(truth) {
                    Some(truth) => out.extend_from_slice(truth.to_string().as_bytes()),
                    None => super::write_escaped(out, field),
                },
                _ => super::write_escaped(out, field),
            }
        }
        out.push(b'\n');
    }

    fn insert(&self, connection: &mut MysqlConnection, block: &Block, range: Range<usize>) -> Result<(), Failed> {
        let mut from = range.start;
        while from < range.end {
            let rows = self.rows.min(range.end - from);
            let sql = insert::text(&self.head, &self.row, rows);
            let bind = |column, field| self.bind(column, field);
            let insert = Insert::new(&sql, block, from..from + rows, self.into.columns.len(), bind);
            let insert = insert.map_err(Failed::Refused)?;
            let inserted = connection.execute_returning_count(&insert);
            inserted.map_err(|error| Failed::Refused(self.error(connection, error)))?;
            from += rows;
        }
        Ok(())
    }

    fn bind<'f>(&self, column: usize, field: &'f [u8]) -> Result<Bind<'f>, Refused> {
        let form = self.into.columns[column].form;
        if form == Form::Bytes {
            return Ok(Bind::Bytes(field));
        }
        let refuse = |rule: &str| Refused { column: Some(column), error: DbError::new(Kind::Data, rule) };
        let text = std::str::from_utf8(field).map_err(|_| refuse("the text is not UTF-8"))?;
        match form {
            Form::Boolean => truth(text).map(Bind::Integer).ok_or_else(|| refuse("neither true nor false")),
            Form::Bits if !text.bytes().all(|bit| matches!(bit, b'0' | b'1')) => Err(refuse("not zeros and ones")),
            _ => Ok(Bind::Text(text)),
        }
    }

    fn error(&self, connection: &MysqlConnection, error: diesel::result::Error) -> Refused {
        let mut refused = Refused::of(error, self.into);
        if let (None, Some(told)) = (&refused.error.constraint, connection.last_error()) {
            refused.error = told.clone();
        }
        // "Data too long for column 'name' at row 1", "Incorrect integer value: 'x' for column `d`.`t`.`name` at row 1".
        let told = refused.error.message.rsplit_once("for column ").map(|(_, rest)| rest);
        let quoted = told.map(|rest| rest.split(" at row ").next().unwrap_or(rest));
        let is_named = |name: &str| {
            let ends = |quote: char| quoted.is_some_and(|told| told.ends_with(&format!("{quote}{name}{quote}")));
            ends('\'') || ends('`')
        };
        refused.column = refused.column.or_else(|| self.into.columns.iter().position(|column| is_named(&column.name)));
        refused
    }
}

/// A number of the bits that a text has as zeros and ones.
fn bits(text: &str) -> String {
    format!("CAST(CONV({text}, 2, 10) AS UNSIGNED)")
}

impl Loader for LoadData<'_> {
    type Connection = MysqlConnection;

    fn write(&mut self, connection: &mut MysqlConnection, block: &Block, range: Range<usize>) -> Result<(), Failed> {
        if !self.may_load || range.len() < FEW {
            return self.insert(connection, block, range);
        }
        if self.load(connection, block, &range)? {
            return Ok(());
        }
        self.insert(connection, block, range)?;
        // The warnings were of a kind that an INSERT has no error for, and the next block would bring them too.
        self.may_load = false;
        Ok(())
    }
}
