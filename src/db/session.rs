//! One connection for the engine: plain SQL in, text rows out, the same for every backend. It logs what it runs, and no
//! secret leaves it.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::dialect::{Dialect, Home};
use super::error::DbError;
use crate::config::{LogSettings, SqlLog};
use crate::error::Error;
use crate::fault;
use crate::interrupt::Canceller;
use crate::secret::Redactor;
use crate::sql::{self, Rules, Statement};
use crate::text;

/// A row, each value as text, NULL as `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Option<String>>);

impl Row {
    /// A value, or the empty text for NULL and for a column that is not there.
    #[must_use]
    pub fn text(&self, column: usize) -> &str {
        self.optional(column).unwrap_or_default()
    }

    #[must_use]
    pub fn optional(&self, column: usize) -> Option<&str> {
        self.0.get(column)?.as_deref()
    }

    /// A value, taken out of the row.
    pub fn take(&mut self, column: usize) -> String {
        self.0.get_mut(column).and_then(Option::take).unwrap_or_default()
    }

    /// A number; NULL is `None`.
    #[must_use]
    pub fn number(&self, column: usize) -> Option<i64> {
        self.optional(column)?.parse().ok()
    }

    /// `t`, `true` or `1`.
    #[must_use]
    pub fn flag(&self, column: usize) -> bool {
        matches!(self.text(column), "t" | "true" | "1")
    }
}

/// What a server said beside its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// NOTICE, WARNING …
    pub severity: String,
    pub message: String,
}

/// Rows with the names of their columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Empty where there are no rows, on a backend that tells no names then.
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

/// What a backend must be able to do.
pub trait Driver: Send {
    /// Runs SQL, one statement or many, and gives the rows of its last statement, and how many it returned or changed.
    fn query(&mut self, sql: &str) -> Result<(Vec<Row>, u64), DbError>;

    /// Runs a statement of somebody else, and gives its rows with the names of their columns.
    fn query_named(&mut self, sql: &str) -> Result<Named, DbError>;

    /// Runs several statements, and gives the rows of each. Whoever can sends them as one message.
    fn query_each(&mut self, statements: &[String]) -> Result<Vec<Vec<Row>>, DbError> {
        statements.iter().map(|sql| self.query(sql).map(|(rows, _)| rows)).collect()
    }

    /// Runs SQL, one statement or many, and drops its rows.
    fn execute(&mut self, sql: &str) -> Result<u64, DbError>;

    /// What is sent to run a statement of a file by itself.
    fn text<'s>(&self, statement: &Statement<'s>) -> &'s str {
        statement.text
    }

    /// Runs a file and what is ours around it, in order, up to the first statement that fails. Whoever can sends all of it as
    /// one message.
    fn run(&mut self, message: &Message<'_>, answers: &mut Answers) -> Result<(), Failure> {
        for sql in message.before {
            answers.before = self.query(sql).map_err(Failure::of_ours)?.0.into_iter().next();
        }
        for statement in message.statements {
            let start = Instant::now();
            let sql = self.text(statement);
            let rows = self.execute(sql).map_err(|error| Failure::of(statement, error))?;
            answers.took.push((rows, start.elapsed()));
            fault::point();
        }
        for sql in message.after {
            answers.after = self.query(sql).map_err(Failure::of_ours)?.0.into_iter().next();
        }
        Ok(())
    }

    /// Whether the numbers of changed rows are of interest, where it takes a question to know them.
    fn count_rows(&mut self, _: bool) {}

    /// Whether the connection is seen to be broken, without asking the server. `false`: it may be all the same.
    fn is_seen_broken(&mut self) -> bool {
        false
    }

    /// Whether a transaction is open; `None`: the driver cannot tell.
    fn in_transaction(&self) -> Option<bool>;

    /// The number by which the server knows this connection.
    fn id(&self) -> Option<u64>;

    /// What cancels its running statement; `None`: nothing can.
    fn canceller(&self) -> Option<Canceller>;

    /// The protocol of an encrypted connection.
    fn tls(&self) -> Option<String>;

    fn take_notices(&mut self) -> Vec<Notice>;
}

/// How many rows a statement returned or changed, and how long it took.
pub type Took = (u64, Duration);

/// A file on its way to the database, with what is ours before and after it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Message<'a> {
    pub before: &'a [String],
    pub source: &'a str,
    /// Where the source begins in its file: a byte offset.
    pub at: usize,
    pub statements: &'a [Statement<'a>],
    pub after: &'a [String],
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// The first row of the last statement before the file.
    pub before: Option<Row>,
    /// The statements of the file that succeeded.
    pub took: Vec<Took>,
    /// The first row of the last statement after it.
    pub after: Option<Row>,
}

