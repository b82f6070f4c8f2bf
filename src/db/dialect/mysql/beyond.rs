//! Statements that change what all databases of a server share, or another database.

use crate::sql::{Kind, Lexer, Rules, Statement, Token};

/// Behind these stands the name of a table, view or routine.
const BEFORE_A_NAME: &[&str] = &[
    "TABLE",
    "INTO",
    "FROM",
    "JOIN",
    "UPDATE",
    "VIEW",
    "REFERENCES",
    "TRIGGER",
    "PROCEDURE",
    "FUNCTION",
    "EVENT",
    "CALL",
];

/// What a statement changes that is no part of its database.
pub(super) fn reached(statement: &Statement<'_>) -> Option<String> {
    let head: Vec<&str> = statement.head().iter().map(String::as_str).collect();
    let what = match *head.as_slice() {
        ["CREATE" | "ALTER" | "DROP" | "RENAME", "USER" | "ROLE", ..]
        | ["GRANT" | "REVOKE", ..]
        | ["SET", "PASSWORD" | "ROLE", ..] => "a user",
        ["CREATE" | "ALTER" | "DROP", "DATABASE" | "SCHEMA", ..] | ["USE", ..] => "another database",
        ["CREATE" | "ALTER" | "DROP", "TABLESPACE", ..] => "a tablespace",
        ["INSTALL" | "UNINSTALL" | "FLUSH" | "RESET" | "CHANGE" | "PURGE", ..] => "the server itself",
        ["SET", "GLOBAL" | "PERSIST" | "PERSIST_ONLY", ..] => "the server's settings",
        ["SET", ..] if statement.text.to_ascii_uppercase().contains("@@GLOBAL") => "the server's settings",
        _ => return qualified(statement).map(|database| format!("the database `{database}`, which it names")),
    };
    Some(what.to_owned())
}

/// The database that the name of a table or the like begins with.
fn qualified(statement: &Statement<'_>) -> Option<String> {
    let tokens: Vec<Token> = Lexer::new(statement.text, &Rules::MYSQL).filter(Token::is_code).collect();
    let text = |at: usize| tokens.get(at).map(|token| token.text(statement.text));
    let is_name = |at: usize| tokens.get(at).is_some_and(|token| matches!(token.kind, Kind::Word | Kind::QuotedName));
    let word = |at: usize, words: &[&str]| {
        text(at).is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
    };
    for before in 0..tokens.len() {
        if !word(before, BEFORE_A_NAME) {
            continue;
        }
        let mut at = before + 1;
        while word(at, &["IF", "NOT", "EXISTS", "IGNORE", "ONLY", "LOW_PRIORITY"]) {
            at += 1;
        }
        if is_name(at) && text(at + 1) == Some(".") && is_name(at + 2) {
            return text(at).map(|name| name.trim_matches('`').to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::sql::Rules;

    #[test]
    fn other_databases_and_what_all_share_are_known() {
        let reached = |sql: &str| super::reached(&crate::sql::split(sql, &Rules::MYSQL).unwrap()[0]);
        for sql in [
            "create user app",
            "GRANT SELECT ON shop.* TO app",
            "USE other",
            "SET GLOBAL max_connections = 1",
            "INSERT INTO other.t VALUES (1)",
            "DROP TABLE IF EXISTS `other`.`t`",
            "CREATE TABLE other.t (a INT)",
        ] {
            assert!(reached(sql).is_some(), "{sql}");
        }
        for sql in ["SELECT t.a FROM t", "UPDATE t SET t.a = 1", "SET @a = 1", "CREATE TABLE `user` (a INT)"] {
            assert_eq!(reached(sql), None, "{sql}");
        }
    }
}
