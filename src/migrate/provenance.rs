//! Who ran something, from where: what the journal keeps beside the migration itself.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::config::Process;

/// One invocation.
#[derive(Debug, Clone)]
pub struct Provenance {
    pub run_id: String,
    pub os_user: String,
    pub host: String,
    pub git_commit: Option<String>,
    /// The CI system's own name for the run.
    pub ci_run: Option<String>,
}

/// What CI systems call the commit, and the run.
const COMMIT: &[&str] =
    &["GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "GIT_COMMIT", "BITBUCKET_COMMIT"];
const RUN: &[&str] = &[
    "GITHUB_RUN_ID",
    "CI_JOB_ID",
    "CI_PIPELINE_ID",
    "BUILDKITE_BUILD_ID",
    "CIRCLE_WORKFLOW_ID",
    "BUILD_TAG",
    "BITBUCKET_BUILD_NUMBER",
    "BUILD_BUILDID",
];

impl Provenance {
    /// Asks the operating system, the environment, and git for the directory of the migrations.
    #[must_use]
    pub fn gather(run_id: &str, process: &Process, directory: &Path) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| process.variable(name)).map(str::to_owned);
        let (os_user, host) = Process::os_user();
        Self {
            run_id: run_id.to_owned(),
            os_user,
            host,
            git_commit: first(COMMIT).or_else(|| git_commit(directory)),
            ci_run: first(RUN),
        }
    }
}

fn git_commit(directory: &Path) -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let commit = text.trim();
    (output.status.success() && commit.len() >= 40).then(|| commit.to_owned())
}
