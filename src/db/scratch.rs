//! Throw-away databases: made beside the real one, or on another server, and dropped whatever happens. Those of runs that
//! were killed are known by their names, which tell their age, and are cleared away by the next run.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::connector::{Connector, Purpose};
use super::dialect::Likeness;
use crate::error::{Code, Error, Result};
use crate::interrupt::{Canceller, Interrupt, Working};
use crate::observer::{Observer, Silent};

/// What their names begin with.
const PREFIX: &str = "dbtool_scratch_";
/// From when on one is taken for left over. No run takes as long, and one that is in use is not dropped.
const OLD: Duration = Duration::from_hours(1);

/// A database of our own, which goes when this does.
pub struct Scratch {
    connector: Connector,
    likeness: Likeness,
    /// It is there, and to be dropped.
    made: bool,
    /// Somebody has had it.
    used: bool,
    /// A signal waits until it is dropped.
    _working: Working,
}

impl Scratch {
    /// Makes one: on the server of `place`, as much as it can be like the database that `like` reaches, if that is there.
    pub fn make(place: &Connector, like: &Connector, interrupt: &Interrupt, observer: &dyn Observer) -> Result<Self> {
        clear_left_overs(place, observer);
        let dialect = like.dialect();
        let likeness = match like.connect(Purpose::Read) {
            Ok(mut session) => {
                let home = session.home(dialect)?;
                let read = dialect.likeness(&mut session, &home);
                read.map_err(|error| error.into_error("cannot ask how the database is set up"))?
            }
            // A project is checked before its database is made.
            Err(error) if error.code() == Code::UnknownDatabase => Likeness::default(),
            Err(error) => return Err(error),
        };
        let connector = like.dialect().beside(place, &name(SystemTime::now()));
        // Of a file, whatever the process leaves in the middle of is nobody's.
        let sweeper = directory(&connector).map(Path::to_owned).map(|directory| -> Canceller {
            Box::new(move || {
                let _ = std::fs::remove_dir_all(&directory);
            })
        });
        let working = interrupt.tidying(sweeper);
        let mut scratch = Self { connector, likeness, made: false, used: false, _working: working };
        scratch.create(observer)?;
        interrupt.check()?;
        Ok(scratch)
    }

    /// It, with nothing in it: what was in it goes, and nobody may be connected to it any more.
    pub fn emptied(&mut self, observer: &dyn Observer) -> Result<&Connector> {
        if std::mem::replace(&mut self.used, true) {
            self.drop_now()?;
            self.create(observer)?;
        }
        Ok(&self.connector)
    }

    fn create(&mut self, observer: &dyn Observer) -> Result<()> {
        let dialect = self.connector.dialect();
        if let Some(directory) = directory(&self.connector) {
            make_directory(directory)?;
        }
        let made = dialect.create_database(&self.connector, Some(&self.likeness), observer);
        made.map_err(|error| {
            if error.code() != Code::Permission {
                return error;
            }
            let cause = error.cause().unwrap_or_default().to_owned();
            Error::new(Code::ScratchPlace, "cannot make a scratch database: the user may not make databases")
                .because(cause)
                .note("nothing was run")
                .hint("give the user the right: docs/verification.md says how")
                .hint("or name a server, and a user, where it may: `scratch_url` in the environment's section")
        })?;
        self.made = true;
        crate::fault::point();
        let statements =
            self.likeness.statements.iter().cloned().chain(dialect.careless(&self.connector.target().name()));
        let statements: Vec<String> = statements.collect();
        if statements.is_empty() {
            return Ok(());
        }
        let mut session = self.connector.connect_telling(Purpose::Write, observer)?;
        for sql in &statements {
            session.execute(sql).map_err(|error| error.into_error("cannot set up the scratch database"))?;
        }
        Ok(())
    }

    fn drop_now(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.made, false) {
            return Ok(());
        }
        remove(&self.connector, PATIENCE)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = self.drop_now() {
            tracing::warn!(database = %self.connector.target(), %error, "a scratch database could not be dropped");
        }
    }
}

