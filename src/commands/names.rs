//! The names of tables and their columns that a shell is offered. They are kept in the user's cache directory, and asked of
//! the database when they are old: for a moment only, without a question, and without an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::catalog::{self, Catalog};
use crate::config::{Flags, Password, Process, Settings, Target};
use crate::db::{Connector, Purpose};
use crate::files;

/// A shell waits no longer.
const PATIENCE: Duration = Duration::from_millis(200);

/// So long, names are taken as they were.
const FRESH: Duration = Duration::from_secs(10);

/// What is known of one database.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Names {
    /// Tables and views, each with its columns.
    pub tables: BTreeMap<String, Vec<String>>,
}

impl Names {
    fn of(catalog: &Catalog) -> Self {
        let tables = catalog.tables.iter().map(|table| (&table.name, &table.columns));
        let views = catalog.views.iter().map(|view| (&view.name, &view.columns));
        let columns = |columns: &[catalog::Column]| columns.iter().map(|column| column.name.clone()).collect();
        Self { tables: tables.chain(views).map(|(name, all)| (name.to_string(), columns(all))).collect() }
    }

    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    fn write(&self, path: &Path) {
        if let Ok(text) = serde_json::to_vec(self) {
            // Whoever cannot keep them asks again.
            let _ = files::write(path, &text);
        }
    }
}

/// Keeps the names of a schema that was read.
pub fn remember(process: &Process, target: &Target, catalog: &Catalog) {
    if let Some(path) = place(process, target) {
        Names::of(catalog).write(&path);
    }
}

/// The names in the database that the settings name, as far as they are known or told within a moment.
#[must_use]
pub fn known(flags: Flags) -> Names {
    look(flags).unwrap_or_default()
}

fn look(flags: Flags) -> Option<Names> {
    let settings = Settings::read(Process::from_system(), flags).ok()?;
    let database = settings.database().ok()?;
    let path = place(&settings.process, &database.target);
    let kept = path.as_deref().and_then(Names::read);
    if kept.is_some() && path.as_deref().is_some_and(is_fresh) {
        return kept;
    }
    // A command may ask for a password, and a library that is not ours may not stand it that the process ends meanwhile.
    let asks = matches!(database.password, Password::Command { .. });
    let foreign = database.target.backend().is_server() && !cfg!(feature = "bundled");
    if asks || foreign {
        return kept;
    }
    ask(settings, path).or(kept)
}

/// Asks the database, on a thread that nobody waits for when it takes too long.
fn ask(settings: Settings, path: Option<PathBuf>) -> Option<Names> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let names = read(&settings);
        if let (Some(names), Some(path)) = (&names, &path) {
            names.write(path);
        }
        // Nobody may be there any more.
        let _ = tell.send(names);
    });
    told.recv_timeout(PATIENCE).ok().flatten()
}

fn read(settings: &Settings) -> Option<Names> {
    let connector = Connector::new(settings).ok()?;
    let mut session = connector.open(Purpose::Read).ok()?;
    let dialect = connector.dialect();
    let home = session.home(dialect).ok()?;
    Some(Names::of(&catalog::read(&mut session, dialect, &home).ok()?))
}

/// The file of a database, by its URL without the password.
fn place(process: &Process, target: &Target) -> Option<PathBuf> {
    let name = blake3::hash(target.to_string().as_bytes()).to_hex();
    Some(process.cache_directory()?.join("names").join(format!("{}.json", &name[..32])))
}

fn is_fresh(path: &Path) -> bool {
    let changed = std::fs::metadata(path).and_then(|found| found.modified());
    changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age < FRESH))
}
