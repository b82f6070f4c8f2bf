//! What dbtool keeps about a database itself: which environment it belongs to.

use super::dialect::{Dialect, Home};
use super::error::DbError;
use super::session::{Row, Session};
use crate::error::{Code, Error};

/// The table. A newer dbtool that changes the form of our tables raises the `format` in it.
pub const TABLE: &str = "__dbtool_meta";
const FORMAT: i64 = 1;

/// What stands in the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta {
    /// The environment that the database is stamped as.
    pub environment: Option<String>,
    /// Our tables have a form that this dbtool does not know.
    pub too_new: bool,
}

impl Meta {
    /// From the rows of the [`query`].
    #[must_use]
    pub fn of(rows: &[Row]) -> Self {
        let value = |name| rows.iter().find(|row| row.text(0) == name).map(|row| row.text(1).to_owned());
        let format = value("format").and_then(|text| text.parse::<i64>().ok());
        Self { environment: value("environment"), too_new: format.is_some_and(|format| format > FORMAT) }
    }

    /// Refuses to change a database that is stamped as another environment's.
    pub fn check(&self, environment: &str) -> crate::error::Result<()> {
        let Some(stamped) = self.environment.as_deref().filter(|stamped| *stamped != environment) else {
            return Ok(());
        };
        let message = format!("the database is stamped as `{stamped}`, and this command is for `{environment}`");
        Err(Error::new(Code::OtherEnvironment, message)
            .hint(format!("`--env {stamped}`, if you mean that environment"))
            .hint(format!(
                "`dbtool db stamp {environment} --confirm {stamped}`, with the `--env` and `--url` of this command, \
                 if it is a copy that now belongs to `{environment}`"
            )))
    }
}

/// Reads it; makes nothing.
pub fn read(session: &mut Session, dialect: &dyn Dialect, home: &Home) -> Result<Meta, DbError> {
    let rows = query(dialect, home).map(|sql| session.query(&sql)).transpose()?;
    Ok(Meta::of(&rows.unwrap_or_default()))
}

/// The query for it; `None`: the table is not there.
#[must_use]
pub fn query(dialect: &dyn Dialect, home: &Home) -> Option<String> {
    home.meta.then(|| format!("SELECT name, value FROM {}", home.table(dialect, TABLE)))
}

/// The statements that make the table where it is missing.
#[must_use]
pub fn create(dialect: &dyn Dialect, home: &Home) -> Vec<String> {
    if home.meta {
        return Vec::new();
    }
    let table = home.table(dialect, TABLE);
    vec![
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (name VARCHAR(64) NOT NULL PRIMARY KEY, value VARCHAR(255) NOT NULL){}",
            dialect.types().table
        ),
        format!(
            "INSERT INTO {table} (name, value) SELECT 'format', '{FORMAT}' WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE name = 'format')"
        ),
    ]
}

/// The statement that stamps the database as an environment's, unless it is stamped. The table must be there.
#[must_use]
pub fn stamp_if_none(dialect: &dyn Dialect, home: &Home, environment: &str) -> String {
    let (table, name) = (home.table(dialect, TABLE), dialect.literal(environment));
    format!(
        "INSERT INTO {table} (name, value) SELECT 'environment', {name} \
         WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE name = 'environment')"
    )
}

/// The statements that stamp the database as an environment's, whatever it was before. The table must be there.
#[must_use]
pub fn stamp(dialect: &dyn Dialect, home: &Home, environment: &str) -> Vec<String> {
    let table = home.table(dialect, TABLE);
    let name = dialect.literal(environment);
    vec![
        format!("DELETE FROM {table} WHERE name = 'environment'"),
        format!("INSERT INTO {table} (name, value) VALUES ('environment', {name})"),
    ]
}
