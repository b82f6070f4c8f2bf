//! What a user has no right to know of: `information_schema` leaves it out without a word.

use super::Server;
use super::read::Found;
use super::tables::COLUMNS_OF_VIEW;
use crate::catalog::is_ours;
use crate::catalog::model::{Grant, Name};
use crate::db::Row;

pub(super) const QUERY: &str = "SHOW GRANTS";

/// What has been given on tables and columns, as far as this user is told.
pub(super) const GIVEN: &str = "SELECT table_name, NULL, grantee, privilege_type, is_grantable \
    FROM information_schema.table_privileges WHERE table_schema = DATABASE() UNION ALL \
    SELECT table_name, column_name, grantee, privilege_type, is_grantable FROM information_schema.column_privileges \
    WHERE table_schema = DATABASE()";

pub(super) fn read_given(rows: &[Row], found: &mut Found) {
    for row in rows.iter().filter(|row| !is_ours(row.text(0))) {
        let (kind, name) = match row.optional(1) {
            Some(column) => ("column", format!("{}.{column}", row.text(0))),
            None => ("table", row.text(0).to_owned()),
        };
        let option = if row.text(4) == "YES" { " with grant option" } else { "" };
        found.grants.push(Grant {
            kind: kind.to_owned(),
            name: Name::of(None, &name),
            role: row.text(2).to_owned(),
            right: format!("{}{option}", row.text(3)),
        });
    }
}

/// ``GRANT SELECT, TRIGGER ON `shop`.`orders` TO …``
struct Line<'a> {
    rights: Vec<&'a str>,
    on: &'a str,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let (rights, rest) = line.strip_prefix("GRANT ")?.split_once(" ON ")?;
        let (on, _) = rest.split_once(" TO ")?;
        Some(Self { rights: rights.split(", ").collect(), on })
    }

    fn has(&self, right: &str) -> bool {
        self.rights.iter().any(|one| *one == right || *one == "ALL PRIVILEGES")
    }

    /// Whether it holds for all of a database. Its name may be a pattern.
    fn covers(&self, database: &str) -> bool {
        let Some(pattern) = self.on.strip_suffix(".*") else { return false };
        let pattern = pattern.trim_matches(['`', '"']).replace("``", "`");
        pattern == "*" || like(&pattern, database)
    }

    fn covers_table(&self, database: &str, table: &str) -> bool {
        let quoted = |name: &str, quote: &str| format!("{quote}{}{quote}", name.replace(quote, &quote.repeat(2)));
        ["`", "\""].iter().any(|quote| self.on == format!("{}.{}", quoted(database, quote), quoted(table, quote)))
    }
}

/// As LIKE compares.
fn like(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('%') => {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| like(rest.as_str(), &text[at..]))
        }
        Some(one) => {
            let wanted = if one == '\\' { rest.next() } else { Some(one).filter(|one| *one != '_') };
            let mut characters = text.chars();
            let found = characters.next();
            found.is_some() && (wanted.is_none() || wanted == found) && like(rest.as_str(), characters.as_str())
        }
    }
}

/// Tells what may be there, and cannot be seen.
pub(super) fn read(rows: &[Row], server: &Server<'_>, found: &mut Found) {
    let grants: Vec<Line> = rows.iter().filter_map(|row| Line::of(row.text(0))).collect();
    let database = server.database;
    let sees = |rights: &[&str]| {
        grants.iter().any(|grant| grant.covers(database) && rights.iter().any(|right| grant.has(right)))
    };
    // Of a table with a right on some of its columns alone, the server shows those, as if there were no others.
    if !sees(COLUMN_RIGHTS) {
        let whole = |name: &str| {
            grants
                .iter()
                .any(|grant| COLUMN_RIGHTS.iter().any(|right| grant.has(right)) && grant.covers_table(database, name))
        };
        let tables = found.tables.keys().map(|name| ("columns of the table", name.clone()));
        let views = found.views.keys().map(|name| (COLUMNS_OF_VIEW, name.clone()));
        let hidden: Vec<_> = tables.chain(views).filter(|(_, name)| !whole(name)).collect();
        for (kind, name) in hidden {
            found.unseen(kind, &name);
        }
    }
    if !sees(&["TRIGGER"]) {
        let names: Vec<String> = found.tables.keys().cloned().collect();
        for name in names {
            let own = |grant: &Line| grant.has("TRIGGER") && grant.covers_table(database, &name);
            if !grants.iter().any(own) {
                found.unseen("triggers of the table", &name);
            }
        }
    }
    for (kind, rights) in [
        ("tables and views without a right of this user", TABLE_RIGHTS),
        ("functions and procedures without a right of this user", ROUTINE_RIGHTS),
        ("events", &["EVENT"]),
    ] {
        if !sees(rights) {
            found.unseen(kind, database);
        }
    }
}

/// Any of them, on all of a table, shows all its columns.
const COLUMN_RIGHTS: &[&str] = &["SELECT", "INSERT", "UPDATE", "REFERENCES"];

/// Any of them shows all tables.
const TABLE_RIGHTS: &[&str] = &[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "CREATE VIEW",
    "SHOW VIEW",
    "TRIGGER",
];

const ROUTINE_RIGHTS: &[&str] = &["EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE", "SHOW_ROUTINE", "SHOW CREATE ROUTINE"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_understood() {
        let grant = Line::of("GRANT SELECT, SHOW VIEW ON `shop\\_1`.* TO `me`@`%` WITH GRANT OPTION").unwrap();
        assert!(grant.has("SHOW VIEW") && !grant.has("TRIGGER") && grant.covers("shop_1") && !grant.covers("shopx1"));
        let grant = Line::of("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost`").unwrap();
        assert!(grant.has("TRIGGER") && grant.covers("anything"));
        let grant = Line::of("GRANT TRIGGER ON `d`.`t``x` TO `me`@`%`").unwrap();
        assert!(!grant.covers("d") && grant.covers_table("d", "t`x") && !grant.covers_table("d", "t"));
        assert!(Line::of("GRANT `role` TO `me`@`%`").is_none());
    }

    #[test]
    fn patterns_compare_as_like_does() {
        for (pattern, text, expected) in [
            ("a%", "abc", true),
            ("a_c", "abc", true),
            ("a\\_c", "abc", false),
            ("a\\_c", "a_c", true),
            ("a", "ab", false),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
    }
}
