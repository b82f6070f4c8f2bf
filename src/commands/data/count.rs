//! `dbtool data count`

use serde::Serialize;

use super::Place;
use super::selection::Selection;
use crate::commands::completions;
use crate::context::Context;
use crate::data::{Count, Query};
use crate::exit_code::ExitCode;
use crate::output::{Column, Report, Rows, emit};

/// Count rows
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table or view")]
    table: String,
    #[arg(value_name = "FILTER", add = completions::columns(), help = "Filters, and keys")]
    words: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// Take the number that the database last measured, where it is of the whole table
    #[arg(long)]
    estimated: bool,
}

#[derive(Serialize)]
struct Counted {
    count: u64,
}

impl Report for Counted {
    fn rows(&self) -> Option<Rows> {
        Some(Rows { columns: vec![Column::right("count")], rows: vec![vec![self.count.to_string()]] })
    }
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let (place, mut connection) = Place::open(context)?;
    let subject = place.subject(&args.table)?;
    let condition = args.selection.read(&subject, &args.words, place.world())?.condition;
    let query = Query { condition, count: Count::Exact, ..Query::new(subject, false)? };
    let count = match query.estimated().filter(|_| args.estimated) {
        Some(count) => count,
        None => query.counted(&mut connection)?,
    };
    emit(context.terminal, context.format, &Counted { count }, |terminal, it| {
        terminal.data(&format!("{}\n", it.count));
    })?;
    Ok(ExitCode::Done)
}
