//! MySQL 8 and later, and MariaDB 10.6 and later. They commit before and after every statement that changes the schema, so a
//! migration runs statement by statement, its changes of rows in transactions of their own.

mod beyond;
mod named_lock;
mod statements;

use std::time::Duration;

use self::named_lock::{NamedLock, lock_name};
use self::statements::{changes_rows, names_other_engine};
use super::{Around, Dialect, Effect, Home, Likeness, Server, Sight, Survey, Timeouts, Types, shown};
use crate::backend::Backend;
use crate::config::Target;
use crate::db::connector::{Connector, Purpose};
use crate::db::dialect::beyond::Beyond;
use crate::db::error::{DbError, Kind};
use crate::db::lock::Locked;
use crate::db::mysql::Connection;
use crate::db::session::{Driver, Row, Session};
use crate::error::{Code, Error, Result};
use crate::observer::Observer;
use crate::sql::{Rules, Statement};
use crate::text;

/// One for each way in which a session may read quotes and backslashes, which is its `sql_mode`'s to say.
pub struct Mysql(&'static Rules);

pub static DEFAULT: Mysql = Mysql(&Rules::MYSQL);
static ANSI_QUOTES: Mysql = Mysql(&Rules { double_quote_escapes: false, ..Rules::MYSQL });
static NO_ESCAPES: Mysql = Mysql(&Rules { backslash_escapes: false, double_quote_escapes: false, ..Rules::MYSQL });

/// The warning of a rollback that left something: `ER_WARNING_NOT_COMPLETE_ROLLBACK`.
const NOT_ROLLED_BACK: &str = "1196";

/// The lock that a connection takes of its own number.
const CONNECTION_LOCK: &str = "dbtool:connection:";

/// How long an idle connection may live: what both servers allow at most.
const LONGEST: u64 = 31_536_000;

fn of_modes(modes: &str) -> &'static Mysql {
    let has = |word: &str| modes.split(',').any(|mode| mode == word);
    match (has("NO_BACKSLASH_ESCAPES"), has("ANSI_QUOTES")) {
        (true, _) => &NO_ESCAPES,
        (false, true) => &ANSI_QUOTES,
        (false, false) => &DEFAULT,
    }
}

/// Whole seconds, and none is one: the servers count so, and take zero for "not at all".
fn seconds(duration: Duration) -> u64 {
    if duration.is_zero() { LONGEST } else { duration.as_millis().div_ceil(1_000).try_into().unwrap_or(LONGEST) }
}

/// Sets how long the statements of a session wait for locks.
pub fn lock_timeout(most: Duration) -> String {
    let most = seconds(most);
    format!("SET SESSION lock_wait_timeout = {most}, innodb_lock_wait_timeout = {most}")
}

impl Dialect for Mysql {
    fn backend(&self) -> Backend {
        Backend::Mysql
    }

