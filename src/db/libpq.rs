//! A PostgreSQL connection for the engine, straight on libpq's simple query protocol.
//!
//! Diesel's `PgConnection` serves models and queries. The engine needs what that hides: the SQLSTATE of every error,
//! NOTICE and WARNING, which statement of several failed, whether a transaction is open, and queries without prepared
//! statements (a transaction pooler has none). Facts from the manual's chapter "libpq". The one module with `unsafe`:
//! every pointer that libpq hands out is checked for null, copied at once, and freed by the type that owns it.
#![expect(unsafe_code, reason = "libpq is a C library, and Diesel gives no access to its connection")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::NonNull;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pq_sys as pq;

use super::error::{DbError, Kind, kind_of_connect_failure, kind_of_sqlstate};
use super::session::{Notice, Row};

/// What a failed message did before it failed.
#[derive(Debug)]
pub struct Failure {
    /// The answers of the statements that had succeeded.
    pub succeeded: Vec<Answer>,
    pub error: DbError,
}

/// The rows of one statement, and how many it returned or changed.
#[derive(Debug, Default)]
pub struct Answer {
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
    pub affected: u64,
    /// From the answer before it, or from the sending.
    pub took: Duration,
}

impl Answer {
    pub fn first(self) -> Option<Row> {
        self.rows.into_iter().next()
    }
}

pub struct Connection {
    raw: NonNull<pq::PGconn>,
    /// Filled by libpq's callback; boxed, so that its address stays.
    notices: Box<Mutex<Vec<Notice>>>,
}

// SAFETY: a PGconn may be used from any thread, by one at a time; `&mut self` and ownership see to that.
unsafe impl Send for Connection {}

/// Asks the server to cancel what a connection runs.
pub struct Cancel(NonNull<pq::PGcancel>);

// SAFETY: libpq allows its use from another thread than the connection's.
unsafe impl Send for Cancel {}

impl Cancel {
    /// Sends the request. Whether it came in time is seen by the statement alone.
    pub fn send(&self) {
        let mut words: [c_char; 256] = [0; 256];
        // SAFETY: the object is valid until it is dropped, and the buffer is as long as is said.
        let sent = unsafe { pq::PQcancel(self.0.as_ptr(), words.as_mut_ptr(), 256) };
        tracing::debug!(sent, "asked the server to cancel");
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        // SAFETY: it is freed once.
        unsafe { pq::PQfreeCancel(self.0.as_ptr()) };
    }
}

// openssl-sys has only what sets up TLS, too, which costs time and memory where there is none.
#[cfg(feature = "bundled")]
unsafe extern "C" {
    fn OPENSSL_init_crypto(options: u64, settings: *const c_void) -> std::ffi::c_int;
}

impl Connection {
    /// Connects with a conninfo string of keywords and values.
    pub fn open(conninfo: &str) -> Result<Self, DbError> {
        // Otherwise OpenSSL would clean up when the process ends, under the feet of a thread that still connects.
        // SAFETY: it may be called at any time, from any thread; the first call decides.
        #[cfg(feature = "bundled")]
        unsafe {
            OPENSSL_init_crypto(openssl_sys::OPENSSL_INIT_NO_ATEXIT, std::ptr::null());
        }
        let nul = |_| DbError::new(Kind::Parameters, "a connection parameter holds a NUL byte");
        let conninfo = CString::new(conninfo).map_err(nul)?;
        // SAFETY: the argument is a C string that outlives the call.
        let raw = unsafe { pq::PQconnectdb(conninfo.as_ptr()) };
        let raw = NonNull::new(raw).ok_or_else(|| DbError::new(Kind::Other, "out of memory"))?;
        let connection = Self { raw, notices: Box::default() };
        // SAFETY: `raw` is a connection until `drop`.
        if unsafe { pq::PQstatus(raw.as_ptr()) } != pq::ConnStatusType::CONNECTION_OK {
            let message = connection.message();
            return Err(DbError::new(kind_of_connect_failure(&message), message));
        }
        let sink: *const Mutex<Vec<Notice>> = &raw const *connection.notices;
        // SAFETY: the sink lives as long as the connection: `drop` finishes the connection before its fields go.
        unsafe { pq::PQsetNoticeReceiver(raw.as_ptr(), Some(receive), sink.cast_mut().cast::<c_void>()) };
        Ok(connection)
    }

