//! A MySQL server speaks first. A PostgreSQL server on the same port waits to be spoken to, for ever: it is told by its answer.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use mysql::Opts;

use crate::db::error::{DbError, Kind};

/// A server that has not greeted for so long may be another one.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// PostgreSQL's question for TLS ("Message Formats" in its manual): eight bytes, and one letter as the answer.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The error of a server that does not greet because it is a PostgreSQL server.
pub(super) fn foreign(options: &Opts) -> Option<DbError> {
    if options.get_socket().is_some() {
        return None;
    }
    let address = (&*options.get_ip_or_hostname(), options.get_tcp_port()).to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(&SSL_REQUEST).ok()?;
    let mut answer = [0];
    stream.read_exact(&mut answer).ok()?;
    let message = "a PostgreSQL server answers there, not MySQL or MariaDB";
    matches!(&answer, b"S" | b"N").then(|| DbError::new(Kind::Foreign, message))
}