/// Where a file failed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The number of the statement, from 1; `None`: none of them, the file as a whole.
    pub statement: Option<usize>,
    /// A byte offset in the file, where the server says one.
    pub offset: Option<usize>,
    /// Not the file failed, but what is ours around it.
    pub ours: bool,
    pub error: DbError,
}

impl Failure {
    /// The failure of a statement that was sent by itself.
    #[must_use]
    pub fn of(statement: &Statement<'_>, error: DbError) -> Self {
        let offset = error.position.map(|position| statement.start + position);
        Self { statement: Some(statement.number), offset, ours: false, error }
    }

    /// The failure of a statement of ours.
    #[must_use]
    pub fn of_ours(error: DbError) -> Self {
        Self { statement: None, offset: None, ours: true, error: DbError { position: None, ..error } }
    }
}

/// A connection that is closed on another thread; whoever drops this waits for it.
pub struct Closing(Option<JoinHandle<()>>);

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // One that panicked has closed nothing, and the process ends soon.
            let _ = thread.join();
        }
    }
}

/// What will be asked first, once it is known where our tables stand.
pub type Asks = fn(&dyn Dialect, &Home) -> Vec<String>;

/// Statements of ours that are left prepared on a connection, since they are asked again and again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plans {
    /// How often they were prepared: their names have the number.
    pub made: usize,
    /// How many rows they gave when they were planned. `None`: they are not there.
    pub made_for: Option<usize>,
    /// How many they gave last.
    pub rows: usize,
}

/// An open connection.
pub struct Session {
    driver: Box<dyn Driver>,
    rules: &'static Rules,
    redactor: Redactor,
    log: LogSettings,
    /// What was found of our tables when the connection was made.
    home: Option<Home>,
    /// Queries that were asked right after that, and their answers: whoever asks the same as the first has them.
    ahead: Option<(Vec<String>, Vec<Vec<Row>>)>,
    /// What is left prepared on it.
    plans: Plans,
}

impl Session {
    #[must_use]
    pub fn new(mut driver: Box<dyn Driver>, rules: &'static Rules, redactor: Redactor, log: LogSettings) -> Self {
        driver.count_rows(log.sql != SqlLog::Off);
        Self { driver, rules, redactor, log, home: None, ahead: None, plans: Plans::default() }
    }

    /// Closes the connection while other things are done: SQLite takes its time to let go of a large schema.
    #[must_use]
    pub fn close(self) -> Closing {
        Closing(Some(std::thread::spawn(move || drop(self))))
    }

    /// Looks where our tables stand, and what is in them, before anyone asks. What fails is asked again, and told then.
    pub(super) fn look_ahead(&mut self, dialect: &dyn Dialect, asks: Asks) {
        let Ok(home) = dialect.home(self) else { return };
        let queries = asks(dialect, &home);
        self.ahead = self.query_each(&queries).ok().map(|answers| (queries, answers));
        self.home = Some(home);
    }

    /// Where our tables stand: at the first call as it was found when the connection was made, if it was looked at then.
    pub fn home(&mut self, dialect: &dyn Dialect) -> Result<Home, Error> {
        self.home.take().map_or_else(|| dialect.home(self), Ok)
    }

    /// What is left prepared on this connection.
    pub fn plans(&mut self) -> &mut Plans {
        &mut self.plans
    }

    /// Runs SQL of our own and gives the rows of its last statement.
    pub fn query(&mut self, sql: &str) -> Result<Vec<Row>, DbError> {
        self.ahead = None;
        fault::point();
        let start = Instant::now();
        let answer = self.driver.query(sql);
        fault::point();
        self.log(sql, start.elapsed(), answer.as_ref().map(|(_, affected)| *affected));
        answer.map(|(rows, _)| rows).map_err(|error| error.redacted(&self.redactor))
    }

    /// Runs a statement of somebody else, and gives its rows with the names of their columns.
    pub fn query_named(&mut self, sql: &str) -> Result<Named, DbError> {
        self.ahead = None;
        fault::point();
        let start = Instant::now();
        let answer = self.driver.query_named(sql);
        fault::point();
        self.log(sql, start.elapsed(), answer.as_ref().map(|named| named.rows.len() as u64));
        answer.map_err(|error| error.redacted(&self.redactor))
    }

