//! What the catalog is shown as: lists, pages, SQL, diagrams. From structs to text, and nothing but that: no database and no
//! terminal.

mod dump;
mod er;
mod find;
mod list;
mod page;
mod parts;
pub mod rust;
mod show;

pub use dump::{dump, left_out};
pub use er::{Diagram, Reference, dot, mermaid};
pub use find::{Thing, find};
pub use list::{Listed, objects, tables};
pub use page::{Item, LONG, Page, Section, column_rows, page};
pub use show::{Referrer, Shown};

#[cfg(test)]
mod samples;
