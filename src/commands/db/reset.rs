//! `dbtool db reset`

use crate::commands::migrate::{Locking, up_all};
use crate::commands::schema::Keep;
use crate::context::Context;
use crate::db::Purpose;
use crate::exit_code::ExitCode;
use crate::migrate::{Direction, Step, prepare};

/// Drop the database, make it anew, and apply every migration
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    keep: Keep,
    #[command(flatten)]
    pub locking: Locking,
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let connector = context.connector()?;
    // What is wrong with the migrations is told before anything is dropped.
    let steps = context.source()?.migrations.into_iter().map(|migration| Step {
        direction: Direction::Up,
        migration,
        recorded: None,
    });
    prepare(&steps.collect::<Vec<_>>(), connector.dialect(), context.settings.migrate.atomic)?;
    let stamp = super::check_stamp(context)?;
    super::drop::drop(context)?;
    super::create::create(context)?;
    if let Some(stamp) = stamp {
        super::write_stamp(context, &mut connector.connect(Purpose::Write)?, &stamp)?;
    }
    up_all(context, &args.locking, args.keep)
}