    /// Runs several statements of our own, and gives the rows of each.
    pub fn query_each(&mut self, statements: &[String]) -> Result<Vec<Vec<Row>>, DbError> {
        if let Some((_, answers)) = self.ahead.take().filter(|(queries, _)| queries == statements) {
            return Ok(answers);
        }
        fault::point();
        let start = Instant::now();
        let answer = self.driver.query_each(statements);
        fault::point();
        let rows = answer.as_ref().map(|all| all.iter().map(|rows| rows.len() as u64).sum());
        self.log(&statements.join("; "), start.elapsed(), rows);
        answer.map_err(|error| error.redacted(&self.redactor))
    }

    /// Runs SQL, and drops its rows.
    pub fn execute(&mut self, sql: &str) -> Result<(), DbError> {
        self.ahead = None;
        fault::point();
        let start = Instant::now();
        let answer = self.driver.execute(sql);
        fault::point();
        self.log(sql, start.elapsed(), answer.as_ref().copied());
        answer.map(|_| ()).map_err(|error| error.redacted(&self.redactor))
    }

    /// Runs a file and what is ours around it, in order, up to the first statement that fails. How it is sent is the
    /// driver's: logging changes nothing of it.
    pub fn run(&mut self, message: &Message<'_>, answers: &mut Answers) -> Result<(), Failure> {
        self.ahead = None;
        let Message { before, source, statements, after, .. } = message;
        fault::point();
        let result = self.driver.run(message, answers);
        fault::point();
        let took = &answers.took;
        // What came after the statement that failed was not run.
        for sql in before.iter().chain(after.iter().filter(|_| result.is_ok())) {
            self.log(sql, Duration::ZERO, Ok(0));
        }
        if took.len() <= statements.len() {
            for (statement, (rows, duration)) in statements.iter().zip(took) {
                self.log(statement.text, *duration, Ok(*rows));
            }
        } else {
            // A file that could not be split, or that the server splits otherwise, is one line.
            let (rows, duration) = took.iter().fold((0, Duration::ZERO), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            self.log(source, duration, Ok(rows));
        }
        result.map_err(|failure| {
            let failure = Failure { error: failure.error.redacted(&self.redactor), ..failure };
            let statement = failure.statement.and_then(|number| statements.iter().find(|one| one.number == number));
            self.log(statement.map_or("", |statement| statement.text), Duration::ZERO, Err(&failure.error));
            failure
        })
    }

    /// Whether a transaction is open; where the driver cannot tell, it is believed to be as it was asked for.
    #[must_use]
    pub fn in_transaction(&self, believed: bool) -> bool {
        self.driver.in_transaction().unwrap_or(believed)
    }

    /// Whether the connection is seen to be broken, without asking the server. `false`: it may be all the same.
    #[must_use]
    pub fn is_seen_broken(&mut self) -> bool {
        self.driver.is_seen_broken()
    }

    /// The number by which the server knows this connection.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        self.driver.id()
    }

    /// What cancels its running statement, from another thread.
    #[must_use]
    pub fn canceller(&self) -> Option<Canceller> {
        self.driver.canceller()
    }

    #[must_use]
    pub fn tls(&self) -> Option<String> {
        self.driver.tls()
    }

    /// What the server has said since this was last asked, without secrets.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        let mut notices = self.driver.take_notices();
        for notice in &mut notices {
            notice.message = self.redactor.redact(&notice.message);
        }
        notices
    }

    /// From now on these are masked too: what stands in a file that is run.
    pub fn hide(&mut self, secrets: &Redactor) {
        self.redactor.merge(secrets);
    }

    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn log(&self, sql: &str, took: Duration, outcome: Result<u64, &DbError>) {
        if let Err(error) = outcome {
            let cause = self.redactor.redact(&error.message);
            tracing::debug!(kind = error.kind.name(), sqlstate = error.sqlstate, cause, "statement failed");
        }
        let wanted = match self.log.sql {
            SqlLog::Off => false,
            SqlLog::Slow => took >= self.log.slow,
            SqlLog::All => true,
        };
        if wanted {
            let statement = text::shorten(&self.redactor.redact(&sql::without_values(sql, self.rules)), 2_000);
            let rows = outcome.unwrap_or(0);
            let failed = outcome.err().map(|error| error.kind.name());
            let ms = took.as_secs_f64() * 1_000.0;
            tracing::info!(target: "dbtool::sql", duration_ms = (ms * 1_000.0).round() / 1_000.0, rows, failed, statement);
        }
    }
}
