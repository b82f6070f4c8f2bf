//! PostgreSQL 14 and later.

mod advisory_lock;
mod beyond;
mod concurrent_index;

use std::time::Duration;

use super::{Dialect, Effect, Home, Likeness, Server, Sight, Timeouts, Types, shown};
use crate::backend::Backend;
use crate::config::{ServerTarget, Target};
use crate::db::connector::{Connector, Purpose};
use crate::db::dialect::beyond::Beyond;
use crate::db::error::{DbError, Kind};
use crate::db::libpq;
use crate::db::lock::Locked;
use crate::db::session::{Answers, Driver, Failure, Message, Named, Notice, Row, Session};
use crate::error::{Code, Error, Result};
use crate::interrupt::Canceller;
use crate::observer::{Observer, Silent};
use crate::secret::Secret;
use crate::sql::{Rules, Statement};
use crate::text;

pub struct Postgres;

/// The databases that every server has, to connect to when ours does not exist.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

/// libpq's string of keywords and values ("Connection Strings" in its manual), with what is ours where the user said
/// nothing.
#[must_use]
pub fn conninfo(server: &ServerTarget, timeout: Duration) -> String {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    let named = [("host", &server.host), ("port", &server.port), ("user", &server.user), ("dbname", &server.database)];
    pairs.extend(named.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key, value.clone())));
    pairs.extend(server.password.iter().map(|password: &Secret| ("password", password.expose().to_owned())));
    pairs.extend(server.parameters.iter().map(|(key, value)| (key.as_str(), value.clone())));
    let ours = [
        // PGAPPNAME and the URL go before it.
        ("fallback_application_name", "dbtool".to_owned()),
        // libpq counts in seconds, and knows no less than two.
        ("connect_timeout", timeout.as_secs().max(2).to_string()),
        ("client_encoding", "UTF8".to_owned()),
        // A dead peer is found within 30 s.
        ("keepalives_idle", "10".to_owned()),
        ("keepalives_interval", "5".to_owned()),
        ("keepalives_count", "3".to_owned()),
        ("tcp_user_timeout", "25000".to_owned()),
    ];
    pairs.extend(ours.into_iter().filter(|(key, _)| server.parameter(key).is_none()));
    // A static OpenSSL does not know where the system keeps its certificates.
    let verifies = server.parameter("sslmode").is_some_and(|mode| mode.starts_with("verify"));
    if verifies && server.parameter("sslrootcert").is_none_or(|file| file == "system") {
        pairs.retain(|(key, _)| *key != "sslrootcert");
        let bundle = openssl_probe::probe().cert_file.map(|path| path.display().to_string());
        pairs.extend(bundle.map(|path| ("sslrootcert", path)));
    }
    let quoted = |(key, value): (&str, String)| format!("{key}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'"));
    pairs.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

impl Driver for libpq::Connection {
    fn query(&mut self, sql: &str) -> Result<(Vec<Row>, u64), DbError> {
        let mut answers = self.query(sql, usize::MAX).map_err(|failure| failure.error)?;
        Ok(answers.pop().map(|answer| (answer.rows, answer.affected)).unwrap_or_default())
    }

    fn query_named(&mut self, sql: &str) -> Result<Named, DbError> {
        let mut answers = self.query(sql, usize::MAX).map_err(|failure| failure.error)?;
        Ok(answers.pop().map(|answer| Named { columns: answer.columns, rows: answer.rows }).unwrap_or_default())
    }

    fn query_each(&mut self, statements: &[String]) -> Result<Vec<Vec<Row>>, DbError> {
        let answers = self.query(&statements.join("; "), usize::MAX).map_err(|failure| failure.error)?;
        Ok(answers.into_iter().map(|answer| answer.rows).collect())
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        let answers = self.query(sql, 0).map_err(|failure| failure.error)?;
        Ok(answers.last().map_or(0, |answer| answer.affected))
    }

