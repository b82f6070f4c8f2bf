//! New migration directories.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::Utc;

use super::source::Source;
use crate::backend::Backend;
use crate::config::MigrationsDirectory;
use crate::error::{Code, Error, Result};
use crate::files::write_directory;

/// What to make.
#[derive(Debug, Clone)]
pub struct New<'a> {
    pub name: &'a str,
    /// One set of files for each; none: whichever it will be.
    pub backends: &'a [Backend],
    pub directory: &'a MigrationsDirectory,
    /// Make the directory of the migrations where it is missing.
    pub fallback: &'a Path,
    /// With a verify.sql.
    pub verify: bool,
}

/// Makes the directories, with a version later than every one there is, and gives the paths of the files.
pub fn create(new: &New<'_>) -> Result<Vec<PathBuf>> {
    let name = checked(new.name)?;
    let root = match new.directory {
        MigrationsDirectory::Named { path, .. } => path.clone(),
        MigrationsDirectory::Search { from } => {
            let found = from.ancestors().map(|parent| parent.join("migrations")).find(|path| path.is_dir());
            found.unwrap_or_else(|| new.fallback.to_owned())
        }
    };
    let target = |backend: Backend| {
        let own = root.join(backend.name());
        // One folder for each backend, where there are several, or already such folders.
        if new.backends.len() > 1 || own.is_dir() { own } else { root.clone() }
    };
    if new.backends.len() > 1 && root.is_dir() && Source::read(&root).is_ok_and(|source| !source.migrations.is_empty())
    {
        let message =
            format!("`{}` holds migrations itself, and folders of each backend would hide them", root.display());
        return Err(Error::new(Code::Usage, message)
            .hint("move them into a folder of their backend first, such as `migrations/sqlite`"));
    }
    let folder = Backend::ALL.iter().map(|backend| root.join(backend.name())).find(|path| path.is_dir());
    if let (true, Some(folder)) = (new.backends.is_empty(), folder) {
        let message = format!("no database is named, and `{}` has a folder for each backend", root.display());
        let hint = format!("`--backend` says which is meant, such as that of `{}`, or `all`", folder.display());
        return Err(Error::new(Code::ConfigMissing, message).hint(hint));
    }
    let own: Vec<_> = new.backends.iter().map(|backend| target(*backend)).collect();
    let directories = if own.is_empty() { vec![root] } else { own };
    let (label, claim) = claim(&directories, &name)?;
    let mut files = Vec::new();
    for directory in directories {
        let texts = &TEXTS[..if new.verify { TEXTS.len() } else { TEXTS.len() - 1 }];
        files.extend(write_directory(&directory.join(&label), texts)?);
    }
    drop(claim);
    Ok(files)
}

/// What stands in a new up.sql and down.sql.
pub(super) const UNWRITTEN: [&str; 2] =
    ["-- Your change goes here.\n", "-- The statements that undo up.sql, the last change first.\n"];

/// The files of a new migration; the last one only where it is wanted.
const TEXTS: [(&str, &str); 4] = [
    ("up.sql", UNWRITTEN[0]),
    ("down.sql", UNWRITTEN[1]),
    (
        "metadata.toml",
        "# false: statement by statement, for what cannot run in a transaction (CREATE INDEX CONCURRENTLY, VACUUM).\n\
         run_in_transaction = true\n",
    ),
    ("verify.sql", "-- Queries that must find no row after up.sql, in its transaction: what they find is wrong.\n"),
];

/// A name that nobody else takes at this moment, and the lock that sees to that.
fn claim(directories: &[PathBuf], name: &str) -> Result<(String, Option<fs::File>)> {
    for directory in directories {
        fs::create_dir_all(directory).map_err(|cause| Error::io("make the directory", directory, &cause))?;
    }
    // On the directory itself, where the system can: two at once must not take one version.
    let lock = directories.first().and_then(|directory| fs::File::open(directory).ok());
    if let Some(lock) = &lock
        && let Err(cause) = lock.lock()
    {
        tracing::debug!(%cause, "the migrations directory could not be locked");
    }
    Ok((later_than(directories, name)?, lock))
}

/// A name that every file system and shell takes.
fn checked(name: &str) -> Result<String> {
    let snake: String = name.trim().to_lowercase().replace([' ', '-'], "_");
    let wrong = snake.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '_');
    if snake.is_empty() || wrong.is_some() || snake.len() > 120 {
        let error = Error::new(Code::Usage, format!("`{name}` is not a name for a migration"));
        return Err(error.hint("take lower-case letters, digits and `_`, at most 120, such as `create_users`"));
    }
    Ok(snake)
}

/// So many digits has a time to the second.
const TIME: usize = 14;

/// The directory's name: now, and later than every version there is: a clock that is behind must not put the new one
/// before those that were applied.
fn later_than(directories: &[PathBuf], name: &str) -> Result<String> {
    let mut time = Utc::now();
    let mut last = None;
    for directory in directories.iter().filter(|directory| directory.is_dir()) {
        // A version that is no time has its own order, and the clock cannot help.
        let times = Source::read(directory)?.migrations.into_iter().map(|migration| migration.version.clone());
        last = last.max(times.filter(|version| version.as_str().len() >= TIME).max());
    }
    for _ in 0..60 {
        let label = format!("{}-0000_{name}", time.format("%Y-%m-%d-%H%M%S"));
        let version = label.split('_').next().unwrap_or_default().replace('-', "");
        if last.as_ref().is_none_or(|last| last.as_str() < version.as_str()) {
            return Ok(label);
        }
        time += chrono::Duration::seconds(1);
    }
    let last = last.map(|version| version.to_string()).unwrap_or_default();
    Err(Error::new(Code::SourceVersion, format!("the last migration, {last}, lies in the future"))
        .hint("is the clock right? a new migration must come after it"))
}
