//! Databases: connecting, pooling, retrying, locking, loading, and what differs between them. Only here, in `backend.rs` and in
//! `catalog/read` is the backend matched on.

mod among;
pub mod bulk;
mod connection;
mod connector;
mod constraint;
mod dialect;
mod error;
mod grammar;
mod heartbeat;
mod libpq;
mod lock;
mod lock_rows;
mod look;
mod manager;
pub mod meta;
mod mysql;
mod refusal;
mod retry;
mod scratch;
mod session;
mod sqlite;
mod statement;
mod transaction;
pub mod types;
mod value;
mod within;

pub use among::{Among, among};
pub(crate) use connection::on_each;
pub use connection::{AnyBackend, AnyConnection};
pub use connector::{Connector, Purpose};
pub use constraint::{Constraint, Which};
pub use dialect::{
    Around, Beyond, Dialect, Effect, Home, Likeness, Server, Sight, Survey, Timeouts, Types, of as dialect_of,
};
pub use error::{DbError, Kind, MORE_RIGHTS, WRITABLE};
pub use grammar::{Form, Grammar};
pub use lock::{Held, Locked, Unlocked};
pub(crate) use lock_rows::locked;
pub use manager::{Manager, Pool};
pub use mysql::MysqlConnection;
pub use retry::Backoff;
pub use scratch::{Scratch, without_scratch_names};
pub use session::{Answers, Asks, Closing, Failure, Message, Named, Notice, Plans, Row, Session, Took};
pub use transaction::{Isolation, Options as TransactionOptions, TransactionError, transaction};
pub use value::Value;
pub use within::{Within, within};
