//! The checksum of a migration: of what it says, whatever its comments, white space and line ends.

use super::{Lexer, Rules};

/// A checksum over the tokens that mean something, with the number of its method in front. White space inside a quote
/// or a function's body counts.
#[must_use]
pub fn checksum(source: &str, rules: &Rules) -> String {
    let mut checksum = Checksum::default();
    checksum.update(source, rules);
    checksum.finish()
}

/// The same of a text that comes in parts, each of whole statements.
#[derive(Debug, Clone, Default)]
pub struct Checksum(blake3::Hasher);

impl Checksum {
    pub fn update(&mut self, part: &str, rules: &Rules) {
        // To hash word by word takes longer than to find the words.
        const ENOUGH: usize = 16 << 10;
        let returns = part.contains('\r');
        let mut words = Vec::with_capacity(part.len().min(ENOUGH));
        for token in Lexer::new(part, rules).filter(super::Token::is_code) {
            let text = token.text(part);
            if returns && text.contains('\r') {
                // A checkout on another system is no change, not even within a function's body.
                words.extend_from_slice(text.replace("\r\n", "\n").as_bytes());
            } else {
                words.extend_from_slice(text.as_bytes());
            }
            words.push(b'\n');
            if words.len() >= ENOUGH {
                self.0.update(&words);
                words.clear();
            }
        }
        self.0.update(&words);
    }

    #[must_use]
    pub fn finish(&self) -> String {
        format!("1:{}", &self.0.finalize().to_hex()[..32])
    }
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
