//! The exit codes that scripts rely on. Words only: which failure has which code is for [`crate::error`].

/// What the process ends with. The meaning of each is part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    Done = 0,
    Unexpected = 1,
    Usage = 2,
    Pending = 3,
    Differs = 4,
    Failed = 5,
    Busy = 7,
    CannotConnect = 8,
    Refused = 9,
    NotFound = 10,
    Rejected = 11,
    HungUp = 129,
    Interrupted = 130,
    Terminated = 143,
}

/// Every exit code with its meaning, in the order of the numbers: the source of `docs/exit-codes.md`.
pub const ALL: &[(ExitCode, &str)] = &[
    (ExitCode::Done, "done; nothing to do is done"),
    (ExitCode::Unexpected, "unexpected error"),
    (
        ExitCode::Usage,
        "wrong usage or configuration; a migration file, a missing down.sql, an ambiguous version: refused before anything runs",
    ),
    (ExitCode::Pending, "`--check`: something is pending"),
    (
        ExitCode::Differs,
        "differs: an applied migration was changed or is missing, schema drift, what failed on a scratch database, a stale file",
    ),
    (ExitCode::Failed, "a failed or half-applied migration, now or earlier; a lost lock"),
    (ExitCode::Busy, "busy: another runner, or a lock timeout inside a migration"),
    (ExitCode::CannotConnect, "cannot connect (refused, unknown host, wrong password, TLS)"),
    (ExitCode::Refused, "refused by a guard: protected or other environment, read-only database, no confirmation"),
    (ExitCode::NotFound, "not found: version, environment, table"),
    (ExitCode::Rejected, "the database or a rule refused the data"),
    (ExitCode::HungUp, "stopped by HUP"),
    (ExitCode::Interrupted, "stopped by INT"),
    (ExitCode::Terminated, "stopped by TERM"),
];

impl ExitCode {
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        code.number().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_no_number_twice() {
        assert!(ALL.is_sorted_by(|a, b| a.0.number() < b.0.number()));
    }
}