    fn run(&mut self, message: &Message<'_>, answers: &mut Answers) -> Result<(), Failure> {
        let Message { before, source, at: from, statements, after } = message;
        let prefix: String = before.iter().map(|sql| format!("{sql};\n")).collect();
        // A comment may end the file, or a statement without its `;`.
        let suffix: String =
            after.iter().enumerate().map(|(at, sql)| format!("{}{sql}", if at == 0 { "\n;" } else { "; " })).collect();
        let (mut all, error) = match self.query(&[prefix.as_str(), source, &suffix].concat(), 1) {
            Ok(all) => (all, None),
            Err(failure) => (failure.succeeded, Some(failure.error)),
        };
        let succeeded = all.len();
        if error.is_none() {
            answers.after = all.split_off(all.len().saturating_sub(after.len())).pop().and_then(libpq::Answer::first);
        }
        let file = all.split_off(before.len().min(all.len()));
        answers.took.extend(file.iter().map(|answer| (answer.affected, answer.took)));
        if succeeded >= before.len() {
            answers.before = all.pop().and_then(libpq::Answer::first);
        }
        let Some(mut error) = error else { return Ok(()) };
        let at = error.position.map(|position| position.checked_sub(prefix.len()).filter(|at| *at <= source.len()));
        // A syntax error is found before the first statement runs: its place says which one it is.
        let (offset, statement, ours) = match at {
            Some(Some(offset)) => {
                let offset = from + offset;
                (Some(offset), statements.iter().rev().find(|one| one.start <= offset), false)
            }
            Some(None) => (None, None, true),
            None if succeeded < before.len() => (None, None, true),
            None if statements.is_empty() => (None, None, false),
            None => {
                let statement = statements.get(succeeded - before.len());
                (None, statement, statement.is_none())
            }
        };
        error.position = offset;
        Err(Failure { statement: statement.map(|one| one.number), offset, ours, error })
    }

    fn is_seen_broken(&mut self) -> bool {
        libpq::Connection::is_seen_broken(self)
    }

    fn in_transaction(&self) -> Option<bool> {
        Some(libpq::Connection::in_transaction(self))
    }

    fn id(&self) -> Option<u64> {
        self.pid()
    }

    fn canceller(&self) -> Option<Canceller> {
        let cancel = self.cancel()?;
        Some(Box::new(move || cancel.send()))
    }

    fn tls(&self) -> Option<String> {
        libpq::Connection::tls(self)
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        libpq::Connection::take_notices(self)
    }
}

impl Dialect for Postgres {
    fn backend(&self) -> Backend {
        Backend::Postgres
    }