    fn rules(&self) -> &'static Rules {
        self.0
    }

    fn of_session(&self, session: &mut Session) -> Result<Option<&'static dyn Dialect>, DbError> {
        let rows = session.query("SELECT @@sql_mode")?;
        Ok(rows.first().map(|row| of_modes(row.text(0)) as &dyn Dialect))
    }

    fn open(&self, target: &Target, _: Purpose, timeout: Duration) -> Result<Box<dyn Driver>, DbError> {
        let server = target.server().ok_or_else(|| DbError::new(Kind::Parameters, "not a server's URL"))?;
        Ok(Box::new(Connection::open(server, timeout)?))
    }

    fn literal(&self, text: &str) -> String {
        if text.contains('\\') {
            // It means the same whatever `sql_mode` is by now.
            return format!("CONVERT({} USING utf8mb4)", self.bytes(text.as_bytes()));
        }
        format!("'{}'", text.replace('\'', "''"))
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        format!("X'{}'", text::hex(bytes))
    }

    fn identifier(&self, name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    fn insert_defaults(&self, table: &str) -> String {
        format!("INSERT INTO {table} () VALUES ()")
    }

    fn instant_text(&self, instant: &str) -> String {
        instant.replace('T', " ").replace('Z', "")
    }

    fn claim(&self, table: &str, row: &str) -> String {
        // A read that locks takes no snapshot: what others have committed meanwhile is seen by the next one.
        format!("SELECT 1 FROM {table} WHERE {row} FOR UPDATE")
    }

    fn differ(&self, one: &str, other: &str) -> String {
        format!("NOT (BINARY {one} <=> BINARY {other})")
    }

    fn update_from(&self, table: &str, other: &str, columns: &[String], condition: &str) -> String {
        let sets: Vec<_> = columns.iter().map(|column| format!("t.{column} = s.{column}")).collect();
        format!("UPDATE {table} AS t JOIN {other} AS s ON {condition} SET {}", sets.join(", "))
    }

    fn make_temporary(&self, name: &str, query: &str, by: &[String]) -> Vec<String> {
        // An index that is made by itself would commit.
        vec![format!("CREATE TEMPORARY TABLE {name} (INDEX ({})) AS {query}", by.join(", "))]
    }

    fn drop_temporary(&self, name: &str) -> String {
        // Without the word it would commit.
        format!("DROP TEMPORARY TABLE {name}")
    }

    fn types(&self) -> Types {
        Types {
            serial_key: "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
            instant: "DATETIME(3)",
            bytes: "LONGBLOB",
            // The journal is written in the transactions of the files: it must be rolled back with them.
            table: " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
        }
    }

    fn columns_of(&self, table: &str) -> String {
        format!(
            "SELECT column_name AS name FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = {} ORDER BY ordinal_position",
            self.literal(table)
        )
    }

    fn current_user(&self) -> Option<&'static str> {
        Some("CURRENT_USER()")
    }

    fn instant(&self, column: &str) -> String {
        format!("CONCAT(LEFT(DATE_FORMAT({column}, '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')")
    }

    fn instant_literal(&self, instant: &str) -> String {
        self.literal(&instant.replace('T', " ").replace('Z', ""))
    }

    fn ledger_instant(&self, column: &str) -> String {
        // Both servers keep a TIMESTAMP in UTC, and our sessions are in UTC.
        self.instant(column)
    }

    fn hex(&self, column: &str) -> String {
        format!("HEX({column})")
    }

    fn home(&self, session: &mut Session) -> Result<Home> {
        let failed = |error: DbError| error.into_error("cannot look for the table of applied migrations");
        let rows = session.query(
            "SELECT DATABASE(), CURRENT_USER(), (SELECT GROUP_CONCAT(LOWER(table_name)) FROM information_schema.tables \
             WHERE table_schema = DATABASE() \
               AND table_name IN ('__diesel_schema_migrations', '__dbtool_journal', '__dbtool_meta'))",
        );
        let rows = rows.map_err(failed)?;
        let row = rows.first().cloned().unwrap_or(Row(Vec::new()));
        let Some(database) = row.optional(0) else {
            return Err(Error::new(Code::ConfigValue, "the URL names no database")
                .hint("put its name at the end: `mysql://host/name`"));
        };
        let has = |name| row.text(2).split(',').any(|table| table == name);
        // What is merely `read_only` takes changes from those who may; this takes none.
        let modes = session.query("SHOW GLOBAL VARIABLES LIKE 'super_read_only'").map_err(failed)?;
        Ok(Home {
            schema: Some(database.to_owned()),
            database: database.to_owned(),
            user: row.text(1).to_owned(),
            ledger: has("__diesel_schema_migrations"),
            journal: has("__dbtool_journal"),
            meta: has("__dbtool_meta"),
            read_only: modes.first().is_some_and(|row| row.text(1) == "ON"),
        })
    }

    fn server(&self, session: &mut Session) -> Result<Server> {
        let failed = |error: DbError| error.into_error("cannot ask for the server's version");
        let rows = session.query("SELECT VERSION()").map_err(failed)?;
        let version = rows.first().map(|row| row.text(0).to_owned()).unwrap_or_default();
        let mut tls = session.tls();
        if tls.is_some() {
            let rows = session.query("SHOW SESSION STATUS WHERE Variable_name IN ('Ssl_version', 'Ssl_cipher')");
            let rows = rows.map_err(failed)?;
            let value = |name| rows.iter().find(|row| row.text(0) == name).map_or("", |row| row.text(1));
            tls = Some(format!("{} {}", value("Ssl_version"), value("Ssl_cipher")));
        }
        let product = if version.contains("MariaDB") { "MariaDB" } else { Backend::Mysql.title() };
        Ok(Server { product, version, tls })
    }

    fn ready(&self, session: &mut Session, timeouts: &Timeouts) -> Result<Option<u64>, DbError> {
        session.execute(&lock_timeout(timeouts.lock))?;
        // As long as the server works for this connection, the lock is held, whoever asks. A cluster may have no such locks.
        let own = format!("SELECT GET_LOCK(CONCAT('{CONNECTION_LOCK}', CONNECTION_ID()), 0)");
        if let Err(error) = session.query(&own) {
            tracing::debug!(%error, "the connection could not lock its own number");
        }
        if timeouts.statement.is_zero() {
            return Ok(session.id());
        }
        let rows =
            session.query("SHOW VARIABLES WHERE Variable_name IN ('max_statement_time', 'max_execution_time')")?;
        let ms = timeouts.statement.as_millis();
        match rows.first().map(|row| row.text(0)) {
            // MariaDB counts in seconds, and stops every statement; MySQL only those that read.
            Some("max_statement_time") => session.execute(&format!("SET SESSION max_statement_time = {ms} / 1000"))?,
            Some(_) => session.execute(&format!("SET SESSION max_execution_time = {ms}"))?,
            None => {}
        }
        Ok(session.id())
    }

    fn sight(&self, session: &mut Session, connection: u64) -> Result<Sight, DbError> {
        let list = session.query("SHOW PROCESSLIST")?;
        let Some(ours) = list.iter().find(|row| row.text(0) == connection.to_string()) else {
            return Ok(Sight::default());
        };
        // MariaDB's list has a column more.
        let percent = ours.optional(8).filter(|percent| percent.parse::<f64>().is_ok_and(|percent| percent > 0.0));
        let progress = percent.map(|percent| format!("{}, {percent} %", ours.text(6)));
        let waits_for_table = ours.text(6).contains("lock");
        let waits_for_row =
            "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_mysql_thread_id";
        if !waits_for_table && session.query(&format!("{waits_for_row} = {connection}"))?.is_empty() {
            return Ok(Sight { progress, ..Sight::default() });
        }
        // Which one it is, the servers tell in different ways, if at all: these may be.
        let rows = session.query(&format!(
            "SELECT p.id, p.user, p.host, t.trx_started, p.command, p.info FROM information_schema.innodb_trx t \
             JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
             WHERE p.id NOT IN ({connection}, CONNECTION_ID()) AND t.trx_state <> 'LOCK WAIT' ORDER BY t.trx_started LIMIT 5"
        ))?;
        let line = |row: &Row| {
            let does =
                row.optional(5).map_or_else(|| "idle in its transaction".to_owned(), |sql| shown(sql, self.rules()));
            format!(
                "connection {} of user {} from {}, since {}: {does}",
                row.text(0),
                row.text(1),
                row.text(2),
                row.text(3)
            )
        };
        Ok(Sight { blockers: rows.iter().map(line).collect(), progress })
    }

    fn begin(&self, session: &mut Session, _: &Timeouts, _: &dyn Observer) -> Result<()> {
        session.execute("START TRANSACTION").map_err(|error| error.into_error("cannot begin a transaction"))
    }

    fn is_at_work(&self, session: &mut Session, connection: Option<u64>, _: Option<&str>) -> Result<bool, DbError> {
        let Some(id) = connection else { return Ok(false) };
        // Others' connections are not in everybody's list; the lock that it took of itself is known to all.
        let own = session.id() == connection;
        let lock = session.query(&format!("SELECT IS_USED_LOCK('{CONNECTION_LOCK}{id}') IS NOT NULL"))?;
        if !own && lock.first().is_some_and(|row| row.flag(0)) {
            return Ok(true);
        }
        // After a restart of the server the number may be another's.
        let list = session.query("SHOW PROCESSLIST")?;
        Ok(!own && list.iter().any(|row| row.text(0) == id.to_string() && row.text(4) != "Sleep"))
    }

    fn looks_again(&self) -> bool {
        false
    }

    fn longest_statement(&self, session: &mut Session) -> Result<Option<usize>, DbError> {
        let rows = session.query("SELECT @@max_allowed_packet")?;
        // One byte of the packet is the command.
        Ok(rows.first().and_then(|row| row.text(0).parse::<usize>().ok()).map(|bytes| bytes - 1))
    }

    fn refuses(&self, statement: &Statement<'_>) -> Option<(&'static str, &'static str)> {
        statements::refused(statement)
    }

    fn survey(&self, statement: &Statement<'_>, survey: &mut Survey) {
        survey.leaves |= statement.begins(&["USE"]);
        survey.changes_rows |= changes_rows(statement);
        survey.makes_other |= names_other_engine(statement);
    }

    fn before(&self, session: &mut Session, surveys: &[&Survey], _: bool) -> Result<Around, DbError> {
        // What an earlier file has left would keep the journal from being read and written.
        session.execute("SET autocommit = 1, sql_select_limit = DEFAULT")?;
        let leaves = surveys.iter().any(|survey| survey.leaves);
        let home = if leaves { session.query("SELECT DATABASE()")? } else { Vec::new() };
        let database = home.first().and_then(|row| row.optional(0)).map(str::to_owned);
        if !surveys.iter().any(|survey| survey.changes_rows) {
            return Ok(Around { database, ..Around::default() });
        }
        // Rows of an engine without transactions stay where a rollback takes the others back.
        let engines = "SELECT engine FROM information_schema.engines WHERE transactions = 'YES'";
        let rows = session.query(&format!(
            "SELECT @@default_storage_engine IN ({engines}) AND NOT EXISTS (SELECT 1 FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND engine IS NOT NULL AND engine NOT IN ({engines}))"
        ))?;
        let transactional = rows.first().is_some_and(|row| row.flag(0));
        let makes_other = surveys.iter().any(|survey| survey.makes_other);
        Ok(Around { by_itself: !transactional || makes_other, database, ..Around::default() })
    }

    fn after(&self, session: &mut Session, around: &Around) -> Result<(), DbError> {
        match &around.database {
            Some(database) => session.execute(&format!("USE {}", self.identifier(database))),
            None => Ok(()),
        }
    }

    fn rollback(&self, session: &mut Session) -> Result<bool, DbError> {
        session.execute("ROLLBACK")?;
        let warnings = session.query("SHOW WARNINGS")?;
        Ok(!warnings.iter().any(|row| row.text(1) == NOT_ROLLED_BACK))
    }

    fn can_repeat(&self, statement: &Statement<'_>) -> bool {
        statements::effect(statement) == Effect::None && statements::variables(statement).is_empty()
    }

    fn only_sets(&self, statement: &Statement<'_>) -> bool {
        statements::only_sets(statement)
    }

    fn variables(&self, statement: &Statement<'_>) -> Vec<String> {
        statements::variables(statement)
    }

    fn looks_back(&self, statement: &Statement<'_>) -> bool {
        statements::looks_back(statement)
    }

    fn can_join_journal(&self, statement: &Statement<'_>) -> bool {
        statements::keeps_the_transaction(statement)
    }

    fn may_leave_traces(&self, statement: &Statement<'_>, error: &DbError) -> bool {
        statements::may_leave_traces(statement, error)
    }

    fn effect(&self, statement: &Statement<'_>) -> Effect {
        statements::effect(statement)
    }

    fn set_timeouts(&self, _: &mut Session, _: &Statement<'_>, _: &Timeouts) -> Result<(), DbError> {
        Ok(())
    }

    fn lock(
        &self,
        connector: &Connector,
        mut session: Session,
        home: &Home,
        wait: Duration,
        observer: &dyn Observer,
    ) -> Result<Locked> {
        refuse_clusters(&mut session)?;
        let held = NamedLock::take(session, self, home, wait, observer)?;
        let work = connector.connect(Purpose::Write)?;
        Ok(Locked { session: work, exclusive: true, held: Box::new(held) })
    }

    fn lock_holder(&self, session: &mut Session, _: &Target, home: &Home) -> Result<Option<String>, DbError> {
        named_lock::holder(session, self, &lock_name(home))
    }

    fn database_exists(&self, connector: &Connector) -> Result<bool> {
        match connector.open(Purpose::Read) {
            Ok(_) => Ok(true),
            Err(error) if error.kind == Kind::UnknownDatabase => Ok(false),
            Err(error) => Err(connector.explain(error, 1)),
        }
    }

    fn create_database(&self, connector: &Connector, like: Option<&Likeness>, observer: &dyn Observer) -> Result<bool> {
        let name = name_of(connector)?;
        let mut session = connector.to_database("").connect_telling(Purpose::Read, observer)?;
        // MariaDB's own default was latin1 until 11.6.
        let options = like.map(|like| like.options.as_str()).filter(|options| !options.is_empty());
        let options = options.unwrap_or(" CHARACTER SET utf8mb4");
        match session.execute(&format!("CREATE DATABASE {}{options}", self.identifier(&name))) {
            Ok(()) => Ok(true),
            Err(error) if error.kind == Kind::Exists => Ok(false),
            Err(error) => {
                let permission = error.kind == Kind::Permission;
                let error = error.into_error(format!("cannot make the database `{name}`"));
                let hint = format!("the user needs the right: `GRANT ALL ON {}.* TO …`", self.identifier(&name));
                Err(if permission { error.hint(hint) } else { error })
            }
        }
    }

    fn likeness(&self, session: &mut Session, _: &Home) -> Result<Likeness, DbError> {
        let rows = session.query("SELECT @@character_set_database, @@collation_database")?;
        let options = rows.first().map(|row| format!(" CHARACTER SET {} COLLATE {}", row.text(0), row.text(1)));
        Ok(Likeness { options: options.unwrap_or_default(), statements: Vec::new() })
    }

    fn databases(&self, place: &Connector, prefix: &str) -> Result<Vec<String>> {
        let mut session = place.to_database("").connect(Purpose::Read)?;
        let rows = session.query("SHOW DATABASES").map_err(|error| error.into_error("cannot list the databases"))?;
        Ok(rows.iter().map(|row| row.text(0).to_owned()).filter(|name| name.starts_with(prefix)).collect())
    }

    fn databases_in_use(&self, place: &Connector) -> Result<Vec<String>> {
        let mut session = place.to_database("").connect(Purpose::Read)?;
        let sql = "SELECT DISTINCT db FROM information_schema.processlist WHERE db IS NOT NULL";
        let rows = session.query(sql).map_err(|error| error.into_error("cannot list the sessions"))?;
        Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
    }

    fn only_reading(&self) -> (&'static str, &'static str) {
        ("SAVEPOINT dbtool_checks", "ROLLBACK TO SAVEPOINT dbtool_checks")
    }

    fn reaches_beyond(&self, statement: &Statement<'_>, databases: &[String]) -> Option<Beyond> {
        beyond::reached(statement, databases)
    }

    fn drop_database(&self, connector: &Connector, observer: &dyn Observer) -> Result<bool> {
        let name = name_of(connector)?;
        let mut session = connector.to_database("").connect_telling(Purpose::Read, observer)?;
        let failed = |error: DbError| error.into_error(format!("cannot drop the database `{name}`"));
        // The server would drop it under those who use it. Without the right PROCESS only our own user's are seen.
        let rows = session.query("SHOW PROCESSLIST").map_err(failed)?;
        let users: Vec<_> = rows.iter().filter(|row| row.text(3) == name).take(5).collect();
        if !users.is_empty() {
            let message = format!("cannot drop the database `{name}`: others are connected to it");
            let line = |row: &&Row| format!("connection {} of user {} from {}", row.text(0), row.text(1), row.text(2));
            let error = users.iter().map(line).fold(Error::new(Code::DatabaseInUse, message), Error::note);
            return Err(error.hint("stop what uses it, and try again"));
        }
        match session.execute(&format!("DROP DATABASE {}", self.identifier(&name))) {
            Ok(()) => Ok(true),
            Err(error) if error.errno == Some(1008) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }
}

