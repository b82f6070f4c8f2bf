//! The settings of one run, checked, each of the type that it is used as.

use std::path::PathBuf;
use std::time::Duration;

use super::database::{Database, base_of};
use super::diesel_toml;
use super::dotenv::DotEnv;
use super::duration;
use super::file::{File, Raw};
use super::keys::{ENVIRONMENT_KEYS, KEYS, Key, Kind};
use super::layers::{Flags, Layers, Shown, Value, dotted, wrong_value};
use super::print_schema::PrintSchema;
use super::url::Target;
use super::{Origin, Process};
use crate::error::{Code, Error, Result};
use crate::secret::{MASK, Redactor};
use crate::text;

#[derive(Debug, Clone)]
pub struct Settings {
    pub environment: Environment,
    pub pool: PoolSettings,
    pub retry: RetrySettings,
    pub migrate: MigrateSettings,
    pub seed: SeedSettings,
    /// How long statements that change rows wait for others. Zero: for ever.
    pub data_lock_timeout: Duration,
    pub log: LogSettings,
    pub schema: SchemaSettings,
    pub audit: AuditMode,
    /// Who changes data, where that was said.
    pub actor: Option<String>,
    /// Columns whose values are never shown: `users.password_hash`.
    pub sensitive: Vec<String>,
    /// What should be told before anything else.
    pub warnings: Vec<String>,
    pub process: Process,
    dotenv: DotEnv,
    /// The dbtool.toml that was read.
    pub file: Option<PathBuf>,
    /// The diesel.toml that holds here.
    diesel_toml: Option<PathBuf>,
    database: Option<Database>,
    /// What is wrong with it matters to those who need one.
    scratch: Option<Result<Database>>,
    /// What stands behind references in settings that are shown.
    secrets: Redactor,
    shown: Vec<Shown>,
}

#[derive(Debug, Clone)]
pub struct Environment {
    pub name: String,
    /// Named by `--env` or `DBTOOL_ENV`, rather than by default.
    pub explicit: bool,
    pub protected: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    pub max: u32,
    pub min: u32,
    pub acquire_timeout: Duration,
    pub idle_timeout: Duration,
    pub connect_timeout: Duration,
}

#[derive(Debug, Clone, Copy)]
pub struct RetrySettings {
    pub attempts: u32,
    pub base: Duration,
    pub max: Duration,
    pub deadline: Duration,
}

#[derive(Debug, Clone)]
pub struct MigrateSettings {
    pub directory: MigrationsDirectory,
    pub lock_wait: Duration,
    /// Zero: for ever, as for the two that follow.
    pub lock_timeout: Duration,
    pub concurrently_lock_timeout: Duration,
    pub statement_timeout: Duration,
    pub out_of_order: Policy,
    pub changed: Policy,
    pub missing: Policy,
    pub session: Vec<String>,
    /// All migrations of a run in one transaction.
    pub atomic: bool,
}

#[derive(Debug, Clone)]
pub struct SeedSettings {
    pub directory: PathBuf,
    pub on_drift: DriftPolicy,
    /// The folders in it, a later one over those before it.
    pub layers: Vec<String>,
    /// The layers were named: each must be there.
    pub layers_named: bool,
}

/// What happens to a value that was edited since a seed wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftPolicy {
    Keep,
    Overwrite,
    Fail,
}

/// What `schema rust` is told by dbtool.toml; the rest stands in diesel.toml.
#[derive(Debug, Clone)]
pub struct SchemaSettings {
    /// Rust types, each by the column or the server's type that it is meant for.
    pub types: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrationsDirectory {
    /// It must exist.
    Named { path: PathBuf, origin: Origin },
    /// Looked for from here upwards.
    Search { from: PathBuf },
}

/// What to do about something that may be a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    Warn,
    Refuse,
    Allow,
}

/// Whether changes are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuditMode {
    /// Where there is a table for it.
    #[default]
    Auto,
    /// Nothing is changed that cannot be recorded.
    Required,
    Off,
}

