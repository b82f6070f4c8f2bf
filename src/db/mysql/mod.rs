//! MySQL and MariaDB over the pure-Rust `mysql` crate: one connection for the engine, which speaks text, and one for
//! Diesel, which speaks the binary protocol.

mod authorities;
mod diesel;
mod greeting;
mod options;
mod row;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use mysql::prelude::Queryable as _;
use mysql::session_state_change::SessionStateChange;
use mysql::{Conn, DriverError, Error, LocalInfileHandler, Value};

pub use self::diesel::MysqlConnection;
use self::options::{Tls, options};
pub(super) use self::row::type_of;
use super::error::{DbError, Kind, kind_of_errno};
use super::session::{Driver, Named, Notice, Row};
use crate::config::ServerTarget;
use crate::interrupt::Canceller;

/// A connection, with what the driver does not keep.
pub struct Connection {
    conn: Conn,
    /// For another one, to cancel what this one runs.
    server: Box<ServerTarget>,
    tls: bool,
    notices: Vec<Notice>,
    in_transaction: bool,
    /// A server has asked for a file of this machine, and got nothing.
    asked_for_file: Arc<AtomicBool>,
}

/// As Diesel sets up its own connections (the driver's handshake names a collation, and this goes back to the server's own); what
/// tells of transactions; and words that can be read for a place.
const SETUP: &str = "SET time_zone = '+00:00', character_set_client = utf8mb4, character_set_connection = utf8mb4, \
    character_set_results = utf8mb4, session_track_transaction_info = 'STATE', lc_messages = 'en_US'";

impl Connection {
    /// Connects, as `sslmode` says. The handshake is part of what must be done in time.
    pub fn open(server: &ServerTarget, timeout: Duration) -> Result<Self, DbError> {
        let asked = Tls::of(server);
        let socket = server.host.starts_with('/') || server.parameter("socket").is_some();
        let first = (asked != Tls::Disable && !socket).then_some(asked);
        match Self::attempt(server, first, timeout) {
            // It is not there to be had.
            Err(error) if asked == Tls::Prefer && error.kind == Kind::Tls => Self::attempt(server, None, timeout),
            result => result,
        }
    }

    fn attempt(server: &ServerTarget, tls: Option<Tls>, timeout: Duration) -> Result<Self, DbError> {
        let asked_for_file = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&asked_for_file);
        let refuse = LocalInfileHandler::new(move |_, _| {
            flag.store(true, Ordering::SeqCst);
            Ok(())
        });
        let options = options(server, tls, timeout, refuse)?;
        let asked = options.clone();
        let authority = tls.and_then(|tls| tls.authority(server));
        // The driver waits for the server's greeting for as long as it takes.
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let trusted = authority.map_or(Ok(()), |path| authorities::trust_only(&path));
            let opened = trusted.and_then(|()| {
                let opened = Conn::new(options).and_then(|mut conn| conn.query_drop(SETUP).map(|()| conn));
                opened.map_err(|error| refused(&error, tls.is_some()))
            });
            // Nobody listens any more when it took too long.
            let _ = sender.send(opened);
        });
        let mut opened = receiver.recv_timeout(greeting::PATIENCE);
        if opened.is_err() {
            if let Some(error) = greeting::foreign(&asked) {
                return Err(error);
            }
            opened = receiver.recv_timeout(timeout.saturating_sub(greeting::PATIENCE));
        }
        let opened = opened.map_err(|_| DbError::new(Kind::Unreachable, "the server gave no answer in time"))?;
        Ok(Self {
            conn: opened?,
            server: Box::new(server.clone()),
            tls: tls.is_some(),
            notices: Vec::new(),
            in_transaction: false,
            asked_for_file,
        })
    }

    pub(super) fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    /// Whether a statement made the server ask for a file of this machine since this was last asked.
    pub(super) fn refused_file(&self) -> Option<DbError> {
        let asked = self.asked_for_file.swap(false, Ordering::SeqCst);
        let message = "the statement reads a file of the client (LOCAL INFILE), and dbtool gives it none";
        asked.then(|| DbError::new(Kind::Permission, message))
    }

    /// Sends SQL, one statement or many, and reads all their answers. Gives the rows of the last statement when `keep`
    /// says so, and how many it returned or changed.
    fn send(&mut self, sql: &str, keep: bool) -> Result<(Named, u64), DbError> {
        let answered = read(&mut self.conn, sql, keep);
        self.follow_transaction();
        let (named, count, warnings) = answered.map_err(|error| failed(&error, sql))?;
        if let Some(error) = self.refused_file() {
            return Err(error);
        }
        if warnings {
            self.read_warnings();
        }
        Ok((named, count))
    }

    /// Takes in what the last answer said of the transaction.
    fn follow_transaction(&mut self) {
        if let Ok(changes) = self.conn.session_state_changes() {
            for change in &changes {
                if let Ok(SessionStateChange::TransactionState(state)) = change.decode() {
                    self.in_transaction = !state.as_bytes().starts_with(b"_");
                }
            }
        }
    }

    fn read_warnings(&mut self) {
        let rows = read(&mut self.conn, "SHOW WARNINGS", true).map(|(named, ..)| named.rows).unwrap_or_default();
        self.notices.extend(rows.iter().map(|row| Notice {
            severity: row.text(0).to_ascii_uppercase(),
            message: format!("{} (error {})", row.text(2), row.text(1)),
        }));
    }
}

