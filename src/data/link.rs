//! Related tables, by what a person calls them: from the foreign keys of the catalog.

use crate::catalog::{ForeignKey, Table};
use crate::entities::Registry;
use crate::error::{Code, Error, Result};
use crate::rows::{Subject, singular};
use crate::text;

/// How rows of one table are related to those of another.
#[derive(Clone)]
pub struct Link<'c> {
    pub to: Subject<'c>,
    /// Columns of this table and of the other, which have the same values.
    pub pairs: Vec<(usize, usize)>,
    /// Each row has one at most.
    pub to_one: bool,
    /// For rows that are related by a table between them: the way on from there.
    pub through: Option<Box<Link<'c>>>,
}

/// What tables are looked up with.
#[derive(Clone, Copy)]
pub struct World<'w> {
    pub registry: Registry,
    pub sensitive: &'w [String],
    /// What is sensitive may be seen.
    pub reveal: bool,
}

/// A way to another table, with the names that it goes by: each better than the next.
struct Way<'c> {
    link: Link<'c>,
    names: Vec<String>,
    /// What tells it from others of the same name: `orders@created_by`.
    exact: String,
    /// Whether it is the usual one of several: the column is called after the table.
    usual: bool,
}

impl<'c> Link<'c> {
    /// The related table that a name means.
    pub fn find(from: &Subject<'c>, name: &str, world: World<'_>) -> Result<Self> {
        let ways = ways(from, world);
        let same = |one: &str| one.to_lowercase() == name.to_lowercase();
        if let Some(way) = ways.iter().find(|way| same(&way.exact)) {
            return Ok(way.link.clone());
        }
        let ranks = ways.iter().map(|way| way.names.len()).max().unwrap_or(0);
        for rank in 0..ranks {
            let mut found: Vec<&Way<'c>> =
                ways.iter().filter(|way| way.names.get(rank).is_some_and(|one| same(one))).collect();
            if found.len() > 1 && found.iter().any(|way| way.usual) {
                found.retain(|way| way.usual);
            }
            match found[..] {
                [] => {}
                [way] => return Ok(way.link.clone()),
                _ => {
                    let exact = text::listed(found.iter().map(|way| format!("`{}`", way.exact)));
                    let message = format!("`{name}` may be one of {} relations of `{}`", found.len(), from.name);
                    return Err(Error::new(Code::Filter, message).hint(format!("write the one that you mean: {exact}")));
                }
            }
        }
        let called = |way: &Way<'c>| way.names.iter().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>();
        let every: Vec<String> = ways.iter().flat_map(called).collect();
        let mut names: Vec<String> =
            ways.iter().filter_map(|way| called(way).into_iter().min_by_key(String::len)).collect();
        names.sort_unstable();
        names.dedup();
        let error = Error::new(Code::UnknownColumn, format!("`{}` is related to nothing called `{name}`", from.name));
        let nearest = text::did_you_mean(name, every.iter().map(String::as_str));
        let error = nearest.into_iter().fold(error, Error::hint);
        Err(if names.is_empty() {
            error.note(format!("no foreign key begins or ends at `{}`", from.name))
        } else {
            error.note(format!("it is related to {}", text::listed(names.iter().map(|name| format!("`{name}`")))))
        })
    }
}

fn pairs(from: &Subject<'_>, to: &Subject<'_>, own: &[String], others: &[String]) -> Option<Vec<(usize, usize)>> {
    let key = || to.key();
    let position =
        |subject: &Subject<'_>, name: &String| subject.columns.iter().position(|column| column.name == *name);
    let others: Vec<usize> = match others {
        [] => key(),
        names => names.iter().filter_map(|name| position(to, name)).collect(),
    };
    let own: Vec<usize> = own.iter().filter_map(|name| position(from, name)).collect();
    (own.len() == others.len() && !own.is_empty()).then(|| own.into_iter().zip(others).collect())
}

/// The columns that a foreign key refers to.
fn referred(key: &ForeignKey, to: &Subject<'_>) -> Vec<String> {
    if key.to_columns.is_empty() {
        to.key().into_iter().map(|at| to.columns[at].name.clone()).collect()
    } else {
        key.to_columns.clone()
    }
}

