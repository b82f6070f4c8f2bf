//! Expressions and types in one form, so that two which differ in white space, comments or quotes are equal.

use std::borrow::Cow;

use super::pieces::{Kind, Piece, pieces};

/// Keywords that take no part as a name or function: an opening parenthesis stands apart from them.
const KEYWORDS: &str = "ALL AND AS BETWEEN BY CASE COLLATE DISTINCT ELSE END ESCAPE EXCEPT EXISTS FILTER FROM GLOB GROUP HAVING \
    IN INTERSECT IS ISNULL LIKE LIMIT MATCH NOT NOTNULL NULL OFFSET ON OR ORDER OVER PARTITION REGEXP SELECT \
    THEN UNION USING VALUES WHEN WHERE";

/// Keywords that stand behind a value, or for one.
const VALUES: &str = "END ISNULL NOTNULL NULL";

/// Those among them that can be a name all the same.
const NAMES_TOO: &str = "BY FILTER OFFSET OVER PARTITION";

/// More words that mean something else without quotes.
const RESERVED: &str = "ADD ALTER AUTOINCREMENT CHECK COMMIT CONSTRAINT CREATE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP \
    DEFAULT DEFERRABLE DELETE DROP FOREIGN INDEX INSERT INTO JOIN NOTHING PRIMARY REFERENCES RETURNING SET \
    TABLE TO TRANSACTION UNIQUE UPDATE";

fn is_one_of(text: &str, words: &str) -> bool {
    words.split(' ').any(|word| word.eq_ignore_ascii_case(text))
}

/// An expression with one space where there is any. Names of columns have quotes only where they need them, and
/// parentheses around all of it are left out.
pub(super) fn expression(pieces: &[Piece<'_>], is_column: &dyn Fn(&str) -> bool) -> String {
    let pieces = without_parentheses(pieces);
    let mut text = String::new();
    let mut before: Option<&Piece<'_>> = None;
    let mut before_is_sign_of_value = false;
    for (at, piece) in pieces.iter().enumerate() {
        let sign_of_value = is_sign_of_value(piece, before);
        if before.is_some_and(|before| is_apart(before, before_is_sign_of_value, piece)) {
            text.push(' ');
        }
        let qualified =
            before.is_some_and(|before| before.is(".")) || pieces.get(at + 1).is_some_and(|next| next.is("."));
        text.push_str(&written(piece, qualified, is_column));
        (before, before_is_sign_of_value) = (Some(piece), sign_of_value);
    }
    text
}

/// Whether a sign belongs to the value behind it: `-1`.
fn is_sign_of_value(piece: &Piece<'_>, before: Option<&Piece<'_>>) -> bool {
    let can_be = piece.is("-") || piece.is("+") || piece.is("~");
    can_be
        && before.is_none_or(|before| match before.kind {
            Kind::Sign => !before.is(")"),
            Kind::Word => is_one_of(before.text, KEYWORDS) && !is_one_of(before.text, VALUES),
            Kind::Name | Kind::String | Kind::Number | Kind::Blob => false,
        })
}

fn is_apart(before: &Piece<'_>, before_is_sign_of_value: bool, piece: &Piece<'_>) -> bool {
    if before.is("(") || before.is(".") || piece.is(")") || piece.is(",") || piece.is(".") {
        return false;
    }
    if before_is_sign_of_value {
        // `- -1`: two of them without a space begin a comment.
        return piece.kind == Kind::Sign && !piece.is("(");
    }
    let calls = piece.is("(")
        && match before.kind {
            Kind::Word => !is_one_of(before.text, KEYWORDS),
            Kind::Name => true,
            Kind::String | Kind::Number | Kind::Blob | Kind::Sign => false,
        };
    !calls
}

/// A piece as it is written here: a name in the quotes that it needs.
fn written<'a>(piece: &Piece<'a>, qualified: bool, is_column: &dyn Fn(&str) -> bool) -> Cow<'a, str> {
    let name = piece.name().filter(|name| {
        let double = piece.text.starts_with('"');
        // What is in double quotes and names no column is text.
        piece.kind == Kind::Name && (!double || qualified || is_column(name))
    });
    name.map_or(Cow::Borrowed(piece.text), |name| Cow::Owned(quoted(&name)))
}

