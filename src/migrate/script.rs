//! A step's files, read and checked before anything runs.

use std::sync::Arc;

use super::create::UNWRITTEN;
use super::direction::Direction;
use super::plan::Step;
use super::source::Metadata;
use super::sql_file::{Part, SqlFile};
use crate::db::{Dialect, Effect, Survey, dialect_of};
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
    /// The checks that follow an up.
    pub verify: Option<SqlFile>,
    /// The texts of both files, as the journal keeps them: if they are not too long.
    pub up: Option<Arc<str>>,
    pub down: Option<Arc<str>>,
    /// Of up.sql.
    pub checksum: String,
    /// Where the schema cannot be changed in a transaction: statements that change rows, one after the other, are one.
    pub groups: bool,
    /// What should be told of its metadata.toml.
    pub warnings: Vec<String>,
    /// It begins or ends transactions, which its metadata.toml does not allow, and was taken as if it did.
    pub breaks_out: bool,
    pub found: Found,
}

/// What was found when the file was read before anything is run.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// How many statements the file has; 0 where that is the server's to say.
    pub count: usize,
    /// What its statements mean for the transaction around them.
    pub survey: Survey,
    /// The length of the longest statement, in bytes, and where it begins.
    pub longest: (usize, usize),
    /// The statements that drop databases, and where they begin.
    pub drops: Vec<(String, usize)>,
    /// The passwords in it.
    pub secrets: Vec<String>,
    /// How many statements it begins with that only change their connection.
    pub idle: usize,
    /// The last statement that may bring back a table that is being rebuilt; 0: none.
    pub last_change: usize,
    /// A statement leaves something with its connection: how what follows is read may depend on it, and a rollback may not
    /// take it back.
    pub stays: bool,
    /// The first and the last of statements that change rows only, one after the other, where the schema cannot be changed in
    /// a transaction.
    groups: Vec<(usize, usize)>,
    /// Of its bytes, where it is read again to be run.
    hash: Option<blake3::Hash>,
    /// Whether it could be cut into statements. What cannot be is one message for the server.
    splits: bool,
}

impl Prepared {
    /// The statements of the file's whole text.
    #[must_use]
    pub fn statements<'a>(&self, text: &'a str, dialect: &'a dyn Dialect) -> Vec<Statement<'a>> {
        sql::split(text, dialect.rules()).unwrap_or_default()
    }

    /// Its down.sql holds no statement, so that what its up.sql makes outlives it.
    #[must_use]
    pub fn undoes_nothing(&self, dialect: &dyn Dialect) -> bool {
        self.step.direction == Direction::Up
            && self.down.as_deref().is_some_and(|down| self.statements(down, dialect).is_empty())
    }

    /// The file is as `migrate new` made it.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        self.file.held().is_some_and(|text| UNWRITTEN.contains(&&**text))
    }

    /// Goes through the file once more, to run it. A file that has changed meanwhile is an error, when all of it was read.
    pub fn parts<E: From<Error>>(
        &self,
        dialect: &dyn Dialect,
        mut take: impl FnMut(&Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let (false, Some(source)) = (self.found.splits, self.file.held()) {
            return take(&Part { source, at: 0, statements: Vec::new(), last: true });
        }
        if self.file.parts(dialect.rules(), take)? == self.found.hash {
            return Ok(());
        }
        Err(self.changed().into())
    }

    /// The error of a file that says something else than when it was looked at.
    #[must_use]
    pub fn changed(&self) -> Error {
        let message = format!("`{}` was changed while it ran", self.file.path.display());
        let error = Error::new(Code::MigrationFailed, message);
        if self.mode == Mode::Transaction { error.hint("run the same command again") } else { error }
    }

    /// The place of a byte offset in the file. Secrets in its line are masked.
    #[must_use]
    pub fn place(&self, dialect: &dyn Dialect, offset: usize) -> Place {
        self.found.masked(self.file.place(offset), dialect)
    }
}

impl Found {
    /// Whether it could be cut into statements.
    #[must_use]
    pub fn is_split(&self) -> bool {
        self.splits
    }

    /// The last of the statements that can share a transaction with this one.
    #[must_use]
    pub fn last_of_group(&self, number: usize) -> usize {
        let after = self.groups.partition_point(|(_, last)| *last < number);
        self.groups.get(after).map_or(number, |(_, last)| *last)
    }

    fn masked(&self, mut place: Place, dialect: &dyn Dialect) -> Place {
        place.excerpt = sql::mask(&place.excerpt, dialect.rules());
        // A secret may stand on a line whose announcement stands on another.
        for password in &self.secrets {
            place.excerpt = place.excerpt.replace(password, crate::secret::MASK);
        }
        place
    }
}

/// Reads and checks every step's files; the first that is wrong is the error, and nothing has been run. `atomic`: each must be
/// able to share a transaction with the others.
pub fn prepare(steps: &[Step], dialect: &dyn Dialect, atomic: bool) -> Result<Vec<Prepared>> {
    let asked = |at| Asked { atomic, first: at == 0, breaks_out: false };
    steps.iter().enumerate().map(|(at, step)| one(step, dialect, asked(at))).collect()
}

