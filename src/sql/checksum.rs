//! The checksum of a migration: of what it says, whatever its comments, white space and line ends.

use super::{Lexer, Rules};

/// A checksum over the tokens that mean something, with the number of its method in front. White space inside a quote
/// or a function's body counts.
#[must_use]
pub fn checksum(source: &str, rules: &Rules) -> String {
    let mut hasher = blake3::Hasher::new();
    for token in Lexer::new(source, rules).filter(super::Token::is_code) {
        let text = token.text(source);
        if text.contains('\r') {
            // A checkout on another system is no change, not even within a function's body.
            hasher.update(text.replace("\r\n", "\n").as_bytes());
        } else {
            hasher.update(text.as_bytes());
        }
        hasher.update(b"\n");
    }
    format!("1:{}", &hasher.finalize().to_hex()[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_white_space_do_not_count() {
        let sum = |source| checksum(source, &Rules::POSTGRES);
        assert_eq!(sum("select  1; -- one\n"), sum("select 1 /* x */\n;"));
        assert_ne!(sum("select 'a  b'"), sum("select 'a b'"));
        assert_ne!(sum("select 1"), sum("select 2"));
        assert_ne!(sum("ab c"), sum("a bc"));
    }
}
