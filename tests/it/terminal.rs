//! Runs of the binary at a pseudo-terminal, and what is on its screen.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::process::Child;
use std::thread::JoinHandle;

use crate::support::Project;

/// A run at a terminal.
pub struct AtTerminal {
    pub child: Child,
    reader: JoinHandle<Vec<u8>>,
}

/// What became of it.
pub struct Shown {
    pub code: i32,
    /// All that was ever sent to the terminal.
    pub sent: String,
}

impl AtTerminal {
    /// `term`: what kind of terminal it says that it is; a run draws nothing on one that it does not know.
    pub fn spawn(project: &Project, args: &[&str], term: Option<&str>, typed: &str) -> Self {
        let (mut pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(pty_process::Size::new(40, 160)).unwrap();
        let plain = project.command(args);
        let mut command = pty_process::blocking::Command::new(plain.get_program()).args(plain.get_args()).env_clear();
        for (name, value) in plain.get_envs() {
            command = command.env(name, value.unwrap_or_default());
        }
        if let Some(term) = term {
            command = command.env("TERM", term);
        }
        let child = command.current_dir(plain.get_current_dir().unwrap()).spawn(pts).unwrap();
        pty.write_all(typed.as_bytes()).unwrap();
        // It is read while the run goes on: a terminal takes no more than a few pages.
        let reader = std::thread::spawn(move || {
            let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
            // It ends with an error when its other side is closed.
            while let Ok(count @ 1..) = pty.read(&mut buffer) {
                all.extend_from_slice(&buffer[..count]);
            }
            all
        });
        Self { child, reader }
    }

    pub fn end(mut self) -> Shown {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Shown { code, sent: String::from_utf8_lossy(&self.reader.join().unwrap()).into_owned() }
    }
}

impl Shown {
    /// What is left on the screen.
    pub fn screen(&self) -> String {
        let (mut lines, mut row, mut column): (Vec<Vec<char>>, usize, usize) = (vec![Vec::new()], 0, 0);
        let mut rest = self.sent.chars().peekable();
        while let Some(one) = rest.next() {
            match one {
                '\r' => column = 0,
                '\n' => {
                    row += 1;
                    lines.resize(lines.len().max(row + 1), Vec::new());
                }
                '\u{1b}' => {
                    assert_eq!(rest.next(), Some('['), "{:?}", self.sent);
                    let mut number = String::new();
                    let end = loop {
                        match rest.next().unwrap() {
                            more @ ('0'..='9' | ';' | '?') => number.push(more),
                            end => break end,
                        }
                    };
                    match (end, number.parse().unwrap_or(0)) {
                        ('m' | 'h' | 'l', _) => {}
                        ('A', up) => row -= up.max(1),
                        ('K', 0) => lines[row].truncate(column),
                        ('K', 2) => lines[row].clear(),
                        other => panic!("the terminal was sent {other:?}: {:?}", self.sent),
                    }
                }
                one => {
                    let line = &mut lines[row];
                    line.resize(line.len().max(column + 1), ' ');
                    line[column] = one;
                    column += 1;
                }
            }
        }
        let lines = lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned() + "\n");
        lines.collect::<String>().trim_end().to_owned() + "\n"
    }
}
