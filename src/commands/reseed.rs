//! `dbtool reseed`

use super::seed::{self, How};
use crate::commands::completions;
use crate::commands::guard::{self, Danger};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::output::emit;
use crate::seed::{Act, Extent};
use crate::text;

/// Delete what the seeds put there, and seed again
///
/// In one transaction. Rows that no seed put there stay, unless all rows are asked for.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Seeds by their names, with what they refer to; all where none is named
    #[arg(value_name = "NAME", add = completions::seeds())]
    names: Vec<String>,
    /// Delete every row of the tables that the seeds name
    #[arg(long)]
    all_rows: bool,
    /// Let rows that no seed put there be deleted with those that they refer to
    #[arg(long)]
    cascade: bool,
    #[command(flatten)]
    how: How,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let environment = &context.settings.environment.name;
    let seeds = match args.names.as_slice() {
        [] => "the seeds".to_owned(),
        [only] => format!("the seed `{only}`"),
        names => format!("the seeds {}", text::listed(names.iter().map(|name| format!("`{name}`")))),
    };
    let what =
        if args.all_rows { format!("every row of the tables of {seeds}") } else { format!("what {seeds} put there") };
    let database = context.connector()?.target();
    let question = format!("delete {what} in the database of `{environment}` ({database}), and seed again?");
    guard::check(context, Danger::Destroys, &question)?;
    let extent = if args.all_rows { Extent::AllRows } else { Extent::Owned };
    let report = seed::work(context, &args.names, &args.how, Act::Run, Some((extent, args.cascade)))?;
    emit(context.terminal, context.format, &report, seed::view)?;
    seed::finish(context, &report)
}
