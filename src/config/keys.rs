//! Every setting there is: its name, what it may be, its default. The one table; help and docs are made from it.

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A path; a relative one starts from the file that holds it.
    Path,
    Secret,
    Url,
    Number,
    Flag,
    Duration,
    Choice(&'static [&'static str]),
    List,
    /// Texts by name.
    Table,
}

impl Kind {
    /// What a value is asked to be, for an error and for the docs.
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Kind::Text => "text".into(),
            Kind::Path => "a path".into(),
            Kind::Secret => "a secret: a reference such as `${VAR}`".into(),
            Kind::Url => "a database URL".into(),
            Kind::Number => "a whole number".into(),
            Kind::Flag => "`true` or `false`".into(),
            Kind::Duration => "a duration with its unit, such as `500ms`, `2s` or `5m`".into(),
            Kind::Choice(choices) => {
                let choices: Vec<_> = choices.iter().map(|choice| format!("`{choice}`")).collect();
                format!("one of {}", choices.join(", "))
            }
            Kind::List => "a list of texts".into(),
            Kind::Table => "a table of texts".into(),
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its section, or nothing for those at the top and those of an environment.
    pub section: &'static str,
    pub name: &'static str,
    pub kind: Kind,
    pub default: &'static str,
    pub about: &'static str,
}

const fn key(section: &'static str, name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Key {
    Key { section, name, kind, default, about }
}

const POLICY: Kind = Kind::Choice(&["warn", "refuse", "allow"]);

/// The settings that stand in a section, or at the top: for all environments, or for one under `[env.NAME.section]`.
pub const KEYS: &[Key] = &[
    key("", "default_env", Kind::Text, "dev", "the environment where none is named"),
    key("pool", "max", Kind::Number, "20", "most connections in the pool"),
    key("pool", "min", Kind::Number, "5", "connections that the pool keeps open"),
    key("pool", "acquire_timeout", Kind::Duration, "30s", "how long to wait for a connection of the pool"),
    key("pool", "idle_timeout", Kind::Duration, "10s", "when an unused connection above the minimum is closed"),
    key("pool", "connect_timeout", Kind::Duration, "10s", "how long one attempt to connect may take"),
    key("retry", "attempts", Kind::Number, "5", "how often a failure that can pass is tried, the first included"),
    key("retry", "base", Kind::Duration, "200ms", "the first pause between attempts; each one doubles it"),
    key("retry", "max", Kind::Duration, "5s", "the longest pause between attempts"),
    key("retry", "deadline", Kind::Duration, "30s", "when to give up, whatever the attempts"),
    key("migrate", "dir", Kind::Path, "", "the migrations directory"),
    key("migrate", "lock_wait", Kind::Duration, "60s", "how long to wait for another runner"),
    key("migrate", "lock_timeout", Kind::Duration, "5s", "how long a statement may wait for a lock; 0: for ever"),
    key(
        "migrate",
        "concurrently_lock_timeout",
        Kind::Duration,
        "0",
        "the same for statements such as CREATE INDEX CONCURRENTLY",
    ),
    key("migrate", "statement_timeout", Kind::Duration, "0", "how long a statement may take; 0: for ever"),
    key(
        "migrate",
        "transaction",
        Kind::Choice(&["each", "all"]),
        "each",
        "one transaction for each migration, or, as with `--atomic`, for all",
    ),
    key("migrate", "out_of_order", POLICY, "warn", "a pending migration is older than an applied one"),
    key("migrate", "changed", POLICY, "refuse", "an applied migration's file was changed"),
    key("migrate", "missing", POLICY, "warn", "an applied migration has no directory"),
    key("migrate", "session", Kind::List, "", "SQL that is run on each connection before a migration"),
    key("schema", "types", Kind::Table, "", "the types in the file of `schema rust`, by column or server's type"),
    key("log", "sql", Kind::Choice(&["off", "slow", "all"]), "off", "which statements are logged"),
    key("log", "slow", Kind::Duration, "100ms", "from when on a statement is slow"),
    key("log", "format", Kind::Choice(&["text", "json"]), "text", "how log lines are written"),
    key("seed", "dir", Kind::Path, "seeds", "the seeds directory"),
    key(
        "seed",
        "on_drift",
        Kind::Choice(&["keep", "overwrite", "fail"]),
        "keep",
        "what happens to a value that was edited since a seed wrote it",
    ),
    key(
        "data",
        "lock_timeout",
        Kind::Duration,
        "5s",
        "how long a statement of `data` or `order` waits for rows that another session holds; 0: for ever",
    ),
    key(
        "columns",
        "sensitive",
        Kind::List,
        "",
        "columns that are masked in every output, such as `users.password_hash`",
    ),
    key(
        "audit",
        "mode",
        Kind::Choice(&["auto", "required", "off"]),
        "auto",
        "whether changes are recorded in `audit_events`: where it is there, always (else refused), never",
    ),
];

