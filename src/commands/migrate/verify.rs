//! `dbtool migrate verify`

use super::run::scratch_runner;
use crate::commands::completions;
use crate::context::Context;
use crate::db::Purpose;
use crate::error::{Code, Result};
use crate::exit_code::ExitCode;
use crate::inspect;
use crate::interrupt::Interrupt;
use crate::migrate::verify::{Loss, Verdict, Verified, Verifier, VerifyReport};
use crate::migrate::{Detail, History, Inventory, Source, Target, first_reach, resolve};
use crate::output::{Column, Progress, Report, Rows, Style, Terminal, emit};
use crate::text;
use crate::version::Version;

/// Prove on a scratch database that each migration can be applied, reverted, and applied again
///
/// Every migration is run up, down and up, and the schema compared after each; then once more with rows in the tables, to see
/// whether they survive. The environment's own database is only looked at. Exits with 4 if a migration does not come back
/// to where it was.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Look only at this migration and those after it
    #[arg(long, value_name = "VERSION", add = completions::versions())]
    since: Option<String>,
    /// A migration that cannot be reverted fails, too
    #[arg(long)]
    strict: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let source = context.source()?;
    let connector = context.connector()?;
    let dialect = connector.dialect();
    let history = history(context)?;
    let since = args.since.as_deref().map(|wanted| since(&source, wanted, context)).transpose()?.flatten();
    let reach = if context.scratch_is_elsewhere()? { None } else { first_reach(&source.migrations, connector)? };
    let interrupt = Interrupt::listen();
    let progress = Progress::new(context.terminal);
    let mut scratch = context.scratch(&interrupt, &progress)?;
    let provenance = || context.provenance(&source);
    let proof = Verifier {
        runner: scratch_runner(context, &source, interrupt, &provenance)?,
        scratch: &mut scratch,
        since,
        end: reach.as_ref().map_or(source.migrations.len(), |(at, _)| *at),
        history: history.as_ref(),
        observer: &progress,
    }
    .verify()?;
    drop(progress);
    drop(scratch);
    let report = VerifyReport {
        environment: context.settings.environment.name.clone(),
        backend: dialect.backend(),
        migrations: proof.migrations,
        not_verified: proof.not_verified,
    };
    emit(context.terminal, context.format, &report, view)?;
    if !proof.not_modelled.is_empty() {
        let objects = inspect::objects(&proof.not_modelled);
        context.terminal.warning(&format!("only their names were compared: {objects}"), None);
    }
    let bad = report.migrations.iter().any(|one| one.verdict.is_bad(args.strict));
    match reach {
        // Why it ended there, whatever was found before.
        Some((_, error)) => {
            let error = error.note("it and those after it were not verified");
            Err(if bad { error.with_code(Code::VerifyFailed) } else { error }.into())
        }
        None => Ok(if bad { ExitCode::Differs } else { ExitCode::Done }),
    }
}

/// What is applied, where there is a database to be asked.
fn history(context: &Context<'_>) -> Result<Option<History>> {
    let connector = context.connector()?;
    let dialect = connector.dialect();
    let mut session = match connector.connect(Purpose::Read) {
        Ok(session) => session,
        Err(error) if error.code() == Code::UnknownDatabase => return Ok(None),
        Err(error) => return Err(error),
    };
    let home = session.home(dialect)?;
    History::read(&mut session, dialect, &home, Detail::State).map(Some)
}

fn since(source: &Source, wanted: &str, context: &Context<'_>) -> Result<Option<Version>> {
    let inventory = Inventory::new(source, &History::default(), context.connector()?.dialect())?;
    Ok(match resolve(&inventory, wanted)? {
        Target::Nothing => None,
        Target::Version(version) => Some(version),
    })
}

impl Report for VerifyReport {
    fn rows(&self) -> Option<Rows> {
        let row = |one: &Verified| {
            vec![
                one.version.clone(),
                one.name.clone(),
                one.verdict.title().to_owned(),
                one.duration_ms.map(|ms| ms.to_string()).unwrap_or_default(),
                one.first_difference.clone().unwrap_or_default(),
                one.lost_rows.iter().map(Loss::sentence).collect::<Vec<_>>().join("; "),
                one.notes.join("; "),
            ]
        };
        let columns = vec![
            Column::left("version"),
            Column::left("name"),
            Column::left("verdict"),
            Column::right("duration ms"),
            Column::left("first difference"),
            Column::left("lost rows"),
            Column::left("notes"),
        ];
        Some(Rows { columns, rows: self.migrations.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "migrations"
    }
}

/// A line for each migration, and below it what there is to say of it.
fn view(terminal: &Terminal, report: &VerifyReport) {
    let mut page = String::new();
    for one in &report.migrations {
        let style = match one.verdict {
            Verdict::Ok => Style::Good,
            Verdict::Irreversible => Style::Warning,
            Verdict::Differs | Verdict::Fails | Verdict::DoesNothing => Style::Error,
        };
        let verdict = terminal.paint_data(style, &format!("{:<12}", one.verdict.title()));
        let took = one.duration_ms.map(|ms| format!("  {ms} ms")).unwrap_or_default();
        page.extend([&verdict, "  ", &one.label, &terminal.paint_data(Style::Dim, &took), "\n"]);
        let first = one.first_difference.iter().filter(|_| one.verdict != Verdict::Irreversible).cloned();
        let lost = one.lost_rows.iter().map(Loss::sentence);
        let notes = one.notes.iter().map(|note| format!("note: {note}"));
        for line in first.chain(lost).chain(notes) {
            page.extend(["              ", &text::printable(&line), "\n"]);
        }
    }
    terminal.data(&page);
    if report.migrations.is_empty() {
        terminal.status("there is nothing to verify");
        return;
    }
    let verdicts = [Verdict::Ok, Verdict::Irreversible, Verdict::Differs, Verdict::Fails, Verdict::DoesNothing];
    let parts: Vec<String> = verdicts
        .iter()
        .map(|verdict| (verdict, report.migrations.iter().filter(|one| one.verdict == *verdict).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {}", verdict.title()))
        .collect();
    let rest = match report.not_verified {
        0 => String::new(),
        some => format!("; {some} after it not verified"),
    };
    let line = format!("{}: {}{rest}", text::count(report.migrations.len(), "migration"), parts.join(", "));
    terminal.status(&terminal.paint(Style::Bold, &line));
}
