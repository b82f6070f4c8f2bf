//! Settings: where each comes from, what it may be, and what it is in the end. Only here is the environment read.

mod database;
mod diesel_toml;
mod dotenv;
mod duration;
mod file;
mod keys;
mod layers;
mod origin;
mod print_schema;
mod process;
mod settings;
mod url;

pub use database::{Database, Password};
pub use duration::parse as parse_duration;
pub use file::FILE_NAME;
pub use keys::{ENVIRONMENT_KEYS, KEYS, Key, VARIABLES, variable_of};
pub use layers::{Flags, Shown};
pub use origin::Origin;
pub use print_schema::{Docs, Filter, PrintSchema, SameQuery, Sorting};
pub use process::Process;
pub use settings::{
    AuditMode, DriftPolicy, Environment, LogFormat, LogSettings, MigrateSettings, MigrationsDirectory, Policy,
    PoolSettings, RetrySettings, SchemaSettings, SeedSettings, Settings, SqlLog, environment_names,
};
pub use url::{ServerTarget, SqliteTarget, Target};
