//! The databases dbtool speaks to, and what each can do. Everything above `db/` asks a capability here rather than
//! for the name of a backend.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    Sqlite,
    Postgres,
    /// MariaDB too.
    Mysql,
}

impl Backend {
    pub const ALL: &[Backend] = &[Backend::Sqlite, Backend::Postgres, Backend::Mysql];

    /// The name of its sub-folder in a migrations directory, and in all output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Backend::Sqlite => "sqlite",
            Backend::Postgres => "postgres",
            Backend::Mysql => "mysql",
        }
    }

    /// As its makers write it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Backend::Sqlite => "SQLite",
            Backend::Postgres => "PostgreSQL",
            Backend::Mysql => "MySQL",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|backend| backend.name() == name)
    }

    /// DDL takes part in transactions, so that a migration can be all or nothing.
    #[must_use]
    pub fn transactional_ddl(self) -> bool {
        match self {
            Backend::Sqlite | Backend::Postgres => true,
            Backend::Mysql => false,
        }
    }

    /// Several statements can be sent as one message, which the server itself takes apart.
    #[must_use]
    pub fn takes_scripts(self) -> bool {
        match self {
            Backend::Sqlite | Backend::Mysql => false,
            Backend::Postgres => true,
        }
    }

    /// A server with databases of its own, rather than a file.
    #[must_use]
    pub fn is_server(self) -> bool {
        match self {
            Backend::Sqlite => false,
            Backend::Postgres | Backend::Mysql => true,
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
