//! SQLite 3.35 and later.

mod file_lock;
mod keys;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use self::file_lock::{FileLock, lock_path, real};
pub use self::keys::KeysOff;
use self::keys::{is_foreign_keys_pragma, rebuilt_table, turns_off, violations};
use super::{Around, Dialect, Effect, Home, Likeness, Server, Survey, Timeouts, Types};
use crate::backend::Backend;
use crate::config::{SqliteTarget, Target};
use crate::db::connector::{Connector, Purpose};
use crate::db::dialect::beyond::Beyond;
use crate::db::error::{DbError, Kind};
use crate::db::lock::{Held, Locked, Unlocked};
use crate::db::retry::jittered;
use crate::db::session::{Driver, Session};
use crate::db::sqlite::Connection;
use crate::error::{Code, Error, Result};
use crate::observer::{Event, Observer};
use crate::sql::{Rules, Statement};
use crate::text;

pub struct Sqlite;

/// What must be encoded in a `file:` URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// The `file:` URI of a database. A file that is not there is made only where `create` says so.
pub fn url(file: &SqliteTarget, create: bool) -> Result<String, DbError> {
    let Some(path) = &file.path else {
        return Ok(":memory:".into());
    };
    let Some(path) = path.to_str() else {
        return Err(DbError::new(Kind::Parameters, format!("the path `{}` is not UTF-8", path.display())));
    };
    let mut parameters = file.parameters.clone();
    if !parameters.iter().any(|(key, _)| key == "mode") {
        parameters.push(("mode".into(), if create { "rwc" } else { "rw" }.into()));
    }
    let encode = |text: &str| utf8_percent_encode(text, PATH).to_string();
    let pairs: Vec<_> = parameters.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    // An empty authority, so that no second slash of the path is taken for one.
    let authority = if path.starts_with('/') { "//" } else { "" };
    Ok(format!("file:{authority}{}?{}", encode(path), pairs.join("&")))
}

fn target(target: &Target) -> Result<&SqliteTarget, DbError> {
    match target {
        Target::Sqlite(file) => Ok(file),
        Target::Postgres(_) | Target::Mysql(_) => Err(DbError::new(Kind::Parameters, "not a SQLite file")),
    }
}

/// The directory in which throw-away databases are made: one that is named, or that for temporary files.
fn scratch_place(place: &Connector) -> PathBuf {
    place.target().file().filter(|path| path.is_dir()).map_or_else(std::env::temp_dir, Path::to_owned)
}

/// A file with nothing in it is a database that is to be made, for SQLite as for us.
fn is_new(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |file| file.len() == 0)
}

