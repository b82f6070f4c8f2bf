//! The files of the layers, read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::header::{self, Header, RawRow};
use super::node::{self, At, Text};
use crate::error::{Code, Error, Result};
use crate::text;

/// One file of a layer.
#[derive(Debug, Clone)]
pub struct SeedFile {
    /// Its path in the layer, without the extension: what `dbtool seed NAME` takes.
    pub name: String,
    pub layer: String,
    pub path: PathBuf,
    pub header: Header,
    pub data: Data,
}

#[derive(Debug, Clone)]
pub enum Data {
    Rows(Vec<RawRow>),
    /// Mode fill: what each generated row looks like.
    Template(RawRow),
    /// The rows are read when they are loaded.
    Csv,
    Sql(String),
}

/// Reads the files of some layers, in the order of the layers and then of their paths. `required`: a layer that was named must
/// be there. Whatever is wrong in them is told together.
pub fn find(directory: &Path, shown: &Path, layers: &[String], required: bool) -> Result<(Vec<SeedFile>, Vec<Error>)> {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for layer in layers {
        let path = directory.join(layer);
        if !path.is_dir() {
            if required {
                let message = format!("there is no layer `{layer}` in `{}`", shown.display());
                let there = layers_of(directory);
                let error = Error::new(Code::ConfigMissing, message);
                let error =
                    text::did_you_mean(layer, there.iter().map(String::as_str)).into_iter().fold(error, Error::hint);
                return Err(error.hint("`layers` of the environment in dbtool.toml names the folders"));
            }
            continue;
        }
        let mut found = Vec::new();
        collect(&path, &mut found)?;
        found.sort();
        for file in found {
            let inner = file.strip_prefix(&path).unwrap_or(&file);
            let name = inner.with_extension("").to_string_lossy().replace('\\', "/");
            read(&name, layer, &file, &shown.join(layer).join(inner), &mut files, &mut faults)?;
        }
    }
    Ok((files, faults))
}

/// The folders of a seeds directory.
fn layers_of(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |cause| Error::io("read the directory", directory, &cause);
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn read(
    name: &str,
    layer: &str,
    path: &Path,
    shown: &Path,
    files: &mut Vec<SeedFile>,
    faults: &mut Vec<Error>,
) -> Result<()> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    let form = match extension.as_str() {
        "toml" if path.with_extension("csv").exists() || path.with_extension("sql").exists() => return Ok(()),
        "toml" | "json" | "sql" | "csv" => extension.as_str(),
        "yaml" | "yml" | "jsonl" | "ndjson" | "tsv" | "xlsx" => {
            let message = format!("`{}` is of no form that seeds are written in", shown.display());
            let hint = "TOML or JSON for rows, CSV for many of them, SQL for the rest; another file may stand in a folder that begins with a dot";
            faults.push(Error::new(Code::SeedFile, message).hint(hint));
            return Ok(());
        }
        // A README, or what a `{ file = … }` names.
        _ => return Ok(()),
    };
    let file = |header, data| SeedFile { name: name.into(), layer: layer.into(), path: path.to_owned(), header, data };
    if form == "csv" || form == "sql" {
        let beside = path.with_extension("toml");
        let header = if beside.exists() {
            let text = load(&beside, &shown.with_extension("toml"))?;
            let start = At { file: text.clone(), offset: 0 };
            match node::toml(&text) {
                Ok(entries) => Header::read(name, start, &entries, faults),
                Err(errors) => {
                    faults.extend(errors);
                    return Ok(());
                }
            }
        } else {
            let nothing = Text { path: shown.to_owned(), directory: PathBuf::new(), text: String::new() };
            Header::of_name(name, At { file: Arc::new(nothing), offset: 0 })
        };
        let data = if form == "csv" { Data::Csv } else { Data::Sql(load(path, shown)?.text.clone()) };
        files.push(file(header, data));
        return Ok(());
    }
    let text = load(path, shown)?;
    let start = At { file: text.clone(), offset: 0 };
    let entries = if form == "toml" { node::toml(&text) } else { node::json(&text) };
    let entries = match entries {
        Ok(entries) => entries,
        Err(errors) => {
            faults.extend(errors);
            return Ok(());
        }
    };
    let before = faults.len();
    let header = Header::read(name, start, &entries, faults);
    let data = if header.mode == Some(header::Mode::Fill) {
        match (header::template(&entries, faults), header.count) {
            (Some(template), Some(_)) => Data::Template(template),
            _ if faults.len() > before => return Ok(()),
            _ => {
                let fault = header.at.fault("mode `fill` needs a `count`, and a `[row]` to generate");
                faults.push(fault.hint("`count = 100`, and `[row]` with a line for each column"));
                return Ok(());
            }
        }
    } else {
        Data::Rows(header::rows(&entries, faults))
    };
    files.push(file(header, data));
    Ok(())
}

fn load(path: &Path, shown: &Path) -> Result<Arc<Text>> {
    let bytes = std::fs::read(path).map_err(|cause| Error::io("read", path, &cause))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::new(Code::SeedFile, format!("`{}` is not UTF-8 text", shown.display())))?;
    let directory = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(Arc::new(Text { path: shown.to_owned(), directory, text }))
}
