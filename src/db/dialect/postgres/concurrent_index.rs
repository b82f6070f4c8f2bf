//! `CREATE INDEX CONCURRENTLY`, which leaves an invalid index behind when it fails.

use crate::sql::{Lexer, Rules, Statement, Token};

/// The name and the table of an index that is built concurrently, as they are written. An index without a name gets one from the
/// server.
pub(super) fn built(statement: &Statement<'_>) -> Option<(String, String)> {
    let tokens: Vec<&str> = Lexer::new(statement.text, &Rules::POSTGRES)
        .filter(Token::is_code)
        .map(|token| token.text(statement.text))
        .collect();
    let mut words = tokens.iter().copied().peekable();
    let mut skip = |wanted: &str| words.next_if(|word| word.eq_ignore_ascii_case(wanted)).is_some();
    let creates = skip("CREATE");
    let _unique = skip("UNIQUE");
    let builds = creates && skip("INDEX") && skip("CONCURRENTLY");
    if !builds || (skip("IF") && !(skip("NOT") && skip("EXISTS"))) || skip("ON") {
        return None;
    }
    let name = words.next()?.to_owned();
    words.next_if(|word| word.eq_ignore_ascii_case("ON"))?;
    words.next_if(|word| word.eq_ignore_ascii_case("ONLY"));
    let mut table = words.next()?.to_owned();
    while words.next_if_eq(&".").is_some() {
        table = format!("{table}.{}", words.next()?);
    }
    Some((name, table))
}

#[cfg(test)]
mod tests {
    use crate::sql::Rules;

    #[test]
    fn the_index_of_a_concurrent_build_is_found() {
        let built = |sql: &str| super::built(&crate::sql::split(sql, &Rules::POSTGRES).unwrap()[0]);
        let found = |name: &str, table: &str| Some((name.to_owned(), table.to_owned()));
        assert_eq!(built("CREATE INDEX CONCURRENTLY i ON t (a)"), found("i", "t"));
        let quoted = "create unique index concurrently if not exists \"My I\" on only \"S\".\"T\" using btree (a)";
        assert_eq!(built(quoted), found("\"My I\"", "\"S\".\"T\""));
        for other in ["CREATE INDEX CONCURRENTLY ON t (a)", "CREATE INDEX i ON t (a)", "DROP INDEX CONCURRENTLY i"] {
            assert_eq!(built(other), None, "{other}");
        }
    }
}