#[derive(Debug, Clone, Copy)]
pub struct LogSettings {
    pub sql: SqlLog,
    pub slow: Duration,
    pub format: LogFormat,
    /// The format was asked for, so log lines are wanted.
    pub wanted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlLog {
    Off,
    Slow,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Settings {
    /// Reads and checks every setting.
    pub fn read(process: Process, flags: Flags) -> Result<Self> {
        let layers = Layers::read(process, flags)?;
        let number = |section, name| parsed(&layers, section, name, |text| text.parse::<u32>().ok());
        let time = |section, name| parsed(&layers, section, name, duration::parse);
        let policy = |name| {
            parsed(&layers, "migrate", name, |text| match text {
                "warn" => Some(Policy::Warn),
                "refuse" => Some(Policy::Refuse),
                "allow" => Some(Policy::Allow),
                _ => None,
            })
        };
        let pool = PoolSettings {
            max: parsed(&layers, "pool", "max", |text| text.parse().ok().filter(|max| *max > 0))?,
            min: number("pool", "min")?,
            acquire_timeout: time("pool", "acquire_timeout")?,
            idle_timeout: time("pool", "idle_timeout")?,
            connect_timeout: time("pool", "connect_timeout")?,
        };
        if pool.min > pool.max {
            let message = format!("`pool.min` is {}, more than `pool.max`, which is {}", pool.min, pool.max);
            return Err(Error::new(Code::ConfigValue, message));
        }
        let retry = RetrySettings {
            attempts: number("retry", "attempts")?.max(1),
            base: time("retry", "base")?,
            max: time("retry", "max")?,
            deadline: time("retry", "deadline")?,
        };
        let session = layers.setting(key("migrate", "session"))?;
        let mut secrets = Redactor::default();
        for reference in &session.references {
            secrets.add(reference, &[]);
        }
        let named = layers.variable("DIESEL_CONFIG_FILE").map(|(named, _)| named);
        let diesel_toml = diesel_toml::find(&layers.process.directory, named.as_deref());
        let migrate = MigrateSettings {
            directory: migrations_directory(&layers, diesel_toml.as_ref())?,
            lock_wait: time("migrate", "lock_wait")?,
            lock_timeout: time("migrate", "lock_timeout")?,
            concurrently_lock_timeout: time("migrate", "concurrently_lock_timeout")?,
            statement_timeout: time("migrate", "statement_timeout")?,
            out_of_order: policy("out_of_order")?,
            changed: policy("changed")?,
            missing: policy("missing")?,
            session: session.list(),
            atomic: parsed(&layers, "migrate", "transaction", |text| match text {
                "each" => Some(false),
                "all" => Some(true),
                _ => None,
            })?,
        };
        let format = layers.setting(key("log", "format"))?;
        let log = LogSettings {
            sql: parsed(&layers, "log", "sql", |text| match text {
                "off" => Some(SqlLog::Off),
                "slow" => Some(SqlLog::Slow),
                "all" => Some(SqlLog::All),
                _ => None,
            })?,
            slow: time("log", "slow")?,
            format: parsed(&layers, "log", "format", |text| match text {
                "text" => Some(LogFormat::Text),
                "json" => Some(LogFormat::Json),
                _ => None,
            })?,
            wanted: format.origin != Origin::Default,
        };
        let audit = parsed(&layers, "audit", "mode", |text| match text {
            "auto" => Some(AuditMode::Auto),
            "required" => Some(AuditMode::Required),
            "off" => Some(AuditMode::Off),
            _ => None,
        })?;
        let actor = layers.flags.actor.clone().or_else(|| layers.variable("DBTOOL_ACTOR").map(|(actor, _)| actor));
        let database = Database::find(&layers)?;
        let scratch = Database::find_scratch(&layers).transpose();
        let protected = layers.is_protected()?;
        let warnings = database.iter().flat_map(|database| database.warnings.clone()).collect();
        Ok(Self {
            environment: Environment { name: layers.environment.clone(), explicit: layers.is_explicit(), protected },
            pool,
            retry,
            migrate,
            seed: seed_settings(&layers)?,
            log,
            schema: SchemaSettings { types: types(&layers)? },
            audit,
            actor: actor.map(|actor| actor.trim().to_owned()).filter(|actor| !actor.is_empty()),
            data_lock_timeout: time("data", "lock_timeout")?,
            sensitive: sensitive(&layers)?,
            warnings,
            shown: shown(&layers, database.as_ref(), &secrets)?,
            secrets,
            file: layers.file.path.clone(),
            diesel_toml,
            process: layers.process,
            dotenv: layers.dotenv,
            database,
            scratch,
        })
    }

    /// A variable of the process, else of `.env` as far as it holds for this environment.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        self.process.variable(name).or_else(|| self.dotenv.get(name)).map(str::to_owned)
    }

    /// The database, or an error that says how to name one.
    pub fn database(&self) -> Result<&Database> {
        self.database.as_ref().ok_or_else(|| {
            let name = &self.environment.name;
            let error = Error::new(Code::ConfigMissing, format!("no database is named for the environment `{name}`"));
            let error = match &self.file {
                Some(file) => error.hint(format!("set `url` in `[env.{name}]` of `{}`", file.display())),
                None => error.note("there is no dbtool.toml here, nor above up to the repository's root"),
            };
            let withheld = if self.environment.explicit {
                ", which .env does not supply to an environment that was named"
            } else {
                ""
            };
            error.hint(format!("set `DATABASE_URL`{withheld}, or pass `--url`"))
        })
    }

    /// The files of `table!` macros that diesel.toml asks for. What is wrong there concerns only those who ask.
    pub fn print_schema(&self) -> Result<Vec<PrintSchema>> {
        let found = self.diesel_toml.as_deref().map(diesel_toml::print_schema).transpose()?.unwrap_or_default();
        Ok(if found.is_empty() { vec![PrintSchema::named("default")] } else { found })
    }

    /// Where throw-away databases are made, if that is not beside the database itself.
    pub fn scratch(&self) -> Result<Option<&Database>> {
        match &self.scratch {
            None => Ok(None),
            Some(Ok(database)) => Ok(Some(database)),
            Some(Err(error)) => Err(error.clone()),
        }
    }

    /// The secrets that are known before connecting, for the redaction of every output.
    #[must_use]
    pub fn secrets(&self) -> Redactor {
        let mut all = self.secrets.clone();
        let scratch = self.scratch.iter().filter_map(|scratch| scratch.as_ref().ok());
        for database in self.database.iter().chain(scratch) {
            all.merge(&database.secrets());
        }
        all
    }

    /// Every value with its origin, secrets masked.
    #[must_use]
    pub fn shown(&self) -> &[Shown] {
        &self.shown
    }
}

/// The names of the environments in the dbtool.toml that is found from a directory: for completion, so without errors.
#[must_use]
pub fn environment_names(process: &Process, flags: &Flags) -> Vec<String> {
    let named = flags.config.as_ref().map(|path| process.directory.join(path));
    let path = named.or_else(|| super::file::find_upwards(&process.directory, super::FILE_NAME));
    let file = path.and_then(|path| File::read(&path).ok()).unwrap_or_default();
    file.environments.into_keys().collect()
}

fn key(section: &str, name: &str) -> &'static Key {
    KEYS.iter().find(|key| key.section == section && key.name == name).unwrap_or(&KEYS[0])
}

