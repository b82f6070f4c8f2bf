//! Layers, laid over each other: a later one overrides columns of the same row of the same table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::expression::Expression;
use super::files::{Data, SeedFile};
use super::header::{Header, Mode, RawRow};
use super::node::At;
use crate::error::Error;

/// What is kept of one table under one name.
#[derive(Debug, Clone)]
pub struct Seed {
    pub name: String,
    pub table: String,
    pub table_at: At,
    pub key: Vec<String>,
    pub key_at: At,
    pub mode: Mode,
    pub clock: Option<String>,
    pub rows: Vec<RawRow>,
    /// Mode fill: what is generated, and how many of it.
    pub template: Option<(RawRow, u64)>,
}

/// A CSV file.
#[derive(Debug, Clone)]
pub struct Bulk {
    pub name: String,
    /// What the ledger calls it: two layers may each have a file of one name.
    pub known_as: String,
    pub header: Header,
    pub path: PathBuf,
}

/// A SQL file.
#[derive(Debug, Clone)]
pub struct Plain {
    pub name: String,
    pub header: Header,
    /// As it is shown.
    pub shown: PathBuf,
    pub text: String,
}

/// Lays the files of all layers over each other. Seeds stand in the order in which their files were found.
#[must_use]
pub fn merge(files: Vec<SeedFile>, faults: &mut Vec<Error>) -> (Vec<Seed>, Vec<Bulk>, Vec<Plain>) {
    let (mut seeds, mut bulks, mut plains): (Vec<Seed>, Vec<Bulk>, Vec<Plain>) = Default::default();
    for SeedFile { name, layer, path, header, data } in files {
        match data {
            Data::Csv => {
                let is_taken = bulks.iter().any(|other| other.name == name);
                let known_as = if is_taken { format!("{name}@{layer}") } else { name.clone() };
                bulks.push(Bulk { name, known_as, header, path });
            }
            // A later layer's is another file of the same name, and both are run.
            Data::Sql(text) => {
                let shown = header.at.file.path.with_extension("sql");
                plains.push(Plain { name, header, shown, text });
            }
            Data::Template(template) => {
                let count = header.count.unwrap_or_default();
                seeds.push(Seed { template: Some((template, count)), ..empty(name, &header) });
            }
            Data::Rows(rows) => {
                let at = seeds
                    .iter()
                    .position(|seed| seed.name == name && seed.table == header.table && seed.template.is_none());
                let at = at.unwrap_or_else(|| {
                    seeds.push(empty(name, &header));
                    seeds.len() - 1
                });
                let seed = &mut seeds[at];
                if !header.key.is_empty() {
                    if !seed.key.is_empty() && seed.key != header.key {
                        let other = seed.key_at.place();
                        let message = format!("the key of `{}` is another one in {other}", seed.table);
                        faults.push(header.key_at.fault(message).hint("the layers of a seed have one key"));
                    }
                    seed.key.clone_from(&header.key);
                    seed.key_at = header.key_at.clone();
                }
                seed.mode = header.mode.unwrap_or(seed.mode);
                seed.clock = header.clock.or(seed.clock.take());
                lay_over(seed, rows, faults);
            }
        }
    }
    (seeds, bulks, plains)
}

fn empty(name: String, header: &Header) -> Seed {
    Seed {
        name,
        table: header.table.clone(),
        table_at: header.at.clone(),
        key: header.key.clone(),
        key_at: header.key_at.clone(),
        mode: header.mode.unwrap_or_default(),
        clock: header.clock.clone(),
        rows: Vec::new(),
        template: None,
    }
}

