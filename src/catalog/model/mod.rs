//! The structs. Texts are the server's own: a type, a default, an expression stand here as the server writes them.
//!
//! Serialized they are `schema dump -o json`; docs/schema.json is its JSON Schema.

mod table;

pub use table::{
    Check, Column, Exclusion, ForeignKey, Generated, Identity, Index, IndexPart, Key, Order, Policy, Table, TableKind,
    Trigger,
};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::backend::Backend;

/// What a name stands for within its kind. Objects of the connection's own schema have no schema here, so that two
/// databases are the same whatever it is called; those of others have theirs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Name {
    /// PostgreSQL alone has them.
    pub schema: Option<String>,
    pub name: String,
}

impl Name {
    #[must_use]
    pub fn of(schema: Option<&str>, name: &str) -> Self {
        Self { schema: schema.map(str::to_owned), name: name.to_owned() }
    }
}

/// `orders`, or `audit.events`
impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What only one backend knows of an object: `engine`, `charset`, `strict`, `unlogged`, a storage parameter …
pub type Options = BTreeMap<String, String>;

/// A whole database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    pub backend: Backend,
    /// What it was read from. No part of what is compared.
    #[serde(default)]
    pub server: Option<Server>,
    /// Of all that is modelled; what is measured, and the order of columns, is no part of it.
    #[serde(default)]
    pub fingerprint: String,
    /// PostgreSQL's schemas, except the connection's own.
    #[serde(default)]
    pub schemas: Vec<Object>,
    #[serde(default)]
    pub extensions: Vec<Extension>,
    #[serde(default)]
    pub enums: Vec<Enum>,
    #[serde(default)]
    pub domains: Vec<Domain>,
    #[serde(default)]
    pub composites: Vec<Composite>,
    #[serde(default)]
    pub sequences: Vec<Sequence>,
    pub tables: Vec<Table>,
    #[serde(default)]
    pub views: Vec<View>,
    #[serde(default)]
    pub routines: Vec<Routine>,
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// What is there, and cannot be made anew: compared by kind and name, and by its definition where that is known.
    #[serde(default)]
    pub not_modelled: Vec<Object>,
    /// What the user has no right to see, or the server could not say: nothing is known of it.
    #[serde(default)]
    pub not_seen: Vec<Object>,
    /// How it can be made anew, where names alone do not tell. No part of what is compared.
    #[serde(skip)]
    pub making: Making,
}

/// A server by its own name and version: `MariaDB`, `10.11.14-MariaDB`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Server {
    pub name: String,
    pub version: String,
}

impl Server {
    /// Its version, as far as servers that share it write texts in one way: `16`, `10.11`.
    #[must_use]
    pub fn series(&self) -> &str {
        let dots = if self.name == Backend::Postgres.title() { 1 } else { 2 };
        let version = self.version.split(|c: char| !(c.is_ascii_digit() || c == '.')).next().unwrap_or_default();
        version.match_indices('.').nth(dots - 1).map_or(version, |(at, _)| &version[..at])
    }
}

/// `PostgreSQL 16`
impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.series())
    }
}

/// What the statements that make a schema must heed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Making {
    /// PostgreSQL: types, sequences, routines (with their arguments), tables and views, each behind all that its text names.
    pub order: Vec<Object>,
    /// The defaults and checks that need what needs their table: table, and column or check.
    pub later: Vec<(Name, String)>,
    /// The views that others need before their own queries can be made.
    pub views: Vec<Name>,
    /// MySQL: the `sql_mode` that whatever has a body was made in, unless it says another.
    pub sql_mode: Option<String>,
}

impl Catalog {
    #[must_use]
    pub fn empty(backend: Backend) -> Self {
        Self {
            backend,
            server: None,
            fingerprint: String::new(),
            schemas: Vec::new(),
            extensions: Vec::new(),
            enums: Vec::new(),
            domains: Vec::new(),
            composites: Vec::new(),
            sequences: Vec::new(),
            tables: Vec::new(),
            views: Vec::new(),
            routines: Vec::new(),
            grants: Vec::new(),
            not_modelled: Vec::new(),
            not_seen: Vec::new(),
            making: Making::default(),
        }
    }

