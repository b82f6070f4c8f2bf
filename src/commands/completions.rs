//! `dbtool completions SHELL`: the script that makes a shell ask dbtool itself, and what dbtool then answers.

use std::ffi::OsStr;

use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;

use super::names;
use crate::config::{Flags, Process, Settings, environment_names};
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::migrate::Source;
use crate::output::Terminal;

/// The variable by which a shell asks.
pub const VARIABLE: &str = "DBTOOL_COMPLETE";

/// Print the completion script of a shell
///
/// bash: `source <(dbtool completions bash)` in ~/.bashrc · zsh: the same in ~/.zshrc · fish: `dbtool completions fish |
/// source` in config.fish · elvish: `eval (dbtool completions elvish | slurp)` · powershell: `dbtool completions
/// powershell | Out-String | Invoke-Expression`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_parser = ["bash", "zsh", "fish", "elvish", "powershell"])]
    shell: String,
}

pub fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<ExitCode> {
    terminal.data(&script(&args.shell)?);
    Ok(ExitCode::Done)
}

/// The script of a shell.
pub fn script(shell: &str) -> crate::error::Result<String> {
    let shells = Shells::builtins();
    let unknown = || Error::new(Code::Usage, format!("there are no completions for `{shell}`"));
    let completer = shells.completer(shell).ok_or_else(unknown)?;
    let mut script = Vec::new();
    let written = completer.write_registration(VARIABLE, "dbtool", "dbtool", "dbtool", &mut script);
    written.map_err(|cause| Error::new(Code::Io, "cannot write the completion script").because(cause))?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}

/// The names of the environments.
#[must_use]
pub fn environments() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        environment_names(&Process::from_system()).into_iter().map(CompletionCandidate::new).collect()
    })
}

/// The versions on disk, with their names. A name's beginning completes to its version.
#[must_use]
pub fn versions() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy().into_owned();
        let source = Settings::read(Process::from_system(), Flags::default()).and_then(|settings| {
            let backend = settings.database()?.target.backend();
            Source::read(&Source::locate(&settings.migrate.directory, backend)?)
        });
        let migrations = source.map(|source| source.migrations).unwrap_or_default();
        let wanted = migrations.iter().filter(|migration| {
            migration.version.as_str().starts_with(&current.replace('-', "")) || migration.name.starts_with(&current)
        });
        wanted
            .map(|migration| {
                CompletionCandidate::new(migration.version.as_str()).help(Some(migration.name.clone().into()))
            })
            .collect()
    })
}

/// The tables and views of the database. One of another schema is found by its own name, too.
#[must_use]
pub fn tables() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy().to_lowercase();
        let wanted = |name: &String| {
            let name = name.to_lowercase();
            name.starts_with(&current) || name.split_once('.').is_some_and(|(_, bare)| bare.starts_with(&current))
        };
        names::known().tables.into_keys().filter(wanted).map(CompletionCandidate::new).collect()
    })
}
