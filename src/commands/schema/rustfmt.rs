//! Where a project has settings of its own for rustfmt, the file is laid out by them, as Diesel does.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The text as rustfmt lays it out in a directory. Without settings there, and without rustfmt, it stays as it is.
pub fn laid_out(text: String, directory: &Path) -> String {
    let names = ["rustfmt.toml", ".rustfmt.toml"];
    let has_settings = directory.ancestors().any(|above| names.iter().any(|name| above.join(name).is_file()));
    if !has_settings {
        return text;
    }
    // The next directory above that is there: it may be made only when the file is.
    let there = directory.ancestors().find(|above| above.is_dir());
    there.and_then(|directory| run(&text, directory)).unwrap_or(text)
}

fn run(text: &str, directory: &Path) -> Option<String> {
    let mut rustfmt = Command::new("rustfmt")
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // It reads all before it writes any. If it ends early, its exit code tells.
    let written = rustfmt.stdin.take()?.write_all(text.as_bytes());
    let output = rustfmt.wait_with_output().ok()?;
    (written.is_ok() && output.status.success()).then(|| String::from_utf8(output.stdout).ok())?
}
