//! SQLite's foreign keys: when they are off, and which rows refer to nothing.

use std::collections::BTreeSet;

use crate::db::dialect::Dialect as _;
use crate::db::error::DbError;
use crate::db::session::Session;
use crate::sql::Statement;

/// What was known of a database's foreign keys when they were switched off.
#[derive(Debug, Clone)]
pub struct KeysOff {
    pub(super) before: Vec<Orphans>,
    /// Tables that the file makes anew: their rows may get other numbers.
    pub(super) rebuilt: Vec<String>,
    /// A parent that is no table is let pass.
    pub(super) lenient: bool,
}

/// Rows of a table that refer to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphans {
    child: String,
    parent: String,
    /// The parent is a table; else there is none of its name.
    pub(super) there: bool,
    /// The numbers of the rows.
    rows: BTreeSet<String>,
}

/// Rows whose foreign keys refer to nothing. Each table is asked by itself: a key that is wrong in itself (no such column,
/// no unique key) is the file's, and hides its own table only.
pub(super) fn violations(session: &mut Session) -> Result<Vec<Orphans>, DbError> {
    // Mostly there are none, and all tables at once are quickly asked.
    if session.query("PRAGMA foreign_key_check").is_ok_and(|rows| rows.is_empty()) {
        return Ok(Vec::new());
    }
    let tables = session.query("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let names: Vec<_> = tables.iter().map(|row| row.text(0).to_lowercase()).collect();
    let children = session
        // The word saves to ask every table for its keys.
        .query(
            "SELECT DISTINCT m.name FROM sqlite_master m, pragma_foreign_key_list(m.name) \
             WHERE m.type = 'table' AND m.sql LIKE '%references%'",
        )?;
    let mut all: Vec<Orphans> = Vec::new();
    for child in children.iter().map(|row| row.text(0)) {
        let rows = session.query(&format!(
            "SELECT parent, coalesce(rowid, row_number() OVER ()), fkid FROM pragma_foreign_key_check({})",
            super::Sqlite.literal(child)
        ));
        for row in rows.unwrap_or_default() {
            let (parent, number) = (row.text(0), format!("{}/{}", row.text(1), row.text(2)));
            match all.iter_mut().find(|orphans| orphans.child == child && orphans.parent == parent) {
                Some(orphans) => {
                    orphans.rows.insert(number);
                }
                None => all.push(Orphans {
                    child: child.to_owned(),
                    parent: parent.to_owned(),
                    there: names.contains(&parent.to_lowercase()),
                    rows: [number].into(),
                }),
            }
        }
    }
    Ok(all)
}

impl KeysOff {
    /// The rows among these that were no orphans before.
    pub(super) fn new_among(&self, after: &Orphans) -> Option<Orphans> {
        let same = |other: &&Orphans| other.child == after.child && other.parent == after.parent;
        let known = self.before.iter().find(same).map(|orphans| orphans.rows.clone()).unwrap_or_default();
        let rows: BTreeSet<_> = if self.rebuilt.contains(&after.child.to_lowercase()) {
            after.rows.iter().skip(known.len()).cloned().collect()
        } else {
            after.rows.difference(&known).cloned().collect()
        };
        (!rows.is_empty()).then(|| Orphans { rows, ..after.clone() })
    }
}

impl std::fmt::Display for Orphans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { child, parent, there, rows } = self;
        let count = rows.len();
        let refer = if count == 1 { "row that refers" } else { "rows that refer" };
        if *there {
            write!(f, "`{child}` has {count} {refer} to no row of `{parent}`")
        } else {
            write!(f, "`{child}` has {count} {refer} to `{parent}`, which is no table")
        }
    }
}

/// The table that a statement drops, or gives its name to another: in lower case.
pub(super) fn rebuilt_table(statement: &Statement<'_>) -> Option<String> {
    let renames = statement.begins(&["ALTER", "TABLE"]) && statement.has("RENAME");
    if !renames && !statement.begins(&["DROP", "TABLE"]) {
        return None;
    }
    let name = statement.text.split_whitespace().last()?;
    let name = name.rsplit('.').next()?.trim_matches(|c| matches!(c, '"' | '`' | '[' | ']' | '\''));
    Some(name.to_lowercase())
}

/// Whatever quotes its name stands in.
pub(super) fn is_foreign_keys_pragma(statement: &Statement<'_>) -> bool {
    let name = statement.text.split(['=', '(']).next().unwrap_or_default();
    let name = name.rsplit(['.', ' ', '\t', '\n', '\r']).find(|word| !word.is_empty()).unwrap_or_default();
    let name = name.trim_matches(|c| matches!(c, '"' | '`' | '[' | ']' | '\''));
    statement.begins(&["PRAGMA"]) && name.eq_ignore_ascii_case("foreign_keys")
}

pub(super) fn turns_off(statement: &Statement<'_>) -> bool {
    let value = statement.text.rsplit(['=', '(']).next().unwrap_or_default();
    let value = value.trim_matches(|c: char| c.is_whitespace() || matches!(c, ')' | '\'' | '"')).to_ascii_lowercase();
    matches!(value.as_str(), "off" | "0" | "no" | "false")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Rules;

    #[test]
    fn what_switches_keys_off_is_seen() {
        let split = |source| crate::sql::split(source, &Rules::SQLITE).unwrap()[0].clone();
        for off in [
            "PRAGMA foreign_keys=OFF",
            "pragma main.foreign_keys = 0",
            "PRAGMA foreign_keys('no')",
            "PRAGMA \"foreign_keys\"=off",
            "PRAGMA main . [foreign_keys] = off",
        ] {
            assert!(is_foreign_keys_pragma(&split(off)) && turns_off(&split(off)), "{off}");
        }
        assert!(!turns_off(&split("PRAGMA foreign_keys = ON")));
        assert!(!is_foreign_keys_pragma(&split("PRAGMA foreign_key_check")));
    }
}
