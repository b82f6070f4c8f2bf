//! What the process was given, as data: so that a test, or an application, can hand in its own.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;

/// The environment of one run.
#[derive(Debug, Clone, Default)]
pub struct Process {
    pub variables: BTreeMap<String, String>,
    /// The working directory.
    pub directory: PathBuf,
    /// Whether a person can be asked: standard input and standard error are a terminal.
    pub interactive: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
}

impl Process {
    /// Reads it from the operating system. A variable that is no Unicode is left out.
    #[must_use]
    pub fn from_system() -> Self {
        let stderr = std::io::stderr().is_terminal();
        Self {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
            directory: std::env::current_dir().unwrap_or_default(),
            interactive: std::io::stdin().is_terminal() && stderr,
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: stderr,
        }
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The operating system's user, and the machine.
    #[must_use]
    pub fn os_user() -> (String, String) {
        let unknown = || "unknown".to_owned();
        (whoami::account().unwrap_or_else(|_| unknown()), whoami::hostname().unwrap_or_else(|_| unknown()))
    }

    /// Where this program keeps what it can do without.
    #[must_use]
    pub fn cache_directory(&self) -> Option<PathBuf> {
        let given = self.variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let caches = given.or_else(|| Some(PathBuf::from(self.variable("HOME")?).join(".cache")))?;
        Some(caches.join("dbtool"))
    }
}
