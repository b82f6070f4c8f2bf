//! What differs between databases, one file each. The engine asks; it never looks which one it is.

mod beyond;
mod mysql;
mod postgres;
mod sqlite;

use std::time::Duration;

pub use beyond::Beyond;
pub use mysql::lock_timeout as mysql_lock_timeout;
pub use postgres::conninfo;
pub use sqlite::{busy_timeout, url as sqlite_url};

use super::connector::{Connector, Purpose};
use super::error::DbError;
use super::lock::Locked;
use super::session::{Driver, Session};
use crate::backend::Backend;
use crate::config::Target;
use crate::error::Result;
use crate::observer::Observer;
use crate::sql::{Rules, Statement};
use crate::text;

/// The dialects, in the order of their names.
const ALL: &[&dyn Dialect] = &[&mysql::DEFAULT, &postgres::Postgres, &sqlite::Sqlite];

/// The dialect of a backend.
#[must_use]
pub fn of(backend: Backend) -> &'static dyn Dialect {
    ALL.iter().copied().find(|dialect| dialect.backend() == backend).unwrap_or(ALL[0])
}

/// What the statements of a file mean for the connection and the transaction that they run in.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The numbers of statements that don't run inside: what they ask for is done before.
    pub outside: Vec<usize>,
    /// A SET TRANSACTION, which must come before every query.
    pub sets_transaction: bool,
    /// MySQL: it changes the database that names are looked for in.
    leaves: bool,
    /// MySQL: it changes rows.
    changes_rows: bool,
    /// MySQL: it makes a table without transactions.
    makes_other: bool,
    /// SQLite: it drops a table, or asks for foreign keys to be off.
    keys_off: bool,
    /// SQLite: the tables that it makes anew.
    rebuilt: Vec<String>,
}

/// How long statements may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Zero means for ever, here and below.
    pub lock: Duration,
    /// The same for statements that must not give up early, such as CREATE INDEX CONCURRENTLY.
    pub concurrently_lock: Duration,
    pub statement: Duration,
    /// How long to wait for another runner.
    pub runner: Duration,
}

/// Where dbtool's and Diesel's tables stand, and what was found there.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// The schema, for backends that have them.
    pub schema: Option<String>,
    pub database: String,
    pub user: String,
    /// Diesel's table of applied versions is there.
    pub ledger: bool,
    pub journal: bool,
    pub meta: bool,
    /// The database takes no changes: a standby, or one opened for reading.
    pub read_only: bool,
}

impl Home {
    /// A table of ours or Diesel's, qualified: a migration may change where names are looked for.
    #[must_use]
    pub fn table(&self, dialect: &dyn Dialect, name: &str) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{name}", dialect.identifier(schema)),
            None => name.to_owned(),
        }
    }
}

/// The types of the columns that dbtool makes.
#[derive(Debug, Clone, Copy)]
pub struct Types {
    /// A number that the database counts up, as the primary key.
    pub serial_key: &'static str,
    pub instant: &'static str,
    pub bytes: &'static str,
    /// What stands behind the columns.
    pub table: &'static str,
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub product: &'static str,
    pub version: String,
    /// The protocol of an encrypted connection.
    pub tls: Option<String>,
}

/// What was done around a transaction, and is to be undone after it.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// MySQL: there are tables without transactions, so no statement may share one with what is noted about it.
    pub by_itself: bool,
    /// MySQL: the file changes the database that names are looked for in, and this is the one to come back to.
    database: Option<String>,
    /// SQLite: foreign keys were switched off.
    foreign_keys: Option<sqlite::KeysOff>,
}

/// How a database is set up, to make another like it.
#[derive(Debug, Clone, Default)]
pub struct Likeness {
    /// What stands behind CREATE DATABASE and its name.
    pub options: String,
    /// What is then run in it.
    pub statements: Vec<String>,
}

/// What can be seen of a connection that works, from another one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// Who holds the locks that it waits for, a line each.
    pub blockers: Vec<String>,
    /// How far its statement has come, where the server tells.
    pub progress: Option<String>,
}

/// What a statement leaves with its connection, beside what it does to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    None,
    /// A setting, which can be made again on another connection.
    Setting,
    /// A temporary table: it goes with the connection, and the database is as it was.
    Temporary,
    /// Something else that goes with the connection, such as a variable. It may have changed rows on its way.
    State,
    /// From now on the connection reaches only the tables that were named.
    LocksTables,
    UnlocksTables,
}