/// The settings of one environment: under `[env.NAME]`.
pub const ENVIRONMENT_KEYS: &[Key] = &[
    key("", "url", Kind::Url, "", "the database"),
    key(
        "",
        "backend",
        Kind::Choice(&["sqlite", "postgres", "mysql", "mariadb"]),
        "",
        "the kind of server, where the parts stand alone (default: postgres)",
    ),
    key("", "host", Kind::Text, "", "the server's name, address or socket directory"),
    key("", "port", Kind::Number, "", "the server's port"),
    key("", "name", Kind::Text, "", "the database's name"),
    key("", "user", Kind::Text, "", "the database user"),
    key("", "password", Kind::Secret, "", "the password"),
    key("", "password_file", Kind::Path, "", "a file that holds the password"),
    key("", "password_command", Kind::Secret, "", "a shell command that prints the password"),
    key("", "ssl", Kind::Flag, "", "true: sslmode = verify-full; false: disable"),
    key(
        "",
        "sslmode",
        Kind::Choice(&["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]),
        "",
        "what is asked of the connection's encryption",
    ),
    key("", "sslrootcert", Kind::Path, "", "the certificates of the authorities that are trusted"),
    key("", "sslcert", Kind::Path, "", "the client's certificate"),
    key("", "sslkey", Kind::Path, "", "the client's key"),
    key("", "protected", Kind::Flag, "false", "refuse whatever destroys, unless --confirm names the environment"),
    key(
        "",
        "layers",
        Kind::List,
        "",
        "the folders of seeds, a later one over those before it; else `base` and the environment's own, where they are there",
    ),
    key(
        "",
        "scratch_url",
        Kind::Url,
        "",
        "the server, or for SQLite the directory, on which throw-away databases are made",
    ),
];

/// The variable that overrides a setting: `DBTOOL_<SECTION>_<KEY>`.
#[must_use]
pub fn variable_of(key: &Key) -> String {
    let name = match key.section {
        "" => key.name.to_owned(),
        section => format!("{section}_{}", key.name),
    };
    format!("DBTOOL_{}", name.to_uppercase())
}

/// The variables that are no setting of dbtool.toml.
pub const VARIABLES: &[(&str, &str)] = &[
    ("DBTOOL_ENV", "the environment, as `--env`"),
    ("DBTOOL_URL", "the database, as `--url`"),
    ("DBTOOL_CONFIG", "the settings file, as `--config`"),
    ("DBTOOL_OUTPUT", "the format of the output, as `--output`"),
    ("DBTOOL_ACTOR", "who changes data, as `--actor`"),
    ("DBTOOL_COLOR", "`auto`, `always` or `never`, as `--color`"),
    ("NO_COLOR", "no colour, whatever its value"),
    ("DATABASE_URL", "the database, where neither a flag nor the environment names one; Diesel's variable"),
    ("DB_BACKEND", "the kind of that server: postgres (default), mysql"),
    ("DB_HOST", "the database in parts, where no URL is given: the server"),
    ("DB_PORT", "its port"),
    ("DB_NAME", "the database's name"),
    ("DB_USER", "the user"),
    ("DB_PASSWORD", "the password"),
    ("DB_SSL", "`true` is verify-full, `false` is disable; or an sslmode"),
    ("MIGRATION_DIRECTORY", "the migrations directory; Diesel's variable"),
    ("DIESEL_CONFIG_FILE", "the diesel.toml to read; Diesel's variable"),
    ("PGHOST …", "libpq's own variables hold where neither URL nor settings say otherwise"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_twice() {
        for table in [KEYS, ENVIRONMENT_KEYS] {
            let mut names: Vec<_> = table.iter().map(|key| (key.section, key.name)).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.len());
        }
    }

    #[test]
    fn variables_are_named_after_section_and_key() {
        assert_eq!(KEYS.iter().map(variable_of).nth(5).as_deref(), Some("DBTOOL_POOL_CONNECT_TIMEOUT"));
    }
}