/// A name, in quotes where it needs them.
fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii());
    let keyword = is_one_of(name, KEYWORDS) && !is_one_of(name, NAMES_TOO);
    if plain && !keyword && !is_one_of(name, RESERVED) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// What stands within the parentheses, if they are around all of it.
fn without_parentheses<'p, 'a>(pieces: &'p [Piece<'a>]) -> &'p [Piece<'a>] {
    let [first, inner @ .., last] = pieces else { return pieces };
    if !first.is("(") || !last.is(")") {
        return pieces;
    }
    let mut depth = 0_usize;
    for piece in inner {
        match piece.text {
            "(" => depth += 1,
            // With a comma it is a row of several values.
            ")" | "," if depth == 0 => return pieces,
            ")" => depth -= 1,
            _ => {}
        }
    }
    if inner.is_empty() || inner[0].is("select") { pieces } else { without_parentheses(inner) }
}

/// A default as it stands behind DEFAULT: what is no plain value is in parentheses.
pub(super) fn default(text: &str) -> String {
    let pieces = pieces(text);
    let pieces = without_parentheses(&pieces);
    let value = match pieces {
        [sign, value @ ..] if sign.is("-") || sign.is("+") => value,
        value => value,
    };
    let written = expression(pieces, &|_| false);
    if value.len() == 1 { written } else { format!("({written})") }
}

/// A type as it was declared, in capitals: `VARCHAR(10)`, `DECIMAL(10,2)`.
pub(super) fn declared_type(text: &str) -> String {
    let mut written = String::new();
    let mut before: Option<Piece<'_>> = None;
    for piece in pieces(text) {
        let apart = |piece: &Piece<'_>| piece.kind != Kind::Sign;
        if before.is_some_and(|before| apart(&before) && apart(&piece)) {
            written.push(' ');
        }
        written.push_str(&piece.text.to_ascii_uppercase());
        before = Some(piece);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> String {
        expression(&pieces(text), &|name| ["a", "b c", "key", "order"].contains(&name))
    }

    #[test]
    fn white_space_comments_and_quotes_are_no_difference() {
        for (one, other) in [
            ("length(a)=36 AND a IN('x','y')", "( length (a) = 36 /* so */ AND \"a\" IN ('x' ,'y') )"),
            ("a||\"b c\"||[key]", "`a` || [b c] -- why\n || key"),
            ("a>- 1", "a > -1"),
            ("a - -1", "a-  -1"),
            ("NEW.\"x\" <> old.x", "NEW . x<>old.[x]"),
            ("a ->> '$.b'", "a->>'$.b'"),
            ("(a)", "a"),
        ] {
            assert_eq!(form(one), form(other));
        }
    }

    #[test]
    fn what_is_not_the_same_stays_different() {
        for (one, other) in [
            ("a = \"x\"", "a = x"),
            ("(a) AND (key)", "a) AND (key"),
            ("\"order\" > 1", "order > 1"),
            ("a = x'00'", "a = x '00'"),
            ("a = 'b  c'", "a = 'b c'"),
        ] {
            assert_ne!(form(one), form(other));
        }
        assert_eq!(form("a IN('x') and - - 1<-(2)*~key"), "a IN ('x') and - -1 < -(2) * ~key");
        assert_eq!(form("(a, key) = (1, 2)"), "(a, key) = (1, 2)");
        assert_eq!(form("(SELECT 1)"), "(SELECT 1)");
    }

    #[test]
    fn defaults_have_parentheses_where_they_need_them() {
        for (text, written) in [
            ("'x'", "'x'"),
            ("- 5", "-5"),
            ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
            ("x'00'", "x'00'"),
            ("1e-3", "1e-3"),
            ("lower( 'A' )", "(lower('A'))"),
            ("(1+2)", "(1 + 2)"),
            ("(5)", "5"),
        ] {
            assert_eq!(default(text), written);
        }
    }

    #[test]
    fn types_are_in_capitals() {
        assert_eq!(declared_type("unsigned  big /* ! */ int"), "UNSIGNED BIG INT");
        assert_eq!(declared_type("decimal ( 10 , -2 )"), "DECIMAL(10,-2)");
        assert_eq!(declared_type("varchar(10)"), "VARCHAR(10)");
        assert_eq!(declared_type(""), "");
    }
}