    fn rules(&self) -> &'static Rules {
        &Rules::POSTGRES
    }

    fn open(&self, target: &Target, _: Purpose, timeout: Duration) -> Result<Box<dyn Driver>, DbError> {
        let server = target.server().ok_or_else(|| DbError::new(Kind::Parameters, "not a server's URL"))?;
        Ok(Box::new(libpq::Connection::open(&conninfo(server, timeout))?))
    }

    fn literal(&self, text: &str) -> String {
        if !text.contains(['\'', '\\']) {
            return ["'", text, "'"].concat();
        }
        let quoted = text.replace('\'', "''");
        // E'' means the same whatever `standard_conforming_strings` is.
        if text.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        format!("decode('{}', 'hex')", text::hex(bytes))
    }

    fn typed(&self, literal: &str, type_name: &str) -> String {
        format!("CAST({literal} AS {type_name})")
    }

    fn placeholder(&self, number: usize) -> String {
        format!("${number}")
    }

    fn readable(&self, column: &str, type_name: &str) -> String {
        let native =
            ["bool", "smallint", "integer", "bigint", "real", "double", "numeric", "text", "char", "uuid", "bytea"];
        let is_native = !type_name.contains('[') && native.iter().any(|native| type_name.starts_with(native));
        if is_native { column.to_owned() } else { format!("CAST({column} AS text)") }
    }

    fn claim(&self, table: &str, _row: &str) -> String {
        // Another SHARE ROW EXCLUSIVE waits, and so does nobody who only reads.
        format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
    }

    fn types(&self) -> Types {
        Types {
            serial_key: "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
            instant: "TIMESTAMPTZ",
            bytes: "BYTEA",
            table: "",
        }
    }

    fn columns_of(&self, table: &str) -> String {
        format!(
            "SELECT attname::text AS name FROM pg_catalog.pg_attribute \
             WHERE attrelid = pg_catalog.to_regclass({}) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            self.literal(&self.identifier(table))
        )
    }

    fn current_user(&self) -> Option<&'static str> {
        Some("current_user::text")
    }

    fn instant(&self, column: &str) -> String {
        format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
    }

    fn ledger_instant(&self, column: &str) -> String {
        // Diesel's CURRENT_TIMESTAMP was turned into the local time of whoever wrote it: the session's zone is the best
        // guess there is.
        self.instant(&format!("{column}::timestamptz"))
    }

    fn hex(&self, column: &str) -> String {
        format!("encode({column}, 'hex')")
    }

    fn home(&self, session: &mut Session) -> Result<Home> {
        // Functions alone: to plan a query of a table takes longer than all else that a new connection is asked.
        let rows = session.query(
            "SELECT name, current_database(), current_user, ledger IS NOT NULL, \
               coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass(quote_ident(name) || '.__dbtool_journal'), 'SELECT'), false), \
               coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass(quote_ident(name) || '.__dbtool_meta'), 'SELECT'), false), \
               pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' \
             FROM (SELECT ledger, coalesce((pg_catalog.pg_identify_object_as_address('pg_catalog.pg_class'::regclass, ledger, 0)).object_names[1], current_schema()) AS name \
               FROM (SELECT pg_catalog.to_regclass('__diesel_schema_migrations')::oid AS ledger OFFSET 0) AS found OFFSET 0) AS home",
        );
        let rows = rows.map_err(|error| error.into_error("cannot look for the table of applied migrations"))?;
        let row = rows.first().cloned().unwrap_or(Row(Vec::new()));
        let Some(schema) = row.optional(0) else {
            return Err(Error::new(Code::Database, "the connection's `search_path` names no schema that exists")
                .hint("make the schema, or set another: `ALTER ROLE … SET search_path = …`, or `?options=-csearch_path%3Dname` in the URL"));
        };
        Ok(Home {
            schema: Some(schema.to_owned()),
            database: row.text(1).to_owned(),
            user: row.text(2).to_owned(),
            ledger: row.flag(3),
            journal: row.flag(4),
            meta: row.flag(5),
            read_only: row.flag(6),
        })
    }

    fn other_homes(&self, session: &mut Session, home: &Home) -> Result<Vec<Home>, DbError> {
        let rows = session.query(
            "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relname = '__dbtool_meta' AND c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT')",
        )?;
        let schemas =
            rows.into_iter().map(|row| row.text(0).to_owned()).filter(|name| Some(name) != home.schema.as_ref());
        Ok(schemas.map(|schema| Home { schema: Some(schema), meta: true, ..home.clone() }).collect())
    }

    fn server(&self, session: &mut Session) -> Result<Server> {
        let rows = session
            .query("SHOW server_version")
            .map_err(|error| error.into_error("cannot ask for the server's version"))?;
        let version = rows.first().map(|row| row.text(0).to_owned()).unwrap_or_default();
        Ok(Server { product: Backend::Postgres.title(), version, tls: session.tls() })
    }

    fn begin(&self, session: &mut Session, timeouts: &Timeouts, _: &dyn Observer) -> Result<()> {
        session
            .execute(&self.opening(timeouts).join("; "))
            .map_err(|error| error.into_error("cannot begin a transaction"))
    }

    fn opening(&self, timeouts: &Timeouts) -> Vec<String> {
        // No query among them: a SET TRANSACTION may follow.
        let local = |name: &str, limit: Duration| format!("SET LOCAL {name} = {}", limit.as_millis());
        vec!["BEGIN".to_owned(), local("lock_timeout", timeouts.lock), local("statement_timeout", timeouts.statement)]
    }

    fn without_wait(&self) -> Option<&'static str> {
        Some("SET LOCAL synchronous_commit = off")
    }

    fn write_out(&self, session: &mut Session, table: &str) -> Result<(), DbError> {
        // A transaction that writes nothing does not wait when it commits; one that locks a row has written that.
        session.execute(&format!("SELECT 1 FROM {table} WHERE id = (SELECT max(id) FROM {table}) FOR UPDATE"))
    }

    fn ready(&self, session: &mut Session, _: &Timeouts) -> Result<Option<u64>, DbError> {
        // The server ends a statement soon after its client is gone; on some systems it cannot see that. Where a machine goes without
        // a word, its keepalives find it. The settings stay on a pooler's connection, and do no harm there.
        let rows = session.query(
            "SELECT pg_catalog.pg_backend_pid(), set_config('tcp_keepalives_idle', '10', false), \
               set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false), CASE WHEN current_setting('server_version_num')::int >= 140000 \
               AND version() ~* 'linux|darwin|apple|bsd|solaris' THEN set_config('client_connection_check_interval', '1000', false) END",
        )?;
        // A pooler invents the number that it tells.
        let pid = rows.first().and_then(|row| row.number(0)).and_then(|pid| u64::try_from(pid).ok());
        Ok(pid.filter(|pid| session.id() == Some(*pid)))
    }

    fn sight(&self, session: &mut Session, connection: u64) -> Result<Sight, DbError> {
        let rows = session.query(&format!(
            "SELECT b.pid, b.application_name, b.usename, b.state, {}, b.query \
             FROM unnest(pg_catalog.pg_blocking_pids({connection})) AS p (pid) JOIN pg_catalog.pg_stat_activity b USING (pid) \
             ORDER BY b.xact_start LIMIT 5",
            self.instant("coalesce(b.xact_start, b.state_change)")
        ))?;
        let line = |row: &Row| {
            let application = if row.text(1).is_empty() { "without a name" } else { row.text(1) };
            let (pid, user, state, since) = (row.text(0), row.text(2), row.text(3), row.text(4));
            format!(
                "pid {pid} ({application}) of user {user}, {state} since {since}: {}",
                shown(row.text(5), self.rules())
            )
        };
        let blockers = rows.iter().map(line).collect();
        let progress = session.query(&format!(
            "SELECT phase, blocks_done, blocks_total, tuples_done, tuples_total FROM pg_catalog.pg_stat_progress_create_index WHERE pid = {connection} \
             UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total, NULL, NULL FROM pg_catalog.pg_stat_progress_cluster WHERE pid = {connection} \
             UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total, NULL, NULL FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = {connection} \
             UNION ALL SELECT phase, sample_blks_scanned, sample_blks_total, NULL, NULL FROM pg_catalog.pg_stat_progress_analyze WHERE pid = {connection}"
        ))?;
        Ok(Sight { blockers, progress: progress.first().map(progress_of) })
    }

    fn unfinished(&self, session: &mut Session, statement: &Statement<'_>) -> Result<Option<String>, DbError> {
        let Some((name, table)) = concurrent_index::built(statement) else { return Ok(None) };
        let (name, table) = (self.literal(&name), self.literal(&table));
        let rows = session.query(&format!(
            "SELECT i.indexrelid::regclass::text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             WHERE NOT i.indisvalid AND i.indrelid = pg_catalog.to_regclass({table}) \
               AND c.relname = (pg_catalog.parse_ident({name}))[1]"
        ))?;
        Ok(rows.first().map(|row| row.text(0).to_owned()))
    }

    fn can_clear_away(&self, statement: &Statement<'_>) -> bool {
        concurrent_index::built(statement).is_some()
    }

    fn remove_unfinished(&self, session: &mut Session, name: &str) -> Result<(), DbError> {
        session.execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"))
    }

    fn transaction_id(&self) -> Option<&'static str> {
        Some("SELECT pg_catalog.txid_current()")
    }

    fn is_at_work(&self, session: &mut Session, connection: Option<u64>, id: Option<&str>) -> Result<bool, DbError> {
        let sql = match (id, connection) {
            (Some(id), _) => format!("SELECT pg_catalog.txid_status({id}) = 'in progress'"),
            // What others' connections do is not told to everybody.
            (None, Some(pid)) => format!(
                "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE pid = {pid} AND datname = pg_catalog.current_database() \
                 AND (state IS NULL OR state = 'active'))"
            ),
            (None, None) => return Ok(false),
        };
        Ok(session.query(&sql)?.first().is_some_and(|row| row.flag(0)))
    }

    fn only_sets(&self, statement: &Statement<'_>) -> bool {
        statement.begins(&["SET"]) || statement.begins(&["RESET"])
    }

    fn was_committed(&self, session: &mut Session, id: &str) -> Result<bool, DbError> {
        let rows = session.query(&format!("SELECT pg_catalog.txid_status({id})"))?;
        Ok(rows.first().is_some_and(|row| row.text(0) == "committed"))
    }

    fn looks_again(&self) -> bool {
        false
    }

    fn can_join_journal(&self, statement: &Statement<'_>) -> bool {
        let head: Vec<&str> = statement.head().iter().map(String::as_str).collect();
        if statement.has("CONCURRENTLY") {
            return false;
        }
        match head.as_slice() {
            ["INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE" | "COMMENT" | "GRANT" | "REVOKE" | "WITH", ..] => {
                true
            }
            ["CREATE" | "DROP" | "ALTER", kind, ..] => {
                !matches!(*kind, "DATABASE" | "TABLESPACE" | "SYSTEM" | "SUBSCRIPTION" | "TYPE")
            }
            _ => false,
        }
    }

    fn may_leave_traces(&self, statement: &Statement<'_>, error: &DbError) -> bool {
        // A concurrent build leaves an invalid index, once it has begun; CALL and DO may have committed half of their work.
        (statement.has("CONCURRENTLY") && error.kind != Kind::Syntax)
            || statement.begins(&["CALL"])
            || statement.begins(&["DO"])
    }

    fn effect(&self, statement: &Statement<'_>) -> Effect {
        let makes = ["CREATE", "SELECT", "DO", "WITH"].iter().any(|verb| statement.begins(&[verb]));
        if makes && ["temp", "temporary", "pg_temp"].iter().any(|word| text::has_word(statement.text, word)) {
            return Effect::Temporary;
        }
        let local = ["LOCAL", "CONSTRAINTS", "TRANSACTION"].iter().any(|word| statement.begins(&["SET", word]))
            || statement.begins(&["PREPARE", "TRANSACTION"]);
        if statement.begins(&["SELECT"]) && text::has_word(statement.text, "set_config") {
            // What it is given may be computed, and be another value the next time.
            let plain = statement.text.matches('(').count() == 1;
            return if plain { Effect::Setting } else { Effect::State };
        }
        let setting = ["SET", "RESET", "DISCARD", "PREPARE", "DEALLOCATE"].iter().any(|verb| statement.begins(&[verb]));
        if setting && !local { Effect::Setting } else { Effect::None }
    }

    fn set_timeouts(
        &self,
        session: &mut Session,
        statement: &Statement<'_>,
        timeouts: &Timeouts,
    ) -> Result<(), DbError> {
        if session.in_transaction(false) {
            return Ok(());
        }
        let lock = if statement.has("CONCURRENTLY") { timeouts.concurrently_lock } else { timeouts.lock };
        // What is set outside a transaction stays on a pooler's connection, so only what differs is set.
        let wanted = [("lock_timeout", lock), ("statement_timeout", timeouts.statement)];
        for (name, wanted) in wanted {
            let rows = session.query(&format!("SELECT setting FROM pg_catalog.pg_settings WHERE name = '{name}'"))?;
            if rows.first().and_then(|row| row.number(0)) != i64::try_from(wanted.as_millis()).ok() {
                session.execute(&format!("SET {name} = {}", wanted.as_millis()))?;
            }
        }
        Ok(())
    }

    fn lock(
        &self,
        connector: &Connector,
        session: Session,
        home: &Home,
        wait: Duration,
        observer: &dyn Observer,
    ) -> Result<Locked> {
        advisory_lock::take(connector, session, home, wait, observer)
    }

    fn lock_holder(&self, session: &mut Session, _: &Target, home: &Home) -> Result<Option<String>, DbError> {
        advisory_lock::holder(session, home)
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
        // Who may connect to it need not be one who may make it.
        if connector.open(Purpose::Read).is_ok() {
            return Ok(false);
        }
        let mut session = maintenance(connector, observer)?;
        let options = like.map_or("", |like| like.options.as_str());
        match session.execute(&format!("CREATE DATABASE {}{options}", self.identifier(&name))) {
            Ok(()) => Ok(true),
            // Two at once: one of them sees the other's row rather than the database.
            Err(error) if matches!(error.kind, Kind::Exists | Kind::Constraint) => Ok(false),
            Err(error) if error.kind == Kind::Permission => Err(error
                .into_error(format!("cannot make the database `{name}`"))
                .hint("the user needs the right: `ALTER ROLE … CREATEDB`")),
            Err(error) => Err(error.into_error(format!("cannot make the database `{name}`"))),
        }
    }

    fn likeness(&self, session: &mut Session, home: &Home) -> Result<Likeness, DbError> {
        // Most are made from template1 as it is; whatever was put into that, the project may count on.
        let rows = session.query(
            "SELECT d.datcollate = t.datcollate AND d.datctype = t.datctype AND d.encoding = t.encoding, \
               d.datcollate, d.datctype, pg_encoding_to_char(d.encoding) \
             FROM pg_catalog.pg_database d, pg_catalog.pg_database t WHERE d.datname = current_database() AND t.datname = 'template1'",
        )?;
        let mut likeness = Likeness::default();
        if let Some(row) = rows.first().filter(|row| !row.flag(0)) {
            let [collate, ctype, encoding] = [1, 2, 3].map(|at| self.literal(row.text(at)));
            likeness.options = format!(" TEMPLATE template0 LC_COLLATE {collate} LC_CTYPE {ctype} ENCODING {encoding}");
        }
        if let Some(schema) = home.schema.as_deref().filter(|schema| *schema != "public") {
            likeness.statements.push(format!("CREATE SCHEMA IF NOT EXISTS {}", self.identifier(schema)));
        }
        let settings = session.query(
            "SELECT s FROM pg_catalog.pg_db_role_setting r JOIN pg_catalog.pg_database d ON d.oid = r.setdatabase, unnest(r.setconfig) s \
             WHERE d.datname = current_database() AND r.setrole = 0",
        )?;
        for row in &settings {
            let Some((setting, value)) = row.text(0).split_once('=') else { continue };
            // A list is written as one already.
            let value = if setting.ends_with("search_path") { value.to_owned() } else { self.literal(value) };
            likeness.statements.push(format!(
                "DO $do$ BEGIN EXECUTE 'ALTER DATABASE ' || quote_ident(current_database()) || {}; END $do$",
                self.literal(&format!(" SET {setting} = {value}"))
            ));
        }
        Ok(likeness)
    }

    fn careless(&self, database: &str) -> Option<String> {
        Some(format!("ALTER DATABASE {} SET synchronous_commit = off", self.identifier(database)))
    }

    fn databases(&self, place: &Connector, prefix: &str) -> Result<Vec<String>> {
        let mut session = maintenance(place, &Silent)?;
        let sql =
            format!("SELECT datname FROM pg_catalog.pg_database WHERE starts_with(datname, {})", self.literal(prefix));
        let rows = session.query(&sql).map_err(|error| error.into_error("cannot list the databases"))?;
        Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
    }

    fn databases_in_use(&self, place: &Connector) -> Result<Vec<String>> {
        let mut session = maintenance(place, &Silent)?;
        let sql = "SELECT DISTINCT datname FROM pg_catalog.pg_stat_activity WHERE datname IS NOT NULL";
        let rows = session.query(sql).map_err(|error| error.into_error("cannot list the sessions"))?;
        Ok(rows.iter().map(|row| row.text(0).to_owned()).collect())
    }

    fn only_reading(&self) -> (&'static str, &'static str) {
        (
            "SAVEPOINT dbtool_checks; SET LOCAL transaction_read_only = on",
            "ROLLBACK TO SAVEPOINT dbtool_checks; RELEASE SAVEPOINT dbtool_checks",
        )
    }

    fn reaches_beyond(&self, statement: &Statement<'_>, _: &[String]) -> Option<Beyond> {
        beyond::reached(statement)
    }

    fn unbind(&self, connector: &Connector) -> Result<()> {
        let name = name_of(connector)?;
        let mut session = maintenance(connector, &Silent)?;
        let template = session.query(&format!(
            "SELECT 1 FROM pg_catalog.pg_database WHERE datname = {} AND datistemplate",
            self.literal(&name)
        ));
        if template.is_ok_and(|rows| !rows.is_empty()) {
            let sql = format!("ALTER DATABASE {} IS_TEMPLATE false", self.identifier(&name));
            session
                .execute(&sql)
                .map_err(|error| error.into_error("cannot make a database one that can be dropped"))?;
        }
        Ok(())
    }

    fn drop_database(&self, connector: &Connector, observer: &dyn Observer) -> Result<bool> {
        let name = name_of(connector)?;
        let mut session = maintenance(connector, observer)?;
        match session.execute(&format!("DROP DATABASE {}", self.identifier(&name))) {
            Ok(()) => Ok(true),
            Err(error) if error.kind == Kind::UnknownDatabase => Ok(false),
            Err(error) if error.kind == Kind::InUse => {
                let who = session.query(&format!(
                    "SELECT pid, application_name, usename FROM pg_catalog.pg_stat_activity WHERE datname = {} ORDER BY pid LIMIT 5",
                    self.literal(&name)
                ));
                let error = error.into_error(format!("cannot drop the database `{name}`: others are connected to it"));
                let line = |row: &Row| format!("pid {} ({}) of user {}", row.text(0), row.text(1), row.text(2));
                let error = who.unwrap_or_default().iter().map(line).fold(error, Error::note);
                Err(error.hint("stop what uses it, and try again"))
            }
            Err(error) => Err(error.into_error(format!("cannot drop the database `{name}`"))),
        }
    }
}

