//! `dbtool schema dump`

use serde::Serialize;

use super::{Live, tell_gaps};
use crate::catalog::Catalog;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::inspect;
use crate::output::{Format, Report, emit};
use crate::text;

/// Write the schema as SQL, or with `--output json` as data
///
/// The statements make the schema in an empty database. The same schema gives the same text. docs/schema.json describes the
/// JSON document.
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Dump<'c>(&'c Catalog);

impl Report for Dump<'_> {}

pub fn run(context: &Context<'_>, _: &Args) -> anyhow::Result<ExitCode> {
    let live = Live::read(context)?;
    tell_gaps(context.terminal, &live.catalog);
    let left_out = inspect::left_out(&live.catalog);
    if context.format == Format::Table && !left_out.is_empty() {
        let objects = text::printable(&inspect::objects(&left_out)).into_owned();
        context.terminal.warning(&format!("not in the dump: {objects}"), Some("`REINDEX INDEX` makes one valid"));
    }
    emit(context.terminal, context.format, &Dump(&live.catalog), |terminal, Dump(catalog)| {
        terminal.foreign(&inspect::dump(catalog, live.dialect));
    })?;
    Ok(ExitCode::Done)
}
