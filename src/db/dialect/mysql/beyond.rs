//! Statements that change what all databases of a server share, or another database, also in texts that they run.

use crate::db::dialect::beyond::{Beyond, begins_with_constant, calls, code, constant, is_word};
use crate::sql::{Kind, Rules, Statement, split};

/// What a statement does beyond its database: `databases` are those of its server.
pub(super) fn reached(statement: &Statement<'_>, databases: &[String]) -> Option<Beyond> {
    if let Some(what) = by_itself(statement, databases) {
        return Some(Beyond::Changes(what));
    }
    let tokens = code(statement.text, &Rules::MYSQL);
    let of_constant = |token: &(Kind, &str)| of_text(&constant(*token)?, databases);
    let held = || tokens.iter().find_map(of_constant);
    let Some(run) = run(&tokens) else {
        // The text of a variable may be anything.
        let sets = statement.begins(&["SET"]) || tokens.iter().any(|(_, text)| text.starts_with('@'));
        let hidden = || sets && calls(&tokens).any(|name| is_one_of(name, &HIDDEN));
        return held().or_else(|| hidden().then(|| "what its text hides".to_owned())).map(Beyond::Holds);
    };
    if let Some(what) = held() {
        return Some(Beyond::Changes(what));
    }
    if calls(&tokens).any(|name| is_one_of(name, &HIDDEN)) {
        return Some(Beyond::Unseen);
    }
    (!begins_with_constant(run)).then_some(Beyond::Runs)
}

/// What a statement changes beyond its database, by its own words.
fn by_itself(statement: &Statement<'_>, databases: &[String]) -> Option<String> {
    let head: Vec<&str> = statement.head().iter().map(String::as_str).collect();
    let what = match *head.as_slice() {
        ["GRANT" | "REVOKE", ..] | ["SET", "PASSWORD" | "ROLE", ..] => "a user",
        ["CREATE" | "ALTER" | "DROP", "DATABASE" | "SCHEMA", ..]
        | ["CREATE", "OR", "REPLACE", "DATABASE" | "SCHEMA", ..]
        | ["USE", ..] => "another database",
        ["CREATE" | "ALTER" | "DROP", "TABLESPACE", ..] => "a tablespace",
        // What is written to its tables is written there.
        ["CREATE" | "ALTER" | "DROP", "SERVER", ..] => "what is reached by way of another server",
        ["START" | "STOP", "SLAVE" | "REPLICA" | "GROUP_REPLICATION" | "ALL", ..] => "the server's replication",
        ["ALTER", "INSTANCE", ..] => "the instance",
        [
            "INSTALL" | "UNINSTALL" | "FLUSH" | "RESET" | "CHANGE" | "PURGE" | "KILL" | "SHUTDOWN" | "RESTART"
            | "CLONE",
            ..,
        ] => "the server itself",
        _ => return within(statement, databases),
    };
    Some(what.to_owned())
}

/// What stands anywhere in it: a user, a setting of the server, a file, the name of a database before that of a table.
fn within(statement: &Statement<'_>, databases: &[String]) -> Option<String> {
    let tokens = code(statement.text, &Rules::MYSQL);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.1);
    let word = |at: usize, words: &[&str]| is_word(tokens.get(at), words);
    for (at, (kind, _)) in tokens.iter().enumerate() {
        if word(at, &["CREATE", "ALTER", "DROP", "RENAME"]) && word(at + 1, &["USER", "ROLE"]) {
            return Some("a user".to_owned());
        }
        if statement.begins(&["SET"]) && word(at, &["GLOBAL", "PERSIST", "PERSIST_ONLY"]) {
            return Some("the server's settings".to_owned());
        }
        if word(at, &["INTO"]) && word(at + 1, &["OUTFILE", "DUMPFILE"]) {
            return Some("files of the server's machine".to_owned());
        }
        if word(at, &["SONAME"]) && statement.begins(&["CREATE"]) {
            return Some("the functions of the server".to_owned());
        }
        if !matches!(kind, Kind::Word | Kind::QuotedName) || text(at + 1) != "." {
            continue;
        }
        // A column is named by its table; whoever calls a table as a database is called has to name it otherwise.
        let name = text(at).trim_matches('`').replace("``", "`");
        // It can only be asked.
        if name.eq_ignore_ascii_case("information_schema") {
            continue;
        }
        if (at == 0 || text(at - 1) != ".") && databases.iter().any(|database| database.eq_ignore_ascii_case(&name)) {
            return Some(format!("the database `{name}`, which it names"));
        }
    }
    None
}

