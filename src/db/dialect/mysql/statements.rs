//! What MySQL and MariaDB do with a statement: whether it commits, what a failure leaves, and what goes with its connection.
//! When in doubt, the answer is the one that guesses nothing.

use crate::db::dialect::Effect;
use crate::db::error::DbError;
use crate::sql::{Kind, Lexer, Rules, Statement};
use crate::text;

/// The words of `sql_mode` that change how a file is cut into statements, and the modes that bring them along.
const READING_MODES: [&str; 3] = ["ANSI", "NO_BACKSLASH_ESCAPES", "ORACLE"];

/// Ours and Diesel's tables: where nothing is rolled back, a file that changes them takes the record away with it.
const RECORDS: [&str; 3] = ["__dbtool_journal", "__dbtool_meta", "__diesel_schema_migrations"];

/// What cannot be parsed was not begun: `ER_PARSE_ERROR`.
const PARSE_ERROR: u16 = 1064;

/// Why a statement must not stand in a file, and what to do about it.
pub(super) fn refused(statement: &Statement<'_>) -> Option<(&'static str, &'static str)> {
    let upper = statement.text.to_ascii_uppercase();
    let begins = |word: &str| statement.begins(&[word]);
    let about_records = RECORDS.iter().any(|table| text::find_word(statement.text, table).is_some());
    if begins("FLUSH") && statement.has("READ") && statement.has("LOCK") {
        Some((
            "FLUSH … WITH READ LOCK keeps dbtool, too, from writing what was run",
            "leave it out: dbtool keeps other runners out",
        ))
    } else if begins("XA") {
        Some((
            "XA takes the transaction out of dbtool's hands",
            "write START TRANSACTION and COMMIT, with `allow_commit = true` in the migration's metadata.toml",
        ))
    } else if about_records && !begins("SELECT") && !begins("SHOW") {
        Some((
            "the statement is about the tables that record what was run",
            "leave it out: `dbtool migrate repair` and `dbtool migrate baseline` change the record, with a reason",
        ))
    } else if begins("LOAD") && statement.has("LOCAL") {
        Some((
            "LOAD DATA LOCAL reads a file of the client, and dbtool gives none away",
            "load it with another tool, or write the rows as INSERT",
        ))
    } else if begins("SET") && upper.contains("SQL_MODE") && READING_MODES.iter().any(|mode| upper.contains(mode)) {
        Some((
            "this `sql_mode` changes how the file itself is read, half way through it",
            "set it for the user or the server; dbtool asks for it before it reads the files",
        ))
    } else {
        None
    }
}