    /// Reads a dumped one.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let mut catalog: Self = serde_json::from_str(text)?;
        catalog.settle();
        Ok(catalog)
    }

    /// Puts everything but columns into the order of names, and takes the fingerprint.
    pub(super) fn settle(&mut self) {
        self.schemas.sort();
        self.extensions.sort_by(|a, b| a.name.cmp(&b.name));
        self.enums.sort_by(|a, b| a.name.cmp(&b.name));
        self.domains.sort_by(|a, b| a.name.cmp(&b.name));
        self.composites.sort_by(|a, b| a.name.cmp(&b.name));
        self.sequences.sort_by(|a, b| a.name.cmp(&b.name));
        self.tables.sort_by(|a, b| a.name.cmp(&b.name));
        self.views.sort_by(|a, b| a.name.cmp(&b.name));
        self.routines.sort_by(|a, b| (&a.name, &a.arguments).cmp(&(&b.name, &b.arguments)));
        self.grants.sort();
        self.not_modelled.sort();
        self.not_seen.sort();
        for table in &mut self.tables {
            table.foreign_keys.sort_by(|a, b| (&a.name, &a.columns).cmp(&(&b.name, &b.columns)));
            table.uniques.sort_by(|a, b| (&a.name, &a.columns).cmp(&(&b.name, &b.columns)));
            table.checks.sort_by(|a, b| (&a.name, &a.expression).cmp(&(&b.name, &b.expression)));
            table.exclusions.sort_by(|a, b| a.name.cmp(&b.name));
            table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
            table.triggers.sort_by(|a, b| a.name.cmp(&b.name));
            table.policies.sort_by(|a, b| a.name.cmp(&b.name));
        }
        for view in &mut self.views {
            view.indexes.sort_by(|a, b| a.name.cmp(&b.name));
            view.triggers.sort_by(|a, b| a.name.cmp(&b.name));
        }
        self.fingerprint = super::fingerprint::of(self);
    }

    /// A table by its name as it is shown; one of the connection's own schema by its bare name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.to_string() == name)
    }

    /// A view, likewise.
    #[must_use]
    pub fn view(&self, name: &str) -> Option<&View> {
        self.views.iter().find(|view| view.name.to_string() == name)
    }

    /// The foreign keys of others that refer to a table.
    pub fn referrers<'c>(&'c self, table: &'c Name) -> impl Iterator<Item = (&'c Table, &'c ForeignKey)> {
        let keys = self.tables.iter().flat_map(|other| other.foreign_keys.iter().map(move |key| (other, key)));
        keys.filter(move |(_, key)| key.to == *table)
    }
}

/// Something of which no more is known than what it is called, and perhaps what it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object {
    /// In the server's words: `aggregate`, `event trigger`, `publication` …
    pub kind: String,
    #[serde(flatten)]
    pub name: Name,
    /// What it is made of, where the server tells that as one text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
}

impl Object {
    #[must_use]
    pub fn new(kind: impl Into<String>, name: Name) -> Self {
        Self { kind: kind.into(), name, definition: None }
    }
}

/// Who may do what with an object, as far as that is not as usual; or whose it is, or as whom it works. Roles stand beside a
/// database and not in it: this is told, and no part of the fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// What is granted on: `table`, `column`, `function` …
    pub kind: String,
    #[serde(flatten)]
    pub name: Name,
    pub role: String,
    /// `SELECT`, `no EXECUTE`, `OWNER`, `DEFINER`
    pub right: String,
}

/// `SELECT on table orders to reader`
impl std::fmt::Display for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, name, role, right } = self;
        write!(f, "{right} on {kind} {name} to {role}")
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    #[serde(flatten)]
    pub name: Name,
    pub materialized: bool,
    pub columns: Vec<Column>,
    /// The query.
    pub body: String,
    pub indexes: Vec<Index>,
    pub triggers: Vec<Trigger>,
    pub comment: Option<String>,
    /// `security_barrier`, `check_option`, `algorithm` …
    pub options: Options,
    /// The statement that made it, where the database keeps one: SQLite. No part of what is compared.
    #[serde(skip)]
    pub sql: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Routine {
    #[serde(flatten)]
    pub name: Name,
    /// `function` or `procedure`
    pub kind: String,
    /// With their types, as the server writes them: two may have one name.
    pub arguments: String,
    pub returns: Option<String>,
    pub language: String,
    pub body: String,
    pub comment: Option<String>,
    /// `volatility`, `security`, `deterministic` …
    pub options: Options,
    /// The server's own statement, where it has one. No part of what is compared.
    #[serde(skip)]
    pub sql: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Enum {
    #[serde(flatten)]
    pub name: Name,
    /// In their order.
    pub values: Vec<String>,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Domain {
    #[serde(flatten)]
    pub name: Name,
    #[serde(rename = "type")]
    pub type_name: String,
    pub nullable: bool,
    pub default: Option<String>,
    pub collation: Option<String>,
    pub checks: Vec<Check>,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Composite {
    #[serde(flatten)]
    pub name: Name,
    /// Names and types.
    pub attributes: Vec<(String, String)>,
    pub comment: Option<String>,
    /// `collation of name`, `comment of name`
    #[serde(default)]
    pub options: Options,
}

/// A sequence. That of an identity column is part of the column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    #[serde(flatten)]
    pub name: Name,
    #[serde(rename = "type")]
    pub type_name: String,
    pub start: String,
    pub increment: String,
    pub minimum: String,
    pub maximum: String,
    pub cache: String,
    pub cycle: bool,
    /// The table and column that it goes with.
    pub owned_by: Option<(Name, String)>,
    pub comment: Option<String>,
    /// `unlogged`
    #[serde(default)]
    pub options: Options,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extension {
    pub name: String,
    /// Where its objects stand.
    pub schema: Option<String>,
    /// Told, and not compared: servers of two versions bring two.
    pub version: String,
    /// Where it is not the one that the extension brings.
    #[serde(default)]
    pub comment: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_of_servers_is_told_by_its_version() {
        for (name, version, expected) in [
            ("PostgreSQL", "16.4 (Debian 16.4-1)", "PostgreSQL 16"),
            ("PostgreSQL", "18beta1", "PostgreSQL 18"),
            ("MariaDB", "10.11.14-MariaDB-0+deb12u2", "MariaDB 10.11"),
            ("SQLite", "3.46.0", "SQLite 3.46"),
        ] {
            assert_eq!(Server { name: name.into(), version: version.into() }.to_string(), expected);
        }
    }
}
