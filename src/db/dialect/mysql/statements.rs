//! What MySQL and MariaDB do with a statement: whether it commits, what a failure leaves, and what goes with its connection.
//! When in doubt, the answer is the one that guesses nothing.

use crate::db::dialect::Effect;
use crate::db::error::DbError;
use crate::sql::{Kind, Lexer, Rules, Statement, Token, split};
use crate::text;

/// The words of `sql_mode` that change how a file is cut into statements, and the modes that bring them along.
const READING_MODES: [&str; 3] = ["ANSI", "NO_BACKSLASH_ESCAPES", "ORACLE"];

/// Ours and Diesel's tables: where nothing is rolled back, a file that changes them takes the record away with it.
const RECORDS: [&str; 3] = ["__dbtool_journal", "__dbtool_meta", "__diesel_schema_migrations"];

/// What cannot be parsed was not begun: `ER_PARSE_ERROR`.
const PARSE_ERROR: u16 = 1064;

/// Why a statement must not stand in a file, and what to do about it.
pub(super) fn refused(statement: &Statement<'_>) -> Option<(&'static str, &'static str)> {
    let parts = split(statement.text, &Rules::MYSQL).unwrap_or_default();
    parts.iter().find_map(refused_alone)
}

fn refused_alone(statement: &Statement<'_>) -> Option<(&'static str, &'static str)> {
    let begins = |word: &str| statement.begins(&[word]);
    let names = |words: &[&str]| words.iter().any(|word| text::has_word(statement.text, word));
    if begins("FLUSH") && statement.has("READ") && statement.has("LOCK") {
        Some((
            "FLUSH … WITH READ LOCK keeps dbtool, too, from writing what was run",
            "leave it out: dbtool keeps other runners out",
        ))
    } else if begins("XA") || (begins("SET") && names(&["completion_type", "session_track_transaction_info"])) {
        Some((
            "this takes the transaction out of dbtool's hands",
            "write START TRANSACTION and COMMIT, with `allow_commit = true` in the migration's metadata.toml",
        ))
    } else if names(&["release_all_locks"]) {
        Some(("RELEASE_ALL_LOCKS frees dbtool's locks, too", "release your own by name: RELEASE_LOCK"))
    } else if changes_the_record(statement) {
        Some((
            "the statement changes the tables that record what was run",
            "leave it out: `dbtool migrate repair` and `dbtool migrate baseline` change the record, with a reason",
        ))
    } else if begins("LOAD") && statement.has("LOCAL") {
        Some((
            "LOAD DATA LOCAL reads a file of the client, and dbtool gives none away",
            "load it with another tool, or write the rows as INSERT",
        ))
    } else if begins("SET")
        && names(&["sql_mode"])
        && READING_MODES.iter().any(|mode| statement.text.to_ascii_uppercase().contains(mode))
    {
        Some((
            "this `sql_mode` changes how the file itself is read, half way through it",
            "set it for the user or the server; dbtool asks for it before it reads the files",
        ))
    } else {
        None
    }
}

/// Whether one of the tables that record what was run is what a statement is about. Reading them, and naming them in a text,
/// is nobody's harm.
fn changes_the_record(statement: &Statement<'_>) -> bool {
    let record = |text: &str| RECORDS.iter().any(|table| text.trim_matches('`').eq_ignore_ascii_case(table));
    let tokens = code(statement);
    let named = |token: &(Kind, &str)| matches!(token.0, Kind::Word | Kind::QuotedName) && record(token.1);
    match statement.head().first().map(String::as_str) {
        Some("DROP" | "RENAME" | "ALTER" | "TRUNCATE" | "DELETE" | "UPDATE" | "LOCK") => tokens.iter().any(named),
        // The table stands behind INTO, perhaps behind the name of its database.
        Some("INSERT" | "REPLACE" | "LOAD") => {
            let body = tokens.iter().position(|(_, text)| *text == "(" || text.eq_ignore_ascii_case("select"));
            tokens[..body.unwrap_or(tokens.len())].iter().any(named)
        }
        _ => false,
    }
}

