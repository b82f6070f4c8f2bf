//! One runner at a time: what is asked for, and what is held. How it is done differs; see the dialects.

use std::time::Duration;

use super::session::Session;
use crate::error::{Code, Error, Result};
use crate::text;

/// A session to work with, while the lock is held.
pub struct Locked {
    pub session: Session,
    /// Nobody else runs anything, inside of transactions or outside.
    pub exclusive: bool,
    pub held: Box<dyn Held>,
}

/// A lock. It is released when it is dropped.
pub trait Held {
    /// Makes sure that it is still held: asked before each commit, and before each statement outside a transaction.
    fn check(&mut self) -> Result<()>;
}

/// No lock: asked for with `--lock none`, or not needed.
#[derive(Debug, Clone, Copy)]
pub struct Unlocked;

impl Held for Unlocked {
    fn check(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The error of a wait that was in vain.
pub(super) fn busy(holder: Option<String>, waited: Duration) -> Error {
    let error =
        Error::new(Code::LockBusy, format!("another runner is at work, after a wait of {}", text::duration(waited)));
    let error = holder.into_iter().fold(error, |error, holder| error.note(format!("it is {holder}")));
    error.hint("try again, or wait longer: `--lock-wait 10m`")
}
