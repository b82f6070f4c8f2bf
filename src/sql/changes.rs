//! Whether a statement that looks like a query changes something.

use super::{Kind, Lexer, Rules, Token};

/// Whether a statement that begins like a query holds one that changes rows, makes a table or a file, or sets something.
#[must_use]
pub fn changes_within(statement: &str, rules: &Rules) -> bool {
    let words: Vec<String> = Lexer::new(statement, rules)
        .filter(Token::is_code)
        .map(|token| match token.kind {
            Kind::Word => token.text(statement).to_ascii_uppercase(),
            Kind::Symbol => token.text(statement).to_owned(),
            // A name in quotes is no keyword.
            _ => String::new(),
        })
        .collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|have| have == word);
    let pair = |first: &str, second: &str| (0..words.len()).any(|at| is(at, first) && is(at + 1, second));
    let rows = ["INSERT", "MERGE", "REPLACE"].iter().any(|verb| pair(verb, "INTO")) || pair("DELETE", "FROM");
    // `UPDATE t SET`; not `FOR UPDATE`, `FOR NO KEY UPDATE`.
    let updates = (0..words.len()).any(|at| {
        is(at, "UPDATE")
            && at.checked_sub(1).is_some_and(|before| is(before, "(") || is(before, ")"))
            && !is(at + 1, ")")
    });
    let makes = is(0, "SELECT") && is_at_depth_0(&words, "INTO");
    let sets = is(0, "PRAGMA") && words.iter().any(|word| word == "=");
    rows || updates || makes || sets
}

fn is_at_depth_0(words: &[String], word: &str) -> bool {
    let mut depth = 0_usize;
    words.iter().any(|one| {
        match one.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && one == word
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_known() {
        for sql in [
            "WITH gone AS (DELETE FROM users RETURNING id) SELECT * FROM gone",
            "WITH a AS (SELECT 1) DELETE FROM users",
            "WITH a AS (UPDATE users SET b = 1 RETURNING id) SELECT * FROM a",
            "WITH a AS (SELECT 1) UPDATE users SET b = 1",
            "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
            "SELECT * INTO copy FROM users",
            "PRAGMA user_version = 5",
        ] {
            assert!(changes_within(sql, &Rules::POSTGRES), "{sql}");
        }
        for sql in [
            "SELECT id FROM users WHERE note = 'delete from it'",
            "SELECT \"delete\" FROM t",
            "SELECT replace(name, 'a', 'b') FROM t",
            "SELECT id FROM t FOR UPDATE",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "PRAGMA foreign_key_check",
        ] {
            assert!(!changes_within(sql, &Rules::POSTGRES), "{sql}");
        }
    }
}
