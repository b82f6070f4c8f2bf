//! The version that a person means.

use super::inventory::{Entry, Inventory};
use crate::error::{Code, Error, Result};
use crate::text;
use crate::version::Version;

/// Where to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Nothing applied.
    Nothing,
    Version(Version),
}

/// The version that a person means: `0`, a version, the beginning of one, the beginning of a name, a directory.
pub fn resolve(inventory: &Inventory, wanted: &str) -> Result<Target> {
    let plain = wanted.replace('-', "");
    let head = wanted.split('_').next().unwrap_or_default().replace('-', "");
    let exact = |version: &str| inventory.entries.iter().find(|entry| entry.version.as_str() == version);
    let directory = |entry: &&Entry| wanted.contains('_') && entry.label() == wanted.trim_end_matches('/');
    if let Some(entry) = exact(wanted).or_else(|| exact(&plain)).or_else(|| exact(&head).filter(directory)) {
        return Ok(Target::Version(entry.version.clone()));
    }
    if wanted == "0" {
        return Ok(Target::Nothing);
    }
    let begins =
        |with: &dyn Fn(&Entry) -> bool| inventory.entries.iter().filter(|entry| with(entry)).collect::<Vec<_>>();
    let by_version = begins(&|entry| !plain.is_empty() && entry.version.as_str().starts_with(&plain));
    let by_name = begins(&|entry| !wanted.is_empty() && entry.name.starts_with(wanted));
    let found = if by_version.is_empty() { by_name } else { by_version };
    match found.as_slice() {
        [one] => Ok(Target::Version(one.version.clone())),
        [] => {
            let error = Error::new(Code::UnknownVersion, format!("there is no migration `{wanted}`"));
            let words = inventory.entries.iter().flat_map(|entry| [entry.version.as_str(), entry.name.as_str()]);
            let error =
                text::did_you_mean(wanted, words.filter(|word| !word.is_empty())).into_iter().fold(error, Error::hint);
            Err(error.hint("`dbtool migrate status` lists them"))
        }
        several => {
            let error = Error::new(
                Code::AmbiguousVersion,
                format!("`{wanted}` is the beginning of {} migrations", several.len()),
            );
            let error = several.iter().take(5).fold(error, |error, entry| error.note(entry.label()));
            Err(error.hint("write more of the version"))
        }
    }
}
