//! The structs. Texts are the server's own: a type, a default, an expression stand here as the server writes them.
//!
//! Serialized they are `schema dump -o json`; docs/schema.json is its JSON Schema.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::types::Type;
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
    /// What is there, and is not compared: each by its kind and name.
    #[serde(default)]
    pub not_modelled: Vec<Object>,
    /// What the user has no right to see, or the server could not say: nothing is known of it.
    #[serde(default)]
    pub not_seen: Vec<Object>,
    /// How it can be made anew, where names alone do not tell. No part of what is compared.
    #[serde(skip)]
    pub making: Making,
}

/// What the statements that make a schema must heed: PostgreSQL.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Making {
    /// Types, sequences, routines (with their arguments), tables and views, each behind all that its text names.
    pub order: Vec<Object>,
    /// The defaults and checks that need what needs their table: table, and column or check.
    pub later: Vec<(Name, String)>,
}

impl Catalog {
    #[must_use]
    pub fn empty(backend: Backend) -> Self {
        Self {
            backend,
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

/// Something of which only kind and name are known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object {
    /// In the server's words: `aggregate`, `event trigger`, `publication` …
    pub kind: String,
    #[serde(flatten)]
    pub name: Name,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    #[serde(flatten)]
    pub name: Name,
    pub kind: TableKind,
    pub comment: Option<String>,
    /// An estimate, as of the last ANALYZE. Measured, as `bytes` is.
    pub rows: Option<u64>,
    /// With its indexes.
    pub bytes: Option<u64>,
    /// In the order of the table.
    pub columns: Vec<Column>,
    pub primary_key: Option<Key>,
    pub foreign_keys: Vec<ForeignKey>,
    /// Unique constraints. A unique index that no constraint made stands among the indexes.
    pub uniques: Vec<Key>,
    pub checks: Vec<Check>,
    pub exclusions: Vec<Exclusion>,
    pub indexes: Vec<Index>,
    pub triggers: Vec<Trigger>,
    /// Row-level security.
    pub policies: Vec<Policy>,
    /// The tables that it inherits from, or is a partition of.
    pub inherits: Vec<Name>,
    /// How it is partitioned: `RANGE (created_at)`.
    pub partition_by: Option<String>,
    /// Which rows a partition takes: `FOR VALUES IN (1)`.
    pub partition_bound: Option<String>,
    pub options: Options,
    /// The statement that made it, where the database keeps one: SQLite. No part of what is compared.
    #[serde(skip)]
    pub sql: Option<String>,
}

impl Table {
    #[must_use]
    pub fn new(name: Name, kind: TableKind) -> Self {
        Self {
            name,
            kind,
            comment: None,
            rows: None,
            bytes: None,
            columns: Vec::new(),
            primary_key: None,
            foreign_keys: Vec::new(),
            uniques: Vec::new(),
            checks: Vec::new(),
            exclusions: Vec::new(),
            indexes: Vec::new(),
            triggers: Vec::new(),
            policies: Vec::new(),
            inherits: Vec::new(),
            partition_by: None,
            partition_bound: None,
            options: Options::new(),
            sql: None,
        }
    }

    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    Table,
    /// It has partitions.
    Partitioned,
    Partition,
    /// Its rows stand on another server.
    Foreign,
    /// SQLite: a module makes its rows.
    Virtual,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// As the server writes it: `character varying(255)`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What that is on any backend.
    pub neutral: Type,
    pub nullable: bool,
    /// SQLite: never NULL, being the number of the row, and not said to be. No part of what is compared.
    #[serde(skip)]
    pub said_nullable: bool,
    /// An expression, as it would stand behind DEFAULT.
    pub default: Option<String>,
    /// The database counts it up by itself.
    pub identity: Option<Identity>,
    pub generated: Option<Generated>,
    /// Where it is not the usual one of its type, table or database.
    pub collation: Option<String>,
    /// MySQL: what stands behind ON UPDATE.
    pub on_update: Option<String>,
    pub comment: Option<String>,
    pub options: Options,
}

impl Column {
    #[must_use]
    pub fn new(name: impl Into<String>, type_name: impl Into<String>, neutral: Type) -> Self {
        Self {
            name: name.into(),
            type_name: type_name.into(),
            neutral,
            nullable: true,
            said_nullable: false,
            default: None,
            identity: None,
            generated: None,
            collation: None,
            on_update: None,
            comment: None,
            options: Options::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// GENERATED ALWAYS AS IDENTITY
    Always,
    /// GENERATED BY DEFAULT AS IDENTITY
    ByDefault,
    /// `AUTO_INCREMENT`, AUTOINCREMENT
    AutoIncrement,
    /// SQLite: an INTEGER PRIMARY KEY is the number of the row.
    RowId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    pub expression: String,
    /// Otherwise it is computed when it is read.
    pub stored: bool,
}

/// A primary key or unique constraint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// None where the database gives none: SQLite.
    pub name: Option<String>,
    pub columns: Vec<String>,
    /// Columns that stand in its index only to be read.
    pub included: Vec<String>,
    /// `deferrable`, `initially deferred`, `nulls not distinct`, `on conflict`, a prefix length …
    pub options: Options,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// None where it has none: SQLite.
    pub name: Option<String>,
    pub columns: Vec<String>,
    pub to: Name,
    /// The columns that it refers to; those of the primary key where none are named.
    pub to_columns: Vec<String>,
    /// `no action`, `restrict`, `cascade`, `set null`, `set default`
    pub on_delete: String,
    pub on_update: String,
    /// `immediate` or `deferred` where it is deferrable: what it is at the start of a transaction.
    pub deferrable: Option<String>,
    /// False: rows that were there before it were not looked at.
    pub valid: bool,
    /// `match full`, the columns of SET NULL …
    pub options: Options,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub name: Option<String>,
    pub expression: String,
    pub valid: bool,
    pub options: Options,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exclusion {
    pub name: String,
    /// What stands behind CONSTRAINT and its name.
    pub definition: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Index {
    pub name: String,
    pub unique: bool,
    /// `btree`, `gin`, `fulltext` …
    pub method: String,
    pub parts: Vec<IndexPart>,
    /// Columns that stand in it only to be read.
    pub included: Vec<String>,
    /// Which rows are in it.
    pub predicate: Option<String>,
    pub valid: bool,
    pub comment: Option<String>,
    pub options: Options,
    /// The server's own statement, where it has one. No part of what is compared.
    #[serde(skip)]
    pub sql: Option<String>,
}

/// A column or expression of an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexPart {
    pub column: Option<String>,
    /// Where it is no column.
    pub expression: Option<String>,
    pub order: Order,
    /// Collation, operator class, prefix length, `nulls`: where they are not the usual ones.
    pub options: Options,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    #[default]
    Ascending,
    Descending,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    pub name: String,
    /// `before`, `after`, `instead of`
    pub timing: String,
    /// `insert`, `update`, `update of total`, `delete`, `truncate`
    pub events: Vec<String>,
    /// Once for each row, or once for each statement.
    pub for_each_row: bool,
    pub condition: Option<String>,
    /// PostgreSQL: the call. MySQL and SQLite: the statements.
    pub body: String,
    pub enabled: bool,
    pub comment: Option<String>,
    pub options: Options,
    /// The server's own statement, where it has one. No part of what is compared.
    #[serde(skip)]
    pub sql: Option<String>,
}

/// A policy of row-level security. Whether it is on is among the table's options: `row_security`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    pub name: String,
    pub permissive: bool,
    /// `all`, `select`, `insert`, `update`, `delete`
    pub command: String,
    /// `public`, or those that it holds for.
    pub roles: Vec<String>,
    pub using: Option<String>,
    pub check: Option<String>,
    pub comment: Option<String>,
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
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extension {
    pub name: String,
    /// Where its objects stand.
    pub schema: Option<String>,
    /// Told, and not compared: servers of two versions bring two.
    pub version: String,
}
