//! `.env`: variables that the process does not have. What it may supply depends on the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::file::find_upwards;
use crate::error::{Code, Error, Result};

#[derive(Debug, Clone, Default)]
pub struct DotEnv {
    pub path: Option<PathBuf>,
    variables: BTreeMap<String, String>,
}

impl DotEnv {
    /// Reads the first `.env` from a directory up to the repository's root.
    pub fn find(directory: &Path) -> Result<Self> {
        let Some(path) = find_upwards(directory, ".env") else {
            return Ok(Self::default());
        };
        let broken = |cause: &dotenvy::Error| {
            // The parser's words quote the line, which may be a password.
            let what = match cause {
                dotenvy::Error::Io(cause) => cause.to_string(),
                _ => "a line is not of the form NAME=value".to_owned(),
            };
            Error::new(Code::ConfigSyntax, format!("`{}` cannot be read", path.display()))
                .because(what)
                .hint("a value with spaces or `#` needs quotes: NAME=\"a value\"")
        };
        let lines = dotenvy::from_path_iter(&path).map_err(|cause| broken(&cause))?;
        let variables = lines.collect::<Result<BTreeMap<_, _>, _>>().map_err(|cause| broken(&cause))?;
        Ok(Self { path: Some(path), variables })
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Drops what names a database: an environment that was named explicitly takes none from here.
    pub fn withhold_databases(&mut self) {
        self.variables.retain(|name, _| {
            !(name == "DBTOOL_URL" || name == "DATABASE_URL" || name.starts_with("DB_") || name.starts_with("PG"))
        });
    }

    /// Drops everything: a protected environment takes nothing from here.
    pub fn withhold_all(&mut self) {
        self.variables.clear();
    }
}
