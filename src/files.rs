//! Files and directories that are there as a whole, or not at all, whenever the process ends.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fault;

/// What is being written. Left by a process that was ended, the next one takes it away.
const UNFINISHED: &str = ".dbtool-unfinished";

/// Writes a file under its name only when all of it is written. Makes the directories that it stands in.
pub fn write(path: &Path, contents: &[u8]) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(parent).map_err(|cause| Error::io("make the directory", parent, &cause))?;
    let unfinished = parent.join(UNFINISHED);
    fault::point();
    fs::write(&unfinished, contents).map_err(|cause| Error::io("write", path, &cause))?;
    fault::point();
    fs::rename(&unfinished, path).map_err(|cause| Error::io("write", path, &cause))?;
    fault::point();
    Ok(())
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
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = path.with_file_name(format!(".{name}{UNFINISHED}"));
        let file = fs::File::create(&place).map_err(failed)?;
        let unfinished = Self { path, place: Some(place), file };
        if let Some(there) = there {
            unfinished.file.set_permissions(there.permissions()).map_err(failed)?;
        }
        Ok(unfinished)
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
/// a time for each parent.
pub fn write_directory(path: &Path, files: &[(&str, &str)]) -> Result<Vec<PathBuf>> {
    let unfinished = path.parent().unwrap_or(Path::new("")).join(UNFINISHED);
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