/// The rows of the last answer, how many it returned or changed, and whether there are warnings about it.
fn read(conn: &mut Conn, sql: &str, keep: bool) -> mysql::Result<(Named, u64, bool)> {
    let mut result = conn.query_iter(sql)?;
    let (mut named, mut count, mut warnings) = (Named::default(), 0, false);
    // An error of a later statement is the first row of its answer.
    while let Some(answer) = result.iter() {
        named.rows.clear();
        named.columns.clear();
        if keep {
            named.columns.extend(answer.columns().as_ref().iter().map(|column| column.name_str().into_owned()));
        }
        count = answer.affected_rows();
        warnings = answer.warnings() > 0;
        for row in answer {
            let row = row?;
            count += 1;
            if keep {
                named.rows.push(Row(row.unwrap().into_iter().map(text).collect()));
            }
        }
    }
    Ok((named, count, warnings))
}

/// The rows of each answer.
fn read_each(conn: &mut Conn, sql: &str) -> mysql::Result<Vec<Vec<Row>>> {
    let mut result = conn.query_iter(sql)?;
    let mut all = Vec::new();
    while let Some(answer) = result.iter() {
        let rows: mysql::Result<Vec<Row>> =
            answer.map(|row| row.map(|row| Row(row.unwrap().into_iter().map(text).collect()))).collect();
        all.push(rows?);
    }
    Ok(all)
}

/// The text protocol gives every value as the server writes it.
fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}

impl Driver for Connection {
    fn query(&mut self, sql: &str) -> Result<(Vec<Row>, u64), DbError> {
        self.send(sql, true).map(|(named, count)| (named.rows, count))
    }

    fn query_named(&mut self, sql: &str) -> Result<Named, DbError> {
        self.send(sql, true).map(|(named, _)| named)
    }

    /// As one message. Only queries of our own are sent so, and nobody asks for their warnings.
    fn query_each(&mut self, statements: &[String]) -> Result<Vec<Vec<Row>>, DbError> {
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let sql = statements.join(";\n");
        let answered = read_each(&mut self.conn, &sql);
        self.follow_transaction();
        answered.map_err(|error| failed(&error, &sql))
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        self.send(sql, false).map(|(_, count)| count)
    }

    fn in_transaction(&self) -> Option<bool> {
        Some(self.in_transaction)
    }

    fn id(&self) -> Option<u64> {
        Some(u64::from(self.conn.connection_id()))
    }

    fn canceller(&self) -> Option<Canceller> {
        let (server, id) = (self.server.clone(), self.conn.connection_id());
        Some(Box::new(move || {
            let other = Connection::open(&server, Duration::from_secs(5));
            let killed = other.and_then(|mut other| other.execute(&format!("KILL QUERY {id}")));
            tracing::debug!(sent = killed.is_ok(), "asked the server to cancel");
        }))
    }

    fn tls(&self) -> Option<String> {
        self.tls.then(|| "TLS".to_owned())
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }
}

