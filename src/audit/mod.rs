//! Who changed what: events in the table `audit_events`, written in the transaction of the change itself.
//!
//! A [`Trail`] is made once per run. Whoever changes data hands it an [`Event`] within the same transaction; whoever owns
//! the outermost transaction tells it of a failure after the rollback.

mod event;
mod list;
mod mask;
mod trail;

pub use event::{Event, Outcome};
pub use list::{Change, Filter, Page, Recorded, find, list};
pub use mask::Sensitive;
pub use trail::{COLUMNS, Options, TABLE, Trail, check_table};
