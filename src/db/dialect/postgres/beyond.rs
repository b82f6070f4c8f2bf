//! Statements that change what all databases of a server share, also in texts that they run.

use crate::db::dialect::beyond::{Beyond, begins_with_constant, calls, code, constant, is_word};
use crate::sql::{Kind, Rules, Statement, split};

/// What a statement does beyond its database.
pub(super) fn reached(statement: &Statement<'_>) -> Option<Beyond> {
    let changes = |what: &str| Beyond::Changes(what.to_owned());
    if let Some(what) = by_itself(statement) {
        return Some(changes(what));
    }
    let tokens = code(statement.text, &Rules::POSTGRES);
    if let Some(what) = calls(&tokens).find_map(by_function) {
        return Some(changes(what));
    }
    let constants = || tokens.iter().copied().filter_map(constant);
    let head: Vec<&str> = statement.head().iter().map(String::as_str).collect();
    match *head.as_slice() {
        // Their text is a program: it runs at once, or whenever it is called.
        ["DO", ..] => constants().find_map(|body| of_program(&body)),
        ["CREATE", "FUNCTION" | "PROCEDURE", ..] | ["CREATE", "OR", "REPLACE", "FUNCTION" | "PROCEDURE", ..] => {
            constants().find_map(|body| of_program(&body))
        }
        // Perhaps what they give a function to run.
        ["SELECT" | "CALL" | "WITH", ..] => constants().find_map(|text| of_text(&text)).map(changes),
        ["INSERT" | "UPDATE" | "MERGE", ..] => {
            constants().find_map(|text| of_text(&text)).map(|what| Beyond::Holds(what.to_owned()))
        }
        _ => None,
    }
}

/// What a statement changes beyond its database, by its own first words.
fn by_itself(statement: &Statement<'_>) -> Option<&'static str> {
    let head: Vec<&str> = statement.head().iter().map(String::as_str).collect();
    Some(match *head.as_slice() {
        ["CREATE" | "ALTER" | "DROP", "USER", "MAPPING", ..] => return None,
        ["CREATE" | "ALTER" | "DROP", "ROLE" | "USER" | "GROUP", ..] | ["COMMENT", "ON", "ROLE", ..] => "a role",
        ["REASSIGN" | "DROP", "OWNED", ..] => "what a role owns",
        ["CREATE" | "ALTER" | "DROP", "DATABASE", ..] | ["COMMENT", "ON", "DATABASE", ..] => "a database",
        ["CREATE" | "ALTER" | "DROP", "TABLESPACE", ..] | ["COMMENT", "ON", "TABLESPACE", ..] => "a tablespace",
        ["CREATE" | "ALTER" | "DROP", "SUBSCRIPTION", ..] => "a subscription, and the server that it reads from",
        // What is written to its tables is written there.
        ["CREATE" | "ALTER", "SERVER", ..] => "what is reached by way of another server",
        ["ALTER", "SYSTEM", ..] => "the server's settings",
        ["COPY", ..] if leaves_the_server(&code(statement.text, &Rules::POSTGRES)) => {
            "the server's machine: a file, or what a program does"
        }
        // Rights on an object have ON; without it, a role becomes a member of another.
        ["GRANT" | "REVOKE", ..] if !names(statement.text, "ON") => "the members of a role",
        ["GRANT" | "REVOKE", ..] if statement.has("DATABASE") => "the rights on a database",
        ["GRANT" | "REVOKE", ..] if statement.has("TABLESPACE") => "the rights on a tablespace",
        _ => return None,
    })
}

fn names(text: &str, word: &str) -> bool {
    code(text, &Rules::POSTGRES).iter().any(|token| is_word(Some(token), &[word]))
}

/// Whether a COPY writes a file, or runs a program.
fn leaves_the_server(tokens: &[(Kind, &str)]) -> bool {
    tokens.windows(2).any(|pair| {
        let file = matches!(pair[1].0, Kind::String | Kind::Dollar);
        is_word(Some(&pair[1]), &["PROGRAM"]) && is_word(Some(&pair[0]), &["TO", "FROM"])
            || file && is_word(Some(&pair[0]), &["TO"])
    })
}

/// What a function of the server, or of an extension, changes beyond its database.
fn by_function(name: &str) -> Option<&'static str> {
    let name = name.trim_matches('"').to_ascii_lowercase();
    Some(match name.as_str() {
        "pg_terminate_backend" | "pg_cancel_backend" => "the sessions of others",
        "pg_reload_conf" | "pg_rotate_logfile" | "pg_promote" | "pg_switch_wal" | "pg_stat_reset_shared" => {
            "the server itself"
        }
        "lo_export" | "pg_file_write" | "pg_file_unlink" | "pg_file_rename" => "files of the server's machine",
        "schedule_in_database" => "what is run in another database",
        _ if name.starts_with("dblink") => "what is reached by way of another connection",
        _ if name.starts_with("pg_replication_origin_") || name.contains("_replication_slot") => "its replication",
        _ => return None,
    })
}

