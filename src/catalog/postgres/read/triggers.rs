//! Triggers, and the policies of row-level security.

use super::relations::{Relations, What};
use super::values::{made, numbers, oid, put, put_flag, qualified, texts};
use super::{Vanished, text};
use crate::catalog::model::{Options, Policy, Trigger};
use crate::db::Row;

/// Bits of `tgtype`.
const ROW: i64 = 1;
const BEFORE: i64 = 1 << 1;
const INSTEAD: i64 = 1 << 6;
const EVENTS: [(i64, &str); 4] = [(1 << 2, "insert"), (1 << 3, "delete"), (1 << 4, "update"), (1 << 5, "truncate")];

pub(super) fn read(rows: &[Row], relations: &mut Relations) -> Result<(), Vanished> {
    for row in rows {
        let table = oid(row, 0);
        let known = relations.0.get(&table).filter(|relation| !relation.hidden);
        // Those of the catalog's own tables, or of one that was made meanwhile.
        if !known.is_some_and(|relation| matches!(relation.what, What::Table(_) | What::View(_))) {
            continue;
        }
        if row.flag(13) {
            let state = match row.text(3) {
                "D" => "disabled",
                "R" => "enabled replica",
                "A" => "enabled always",
                _ => "enabled",
            };
            if let Some(table) = relations.table(table) {
                put(&mut table.options, &format!("trigger {}", row.text(1)), Some(state));
            }
            continue;
        }
        let trigger = trigger(row, relations)?;
        if let Some((_, triggers)) = relations.parts(table) {
            triggers.push(trigger);
        }
    }
    Ok(())
}

fn trigger(row: &Row, relations: &Relations) -> Result<Trigger, Vanished> {
    let bits = row.number(2).unwrap_or_default();
    let timing = match bits {
        bits if bits & INSTEAD != 0 => "instead of",
        bits if bits & BEFORE != 0 => "before",
        _ => "after",
    };
    let columns = relations.columns(oid(row, 0), &numbers(row.text(4)));
    let events = EVENTS.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, event)| {
        if *event == "update" && !columns.is_empty() {
            let columns: Vec<String> = columns.iter().map(|column| text::identifier(column)).collect();
            format!("update of {}", columns.join(", "))
        } else {
            (*event).to_owned()
        }
    });
    let (condition, body) = call(made(row, 11, true)?.unwrap_or_default());
    let mut options = Options::new();
    put(
        &mut options,
        "enabled",
        match row.text(3) {
            "R" => Some("replica"),
            "A" => Some("always"),
            _ => None,
        },
    );
    if row.flag(5) {
        put_flag(&mut options, "constraint", true);
        put(&mut options, "deferrable", row.flag(6).then_some(if row.flag(7) { "deferred" } else { "immediate" }));
        let other = row.optional(8).and_then(|other| relations.name(other.parse().ok()?));
        put(&mut options, "from", other.map(qualified).as_deref());
    }
    put(&mut options, "old table", row.optional(9));
    put(&mut options, "new table", row.optional(10));
    Ok(Trigger {
        name: row.text(1).to_owned(),
        timing: timing.to_owned(),
        events: events.collect(),
        for_each_row: bits & ROW != 0,
        condition,
        body,
        enabled: row.text(3) != "D",
        comment: row.optional(12).map(str::to_owned),
        options,
        sql: None,
    })
}

/// The condition and the call, from the end of the server's statement: `… FOR EACH ROW WHEN (condition) EXECUTE FUNCTION call`.
fn call(statement: &str) -> (Option<String>, String) {
    const EXECUTE: &str = " EXECUTE FUNCTION ";
    let (head, body) = match text::find_outside(statement, EXECUTE) {
        Some(at) => (&statement[..at], &statement[at + EXECUTE.len()..]),
        None => (statement, ""),
    };
    let condition = text::find_outside(head, " WHEN (").map(|at| text::settled(&head[at + " WHEN ".len()..]));
    let condition = condition.map(|condition| text::bare(&condition).to_owned());
    (condition, body.to_owned())
}

pub(super) fn read_policies(rows: &[Row], relations: &mut Relations) -> Result<(), Vanished> {
    for row in rows {
        let Some(table) = relations.table(oid(row, 0)) else { continue };
        let expression = |column: usize, expected: bool| -> Result<Option<String>, Vanished> {
            Ok(made(row, column, expected)?.map(|expression| text::bare(&text::settled(expression)).to_owned()))
        };
        let command = match row.text(3) {
            "r" => "select",
            "a" => "insert",
            "w" => "update",
            "d" => "delete",
            _ => "all",
        };
        table.policies.push(Policy {
            name: row.text(1).to_owned(),
            permissive: row.flag(2),
            command: command.to_owned(),
            roles: texts(row.text(4)).into_iter().flatten().collect(),
            using: expression(6, row.flag(5))?,
            check: expression(8, row.flag(7))?,
            comment: row.optional(9).map(str::to_owned),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_stands_behind_the_condition() {
        let statement = "CREATE TRIGGER \"a WHEN (\" AFTER UPDATE ON t FOR EACH ROW WHEN ((old.a = ' EXECUTE FUNCTION '::text)) EXECUTE FUNCTION f('x', 'y')";
        assert_eq!(call(statement), (Some("old.a = ' EXECUTE FUNCTION '::text".to_owned()), "f('x', 'y')".to_owned()));
        assert_eq!(
            call("CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"),
            (None, "f()".to_owned())
        );
    }
}