/// A connection that could not be made.
fn refused(error: &Error, tls: bool) -> DbError {
    let handshake = |words: &str| tls && ["certificate", "TLS", "tls", "handshake"].iter().any(|it| words.contains(it));
    match error {
        Error::DriverError(DriverError::TlsNotSupported) => {
            DbError::new(Kind::Tls, "the server does not offer TLS, and it was asked for")
        }
        Error::TlsError(cause) => DbError::new(Kind::Tls, cause.to_string()),
        Error::IoError(cause) if cause.kind() == NOT_A_DIRECTORY => {
            let message = "the server wants the password, and the connection is not encrypted";
            let hint = "`sslmode=require` encrypts it; or `server_public_key` names a file with the server's RSA key";
            DbError { advice: Some(hint.into()), ..DbError::new(Kind::Tls, message) }
        }
        // A file of certificates that is not there.
        Error::IoError(cause) if tls && cause.kind() == std::io::ErrorKind::NotFound => {
            DbError::new(Kind::Tls, format!("a file of certificates or keys cannot be read: {cause}"))
        }
        Error::IoError(cause) if handshake(&cause.to_string()) => DbError::new(Kind::Tls, cause.to_string()),
        Error::CodecError(cause) if handshake(&cause.to_string()) => {
            let words = cause.to_string();
            DbError::new(Kind::Tls, words.trim_start_matches("IO error: ").trim_matches(['`', '\'']))
        }
        Error::IoError(cause) => DbError::new(Kind::Unreachable, cause.to_string()),
        Error::CodecError(cause) => DbError::new(Kind::Unreachable, cause.to_string()),
        Error::DriverError(cause @ (DriverError::UnknownAuthPlugin(_) | DriverError::CleartextPluginDisabled)) => {
            DbError::new(Kind::Authentication, cause.to_string())
        }
        Error::DriverError(cause) => DbError::new(Kind::Unreachable, cause.to_string()),
        other => {
            let error = failed(other, "");
            let kind = match error.kind {
                Kind::Lost | Kind::Other => Kind::Unreachable,
                Kind::Permission => Kind::Authentication,
                kind => kind,
            };
            let advice = match error.errno {
                Some(1044) => Some("the user has no right to that database, or its name is wrong"),
                Some(1698) => Some("this user may come over the socket only: `?socket=/run/mysqld/mysqld.sock`"),
                Some(1045) if !tls => Some(
                    "check the user and the password; a user that must use TLS (`sslmode=require`) is refused in the same words",
                ),
                _ => None,
            };
            DbError { kind, advice: advice.map(str::to_owned), ..error }
        }
    }
}

/// What opening the key file that cannot be there gives.
const NOT_A_DIRECTORY: std::io::ErrorKind = std::io::ErrorKind::NotADirectory;

/// A statement that failed.
pub(super) fn failed(error: &Error, sql: &str) -> DbError {
    match error {
        Error::MySqlError(error) => {
            let kind = kind_of_errno(error.code);
            let position = position(sql, kind, &error.message);
            let keys = matches!(error.code, 1215 | 1824) || error.message.contains("errno: 150");
            let advice = "tables that refer to later ones need the keys off: `session = [\"SET FOREIGN_KEY_CHECKS = 0\"]` in `[migrate]`";
            DbError {
                advice: keys.then(|| advice.to_owned()),
                errno: Some(error.code),
                sqlstate: Some(error.state.clone()),
                position,
                ..DbError::new(kind, without_values(&error.message))
            }
        }
        Error::IoError(cause) => DbError::new(Kind::Lost, format!("the connection to the server was lost: {cause}")),
        Error::CodecError(cause) => DbError::new(Kind::Lost, format!("the connection to the server was lost: {cause}")),
        Error::DriverError(cause) => DbError::new(Kind::Other, cause.to_string()),
        other => DbError::new(Kind::Other, other.to_string()),
    }
}

/// A syntax error without the values that it quotes. A password may be among them, cut off where none of it can be told
/// any more; where it was is shown in the file.
fn without_values(message: &str) -> String {
    let Some((head, rest)) = message.split_once("near '") else { return message.to_owned() };
    let Some((near, line)) = rest.rsplit_once("' at line ") else { return message.to_owned() };
    match near.find(['\'', '"']) {
        Some(value) => format!("{head}near '{}…' at line {line}", &near[..value]),
        None => message.to_owned(),
    }
}

/// Where a message points to. A syntax error quotes the text from there on: `… near 'x y' at line 1`; the others quote a name:
/// `Table 'd.t' doesn't exist`.
fn position(sql: &str, kind: Kind, message: &str) -> Option<usize> {
    if let Some((_, rest)) = message.split_once("near '")
        && let Some((near, _)) = rest.rsplit_once("' at line ")
    {
        let blank = near.len() - near.trim_start().len();
        return if near.trim().is_empty() { Some(sql.trim_end().len()) } else { sql.rfind(near).map(|at| at + blank) };
    }
    if !matches!(kind, Kind::Syntax | Kind::Exists) {
        return None;
    }
    let quoted = message.split('\'').nth(1)?;
    crate::text::find_word(sql, quoted.rsplit('.').next().unwrap_or(quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_points_to_its_place_and_shows_no_value() {
        let message = "… right syntax to use near 'BY 's3cret' x' at line 1";
        assert_eq!(position("CREATE USER a NONE BY 's3cret' x", Kind::Syntax, message), Some(19));
        assert_eq!(without_values(message), "… right syntax to use near 'BY …' at line 1");
        assert_eq!(position("SELECT ", Kind::Syntax, "near '' at line 1"), Some(6));
        assert_eq!(position("SELECT *\nFROM t, tt", Kind::Syntax, "Table 'd.t' doesn't exist"), Some(14));
    }
}