pub trait Dialect: Sync {
    fn backend(&self) -> Backend;

    /// The form of its SQL text.
    fn rules(&self) -> &'static Rules;

    /// The dialect as a session's settings make it, where they change how SQL is read.
    fn of_session(&self, _: &mut Session) -> Result<Option<&'static dyn Dialect>, DbError> {
        Ok(None)
    }

    /// Opens a connection for the engine.
    fn open(&self, target: &Target, purpose: Purpose, timeout: Duration) -> Result<Box<dyn Driver>, DbError>;

    /// Text as a literal.
    fn literal(&self, text: &str) -> String;

    /// Bytes as a literal.
    fn bytes(&self, bytes: &[u8]) -> String;

    /// A name, quoted.
    fn identifier(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    /// A query for the names of a table's columns, where a name without a schema is looked for; no rows: there is no such table.
    fn columns_of(&self, table: &str) -> String;

    /// An expression for the user that the connection is; `None`: the backend has no users.
    fn current_user(&self) -> Option<&'static str> {
        None
    }

    /// Inserts a row of nothing but defaults into a table.
    fn insert_defaults(&self, table: &str) -> String {
        format!("INSERT INTO {table} DEFAULT VALUES")
    }

    /// A literal as a value of a type, where it is not known by what it is put into.
    fn typed(&self, literal: &str, _type_name: &str) -> String {
        literal.to_owned()
    }

    /// What stands for the value that is bound as this one, counted from 1.
    fn placeholder(&self, _number: usize) -> String {
        "?".to_owned()
    }

    /// An expression that gives a column in a form that [`AnyConnection::select`](super::AnyConnection::select) reads.
    fn readable(&self, column: &str, _type_name: &str) -> String {
        column.to_owned()
    }

    /// RFC 3339 text in UTC as text that a column of moments takes.
    fn instant_text(&self, instant: &str) -> String {
        instant.to_owned()
    }

    /// A statement that makes others who run it too wait until this transaction ends. It changes nothing, and keeps nobody from
    /// reading. The condition is that of a row which is there.
    fn claim(&self, table: &str, row: &str) -> String;

    /// A condition that two values differ, NULL being a value like others, and upper case another than lower case.
    fn differ(&self, one: &str, other: &str) -> String {
        format!("{one} IS DISTINCT FROM {other}")
    }

    /// An update of columns of a table, which is called `t`, from another, which is called `s`, where a condition holds.
    fn update_from(&self, table: &str, other: &str, columns: &[String], condition: &str) -> String {
        let sets: Vec<_> = columns.iter().map(|column| format!("{column} = s.{column}")).collect();
        format!("UPDATE {table} AS t SET {} FROM {other} AS s WHERE {condition}", sets.join(", "))
    }

    /// Makes a table for the time of a connection with the rows of a query, within the transaction that is open; its rows are
    /// found by some columns, quoted.
    fn make_temporary(&self, name: &str, query: &str, by: &[String]) -> Vec<String> {
        let index = self.identifier("__dbtool_by");
        vec![
            format!("CREATE TEMPORARY TABLE {name} AS {query}"),
            format!("CREATE INDEX {index} ON {name} ({})", by.join(", ")),
        ]
    }

    /// Drops a table that was made for the time of a connection, within the transaction that is open.
    fn drop_temporary(&self, name: &str) -> String {
        format!("DROP TABLE {name}")
    }

    fn types(&self) -> Types;

    /// An expression that gives a column of type [`Types::instant`] as RFC 3339 text in UTC.
    fn instant(&self, column: &str) -> String;

    /// RFC 3339 text in UTC as a literal for such a column.
    fn instant_literal(&self, instant: &str) -> String {
        self.literal(instant)
    }

    /// The same for Diesel's `run_on`, a TIMESTAMP without a zone.
    fn ledger_instant(&self, column: &str) -> String;

    /// An expression that gives a column of bytes as hexadecimal text.
    fn hex(&self, column: &str) -> String;

    /// Looks, without making anything, where our tables stand.
    fn home(&self, session: &mut Session) -> Result<Home>;

    /// The other places of this database where our tables stand too: other schemas.
    fn other_homes(&self, _: &mut Session, _: &Home) -> Result<Vec<Home>, DbError> {
        Ok(Vec::new())
    }

    fn server(&self, session: &mut Session) -> Result<Server>;

    /// Makes a connection ready to work, once. Gives the number by which others can see it; `None`: they cannot.
    fn ready(&self, _: &mut Session, _: &Timeouts) -> Result<Option<u64>, DbError> {
        Ok(None)
    }

    /// Looks at another connection, by the number that [`Dialect::ready`] gave: what it waits for, and how far it has come.
    fn sight(&self, _: &mut Session, _connection: u64) -> Result<Sight, DbError> {
        Ok(Sight::default())
    }

    /// What stands where a statement would make something, and is of no use: a part of it that an attempt has left.
    fn unfinished(&self, _: &mut Session, _: &Statement<'_>) -> Result<Option<String>, DbError> {
        Ok(None)
    }

    /// Whether [`Dialect::unfinished`] sees all that a statement can leave.
    fn can_clear_away(&self, _: &Statement<'_>) -> bool {
        false
    }

    /// Takes that away, by the name that [`Dialect::unfinished`] gave.
    fn remove_unfinished(&self, _: &mut Session, _name: &str) -> Result<(), DbError> {
        Ok(())
    }

    /// How many bytes a statement may have; `None`: as many as it likes.
    fn longest_statement(&self, _: &mut Session) -> Result<Option<usize>, DbError> {
        Ok(None)
    }

    /// What is sent to run a statement by itself.
    fn text<'s>(&self, statement: &Statement<'s>) -> &'s str {
        statement.text
    }

    /// Why a statement must not stand in a file, and what to do about it.
    fn refuses(&self, _: &Statement<'_>) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Begins a transaction that may change anything, with its timeouts. On a backend where that means to wait for other
    /// writers, it waits, and tells.
    fn begin(&self, session: &mut Session, timeouts: &Timeouts, observer: &dyn Observer) -> Result<()>;

    /// The same as statements, where they can be sent as one message with what follows.
    fn opening(&self, _: &Timeouts) -> Vec<String> {
        Vec::new()
    }

    /// What follows [`Dialect::opening`] so that the transaction's commit does not wait for the server's disk. The server writes
    /// commits in their order, so a later one that waits has waited for all. `None`: there is no such thing.
    fn without_wait(&self) -> Option<&'static str> {
        None
    }

    /// Waits until the server has written to its disk what was committed so far. The table is one of ours.
    fn write_out(&self, _: &mut Session, _table: &str) -> Result<(), DbError> {
        Ok(())
    }

    /// Takes back what is open. `false`: some of it is in all the same, in tables without transactions.
    fn rollback(&self, session: &mut Session) -> Result<bool, DbError> {
        session.execute("ROLLBACK").map(|()| true)
    }

    /// Whether a statement can be run again after it was rolled back: it counts on nothing that a rollback leaves.
    fn can_repeat(&self, statement: &Statement<'_>) -> bool {
        self.effect(statement) == Effect::None
    }

    /// Whether a statement surely changes nothing but its connection. When in doubt, no.
    fn only_sets(&self, _: &Statement<'_>) -> bool {
        false
    }

    /// The session's variables that a statement names.
    fn variables(&self, _: &Statement<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Whether a statement needs to know what the one before it did, on the same connection.
    fn looks_back(&self, _: &Statement<'_>) -> bool {
        false
    }

    /// A query for what tells this transaction from every other; `None`: the driver's word on whether one is open is enough.
    fn transaction_id(&self) -> Option<&'static str> {
        None
    }

    /// Whether the server still works for a connection that is lost to us: on a transaction, where its id is known. What it
    /// was sent last may yet be committed.
    fn is_at_work(&self, _: &mut Session, _connection: Option<u64>, _id: Option<&str>) -> Result<bool, DbError> {
        Ok(false)
    }

    /// Whether a transaction that is no longer open was committed.
    fn was_committed(&self, _: &mut Session, _id: &str) -> Result<bool, DbError> {
        Ok(false)
    }

    /// Whether other runners can have come between the plan and the beginning of a transaction, so that the ledger must
    /// be looked at again within it.
    fn looks_again(&self) -> bool;

    /// Takes in what a statement of a file means for the connection and the transaction.
    fn survey(&self, _: &Statement<'_>, _: &mut Survey) {}

    /// Prepares the connection for the files of one transaction. `lenient`: a first attempt has failed for a reason that
    /// [`Dialect::is_overstrict`] knows.
    fn before(&self, _: &mut Session, _: &[&Survey], _lenient: bool) -> Result<Around, DbError> {
        Ok(Around::default())
    }

    /// Whether a file failed only because we are stricter than other tools: worth another attempt that is not.
    fn is_overstrict(&self, _: &DbError) -> bool {
        false
    }

    /// Checks, still within the transaction, what the file did. `finally`: it is through; before that, a table that is being
    /// rebuilt may be missing.
    fn before_commit(&self, _: &mut Session, _: &Around, _finally: bool) -> Result<()> {
        Ok(())
    }

    /// Undoes what [`Dialect::before`] did, whether the transaction succeeded or not.
    fn after(&self, _: &mut Session, _: &Around) -> Result<(), DbError> {
        Ok(())
    }

    /// Lets go of the memory that the database keeps of what was done, now and then between two transactions.
    fn let_go(&self, _: &mut Session) -> Result<(), DbError> {
        Ok(())
    }

    /// More about a commit that a constraint refused, asked within the still open transaction.
    fn explain_refused_commit(&self, _: &mut Session) -> Vec<String> {
        Vec::new()
    }

    /// Whether a statement of a file that runs without a transaction may be put into one of its own, together with its
    /// row in the journal. When in doubt, no.
    fn can_join_journal(&self, statement: &Statement<'_>) -> bool;

    /// Whether a statement that the server refused may have left something behind all the same.
    fn may_leave_traces(&self, statement: &Statement<'_>, error: &DbError) -> bool;

    /// What a statement leaves with its connection.
    fn effect(&self, statement: &Statement<'_>) -> Effect;

    /// Sets the timeouts for a statement that runs by itself, outside of any transaction.
    fn set_timeouts(
        &self,
        session: &mut Session,
        statement: &Statement<'_>,
        timeouts: &Timeouts,
    ) -> Result<(), DbError>;

    /// Keeps other runners out; waits for them so long at most. Takes the session that looked, and gives one to work with.
    fn lock(
        &self,
        connector: &Connector,
        session: Session,
        home: &Home,
        wait: Duration,
        observer: &dyn Observer,
    ) -> Result<Locked>;

    /// Whether another runner holds the lock at this moment, and who.
    fn lock_holder(&self, session: &mut Session, target: &Target, home: &Home) -> Result<Option<String>, DbError>;

    fn database_exists(&self, connector: &Connector) -> Result<bool>;

    /// Makes the database, like another one where that is given; false: it was there.
    fn create_database(&self, connector: &Connector, like: Option<&Likeness>, observer: &dyn Observer) -> Result<bool>;

    /// How the database is set up, beside what is in it.
    fn likeness(&self, _: &mut Session, _: &Home) -> Result<Likeness, DbError> {
        Ok(Likeness::default())
    }

    /// Where a throw-away database of this name stands: on the server of another.
    fn beside(&self, place: &Connector, name: &str) -> Connector {
        place.to_database(name)
    }

    /// What makes a throw-away database faster: nobody minds what a crash of the server takes of it.
    fn careless(&self, _database: &str) -> Option<String> {
        None
    }

    /// The databases of a server whose names begin like this.
    fn databases(&self, place: &Connector, prefix: &str) -> Result<Vec<String>>;

    /// Those of them that somebody is connected to, as far as the user is told.
    fn databases_in_use(&self, _place: &Connector) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// What keeps the statements between the two from changing anything, within a transaction that goes on afterwards; or
    /// undoes what they change.
    fn only_reading(&self) -> (&'static str, &'static str);

    /// What a statement does beyond its database: to a role, the server's settings, one of the databases of its server.
    fn reaches_beyond(&self, _: &Statement<'_>, _databases: &[String]) -> Option<Beyond> {
        None
    }

    /// Takes back what keeps a database of our own from being dropped.
    fn unbind(&self, _: &Connector) -> Result<()> {
        Ok(())
    }

    /// Drops the database; false: it was not there.
    fn drop_database(&self, connector: &Connector, observer: &dyn Observer) -> Result<bool>;
}

/// The statement of somebody else, as it may be shown: short, and without its values.
fn shown(sql: &str, rules: &Rules) -> String {
    let sql = crate::sql::without_values(sql, rules);
    text::shorten(&sql.split_whitespace().collect::<Vec<_>>().join(" "), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_has_its_dialect() {
        for backend in Backend::ALL {
            assert_eq!(of(*backend).backend(), *backend);
        }
        assert_eq!(ALL.len(), Backend::ALL.len());
    }
}
