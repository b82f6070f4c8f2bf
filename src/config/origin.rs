//! Where a value came from.

use std::fmt;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// A flag, with its dashes.
    Flag(&'static str),
    Variable(String),
    /// A variable that stands in a `.env` file.
    DotEnv {
        file: PathBuf,
        variable: String,
    },
    /// A line of dbtool.toml, and the section that the value stands in.
    File {
        file: PathBuf,
        line: usize,
        section: String,
    },
    DieselToml(PathBuf),
}

impl Origin {
    /// The directory that a relative path of this origin starts from; `None`: the working directory.
    #[must_use]
    pub fn base(&self) -> Option<&Path> {
        match self {
            Origin::DotEnv { file, .. } | Origin::File { file, .. } | Origin::DieselToml(file) => file.parent(),
            Origin::Default | Origin::Flag(_) | Origin::Variable(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |file: &Path| file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        match self {
            Origin::Default => f.write_str("default"),
            Origin::Flag(flag) => f.write_str(flag),
            Origin::Variable(variable) => f.write_str(variable),
            Origin::DotEnv { file, variable } => write!(f, "{} ({variable})", name(file)),
            Origin::File { file, line, section } if section.is_empty() => write!(f, "{}:{line}", name(file)),
            Origin::File { file, line, section } => write!(f, "{}:{line} [{section}]", name(file)),
            Origin::DieselToml(file) => f.write_str(&name(file)),
        }
    }
}
