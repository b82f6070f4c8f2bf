//! Which rows a command is about: keys, filters, `--where`.

use crate::commands::completions;
use crate::data::{self, Condition, Expr, Op, World};
use crate::error::{Code, Error, Result};
use crate::rows::{Key, Subject};

/// The words that choose rows.
#[derive(Debug, Default, clap::Args)]
pub struct Selection {
    /// A filter, as a word: `status=paid`, `total_amount>=100`, `user.role=admin`, `phone:is=null`
    #[arg(long, value_name = "FILTER", add = completions::columns())]
    pub filter: Vec<String>,
    /// A filter in full: `total_amount > 100 and (status = "paid" or user.role = "admin")`
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub wheres: Vec<String>,
    /// A key, where it would be taken for a filter
    #[arg(long, value_name = "KEY")]
    pub key: Vec<String>,
}

/// What was chosen.
pub struct Chosen<'c> {
    /// `None`: nothing was said.
    pub condition: Option<Condition<'c>>,
    /// How many keys were named, where nothing but keys was.
    pub keys: usize,
}

impl Selection {
    /// Reads them, together with the words that stand behind the table.
    pub fn read<'c>(&self, subject: &Subject<'c>, words: &[String], world: World<'_>) -> Result<Chosen<'c>> {
        let mut keys: Vec<&String> = self.key.iter().collect();
        let mut filters: Vec<Expr> = Vec::new();
        for word in words {
            match data::word(word)? {
                data::Word::Key(_) => keys.push(word),
                data::Word::Filter(expr) => filters.push(expr),
            }
        }
        for word in &self.filter {
            filters.push(data::filter(word)?);
        }
        for text in &self.wheres {
            filters.push(data::parse(text)?);
        }
        let mut all = Vec::new();
        if !keys.is_empty() {
            let one = |word: &&String| {
                let key = Key::parse(subject, word)?;
                let parts = key.columns.iter().zip(&key.values);
                let part = |(column, value): (&usize, &crate::db::Value)| Condition::Compare {
                    column: *column,
                    op: Op::Equal,
                    value: value.clone(),
                };
                Ok(Condition::All(parts.map(part).collect()))
            };
            all.push(Condition::Any(keys.iter().map(one).collect::<Result<_>>()?));
        }
        for filter in &filters {
            all.push(Condition::resolve(subject, filter, world)?);
        }
        let only_keys = filters.is_empty();
        Ok(Chosen {
            condition: (!all.is_empty()).then_some(Condition::All(all)),
            keys: if only_keys { keys.len() } else { 0 },
        })
    }
}

/// The names of columns, `a,b`: all of them where nothing is said.
pub fn columns(subject: &Subject<'_>, names: Option<&str>) -> Result<Vec<usize>> {
    match names {
        None => Ok((0..subject.columns.len()).collect()),
        Some(names) => names.split(',').map(|name| subject.column(name.trim())).collect(),
    }
}

/// Nothing was said of which rows, and not that it is all of them.
pub fn refuse_all(subject: &Subject<'_>, does: &str) -> Error {
    let error = Error::new(Code::Refused, format!("which rows of `{}` to {does} is not said", subject.name));
    error.note("nothing was done").hint("name a key or a filter, or add `--all`, if you mean every row")
}
