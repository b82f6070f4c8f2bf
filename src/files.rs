//! Files and directories that are there as a whole, or not at all, whenever the process ends.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::fault;

/// How the name of what is being written ends.
const UNFINISHED: &str = "dbtool-unfinished";

/// What was not written to for so long was left by a process that was ended.
const LEFT: Duration = Duration::from_hours(24);

/// Where a file is written until it is whole: beside its place, under a name of its own. Under a common one, two that write the
/// same would write into each other's.
fn beside(path: &Path) -> PathBuf {
    // All of a long name would make one that is too long.
    let name: String = path.file_name().unwrap_or_default().to_string_lossy().chars().take(40).collect();
    let (begin, end) = (format!(".{name}."), format!(".{UNFINISHED}"));
    take_away(path, &begin, &end);
    path.with_file_name(format!("{begin}{}{end}", uuid::Uuid::now_v7().simple()))
}

/// Takes away what others have left. That it cannot is no reason not to write.
fn take_away(path: &Path, begin: &str, end: &str) {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if name.starts_with(begin) && name.ends_with(end) && age().is_some_and(|age| age > LEFT) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Writes a file under its name only when all of it is written. Makes the directories that it stands in.
pub fn write(path: &Path, contents: &[u8]) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(parent).map_err(|cause| Error::io("make the directory", parent, &cause))?;
    fault::point();
    let mut file = Unfinished::create(path)?;
    file.write(contents)?;
    file.finish()
}

/// A file that is written piece by piece, and stands under its name only when all of it is. One that is there keeps its rights, and a
/// link keeps pointing to it; what is no file, as a pipe, is written to as it is.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    /// Beside it, until it is finished.
    place: Option<PathBuf>,
    file: fs::File,
}

impl Unfinished {
    pub fn create(path: &Path) -> Result<Self> {
        let failed = |cause: std::io::Error| Error::io("write", path, &cause);
        let there = fs::metadata(path).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            let file = fs::OpenOptions::new().write(true).open(path).map_err(failed)?;
            return Ok(Self { path: path.to_owned(), place: None, file });
        }
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let place = beside(&path);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if let Some(there) = &there {
            use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
            // Nobody reads in the meantime what stands in a private file.
            options.mode(there.permissions().mode() & 0o777);
        }
        let file = options.open(&place).map_err(failed)?;
        let unfinished = Self { path, place: Some(place), file };
        if let Some(there) = there {
            unfinished.file.set_permissions(there.permissions()).map_err(failed)?;
        }
        Ok(unfinished)
    }

    /// Where it is until then, for whoever ends the process before it is whole.
    #[must_use]
    pub fn place(&self) -> Option<&Path> {
        self.place.as_deref()
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|cause| Error::io("write", &self.path, &cause))
    }

    pub fn finish(mut self) -> Result<()> {
        fault::point();
        if let Some(place) = &self.place {
            fs::rename(place, &self.path).map_err(|cause| Error::io("write", &self.path, &cause))?;
        }
        self.place = None;
        fault::point();
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            let _ = fs::remove_file(place);
        }
    }
}

/// Makes a directory with files in it, under its name only when all of them are written, and gives their paths. One process at
/// a time for each parent: what another left that was ended is taken away at once.
pub fn write_directory(path: &Path, files: &[(&str, &str)]) -> Result<Vec<PathBuf>> {
    let unfinished = path.parent().unwrap_or(Path::new("")).join(format!(".{UNFINISHED}"));
    let failed = |cause: std::io::Error| Error::io("make the directory", path, &cause);
    if unfinished.is_dir() {
        fs::remove_dir_all(&unfinished).map_err(failed)?;
    }
    fs::create_dir_all(&unfinished).map_err(failed)?;
    for (name, text) in files {
        fault::point();
        fs::write(unfinished.join(name), text).map_err(|cause| Error::io("write", &path.join(name), &cause))?;
    }
    fault::point();
    fs::rename(&unfinished, path).map_err(failed)?;
    fault::point();
    Ok(files.iter().map(|(name, _)| path.join(name)).collect())
}
