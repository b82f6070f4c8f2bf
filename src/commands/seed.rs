//! `dbtool seed`

use crate::catalog;
use crate::commands::completions;
use crate::commands::db::{check_stamp_of, stamp_if_none};
use crate::commands::guard::{self, Danger};
use crate::config::DriftPolicy;
use crate::context::Context;
use crate::db::Purpose;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::files;
use crate::output::{Column, Progress, Report as _, Rows, Style, Terminal, emit};
use crate::seed::report::{Counts, Done, Reject, Report, RowReport, SeedReport};
use crate::seed::{self, Act, Extent, Files, IN_MEMORY, OnDrift, OnError, Request, Runner, Seeds};
use crate::text;

/// Bring the rows of the seeds into the database
///
/// Rows that are there are updated, others inserted; a second run changes nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Seeds by their names, such as `users` or `shop/orders`, with what they refer to; all where none is named
    #[arg(value_name = "NAME", add = completions::seeds())]
    names: Vec<String>,
    /// Only print what would change, row by row
    #[arg(long, alias = "dry-run", conflicts_with = "check")]
    plan: bool,
    /// Change nothing, and end with exit code 3 if a run would
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    how: How,
}

/// What seed and reseed have in common.
#[derive(Debug, Clone, clap::Args)]
pub struct How {
    /// What to do with a row that the database refuses: write nothing, or write the others and list it
    #[arg(
        long,
        value_enum,
        value_name = "stop|quarantine",
        default_value = "stop",
        hide_default_value = true,
        hide_possible_values = true
    )]
    on_error: OnErrorArg,
    /// Record each changed row, not only how many of each table
    #[arg(long, value_name = "rows", value_parser = ["rows"])]
    audit: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnErrorArg {
    Stop,
    Quarantine,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let act = if args.plan || args.check { Act::Plan } else { Act::Run };
    let report = work(context, &args.names, &args.how, act, None)?;
    emit(context.terminal, context.format, &report, view)?;
    if args.check && report.changes() {
        context.terminal.status("`dbtool seed` would change the database");
        return Ok(ExitCode::Pending);
    }
    finish(context, &report)
}

/// Reads the seeds, and brings them into the database, or looks what that would do.
pub fn work(
    context: &Context<'_>,
    names: &[String],
    how: &How,
    act: Act,
    clear: Option<(Extent, bool)>,
) -> Result<Report> {
    let settings = &context.settings;
    let seeds = Seeds::read(&files_of(context))?;
    if act == Act::Run && seeds.may_destroy() {
        guard::check(context, Danger::Reverts, "")?;
    }
    let connector = context.connector()?;
    let mut session = connector.connect(Purpose::Read)?;
    let dialect = connector.dialect();
    let home = session.home(dialect)?;
    let stamped = check_stamp_of(context, &mut session, &home)?;
    let catalog = catalog::read(&mut session, dialect, &home)?;
    let mut connection = context.diesel()?;
    let trail = match act {
        Act::Run => Some(context.trail(&mut connection)?),
        Act::Plan => None,
    };
    let progress = Progress::new(context.terminal);
    let variable = |name: &str| settings.variable(name);
    let mut runner = Runner {
        connection: &mut connection,
        dialect,
        home: &home,
        context: seed::Context {
            catalog: &catalog,
            registry: &context.registry,
            sensitive: &settings.sensitive,
            variable: &variable,
            environment: &settings.environment.name,
            protected: settings.environment.protected,
            trail: trail.as_ref(),
            observer: &progress,
        },
        patience: settings.migrate.lock_wait,
    };
    let on_drift = match settings.seed.on_drift {
        DriftPolicy::Keep => OnDrift::Keep,
        DriftPolicy::Overwrite => OnDrift::Overwrite,
        DriftPolicy::Fail => OnDrift::Fail,
    };
    let on_error = match how.on_error {
        OnErrorArg::Stop => OnError::Stop,
        OnErrorArg::Quarantine => OnError::Quarantine,
    };
    let request = Request {
        names: names.to_vec(),
        act,
        on_drift,
        on_error,
        audit_rows: how.audit.is_some(),
        clear,
        in_memory: IN_MEMORY,
    };
    let report = runner.run(seeds, &request)?;
    if act == Act::Run && settings.environment.explicit && stamped.is_none() {
        stamp_if_none(context, &mut session)?;
    }
    Ok(report)
}

/// Brings all seeds into a database that was just made. The report on stdout is that of the migrations.
pub fn after_reset(context: &Context<'_>) -> Result<()> {
    let how = How { on_error: OnErrorArg::Stop, audit: None };
    let report = work(context, &[], &how, Act::Run, None)?;
    let count = usize::try_from(report.summary.inserted).unwrap_or(usize::MAX);
    context.terminal.status(&context.terminal.paint(Style::Bold, &format!("{} seeded", text::count(count, "row"))));
    Ok(())
}

/// Where the seeds are.
pub fn files_of(context: &Context<'_>) -> Files {
    let seed = &context.settings.seed;
    let shown = seed.directory.strip_prefix(&context.settings.process.directory).unwrap_or(&seed.directory);
    Files {
        directory: seed.directory.clone(),
        shown: shown.to_owned(),
        layers: seed.layers.clone(),
        named: seed.layers_named,
    }
}

