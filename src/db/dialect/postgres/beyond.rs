//! Statements that change what all databases of a server share.

use crate::sql::Statement;

/// What a statement changes that is no part of its database.
pub(super) fn reached(statement: &Statement<'_>) -> Option<String> {
    let head: Vec<&str> = statement.head().iter().map(String::as_str).collect();
    let what = match *head.as_slice() {
        ["CREATE" | "ALTER" | "DROP", "USER", "MAPPING", ..] => return None,
        ["CREATE" | "ALTER" | "DROP", "ROLE" | "USER" | "GROUP", ..] | ["COMMENT", "ON", "ROLE", ..] => "a role",
        ["REASSIGN" | "DROP", "OWNED", ..] => "what a role owns",
        ["CREATE" | "ALTER" | "DROP", "DATABASE", ..] | ["COMMENT", "ON", "DATABASE", ..] => "a database",
        ["CREATE" | "ALTER" | "DROP", "TABLESPACE", ..] => "a tablespace",
        ["CREATE" | "ALTER" | "DROP", "SUBSCRIPTION", ..] => "a subscription, and the server that it reads from",
        ["ALTER", "SYSTEM", ..] => "the server's settings",
        // Rights on an object have ON; without it, a role becomes a member of another.
        ["GRANT" | "REVOKE", ..] if !statement.has("ON") => "the members of a role",
        ["GRANT" | "REVOKE", ..] if statement.has("DATABASE") => "the rights on a database",
        // What is run at once, and stands in a text.
        ["DO", ..] if names_a_role(statement.text) => "a role",
        _ => return None,
    };
    Some(what.to_owned())
}

/// Whether a text makes, changes or drops a role.
fn names_a_role(text: &str) -> bool {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    words.windows(2).any(|pair| {
        let is = |word: &str, of: &[&str]| of.iter().any(|one| word.eq_ignore_ascii_case(one));
        is(pair[0], &["CREATE", "ALTER", "DROP"]) && is(pair[1], &["ROLE", "USER", "GROUP"])
    })
}

#[cfg(test)]
mod tests {
    use crate::sql::Rules;

    #[test]
    fn what_all_databases_share_is_known() {
        let reached = |sql: &str| super::reached(&crate::sql::split(sql, &Rules::POSTGRES).unwrap()[0]);
        for sql in [
            "create role app",
            "DROP USER app",
            "ALTER ROLE app SET search_path = x",
            "GRANT admin TO app",
            "ALTER SYSTEM SET work_mem = '1GB'",
            "CREATE TABLESPACE fast LOCATION '/x'",
            "GRANT CONNECT ON DATABASE shop TO app",
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles) THEN CREATE ROLE app; END IF; END $$",
        ] {
            assert!(reached(sql).is_some(), "{sql}");
        }
        for sql in ["GRANT SELECT ON t TO app", "CREATE USER MAPPING FOR app SERVER s", "CREATE TABLE role (a INT)"] {
            assert_eq!(reached(sql), None, "{sql}");
        }
    }
}