/// Whether a statement changes rows, or asks: it commits nothing, and a rollback takes it back.
pub(super) fn changes_rows(statement: &Statement<'_>) -> bool {
    let head = statement.head().first().map(String::as_str);
    matches!(head, Some("INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "WITH" | "SELECT" | "LOAD" | "VALUES"))
        && !is_several(statement)
}

/// Whether a statement can stand in a transaction without ending it.
pub(super) fn keeps_the_transaction(statement: &Statement<'_>) -> bool {
    // Some of these commit, some are not allowed in a transaction, some stay when it is rolled back.
    const ELSEWHERE: [&str; 12] = [
        "GLOBAL",
        "PERSIST",
        "PASSWORD",
        "TRANSACTION",
        "AUTOCOMMIT",
        "DEFAULT",
        "RESOURCE",
        "ROLE",
        "STATEMENT",
        "SQL_LOG_BIN",
        "GTID_NEXT",
        "BINLOG_FORMAT",
    ];
    let begins = |words: &[&str]| statement.begins(words);
    let upper = statement.text.to_ascii_uppercase();
    let setting = begins(&["SET"]) && !ELSEWHERE.iter().any(|word| upper.contains(word));
    let savepoint =
        begins(&["SAVEPOINT"]) || begins(&["RELEASE", "SAVEPOINT"]) || (begins(&["ROLLBACK"]) && statement.has("TO"));
    changes_rows(statement) || ((setting || savepoint || begins(&["USE"])) && !is_several(statement))
}

/// Whether a statement that failed may have left something behind.
pub(super) fn may_leave_traces(statement: &Statement<'_>, error: &DbError) -> bool {
    let begins = |words: &[&str]| statement.begins(words);
    let runs_others = ["CALL", "EXECUTE", "BEGIN"].iter().any(|word| begins(&[word]));
    if is_several(statement) || (runs_others && !statement.is_transaction_control()) {
        return true;
    }
    if error.errno == Some(PARSE_ERROR) {
        return false;
    }
    // Several users, or the tables of a database, are changed one by one; REPLACE drops before it creates.
    let several = ["USER", "ROLE", "DATABASE", "SCHEMA"].iter().any(|kind| statement.has(kind));
    if several || begins(&["CREATE", "OR", "REPLACE"]) || begins(&["SET", "STATEMENT"]) {
        return true;
    }
    match statement.head().first().map(String::as_str) {
        // All or nothing by themselves.
        Some("CREATE" | "ALTER" | "TRUNCATE" | "SET" | "USE" | "LOCK" | "UNLOCK" | "START" | "BEGIN" | "COMMIT") => {
            false
        }
        // MariaDB drops those of a list that it can.
        Some("DROP") => statement.text.contains(','),
        _ => true,
    }
}

/// What a statement leaves with its connection.
pub(super) fn effect(statement: &Statement<'_>) -> Effect {
    let begins = |words: &[&str]| statement.begins(words);
    let upper = statement.text.to_ascii_uppercase();
    if begins(&["LOCK", "TABLES"]) || begins(&["LOCK", "TABLE"]) {
        Effect::LocksTables
    } else if begins(&["UNLOCK"]) {
        Effect::UnlocksTables
    } else if begins(&["CREATE", "TEMPORARY"]) || begins(&["CREATE", "OR", "REPLACE", "TEMPORARY"]) {
        Effect::Temporary
    } else if begins(&["SET"]) {
        let stays = ["GLOBAL", "PERSIST", "PASSWORD", "STATEMENT", "DEFAULT", "TRANSACTION"];
        if stays.iter().any(|word| begins(&["SET", word])) || statement.has("GLOBAL") {
            Effect::None
        } else if upper.contains('(') || upper.contains("NEXT") {
            // What it computes may be another value on another connection, or change rows once more.
            Effect::State
        } else {
            Effect::Setting
        }
    } else if uses_variables(statement) && (begins(&["CALL"]) || upper.contains(":=") || upper.contains("INTO")) {
        Effect::State
    } else if begins(&["USE"]) || begins(&["PREPARE"]) || begins(&["DEALLOCATE"]) {
        Effect::Setting
    } else {
        Effect::None
    }
}

/// Whether a statement needs to know what the one before it did.
pub(super) fn looks_back(statement: &Statement<'_>) -> bool {
    let upper = statement.text.to_ascii_uppercase();
    ["LAST_INSERT_ID", "ROW_COUNT", "FOUND_ROWS"].iter().any(|word| upper.contains(word))
}

/// Whether a statement reads or writes `@variables` of the session. `@@name` is the server's, and `'user'@'host'` a user.
pub(super) fn uses_variables(statement: &Statement<'_>) -> bool {
    let text = statement.text;
    let tokens: Vec<_> = Lexer::new(text, &Rules::MYSQL).collect();
    let name = |kind| matches!(kind, Kind::Word | Kind::QuotedName | Kind::String);
    tokens.iter().enumerate().any(|(at, token)| {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        token.text(text) == "@"
            && before.is_none_or(|before| !name(before.kind) && before.text(text) != "@")
            && tokens.get(at + 1).is_some_and(|next| name(next.kind))
    })
}

/// Several statements that a delimiter of their own made one, so that the server runs them one after the other.
fn is_several(statement: &Statement<'_>) -> bool {
    let programs = ["CREATE", "ALTER", "BEGIN"];
    !programs.iter().any(|word| statement.begins(&[word]))
        && Lexer::new(statement.text, &Rules::MYSQL).any(|token| token.kind == Kind::Delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::error::Kind as Failure;
    use crate::sql::split;

    fn one<T>(sql: &str, about: impl Fn(&Statement<'_>) -> T) -> T {
        about(&split(sql, &Rules::MYSQL).unwrap()[0])
    }

    #[test]
    fn settings_join_and_what_commits_does_not() {
        for yes in [
            "SET FOREIGN_KEY_CHECKS = 0",
            "INSERT INTO a VALUES (1)",
            "set @x := 1",
            "/*!40101 SET NAMES utf8 */",
            "SAVEPOINT s",
            "ROLLBACK TO s",
        ] {
            assert!(one(yes, keeps_the_transaction), "{yes}");
        }
        for no in [
            "SET autocommit = 1",
            "SET @a = 1, @b = 2, @c = 3, @d = 4, @e = 5, autocommit = 0",
            "SET PASSWORD = 'x'",
            "SET @@global.x = 1",
            "SET @@SESSION.SQL_LOG_BIN = 0",
            "SET STATEMENT max_statement_time = 1 FOR ALTER TABLE a ADD b INT",
            "TRUNCATE a",
            "CALL p()",
            "DELIMITER //\nINSERT INTO a VALUES (1); CREATE TABLE b (i INT)//",
        ] {
            assert!(!one(no, keeps_the_transaction), "{no}");
        }
    }

    #[test]
    fn what_a_statement_leaves_with_its_connection() {
        for setting in ["SET FOREIGN_KEY_CHECKS = 0", "SET @saved = @@sql_mode", "SET NAMES utf8", "USE x"] {
            assert_eq!(one(setting, effect), Effect::Setting, "{setting}");
        }
        for state in ["SET @a = f()", "SET @a = NEXT VALUE FOR s", "SELECT 1 INTO\n @k", "SELECT @m := 1", "CALL p(@o)"]
        {
            assert_eq!(one(state, effect), Effect::State, "{state}");
        }
        assert_eq!(one("CREATE TEMPORARY TABLE t (i INT)", effect), Effect::Temporary);
        for none in [
            "SET GLOBAL x = 1",
            "SET PASSWORD FOR u = 'x'",
            "SET STATEMENT x = 1 FOR INSERT INTO t VALUES (1)",
            "CALL p()",
            "BEGIN",
            "GRANT ALL ON a TO 'u'@'h'",
            "INSERT INTO t VALUES ('a@b')",
        ] {
            assert_eq!(one(none, effect), Effect::None, "{none}");
        }
    }

    #[test]
    fn a_failure_leaves_nothing_where_that_is_sure() {
        let refused = |errno| DbError { errno: Some(errno), ..DbError::new(Failure::Other, "x") };
        let leaves = |sql: &str, errno| one(sql, |statement| may_leave_traces(statement, &refused(errno)));
        for sure in ["ALTER TABLE a ADD b INT", "CREATE TABLE a (i INT)", "DROP TABLE a", "TRUNCATE a"] {
            assert!(!leaves(sure, 1146), "{sure}");
        }
        for unsure in [
            "CREATE OR REPLACE TABLE a AS SELECT 1",
            "DROP DATABASE a",
            "CREATE ROLE a, b",
            "ALTER USER a IDENTIFIED BY 'x', b IDENTIFIED BY 'y'",
            "DROP TABLE a, b",
            "CALL p()",
        ] {
            assert!(leaves(unsure, 1146), "{unsure}");
        }
        assert!(!leaves("DROP DATABASE a b", PARSE_ERROR) && leaves("CALL p()", PARSE_ERROR));
    }
}
