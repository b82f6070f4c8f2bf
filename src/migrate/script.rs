//! A step's files, read and checked before anything runs.

use super::direction::Direction;
use super::plan::Step;
use super::source::{Down, SqlFile};
use crate::db::{Dialect, Survey};
use crate::error::{Code, Error, Place, Result};
use crate::sql::{self, Statement};

/// How a file is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All or nothing.
    Transaction,
    /// Statement by statement, each noted in the journal.
    Statements,
}

/// A step that is ready to be run.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub step: Step,
    pub mode: Mode,
    /// The file that is run.
    pub file: SqlFile,
    /// The texts of both files, as the journal keeps them.
    pub up: String,
    pub down: Option<String>,
    /// Of up.sql.
    pub checksum: String,
    /// How many statements the file has; 0 where that is the server's to say.
    pub count: usize,
    /// Where the schema cannot be changed in a transaction: statements that change rows, one after the other, are one.
    pub groups: bool,
    /// What its statements mean for the transaction around them.
    pub survey: Survey,
}

impl Prepared {
    /// The statements of the file. A file that could not be split is one message for the server.
    #[must_use]
    pub fn statements<'a>(&'a self, dialect: &'a dyn Dialect) -> Vec<Statement<'a>> {
        sql::split(&self.file.text, dialect.rules()).unwrap_or_default()
    }

    /// The place of a byte offset in the file. Secrets in its line are masked.
    #[must_use]
    pub fn place(&self, dialect: &dyn Dialect, offset: usize) -> Place {
        let mut place = Place::of(&self.file.path, &self.file.text, offset);
        place.excerpt = sql::mask(&place.excerpt, dialect.rules());
        // A secret may stand on a line whose announcement stands on another.
        for password in sql::passwords(&self.file.text, dialect.rules()) {
            place.excerpt = place.excerpt.replace(&password, crate::secret::MASK);
        }
        place
    }
}

/// Reads and checks every step's files; the first that is wrong is the error, and nothing has been run. `atomic`: each must be
/// able to share a transaction with the others.
pub fn prepare(steps: &[Step], dialect: &dyn Dialect, atomic: bool) -> Result<Vec<Prepared>> {
    steps.iter().map(|step| one(step, dialect, atomic)).collect()
}

fn one(step: &Step, dialect: &dyn Dialect, atomic: bool) -> Result<Prepared> {
    let migration = &step.migration;
    let (up, down) = match &step.recorded {
        Some(texts) => {
            let file = |name: &str, text: &Option<String>| SqlFile {
                path: migration.directory.join(name),
                text: text.clone().unwrap_or_default(),
            };
            (file("up.sql", &texts.up), Some(file("down.sql", &texts.down)))
        }
        None if migration.down == Down::Missing => (migration.up()?, None),
        None => (migration.up()?, Some(migration.down()?)),
    };
    if up.text.trim().is_empty() && step.recorded.is_none() {
        return Err(Error::new(Code::SourceEmpty, format!("`{}` is empty", up.path.display()))
            .hint("write the change into it; a comment alone makes it a migration that does nothing"));
    }
    let checksum = sql::checksum(&up.text, dialect.rules());
    let (up_text, down_text) = (up.text.clone(), down.as_ref().map(|down| down.text.clone()));
    let file = match (step.direction, down) {
        (Direction::Down, Some(down)) => down,
        _ => up,
    };
    let together = migration.run_in_transaction && !migration.allow_commit;
    let whole = together && dialect.backend().transactional_ddl();
    let mut mode = if whole { Mode::Transaction } else { Mode::Statements };
    let groups = together && !whole;
    let mut prepared = Prepared {
        step: step.clone(),
        mode,
        file,
        up: up_text,
        down: down_text,
        checksum,
        count: 0,
        groups,
        survey: Survey::default(),
    };
    let statements = match sql::split(&prepared.file.text, dialect.rules()) {
        Ok(statements) => statements,
        // Whoever runs the file as a whole, and takes all of it back, may judge it: our splitter may be wrong.
        Err(_) if mode == Mode::Transaction && dialect.backend().takes_scripts() => Vec::new(),
        Err(unterminated) => {
            let error =
                Error::new(Code::SqlUnterminated, format!("a {} begins here, and never ends", unterminated.what));
            return Err(error
                .at(prepared.place(dialect, unterminated.start))
                .hint(format!("close the {}: it takes in all that follows", unterminated.what)));
        }
    };
    let mut survey = Survey::default();
    for statement in &statements {
        survey.sets_transaction |= statement.begins(&["SET", "TRANSACTION"]);
        dialect.survey(statement, &mut survey);
        if let Some((why, hint)) = dialect.refuses(statement) {
            return Err(Error::new(Code::SqlRefused, why).at(prepared.place(dialect, statement.start)).hint(hint));
        }
    }
    if atomic {
        check_shares(&prepared, &statements, together, dialect)?;
        mode = Mode::Transaction;
    }
    let control = statements.iter().find(|statement| statement.is_transaction_control());
    if let (Some(statement), Mode::Transaction, true) = (control, mode, whole) {
        let word = statement.head().first().cloned().unwrap_or_default();
        return Err(Error::new(Code::SqlTransactionControl, format!("`{word}` stands in a migration that runs in a transaction"))
            .at(prepared.place(dialect, statement.start))
            .hint("leave it out: dbtool begins and commits")
            .hint("or write `allow_commit = true` into its metadata.toml: it then runs statement by statement, and is not all or nothing"));
    }
    // Outside of a transaction SQLite's SAVEPOINT begins one that nothing tells us of.
    let begun = statements.iter().position(Statement::is_transaction_control).unwrap_or(statements.len());
    let savepoint = statements[..begun].iter().find(|statement| statement.begins(&["SAVEPOINT"]));
    if let (Some(statement), Mode::Statements, false) =
        (savepoint.filter(|_| !groups), mode, dialect.backend().takes_scripts())
    {
        return Err(Error::new(Code::SqlTransactionControl, "a SAVEPOINT stands outside of any transaction")
            .at(prepared.place(dialect, statement.start))
            .hint("write BEGIN and COMMIT around it, with `allow_commit = true` in the migration's metadata.toml"));
    }
    prepared.count = statements.len();
    prepared.survey = survey;
    prepared.mode = mode;
    Ok(prepared)
}

/// Whether a file can share a transaction with others.
fn check_shares(
    prepared: &Prepared,
    statements: &[Statement<'_>],
    together: bool,
    dialect: &dyn Dialect,
) -> Result<()> {
    let label = prepared.step.migration.label();
    let error = Error::new(Code::NotAtomic, format!("`{label}` cannot share a transaction with the others"));
    let hint = format!("leave out `--atomic`, or run those before it with `--to`, and then `{label}` by itself");
    if !together {
        let file = prepared.step.migration.directory.join("metadata.toml");
        let why = format!("`{}` has it run without a transaction", file.display());
        return Err(error.because(why).hint(hint));
    }
    let commits = |one: &&Statement<'_>| !dialect.backend().transactional_ddl() && !dialect.can_join_journal(one);
    match statements.iter().find(commits) {
        Some(statement) => Err(error
            .because(format!("{} commits when it runs this statement, or may", dialect.backend()))
            .at(prepared.place(dialect, statement.start))
            .hint(hint)),
        None => Ok(()),
    }
}
