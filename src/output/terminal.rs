//! stdout and stderr: who may write what where, in colour or not.

use std::io::{self, BufRead as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstyle::AnsiColor;

use crate::config::Process;
use crate::error::{Code, Error, Result};
use crate::secret::Redactor;
use crate::text;

/// `--color`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// `--quiet`, `-v`, `-vv`
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Quiet,
    Normal,
    Verbose,
    Debug,
}

/// What a piece of text is; colour follows from it, and never carries the meaning alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Error,
    Warning,
    Hint,
    Good,
    Dim,
    Bold,
}

impl Style {
    fn ansi(self) -> anstyle::Style {
        let style = anstyle::Style::new();
        match self {
            Style::Error => style.bold().fg_color(Some(AnsiColor::Red.into())),
            Style::Warning => style.bold().fg_color(Some(AnsiColor::Yellow.into())),
            Style::Hint => style.bold().fg_color(Some(AnsiColor::Cyan.into())),
            Style::Good => style.fg_color(Some(AnsiColor::Green.into())),
            Style::Dim => style.dimmed(),
            Style::Bold => style.bold(),
        }
    }
}

/// The two streams of one run.
#[derive(Debug)]
pub struct Terminal {
    verbosity: Verbosity,
    stdout_color: bool,
    stderr_color: bool,
    /// A person may be looking at stdout.
    stdout_is_terminal: bool,
    /// Draw progress bars.
    pub progress: bool,
    /// A person can be asked.
    pub interactive: bool,
    redactor: Mutex<Redactor>,
    /// Nobody reads stdout any more: the rest is dropped, and the work goes on.
    closed: AtomicBool,
    /// Writing to stdout failed otherwise: a full disk.
    broken: Mutex<Option<io::Error>>,
    /// What was done for good, to be told where the output cannot tell it.
    done: Mutex<Vec<String>>,
}

impl Terminal {
    #[must_use]
    pub fn new(process: &Process, color: Color, verbosity: Verbosity, progress: bool) -> Self {
        let plain = process.variables.contains_key("NO_COLOR") || process.variable("TERM") == Some("dumb");
        let colored = |is_terminal| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !plain,
        };
        Self {
            verbosity,
            stdout_color: colored(process.stdout_is_terminal),
            stderr_color: colored(process.stderr_is_terminal),
            stdout_is_terminal: process.stdout_is_terminal,
            progress: progress && process.stderr_is_terminal && verbosity > Verbosity::Quiet,
            interactive: process.interactive,
            redactor: Mutex::default(),
            closed: AtomicBool::new(false),
            broken: Mutex::default(),
            done: Mutex::default(),
        }
    }

    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// From now on these secrets are masked in whatever goes to stderr.
    pub fn hide(&self, secrets: &Redactor) {
        locked(&self.redactor).merge(secrets);
    }

    /// Writes data to stdout.
    pub fn data(&self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// The same, and tells whether more of it makes sense: whether someone reads, and nothing failed.
    pub fn bytes(&self, data: &[u8]) -> bool {
        if self.closed.load(Ordering::SeqCst) || locked(&self.broken).is_some() {
            return false;
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(data).and_then(|()| stdout.flush()) {
            Ok(()) => return true,
            Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => self.closed.store(true, Ordering::SeqCst),
            Err(cause) => *locked(&self.broken) = Some(cause),
        }
        false
    }

    /// Writes what a database holds to stdout: as it is into a file, and so that it cannot act on a terminal.
    pub fn foreign(&self, text: &str) {
        if self.stdout_is_terminal { self.data(&text::printable(text)) } else { self.data(text) }
    }

    /// Something is done for good, of which the output is about to tell: if that fails, the error says so, lest it be done twice.
    pub fn done(&self, what: impl Into<String>) {
        locked(&self.done).push(what.into());
    }

    /// The failure of stdout, if it had one that matters.
    pub fn finish(&self) -> Result<()> {
        match locked(&self.broken).take() {
            None => Ok(()),
            Some(cause) => {
                let error = Error::new(Code::Io, "cannot write to stdout").because(cause);
                Err(locked(&self.done).drain(..).fold(error, Error::note))
            }
        }
    }

    /// A line on stderr, unless quiet.
    pub fn status(&self, line: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.line(line);
        }
    }

    /// A warning, and what to do about it.
    pub fn warning(&self, message: &str, hint: Option<&str>) {
        self.status(&format!("{}: {message}", self.paint(Style::Warning, "warning")));
        if let Some(hint) = hint {
            self.hint(hint);
        }
    }

    pub fn hint(&self, hint: &str) {
        self.status(&format!("{}: {hint}", self.paint(Style::Hint, "hint")));
    }

    /// A line on stderr, quiet or not.
    pub fn line(&self, line: &str) {
        self.raw_line(&self.redacted(line));
    }

    /// A line on stderr in which nothing needs to be masked any more.
    pub fn raw_line(&self, line: &str) {
        // There is nobody left to tell when stderr is closed.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    #[must_use]
    pub fn redacted(&self, text: &str) -> String {
        locked(&self.redactor).redact(text)
    }

    /// Text for stderr in its style.
    #[must_use]
    pub fn paint(&self, style: Style, text: &str) -> String {
        paint(self.stderr_color, style, text)
    }

    /// Text for stdout in its style.
    #[must_use]
    pub fn paint_data(&self, style: Style, text: &str) -> String {
        paint(self.stdout_color, style, text)
    }

    /// Asks a person; anything but yes is no.
    #[must_use]
    pub fn ask(&self, question: &str) -> bool {
        let question = self.redacted(question);
        let _ = write!(io::stderr().lock(), "{question} [y/N] ");
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

fn paint(color: bool, style: Style, text: &str) -> String {
    if !color {
        return text.to_owned();
    }
    let ansi = style.ansi();
    format!("{ansi}{text}{ansi:#}")
}
