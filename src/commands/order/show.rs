//! `dbtool order show`

use super::print;
use crate::context::Context;
use crate::db::types::Id;
use crate::entities::ordering;
use crate::exit_code::ExitCode;

/// Show an order with its items
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The order's id
    #[arg(value_name = "ORDER")]
    id: Id,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let mut connection = context.diesel()?;
    let order = ordering::get(&mut connection, args.id)?;
    print(context, &order)?;
    Ok(ExitCode::Done)
}
