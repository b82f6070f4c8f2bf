//! `dbtool db stamp`

use serde::Serialize;

use crate::context::Context;
use crate::db::Purpose;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::output::{Report, Terminal, emit};

/// Write into the database which environment it belongs to
///
/// A command for another environment then refuses to change it. A database that is stamped otherwise (a restored copy)
/// needs `--confirm OLD`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Debug, Serialize)]
struct Stamped {
    database: String,
    /// What it was stamped as before.
    before: Option<String>,
    stamp: String,
}

impl Report for Stamped {}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    if args.name.is_empty() || args.name.len() > 200 {
        return Err(Error::new(Code::Usage, "an environment's name has from 1 to 200 bytes").into());
    }
    let connector = context.connector()?;
    let mut session = connector.connect(Purpose::Read)?;
    let before = super::stamp_of(context, &mut session)?.environment;
    if let Some(old) = before.as_deref().filter(|old| *old != args.name)
        && context.confirm.as_deref() != Some(old)
    {
        let error =
            Error::new(Code::OtherEnvironment, format!("the database is stamped as `{old}`")).note("nothing was done");
        return Err(error.hint(format!("add `--confirm {old}`, if it now belongs to `{}`", args.name)).into());
    }
    if let Some(confirm) = context.confirm.as_deref().filter(|confirm| before.as_deref() != Some(*confirm)) {
        let now = before.as_deref().map_or_else(|| "not stamped".to_owned(), |old| format!("stamped as `{old}`"));
        let message = format!("`--confirm {confirm}` names another stamp: the database is {now}");
        return Err(Error::new(Code::Refused, message).note("nothing was done").into());
    }
    if before.as_deref() != Some(&args.name) {
        super::write_stamp(context, &mut session, &args.name)?;
    }
    let report = Stamped { database: connector.target().to_string(), before, stamp: args.name.clone() };
    emit(context.terminal, context.format, &report, view)?;
    Ok(ExitCode::Done)
}

fn view(terminal: &Terminal, report: &Stamped) {
    terminal.status(&format!("{} is stamped as `{}`", report.database, report.stamp));
}
