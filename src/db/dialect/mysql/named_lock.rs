//! One runner at a time: `GET_LOCK` on a connection of its own, which a heartbeat keeps alive.

use std::time::{Duration, Instant};

use super::{LONGEST, Mysql};
use crate::db::dialect::Dialect as _;
use crate::db::dialect::Home;
use crate::db::error::DbError;
use crate::db::heartbeat::Alive;
use crate::db::lock::{Held, busy};
use crate::db::session::Session;
use crate::error::{Code, Error, Result};
use crate::observer::{Event, Observer};

/// The lock's name, 64 characters at most: the same for all who work on the same ledger. Names are the server's, not the
/// database's.
pub(super) fn lock_name(home: &Home) -> String {
    let hash = blake3::hash(format!("{}:__diesel_schema_migrations", home.database).as_bytes());
    format!("dbtool:{}", &hash.to_hex()[..32])
}

/// Who holds it.
pub(super) fn holder(session: &mut Session, dialect: &Mysql, name: &str) -> Result<Option<String>, DbError> {
    let rows = session.query(&format!("SELECT IS_USED_LOCK({})", dialect.literal(name)))?;
    let Some(id) = rows.first().and_then(|row| row.optional(0)) else { return Ok(None) };
    let list = session.query("SHOW PROCESSLIST")?;
    let who = list.iter().find(|row| row.text(0) == id);
    let more = who.map_or_else(String::new, |row| format!(" of user {} from {}", row.text(1), row.text(2)));
    Ok(Some(format!("connection {id}{more}")))
}

pub(super) struct NamedLock {
    session: Alive,
    /// `IS_USED_LOCK(…) = CONNECTION_ID()`
    check: String,
}

impl NamedLock {
    pub(super) fn take(
        mut session: Session,
        dialect: &Mysql,
        home: &Home,
        wait: Duration,
        observer: &dyn Observer,
    ) -> Result<Self> {
        let failed = |error: DbError| error.into_error("cannot take the lock that keeps other runners out");
        let name = lock_name(home);
        let literal = dialect.literal(&name);
        session.execute(&format!("SET SESSION wait_timeout = {LONGEST}")).map_err(failed)?;
        let started = Instant::now();
        let mut told = false;
        loop {
            // The server hands it over at once; a second is the longest that it is asked to wait.
            let left = wait.saturating_sub(started.elapsed());
            let seconds = if told { left.as_secs().min(1) } else { 0 };
            let rows = session.query(&format!("SELECT GET_LOCK({literal}, {seconds})")).map_err(failed)?;
            if rows.first().is_some_and(|row| row.flag(0)) {
                break;
            }
            if started.elapsed() >= wait {
                let holder = holder(&mut session, dialect, &name).map_err(failed)?;
                return Err(busy(holder, started.elapsed()));
            }
            if told {
                std::thread::sleep(Duration::from_millis(if seconds == 0 { 50 } else { 0 }));
            } else {
                let holder = holder(&mut session, dialect, &name).map_err(failed)?;
                let who = holder.map_or_else(String::new, |holder| format!(": {holder}"));
                observer.on(Event::Waiting { reason: format!("another runner is at work{who}") });
                told = true;
            }
        }
        let check = format!("SELECT IS_USED_LOCK({literal}) = CONNECTION_ID()");
        Ok(Self { session: Alive::new(session), check })
    }
}

impl Held for NamedLock {
    fn check(&mut self) -> Result<()> {
        let answer = self.session.session().query(&self.check);
        if answer.as_ref().is_ok_and(|rows| rows.first().is_some_and(|row| row.flag(0))) {
            return Ok(());
        }
        let error = Error::new(Code::LockLost, "the lock that keeps other runners out was lost: its connection broke");
        let error = answer.err().into_iter().fold(error, Error::because);
        Err(error.hint("another runner may be at work; `dbtool migrate status` tells what is applied"))
    }
}
