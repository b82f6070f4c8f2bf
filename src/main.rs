//! The binary: hands the process to the library, and ends with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    dbtool::run(std::env::args_os(), dbtool::config::Process::from_system()).into()
}