/// Functions whose text comes from where nobody can look: encoded, or from outside of the migrations.
const HIDDEN: [&str; 5] = ["UNHEX", "FROM_BASE64", "LOAD_FILE", "AES_DECRYPT", "UNCOMPRESS"];

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| name.trim_matches('`').eq_ignore_ascii_case(one))
}

/// What `PREPARE … FROM` and `EXECUTE IMMEDIATE` run; `None`: the statement, or program, has neither.
fn run<'t>(tokens: &'t [(Kind, &'t str)]) -> Option<&'t [(Kind, &'t str)]> {
    let word = |at: usize, words: &[&str]| is_word(tokens.get(at), words);
    let at = (0..tokens.len())
        .find(|at| word(*at, &["PREPARE"]) || (word(*at, &["EXECUTE"]) && word(at + 1, &["IMMEDIATE"])))?;
    let begins = if word(at, &["PREPARE"]) {
        // The name of the statement stands between.
        (at + 2..tokens.len()).take(1).find(|from| word(*from, &["FROM"]))?
    } else {
        at + 1
    };
    Some(&tokens[begins + 1..])
}

/// What one of the statements of a text changes beyond its database, if the text is SQL.
fn of_text(text: &str, databases: &[String]) -> Option<String> {
    split(text, &Rules::MYSQL).ok()?.iter().find_map(|statement| by_itself(statement, databases))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Option<Beyond> {
        reached(&split(sql, &Rules::MYSQL).unwrap()[0], &["other".to_owned(), "information_schema".to_owned()])
    }

    #[test]
    fn other_databases_and_what_all_share_are_known() {
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
            "SELECT 1 INTO OUTFILE '/tmp/x'",
            "KILL 5",
            "CREATE FUNCTION f RETURNS INT SONAME 'f.so'",
            "PREPARE s FROM 'DROP TABLE other.t'",
            "PREPARE s FROM \"CREATE USER app\"",
            "EXECUTE IMMEDIATE CONCAT('DROP USER ', 'app')",
            "CREATE PROCEDURE p() BEGIN SET @s = 'DROP TABLE other.t'; PREPARE s FROM @s; EXECUTE s; END",
        ] {
            assert!(matches!(of(sql), Some(Beyond::Changes(_))), "{sql}: {:?}", of(sql));
        }
    }

    #[test]
    fn what_is_run_and_stands_elsewhere_is_told_apart() {
        assert_eq!(of("PREPARE s FROM @sql"), Some(Beyond::Runs));
        assert_eq!(of("EXECUTE IMMEDIATE @sql"), Some(Beyond::Runs));
        assert_eq!(of("SET @sql = CONCAT('DROP USER ', @name)"), Some(Beyond::Holds("a user".to_owned())));
        assert!(matches!(of("SET @sql = UNHEX('44')"), Some(Beyond::Holds(_))));
        assert!(matches!(of("SELECT FROM_BASE64('44') INTO @sql"), Some(Beyond::Holds(_))));
        assert_eq!(of("EXECUTE IMMEDIATE UNHEX('44')"), Some(Beyond::Unseen));
    }

    #[test]
    fn ordinary_files_are_not_accused() {
        for sql in [
            "SELECT t.a FROM t",
            "UPDATE t SET t.a = 1",
            "SET @a = 1",
            "CREATE TABLE `user` (a INT)",
            "PREPARE s FROM 'ALTER TABLE t ADD COLUMN a INT'",
            "SET @sql = (SELECT IF(COUNT(*) > 0, 'SELECT 1', 'ALTER TABLE Users ADD COLUMN a INT') FROM INFORMATION_SCHEMA.COLUMNS)",
            "EXECUTE s",
            "DEALLOCATE PREPARE s",
            "INSERT INTO t VALUES (UNHEX('44'))",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }
}