/// Whether a statement changes rows, or asks: it commits nothing, and a rollback takes it back.
pub(super) fn changes_rows(statement: &Statement<'_>) -> bool {
    let head = statement.head().first().map(String::as_str);
    matches!(head, Some("INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "WITH" | "SELECT" | "LOAD" | "VALUES"))
        && !is_several(statement)
}

/// Whether a statement names an engine without transactions.
pub(super) fn names_other_engine(statement: &Statement<'_>) -> bool {
    // What changes rows makes no tables, and may be long.
    if ["INSERT", "REPLACE", "UPDATE", "DELETE"].iter().any(|verb| statement.begins(&[verb])) {
        return false;
    }
    let upper = statement.text.to_ascii_uppercase();
    let engines = ["MYISAM", "ARIA", "MEMORY", "HEAP", "ARCHIVE", "CSV", "BLACKHOLE"];
    upper.contains("ENGINE") && engines.iter().any(|engine| upper.contains(engine))
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
    let runs_others = ["CALL", "EXECUTE", "BEGIN"].iter().any(|word| begins(&[word])) || begins(&["SET", "STATEMENT"]);
    if is_several(statement) || (runs_others && !statement.is_transaction_control()) {
        return true;
    }
    if error.errno == Some(PARSE_ERROR) {
        return false;
    }
    // Several users, or the tables of a database, are changed one by one; REPLACE drops before it creates.
    let several = ["USER", "ROLE", "DATABASE", "SCHEMA"].iter().any(|kind| statement.has(kind));
    if several || begins(&["CREATE", "OR", "REPLACE"]) {
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
    if is_several(statement) {
        Effect::None
    } else if begins(&["LOCK", "TABLES"]) || begins(&["LOCK", "TABLE"]) {
        Effect::LocksTables
    } else if begins(&["UNLOCK"]) {
        Effect::UnlocksTables
    } else if begins(&["CREATE", "TEMPORARY"]) || begins(&["CREATE", "OR", "REPLACE", "TEMPORARY"]) {
        Effect::Temporary
    } else if begins(&["SET"]) {
        effect_of_set(statement)
    } else if !variables(statement).is_empty() && (begins(&["CALL"]) || assigns(statement)) {
        Effect::State
    } else if begins(&["USE"]) || begins(&["PREPARE"]) || begins(&["DEALLOCATE"]) {
        Effect::Setting
    } else {
        Effect::None
    }
}

fn effect_of_set(statement: &Statement<'_>) -> Effect {
    // What is computed may be another value on another connection, or change rows once more.
    const COMPUTED: [&str; 12] = [
        "last_insert_id",
        "identity",
        "insert_id",
        "warning_count",
        "error_count",
        "current_timestamp",
        "localtime",
        "current_date",
        "current_time",
        "next",
        "previous",
        "select",
    ];
    let tokens = code(statement);
    let target: String = tokens.iter().skip(1).take(3).map(|(_, text)| text.to_ascii_uppercase()).collect();
    let stays = ["GLOBAL", "PERSIST", "PASSWORD", "STATEMENT", "DEFAULT", "TRANSACTION", "@@GLOBAL", "@@PERSIST"];
    if stays.iter().any(|word| target.starts_with(word)) {
        return Effect::None;
    }
    let later = tokens
        .windows(2)
        .any(|pair| pair[0].1 == "," && ["GLOBAL", "PERSIST"].iter().any(|word| pair[1].1.eq_ignore_ascii_case(word)));
    let computed = tokens.iter().any(|(kind, text)| {
        *text == "(" || (*kind == Kind::Word && COMPUTED.iter().any(|word| text.eq_ignore_ascii_case(word)))
    });
    if later || computed { Effect::State } else { Effect::Setting }
}

/// Whether a statement surely changes nothing but its connection.
pub(super) fn only_sets(statement: &Statement<'_>) -> bool {
    match effect(statement) {
        Effect::Setting | Effect::LocksTables | Effect::UnlocksTables => true,
        // One that is filled may run a function on its way.
        Effect::Temporary => {
            !["select", "as", "values", "table_function"].iter().any(|word| text::has_word(statement.text, word))
        }
        Effect::State | Effect::None => false,
    }
}

/// Whether a statement needs to know what the one before it did.
pub(super) fn looks_back(statement: &Statement<'_>) -> bool {
    let words = ["last_insert_id", "identity", "row_count", "found_rows", "lastval", "previous"];
    words.iter().any(|word| text::has_word(statement.text, word))
}

/// The `@variables` of the session that a statement names. `@@name` is the server's, and `'user'@'host'` a user.
pub(super) fn variables(statement: &Statement<'_>) -> Vec<String> {
    let text = statement.text;
    let tokens: Vec<_> = Lexer::new(text, &Rules::MYSQL).collect();
    let name = |kind| matches!(kind, Kind::Word | Kind::QuotedName | Kind::String);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.text(text) == "@") {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let own = before.is_none_or(|before| !name(before.kind) && before.text(text) != "@");
        let next = tokens.get(at + 1).filter(|next| own && next.start == token.end && name(next.kind));
        found.extend(next.map(|next| next.text(text).trim_matches(['`', '\'', '"']).to_ascii_lowercase()));
    }
    found
}

/// Whether a statement gives a variable a value: `INTO @x`, `@x := 1`.
fn assigns(statement: &Statement<'_>) -> bool {
    let tokens = code(statement);
    tokens.windows(2).any(|pair| {
        (pair[0].1 == ":" && pair[1].1 == "=") || (pair[0].1.eq_ignore_ascii_case("into") && pair[1].1 == "@")
    })
}

/// The tokens that mean something.
fn code<'s>(statement: &Statement<'s>) -> Vec<(Kind, &'s str)> {
    let text = statement.text;
    Lexer::new(text, &Rules::MYSQL).filter(Token::is_code).map(|token| (token.kind, token.text(text))).collect()
}

/// Several statements that a delimiter of their own made one, so that the server runs them one after the other.
fn is_several(statement: &Statement<'_>) -> bool {
    statement.text.contains(';') && split(statement.text, &Rules::MYSQL).is_ok_and(|parts| parts.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::error::Kind as Failure;

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
        for setting in [
            "SET FOREIGN_KEY_CHECKS = 0",
            "SET @saved = @@sql_mode",
            "SET @m = @@GLOBAL.max_connections",
            "SET @s = 'INSERT INTO t VALUES (7)'",
            "SET NAMES utf8",
            "USE x",
        ] {
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
            "INSERT INTO t VALUES (@a)",
            "DELIMITER //\nSET a = 1; INSERT INTO t VALUES (1)//",
            "DELIMITER //\nCREATE TABLE a (i INT); CREATE TABLE b (i INT)//",
        ] {
            assert_eq!(one(none, effect), Effect::None, "{none}");
        }
    }

    #[test]
    fn only_what_changes_the_record_is_refused() {
        for wrong in [
            "DROP TABLE __dbtool_journal",
            "INSERT INTO `d`.`__diesel_schema_migrations` (version) VALUES (1)",
            "DELIMITER //\nSELECT 1; DELETE FROM __dbtool_journal//",
        ] {
            assert!(one(wrong, refused).is_some(), "{wrong}");
        }
        for fine in [
            "INSERT INTO notes VALUES ('see __diesel_schema_migrations')",
            "INSERT INTO notes SELECT version FROM __diesel_schema_migrations",
            "CREATE VIEW v AS SELECT * FROM __diesel_schema_migrations",
        ] {
            assert!(one(fine, refused).is_none(), "{fine}");
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