impl Dialect for Sqlite {
    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    fn rules(&self) -> &'static Rules {
        &Rules::SQLITE
    }

    fn open(&self, of: &Target, purpose: Purpose, _: Duration) -> Result<Box<dyn Driver>, DbError> {
        let file = target(of)?;
        let create = purpose == Purpose::Write;
        if let Some(path) = file.path.as_deref().filter(|path| !create && !path.exists()) {
            return Err(DbError::new(Kind::UnknownDatabase, format!("there is no file `{}`", path.display())));
        }
        if let Some(path) = file.path.as_deref().filter(|path| !is_new(path) && is_another(path)) {
            let what = if path.is_dir() { "a directory" } else { "another file" };
            let message = format!("`{}` is {what}, and no SQLite database", path.display());
            return Err(DbError::new(Kind::Foreign, message));
        }
        let new = create && file.path.as_deref().is_some_and(is_new);
        let mut connection: Box<dyn Driver> = Box::new(Connection::open(&url(file, create)?)?);
        connection.execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON")?;
        if new {
            // Half the writes of a rollback journal. Who else makes the file at this moment does the same; changing the
            // mode does not wait for a lock, so try until one of us has done it.
            let started = Instant::now();
            while let Err(error) = connection.execute("PRAGMA journal_mode = WAL") {
                if error.kind != Kind::LockTimeout || started.elapsed() > Duration::from_secs(10) {
                    return Err(error);
                }
                std::thread::sleep(jittered(Duration::from_millis(20)));
            }
        }
        Ok(connection)
    }

    fn literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        format!("X'{}'", text::hex(bytes))
    }

    fn claim(&self, table: &str, _row: &str) -> String {
        // A statement that may write takes the lock, whether it finds rows or not.
        format!("DELETE FROM {table} WHERE 1 = 0")
    }

    fn differ(&self, one: &str, other: &str) -> String {
        format!("{one} IS NOT {other}")
    }

    fn types(&self) -> Types {
        Types { serial_key: "INTEGER PRIMARY KEY", instant: "TEXT", bytes: "BLOB", table: "" }
    }

    fn columns_of(&self, table: &str) -> String {
        format!("SELECT name FROM pragma_table_info({})", self.literal(table))
    }

    fn instant(&self, column: &str) -> String {
        column.to_owned()
    }

    fn ledger_instant(&self, column: &str) -> String {
        // CURRENT_TIMESTAMP is UTC here.
        format!("strftime('%Y-%m-%dT%H:%M:%fZ', {column})")
    }

    fn hex(&self, column: &str) -> String {
        format!("hex({column})")
    }

    fn home(&self, session: &mut Session) -> Result<Home> {
        let rows = session
            .query("SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('__diesel_schema_migrations', '__dbtool_journal', '__dbtool_meta')")
            .map_err(|error| error.into_error("cannot look for the table of applied migrations"))?;
        let has = |name| rows.iter().any(|row| row.text(0) == name);
        Ok(Home {
            ledger: has("__diesel_schema_migrations"),
            journal: has("__dbtool_journal"),
            meta: has("__dbtool_meta"),
            ..Home::default()
        })
    }

    fn server(&self, session: &mut Session) -> Result<Server> {
        // The second value touches the file: a connection alone does not.
        let rows = session
            .query("SELECT sqlite_version(), (SELECT count(*) FROM sqlite_master)")
            .map_err(|error| error.into_error("cannot read the database"))?;
        let version = rows.first().map(|row| row.text(0).to_owned()).unwrap_or_default();
        Ok(Server { product: Backend::Sqlite.title(), version, tls: None })
    }

    fn begin(&self, session: &mut Session, timeouts: &Timeouts, observer: &dyn Observer) -> Result<()> {
        let failed = |error: DbError| error.into_error("cannot begin a transaction");
        let started = Instant::now();
        let mut told = false;
        session.execute("PRAGMA busy_timeout = 500").map_err(failed)?;
        loop {
            match session.execute("BEGIN IMMEDIATE") {
                Ok(()) => break,
                Err(error) if error.kind != Kind::LockTimeout => return Err(failed(error)),
                Err(error) if started.elapsed() >= timeouts.runner => {
                    return Err(Error::new(
                        Code::LockBusy,
                        format!("the database has been locked for {}", text::duration(started.elapsed())),
                    )
                    .because(error)
                    .hint("another runner or application is writing; try again, or wait longer: `--lock-wait 10m`"));
                }
                Err(_) => {}
            }
            if !told {
                observer.on(Event::Waiting { reason: "another connection is writing to the database".into() });
                told = true;
            }
        }
        let settings = format!("{}; PRAGMA defer_foreign_keys = ON", busy_timeout(timeouts.lock));
        session.execute(&settings).map_err(failed)
    }

    fn looks_again(&self) -> bool {
        true
    }

    /// SQLite ignores `PRAGMA foreign_keys` within a transaction, and then dropping a table deletes the rows that refer
    /// to it. So keys are off for a file that drops a table, whoever refers to it by then, or asks for it; otherwise they
    /// are on, and looked at when the file is done rather than after each statement. Where several files share a transaction,
    /// they share this too: a key that would have deleted rows, or refused, shows then as a row that refers to nothing.
    fn survey(&self, statement: &Statement<'_>, survey: &mut Survey) {
        let pragma = is_foreign_keys_pragma(statement);
        if pragma {
            survey.outside.push(statement.number);
        }
        survey.keys_off |= (pragma && turns_off(statement)) || statement.begins(&["DROP", "TABLE"]);
        survey.rebuilt.extend(rebuilt_table(statement));
    }

    fn before(&self, session: &mut Session, surveys: &[&Survey], lenient: bool) -> Result<Around, DbError> {
        let mut around = Around::default();
        if lenient || surveys.iter().any(|survey| survey.keys_off) {
            session.execute("PRAGMA foreign_keys = OFF")?;
            let rebuilt = surveys.iter().flat_map(|survey| survey.rebuilt.iter().cloned()).collect();
            around.foreign_keys = Some(KeysOff { before: violations(session)?, rebuilt, lenient });
        }
        Ok(around)
    }

    /// A key whose parent is not there, or has no matching unique key, stops every change of its table: but only where
    /// keys are on, and elsewhere they are off.
    fn is_overstrict(&self, error: &DbError) -> bool {
        ["foreign key mismatch", "no such table: main.", "Cannot add a REFERENCES column"]
            .iter()
            .any(|words| error.message.starts_with(words))
    }

    fn before_commit(&self, session: &mut Session, around: &Around, finally: bool) -> Result<()> {
        let Some(keys) = &around.foreign_keys else {
            return Ok(());
        };
        let found = violations(session).map_err(|error| error.into_error("cannot check the foreign keys"))?;
        let after: Vec<_> = found.into_iter().filter(|orphans| orphans.there || (finally && !keys.lenient)).collect();
        let new: Vec<_> =
            after.iter().filter_map(|orphans| keys.new_among(orphans)).map(|one| one.to_string()).collect();
        if new.is_empty() {
            return Ok(());
        }
        let error =
            Error::new(Code::MigrationFailed, "the migration would leave rows whose foreign keys refer to nothing");
        let error = new.into_iter().fold(error, Error::note);
        let renamed = after.iter().any(|orphans| !orphans.there);
        let error = if renamed {
            error.hint("to rebuild a table, make the new one under another name, fill it, drop the old one, and rename the new one")
        } else {
            error
        };
        Err(error
            .hint("keep the rows that are referred to, or delete those that refer to them in the same file, before"))
    }

    fn after(&self, session: &mut Session, _: &Around) -> Result<(), DbError> {
        session.execute("PRAGMA foreign_keys = ON")
    }

    fn let_go(&self, session: &mut Session) -> Result<(), DbError> {
        // Its cache, which is as large as ever for each file by itself.
        session.execute("PRAGMA shrink_memory")
    }

    fn explain_refused_commit(&self, session: &mut Session) -> Vec<String> {
        violations(session).unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    fn can_join_journal(&self, statement: &Statement<'_>) -> bool {
        !matches!(
            statement.head().first().map(String::as_str),
            Some("VACUUM" | "PRAGMA" | "ATTACH" | "DETACH" | "SAVEPOINT" | "RELEASE")
        ) && !statement.is_transaction_control()
    }

    fn may_leave_traces(&self, _: &Statement<'_>, _: &DbError) -> bool {
        false
    }

    fn text<'s>(&self, statement: &Statement<'s>) -> &'s str {
        // SQLite keeps the text of a CREATE.
        statement.whole
    }

    fn effect(&self, statement: &Statement<'_>) -> Effect {
        let temporary = || ["temp", "temporary"].iter().any(|word| text::has_word(statement.text, word));
        if statement.begins(&["CREATE"]) && temporary() {
            Effect::Temporary
        } else if ["PRAGMA", "ATTACH", "DETACH"].iter().any(|verb| statement.begins(&[verb])) {
            Effect::Setting
        } else {
            Effect::None
        }
    }

    fn looks_back(&self, statement: &Statement<'_>) -> bool {
        ["last_insert_rowid", "changes", "total_changes"].iter().any(|word| text::has_word(statement.text, word))
    }

    fn set_timeouts(&self, session: &mut Session, _: &Statement<'_>, timeouts: &Timeouts) -> Result<(), DbError> {
        session.execute(&busy_timeout(timeouts.lock))
    }

    fn lock(
        &self,
        connector: &Connector,
        session: Session,
        _: &Home,
        wait: Duration,
        observer: &dyn Observer,
    ) -> Result<Locked> {
        let held: Box<dyn Held> = match lock_path(connector.target()) {
            Some(path) => Box::new(FileLock::take(path, wait, observer)?),
            // Nobody else sees a database in memory.
            None => Box::new(Unlocked),
        };
        Ok(Locked { session, exclusive: true, held })
    }

    fn lock_holder(&self, _: &mut Session, target: &Target, _: &Home) -> Result<Option<String>, DbError> {
        let locked =
            lock_path(target).and_then(|path| File::open(path).ok()).is_some_and(|file| file.try_lock().is_err());
        Ok(locked.then(|| "a process on this machine".to_owned()))
    }

    fn database_exists(&self, connector: &Connector) -> Result<bool> {
        Ok(match connector.target() {
            Target::Sqlite(SqliteTarget { path: Some(path), .. }) => path.exists(),
            _ => true,
        })
    }

    fn create_database(&self, connector: &Connector, _: Option<&Likeness>, observer: &dyn Observer) -> Result<bool> {
        let there =
            matches!(connector.target(), Target::Sqlite(SqliteTarget { path: Some(path), .. }) if !is_new(path));
        connector.connect_telling(Purpose::Write, observer)?;
        Ok(!there)
    }

    fn beside(&self, place: &Connector, name: &str) -> Connector {
        let path = scratch_place(place).join(name).join("scratch.db");
        place.to_target(Target::Sqlite(SqliteTarget { path: Some(path), parameters: Vec::new() }))
    }

    fn databases(&self, place: &Connector, prefix: &str) -> Result<Vec<String>> {
        let directory = scratch_place(place);
        let entries = std::fs::read_dir(&directory).map_err(|cause| Error::io("read", &directory, &cause))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| name.starts_with(prefix)).collect())
    }

    fn only_reading(&self) -> (&'static str, &'static str) {
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")
    }

    fn reaches_beyond(&self, statement: &Statement<'_>, _: &[String]) -> Option<Beyond> {
        if statement.begins(&["ATTACH"]) {
            Some(Beyond::Changes("another database".to_owned()))
        } else if statement.begins(&["VACUUM"]) && statement.has("INTO") {
            Some(Beyond::Changes("another file".to_owned()))
        } else {
            None
        }
    }

    fn drop_database(&self, connector: &Connector, _: &dyn Observer) -> Result<bool> {
        let Target::Sqlite(SqliteTarget { path: Some(path), .. }) = connector.target() else {
            return Ok(false);
        };
        if !path.exists() {
            return Ok(false);
        }
        if !is_new(path) && !is_database(path) {
            return Err(Error::new(Code::Refused, format!("`{}` is not a SQLite database", path.display()))
                .hint("nothing was deleted"));
        }
        let in_use = |error: DbError| {
            Error::new(Code::DatabaseInUse, format!("cannot drop `{}`: it is in use", path.display()))
                .because(error)
                .hint("stop what uses it, and try again")
        };
        // Whoever uses it would go on with a file without a name. In WAL mode another connection shows by that the mode
        // cannot be left; in the other modes, only while it reads or writes.
        let mut session = connector.connect(Purpose::Read)?;
        let mode = session.query("PRAGMA journal_mode = DELETE").map_err(in_use)?;
        if mode.first().is_some_and(|row| row.text(0) == "wal") {
            return Err(in_use(DbError::new(Kind::InUse, "another connection is open")));
        }
        session.execute("BEGIN EXCLUSIVE; ROLLBACK").map_err(in_use)?;
        drop(session);
        let path = &real(path);
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let file = with_suffix(path, suffix);
            match std::fs::remove_file(&file) {
                Ok(()) => {}
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
                Err(cause) => return Err(Error::io("delete", &file, &cause)),
            }
            crate::fault::point();
        }
        Ok(true)
    }
}

/// Sets how long the statements of a connection wait for locks.
pub fn busy_timeout(lock: Duration) -> String {
    let ms = if lock.is_zero() { i32::MAX as u128 } else { lock.as_millis() };
    format!("PRAGMA busy_timeout = {ms}")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// "SQLite format 3\0": the first bytes of every database ("Database File Format").
fn is_database(path: &Path) -> bool {
    let mut head = [0; 16];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && &head == b"SQLite format 3\0"
}

/// What can be read, and is no database. Of what cannot, SQLite has the word.
fn is_another(path: &Path) -> bool {
    File::open(path).is_ok() && !is_database(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_encoded() {
        let file = SqliteTarget { path: Some("/a b/c?d#e%.db".into()), parameters: Vec::new() };
        assert_eq!(url(&file, true).unwrap(), "file:///a%20b/c%3Fd%23e%25.db?mode=rwc");
        let file = SqliteTarget { path: Some("/a.db".into()), parameters: vec![("mode".into(), "ro".into())] };
        assert_eq!(url(&file, true).unwrap(), "file:///a.db?mode=ro");
    }
}