/// A row is the same by its label, or else by the values of its key as they are written.
fn lay_over(seed: &mut Seed, rows: Vec<RawRow>, faults: &mut Vec<Error>) {
    let by_label: BTreeMap<String, usize> =
        seed.rows.iter().enumerate().filter_map(|(at, row)| Some((row.label.clone()?, at))).collect();
    let key = |row: &RawRow| -> Option<Vec<String>> {
        let value =
            |column: &String| row.cells.iter().find(|cell| cell.column == *column).map(|cell| written(&cell.value));
        (!seed.key.is_empty()).then(|| seed.key.iter().map(value).collect()).flatten()
    };
    let by_key: BTreeMap<Vec<String>, usize> =
        seed.rows.iter().enumerate().filter_map(|(at, row)| Some((key(row)?, at))).collect();
    let mut fresh = Vec::new();
    for row in rows {
        let same_label = row.label.as_ref().and_then(|label| by_label.get(label)).copied();
        let same_key = key(&row).and_then(|key| by_key.get(&key)).copied();
        match (same_label, same_key) {
            (Some(one), Some(other)) if one != other => {
                let label = row.label.as_deref().unwrap_or_default();
                let message = format!("this row has the label `{label}` of one row below it, and the key of another");
                faults.push(
                    row.at
                        .fault(message)
                        .note(format!("the one: {}", seed.rows[one].at.place()))
                        .note(format!("the other: {}", seed.rows[other].at.place())),
                );
            }
            (Some(at), _) | (None, Some(at)) => {
                let below = &mut seed.rows[at];
                below.label = row.label.or(below.label.take());
                for cell in row.cells {
                    match below.cells.iter_mut().find(|under| under.column == cell.column) {
                        Some(under) => *under = cell,
                        None => below.cells.push(cell),
                    }
                }
            }
            (None, None) => fresh.push(row),
        }
    }
    seed.rows.append(&mut fresh);
}

/// A value of a key as it is written, to tell rows of two layers apart.
fn written(value: &Expression) -> String {
    match value {
        Expression::Text(text) | Expression::Number(text) | Expression::Moment(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::header;
    use super::super::node::{self, Text};
    use super::*;

    fn file(layer: &str, text: &str) -> SeedFile {
        let path = PathBuf::from(format!("seeds/{layer}/users.toml"));
        let text = Arc::new(Text { path: path.clone(), directory: PathBuf::new(), text: text.into() });
        let entries = node::toml(&text).unwrap();
        let mut faults = Vec::new();
        let header = Header::read("users", At { file: text, offset: 0 }, &entries, &mut faults);
        let data = Data::Rows(header::rows(&entries, &mut faults));
        assert!(faults.is_empty(), "{faults:?}");
        SeedFile { name: "users".into(), layer: layer.into(), path, header, data }
    }

    fn shown(seed: &Seed) -> Vec<String> {
        let cell = |cell: &super::super::Cell| format!("{}={}", cell.column, written(&cell.value));
        seed.rows
            .iter()
            .map(|row| {
                format!(
                    "{}: {}",
                    row.label.as_deref().unwrap_or("-"),
                    row.cells.iter().map(cell).collect::<Vec<_>>().join(" ")
                )
            })
            .collect()
    }

    #[test]
    fn a_later_layer_overrides_columns() {
        let base =
            file("base", "key = 'email'\n[rows.a]\nemail = 'a@x'\nname = 'A'\n[rows.b]\nemail = 'b@x'\nname = 'B'\n");
        let by_label = file("dev", "[rows.a]\nname = 'AA'\nage = 3\n");
        let by_key = file("dev", "[[rows]]\nemail = 'b@x'\nname = 'BB'\n[[rows]]\nemail = 'c@x'\n");
        let mut faults = Vec::new();
        let (seeds, ..) = merge(vec![base, by_label, by_key], &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(shown(&seeds[0]), ["a: email=a@x name=AA age=3", "b: email=b@x name=BB", "-: email=c@x"]);
    }

    #[test]
    fn a_row_is_one_row_only() {
        let base = file("base", "key = 'email'\n[rows.a]\nemail = 'a@x'\n[rows.b]\nemail = 'b@x'\n");
        let both = file("dev", "[rows.a]\nemail = 'b@x'\n");
        let mut faults = Vec::new();
        let _ = merge(vec![base, both], &mut faults);
        assert_eq!(faults.len(), 1);
    }
}
