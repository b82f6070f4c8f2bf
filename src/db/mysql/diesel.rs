//! A Diesel connection for models and queries. Diesel's own stands on a C client that connects in plain text where TLS
//! was asked for, and that panics on NULL; see `docs/architecture.md`.

use std::io::Write as _;

use diesel::connection::{
    AnsiTransactionManager, CacheSize, ConnectionSealed, DebugQuery, DefaultLoadingMode, DynInstrumentation,
    Instrumentation, InstrumentationEvent, LoadConnection, MultiConnectionHelper, SimpleConnection, StrQueryHelper,
    TransactionManager,
};
use diesel::debug_query;
use diesel::mysql::{Mysql, MysqlQueryBuilder};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{Query, QueryBuilder as _, QueryFragment, QueryId};
use diesel::result::{ConnectionError, ConnectionResult, DatabaseErrorKind, Error, QueryResult};
use diesel::sql_types::TypeMetadata;
use mysql::prelude::Queryable as _;
use mysql::{LocalInfileHandler, Params, Statement};

use super::row::{MysqlRow, bind};
use super::{Connection, failed};
use crate::config::ServerTarget;
use crate::db::error::{DbError, Kind};
use crate::db::value::Value;

/// A connection to MySQL or MariaDB.
pub struct MysqlConnection {
    inner: Connection,
    transactions: AnsiTransactionManager,
    instrumentation: DynInstrumentation,
    keeps_statements: bool,
    last_error: Option<DbError>,
}

impl MysqlConnection {
    /// Connects with the parts of a URL.
    pub fn open(server: &ServerTarget, timeout: std::time::Duration) -> Result<Self, DbError> {
        Ok(Self {
            inner: Connection::open(server, timeout)?,
            transactions: AnsiTransactionManager::default(),
            instrumentation: DynInstrumentation::default_instrumentation(),
            keeps_statements: true,
            last_error: None,
        })
    }

    /// What the server said last when it refused something, with its number and SQLSTATE: Diesel's errors have neither.
    #[must_use]
    pub fn last_error(&self) -> Option<&DbError> {
        self.last_error.as_ref()
    }

    /// Hands over the rows of a query as the server writes them, until one is answered with `false`.
    pub(in crate::db) fn each_as_text(
        &mut self,
        sql: &str,
        each: &mut dyn FnMut(&mysql::Row) -> bool,
    ) -> QueryResult<()> {
        self.told(sql, |this| {
            let mut read = |conn: &mut mysql::Conn| -> mysql::Result<()> {
                for row in conn.query_iter(sql)? {
                    if !each(&row?) {
                        break;
                    }
                }
                Ok(())
            };
            read(this.inner.conn()).map_err(|error| Failed::Driver(failed(&error, sql)))
        })
    }

    /// Runs a LOAD DATA LOCAL, which gets these bytes whatever file it names, and gives how many rows it took, and how many warnings
    /// there are about them.
    pub(in crate::db) fn load_data(&mut self, sql: &str, data: Vec<u8>) -> QueryResult<(u64, u16)> {
        self.told(sql, |this| {
            let conn = this.inner.conn();
            conn.set_local_infile_handler(Some(LocalInfileHandler::new(move |_, out| out.write_all(&data))));
            let answered = conn.query_iter(sql).map(|result| (result.affected_rows(), result.warnings()));
            conn.set_local_infile_handler(None);
            answered.map_err(|error| Failed::Driver(failed(&error, sql)))
        })
    }

    /// Runs something between the events of a query, and takes note of its error.
    fn told<T>(&mut self, sql: &str, run: impl FnOnce(&mut Self) -> Result<T, Failed>) -> QueryResult<T> {
        self.told_as(sql, &StrQueryHelper::new(sql), run)
    }

    /// The same for a query of Diesel's, which the events show with its binds, as those of its other connections do.
    fn told_as<T>(
        &mut self,
        sql: &str,
        query: &dyn DebugQuery,
        run: impl FnOnce(&mut Self) -> Result<T, Failed>,
    ) -> QueryResult<T> {
        self.instrumentation.on_connection_event(InstrumentationEvent::start_query(query));
        let result = match self.refused_until_rolled_back(sql) {
            Some(refused) => Err(refused),
            None => run(self).map_err(|failed| self.note(failed)),
        };
        let event = InstrumentationEvent::finish_query(query, result.as_ref().err());
        self.instrumentation.on_connection_event(event);
        result
    }

