//! What of a sensitive column may show in an error: its values in the rows that a check found, and in a server's own words.

use crate::secret::MASK;
use crate::sql::{Kind, Lexer, Rules, Token};
use crate::text;

/// Columns whose values must not show: `users.email`, `email`.
#[derive(Clone, Copy)]
pub(super) struct Sensitive<'s>(pub(super) &'s [String]);

impl Sensitive<'_> {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|column| column.rsplit('.').next())
    }

    fn is(&self, column: &str) -> bool {
        self.names().any(|name| name.eq_ignore_ascii_case(column))
    }

    fn is_named_in(&self, sql: &str) -> bool {
        self.names().any(|name| text::has_word(sql, name))
    }

    /// Which of a query's columns must not show. Another name hides nothing: what a column is made of stands in the query.
    pub(super) fn masked(&self, sql: &str, rules: &Rules, columns: &[String]) -> Vec<bool> {
        let by_name = columns.iter().map(|column| self.is(column));
        if !self.is_named_in(sql) {
            return by_name.collect();
        }
        match items(sql, rules) {
            Some(items) if items.len() == columns.len() => {
                by_name.zip(items).map(|(named, item)| named || self.is_named_in(item)).collect()
            }
            // Which of them it is made of cannot be told.
            _ => vec![true; columns.len()],
        }
    }

    /// A server's words without the values of such columns, where the words tell whose they are.
    pub(super) fn out_of(&self, told: String) -> String {
        if self.0.is_empty() {
            return told;
        }
        // Key (email)=(ann@example.com) already exists.
        if let Some((key, rest)) = told.split_once(")=(") {
            let columns = key.rfind('(').map_or(key, |from| &key[from + 1..]);
            return match rest.rfind(')') {
                Some(end) if self.is_named_in(columns) => format!("{key})=({MASK}{}", &rest[end..]),
                _ => told,
            };
        }
        // Failing row contains (1, ann@example.com). Of which column each is, is not told.
        if let (Some(from), Some(end)) = (told.find("row contains ("), told.rfind(')')) {
            return format!("{}({MASK}{}", &told[..from + "row contains ".len()], &told[end..]);
        }
        // Duplicate entry 'ann@example.com' for key 'users_email_key'
        if let Some((entry, key)) = told.split_once("' for key ")
            && let Some(from) = entry.find("entry '")
            && self.names().any(|name| key.to_ascii_lowercase().contains(&name.to_ascii_lowercase()))
        {
            return format!("{}{MASK}' for key {key}", &entry[..from + "entry '".len()]);
        }
        told
    }
}

/// What stands in the list of a plain SELECT, item by item. `None`: it is not plain, or takes all columns.
fn items<'q>(sql: &'q str, rules: &Rules) -> Option<Vec<&'q str>> {
    let tokens: Vec<_> = Lexer::new(sql, rules).filter(Token::is_code).collect();
    let is = |at: usize, word: &str| tokens[at].kind == Kind::Word && tokens[at].text(sql).eq_ignore_ascii_case(word);
    let selects = (0..tokens.len()).filter(|at| is(*at, "select")).count();
    if tokens.is_empty() || !is(0, "select") || selects != 1 {
        return None;
    }
    let (mut items, mut depth, mut from) = (Vec::new(), 0_usize, tokens[0].end);
    let mut end = sql.len();
    for (at, token) in tokens.iter().enumerate().skip(1) {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "*" if depth == 0 => return None,
            "," if depth == 0 => {
                items.push(&sql[from..token.start]);
                from = token.end;
            }
            _ if depth == 0 && is(at, "from") => {
                end = token.start;
                break;
            }
            _ => {}
        }
    }
    items.push(&sql[from..end]);
    Some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensitive() -> Vec<String> {
        vec!["users.email".to_owned()]
    }

    #[test]
    fn another_name_hides_nothing() {
        let columns = sensitive();
        for (sql, names, masked) in [
            ("SELECT id, email FROM users", vec!["id", "email"], vec![false, true]),
            ("SELECT id, email AS e FROM users", vec!["id", "e"], vec![false, true]),
            ("SELECT id, lower(u.email) e FROM users u", vec!["id", "e"], vec![false, true]),
            ("SELECT id FROM users WHERE email = ''", vec!["id"], vec![false]),
            ("SELECT * FROM users", vec!["id", "email"], vec![false, true]),
            ("SELECT x FROM (SELECT email AS x FROM users) u", vec!["x"], vec![true]),
            ("SELECT *, email AS e FROM users", vec!["id", "email", "e"], vec![true, true, true]),
            ("WITH a AS (SELECT email AS x FROM users) SELECT x FROM a", vec!["x"], vec![true]),
        ] {
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            assert_eq!(Sensitive(&columns).masked(sql, &Rules::POSTGRES, &names), masked, "{sql}");
        }
    }

    #[test]
    fn a_servers_words_are_masked() {
        let columns = sensitive();
        let told = |text: &str| Sensitive(&columns).out_of(text.to_owned());
        assert_eq!(told("Key (email)=(a@b.c) already exists."), "Key (email)=(***) already exists.");
        assert_eq!(
            told("Key (id, lower(email))=(1, a) already exists."),
            "Key (id, lower(email))=(***) already exists."
        );
        assert_eq!(told("Key (id)=(1) already exists."), "Key (id)=(1) already exists.");
        assert_eq!(told("Failing row contains (1, a (b))."), "Failing row contains (***).");
        assert_eq!(
            told("Duplicate entry 'a' for key 'users_email_key'"),
            "Duplicate entry '***' for key 'users_email_key'"
        );
        assert_eq!(told("Duplicate entry '1' for key 'PRIMARY'"), "Duplicate entry '1' for key 'PRIMARY'");
        assert_eq!(Sensitive(&[]).out_of("Key (email)=(a)".to_owned()), "Key (email)=(a)");
    }
}
