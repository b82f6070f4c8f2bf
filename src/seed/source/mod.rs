//! The seeds on disk: layers of files, each with its header and its rows, merged into one list of rows for each table.
//! Nothing of a database is known here.

mod expression;
mod files;
mod header;
mod merge;
mod node;

pub use expression::Expression;
pub use files::{Data, SeedFile, find};
pub use header::{Cell, Header, Mode, RawRow};
pub use merge::{Bulk, Plain, Seed, merge};
pub use node::{At, Text};
