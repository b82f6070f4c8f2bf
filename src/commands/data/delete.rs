//! `dbtool data delete`

use super::Place;
use super::apply::{self, Act, Bounds, How};
use crate::commands::completions;
use crate::context::Context;
use crate::exit_code::ExitCode;

/// Remove a row, or several
///
/// By its key, or by filters. More rows than one are removed only where `--max-rows` allows them.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table")]
    table: String,
    #[arg(value_name = "KEY|FILTER", add = completions::columns(), help = "Keys, or filters")]
    words: Vec<String>,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    how: How,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let (place, mut connection) = Place::open(context)?;
    let subject = place.subject(&args.table)?;
    subject.to_change()?;
    let with = (&args.bounds, &args.how);
    apply::act(context, &place, &mut connection, &subject, &args.words, with, Act::Delete)?;
    Ok(ExitCode::Done)
}
