//! One value from many places: flag, variable, the environment's section, the top of the file, default. And the
//! references within a value: `${VAR}`, `${VAR:-default}`.

use std::path::PathBuf;

use super::dotenv::DotEnv;
use super::file::{Entry, FILE_NAME, File, Raw, find_upwards};
use super::keys::{KEYS, Key, Kind, variable_of};
use super::{Origin, Process};
use crate::error::{Code, Error, Result};
use crate::text;

/// The flags of the command line that are settings.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub env: Option<String>,
    pub url: Option<String>,
    /// Where the URL was given, if not by `--url`.
    pub url_from: Option<&'static str>,
    pub config: Option<PathBuf>,
    pub migrations_dir: Option<String>,
    pub lock_wait: Option<String>,
    pub log_format: Option<String>,
    pub actor: Option<String>,
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub raw: Raw,
    pub origin: Origin,
    /// What its `${VAR}` stood for: secrets, as far as we know.
    pub references: Vec<String>,
}

impl Value {
    #[must_use]
    pub fn text(&self) -> &str {
        match &self.raw {
            Raw::Text(text) => text,
            Raw::List(_) => "",
        }
    }

    #[must_use]
    pub fn list(&self) -> Vec<String> {
        match &self.raw {
            Raw::Text(text) if text.is_empty() => Vec::new(),
            Raw::Text(text) => {
                text.split(';').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
            }
            Raw::List(list) => list.clone(),
        }
    }
}

/// A line of `config show`.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Shown {
    pub key: String,
    pub value: String,
    pub origin: String,
}

/// All places that a value can come from, for one environment.
#[derive(Debug, Clone)]
pub struct Layers {
    pub process: Process,
    pub dotenv: DotEnv,
    pub file: File,
    pub flags: Flags,
    /// The environment's name.
    pub environment: String,
    /// Where its name came from.
    pub named_by: Origin,
}

impl Layers {
    /// Reads the files and settles which environment this is about.
    pub fn read(process: Process, flags: Flags) -> Result<Self> {
        let file = match (&flags.config, process.variable("DBTOOL_CONFIG")) {
            (Some(path), _) => Some(named_file(&process, path.clone(), "--config")?),
            (None, Some(path)) => Some(named_file(&process, PathBuf::from(path), "DBTOOL_CONFIG")?),
            (None, None) => find_upwards(&process.directory, FILE_NAME),
        };
        let file = file.map(|path| File::read(&path)).transpose()?.unwrap_or_default();
        let dotenv = DotEnv::find(&process.directory)?;
        let mut layers = Self { process, dotenv, file, flags, environment: String::new(), named_by: Origin::Default };
        layers.choose_environment()?;
        Ok(layers)
    }

    fn choose_environment(&mut self) -> Result<()> {
        let flag = self.flags.env.clone().map(|name| (name, Origin::Flag("--env")));
        let named = flag.or_else(|| self.variable("DBTOOL_ENV"));
        let explicit = named.is_some();
        (self.environment, self.named_by) = if let Some(named) = named {
            named
        } else {
            let key = &KEYS[0];
            let value = self.setting(key)?;
            (value.text().to_owned(), value.origin)
        };
        // A default that nobody wrote need not stand in the file.
        let written = explicit || self.named_by != Origin::Default;
        if written && !self.file.environments.is_empty() && !self.file.environments.contains_key(&self.environment) {
            let names: Vec<_> = self.file.environments.keys().map(String::as_str).collect();
            let error = Error::new(
                Code::UnknownEnvironment,
                format!("the environment `{}` is not in {FILE_NAME}", self.environment),
            );
            let error =
                text::did_you_mean(&self.environment, names.iter().copied()).into_iter().fold(error, Error::hint);
            return Err(error.hint(format!("there are: {}", names.join(", "))));
        }
        if self.is_protected()? {
            self.dotenv.withhold_all();
        } else if explicit {
            self.dotenv.withhold_databases();
        }
        Ok(())
    }

