//! A table: its columns, keys, indexes and checks in one statement, its foreign keys in another.

use super::{Writer, part};
use crate::catalog::model::{Check, Column, Generated, Identity, Index, Key, Order, Table};
use crate::catalog::mysql::charset;
use crate::catalog::types::Type;

pub(super) fn create(table: &Table, writer: &Writer<'_>) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(|one| column(one, table, writer)).collect();
    if let Some(primary) = &table.primary_key {
        lines.push(key("PRIMARY KEY", primary, table, writer));
    }
    for unique in &table.uniques {
        let head = format!("UNIQUE KEY {}", writer.name(unique.name.as_deref().unwrap_or_default()));
        lines.push(key(&head, unique, table, writer));
    }
    lines.extend(table.indexes.iter().map(|one| index(one, table, writer)));
    let own_checks = table.checks.iter().filter(|check| !check.options.contains_key("column"));
    lines.extend(own_checks.map(|one| table_check(one, writer)));
    if let Some((start, end)) = period(table) {
        lines.push(format!("PERIOD FOR SYSTEM_TIME ({}, {})", writer.name(start), writer.name(end)));
    }
    format!("CREATE TABLE {} (\n  {}\n){}", writer.qualified(&table.name), lines.join(",\n  "), options(table, writer))
}

pub(super) fn foreign_keys(table: &Table, writer: &Writer<'_>) -> Option<String> {
    if table.foreign_keys.is_empty() {
        return None;
    }
    let each = table.foreign_keys.iter().map(|key| {
        format!(
            "ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}",
            writer.name(key.name.as_deref().unwrap_or_default()),
            writer.names(&key.columns),
            writer.qualified(&key.to),
            writer.names(&key.to_columns),
            key.on_delete.to_uppercase(),
            key.on_update.to_uppercase()
        )
    });
    let each: Vec<String> = each.collect();
    Some(format!("ALTER TABLE {}\n  {}", writer.qualified(&table.name), each.join(",\n  ")))
}

fn column(column: &Column, table: &Table, writer: &Writer<'_>) -> String {
    let check = table.checks.iter().find(|check| check.options.get("column") == Some(&column.name));
    // JSON of MariaDB, whose text, collation and check are its own.
    let is_json = column.neutral == Type::Json && check.is_none();
    let mut words = vec![writer.name(&column.name), if is_json { "json".to_owned() } else { column.type_name.clone() }];
    if let Some(collation) = &column.collation {
        words.push(format!("CHARACTER SET {} COLLATE {collation}", charset(collation)));
    }
    let has = |option: &str| column.options.contains_key(option);
    match &column.generated {
        Some(generated) if is_row_time(generated) => {
            words.push(format!("GENERATED ALWAYS AS {}", generated.expression));
        }
        Some(Generated { expression, stored }) => {
            let kept = if *stored { "STORED" } else { "VIRTUAL" };
            words.push(format!("GENERATED ALWAYS AS ({expression}) {kept}"));
            words.extend((!column.nullable).then(|| "NOT NULL".to_owned()));
        }
        // A TIMESTAMP that says nothing is none that may be NULL, on some servers.
        None => words.push(if column.nullable { "NULL" } else { "NOT NULL" }.to_owned()),
    }
    words.extend(column.options.get("srid").map(|srid| format!("SRID {srid}")));
    words.extend(column.default.as_ref().map(|default| format!("DEFAULT {default}")));
    words.extend(column.on_update.as_ref().map(|expression| format!("ON UPDATE {expression}")));
    words.extend((column.identity == Some(Identity::AutoIncrement)).then(|| "AUTO_INCREMENT".to_owned()));
    words.extend(has("invisible").then(|| "INVISIBLE".to_owned()));
    words.extend(has("without_system_versioning").then(|| "WITHOUT SYSTEM VERSIONING".to_owned()));
    words.extend(check.map(|check| format!("CHECK ({})", check.expression)));
    format!("{}{}", words.join(" "), writer.comment(column.comment.as_deref()))
}