/// `building index: scanning table, 45 %`
fn progress_of(row: &Row) -> String {
    let share = |done: usize, total: usize| {
        let total = row.number(total).filter(|total| *total > 0)?;
        Some(row.number(done)?.saturating_mul(100) / total)
    };
    match share(1, 2).or_else(|| share(3, 4)) {
        Some(percent) => format!("{}, {percent} %", row.text(0)),
        None => row.text(0).to_owned(),
    }
}

fn name_of(connector: &Connector) -> Result<String> {
    let name = connector.target().name();
    if name.is_empty() {
        return Err(Error::new(Code::ConfigValue, "the URL names no database")
            .hint("put its name at the end: `postgres://host/name`"));
    }
    Ok(name)
}

fn maintenance(connector: &Connector, observer: &dyn Observer) -> Result<Session> {
    let [first, second] = MAINTENANCE;
    connector.to_database(first).connect_telling(Purpose::Read, observer).or_else(|error| match error.code() {
        Code::UnknownDatabase => connector.to_database(second).connect_telling(Purpose::Read, observer),
        _ => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conninfo_quotes_every_value() {
        let server = ServerTarget {
            host: "h".into(),
            password: Some(Secret::new("a'b\\c d")),
            parameters: vec![("application_name".into(), "mine".into())],
            ..ServerTarget::default()
        };
        let info = conninfo(&server, Duration::from_secs(10));
        assert!(
            info.starts_with(
                "host='h' password='a\\'b\\\\c d' application_name='mine' fallback_application_name='dbtool'"
            ),
            "{info}"
        );
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(Postgres.literal("a'b"), "'a''b'");
        assert_eq!(Postgres.literal("a\\'b"), "E'a\\\\''b'");
    }
}