fn name_of(connector: &Connector) -> Result<String> {
    let name = connector.target().name();
    if name.is_empty() {
        return Err(Error::new(Code::ConfigValue, "the URL names no database")
            .hint("put its name at the end: `mysql://host/name`"));
    }
    Ok(name)
}

/// A named lock holds on its own node only, where others take writes too.
fn refuse_clusters(session: &mut Session) -> Result<()> {
    let failed = |error: DbError| error.into_error("cannot ask whether the server is part of a cluster");
    let rows =
        session.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', 'group_replication_group_name')");
    let rows = rows.map_err(failed)?;
    let value =
        |name: &str| rows.iter().find(|row| row.text(0).eq_ignore_ascii_case(name)).map_or("", |row| row.text(1));
    let cluster = if value("wsrep_on") == "ON" {
        "a Galera cluster"
    } else if !value("group_replication_group_name").is_empty() && is_member_of_group(session) {
        "a replication group"
    } else {
        return Ok(());
    };
    Err(Error::new(
        Code::LockUnsupported,
        format!("the server is part of {cluster}, where a named lock holds on one node alone"),
    )
    .note("another runner could be at work on another node at the same time; nothing was run")
    .hint("`--lock none` runs without a lock, if you make sure that nobody else migrates at the same time"))
}

fn is_member_of_group(session: &mut Session) -> bool {
    let online = "SELECT 1 FROM performance_schema.replication_group_members \
                  WHERE member_id = @@server_uuid AND member_state <> 'OFFLINE'";
    // Who may not ask is told by the name of the group alone.
    session.query(online).map_or(true, |rows| !rows.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::split;

    #[test]
    fn literals_mean_the_same_in_every_mode() {
        assert_eq!(DEFAULT.literal("a'b"), "'a''b'");
        assert_eq!(DEFAULT.literal("\\'"), "CONVERT(X'5c27' USING utf8mb4)");
    }

    #[test]
    fn the_mode_says_how_quotes_are_read() {
        let count = |dialect: &Mysql, sql: &str| split(sql, dialect.rules()).map(|all| all.len()).ok();
        let sql = "SELECT \"a\\\"; b\"; SELECT 1";
        assert_eq!(count(of_modes("STRICT_TRANS_TABLES"), sql), Some(2));
        assert_eq!(count(of_modes("REAL_AS_FLOAT,ANSI_QUOTES,ANSI"), sql), None);
        assert_eq!(count(of_modes("NO_BACKSLASH_ESCAPES"), "SELECT 'a\\'; SELECT 1"), Some(2));
    }
}
