//! `dbtool data update`

use super::apply::{self, Act, Bounds, How};
use super::{Place, input};
use crate::commands::completions;
use crate::context::Context;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;

/// Change columns of a row, or of several
///
/// `dbtool data update products SKU-1 price=19.99`, or with filters: `dbtool data update orders status=paid --filter
/// status=pending --max-rows 10`. `column=` is empty text, `column:null` is NULL.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "TABLE", add = completions::tables(), help = "The table")]
    table: String,
    #[arg(value_name = "KEY|COLUMN=VALUE", add = completions::columns(), help = "The key, and the new values")]
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
    let (assignments, keys) = input::assignments(&subject, &args.words)?;
    if assignments.is_empty() {
        let error = Error::new(Code::Usage, "no column is given a value").note("nothing was done");
        return Err(error.hint("write `column=value`; `column:null` is NULL").into());
    }
    let record = input::of_assignments(&subject, &assignments)?;
    let with = (&args.bounds, &args.how);
    apply::act(context, &place, &mut connection, &subject, &keys, with, Act::Update(&record))?;
    Ok(ExitCode::Done)
}
