//! Indexes: those that a constraint made tell more about the constraint.

use std::collections::HashMap;

use super::constraints::{Constraint, Made};
use super::relations::Relations;
use super::values::{Oid, made, numbers, oid, put, put_flag, put_pairs, texts};
use super::{Vanished, text};
use crate::catalog::model::{Index, IndexPart, Options, Order};
use crate::db::Row;

/// Bits of `indoption`.
const DESCENDING: i64 = 1;
const NULLS_FIRST: i64 = 2;

/// The database's own collation, by its number.
const DEFAULT_COLLATION: i64 = 100;

pub(super) fn read(rows: &[Row], made_for: &Made, relations: &mut Relations) -> Result<(), Vanished> {
    let names: HashMap<Oid, String> = rows.iter().map(|row| (oid(row, 1), row.text(2).to_owned())).collect();
    for row in rows {
        let table = oid(row, 0);
        let options = options(row, &names);
        if let Some(table) = relations.table(table).filter(|_| row.flag(7)) {
            put(&mut table.options, "replica identity", Some(row.text(2)));
        }
        let Some(constraint) = made_for.get(&oid(row, 1)) else {
            let index = index(row, relations, options)?;
            if let Some((indexes, _)) = relations.parts(table) {
                indexes.push(index);
            }
            continue;
        };
        let (_, included) = keys(row);
        let included = relations.columns(table, &included);
        let Some(table) = relations.table(table) else { continue };
        let comment = row.optional(22);
        let key = match constraint {
            Constraint::Primary => table.primary_key.as_mut(),
            Constraint::Unique(name) => table.uniques.iter_mut().find(|key| key.name.as_ref() == Some(name)),
            Constraint::Exclusion(name) => {
                if let Some(exclusion) = table.exclusions.iter_mut().find(|one| one.name == *name) {
                    put_flag(&mut exclusion.options, "clustered", row.flag(6));
                    put(&mut exclusion.options, "index comment", comment);
                }
                None
            }
        };
        if let Some(key) = key {
            key.included = included;
            key.options.extend(options);
            put(&mut key.options, "index comment", comment);
        }
    }
    Ok(())
}

/// The numbers of the columns that it is sorted by, 0 for expressions; and of those that it only includes.
fn keys(row: &Row) -> (Vec<i64>, Vec<i64>) {
    let mut keys = numbers(row.text(10));
    let count = row.number(9).and_then(|count| usize::try_from(count).ok()).unwrap_or(keys.len());
    let included = keys.split_off(count.min(keys.len()));
    (keys, included)
}

/// What is told of an index, or of the constraint that it was made for.
fn options(row: &Row, names: &HashMap<Oid, String>) -> Options {
    let mut options = Options::new();
    put_flag(&mut options, "nulls not distinct", row.flag(8));
    put_flag(&mut options, "clustered", row.flag(6));
    put(&mut options, "partition of", names.get(&oid(row, 21)).map(String::as_str));
    put_pairs(&mut options, "", row.text(19));
    put(&mut options, "tablespace", row.optional(20));
    options
}

fn index(row: &Row, relations: &Relations, options: Options) -> Result<Index, Vanished> {
    let (keys, included) = keys(row);
    let predicate = made(row, 14, row.flag(13))?.map(|predicate| text::bare(&text::settled(predicate)).to_owned());
    Ok(Index {
        name: row.text(2).to_owned(),
        unique: row.flag(4),
        method: row.text(3).to_owned(),
        parts: parts(row, &keys, relations)?,
        included: relations.columns(oid(row, 0), &included),
        predicate,
        valid: row.flag(5),
        comment: row.optional(22).map(str::to_owned),
        options,
        sql: None,
    })
}

fn parts(row: &Row, keys: &[i64], relations: &Relations) -> Result<Vec<IndexPart>, Vanished> {
    let table = oid(row, 0);
    let (order, collations) = (numbers(row.text(11)), numbers(row.text(12)));
    let (mut expressions, classes, names) = (texts(row.text(15)), texts(row.text(16)), texts(row.text(17)));
    let parameters: HashMap<String, Vec<String>> = serde_json::from_str(row.text(18)).unwrap_or_default();
    let statistics: HashMap<String, i64> = serde_json::from_str(row.text(23)).unwrap_or_default();
    let mut parts = Vec::new();
    for (at, number) in keys.iter().enumerate() {
        let column = relations.columns(table, &[*number]).pop();
        let expression = expressions.get_mut(at).and_then(Option::take);
        if column.is_none() && expression.is_none() {
            return Err(Vanished);
        }
        let mut options = Options::new();
        let own = relations.0.get(&table).and_then(|relation| relation.attributes.get(relation.place(*number)?));
        // The collation that an expression has by itself is not known: what is unusual for most is told, and where others stand in
        // it, even the usual one. What has none, such as a comparison, has the number 0.
        let names_one = || expression.as_ref().is_some_and(|expression| expression.contains("COLLATE"));
        let collation = collations.get(at).copied().unwrap_or_default();
        let usual = own.map_or_else(|| if names_one() { 0 } else { DEFAULT_COLLATION }, |(_, own)| i64::from(*own));
        if collation != 0 && collation != usual {
            let name = names.get(at).and_then(Option::as_deref);
            put(&mut options, "collation", name.or(Some("\"default\"")));
        }
        put(&mut options, "class", classes.get(at).and_then(Option::as_deref));
        let number = (at + 1).to_string();
        if let Some(parameters) = parameters.get(&number) {
            put(&mut options, "class parameters", Some(&parameters.join(", ")));
        }
        put(&mut options, "statistics", statistics.get(&number).map(ToString::to_string).as_deref());
        let bits = order.get(at).copied().unwrap_or_default();
        let (descending, nulls_first) = (bits & DESCENDING != 0, bits & NULLS_FIRST != 0);
        let nulls = if nulls_first { "first" } else { "last" };
        put(&mut options, "nulls", (descending != nulls_first).then_some(nulls));
        let order = if descending { Order::Descending } else { Order::Ascending };
        let expression = expression.map(|expression| text::bare(&text::settled(&expression)).to_owned());
        parts.push(IndexPart { column, expression, order, options });
    }
    Ok(parts)
}
