//! Triggers, functions and procedures, as far as `information_schema` tells of them: what it drops of their texts,
//! `originals` reads from their statements.

use std::collections::BTreeMap;

use super::read::Found;
use super::{Server, charset, some};
use crate::catalog::is_ours;
use crate::catalog::model::{Name, Options, Routine, Trigger};
use crate::db::Row;

pub(super) const TRIGGERS: &str = "SELECT event_object_table, trigger_name, action_timing, event_manipulation, action_order, \
    action_statement, sql_mode, IF(definer = CURRENT_USER(), NULL, definer) FROM information_schema.triggers WHERE trigger_schema = DATABASE()";

pub(super) const ROUTINES: &str = "SELECT routine_type, routine_name, routine_body, routine_definition, is_deterministic, \
    sql_data_access, security_type, sql_mode, routine_comment, IF(definer = CURRENT_USER(), NULL, definer) \
    FROM information_schema.routines WHERE routine_schema = DATABASE()";

pub(super) const PARAMETERS: &str = "SELECT routine_type, specific_name, ordinal_position, parameter_mode, parameter_name, \
    dtd_identifier, collation_name FROM information_schema.parameters WHERE specific_schema = DATABASE()";

/// The session's `sql_mode` is the usual one of what it makes.
fn mode(given: &str, server: &Server<'_>) -> Option<(String, String)> {
    (given != server.sql_mode).then(|| ("sql_mode".to_owned(), given.to_owned()))
}

pub(super) fn read_triggers(mut rows: Vec<Row>, server: &Server<'_>, found: &mut Found) {
    rows.sort_by_key(|row| row.number(4));
    let moment = |row: &Row| (row.text(0).to_owned(), row.text(2).to_owned(), row.text(3).to_owned());
    let mut places: BTreeMap<_, u32> = BTreeMap::new();
    for row in &rows {
        *places.entry(moment(row)).or_default() += 1;
    }
    for row in &rows {
        let Some(table) = found.tables.get_mut(row.text(0)) else { continue };
        let mut options: Options = mode(row.text(6), server).into_iter().collect();
        if places.get(&moment(row)).is_some_and(|count| *count > 1) {
            options.insert("order".to_owned(), row.text(4).to_owned());
        }
        table.triggers.push(Trigger {
            name: row.text(1).to_owned(),
            timing: row.text(2).to_lowercase(),
            events: vec![row.text(3).to_lowercase()],
            for_each_row: true,
            condition: None,
            body: row.text(5).to_owned(),
            enabled: true,
            comment: None,
            options,
            sql: None,
        });
        found.defined_by("trigger", row.text(1), row.optional(7));
    }
}

pub(super) fn read_routines(rows: &[Row], server: &Server<'_>, found: &mut Found) {
    for row in rows {
        let (kind, name) = (row.text(0).to_lowercase(), row.text(1));
        if is_ours(name) {
            continue;
        }
        // Packages, and what is written in another language.
        if !matches!(kind.as_str(), "function" | "procedure") || row.text(2) != "SQL" {
            found.unmodelled(kind, name, row.optional(3));
            continue;
        }
        let Some(body) = row.optional(3) else {
            found.unseen(kind, name);
            continue;
        };
        let mut options: Options = mode(row.text(7), server).into_iter().collect();
        if row.text(4) == "YES" {
            options.insert("deterministic".to_owned(), "yes".to_owned());
        }
        for (column, option, usual) in [(5, "data_access", "CONTAINS SQL"), (6, "security", "DEFINER")] {
            if row.text(column) != usual {
                options.insert(option.to_owned(), row.text(column).to_lowercase());
            }
        }
        let routine = Routine {
            name: Name::of(None, name),
            kind: kind.clone(),
            arguments: String::new(),
            returns: None,
            language: "sql".to_owned(),
            body: body.to_owned(),
            comment: some(row.text(8)),
            options,
            sql: None,
        };
        found.defined_by(&kind, name, row.optional(9));
        found.routines.insert((kind, name.to_owned()), routine);
    }
}

/// The arguments, in their order; what a function returns stands before the first.
pub(super) fn read_parameters(mut rows: Vec<Row>, server: &Server<'_>, found: &mut Found) {
    rows.sort_by_key(|row| row.number(2));
    for row in &rows {
        let routine = (row.text(0).to_lowercase(), row.text(1).to_owned());
        let Some(routine) = found.routines.get_mut(&routine) else { continue };
        let mut type_name = row.text(5).to_owned();
        if let Some(collation) = row.optional(6).filter(|collation| *collation != server.collation) {
            type_name = format!("{type_name} CHARACTER SET {} COLLATE {collation}", charset(collation));
        }
        if row.number(2) == Some(0) {
            routine.returns = Some(type_name);
            continue;
        }
        let mode = if routine.kind == "procedure" { format!("{} ", row.text(3)) } else { String::new() };
        let comma = if routine.arguments.is_empty() { "" } else { ", " };
        let name = row.text(4).replace('`', "``");
        routine.arguments = format!("{}{comma}{mode}`{name}` {type_name}", routine.arguments);
    }
}
