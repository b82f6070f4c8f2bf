//! Related rows within rows: `--with items.product`. As many queries as there are names, however many rows.

use std::collections::HashMap;

use super::link::{Link, World};
use crate::db::{AnyConnection, Value};
use crate::error::Result;
use crate::record::Record;
use crate::rows::{Subject, Writer};

/// A related table, and what is wanted within it.
#[derive(Clone)]
pub struct Nested<'c> {
    /// As it was called; the key of its rows.
    pub name: String,
    pub link: Link<'c>,
    pub within: Vec<Nested<'c>>,
}

/// So many keys are looked for by one statement: every backend takes as many binds.
const AT_ONCE: usize = 1_000;

impl<'c> Nested<'c> {
    /// Reads `items.product,user`.
    pub fn parse(subject: &Subject<'c>, words: &str, world: World<'_>) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for word in words.split(',') {
            let path: Vec<&str> = word.trim().split('.').collect();
            Self::put(&mut all, subject, &path, world)?;
        }
        Ok(all)
    }

    fn put(all: &mut Vec<Self>, subject: &Subject<'c>, path: &[&str], world: World<'_>) -> Result<()> {
        let [first, rest @ ..] = path else { return Ok(()) };
        let at = all.iter().position(|nested| nested.name == *first).unwrap_or(all.len());
        if at == all.len() {
            let link = Link::find(subject, first, world)?;
            all.push(Self { name: (*first).to_owned(), link, within: Vec::new() });
        }
        let nested = &mut all[at];
        let to = nested.link.through.as_ref().map_or(&nested.link.to, |on| &on.to).clone();
        Self::put(&mut nested.within, &to, rest, world)
    }

    /// Puts related rows into the records of rows.
    pub fn add(
        &self,
        connection: &mut AnyConnection,
        from: &Subject<'c>,
        rows: &[Vec<Value>],
        records: &mut [Record],
        reveal: bool,
    ) -> Result<()> {
        let related = self.related(connection, from, rows, reveal)?;
        for (record, mut found) in records.iter_mut().zip(related) {
            let value = if self.link.to_one {
                found.pop().map_or(serde_json::Value::Null, serde_json::Value::Object)
            } else {
                found.into_iter().map(serde_json::Value::Object).collect()
            };
            record.insert(self.name.clone(), value);
        }
        Ok(())
    }

    /// The related records of each row.
    fn related(
        &self,
        connection: &mut AnyConnection,
        from: &Subject<'c>,
        rows: &[Vec<Value>],
        reveal: bool,
    ) -> Result<Vec<Vec<Record>>> {
        let near = load(connection, from, &self.link, rows)?;
        let Some(on) = &self.link.through else {
            let records = self.records(connection, &self.link.to, &near.rows, reveal)?;
            return Ok(near.of_each.iter().map(|all| all.iter().map(|at| records[*at].clone()).collect()).collect());
        };
        let far = load(connection, &self.link.to, on, &near.rows)?;
        let records = self.records(connection, &on.to, &far.rows, reveal)?;
        let beyond = |at: &usize| far.of_each[*at].iter().map(|at| records[*at].clone()).collect::<Vec<_>>();
        Ok(near.of_each.iter().map(|all| all.iter().flat_map(beyond).collect()).collect())
    }

    fn records(
        &self,
        connection: &mut AnyConnection,
        subject: &Subject<'c>,
        rows: &[Vec<Value>],
        reveal: bool,
    ) -> Result<Vec<Record>> {
        let mut records: Vec<Record> = rows.iter().map(|row| subject.masked(&subject.record(row), reveal)).collect();
        for nested in &self.within {
            nested.add(connection, subject, rows, &mut records, reveal)?;
        }
        Ok(records)
    }
}

/// Rows of a related table, and for each row that they were looked for which of them are its own.
struct Loaded {
    rows: Vec<Vec<Value>>,
    of_each: Vec<Vec<usize>>,
}

fn load(connection: &mut AnyConnection, from: &Subject<'_>, link: &Link<'_>, rows: &[Vec<Value>]) -> Result<Loaded> {
    let spelled = |subject: &Subject<'_>, row: &[Value], columns: &mut dyn Iterator<Item = usize>| -> Option<String> {
        let parts = columns.map(|at| (!row[at].is_null()).then(|| subject.columns[at].kind.json(&row[at]).to_string()));
        parts.collect::<Option<Vec<_>>>().map(|parts| parts.join("\u{0}"))
    };
    let own = |row: &Vec<Value>| spelled(from, row, &mut link.pairs.iter().map(|(own, _)| *own));
    let theirs = |row: &Vec<Value>| spelled(&link.to, row, &mut link.pairs.iter().map(|(_, other)| *other));
    let mut wanted: Vec<(String, &Vec<Value>)> = rows.iter().filter_map(|row| Some((own(row)?, row))).collect();
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    wanted.dedup_by(|a, b| a.0 == b.0);
    let mut found = Vec::new();
    for some in wanted.chunks(AT_ONCE) {
        let statement = statement(link, some);
        found.extend(
            connection
                .select(&statement.sql, &statement.binds)
                .map_err(|error| error.into_error(format!("cannot read `{}`", link.to.name)))?,
        );
    }
    let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in found.iter().enumerate() {
        if let Some(key) = theirs(row) {
            by_key.entry(key).or_default().push(at);
        }
    }
    let of_each =
        rows.iter().map(|row| own(row).and_then(|key| by_key.get(&key).cloned()).unwrap_or_default()).collect();
    Ok(Loaded { rows: found, of_each })
}

fn statement(link: &Link<'_>, wanted: &[(String, &Vec<Value>)]) -> Writer {
    let to = &link.to;
    let mut writer = Writer::new(to.grammar);
    let all: Vec<usize> = (0..to.columns.len()).collect();
    writer.push("SELECT ").columns(to, "t0", &all).push(" FROM ").push(&to.quoted()).push(" t0 WHERE ");
    if let [(own, other)] = link.pairs[..] {
        let column = &to.columns[other];
        writer.push("t0.").name(&column.name).push(" IN (").list(", ", wanted, |writer, (_, row)| {
            writer.bind(column, row[own].clone());
        });
        writer.push(")");
    } else {
        writer.push("(").list(" OR ", wanted, |writer, (_, row)| {
            writer.push("(").list(" AND ", &link.pairs, |writer, (own, other)| {
                let column = &to.columns[*other];
                writer.push("t0.").name(&column.name).push(" = ").bind(column, row[*own].clone());
            });
            writer.push(")");
        });
        writer.push(")");
    }
    let key = to.key();
    if !key.is_empty() {
        writer.push(" ORDER BY ").list(", ", &key, |writer, at| {
            writer.push("t0.").name(&to.columns[*at].name);
        });
    }
    writer
}
