//! Statements that change what all databases of a server share, or another database.

use crate::sql::{Kind, Lexer, Rules, Statement, Token};

/// What a statement changes that is no part of its database: `databases` are those of its server.
pub(super) fn reached(statement: &Statement<'_>, databases: &[String]) -> Option<String> {
    let head: Vec<&str> = statement.head().iter().map(String::as_str).collect();
    let what = match *head.as_slice() {
        ["GRANT" | "REVOKE", ..] | ["SET", "PASSWORD" | "ROLE", ..] => "a user",
        ["CREATE" | "ALTER" | "DROP", "DATABASE" | "SCHEMA", ..] | ["USE", ..] => "another database",
        ["CREATE" | "ALTER" | "DROP", "TABLESPACE", ..] => "a tablespace",
        ["INSTALL" | "UNINSTALL" | "FLUSH" | "RESET" | "CHANGE" | "PURGE", ..] => "the server itself",
        _ => return within(statement, databases),
    };
    Some(what.to_owned())
}

/// What stands anywhere in it: a user, a setting of the server, the name of a database before that of a table.
fn within(statement: &Statement<'_>, databases: &[String]) -> Option<String> {
    let tokens: Vec<Token> = Lexer::new(statement.text, &Rules::MYSQL).filter(Token::is_code).collect();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text(statement.text));
    let word = |at: usize, words: &[&str]| words.iter().any(|word| text(at).eq_ignore_ascii_case(word));
    for (at, token) in tokens.iter().enumerate() {
        if word(at, &["CREATE", "ALTER", "DROP", "RENAME"]) && word(at + 1, &["USER", "ROLE"]) {
            return Some("a user".to_owned());
        }
        let sets = statement.begins(&["SET"]) && word(at, &["GLOBAL", "PERSIST", "PERSIST_ONLY"]);
        if sets && token.kind == Kind::Word {
            return Some("the server's settings".to_owned());
        }
        if !matches!(token.kind, Kind::Word | Kind::QuotedName) || text(at + 1) != "." {
            continue;
        }
        // A column is named by its table; whoever calls a table as a database is called has to name it otherwise.
        let name = text(at).trim_matches('`').replace("``", "`");
        if (at == 0 || text(at - 1) != ".") && databases.iter().any(|database| database.eq_ignore_ascii_case(&name)) {
            return Some(format!("the database `{name}`, which it names"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::sql::Rules;

    #[test]
    fn other_databases_and_what_all_share_are_known() {
        let reached =
            |sql: &str| super::reached(&crate::sql::split(sql, &Rules::MYSQL).unwrap()[0], &["other".to_owned()]);
        for sql in [
            "create user app",
            "GRANT SELECT ON shop.* TO app",
            "USE other",
            "SET GLOBAL max_connections = 1",
            "INSERT INTO other.t VALUES (1)",
            "DROP TABLE IF EXISTS `other`.`t`",
            "CREATE TABLE other.t (a INT)",
            "DROP TABLE t, other.t",
            "TRUNCATE other.t",
            "UPDATE t, other.t h SET h.a = 1",
            "RENAME TABLE t TO other.t",
            "SET @a = 1, GLOBAL max_connections = 1",
            "SET @@GLOBAL.max_connections = 1",
            "CREATE PROCEDURE p() CREATE USER app",
        ] {
            assert!(reached(sql).is_some(), "{sql}");
        }
        for sql in ["SELECT t.a FROM t", "UPDATE t SET t.a = 1", "SET @a = 1", "CREATE TABLE `user` (a INT)"] {
            assert_eq!(reached(sql), None, "{sql}");
        }
    }
}