/// The same for a step that is only tried out: one that begins or ends transactions of its own is taken as it stands.
pub(super) fn prepare_as_it_stands(step: &Step, dialect: &dyn Dialect) -> Result<Prepared> {
    let asked = |breaks_out| Asked { atomic: false, first: true, breaks_out };
    match one(step, dialect, asked(false)) {
        Err(error) if error.code() == Code::SqlTransactionControl => one(step, dialect, asked(true)),
        prepared => prepared,
    }
}

/// What is asked of a step.
#[derive(Clone, Copy)]
struct Asked {
    /// To share a transaction with the others.
    atomic: bool,
    /// Of those it is the first.
    first: bool,
    /// To be taken as it stands, though it begins or ends transactions.
    breaks_out: bool,
}

fn one(step: &Step, dialect: &dyn Dialect, asked: Asked) -> Result<Prepared> {
    let Asked { atomic, first, breaks_out } = asked;
    let migration = &step.migration;
    let (metadata, warnings) = match &step.recorded {
        Some(texts) => (Metadata { run_in_transaction: texts.in_transaction, allow_commit: false }, Vec::new()),
        None => migration.metadata()?,
    };
    let (up, down) = match &step.recorded {
        Some(texts) => {
            let file = |name: &str, text: &Option<String>| {
                SqlFile::of(migration.directory.join(name), text.as_deref().unwrap_or_default())
            };
            (file("up.sql", &texts.up), Some(file("down.sql", &texts.down)))
        }
        None => (migration.up()?, migration.down()?),
    };
    if up.says_nothing() && step.recorded.is_none() {
        return Err(Error::new(Code::SourceEmpty, format!("`{}` is empty", up.path.display()))
            .hint("write the change into it; a comment alone makes it a migration that does nothing"));
    }
    // That of a long file is known from the reading of its directory, unless the server reads SQL in another way.
    let usual = std::ptr::eq(dialect.rules(), dialect_of(dialect.backend()).rules());
    let checksum = match (&migration.checksum, up.held()) {
        (Some(checksum), None) if usual => checksum.clone(),
        _ => up.checksum(dialect.rules())?,
    };
    let verify = match (step.direction, &step.recorded) {
        (Direction::Up, None) => migration.verify()?,
        _ => None,
    };
    if let Some(verify) = &verify {
        check_asks(verify, dialect)?;
    }
    let (up_text, down_text) = (up.held().cloned(), down.as_ref().and_then(|down| down.held().cloned()));
    let file = match (step.direction, down) {
        (Direction::Up, _) => up,
        (Direction::Down, Some(down)) => down,
        (Direction::Down, None) => {
            let message = format!("cannot revert: `{}` has no down.sql", migration.label());
            return Err(Error::new(Code::Irreversible, message).note("nothing was run"));
        }
    };
    let together = metadata.run_in_transaction && !metadata.allow_commit && !breaks_out;
    let whole = together && dialect.backend().transactional_ddl();
    let prepared = Prepared {
        step: step.clone(),
        mode: if whole || atomic { Mode::Transaction } else { Mode::Statements },
        file,
        verify,
        up: up_text,
        down: down_text,
        checksum,
        groups: together && !whole,
        warnings,
        breaks_out,
        found: Found::default(),
    };
    let (found, wrong) = look_through(&prepared, dialect)?;
    let prepared = Prepared { found, ..prepared };
    wrong.check(&prepared, dialect, (together, whole, atomic, first))?;
    Ok(prepared)
}

/// Checks that verify.sql only asks: whatever else it did would be part of the migration, and stand in no up.sql.
fn check_asks(verify: &SqlFile, dialect: &dyn Dialect) -> Result<()> {
    const ASK: &[&str] = &["SELECT", "WITH", "VALUES", "TABLE", "PRAGMA", "SHOW"];
    verify.parts(dialect.rules(), |part| {
        let asks = |statement: &&Statement<'_>| {
            ASK.iter().any(|word| statement.begins(&[word])) && !sql::changes_within(statement.text, dialect.rules())
        };
        match part.statements.iter().find(|statement| !asks(statement)) {
            None => Ok(()),
            Some(statement) => Err(Error::new(Code::SqlRefused, "a verify.sql holds queries, and nothing else")
                .at(verify.place(statement.start))
                .hint("write what changes something into the up.sql")),
        }
    })?;
    Ok(())
}

/// The first statements of a file that may not stand in it, each with where it begins.
#[derive(Default)]
struct Wrong {
    refused: Option<(usize, (&'static str, &'static str))>,
    /// It begins or ends a transaction: its first word.
    control: Option<(usize, String)>,
    /// It commits by itself, or may.
    commits: Option<usize>,
    /// A SAVEPOINT before any transaction control.
    savepoint: Option<usize>,
}

/// How statements begin that may bring back a table that is being rebuilt, or mend what refers to it.
const REBUILDS: &[&[&str]] = &[&["ALTER", "TABLE"], &["CREATE"], &["DROP"], &["DELETE"]];

