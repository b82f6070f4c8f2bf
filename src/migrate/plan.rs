//! The plan: which migrations run, in which direction and order, or why none does. Pure: it looks at an [`Inventory`]
//! and decides.

use std::sync::Arc;

use super::direction::Direction;
use super::half::half_applied;
use super::inventory::{Entry, Inventory, State};
use super::resolve::{Target, resolve};
use super::runs::Texts;
use super::source::{Down, Migration};
use crate::config::{MigrateSettings, Policy};
use crate::error::{Code, Error, Result};

/// What is asked for. Versions are as the user wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Up {
        to: Option<String>,
        steps: Option<usize>,
    },
    Down {
        to: Option<String>,
        steps: Option<usize>,
        all: bool,
    },
    /// What has no directory here, from the texts that it ran from.
    DownFromHistory {
        to: Option<String>,
        steps: Option<usize>,
    },
    To(String),
    Redo {
        steps: usize,
    },
}

/// What to do about what may be a mistake.
#[derive(Debug, Clone, Copy)]
pub struct Policies {
    pub out_of_order: Policy,
    pub changed: Policy,
    pub missing: Policy,
}

impl From<&MigrateSettings> for Policies {
    fn from(settings: &MigrateSettings) -> Self {
        Self { out_of_order: settings.out_of_order, changed: settings.changed, missing: settings.missing }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// What should be told: a sentence, and what to do about it.
    pub warnings: Vec<(String, String)>,
}

/// One migration to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub direction: Direction,
    pub migration: Arc<Migration>,
    /// The journal's texts, where there is no directory to read from.
    pub recorded: Option<Texts>,
}

impl Plan {
    /// Whether it reverts anything.
    #[must_use]
    pub fn reverts(&self) -> bool {
        self.steps.iter().any(|step| step.direction == Direction::Down)
    }
}

/// Decides what is to be done.
pub fn plan(inventory: &Inventory, request: &Request, policies: Policies) -> Result<Plan> {
    let (down, up): (Vec<&Entry>, Vec<&Entry>) = match request {
        Request::Up { to, steps } => {
            let to = to.as_deref().map(|to| resolve(inventory, to)).transpose()?;
            let pending = inventory
                .entries
                .iter()
                .filter(|entry| is_pending(entry) && to.as_ref().is_none_or(|to| entry.is_at_most(to)));
            (Vec::new(), pending.take(steps.unwrap_or(usize::MAX)).collect())
        }
        Request::Down { to, steps, all } => {
            let to = to.as_deref().map(|to| resolve(inventory, to)).transpose()?;
            let steps = match (&to, steps, all) {
                (None, None, false) => 1,
                (_, Some(steps), _) => *steps,
                _ => usize::MAX,
            };
            (applied_above(inventory, to.as_ref()).take(steps).collect(), Vec::new())
        }
        Request::DownFromHistory { to, steps } => {
            let to = to.as_deref().map(|to| resolve(inventory, to)).transpose()?;
            let gone = applied_above(inventory, to.as_ref()).filter(|entry| entry.state == State::Missing);
            (gone.take(steps.unwrap_or(usize::MAX)).collect(), Vec::new())
        }
        Request::To(to) => {
            let to = resolve(inventory, to)?;
            let up = inventory.entries.iter().filter(|entry| is_pending(entry) && entry.is_at_most(&to));
            (applied_above(inventory, Some(&to)).collect(), up.collect())
        }
        Request::Redo { steps } => {
            let down: Vec<_> = applied_above(inventory, None).take(*steps).collect();
            let up = down.iter().rev().copied().collect();
            (down, up)
        }
    };
    check_half(inventory)?;
    let mut plan = Plan::default();
    tell_fewer(request, &down, &mut plan);
    check_changed(inventory, request, &down, &up, policies, &mut plan)?;
    let from_history = matches!(request, Request::DownFromHistory { .. });
    if !matches!(request, Request::Down { .. }) && !from_history {
        check_missing(inventory, policies, &mut plan)?;
    }
    if from_history {
        check_recorded(&down)?;
    } else {
        check_reversible(&down)?;
    }
    check_order(inventory, &down, &up, policies, &mut plan)?;
    let steps = |entries: Vec<&Entry>, direction| {
        let step = move |entry: &Entry| match (&entry.migration, &entry.recorded) {
            (Some(migration), _) => Some(Step { direction, migration: migration.clone(), recorded: None }),
            (None, Some(texts)) => {
                Some(Step { direction, migration: entry.as_recorded().into(), recorded: Some(texts.clone()) })
            }
            (None, None) => None,
        };
        entries.into_iter().filter_map(step).collect::<Vec<_>>()
    };
    plan.steps.extend(steps(down, Direction::Down));
    plan.steps.extend(steps(up, Direction::Up));
    Ok(plan)
}

