//! `dbtool migrate status`

use crate::config::Target;
use crate::context::Context;
use crate::db::{Closing, Connector, Purpose};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::migrate::report::{Status, StatusReport};
use crate::migrate::{Detail, Entry, History, Inventory, State, half_applied};
use crate::output::{Column, Progress, Report, Rows, Style, Terminal, emit};
use crate::text;

/// Show which migrations are applied, and which are not
///
/// Takes no lock and changes nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Exit with 3 if something is pending, 4 if something was changed or is missing, 5 if something is half applied
    #[arg(long)]
    check: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let connector = context.connector()?;
    let server = connector.target().backend().is_server();
    let (source, seen) = context.source_beside(true, || {
        if server {
            // Nobody has to wait for one that does not answer to hear what is wrong on disk.
            connector.start(History::ask_times);
        }
        (!server).then(|| look(context, connector))
    })?;
    let Seen { mut history, holder, database, closing: _closing } = seen.unwrap_or_else(|| look(context, connector))?;
    let dialect = connector.dialect();
    let inventory = Inventory::new(&source, &mut history, dialect)?;
    let environment = &context.settings.environment.name;
    let report = StatusReport::new(environment, dialect.backend(), &inventory);
    let terminal = context.terminal;
    for migration in inventory.entries.iter().filter(|entry| entry.state == State::Pending) {
        let Some(migration) = &migration.migration else { continue };
        let (_, warnings) = migration.metadata()?;
        for warning in &warnings {
            terminal.warning(warning, None);
        }
        let up = migration.up()?;
        if up.says_nothing() {
            terminal.warning(&format!("`{}` is empty, so that `up` will refuse it", up.path.display()), None);
        }
    }
    if let Some(stamped) = history.meta.environment.as_deref().filter(|stamped| stamped != environment) {
        terminal.warning(&format!("the database is stamped as `{stamped}`, and this is `{environment}`"), None);
    }
    emit(terminal, context.format, &report, |terminal, report| view(terminal, report, connector.target()))?;
    if !database {
        let message = format!("`{}` is not there yet, so nothing is applied", connector.target());
        terminal.warning(&message, Some("`dbtool migrate up` makes it"));
    }
    if let Some(holder) = holder {
        terminal.status(&format!("{}: another runner is at work: {holder}", terminal.paint(Style::Warning, "running")));
    }
    for entry in &inventory.entries {
        tell_half(terminal, entry);
    }
    Ok(if args.check { check(&report) } else { ExitCode::Done })
}

/// What the database says.
struct Seen {
    history: History,
    /// Who is at work on it.
    holder: Option<String>,
    /// It is there.
    database: bool,
    closing: Option<Closing>,
}

fn look(context: &Context<'_>, connector: &Connector) -> Result<Seen> {
    let dialect = connector.dialect();
    // A file that is not there yet has no history, and looking must not make it.
    if !dialect.backend().is_server() && !dialect.database_exists(connector)? {
        return Ok(Seen { history: History::default(), holder: None, database: false, closing: None });
    }
    let mut session = connector.connect_telling(Purpose::Read, &Progress::new(context.terminal))?;
    let home = session.home(dialect)?;
    let (history, holder) =
        History::read_beside_others(&mut session, dialect, connector.target(), &home, Detail::Times)?;
    Ok(Seen { history, holder, database: true, closing: Some(session.close()) })
}

/// How a half-applied migration stands, and how to go on.
fn tell_half(terminal: &Terminal, entry: &Entry) {
    if let Some(half) = &entry.half {
        let error = half_applied(entry, half);
        terminal.warning(&format!("{error}: {}", half.describe()), None);
        if let Some(cause) = error.cause() {
            terminal.status(&format!("  cause: {}", text::printable(cause)));
        }
        error.hints().iter().for_each(|hint| terminal.hint(hint));
    }
}

fn check(report: &StatusReport<'_>) -> ExitCode {
    let summary = &report.summary;
    if summary.failed > 0 {
        ExitCode::Failed
    } else if summary.changed + summary.missing > 0 {
        ExitCode::Differs
    } else if summary.pending > 0 {
        ExitCode::Pending
    } else {
        ExitCode::Done
    }
}

impl Report for StatusReport<'_> {
    fn rows(&self) -> Option<Rows> {
        let row = |status: &Status<'_>| {
            vec![
                status.version.to_owned(),
                status.name.to_owned(),
                status.state.name().to_owned(),
                status.applied_at.unwrap_or_default().to_owned(),
                status.duration_ms.map(|ms| ms.to_string()).unwrap_or_default(),
                status.applied_by.unwrap_or_default().to_owned(),
                if status.reversible { "yes" } else { "no" }.to_owned(),
            ]
        };
        let columns = vec![
            Column::left("version"),
            Column::left("name"),
            Column::left("state"),
            Column::left("applied at"),
            Column::right("duration ms"),
            Column::left("applied by"),
            Column::left("reversible"),
        ];
        Some(Rows { columns, rows: self.migrations.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "migrations"
    }
}

fn view(terminal: &Terminal, report: &StatusReport<'_>, target: &Target) {
    let mut rows = report.rows().unwrap_or_default();
    for row in &mut rows.rows {
        // Seconds are enough for a person.
        let at = &mut row[3];
        if at.is_char_boundary(19) {
            at.truncate(19);
        }
        if let Some(between) = at.find('T') {
            at.replace_range(between..=between, " ");
        }
    }
    rows.print(terminal);
    if report.migrations.is_empty() {
        terminal.status("there are no migrations yet; `dbtool migrate new NAME` makes one");
        return;
    }
    let states = [
        (report.summary.applied, State::Applied),
        (report.summary.pending, State::Pending),
        (report.summary.changed, State::Changed),
        (report.summary.missing, State::Missing),
        (report.summary.failed, State::Failed),
    ];
    let parts: Vec<_> = states
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {}", state.name()))
        .collect();
    terminal.status(&format!("{} ({target}): {}", report.environment, terminal.paint(Style::Bold, &parts.join(", "))));
}
