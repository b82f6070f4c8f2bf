//! `dbtool migrate history`

use serde::Serialize;
use similar::TextDiff;

use crate::commands::completions;
use crate::context::Context;
use crate::db::Purpose;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::migrate::runs::{self, Run, Texts};
use crate::migrate::{Detail, Entry, History, Inventory, SqlFile, Target, kept_text, resolve};
use crate::output::{Column, Progress, Report, Rows, Style, Terminal, emit};
use crate::text;

/// Show what ran, when, how long, by whom, and from where
///
/// With a version: its runs, the text that ran last, and how the file differs from it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "VERSION", add = completions::versions(), help = "A version, or the beginning of a version or name")]
    version: Option<String>,
}

#[derive(Debug, Serialize)]
struct Told {
    environment: String,
    runs: Vec<Run>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Last>,
    /// Why there are no runs.
    #[serde(skip)]
    nothing: String,
}

/// The last run of a version, and its file.
#[derive(Debug, Serialize)]
struct Last {
    /// Its directory is here.
    directory: bool,
    #[serde(flatten)]
    texts: Texts,
    /// From the text that ran to the file, as a unified diff; null: there is no difference, or nothing to compare.
    up_difference: Option<String>,
    down_difference: Option<String>,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let source = context.source()?;
    let connector = context.connector()?;
    let dialect = connector.dialect();
    let mut session = connector.connect_telling(Purpose::Read, &Progress::new(context.terminal))?;
    let home = session.home(dialect)?;
    let environment = context.settings.environment.name.clone();
    let nothing = "nothing has been run by dbtool".to_owned();
    let mut told = Told { environment, runs: Vec::new(), last: None, nothing };
    if let Some(wanted) = &args.version {
        let mut history = History::read(&mut session, dialect, &home, Detail::State)?;
        let inventory = Inventory::new(&source, &mut history, dialect)?;
        let Target::Version(version) = resolve(&inventory, wanted)? else {
            return Err(Error::new(Code::Usage, "`0` names no migration").into());
        };
        told.runs = runs::read(&mut session, dialect, &home, Some(&version))?;
        told.nothing = inventory.get(&version).map(never_run).unwrap_or_default();
        if let Some(run) = told.runs.last() {
            let texts = runs::texts(&mut session, dialect, &home, run)?;
            let migration = source.get(&version);
            let difference = |then: &Option<String>, file: crate::error::Result<Option<SqlFile>>| {
                let Some(then) = then else { return Ok(None) };
                // A file that is no longer there says nothing.
                let now = file?.map(|file| file.whole()).transpose()?.unwrap_or_default();
                Ok::<_, Error>(diff(then, &kept_text(&now, dialect)))
            };
            let (mut up_difference, mut down_difference) = (None, None);
            if let Some(migration) = migration {
                up_difference = difference(&texts.up, migration.up().map(Some))?;
                down_difference = difference(&texts.down, migration.down())?;
            }
            told.last = Some(Last { directory: migration.is_some(), texts, up_difference, down_difference });
        }
    } else {
        told.runs = runs::read(&mut session, dialect, &home, None)?;
    }
    emit(context.terminal, context.format, &told, view)?;
    Ok(ExitCode::Done)
}

/// Why an entry has no runs.
fn never_run(entry: &Entry) -> String {
    let label = entry.label();
    if entry.is_applied() {
        format!("`{label}` is applied, and was not run by dbtool: another tool has applied it")
    } else {
        format!("`{label}` has never been run: it is {}", entry.state.name())
    }
}

fn diff(then: &str, now: &str) -> Option<String> {
    let diff = TextDiff::from_lines(then, now);
    let text = diff.unified_diff().header("as it ran", "the file").to_string();
    (!text.is_empty()).then_some(text)
}

impl Report for Told {
    fn rows(&self) -> Option<Rows> {
        let row = |run: &Run| {
            vec![
                run.started_at.clone(),
                run.version.clone(),
                run.name.clone(),
                run.direction.clone(),
                run.action.clone(),
                run.outcome.clone(),
                format!("{}/{}", run.statement_done, run.statements),
                run.duration_ms.map(|ms| ms.to_string()).unwrap_or_default(),
                run.by(),
                run.git_commit.clone().unwrap_or_default(),
                run.ci_run.clone().unwrap_or_default(),
                run.run_id.clone(),
                run.reason.clone().or_else(|| run.error.clone()).unwrap_or_default(),
            ]
        };
        let names = [
            "at",
            "version",
            "name",
            "direction",
            "action",
            "outcome",
            "statements",
            "duration ms",
            "by",
            "commit",
            "ci run",
            "run id",
            "why",
        ];
        let column = |name| {
            if name == "duration ms" { Column::right(name) } else { Column::left(name) }
        };
        Some(Rows { columns: names.into_iter().map(column).collect(), rows: self.runs.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "runs"
    }
}

impl Run {
    /// The database user, and the operating system's.
    fn by(&self) -> String {
        let system = format!("{}@{}", self.os_user, self.host);
        if self.db_user.is_empty() { system } else { format!("{} ({system})", self.db_user) }
    }
}

fn view(terminal: &Terminal, told: &Told) {
    let mut rows = told.rows().unwrap_or_default();
    for row in &mut rows.rows {
        row[0] = row[0].replace('T', " ").chars().take(19).collect();
        row[9].truncate(8);
        // It begins with the time, which those of one minute share; its end is its own.
        if let Some(end) = row[11].rfind('-') {
            row[11].drain(..=end);
        }
        row[12] = text::shorten(&row[12].replace('\n', " "), 60);
    }
    rows.print(terminal);
    if told.runs.is_empty() {
        terminal.status(&told.nothing);
    }
    let Some(last) = &told.last else { return };
    if !last.directory {
        terminal.status("its directory is not here");
    } else if last.texts.up.is_none() {
        terminal.status(
            "the text that ran was too long to be kept; `dbtool migrate status` tells if the up.sql has changed",
        );
    } else if last.up_difference.is_none() && last.down_difference.is_none() {
        terminal.status("the files are as they ran");
    }
    for (name, text) in [("up.sql", &last.texts.up), ("down.sql", &last.texts.down)] {
        if let Some(text) = text {
            terminal.data(&format!(
                "\n{}\n{}\n",
                terminal.paint_data(Style::Bold, &format!("{name}, as it ran")),
                text.trim_end()
            ));
        }
    }
    for (name, difference) in [("up.sql", &last.up_difference), ("down.sql", &last.down_difference)] {
        if let Some(difference) = difference {
            terminal.data(&format!(
                "\n{}\n{}",
                terminal.paint_data(Style::Bold, &format!("{name}, what is different now")),
                difference
            ));
        }
    }
}