fn ways<'c>(from: &Subject<'c>, world: World<'_>) -> Vec<Way<'c>> {
    let Some(table) = from.table else { return Vec::new() };
    let catalog = from.catalog;
    let subject = |table: &'c Table| Subject::of_table(catalog, table, world.registry, world.sensitive);
    let mut ways = Vec::new();
    for key in &table.foreign_keys {
        let Some(other) = catalog.tables.iter().find(|other| other.name == key.to) else { continue };
        let to = subject(other);
        let Some(pairs) = pairs(from, &to, &key.columns, &referred(key, &to)) else { continue };
        let column = key.columns.join(",");
        let by_column = column.strip_suffix("_id").unwrap_or(&column).to_owned();
        let one = to.singular();
        let usual = by_column == one;
        let names = vec![by_column, to.name.name.clone(), one];
        let exact = format!("{}@{column}", to.name);
        ways.push(Way { link: Link { to, pairs, to_one: true, through: None }, names, exact, usual });
    }
    let own = from.singular();
    for (other, key) in catalog.referrers(from.name) {
        let near = subject(other);
        let Some(back) = pairs(&near, from, &key.columns, &referred(key, from)) else { continue };
        let back: Vec<(usize, usize)> = back.into_iter().map(|(theirs, ours)| (ours, theirs)).collect();
        let columns: Vec<usize> = back.iter().map(|(_, theirs)| *theirs).collect();
        let to_one = near.keys().iter().any(|key| key.iter().all(|at| columns.contains(at)));
        let column = key.columns.join(",");
        let usual = column.strip_suffix("_id").unwrap_or(&column) == own;
        let name = near.name.name.clone();
        let short = name.strip_prefix(&format!("{own}_")).unwrap_or_default().to_owned();
        let short_one = if short.is_empty() { String::new() } else { singular(&short) };
        // Behind those by the columns of this table, which have the first name, and before and behind those through tables between.
        let none = String::new;
        let names = vec![none(), name, near.singular(), none(), none(), short, short_one];
        let exact = format!("{}@{column}", near.name);
        let link = Link { to: near.clone(), pairs: back, to_one, through: None };
        for beyond in other.foreign_keys.iter().filter(|beyond| *beyond != key) {
            ways.extend(through(&near, &link, beyond, &subject, catalog));
        }
        ways.push(Way { link, names, exact, usual });
    }
    // The same foreign key may be declared twice.
    let mut seen: Vec<(String, Vec<(usize, usize)>)> = Vec::new();
    ways.retain(|way| {
        let one = (way.exact.clone(), way.link.pairs.clone());
        let is_new = !seen.contains(&one);
        seen.push(one);
        is_new
    });
    ways
}

/// The way through a table of which each pair of rows has one row at most: many to many.
fn through<'c>(
    near: &Subject<'c>,
    link: &Link<'c>,
    beyond: &ForeignKey,
    subject: &impl Fn(&'c Table) -> Subject<'c>,
    catalog: &'c crate::catalog::Catalog,
) -> Option<Way<'c>> {
    let mut both: Vec<usize> = link.pairs.iter().map(|(_, at)| *at).collect();
    both.extend(
        near.columns.iter().enumerate().filter(|(_, column)| beyond.columns.contains(&column.name)).map(|(at, _)| at),
    );
    both.sort_unstable();
    let is_pair = |mut key: Vec<usize>| {
        key.sort_unstable();
        key == both
    };
    if !near.keys().into_iter().any(is_pair) {
        return None;
    }
    let far = subject(catalog.tables.iter().find(|other| other.name == beyond.to)?);
    let on = pairs(near, &far, &beyond.columns, &referred(beyond, &far))?;
    let names = vec![String::new(), String::new(), String::new(), far.name.name.clone(), far.singular()];
    let exact = format!("{}@{}", far.name, near.name);
    let on = Link { to: far, pairs: on, to_one: true, through: None };
    Some(Way { link: Link { to_one: false, through: Some(Box::new(on)), ..link.clone() }, names, exact, usual: false })
}