fn parsed<T>(layers: &Layers, section: &str, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    let key = key(section, name);
    let value = layers.setting(key)?;
    parse(value.text()).ok_or_else(|| wrong_value(&dotted(section, name), key.kind, &value))
}

/// `[schema.types]`: pairs, in the order in which they stand.
fn types(layers: &Layers) -> Result<Vec<(String, String)>> {
    let key = key("schema", "types");
    let value = layers.setting(key)?;
    let pair = |line: &String| {
        let (name, text) = line.split_once('=')?;
        let (name, text) = (name.trim(), text.trim());
        (!name.is_empty() && !text.is_empty()).then(|| (name.to_owned(), text.to_owned()))
    };
    let wrong = || wrong_value(&dotted(key.section, key.name), key.kind, &value);
    value.list().iter().map(|line| pair(line).ok_or_else(wrong)).collect()
}

/// `[columns] sensitive`. A name that is none would mask nothing, and nobody would be told.
fn sensitive(layers: &Layers) -> Result<Vec<String>> {
    let value = layers.setting(key("columns", "sensitive"))?;
    let listed = value.list();
    let is_one = |name: &String| {
        // Where it is written as one text, a comma is taken for what stands between two; a list may have any name.
        let parts = name.trim_matches('.') == name && name.contains('.');
        parts && (matches!(value.raw, Raw::List(_)) || !name.contains(','))
    };
    match listed.iter().find(|name| !is_one(name)) {
        None => Ok(listed),
        Some(wrong) => {
            let message = format!(
                "`columns.sensitive` takes columns by their tables, and `{}` is none ({})",
                text::shorten(wrong, 60),
                value.origin
            );
            Err(Error::new(Code::ConfigValue, message)
                .hint("such as `users.password_hash`; in a variable with `;` between two of them"))
        }
    }
}

