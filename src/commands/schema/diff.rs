//! `dbtool schema diff FROM TO`

use serde::Serialize;

use super::side::Side;
use crate::catalog::diff::{Change, Weight, What, diff, differs};
use crate::catalog::{Catalog, Object};
use crate::commands::completions;
use crate::context::Context;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::inspect;
use crate::output::{Column, Report, Rows, Style, Terminal, emit};
use crate::text;

/// Compare two schemas, thing by thing
///
/// FROM and TO are each `live` (the environment's database), `migrations` (what the migrations on disk make on a scratch
/// database), `env:NAME`, a database URL, or a file that `dbtool schema dump -o json` wrote. Exits with 4 when they differ.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The schema to come from
    #[arg(value_name = "FROM", add = completions::sides())]
    from: String,
    /// The schema to go to
    #[arg(value_name = "TO", add = completions::sides())]
    to: String,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let from = Side::of(&args.from).read(context)?;
    let to = Side::of(&args.to).read(context)?;
    compare(context, (&args.from, &from), (&args.to, &to))
}

/// The report of diff and check.
#[derive(Debug, Serialize)]
pub struct DiffReport {
    from: String,
    to: String,
    differences: Vec<Change>,
    /// What is there on either side, and was not compared.
    not_modelled: Vec<Object>,
    /// What could not be read, on either side.
    not_seen: Vec<Object>,
}

/// Compares two sides, each by its name, and shows what differs.
pub fn compare(
    context: &Context<'_>,
    (from_name, from): (&str, &Catalog),
    (to_name, to): (&str, &Catalog),
) -> anyhow::Result<ExitCode> {
    if from.backend != to.backend {
        let (one, two) = (from.backend.title(), to.backend.title());
        let error = Error::new(Code::NotComparable, format!("a schema of {one} and one of {two} cannot be compared"));
        return Err(error.hint("take two databases of the same kind").into());
    }
    let both = |of: fn(&Catalog) -> &Vec<Object>| {
        let mut all: Vec<Object> = of(from).iter().chain(of(to)).cloned().collect();
        all.sort();
        all.dedup();
        all
    };
    let not_seen = both(|catalog| &catalog.not_seen);
    let mut differences = diff(from, to);
    // Whether it is there on the other side, nobody knows.
    differences
        .retain(|change| change.change == What::Changed || !not_seen.iter().any(|object| may_be(object, change)));
    let report = DiffReport {
        from: context.terminal.redacted(from_name),
        to: context.terminal.redacted(to_name),
        differences,
        not_modelled: both(|catalog| &catalog.not_modelled),
        not_seen,
    };
    emit(context.terminal, context.format, &report, view)?;
    if !report.not_modelled.is_empty() {
        let objects = inspect::objects(&report.not_modelled);
        context
            .terminal
            .warning(&format!("compared by name, and by definition as far as it is known: {objects}"), None);
    }
    let differ = differs(&report.differences);
    if let (true, Some(one), Some(two)) = (differ, &from.server, &to.server)
        && one.to_string() != two.to_string()
    {
        let hint = "compare two servers of one version to be sure";
        let message = format!("{one} and {two} may write one and the same view or expression in two ways");
        context.terminal.warning(&message, Some(hint));
    }
    if !report.not_seen.is_empty() {
        let message = format!("not all could be read: {}", inspect::objects(&report.not_seen));
        if !differ {
            let error = Error::new(Code::NotSeen, message).note("so it is not known whether there are differences");
            return Err(error.hint("sign in as a user who may read them").into());
        }
        context.terminal.warning(&message, None);
    }
    Ok(if differ { ExitCode::Differs } else { ExitCode::Done })
}

/// Whether what could not be seen may be, or hold, what seems to be on one side only: `triggers of the table` `orders`.
fn may_be(object: &Object, change: &Change) -> bool {
    let (name, kind) = (object.name.to_string(), object.kind.as_str());
    let within = change.name == name || change.name.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.'));
    let of_that_kind = text::has_word(kind, &change.kind) || text::has_word(kind, &format!("{}s", change.kind));
    of_that_kind && (within || !kind.contains(" of the "))
}

impl Report for DiffReport {
    fn rows(&self) -> Option<Rows> {
        let name = |what: What| match what {
            What::Added => "added",
            What::Removed => "removed",
            What::Changed => "changed",
        };
        let rows = self.differences.iter().flat_map(|change| {
            let row = |field: &str, from: String, to: String| {
                vec![
                    name(change.change).to_owned(),
                    change.kind.clone(),
                    change.name.clone(),
                    field.to_owned(),
                    from,
                    to,
                ]
            };
            if change.fields.is_empty() {
                return vec![row("", String::new(), String::new())];
            }
            change.fields.iter().map(|field| row(&field.title(), field.from_text(), field.to_text())).collect()
        });
        let columns = ["change", "kind", "name", "field", "from", "to"].map(Column::left).to_vec();
        Some(Rows { columns, rows: rows.collect() })
    }

    fn list(&self) -> &'static str {
        "differences"
    }
}

/// A line for each thing, and one for each field that changed.
fn view(terminal: &Terminal, report: &DiffReport) {
    let mut page = String::new();
    for change in &report.differences {
        let (sign, style) = match change.change {
            What::Added => ('+', Style::Good),
            What::Removed => ('-', Style::Error),
            What::Changed => ('~', Style::Warning),
        };
        let line = text::printable(&format!("{sign} {} {}", change.kind, change.name)).trim_end().to_owned();
        page.extend([&terminal.paint_data(style, &line), "\n"]);
        for field in &change.fields {
            let line = format!("    {}: {} -> {}", field.title(), field.from_text(), field.to_text());
            page.extend([&text::printable(&line), "\n"]);
        }
    }
    terminal.data(&page);
    let (from, to) = (&report.from, &report.to);
    let line = if differs(&report.differences) {
        let count = |what| report.differences.iter().filter(|change| change.change == what).count();
        let parts = [(What::Added, "added"), (What::Removed, "removed"), (What::Changed, "changed")]
            .into_iter()
            .map(|(what, word)| (count(what), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"));
        format!("from `{from}` to `{to}`: {}", parts.collect::<Vec<_>>().join(", "))
    } else if report.not_seen.is_empty() {
        let of = |weight| report.differences.iter().any(|change| change.weight == weight);
        let but = match (of(Weight::Order), of(Weight::Grant)) {
            (true, true) => ", but for the order of columns and for grants",
            (true, false) => ", but for the order of columns",
            (false, true) => ", but for grants",
            (false, false) => "",
        };
        format!("`{from}` and `{to}` are the same{but}")
    } else {
        return;
    };
    terminal.status(&terminal.paint(Style::Bold, &line));
}
