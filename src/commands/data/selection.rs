//! Which rows a command is about: keys, filters, `--where`.

use crate::commands::completions;
use crate::data::{self, Condition, Expr, Op, World};
use crate::error::{Code, Error, Result};
use crate::rows::{Key, Subject};
use crate::text;

/// The words that choose rows.
#[derive(Debug, Default, clap::Args)]
pub struct Selection {
    /// A filter, as a word: `status=paid`, `'total_amount>=100'`, `user.role=admin`, `phone:is=null`
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
        let (mut all, mut count) = (Vec::new(), 0);
        if !keys.is_empty() {
            let mut named: Vec<Key> = Vec::new();
            for word in keys {
                let key = Key::parse(subject, word)?;
                if !named.contains(&key) {
                    named.push(key);
                }
            }
            count = named.len();
            let one = |key: &Key| {
                let parts = key.columns.iter().zip(&key.values);
                let part = |(column, value): (&usize, &crate::db::Value)| Condition::Compare {
                    column: *column,
                    op: Op::Equal,
                    value: value.clone(),
                };
                Condition::All(parts.map(part).collect())
            };
            all.push(Condition::Any(named.iter().map(one).collect()));
        }
        for filter in &filters {
            all.push(Condition::resolve(subject, filter, world)?);
        }
        let only_keys = filters.is_empty();
        let condition = (!all.is_empty()).then_some(Condition::All(all));
        check_values(subject, condition.as_ref())?;
        Ok(Chosen { condition, keys: if only_keys { count } else { 0 } })
    }
}

/// A statement takes so many values, and no more.
pub fn check_values(subject: &Subject<'_>, condition: Option<&Condition<'_>>) -> Result<()> {
    let (values, most) = (condition.map_or(0, Condition::values), subject.grammar.most_values());
    if values <= most {
        return Ok(());
    }
    let [values, most] = [values, most].map(|count| text::thousands(count as u64));
    let message = format!("the filter compares with {values} values, and the database takes {most} at once");
    Err(Error::new(Code::Filter, message).hint("ask in parts, or load the values into a table of their own"))
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
