//! What dbtool takes from diesel.toml, read leniently: that file is Diesel's.

use std::path::{Path, PathBuf};

use super::file::find_upwards;
use super::print_schema::{self, PrintSchema};
use crate::error::{Code, Error, Result};

/// The diesel.toml that holds for a directory: the one that is named, as by Diesel's own variable, else the nearest one.
#[must_use]
pub fn find(directory: &Path, named: Option<&str>) -> Option<PathBuf> {
    match named {
        Some(named) => Some(directory.join(named)).filter(|path| path.is_file()),
        None => find_upwards(directory, "diesel.toml"),
    }
}

/// `[migrations_directory] dir` of a diesel.toml.
#[must_use]
pub fn migrations_directory(path: &Path) -> Option<String> {
    let document: toml::Table = std::fs::read_to_string(path).ok()?.parse().ok()?;
    Some(document.get("migrations_directory")?.get("dir")?.as_str()?.to_owned())
}

/// `[print_schema]` of a diesel.toml: what it asks for, each file by itself.
pub fn print_schema(path: &Path) -> Result<Vec<PrintSchema>> {
    let text = std::fs::read_to_string(path).map_err(|cause| Error::io("read", path, &cause))?;
    let document: toml::Table = text.parse().map_err(|cause: toml::de::Error| {
        Error::new(Code::ConfigSyntax, format!("`{}` is not valid TOML", path.display())).because(cause.message())
    })?;
    match document.get("print_schema") {
        None => Ok(Vec::new()),
        Some(toml::Value::Table(section)) => print_schema::read(path, section),
        Some(_) => Err(Error::new(Code::ConfigValue, format!("`print_schema` must be a table (`{}`)", path.display()))),
    }
}