    /// Sends SQL, one statement or many, as one message. Of each statement's rows the first `most` are kept.
    pub fn query(&mut self, sql: &str, most: usize) -> Result<Vec<Answer>, Failure> {
        let mut answers = Vec::new();
        let mut failure: Option<DbError> = None;
        let raw = self.raw.as_ptr();
        let nothing = |error| Failure { succeeded: Vec::new(), error };
        let sql = CString::new(sql).map_err(|_| nothing(DbError::new(Kind::Syntax, "the SQL holds a NUL byte")))?;
        // SAFETY: the connection is valid and the argument is a C string.
        if unsafe { pq::PQsendQuery(raw, sql.as_ptr()) } == 0 {
            return Err(nothing(self.lost()));
        }
        // The server has it, and nobody waits for the answer.
        crate::fault::point();
        if most < usize::MAX {
            // Row by row, so that a SELECT in a migration needs no memory.
            // SAFETY: allowed directly after PQsendQuery; where it is refused, rows come at once.
            unsafe { pq::PQsetSingleRowMode(raw) };
        }
        let mut rows: Vec<Row> = Vec::new();
        let mut start = Instant::now();
        // SAFETY: the connection is valid; the result is owned by `Answered`, which clears it.
        while let Some(result) = NonNull::new(unsafe { pq::PQgetResult(raw) }).map(Answered) {
            use pq::ExecStatusType as Status;
            // SAFETY: the result is valid.
            match unsafe { pq::PQresultStatus(result.0.as_ptr()) } {
                Status::PGRES_SINGLE_TUPLE if rows.len() < most => rows.extend(result.rows()),
                Status::PGRES_SINGLE_TUPLE => {}
                Status::PGRES_COMMAND_OK | Status::PGRES_TUPLES_OK | Status::PGRES_EMPTY_QUERY => {
                    // Where row by row was refused, all of them are here.
                    let left = most.saturating_sub(rows.len());
                    if left > 0 {
                        rows.extend(result.rows().into_iter().take(left));
                    }
                    let (rows, took) = (std::mem::take(&mut rows), start.elapsed());
                    start = Instant::now();
                    let columns = if most == usize::MAX { result.columns() } else { Vec::new() };
                    answers.push(Answer { columns, rows, affected: result.affected(), took });
                }
                Status::PGRES_COPY_IN => {
                    // SAFETY: the connection is in COPY IN; the message is a C string. The error comes as a result.
                    unsafe { pq::PQputCopyEnd(raw, c"a migration has no data for COPY … FROM STDIN".as_ptr()) };
                }
                Status::PGRES_COPY_OUT => self.drop_copied(),
                _ => {
                    failure.get_or_insert_with(|| result.error(&sql, &self.message()));
                }
            }
            if self.is_broken() {
                failure.get_or_insert_with(|| self.lost());
                break;
            }
        }
        match failure {
            None => Ok(answers),
            Some(mut error) => {
                if self.is_broken() {
                    error.kind = Kind::Lost;
                }
                Err(Failure { succeeded: answers, error })
            }
        }
    }

    /// Whether the server is seen to have ended the connection. Asks the operating system alone.
    pub fn is_seen_broken(&mut self) -> bool {
        // The first call may take in the server's last words, the second one sees that nothing follows.
        // SAFETY: the connection is valid.
        let end = || unsafe { pq::PQconsumeInput(self.raw.as_ptr()) } == 0;
        end() || end() || self.is_broken()
    }

    /// Whether a transaction is open, failed or not.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        use pq::PGTransactionStatusType as Status;
        // SAFETY: the connection is valid.
        let status = unsafe { pq::PQtransactionStatus(self.raw.as_ptr()) };
        matches!(status, Status::PQTRANS_INTRANS | Status::PQTRANS_INERROR | Status::PQTRANS_ACTIVE)
    }

    /// The number of the server's process; behind a pooler, the pooler's invention.
    #[must_use]
    pub fn pid(&self) -> Option<u64> {
        // SAFETY: the connection is valid.
        let pid = unsafe { pq::PQbackendPID(self.raw.as_ptr()) };
        u64::try_from(pid).ok().filter(|pid| *pid > 0)
    }

    /// What cancels the running statement from another thread.
    #[must_use]
    pub fn cancel(&self) -> Option<Cancel> {
        // SAFETY: the connection is valid; what it gives is ours to free.
        NonNull::new(unsafe { pq::PQgetCancel(self.raw.as_ptr()) }).map(Cancel)
    }

    #[must_use]
    pub fn is_broken(&self) -> bool {
        // SAFETY: the connection is valid.
        (unsafe { pq::PQstatus(self.raw.as_ptr()) }) != pq::ConnStatusType::CONNECTION_OK
    }

    /// The protocol and cipher of an encrypted connection.
    #[must_use]
    pub fn tls(&self) -> Option<String> {
        // SAFETY: the connection is valid.
        if unsafe { pq::PQsslInUse(self.raw.as_ptr()) } == 0 {
            return None;
        }
        let attribute = |name: &CStr| {
            // SAFETY: the connection is valid, the name is a C string, and the answer is copied at once.
            unsafe { text(pq::PQsslAttribute(self.raw.as_ptr(), name.as_ptr())) }.unwrap_or_default()
        };
        Some(format!("{} {}", attribute(c"protocol"), attribute(c"cipher")))
    }

    /// What the server has said since this was last asked.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.notices.lock().map(|mut notices| std::mem::take(&mut *notices)).unwrap_or_default()
    }

    fn message(&self) -> String {
        // SAFETY: the connection is valid, and the answer is copied at once.
        let message = unsafe { text(pq::PQerrorMessage(self.raw.as_ptr())) }.unwrap_or_default();
        message.trim().to_owned()
    }

    fn lost(&self) -> DbError {
        let message = self.message();
        DbError::new(
            Kind::Lost,
            if message.is_empty() { "the connection to the server was lost".into() } else { message },
        )
    }

    fn drop_copied(&mut self) {
        let mut buffer: *mut c_char = std::ptr::null_mut();
        // SAFETY: the connection is in COPY OUT, and each buffer is freed before the next.
        while unsafe { pq::PQgetCopyData(self.raw.as_ptr(), &raw mut buffer, 0) } > 0 {
            // SAFETY: libpq allocated the buffer for us.
            unsafe { pq::PQfreemem(buffer.cast::<c_void>()) };
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: the connection is valid, and never used again.
        unsafe { pq::PQfinish(self.raw.as_ptr()) };
    }
}

