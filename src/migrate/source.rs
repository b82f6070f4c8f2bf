//! Migrations on disk, in Diesel's layout: a directory each, with up.sql, down.sql and metadata.toml.

use std::borrow::Cow;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::sql_file::SqlFile;
use crate::backend::Backend;
use crate::config::MigrationsDirectory;
use crate::error::{Code, Error, Result};
use crate::sql::Rules;
use crate::version::Version;

/// The migrations of one directory, in the order of their versions.
#[derive(Debug, Clone, Default)]
pub struct Source {
    pub directory: PathBuf,
    pub migrations: Vec<Arc<Migration>>,
    /// How the files were read, where their checksums were taken.
    rules: Option<&'static Rules>,
}

/// What is looked at while the directories are read, because it will be wanted of all of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ahead {
    /// The checksums of all up.sql, by the form of their SQL.
    pub checksums: Option<&'static Rules>,
    /// Whether each can be reverted.
    pub way_back: bool,
}

/// One migration's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    pub version: Version,
    /// What follows the version in the directory's name.
    pub name: String,
    pub directory: PathBuf,
    /// Whether it can be reverted, once that was looked at.
    pub(super) way_back: OnceLock<Down>,
    /// Of up.sql, where it was taken when the directory was read, and could be.
    pub checksum: Option<String>,
}

/// What a migration's metadata.toml says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// As Diesel reads it.
    pub run_in_transaction: bool,
    /// The file may hold BEGIN and COMMIT of its own: it then runs statement by statement.
    pub allow_commit: bool,
}

/// Whether a migration can be reverted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    Missing,
    /// There, with nothing in it.
    Empty,
    /// There; it may hold only a comment, which does nothing and is done.
    Present,
}

impl Migration {
    /// The directory's own name.
    #[must_use]
    pub fn label(&self) -> String {
        self.directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    pub fn up(&self) -> Result<SqlFile> {
        SqlFile::read(&self.directory.join("up.sql"))
    }

    /// `None`: there is no such file.
    pub fn down(&self) -> Result<Option<SqlFile>> {
        self.beside("down.sql")
    }

    /// The checks that follow an up. `None`: there are none.
    pub fn verify(&self) -> Result<Option<SqlFile>> {
        self.beside("verify.sql")
    }

    fn beside(&self, name: &str) -> Result<Option<SqlFile>> {
        let path = self.directory.join(name);
        match SqlFile::open(&path) {
            Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => Ok(None),
            read => read.map_err(|cause| Error::io("read", &path, &cause))?.map(Some),
        }
    }

    /// Whether it can be reverted. What cannot be looked at counts as there: to read it tells why.
    #[must_use]
    pub fn way_back(&self) -> Down {
        *self.way_back.get_or_init(|| way_back(&self.directory))
    }

    /// What metadata.toml says, and what should be told of it.
    pub fn metadata(&self) -> Result<(Metadata, Vec<String>)> {
        let mut warnings = Vec::new();
        metadata(&self.directory, &self.label(), &mut warnings).map(|metadata| (metadata, warnings))
    }
}

impl Source {
    /// Finds the migrations directory of a backend. Where none is named and none is found, that is an error.
    pub fn locate(directory: &MigrationsDirectory, backend: Backend) -> Result<PathBuf> {
        match directory {
            MigrationsDirectory::Named { path, origin } => {
                if !path.is_dir() {
                    let message = format!("the migrations directory `{}` does not exist ({origin})", path.display());
                    return Err(Error::new(Code::ConfigMissing, message)
                        .hint("`dbtool migrate new NAME` makes it with its first migration, or `--migrations-dir DIR` names another"));
                }
                Ok(of_backend(path, backend))
            }
            MigrationsDirectory::Search { from } => {
                let found = from.ancestors().map(|parent| parent.join("migrations")).find(|path| path.is_dir());
                found.map(|path| of_backend(&path, backend)).ok_or_else(|| {
                    Error::new(
                        Code::ConfigMissing,
                        format!("there is no `migrations` directory in `{}` or above it", from.display()),
                    )
                    .hint("`dbtool init` makes one, or `--migrations-dir DIR` names another")
                })
            }
        }
    }

    /// Reads the directory's names; the files are read when they are needed.
    pub fn read(directory: &Path) -> Result<Self> {
        Self::read_with(directory, Ahead::default())
    }

