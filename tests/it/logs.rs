//! Log lines: every database error with its kind, place and run id; statements without their values.

use crate::support::{Project, on_each_backend};

fn lines(stderr: &str) -> Vec<serde_json::Value> {
    stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn a_database_error_is_logged_with_kind_place_and_run_id() {
    on_each_backend(|project| {
        let project = project.migration("1_a", "SELECT 1;\nINSERT INTO nowhere VALUES (1);", "");
        let run = project.expect(5, &["migrate", "up", "--log-format", "json"]);
        let lines = lines(&run.stderr);
        let error = lines.iter().find(|line| line["level"] == "ERROR").unwrap_or_else(|| panic!("{run}"));
        assert_eq!(error["kind"], "migrate/failed");
        assert!(error["place"].as_str().unwrap().contains("up.sql:2:"), "{error}");
        assert_eq!(error["run_id"].as_str().unwrap().len(), 36);
        assert!(error["cause"].as_str().unwrap().contains("nowhere"));
        assert_eq!(error["run_id"], error["span"]["run_id"]);
    });
}

#[test]
fn connecting_is_logged_attempt_by_attempt() {
    let project = Project::sqlite().variable("DBTOOL_RETRY_ATTEMPTS", "3").variable("DBTOOL_RETRY_BASE", "1ms");
    let run = project.expect(8, &["db", "ping", "--url", "postgres://127.0.0.1:1/x", "--log-format", "json"]);
    let attempts: Vec<_> = lines(&run.stderr).into_iter().filter(|line| line["kind"] == "unreachable").collect();
    assert_eq!(attempts.len(), 3, "{run}");
    assert_eq!(attempts[2]["attempt"], 3);
    // Without being asked for, log lines stay away: the error itself says it all.
    let run = project.expect(8, &["db", "ping", "--url", "postgres://127.0.0.1:1/x"]);
    assert!(!run.stderr.contains("WARN"), "{run}");
}

#[test]
fn statements_are_logged_without_values() {
    on_each_backend(|project| {
        let project = project.migration(
            "1_a",
            "CREATE TABLE a (id BIGINT, name TEXT);\nINSERT INTO a VALUES (471108154711, 'Alice');",
            "",
        );
        let run = project.variable("DBTOOL_LOG_SQL", "all").ok(&["migrate", "up"]);
        run.says(&["INSERT INTO a VALUES (?, ?)", "duration_ms=", "rows=1", "run_id="]);
        run.says_nothing_of(&["471108154711", "Alice"]);
    });
    let project = Project::sqlite()
        .migration("1_a", "CREATE TABLE a (id INT);", "")
        .variable("DBTOOL_LOG_SQL", "slow")
        .variable("DBTOOL_LOG_SLOW", "1h");
    let run = project.ok(&["migrate", "up"]);
    assert!(!run.stderr.contains("CREATE TABLE"), "{run}");
    let project = project.variable("DBTOOL_LOG_SLOW", "0").migration("2_b", "CREATE TABLE b (id INT);", "");
    project.ok(&["migrate", "up"]).says(&["CREATE TABLE b (id INT)"]);
}
