//! One runner at a time on a SQLite file: a lock of the operating system on a file beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::with_suffix;
use crate::config::{SqliteTarget, Target};
use crate::db::lock::Held;
use crate::db::retry::jittered;
use crate::error::{Code, Error, Result};
use crate::observer::{Event, Observer};
use crate::text;

/// Beside the database itself, whatever link it was named by.
pub(super) fn lock_path(target: &Target) -> Option<PathBuf> {
    match target {
        Target::Sqlite(SqliteTarget { path: Some(path), .. }) => Some(with_suffix(&real(path), "-dbtool-lock")),
        _ => None,
    }
}

/// The file that a path leads to, through links.
pub(super) fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The operating system's lock on a file beside the database: it goes with its process, however that ends.
pub(super) struct FileLock {
    path: PathBuf,
    file: File,
}

impl FileLock {
    pub(super) fn take(path: PathBuf, wait: Duration, observer: &dyn Observer) -> Result<Self> {
        let started = Instant::now();
        let mut told = false;
        loop {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
            let file = file.map_err(|cause| match cause.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    Error::new(Code::ReadOnly, format!("cannot write beside the database: `{}`", path.display()))
                        .because(cause)
                        .hint("SQLite, too, needs to make files in the directory of the database")
                }
                _ => Error::io("make the lock file", &path, &cause),
            })?;
            crate::fault::point();
            match file.try_lock() {
                // Whoever had it may have deleted the file that we opened.
                Ok(()) if same_file(&file, &path) => return Ok(Self { path, file }),
                Ok(()) => continue,
                Err(TryLockError::Error(cause)) => return Err(Error::io("lock", &path, &cause)),
                Err(TryLockError::WouldBlock) => {}
            }
            if started.elapsed() >= wait {
                return Err(Error::new(
                    Code::LockBusy,
                    format!("another runner is at work, after a wait of {}", text::duration(started.elapsed())),
                )
                .note(format!("it holds `{}`", path.display()))
                .hint("try again, or wait longer: `--lock-wait 10m`"));
            }
            if !told {
                observer.on(Event::Waiting { reason: "another runner is at work".into() });
                told = true;
            }
            std::thread::sleep(jittered(Duration::from_millis(100)));
        }
    }
}

#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let ours = file.metadata().map(|m| (m.dev(), m.ino()));
    let theirs = std::fs::metadata(path).map(|m| (m.dev(), m.ino()));
    matches!((ours, theirs), (Ok(ours), Ok(theirs)) if ours == theirs)
}

#[cfg(not(unix))]
fn same_file(_: &File, _: &Path) -> bool {
    true
}

impl Held for FileLock {
    fn check(&mut self) -> Result<()> {
        if same_file(&self.file, &self.path) {
            return Ok(());
        }
        Err(Error::new(
            Code::LockLost,
            format!("the lock file `{}` was deleted while it was held", self.path.display()),
        )
        .hint("another runner may be at work; `dbtool migrate status` tells what is applied"))
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Deleted while it is still locked, so nobody can have taken it in between. If it stays, no harm is done.
        if cfg!(unix) {
            crate::fault::point();
            let _ = std::fs::remove_file(&self.path);
            crate::fault::point();
        }
    }
}
