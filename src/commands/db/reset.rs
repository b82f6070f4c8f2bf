//! `dbtool db reset`

use crate::commands::migrate::{Locking, up_all};
use crate::commands::schema::Keep;
use crate::commands::seed;
use crate::context::Context;
use crate::db::Purpose;
use crate::exit_code::ExitCode;
use crate::migrate::{Direction, Step, prepare};
use crate::seed::Seeds;

/// Drop the database, make it anew, and apply every migration
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Then bring the seeds in
    #[arg(long)]
    seed: bool,
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
    if args.seed {
        Seeds::read(&seed::files_of(context))?;
    }
    let stamp = super::check_stamp(context)?;
    super::drop::drop(context)?;
    super::create::create(context)?;
    if let Some(stamp) = stamp {
        super::write_stamp(context, &mut connector.connect(Purpose::Write)?, &stamp)?;
    }
    let done = up_all(context, &args.locking, args.keep)?;
    if args.seed && done == ExitCode::Done {
        seed::after_reset(context)?;
    }
    Ok(done)
}
