//! Primary keys, unique keys, indexes, foreign keys and checks.

use std::collections::BTreeMap;

use super::expression::plain;
use super::read::Found;
use super::{Server, some};
use crate::catalog::model::{Check, ForeignKey, Index, IndexPart, Key, Name, Options, Order, Table};
use crate::catalog::types::Type;
use crate::db::Row;

pub(super) fn index_query(server: &Server<'_>) -> &'static str {
    if server.maria {
        "SELECT table_name, index_name, seq_in_index, column_name, non_unique, collation, sub_part, index_type, index_comment, \
         IF(ignored = 'YES', 'ignored', NULL), NULL FROM information_schema.statistics WHERE table_schema = DATABASE()"
    } else {
        "SELECT table_name, index_name, seq_in_index, column_name, non_unique, collation, sub_part, index_type, index_comment, \
         IF(is_visible = 'NO', 'invisible', NULL), expression \
         FROM information_schema.statistics WHERE table_schema = DATABASE()"
    }
}

/// The columns of foreign keys, and those that they refer to.
pub(super) const REFERENCES: &str = "SELECT table_name, constraint_name, ordinal_position, column_name, \
    referenced_table_schema, referenced_table_name, referenced_column_name FROM information_schema.key_column_usage \
    WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL";

/// What happens to their rows. To join the two is for us: the server would take names that differ by an accent for one.
pub(super) const RULES: &str = "SELECT table_name, constraint_name, delete_rule, update_rule \
    FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()";

pub(super) fn check_query(server: &Server<'_>) -> &'static str {
    if server.maria {
        "SELECT table_name, constraint_name, check_clause, level, NULL FROM information_schema.check_constraints \
         WHERE constraint_schema = DATABASE()"
    } else {
        // The names of checks are the database's there, and what stands in them is one list, where they stand another. The
        // server takes seconds to join a thousand of them.
        "SELECT NULL, constraint_name, check_clause, 'Table', NULL FROM information_schema.check_constraints \
         WHERE constraint_schema = DATABASE() UNION ALL \
         SELECT table_name, constraint_name, NULL, NULL, enforced FROM information_schema.table_constraints \
         WHERE constraint_schema = DATABASE() AND constraint_type = 'CHECK'"
    }
}

pub(super) fn read_indexes(mut rows: Vec<Row>, server: &Server<'_>, found: &mut Found) {
    rows.sort_by_key(|row| row.number(2));
    let mut indexes: BTreeMap<(String, String), Index> = BTreeMap::new();
    for row in &rows {
        let name = row.text(1);
        let index = indexes.entry((row.text(0).to_owned(), name.to_owned())).or_insert_with(|| index(row));
        index.parts.push(part(row, &index.method, server));
    }
    for ((table, _), index) in indexes {
        let Some(table) = found.tables.get_mut(&table) else { continue };
        let is_key = index.unique && index.parts.iter().all(|part| part.column.is_some());
        match index.name.as_str() {
            "PRIMARY" => table.primary_key = Some(key(index)),
            _ if is_key => table.uniques.push(key(index)),
            _ => table.indexes.push(index),
        }
    }
}

fn index(row: &Row) -> Index {
    let hidden = some(row.text(9)).map(|word| (word, "yes".to_owned()));
    Index {
        name: row.text(1).to_owned(),
        unique: row.text(4) == "0",
        method: row.text(7).to_lowercase(),
        parts: Vec::new(),
        included: Vec::new(),
        predicate: None,
        valid: true,
        comment: some(row.text(8)),
        options: hidden.into_iter().collect(),
        sql: None,
    }
}

fn part(row: &Row, method: &str, server: &Server<'_>) -> IndexPart {
    // All of a shape is in its index, whatever the server says of its length.
    let length = some(row.text(6)).filter(|_| method != "spatial");
    IndexPart {
        column: row.optional(3).map(str::to_owned),
        expression: row.optional(10).map(|expression| plain(expression, server)),
        order: if row.text(5) == "D" { Order::Descending } else { Order::Ascending },
        options: length.map(|length| ("length".to_owned(), length)).into_iter().collect(),
    }
}

/// A unique index is what a unique key is. What a key has no field for is among its options.
fn key(index: Index) -> Key {
    let mut options = index.options;
    if index.method != "btree" {
        options.insert("method".to_owned(), index.method);
    }
    options.extend(index.comment.map(|comment| ("comment".to_owned(), comment)));
    let mut columns = Vec::new();
    for part in index.parts {
        let column = part.column.unwrap_or_default();
        options.extend(part.options.get("length").map(|length| (format!("length of {column}"), length.clone())));
        if part.order == Order::Descending {
            options.insert(format!("order of {column}"), "descending".to_owned());
        }
        columns.push(column);
    }
    Key { name: Some(index.name), columns, included: Vec::new(), options }
}

pub(super) fn read_references(mut rows: Vec<Row>, rules: &[Row], server: &Server<'_>, found: &mut Found) {
    let rules: BTreeMap<(&str, &str), &Row> = rules.iter().map(|row| ((row.text(0), row.text(1)), row)).collect();
    rows.sort_by_key(|row| row.number(2));
    let mut keys: BTreeMap<(&str, &str), ForeignKey> = BTreeMap::new();
    for row in &rows {
        let own = (row.text(0), row.text(1));
        let rule = |column: usize| rules.get(&own).map_or_else(String::new, |row| row.text(column).to_lowercase());
        let key = keys.entry(own).or_insert_with(|| ForeignKey {
            name: Some(row.text(1).to_owned()),
            columns: Vec::new(),
            to: Name::of(Some(row.text(4)).filter(|schema| *schema != server.database), row.text(5)),
            to_columns: Vec::new(),
            on_delete: rule(2),
            on_update: rule(3),
            deferrable: None,
            valid: true,
            options: Options::new(),
        });
        key.columns.push(row.text(3).to_owned());
        key.to_columns.push(row.text(6).to_owned());
    }
    for ((table, _), key) in keys {
        if let Some(table) = found.tables.get_mut(table) {
            table.foreign_keys.push(key);
        }
    }
}

pub(super) fn read_checks(rows: &[Row], server: &Server<'_>, found: &mut Found) {
    let places: BTreeMap<&str, &Row> =
        rows.iter().filter(|row| row.optional(2).is_none()).map(|row| (row.text(1), row)).collect();
    for row in rows.iter().filter(|row| row.optional(2).is_some()) {
        let name = row.text(1);
        let place = places.get(name).copied().unwrap_or(row);
        let Some(table) = found.tables.get_mut(place.text(0)) else { continue };
        let expression = plain(row.text(2), server);
        let of_column = row.text(3) == "Column";
        if of_column && takes_for_json(table, name, &expression) {
            continue;
        }
        let mut options = Options::new();
        if of_column {
            options.insert("column".to_owned(), name.to_owned());
        }
        if place.text(4) == "NO" {
            options.insert("enforced".to_owned(), "no".to_owned());
        }
        table.checks.push(Check { name: Some(name.to_owned()), expression, valid: true, options });
    }
}

/// JSON of MariaDB is a LONGTEXT with a collation and a check of its own: both are then part of the type. Another text
/// with that check holds JSON too, and keeps the check.
fn takes_for_json(table: &mut Table, column: &str, expression: &str) -> bool {
    let usual = table.options.get("collation").is_some_and(|collation| collation == JSON_COLLATION);
    let Some(column) = table.columns.iter_mut().find(|one| one.name == column) else { return false };
    if column.type_name != "longtext" || expression != format!("json_valid(`{}`)", column.name.replace('`', "``")) {
        return false;
    }
    column.neutral = Type::Json;
    let is_alias = match column.collation.as_deref() {
        Some(collation) => collation == JSON_COLLATION,
        None => usual,
    };
    if is_alias {
        column.collation = None;
    }
    is_alias
}

const JSON_COLLATION: &str = "utf8mb4_bin";