    /// The same, and looks into all directories in the same go.
    pub fn read_with(directory: &Path, ahead: Ahead) -> Result<Self> {
        let mut source = Self { directory: directory.to_owned(), rules: ahead.checksums, ..Self::default() };
        let names = directories(directory)?;
        let read = read_all(directory, &names, ahead);
        source.migrations = read.into_iter().filter_map(Result::transpose).collect::<Result<_>>()?;
        source.migrations.sort_by(|a, b| a.version.cmp(&b.version));
        let twice = source.migrations.windows(2).find(|two| two[0].version == two[1].version);
        if let Some([one, other]) = twice {
            return Err(Error::new(
                Code::SourceDuplicate,
                format!("`{}` and `{}` have the same version, {}", one.label(), other.label(), one.version),
            )
            .note(format!("both stand in `{}`", directory.display()))
            .hint("rename one of them: the version is what stands before the first `_`, dashes left out"));
        }
        Ok(source)
    }

    /// The versions of a directory with their names, by the names of its directories alone: whatever is wrong with one of them.
    pub fn versions(directory: &Path) -> Result<Vec<(Version, String)>> {
        let names = directories(directory)?;
        let mut versions: Vec<_> = names.iter().filter_map(|name| Version::from_directory(name).ok()).collect();
        versions.sort();
        Ok(versions)
    }

    #[must_use]
    pub fn get(&self, version: &Version) -> Option<&Arc<Migration>> {
        let at = self.migrations.binary_search_by(|migration| migration.version.cmp(version)).ok()?;
        self.migrations.get(at)
    }

    /// The checksum of the up.sql of one of its migrations.
    pub fn checksum<'m>(&self, migration: &'m Migration, rules: &'static Rules) -> Result<Cow<'m, str>> {
        let same = self.rules.is_some_and(|read| std::ptr::eq(read, rules));
        match migration.checksum.as_deref().filter(|_| same) {
            Some(checksum) => Ok(checksum.into()),
            None => migration.up()?.checksum(rules).map(Cow::Owned),
        }
    }
}

/// From how many directories on they are read on two threads.
const MANY: usize = 200;

/// What a directory gives: a migration, or nothing.
type Found = Result<Option<Arc<Migration>>>;

/// Reads directories, in order.
fn read_all(directory: &Path, names: &[String], ahead: Ahead) -> Vec<Found> {
    let read = |names: &[String]| -> Vec<Found> {
        let mut buffer = Vec::new();
        names.iter().map(|name| read_one(directory, name, ahead, &mut buffer)).collect()
    };
    if names.len() < MANY {
        return read(names);
    }
    // The time goes into asking the operating system for one file after the other.
    let (first, second) = names.split_at(names.len() / 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| read(second));
        let mut all = read(first);
        all.extend(second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        all
    })
}

fn read_one(directory: &Path, name: &str, ahead: Ahead, buffer: &mut Vec<u8>) -> Found {
    let path = directory.join(name);
    let up = path.join("up.sql");
    let Up::There { checksum } = look_at(&up, ahead.checksums, buffer)? else {
        return if is_empty(&path)? { Ok(None) } else { Err(stray(directory, name)) };
    };
    let (version, rest) = Version::from_directory(name)?;
    let migration = Migration { version, name: rest, directory: path, way_back: OnceLock::new(), checksum };
    if ahead.way_back {
        let _ = migration.way_back();
    }
    Ok(Some(Arc::new(migration)))
}

/// Whether an up.sql is there.
enum Up {
    Missing,
    /// With its checksum, where that is wanted and can be taken.
    There {
        checksum: Option<String>,
    },
}

fn look_at(up: &Path, rules: Option<&Rules>, buffer: &mut Vec<u8>) -> Result<Up> {
    let looked = match rules {
        Some(rules) => SqlFile::checksum_of(up, rules, buffer).map(|checksum| Up::There { checksum: checksum.ok() }),
        None => {
            up.metadata().map(|metadata| if metadata.is_file() { Up::There { checksum: None } } else { Up::Missing })
        }
    };
    match looked {
        Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => Ok(Up::Missing),
        looked => looked.map_err(|cause| Error::io("read", up, &cause)),
    }
}

/// A directory with a sub-folder of the backend's name means that sub-folder.
fn of_backend(path: &Path, backend: Backend) -> PathBuf {
    let own = path.join(backend.name());
    if own.is_dir() { own } else { path.to_owned() }
}

