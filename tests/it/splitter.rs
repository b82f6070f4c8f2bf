//! Laws of the splitter, for any text.

use dbtool::sql::{Kind, Lexer, Rules, checksum, mask, split, without_values};
use proptest::prelude::*;

const ALL: [&Rules; 3] = [&Rules::POSTGRES, &Rules::SQLITE, &Rules::MYSQL];

/// Pieces that meet each other in files, in any order.
fn soup() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "'",
        "''",
        "\"",
        "`",
        "$",
        "$$",
        "$a$",
        "[",
        "]",
        "(",
        ")",
        ";",
        "--",
        "-- x\n",
        "/*",
        "*/",
        "/*!",
        "#",
        "\\",
        "\n",
        " ",
        "\t",
        "\r\n",
        "E'",
        "e'\\''",
        "BEGIN",
        "END",
        "ATOMIC",
        "CASE",
        "IF",
        "LOOP",
        "CREATE",
        "TRIGGER",
        "FUNCTION",
        "OR",
        "REPLACE",
        "DELIMITER //\n",
        "//",
        "SELECT",
        "é",
        "日本",
        "1.5e3",
        "PASSWORD",
        "'secret'",
        "COMMIT",
        "name",
        "\0",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

/// A statement that means the same in every dialect.
fn statement() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8} [a-z]{1,8}",
        "select '[a-z;]{0,8}'",
        "insert into t values \\([0-9]{1,3}, '[a-z; \n]{0,8}'\\)",
        "/\\* [a-z;]{0,8} \\*/ select 1",
        "select \"[a-z;]{1,8}\"",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn tokens_put_together_are_the_text(text in soup()) {
        for rules in ALL {
            let mut at = 0;
            for token in Lexer::new(&text, rules) {
                prop_assert_eq!(token.start, at);
                prop_assert!(token.end > token.start);
                prop_assert!(text.is_char_boundary(token.end));
                at = token.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }

    #[test]
    fn any_text_is_split_or_refused(text in any::<String>()) {
        for rules in ALL {
            let _ = split(&text, rules);
            let _ = mask(&text, rules);
            let _ = without_values(&text, rules);
            let _ = checksum(&text, rules);
        }
    }

    #[test]
    fn statements_lie_in_order_and_lose_nothing(text in soup()) {
        for rules in ALL {
            let Ok(statements) = split(&text, rules) else { continue };
            let mut end = 0;
            for (at, statement) in statements.iter().enumerate() {
                prop_assert_eq!(statement.number, at + 1);
                prop_assert!(statement.start >= end);
                prop_assert_eq!(&text[statement.start..statement.start + statement.text.len()], statement.text);
                // Between two statements stand only delimiters, comments, white space and DELIMITER lines.
                let between = &text[end..statement.start];
                if !rules.delimiter_lines {
                    let code = Lexer::new(between, rules).find(|token| token.is_code() && token.kind != Kind::Delimiter);
                    prop_assert!(code.is_none(), "lost {:?} between statements", between);
                }
                end = statement.start + statement.text.len();
            }
        }
    }

    #[test]
    fn what_is_joined_comes_apart_again(statements in prop::collection::vec(statement(), 1..8)) {
        let text = statements.join(";\n-- between\n");
        for rules in ALL {
            let found: Vec<_> = split(&text, rules).unwrap().into_iter().map(|statement| statement.text.to_owned()).collect();
            prop_assert_eq!(found.len(), statements.len());
            for (found, given) in found.iter().zip(&statements) {
                prop_assert!(given.ends_with(found.as_str()), "{:?} is not the end of {:?}", found, given);
            }
            // Each one by itself is one statement.
            for statement in &found {
                prop_assert_eq!(split(statement, rules).unwrap().len(), 1);
            }
        }
    }

    #[test]
    fn line_ends_change_no_checksum(statements in prop::collection::vec(statement(), 1..8)) {
        // A line end within a quote is part of the value; between tokens it is not.
        let text = statements.iter().map(|statement| statement.replace('\n', " ")).collect::<Vec<_>>().join(";\n");
        for rules in ALL {
            prop_assert_eq!(checksum(&text, rules), checksum(&text.replace('\n', "\r\n"), rules));
        }
    }
}

#[test]
fn a_checkout_with_other_line_ends_is_no_change() {
    let text = "CREATE FUNCTION f() RETURNS INT LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 1;\nEND\n$$;\n";
    assert_eq!(checksum(text, &Rules::POSTGRES), checksum(&text.replace('\n', "\r\n"), &Rules::POSTGRES));
}