/// How long a server may take to see that nobody is connected any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// Drops one, and waits so long where somebody seems to be connected.
fn remove(connector: &Connector, patience: Duration) -> Result<()> {
    let dialect = connector.dialect();
    if let Err(error) = dialect.unbind(connector) {
        tracing::debug!(%error, "a scratch database keeps what a migration set for it");
    }
    let start = Instant::now();
    loop {
        match dialect.drop_database(connector, &Silent) {
            Err(error) if error.code() == Code::DatabaseInUse && start.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(20));
            }
            dropped => {
                dropped?;
                break;
            }
        }
    }
    if let Some(directory) = directory(connector) {
        std::fs::remove_dir_all(directory).map_err(|cause| Error::io("delete", directory, &cause))?;
    }
    Ok(())
}

/// `dbtool_scratch_1764504000_4711_0`: when it was made, by which process.
fn name(now: SystemTime) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{PREFIX}{seconds}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Whether a name is that of a scratch database which nobody can need any more.
fn is_left_over(name: &str, now: SystemTime) -> bool {
    let seconds = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()?.parse().ok());
    let Some(made) = seconds.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds))) else {
        return false;
    };
    now.duration_since(made).is_ok_and(|age| age > OLD)
}

/// The names of scratch databases in a server's words, which nobody knows of: `Table 'dbtool_scratch_….users' doesn't exist`.
#[must_use]
pub fn without_scratch_names(words: &str) -> String {
    let mut parts = words.split(PREFIX);
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
        if let Some(rest) = rest.strip_prefix("`.") {
            told.truncate(told.trim_end_matches('`').len());
            told.push_str(rest);
        } else if let Some(rest) = rest.strip_prefix('.') {
            told.push_str(rest);
        } else {
            told.extend([PREFIX, part]);
        }
    }
    told
}

/// Drops what killed runs have left. What somebody is connected to may be of a run that goes on, and a server may wait long for them
/// to leave: it stays. What cannot be dropped is another's: it is no reason to stop.
fn clear_left_overs(place: &Connector, observer: &dyn Observer) {
    let dialect = place.dialect();
    let found = dialect.databases(place, PREFIX).unwrap_or_else(|error| {
        tracing::debug!(%error, "cannot look for scratch databases that were left over");
        Vec::new()
    });
    let now = SystemTime::now();
    let old: Vec<String> = found.into_iter().filter(|name| is_left_over(name, now)).collect();
    if old.is_empty() {
        return;
    }
    let used = dialect.databases_in_use(place).unwrap_or_else(|error| {
        tracing::debug!(%error, "cannot look who uses scratch databases that were left over");
        old.clone()
    });
    for name in old {
        if used.contains(&name) {
            observer.warn(format!("`{name}` was left over by an earlier run, and stays: somebody is connected to it"));
            continue;
        }
        match remove(&dialect.beside(place, &name), Duration::ZERO) {
            Ok(()) => tracing::info!(name, "a scratch database that was left over is dropped"),
            Err(error) => tracing::debug!(name, %error, "a scratch database that was left over cannot be dropped"),
        }
    }
}

/// The directory of its own, of one that is a file.
fn directory(connector: &Connector) -> Option<&Path> {
    connector.target().file().and_then(Path::parent)
}

/// For nobody else's eyes: what is tried out on scratch may be somebody's data.
fn make_directory(path: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|cause| Error::io("make the directory", path, &cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_hears_of_its_name() {
        for (words, told) in [
            ("Table 'dbtool_scratch_1764504000_4711_0.users' doesn't exist", "Table 'users' doesn't exist"),
            ("`dbtool_scratch_1_2_3`.`users` and `dbtool_scratch_1_2_3`.`b`", "`users` and `b`"),
            ("no database `dbtool_scratch_1_2_3`", "no database `dbtool_scratch_1_2_3`"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(without_scratch_names(words), told);
        }
    }

    #[test]
    fn a_name_tells_its_age() {
        let now = SystemTime::now();
        let hours = |hours| now.checked_sub(Duration::from_hours(hours)).unwrap();
        assert!(!is_left_over(&name(now), now));
        assert!(is_left_over(&name(hours(2)), now));
        assert!(!is_left_over("dbtool_scratch_", now));
        assert!(!is_left_over("dbtool_scratch_shop", now));
        assert!(!is_left_over("shop", now));
    }
}