/// The names of the sub-directories that do not begin with a dot, in order.
fn directories(directory: &Path) -> Result<Vec<String>> {
    let failed = |cause: std::io::Error| Error::io("read the migrations directory", directory, &cause);
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Most file systems tell the kind with the name; `metadata` follows links: a directory may be one.
        let is_directory = match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => kind.is_dir(),
            _ => entry.path().metadata().is_ok_and(|metadata| metadata.is_dir()),
        };
        if !is_directory {
            continue;
        }
        match entry.file_name().into_string() {
            Ok(name) if name.starts_with('.') => {}
            Ok(name) => names.push(name),
            Err(name) if name.as_encoded_bytes().starts_with(b".") => {}
            Err(name) => {
                let message = format!("the name of `{}` is not UTF-8", name.to_string_lossy());
                return Err(Error::new(Code::SourceEncoding, message).hint("rename the directory"));
            }
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn is_empty(directory: &Path) -> Result<bool> {
    let mut entries = fs::read_dir(directory).map_err(|cause| Error::io("read", directory, &cause))?;
    Ok(entries.next().is_none())
}

fn stray(directory: &Path, name: &str) -> Error {
    let error = Error::new(
        Code::SourceDirectory,
        format!("`{}` is not a migration: it has no up.sql", directory.join(name).display()),
    );
    if let Some(backend) = Backend::from_name(name) {
        return error.hint(format!("there are migrations for {backend}, and none for this environment's backend: `dbtool migrate new NAME --backend all`"));
    }
    if name == "mysql" {
        return error.hint("there are migrations for MySQL, and none for this environment's backend");
    }
    error.hint("give it an up.sql, move it out of the migrations directory, or name it with a `.` in front")
}

fn way_back(directory: &Path) -> Down {
    let path = directory.join("down.sql");
    let size = match path.metadata() {
        Ok(metadata) if !metadata.is_file() => return Down::Missing,
        Ok(metadata) => metadata.len(),
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Down::Missing,
        Err(_) => return Down::Present,
    };
    // No statement is as short; so short a file may be all white space.
    let blank = size < 8
        && fs::read(&path)
            .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').trim().is_empty());
    if blank { Down::Empty } else { Down::Present }
}

/// The keys of metadata.toml.
const KNOWN: [&str; 2] = ["run_in_transaction", "allow_commit"];

/// `run_in_transaction` as Diesel takes it: true without a file or where it cannot be read, false where the file does not
/// name it. And our own `allow_commit`.
fn metadata(directory: &Path, name: &str, warnings: &mut Vec<String>) -> Result<Metadata> {
    let path = directory.join("metadata.toml");
    let usual = Metadata { run_in_transaction: true, allow_commit: false };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(usual),
        Err(cause) => {
            warnings.push(format!(
                "`{name}/metadata.toml` cannot be read ({cause}); it runs in a transaction, as with Diesel"
            ));
            return Ok(usual);
        }
    };
    let Ok(table) = text.parse::<toml::Table>() else {
        warnings.push(format!("`{name}/metadata.toml` is not valid TOML; it runs in a transaction, as with Diesel"));
        return Ok(usual);
    };
    // Diesel ignores what it does not know, and so do we; but a slip is told.
    for key in table.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
        if let Some(near) = crate::text::nearest(key, KNOWN.iter().copied()) {
            warnings.push(format!("`{key}` in `{name}/metadata.toml` is not known; did you mean `{near}`?"));
        }
    }
    let allow_commit = match table.get("allow_commit") {
        None => false,
        Some(toml::Value::Boolean(allow)) => *allow,
        Some(_) => {
            let error = Error::new(
                Code::SourceMetadata,
                format!("`allow_commit` must be `true` or `false` in `{}`", path.display()),
            );
            return Err(error);
        }
    };
    match table.get("run_in_transaction") {
        Some(toml::Value::Boolean(run)) => Ok(Metadata { run_in_transaction: *run, allow_commit }),
        Some(_) => {
            warnings.push(format!(
                "`run_in_transaction` is neither `true` nor `false` in `{name}/metadata.toml`; it runs in a transaction, as with Diesel"
            ));
            Ok(Metadata { run_in_transaction: true, allow_commit })
        }
        None => {
            warnings.push(format!(
                "`{name}/metadata.toml` does not name `run_in_transaction`: as with Diesel, it runs without a transaction; write the key to say what you want"
            ));
            Ok(Metadata { run_in_transaction: false, allow_commit })
        }
    }
}
