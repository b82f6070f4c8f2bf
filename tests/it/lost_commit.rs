//! The connection breaks at COMMIT: whether it was committed is found out, and told.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{Project, on_servers};

/// What ends a migration: a message of its own, or the end of one.
const COMMIT: &[u8] = b"COMMIT";

/// How much of the COMMIT reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaches {
    Nothing,
    Half,
    /// All of it, long after dbtool has seen that the connection is gone.
    All,
}

/// Stands between dbtool and the server, and breaks the first connection that commits: before the server has it, while it is
/// sent, or before dbtool has the answer. Gives its port.
fn proxy(server: String, reaches: Reaches) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let broken = Arc::new(AtomicBool::new(false));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            let (answers, back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut &answers, &mut &back));
            let broken = Arc::clone(&broken);
            std::thread::spawn(move || forward(&client, &server, &broken, reaches));
        }
    });
    port
}

fn forward(mut client: &TcpStream, mut server: &TcpStream, broken: &AtomicBool, reaches: Reaches) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count) = client.read(&mut buffer) {
        let sent = &buffer[..count];
        if count == 0 {
            break;
        }
        if sent.trim_ascii_end().strip_suffix(b"\0").unwrap_or(sent).ends_with(COMMIT)
            && !broken.swap(true, Ordering::SeqCst)
        {
            let _ = client.shutdown(Shutdown::Both);
            if reaches == Reaches::Half {
                let _ = server.write_all(&sent[..sent.len() / 2]);
            }
            if reaches == Reaches::All {
                std::thread::sleep(Duration::from_millis(700));
                let _ = server.write_all(sent);
                // The server commits; nobody hears of it.
                std::thread::sleep(Duration::from_millis(300));
            }
            break;
        }
        if server.write_all(sent).is_err() {
            break;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

/// The project's URL through a proxy; `None`: the server is not reached over TCP.
pub fn through(project: &Project, reaches: Reaches) -> Option<String> {
    let server = project.address()?;
    Some(project.url_at(&format!("127.0.0.1:{}", proxy(server, reaches))))
}

#[test]
fn a_commit_that_arrived_is_found_to_be_in() {
    on_servers(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT);", "");
        project.ok(&["migrate", "up"]);
        let project =
            project.migration("2_b", "INSERT INTO a VALUES (2);", "").migration("3_c", "INSERT INTO a VALUES (3);", "");
        let Some(url) = through(&project, Reaches::All) else { return };
        project.ok(&["migrate", "up", "--url", &url]).says(&["the connection broke while", "it is in"]);
        assert_eq!(project.states(), "1:applied 2:applied 3:applied");
        let done = project.query("SELECT version FROM __dbtool_journal WHERE outcome = 'done' ORDER BY id");
        assert_eq!(done, ["1", "2", "3"], "each ran once");
        assert_eq!(project.query("SELECT id FROM a ORDER BY id"), ["2", "3"]);
    });
}

#[test]
fn a_commit_that_never_arrived_is_found_to_be_out() {
    on_servers(|project| {
        let project = project.migration("1_a", "CREATE TABLE a (id INT);", "");
        project.ok(&["migrate", "up"]);
        let project = project.migration("2_b", "INSERT INTO a VALUES (2);", "");
        for reaches in [Reaches::Nothing, Reaches::Half] {
            let Some(url) = through(&project, reaches) else { return };
            project
                .expect(5, &["migrate", "up", "--url", &url])
                .says(&["error[migrate/failed]", "nothing of it is in the database"]);
            assert_eq!(project.states(), "1:applied 2:pending", "{reaches:?}");
            assert_eq!(project.query("SELECT id FROM a"), [""; 0]);
        }
        project.ok(&["migrate", "up"]);
        assert_eq!(project.states(), "1:applied 2:applied");
    });
}