fn seed_settings(layers: &Layers) -> Result<SeedSettings> {
    let directory = layers.setting(key("seed", "dir"))?;
    let base = match (&directory.origin, layers.file.path.as_deref().and_then(std::path::Path::parent)) {
        (Origin::Default, Some(parent)) => parent.to_owned(),
        _ => base_of(&layers.process, &directory.origin),
    };
    let named = layers.environment_key("layers")?;
    let default = || vec!["base".to_owned(), layers.environment.clone()];
    Ok(SeedSettings {
        directory: base.join(directory.text()),
        on_drift: parsed(layers, "seed", "on_drift", |text| match text {
            "keep" => Some(DriftPolicy::Keep),
            "overwrite" => Some(DriftPolicy::Overwrite),
            "fail" => Some(DriftPolicy::Fail),
            _ => None,
        })?,
        layers_named: named.is_some(),
        layers: named.map_or_else(default, |named| named.list()),
    })
}

fn migrations_directory(layers: &Layers, diesel_toml: Option<&PathBuf>) -> Result<MigrationsDirectory> {
    let setting = layers.setting(key("migrate", "dir"))?;
    let from_file = matches!(setting.origin, Origin::File { .. });
    let mut named = (setting.origin != Origin::Default).then(|| (setting.text().to_owned(), setting.origin));
    // Diesel's variable stands between our flag and variable, and the files.
    if named.is_none() || from_file {
        named = layers.variable("MIGRATION_DIRECTORY").or(named);
    }
    let named = named.or_else(|| {
        let file = diesel_toml?;
        Some((diesel_toml::migrations_directory(file)?, Origin::DieselToml(file.clone())))
    });
    Ok(match named {
        Some((dir, origin)) => MigrationsDirectory::Named { path: base_of(&layers.process, &origin).join(dir), origin },
        None => MigrationsDirectory::Search { from: layers.process.directory.clone() },
    })
}

fn shown(layers: &Layers, database: Option<&Database>, secrets: &Redactor) -> Result<Vec<Shown>> {
    let mut all = vec![Shown {
        key: "environment".into(),
        value: layers.environment.clone(),
        origin: layers.named_by.to_string(),
    }];
    if let Some(database) = database {
        let (value, origin) = (database.target.to_string(), database.origin.to_string());
        all.push(Shown { key: "database".into(), value, origin });
    }
    for key in ENVIRONMENT_KEYS {
        let name = format!("env.{}.{}", layers.environment, key.name);
        match layers.environment_key(key.name) {
            Ok(None) => {}
            Ok(Some(value)) => {
                all.push(Shown { key: name, value: mask(key.kind, &value), origin: value.origin.to_string() });
            }
            // What is not used need not be there.
            Err(error) => all.push(Shown { key: name, value: String::new(), origin: error.to_string() }),
        }
    }
    for key in KEYS {
        let value = layers.setting(key)?;
        let text = secrets.redact(&mask(key.kind, &value));
        all.push(Shown { key: dotted(key.section, key.name), value: text, origin: value.origin.to_string() });
    }
    Ok(all)
}

fn mask(kind: Kind, value: &Value) -> String {
    match kind {
        Kind::Secret => MASK.into(),
        Kind::Url => {
            Target::parse(value.text(), std::path::Path::new("")).map_or_else(|_| MASK.into(), |url| url.to_string())
        }
        Kind::List | Kind::Table => value.list().join("; "),
        _ => value.text().to_owned(),
    }
}
