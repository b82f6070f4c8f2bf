//! `dbtool order pay`, `ship`, `deliver`, `cancel`, `return`

use super::{hint, print};
use crate::commands::db::check_stamp;
use crate::context::Context;
use crate::db::types::Id;
use crate::entities::ordering::{self, Move};
use crate::exit_code::ExitCode;
use crate::output::Style;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The order's id
    #[arg(value_name = "ORDER")]
    id: Id,
    /// Show the order as it would be, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context<'_>, args: &Args, one: Move) -> anyhow::Result<ExitCode> {
    let mut connection = context.changing()?;
    let trail = context.trail(&mut connection)?;
    let order = if args.dry_run {
        ordering::rehearse_advance(&mut connection, &trail, args.id, one)?
    } else {
        check_stamp(context)?;
        ordering::advance(&mut connection, &trail, args.id, one)?
    };
    if !args.dry_run {
        context.terminal.done(format!("the order `{}` is {}", order.id, order.status));
    }
    print(context, &order)?;
    if args.dry_run {
        let word = context.terminal.paint(Style::Bold, "dry run");
        context.terminal.status(&format!("{word}: nothing was changed"));
    } else {
        hint(context.terminal, &order);
    }
    Ok(ExitCode::Done)
}
