//! Rows of any table: what its columns hold, values between text, JSON and the database, and the statements that read and
//! change rows, with every value bound. Where a table has an entity, its rules, hooks and audit are kept.
//!
//! It knows no command and no filter; `data/` and `seed/` stand on it.

mod change;
mod column;
mod engine;
mod field;
mod key;
mod kind;
pub mod number;
mod refusal;
mod select;
pub mod sensitive;
mod subject;
mod writer;

pub use change::{Changes, Upserted};
pub use column::Column;
pub use engine::Lasting;
pub use field::Shown;
pub use key::Key;
pub use kind::{Kind, Wrong};
pub use refusal::{refused, without_words};
pub use select::{Lock, find, read};
pub use sensitive::Sensitive;
pub use subject::{Subject, singular};
pub use writer::Writer;
