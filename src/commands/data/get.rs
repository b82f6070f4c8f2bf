//! `dbtool data get`

use super::Place;
use super::selection::{Selection, columns};
use super::view::One;
use crate::commands::completions;
use crate::context::Context;
use crate::data::{Nested, Query};
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::rows::Key;

/// Show one row
///
/// A word without an operator is a key: the primary key, its parts joined by commas, or another unique one. Words with an
/// operator are filters, which must find one row.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table or view")]
    table: String,
    #[arg(value_name = "KEY|FILTER", add = completions::columns(), help = "The key, or filters")]
    words: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// The columns to show
    #[arg(long, value_name = "COLUMNS")]
    columns: Option<String>,
    /// Related rows within it: `items.product,user`
    #[arg(long, value_name = "NAMES")]
    with: Option<String>,
    /// Show sensitive values
    #[arg(long)]
    reveal: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let (place, mut connection) = Place::open(context)?;
    let subject = place.subject(&args.table)?;
    let chosen = args.selection.read(&subject, &args.words, place.world_of(args.reveal))?;
    let table = subject.name.to_string();
    if chosen.condition.is_none() {
        let error = Error::new(Code::Usage, format!("which row of `{table}` is meant is not said"));
        return Err(error.hint(format!("name its key, or list rows with `dbtool data list {table}`")).into());
    }
    if chosen.keys > 1 {
        let error = Error::new(Code::Usage, format!("{} keys are named, and one row is to be shown", chosen.keys));
        return Err(error.hint(format!("`dbtool data list {table}` with the same keys lists their rows")).into());
    }
    let nested = args.with.as_deref().map(|words| Nested::parse(&subject, words, place.world())).transpose()?;
    let columns = columns(&subject, args.columns.as_deref())?;
    let query = Query {
        condition: chosen.condition,
        columns,
        nested: nested.unwrap_or_default(),
        limit: Some(1),
        ..Query::new(subject, args.reveal)?
    };
    let listing = query.run(&mut connection)?;
    let Some(row) = listing.rows.first() else {
        let what = args.words.iter().chain(&args.selection.key).find(|_| chosen.keys > 0);
        let hides = |key: &str| {
            let key = Key::parse(&query.subject, key);
            !args.reveal && key.is_ok_and(|key| key.columns.iter().any(|at| query.subject.columns[*at].sensitive))
        };
        let message = match what {
            Some(key) if hides(key) => format!("`{table}` has no row of this key"),
            Some(key) => format!("`{table}` has no row `{}`", crate::text::shorten(key, 80)),
            None => format!("no row of `{table}` is as the filter says"),
        };
        return Err(Error::new(Code::NoRow, message).hint(format!("`dbtool data list {table}` lists them")).into());
    };
    // Without a key that breaks ties nothing tells that there are more.
    if listing.next.is_some() || (!query.sort.total && query.values(&mut connection)?.len() > 1) {
        let error = Error::new(
            Code::TooManyRows,
            format!("several rows of `{table}` are as the filter says, and one is to be shown"),
        );
        return Err(error.hint(format!("`dbtool data list {table}` with the same filter lists them")).into());
    }
    One::new(row, query.names()).emit(context)?;
    Ok(ExitCode::Done)
}
