//! Rows of any table as a person asks for them: filters, order, pages, related rows, sums. It knows no command; what it stands
//! on are `rows/`.

mod aggregate;
mod average;
mod condition;
mod evaluate;
mod export;
mod expr;
mod import;
mod link;
mod list;
mod nest;
mod parse;
mod render;
mod sort;
mod word;

pub use aggregate::{Aggregate, Function, Groups, Measure};
pub use condition::Condition;
pub use evaluate::{holds, order};
pub use export::export;
pub use expr::{Expr, Op, Operand, Origin, Test};
pub use import::{Imported, Input as ImportInput, Options as ImportOptions, Rejected, Rejects, import};
pub use link::{Link, World};
pub use list::{Count, Listing, Query};
pub use nest::Nested;
pub use parse::parse;
pub use sort::{After, By, Sort};
pub use word::{Assignment, Word, assignment, filter, path, word};