    /// Hands over the rows of a statement one by one, as they come, until one is answered with `false`; tells how many rows it
    /// changed.
    pub(in crate::db) fn each(
        &mut self,
        sql: &str,
        binds: &[Value],
        each: &mut dyn FnMut(Vec<Value>) -> bool,
    ) -> QueryResult<u64> {
        self.told(sql, |this| {
            let failed = |error: &mysql::Error| Failed::Driver(failed(error, sql));
            let conn = this.inner.conn();
            let statement = conn.prep(sql).map_err(|error| failed(&error))?;
            let params = match binds {
                [] => Params::Empty,
                binds => Params::Positional(binds.iter().map(Value::to_mysql).collect()),
            };
            let answered = conn.exec_iter(&statement, params).and_then(|mut result| {
                let mut changed = 0;
                // What the caller no longer wants is read to its end by the driver, so that the connection can be used again.
                if let Some(answer) = result.iter() {
                    changed = answer.affected_rows();
                    for row in answer {
                        let row = row?;
                        let columns = row.columns();
                        let values = row.unwrap().into_iter().zip(columns.iter());
                        if !each(values.map(|(value, column)| Value::of_mysql(value, column)).collect()) {
                            break;
                        }
                    }
                }
                Ok(changed)
            });
            let _ = conn.close(statement);
            let changed = answered.map_err(|error| failed(&error))?;
            match this.inner.refused_file() {
                Some(error) => Err(Failed::Driver(error)),
                None => Ok(changed),
            }
        })
    }

    /// After a deadlock the server has rolled the transaction back, and would take what comes next as transactions of their own.
    fn refused_until_rolled_back(&mut self, sql: &str) -> Option<Error> {
        let status = AnsiTransactionManager::transaction_manager_status_mut(self).transaction_state().ok()?;
        let rolled_back = status.in_transaction.as_ref()?.requires_rollback_maybe_up_to_top_level;
        (rolled_back && !sql.starts_with("ROLLBACK")).then(|| {
            let message = "the server rolled this transaction back after a deadlock".to_owned();
            Error::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(message))
        })
    }

    fn note(&mut self, failed: Failed) -> Error {
        let error = match failed {
            Failed::Diesel(error) => return error,
            Failed::Driver(error) => error,
        };
        let status = AnsiTransactionManager::transaction_manager_status_mut(self);
        match error.kind {
            // The server has rolled back all of the transaction, its savepoints too.
            Kind::Deadlock => status.set_requires_rollback_maybe_up_to_top_level(true),
            Kind::Lost => status.set_in_error(),
            _ => {}
        }
        let kind = kind(&error);
        let message = error.message.clone();
        self.last_error = Some(error);
        Error::DatabaseError(kind, Box::new(message))
    }

    /// Prepares a query, with its binds.
    fn prepare<T>(&mut self, source: &T, sql: &str) -> Result<Prepared, Failed>
    where
        T: QueryFragment<Mysql>,
    {
        // A batch of rows is a text of its own length each time: kept, it would only push out what comes again.
        let keep = self.keeps_statements && source.is_safe_to_cache_prepared(&Mysql).map_err(Failed::Diesel)?;
        let mut collector = RawBytesBindCollector::<Mysql>::new();
        source.collect_binds(&mut collector, &mut (), &Mysql).map_err(Failed::Diesel)?;
        let binds = collector.metadata.into_iter().zip(collector.binds);
        let binds: Vec<_> =
            binds.map(|(tpe, bytes)| bind(tpe, bytes)).collect::<QueryResult<_>>().map_err(Failed::Diesel)?;
        let statement = self.inner.conn().prep(sql).map_err(|error| Failed::Driver(failed(&error, sql)))?;
        let params = if binds.is_empty() { Params::Empty } else { Params::Positional(binds) };
        Ok(Prepared { statement, params, keep })
    }

    /// Runs a query and gives its rows, and how many it changed.
    fn rows<T>(&mut self, source: &T, sql: &str) -> Result<(Vec<MysqlRow>, usize), Failed>
    where
        T: QueryFragment<Mysql>,
    {
        let Prepared { statement, params, keep } = self.prepare(source, sql)?;
        let conn = self.inner.conn();
        let answered = conn.exec_iter(&statement, params).and_then(|mut result| {
            let (mut rows, mut changed, mut answers) = (Vec::new(), 0, 0);
            // A procedure may answer several times; the first answer is the query's.
            while let Some(answer) = result.iter() {
                changed = answer.affected_rows();
                for row in answer {
                    let row = row?;
                    if answers == 0 {
                        rows.push(MysqlRow(row));
                    }
                }
                answers += 1;
            }
            Ok((rows, changed))
        });
        if !keep {
            // Nothing is told back: a statement that stays open costs the server memory, no more.
            let _ = conn.close(statement);
        }
        let (rows, changed) = answered.map_err(|error| Failed::Driver(failed(&error, sql)))?;
        if let Some(error) = self.inner.refused_file() {
            return Err(Failed::Driver(error));
        }
        Ok((rows, usize::try_from(changed).unwrap_or(usize::MAX)))
    }
}