impl crate::output::Report for Report {
    fn rows(&self) -> Option<Rows> {
        let row = |seed: &SeedReport| {
            let Counts { inserted, updated, unchanged, deleted, kept, rejected } = seed.counts;
            let numbers = [inserted, updated, unchanged, deleted, kept, rejected].map(|number| number.to_string());
            [seed.name.clone(), seed.table.clone().unwrap_or_default()].into_iter().chain(numbers).collect()
        };
        let numbers = ["inserted", "updated", "unchanged", "deleted", "kept", "rejected"].map(Column::right);
        let columns = [Column::left("seed"), Column::left("table")].into_iter().chain(numbers).collect();
        Some(Rows { columns, rows: self.seeds.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "seeds"
    }
}

/// Where the rows are listed that were left out.
const REJECTS: &str = "seed-rejects.jsonl";

/// So many of them are shown.
const SHOWN: usize = 10;

/// Lists the rows that were left out, and tells by the exit code that there are some.
pub fn finish(context: &Context<'_>, report: &Report) -> anyhow::Result<ExitCode> {
    if report.rejects.is_empty() {
        return Ok(ExitCode::Done);
    }
    if !report.plan {
        let mut lines = Vec::new();
        for reject in &report.rejects {
            serde_json::to_writer(&mut lines, reject)?;
            lines.push(b'\n');
        }
        files::write(&context.settings.process.directory.join(REJECTS), &lines)?;
    }
    Ok(ExitCode::Rejected)
}

/// What was done, or would be.
pub fn view(terminal: &Terminal, report: &Report) {
    for seed in &report.seeds {
        let shown: Vec<&RowReport> = seed.rows.iter().filter(|row| report.plan || row.change == Done::Keep).collect();
        if shown.is_empty() {
            continue;
        }
        let title = match &seed.table {
            Some(table) if *table != seed.name => format!("{} ({table})", seed.name),
            _ => seed.name.clone(),
        };
        terminal.data(&format!("{}\n", terminal.paint_data(Style::Bold, &title)));
        for row in shown {
            print_row(terminal, row);
        }
    }
    if let Some(rows) = report.rows().filter(|rows| !rows.rows.is_empty()) {
        rows.without_empty(|name| {
            matches!(name, "kept") && report.summary.kept == 0 || name == "rejected" && report.summary.rejected == 0
        })
        .print(terminal);
    }
    for Reject { file, line, message, cause, .. } in report.rejects.iter().take(SHOWN) {
        let place = file.iter().zip(line).map(|(file, line)| format!("{file}:{line}: ")).collect::<String>();
        let cause = cause.iter().map(|cause| format!(": {cause}")).collect::<String>();
        terminal.warning(&format!("left out: {place}{message}{cause}"), None);
    }
    if !report.rejects.is_empty() && !report.plan {
        let count = text::count(report.rejects.len(), "row");
        terminal.hint(&format!("`{REJECTS}` lists what was left out ({count}); mend it, and seed again"));
    }
    if report.summary.kept > 0 {
        let message = format!(
            "{} edited since a seed wrote them, and left so",
            text::count(usize::try_from(report.summary.kept).unwrap_or(usize::MAX), "row")
        );
        terminal.warning(&message, Some("`on_drift = \"overwrite\"` in `[seed]` writes what the seeds say"));
    }
    let Counts { inserted, updated, deleted, .. } = report.summary;
    let sum = format!("{inserted} inserted, {updated} updated, {deleted} deleted");
    let line = match (report.plan, report.seeds.is_empty()) {
        (_, true) => format!("there are no seeds for `{}`", report.environment),
        (true, _) => format!("{sum}: this is a plan, and nothing was written"),
        (false, _) => sum,
    };
    terminal.status(&terminal.paint(Style::Bold, &line));
}

/// A row: what becomes of it, its key, and its columns.
fn print_row(terminal: &Terminal, row: &RowReport) {
    let (mark, style) = match row.change {
        Done::Insert => ("+", Style::Good),
        Done::Update => ("~", Style::Warning),
        Done::Delete => ("-", Style::Error),
        Done::Keep => ("=", Style::Dim),
        Done::Run => (">", Style::Good),
    };
    let key: Vec<_> = row.key.iter().map(|(column, value)| format!("{column} = {value}")).collect();
    let mut line = format!("  {mark} {}", key.join(", "));
    if row.change == Done::Keep {
        line.push_str("  (edited since, and kept)");
    } else if row.overwrites {
        line.push_str("  (edited since, and overwritten)");
    }
    terminal.data(&format!("{}\n", terminal.paint_data(style, &text::printable(&line))));
    for column in row.columns.iter().filter(|column| !row.key.contains_key(&column.column)) {
        let after = column.after.as_deref().unwrap_or("NULL");
        let change = match &column.before {
            Some(before) if row.change == Done::Keep => format!("{before}, and not {after}"),
            Some(before) => format!("{before} → {after}"),
            None => after.to_owned(),
        };
        terminal.data(&format!("      {}: {}\n", column.column, text::printable(&change)));
    }
}