    /// Whether the environment was named on purpose.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        self.named_by == Origin::Flag("--env")
            || matches!(&self.named_by, Origin::Variable(name) | Origin::DotEnv { variable: name, .. } if name == "DBTOOL_ENV")
    }

    /// `protected` is taken from the file alone: no variable can lift it.
    pub fn is_protected(&self) -> Result<bool> {
        let entry =
            self.file.environments.get(&self.environment).and_then(|entries| entries.get(&entry_key("", "protected")));
        match entry.map(|entry| &entry.raw) {
            None => Ok(false),
            Some(Raw::Text(text)) if text == "true" || text == "false" => Ok(text == "true"),
            Some(_) => Err(Error::new(Code::ConfigValue, "`protected` must be `true` or `false`")),
        }
    }

    /// A variable of the process, else of `.env`.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<(String, Origin)> {
        let of_process = self.process.variable(name).map(|value| (value.to_owned(), Origin::Variable(name.to_owned())));
        of_process.or_else(|| {
            let file = self.dotenv.path.clone()?;
            let value = self.dotenv.get(name)?.to_owned();
            Some((value, Origin::DotEnv { file, variable: name.to_owned() }))
        })
    }

    /// A setting's value, from the first place that has it.
    pub fn setting(&self, key: &Key) -> Result<Value> {
        let flag = match (key.section, key.name) {
            ("migrate", "dir") => self.flags.migrations_dir.clone().map(|v| (v, Origin::Flag("--migrations-dir"))),
            ("migrate", "lock_wait") => self.flags.lock_wait.clone().map(|v| (v, Origin::Flag("--lock-wait"))),
            ("log", "format") => self.flags.log_format.clone().map(|v| (v, Origin::Flag("--log-format"))),
            _ => None,
        };
        if let Some((text, origin)) = flag.or_else(|| self.variable(&variable_of(key))) {
            return Ok(Value { raw: Raw::Text(text), origin, references: Vec::new() });
        }
        let at = entry_key(key.section, key.name);
        if let Some(entry) = self.file.environments.get(&self.environment).and_then(|entries| entries.get(&at)) {
            let section = match key.section {
                "" => format!("env.{}", self.environment),
                section => format!("env.{}.{section}", self.environment),
            };
            return self.of_file(entry, section);
        }
        if let Some(entry) = self.file.top.get(&at) {
            return self.of_file(entry, key.section.to_owned());
        }
        Ok(Value { raw: Raw::Text(key.default.to_owned()), origin: Origin::Default, references: Vec::new() })
    }

    /// A key of `[env.NAME]`.
    pub fn environment_key(&self, name: &str) -> Result<Option<Value>> {
        let entry = self.file.environments.get(&self.environment).and_then(|entries| entries.get(&entry_key("", name)));
        entry.map(|entry| self.of_file(entry, format!("env.{}", self.environment))).transpose()
    }

    fn of_file(&self, entry: &Entry, section: String) -> Result<Value> {
        let file = self.file.path.clone().unwrap_or_default();
        let origin = Origin::File { file, line: entry.line, section };
        let mut references = Vec::new();
        let mut expand = |text: &String| self.expand(text, &origin, &mut references);
        let raw = match &entry.raw {
            Raw::Text(text) => Raw::Text(expand(text)?),
            Raw::List(list) => Raw::List(list.iter().map(expand).collect::<Result<_>>()?),
        };
        Ok(Value { raw, origin, references })
    }

    /// Replaces `${VAR}` and `${VAR:-default}`; `$${` stands for `${`.
    fn expand(&self, text: &str, origin: &Origin, references: &mut Vec<String>) -> Result<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                out.push_str(&rest[..at]);
                out.push('{');
                rest = &rest[at + 2..];
                continue;
            }
            out.push_str(&rest[..at]);
            let Some(end) = rest[at..].find('}') else {
                return Err(Error::new(Code::ConfigReference, format!("a `${{` has no `}}` ({origin})")));
            };
            let reference = &rest[at + 2..at + end];
            let (name, default) = match reference.split_once(":-") {
                Some((name, default)) => (name, Some(default.to_owned())),
                None => (reference, None),
            };
            let value = self.variable(name).map(|(value, _)| value).or(default);
            let value = value.ok_or_else(|| {
                let error = Error::new(Code::ConfigReference, format!("the variable `{name}` is not set ({origin})"));
                let named = self.is_explicit() || self.is_protected().unwrap_or(true);
                if named {
                    let hint =
                        format!("set `{name}` in the environment; .env supplies no database to an environment that was named, and nothing to a protected one");
                    error.hint(hint)
                } else {
                    error.hint(format!("set `{name}` in the environment or in .env"))
                }
            })?;
            out.push_str(&value);
            references.push(value);
            rest = &rest[at + end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn entry_key(section: &str, name: &str) -> (String, String) {
    (section.to_owned(), name.to_owned())
}

/// `section.name`
#[must_use]
pub fn dotted(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

fn named_file(process: &Process, path: PathBuf, by: &str) -> Result<PathBuf> {
    let path = process.directory.join(path);
    if path.is_file() {
        return Ok(path);
    }
    Err(Error::new(Code::ConfigMissing, format!("the settings file `{}` does not exist ({by})", path.display())))
}

/// What a value must be, as an error.
pub fn wrong_value(name: &str, kind: Kind, value: &Value) -> Error {
    let shown = match kind {
        Kind::Secret | Kind::Url => String::new(),
        _ => format!(", not `{}`", text::shorten(value.text(), 60)),
    };
    Error::new(Code::ConfigValue, format!("`{name}` must be {}{shown} ({})", kind.expected(), value.origin))
}
