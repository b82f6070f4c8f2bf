//! The root of the command line: the global flags, and what happens before and after a command.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use clap_complete::env::CompleteEnv;

use crate::commands::{self, Command, completions, words};
use crate::config::{Flags, Process, Settings};
use crate::context::Context;
use crate::entities::Registry;
use crate::error::{Code, Error};
use crate::exit_code::ExitCode;
use crate::fault;
use crate::output::{Color, Format, Terminal, Verbosity, print_error, print_error_as_json, start_log};

/// Migrate SQLite, PostgreSQL, MySQL and MariaDB databases, safely.
#[derive(Debug, Parser)]
#[command(name = "dbtool", version, arg_required_else_help = true, propagate_version = false, max_term_width = 100)]
#[command(after_help = "Start with `dbtool init`, or with `dbtool migrate status` in a Diesel project.")]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// The flags that every command takes, before or after its name.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
struct Globals {
    /// The environment to use
    #[arg(long, global = true, value_name = "NAME", add = completions::environments())]
    env: Option<String>,
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "The database: sqlite://PATH, postgres://USER@HOST/NAME, mysql://USER@HOST/NAME"
    )]
    url: Option<String>,
    /// The settings file, instead of the dbtool.toml here or above
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The migrations directory
    #[arg(long, global = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    migrations_dir: Option<String>,
    /// The format of what goes to stdout
    #[arg(
        long,
        short,
        global = true,
        value_name = "FORMAT",
        hide_possible_values = true,
        help = "The format of the output: table, json, csv, jsonl, markdown, vertical"
    )]
    output: Option<Format>,
    /// Only errors on stderr
    #[arg(long, short, global = true)]
    quiet: bool,
    /// More detail; -vv for all of it
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Write log lines on stderr, as text or json
    #[arg(long, global = true, value_name = "text|json")]
    log_format: Option<String>,
    /// Color: auto, always, never
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    color: Option<Color>,
    /// Draw no progress bar
    #[arg(long, global = true)]
    no_progress: bool,
    /// Answer yes to the question before something is destroyed
    #[arg(long, short, global = true)]
    yes: bool,
    /// Name the environment that may be destroyed or rewritten, although it is protected
    #[arg(long, global = true, value_name = "ENV", add = completions::environments())]
    confirm: Option<String>,
    /// Who changes data, in the audit events; an e-mail address of the shop's users also marks the rows
    #[arg(long, global = true, value_name = "NAME")]
    actor: Option<String>,
}

/// The whole command line, as clap has it: for completions and documentation.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs one command line, its first argument being the program's name, and gives the exit code. Writes to the process's
/// stdout and stderr.
pub fn run(args: impl IntoIterator<Item = OsString>, process: Process) -> ExitCode {
    run_with(Registry::reference(), args, process)
}

/// The same with entities of one's own: `examples/own_models.rs` is such a program.
pub fn run_with(registry: Registry, args: impl IntoIterator<Item = OsString>, process: Process) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    process.variable(fault::VARIABLE).into_iter().for_each(fault::arm);
    if process.variable(completions::VARIABLE).is_some() {
        return complete(args, &process);
    }
    let parsed = Cli::command().try_get_matches_from(&args).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return refuse(error, &args, &process),
    };
    let Globals { output, quiet, verbose, color, no_progress, .. } = cli.globals.clone();
    let from_variable = |name, wrong: &mut Option<Error>| {
        process.variable(name).map(|value| (name, value.to_owned())).filter(|_| wrong.is_none())
    };
    let mut wrong = None;
    let color = color.or_else(|| value_of(from_variable("DBTOOL_COLOR", &mut wrong), &mut wrong)).unwrap_or_default();
    let format =
        output.or_else(|| value_of(from_variable("DBTOOL_OUTPUT", &mut wrong), &mut wrong)).unwrap_or_default();
    let verbosity = match (quiet, verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, 1) => Verbosity::Verbose,
        (false, _) => Verbosity::Debug,
    };
    let terminal = Terminal::new(&process, color, verbosity, !no_progress);
    let result = match wrong {
        Some(error) => Err(error.into()),
        None => dispatch(cli, registry, process, &terminal, format),
    };
    let result = result.and_then(|code| terminal.finish().map(|()| code).map_err(Into::into));
    match result {
        Ok(code) => code,
        Err(error) => {
            tell(&terminal, format, &error);
            error.downcast_ref::<Error>().map_or(ExitCode::Unexpected, Error::exit_code)
        }
    }
}

