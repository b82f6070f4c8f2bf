//! Adopts a database whose schema is already there: records migrations as applied, and runs none.

use super::runner::{Finished, Look, Runner};
use super::watch::Watch;
use crate::db::Purpose;
use crate::error::{Code, Error, Result};
use crate::migrate::direction::Direction;
use crate::migrate::half::half_applied;
use crate::migrate::inventory::{Entry, State};
use crate::migrate::journal::Action;
use crate::migrate::plan::Step;
use crate::migrate::report::{Outcome, Ran};
use crate::migrate::resolve::{Target, resolve};
use crate::migrate::script::prepare;

impl Runner<'_> {
    /// Records a version, and every pending one before it, as applied.
    pub fn baseline(&self, version: &str, dry_run: bool) -> Result<Finished> {
        // A database that is not there has no schema to adopt.
        let mut session = self.connector.connect_telling(Purpose::Read, self.observer)?;
        let look = self.look(Some(&mut session), false)?;
        let entries = adopted(&look, version)?;
        if dry_run || entries.is_empty() {
            let migrations = steps(&entries).iter().map(|step| Ran::new(step, Outcome::Planned)).collect();
            return Ok(Finished { migrations, failure: None });
        }
        self.check_writable(&look)?;
        look.history.meta.check(self.environment)?;
        let (locked, look) = self.lock(session, look)?;
        let entries = adopted(&look, version)?;
        let steps = steps(&entries);
        let prepared = prepare(&steps, self.connector.dialect(), false)?;
        let watch = Watch::default();
        let mut work = self.work(locked, &look, &prepared, &watch)?;
        let mut migrations = Vec::new();
        for (entry, step) in entries.iter().zip(&steps) {
            self.mark(&mut work, entry, Direction::Up, Action::Baseline, None)?;
            migrations.push(Ran::new(step, Outcome::Recorded));
        }
        Ok(Finished { migrations, failure: None })
    }
}

/// The pending migrations up to a version.
fn adopted<'l>(look: &'l Look, version: &str) -> Result<Vec<&'l Entry>> {
    let entries = &look.inventory.entries;
    if let Some((entry, half)) = entries.iter().find_map(|entry| Some((entry, entry.half.as_ref()?))) {
        return Err(half_applied(entry, half));
    }
    let Target::Version(last) = resolve(&look.inventory, version)? else {
        return Err(Error::new(Code::Usage, "`0` names no migration to record")
            .hint("name the last one whose change is already there"));
    };
    Ok(entries.iter().filter(|entry| entry.state == State::Pending && entry.version <= last).collect())
}

fn steps(entries: &[&Entry]) -> Vec<Step> {
    let migrations = entries.iter().filter_map(|entry| entry.migration.clone());
    migrations.map(|migration| Step { direction: Direction::Up, migration, recorded: None }).collect()
}
