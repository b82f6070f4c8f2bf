//! How tables are partitioned.

use std::collections::BTreeMap;

use super::expression::literal;
use super::read::Found;
use crate::catalog::model::{Table, TableKind};
use crate::db::Row;
use crate::sql::Rules;

pub(super) const QUERY: &str = "SELECT table_name, partition_ordinal_position, subpartition_ordinal_position, partition_name, \
    subpartition_name, partition_method, partition_expression, subpartition_method, subpartition_expression, \
    partition_description, partition_comment FROM information_schema.partitions \
    WHERE table_schema = DATABASE() AND partition_name IS NOT NULL";

pub(super) fn read(mut rows: Vec<Row>, found: &mut Found) {
    rows.sort_by_key(|row| (row.number(1), row.number(2)));
    let mut tables: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        tables.entry(row.text(0)).or_default().push(row);
    }
    for (name, rows) in tables {
        let Some(table) = found.tables.get_mut(name) else { continue };
        table.kind = TableKind::Partitioned;
        if rows.iter().any(|row| row.text(5) == "SYSTEM_TIME") {
            found.unmodelled("partitions by system time", name, None);
        } else {
            partition(table, &rows);
        }
    }
}

fn partition(table: &mut Table, rows: &[&Row]) {
    let Some(first) = rows.first() else { return };
    // With sub-partitions there are several rows for each.
    let mut parts: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        match parts.last_mut() {
            Some(part) if part.first().is_some_and(|one| one.text(3) == row.text(3)) => part.push(row),
            _ => parts.push(vec![row]),
        }
    }
    let named = parts.iter().enumerate().any(|(at, part)| {
        let one = part.first();
        one.is_some_and(|one| !one.text(9).is_empty() || !one.text(10).is_empty() || one.text(3) != format!("p{at}"))
    });
    let mut by = format!("{} ({})", first.text(5), first.text(6));
    if !named {
        by = format!("{by} PARTITIONS {}", parts.len());
    }
    let usual_names = parts.iter().all(|part| {
        let usual = |(at, row): (usize, &&Row)| row.text(4) == format!("{}sp{at}", row.text(3));
        part.iter().enumerate().all(usual)
    });
    if !first.text(7).is_empty() {
        by = format!("{by} SUBPARTITION BY {} ({})", first.text(7), first.text(8));
        if usual_names {
            by = format!("{by} SUBPARTITIONS {}", parts.first().map_or(0, Vec::len));
        }
    }
    table.partition_by = Some(by);
    if named {
        let subpartitions = !first.text(7).is_empty() && !usual_names;
        let parts: Vec<String> = parts.iter().map(|part| definition(part, subpartitions)).collect();
        table.options.insert("partitions".to_owned(), parts.join(", "));
    }
}

/// ``PARTITION `p0` VALUES LESS THAN (2000) COMMENT = 'x'``
fn definition(part: &[&Row], subpartitions: bool) -> String {
    let Some(first) = part.first() else { return String::new() };
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let mut text = format!("PARTITION {}", quoted(first.text(3)));
    let values = first.text(9);
    if first.text(5).starts_with("RANGE") {
        text = format!("{text} VALUES LESS THAN ({values})");
    } else if first.text(5).starts_with("LIST") {
        text = format!("{text} VALUES IN ({values})");
    }
    if !first.text(10).is_empty() {
        text = format!("{text} COMMENT = {}", literal(first.text(10), &Rules::MYSQL));
    }
    if subpartitions {
        let names: Vec<String> = part.iter().map(|row| format!("SUBPARTITION {}", quoted(row.text(4)))).collect();
        text = format!("{text} ({})", names.join(", "));
    }
    text
}

/// MariaDB tells of the partition for all other values as of one for 0, or for MAXVALUE.
pub(super) fn may_be_default(table: &Table) -> bool {
    table.partition_by.as_ref().is_some_and(|by| by.starts_with("LIST"))
}

/// Takes it from the statement that makes the table: ``PARTITION `rest` DEFAULT ENGINE = InnoDB``.
pub(super) fn restore_default(table: &mut Table, statement: &str) {
    if !may_be_default(table) {
        return;
    }
    let Some(partitions) = table.options.get_mut("partitions") else { return };
    for line in statement.lines() {
        let line = line.trim_start_matches([' ', '(']);
        let Some(name) = line.strip_prefix("PARTITION ").and_then(|rest| Some(rest.split_once(" DEFAULT")?.0)) else {
            continue;
        };
        let start = format!("PARTITION {name} VALUES IN (");
        let Some((before, rest)) = partitions.split_once(&start) else { continue };
        let end = [", PARTITION `", " COMMENT = ", " ("].iter().filter_map(|next| rest.find(next)).min();
        let rest = &rest[end.unwrap_or(rest.len())..];
        *partitions = format!("{before}PARTITION {name} DEFAULT{rest}");
    }
}
