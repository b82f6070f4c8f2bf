//! What up, down, to and redo have in common: their locking flags, the run itself, and its view.

use std::sync::Arc;

use crate::catalog::{self, Catalog};
use crate::commands::guard::{self, Danger};
use crate::commands::schema::{Keep, Kept};
use crate::context::Context;
use crate::db::{Connector, Purpose};
use crate::error::{Code, Result};
use crate::exit_code::ExitCode;
use crate::inspect;
use crate::interrupt::Interrupt;
use crate::migrate::apply::{self, Finished, Runner};
use crate::migrate::report::{Outcome, Ran, RunReport};
use crate::migrate::{self, Detail, Direction, History, Migration, Plan, Provenance, Request, Source, check_reach};
use crate::observer::{Observer, Silent};
use crate::output::{Column, Progress, Report, Rows, Style, Terminal, emit};
use crate::text;

/// Whether all of it is one transaction.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Atomic {
    /// Run all of them in one transaction, or none
    #[arg(long)]
    pub atomic: bool,
}

/// How other runners are kept out.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Locking {
    /// How long to wait for another runner, such as 30s or 10m
    #[arg(long, value_name = "DURATION")]
    pub lock_wait: Option<String>,
    /// `none`: take no lock; you see to it that nobody else runs migrations
    #[arg(long, value_name = "auto|none", value_parser = ["auto", "none"], default_value = "auto", hide_default_value = true, hide_possible_values = true)]
    pub lock: String,
}

/// How migrations are run, by whichever command.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Options {
    /// Only print what would be done
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub atomic: Atomic,
    #[command(flatten)]
    pub keep: Keep,
    #[command(flatten)]
    pub locking: Locking,
}

/// What a command asks for.
pub struct Wanted<'a> {
    pub request: Request,
    pub options: &'a Options,
    /// First on a scratch copy of the live schema.
    pub rehearse: bool,
    /// What it is if it reverts anything.
    pub danger: Danger,
}

/// Plans and runs, and reports what was done, also when it failed half way.
pub fn run(context: &Context<'_>, wanted: &Wanted<'_>) -> anyhow::Result<ExitCode> {
    let Options { dry_run, atomic, keep, locking } = wanted.options;
    let kept = Kept::of(context, *keep)?;
    let connector = context.connector()?;
    let (source, ()) = context.source_beside(false, || connector.start(History::ask_state))?;
    let settings = &context.settings;
    let progress = Progress::new(context.terminal);
    let approve = |plan: &Plan| {
        let danger = if plan.reverts() { wanted.danger } else { Danger::None };
        let down = |step: &&crate::migrate::Step| step.direction == Direction::Down;
        let reverted = text::count(plan.steps.iter().filter(down).count(), "migration");
        let question = format!("revert {reverted} of `{}` ({})?", settings.environment.name, connector.target());
        guard::check(context, danger, &question)
    };
    let provenance = || context.provenance(&source);
    let runner = Runner {
        atomic: atomic.atomic || settings.migrate.atomic,
        ..runner(context, connector, &source, locking, &progress, &provenance)
    };
    let asked = apply::Wanted {
        request: wanted.request.clone(),
        policies: (&settings.migrate).into(),
        dry_run: *dry_run,
        approve: &approve,
    };
    if wanted.rehearse && !dry_run {
        rehearse(context, &runner, &asked)?;
    }
    let finished = runner.run(&asked)?;
    drop(progress);
    let changed = finished.migrations.iter().any(|ran| ran.outcome == Outcome::Done);
    let reported = report(context, finished, *dry_run);
    if !dry_run {
        // What is in before one that failed is in the schema, too; the failure is told all the same.
        let refreshed = kept.refresh(context, changed);
        if reported.is_ok() {
            refreshed?;
        }
    }
    reported
}

/// Runs what is asked for on a scratch copy of the live schema.
fn rehearse(context: &Context<'_>, runner: &Runner<'_>, asked: &apply::Wanted<'_>) -> Result<()> {
    let connector = runner.connector;
    let dialect = connector.dialect();
    let (live, history) = match connector.connect(Purpose::Read) {
        Ok(mut session) => {
            let home = session.home(dialect)?;
            let history = History::read(&mut session, dialect, &home, Detail::State)?;
            (catalog::read(&mut session, dialect, &home)?, history)
        }
        // A file that is not there yet.
        Err(error) if error.code() == Code::UnknownDatabase && !dialect.backend().is_server() => {
            (Catalog::empty(dialect.backend()), History::default())
        }
        Err(error) => return Err(error),
    };
    let pending = |migration: &&Arc<Migration>| !history.applied.contains_key(&migration.version);
    let pending: Vec<_> = runner.source.migrations.iter().filter(pending).collect();
    if pending.is_empty() {
        return Ok(());
    }
    if !context.scratch_is_elsewhere()? {
        check_reach(pending, connector)?;
    }
    // What is half done is settled first, and the run itself says how.
    if !history.half.is_empty() {
        return Ok(());
    }
    let gaps: Vec<_> = live.not_modelled.iter().chain(&live.not_seen).cloned().collect();
    if !gaps.is_empty() {
        context.terminal.warning(&format!("the rehearsal goes without {}", inspect::objects(&gaps)), None);
    }
    let mut scratch = context.scratch(&runner.interrupt, runner.observer)?;
    let there = scratch_runner(context, runner.source, runner.interrupt.clone(), runner.provenance)?;
    let quietly = apply::Wanted { request: asked.request.clone(), approve: &|_| Ok(()), ..*asked };
    let done =
        migrate::rehearse(&Runner { atomic: runner.atomic, ..there }, &mut scratch, (&live, &history), &quietly)?;
    let what = text::count(done.migrations.len(), "migration");
    context.terminal.status(&format!("rehearsed: {what} on a scratch copy of the schema"));
    Ok(())
}

