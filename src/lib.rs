//! dbtool migrates SQLite, PostgreSQL, MySQL and MariaDB databases, as a command line and as a library.
//!
//! The command line is [`run`]. As a library it gives an application's tests and tools the same pieces: settings
//! ([`config`]), connections and the pool ([`db`]), migrations as a plan and its execution ([`migrate`]), and SQL text cut
//! into statements ([`sql`]). `docs/architecture.md` shows how they stand on each other.
//!
//! ```
//! use dbtool::sql::{Rules, split};
//!
//! let statements = split("CREATE TABLE a (b INT); -- c\nSELECT 1", &Rules::POSTGRES).unwrap();
//! assert_eq!(statements[1].text, "SELECT 1");
//! ```

pub mod audit;
pub mod backend;
pub mod catalog;
mod cli;
pub mod commands;
pub mod config;
pub mod context;
pub mod data;
pub mod db;
pub mod entities;
pub mod error;
pub mod exit_code;
mod fault;
mod files;
pub mod inspect;
pub mod interrupt;
pub mod migrate;
pub mod observer;
pub mod output;
pub mod record;
pub mod rows;
pub mod schema;
pub mod secret;
pub mod seed;
pub mod sql;
pub mod tabular;
pub mod text;
pub mod version;

pub use cli::{command, run, run_with};

/// The guides whose code is compiled and run as that of the documentation.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../docs/repositories.md")]
    struct Repositories;
    #[doc = include_str!("../docs/transactions.md")]
    struct Transactions;
}
