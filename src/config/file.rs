//! dbtool.toml: found, parsed, and checked against the table of keys. Values stay text here; `settings` judges them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::keys::{ENVIRONMENT_KEYS, KEYS, Key, Kind};
use crate::error::{Code, Error, Place, Result};
use crate::text;

pub const FILE_NAME: &str = "dbtool.toml";

/// A value as it stands in a file or variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    Text(String),
    List(Vec<String>),
}

/// A value of the file, with its line.
#[derive(Debug, Clone)]
pub struct Entry {
    pub raw: Raw,
    pub line: usize,
}

/// The entries of one level: by section (empty at the top) and key.
pub type Entries = BTreeMap<(String, String), Entry>;

/// A dbtool.toml, or nothing where there is none.
#[derive(Debug, Clone, Default)]
pub struct File {
    pub path: Option<PathBuf>,
    pub top: Entries,
    pub environments: BTreeMap<String, Entries>,
}

/// Looks for a file from a directory up to the root of the repository that holds it.
#[must_use]
pub fn find_upwards(directory: &Path, name: &str) -> Option<PathBuf> {
    for directory in directory.ancestors() {
        let path = directory.join(name);
        if path.is_file() {
            return Some(path);
        }
        if directory.join(".git").exists() {
            return None;
        }
    }
    None
}

impl File {
    pub fn read(path: &Path) -> Result<Self> {
        let source = std::fs::read(path).map_err(|cause| Error::io("read", path, &cause))?;
        let source = String::from_utf8(source)
            .map_err(|_| Error::new(Code::ConfigSyntax, format!("`{}` is not UTF-8 text", path.display())))?;
        let source = source.strip_prefix('\u{feff}').unwrap_or(&source);
        Reader { path, source }.read()
    }
}

struct Reader<'a> {
    path: &'a Path,
    source: &'a str,
}

impl Reader<'_> {
    fn read(&self) -> Result<File> {
        let document = DeTable::parse(self.source).map_err(|cause| {
            let error = Error::new(Code::ConfigSyntax, format!("{FILE_NAME} is not valid TOML: {}", cause.message()));
            error
                .at(self.place(cause.span().map_or(0, |span| span.start)))
                .hint("a section is `[name]`, a setting is `key = \"value\"`")
        })?;
        let mut file = File { path: Some(self.path.to_owned()), ..File::default() };
        for (name, value) in document.get_ref() {
            if name.get_ref() != "env" {
                self.entry("", KEYS, name.get_ref(), name.span(), value.get_ref(), &mut file.top)?;
                continue;
            }
            let DeValue::Table(environments) = value.get_ref() else {
                return Err(self.unknown("env", "", name.span(), KEYS));
            };
            for (name, value) in environments {
                let DeValue::Table(entries) = value.get_ref() else {
                    let message = format!("`env.{}` must be a table: `[env.{}]`", name.get_ref(), name.get_ref());
                    return Err(Error::new(Code::ConfigValue, message).at(self.place(name.span().start)));
                };
                let mut found = Entries::new();
                for (key, value) in entries {
                    self.entry("", ENVIRONMENT_KEYS, key.get_ref(), key.span(), value.get_ref(), &mut found)?;
                }
                file.environments.insert(name.get_ref().to_string(), found);
            }
        }
        Ok(file)
    }

    /// Takes a key of the given table, or a section of [`KEYS`].
    fn entry(
        &self,
        section: &str,
        table: &[Key],
        name: &str,
        span: Range<usize>,
        value: &DeValue<'_>,
        into: &mut Entries,
    ) -> Result<()> {
        let known = table.iter().find(|key| key.section == section && key.name == name);
        let is_value = |key: &&Key| key.kind == Kind::Table || !matches!(value, DeValue::Table(_));
        if let Some(key) = known.filter(is_value) {
            let line = text::line_and_column(self.source, span.start).0;
            let raw = raw(value, key.kind).ok_or_else(|| {
                let message = format!("`{name}` must be {}", key.kind.expected());
                Error::new(Code::ConfigValue, message).at(self.place(span.start))
            })?;
            into.insert((section.to_owned(), name.to_owned()), Entry { raw, line });
            return Ok(());
        }
        let is_section = section.is_empty() && KEYS.iter().any(|key| key.section == name);
        let DeValue::Table(entries) = value else {
            return Err(self.unknown(name, section, span, table));
        };
        if !is_section {
            return Err(self.unknown(name, section, span, table));
        }
        for (key, value) in entries {
            self.entry(name, KEYS, key.get_ref(), key.span(), value.get_ref(), into)?;
        }
        Ok(())
    }

    fn unknown(&self, name: &str, section: &str, span: Range<usize>, table: &[Key]) -> Error {
        let within = if section.is_empty() { String::new() } else { format!(" in `[{section}]`") };
        let error = Error::new(Code::ConfigUnknownKey, format!("unknown key `{name}`{within}"));
        let keys = table.iter().filter(|key| key.section == section).map(|key| key.name);
        let sections = KEYS.iter().map(|key| key.section).filter(|_| section.is_empty());
        let candidates: Vec<_> = keys.chain(sections).chain(section.is_empty().then_some("env")).collect();
        // A key that belongs to another section says so; else the nearest name.
        let elsewhere = KEYS.iter().find(|key| key.name == name && !key.section.is_empty());
        let hint = text::did_you_mean(name, candidates.iter().copied().filter(|name| !name.is_empty()))
            .or_else(|| elsewhere.map(|key| format!("`{name}` belongs to `[{}]`", key.section)));
        let error = hint.into_iter().fold(error, Error::hint);
        error.hint("`docs/configuration.md` lists every key").at(self.place(span.start))
    }

    /// A place whose excerpt stops before the value, which may be a secret.
    fn place(&self, offset: usize) -> Place {
        let mut place = Place::of(self.path, self.source, offset);
        if let Some((key, _)) = place.excerpt.split_once('=') {
            place.excerpt = format!("{key}= …");
        }
        place
    }
}

fn raw(value: &DeValue<'_>, kind: Kind) -> Option<Raw> {
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            });
            return (kind == Kind::List).then(|| items.collect::<Option<_>>().map(Raw::List))?;
        }
        DeValue::Table(entries) => {
            let mut list = Vec::new();
            return (kind == Kind::Table && pairs("", entries, &mut list)).then_some(Raw::List(list));
        }
        _ => return None,
    };
    (!matches!(kind, Kind::List | Kind::Table)).then_some(Raw::Text(text))
}

/// The entries of a table as `name = text`, as they would stand in a variable. A name with a dot in it need not be quoted.
fn pairs(above: &str, entries: &DeTable<'_>, into: &mut Vec<String>) -> bool {
    entries.iter().all(|(name, value)| match value.get_ref() {
        DeValue::String(text) => {
            into.push(format!("{above}{} = {text}", name.get_ref()));
            true
        }
        DeValue::Table(entries) => pairs(&format!("{above}{}.", name.get_ref()), entries, into),
        _ => false,
    })
}