/// A result that clears itself.
struct Answered(NonNull<pq::PGresult>);

impl Answered {
    fn field(&self, field: u8) -> Option<String> {
        // SAFETY: the result is valid, and the answer is copied at once.
        unsafe { text(pq::PQresultErrorField(self.0.as_ptr(), i32::from(field))) }
    }

    fn error(&self, sql: &CStr, fallback: &str) -> DbError {
        let sqlstate = self.field(pq::PG_DIAG_SQLSTATE);
        let mut kind = sqlstate.as_deref().map_or(Kind::Other, kind_of_sqlstate);
        // One state for all that ends a statement early: a time limit, a person, a COPY without data.
        let primary = self.field(pq::PG_DIAG_MESSAGE_PRIMARY).unwrap_or_default();
        if kind == Kind::StatementTimeout && (primary.contains("user request") || primary.contains("COPY")) {
            kind = Kind::Other;
        }
        let position = self.field(pq::PG_DIAG_STATEMENT_POSITION).and_then(|text| text.parse::<usize>().ok());
        let sql = sql.to_str().unwrap_or_default();
        DbError {
            errno: None,
            advice: None,
            constraint: None,
            kind,
            message: self.field(pq::PG_DIAG_MESSAGE_PRIMARY).unwrap_or_else(|| fallback.to_owned()),
            detail: self.field(pq::PG_DIAG_MESSAGE_DETAIL),
            hint: self.field(pq::PG_DIAG_MESSAGE_HINT),
            context: self.field(pq::PG_DIAG_CONTEXT),
            sqlstate,
            // PostgreSQL counts characters from 1.
            position: position.map(|characters| crate::text::byte_offset(sql, characters.saturating_sub(1))),
        }
    }

    fn columns(&self) -> Vec<String> {
        let result = self.0.as_ptr();
        // SAFETY: the result is valid, columns stay below the number that it gives, and the names are copied at once.
        let name = |column| unsafe { text(pq::PQfname(result, column)) }.unwrap_or_default();
        // SAFETY: the result is valid.
        (0..unsafe { pq::PQnfields(result) }).map(name).collect()
    }

    fn rows(&self) -> Vec<Row> {
        // SAFETY: the result is valid, and rows and columns stay below the numbers that it gives.
        unsafe {
            let result = self.0.as_ptr();
            let (rows, columns) = (pq::PQntuples(result), pq::PQnfields(result));
            let value = |row, column| {
                (pq::PQgetisnull(result, row, column) == 0)
                    .then(|| text(pq::PQgetvalue(result, row, column)).unwrap_or_default())
            };
            (0..rows).map(|row| Row((0..columns).map(|column| value(row, column)).collect())).collect()
        }
    }

    fn affected(&self) -> u64 {
        // SAFETY: the result is valid, and the answer is copied at once.
        let text = unsafe { text(pq::PQcmdTuples(self.0.as_ptr())) };
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        // SAFETY: the result is valid, and never used again.
        unsafe { pq::PQclear(self.0.as_ptr()) };
    }
}

/// Copies a C string.
///
/// # Safety
/// `pointer` is null or a C string that lives during the call.
unsafe fn text(pointer: *const c_char) -> Option<String> {
    // SAFETY: as promised by the caller.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}

/// Takes a NOTICE or WARNING from libpq.
unsafe extern "C" fn receive(sink: *mut c_void, result: *const pq::PGresult) {
    let field = |field: u8| {
        // SAFETY: libpq hands in a valid result, and the answer is copied at once.
        unsafe { text(pq::PQresultErrorField(result, i32::from(field))) }.unwrap_or_default()
    };
    let notice =
        Notice { severity: field(pq::PG_DIAG_SEVERITY_NONLOCALIZED), message: field(pq::PG_DIAG_MESSAGE_PRIMARY) };
    // SAFETY: the sink is the connection's own `notices`, alive as long as the connection that calls this.
    let sink = unsafe { &*sink.cast::<Mutex<Vec<Notice>>>() };
    if let Ok(mut notices) = sink.lock() {
        notices.push(notice);
    }
}
