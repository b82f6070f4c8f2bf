//! How often the server is asked: a fixed number of times, whatever the number of migrations.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Project, on_postgres};

/// Stands between dbtool and the server, and counts the queries of all connections: simple ones, by their `Q`.
pub fn counting(server: String) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            let (answers, back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut &answers, &mut &back));
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || {
                forward(&client, &server, &counted);
                let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
            });
        }
    });
    (port, count)
}

fn forward(mut client: &TcpStream, mut server: &TcpStream, counted: &AtomicUsize) -> Option<()> {
    let mut first = true;
    loop {
        // The first message of a connection has no kind.
        let mut head = vec![0; if first { 4 } else { 5 }];
        client.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes(head[head.len() - 4..].try_into().unwrap());
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        client.read_exact(&mut body).ok()?;
        if !first && head[0] == b'Q' {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        first = false;
        server.write_all(&[head, body].concat()).ok()?;
    }
}

fn with(project: Project, migrations: std::ops::RangeInclusive<usize>) -> Project {
    for number in migrations {
        project.add_migration(
            &format!("{number:03}_t"),
            &format!("CREATE TABLE t{number} (i INT);"),
            &format!("DROP TABLE t{number};"),
        );
    }
    project
}

#[test]
fn each_command_asks_a_fixed_number_of_times() {
    on_postgres(|project| {
        let Some(address) = project.address() else { return };
        let (port, count) = counting(address);
        let url = project.url_at(&format!("127.0.0.1:{port}"));
        let asked = |project: &Project, args: &[&str]| {
            count.store(0, Ordering::SeqCst);
            project.ok(&[args, &["--url", &url]].concat());
            count.load(Ordering::SeqCst)
        };
        let mut project = with(project, 1..=10);
        project.ok(&["migrate", "up"]);
        // What finds the tables, and what reads them.
        assert_eq!(asked(&project, &["migrate", "up"]), 2);
        assert_eq!(asked(&project, &["migrate", "status"]), 2);
        project = with(project, 11..=60);
        project.ok(&["migrate", "up"]);
        assert_eq!(asked(&project, &["migrate", "up"]), 2);
        assert_eq!(asked(&project, &["migrate", "status"]), 2);
        // Two for each migration, beside what begins and ends a run.
        project = with(project, 61..=61);
        let one = asked(&project, &["migrate", "up"]);
        project = with(project, 62..=72);
        let eleven = asked(&project, &["migrate", "up"]);
        assert_eq!(eleven - one, 2 * 10, "{one} for one, {eleven} for eleven");
        assert!(one <= 12, "{one} for one migration");
        // Together, whatever their number.
        let reverted = asked(&project, &["migrate", "down", "--all", "--yes", "--atomic"]);
        let applied = asked(&project, &["migrate", "up", "--atomic"]);
        assert!(reverted <= 12 && applied <= 12, "{reverted} to revert, {applied} to apply 72 migrations");
    });
}
