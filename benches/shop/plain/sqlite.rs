//! Plain sqlite3.
#![allow(unsafe_code, reason = "it is a library of C")]

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_int};
use std::path::Path;
use std::ptr::{null, null_mut};

use libsqlite3_sys as ffi;

use super::{Again, Bind, Plain, Rows, spread};

pub struct Connection {
    database: *mut ffi::sqlite3,
    statements: HashMap<String, *mut ffi::sqlite3_stmt>,
}

// SAFETY: it is handed to a thread as a whole, and SQLite is compiled to allow that.
unsafe impl Send for Connection {}

impl Connection {
    pub fn open(file: &Path) -> Self {
        let path = CString::new(file.to_str().unwrap()).unwrap();
        let mut database = null_mut();
        let flags = ffi::SQLITE_OPEN_READWRITE;
        // SAFETY: the path ends with NUL, and `database` is there to be written to.
        let opened = unsafe { ffi::sqlite3_open_v2(path.as_ptr(), &raw mut database, flags, null()) };
        assert_eq!(opened, ffi::SQLITE_OK);
        let mut connection = Self { database, statements: HashMap::new() };
        // As dbtool sets up its own.
        for pragma in ["PRAGMA busy_timeout = 5000", "PRAGMA foreign_keys = ON"] {
            connection.execute(pragma).unwrap();
        }
        connection
    }

    fn prepared(&mut self, sql: &str) -> *mut ffi::sqlite3_stmt {
        if let Some(statement) = self.statements.get(sql) {
            return *statement;
        }
        let mut statement = null_mut();
        let (text, length) = (sql.as_ptr().cast(), c_int::try_from(sql.len()).unwrap());
        // SAFETY: the text is as long as is said, and `statement` is there to be written to.
        let prepared = unsafe {
            let flags = ffi::SQLITE_PREPARE_PERSISTENT;
            ffi::sqlite3_prepare_v3(self.database, text, length, flags, &raw mut statement, null_mut())
        };
        assert_eq!(prepared, ffi::SQLITE_OK, "{sql}: {}", self.message());
        self.statements.insert(sql.to_owned(), statement);
        statement
    }

    fn message(&self) -> String {
        // SAFETY: the message stays until the next call.
        unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(self.database)) }.to_string_lossy().into_owned()
    }
}

impl Plain for Connection {
    fn execute(&mut self, sql: &str) -> Result<(), Again> {
        self.run(sql, &[]).map(|_| ())
    }

    fn run(&mut self, sql: &str, binds: &[Bind]) -> Result<Rows, Again> {
        let spread = binds.iter().any(|bind| matches!(bind, Bind::Many(_))).then(|| spread(sql, binds));
        let (sql, binds) = spread.as_ref().map_or((sql, binds), |(sql, binds)| (sql, binds));
        let statement = self.prepared(sql);
        let mut rows = Rows::new();
        // SAFETY: the statement is this connection's and is reset below; a text outlives it; a column's text is copied before the next step.
        let last = unsafe {
            for (at, bind) in (1..).zip(binds) {
                match bind {
                    Bind::Int(number) => ffi::sqlite3_bind_int64(statement, at, *number),
                    Bind::Text(text) => {
                        let length = c_int::try_from(text.len()).unwrap();
                        ffi::sqlite3_bind_text(statement, at, text.as_ptr().cast(), length, ffi::SQLITE_STATIC())
                    }
                    Bind::Null => ffi::sqlite3_bind_null(statement, at),
                    Bind::Many(_) => unreachable!("spread above"),
                };
            }
            let columns = ffi::sqlite3_column_count(statement);
            let last = loop {
                let step = ffi::sqlite3_step(statement);
                if step != ffi::SQLITE_ROW {
                    break step;
                }
                let column = |at| {
                    let text = ffi::sqlite3_column_text(statement, at);
                    let length = usize::try_from(ffi::sqlite3_column_bytes(statement, at)).unwrap();
                    let bytes = || std::slice::from_raw_parts(text, length);
                    (!text.is_null()).then(|| String::from_utf8_lossy(bytes()).into_owned())
                };
                rows.push((0..columns).map(column).collect());
            };
            ffi::sqlite3_reset(statement);
            last
        };
        match last {
            ffi::SQLITE_DONE => Ok(rows),
            ffi::SQLITE_BUSY => Err(Again),
            _ => panic!("{sql} {binds:?}: {}", self.message()),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: nobody else has them.
        unsafe {
            self.statements.values().for_each(|statement| {
                ffi::sqlite3_finalize(*statement);
            });
            ffi::sqlite3_close(self.database);
        }
    }
}