/// MariaDB's columns that say from when to when a row holds.
fn is_row_time(generated: &Generated) -> bool {
    matches!(generated.expression.as_str(), "ROW START" | "ROW END")
}

fn period(table: &Table) -> Option<(&str, &str)> {
    let of = |word: &str| {
        let is = |column: &&Column| column.generated.as_ref().is_some_and(|one| one.expression == word);
        table.columns.iter().find(is).map(|column| column.name.as_str())
    };
    Some((of("ROW START")?, of("ROW END")?))
}

fn key(head: &str, key: &Key, table: &Table, writer: &Writer<'_>) -> String {
    let parts = key.columns.iter().map(|column| {
        let descending = key.options.contains_key(&format!("order of {column}"));
        let order = if descending { Order::Descending } else { Order::Ascending };
        part(&writer.name(column), key.options.get(&format!("length of {column}")), order)
    });
    let parts: Vec<String> = parts.collect();
    let method = key.options.get("method").map_or("btree", String::as_str);
    let hidden = hidden(|option| key.options.contains_key(option));
    let comment = writer.comment(key.options.get("comment").map(String::as_str));
    format!("{head} ({}){}{comment}{hidden}", parts.join(", "), using(method, table))
}

fn index(index: &Index, table: &Table, writer: &Writer<'_>) -> String {
    let parts = index.parts.iter().map(|one| {
        let what = match (&one.column, &one.expression) {
            (Some(column), _) => writer.name(column),
            (None, expression) => format!("({})", expression.as_deref().unwrap_or_default()),
        };
        part(&what, one.options.get("length"), one.order)
    });
    let parts: Vec<String> = parts.collect();
    let kind = match index.method.as_str() {
        "fulltext" => "FULLTEXT ",
        "spatial" => "SPATIAL ",
        "vector" => "VECTOR ",
        _ if index.unique => "UNIQUE ",
        _ => "",
    };
    let parser =
        index.options.get("parser").map_or_else(String::new, |one| format!(" WITH PARSER {}", writer.name(one)));
    let hidden = hidden(|option| index.options.contains_key(option));
    let comment = writer.comment(index.comment.as_deref());
    let name = writer.name(&index.name);
    format!("{kind}KEY {name} ({}){}{parser}{comment}{hidden}", parts.join(", "), using(&index.method, table))
}

/// How it is sorted, where the engine would not do so by itself.
fn using(method: &str, table: &Table) -> &'static str {
    let hashes = table.options.get("engine").is_some_and(|engine| engine == "MEMORY");
    match method {
        "hash" => " USING HASH",
        "btree" if hashes => " USING BTREE",
        _ => "",
    }
}

/// An index that the optimizer does not look at: the servers have a word each.
fn hidden(has: impl Fn(&str) -> bool) -> &'static str {
    if has("invisible") {
        " INVISIBLE"
    } else if has("ignored") {
        " IGNORED"
    } else {
        ""
    }
}

fn table_check(check: &Check, writer: &Writer<'_>) -> String {
    let name = writer.name(check.name.as_deref().unwrap_or_default());
    let enforced = if check.options.contains_key("enforced") { " NOT ENFORCED" } else { "" };
    format!("CONSTRAINT {name} CHECK ({}){enforced}", check.expression)
}

/// What stands behind the columns.
fn options(table: &Table, writer: &Writer<'_>) -> String {
    let mut text = String::new();
    for (name, value) in &table.options {
        match name.as_str() {
            "partitions" | "system_versioned" => {}
            "charset" => text = format!("{text} DEFAULT CHARSET={value}"),
            "collation" => text = format!("{text} COLLATE={value}"),
            name => text = format!("{text} {}={value}", name.to_uppercase()),
        }
    }
    text.push_str(&writer.comment(table.comment.as_deref()));
    if table.options.contains_key("system_versioned") {
        text.push_str(" WITH SYSTEM VERSIONING");
    }
    if let Some(by) = &table.partition_by {
        text = format!("{text}\nPARTITION BY {by}");
    }
    if let Some(partitions) = table.options.get("partitions") {
        text = format!("{text}\n({partitions})");
    }
    text
}
