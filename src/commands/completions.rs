//! `dbtool completions SHELL`: the script that makes a shell ask dbtool itself, and what dbtool then answers.

use std::ffi::{OsStr, OsString};

use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _,
};
use clap_complete::env::Shells;

use super::names;
use crate::config::{Flags, Process, Settings, environment_names};
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::migrate::Source;
use crate::output::Terminal;
use crate::seed::{Files, Seeds};
use crate::version::Version;

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

/// What the line says before the word that is asked for: the flags that decide which database is meant.
fn flags_on_the_line(line: impl IntoIterator<Item = OsString>) -> Flags {
    let words: Vec<String> = line.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let value = |names: &[&str]| {
        let at = |(at, word): (usize, &String)| {
            let apart = || names.contains(&word.as_str()).then(|| words.get(at + 1).cloned()).flatten();
            let joined = || names.iter().find_map(|name| word.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
            apart().or_else(joined)
        };
        words.iter().enumerate().filter_map(at).next_back().filter(|value| !value.is_empty())
    };
    Flags {
        env: value(&["--env"]),
        url: value(&["--url"]),
        config: value(&["--config"]).map(Into::into),
        migrations_dir: value(&["--migrations-dir"]),
        ..Flags::default()
    }
}

fn flags() -> Flags {
    flags_on_the_line(std::env::args_os())
}

/// The names of the environments.
#[must_use]
pub fn environments() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        environment_names(&Process::from_system(), &flags()).into_iter().map(CompletionCandidate::new).collect()
    })
}

/// The versions on disk, with their names. A name's beginning completes to its version.
#[must_use]
pub fn versions() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy().into_owned();
        let versions = Settings::read(Process::from_system(), flags()).and_then(|settings| {
            let backend = settings.database()?.target.backend();
            Source::versions(&Source::locate(&settings.migrate.directory, backend)?)
        });
        let wanted = |(version, name): &(Version, String)| {
            version.as_str().starts_with(&current.replace('-', "")) || name.starts_with(&current)
        };
        let candidate =
            |(version, name): (Version, String)| CompletionCandidate::new(version.as_str()).help(Some(name.into()));
        versions.unwrap_or_default().into_iter().filter(wanted).map(candidate).collect()
    })
}

/// The names of the seeds.
#[must_use]
pub fn seeds() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy().into_owned();
        let seeds = Settings::read(Process::from_system(), Flags::default()).and_then(|settings| {
            let (directory, layers) = (settings.seed.directory.clone(), settings.seed.layers.clone());
            Seeds::read(&Files { shown: directory.clone(), directory, layers, named: false })
        });
        let names = seeds.map(|seeds| seeds.names()).unwrap_or_default();
        names.into_iter().filter(|name| name.starts_with(&current)).map(CompletionCandidate::new).collect()
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
        names::known(flags()).tables.into_keys().filter(wanted).map(CompletionCandidate::new).collect()
    })
}

/// The sides of a comparison: what is live, what the migrations make, the environments, and files.
#[must_use]
pub fn sides() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let environments = environment_names(&Process::from_system(), &flags());
        let named = environments.into_iter().map(|name| format!("env:{name}"));
        let all = ["live".to_owned(), "migrations".to_owned()].into_iter().chain(named);
        let wanted = all.filter(|side| side.starts_with(&*current.to_string_lossy())).map(CompletionCandidate::new);
        wanted.chain(PathCompleter::file().complete(current)).collect()
    })
}

/// The columns of the table that stands on the line; those of all tables where none does.
#[must_use]
pub fn columns() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let current = current.to_string_lossy().to_lowercase();
        let names = names::known(flags()).tables;
        let line: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        let table = line.iter().find(|word| names.contains_key(*word));
        let mut columns: Vec<String> = match table.and_then(|table| names.get(table)) {
            Some(columns) => columns.clone(),
            None => names.into_values().flatten().collect(),
        };
        columns.sort_unstable();
        columns.dedup();
        let wanted = |name: &String| name.to_lowercase().starts_with(&current);
        columns.into_iter().filter(wanted).map(|name| CompletionCandidate::new(format!("{name}="))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_of_the_line_are_seen() {
        let flags =
            flags_on_the_line(["dbtool", "--env", "prod", "--config=a.toml", "schema", "show", ""].map(OsString::from));
        assert_eq!((flags.env.as_deref(), flags.url), (Some("prod"), None));
        assert_eq!(flags.config, Some("a.toml".into()));
    }
}