struct Prepared {
    statement: Statement,
    params: Params,
    keep: bool,
}

/// Why something failed: before it reached the server, or there.
enum Failed {
    Diesel(Error),
    Driver(DbError),
}

/// By the numbers of the server ("Server Error Message Reference" in MySQL's manual).
fn kind(error: &DbError) -> DatabaseErrorKind {
    match (error.errno, error.kind) {
        (Some(1062 | 1586 | 1859), _) => DatabaseErrorKind::UniqueViolation,
        (Some(1216 | 1217 | 1451 | 1452 | 1830 | 1834), _) => DatabaseErrorKind::ForeignKeyViolation,
        (Some(1048 | 1364), _) => DatabaseErrorKind::NotNullViolation,
        (Some(3819 | 4025), _) => DatabaseErrorKind::CheckViolation,
        (_, Kind::Deadlock) => DatabaseErrorKind::SerializationFailure,
        (_, Kind::ReadOnly) => DatabaseErrorKind::ReadOnlyTransaction,
        (_, Kind::Lost) => DatabaseErrorKind::ClosedConnection,
        _ => DatabaseErrorKind::Unknown,
    }
}

fn sql_of<T: QueryFragment<Mysql>>(source: &T) -> QueryResult<String> {
    let mut builder = MysqlQueryBuilder::new();
    source.to_sql(&mut builder, &Mysql)?;
    Ok(builder.finish())
}

impl ConnectionSealed for MysqlConnection {}

impl SimpleConnection for MysqlConnection {
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        use crate::db::session::Driver as _;
        self.told(sql, |this| this.inner.execute(sql).map(|_| ()).map_err(Failed::Driver))
    }
}

impl diesel::Connection for MysqlConnection {
    type Backend = Mysql;
    type TransactionManager = AnsiTransactionManager;

    fn establish(url: &str) -> ConnectionResult<Self> {
        let mut instrumentation = DynInstrumentation::default_instrumentation();
        instrumentation.on_connection_event(InstrumentationEvent::start_establish_connection(url));
        let target = crate::config::Target::parse(url, std::path::Path::new(""))
            .map_err(|error| ConnectionError::InvalidConnectionUrl(error.to_string()));
        let opened = target.and_then(|target| match target.server() {
            Some(server) => Self::open(server, std::time::Duration::from_secs(10))
                .map_err(|error| ConnectionError::BadConnection(error.message)),
            None => Err(ConnectionError::InvalidConnectionUrl("not a server's URL".into())),
        });
        let event = InstrumentationEvent::finish_establish_connection(url, opened.as_ref().err());
        instrumentation.on_connection_event(event);
        opened
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Mysql> + QueryId,
    {
        let sql = sql_of(source)?;
        let query = debug_query::<Mysql, _>(source);
        self.told_as(&sql, &query, |this| this.rows(source, &sql)).map(|(_, changed)| changed)
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        &mut *self.instrumentation
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.instrumentation = instrumentation.into();
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.keeps_statements = !matches!(size, CacheSize::Disabled);
    }
}

impl LoadConnection<DefaultLoadingMode> for MysqlConnection {
    type Cursor<'conn, 'query> = std::iter::Map<std::vec::IntoIter<MysqlRow>, fn(MysqlRow) -> QueryResult<MysqlRow>>;
    type Row<'conn, 'query> = MysqlRow;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Mysql> + QueryId + 'query,
        Mysql: diesel::expression::QueryMetadata<T::SqlType>,
    {
        let sql = sql_of(&source)?;
        let query = debug_query::<Mysql, _>(&source);
        let (rows, _) = self.told_as(&sql, &query, |this| this.rows(&source, &sql))?;
        Ok(rows.into_iter().map(Ok as fn(MysqlRow) -> QueryResult<MysqlRow>))
    }
}

impl diesel::r2d2::R2D2Connection for MysqlConnection {
    fn ping(&mut self) -> QueryResult<()> {
        self.batch_execute("SELECT 1")
    }

    fn is_broken(&mut self) -> bool {
        AnsiTransactionManager::is_broken_transaction_manager(self)
    }
}

impl diesel::migration::MigrationConnection for MysqlConnection {
    fn setup(&mut self) -> QueryResult<usize> {
        use diesel::RunQueryDsl as _;
        diesel::sql_query(diesel::migration::CREATE_MIGRATIONS_TABLE).execute(self)
    }
}

impl MultiConnectionHelper for MysqlConnection {
    fn to_any<'a>(lookup: &mut <Mysql as TypeMetadata>::MetadataLookup) -> &mut (dyn std::any::Any + 'a) {
        lookup
    }

    fn from_any(lookup: &mut dyn std::any::Any) -> Option<&mut <Mysql as TypeMetadata>::MetadataLookup> {
        lookup.downcast_mut()
    }
}