/// Functions whose text comes from where nobody can look: encoded, or from outside of the migrations.
const HIDDEN: [&str; 7] =
    ["decode", "convert_from", "pg_read_file", "pg_read_binary_file", "current_setting", "lo_get", "pg_stat_file"];

/// What the body of a DO block, a function or a procedure does.
fn of_program(body: &str) -> Option<Beyond> {
    let tokens = code(body, &Rules::POSTGRES);
    if let Some(what) = calls(&tokens).find_map(by_function) {
        return Some(Beyond::Changes(what.to_owned()));
    }
    let mut run = None;
    for (at, token) in tokens.iter().enumerate() {
        // A statement of its own begins here; other words there are, it ends at the next `;`.
        let ends = tokens[at..].iter().position(|(_, text)| *text == ";").map_or(tokens.len(), |end| at + end);
        let verb = is_word(Some(token), &["CREATE", "ALTER", "DROP", "REASSIGN", "COMMENT", "COPY"])
            || (is_word(Some(token), &["GRANT", "REVOKE"]) && !is_word(tokens.get(at + 1), &["OPTION"]));
        if verb && let Some(what) = of_text(&joined(&tokens[at..ends])) {
            return Some(Beyond::Changes(what.to_owned()));
        }
        if is_word(Some(token), &["EXECUTE"])
            && !is_word(tokens.get(at + 1), &["FUNCTION", "PROCEDURE", "ON"])
            && !begins_with_constant(&tokens[at + 1..ends])
        {
            run = Some(if calls(&tokens).any(|name| HIDDEN.contains(&name.to_ascii_lowercase().as_str())) {
                Beyond::Unseen
            } else {
                Beyond::Runs
            });
        }
    }
    let runs_texts = tokens.iter().any(|token| is_word(Some(token), &["EXECUTE"]));
    if runs_texts {
        // One text may be put together of several.
        let constants: Vec<String> = tokens.iter().copied().filter_map(constant).collect();
        let whole = constants.iter().find_map(|text| of_text(text)).or_else(|| of_pair(&constants.join(" ")));
        if let Some(what) = whole {
            return Some(Beyond::Changes(what.to_owned()));
        }
    }
    run
}

/// What one of the statements of a text changes beyond its database, if the text is SQL.
fn of_text(text: &str) -> Option<&'static str> {
    split(text, &Rules::POSTGRES).ok()?.iter().find_map(by_itself)
}

/// What two words changes that follow each other somewhere in a text.
fn of_pair(text: &str) -> Option<&'static str> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    words.windows(2).find_map(|pair| {
        let other = ["ROLE", "USER", "GROUP", "DATABASE", "TABLESPACE", "SYSTEM", "SUBSCRIPTION", "OWNED"];
        let known = other.iter().any(|word| pair[1].eq_ignore_ascii_case(word));
        of_text(&pair.join(" ")).filter(|_| known)
    })
}

