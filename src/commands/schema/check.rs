//! `dbtool schema check`

use super::diff::compare;
use super::side::{Side, of_applied};
use crate::context::Context;
use crate::exit_code::ExitCode;

/// Compare the live schema with what the applied migrations make: drift
///
/// The applied migrations are run on a scratch database; what the live one has more, less or otherwise is shown. Exits with 4 when
/// there is such a difference.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(context: &Context<'_>, _: &Args) -> anyhow::Result<ExitCode> {
    let live = Side::Live.read(context)?;
    let (applied, warnings) = of_applied(context)?;
    for warning in &warnings {
        context.terminal.warning(warning, None);
    }
    compare(context, ("migrations", &applied), ("live", &live))
}
