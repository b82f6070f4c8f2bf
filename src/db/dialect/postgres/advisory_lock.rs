//! One runner at a time: an advisory lock in a transaction of its own, on a connection of its own, which holds behind a
//! transaction pooler too.

use std::time::{Duration, Instant};

use crate::db::connector::{Connector, Purpose};
use crate::db::dialect::{Dialect as _, Home};
use crate::db::error::DbError;
use crate::db::heartbeat::Alive;
use crate::db::lock::{Held, Locked, busy};
use crate::db::retry::jittered;
use crate::db::session::Session;
use crate::error::{Code, Error, Result};
use crate::observer::{Event, Observer};

/// Keeps other runners out; waits for them so long at most.
pub(super) fn take(
    connector: &Connector,
    mut session: Session,
    home: &Home,
    wait: Duration,
    observer: &dyn Observer,
) -> Result<Locked> {
    let key = key(home);
    // The holder's own transaction: no snapshot stays open, so a concurrent index build beside it does not wait for it.
    // A machine that has gone without a word is found by the server, too, which would wait for hours by itself.
    let take = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 0; \
             SET LOCAL tcp_keepalives_idle = 10; SET LOCAL tcp_keepalives_interval = 5; SET LOCAL tcp_keepalives_count = 3; \
             SELECT pg_try_advisory_xact_lock({key})"
    );
    let failed = |error: DbError| error.into_error("cannot take the lock that keeps other runners out");
    let started = Instant::now();
    let mut told = false;
    loop {
        if session.query(&take).map_err(failed)?.first().is_some_and(|row| row.flag(0)) {
            break;
        }
        // Never wait within a transaction: the holder's CREATE INDEX CONCURRENTLY would wait for us.
        session.execute("ROLLBACK").map_err(failed)?;
        if started.elapsed() >= wait {
            let holder = holder(&mut session, home).map_err(failed)?;
            return Err(busy(holder, started.elapsed()));
        }
        if !told {
            let holder = holder(&mut session, home).map_err(failed)?;
            let who = holder.map_or_else(String::new, |holder| format!(": {holder}"));
            observer.on(Event::Waiting { reason: format!("another runner is at work{who}") });
            told = true;
        }
        std::thread::sleep(jittered(Duration::from_millis(200)).min(wait.saturating_sub(started.elapsed())));
    }
    // 17 and later end a transaction that is long in the making, whatever it does.
    let long = "SELECT set_config('transaction_timeout', '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'";
    session.query(long).map_err(failed)?;
    let work = second(connector)?;
    Ok(Locked {
        session: work,
        exclusive: true,
        held: Box::new(AdvisoryLock { session: Alive::new(session), asked: Instant::now() }),
    })
}

/// Who holds it.
pub(super) fn holder(session: &mut Session, home: &Home) -> Result<Option<String>, DbError> {
    let key = key(home);
    let rows = session.query(&format!(
        "SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'a local socket'), {} \
             FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
               AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
               AND (l.classid::bigint << 32) | l.objid::bigint = {key}",
        super::Postgres.instant("a.xact_start")
    ))?;
    Ok(rows.first().map(|row| {
        let application = if row.text(1).is_empty() { "without a name" } else { row.text(1) };
        format!("pid {} ({application}) from {}, since {}", row.text(0), row.text(2), row.text(3))
    }))
}

/// Sits in a transaction of its own, on a connection of its own: that holds behind a transaction pooler too.
struct AdvisoryLock {
    session: Alive,
    /// When the server has last answered on it.
    asked: Instant,
}

/// So long an answer of the server holds, unless the connection is seen to be broken.
const FRESH: Duration = Duration::from_secs(1);

impl Held for AdvisoryLock {
    fn check(&mut self) -> Result<()> {
        let mut session = self.session.session();
        if self.asked.elapsed() < FRESH && !session.is_seen_broken() {
            return Ok(());
        }
        let alive = session.query("SELECT 1");
        if alive.is_ok() && session.in_transaction(true) {
            self.asked = Instant::now();
            return Ok(());
        }
        let error = Error::new(Code::LockLost, "the lock that keeps other runners out was lost: its connection broke");
        let error = alive.err().into_iter().fold(error, crate::error::Error::because);
        Err(error.hint("another runner may be at work; `dbtool migrate status` tells what is applied"))
    }
}

/// The advisory lock's key: the same for all who work on the same ledger.
fn key(home: &Home) -> i64 {
    let what =
        format!("dbtool:{}:{}:__diesel_schema_migrations", home.database, home.schema.as_deref().unwrap_or_default());
    let hash = blake3::hash(what.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash.as_bytes()[..8]);
    i64::from_be_bytes(bytes)
}

/// The connection to work with, while the first one holds the lock. A pooler that gives only one connection would let
/// it wait for ever.
fn second(connector: &Connector) -> Result<Session> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let other = connector.clone();
    std::thread::spawn(move || {
        let opened = other.connect(Purpose::Write).and_then(|mut session| {
            let answered = session.query("SELECT 1");
            answered.map(|_| session).map_err(|error| other.explain(error, 1))
        });
        // Nobody listens any more when it took too long.
        let _ = sender.send(opened);
    });
    match receiver.recv_timeout(connector.retry().deadline + Duration::from_secs(15)) {
        Ok(opened) => opened,
        Err(_) => {
            Err(Error::new(Code::Unreachable, "a second connection got no answer while the first one holds the lock")
                .hint("a migration needs two connections at once: does a pooler give only one?"))
        }
    }
}