impl Entry {
    /// What stands for its directory when it is run from the journal.
    pub(super) fn as_recorded(&self) -> Migration {
        Migration {
            version: self.version.clone(),
            name: self.name.clone(),
            directory: self.label().into(),
            way_back: Down::Present.into(),
            checksum: None,
        }
    }

    fn is_at_most(&self, target: &Target) -> bool {
        matches!(target, Target::Version(version) if self.version <= *version)
    }
}

fn is_pending(entry: &Entry) -> bool {
    entry.state == State::Pending
}

/// The applied versions above a target, the highest first.
fn applied_above<'a>(inventory: &'a Inventory, target: Option<&Target>) -> impl Iterator<Item = &'a Entry> {
    inventory
        .entries
        .iter()
        .rev()
        .filter(move |entry| entry.is_applied() && target.is_none_or(|to| !entry.is_at_most(to)))
}

/// More were asked for than there are: those there are, are reverted.
fn tell_fewer(request: &Request, down: &[&Entry], plan: &mut Plan) {
    let (Request::Down { steps: Some(steps), .. } | Request::Redo { steps }) = request else { return };
    let count = down.len();
    if count > 0 && count < *steps {
        let are = if count == 1 { "is" } else { "are" };
        let sentence = format!("{steps} migrations were asked for, and only {count} {are} applied");
        plan.warnings.push((sentence, "`--steps` reverts all of them where there are fewer".to_owned()));
    }
}

/// Nothing runs over a migration that is half in the database.
fn check_half(inventory: &Inventory) -> Result<()> {
    let Some((entry, half)) = inventory.entries.iter().find_map(|entry| Some((entry, entry.half.as_ref()?))) else {
        return Ok(());
    };
    Err(half_applied(entry, half))
}

fn check_changed(
    inventory: &Inventory,
    request: &Request,
    down: &[&Entry],
    up: &[&Entry],
    policies: Policies,
    plan: &mut Plan,
) -> Result<()> {
    let reverted = |entry: &Entry| down.iter().any(|other| other.version == entry.version);
    let changed: Vec<_> =
        inventory.entries.iter().filter(|entry| entry.state == State::Changed && !reverted(entry)).collect();
    // Going down runs none of the changed files; `up` alone must not pass over them, even with nothing to do.
    let matters = matches!(request, Request::Up { .. }) || (!up.is_empty() && !matches!(request, Request::Redo { .. }));
    if changed.is_empty() {
        return Ok(());
    }
    let sentence = listing("was changed after it was applied", "were changed after they were applied", &changed);
    let hint = "put the file back as it was, and write what is new into another migration".to_owned();
    match policies.changed {
        Policy::Refuse if matters => Err(Error::new(Code::Changed, sentence)
            .hint(hint)
            .hint("or `dbtool migrate redo`, if it is the last one, and nobody else has it yet")
            .hint("`dbtool migrate repair --accept-checksum --reason TEXT`, if the database has what the file says now")
            .hint("`changed = \"warn\"` in `[migrate]` of dbtool.toml goes on all the same")),
        Policy::Allow => Ok(()),
        Policy::Refuse | Policy::Warn => {
            plan.warnings.push((sentence, hint));
            Ok(())
        }
    }
}