fn joined(tokens: &[(Kind, &str)]) -> String {
    tokens.iter().map(|(_, text)| *text).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Option<Beyond> {
        reached(&split(sql, &Rules::POSTGRES).unwrap()[0])
    }

    #[test]
    fn what_all_databases_share_is_known() {
        for sql in [
            "create role app",
            "DROP USER app",
            "ALTER ROLE app SET search_path = x",
            "GRANT admin TO app",
            "ALTER SYSTEM SET work_mem = '1GB'",
            "CREATE TABLESPACE fast LOCATION '/x'",
            "GRANT CONNECT ON DATABASE shop TO app",
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles) THEN CREATE ROLE app; END IF; END $$",
            "DO 'BEGIN GRANT admin TO app; END'",
            "COPY t TO PROGRAM 'sh'",
            "COPY t FROM PROGRAM 'sh'",
            "COPY (SELECT 1) TO '/tmp/x'",
            "SELECT pg_catalog.pg_reload_conf()",
            "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity; END $$",
            "SELECT lo_export(1, '/x')",
            "SELECT dblink_exec('dbname=other', 'DROP TABLE t')",
            "CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw",
            "DO $$ BEGIN EXECUTE 'CREATE ROLE app'; END $$",
            "DO $$ BEGIN EXECUTE format('DROP ' || 'ROLE %I', 'app'); END $$",
            "DO $$ BEGIN EXECUTE $x$ALTER SYSTEM SET a = 1$x$; END $$",
            "DO $$ DECLARE s text := 'ALTER SYSTEM SET a = 1'; BEGIN EXECUTE s; END $$",
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DROP ROLE app'; END $$",
            "SELECT run('DROP ROLE app')",
        ] {
            assert!(matches!(of(sql), Some(Beyond::Changes(_))), "{sql}: {:?}", of(sql));
        }
    }

    #[test]
    fn what_is_run_and_stands_elsewhere_is_told_apart() {
        assert_eq!(of("DO $$ BEGIN EXECUTE convert_from(decode('44', 'hex'), 'UTF8'); END $$"), Some(Beyond::Unseen));
        assert_eq!(
            of("CREATE FUNCTION f(s text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE s; END $$"),
            Some(Beyond::Runs)
        );
        assert_eq!(of("INSERT INTO todo VALUES ('DROP ROLE app')"), Some(Beyond::Holds("a role".to_owned())));
    }

    #[test]
    fn ordinary_files_are_not_accused() {
        for sql in [
            "GRANT SELECT ON t TO app",
            "GRANT EXECUTE ON FUNCTION f() TO app",
            "CREATE USER MAPPING FOR app SERVER s",
            "CREATE TABLE role (a INT)",
            "COPY t FROM STDIN",
            "CREATE TRIGGER t BEFORE UPDATE ON t FOR EACH ROW EXECUTE PROCEDURE f()",
            "DO $$ BEGIN EXECUTE 'DROP TABLE t'; END $$",
            "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN user_id INT', 't'); END $$",
            "CREATE FUNCTION m(_tbl regclass) RETURNS VOID AS $$ BEGIN EXECUTE format('CREATE TRIGGER set_updated_at \
             BEFORE UPDATE ON %s FOR EACH ROW EXECUTE PROCEDURE s()', _tbl); END; $$ LANGUAGE plpgsql",
            "DO $$ BEGIN -- create user table\nALTER TABLE users ADD COLUMN a INT; END $$",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN GRANT SELECT ON t TO app; RETURN NEW; END $$",
            "DO $$ BEGIN RAISE NOTICE 'create user failed'; END $$",
            "INSERT INTO t VALUES ('a')",
            "SELECT set_config('search_path', '', false)",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }
}