/// Shows what was done; a failure half way is the command's.
pub fn report(context: &Context<'_>, finished: Finished, dry_run: bool) -> anyhow::Result<ExitCode> {
    let report = RunReport {
        environment: context.settings.environment.name.clone(),
        backend: context.connector()?.target().backend(),
        dry_run,
        migrations: finished.migrations,
    };
    emit(context.terminal, context.format, &report, view)?;
    match finished.failure {
        Some(failure) => Err(failure.into()),
        None => Ok(ExitCode::Done),
    }
}

/// Who runs migrations for this invocation.
pub fn runner<'a>(
    context: &'a Context<'_>,
    connector: &'a Connector,
    source: &'a Source,
    locking: &Locking,
    observer: &'a dyn Observer,
    provenance: &'a dyn Fn() -> Provenance,
) -> Runner<'a> {
    let settings = &context.settings;
    Runner {
        connector,
        source,
        timeouts: context.timeouts(),
        lock: locking.lock != "none",
        atomic: false,
        session: &settings.migrate.session,
        sensitive: context.sensitive(),
        environment: &settings.environment.name,
        explicit: settings.environment.explicit,
        run_id: &context.run_id,
        provenance,
        observer,
        interrupt: Interrupt::listen(),
    }
}

/// Who runs migrations on scratch databases: without a word, and without a lock, for nobody else knows them.
pub fn scratch_runner<'a>(
    context: &'a Context<'_>,
    source: &'a Source,
    interrupt: Interrupt,
    provenance: &'a dyn Fn() -> Provenance,
) -> Result<Runner<'a>> {
    let settings = &context.settings;
    Ok(Runner {
        connector: context.connector()?,
        source,
        timeouts: context.timeouts(),
        lock: false,
        atomic: false,
        session: &settings.migrate.session,
        sensitive: context.sensitive(),
        environment: &settings.environment.name,
        explicit: false,
        run_id: &context.run_id,
        provenance,
        observer: &Silent,
        interrupt,
    })
}

impl Report for RunReport {
    fn rows(&self) -> Option<Rows> {
        let row = |ran: &Ran| {
            vec![
                ran.version.clone(),
                ran.name.clone(),
                ran.direction.name().to_owned(),
                ran.outcome.name().to_owned(),
                ran.duration_ms.map(|ms| ms.to_string()).unwrap_or_default(),
                ran.error.clone().unwrap_or_default(),
            ]
        };
        let columns = vec![
            Column::left("version"),
            Column::left("name"),
            Column::left("direction"),
            Column::left("outcome"),
            Column::right("duration ms"),
            Column::left("error"),
        ];
        Some(Rows { columns, rows: self.migrations.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "migrations"
    }
}

/// The steps have told themselves while they ran; what is left is the sum, or the plan.
fn view(terminal: &Terminal, report: &RunReport) {
    let of = |direction| {
        report.migrations.iter().filter(|ran| ran.direction == direction && ran.outcome == Outcome::Done).count()
    };
    let recorded: Vec<_> = report.migrations.iter().filter(|ran| ran.outcome == Outcome::Recorded).collect();
    let (up, down) = (of(Direction::Up), of(Direction::Down));
    if report.migrations.is_empty() {
        terminal.status("nothing to do");
    } else if report.dry_run {
        let line = |ran: &Ran| format!("{:<4}  {}\n", ran.direction.name(), ran.label);
        terminal.data(&report.migrations.iter().map(line).collect::<String>());
        terminal.status("nothing was run: this was --dry-run");
    } else if let Some(first) = recorded.first() {
        let what = text::count(recorded.len(), "migration");
        let state = if first.direction == Direction::Up { "applied" } else { "not applied" };
        let line = terminal.paint(Style::Bold, &format!("{what} recorded as {state}"));
        terminal.status(&format!("{line}; nothing was run"));
    } else if up + down > 0 {
        let part = |count, verb: &str| (count > 0).then(|| format!("{} {verb}", text::count(count, "migration")));
        let parts: Vec<_> = [part(down, "reverted"), part(up, "applied")].into_iter().flatten().collect();
        terminal.status(&terminal.paint(Style::Bold, &parts.join(", ")));
    }
}