fn dispatch(
    cli: Cli,
    registry: Registry,
    process: Process,
    terminal: &Terminal,
    format: Format,
) -> anyhow::Result<ExitCode> {
    if let [table, ..] = registry.doubled()[..] {
        let message = format!("the program's registry has two entities of the table `{table}`");
        return Err(Error::new(Code::Usage, message).into());
    }
    // These need no settings, and must work when the settings are wrong.
    match &cli.command {
        Command::Init(args) => return commands::init::run(args, &process, terminal, format),
        Command::Completions(args) => return completions::run(args, terminal),
        _ => {}
    }
    let Globals { env, url, config, migrations_dir, log_format, yes, confirm, actor, .. } = cli.globals;
    let lock_wait = cli.command.lock_wait().map(str::to_owned);
    let flags = Flags { env, url, url_from: None, config, migrations_dir, lock_wait, log_format, actor };
    let settings = Settings::read(process, flags)?;
    terminal.hide(&settings.secrets());
    let _log = start_log(&settings.log, terminal.verbosity());
    let context = Context::new(settings, terminal, format, yes, confirm).with_registry(registry);
    let _run = tracing::error_span!(target: "dbtool::run", "run", run_id = context.run_id).entered();
    for warning in &context.settings.warnings {
        terminal.warning(warning, None);
    }
    cli.command.run(&context)
}

fn tell(terminal: &Terminal, format: Format, error: &anyhow::Error) {
    match format {
        Format::Json | Format::Jsonl => print_error_as_json(terminal, error),
        _ => print_error(terminal, error),
    }
}

/// The value of a variable that stands for a flag.
fn value_of<T: clap::ValueEnum>(variable: Option<(&str, String)>, wrong: &mut Option<Error>) -> Option<T> {
    let (name, value) = variable?;
    T::from_str(&value, true)
        .map_err(|_| {
            let choices: Vec<_> = T::value_variants().iter().filter_map(clap::ValueEnum::to_possible_value).collect();
            let choices: Vec<_> = choices.iter().map(|choice| format!("`{}`", choice.get_name())).collect();
            *wrong = Some(Error::new(
                Code::ConfigValue,
                format!("`{name}` must be one of {}, not `{value}`", choices.join(", ")),
            ));
        })
        .ok()
}

/// What clap has to say: help and version on stdout, a mistake on stderr.
fn refuse(mut error: clap::Error, args: &[OsString], process: &Process) -> ExitCode {
    let tips: Vec<String> = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => words::meant(&Cli::command(), word),
        _ => Vec::new(),
    };
    let tips: Vec<String> = tips.iter().map(|command| format!("did you mean `dbtool {command}`?")).collect();
    if !tips.is_empty() {
        // Of those that only look like it there is no need.
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips.iter().map(Into::into).collect()));
    }
    let wants_json = asked_format(args)
        .or_else(|| process.variable("DBTOOL_OUTPUT").map(str::to_owned))
        .is_some_and(|format| matches!(format.to_lowercase().as_str(), "json" | "jsonl"));
    if error.use_stderr() && wants_json {
        let terminal = Terminal::new(process, Color::Never, Verbosity::Normal, false);
        let rendered = error.render().to_string();
        let message = rendered.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let told = tips.into_iter().fold(Error::new(Code::Usage, message), Error::hint);
        print_error_as_json(&terminal, &told.hint("`dbtool --help` shows the usage").into());
    } else {
        // A closed pipe is nothing to fail over.
        let _ = error.print();
    }
    if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done }
}

/// What `--output` says on a command line that clap could not take: `-o json`, `-ojson`, `-qo=json`, `--output=json`.
fn asked_format(args: &[OsString]) -> Option<String> {
    let mut args = args.iter().map(|arg| arg.to_string_lossy().into_owned());
    while let Some(arg) = args.next() {
        let value = match arg.strip_prefix("--") {
            Some(long) => long.strip_prefix("output").map(str::to_owned),
            None => arg.strip_prefix('-').and_then(|short| short.split_once('o')).map(|(_, value)| value.to_owned()),
        };
        match value {
            Some(value) if value.is_empty() => return args.next(),
            Some(value) => return Some(value.trim_start_matches('=').to_owned()),
            None => {}
        }
    }
    None
}

fn complete(args: Vec<OsString>, process: &Process) -> ExitCode {
    let engine = CompleteEnv::with_factory(Cli::command).var(completions::VARIABLE);
    match engine.try_complete(args, Some(&process.directory)) {
        Ok(_) => ExitCode::Done,
        // A shell in the middle of a line has no use for an error.
        Err(_) => ExitCode::Usage,
    }
}
