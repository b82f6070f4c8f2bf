//! The house: a module imports only floors below its own, and its own folder. The one list of the floors is here;
//! docs/architecture.md shows the same.

use std::path::{Path, PathBuf};

use crate::support::root;

/// From the top. Those on one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["main"],
    &["lib"],
    &["cli"],
    &["commands"],
    &["context"],
    // Features: a command composes them.
    &["data", "inspect", "migrate", "seed"],
    // What features stand on.
    &["rows"],
    &["entities"],
    &["audit"],
    &["schema"],
    &["catalog"],
    &["db"],
    &["sql"],
    &["output"],
    &["config"],
    // Words that everyone may use.
    &["observer"],
    &["tabular"],
    &["version", "interrupt", "files"],
    &["error"],
    &["exit_code", "backend", "secret", "text", "fault", "record"],
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The modules of this crate that a source names: `crate::x`, and `crate::{x, y::z}`.
fn imports(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    // Tests at the end of a file are no part of the house.
    let code = source.split("#[cfg(test)]").next().unwrap();
    let code: String =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if code[..at].ends_with('$') || code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let names = match rest.strip_prefix('{') {
            Some(list) => list
                .split('}')
                .next()
                .unwrap()
                .split(',')
                .map(|item| item.trim().split("::").next().unwrap().to_owned())
                .collect(),
            None => vec![rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned()],
        };
        found.extend(names);
    }
    found
}

#[test]
fn no_module_imports_a_floor_above_its_own() {
    let src = root().join("src");
    let mut wrong = Vec::new();
    for path in sources(&src) {
        let relative = path.strip_prefix(&src).unwrap();
        let own =
            relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let own_floor = floor(&own).unwrap_or_else(|| panic!("{} stands on no floor", relative.display()));
        for module in imports(&std::fs::read_to_string(&path).unwrap()) {
            // What lib.rs re-exports is asked for by lib.rs alone.
            let Some(theirs) = floor(&module) else {
                wrong.push(format!("{} imports `{module}`, which stands on no floor", relative.display()));
                continue;
            };
            if module != own && theirs <= own_floor {
                wrong.push(format!("{} (floor {own_floor}) imports `{module}` (floor {theirs})", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_catalog_db_and_backend_match_on_the_backend() {
    let src = root().join("src");
    // What a server's type is in Diesel is a file for each backend: inspect/rust/. The samples are those of tests.
    let allowed = ["backend.rs", "catalog", "db", "config", "inspect/rust", "inspect/samples.rs"];
    for path in sources(&src) {
        let relative = path.strip_prefix(&src).unwrap();
        let is_allowed = allowed.iter().any(|place| relative.starts_with(place));
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let matches = [
            "Backend::Sqlite",
            "Backend::Postgres",
            "Backend::Mysql",
            "Target::Sqlite",
            "Target::Postgres",
            "Target::Mysql",
        ]
        .iter()
        .any(|word| code.contains(word));
        assert!(!matches || is_allowed, "{} asks which backend it is", relative.display());
    }
}

#[test]
fn the_environment_is_read_in_config_alone() {
    let src = root().join("src");
    for path in sources(&src) {
        let relative = path.strip_prefix(&src).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let reads = ["env::var", "env::vars", "current_dir()"].iter().any(|word| text.contains(word));
        assert!(!reads || relative.starts_with("config"), "{} reads the environment", relative.display());
    }
}

#[test]
fn every_module_says_what_it_is() {
    for path in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let is_made = text.starts_with("// @generated");
        assert!(is_made || text.starts_with("//!"), "{} has no module documentation", path.display());
    }
}
