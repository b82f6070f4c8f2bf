//! `dbtool migrate verify`

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::run::scratch_runner;
use crate::commands::completions;
use crate::context::Context;
use crate::db::Purpose;
use crate::error::{Code, Result};
use crate::exit_code::ExitCode;
use crate::inspect;
use crate::interrupt::Interrupt;
use crate::migrate::verify::{Asked, Loss, Verdict, Verified, Verifier, VerifyReport};
use crate::migrate::{Detail, History, Inventory, Source, Target, first_reach, resolve};
use crate::output::{Column, Format, Progress, Report, Rows, Style, Terminal, emit, excerpt};
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
    /// A migration that cannot be reverted, that fails only when there are rows, or that is not written yet, fails, too
    #[arg(long)]
    strict: bool,
    /// A migration that loses rows or values fails, too
    #[arg(long)]
    no_loss: bool,
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
    // The page is printed while it is made.
    let told = RefCell::new(BTreeMap::new());
    let asked = Asked { strict: args.strict, no_loss: args.no_loss };
    let tell = |one: &Verified| {
        if context.format == Format::Table {
            progress.above(|terminal| terminal.data(&lines(terminal, one, asked)));
            told.borrow_mut().insert(one.version.clone(), one.notes.len());
        }
    };
    let proof = Verifier {
        runner: scratch_runner(context, &source, interrupt, &provenance)?,
        scratch: &mut scratch,
        since,
        end: reach.as_ref().map_or(source.migrations.len(), |(at, _)| *at),
        history: history.as_ref(),
        observer: &progress,
        tell: &tell,
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
    emit(context.terminal, context.format, &report, |terminal, report| view(terminal, report, &told.borrow()))?;
    if !proof.not_modelled.is_empty() {
        let objects = inspect::objects(&proof.not_modelled);
        context
            .terminal
            .warning(&format!("compared by name, and by definition as far as it is known: {objects}"), None);
    }
    let bad = report.migrations.iter().any(|one| one.is_bad(asked));
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
    let inventory = Inventory::new(source, &mut History::default(), context.connector()?.dialect())?;
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

/// A line for a migration, and below it what there is to say of it.
fn lines(terminal: &Terminal, one: &Verified, asked: Asked) -> String {
    let against = one.against(asked);
    let style = match one.verdict {
        Verdict::Ok | Verdict::Irreversible if !against.is_empty() => Style::Error,
        Verdict::Ok => Style::Good,
        Verdict::Irreversible => Style::Warning,
        Verdict::Differs | Verdict::Fails | Verdict::DoesNothing => Style::Error,
    };
    let verdict = terminal.paint_data(style, &format!("{:<12}", one.verdict.title()));
    let took = one.duration_ms.map(|ms| format!("  {ms} ms")).unwrap_or_default();
    let mut page = format!("{verdict}  {}{}\n", one.label, terminal.paint_data(Style::Dim, &took));
    let mut below = |line: &str| page.extend(["              ", line, "\n"]);
    if let Some(first) = one.first_difference.as_ref().filter(|_| one.verdict != Verdict::Irreversible) {
        below(&text::printable(first));
    }
    if let Some(place) = &one.place {
        let (excerpt, caret) = excerpt(place);
        below(&format!("{} | {excerpt}", place.line));
        below(&format!("{} | {caret}^", " ".repeat(place.line.to_string().len())));
    }
    one.lost_rows.iter().for_each(|loss| below(&text::printable(&loss.sentence())));
    one.notes.iter().for_each(|note| below(&format!("note: {}", text::printable(note))));
    for why in against {
        below(&format!("fails {why}"));
    }
    page
}

/// The sum of it. Each migration has been told when its verdict stood, with so many notes; what was found later is added.
fn view(terminal: &Terminal, report: &VerifyReport, told: &BTreeMap<String, usize>) {
    for one in &report.migrations {
        let later = &one.notes[told.get(&one.version).copied().unwrap_or_default().min(one.notes.len())..];
        for note in later {
            terminal.data(&format!("{:<12}  {}: {}\n", "note", one.label, text::printable(note)));
        }
    }
    if report.migrations.is_empty() {
        // Why none was, the error says.
        if report.not_verified == 0 {
            terminal.status("there is nothing to verify");
        }
        return;
    }
    let verdicts = [Verdict::Ok, Verdict::Irreversible, Verdict::Differs, Verdict::Fails, Verdict::DoesNothing];
    let parts: Vec<String> = verdicts
        .iter()
        .map(|verdict| (verdict, report.migrations.iter().filter(|one| one.verdict == *verdict).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {}", verdict.title()))
        .collect();
    let count = |is: fn(&Verified) -> bool| report.migrations.iter().filter(|one| is(one)).count();
    let more = [
        (count(|one| !one.lost_rows.is_empty()), "with losses"),
        (count(|one| one.fails_with_rows), "failing only with rows"),
        (count(|one| one.unwritten), "not written yet"),
        (report.not_verified, "after it not verified"),
    ];
    let more = more.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("; {count} {what}"));
    let line = format!(
        "{}: {}{}",
        text::count(report.migrations.len(), "migration"),
        parts.join(", "),
        more.collect::<String>()
    );
    terminal.status(&terminal.paint(Style::Bold, &line));
}
