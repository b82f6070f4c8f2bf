//! Plain libpq.
#![allow(unsafe_code, reason = "it is a library of C")]

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::ptr::null;

use pq_sys as ffi;

use super::{Again, Bind, Plain, Rows};

pub struct Connection {
    connection: *mut ffi::PGconn,
    /// The names of what is prepared.
    statements: HashMap<String, CString>,
}

// SAFETY: it is handed to a thread as a whole, which libpq allows.
unsafe impl Send for Connection {}

impl Connection {
    pub fn open(url: &str) -> Self {
        let url = CString::new(url).unwrap();
        // SAFETY: the URL ends with NUL.
        let connection = unsafe { ffi::PQconnectdb(url.as_ptr()) };
        let mut connection = Self { connection, statements: HashMap::new() };
        // As Diesel sets up its own.
        connection.execute("SET TIME ZONE 'UTC'").unwrap();
        connection
    }

    fn prepared(&mut self, sql: &str) -> CString {
        if let Some(name) = self.statements.get(sql) {
            return name.clone();
        }
        let name = CString::new(format!("s{}", self.statements.len())).unwrap();
        let text = CString::new(sql).unwrap();
        // SAFETY: both end with NUL.
        let result = unsafe { ffi::PQprepare(self.connection, name.as_ptr(), text.as_ptr(), 0, null()) };
        self.read(sql, result).unwrap();
        self.statements.insert(sql.to_owned(), name.clone());
        name
    }

    /// The rows of a result, which is given back.
    fn read(&self, sql: &str, result: *mut ffi::PGresult) -> Result<Rows, Again> {
        let mut rows = Rows::new();
        // SAFETY: rows and columns are within what there is; texts are copied before the result is given back.
        unsafe {
            let status = ffi::PQresultStatus(result);
            if !matches!(status, ffi::ExecStatusType::PGRES_COMMAND_OK | ffi::ExecStatusType::PGRES_TUPLES_OK) {
                let state = ffi::PQresultErrorField(result, i32::from(b'C'));
                let state = if state.is_null() { "" } else { CStr::from_ptr(state).to_str().unwrap() };
                let again = matches!(state, "40001" | "40P01" | "55P03");
                let message = CStr::from_ptr(ffi::PQerrorMessage(self.connection)).to_string_lossy();
                assert!(again, "{sql}: {message}");
                ffi::PQclear(result);
                return Err(Again);
            }
            let columns = ffi::PQnfields(result);
            for row in 0..ffi::PQntuples(result) {
                let column = |at| {
                    if ffi::PQgetisnull(result, row, at) == 1 {
                        return None;
                    }
                    let length = usize::try_from(ffi::PQgetlength(result, row, at)).unwrap();
                    let bytes = std::slice::from_raw_parts(ffi::PQgetvalue(result, row, at).cast(), length);
                    Some(String::from_utf8_lossy(bytes).into_owned())
                };
                rows.push((0..columns).map(column).collect());
            }
            ffi::PQclear(result);
        }
        Ok(rows)
    }
}

impl Plain for Connection {
    fn execute(&mut self, sql: &str) -> Result<(), Again> {
        let text = CString::new(sql).unwrap();
        // SAFETY: the text ends with NUL.
        let result = unsafe { ffi::PQexec(self.connection, text.as_ptr()) };
        self.read(sql, result).map(|_| ())
    }

    fn run(&mut self, sql: &str, binds: &[Bind]) -> Result<Rows, Again> {
        let name = self.prepared(sql);
        let text = |bind: &Bind| match bind {
            Bind::Text(text) => Some(CString::new(text.as_str()).unwrap()),
            Bind::Int(number) => Some(CString::new(number.to_string()).unwrap()),
            Bind::Null => None,
            Bind::Many(many) => Some(CString::new(format!("{{{}}}", many.join(","))).unwrap()),
        };
        let texts: Vec<Option<CString>> = binds.iter().map(text).collect();
        let values: Vec<_> = texts.iter().map(|text| text.as_ref().map_or(null(), |text| text.as_ptr())).collect();
        let count = i32::try_from(values.len()).unwrap();
        // SAFETY: there are as many values as is said, and each ends with NUL.
        let result =
            unsafe { ffi::PQexecPrepared(self.connection, name.as_ptr(), count, values.as_ptr(), null(), null(), 0) };
        self.read(sql, result)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: nobody else has it.
        unsafe { ffi::PQfinish(self.connection) }
    }
}