fn check_missing(inventory: &Inventory, policies: Policies, plan: &mut Plan) -> Result<()> {
    let missing: Vec<_> = inventory.entries.iter().filter(|entry| entry.state == State::Missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let sentence =
        listing("is applied, and has no directory here", "are applied, and have no directory here", &missing);
    let hint = "is this an older checkout? the database is ahead of the files".to_owned();
    match policies.missing {
        Policy::Refuse => Err(Error::new(Code::Missing, sentence).hint(hint)),
        Policy::Allow => Ok(()),
        Policy::Warn => {
            plan.warnings.push((sentence, hint));
            Ok(())
        }
    }
}

/// Everything that is to be reverted must have a way back: all that have none are named before anything runs.
fn check_reversible(down: &[&Entry]) -> Result<()> {
    let missing: Vec<_> = down.iter().filter(|entry| entry.migration.is_none()).copied().collect();
    if !missing.is_empty() {
        let sentence = listing("has no directory here", "have no directory here", &missing);
        return Err(Error::new(Code::Missing, format!("cannot revert: {sentence}"))
            .hint("`--from-history` reverts it from the text that ran")
            .hint("or check out the release that has it, and revert from there"));
    }
    let irreversible: Vec<_> = down.iter().filter(|entry| !entry.is_reversible()).copied().collect();
    let Some(first) = irreversible.first() else {
        return Ok(());
    };
    let what = |entry: &Entry| {
        let empty = entry.migration.as_ref().is_some_and(|migration| migration.way_back() == Down::Empty);
        format!("`{}` {}", entry.label(), if empty { "has an empty down.sql" } else { "has no down.sql" })
    };
    let error = match irreversible.as_slice() {
        [one] => Error::new(Code::Irreversible, format!("cannot revert: {}", what(one))),
        several => {
            let error = Error::new(Code::Irreversible, format!("cannot revert {} migrations", several.len()));
            let more = several.len().saturating_sub(20);
            let error = several.iter().take(20).fold(error, |error, entry| error.note(what(entry)));
            if more > 0 { error.note(format!("and {more} more")) } else { error }
        }
    };
    let error = error.note("nothing was run");
    let file = first
        .migration
        .as_ref()
        .map(|migration| migration.directory.join("down.sql").display().to_string())
        .unwrap_or_default();
    Err(error.hint(format!("write `{file}`; `SELECT 1;` makes it a down that does nothing, for Diesel too")))
}

/// What is to be reverted from the journal must have its text there, as it was.
fn check_recorded(down: &[&Entry]) -> Result<()> {
    let why = |entry: &&Entry| match &entry.recorded {
        None => Some("was not applied by dbtool"),
        Some(texts) if texts.masked => Some("holds a password, which the journal has masked"),
        Some(texts) => match texts.down.as_deref().map(str::trim) {
            None => Some("has no down.sql in the journal"),
            Some("") => Some("has an empty down.sql in the journal"),
            Some(_) => None,
        },
    };
    let wrong: Vec<_> = down.iter().filter_map(|entry| Some((entry, why(entry)?))).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let error = Error::new(Code::Irreversible, "cannot revert from the history").note("nothing was run");
    let error = wrong.iter().fold(error, |error, (entry, why)| error.note(format!("`{}` {why}", entry.label())));
    Err(error.hint("check out the release that has it, and revert from there"))
}

fn check_order(
    inventory: &Inventory,
    down: &[&Entry],
    up: &[&Entry],
    policies: Policies,
    plan: &mut Plan,
) -> Result<()> {
    let stays = |entry: &&Entry| entry.is_applied() && !down.iter().any(|other| other.version == entry.version);
    let Some(highest) = inventory.entries.iter().rev().find(stays) else {
        return Ok(());
    };
    let late: Vec<_> = up.iter().filter(|entry| entry.version < highest.version).copied().collect();
    if late.is_empty() || policies.out_of_order == Policy::Allow {
        return Ok(());
    }
    let sentence = format!("{} than `{}`, which is applied", listing("is older", "are older", &late), highest.label());
    let hint = "give it a new version if it needs what came later; `migrate new` makes one".to_owned();
    if policies.out_of_order == Policy::Refuse {
        return Err(Error::new(Code::OutOfOrder, sentence).hint(hint));
    }
    plan.warnings.push((sentence, hint));
    Ok(())
}

/// `` `a` is … ``, `` `a`, `b` are … ``, `5 migrations are …`.
fn listing(one: &str, several: &str, entries: &[&Entry]) -> String {
    let names: Vec<_> = entries.iter().map(|entry| format!("`{}`", entry.label())).collect();
    match names.as_slice() {
        [name] => format!("{name} {one}"),
        names if names.len() <= 3 => format!("{} {several}", names.join(", ")),
        names => format!("{} and {} more {several}", names[..2].join(", "), names.len() - 2),
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::Applied;
    use super::*;
    use crate::migrate::half::Half;
    use crate::version::Version;

    /// A version, its state, and whether it has a down.
    fn inventory(entries: &[(&str, State, Down)]) -> Inventory {
        let entry = |(version, state, down): &(&str, State, Down)| {
            let label = format!("{version}_name{version}");
            let migration = Migration {
                version: Version::from_ledger(*version),
                name: format!("name{version}"),
                directory: label.into(),
                way_back: (*down).into(),
                checksum: None,
            };
            Entry {
                version: migration.version.clone(),
                name: migration.name.clone(),
                state: *state,
                applied: (*state != State::Pending).then(Applied::default),
                migration: (*state != State::Missing).then_some(Arc::new(migration)),
                half: None,
                recorded: None,
            }
        };
        Inventory { entries: entries.iter().map(entry).collect() }
    }

    const POLICIES: Policies = Policies { out_of_order: Policy::Warn, changed: Policy::Refuse, missing: Policy::Warn };

    /// `+1 -2`, or the error's code.
    fn planned(inventory: &Inventory, request: &Request, policies: Policies) -> String {
        match plan(inventory, request, policies) {
            Ok(plan) => {
                let sign = |step: &Step| if step.direction == Direction::Up { '+' } else { '-' };
                let steps: Vec<_> =
                    plan.steps.iter().map(|step| format!("{}{}", sign(step), step.migration.version)).collect();
                let warned = if plan.warnings.is_empty() { "" } else { " !" };
                format!("{}{warned}", steps.join(" "))
            }
            Err(error) => error.code().name().to_owned(),
        }
    }

    #[test]
    fn requests_become_steps() {
        use Down::Present;
        use State::{Applied, Pending};
        let inventory = inventory(&[
            ("1", Applied, Present),
            ("2", Applied, Present),
            ("3", Pending, Present),
            ("4", Pending, Present),
        ]);
        let up = |to: Option<&str>, steps| Request::Up { to: to.map(str::to_owned), steps };
        let down = |to: Option<&str>, steps, all| Request::Down { to: to.map(str::to_owned), steps, all };
        let to = |to: &str| Request::To(to.to_owned());
        let cases = [
            (up(None, None), "+3 +4"),
            (up(None, Some(1)), "+3"),
            (up(None, Some(0)), ""),
            (up(Some("3"), None), "+3"),
            (up(Some("1"), None), ""),
            (down(None, None, false), "-2"),
            (down(None, Some(2), false), "-2 -1"),
            (down(None, Some(9), false), "-2 -1 !"),
            (Request::Redo { steps: 3 }, "-2 -1 +1 +2 !"),
            (down(Some("1"), None, false), "-2"),
            (down(Some("0"), None, false), "-2 -1"),
            (down(None, None, true), "-2 -1"),
            (to("0"), "-2 -1"),
            (to("1"), "-2"),
            (to("3"), "+3"),
            (to("4"), "+3 +4"),
            (to("name4"), "+3 +4"),
            (to("4_name4"), "+3 +4"),
            (to("9"), "migrate/unknown-version"),
            (to("name"), "migrate/ambiguous-version"),
            (Request::Redo { steps: 2 }, "-2 -1 +1 +2"),
        ];
        for (request, expected) in cases {
            assert_eq!(planned(&inventory, &request, POLICIES), expected, "{request:?}");
        }
    }

    #[test]
    fn what_may_be_a_mistake_is_told_or_refused() {
        use Down::{Empty, Missing, Present};
        use State::{Applied, Changed, Pending};
        let up = Request::Up { to: None, steps: None };
        let down = Request::Down { to: None, steps: None, all: false };
        let redo = Request::Redo { steps: 1 };
        let refuse = Policies { out_of_order: Policy::Refuse, changed: Policy::Refuse, missing: Policy::Refuse };
        let allow = Policies { out_of_order: Policy::Allow, changed: Policy::Allow, missing: Policy::Allow };
        let late = [("1", Pending, Present), ("2", Applied, Present)];
        let changed = [("1", Changed, Present), ("2", Pending, Present)];
        let missing = [("1", State::Missing, Present), ("2", Pending, Present)];
        let cases: [(&[_], &Request, Policies, &str); 16] = [
            (&late, &up, POLICIES, "+1 !"),
            (&late, &up, refuse, "migrate/out-of-order"),
            (&late, &up, allow, "+1"),
            (&changed, &up, POLICIES, "migrate/changed"),
            (&changed, &up, allow, "+2"),
            (&changed, &Request::To("2".into()), POLICIES, "migrate/changed"),
            (&changed, &down, POLICIES, "-1"),
            (&changed, &redo, POLICIES, "-1 +1"),
            (&[("1", Changed, Present), ("2", Applied, Present)], &redo, POLICIES, "-2 +2 !"),
            (&missing, &up, POLICIES, "+2 !"),
            (&missing, &up, refuse, "migrate/missing"),
            (&missing, &up, allow, "+2"),
            (&missing, &down, POLICIES, "migrate/missing"),
            (&[("1", Applied, Missing)], &down, POLICIES, "migrate/irreversible"),
            (&[("1", Applied, Empty)], &redo, POLICIES, "migrate/irreversible"),
            (&[], &up, POLICIES, ""),
        ];
        for (entries, request, policies, expected) in cases {
            assert_eq!(planned(&inventory(entries), request, policies), expected, "{entries:?} {request:?}");
        }
    }

    #[test]
    fn nothing_runs_over_a_half_applied_migration() {
        let mut inventory = inventory(&[("1", State::Failed, Down::Present), ("2", State::Pending, Down::Present)]);
        inventory.entries[0].half = Some(Half {
            direction: Direction::Up,
            statements: 3,
            started: 2,
            failed: None,
            connection: None,
            name: String::new(),
            at_work: false,
            stranded: false,
            ends: false,
            long: false,
            done: 1,
            at: String::new(),
            by: String::new(),
            run_id: String::new(),
            error: None,
            open: true,
            row: 1,
            escaped: false,
        });
        for request in [Request::Up { to: None, steps: None }, Request::Redo { steps: 1 }, Request::To("2".into())] {
            assert_eq!(planned(&inventory, &request, POLICIES), "migrate/half-applied");
        }
    }
}
