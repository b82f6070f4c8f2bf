//! What a person, a script or a log reads: data on stdout, everything else on stderr. Used by commands only.

mod errors;
mod format;
mod log;
mod progress;
mod rows;
mod terminal;

pub use errors::{excerpt, print as print_error, print_json as print_error_as_json};
pub use format::Format;
pub use log::start as start_log;
pub use progress::Progress;
pub use rows::{Column, Report, Rows, aligned, emit};
pub use terminal::{Color, Style, Terminal, Verbosity};
