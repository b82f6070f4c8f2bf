//! No text makes the splitter panic, lose a byte, or cut a character.
#![no_main]

use dbtool::sql::{Lexer, Rules, checksum, mask, passwords, split, without_values};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for rules in [&Rules::POSTGRES, &Rules::SQLITE, &Rules::MYSQL] {
        let mut at = 0;
        for token in Lexer::new(text, rules) {
            assert_eq!(token.start, at);
            assert!(token.end > at && text.is_char_boundary(token.end));
            at = token.end;
        }
        assert_eq!(at, text.len());
        if let Ok(statements) = split(text, rules) {
            let mut end = 0;
            for statement in statements {
                assert!(statement.start >= end);
                assert!(text[statement.start..].starts_with(statement.text));
                end = statement.start + statement.text.len();
            }
        }
        let _ = (checksum(text, rules), mask(text, rules), passwords(text, rules), without_values(text, rules));
    }
});
