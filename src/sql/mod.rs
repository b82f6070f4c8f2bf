//! SQL as text: tokens, statements with their places, checksums, and the secrets that stand in it. Strings in, structs
//! out: it knows no database, and each dialect hands it a [`Rules`].

mod body;
mod changes;
mod checksum;
mod lexer;
mod rules;
mod secrets;
mod split;
mod values;

pub use changes::changes_within;
pub use checksum::{Checksum, checksum};
pub use lexer::{Kind, Lexer, Token};
pub use rules::{Compound, Rules};
pub use secrets::{mask, passwords};
pub use split::{Splitter, Statement, Unterminated, split};
pub use values::without_values;