/// Reads the file that is to be run.
fn look_through(prepared: &Prepared, dialect: &dyn Dialect) -> Result<(Found, Wrong)> {
    // Whatever may be wrong with its quotes.
    let held = prepared.file.held();
    let secrets = held.map(|text| sql::passwords(text, dialect.rules())).unwrap_or_default();
    let (mut found, mut wrong) = (Found { splits: true, secrets, ..Found::default() }, Wrong::default());
    let transactional = dialect.backend().transactional_ddl();
    let read = prepared.file.parts(dialect.rules(), |part| {
        if held.is_none() {
            found.secrets.extend(sql::passwords(part.source, dialect.rules()));
        }
        for statement in &part.statements {
            found.count = statement.number;
            found.longest = found.longest.max((statement.text.len(), statement.start));
            found.stays |= statement.begins(&["SET"]) || dialect.effect(statement) != Effect::None;
            found.survey.sets_transaction |= statement.begins(&["SET", "TRANSACTION"]);
            dialect.survey(statement, &mut found.survey);
            if statement.begins(&["DROP", "DATABASE"]) || statement.begins(&["DROP", "SCHEMA"]) {
                found.drops.push((statement.text.to_owned(), statement.start));
            }
            let start = statement.start;
            wrong.refused = wrong.refused.take().or_else(|| Some((start, dialect.refuses(statement)?)));
            if found.idle + 1 == statement.number && dialect.only_sets(statement) {
                found.idle = statement.number;
            }
            if REBUILDS.iter().any(|words| statement.begins(words)) {
                found.last_change = statement.number;
            }
            if !transactional {
                let joins = dialect.can_join_journal(statement);
                if !joins {
                    wrong.commits.get_or_insert(start);
                }
                match found.groups.last_mut() {
                    Some((_, last)) if joins && *last + 1 == statement.number => *last = statement.number,
                    _ if joins => found.groups.push((statement.number, statement.number)),
                    _ => {}
                }
            }
            if statement.begins(&["SAVEPOINT"]) && wrong.control.is_none() {
                wrong.savepoint.get_or_insert(start);
            }
            if statement.is_transaction_control() && wrong.control.is_none() {
                wrong.control = Some((start, statement.head().first().cloned().unwrap_or_default()));
            }
        }
        Ok::<(), Error>(())
    });
    match read {
        Ok(hash) => Ok((Found { hash, ..found }, wrong)),
        Err(error) if error.code() == Code::SqlUnterminated => {
            // Whoever runs the file as a whole, and takes all of it back, may judge it: our splitter may be wrong.
            if prepared.mode == Mode::Transaction && dialect.backend().takes_scripts() && held.is_some() {
                return Ok((Found { secrets: found.secrets, ..Found::default() }, Wrong::default()));
            }
            let masked = error.place().map(|place| found.masked(place.clone(), dialect));
            Err(masked.into_iter().fold(error, Error::at))
        }
        Err(error) => Err(error),
    }
}

impl Wrong {
    fn check(
        self,
        prepared: &Prepared,
        dialect: &dyn Dialect,
        (together, whole, atomic, first): (bool, bool, bool, bool),
    ) -> Result<()> {
        let at = |error: Error, start: usize| error.at(prepared.place(dialect, start));
        if let Some((start, (why, hint))) = self.refused {
            return Err(at(Error::new(Code::SqlRefused, why), start).hint(hint));
        }
        if atomic {
            let label = prepared.step.migration.label();
            let error = Error::new(Code::NotAtomic, format!("`{label}` cannot share a transaction with the others"));
            let before = if first { "" } else { "those before it with `--to`, and then " };
            let hint = format!("leave out `--atomic`, or run {before}`{label}` by itself with `--steps 1`");
            if !together {
                let file = prepared.step.migration.directory.join("metadata.toml");
                let why = format!("`{}` has it run without a transaction", file.display());
                return Err(error.because(why).hint(hint));
            }
            if let Some(start) = self.commits {
                let why = format!("{} commits when it runs this statement, or may", dialect.backend());
                return Err(at(error.because(why), start).hint(hint));
            }
        }
        if let (Some((start, word)), true) = (self.control, whole) {
            let error = Error::new(
                Code::SqlTransactionControl,
                format!("`{word}` stands in a migration that runs in a transaction"),
            );
            return Err(at(error, start)
                .hint("leave it out: dbtool begins and commits")
                .hint("or write `allow_commit = true` into its metadata.toml: it then runs statement by statement, and is not all or nothing"));
        }
        // Outside of a transaction SQLite's SAVEPOINT begins one that nothing tells us of.
        let unseen = !prepared.groups && prepared.mode == Mode::Statements && !dialect.backend().takes_scripts();
        if let (Some(start), true) = (self.savepoint, unseen) {
            let error = Error::new(Code::SqlTransactionControl, "a SAVEPOINT stands outside of any transaction");
            return Err(at(error, start).hint(
                "write BEGIN and COMMIT around it, with `allow_commit = true` in the migration's metadata.toml",
            ));
        }
        Ok(())
    }
}
